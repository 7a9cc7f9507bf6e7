"""What a page sets off in the user's code, and what becomes of what that gives."""

import contextlib
import functools
import logging
import multiprocessing
import re
import threading
import time
from dataclasses import dataclass

import attrs
import pydantic
import pytest

from crawlpool import ConfigError, Crawler, Request
from crawlpool.errors import CrawlpoolError, HandlerError


@pytest.fixture
def crawler():
    return Crawler(backend="sync", backoff=0.0)


def children():
    """Processes of ours that live; one that has just ended may be known only after a moment."""
    for child in multiprocessing.active_children():
        child.join(0.5)
    return multiprocessing.active_children()


def gives(crawler, site, output, **page):
    """The items of a crawl of one page whose handler gives this."""
    site.page("/", **page)
    crawler.on_page(lambda page: output(page) if callable(output) else output)
    return list(crawler.items(site.url + "/"))


def failure_of(crawler, site, output):
    """Why the only page of a crawl failed, whose handler gives this."""
    lost = []

    class Log(logging.Handler):
        def emit(self, record):
            lost.append(record.getMessage())

    log = Log(level=logging.INFO)
    logging.getLogger("crawlpool").addHandler(log)
    logging.getLogger("crawlpool").setLevel(logging.INFO)
    try:
        assert gives(crawler, site, output) == []
    finally:
        logging.getLogger("crawlpool").removeHandler(log)
        logging.getLogger("crawlpool").setLevel(logging.NOTSET)
    assert crawler.stats.failures == {"handler": 1}
    return next(line for line in lost if line.startswith("page.failed"))


# Which handler gets which page


def test_the_first_pattern_that_matches_wins_and_the_default_gets_the_rest(site, crawler):
    calls = []
    for name, pattern in (
        ("default", None),
        ("book", "/books/*"),
        ("any", "/books/**"),
        ("late", "/books/1"),
    ):
        crawler.on_page(pattern)(lambda page, name=name: calls.append((name, page.final_url)))
    for path in ("/books/1", "/books/1/reviews", "/about"):
        site.page(path)
    crawler.run([f"{site.url}{path}" for path in ("/books/1", "/books/1/reviews", "/about")])
    assert [name for name, _ in calls] == ["book", "any", "default"]


def test_a_page_is_routed_by_where_its_redirects_end(site, crawler):
    calls = []
    crawler.on_page("/old")(lambda page: calls.append("old"))
    crawler.on_page("/new")(lambda page: calls.append(page.url))
    site.redirect("/old", "/new")
    site.page("/new", title="New")
    crawler.on_page("/new")(lambda page: calls.append("second"))
    crawler.run(site.url + "/old")
    assert calls == [site.url + "/old"]


def test_a_pattern_with_a_scheme_is_matched_against_the_whole_url(site, sites, crawler):
    other, calls = sites(), []
    crawler.on_page(f"{other.url}/**")(lambda page: calls.append(page.url))
    site.page("/a")
    other.page("/a")
    crawler.run([site.url + "/a", other.url + "/a"])
    assert calls == [other.url + "/a"]


def test_the_decorator_gives_the_function_back(crawler):
    @crawler.on_page
    def first(page): ...

    @crawler.on_page("/a", status=404)
    def second(page): ...

    @crawler.on_failure
    def third(page): ...

    assert [each.__name__ for each in (first, second, third)] == ["first", "second", "third"]


def test_a_page_without_any_handler_of_its_own_gives_nothing(site, crawler):
    crawler.on_page("/a")(lambda page: {"url": page.url})
    site.page("/a")
    site.page("/b")
    assert len(list(crawler.items([site.url + "/a", site.url + "/b"]))) == 1
    assert crawler.stats.pages == 2


def test_handlers_get_answers_of_2xx_unless_a_status_is_named(site, crawler):
    calls = []
    crawler.on_page(lambda page: calls.append(("page", page.status)))
    crawler.on_page(status=404)(lambda page: calls.append(("missing", page.status)))
    crawler.on_page("/**", status=(410, 451))(lambda page: calls.append(("gone", page.status)))
    crawler.on_failure(lambda page: calls.append(("lost", page.status)))
    for status in (200, 204, 404, 410, 451, 403):
        site.page(f"/{status}", status=status)
    crawler.run([f"{site.url}/{status}" for status in (200, 204, 404, 410, 451, 403)])
    assert calls == [
        ("page", 200),
        ("page", 204),
        ("missing", 404),
        ("gone", 410),
        ("gone", 451),
        ("lost", 403),
    ]


