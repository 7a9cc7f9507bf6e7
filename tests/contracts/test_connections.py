"""What holds when each worker has many requests under way at once, whatever it is and fetches with."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import crawlpool
from crawlpool import ConfigError, Crawler
from crawlpool.worker.exchanges import Exchanges
from crawlpool.worker.wire import TransportOptions, response_answer

from . import transports
from .test_lanes import children

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(60)

WORKERS = ["process", "thread", "futures-process", "futures-thread"]
each_worker = pytest.mark.parametrize("backend", WORKERS)
each_kind = pytest.mark.parametrize(
    ("backend", "transport"),
    [
        ("process", "requests"),
        ("thread", "requests"),
        pytest.param("process", "curl", marks=transports.NEEDS_PYCURL),
        pytest.param("thread", "curl", marks=transports.NEEDS_PYCURL),
    ],
)


def pages(site, number: int, prefix: str = "", **more) -> list[str]:
    for i in range(number):
        site.page(f"/{prefix}{i}", **more)
    return [f"{site.url}/{prefix}{i}" for i in range(number)]


def crawl(urls, **knobs):
    found = list(crawlpool.fetch(urls, robots=False, **{"retries": 0, **knobs}))
    return {page.url: page for page in found}


# At once


@each_kind
def test_one_worker_asks_for_as_many_as_it_has_connections(site, backend, transport):
    urls = pages(site, 24, delay_s=0.25)
    found = crawl(urls, workers=1, connections=8, per_host=8, backend=backend, transport=transport)
    assert [found[url].status for url in urls] == [200] * 24
    assert site.most_at_once == 8
    assert set(site.counts.values()) == {1}


@each_kind
def test_a_host_has_no_more_under_way_than_its_cap_however_many_connections_there_are(
    site, sites, backend, transport
):
    other = sites("127.0.0.2")
    urls = [*pages(site, 12, delay_s=0.05), *pages(other, 12, delay_s=0.05)]
    found = crawl(urls, workers=2, connections=8, per_host=3, backend=backend, transport=transport)
    assert all(page.ok for page in found.values())
    assert (site.most_at_once, other.most_at_once) == (3, 3)


@each_kind
def test_a_host_that_takes_its_time_holds_up_nobody_who_shares_its_worker(site, sites, backend, transport):
    slow = sites("127.0.0.2")
    slow_urls = pages(slow, 3)
    for i in range(3):
        slow.hold(f"/{i}")
    urls = pages(site, 30)
    ended = []
    for page in crawlpool.fetch(
        [*slow_urls, *urls],
        robots=False,
        workers=1,
        connections=6,
        per_host=3,
        backend=backend,
        transport=transport,
    ):
        ended.append(page.url)
        if len(ended) == len(urls):
            for i in range(3):
                slow.release(f"/{i}")
    assert set(ended[:30]) == set(urls)
    assert set(ended[30:]) == set(slow_urls)


def test_lanes_that_are_processes_share_what_there_is_before_one_takes_it_all(site):
    before = children()
    urls = pages(site, 24, delay_s=0.2)
    workers = {page.outcome.worker for page in crawl(urls, workers=4, connections=12, per_host=24).values()}
    assert len(workers) == min(4, os.cpu_count() or 1)
    assert children() - before == set()


def test_threads_fill_one_lane_first_because_they_share_one_interpreter(site, monkeypatch):
    urls = pages(site, 16, delay_s=0.1)
    result = Crawler(backend="thread", workers=4, connections=16, per_host=16, robots=False).run(urls)
    assert (result.stats.ok, result.stats.most_workers) == (16, 1)
    assert site.most_at_once == 16


# Rest, and the end


@each_kind
def test_a_host_that_asks_for_rest_gets_it_though_more_was_on_its_way(site, backend, transport):
    urls = pages(site, 40, delay_s=0.02)
    site.page("/3", status=429, headers={"Retry-After": "1"}, delay_s=0.02)
    result = Crawler(
        workers=1, connections=4, per_host=4, backend=backend, transport=transport, robots=False, retries=0
    ).run(urls)
    assert result.stats.ok == 39
    rest_began = next(n for n, each in enumerate(site.log) if each.path == "/3")
    after = [each.at for each in site.log[rest_began + 1 :] if each.at > site.log[rest_began].at + 0.5]
    quickly = [each for each in site.log[rest_began + 1 :] if each.at <= site.log[rest_began].at + 0.5]
    assert len(quickly) <= 8  # what was under way, and what began in the moment until the answer was here
    assert len(after) + len(quickly) + rest_began + 1 == 40


@each_kind
def test_the_page_limit_is_exact(site, backend, transport):
    urls = pages(site, 60)
    result = Crawler(
        workers=2,
        connections=16,
        per_host=16,
        max_pages=17,
        backend=backend,
        transport=transport,
        robots=False,
    ).run(urls)
    assert (result.stats.ok, len(site.log)) == (17, 17)


# Deaths


@pytest.mark.parametrize("transport", transports.NAMES)
@pytest.mark.parametrize("backend", ["process", "futures-process"])
def test_a_worker_that_is_killed_with_many_under_way_costs_no_page_and_brings_none_twice(
    site, backend, transport
):
    before = children()
    urls = pages(site, 60, delay_s=0.05)
    killed = []

    def kill_some() -> None:
        for n in (8, 24, 40):
            site.wait_until(lambda n=n: len(site.log) >= n)
            for worker in sorted(children() - before)[:1]:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    killer = threading.Thread(target=kill_some)
    killer.start()
    found = []
    crawler = Crawler(
        workers=2,
        connections=8,
        per_host=16,
        backend=backend,
        transport=transport,
        robots=False,
        backoff=0.01,
    )

    @crawler.on_page
    def page(page):
        yield {"url": page.url}

    found = [item["url"] for item in crawler.items(urls)]
    killer.join()
    assert sorted(found) == sorted(urls)
    assert killed
    assert children() - before == set()


DEADLY = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != "crawlpool.parse.facts":
            return None
        sys.meta_path.remove(self)
        import importlib.util
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            read = module.read_facts
            def deadly(body, *args, **more):
                if b"<title>deadly" in body:
                    os.kill(os.getpid(), signal.SIGKILL)
                return read(body, *args, **more)
            module.read_facts = deadly
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""

SCRIPT = """
import json, sys
from crawlpool import Crawler

