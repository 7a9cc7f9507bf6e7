"""Hosts that never answered: how patiently they are waited for, and by how many lanes."""

from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.polite.silent import ENOUGH_ANSWERS, ENOUGH_IN_VAIN, STUCK_S, Silent


def silence(host, attempt=1, kind=FailureKind.CONNECT_TIMEOUT):
    target = f"http://{host}/"
    return Failure(request=Request(target, target=target, attempt=attempt), kind=kind, message="")


def answer(host, elapsed_s=0.1, attempt=1):
    target = f"http://{host}/"
    request = Request(target, target=target, attempt=attempt)
    return Response(request=request, status=404, elapsed_s=elapsed_s)


def silent(*, answers=0, elapsed_s=0.1, lanes=8, retries=2):
    made = Silent(lanes=lanes, connect_s=5.0, retries=retries)
    for number in range(answers):
        made.answered(f"good-{number}", answer(f"good-{number}", elapsed_s))
    return made


def test_connections_are_made_quickly_only_when_many_answers_showed_how_far_away_servers_are():
    assert not silent(answers=ENOUGH_ANSWERS - 1).is_quick("x", 1)
    assert silent(answers=ENOUGH_ANSWERS).is_quick("x", 1)
    assert not silent(answers=ENOUGH_ANSWERS, elapsed_s=2.0).is_quick("x", 1)


def test_a_host_that_has_answered_is_waited_for_as_ever():
    assert not silent(answers=ENOUGH_ANSWERS).is_quick("good-3", 1)


def test_the_last_try_has_all_its_time_until_that_was_in_vain_for_very_many():
    hosts = silent(answers=ENOUGH_ANSWERS)
    assert [hosts.is_quick("x", attempt) for attempt in (1, 2, 3)] == [True, True, False]
    for number in range(ENOUGH_IN_VAIN):
        hosts.failed(f"dead-{number}", silence(f"dead-{number}", attempt=3))
    assert hosts.is_quick("x", 3)
    hosts.answered("late", answer("late", attempt=3))
    assert not hosts.is_quick("x", 3)


def test_only_waiting_in_vain_is_silence_and_only_of_a_host_that_never_answered():
    hosts = silent(answers=1)
    assert hosts.is_silence("x", silence("x"))
    assert hosts.is_silence("x", silence("x", kind=FailureKind.TIMEOUT))
    assert not hosts.is_silence("x", silence("x", kind=FailureKind.CONNECT))
    assert not hosts.is_silence("x", answer("x"))
    assert not hosts.is_silence("good-0", silence("good-0"))


def test_half_of_the_lanes_may_wait_for_nobody():
    hosts = silent(answers=1)
    for number in range(4):
        hosts.asked(f"dead-{number}", f"http://dead-{number}/", 0.0)
    assert not hosts.is_crowded(STUCK_S / 2)
    assert hosts.is_crowded(STUCK_S)
    hosts.came("http://dead-0/")
    assert not hosts.is_crowded(STUCK_S)
    assert hosts.room(has_others=True) == 1
    assert hosts.room(has_others=False) == 5


def test_a_lane_with_a_host_that_answers_waits_for_somebody():
    hosts = silent(answers=4)
    for number in range(4):
        hosts.asked(f"good-{number}", f"http://good-{number}/", 0.0)
    assert hosts.out == 0
    assert not hosts.is_crowded(100.0)


def test_one_lane_may_wait_for_anybody():
    hosts = silent(lanes=1)
    assert hosts.room(has_others=True) == 1
