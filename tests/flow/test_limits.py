"""Limits that are exact, by what the server saw: pages, depth, redirects, links, time; also when a crawl goes on."""

import os
import signal
import subprocess
import sys
import time

import pytest

from crawlpool import Crawler, Request

QUICK = {"backoff": 0.0, "retries": 0}
MANY = {**QUICK, "backend": "thread", "workers": 6, "per_host": 6}


def web(site, pages=30, **more):
    """A site of which every page links to all."""
    links = [f"/{n}" for n in range(pages)]
    site.page("/", links=links, **more)
    for n in range(pages):
        site.page(f"/{n}", f"<p>{n}", links=links, **more)


def answered(site, pages=30):
    """The pages that the server has answered, however often."""
    return sum(
        n for path, n in site.counts.items() if path == "/" or (path[1:].isdigit() and int(path[1:]) < pages)
    )


@pytest.mark.parametrize(
    "knobs", [{**QUICK, "backend": "sync"}, MANY, {**MANY, "backend": "process", "workers": 3}]
)
def test_five_pages_are_five_requests(site, knobs):
    web(site, delay_s=0.01)
    result = Crawler(**knobs, follow=True, max_pages=5).run(f"{site.url}/")

    assert (result.ended, result.stats.pages) == ("max_pages", 5)
    assert len(site.requests) == 5


def test_a_limit_that_is_as_large_as_the_site_is_none(site):
    web(site, pages=4)
    result = Crawler(**MANY, follow=True, max_pages=5).run(f"{site.url}/")
    assert (result.ended, len(site.requests)) == ("finished", 5)


def test_the_hops_of_a_redirect_are_one_page(site):
    site.page("/", links=[f"/r{n}" for n in range(20)])
    for n in range(20):
        site.redirect(f"/r{n}", f"/s{n}")
        site.redirect(f"/s{n}", f"/{n}")
        site.page(f"/{n}")
    result = Crawler(**MANY, follow=True, max_pages=5).run(f"{site.url}/")

    assert result.stats.pages == 5
    assert answered(site) == 5
    assert len(site.requests) == 5 + 2 * 4


def test_a_redirect_to_a_page_that_is_there_makes_room_for_another(site):
    site.page("/", links=[*(f"/r{n}" for n in range(10)), *(f"/{n}" for n in range(10))])
    for n in range(10):
        site.redirect(f"/r{n}", "/")
        site.page(f"/{n}")
    result = Crawler(**QUICK, backend="sync", follow=True, max_pages=5).run(f"{site.url}/")
    assert (result.stats.pages, answered(site)) == (5, 5)


def test_tries_of_one_page_are_one_page_and_what_never_answers_is_none(site):
    web(site, pages=20)
    site.page("/0", fails_first=1)
    site.page("/4", fails_first=1)
    site.raw("/2", b"")
    result = Crawler(**{**MANY, "retries": 1}, follow=True, max_pages=5).run(f"{site.url}/")

    good = result.stats.pages - sum(result.stats.failures.values())
    assert good <= 5
    assert sum(result.stats.statuses.values()) == good
    assert result.ended == "max_pages"


def test_a_status_that_is_bad_is_a_page_too(site):
    site.page("/", links=[f"/missing-{n}" for n in range(20)])
    result = Crawler(**MANY, follow=True, max_pages=5).run(f"{site.url}/")
    assert (result.stats.pages, len(site.requests)) == (5, 5)


def test_copies_that_are_left_out_count_so_that_a_site_of_copies_has_an_end(site):
    site.page("/", links=[f"/{n}" for n in range(30)])
    for n in range(30):
        site.page(f"/{n}", "<p>the same")
    result = Crawler(**MANY, follow=True, max_pages=5, skip_duplicates="exact").run(f"{site.url}/")
    assert len(site.requests) == 5
    assert result.ended == "max_pages"


@pytest.mark.parametrize("backend", ["sync", "thread"])
def test_what_handlers_ask_for_counts_like_any_page(site, backend):
    web(site)
    crawler = Crawler(**{**MANY, "backend": backend, "workers": 1 if backend == "sync" else 6}, max_pages=5)

    @crawler.on_page
    def each(page):
        yield from page.follow_all()
        if page.url.endswith("/3"):
            raise ValueError("lost, and fetched all the same")

    result = crawler.run(f"{site.url}/")
    assert (result.ended, len(site.requests)) == ("max_pages", 5)


def test_five_pages_are_five_in_all_however_often_a_job_is_stopped(site, tmp_path):
    web(site)
    out = tmp_path / "out.jsonl"
    for most in (2, 3, 5, 5):
        Crawler(**MANY, follow=True, max_pages=most).run(f"{site.url}/", output=out)
    assert len(site.requests) == 5
    assert len(out.read_text().splitlines()) == 5


