"""One crawl over every kind of lane: the same pages, the same records, nothing left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from crawlpool import ConfigError, Crawler, CrawlpoolError, Request
from crawlpool.settings import BACKENDS

PROCESSES = ("process", "futures-process")
TIMED = ("elapsed_s", "fetched_at")

pytestmark = pytest.mark.timeout(60)


@contextmanager
def own(kind: str):
    """A pool or an executor as a user would make it."""
    if kind == "Pool":
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            yield pool
    elif kind == "ThreadPool":
        with ThreadPool(2) as pool:
            yield pool
    elif kind == "ProcessPoolExecutor":
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
    elif kind == "ThreadPoolExecutor":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    else:
        yield kind


OWN = ("Pool", "ThreadPool", "ProcessPoolExecutor", "ThreadPoolExecutor")


def records(backend, url: str, **knobs) -> list[dict]:
    knobs = {"workers": 3, "follow": True, "backoff": 0.01, **knobs}
    found = list(Crawler(backend=backend, **knobs).items(url))
    return sorted(({k: v for k, v in r.items() if k not in TIMED} for r in found), key=lambda r: r["url"])


def children() -> set[int]:
    """Our workers that live, by pid; helpers of the multiprocessing module itself not counted."""
    own_pid, found = os.getpid(), set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = status.read_text().rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_bytes()
            maker = Path(f"/proc/{stat[1]}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # A worker is a child of our fork server, which is a child of ours; other crawls on this machine have theirs.
        is_ours = int(maker[1]) == own_pid and b"multiprocessing.forkserver" in command
        if is_ours and stat[0] != "Z":
            found.add(int(status.parent.name))
    return found


@pytest.fixture
def shop(site):
    """A little of everything that a crawl meets."""
    site.robots("User-agent: *\nDisallow: /secret")
    site.page(
        "/",
        links=["/a", "/b", "/c", "/secret", "/moved", "/gone", "/shaky", "/broken", "https://other.invalid/"],
    )
    site.page("/a", links=["/b", "/c", "/", "/d"])
    site.page("/d")
    site.page("/b", links=["/a"])
    site.page("/c")
    site.redirect("/moved", "/c")
    site.page("/shaky", fails_first=1)
    site.raw("/broken", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
    return site


def test_every_backend_crawls_the_same_site_to_the_same_records(shop):
    expected = records("sync", shop.url + "/")
    assert [(r["url"].removeprefix(shop.url), r["status"], r["error_kind"]) for r in expected] == [
        ("/", 200, None),
        ("/a", 200, None),
        ("/b", 200, None),
        ("/broken", None, "incomplete"),
        ("/c", 200, None),
        ("/d", 200, None),
        ("/gone", 404, "http"),
        ("/secret", None, "robots"),
        ("/shaky", 200, None),
    ]

    for backend in BACKENDS:
        shop.page("/shaky", fails_first=1)
        assert records(backend, shop.url + "/") == expected, backend


@pytest.mark.parametrize("kind", OWN)
def test_a_users_own_pool_crawls_the_same_and_is_left_open(shop, kind):
    expected = records("sync", shop.url + "/")
    shop.page("/shaky", fails_first=1)
    with own(kind) as pool:
        assert records(pool, shop.url + "/") == expected
        if kind in ("Pool", "ThreadPool"):
            assert pool.apply(abs, (-1,)) == 1
        else:
            assert pool.submit(abs, -1).result() == 1


def test_something_that_is_no_pool_is_refused():
    with pytest.raises(ConfigError, match="42"):
        list(Crawler(backend=42).items("http://127.0.0.1:9/"))


def test_a_users_pool_that_was_closed_ends_in_an_error_and_not_in_a_hang(site):
    site.page("/")
    pool = ThreadPool(1)
    pool.close()
    with pytest.raises(CrawlpoolError, match="takes no work"):
        list(Crawler(backend=pool, robots=False).items(site.url + "/"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_page_is_asked_once_and_no_more_at_once_than_the_host_may_have(site, backend):
    names = [f"/{i}" for i in range(30)]
    site.page("/", links=names)
    for name in names:
        site.page(name, links=names, delay_s=0.03)

    assert len(records(backend, site.url + "/", workers=6, per_host=3)) == 31
    assert site.counts.most_common(1)[0][1] == 1
    assert site.most_at_once <= 3
    if backend != "sync":
        assert site.most_at_once == 3


@pytest.mark.parametrize("backend", PROCESSES)
def test_when_a_crawl_is_over_no_worker_is_left(site, backend):
    before = children()
    site.page("/", links=["/a"])
    site.page("/a")
    assert len(records(backend, site.url + "/")) == 2

    assert children() - before == set()


@pytest.mark.parametrize("backend", PROCESSES)
def test_breaking_out_of_an_iteration_ends_the_workers(site, backend):
    before = children()
    site.page("/", links=["/a", "/slow"])
    site.page("/a")
    site.hang("/slow")
    for _ in Crawler(backend=backend, follow=True, robots=False).items(site.url + "/"):
        break

    deadline = time.monotonic() + 5
    while children() - before and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert children() - before == set()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for the worker in /proc")
@pytest.mark.parametrize("backend", PROCESSES)
def test_a_killed_worker_is_noticed_within_a_second_and_its_request_sent_again(site, backend):
    before = children()
    site.page("/", links=[f"/{i}" for i in range(20)])
    for i in range(20):
        site.page(f"/{i}")
    site.hold("/0")
    killed_at = []

    def kill() -> None:
        site.wait_for("/0")
        site.wait_until(lambda: site.under_way == 1, "the others to be done")
        (victim,) = children() - before
        os.kill(victim, signal.SIGKILL)
        killed_at.append(time.monotonic())
        site.wait_for("/0", times=2)
        killed_at.append(time.monotonic())
        site.release("/0")

    killer = threading.Thread(target=kill)
    killer.start()
    found = records(backend, site.url + "/", workers=1, robots=False)
    killer.join()

    assert len(found) == 21
    assert killed_at[1] - killed_at[0] < 1.0
    assert site.asked("/0") == 2
    assert sum(site.counts.values()) == 22  # nobody else's request went out again


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for the worker in /proc")
@pytest.mark.parametrize("backend", PROCESSES)
def test_an_idle_worker_that_is_killed_loses_nothing_and_hangs_nothing(site, backend):
    before = children()
    site.page("/", links=["/late"], delay_s=0.05)
    site.page("/late", fails_first=1, fails_with=503)
    site.wait = threading.Event()

    def kill() -> None:
        site.wait_for("/late")  # now it rests for its retry, and the worker is idle
        site.wait_until(lambda: site.under_way == 0, "the 503 to be answered")
        threading.Event().wait(0.2)
        for victim in children() - before:
            os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    found = records(backend, site.url + "/", workers=2, robots=False, backoff=1.5)
    killer.join()

    assert [r["status"] for r in found] == [200, 200]
    assert site.counts == {"/": 1, "/late": 2}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for workers in /proc")
@pytest.mark.parametrize("backend", PROCESSES)
def test_a_request_that_kills_its_workers_is_given_up_and_costs_the_others_nothing(site, backend):
    before = children()
    others = [f"/{i}" for i in range(12)]
    site.page("/", links=["/killer", *others])

    def kill(arrival) -> str:
        if arrival.connection >= 0:
            busy = children() - before
            for victim in busy:
                os.kill(victim, signal.SIGKILL)
        return "never read"

    for name in others:
        site.page(name)
    site.page("/killer", kill)
    found = records(backend, site.url + "/", workers=1, robots=False)

    outcome = {r["url"].removeprefix(site.url): r["error_kind"] for r in found}
    assert outcome == {"/": None, "/killer": "worker_lost", **dict.fromkeys(others)}
    assert site.asked("/killer") == 6


@pytest.mark.parametrize("backend", PROCESSES)
def test_workers_that_can_never_live_end_the_crawl_with_an_error(site, backend):
    before = children()
    names = [f"/{i}" for i in range(40)]

    def kill(arrival) -> str:
        for victim in children() - before:
            os.kill(victim, signal.SIGKILL)
        return "never read"

    for name in names:
        site.page(name, kill)
    with pytest.raises(CrawlpoolError, match="in a row"):
        list(Crawler(backend=backend, workers=1, robots=False).items([site.url + name for name in names]))


SCRIPT = """
import os, sys, crawlpool
with open(sys.argv[2], "a") as trace:
    trace.write("body\\n")
