"""Which outcomes are asked for again, and when."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.errors import ConfigError
from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.polite.retry import Defer, Retry, RetryPolicy, retry_after_s

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date that RFC 9110 uses
POLICY = RetryPolicy(retries=2, backoff_s=1.0, max_wait_s=600.0)


def answer(status, retry_after=None, method="GET"):
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return Response(request=Request("http://127.0.0.1/", method=method), status=status, headers=headers)


def failure(kind, method="GET"):
    return Failure(request=Request("http://127.0.0.1/", method=method), kind=kind, message="it broke")


def decide(outcome, *, attempt=1, jitter=0.5, policy=POLICY):
    return policy.decide(outcome, attempt=attempt, now=NOW, jitter=jitter)


RETRIED = {"connect", "connect_timeout", "timeout", "idle_timeout", "incomplete", "proxy"}


@pytest.mark.parametrize("kind", FailureKind)
def test_only_faults_that_may_pass_are_tried_again(kind):
    assert (decide(failure(kind)) is not None) == (kind.value in RETRIED)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 507, 520, 599])
def test_an_answer_that_may_differ_later_is_asked_for_again(status):
    assert isinstance(decide(answer(status)), Retry)


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 401, 403, 404, 410, 451, 501, 505, 600, 999])
def test_an_answer_that_stands_is_not_asked_for_again(status):
    assert decide(answer(status)) is None


def test_tries_end_after_the_first_and_the_retries():
    busy = answer(500)

    assert [decide(busy, attempt=n) is not None for n in (1, 2, 3, 4)] == [True, True, False, False]


def test_without_retries_nothing_is_tried_again():
    assert (
        decide(failure(FailureKind.CONNECT), policy=RetryPolicy(retries=0, backoff_s=1, max_wait_s=1)) is None
    )


def test_each_wait_is_twice_the_one_before():
    policy = RetryPolicy(retries=9, backoff_s=1.5, max_wait_s=600)

    waits = [decide(answer(500), attempt=n, policy=policy).wait_s for n in (1, 2, 3, 4)]

    assert waits == [1.5, 3.0, 6.0, 12.0]


def test_chance_spreads_a_wait_from_half_to_one_and_a_half():
    assert decide(answer(500), jitter=0.0).wait_s == 0.5
    assert decide(answer(500), jitter=0.999).wait_s == pytest.approx(1.499)


@pytest.mark.parametrize("attempt", [20, 1_100, 10**9])
def test_no_wait_is_longer_than_the_cap_however_many_tries(attempt):
    policy = RetryPolicy(retries=10**10, backoff_s=1e300, max_wait_s=600)

    assert decide(answer(500), attempt=attempt, policy=policy).wait_s == 600


def test_a_server_that_asks_for_seconds_gets_them_from_the_whole_host():
    assert decide(answer(503, "120")) == Retry(wait_s=120, rest_host=True)
    assert decide(answer(429, " 120 ")) == Retry(wait_s=120, rest_host=True)


def test_a_server_that_asks_for_less_than_the_backoff_gets_the_backoff():
    assert decide(answer(503, "1"), attempt=2) == Retry(wait_s=2, rest_host=True)


@pytest.mark.parametrize(
    "date",
    [
        "Sun, 06 Nov 1994 08:51:37 GMT",
        "Sunday, 06-Nov-94 08:51:37 GMT",
        "Sun Nov  6 08:51:37 1994",
        "Sun, 06 Nov 1994 09:51:37 +0100",
        "Sun, 06 Nov 1994 03:51:37 EST",
        "Sun, 06 Nov 1994 08:51:37 -0000",
    ],
)
def test_a_date_in_each_form_of_http_is_waited_for(date):
    assert decide(answer(503, date)).wait_s == 120


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="a process cannot change its zone on Windows")
def test_a_date_without_a_zone_is_not_read_as_local_time(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert retry_after_s("Sun Nov  6 08:51:37 1994", now=NOW) == 120
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_date_that_is_past_means_now():
    assert retry_after_s("Sat, 05 Nov 1994 08:49:37 GMT", now=NOW) == 0.0
    assert decide(answer(503, "Sat, 05 Nov 1994 08:49:37 GMT")).wait_s == 1.0


@pytest.mark.parametrize(
    ("date", "wait_s"),
    [
        ("Thursday, 06-Nov-44 08:49:37 GMT", 50 * 365.25 * 86_400),  # fifty years ahead, and no more
        ("Friday, 06-Nov-45 08:49:37 GMT", 0.0),  # 1945: 51 years ahead would be too far
        ("Saturday, 06-Nov-93 08:49:37 GMT", 0.0),
        ("Tuesday, 06-Nov-01 08:49:37 GMT", 2557 * 86_400),
    ],
)
def test_a_year_of_two_digits_is_at_most_fifty_years_ahead(date, wait_s):
    """RFC 9110, 5.6.7: a date that appears to be more than 50 years in the future is of the past."""
    assert retry_after_s(date, now=NOW) == pytest.approx(wait_s, abs=86_400)


def test_a_number_below_zero_means_now():
    assert retry_after_s("-5", now=NOW) == 0.0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_may_ask_for_a_wait_before_its_target_is_asked_for(status):
    """RFC 9110, 10.2.3: with 3xx, the minimum time before the redirected request."""
    assert POLICY.hop_wait_s(answer(status, "7"), now=NOW) == 7.0
    assert POLICY.hop_wait_s(answer(status), now=NOW) == 0.0
    assert POLICY.defers_hop(answer(status, "600"), now=NOW) is None
    assert POLICY.defers_hop(answer(status, "soon"), now=NOW) is None
    assert POLICY.defers_hop(answer(status, "601"), now=NOW).wait_s == 601.0
    assert POLICY.hop_wait_s(answer(status, "601"), now=NOW) == 600.0


NONSENSE = [
    "",
    "soon",
    "-5",
    "+5",
    "1.5",
    "1e9",
    "0x10",
    "٣",
    "²",
    "12 13",
    "Sun",
    "Sun, 99 Foo 1994 99:99:99 GMT",
    "Sun, 06 Nov 0000 08:49:37 GMT",
    "Sun, 31 Feb 99999999999 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +99999999999999999999",
    "\x00",
    "A" * 100_000,
]


@pytest.mark.parametrize("value", NONSENSE)
def test_a_retry_after_that_is_nonsense_leaves_the_backoff(value):
    decided = decide(answer(503, value))

    assert decided is None or isinstance(decided, Retry | Defer)
    if retry_after_s(value, now=NOW) is None:
        assert decided == Retry(wait_s=1.0, rest_host=False)


@given(st.text())
def test_no_retry_after_raises(value):
    seconds = retry_after_s(value, now=NOW)

    assert seconds is None or seconds >= 0


def test_a_wait_beyond_the_cap_defers_the_url_and_says_why():
    decided = decide(answer(429, "86400"))

    assert decided == Defer(
        message="the server asked for a wait of 24 h (Retry-After); we wait 10 min at most", wait_s=86_400
    )


def test_a_number_too_long_to_read_is_a_wait_beyond_the_cap():
    decided = decide(answer(429, "9" * 5_000))

    assert isinstance(decided, Defer)
    assert decided.wait_s == math.inf
    assert decide(answer(429, "0" * 5_000 + "7")).wait_s == 7


def test_a_wait_beyond_the_cap_is_told_also_on_the_last_try():
    assert isinstance(decide(answer(503, "86400"), attempt=3), Defer)


def test_a_wait_of_exactly_the_cap_is_waited():
    assert decide(answer(429, "600")) == Retry(wait_s=600, rest_host=True)


@pytest.mark.parametrize("status", [301, 302, 408, 500, 502, 504, 200])
def test_a_retry_after_counts_only_with_429_and_503(status):
    decided = decide(answer(status, "86400"))

    assert decided is None or decided == Retry(wait_s=1.0, rest_host=False)


def test_a_429_rests_its_host_even_without_saying_how_long():
    assert decide(answer(429)) == Retry(wait_s=1.0, rest_host=True)
    assert decide(answer(503)) == Retry(wait_s=1.0, rest_host=False)


def test_a_host_rests_although_the_last_try_is_over():
    asked = answer(503, "30")

    assert decide(asked, attempt=3) is None
    assert POLICY.rest_s(asked, now=NOW) == 30
    assert POLICY.rest_s(answer(503, "86400"), now=NOW) == 600
    assert POLICY.rest_s(answer(200, "30"), now=NOW) == 0
    assert POLICY.rest_s(failure(FailureKind.TIMEOUT), now=NOW) == 0


@pytest.mark.parametrize("method", ["POST", "PATCH", "BREW"])
def test_a_post_is_tried_again_only_if_nothing_was_sent(method):
    assert isinstance(decide(failure(FailureKind.CONNECT, method)), Retry)
    assert isinstance(decide(failure(FailureKind.CONNECT_TIMEOUT, method)), Retry)
    for kind in (FailureKind.TIMEOUT, FailureKind.INCOMPLETE, FailureKind.PROXY):
        assert decide(failure(kind, method)) is None
    for status in (408, 429, 500, 503):
        assert decide(answer(status, "1", method)) is None
        assert decide(answer(status, "86400", method)) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
def test_a_method_that_may_be_repeated_is(method):
    assert isinstance(decide(failure(FailureKind.TIMEOUT, method)), Retry)
    assert isinstance(decide(answer(503, method=method)), Retry)


@pytest.mark.parametrize("wrong", [{"retries": -1}, {"backoff_s": math.nan}, {"max_wait_s": math.inf}])
def test_a_policy_with_an_impossible_number_is_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        RetryPolicy(**({"retries": 1, "backoff_s": 1.0, "max_wait_s": 1.0} | wrong))