def test_a_page_without_an_answer_goes_to_on_failure_with_the_reason(site, crawler):
    lost = {}
    crawler.on_page(lambda page: {"url": page.url})
    crawler.on_failure(lambda page: lost.update({page.url: page.error}))
    site.robots("User-agent: *\nDisallow: /no")
    site.raw("/bad", b"nonsense\r\n\r\n")
    site.page("/ok")
    urls = [f"{site.url}{path}" for path in ("/no", "/bad", "/ok")]
    assert [item["url"] for item in crawler.items(urls)] == urls[2:]
    assert lost.keys() == set(urls[:2])
    assert lost[urls[0]].startswith("robots: ")
    assert lost[urls[1]].startswith("protocol: ")


def test_what_on_failure_gives_is_stored_and_crawled_too(site, crawler):
    site.page("/", status=404)
    site.page("/instead", title="Instead")
    crawler.on_page(lambda page: {"title": page.title})

    @crawler.on_failure
    def lost(page):
        yield {"lost": page.url}
        yield page.follow("/instead")

    assert list(crawler.items(site.url + "/")) == [{"lost": site.url + "/"}, {"title": "Instead"}]


def test_with_only_on_failure_every_page_still_has_its_whole_record(site, crawler):
    site.page("/a", title="A", links=["/b"])
    crawler.on_failure(lambda page: {"lost": page.url})
    (record,) = crawler.items(site.url + "/a")
    assert (record["title"], record["links"]) == ("A", 1)


def test_a_named_handler_gets_the_page_whatever_its_url(site, crawler):
    calls = []

    @crawler.on_page("/nowhere")
    def book(page):
        calls.append(page.url)

    crawler.on_page(lambda page: page.follow("/b", handler="book"))
    site.page("/")
    site.page("/b")
    crawler.run(site.url + "/")
    assert calls == [site.url + "/b"]


def test_a_handler_that_nobody_registered_costs_the_page_and_names_the_nearest(site, crawler):
    lost = []

    @crawler.on_page
    def book(page):
        return page.follow("/b", handler="bok")

    crawler.on_failure(lambda page: lost.append(page.url))
    site.page("/")
    site.page("/b")
    result = crawler.run(site.url + "/", notice=lost.append)
    assert result.stats.failures == {"handler": 1}
    assert result.stats.ok == 1


@pytest.mark.parametrize("wrong", [3, None, "book"])
def test_what_cannot_be_called_is_no_handler(crawler, wrong):
    with pytest.raises(ConfigError, match="handler"):
        crawler.on_failure(wrong)


def test_an_async_handler_is_refused_when_it_is_registered(crawler):
    async def parse(page): ...

    async def stream(page):
        yield {}

    for handler in (parse, stream, functools.partial(parse)):
        with pytest.raises(ConfigError, match="async"):
            crawler.on_page(handler)


@pytest.mark.parametrize("wrong", ["books", "/a#b", "", 3])
def test_a_pattern_that_cannot_match_is_refused_when_it_is_registered(crawler, wrong):
    with pytest.raises(ConfigError):
        crawler.on_page(wrong)(lambda page: None)


def test_handlers_run_in_the_callers_own_thread(site, crawler):
    threads = []
    crawler = Crawler(backend="thread", follow=True)
    crawler.on_page(lambda page: threads.append(threading.get_ident()))
    site.page("/", links=["/a"])
    site.page("/a")
    crawler.run(site.url + "/")
    assert threads == [threading.get_ident()] * 2


# What a handler gives


@dataclass
class Plain:
    title: str
    price: float = 1.5


@attrs.define
class Attrs:
    title: str
    price: float = 1.5


class Model(pydantic.BaseModel):
    title: str
    price: float = 1.5


@pytest.mark.parametrize("kind", [dict, Plain, Attrs, Model])
def test_an_item_may_be_of_every_usual_kind(site, crawler, kind):
    item = kind(title="A", price=1.5)
    assert gives(crawler, site, item) == [{"title": "A", "price": 1.5}]


@pytest.mark.parametrize("kind", [Plain, Attrs, Model])
def test_a_handler_may_yield_items_of_every_kind(site, crawler, kind):
    assert (
        gives(crawler, site, lambda page: (kind(title=page.title) for _ in "ab"), title="T")
        == [{"title": "T", "price": 1.5}] * 2
    )


