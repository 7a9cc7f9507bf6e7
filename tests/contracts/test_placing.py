"""One promise, three keepers: a page's handler gives the same wherever `parse_in` has it run."""

import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import pytest

from crawlpool import ConfigError, Crawler, FetchPool, Request, fetch
from crawlpool.errors import HandlerError
from crawlpool.testing import Pages

from ..site import Site

PLACES = [
    ("worker", "process", 1),
    ("worker", "process", 4),
    ("worker", "thread", 1),
    ("process", "process", 1),
    ("process", "thread", 4),
]
APART = ["worker", "process"]


@dataclass
class Book:
    title: str
    pages: int


@dataclass
class Note:
    text: str


def fill(site):
    """A site with a page for each thing that a handler may do."""
    site.page("/", links=["/shelf", "/raises", "/none", "/gone", "/old", "/json", "/busy", "/empty"])
    site.page("/shelf", "<ul><li><a href='/book/1'>One</a><li><a href='/book/2'>Two</a></ul>")
    for n in (1, 2):
        site.page(f"/book/{n}", f"<h1>Book {n}</h1><p class=price>{n} €</p>")
    site.page("/raises", "<h1>Half</h1>")
    site.page("/none", "<p>nothing</p>")
    site.page("/gone", "<h1>was here</h1>", status=410)
    site.page("/lost", "<h1>nobody is for this status</h1>", status=404)
    site.redirect("/old", "/none?moved")
    site.page("/none?moved", "<h1>Moved</h1>")
    site.page("/json", '{"price": 3}', content_type="application/json")
    site.page("/busy", "<h1>Later</h1>", fails_first=1)
    site.page("/empty", "")


def scraper(lost, **knobs):
    """A crawler with a handler for each of those pages."""
    crawler = Crawler(workers=2, per_host=4, backoff=0.0, **knobs)

    @crawler.on_page
    def anything(page):
        yield {"url": page.final_url, "links": page.links(), "text": page.text[:40], "depth": page.depth}
        yield from page.follow_all(css="a")

    @crawler.on_page("/shelf")
    def shelf(page):
        for place, cover in enumerate(page.css("li a")):
            yield page.follow(cover, handler="book", data={"place": place, "note": Note("of mine")})
        return [page.follow("/lost")]

    @crawler.on_page("/never/*")
    def book(page):
        title = page.soup.h1.get_text()
        yield Book(title, page.data["place"])
        yield {
            "price": page.get(".price"),
            "xpath": page.xpath("string(//h1)"),
            "note": page.data["note"].text,
        }
        yield page.follow("/lost", priority=2)

    @crawler.on_page("/raises")
    def raises(page):
        yield {"never": "kept"}
        raise KeyError(page.get("h1"))

    @crawler.on_page("/none")
    def nothing(page): ...

    @crawler.on_page("/json")
    def one(page):
        return {"price": page.json()["price"]}

    @crawler.on_page("/gone", status=410)
    def gone(page):
        return [{"status": page.status, "was": page.get("h1")}, None]

    @crawler.on_failure
    def failed(page):
        lost.append((page.url.rpartition("/")[2], page.status, page.content[:20]))
        return {"failed": page.url}

    return crawler


def whole(crawler, site):
    """All that came of a crawl, without what differs from run to run: order, times, processes."""
    items = sorted(repr(item) for item in crawler.items([site.url + "/", site.url + "/book/none"]))
    stats = crawler.stats
    failures = sorted((f.kind.value, f.message, f.traceback.rpartition("\n")[2]) for f in stats.last_failures)
    return {
        "items": items,
        "failures": failures,
        "pages": (stats.pages, stats.ok, stats.items, sorted(stats.statuses.items()), stats.bytes),
        "asked": sorted(site.requests),
    }


def came_to(site, **knobs):
    """The same with a fresh site, whose URL does not show."""
    lost = []
    fill(site)
    found = whole(scraper(lost, **knobs), site) | {"lost": sorted(map(str, lost))}
    return repr(found).replace(site.url, "http://site")


@pytest.fixture(scope="module")
def here():
    """What a crawl comes to whose handlers run in the main process."""
    with closing(Site()) as site:
        return came_to(site, backend="sync")


@pytest.mark.parametrize(("place", "backend", "connections"), PLACES)
def test_a_crawl_comes_to_the_same_wherever_its_handlers_run(site, here, place, backend, connections):
    assert "'Book 2'" in here
    assert "KeyError: 'Half'" in here
    assert came_to(site, backend=backend, parse_in=place, connections=connections) == here


