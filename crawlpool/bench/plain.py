"""The yardstick: the crawler that a careful user would write with a plain `multiprocessing.Pool`.

    python plain.py URL WORKERS OUTPUT

A session a worker keeps its connection open; the body comes back, and the callback
parses it with lexbor, writes a line, and hands on every link of the host that is
new. It imports nothing of crawlpool, and does nothing for politeness, faults,
killed workers or memory; that is what it is compared with, not what it lacks.
"""

import json
import sys
import threading
from multiprocessing import Pool
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import requests
from selectolax.lexbor import LexborHTMLParser

session = requests.Session()


def fetch(url: str) -> tuple[str, int, bytes]:
    """Run in a worker."""
    response = session.get(url, timeout=30)
    return url, response.status_code, response.content


def crawl(start: str, workers: int, output: Path) -> None:
    """Follow links from `start` within its host; each page once, one line of JSON a page."""
    host = urlsplit(start).netloc
    seen = {start}
    out = 0
    finished = threading.Event()

    with output.open("w", encoding="utf-8") as lines, Pool(workers) as pool:

        def on_page(answer: tuple[str, int, bytes]) -> None:
            url, status, body = answer
            tree = LexborHTMLParser(body)
            title = tree.css_first("title")
            links = [urldefrag(urljoin(url, a.attributes["href"] or ""))[0] for a in tree.css("a[href]")]
            record = {"url": url, "status": status, "title": title and title.text(), "links": len(links)}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
            for link in links:
                if link not in seen and link.startswith("http") and urlsplit(link).netloc == host:
                    seen.add(link)
                    send(link)
            done()

        def on_error(error: BaseException) -> None:
            sys.stderr.write(f"{error}\n")
            done()

        def send(url: str) -> None:
            nonlocal out
            out += 1
            pool.apply_async(fetch, (url,), callback=on_page, error_callback=on_error)

        def done() -> None:
            nonlocal out
            out -= 1
            if not out:
                finished.set()

        send(start)
        finished.wait()
        pool.close()
        pool.join()


if __name__ == "__main__":
    crawl(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
