"""A crawl is paused, resumed and stopped from its handlers and from other threads."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

import crawlpool
from crawlpool import Crawler, CrawlpoolError

PATIENCE_S = 20.0


def numbered(site, count):
    """So many pages, and their URLs."""
    for number in range(count):
        site.page(f"/{number}", title=str(number))
    return [f"{site.url}/{number}" for number in range(count)]


@contextmanager
def in_a_thread(function, *args, **kwargs):
    """Run it beside the block; what it returned is in the list afterwards."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args, **kwargs)), daemon=True)
    thread.start()
    yield results
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "it does not end"


def wait_until(is_so):
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.01)


def is_quiet(site, crawler, rest_s=0.4):
    """Whether a server is asked nothing for a while, once all that is out has come home."""
    wait_until(lambda: crawler.stats.is_paused and crawler.stats.out == 0)
    before = len(site.log)
    time.sleep(rest_s)
    return len(site.log) == before


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
def test_a_handler_pauses_a_crawl_and_another_thread_resumes_it(site, backend):
    urls = numbered(site, 12)
    crawler = Crawler(backend=backend, workers=2)

    @crawler.on_page
    def page(page):
        if crawler.stats.pages == 3:
            crawler.pause()
        return {"title": page.title}

    with in_a_thread(lambda: list(crawler.items(urls))) as results:
        wait_until(lambda: crawler.is_paused)
        assert is_quiet(site, crawler)
        assert crawler.stats.pages < 12
        crawler.resume()
    assert sorted(int(item["title"]) for item in results[0]) == list(range(12))
    assert max(site.counts.values()) == 1
    assert crawler.stats.spent_s["paused"] >= 0.3
    assert not crawler.is_paused


def test_without_the_pause_the_same_server_would_have_been_asked(site):
    urls = numbered(site, 2000)
    crawler = Crawler(backend="thread", workers=2)
    with in_a_thread(crawler.run, urls, output=[]):
        site.wait_for("/3")
        before = len(site.log)
        time.sleep(0.4)
        assert len(site.log) > before
        crawler.stop(now=True)


def test_what_is_out_when_a_crawl_is_paused_comes_home_and_is_stored(site):
    urls = numbered(site, 4)
    site.hold("/0")
    crawler = Crawler(backend="thread", workers=1, per_host=1)
    seen = []
    crawler.on_page(lambda page: seen.append(page.title))
    with in_a_thread(crawler.run, urls):
        site.wait_for("/0")
        crawler.pause()
        site.release("/0")
        wait_until(lambda: "0" in seen)
        assert is_quiet(site, crawler)
        assert crawler.stats.workers == 1  # it stays
        crawler.resume()
    assert sorted(seen) == ["0", "1", "2", "3"]


def test_a_stop_ends_a_paused_crawl(site):
    urls = numbered(site, 30)
    crawler = Crawler(backend="thread", workers=2)
    crawler.on_page(lambda page: crawler.pause())
    with in_a_thread(crawler.run, urls) as results:
        wait_until(lambda: crawler.is_paused)
        crawler.stop()
    assert results[0].ended == "stopped"
    assert results[0].waiting > 0


def test_time_that_is_paused_counts_for_the_time_limit(site):
    urls = numbered(site, 30)
    crawler = Crawler(backend="thread", workers=2, max_time=0.5)
    crawler.on_page(lambda page: crawler.pause())
    assert crawler.run(urls).ended == "max_time"
    assert crawler.stats.pages < 30


def test_a_paused_crawl_sleeps(site):
    urls = numbered(site, 8)
    crawler = Crawler(backend="thread", workers=2)
    crawler.on_page(lambda page: crawler.pause())
    steps = []
    threading.Timer(1.0, crawler.stop).start()
    crawler.run(urls, watch=lambda stats: steps.append(stats.is_paused))
    assert sum(steps) < 30  # it looks after its workers four times a second, and not a thousand times


def test_a_paused_crawl_with_nothing_left_is_over(site):
    crawler = Crawler(backend="sync")
    crawler.on_page(lambda page: crawler.pause())
    site.page("/")
    assert crawler.run(site.url + "/").ended == "finished"


def test_a_crawl_that_was_stopped_while_paused_goes_on_later_with_its_job(site, tmp_path):
    urls = numbered(site, 20)
    output = tmp_path / "pages.jsonl"

    def new():
        crawler = Crawler(backend="thread", workers=2)
        crawler.on_page(handle)
        return crawler

    def handle(page):
        if crawler.stats.pages == 4:
            crawler.pause()
        return {"title": page.title}

    crawler = new()
    with in_a_thread(crawler.run, urls, output=output) as results:
        wait_until(lambda: crawler.is_paused)
        crawler.stop()
    assert results[0].ended == "stopped"
    crawler = new()
    with in_a_thread(crawler.run, urls, output=output) as results:
        wait_until(lambda: crawler.is_paused)
        crawler.resume()
    assert results[0].ended == "finished"
    assert len(output.read_text().splitlines()) == 20
    assert max(site.counts.values()) == 1


PAUSED = """
import sys
from crawlpool import Crawler

crawler = Crawler(workers=2)

@crawler.on_page
def page(page):
    if crawler.stats.pages == 2 and sys.argv[1] == "pause":
        crawler.pause()
        print("paused", flush=True)
    return {"title": page.title}

print(crawler.run(sys.argv[2:], output="pages.jsonl").ended, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent by number")
def test_ctrl_c_ends_a_paused_script_and_its_job_goes_on(site, tmp_path):
    urls = numbered(site, 10)
    words = [sys.executable, "-c", PAUSED]
    with subprocess.Popen(
        [*words, "pause", *urls], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "paused\n"
        wait_until(lambda: site.under_way == 0)
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.communicate(timeout=PATIENCE_S)[1]
    done = subprocess.run(
        [*words, "go on", *urls], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "finished\n"
    assert len((tmp_path / "pages.jsonl").read_text().splitlines()) == 10


def test_pausing_and_stopping_what_does_not_run_changes_nothing(site):
    site.page("/")
    crawler = Crawler(backend="sync")
    crawler.pause()
    crawler.stop()
    crawler.resume()
    assert crawler.run(site.url + "/").ended == "finished"


def test_a_pool_that_is_paused_asks_nothing_until_another_thread_resumes_it(site):
    urls = numbered(site, 6)
    with crawlpool.FetchPool(workers=2, backend="thread") as pool:
        pool.pause()
        pending = [pool.submit(url) for url in urls]
        assert not pending[0].ready()
        assert site.log == []
        threading.Timer(0.2, pool.resume).start()
        assert [each.get().title for each in pending] == [str(number) for number in range(6)]


def test_a_pool_that_a_callback_stops_drops_what_was_not_begun(site):
    urls = numbered(site, 6)
    with crawlpool.FetchPool(workers=1, backend="sync") as pool:
        pending = [pool.submit(url, callback=lambda page: pool.stop()) for url in urls[:1]]
        pool.pause()
        pending += [pool.submit(url) for url in urls[1:3]]
        pool.resume()
        assert pending[0].get().ok
        with pytest.raises(CrawlpoolError, match="stopped before this page came"):
            pending[2].get()
        with pytest.raises(CrawlpoolError, match="closed"):
            pool.submit(urls[5])
    assert len(site.requests) < 3
