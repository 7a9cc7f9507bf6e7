"""Whether the network is gone: the outage, with answers, failures and the time passed in."""

import errno
import os
import random
import socket
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.polite.outage import DOUBT_S, LONGEST_PROBE_S, MOST_IN_DOUBT, Outage
from crawlpool.worker import faults

REFUSED = (FailureKind.CONNECT, "no connection: Connection refused")
LATE = (FailureKind.CONNECT_TIMEOUT, "no connection in time")
NO_NAME = (FailureKind.DNS, "the name does not resolve: Name or service not known")
NO_ROUTE = (FailureKind.CONNECT, "no connection: Network is unreachable")
NO_NAMESERVER = (FailureKind.DNS, "the name does not resolve: Temporary failure in name resolution")


class Told:
    """An outage, told what happens in few words."""

    def __init__(self, *witnesses: str, max_s: float = 600.0) -> None:
        self.outage = Outage(max_s)
        for host in witnesses:
            self.answer(host, 0.0)

    def answer(self, host: str, now: float, *, whole_at: float | None = None) -> None:
        at = now if whole_at is None else whole_at
        self.outage.answered(host, Response(request=request(host), status=200, fetched_at=at), now)

    def fail(self, host: str, now: float, why=REFUSED, *, is_last: bool = True, method: str = "GET") -> bool:
        failure = Failure(request=request(host, method), kind=why[0], message=why[1], failed_at=now)
        return self.outage.holds(host, failure, now, is_last=is_last)

    def tick(self, now: float, *, is_idle: bool = False) -> tuple[list[str], list[str]]:
        stand, again = self.outage.tick(now, is_idle=is_idle)
        return [each.request.url for each in stand], [each.url for each in again]


def request(host: str, method: str = "GET") -> Request:
    return Request(f"http://{host}/", target=f"http://{host}/", method=method, attempt=3)


# When it is one


@pytest.mark.parametrize("why", [REFUSED, LATE, NO_NAME, NO_ROUTE, NO_NAMESERVER])
def test_two_hosts_that_had_answered_and_now_fail_at_once_mean_an_outage(why):
    told = Told("a", "b", "c")

    told.fail("a", 1.0, why)
    assert not told.outage.is_on
    assert told.fail("b", 1.1, why)
    assert told.outage.is_on


def test_no_failure_is_burned_while_it_is_in_doubt():
    told = Told("a", "b")

    assert told.fail("a", 1.0)
    assert told.tick(1.1) == ([], [])
    assert told.fail("dead.example", 1.2, NO_NAME)
    assert told.fail("b", 1.3)
    stand, again = told.tick(1.4)
    assert stand == []
    assert sorted(again) == ["http://a/", "http://b/", "http://dead.example/"]


def test_a_request_comes_back_as_it_was_with_the_same_attempt():
    told = Told("a", "b")
    told.fail("a", 1.0)
    told.fail("b", 1.0, is_last=False)
    _, again = told.outage.tick(1.0, is_idle=False)
    assert [each.attempt for each in again] == [3, 3]


def test_failures_in_doubt_stand_when_anybody_answers():
    told = Told("a", "b")
    assert told.fail("a", 1.0)
    told.answer("b", 1.5)
    assert told.tick(1.5) == (["http://a/"], [])
    assert not told.outage.is_on


def test_an_answer_that_was_whole_before_the_failures_does_not_refute_them():
    told = Told("a", "b")
    assert told.fail("a", 1.0)
    told.answer("b", 1.1, whole_at=0.9)
    assert told.tick(1.1) == ([], [])
    told.fail("b", 1.2)
    told.answer("b", 1.3, whole_at=0.95)
    assert told.outage.is_on


@pytest.mark.parametrize("why", [REFUSED, LATE, NO_NAME])
def test_one_site_that_goes_down_is_no_outage_when_it_is_the_only_one(why):
    told = Told("a")
    assert not any(told.fail("a", now, why) for now in range(1, 1000))
    assert not told.outage.is_on


@pytest.mark.parametrize("why", [NO_ROUTE, NO_NAMESERVER])
def test_one_host_is_enough_when_the_failure_itself_says_that_the_network_is_gone(why):
    told = Told("a")
    assert told.fail("a", 1.0, why)
    assert told.outage.is_on


def test_one_host_whose_network_is_unreachable_is_not_enough_while_others_answer():
    told = Told("a", "b")
    for now in range(1, 100):
        told.fail("a", now, NO_ROUTE)
        assert not told.outage.is_on
        told.answer("b", now + 0.5)


