"""The library as the design prints it, from where people call it: scripts, notebooks, web applications.

Each runs in a process of its own, with the default backend, without an `if __name__ == "__main__"`.
"""

import subprocess
import sys
import textwrap

import pytest

FETCH = """
    import crawlpool

    for page in crawlpool.fetch(urls, workers=8):
        print(page.url, page.status if page.ok else page.error)

    pages = crawlpool.fetch_all(urls, workers=8)
    assert [page.url for page in pages] == urls
"""

CRAWLER = """
    from crawlpool import Crawler

    crawler = Crawler(workers=8, delay=0.01)

    @crawler.on_page("/catalogue/*")
    def book(page):
        yield {"title": page.get("h1"), "url": page.url}
        yield from page.follow_all(css="li.next a")

    @crawler.on_failure
    def lost(page):
        print("lost", page.error)

    result = crawler.run(urls, output="books.jsonl")
    print(result.ended, result.stats.items, result.outputs)
    for item in crawler.items(urls):
        print(item["title"])
"""

POOL = """
    import crawlpool

    def parse(page):
        print("parsed", page.get("h1"))

    def log(page):
        print("failed", page.error)

    with crawlpool.FetchPool(workers=8) as pool:
        for url in urls:
            pool.submit(url, callback=parse, error_callback=log)
        pages = pool.map(urls)
    print([page.status for page in pages])
"""

PRINTED = {
    FETCH: ["BASE/catalogue/1 200", "BASE/gone HTTP 404 Not Found"],
    CRAWLER: [
        "finished 2 ('books.jsonl',)",
        "lost HTTP 404 Not Found",
        "lost HTTP 404 Not Found",
        "One",
        "Two",
    ],
    POOL: ["[200, 404]", "failed HTTP 404 Not Found", "parsed One"],
}


@pytest.fixture
def shop(site):
    site.page("/catalogue/1", "<h1>One</h1><ul><li class=next><a href=2>next</a></ul>")
    site.page("/catalogue/2", "<h1>Two</h1>")
    return site


@pytest.fixture
def python(shop, tmp_path):
    """Run a program; give what it printed, sorted, since pages come as they finish."""

    def run(program, *, is_script=True):
        (tmp_path / "script.py").write_text(program, encoding="utf-8")
        words = ["script.py"] if is_script else ["-c", program]
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return sorted(done.stdout.replace(shop.url, "BASE").splitlines())

    return run


def program(shop, snippet):
    return f"urls = ['{shop.url}/catalogue/1', '{shop.url}/gone']\n{textwrap.dedent(snippet)}"


@pytest.mark.parametrize("snippet", PRINTED, ids=["fetch", "crawler", "pool"])
def test_it_runs_as_a_script_without_a_guard_and_once(shop, python, snippet):
    printed = python("print('begun')\n" + program(shop, snippet))
    assert printed == sorted([*PRINTED[snippet], "begun"])


def test_it_runs_in_the_cells_of_a_notebook_where_an_event_loop_is_running(shop, python):
    cells = [program(shop, snippet) for snippet in PRINTED]
    notebook = f"""
import asyncio

async def kernel():
    for cell in {cells!r}:
        exec(cell, {{"__name__": "__main__"}})  # on the main thread, inside the running loop

asyncio.run(kernel())
"""
    assert python(notebook, is_script=False) == sorted(line for lines in PRINTED.values() for line in lines)


def test_it_runs_in_a_web_application_twice_at_once_and_twice_in_a_row(shop, python):
    printed = python(f"""
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import urlopen

from crawlpool import Crawler, fetch_all

class Application(BaseHTTPRequestHandler):
    def do_GET(self):
        crawler = Crawler(workers=2)
        crawler.on_page(lambda page: {{"title": page.get("h1")}})
        titles = [item["title"] for item in crawler.items({shop.url!r} + self.path)]
        titles += [page.status for page in fetch_all([{shop.url!r} + self.path])]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(repr(titles).encode())

    def log_message(self, *args):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
Thread(target=server.serve_forever, daemon=True).start()

def visit(path):
    return urlopen(f"http://127.0.0.1:{{server.server_port}}{{path}}").read().decode()

for _ in range(2):
    with ThreadPoolExecutor(2) as visitors:
        for answer in visitors.map(visit, ["/catalogue/1", "/catalogue/2"]):
            print(answer)
server.shutdown()
""")
    assert printed == ["['One', 200]", "['One', 200]", "['Two', 200]", "['Two', 200]"]


def test_a_break_out_of_any_iteration_ends_the_workers(shop, python):
    printed = python(f"""
import multiprocessing, time
from crawlpool import Crawler, FetchPool, fetch

urls = [{shop.url!r} + "/catalogue/1"] * 1 + [{shop.url!r} + f"/{{n}}" for n in range(50)]
for page in fetch(urls):
    break
del page
for item in Crawler().items(urls):
    break
with FetchPool() as pool:
    for page in pool.imap_unordered(urls):
        break
until = time.monotonic() + 20
while multiprocessing.active_children() and time.monotonic() < until:
    time.sleep(0.05)
print(len(multiprocessing.active_children()), "left")
""")
    assert printed == ["0 left"]