@pytest.mark.parametrize("kind", [list, tuple, iter, lambda items: (item for item in items)])
def test_items_may_come_in_any_iterable(site, crawler, kind):
    assert gives(crawler, site, lambda page: kind([{"a": 1}, None, {"a": 2}])) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("nothing", [None, [], (), iter(())])
def test_nothing_is_nothing(site, crawler, nothing):
    assert gives(crawler, site, nothing) == []
    assert crawler.stats.ok == 1


def test_a_single_request_may_be_returned(site, crawler):
    site.page("/b")
    assert gives(crawler, site, lambda page: page.follow("/b") if page.depth == 0 else {"d": page.depth}) == [
        {"d": 1}
    ]


@pytest.mark.parametrize(
    ("output", "quoted"),
    [
        ("/next", "page.follow('/next')"),
        (["http://a.example/"], "page.follow('http://a.example/')"),
        (b"bytes", "bytes"),
        (5, "5 is not an item"),
        ([[{"a": 1}]], "not an item"),
        (object, "not an item"),
        ({"soup": object()}, "cannot be stored"),
    ],
)
def test_what_is_no_item_fails_the_page_and_says_what_would_do(site, crawler, output, quoted):
    assert quoted in failure_of(crawler, site, lambda page: output)


def test_nothing_of_a_page_is_stored_when_its_last_item_is_none(site, crawler, tmp_path):
    site.page("/a")
    site.page("/b")

    @crawler.on_page
    def parse(page):
        yield {"part": 1}
        yield {"part": 2} if page.url.endswith("a") else "no item"

    crawler.run([site.url + "/a", site.url + "/b"], output=tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == '{"part": 1}\n{"part": 2}\n'


def test_nothing_of_a_page_is_crawled_when_its_handler_raises(site, crawler):
    @crawler.on_page
    def parse(page):
        yield page.follow("/a")
        raise LookupError("no price")

    site.page("/")
    crawler.run(site.url + "/")
    assert site.requests == ["/"]


def test_the_users_data_travels_with_the_request_and_through_redirects(site, crawler):
    class Anything:
        lock = threading.Lock()  # cannot be pickled, and need not be

    carried = Anything()
    seen = []
    crawler = Crawler(backend="process", workers=1)
    crawler.on_page(lambda page: seen.append(page.data))
    site.redirect("/a", "/b")
    site.page("/b")
    crawler.run(Request(site.url + "/a", data=carried))
    assert seen == [carried]


def test_the_depth_limit_holds_for_what_handlers_give(site):
    crawler = Crawler(backend="sync", depth=2)
    crawler.on_page(lambda page: page.follow(f"/{page.depth + 1}"))
    for number in range(6):
        site.page(f"/{number}")
    crawler.run(site.url + "/0")
    assert site.requests == ["/0", "/1", "/2"]
    assert crawler.stats.skips == {"depth": 1}


def test_a_request_made_by_hand_is_one_deeper_than_the_page_whose_handler_gave_it(site):
    crawler = Crawler(backend="sync", depth=2)
    found = []

    @crawler.on_page
    def parse(page):
        found.append((page.depth, page.found_on))
        yield Request(f"{site.url}/{page.depth + 1}")

    for number in range(6):
        site.page(f"/{number}")
    crawler.run(site.url + "/0")
    assert found == [(0, None), (1, site.url + "/0"), (2, site.url + "/1")]


def test_a_request_may_leave_the_scope_that_links_must_keep(site, sites):
    other = sites()
    crawler = Crawler(backend="sync", follow=True, allow_private=True)
    crawler.on_page("/")(lambda page: page.follow(other.url + "/x"))
    site.page("/", links=["/a"])
    site.page("/a")
    other.page("/x", links=["/y"])
    crawler.run(site.url + "/")
    assert (site.requests, other.requests) == (["/", "/a"], ["/x"])


def test_links_are_followed_besides_what_the_handler_gives_and_none_twice(site):
    crawler = Crawler(backend="sync", follow=True)
    crawler.on_page(lambda page: page.follow_all(css="a.next"))
    site.page("/", '<a class="next" href="/a">1</a><a href="/b">2</a>')
    site.page("/a")
    site.page("/b")
    crawler.run(site.url + "/")
    assert sorted(site.requests) == ["/", "/a", "/b"]


def test_an_invalid_url_that_a_handler_gives_is_recorded_once(site, crawler):
    lost = []
    crawler.on_page(lambda page: [Request("http://["), Request("no url"), Request("no url")])
    crawler.on_failure(lambda page: lost.append((page.url, page.failure.kind)))
    site.page("/a")
    site.page("/b")
    result = crawler.run([site.url + "/a", site.url + "/b"])
    assert lost == [("http://[", "invalid_url"), ("no url", "invalid_url")]
    assert result.stats.failures == {"invalid_url": 2}


def test_a_failure_handler_that_gives_the_same_bad_url_again_does_not_go_on_for_ever(site, crawler):
    crawler.on_failure(lambda page: Request("no url"))
    site.page("/", status=404)
    assert crawler.run(site.url + "/").stats.failures == {"invalid_url": 1}


# A handler that raises


def raising_on(crawler, path):
    @crawler.on_page
    def parse(page):
        yield {"url": page.url}
        if page.url.endswith(path):
            raise LookupError("no price on this page")


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
def test_a_handler_that_raises_costs_its_page_only(site, backend, tmp_path):
    crawler = Crawler(backend=backend)
    raising_on(crawler, "/1")
    for number in range(4):
        site.page(f"/{number}")
    urls = [f"{site.url}/{number}" for number in range(4)]
    result = crawler.run(urls, output=tmp_path / "out.jsonl", failed=tmp_path / "failed.txt")
    kept = (tmp_path / "out.jsonl").read_text()
    assert all((url in kept) == (not url.endswith("/1")) for url in urls)
    assert result.stats.failures == {"handler": 1}
    failed = (tmp_path / "failed.txt").read_text()
    assert urls[1] in failed
    assert "LookupError: no price on this page" in failed


def test_a_handler_that_raises_is_logged_with_the_users_own_traceback_and_the_url(site, crawler, caplog):
    raising_on(crawler, "/1")
    site.page("/1")
    crawler.run(site.url + "/1")
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage().startswith(f"page.handler_failed url={site.url}/1\n")
    assert "raise LookupError" in record.getMessage()
    assert "outputs_of" not in record.getMessage()
    (failure,) = crawler.stats.last_failures
    assert "raise LookupError" in failure.traceback


def test_a_url_that_a_handler_took_from_a_page_makes_up_no_line_of_a_programs_log(site, crawler, caplog):
    site.page("/a")

    @crawler.on_page
    def parse(page):
        if page.url.endswith("/a"):
            yield Request(site.url + "/b\nERROR:root:all is lost")
            yield Request(site.url + "/c\r\nERROR:root:all is lost", method="POST", body=b"x")
        else:
            raise LookupError("no price")

    crawler.on_failure(parse)
    with caplog.at_level(logging.DEBUG, "crawlpool"):
        crawler.run(site.url + "/a")
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "all is lost" in line]) >= 4
    assert not [line for line in said if "\nERROR" in line]