def test_the_last_host_of_many_is_enough_once_the_others_are_long_done():
    told = Told("a", "b", "c")
    told.fail("a", 1.0, NO_ROUTE)
    assert told.tick(DOUBT_S - 0.1) == ([], [])
    assert told.tick(DOUBT_S + 0.1) == ([], ["http://a/"])
    assert told.outage.is_on


def test_the_last_host_of_many_is_enough_when_nobody_else_can_be_asked():
    told = Told("a", "b")
    told.fail("a", 1.0, NO_ROUTE)
    assert told.tick(1.1, is_idle=True) == ([], ["http://a/"])


def test_real_errors_of_a_machine_without_a_network_say_so():
    gone = [
        OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH)),
        OSError(errno.ENETDOWN, os.strerror(errno.ENETDOWN)),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        OSError(10051, "A socket operation was attempted to an unreachable network"),
    ]
    for error in gone:
        told = Told("a")
        assert told.fail("a", 1.0, faults.name(error)), error


def test_hosts_that_never_answered_are_no_witnesses():
    told = Told("a")
    for now in range(1, 2000):
        told.fail(f"dead{now}.example", float(now), NO_NAMESERVER)
    assert not told.outage.is_on


def test_two_dead_hosts_among_many_alive_lose_their_voice():
    told = Told("a", "b", "c", "d")
    for now in range(1, 4):
        told.fail("a", now)
        told.answer("c", now + 0.1)
        told.fail("b", now + 0.2)
        told.answer("d", now + 0.3)
    told.fail("a", 10.0)
    told.fail("b", 10.1)
    assert not told.outage.is_on
    told.answer("a", 11.0)  # up again, and a witness again
    told.fail("a", 12.0)
    told.fail("c", 12.0)
    assert told.outage.is_on


# Doubts end


def test_when_nobody_else_can_be_asked_a_failure_stands_at_once():
    told = Told("a", "b")
    told.fail("dead.example", 1.0, NO_NAME)
    assert told.tick(1.0, is_idle=True) == (["http://dead.example/"], [])


def test_a_doubt_lasts_no_longer_than_its_time_and_says_when_that_is():
    told = Told("a", "b")
    told.fail("a", 1.0)
    assert told.outage.next_moment() == 1.0 + DOUBT_S
    assert told.tick(1.0 + DOUBT_S) == (["http://a/"], [])
    assert told.outage.next_moment() is None


def test_doubts_are_bounded_and_the_oldest_stands_first():
    told = Told("a")
    for n in range(MOST_IN_DOUBT + 3):
        told.fail(f"dead{n}", 1.0, NO_NAME)
    assert told.tick(1.0)[0] == ["http://dead0/", "http://dead1/", "http://dead2/"]
    assert len(told.outage._doubt) == MOST_IN_DOUBT


@pytest.mark.parametrize(
    "kind", [FailureKind.TIMEOUT, FailureKind.TLS, FailureKind.PROTOCOL, FailureKind.WORKER_LOST]
)
def test_what_is_no_failure_of_the_network_is_no_evidence(kind):
    told = Told("a", "b")
    assert not told.fail("a", 1.0, (kind, ""))
    assert not told.fail("b", 1.0, (kind, ""))
    assert not told.outage.is_on


# While it is on


@pytest.fixture
def gone() -> Told:
    told = Told("a", "b", "c")
    told.fail("a", 1.0)
    told.fail("b", 1.0)
    told.tick(1.0)
    return told


@pytest.mark.parametrize("why", [LATE, NO_NAME, (FailureKind.TIMEOUT, ""), (FailureKind.INCOMPLETE, "")])
def test_what_fails_meanwhile_is_asked_again(gone, why):
    assert gone.fail("x", 2.0, why)
    assert gone.tick(2.0) == ([], ["http://x/"])


def test_a_form_that_may_have_arrived_is_not_sent_twice(gone):
    assert not gone.fail("x", 2.0, (FailureKind.TIMEOUT, ""), method="POST")
    assert gone.fail("x", 2.0, NO_NAME, method="POST")


def test_what_the_network_did_not_do_stands(gone):
    assert not gone.fail("x", 2.0, (FailureKind.DECODING, ""))


def test_probes_go_one_at_a_time_and_ever_more_seldom(gone):
    sent, now, outage = [], 1.0, gone.outage
    while now < 400:
        if outage.is_probe_due(now):
            sent.append(now)
            outage.probed(request("a"), now)
            assert not outage.is_probe_due(now + 30)
            gone.fail("a", now, LATE)
        now += 0.5
    gaps = [b - a for a, b in pairwise(sent)]
    assert sent[0] == 2.0
    assert gaps[:6] == [1, 2, 4, 8, 16, 32]
    assert set(gaps[6:]) == {LONGEST_PROBE_S}


