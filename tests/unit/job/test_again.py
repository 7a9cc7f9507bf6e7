"""What failed waits again: its old end is one more attempt, and nothing in the way of the new one is left."""

import pytest

from crawlpool.frontiers.sqlite import SqliteFrontier
from crawlpool.job.again import put_back
from crawlpool.job.file import JobFile
from crawlpool.job.schema import State
from crawlpool.model import Request

from ...jobs import Book, rows


@pytest.fixture
def path(tmp_path):
    return tmp_path / "books.jsonl.job"


def again(path, **wanted):
    job = JobFile(path)
    try:
        return put_back(job, **wanted)
    finally:
        job.close()


def waiting(path):
    return [url for (url,) in rows(path, "SELECT url FROM url WHERE state = 0 ORDER BY id")]


def test_failures_wait_again_and_answers_stay(path):
    with Book(path) as book:
        book.answered("http://a.test/")
        book.answered("http://a.test/503", status=503, kind="http")
        book.failed("http://a.test/slow", "timeout", "no answer in 30 s")
        book.url("http://a.test/old", State.LEFT_OUT, kind="redirect to a known page")
        book.job.set("state", "finished")
    assert again(path) == 2
    assert waiting(path) == ["http://a.test/503", "http://a.test/slow"]
    assert rows(path, "SELECT value FROM meta WHERE name = 'state'") == [('"unfinished"',)]


def test_a_row_that_waits_again_is_as_it_was_before_it_was_asked(path):
    kept = "url, host, rank, depth, listed, found_on, request"
    with Book(path) as book:
        book.answered("http://a.test/")
        book.failed(
            "http://a.test/x", "timeout", "late", found_on=1, depth=3, rank=-5, listed=1, request={"source": "u:1"},
            final_url="http://a.test/y", elapsed_s=2.0, bytes=1, worker=9, batch=4, status=200,
        )  # fmt: skip
    before = rows(path, f"SELECT {kept} FROM url WHERE id = 2")
    again(path)
    assert rows(path, f"SELECT {kept} FROM url WHERE id = 2") == before
    ends = "final_url, status, kind, message, attempts, at, elapsed_s, bytes, worker, items, batch"
    assert rows(path, f"SELECT {ends} FROM url WHERE id = 2") == [(None,) * 11]


def test_the_end_that_it_had_becomes_an_attempt(path):
    with Book(path) as book:
        book.answered("http://a.test/503", status=503, kind="http", message="HTTP 503 Busy", worker=7)
        book.failed(
            "http://a.test/x", "handler", "KeyError: 'price'", status=200, final_url="http://a.test/y"
        )
    again(path)
    assert rows(path, "SELECT url, target, came_to, message, wait_s FROM attempt ORDER BY url") == [
        (1, "http://a.test/503", "HTTP 503", "HTTP 503 Busy", None),
        (2, "http://a.test/y", "handler", "KeyError: 'price'", None),
    ]


def test_only_what_is_asked_for_waits_again(path):
    with Book(path) as book:
        book.failed("http://a.test/1", "timeout")
        book.failed("http://b.test/2", "timeout")
        book.failed("http://a.test/3", "dns")
        book.answered("http://a.test/4", status=503, kind="http")
        book.answered("http://a.test/5", status=404, kind="http")
    assert again(path, kinds=["timeout"], hosts=["a.test"]) == 1
    assert again(path, statuses=[503]) == 1
    assert again(path, hosts=["nowhere.test"]) == 0
    assert waiting(path) == ["http://a.test/1", "http://a.test/4"]


def test_what_is_no_url_stays_failed_since_no_host_can_be_asked(path):
    with Book(path) as book:
        book.failed("not a url", "invalid_url")
    assert again(path) == 0
    assert waiting(path) == []


def test_the_targets_of_its_redirects_are_forgotten_and_what_was_found_there_is_not(path):
    with Book(path) as book:
        first = book.failed("http://a.test/", "timeout")
        target = book.url("http://a.test/home", State.LED_TO, host=None, found_on=first)
        book.answered("http://a.test/page", found_on=target)
        good = book.answered("http://a.test/good")
        book.url("http://a.test/fine", State.LED_TO, host=None, found_on=good)
    again(path)
    assert rows(path, "SELECT url, found_on FROM url WHERE url LIKE '%page' OR state = 4") == [
        ("http://a.test/page", first), ("http://a.test/fine", good),
    ]  # fmt: skip


def test_a_crawl_leases_it_and_may_be_redirected_to_the_same_target_again(path):
    with Book(path) as book:
        first = book.failed("http://a.test/", "timeout")
        book.url("http://a.test/home", State.LED_TO, host=None, found_on=first)
    again(path)
    job = JobFile(path)
    try:
        frontier = SqliteFrontier(job)
        (request,) = frontier.take("a.test", 5)
        assert request.url == "http://a.test/"
        assert frontier.mark(Request("http://a.test/home", target="http://a.test/home", lease=request.lease))
    finally:
        job.close()


def test_putting_back_what_was_not_committed_is_undone_by_a_crash(path):
    with Book(path) as book:
        book.failed("http://a.test/", "timeout")
    job = JobFile(path)
    job.commit = lambda: None  # the machine stops just before
    put_back(job)
    job.close()
    assert waiting(path) == []
    assert rows(path, "SELECT count(*) FROM attempt") == [(0,)]