def test_a_handler_that_quotes_megabytes_of_its_page_fills_no_log(site, crawler, caplog):
    site.page("/a", "x" * 2_000_000)

    @crawler.on_page
    def parse(page):
        raise LookupError(f"no price in {page.text}")

    with caplog.at_level(logging.INFO, "crawlpool"):
        crawler.run(site.url + "/a")
    said = "".join(record.getMessage() for record in caplog.records)
    assert "characters left out" in said
    assert len(said) < 100_000


def test_fail_fast_ends_the_crawl_with_url_and_traceback(site, tmp_path):
    crawler = Crawler(backend="thread", workers=2, fail_fast=True)
    raising_on(crawler, "/0")
    for number in range(50):
        site.page(f"/{number}")
    with pytest.raises(HandlerError) as caught:
        crawler.run((f"{site.url}/{number}" for number in range(50)), output=tmp_path / "out.jsonl")
    message = str(caught.value)
    assert f"{site.url}/0" in message
    assert "raise LookupError" in message
    assert "outputs_of" not in message
    assert isinstance(caught.value, CrawlpoolError)
    assert isinstance(caught.value.__cause__, LookupError)
    assert len(site.requests) < 50


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_handler_ends_everything_and_leaves_no_child(site, tmp_path, error):
    crawler = Crawler(backend="process", workers=3, follow=True)

    @crawler.on_page
    def parse(page):
        yield {"url": page.url}
        if page.url.endswith("/3"):
            raise error

    for number in range(100):
        site.page(f"/{number}", links=[f"/{number + 1}"])
    with pytest.raises(error):
        crawler.run(f"{site.url}/0", output=tmp_path / "out.jsonl")
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3
    assert children() == []
    crawler.on_page("/never")(lambda page: None)
    assert crawler.run(site.url + "/99").ended == "finished"  # it can be used again


