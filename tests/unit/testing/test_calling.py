"""A handler called with one page: what it is given, and what it gives."""

from dataclasses import dataclass

import pytest

from crawlpool import ConfigError, Crawler, FailureKind, Request, testing

SHELF = "https://shop.example/all/page-2.html"
HTML = '<h1>All  books</h1><a class=book href="../1">One</a><a class=book href="../2">Two</a>'


def shelf(page):
    yield {"heading": page.get("h1"), "status": page.status}
    yield from page.follow_all(css="a.book", handler="book")


def test_items_and_requests_come_apart_and_links_are_whole_urls():
    called = testing.call(shelf, testing.page(SHELF, HTML))
    assert called.items == [{"heading": "All books", "status": 200}]
    assert called.urls == ["https://shop.example/1", "https://shop.example/2"]
    assert [request.handler for request in called.requests] == ["book", "book"]
    assert [request.depth for request in called.requests] == [1, 1]


def test_a_registered_handler_is_the_function_it_was():
    crawler = Crawler()

    @crawler.on_page("/all/*")
    def handler(page):
        return {"url": page.final_url}

    assert testing.call(handler, testing.page(SHELF)).items == [{"url": SHELF}]


def test_a_page_has_what_a_crawl_would_give_it():
    page = testing.page(
        "HTTP://Shop.example/a b#c",
        b'{"n": 1}',
        status=203,
        content_type="application/json",
        headers={"X-A": "1"},
        data={"k": 2},
        depth=3,
    )
    assert (page.ok, page.status, page.depth, page.data) == (True, 203, 3, {"k": 2})
    assert (page.url, page.final_url) == ("HTTP://Shop.example/a b#c", "http://shop.example/a%20b")
    assert (page.json(), page.headers["x-a"], page.content_type) == ({"n": 1}, "1", "application/json")


def test_the_request_of_one_handler_leads_to_the_page_of_the_next():
    request = testing.call(shelf, testing.page(SHELF, HTML)).requests[0]
    page = testing.page(request.url, "<h1>One</h1>", request=request)
    assert (page.found_on, page.depth) == (SHELF, 1)


def test_an_item_is_kept_as_it_was_given_and_as_it_would_be_stored():
    @dataclass
    class Book:
        title: str
        tags: set[str]

    called = testing.call(lambda page: Book("One", {"b", "a"}), testing.page(SHELF))
    assert called.items == [Book("One", {"a", "b"})]
    assert called.records == [{"title": "One", "tags": ["a", "b"]}]


def test_what_no_store_can_take_is_said_when_the_handler_is_called():
    with pytest.raises(TypeError, match="give an item"):
        testing.call(lambda page: ["text"], testing.page(SHELF))
    with pytest.raises(TypeError):
        testing.call(lambda page: [42], testing.page(SHELF))


def test_what_a_handler_raises_comes_to_the_test():
    with pytest.raises(ZeroDivisionError):
        testing.call(lambda page: 1 / 0, testing.page(SHELF))


def test_a_handler_for_failures_gets_one():
    page = testing.failed_page(SHELF, "dns", attempts=1, data="mine")
    assert (page.ok, page.status, page.data) == (False, None, "mine")
    assert page.error.startswith("dns: the name does not resolve")
    assert testing.failed_page(SHELF).failure.kind is FailureKind.TIMEOUT
    assert testing.call(lambda page: {"lost": page.url}, page).items == [{"lost": SHELF}]


def test_a_url_that_is_none_is_said():
    with pytest.raises(ConfigError, match="is no URL of a page"):
        testing.page("/all/", HTML)


def test_a_request_made_by_hand_is_one_deeper_as_in_a_crawl():
    called = testing.call(lambda page: Request("https://else.example/"), testing.page(SHELF, depth=2))
    assert (called.requests[0].depth, called.requests[0].found_on) == (3, SHELF)
