"""The pace of a crawl, judged by the log of the server: addresses, caps, slow servers, the next run of a job."""

import itertools
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from crawlpool import Crawler
from crawlpool.backends.pool import ThreadLane
from crawlpool.worker import addresses

from ..command import command
from ..contracts import transports
from ..site import Site

SLACK_S = 0.15
"""Seconds between sending and arrival, on a machine with other things to do."""


def crawl(seeds, **knobs):
    crawler = Crawler(**{"backend": "thread", "backoff": 0.0, **knobs})
    records = list(crawler.items(seeds))
    return records, crawler.stats


def urls(site, count, **page):
    for number in range(count):
        site.page(f"/{number}", **page)
    return [f"{site.url}/{number}" for number in range(count)]


def gaps(arrivals):
    return [later.at - earlier.at for earlier, later in itertools.pairwise(arrivals)]


def by_another_name(site, listed):
    """The same pages of the same server, under the name `localhost`."""
    return [url.replace("//127.0.0.1:", "//localhost:") for url in listed]


# Addresses


@pytest.mark.parametrize("is_shared", [True, False])
def test_two_names_of_one_server_have_no_more_requests_at_once_than_one(site, is_shared):
    listed = urls(site, 20, delay_s=0.03)
    both = [url for pair in zip(listed, by_another_name(site, listed), strict=True) for url in pair]
    records, _ = crawl(both, workers=8, per_address=None if is_shared else 0)

    assert len(records) == 40
    assert {record["status"] for record in records} == {200}
    assert (site.most_at_once <= 2) == is_shared


def test_the_delay_of_one_name_of_a_server_holds_for_the_other(site):
    listed = urls(site, 3)
    crawl(listed + by_another_name(site, listed), workers=8, delay=0.2)

    assert len(site.log) == 8  # two robots.txt, one for each name
    assert min(gaps(site.log)) > 0.2 - SLACK_S


def test_a_server_bears_as_many_at_once_as_the_user_says(site):
    listed = urls(site, 12, delay_s=0.1)
    crawl(listed + by_another_name(site, listed), workers=8, per_address=4)

    assert 2 < site.most_at_once <= 4


# Caps


def test_redirects_retries_and_robots_txt_count_for_a_rate(site):
    listed = urls(site, 6)
    site.redirect("/0", "/a")
    site.page("/a", fails_first=1)
    crawl(listed, workers=8, host_rate=10, adaptive=False)

    assert len(site.log) == 9
    assert site.log[-1].at - site.log[0].at > 0.8 - SLACK_S  # 0.5 if only pages counted


@pytest.mark.parametrize("knobs", [{"delay": 0.6}, {"rate": 1.6}])
@pytest.mark.parametrize("transport", transports.NAMES)
def test_a_request_counts_from_when_it_was_sent_and_not_from_when_its_name_was_looked_up(
    site, monkeypatch, transport, knobs
):
    real, looked_up = addresses.lookup, []

    def slow(name, port, **more):
        if not looked_up:
            time.sleep(0.5)
        looked_up.append(name)
        return real("127.0.0.1", port, **more)

    monkeypatch.setattr(addresses, "lookup", slow)
    listed = [url.replace("127.0.0.1", "shop.test") for url in urls(site, 2)]
    crawl(listed, robots=False, allow_private=True, transport=transport, workers=1, **knobs)

    assert looked_up
    assert gaps(site.log)[0] > 0.6 - 0.05 - SLACK_S  # 0.1 if looking it up were asking


def test_the_rate_of_all_hosts_together_is_kept(sites):
    several = [sites(f"127.0.0.{number}") for number in range(2, 6)]
    listed = [url for site in several for url in urls(site, 5)]
    started = time.monotonic()
    crawl(listed, workers=8, rate=20)
    arrivals = sorted(arrival.at for site in several for arrival in site.log)

    assert len(arrivals) == 24
    assert arrivals[-1] - arrivals[0] > 23 / 20 - 0.05 - SLACK_S
    assert time.monotonic() - started < 10.0


