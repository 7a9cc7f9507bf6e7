"""How long a robots.txt is believed, when it is asked for again, and what is kept of thousands."""

import sys

import pytest

from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.polite.robots import Robots
from crawlpool.polite.rulebook import ASK_AGAIN_S, FRESH_S, LEAST_FRESH_S, Rulebook

ORIGIN = "http://127.0.0.1:8000"
DAY_S = 86_400.0


def book(**rest):
    return Rulebook(token="crawlpool", is_obeyed=True, **rest)


def answer(body=b"User-agent: *\nDisallow: /no", *, origin=ORIGIN, status=200, **headers):
    request = Request(f"{origin}/robots.txt", target=f"{origin}/robots.txt")
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(request=request, status=status, body=body, headers=named)


def failure(kind=FailureKind.TIMEOUT, *, redirects=()):
    request = Request(f"{ORIGIN}/robots.txt", target=f"{ORIGIN}/robots.txt", redirects=redirects)
    return Failure(request=request, kind=kind, message="it broke")


def refused(rules, path, origin=ORIGIN):
    found = rules.refusal(Request(origin + path, target=origin + path), failed_at=0.0)
    return None if found is None else found.kind


def until(rules, origin=ORIGIN, *, since=0.0):
    """Seconds from a moment on for which an origin's rules are believed."""
    low, high = 0.0, 10 * DAY_S
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (middle, high) if rules.is_known(origin, since + middle) else (low, middle)
    return round(high)


@pytest.mark.parametrize(
    ("said", "believed_s"),
    [
        ({}, FRESH_S),
        ({"Cache_Control": "max-age=3600"}, 3600),
        ({"Cache_Control": "public, MAX-AGE=7200, must-revalidate"}, 7200),
        ({"Cache_Control": "max-age=3600", "Age": "1200"}, 2400),
        ({"Cache_Control": 'max-age="3600"'}, 3600),
        ({"Cache_Control": "max-age=31536000"}, FRESH_S),
        ({"Cache_Control": "max-age=0"}, LEAST_FRESH_S),
        ({"Cache_Control": "no-store"}, LEAST_FRESH_S),
        ({"Cache_Control": "no-cache, max-age=3600"}, LEAST_FRESH_S),
        ({"Cache_Control": "max-age=3600", "Age": "9999999"}, LEAST_FRESH_S),
        ({"Cache_Control": "max-age=soon"}, FRESH_S),
        ({"Cache_Control": "max-age=-5"}, FRESH_S),
        ({"Cache_Control": "max-age=" + "9" * 5_000}, FRESH_S),
        ({"Cache_Control": "max-age=1", "Age": "old"}, LEAST_FRESH_S),
        ({"Cache_Control": "," * 100_000}, FRESH_S),
    ],
)
@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_is_believed_for_a_day_or_for_as_long_as_it_says(said, believed_s, status):
    rules = book()
    rules.learn(ORIGIN, answer(status=status, **said), 0.0)

    assert until(rules) == believed_s


def test_a_robots_txt_that_cannot_be_had_is_asked_for_again_ever_later_but_each_day():
    rules, now, waits = book(), 0.0, []
    for _ in range(12):
        rules.learn(ORIGIN, failure(), now)
        assert refused(rules, "/yes") is FailureKind.ROBOTS_UNREACHABLE
        waits.append(until(rules, since=now))
        now += waits[-1]

    assert waits[:4] == [ASK_AGAIN_S, 2 * ASK_AGAIN_S, 4 * ASK_AGAIN_S, 8 * ASK_AGAIN_S]
    assert waits[-3:] == [DAY_S] * 3


def test_after_a_good_answer_the_next_failure_is_followed_by_a_short_wait_again():
    rules = book()
    for outcome in (failure(), failure(), answer(), failure()):
        rules.learn(ORIGIN, outcome, 0.0)

    assert until(rules) == ASK_AGAIN_S