def test_an_exception_is_told_also_when_its_own_text_cannot_be_had(site, crawler):
    class Unspeakable(Exception):  # noqa: N818
        def __str__(self):
            raise ValueError("no words")

    def parse(page):
        raise Unspeakable

    crawler.on_page(parse)
    site.page("/a")
    site.page("/b")
    assert crawler.run([site.url + "/a", site.url + "/b"]).stats.failures == {"handler": 2}


# Handlers that take too long


@pytest.fixture
def hasty():
    return Crawler(backend="sync", backoff=0.0, handler_timeout=0.1)


def _sleeps(page):
    yield {"n": 1}
    time.sleep(20)


def _spins(page):
    yield {"n": 1}
    while True:
        pass


def _swallows(page):
    yield {"n": 1}
    while True:
        with contextlib.suppress(Exception):
            time.sleep(20)


def _never_matches(page):
    re.match("(a+)+$", "a" * 60 + "b")
    return {"n": 1}


class _Endless(dict):
    """An item of the user's own kind that never comes to its end."""

    def items(self):
        while True:
            pass


def _gives_what_never_ends(page):
    return _Endless(n=1)


@pytest.mark.parametrize("handler", [_sleeps, _spins, _swallows, _never_matches, _gives_what_never_ends])
@pytest.mark.timeout(60)
def test_a_handler_that_does_not_return_costs_its_page_and_the_crawl_goes_on(site, hasty, handler, tmp_path):
    site.page("/slow")
    site.page("/quick")
    hasty.on_page("/slow")(handler)
    hasty.on_page("/quick")(lambda page: {"n": 2})
    out, failed = tmp_path / "o.jsonl", tmp_path / "failed.txt"

    result = hasty.run([f"{site.url}/slow", f"{site.url}/quick"], output=out, failed=failed, job=False)

    assert out.read_text() == '{"n": 2}\n'
    assert result.stats.failures == {"handler": 1}
    listed = failed.read_text()
    assert "# handler: the handler took longer than 0.1 s and was cut off" in listed
    assert f"in {handler.__name__}" in listed or handler is _gives_what_never_ends


def test_a_handler_in_time_is_not_cut_off_whatever_the_crawl_takes(site, hasty):
    for n in range(5):
        site.page(f"/{n}", delay_s=0.1)
    hasty.on_page(lambda page: {"url": page.url})
    assert len(list(hasty.items([f"{site.url}/{n}" for n in range(5)]))) == 5


def test_fail_fast_ends_the_crawl_at_a_handler_that_takes_too_long(site):
    crawler = Crawler(backend="sync", handler_timeout=0.1, fail_fast=True)
    crawler.on_page(_sleeps)
    site.page("/")
    with pytest.raises(HandlerError, match=r"the handler took longer than 0\.1 s and was cut off for http"):
        crawler.run(site.url + "/")


@pytest.mark.timeout(60)
def test_a_crawl_on_another_thread_cuts_off_what_spins(site, hasty):
    site.page("/")
    hasty.on_page(_spins)
    thread = threading.Thread(target=hasty.run, args=(site.url + "/",))
    thread.start()
    thread.join(30)
    assert hasty.stats.failures == {"handler": 1}


def _deep(page):
    return _deep(page)


@pytest.mark.parametrize(
    "hungry",
    [lambda page: bytearray(1 << 60), lambda page: "x" * (1 << 62), _deep],
    ids=["bytes", "text", "depth"],
)
def test_a_handler_without_memory_loses_its_page_only(site, crawler, hungry):
    site.page("/a")
    site.page("/b")
    crawler.on_page("/a")(hungry)
    crawler.on_page("/b")(lambda page: {"n": 2})
    assert list(crawler.items([f"{site.url}/a", f"{site.url}/b"])) == [{"n": 2}]
    assert crawler.stats.failures == {"handler": 1}
