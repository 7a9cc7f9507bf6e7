"""The closing table says what happened, and only that; the exit code follows from it."""

import io

import pytest

from crawlpool.cli.closing import closing_rows, exit_code, headline, show
from crawlpool.cli.screen import Screen
from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.stats import Stats


def request(url="http://a.test/", *, listed=False):
    return Request(url, target=url, is_listed=listed)


def ended(stats, *, now=4.0):
    stats.begin(0.0)
    stats.gauge(waiting=0, out=0, workers=2, now=now)
    return stats


def labels(rows):
    return [label for label, _ in rows if label]


def text(rows):
    return "\n".join(f"{label}: {line}" for label, line in rows)


def test_what_did_not_happen_has_no_row():
    stats = Stats()
    stats.answered(Response(request=request(), status=200, size=2048, elapsed_s=1.0))
    assert labels(closing_rows(ended(stats))) == ["answers", "read", "time"]


def test_everything_that_happened_is_there():
    stats = Stats()
    stats.listed(3)
    stats.duplicate(2)
    stats.bad_line("urls.txt:7: 'x y': a space")
    stats.answered(Response(request=request(), status=200, size=2048, elapsed_s=1.0, is_cut=True))
    stats.answered(Response(request=request("http://b.test/"), status=404, elapsed_s=3.0))
    stats.failed(Failure(request=request("http://c.test/"), kind=FailureKind.CONNECT_TIMEOUT, message=""))
    stats.retried("timeout")
    stats.skipped("scope", 1200)
    stats.workers_lost = 2
    stats.abandoned = 1
    stats.robots_fetched()
    stats.spent("held back", 2.0)
    stats.spent("parsing", 0.5)
    said = text(closing_rows(ended(stats), hints=["Turn a knob."], failed_file="failed.txt"))
    for part in (
        "answers: 1 x 200,  1 x 404 Not Found",
        "failed: 1 x connect timeout",
        ": listed with reasons in failed.txt",
        "tried again: 1 x timeout",
        "workers lost: 2, replaced; 1 thread abandoned",
        "seeds: 3 listed, 2 duplicates, 1 line without a URL",
        "left out: 1,200 x scope",
        "read: 2 KiB, 1 cut short, 1 robots.txt file",
        "slowest hosts: b.test  3 s a page, 1 page",
        "time: fetching 4 s in all, by 2 workers: 50 % of what they could",
        ": held back by politeness 2 s of 4 s",
        "parsing 0.5 s",
        "what would help: Turn a knob.",
    ):
        assert part in said


def test_the_headline_says_how_it_ended_and_where_the_records_are():
    stats = Stats()
    stats.answered(Response(request=request(), status=200))
    stats.item()
    ended(stats)
    assert (
        headline(stats, ended="finished", outputs=["a.csv"])
        == "Finished after 4 s: 1 page; 1 record in a.csv."
    )
    assert headline(stats, ended="stopped", left=7) == "Interrupted after 4 s: 1 page, 7 left waiting."


def test_in_a_pipe_the_table_is_plain_text_and_obeys_no_server():
    stream = io.StringIO()
    show(Screen(stream), "Finished.", [("answers", "1 x 200"), ("", "\x1b[2J")])
    assert stream.getvalue() == "Finished.\n  answers  1 x 200\n           \\u001b[2J\n"


def test_a_quiet_command_shows_no_table():
    stream = io.StringIO()
    show(Screen(stream, quiet=True), "Finished.", [])
    assert stream.getvalue() == ""


def outcome(*, listed_ok=1, listed_bad=0, found_bad=0, bad_lines=0):
    stats = Stats()
    for n in range(listed_ok):
        stats.answered(Response(request=request(f"http://a.test/{n}", listed=True), status=200))
    for n in range(listed_bad):
        stats.answered(Response(request=request(f"http://b.test/{n}", listed=True), status=404))
    for n in range(found_bad):
        stats.answered(Response(request=request(f"http://c.test/{n}"), status=404))
    for n in range(bad_lines):
        stats.bad_line(f"urls.txt:{n}")
    return stats


@pytest.mark.parametrize(
    ("parts", "fail_on", "code"),
    [
        ({}, "listed", 0),
        ({"listed_bad": 1}, "listed", 3),
        ({"listed_bad": 1}, "none", 0),
        ({"found_bad": 1}, "listed", 0),
        ({"found_bad": 1}, "any", 3),
        ({"bad_lines": 1}, "listed", 3),
        ({"bad_lines": 1}, "none", 0),
    ],
)
def test_the_exit_code_is_three_when_what_it_is_asked_about_failed(parts, fail_on, code):
    assert exit_code(outcome(**parts), ended="finished", interrupted=0, fail_on=fail_on) == code


def test_a_signal_that_cut_the_crawl_short_is_the_exit_code():
    assert exit_code(outcome(listed_bad=1), ended="stopped", interrupted=130, fail_on="listed") == 130


def test_a_signal_that_came_when_all_was_done_is_not():
    assert exit_code(outcome(), ended="finished", interrupted=143, fail_on="listed") == 0


def test_a_crawl_that_can_go_on_says_what_does_it():
    stats = ended(Stats())
    assert "run the same command again; a.job" in text(closing_rows(stats, ended="stopped", job="a.job"))
    # With the same limit there would be nothing to do.
    assert "raise --max-pages; a.job" in text(closing_rows(stats, ended="max_pages", job="a.job"))


def test_a_worker_of_many_connections_could_have_used_all_of_them():
    stats = Stats()
    stats.answered(Response(request=request(), status=200, size=2048, elapsed_s=4.0))
    stats.connections = 4

    assert "by 2 workers: 12 % of what they could" in text(closing_rows(ended(stats)))
