"""A user's script, as strictly typed as mypy can be asked for; only checked, never run."""

import multiprocessing
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, assert_type

from bs4 import BeautifulSoup
from selectolax.lexbor import LexborNode

import crawlpool
from crawlpool import (
    ConfigError,
    Crawler,
    CrawlpoolError,
    Failure,
    FailureKind,
    FetchPool,
    Page,
    Request,
    Response,
    Result,
    Settings,
    Start,
    Stats,
)

urls = ["https://shop.example/", "https://shop.example/all/"]

# fetch, fetch_all

assert_type(crawlpool.fetch(urls, workers=8), Generator[Page, None, None])
assert_type(crawlpool.fetch_all(urls, workers=(2, 8), delay=1.0), list[Page])
crawlpool.fetch_all(Request(url) for url in urls)
crawlpool.fetch("https://shop.example/", backend="thread").close()
with ThreadPoolExecutor() as executor:
    crawlpool.fetch_all(urls, backend=executor)
with multiprocessing.Pool() as pool_of_mine:
    crawlpool.fetch_all(urls, backend=pool_of_mine)

for page in crawlpool.fetch(urls):
    assert_type(page.url, str)
    assert_type(page.status, int | None)
    assert_type(page.ok, bool)
    assert_type(page.error, str | None)
    assert_type(page.title, str | None)
    assert_type(page.get("h1"), str | None)
    assert_type(page.get("h1", "none"), str)
    assert_type(page.get("h1", default=None), str | None)
    assert_type(page.get_all("li"), list[str])
    assert_type(page.css("a"), list[LexborNode])
    assert_type(page.css_first("a"), LexborNode | None)
    assert_type(page.soup, BeautifulSoup)
    assert_type(page.links(), list[str])
    assert_type(page.content, bytes)
    assert_type(page.text, str)
    assert_type(page.elapsed_s, float)
    assert_type(page.response, Response | None)
    assert_type(page.failure, Failure | None)
    assert_type(page.raise_for_status(), Page)
    assert_type(page.follow("next", handler="book", data={"place": 1}), Request)
    assert_type(page.follow_all(css="a", priority=1, headers={"Accept": "text/html"}), Iterator[Request])
    if page.failure is not None:
        assert_type(page.failure.kind, FailureKind)

# Crawler

crawler = Crawler(workers=8, delay=1.0, scope="domain", header={"X-Api-Key": "k"})


@crawler.on_page("/catalogue/*", status=(200, 203))
def book(page: Page) -> Iterator[dict[str, Any] | Request]:
    yield {"title": page.get("h1"), "url": page.url}
    yield from page.follow_all(css="li.next a")


@crawler.on_page
def other(page: Page) -> dict[str, str]:
    return {"url": page.url}


@crawler.on_failure
def lost(page: Page) -> None:
    page.raise_for_status()


# what is registered is the function that it was
assert_type(next(book(page)), dict[str, Any] | Request)
assert_type(other(page), dict[str, str])


def watch(stats: Stats) -> None:
    assert_type(stats.pages, int)
    assert_type(stats.items, int)


crawler.run(urls, output="books.jsonl", start="append", watch=watch)
result = crawler.run(urls, output=["books.jsonl", Path("books.csv")], start=Start.FRESH, watch=print)
assert_type(result, Result)
assert_type(result.stats.pages, int)
assert_type(result.ended, str)
assert_type(result.job, Path | None)
assert_type(crawler.items("https://shop.example/"), Generator[dict[str, Any], None, None])
assert_type(crawler.is_paused, bool)
assert_type(crawler.settings, Settings)
crawler.pause()
crawler.resume()
crawler.stop(now=True)
Crawler(settings=Settings(workers=2, timeout=5.0))

# FetchPool

with FetchPool(workers=8) as pool:
    pending = pool.submit(urls[0], callback=print, error_callback=lost)
    assert_type(pending.get(), Page)
    assert_type(pending.ready(), bool)
    assert_type(pool.map(urls), list[Page])
    assert_type(pool.imap(urls), Iterator[Page])
    assert_type(pool.imap_unordered(urls), Iterator[Page])
    pool.pause()
    pool.resume()
    pool.stop()

try:
    crawler.run(Request("https://shop.example/login", form={"name": "me"}, cookies={"a": "b"}))
except ConfigError as error:
    assert_type(error, ConfigError)
except CrawlpoolError:
    pass
