"""A line now and then in a pipe, a bar on a terminal, and neither ever fails a crawl."""

import io
import os
import select

import pytest

from crawlpool.cli.progress import Progress, facts
from crawlpool.cli.screen import Screen
from crawlpool.model import Request, Response
from crawlpool.stats import Stats


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def at(clock, stats, now, *, pages, waiting):
    clock.now = now
    while stats.pages < pages:
        stats.answered(Response(request=Request("http://a.test/", target="http://a.test/"), status=200))
    stats.gauge(waiting=waiting, out=0, workers=2, now=now)


def crawl(stream, *, until, quiet=False):
    """Ticks ten times a second, as a crawl makes them; ten pages a second of a hundred thousand."""
    clock, stats = Clock(), Stats()
    progress = Progress(Screen(stream, quiet=quiet), clock=clock)
    with progress.shown():
        for tick in range(int(until * 10) + 1):
            at(clock, stats, tick / 10, pages=tick, waiting=100_000 - tick)
            progress.tick(stats)


def test_in_a_pipe_a_line_comes_after_five_seconds_and_then_every_ten():
    stream = io.StringIO()
    crawl(stream, until=30)
    assert [line.partition(":")[0] for line in stream.getvalue().splitlines()] == ["5 s", "15 s", "25 s"]
    assert "150 done, 99,850 waiting, 10 pages/s, 2 workers, about 2 h 46 min left" in stream.getvalue()


def test_a_crawl_of_an_hour_writes_a_line_a_minute():
    stream = io.StringIO()
    crawl(stream, until=3600)
    assert len(stream.getvalue().splitlines()) == 61 + 49


def test_a_quiet_crawl_shows_no_progress():
    stream = io.StringIO()
    crawl(stream, until=30, quiet=True)
    assert stream.getvalue() == ""


def test_failed_pages_are_named_when_there_are_some():
    stats = Stats()
    stats.answered(Response(request=Request("http://a.test/", target="http://a.test/"), status=500))
    assert facts(stats, 0.0)[:2] == ["1 done", "1 failed"]


@pytest.fixture
def terminal():
    """A real terminal; calling it reads what was sent there."""
    pty = pytest.importorskip("pty", reason="no pseudo terminals here")
    ours, theirs = pty.openpty()
    stream = os.fdopen(theirs, "w", encoding="utf-8")

    def sent():
        stream.flush()
        parts = [os.read(ours, 1_000_000)]
        while select.select([ours], [], [], 0.05)[0]:  # a terminal hands over in pieces
            parts.append(os.read(ours, 1_000_000))
        return b"".join(parts).decode()

    yield stream, sent
    stream.close()
    os.close(ours)


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_on_a_terminal_there_is_a_bar_which_makes_room_for_lines_and_goes_away(terminal):
    stream, sent = terminal
    clock, stats = Clock(), Stats()
    screen = Screen(stream)
    progress = Progress(screen, clock=clock)
    with progress.shown():
        at(clock, stats, 1.0, pages=10, waiting=5)
        progress.tick(stats)
        assert "10 done  5 waiting" in sent()
        screen.say("a notice")
        taken_away, _, behind = sent().partition("a notice")
        assert "\x1b[2K" in taken_away
        assert "done" not in behind
        at(clock, stats, 2.0, pages=12, waiting=3)
        progress.tick(stats)
        assert "12 done  3 waiting" in sent()
    assert sent().endswith("\x1b[2K")
    assert screen.lift is None


def test_a_crawl_that_is_done_at_once_shows_no_bar(terminal):
    stream, sent = terminal
    clock, stats = Clock(), Stats()
    progress = Progress(Screen(stream), clock=clock)
    with progress.shown():
        at(clock, stats, 0.1, pages=10, waiting=5)
        progress.tick(stats)
    stream.write("nothing before this")
    assert sent() == "nothing before this"


def test_a_dumb_terminal_gets_lines(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream, sent = terminal
    crawl(stream, until=6)
    assert sent().startswith("5 s: 50 done")
