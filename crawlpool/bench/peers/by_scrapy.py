"""A peer: Scrapy, used as its documentation shows, with what is not asked for switched off.

    python by_scrapy.py URL OUTPUT AT_ONCE robots|-

A spider in one process. No cookies, no telnet console, no log but of errors, no delay, as many requests at once
of the one host as in all. It imports nothing of crawlpool.
"""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor


class Links(Spider):  # type: ignore[misc]  # scrapy need not be installed here
    """Follows links within the host; each page once, one line of JSON a page."""

    name = "links"

    def __init__(self, url: str, lines: Any) -> None:
        super().__init__()
        self.url = url
        self.lines = lines
        self.links = LinkExtractor(allow_domains=[urlsplit(url).netloc], unique=True)

    async def start(self) -> AsyncIterator[Any]:
        """The first request, as Scrapy 2.13 and later ask for it."""
        for request in self.start_requests():
            yield request

    def start_requests(self) -> Iterator[Any]:
        """The same for what is older."""
        yield Request(self.url)

    def parse(self, response: Any) -> Iterator[Any]:
        """Take title and links of one page, and follow them."""
        links = self.links.extract_links(response)
        record = {"url": response.url, "title": response.css("title::text").get(), "links": len(links)}
        self.lines.write(json.dumps(record) + "\n")
        yield from response.follow_all(links)


def main(start: str, output: str, at_once: str, robots: str) -> None:
    """Crawl to the end."""
    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": int(at_once),
            "CONCURRENT_REQUESTS_PER_DOMAIN": int(at_once),
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": robots == "robots",
            "COOKIES_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "ERROR",
        }
    )
    with Path(output).open("w", encoding="utf-8") as lines:
        process.crawl(Links, url=start, lines=lines)
        process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