@pytest.mark.parametrize("skip", ["", "exact"])
def test_pages_of_a_run_that_stood_still_count_in_the_next(site, tmp_path, skip):
    site.page("/", links=[f"/{n}" for n in range(20)])
    for n in range(20):
        site.page(f"/{n}", "<p>the same")
    out = tmp_path / "out.jsonl"
    for most in (4, 5):
        knobs = {"skip_duplicates": skip} if skip else {}
        Crawler(**QUICK, backend="sync", follow=True, max_pages=most, **knobs).run(f"{site.url}/", output=out)
    assert len(site.requests) == 5


def test_five_pages_are_five_after_kill_9(site, tmp_path):
    web(site, pages=40, delay_s=0.1)
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "crawlpool", f"{site.url}/", "--follow", "-q", "-o", str(out)]
    command += ["--max-pages", "16", "--per-host", "2", "--workers", "2", "--backend", "thread"]
    first = subprocess.Popen(command)
    site.wait_until(lambda: len(site._log) >= 4)
    time.sleep(0.5)  # for a commit
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert subprocess.run(command, check=False, timeout=60, env=os.environ).returncode == 0

    # What was out when it died, or was not committed, is asked for again: nobody knows that it came.
    assert len(out.read_text().splitlines()) == 16
    assert len(site.counts) <= 16 + 2


# The others


def test_depth_is_counted_from_the_seeds(site):
    for n in range(6):
        site.page(f"/{n}", links=[f"/{n + 1}"])
    Crawler(**MANY, follow=True, depth=2).run(f"{site.url}/0")
    assert sorted(site.requests) == ["/0", "/1", "/2"]


def test_a_handlers_request_is_as_deep_as_its_page_and_one(site):
    for n in range(6):
        site.page(f"/{n}")
    crawler = Crawler(**QUICK, backend="sync", depth=2)

    @crawler.on_page
    def each(page):
        yield page.follow(f"/{int(page.url[-1]) + 1}")

    crawler.run(f"{site.url}/0")
    assert site.requests == ["/0", "/1", "/2"]


def test_a_page_is_as_deep_as_its_shortest_way(site):
    site.page("/0", links=["/1", "/far"], delay_s=0.0)
    site.page("/1", links=["/2"])
    site.page("/2", links=["/far"])
    site.page("/far", links=["/last"])
    site.page("/last")
    Crawler(**MANY, follow=True, depth=2).run(f"{site.url}/0")
    assert "/last" in site.requests


@pytest.mark.parametrize("most", [0, 1, 3])
def test_redirects_are_followed_so_often_and_not_once_more(site, most):
    for n in range(8):
        site.redirect(f"/{n}", f"/{n + 1}")
    result = Crawler(**QUICK, backend="sync", max_redirects=most).run(f"{site.url}/0")
    assert site.requests == [f"/{n}" for n in range(most + 1)]
    assert result.stats.failures == {"redirect": 1}


def test_of_a_page_so_many_links_are_followed(site):
    site.page("/", links=[f"/{n}" for n in range(20)])
    for n in range(20):
        site.page(f"/{n}")
    crawler = Crawler(**MANY, follow=True, max_links=7)
    crawler.run(f"{site.url}/")
    assert len(site.requests) == 8
    assert crawler.stats.skips == {"beyond max_links": 13}


def span_s(site):
    """Seconds from the first request's arrival to the last one's."""
    arrivals = [arrival.at for arrival in site.log]
    assert arrivals
    return max(arrivals) - min(arrivals)


@pytest.mark.parametrize("knobs", [{}, {"delay": 0.2}, {"retries": 5, "backoff": 0.3}])
def test_no_request_starts_after_the_time_is_over(site, knobs):
    site.robots("")
    for n in range(200):
        status = 503 if knobs.get("retries") else 200
        site.page(f"/{n}", links=[f"/{n + 1}"], delay_s=0.05, status=status)
    result = Crawler(**{**MANY, **knobs}, follow=True, max_time=0.8).run(
        [f"{site.url}/{n}" for n in range(0, 200, 3)]
    )

    assert result.ended == "max_time"
    # The server's clock begins when a request has arrived; a busy machine may hold it up on its way,
    # and the crawl before its first.
    assert span_s(site) < 0.8 + 0.4


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
def test_nothing_that_a_worker_has_at_hand_starts_after_the_time_either(site, backend):
    site.robots("")
    for n in range(40):
        site.page(f"/{n}", delay_s=0.7)
    workers = 1 if backend == "sync" else 2
    crawler = Crawler(**QUICK, backend=backend, workers=workers, per_host=2, max_time=2.0)
    crawler.run([f"{site.url}/{n}" for n in range(40)])

    assert span_s(site) < 2.0 + 0.4


def test_a_request_that_is_out_when_the_time_is_over_is_waited_for(site):
    site.page("/", delay_s=1.2)
    crawler = Crawler(**QUICK, backend="thread", max_time=0.6)
    items = list(crawler.items([f"{site.url}/", Request(f"{site.url}/late")]))
    assert 200 in [each["status"] for each in items]
