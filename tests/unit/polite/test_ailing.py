"""Which hosts rest, and when they are given up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.polite.ailing import MOST_PATIENTS, MOST_RESTS, Ailing, GiveUp, Rest, is_bad

NOW = 1_000_000.0


def failure(target="http://a.example/", kind=FailureKind.TIMEOUT):
    return Failure(request=Request(target, target=target), kind=kind, message="it broke")


def answer(status):
    return Response(request=Request("http://a.example/", target="http://a.example/"), status=status)


def ailing(**knobs):
    return Ailing(**{"most_failures": 10, "rest_s": 10.0, "max_rest_s": 600.0, **knobs})


def fail(hosts, times, *, urls=5, host="a.example"):
    """Fail so often in a row, over so many URLs; what followed the last of them."""
    came = None
    for number in range(times):
        came = hosts.failed(host, failure(f"http://{host}/{number % urls}"), NOW + number, was_probe=False)
    return came


def probe(hosts, *, is_well=False, host="a.example"):
    target = f"http://{host}/probe"
    hosts.asked(host, target)
    assert not hosts.may_ask(host)
    was_probe = hosts.came(host, target)
    assert was_probe
    if is_well:
        return hosts.answered(host)
    return hosts.failed(host, failure(target), NOW + 99, was_probe=True)


SPEAKS_AGAINST = {
    "dns",
    "connect",
    "connect_timeout",
    "timeout",
    "idle_timeout",
    "incomplete",
    "protocol",
    "tls",
}


@pytest.mark.parametrize("kind", FailureKind)
def test_only_faults_of_a_host_speak_against_it(kind):
    assert is_bad(failure(kind=kind)) is (True if kind.value in SPEAKS_AGAINST else None)


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 401, 403, 404, 410, 451, 501, 505])
def test_a_host_that_answers_is_well_whatever_it_thinks_of_the_page(status):
    assert is_bad(answer(status)) is False


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 522, 599])
def test_an_answer_that_says_not_now_speaks_against_a_host(status):
    assert is_bad(answer(status)) is True


def test_a_host_rests_at_the_tenth_failure_in_a_row_and_not_before():
    hosts = ailing()
    assert fail(hosts, 9) is None
    assert fail(hosts, 1) == Rest(wait_s=10.0, failures=10)


def test_one_good_answer_begins_the_row_anew():
    hosts = ailing()
    for _ in range(50):
        assert fail(hosts, 9) is None
        hosts.answered("a.example")


def test_a_short_list_says_nothing_of_its_host_however_often_it_is_tried():
    hosts = ailing()
    assert fail(hosts, 1000, urls=3) is None


def test_hosts_fail_each_by_itself():
    hosts = ailing()
    assert fail(hosts, 9) is None
    assert fail(hosts, 9, host="b.example") is None


def test_without_a_limit_none_rests():
    assert fail(ailing(most_failures=0), 1000) is None


def test_a_resting_host_is_asked_one_thing_at_a_time_and_each_rest_is_twice_as_long_until_it_is_given_up():
    hosts = ailing()
    rests = [fail(hosts, 10), *(probe(hosts) for _ in range(MOST_RESTS - 1))]
    assert [rest.wait_s for rest in rests] == [10.0, 20.0, 40.0, 80.0]
    end = probe(hosts)
    assert isinstance(end, GiveUp)
    assert hosts.given_up("a.example") == end.message
    assert hosts.may_ask("a.example")  # what is left of it has to be refused


def test_why_a_host_is_given_up_names_the_cause_and_since_when_and_how_often():
    hosts = ailing()
    fail(hosts, 10)
    for _ in range(MOST_RESTS):
        end = probe(hosts)
    assert "1970-01-12 13:46:40 UTC" in end.message
    assert "14 failures in a row" in end.message
    assert "timeout: it broke" in end.message


def test_no_rest_is_longer_than_the_longest_wait():
    hosts = ailing(max_rest_s=15.0)
    assert fail(hosts, 10).wait_s == 10.0
    assert probe(hosts).wait_s == 15.0


def test_a_probe_that_is_answered_ends_the_rest():
    hosts = ailing()
    fail(hosts, 10)
    assert probe(hosts, is_well=True)
    assert hosts.may_ask("a.example")
    hosts.asked("a.example", "x")
    assert hosts.may_ask("a.example")


def test_what_was_out_when_the_rest_began_is_no_probe():
    hosts = ailing()
    fail(hosts, 10)
    assert fail(hosts, 50) is None
    assert not hosts.came("a.example", "http://a.example/1")


def test_a_probe_that_is_lost_with_its_worker_leaves_room_for_another():
    hosts = ailing()
    fail(hosts, 10)
    hosts.asked("a.example", "x")
    hosts.came("a.example", "x")
    assert hosts.may_ask("a.example")


def test_a_host_with_one_good_answer_between_long_rows_of_bad_ones_is_given_up_too():
    hosts = ailing()
    for _ in range(MOST_RESTS):
        assert isinstance(fail(hosts, 10), Rest)
        assert probe(hosts, is_well=True)
    assert isinstance(fail(hosts, 10), GiveUp)


def test_a_host_that_has_recovered_begins_at_the_first_rest_again():
    hosts = ailing()
    fail(hosts, 10)
    probe(hosts, is_well=True)
    for _ in range(9):
        hosts.answered("a.example")
    assert fail(hosts, 10).wait_s == 10.0


def test_no_more_hosts_are_kept_in_mind_than_memory_may_hold():
    hosts = ailing()
    for number in range(MOST_PATIENTS + 500):
        fail(hosts, 1, host=f"{number}.example")
    assert len(hosts._patients) == MOST_PATIENTS


@given(st.lists(st.sampled_from(["fail", "answer", "probe"]), max_size=300))
def test_no_order_of_events_gives_a_host_more_than_its_rests_or_leaves_it_for_ever(events):
    hosts = ailing(most_failures=3)
    rested, goods = 0, 0
    for number, event in enumerate(events):
        if event == "answer":
            hosts.answered("h")
            goods += 1
            continue
        target = f"http://h/{number % 7}"
        if not hosts.may_ask("h"):
            continue
        hosts.asked("h", target)
        came = hosts.failed("h", failure(target), NOW, was_probe=hosts.came("h", target))
        rested += isinstance(came, Rest)
        if isinstance(came, GiveUp):
            assert rested >= MOST_RESTS
            break
        assert came is None or came.wait_s <= 80.0
    assert rested <= MOST_RESTS * (1 + goods // 3)