@pytest.mark.parametrize("place", APART)
def test_a_traceback_leads_to_the_users_line_and_through_none_of_ours(site, place):
    site.page("/")
    crawler = Crawler(backend="process", workers=1, parse_in=place)

    @crawler.on_page
    def parse(page):
        return {"title": page.json()["title"]}

    assert list(crawler.items(site.url + "/")) == []
    (failure,) = crawler.stats.last_failures
    assert failure.message.startswith("ValueError: no JSON at http://127.0.0.1:")
    assert "in parse" in failure.traceback
    assert "handling" not in failure.traceback
    strict = Crawler(backend="process", workers=1, parse_in=place, fail_fast=True)
    strict.on_page(parse)
    with pytest.raises(HandlerError, match=r"the handler raised for http://127\.0\.0\.1"):
        list(strict.items(site.url + "/"))


def killing(crawler, times):
    """Kill a worker of the crawl now and then, from another thread."""
    killed = []

    def kill():
        while len(killed) < times:
            time.sleep(0.06)
            engine = crawler._engine
            pids = [] if engine is None else [pid for pid in engine.pids() if pid and pid != os.getpid()]
            for pid in pids[len(killed) % 2 :: 2][:1]:
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                except ProcessLookupError:
                    pass

    threading.Thread(target=kill, daemon=True).start()
    return killed


@pytest.mark.parametrize(("place", "backend"), [("worker", "process"), ("process", "thread")])
def test_workers_that_are_killed_lose_no_page_and_give_no_item_twice(site, place, backend):
    for n in range(40):
        site.page(f"/{n}", "<h1>here</h1>")

    crawler = Crawler(
        backend=backend,
        workers=2,
        parse_workers=2 if place == "process" else None,
        per_host=8,
        parse_in=place,
    )

    @crawler.on_page
    def slow(page):
        until = time.monotonic() + 0.02
        while time.monotonic() < until:
            page.make_soup()
        return {"path": page.url.rpartition("/")[2]}

    killed = killing(crawler, 4)
    items = list(crawler.items([f"{site.url}/{n}" for n in range(40)]))
    assert sorted(int(item["path"]) for item in items) == list(range(40))
    assert len(killed) >= 2
    assert crawler.stats.workers_lost >= 2


@pytest.mark.parametrize("place", APART)
def test_a_page_whose_handler_kills_workers_ends_as_failed_and_the_others_are_there(site, place, monkeypatch):
    monkeypatch.setattr("crawlpool.blame._FIRST_WAIT_S", 0.01)
    for path in ("/", "/a", "/b", "/bad"):
        site.page(path)
    crawler = Crawler(backend="process", workers=2, parse_in=place)

    @crawler.on_page
    def parse(page):
        if page.url.endswith("/bad"):
            os.kill(os.getpid(), signal.SIGKILL)
        return {"path": page.url.rpartition("/")[2]}

    items = list(crawler.items([site.url + path for path in ("/", "/bad", "/a", "/b")]))
    assert sorted(item["path"] for item in items) == ["", "a", "b"]
    (failure,) = crawler.stats.last_failures
    assert failure.kind == "handler"
    assert "the workers that called it for this page died or hung" in failure.message


@pytest.mark.parametrize("place", APART)
def test_a_handler_that_hangs_for_good_costs_its_page_only(site, place, monkeypatch):
    monkeypatch.setattr("crawlpool.handling.placed.PATIENCE_S", 0.3)
    monkeypatch.setattr("crawlpool.engine.GRACE_S", 0.1)
    monkeypatch.setattr("crawlpool.engine._MOST_PARSING_S", 0.1)
    site.page("/")
    site.page("/bad")
    crawler = Crawler(
        backend="process", workers=2, parse_in=place, timeout=0.3, connect_timeout=0.3, backoff=0.0
    )

    @crawler.on_page
    def parse(page):
        if page.url.endswith("/bad"):
            time.sleep(60)
        return {"path": page.url.rpartition("/")[2]}

    assert list(crawler.items([site.url + "/bad", site.url + "/"])) == [{"path": ""}]
    (failure,) = crawler.stats.last_failures
    assert failure.kind == "handler"


@pytest.mark.parametrize("place", APART)
def test_a_handler_that_takes_too_long_or_exits_fails_its_page_and_not_the_worker(site, place):
    site.page("/slow")
    site.page("/exit")
    crawler = Crawler(backend="process", workers=1, parse_in=place, handler_timeout=0.1)
    crawler.on_page("/slow")(lambda page: time.sleep(30))
    crawler.on_page("/exit")(lambda page: exit(3))
    assert list(crawler.items([site.url + "/slow", site.url + "/exit"])) == []
    first, second = sorted(each.message for each in crawler.stats.last_failures)
    assert first.startswith("SystemExit: 3")
    assert second == "the handler took longer than 0.1 s and was cut off"
    assert crawler.stats.workers_lost == 0


