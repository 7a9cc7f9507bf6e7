"""The crew as a whole: it grows and shrinks, replaces what takes too much or hangs, and makes do with what there is."""

import gc
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

import crawlpool
from crawlpool import ConfigError, Crawler, FetchPool

from .test_lanes import PROCESSES, children, is_running

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(60)

on_linux = pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="looks into /proc")


def pages(site, number: int, **more) -> list[str]:
    for i in range(number):
        site.page(f"/{i}", **more)
    return [f"{site.url}/{i}" for i in range(number)]


# Growing and shrinking


@pytest.mark.parametrize("backend", ["process", "futures-thread"])
def test_a_crew_of_two_to_six_grows_under_load_and_shrinks_when_idle(site, backend, monkeypatch, caplog):
    monkeypatch.setattr("crawlpool.roster.IDLE_S", 0.3)
    caplog.set_level("INFO", "crawlpool")
    before = children()
    urls = pages(site, 30, delay_s=0.08)
    site.page("/slow", delay_s=1.0)
    with FetchPool(workers="2..6", per_host=6, backend=backend, robots=False) as pool:
        assert pool.stats.workers == 0
        assert len(pool._engine.pids()) == 2
        assert all(page.ok for page in pool.map(urls))
        assert pool.stats.most_workers == 6
        assert pool.submit(site.url + "/slow").get().ok
        assert (pool.stats.workers, len(pool._engine.pids())) == (2, 2)
        assert len(children() - before) == (2 if backend == "process" else 0)
        assert all(page.ok for page in pool.map(urls))
        assert pool.stats.workers > 2
    said = [record.getMessage() for record in caplog.records]
    assert sum(line.startswith("workers.grown ") for line in said) >= 8
    assert sum(line.startswith("workers.shrunk ") for line in said) >= 4
    assert pool.stats.workers_lost == 0
    assert set(site.counts.values()) == {1, 2}
    assert children() - before == set()


def test_a_crew_of_a_plain_number_keeps_what_it_has_opened(site, monkeypatch):
    monkeypatch.setattr("crawlpool.roster.IDLE_S", 0.1)
    urls = pages(site, 8, delay_s=0.1)
    site.page("/slow", delay_s=0.5)
    with FetchPool(workers=4, per_host=4, backend="thread", robots=False) as pool:
        pool.map(urls)
        pool.submit(site.url + "/slow").get()
        assert pool.stats.workers == 4


def test_one_url_does_not_make_an_elastic_crew_grow(site):
    site.page("/")
    result = Crawler(workers=(1, 9), robots=False).run(site.url + "/")
    assert result.stats.most_workers == 1


# Memory and hangs, in workers whose name lookups go wrong (worker_faults.py)

FAULTY = """
import json, logging, sys
import crawlpool, crawlpool.engine

knobs = json.loads(sys.argv[1])
crawlpool.engine.GRACE_S = 0.3
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
crawler = crawlpool.Crawler(robots=False, backoff=0.01, **knobs.pop("knobs"))
found = []

@crawler.on_failure
def failed(page):
    found.append((page.url, page.failure.kind.value))

@crawler.on_page
def parse(page):
    found.append((page.url, page.status, page.outcome.worker))

stats = crawler.run(knobs["urls"]).stats
print(json.dumps([found, stats.workers_lost, stats.abandoned, stats.most_workers]))
"""


