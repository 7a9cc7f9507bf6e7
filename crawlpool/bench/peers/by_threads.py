"""A peer: the crawler that one writes with `requests`, BeautifulSoup's quick cousin selectolax, and threads.

    python by_threads.py URL OUTPUT AT_ONCE robots|-

A pool of threads, a session each, and one lock around what is shared. It imports nothing of
crawlpool, follows links within the host, and writes URL, title and number of links of each page.
"""

import json
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TextIO
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import requests
from selectolax.lexbor import LexborHTMLParser

own = threading.local()


class Crawler:
    """Follows links from `start`; each page once, one line of JSON a page."""

    def __init__(self, start: str, lines: TextIO, at_once: int, robots: RobotFileParser | None) -> None:
        self.host = urlsplit(start).netloc
        self.lines = lines
        self.robots = robots
        self.seen = {start}
        self.out = 1
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.pool = ThreadPoolExecutor(at_once)
        self.pool.submit(self.page, start).add_done_callback(self.done)

    def page(self, url: str) -> None:
        """Fetch and parse one page, in a thread of the pool."""
        if not hasattr(own, "session"):
            own.session = requests.Session()
        response = own.session.get(url, timeout=30)
        if response.status_code != 200 or "html" not in response.headers.get("content-type", ""):
            return
        tree = LexborHTMLParser(response.content)
        title = tree.css_first("title")
        links = [urldefrag(urljoin(response.url, a.attributes["href"] or ""))[0] for a in tree.css("a[href]")]
        record = {"url": url, "title": title and title.text(), "links": len(links)}
        with self.lock:
            self.lines.write(json.dumps(record) + "\n")
            new = {link for link in links if link not in self.seen and self.is_ours(link)}
            self.seen |= new
            self.out += len(new)
        for link in new:
            self.pool.submit(self.page, link).add_done_callback(self.done)

    def is_ours(self, link: str) -> bool:
        """Whether a link is followed."""
        return (
            link.startswith("http")
            and urlsplit(link).netloc == self.host
            and (self.robots is None or self.robots.can_fetch("peer", link))
        )

    def done(self, future: "Future[None]") -> None:
        """A page is over."""
        if future.exception() is not None:
            sys.stderr.write(f"{future.exception()}\n")
        with self.lock:
            self.out -= 1
            if not self.out:
                self.over.set()


def rules_of(start: str) -> RobotFileParser:
    """The robots.txt of a host."""
    robots = RobotFileParser(urljoin(start, "/robots.txt"))
    robots.parse(requests.get(urljoin(start, "/robots.txt"), timeout=30).text.splitlines())
    return robots


def main(start: str, output: str, at_once: str, robots: str) -> None:
    """Crawl to the end."""
    with Path(output).open("w", encoding="utf-8") as lines:
        crawler = Crawler(start, lines, int(at_once), rules_of(start) if robots == "robots" else None)
        crawler.over.wait()
        crawler.pool.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