@pytest.mark.parametrize("cap", ["bandwidth", "host_bandwidth"])
def test_bytes_come_no_faster_than_the_bandwidth(site, cap):
    listed = urls(site, 12, body=b"x" * 50_000)
    crawl(listed, workers=4, **{cap: 500_000})
    span_s = site.log[-1].at - site.log[0].at

    # The first two are out before it is known how large a page is; the last is not waited for.
    assert span_s > (12 - 3) * 0.1 - SLACK_S


def test_without_caps_the_same_crawl_takes_no_time(site):
    listed = urls(site, 12, body=b"x" * 50_000)
    crawl(listed, workers=4)

    assert site.log[-1].at - site.log[0].at < (12 - 3) * 0.1 - SLACK_S


# Servers that slow down, and machines that do


class Queueing(Site):
    """Answers take 3 ms, times the square of how many requests are under way: 192 ms for each of eight."""

    def _answer(self, asked, connection):
        made = super()._answer(asked, connection)
        made.wait_s = 0.003 * self.under_way**2
        return made


@pytest.mark.parametrize("is_adaptive", [True, False])
def test_a_server_that_gets_slower_under_load_is_asked_less(is_adaptive):
    with closing(Queueing()) as site:
        listed = urls(site, 70)
        _, stats = crawl(listed, workers=8, per_host=8, per_address=8, adaptive=is_adaptive, robots=False)
        late = [arrival.at_once for arrival in site.log[30:60]]

    assert stats.pages == 70
    # About 2 and 8; on a machine that is busy, 3 and 6.
    assert (sum(late) / len(late) < 4.5) == is_adaptive


def test_a_server_that_says_it_is_too_much_is_asked_more_slowly(site):
    listed = urls(site, 4)
    site.page("/0", status=429)
    _, stats = crawl(listed, workers=1, retries=2)
    at = [arrival.at for arrival in site.log if arrival.path == "/0"]

    assert stats.retries == {"HTTP 429": 2}
    assert at[2] - at[1] > 0.5 - SLACK_S


def test_pages_that_take_as_long_as_ever_are_asked_at_full_pace(site):
    listed = urls(site, 60, delay_s=0.05)
    site.page("/30", delay_s=1.0)  # one slow page is no slow server
    crawl(listed, workers=2)

    assert site.most_at_once == 2
    assert max(each.at_once for each in site.log[-10:]) == 2


def test_a_busy_machine_is_not_taken_for_a_slow_server(site, caplog):
    listed = urls(site, 120, delay_s=0.02)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8)]
    try:
        with caplog.at_level("INFO", logger="crawlpool"):
            crawl(listed, workers=2, robots=False)
    finally:
        for each in busy:
            each.kill()
            each.wait()

    assert not [record for record in caplog.records if record.getMessage().startswith("host.slowed")]
    assert site.most_at_once == 2


def test_an_answer_says_how_long_it_was_waited_for_and_how_large_it_was(site):
    site.page("/a", b"x" * 1000, delay_s=0.2)
    seen = []
    crawler = Crawler(backend="thread")

    @crawler.on_page
    def keep(page):
        seen.append(page.response)

    crawler.run(site.url + "/a")

    assert 0.15 < seen[0].wait_s < seen[0].elapsed_s + 0.001
    assert 1000 < seen[0].received < 1500


# The next run


def run_until(words, folder, is_time, *, sign=signal.SIGKILL):
    """Run the command and end it with a signal once `is_time` comes back."""
    process = subprocess.Popen(
        [sys.executable, "-m", "crawlpool", *words], cwd=folder, stderr=subprocess.DEVNULL
    )
    try:
        is_time()
        process.send_signal(sign)
    finally:
        if sign == signal.SIGKILL:
            process.kill()
        process.wait(20)


def again(words, folder):
    """The next run, in this process: it could ask at once what it has to wait for."""
    done = command(words, folder=folder)
    assert done.returncode == 0, done.stderr


