"""A host that slows or complains is asked less, and slowly more again."""

import itertools
import random

import pytest

from crawlpool.polite.adaptive import FIRST_S, GOOD_ENOUGH, LASTING, LONGEST_S, UNANSWERED_S, Adaptive
from crawlpool.polite.gate import Gate, Heard


class Clock:
    """One host's controller, answer after answer."""

    def __init__(self, most: int) -> None:
        self.pace = Adaptive(most)
        self.now = 0.0

    def hear(self, sign, wait_s=0.05, *, times=1, age_s=0.0):
        for _ in range(times):
            self.now += 1.0
            began_at = self.now - 0.5 - age_s
            self.pace.hear(sign, began_at=began_at, now=self.now, wait_s=wait_s)
        return self.pace.at_once, self.pace.spacing_s


def test_complaints_halve_what_is_asked_at_once_and_then_double_the_spacing():
    clock = Clock(8)
    seen = [clock.hear("complaint") for _ in range(6)]
    assert seen == [(4, 0.0), (2, 0.0), (1, 0.0), (1, FIRST_S), (1, 2 * FIRST_S), (1, 4 * FIRST_S)]
    assert clock.hear("complaint", times=30) == (
        1,
        UNANSWERED_S,
    )  # nothing good between: it fails, and will rest
    for _ in range(9):
        clock.hear("good")
        slowest = clock.hear("complaint")
    assert slowest == (1, LONGEST_S)


def test_one_complaint_is_one_fall_however_many_were_out_when_it_came():
    clock = Clock(8)
    clock.hear("complaint")
    assert clock.hear("complaint", times=5, age_s=100.0) == (4, 0.0)


def test_a_host_recovers_a_step_at_a_time_the_spacing_first_and_never_beyond_the_rule():
    clock = Clock(3)
    clock.hear("complaint", times=5)
    paces = [clock.hear("good") for _ in range(200)]
    gaps = [spacing_s for _, spacing_s in paces]
    assert gaps == sorted(gaps, reverse=True)
    assert all(later >= earlier / 2 or later == 0 for earlier, later in itertools.pairwise(gaps))
    at_once = [n for n, _ in paces]
    assert at_once == sorted(at_once)
    assert at_once[gaps.index(0.0)] == 1
    assert paces[-1] == (3, 0.0)


def test_one_timeout_is_a_page_and_two_in_a_row_are_the_host():
    clock = Clock(4)
    for _ in range(5):
        clock.hear("timeout")
        assert clock.hear("good") == (4, 0.0)
    clock.hear("timeout")
    assert clock.hear("timeout") == (2, 0.0)


def test_a_lasting_rise_of_the_time_to_answer_lowers_the_number_at_once():
    clock = Clock(8)
    clock.hear("good", 0.05, times=30)
    assert clock.hear("good", 0.4, times=LASTING - 1) == (8, 0.0)
    assert clock.hear("good", 0.4) == (1, 0.0)


def test_slow_pages_among_others_are_no_rise():
    clock = Clock(2)
    chance = random.Random(3)
    for _ in range(3000):
        clock.hear("good", 5.0 if chance.random() < 0.2 else chance.uniform(0.04, 0.12))
    assert clock.pace.at_once == 2


def test_one_page_that_is_slow_by_itself_is_no_rise():
    clock = Clock(2)
    clock.hear("good", 0.05, times=30)
    assert clock.hear("good", 20.0, times=LASTING - 1) == (2, 0.0)
    assert clock.hear("good", 0.05) == (2, 0.0)
    assert clock.hear("good", 20.0) == (2, 0.0)


@pytest.mark.parametrize("usual_s", [0.001, 0.1, 3.0])
def test_a_host_that_is_slow_or_quick_all_the_time_is_never_slowed(usual_s):
    clock = Clock(2)
    chance = random.Random(5)
    for _ in range(3000):
        assert clock.hear("good", usual_s * chance.uniform(0.7, 2.0)) == (2, 0.0)


def test_a_rise_of_less_than_a_tenth_of_a_second_counts_for_nothing():
    clock = Clock(2)
    clock.hear("good", 0.001, times=30)
    assert clock.hear("good", 0.09, times=100) == (2, 0.0)


def test_a_host_that_stays_slow_without_our_load_is_asked_as_before_in_the_end():
    clock = Clock(2)
    clock.hear("good", 0.1, times=30)
    assert clock.hear("good", 0.6, times=LASTING) == (1, 0.0)
    assert clock.hear("good", 0.6, times=20 * LASTING + 2 * GOOD_ENOUGH) == (2, 0.0)


def test_a_server_whose_answers_take_longer_the_more_are_asked_is_asked_less():
    gate = Gate(per_host=8, delay_s=0, is_adaptive=True)
    gate.wake("a")
    out: list[tuple[float, float, float]] = []
    now, at_once = 0.0, []
    for _ in range(2000):
        while gate.next_host(now) is not None:
            gate.started("a", now)
            wait_s = 0.05 * (len(out) + 1)
            out.append((now + wait_s, now, wait_s))
        out.sort()
        now, began_at, wait_s = out.pop(0)
        at_once.append(len(out) + 1)
        gate.heard("a", Heard("good", began_at, wait_s), now)
        gate.finished("a")

    assert max(at_once) == 8
    assert sum(at_once[200:]) / len(at_once[200:]) < 6
    assert [each.reason for each in gate.slowest(1)] == ["slow_server"]


def test_what_rises_for_most_hosts_at_once_is_our_own_doing():
    def crawl(*, rising: int) -> list[int]:
        gate = Gate(per_host=2, delay_s=0, is_adaptive=True)
        hosts = [f"h{n}" for n in range(10)]
        for turn in range(60):
            for number, host in enumerate(hosts):
                now = turn + number / 10
                wait_s = 1.0 if turn >= 40 and number < rising else 0.05
                gate.started(host, now)
                gate.heard(host, Heard("good", now, wait_s), now)
                gate.finished(host)
        return [gate._register.hosts[host].cap for host in hosts]

    assert crawl(rising=10) == [2] * 10
    assert crawl(rising=2) == [1, 1] + [2] * 8


def test_a_pace_that_falls_is_said_and_kept(caplog):
    gate = Gate(per_host=2, delay_s=0, is_adaptive=True)
    gate.wake("a")
    with caplog.at_level("INFO", logger="crawlpool"):
        for now in (1.0, 2.0):
            assert gate.next_host(now) == "a"
            gate.started("a", now)
            gate.heard("a", Heard("complaint", now), now)
            gate.finished("a")

    assert [record.getMessage() for record in caplog.records] == [
        "host.slowed host=a because=complaint at_once=1 spacing_ms=0",
        "host.slowed host=a because=complaint at_once=1 spacing_ms=500",
    ]
    assert gate.why("a", 2.0) == ("slow_server", FIRST_S)
    assert gate.next_host(2.0 + FIRST_S / 2) is None
    assert not gate.may_hand_ahead("a", 9.0)


def test_an_adaptive_pace_is_never_faster_than_a_delay():
    gate = Gate(per_host=2, delay_s=5.0, is_adaptive=True)
    gate.started("a", 0.0)
    for now in range(3):
        gate.heard("a", Heard("complaint", 0.0), now / 10)

    assert gate.why("a", 1.0) == ("delay", 4.0)


def test_without_adaptive_nothing_but_the_rule_counts():
    gate = Gate(per_host=2, delay_s=0)
    gate.wake("a")
    for now in range(9):
        gate.started("a", float(now))
        gate.heard("a", Heard("complaint", float(now)), float(now))
        gate.finished("a")

    assert gate.why("a", 9.0) == ("", 0.0)