@pytest.mark.parametrize(
    "trouble", [failure(), answer(status=503), answer(status=429), failure(FailureKind.DNS)]
)
def test_rules_that_were_had_are_believed_while_they_cannot_be_had_again(trouble):
    rules = book()
    rules.learn(ORIGIN, answer(b"User-agent: *\nDisallow: /no\nCrawl-delay: 7\nSitemap: /map.xml"), 0.0)
    delays = [rules.learn(ORIGIN, trouble, day * DAY_S) for day in range(1, 60)]

    assert (refused(rules, "/no"), refused(rules, "/yes")) == (FailureKind.ROBOTS, None)
    assert set(delays) == {7.0}
    assert rules.sitemaps_of(ORIGIN) == (f"{ORIGIN}/map.xml",)


def test_what_could_never_be_had_is_no_permission_after_whatever_time():
    rules = book()
    for day in range(60):
        rules.learn(ORIGIN, failure(), day * DAY_S)

    assert refused(rules, "/yes") is FailureKind.ROBOTS_UNREACHABLE


def test_a_file_that_is_gone_takes_its_rules_with_it():
    rules = book()
    rules.learn(ORIGIN, answer(), 0.0)
    rules.learn(ORIGIN, answer(status=404), DAY_S)

    assert refused(rules, "/no") is None


@pytest.mark.parametrize("kind", FailureKind)
def test_no_connection_is_the_cause_for_the_pages_too_unless_a_redirect_led_elsewhere(kind):
    rules, led = book(), book()
    rules.learn(ORIGIN, failure(kind), 0.0)
    led.learn(ORIGIN, failure(kind, redirects=(f"{ORIGIN}/robots.txt",)), 0.0)
    no_connection = {"dns", "connect", "connect_timeout", "tls", "proxy", "address", "host_given_up"}
    allowed = {FailureKind.REDIRECT: None}

    own = kind if kind.value in no_connection else FailureKind.ROBOTS_UNREACHABLE
    assert refused(rules, "/yes") == allowed.get(kind, own)
    assert refused(led, "/yes") == allowed.get(kind, FailureKind.ROBOTS_UNREACHABLE)


# What is kept


def origins(count):
    return [f"http://127.0.0.1:{10_000 + number}" for number in range(count)]


def test_rules_that_are_not_needed_are_packed_and_decide_as_before_when_they_are():
    rules = book(most_ready=100)
    body = b"User-agent: *\n" + b"".join(b"Disallow: /no%d\n" % n for n in range(40))
    for each in origins(10):
        rules.learn(each, answer(body, origin=each), 0.0)

    for _ in range(3):
        for each in origins(10):
            assert (refused(rules, "/no7", each), refused(rules, "/yes", each)) == (FailureKind.ROBOTS, None)
            assert sum(known.robots._ready is not None for known in rules._known.values()) <= 2


def test_rules_are_forgotten_that_were_needed_longest_ago_when_all_are_too_many():
    rules = book(most_kept=20_000)
    first, *others = origins(100)
    rules.learn(first, answer(origin=first), 0.0)
    for each in others:
        rules.learn(each, answer(origin=each), 0.0)
        assert refused(rules, "/no", first) is FailureKind.ROBOTS

    known = [each for each in others if rules.is_known(each, 1.0)]
    assert others[-1] in known
    assert 20 < len(known) < 60
    assert others[-len(known) :] == known
    assert rules._kept <= 20_000


def test_one_file_is_kept_however_large():
    rules = book(most_kept=10)
    rules.learn(ORIGIN, answer(), 0.0)

    assert refused(rules, "/no") is FailureKind.ROBOTS


def test_a_usual_file_takes_less_than_a_kilobyte():
    body = b"User-agent: *\n" + b"".join(b"Disallow: /folder-%d/private/\n" % n for n in range(40))
    robots = Robots.from_outcome(answer(body), token="crawlpool")
    taken = sum(sys.getsizeof(getattr(robots, name)) for name in Robots.__slots__) + sys.getsizeof(robots)

    assert taken < 1_000
    assert robots.size < 1_000