@pytest.fixture
def faulty(tmp_path):
    """Crawl in a process of its own, whose workers do what the names of hosts say."""

    def crawl(urls, *, limit: str = "", **knobs):
        text = (Path(__file__).parent / "worker_faults.py").read_text()
        (tmp_path / "sitecustomize.py").write_text(text)
        (tmp_path / "script.py").write_text(limit + FAULTY)
        done = subprocess.run(
            [sys.executable, "script.py", json.dumps({"urls": urls, "knobs": knobs})],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
        found, lost, abandoned, most = json.loads(done.stdout)
        return {url: tuple(rest) for url, *rest in found}, lost, abandoned, most, done.stderr

    return crawl


def named(site, *names: str) -> list[str]:
    port = site.url.rpartition(":")[2]
    return [f"http://{name}.test:{port}/{name}" for name in names]


@on_linux
def test_a_worker_that_takes_too_much_memory_is_replaced_between_requests(site, faulty):
    names = [f"{i}.leak" for i in range(5)]
    for name in names:
        site.page(f"/{name}", delay_s=0.3)
    urls = named(site, *names)
    found, lost, _, _, said = faulty(urls, workers=1, worker_memory=80 * 1024 * 1024)

    assert [found[url][0] for url in urls] == [200] * 5
    assert 2 <= len({worker for _, worker in found.values()}) <= 4
    assert "worker.replaced" in said
    assert lost == 0
    assert set(site.counts.values()) == {1}


@on_linux
def test_a_worker_that_takes_twice_as_much_is_killed_at_once_and_its_request_is_blamed(site, faulty):
    urls = [*named(site, "greedy"), *pages(site, 6)]
    found, lost, _, _, said = faulty(urls, workers=1, worker_memory=64 * 1024 * 1024)

    assert found.pop(urls[0]) == ("worker_lost",)
    assert [each[0] for each in found.values()] == [200] * 6
    assert lost == 6
    assert "of memory, more than twice" in said
    assert set(site.counts.values()) == {1}


@on_linux
def test_where_we_cannot_look_a_worker_reports_what_it_takes(site, faulty):
    names = [f"{i}.leak" for i in range(4)]
    for name in names:
        site.page(f"/{name}", delay_s=0.3)
    blind = "from crawlpool.worker import memory\nmemory.can_look = lambda: False\n"
    found, lost, _, _, said = faulty(
        named(site, *names), limit=blind, workers=1, worker_memory=80 * 1024 * 1024, backend="futures-process"
    )
    assert [each[0] for each in found.values()] == [200] * 4
    assert len({worker for _, worker in found.values()}) > 1
    assert "worker.replaced" in said
    assert lost == 0


@pytest.mark.parametrize("backend", ["thread", "sync", "futures-thread"])
def test_a_limit_of_memory_needs_workers_with_a_memory_of_their_own(backend):
    with pytest.raises(ConfigError, match="worker_memory needs a process backend"):
        list(crawlpool.fetch("http://127.0.0.1:9/", backend=backend, worker_memory=2**30))


def test_a_limit_of_memory_is_not_for_a_pool_of_the_users_own():
    with ThreadPool(1) as pool, pytest.raises(ConfigError, match="ThreadPool"):
        list(crawlpool.fetch("http://127.0.0.1:9/", backend=pool, worker_memory=2**30))


@pytest.mark.parametrize("backend", PROCESSES)
def test_a_worker_that_hangs_in_a_name_lookup_or_in_c_is_replaced_and_its_page_times_out(
    site, faulty, backend
):
    site.page("/fine")
    urls = [*named(site, "stuck", "gil", "fine"), *pages(site, 6)]
    found, lost, abandoned, _, _ = faulty(
        urls, workers=2, backend=backend, timeout=0.5, connect_timeout=0.5, retries=0, max_body=100_000
    )
    assert [found.pop(url) for url in urls[:2]] == [("timeout",), ("timeout",)]
    assert [each[0] for each in found.values()] == [200] * 7
    assert (lost, abandoned) == (2, 0)
    assert set(site.counts.values()) == {1}


@on_linux
@pytest.mark.parametrize("backend", PROCESSES)
def test_a_worker_that_was_stopped_is_replaced_and_its_page_is_tried_again(site, backend, monkeypatch):
    monkeypatch.setattr("crawlpool.engine.GRACE_S", 0.3)
    before = children()
    site.page("/")
    site.hold("/")
    stopped = []

    def stop() -> None:
        site.wait_for("/")
        (worker,) = children() - before
        stopped.append(worker)
        os.kill(worker, signal.SIGSTOP)
        site.release("/")

    stopper = threading.Thread(target=stop)
    stopper.start()
    knobs = {"timeout": 0.5, "connect_timeout": 0.5, "max_body": 100_000, "backoff": 0.01}
    result = Crawler(workers=1, backend=backend, robots=False, **knobs).run(site.url + "/")
    stopper.join()

    assert (result.stats.ok, result.stats.retries, site.asked("/")) == (1, {"timeout": 1}, 2)
    assert not is_running(stopped[0])


@pytest.mark.parametrize("backend", ["thread", "futures-thread"])
def test_a_thread_that_hangs_is_abandoned_with_a_warning_and_the_crawl_goes_on_and_ends(
    site, faulty, backend
):
    urls = [*named(site, "stuck"), *pages(site, 6)]
    found, lost, abandoned, _, said = faulty(
        urls, workers=1, backend=backend, timeout=0.5, connect_timeout=0.5, retries=0, max_body=100_000
    )
    assert found.pop(urls[0]) == ("timeout",)
    assert [each[0] for each in found.values()] == [200] * 6
    assert (lost, abandoned) == (1, 1)
    assert said.count("worker.abandoned") == 1


# What the machine bears


@on_linux
@pytest.mark.parametrize("backend", PROCESSES)
def test_a_crew_that_runs_out_of_descriptors_makes_do_with_the_workers_it_has(site, faulty, backend):
    urls = pages(site, 60, delay_s=0.1)
    low = "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))\n"
    found, lost, _, most, said = faulty(urls, limit=low, workers=64, per_host=64, backend=backend)

    assert [each[0] for each in found.values()] == [200] * 60
    assert 2 <= most < 20
    assert lost == 0
    assert said.count("workers.capped") == 1
    assert f"workers={most} of=64" in said
    assert "ulimit -n" in said
    assert set(site.counts.values()) == {1}


HELPERS_KILLED = """
import os, signal, sys, time
from pathlib import Path
import crawlpool

url, backend = sys.argv[1:]

def helpers():
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        for kind in (b"multiprocessing.forkserver", b"multiprocessing.resource_tracker"):
            if parent == os.getpid() and kind in command:
                yield int(stat.parent.name)

def crawl(killing):
    pids, statuses = set(), []
    urls = [f"{url}/{i}" for i in range(30)]
    for page in crawlpool.fetch(urls, workers=3, per_host=3, backend=backend, robots=False):
        statuses.append(page.status)
        pids.add(page.outcome.worker)
        if killing and len(statuses) == 8:
            for each in helpers():
                os.kill(each, signal.SIGKILL)
        if killing and len(statuses) == 16:
            for each in pids:
                try:
                    os.kill(each, signal.SIGKILL)
                except ProcessLookupError:
                    pass
    return statuses.count(200)

print(crawl(True), crawl(False))
"""


@on_linux
@pytest.mark.parametrize("backend", PROCESSES)
def test_a_crawl_ends_well_although_the_fork_server_and_the_resource_tracker_were_killed(
    site, tmp_path, backend
):
    pages(site, 30, delay_s=0.03)
    (tmp_path / "script.py").write_text(HELPERS_KILLED)
    done = subprocess.run(
        [sys.executable, "-W", "ignore:resource_tracker", "script.py", site.url, backend],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("30 30\n", 0), done.stderr
    assert not [word for word in ("Traceback", "KeyError", "leaked") if word in done.stderr], done.stderr


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  the names are enough


@on_linux
@pytest.mark.parametrize("backend", PROCESSES)
def test_workers_that_die_leave_neither_threads_nor_descriptors(site, backend, monkeypatch):
    monkeypatch.setattr("crawlpool.crew.LOOK_S", 0.02)
    deaths = int(os.environ.get("CREW_DEATHS", "20"))
    site.page("/", delay_s=0.02)
    before = children()

    def crawl(kills: int) -> None:
        chance = random.Random(7)
        with FetchPool(workers=4, per_host=4, backend=backend, robots=False) as pool:
            pool.submit(site.url + "/").get()
            number = 0
            while pool.stats.workers_lost < kills:
                for _ in range(8):
                    number += 1
                    site.page(f"/{number}", delay_s=0.02)
                    pool.submit(f"{site.url}/{number}")
                victims = sorted(children() - before)
                if victims:
                    os.kill(chance.choice(victims), signal.SIGKILL)

    crawl(3)
    threads, open_before = threading.active_count(), descriptors()
    crawl(deaths)
    until = time.monotonic() + 10  # the last ones are still taken apart
    while time.monotonic() < until:
        grown = threading.active_count() - threads, descriptors() - open_before
        if grown[0] <= 2 and grown[1] <= 4:
            break
        time.sleep(0.05)
    # On a busy machine a pool whose worker died in the middle of a message may keep a thread, and so its pipes:
    # 8 descriptors in some hundred deaths. One that was never taken apart would keep as many a death.
    assert grown[0] <= 4
    assert grown[1] <= 20
