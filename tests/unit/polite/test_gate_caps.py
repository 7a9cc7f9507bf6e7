"""Rates and bandwidth: what all hosts, and one host, may be asked and may send in a second."""

import itertools

import pytest

from crawlpool.polite.budget import CREDIT_S
from crawlpool.polite.gate import Gate, Heard


def drive(gate: Gate, hosts: list[str], *, seconds: float, answer_s: float, size: int = 0):
    """Ask as often as the gate lets us; the starts and the bytes, each with its moment."""
    for host in hosts:
        gate.wake(host)
    starts: list[tuple[float, str]] = []
    sizes: list[tuple[float, int]] = []
    out: list[tuple[float, str, float]] = []
    now = 0.0
    while now < seconds:
        while (host := gate.next_host(now)) is not None:
            gate.started(host, now)
            starts.append((now, host))
            out.append((now + answer_s, host, now))
        out.sort()
        moments = [out[0][0]] if out else []
        if (due := gate.next_due()) is not None:
            moments.append(due)
        now = max(now, min(moments))
        while out and out[0][0] <= now:
            at, host, began_at = out.pop(0)
            gate.heard(host, Heard("good", began_at, size=size), at)
            gate.finished(host)
            sizes.append((at, size))
    return starts, sizes


def most_in(moments: list[float], window_s: float) -> int:
    """The most that happened within a window."""
    most = first = 0
    for place, moment in enumerate(moments):
        while moments[first] < moment - window_s:
            first += 1
        most = max(most, place - first + 1)
    return most


@pytest.mark.parametrize("window_s", [0.5, 1.0, 7.0])
def test_no_window_has_more_requests_than_the_rate_allows(window_s):
    gate = Gate(per_host=4, delay_s=0, rate=10.0)
    starts, _ = drive(gate, list("abcdef"), seconds=30, answer_s=0.3)

    assert most_in([at for at, _ in starts], window_s) <= 10 * (window_s + CREDIT_S) + 1 + 1e-6
    assert len(starts) >= 290  # and it is used


def test_a_rate_of_one_host_is_no_others():
    gate = Gate(per_host=4, delay_s=0, host_rate=4.0)
    starts, _ = drive(gate, list("ab"), seconds=10, answer_s=0.1)
    of_a = [at for at, host in starts if host == "a"]

    assert min(b - a for a, b in itertools.pairwise(of_a)) >= 0.25 - 1e-9
    assert len(of_a) >= 39
    assert len(starts) == 2 * len(of_a)
    assert gate.why("a", 9.9)[0] == "rate"


@pytest.mark.parametrize(("delay_s", "gap_s", "why"), [(1.0, 1.0, "delay"), (0.1, 0.25, "rate")])
def test_the_slower_of_delay_and_rate_wins(delay_s, gap_s, why):
    gate = Gate(per_host=4, delay_s=delay_s, host_rate=4.0)
    gate.wake("a")
    gate.started("a", 10.0)

    assert gate.why("a", 10.0) == (why, pytest.approx(gap_s))


def test_bytes_come_at_the_bandwidth_on_average():
    gate = Gate(per_host=4, delay_s=0, bandwidth=1000.0)
    starts, sizes = drive(gate, list("abcd"), seconds=100, answer_s=0.5, size=500)
    taken = sum(size for _, size in sizes)

    assert taken <= 1000 * 100 + 16 * 500  # what was out before the first size was known
    assert taken >= 0.9 * 1000 * 100
    assert most_in([at for at, _ in starts[40:]], 10.0) <= 10 * 2 + 3  # two pages a second, no bursts


def test_bytes_of_one_host_slow_no_other():
    gate = Gate(per_host=2, delay_s=0, host_bandwidth=1000.0)
    gate.wake("a")
    gate.wake("b")
    gate.started("a", 0.0)
    gate.heard("a", Heard("good", 0.0, size=5000), 1.0)
    gate.finished("a")

    assert gate.next_host(1.0) == "b"
    assert gate.why("a", 1.0)[0] == "bandwidth"
    assert gate.why("a", 1.0)[1] == pytest.approx(4.0, abs=CREDIT_S)


@pytest.mark.parametrize("cap", ["rate", "host_rate", "bandwidth", "host_bandwidth"])
def test_nothing_is_handed_ahead_past_a_cap(cap):
    gate = Gate(per_host=2, delay_s=0, **{cap: 10.0})
    gate.wake("a")

    assert not gate.may_hand_ahead("a", 100.0)


def test_a_request_that_is_lost_gives_back_what_was_set_aside_for_it():
    gate = Gate(per_host=4, delay_s=0, bandwidth=1000.0)
    gate.started("a", 0.0)
    gate.heard("a", Heard("good", 0.0, size=1000), 0.1)
    gate.finished("a")
    for _ in range(100):  # each would take a second of the line
        gate.started("a", 10.0)
        gate.finished("a")

    assert gate.why("a", 11.0) == ("", 0.0)


def test_a_request_that_a_worker_sent_late_holds_the_rate_from_then_on():
    gate = Gate(per_host=4, delay_s=0, rate=0.5)
    gate.wake("a")
    gate.started("a", 0.0)
    gate.heard("a", Heard("good", 1.5), 1.6)  # the worker had to start first
    gate.finished("a")

    due = gate.next_due()
    assert due is not None
    assert due >= 1.5 + 2.0 - CREDIT_S