# What can go to a worker, and what cannot


class Counting:
    """A handler that is an object."""

    def __init__(self, resource=None):
        self.resource = resource

    def __call__(self, page):
        return {"title": page.title}

    def parse(self, page):
        return {"title": page.title}


def titled(title, page):
    return {"title": title + (page.title or "")}


@pytest.mark.parametrize("place", APART)
def test_objects_methods_partials_and_lambdas_go_to_workers(site, place):
    crawler = Crawler(backend="process", workers=1, parse_in=place)
    handlers = [
        Counting(),
        Counting().parse,
        partial(titled, "a partial "),
        lambda page: {"title": page.title},
    ]
    for n, handler in enumerate(handlers):
        site.page(f"/{n}", title=str(n))
        crawler.on_page(f"/{n}")(handler)
    titles = [item["title"] for item in crawler.items([f"{site.url}/{n}" for n in range(4)])]
    assert sorted(titles) == ["0", "1", "3", "a partial 2"]


@pytest.mark.parametrize("place", APART)
def test_what_cannot_go_to_a_worker_is_named_before_anything_is_asked(site, place):
    site.page("/")
    db, lock = sqlite3.connect(":memory:"), threading.Lock()

    def keep(page):
        db.execute("SELECT 1")

    def outer(page):
        return keep(page)

    def guarded(page, held=lock): ...

    handlers = {
        "the handler keep cannot go to a worker: its variable 'db' is a sqlite3.Connection": keep,
        "the handler outer cannot go to a worker: its variable 'db' is a sqlite3.Connection": outer,
        "its argument 'held' is a _thread.lock": guarded,
        "its attribute 'resource' is a _thread.lock": Counting(lock),
        "its argument '0' is a _thread.lock": partial(titled, lock),
    }
    for said, handler in handlers.items():
        crawler = Crawler(backend="process", parse_in=place)
        crawler.on_page(handler)
        with pytest.raises(ConfigError) as raised:
            crawler.run(site.url + "/")
        assert said in str(raised.value)
        assert 'parse_in="main"' in str(raised.value)
    db.close()
    assert site.requests == []


@pytest.mark.parametrize("place", APART)
def test_data_that_cannot_go_is_the_fault_of_its_page_alone(site, place):
    for path in ("/", "/a", "/b"):
        site.page(path)
    crawler = Crawler(backend="process", workers=1, parse_in=place)

    @crawler.on_page
    def parse(page):
        if page.url.endswith("/a"):
            return page.follow("/c", data=(each for each in "ab"))
        return {"path": page.url.rpartition("/")[2]}

    seeds = [Request(site.url + "/", data=threading.Lock()), site.url + "/a", site.url + "/b"]
    assert list(crawler.items(seeds)) == [{"path": "b"}]
    first, second = sorted(each.message for each in crawler.stats.last_failures)
    assert first.startswith("a request that it gave cannot leave the worker, for what it carries as data:")
    assert second.startswith("its request cannot go to a worker, for what it carries as data:")


