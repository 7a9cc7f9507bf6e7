"""Hosts that share an address share its pace: the gate, with the time passed in."""

import pytest

from crawlpool.polite.addresses import key_of_host, key_of_peer
from crawlpool.polite.gate import Gate, Heard


def asked(gate: Gate, now: float) -> list[str]:
    """Start a request to every host that may be asked now, until none may."""
    started = []
    while (host := gate.next_host(now)) is not None:
        gate.started(host, now)
        started.append(host)
    return started


def answer(gate: Gate, host: str, now: float, address: str, *, began_at: float = 0.0) -> None:
    gate.heard(host, Heard("plain", began_at, address=address), now)
    gate.finished(host)


def met(gate: Gate, hosts: str, address: str = "192.0.2.1:80") -> None:
    """Let hosts be known at an address, and something wait for each."""
    for host in hosts:
        gate.started(host, 0.0)
        answer(gate, host, 0.0, address)
        gate.wake(host)


@pytest.mark.parametrize(
    ("peer", "host", "key"),
    [
        ("192.0.2.7:443", "a.example", "192.0.2.7"),
        ("192.0.2.7:80", "a.example", "192.0.2.7"),
        ("192.0.2.7:8080", "a.example:8080", "192.0.2.7:8080"),
        ("[2001:db8::1]:443", "a.example", "2001:db8::1"),
        ("[2001:DB8:0:0::1]:8443", "a.example:8443", "[2001:db8::1]:8443"),
        ("[::ffff:192.0.2.7]:80", "a.example", "192.0.2.7"),
        ("[fe80::1%eth0]:80", "a.example", "fe80::1"),
        ("[::1]:8080", "localhost:8080", "127.0.0.1:8080"),
        ("192.0.2.9:3128", "a.example", ""),  # a proxy's
        ("", "a.example", ""),
        ("nonsense", "a.example", ""),
        ("192.0.2.7:80" * 100, "a.example", ""),
    ],
)
def test_an_address_is_one_machine_on_the_ports_of_the_web_and_one_server_on_any_other(peer, host, key):
    assert key_of_peer(peer, host) == key


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("localhost:8080", "127.0.0.1:8080"),
        ("localhost", "127.0.0.1"),
        ("[::1]:8080", "127.0.0.1:8080"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("a.example", ""),
        ("3com.example", ""),
        ("a.example:8080", ""),
    ],
)
def test_a_host_that_is_an_address_tells_it_at_once(host, key):
    assert key_of_host(host) == key


def test_hosts_at_one_address_have_no_more_requests_at_once_than_one_host_may():
    gate = Gate(per_host=2, delay_s=0, per_address=2)
    met(gate, "abcd")

    assert asked(gate, 1.0) == ["a", "b"]
    gate.finished("a")
    assert asked(gate, 1.0) == ["c"]


def test_without_sharing_each_host_is_asked_by_itself():
    gate = Gate(per_host=2, delay_s=0, per_address=0)
    met(gate, "ab")

    assert sorted(asked(gate, 1.0)) == ["a", "a", "b", "b"]


def test_a_host_whose_address_is_not_known_yet_has_one_request():
    gate = Gate(per_host=3, delay_s=0, per_address=3)
    for host in "ab":
        gate.wake(host)

    assert asked(gate, 0) == ["a", "b"]
    assert gate.why("a", 0) == ("per_address", 0.0)
    answer(gate, "a", 1.0, "192.0.2.1:80")
    assert asked(gate, 1.0) == ["a", "a", "a"]


def test_an_answer_whose_address_cannot_be_known_frees_its_host_all_the_same():
    gate = Gate(per_host=3, delay_s=0, per_address=3)
    gate.wake("a")
    asked(gate, 0)
    answer(gate, "a", 1.0, "")

    assert asked(gate, 1.0) == ["a", "a", "a"]


def test_the_largest_delay_of_hosts_at_one_address_holds_for_all_of_them():
    gate = Gate(per_host=2, delay_s=0.5, per_address=2)
    met(gate, "ab")
    gate.slow_to("b", 3.0)

    assert asked(gate, 10.0) == ["a"]
    assert asked(gate, 12.9) == []
    assert gate.why("b", 11.0) == ("per_address", 2.0)
    assert asked(gate, 13.0) == ["b"]


def test_a_delay_of_a_host_that_nothing_waits_for_any_more_holds_no_others():
    gate = Gate(per_host=2, delay_s=0, per_address=2)
    met(gate, "ab")
    gate.slow_to("b", 3.0)
    gate.idle("b")

    assert asked(gate, 10.0) == ["a", "a"]
    gate.idle("a")
    gate.finished("a")
    gate.wake("b")
    assert asked(gate, 12.9) == []
    assert asked(gate, 13.0) == ["b"]


def test_a_rest_is_of_one_host_and_not_of_its_address():
    gate = Gate(per_host=1, delay_s=0, per_address=1)
    met(gate, "ab")
    gate.rest("a", 9.0)

    assert asked(gate, 1.0) == ["b"]
    assert gate.why("a", 1.0) == ("retry_after", 8.0)


def test_hosts_at_one_address_take_turns_and_none_is_handed_ahead_of_another():
    gate = Gate(per_host=1, delay_s=0, per_address=1)
    met(gate, "abc")
    order = []
    for now in range(6):
        order += asked(gate, float(now))
        assert gate.is_another_due(order[-1], float(now))
        gate.finished(order[-1])

    assert order == ["a", "b", "c", "a", "b", "c"]


def test_a_host_belongs_to_the_address_that_answered_last():
    gate = Gate(per_host=1, delay_s=0, per_address=1)
    met(gate, "ab")
    gate.started("a", 1.0)
    answer(gate, "a", 1.0, "192.0.2.2:80")

    assert sorted(asked(gate, 2.0)) == ["a", "b"]


def test_requests_that_are_out_move_with_their_host():
    gate = Gate(per_host=2, delay_s=0, per_address=2)
    met(gate, "a")
    gate.started("b", 0.0)
    gate.started("b", 0.0)  # both out, and its address becomes known by the first
    answer(gate, "b", 1.0, "192.0.2.1:80")
    gate.wake("b")

    assert len(asked(gate, 1.0)) == 1  # one of b is out still


def test_a_host_is_forgotten_when_nothing_waits_for_it_and_its_pace_is_the_usual():
    gate = Gate(per_host=2, delay_s=0, per_address=2)
    for number in range(1000):
        host = f"h{number}.example"
        gate.wake(host)
        assert gate.next_host(float(number)) == host
        gate.started(host, float(number))
        gate.idle(host)
        answer(gate, host, number + 0.5, f"192.0.{number % 250}.1:443", began_at=float(number))

    assert len(gate._register.hosts) < 10
    assert len(gate._register.addresses) < 10


def test_a_host_with_a_delay_of_its_own_or_a_rest_is_not_forgotten():
    gate = Gate(per_host=2, delay_s=0, per_address=2)
    met(gate, "ab")
    gate.slow_to("a", 5.0)
    gate.rest("b", 50.0)
    for host in "ab":
        gate.idle(host)
    for now in range(20):
        gate.next_host(10.0 + now)
    for host in "ab":
        gate.wake(host)

    assert asked(gate, 30.0) == ["a"]
    assert asked(gate, 34.9) == []
