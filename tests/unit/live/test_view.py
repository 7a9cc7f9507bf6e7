"""What the live view says, and that it fits, costs little, and obeys no server."""

import io
import time
from collections import deque

import pytest
from rich.cells import cell_len
from rich.console import Console

from crawlpool.cli.view import Picture, View
from crawlpool.holding import Holding
from crawlpool.live.now import HostNow, LaneNow, Look, Now
from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.polite.gate import Gate
from crawlpool.stats import Stats


class Worker:
    pid = 4711


class Crew:
    """Lanes that hold what a test says."""

    def __init__(self, held):
        self._lanes = []
        for number, (host, urls, since) in enumerate(held, 1):
            lane = Holding(number, Worker(), deque(), since)
            lane.host = host
            for place, url in enumerate(urls, 1):
                hand = lane.hand_ahead if lane.held else lane.start
                hand(place, Request(url, target=url), ("GET", url, (), b"", 0), host)
            lane.moved_at = since
            self._lanes.append(lane)

    def holdings(self):
        return self._lanes


def answered(url, *, status=200, size=1000, elapsed_s=0.1):
    return Response(request=Request(url, target=url), status=status, size=size, elapsed_s=elapsed_s)


def failed(url, kind=FailureKind.TIMEOUT, message="no answer in 30 s"):
    return Failure(request=Request(url, target=url), kind=kind, message=message)


def many(hosts=1000, lanes=8):
    """A crawl of many hosts, as it might be after ten seconds."""
    stats, gate = Stats(), Gate(per_host=2, delay_s=1.0)
    stats.begin(0.0)
    for number in range(hosts):
        host = f"host{number}.example"
        stats.answered(answered(f"http://{host}/page"))
        gate.wake(host)
        gate.started(host, 9.0)
        gate.finished(host)
    stats.failed(failed("http://host3.example/slow"))
    stats.gauge(waiting=500, out=lanes, workers=lanes, now=10.0)
    held = [(f"host{number}.example", [f"http://host{number}.example/next"], 9.5) for number in range(lanes)]
    return Look(Crew(held), gate, stats), stats


def shown(now, stats, *, wide=80, high=24, at=10.0, view=None):
    lines = (view or View()).lines(now, stats, at, wide=wide, high=high)
    stream = io.StringIO()
    Console(file=stream, width=wide, height=high, color_system=None).print(Picture(lines), end="")
    return stream.getvalue().splitlines()


def nothing(**changes):
    parts = {"hosts": (), "lanes": (), "failures": (), "is_paused": False}
    return Now(**{**parts, **changes})


def test_each_worker_is_shown_with_what_it_holds_and_since_when():
    crew = Crew([("a.example", ["http://a.example/1", "http://a.example/2"], 7.0), ("b.example", [], 0.0)])
    now = Look(crew, Gate(per_host=2, delay_s=0.0), Stats())(10.0, most=5)
    assert now.lanes == [
        LaneNow(number=1, pid=4711, url="http://a.example/1", for_s=3.0, ahead=1),
        LaneNow(number=2, pid=4711, url="", for_s=0.0, ahead=0),
    ]
    lines = shown(now, Stats())
    assert "    1  pid 4711        3 s  (+1) http://a.example/1" in lines
    assert "    2  pid 4711    idle" in lines


def test_a_host_is_said_to_work_to_wait_to_rest_or_to_be_given_up_with_the_reason():
    gate, stats = Gate(per_host=1, delay_s=0.0), Stats()
    for host in ("delayed", "asked", "ill", "gone", "busy"):
        gate.wake(host)
        stats.answered(answered(f"http://{host}/"))
    gate.slow_to("delayed", 60.0)
    gate.started("delayed", 0.0)
    gate.finished("delayed")
    gate.rest("asked", 30.0)
    gate.rest("ill", 20.0, because="failing")
    stats.host_notes.given_up("gone", "HTTP 503")
    now = Look(Crew([("busy", ["http://busy/1"], 9.0)]), gate, stats)(10.0, most=9)
    found = {each.host: (each.state, each.why) for each in now.hosts}
    assert found["delayed"] == ("waiting", "crawl_delay")
    assert found["asked"] == ("resting", "retry_after")
    assert found["ill"] == ("resting", "failing")
    assert found["gone"] == ("given up", "HTTP 503")
    assert found["busy"][0] == "working"
    text = "\n".join(shown(now, stats, wide=120))
    assert "waits 50 s: its Crawl-delay" in text
    assert "rests 20 s: a rest that it asked for" in text
    assert "given up: HTTP 503" in text
    assert "1 under way" in text


