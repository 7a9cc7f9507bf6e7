"""A user's tests with crawlpool.testing, as strictly typed; only checked, never run."""

from collections import Counter
from pathlib import Path
from typing import Any, assert_type

from crawlpool import Page, Request, testing


def search(asked: testing.Asked) -> str:
    assert_type(asked.header("cookie"), str | None)
    return f"<h1>{asked.body!r}</h1>"


with testing.pages(
    {
        "https://shop.example/": "<h1>Books</h1>",
        "/bytes": b"...",
        "/file": Path("page.html"),
        "/gone": testing.answer(status=404),
        "/busy": [testing.too_many_requests(retry_after=30), "<h1>Now</h1>"],
        "/late": testing.fails_first(2, testing.reset(), testing.slow("<h1>Here</h1>", 3)),
        "/search": search,
        "/made": lambda asked: testing.redirect("/" + asked.method),
    }
) as site:
    assert_type(site, testing.Pages)
    assert_type(site.urls, list[str])
    assert_type(site.counts, Counter[str])
    assert_type(site.asked, list[testing.Asked])

plain: dict[str, str] = {"/": "<h1>Books</h1>"}
testing.Pages(plain, robots=True)
testing.pages(Path("folder"), site="https://shop.example/")

with testing.replay("tests/shop") as replayed:
    assert_type(replayed.unknown, list[str])
with testing.record(Path("tests/shop")) as recording:
    assert_type(recording.count, int)

page = testing.page("https://shop.example/", "<h1>Books</h1>", data={"place": 1})
assert_type(page, Page)
assert_type(testing.failed_page("https://shop.example/", "dns"), Page)
called = testing.call(lambda page: {"title": page.title}, page)
assert_type(called.items, list[Any])
assert_type(called.requests, list[Request])
assert_type(called.records, list[dict[str, Any]])
