"""What is counted, and how often; how long a crawl has left."""

import pytest

from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.stats import MOST_BAD_LINES, MOST_HOSTS, Stats


def answer(url="http://a.test/", *, status=200, listed=False, **parts):
    return Response(request=Request(url, target=url, is_listed=listed), status=status, **parts)


def lost(url="http://a.test/", *, kind=FailureKind.TIMEOUT, listed=False, **parts):
    return Failure(request=Request(url, target=url, is_listed=listed), kind=kind, message="", **parts)


def test_a_404_is_an_answer_and_a_failed_listed_url():
    stats = Stats()
    stats.answered(answer(status=404, listed=True))
    assert (stats.pages, stats.ok, stats.any_failed, stats.listed_failed) == (1, 0, 1, 1)
    assert stats.statuses == {404: 1}
    assert not stats.failures


def test_a_found_page_that_fails_does_not_count_as_listed():
    stats = Stats()
    stats.answered(answer(status=500))
    stats.failed(lost())
    assert (stats.any_failed, stats.listed_failed) == (2, 0)


def test_a_page_whose_handler_raised_is_one_page_with_its_status_and_its_failure():
    stats = Stats()
    page = answer(listed=True, size=100, elapsed_s=0.5)
    stats.failed(
        Failure(request=page.request, kind=FailureKind.HANDLER, message="", response=page, elapsed_s=0.5)
    )
    assert (stats.pages, stats.ok, stats.listed_failed) == (1, 0, 1)
    assert stats.statuses == {200: 1}
    assert stats.failures == {"handler": 1}
    assert stats.bytes == 100
    assert stats.fetching_s == 0.5


def test_redirects_and_cut_bodies_are_counted():
    stats = Stats()
    request = Request(
        "http://a.test/", target="http://a.test/c", redirects=("http://a.test/", "http://a.test/b")
    )
    stats.answered(Response(request=request, status=200, is_cut=True))
    assert (stats.redirects, stats.cut) == (2, 1)


def test_hosts_are_told_apart_by_port_and_the_slowest_comes_first():
    stats = Stats()
    stats.answered(answer("http://quick.test/", elapsed_s=0.1, size=10))
    stats.answered(answer("http://slow.test:81/a?b", elapsed_s=2.0, size=5))
    stats.failed(lost("http://slow.test:81/b", elapsed_s=4.0))
    (name, count), (other, _) = stats.slowest_hosts()
    assert (name, other) == ("slow.test:81", "quick.test")
    assert (count.pages, count.failed, count.bytes, count.mean_s) == (2, 1, 5, 3.0)


def test_a_crawl_of_very_many_hosts_counts_the_further_ones_together():
    stats = Stats()
    for n in range(MOST_HOSTS + 3):
        stats.answered(answer(f"http://h{n}.test/", size=1))
    assert len(stats.hosts) == MOST_HOSTS
    assert stats.other_hosts.pages == 3


def test_a_url_that_could_never_be_asked_belongs_to_no_host():
    stats = Stats()
    stats.failed(Failure(request=Request("http://"), kind=FailureKind.INVALID_URL, message=""))
    assert stats.pages == 1
    assert not stats.hosts


def test_of_many_bad_lines_the_first_are_kept_and_all_are_counted():
    stats = Stats()
    for n in range(MOST_BAD_LINES + 5):
        stats.bad_line(f"urls.txt:{n}")
    assert len(stats.bad_lines) == MOST_BAD_LINES
    assert stats.bad_line_count == MOST_BAD_LINES + 5


def test_the_time_of_a_request_that_is_sent_again_counts_as_fetching():
    stats = Stats()
    stats.retried("timeout", 30.0)
    stats.answered(answer(elapsed_s=1.0))
    assert stats.fetching_s == 31.0
    assert stats.retries == {"timeout": 1}


def test_seconds_held_back_are_kept_by_cause():
    stats = Stats()
    stats.spent("held back", 1.0, why="delay")
    stats.spent("held back", 0.5)
    assert stats.spent_s["held back"] == 1.5
    assert stats.held_by == {"delay": 1.0}


def running(ticks):
    """A crawl whose main thread looked at (when, pages done so far, URLs waiting)."""
    stats = Stats()
    for now, pages, waiting in ticks:
        while stats.pages < pages:
            stats.answered(answer())
        stats.gauge(waiting=waiting, out=0, workers=1, now=now)
    return stats


def test_a_crawl_that_has_not_begun_has_no_pace_and_no_end():
    stats = Stats()
    assert (stats.elapsed_s(), stats.pages_per_s, stats.eta_s(5.0)) == (0.0, 0.0, None)


def test_a_list_that_is_half_done_has_as_long_left_as_it_took():
    stats = running([(100.0, 0, 40), (105.0, 10, 30), (110.0, 20, 20)])
    assert stats.elapsed_s() == 10.0
    assert stats.pages_per_s == pytest.approx(2.0)
    assert stats.eta_s(110.0) == pytest.approx(10.0)
    assert stats.eta_s(111.0) == pytest.approx(9.0)


def test_a_crawl_that_still_finds_pages_does_not_know_its_end():
    assert running([(0.0, 0, 1), (5.0, 10, 50), (10.0, 20, 100)]).eta_s(10.0) is None


def test_a_crawl_that_has_found_nothing_for_ten_seconds_knows_its_end_again():
    ticks = [(0.0, 0, 1), (5.0, 10, 90), *((5.0 + n, 10 + n, 90 - n) for n in range(1, 20))]
    assert running(ticks).eta_s(24.0) == pytest.approx(71.0)


def test_a_limit_of_pages_makes_the_end_known_when_enough_waits():
    stats = running([(0.0, 0, 1), (5.0, 10, 50), (10.0, 20, 100)])
    assert stats.eta_s(10.0, most_pages=40) == pytest.approx(10.0)
    assert stats.eta_s(10.0, most_pages=1000) is None


def test_a_crawl_that_stands_still_does_not_know_its_end():
    assert running([(float(n), 5, 10) for n in range(20)]).eta_s(19.0) is None


def test_the_pace_is_that_of_the_last_ten_seconds():
    fast_then_slow = [(float(n), n * 100, 0) for n in range(11)] + [
        (10.0 + n, 1000 + n, 0) for n in range(1, 21)
    ]
    assert running(fast_then_slow).pages_per_s == pytest.approx(1.0)


def test_a_main_thread_that_was_busy_for_a_minute_still_has_a_pace():
    assert running([(0.0, 0, 0), (1.0, 10, 0), (61.0, 610, 0)]).pages_per_s == pytest.approx(10.0)


def test_the_most_workers_that_existed_are_remembered():
    stats = Stats()
    for workers in (2, 8, 1):
        stats.gauge(waiting=0, out=0, workers=workers, now=0.0)
    assert (stats.workers, stats.most_workers) == (1, 8)


def test_a_result_shown_in_a_notebook_says_what_was_done():
    stats = running([(0.0, 0, 0), (2.0, 3, 0)])
    assert repr(stats) == "<Stats 3 pages, 3 ok, 0 failed, 0 items, 2.0 s>"
