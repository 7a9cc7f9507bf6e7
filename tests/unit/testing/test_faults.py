"""Faults on demand: what a crawl makes of them, at once."""

import time

import pytest

import crawlpool
from crawlpool import ConfigError, Crawler, FailureKind, testing

SHOP = "https://shop.example/"


@pytest.fixture(autouse=True)
def at_once():
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 10, "something was waited for"


def page_of(answer, **knobs):
    with testing.pages({SHOP: answer}) as site:
        page = crawlpool.fetch_all([SHOP], **knobs)[0]
    return page, len(site.urls)


@pytest.mark.parametrize("backend", ["sync", "thread"])
@pytest.mark.parametrize(
    ("answer", "kind", "tries"),
    [
        (testing.timeout(), "timeout", 3),
        (testing.refused(), "connect", 3),
        (testing.reset(), "incomplete", 3),
        (testing.no_such_host(), "dns", 1),
        (testing.cut("<h1>Forty Harbours</h1>"), "incomplete", 3),
        (testing.fault("tls"), "tls", 1),
        (testing.fault(FailureKind.PROXY, "it is asleep"), "proxy", 3),
    ],
)
def test_a_fault_is_tried_again_as_on_the_web_and_without_a_wait(answer, kind, tries, backend):
    page, asked = page_of(answer, backend=backend, backoff=60)
    assert (page.failure.kind.value, asked) == (kind, tries)


@pytest.mark.parametrize(
    "answer", [testing.too_many_requests(120), testing.unavailable(120), testing.unavailable()]
)
def test_a_rest_that_is_asked_for_is_not_waited_for(answer):
    page, asked = page_of(testing.fails_first(2, answer, "<title>here</title>"))
    assert (page.title, asked) == ("here", 3)
    page, asked = page_of(answer, retries=1)
    assert (page.status, asked) == (answer.status, 2)
    assert page.headers.get("retry-after") == dict(answer.headers).get("Retry-After")


def test_a_rest_beyond_the_cap_defers_as_on_the_web():
    page, asked = page_of(testing.too_many_requests(5000.5))
    assert (page.failure.kind, asked) == (FailureKind.DEFERRED, 1)


def test_a_slow_answer_takes_its_time_without_being_waited_for():
    page, _ = page_of(testing.slow("<title>t</title>", 12))
    assert page.title == "t"
    assert 12 <= page.elapsed_s < 15


@pytest.mark.parametrize(
    ("seconds", "knobs", "kind"),
    [
        (25, {}, "idle_timeout"),
        (6, {"timeout": 5}, "timeout"),
        (8, {"timeout": 30, "idle_timeout": 7}, "idle_timeout"),
    ],
)
def test_an_answer_that_is_too_slow_fails_as_on_the_web(seconds, knobs, kind):
    page, _ = page_of(testing.slow("<title>t</title>", seconds), retries=0, **knobs)
    assert page.failure.kind.value == kind
    assert page.elapsed_s < seconds


def test_a_timeout_counts_the_time_that_it_would_have_taken():
    page, _ = page_of(testing.timeout(), timeout=17, retries=0)
    assert 17 <= page.elapsed_s < 20


def test_a_cut_body_says_how_far_it_came():
    page, _ = page_of(testing.cut("0123456789", after=4), retries=0)
    assert page.error == "incomplete: the connection ended after 4 of 10 bytes"


def test_a_host_that_fails_on_and_on_is_given_up_without_its_rests():
    with testing.pages({}, site=SHOP, missing=testing.unavailable()) as site:
        pages = crawlpool.fetch_all([f"{SHOP}{n}" for n in range(60)], retries=0)
    assert {page.failure.kind.value if page.failure else "HTTP 503" for page in pages} == {
        "HTTP 503",
        "host_given_up",
    }
    assert len(site.urls) < 60


def test_hosts_that_all_fail_are_no_network_that_is_gone():
    pages = {
        f"https://{name}.example/": ["<h1>well</h1>", testing.refused()]
        for name in ("one", "two", "three", "four")
    }
    with testing.pages(pages):
        assert all(page.ok for page in crawlpool.fetch_all(list(pages)))
        again = crawlpool.fetch_all([each for each in pages for each in (each, each + "#")])
    assert {page.failure.kind.value for page in again} == {"connect"}


def test_handlers_for_failures_get_them():
    crawler = Crawler()
    lost = []
    crawler.on_failure(lambda page: lost.append(page.error))
    with testing.pages({SHOP: testing.answer(status=500)}):
        crawler.run(SHOP)
    assert lost == ["HTTP 500 Internal Server Error"]


def test_a_kind_that_is_none_is_named_with_those_that_are():
    with pytest.raises(ConfigError, match=r"no kind of failure 'tiemout'; known: .*timeout"):
        testing.fault("tiemout")