def test_the_rate_of_late_is_told_apart_from_that_of_all():
    stats, view = Stats(), View()
    stats.begin(0.0)
    for at, pages in ((100.0, 100), (102.0, 200), (104.0, 300)):
        while stats.pages < pages:
            stats.answered(answered("http://a.example/", size=1024))
        stats.gauge(waiting=10, out=1, workers=1, now=at)
        lines = shown(nothing(), stats, at=at, view=view)
    assert lines[2] == "now 50 pages/s, 50 KiB/s   in all 2.9 pages/s, 2.9 KiB/s   300 KiB read"


@pytest.mark.parametrize(("wide", "high"), [(24, 5), (40, 8), (60, 12), (80, 24), (250, 90)])
@pytest.mark.parametrize("more", [0, 9])
def test_no_line_is_wider_than_the_terminal_and_there_are_no_more_than_fit(wide, high, more):
    look, stats = many()
    view = View(has_keys=True)
    view.more(more)
    view.has_help = True
    lines = shown(look(10.0, most=view.most), stats, wide=wide, high=high, view=view)
    assert len(lines) <= high
    assert all(cell_len(line) <= wide for line in lines)


def test_wide_letters_count_as_two():
    url = "http://a.example/" + "\u6f22" * 100
    now = nothing(lanes=[LaneNow(number=1, pid=1, url=url, for_s=1.0, ahead=0)])
    assert all(cell_len(line) <= 50 for line in shown(now, Stats(), wide=50))


def test_more_rows_are_shown_when_they_are_asked_for_and_there_is_room():
    look, stats = many(lanes=20)
    view = View()
    few = shown(look(10.0, most=view.most), stats, high=60, view=view)
    view.more(1)
    more = shown(look(10.0, most=view.most), stats, high=60, view=view)
    assert "workers (8 of 20)" in few
    assert "workers (16 of 20)" in more
    assert len(more) > len(few)


def test_what_a_server_says_moves_no_cursor_and_adds_no_line():
    evil = "\x1b[2J\x9b1A\r\n\u202e[bold red]x[/]"
    now = nothing(
        hosts=[HostNow(host=f"h{evil}", state="given up", why=evil)],
        lanes=[LaneNow(number=1, pid=1, url=f"http://a/{evil}", for_s=0.0, ahead=0)],
        failures=[failed(f"http://b/{evil}", message=evil)],
    )
    lines = shown(now, Stats(), wide=200)
    assert len(lines) == 3 + 3 + 3
    assert all(line.isprintable() for line in lines)
    assert any("[bold red]" in line for line in lines)


def test_a_user_name_and_a_password_in_a_url_are_not_shown():
    now = nothing(failures=[failed("http://me:secret@a.example/")])
    assert "secret" not in "\n".join(shown(now, Stats()))


def test_looking_at_a_thousand_hosts_and_drawing_them_takes_a_few_milliseconds():
    look, stats = many()
    view = View()

    def draw(times):
        began = time.process_time()
        for step in range(times):
            shown(look(10.0 + step / 4, most=view.most), stats, at=10.0 + step / 4, view=view)
        return (time.process_time() - began) / times

    draw(3)
    # 2.5 ms four times a second are one per cent of a processor; a busy machine gets room.
    assert min(draw(10) for _ in range(3)) < 0.0075
