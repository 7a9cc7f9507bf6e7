"""When a host may be asked: the gate, with the time passed in."""

import random

from crawlpool.polite.gate import Gate


def asked(gate: Gate, now: float) -> list[str]:
    """Start a request to every host that may be asked now, until none may."""
    started = []
    while (host := gate.next_host(now)) is not None:
        gate.started(host, now)
        started.append(host)
    return started


def test_a_host_has_no_more_requests_at_once_than_it_may():
    gate = Gate(per_host=2, delay_s=0)
    gate.wake("a")

    assert asked(gate, 0) == ["a", "a"]
    gate.finished("a")
    assert asked(gate, 0) == ["a"]


def test_hosts_take_turns():
    gate = Gate(per_host=2, delay_s=0)
    for host in "abc":
        gate.wake(host)

    assert asked(gate, 0) == ["a", "b", "c", "a", "b", "c"]


def test_a_delay_lies_between_the_starts_of_two_requests():
    gate = Gate(per_host=5, delay_s=1.0)
    gate.wake("a")

    assert asked(gate, 10.0) == ["a"]
    assert gate.next_due() == 11.0
    assert asked(gate, 10.99) == []
    assert asked(gate, 11.0) == ["a"]


def test_the_next_due_moment_is_none_while_nothing_can_become_due():
    gate = Gate(per_host=1, delay_s=0)
    assert gate.next_due() is None
    gate.wake("a")
    assert gate.next_due() == 0
    asked(gate, 0)

    assert gate.next_due() is None  # full: only an answer changes that


def test_a_resting_host_is_left_alone_and_others_are_not():
    gate = Gate(per_host=1, delay_s=0)
    for host in "ab":
        gate.wake(host)
    gate.rest("a", 5.0)

    assert asked(gate, 0) == ["b"]
    assert gate.next_due() == 5.0
    assert gate.holds_back_by() == "retry_after"
    assert asked(gate, 5.0) == ["a"]


def test_a_shorter_rest_does_not_end_a_longer_one():
    gate = Gate(per_host=1, delay_s=0)
    gate.wake("a")
    gate.rest("a", 9.0)
    gate.rest("a", 3.0)

    assert asked(gate, 8.9) == []


def test_a_crawl_delay_counts_from_the_last_request_before_it_was_known():
    gate = Gate(per_host=2, delay_s=0)
    gate.wake("a")
    gate.started("a", 0.0)  # its robots.txt
    gate.finished("a")
    gate.slow_to("a", 2.0)

    assert asked(gate, 1.9) == []
    assert asked(gate, 2.0) == ["a"]
    assert gate.holds_back_by() == "crawl_delay"


def test_a_crawl_delay_below_the_delay_asked_for_changes_nothing():
    gate = Gate(per_host=2, delay_s=3.0)
    gate.wake("a")
    gate.slow_to("a", 1.0)
    asked(gate, 0)

    assert gate.next_due() == 3.0


def test_nothing_is_handed_ahead_to_a_host_with_a_delay_or_a_rest():
    gate = Gate(per_host=2, delay_s=0)
    gate.wake("a")
    gate.wake("b")
    assert gate.may_hand_ahead("a", 0.0)
    gate.slow_to("a", 1.0)
    gate.rest("b", 4.0)

    assert not gate.may_hand_ahead("a", 10.0)
    assert not gate.may_hand_ahead("b", 3.0)
    assert gate.may_hand_ahead("b", 4.0)


def test_an_idle_host_is_not_offered_until_something_waits_for_it_again():
    gate = Gate(per_host=1, delay_s=0)
    gate.wake("a")
    assert gate.next_host(0) == "a"
    gate.idle("a")

    assert gate.next_host(0) is None
    gate.wake("a")
    assert gate.next_host(0) == "a"


def test_no_host_is_ever_faster_than_its_rule_and_none_starves():
    rng = random.Random(7)
    gate = Gate(per_host=2, delay_s=0)
    delays = {f"h{i}": rng.choice([0.0, 0.5, 2.0]) for i in range(50)}
    out: list[tuple[float, str]] = []
    starts: dict[str, list[float]] = {host: [] for host in delays}
    for host, delay_s in delays.items():
        gate.slow_to(host, delay_s)
        gate.wake(host)
    now = 0.0
    while now < 60:
        for host in asked(gate, now):
            starts[host].append(now)
            out.append((now + rng.uniform(0.1, 1.0), host))
            assert sum(1 for _, each in out if each == host) <= 2
        out.sort()
        due = gate.next_due()
        now = min(out[0][0], due if due is not None else out[0][0]) if out else due
        while out and out[0][0] <= now:
            gate.finished(out.pop(0)[1])

    for host, delay_s in delays.items():
        gaps = [b - a for a, b in zip(starts[host], starts[host][1:], strict=False)]
        assert min(gaps, default=99) >= delay_s - 1e-9
        assert len(starts[host]) >= 60 / max(delay_s, 1.0) * 0.9


def test_a_delay_counts_from_when_a_request_really_went_out():
    gate = Gate(per_host=2, delay_s=1.0)
    gate.wake("a")
    assert asked(gate, 10.0) == ["a"]
    gate.began("a", 10.3)  # its worker had to start first

    assert gate.next_due() == 11.3


def test_a_host_that_passed_its_turn_comes_behind_those_that_are_due():
    gate = Gate(per_host=2, delay_s=0.0)
    for host in ("a", "b"):
        gate.wake(host)
    assert gate.next_host(1.0) == "a"
    gate.passed("a", 1.0)
    assert gate.next_host(1.0) == "b"
    assert gate.next_host(1.0) == "a"