crawler = Crawler(robots=False, follow=True, backoff=0.01, workers=2, connections=8, per_host=16, transport=sys.argv[1])
records = list(crawler.items(json.loads(sys.argv[2])))
print(json.dumps([[each["url"], each["status"], each.get("error")] for each in records]))
"""


@pytest.mark.parametrize("transport", transports.NAMES)
def test_the_page_that_kills_workers_is_found_among_many_and_the_others_are_all_there(
    site, transport, tmp_path
):
    urls = pages(site, 30)
    deadly = f"{site.url}/deadly"
    site.page("/deadly", "<title>deadly</title>")
    (tmp_path / "sitecustomize.py").write_text(DEADLY)
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py", transport, json.dumps([*urls[:15], deadly, *urls[15:]])],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sorted(url for url, *_ in found) == sorted([*urls, deadly])
    # The deadly one was had in the end, because the last try leaves the page unparsed.
    assert {(status, error) for _, status, error in found} == {(200, None)}
    assert site.asked("/deadly") == 6


# Where it cannot be


@pytest.mark.parametrize("backend", ["sync"])
def test_without_a_worker_there_is_one_connection_and_that_is_said(backend):
    with pytest.raises(ConfigError, match=r'connections=4 needs workers of ours .* "process" or "thread"'):
        crawlpool.fetch_all("http://127.0.0.1:9/", backend=backend, connections=4)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize("transport", transports.NAMES)
def test_more_connections_than_a_process_may_have_descriptors_are_not_made(sites, transport):
    urls = [url for n in range(2, 42) for url in pages(sites(f"127.0.9.{n}"), 3, delay_s=0.05)]
    script = (
        "import json, resource, sys, crawlpool, logging\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))\n"
        "logging.basicConfig(level=logging.WARNING)\n"
        "found = crawlpool.fetch_all(json.loads(sys.stdin.read()), workers=1, connections=200, per_host=2,"
        " transport=sys.argv[1])\n"
        "print([page.status for page in found])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, transport],
        check=False, input=json.dumps(urls), capture_output=True, text=True, timeout=50, cwd=ROOT,
    )  # fmt: skip
    assert run.stdout.strip() == str([200] * 120), run.stderr
    assert run.stderr.count("connections.capped") == 1
    assert ("network.gone" in run.stderr, "ulimit -n" in run.stderr) == (False, True)


def test_a_pool_of_the_users_own_has_one_connection_a_worker_and_that_is_said():
    from multiprocessing.pool import ThreadPool

    with ThreadPool(1) as pool, pytest.raises(ConfigError, match="connections=4 needs workers of ours"):
        crawlpool.fetch_all("http://127.0.0.1:9/", backend=pool, connections=4)


# The exchange itself


class ByHand:
    """A transport that answers when the test says so."""

    def __init__(self) -> None:
        self.started, self.ready = [], []

    def start(self, order) -> None:
        self.started.append(order)

    def finish(self, order, status: int = 200) -> None:
        self.ready.append(
            response_answer(
                order, status=status, reason="", http_version="HTTP/1.1", headers=(), request_headers=(),
                remote_address="", body=b"", is_cut=False, is_body_read=True, raw_body=None, facts=None,
                media_type="", fetched_at=0.0, elapsed_s=0.0, wait_s=0.0, received=0, worker=1,
            )
        )  # fmt: skip

    def wait(self, timeout_s: float):
        ready, self.ready = self.ready, []
        if not ready:
            threading.Event().wait(min(timeout_s, 0.01))
        return ready

    def close(self) -> None:
        pass


class Reader(ByHand):
    """One that says what came before it reads it; then it looks what is on its way."""

    unread = ()

    def wait(self, timeout_s: float):
        ready = super().wait(timeout_s)
        for answer in ready:
            self.off_wire(answer[0], answer[2])
        for number in self.unread:
            self.off_wire(number, 200)
        self.unread = ()
        self.seen = [each[0] for each in self.started]
        return ready


def order(number: int, host: str = "a.example"):
    return (number, "GET", f"http://{host}/{number}", (), b"", 0)


def test_an_exchange_comes_back_with_nothing_while_a_connection_is_free_so_that_new_orders_get_in():
    transport = ByHand()
    exchange = Exchanges(transport, 3)
    assert exchange([order(1)], (("a.example", 2),)) == []
    assert exchange([order(2)], (("a.example", 2),)) == []
    assert [each[0] for each in transport.started] == [1, 2]


def test_orders_beyond_the_places_of_their_host_wait_until_one_of_it_is_answered():
    transport = ByHand()
    begun = [0, 0, 0, 0]
    exchange = Exchanges(transport, 4, begun)
    exchange([order(1), order(2), order(3), order(4, "b.example")], (("a.example", 2), ("b.example", 1)))
    assert [each[0] for each in transport.started] == [1, 2, 4]
    assert sorted(begun) == [0, 1, 2, 4]
    transport.finish(order(1))
    (answer,) = exchange([])
    assert answer[0] == 1
    assert sorted(begun) == [0, 2, 3, 4]


def test_another_request_is_on_its_way_while_an_answer_is_read():
    transport = Reader()
    exchange = Exchanges(transport, 2)
    transport.finish(order(1))
    assert [each[0] for each in exchange([order(n) for n in (1, 2, 3, 4)], (("a.example", 2),))] == [1]
    assert transport.seen == [1, 2, 3]


def test_what_came_and_is_not_read_yet_is_bounded_and_counts_as_begun():
    transport = Reader()
    begun = [0, 0, 0, 0]
    exchange = Exchanges(transport, 2, begun)
    transport.finish(order(1))
    transport.unread = (2, 3, 4)
    assert [each[0] for each in exchange([order(n) for n in range(1, 9)], (("a.example", 2),))] == [1]
    assert ([each[0] for each in transport.started], sorted(begun)) == ([1, 2, 3, 4, 5], [2, 3, 4, 5])


def test_a_host_that_asks_for_rest_is_heard_before_its_answer_is_read():
    transport = Reader()
    exchange = Exchanges(transport, 4)
    transport.finish(order(1), 429)
    answers = exchange([order(1), order(2), order(3, "b.example")], (("a.example", 1), ("b.example", 1)))
    assert sorted(each[:2] for each in answers) == [(1, True), (2, None)]
    assert transport.seen == [1, 3]


@pytest.mark.parametrize("status", [429, 503])
def test_what_waits_for_a_host_that_asks_for_rest_comes_back_unbegun(status):
    transport = ByHand()
    exchange = Exchanges(transport, 4)
    exchange([order(1), order(2), order(3), order(4, "b.example")], (("a.example", 1), ("b.example", 1)))
    transport.finish(order(1), status)
    answers = exchange([])
    assert sorted((each[0], each[1]) for each in answers) == [(1, True), (2, None), (3, None)]


def test_after_the_end_of_the_crawls_time_nothing_is_begun():
    transport = ByHand()
    exchange = Exchanges(transport, 4, start_until=0.0)
    answers = exchange([order(1), order(2)], (("a.example", 1),))
    assert ([each[:2] for each in answers], transport.started) == ([(1, None), (2, None)], [])


def test_the_options_of_a_worker_have_one_connection_unless_said():
    assert TransportOptions().connections == 1
