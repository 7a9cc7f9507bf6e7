"""A peer: the crawler that one writes by hand for speed, with aiohttp and selectolax.

    python by_aiohttp.py URL OUTPUT AT_ONCE robots|-

One event loop, as many tasks as requests may be under way, a queue between them. It imports
nothing of crawlpool.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import TextIO
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import aiohttp
from selectolax.lexbor import LexborHTMLParser


class Crawler:
    """Follows links from `start`; each page once, one line of JSON a page."""

    def __init__(self, start: str, lines: TextIO, robots: RobotFileParser | None) -> None:
        self.host = urlsplit(start).netloc
        self.lines = lines
        self.robots = robots
        self.seen = {start}
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        self.queue.put_nowait(start)

    async def work(self, session: aiohttp.ClientSession) -> None:
        """Fetch one page after the other."""
        while True:
            url = await self.queue.get()
            try:
                await self.page(url, session)
            except Exception as error:  # noqa: BLE001  one page is lost, and not the crawl
                sys.stderr.write(f"{error}\n")
            self.queue.task_done()

    async def page(self, url: str, session: aiohttp.ClientSession) -> None:
        """Fetch and parse one page."""
        async with session.get(url) as response:
            if response.status != 200 or "html" not in response.headers.get("content-type", ""):
                return
            body, base = await response.read(), str(response.url)
        tree = LexborHTMLParser(body)
        title = tree.css_first("title")
        links = [urldefrag(urljoin(base, a.attributes["href"] or ""))[0] for a in tree.css("a[href]")]
        self.lines.write(
            json.dumps({"url": url, "title": title and title.text(), "links": len(links)}) + "\n"
        )
        for link in links:
            if link not in self.seen and self.is_ours(link):
                self.seen.add(link)
                self.queue.put_nowait(link)

    def is_ours(self, link: str) -> bool:
        """Whether a link is followed."""
        return (
            link.startswith("http")
            and urlsplit(link).netloc == self.host
            and (self.robots is None or self.robots.can_fetch("peer", link))
        )


async def rules_of(start: str, session: aiohttp.ClientSession) -> RobotFileParser:
    """The robots.txt of a host."""
    robots = RobotFileParser(urljoin(start, "/robots.txt"))
    async with session.get(urljoin(start, "/robots.txt")) as response:
        robots.parse((await response.text()).splitlines())
    return robots


async def main(start: str, output: str, at_once: str, obeys: str) -> None:
    """Crawl to the end."""
    connector = aiohttp.TCPConnector(limit=int(at_once))
    with Path(output).open("w", encoding="utf-8") as lines:  # noqa: ASYNC230  before anything is under way
        async with aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(30), cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            robots = await rules_of(start, session) if obeys == "robots" else None
            crawler = Crawler(start, lines, robots)
            tasks = [asyncio.create_task(crawler.work(session)) for _ in range(int(at_once))]
            await crawler.queue.join()
            for task in tasks:
                task.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
