"""The handler of crawlpool's rows that have one: it uses `css()` on every page."""

from collections.abc import Iterator
from typing import Any

from crawlpool import Page


def parse(page: Page) -> Iterator[dict[str, Any]]:
    """Title, heading, and how many links there are."""
    yield {
        "url": page.url,
        "title": page.get("title"),
        "heading": page.get("h1"),
        "links": len(page.css("a[href]")),
    }
