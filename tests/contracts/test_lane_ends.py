"""How lanes end: by Ctrl-C, in the middle of a large answer, or after many hosts; nothing of theirs stays behind."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import crawlpool

PROCESSES = ("process", "futures-process")

pytestmark = pytest.mark.timeout(60)

on_linux = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  the names are enough


@pytest.mark.skipif(os.name == "nt", reason="a process cannot send itself a Ctrl-C there")
def test_an_interrupt_during_a_fetch_without_workers_is_the_users_and_not_a_failed_page(site):
    def interrupt(_) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "never read"

    site.page("/", interrupt, delay_s=0.2)
    site.page("/next")
    with pytest.raises(KeyboardInterrupt):
        list(crawlpool.fetch([site.url + "/", site.url + "/next"], backend="sync", robots=False))
    assert "/next" not in site.requests


@on_linux
@pytest.mark.parametrize("backend", PROCESSES)
def test_crawl_after_crawl_leaves_no_descriptor_behind(site, backend):
    urls = [f"{site.url}/{i}" for i in range(8)]
    for i in range(8):
        site.page(f"/{i}", delay_s=0.01)

    def crawl() -> None:
        for _ in range(4):
            assert len(list(crawlpool.fetch(urls, workers=3, per_host=3, backend=backend, robots=False))) == 8

    crawl()
    before = descriptors()
    crawl()
    until = time.monotonic() + 10.0
    while descriptors() - before >= 8 and time.monotonic() < until:
        time.sleep(0.05)  # lanes end in threads that nobody waits for
    assert descriptors() - before < 8  # a lane's own pipes may be on their way out; 12 workers have ended


@on_linux
def test_a_worker_thread_keeps_connections_to_few_of_many_hosts(sites):
    many = [sites() for _ in range(20)]
    for each in many:
        each.page("/")
    before = descriptors()
    pages = crawlpool.fetch([each.url + "/" for each in many], workers=1, backend="thread", robots=False)
    most = 0
    for page in pages:
        assert page.ok
        most = max(most, descriptors() - before)
    assert most <= 2 * 12  # both ends are in this process


MID_ANSWER = """
import os, signal, sys, threading
import crawlpool
from crawlpool.engine import Engine

engines, enter = [], Engine.__enter__

def remembered(engine):
    engines.append(engine)
    return enter(engine)

Engine.__enter__ = remembered
url, backend = sys.argv[1:]
kills = 0

def kill():
    global kills
    while not done.wait(0.1) and kills < 9:
        for pid in engines[0].pids() if engines else ():
            if pid:
                kills += 1
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

done = threading.Event()
killer = threading.Thread(target=kill)
killer.start()
pages = list(crawlpool.fetch([f"{url}/{i}" for i in range(12)], workers=3, per_host=3, backend=backend, robots=False))
done.set()
killer.join()
print(len(pages), kills > 0)
"""


@pytest.mark.parametrize("backend", PROCESSES)
def test_python_ends_although_workers_were_killed_in_the_middle_of_a_large_answer(site, tmp_path, backend):
    for i in range(12):
        site.page(f"/{i}", b"x" * 12_000_000, content_type="text/plain")
    (tmp_path / "script.py").write_text(MID_ANSWER)
    done = subprocess.run(
        [sys.executable, "script.py", site.url, backend],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("12 True", 0), done.stderr


LEFT_OPEN = """
import sys
import threading
import crawlpool

url, backend, what = sys.argv[1:]
if what == "generator":
    left = crawlpool.fetch([url, url + "slow"], workers=2, backend=backend, robots=False)
    print(next(left).status)
else:
    left = crawlpool.FetchPool(workers=2, backend=backend, robots=False)
    print(left.submit(url).get().status)
"""


@pytest.mark.parametrize("what", ["generator", "pool"])
@pytest.mark.parametrize("backend", ["process", "futures-process", "thread"])
def test_python_ends_although_a_crawl_was_left_open(site, tmp_path, backend, what):
    site.page("/")
    site.page("/slow", delay_s=1.0)
    (tmp_path / "script.py").write_text(LEFT_OPEN)
    done = subprocess.run(
        [sys.executable, "-X", "dev", "script.py", site.url + "/", backend, what],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("200\n", "", 0)


@pytest.mark.parametrize("waits_s", [[2.0], [0.4] * 8])
def test_workers_are_not_taken_for_hung_while_a_handler_takes_its_time(site, monkeypatch, waits_s):
    monkeypatch.setattr("crawlpool.engine.GRACE_S", 0.2)
    for i in range(12):
        site.page(f"/{i}")
    crawler = crawlpool.Crawler(workers=8, per_host=8, timeout=0.4, connect_timeout=0.4, robots=False)
    waiting = iter(waits_s)

    @crawler.on_page
    def parse(page):
        threading.Event().wait(next(waiting, 0.0))

    result = crawler.run([f"{site.url}/{i}" for i in range(12)])
    assert result.stats.workers_lost == 0
    assert set(site.counts.values()) == {1}
