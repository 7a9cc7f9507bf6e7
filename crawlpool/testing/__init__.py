"""For tests of scrapers: pages without a server, recorded answers, faults on demand, handlers called by hand.

    from crawlpool import testing

    with testing.pages({"https://shop.example/": "<h1>Books</h1>"}) as site:
        items = my_scraper.crawl()
    assert site.urls == ["https://shop.example/"]

Inside the block, every crawl of this process is answered from there, whatever makes it: nothing is
looked up, no socket is opened, robots.txt is not asked for and nothing is waited for. See
docs/testing-your-scraper.md.
"""

from .calling import Called, call, failed_page, page
from .faults import (
    cut,
    fails_first,
    fault,
    no_such_host,
    refused,
    reset,
    slow,
    timeout,
    too_many_requests,
    unavailable,
)
from .pages import Pages, pages
from .recording import Recording, record
from .replay import NotRecordedError, Replay, replay
from .replies import Asked, Reply, answer, redirect

__all__ = [
    "Asked",
    "Called",
    "NotRecordedError",
    "Pages",
    "Recording",
    "Replay",
    "Reply",
    "answer",
    "call",
    "cut",
    "failed_page",
    "fails_first",
    "fault",
    "no_such_host",
    "page",
    "pages",
    "record",
    "redirect",
    "refused",
    "replay",
    "reset",
    "slow",
    "timeout",
    "too_many_requests",
    "unavailable",
]