def words_for(listed, tmp_path):
    (tmp_path / "urls.txt").write_text("\n".join(listed), encoding="utf-8")
    return ["urls.txt", "-o", "out.jsonl", "--backend", "thread", "-q"]


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_crawl_delay_lies_also_between_the_last_request_of_a_run_and_the_first_of_the_next(
    site, tmp_path, sign
):
    site.robots("User-agent: *\nCrawl-delay: 0.8")
    words = words_for(
        urls(site, 3 if sign == signal.SIGINT else 2), tmp_path
    )  # it may hear late that it is to end
    run_until(words, tmp_path, lambda: site.wait_for("/0"), sign=sign)
    before = len(site.log)
    again(words, tmp_path)

    assert [arrival.path for arrival in site.log[:2]] == ["/robots.txt", "/0"]
    assert len(site.log) > before
    assert min(gaps(site.log)) > 0.8 - SLACK_S


def test_a_delay_of_ours_is_kept_by_the_next_run_as_well(site, tmp_path):
    words = [*words_for(urls(site, 2), tmp_path), "--no-robots", "--delay", "0.8"]
    run_until(words, tmp_path, lambda: site.wait_for("/0"))
    again(words, tmp_path)

    assert min(gaps(site.log)) > 0.8 - SLACK_S


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_rate_of_all_hosts_together_is_kept_by_the_next_run_as_well(sites, tmp_path, sign):
    several = [sites(f"127.0.0.{number}") for number in ((2, 3, 4) if sign == signal.SIGINT else (2, 3))]
    listed = [url for site in several for url in urls(site, 1)]
    words = [*words_for(listed, tmp_path), "--no-robots", "--rate", "1.25"]
    run_until(words, tmp_path, lambda: several[0].wait_for("/0"), sign=sign)
    again(words, tmp_path)
    arrivals = sorted((arrival for site in several for arrival in site.log), key=lambda arrival: arrival.at)

    assert min(gaps(arrivals)) > 1 / 1.25 - 0.05 - SLACK_S


def test_a_rest_that_was_asked_for_is_kept_by_the_next_run_as_well(site, tmp_path):
    listed = urls(site, 2)
    left = [1]

    def answer(_):
        if left[0]:
            left[0] -= 1
            return b"HTTP/1.1 429 Later\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    site.raw("/0", answer)
    words = [*words_for(listed, tmp_path), "--no-robots", "--workers", "1"]

    def is_time():
        site.wait_for("/0")
        time.sleep(0.4)  # it is asked to rest, and that is written down

    run_until(words, tmp_path, is_time)
    again(words, tmp_path)

    assert site.requests[0] == "/0"
    assert gaps(site.log)[0] > 2.0 - SLACK_S


# Workers that have to start first


class StartsSlowly(ThreadLane):
    """A lane whose worker takes a while to begin, as a process does that loads; the first takes longest."""

    def __init__(self, options, number, deliver):
        super().__init__(options, number, deliver)
        self._loaded = threading.Event()
        threading.Timer(1.0 if number == 1 else 0.5, self._loaded.set).start()

    def send(self, *args):
        threading.Thread(target=lambda: self._loaded.wait() and super(StartsSlowly, self).send(*args)).start()

    def begun(self):
        return (int(self._loaded.is_set()),)


@pytest.mark.parametrize("knobs", [{"delay": 0.3}, {"rate": 3.0}])
def test_a_delay_counts_from_when_a_worker_begins_and_not_from_when_it_was_told_to(site, monkeypatch, knobs):
    monkeypatch.setattr(
        "crawlpool.engine.backend_of",
        lambda _, options: lambda number, deliver: StartsSlowly(options, number, deliver),
    )
    listed = urls(site, 4, delay_s=1.5)
    records, _ = crawl(listed, workers=4, per_host=4, robots=False, adaptive=False, **knobs)

    assert {record["status"] for record in records} == {200}
    assert min(gaps(site.log)) > 0.3 - SLACK_S