print(sorted(page.status for page in crawlpool.fetch([sys.argv[1] + "/" + str(i) for i in range(6)], workers=2, robots=False)))
"""


def test_a_script_without_a_main_guard_runs_its_body_once(site, tmp_path):
    for i in range(6):
        site.page(f"/{i}")
    script, trace = tmp_path / "script.py", tmp_path / "trace"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), site.url, str(trace)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("[200, 200, 200, 200, 200, 200]\n", "")
    assert trace.read_text() == "body\n"


def test_it_runs_once_also_when_a_worker_was_killed(site, tmp_path):
    for i in range(6):
        site.page(f"/{i}")
    site.hold("/3")
    script, trace = tmp_path / "script.py", tmp_path / "trace"
    script.write_text(SCRIPT)
    running = subprocess.Popen(
        [sys.executable, str(script), site.url, str(trace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    site.wait_for("/3")
    site.wait_until(lambda: site.under_way == 1, "the others to be done")
    for victim in descendants(running.pid):
        os.kill(victim, signal.SIGKILL)
    site.wait_for("/3", times=2)
    site.release("/3")
    out, err = running.communicate(timeout=50)

    assert out == "[200, 200, 200, 200, 200, 200]\n"
    assert "Traceback" not in err
    assert trace.read_text() == "body\n"


def test_python_reading_its_script_from_standard_input_works_too(site):
    site.page("/")
    script = f"import crawlpool\nprint([p.status for p in crawlpool.fetch('{site.url}/', robots=False)])\n"
    done = subprocess.run(
        [sys.executable, "-"], input=script, capture_output=True, text=True, timeout=50, check=False
    )

    assert (done.stdout, done.stderr) == ("[200]\n", "")


def is_running(pid: int) -> bool:
    """Whether a process lives; one that is dead and only not reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(root: int) -> list[int]:
    """Workers of a process: the children of its fork server."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    servers = {pid for pid, parent in parents.items() if parent == root}
    return [pid for pid, parent in parents.items() if parent in servers]


@pytest.mark.parametrize("backend", PROCESSES)
def test_workers_end_when_the_main_process_is_killed(site, tmp_path, backend):
    site.hang("/")
    script = f"import crawlpool\nlist(crawlpool.fetch('{site.url}/', backend='{backend}', robots=False))\n"
    running = subprocess.Popen([sys.executable, "-c", script])
    site.wait_for("/")
    workers = descendants(running.pid)
    assert workers
    running.kill()
    running.wait()

    deadline = time.monotonic() + 2.0
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert not [pid for pid in workers if is_running(pid)]


def test_a_crawl_runs_twice_in_one_process_and_beside_another(site):
    for i in range(5):
        site.page(f"/{i}", delay_s=0.01)
    urls = [f"{site.url}/{i}" for i in range(5)]
    results: dict[int, list] = {}

    def crawl(number: int) -> None:
        results[number] = [r["status"] for r in Crawler(workers=2, robots=False).items(urls)]

    threads = [threading.Thread(target=crawl, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    crawl(2)

    assert results == dict.fromkeys(range(3), [200] * 5)


@pytest.mark.parametrize("backend", [b for b in BACKENDS if b != "sync"])
def test_one_hanging_host_holds_up_no_other(site, sites, backend):
    slow = sites("127.0.0.2")
    for i in range(6):
        slow.hang(f"/{i}")
        site.page(f"/{i}")
    urls = [f"{slow.url}/{i}" for i in range(6)] + [f"{site.url}/{i}" for i in range(6)]
    crawler = Crawler(
        backend=backend, workers=4, per_host=2, timeout=1.0, retries=0, robots=False, adaptive=False
    )
    order = [(r["status"], r["error_kind"]) for r in crawler.items([Request(url) for url in urls])]

    assert order[:6] == [(200, None)] * 6
    assert order[6:] == [(None, "timeout")] * 6


DAEMON = """
import multiprocessing, sys
import crawlpool

def crawl(url, backend):
    try:
        print([page.status for page in crawlpool.fetch(url, backend=backend, robots=False)])
    except crawlpool.CrawlpoolError as error:
        print(type(error).__name__, error)

if __name__ == "__main__":
    for backend in ("process", "futures-process", "thread"):
        child = multiprocessing.get_context("spawn").Process(target=crawl, args=(sys.argv[1], backend), daemon=True)
        child.start()
        child.join()
"""


def test_a_process_that_may_have_no_children_is_told_what_would_do(site, tmp_path):
    site.page("/")
    (tmp_path / "daemon.py").write_text(DAEMON)
    done = subprocess.run(
        [sys.executable, "daemon.py", site.url + "/"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    process, futures, thread = done.stdout.splitlines()

    assert process.startswith("BackendError a worker process could not be started")
    assert 'backend "thread" needs none' in futures
    assert thread == "[200]"