def test_a_probe_whose_worker_died_is_followed_by_another(gone):
    gone.outage.probed(request("a"), 2.0)
    assert gone.outage.is_probe_due(gone.outage.next_moment())


def test_a_probe_goes_first_to_who_answered_and_did_not_fail(gone):
    assert sorted(["x", "a", "c"], key=gone.outage.rank) == ["c", "a", "x"]


def test_the_first_answer_ends_it(gone):
    gone.answer("c", 3.0)
    assert not gone.outage.is_on
    assert not gone.outage.is_probe_due(3.0)
    gone.fail("a", 4.0)
    assert not gone.outage.is_on


def test_it_is_over_when_it_lasts_too_long_and_says_what_happened():
    told = Told("a", "b", max_s=60.0)
    told.fail("a", 1.0, NO_ROUTE)
    told.fail("b", 2.0, NO_ROUTE)
    assert told.outage.next_moment() == 3.0  # the first probe
    assert not told.outage.is_over(61.9)
    assert told.outage.is_over(62.0)
    assert "Network is unreachable, http://b/), for 60 s;" in told.outage.words()


def test_without_patience_it_is_over_at_once():
    told = Told("a", max_s=0.0)
    told.fail("a", 1.0, NO_ROUTE)
    assert told.outage.is_over(1.0)


# Whatever happens

hosts = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(hosts, st.sampled_from([REFUSED, LATE, NO_NAME, NO_ROUTE, NO_NAMESERVER]))))
def test_a_list_of_dead_names_ends_without_any_outage(failures):
    told = Told()
    assert not any(told.fail(host, now, why) for now, (host, why) in enumerate(failures))
    assert told.tick(len(failures)) == ([], [])
    assert not told.outage.is_on


@given(st.integers(0, 2**32), st.integers(2, 20))
def test_one_dead_host_among_many_alive_never_pauses_the_crawl(seed, alive):
    chance = random.Random(seed)
    told = Told("dead", *(f"alive{n}" for n in range(alive)))
    now = answered_at = 0.0
    for _ in range(200):
        now += chance.random() * 10
        # Half a minute of silence while the failures say "unreachable" would mean an outage, and rightly so.
        if chance.random() < 0.5 and now < answered_at + 20:
            told.fail("dead", now, chance.choice([REFUSED, NO_ROUTE]), is_last=chance.random() < 0.5)
        else:
            told.answer(f"alive{chance.randrange(alive)}", now)
            answered_at = now
        if now > 5:
            assert not told.outage.is_on
        told.tick(now)
        if chance.random() < 0.5:
            now += 0.1
            told.answer("alive0", now)
            answered_at = now


@given(st.lists(hosts, min_size=2, unique=True), st.integers(0, 2**32))
def test_all_witnesses_dying_at_once_is_noticed_within_the_first_few_failures(alive, seed):
    chance = random.Random(seed)
    told = Told(*alive)
    failures = alive + [f"dead{n}" for n in range(3)]
    chance.shuffle(failures)
    told_again: list[str] = []
    for host in failures:
        assert told.fail(host, 1.0, LATE)  # none is burned
        told_again += told.tick(1.0)[1]
    assert told.outage.is_on
    assert sorted(told_again) == sorted(f"http://{host}/" for host in failures)


@given(
    st.lists(
        st.tuples(hosts, st.sampled_from(["answer", "fail", "last", "idle"]), st.floats(0, 20)), max_size=60
    ),
    st.integers(0, 3),
)
def test_nothing_is_held_for_ever_and_nothing_comes_back_twice(events, known):
    told = Told(*"abc"[:known], max_s=50.0)
    now, held, back = 0.0, 0, 0
    for host, what, after_s in events:
        now += after_s
        if what == "answer":
            told.answer(host, now)
        else:
            held += told.fail(host, now, chosen(host), is_last=what == "last")
        stand, again = told.tick(now, is_idle=what == "idle")
        back += len(stand) + len(again)
    stand, again = told.tick(now + DOUBT_S)
    assert held == back + len(stand) + len(again)
    assert not told.outage.is_on or told.outage.is_over(now + DOUBT_S + 50)


def chosen(host: str) -> tuple[FailureKind, str]:
    return NO_ROUTE if host in "ad" else REFUSED