def test_a_module_that_workers_cannot_import_ends_the_crawl_with_its_name(site, tmp_path, monkeypatch):
    site.page("/")
    (tmp_path / "only_here.py").write_text(
        "import sys\nif 'pytest' not in sys.modules:\n    raise ImportError('not in a worker')\n"
        "def parse(page):\n    return {'title': page.title}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here

    crawler = Crawler(backend="process", workers=1, parse_in="process")
    crawler.on_page(only_here.parse)
    with pytest.raises(ConfigError, match=r"(?s)cannot be loaded in a worker.*ImportError"):
        list(crawler.items(site.url + "/"))


def test_what_has_no_handlers_says_so():
    for call in (fetch, FetchPool):
        with pytest.raises(ConfigError, match="has no handlers"):
            call(parse_in="process")


def test_a_pool_of_the_users_own_calls_no_handlers(site):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        crawler = Crawler(backend=pool, parse_in="worker")
        crawler.on_page(lambda page: None)
        with pytest.raises(
            ConfigError, match="needs workers of ours, and a ThreadPoolExecutor is its owner's"
        ):
            crawler.run(site.url + "/")


def test_in_a_rehearsal_handlers_run_in_the_test_itself():
    seen = []
    with Pages({"https://shop.example/": "<title>Shop</title>"}):
        for place in APART:
            crawler = Crawler(parse_in=place)
            crawler.on_page(lambda page: seen.append(page.title))
            crawler.run("https://shop.example/")
    assert seen == ["Shop", "Shop"]


# Where a page stands until its items are stored


def test_a_page_counts_as_open_until_its_handler_is_done(site, tmp_path):
    for n in range(12):
        site.page(f"/{n}")
    crawler = Crawler(
        backend="thread", workers=2, per_host=8, parse_in="process", parse_workers=1, max_pages=5
    )

    @crawler.on_page
    def parse(page):
        time.sleep(0.02)
        return {"path": page.url}

    result = crawler.run([f"{site.url}/{n}" for n in range(12)], output=tmp_path / "out.jsonl")
    assert (result.ended, result.stats.items, len(site.requests)) == ("max_pages", 5, 5)
    assert result.waiting == 7
    crawler.settings = Crawler(
        backend="thread", parse_in="worker", workers=2
    ).settings  # the place is no part of the job
    result = crawler.run([f"{site.url}/{n}" for n in range(12)], output=tmp_path / "out.jsonl")
    assert (result.ended, result.waiting) == ("finished", 0)
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 12


def test_what_waits_for_handlers_at_a_limit_of_pages_is_not_held_back_by_politeness(site):
    for n in range(12):
        site.page(f"/{n}")
    crawler = Crawler(
        backend="thread", workers=2, per_host=8, parse_in="process", parse_workers=1, max_pages=5
    )
    crawler.on_page(lambda page: time.sleep(0.1))
    list(crawler.items([f"{site.url}/{n}" for n in range(12)]))
    spent = crawler.stats.spent_s
    assert spent["held back"] < 0.5 * spent["waiting"]


def test_the_memory_of_processes_for_handlers_is_bounded_where_threads_fetch(site):
    for n in range(4):
        site.page(f"/{n}")
    crawler = Crawler(
        backend="thread", parse_in="process", parse_workers=1, worker_memory=96 * 1024 * 1024, max_pages=4
    )
    kept = []

    @crawler.on_page
    def parse(page):
        kept.append(bytearray(b"x" * (80 * 1024 * 1024)))
        time.sleep(0.2)
        return {"kept": len(kept)}

    found = [item["kept"] for item in crawler.items([f"{site.url}/{n}" for n in range(4)])]
    assert len(found) == 4
    assert max(found) < 4  # and 4 in a worker that nobody replaces


def test_slow_handlers_hold_up_fetching_before_pages_pile_up(site, monkeypatch):
    monkeypatch.setattr("crawlpool.parsecrew.MOST_PAGES", 5)
    for n in range(40):
        site.page(f"/{n}")
    crawler = Crawler(backend="thread", workers=2, per_host=2, parse_in="process", parse_workers=1)

    @crawler.on_page
    def parse(page):
        time.sleep(0.02)
        return {"path": page.url}

    ahead, began, worked = [], time.monotonic(), time.thread_time()
    for count, _ in enumerate(crawler.items([f"{site.url}/{n}" for n in range(40)])):
        ahead.append(len(site.requests) - count)
    assert len(ahead) == 40
    assert max(ahead) < 30  # and 40 without the bound
    assert time.thread_time() - worked < 0.6 * (
        time.monotonic() - began
    )  # it waits, and looks at nothing again and again


def test_a_stop_waits_for_few_of_the_pages_whose_handlers_take_long(site):
    for n in range(40):
        site.page(f"/{n}")
    crawler = Crawler(
        backend="thread",
        workers=4,
        per_host=4,
        parse_in="process",
        parse_workers=2,
        max_time=1.2,
        robots=False,
    )

    @crawler.on_page
    def parse(page):
        time.sleep(0.6)
        return {"path": page.url}

    result = crawler.run([f"{site.url}/{n}" for n in range(40)])
    assert result.ended == "max_time"
    assert (
        2 <= result.stats.items <= 16
    )  # and all 40 where pages are fetched as long as there is room for them


@pytest.mark.parametrize("place", APART)
def test_selected_columns_are_made_in_workers_and_are_the_same(sites, place):
    def of(**knobs):
        site = sites()
        site.page("/a", "<h1>A</h1><p class=price>3</p>")
        site.page("/b", "<h1>B</h1>")
        site.page("/gone", status=404)
        crawler = Crawler(workers=1, select=(("price", ".price"), ("head", "h1")), **knobs)
        rows = sorted(
            crawler.items([f"{site.url}/{path}" for path in ("a", "b", "gone")]), key=lambda r: r["url"]
        )
        counts = {name: (each.looked, each.missed) for name, each in crawler.stats.selected.items()}
        return [{**row, "elapsed_s": 0, "fetched_at": 0, "url": "", "final_url": ""} for row in rows], counts

    backend = "process" if place == "worker" else "sync"
    assert of(backend=backend, parse_in=place) == of(backend="sync")
