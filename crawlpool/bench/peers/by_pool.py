"""A peer: the crawler that one writes with `multiprocessing.Pool`, `requests` and selectolax.

    python by_pool.py URL OUTPUT AT_ONCE robots|-

A session a worker; the worker parses, so that only title and links come back, and the callback
hands on every link of the host that is new. It imports nothing of crawlpool.
"""

import json
import sys
import threading
from multiprocessing import Pool
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import requests
from selectolax.lexbor import LexborHTMLParser

Answer: TypeAlias = tuple[str, str | None, list[str]] | None

session = requests.Session()


def page(url: str) -> Answer:
    """Fetch and parse one page, in a worker."""
    response = session.get(url, timeout=30)
    if response.status_code != 200 or "html" not in response.headers.get("content-type", ""):
        return None
    tree = LexborHTMLParser(response.content)
    title = tree.css_first("title")
    links = [urldefrag(urljoin(response.url, a.attributes["href"] or ""))[0] for a in tree.css("a[href]")]
    return url, title.text() if title else None, links


def rules_of(start: str) -> RobotFileParser:
    """The robots.txt of a host."""
    robots = RobotFileParser(urljoin(start, "/robots.txt"))
    robots.parse(requests.get(urljoin(start, "/robots.txt"), timeout=30).text.splitlines())
    return robots


def main(start: str, output: str, at_once: str, obeys: str) -> None:
    """Crawl to the end; each page once, one line of JSON a page."""
    host = urlsplit(start).netloc
    robots = rules_of(start) if obeys == "robots" else None
    seen = {start}
    out = 0
    over = threading.Event()
    with Path(output).open("w", encoding="utf-8") as lines, Pool(int(at_once)) as pool:

        def on_page(answer: Answer) -> None:
            if answer is not None:
                url, title, links = answer
                lines.write(json.dumps({"url": url, "title": title, "links": len(links)}) + "\n")
                for link in links:
                    if link not in seen and is_ours(link):
                        seen.add(link)
                        send(link)
            done()

        def is_ours(link: str) -> bool:
            return (
                link.startswith("http")
                and urlsplit(link).netloc == host
                and (robots is None or robots.can_fetch("peer", link))
            )

        def on_error(error: BaseException) -> None:
            sys.stderr.write(f"{error}\n")
            done()

        def send(url: str) -> None:
            nonlocal out
            out += 1
            pool.apply_async(page, (url,), callback=on_page, error_callback=on_error)

        def done() -> None:
            nonlocal out
            out -= 1
            if not out:
                over.set()

        send(start)
        over.wait()
        pool.close()
        pool.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
