"""Mistakes that a checker has to find, each with its code; only checked, never run."""
# ruff: noqa: B018

import crawlpool
from crawlpool import Crawler, FetchPool, Page, Request, Settings, testing

crawlpool.fetsh([])  # error: attr-defined
crawlpool.fetch_all(["https://shop.example/"], worker=8)  # error: call-arg
crawlpool.fetch_all([1, 2])  # error: list-item
crawlpool.fetch(["https://shop.example/"], timeout="long")  # error: arg-type
Crawler(delay="slow")  # error: arg-type
Settings(dealy=1.0)  # error: call-arg
Crawler(backend=42)  # error: arg-type
Request(None)  # error: arg-type
Request("https://shop.example/", from_={"q": "sea"})  # error: call-arg

crawler = Crawler()


@crawler.on_page("/catalogue/*")  # error: type-var
def two(page: Page, more: int) -> None: ...


@crawler.on_page(404)  # error: call-overload,untyped-decorator
def missing(page: Page) -> None: ...


def handler(page: Page) -> None:
    page.get("h1").upper()  # error: union-attr
    page.follow("next", handlr="book")  # error: call-arg
    page.follow("next", priority="high")  # error: arg-type
    page.response.status  # error: union-attr
    page.stauts  # error: attr-defined


crawler.run("https://shop.example/", output=3)  # error: arg-type
crawler.run("https://shop.example/", output="a.jsonl", start="over")  # error: arg-type
crawler.run("https://shop.example/").end  # error: attr-defined

with FetchPool() as pool:
    pool.submit("https://shop.example/", callback=lambda: None)  # error: arg-type,misc

testing.pages({"/": 42})  # error: dict-item
testing.pages({"/": testing.answer(code=404)})  # error: call-arg
