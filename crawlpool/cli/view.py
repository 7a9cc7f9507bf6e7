"""The live view: what a crawl does at this moment, as lines that fit a terminal of any size.

    counts, rates, the bar             always
    hosts    how each is, and why      as many rows as fit, `+` for more
    workers  what each holds
    failed   the last ones

Rows are laid out here and not by tables of a library: that takes a tenth of the time, and
a view that is drawn four times a second must not cost what it shows. URLs, hosts and
messages are servers' words, so every text is made harmless first.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..live.now import HostNow, LaneNow, Now
from ..model import Failure
from ..stats import Stats
from ..urls import public
from .figures import count, rate, seconds, size
from .manners import cause_in_words
from .screen import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

LEAST_WIDE: Final = 60
LEAST_HIGH: Final = 12
"""Columns and lines from which on the view is shown without being asked for."""

FEWEST_WIDE: Final = 24
FEWEST_HIGH: Final = 5
"""Below these even who asks for it gets the bar."""

MOST_ROWS: Final = 200
"""Rows of one kind at most, however large the terminal is."""

_ROWS: Final = (6, 8, 3)  # of hosts, workers and failures, to begin with
_WINDOW_S: Final = 5.0
_BAR: Final = 24
_LONGEST: Final = 500
_STATES: Final = {"working": "green", "waiting": "", "resting": "yellow", "given up": "red", "idle": "dim"}
_HELP: Final = (
    "p pause: nothing is started, what is out comes home    r go on",
    "s stop: what is out is finished and kept    q stop at once",
    "+ or m more rows    - fewer    h this help",
)
_KEYS: Final = "p pause  s stop  + more  h help"


class Part(NamedTuple):
    """Some text in one style of rich's."""

    text: str
    style: str = ""


Line = Sequence[Part]


class View:
    """Lays out the view; keeps what is needed to say how fast it goes now, and how many rows are wanted.

    Args:
        most_pages: The limit of pages, if there is one.
        has_keys: Whether keys can be pressed.
    """

    def __init__(self, *, most_pages: int | None = None, has_keys: bool = False) -> None:
        """Start with the fewest rows."""
        self._most_pages = most_pages
        self._has_keys = has_keys
        self._samples: deque[tuple[float, int, int]] = deque()  # when, pages, bytes
        self._level = 1
        self.has_help = False
        self.is_stopping = False

    @property
    def most(self) -> int:
        """Rows of one kind that may be shown now."""
        return min(MOST_ROWS, self._level * max(_ROWS))

    def more(self, step: int) -> None:
        """Show more rows of everything, or fewer."""
        self._level = min(max(1, self._level + step), MOST_ROWS // max(_ROWS))

    def lines(self, now: Now, stats: Stats, at: float, *, wide: int, high: int) -> list[Line]:
        """The view for a terminal of a size; no more lines, and none wider.

        Args:
            now: What it does.
            stats: What it has done.
            at: The time, of the clock that `stats` is told.
            wide: Columns.
            high: Lines.
        """
        found = [self._title(now, stats, at, wide), *self._counts(now, stats, at, wide)]
        if self.has_help:
            found += [[Part(each, "cyan")] for each in _HELP]
        found = found[:high]
        parts = (
            ("hosts", [_host_line(each, wide) for each in now.hosts]),
            ("workers", [_lane_line(each) for each in now.lanes]),
            ("failed last", [_failure_line(each) for each in now.failures]),
        )
        shares = _shares([len(lines) for _, lines in parts], self._level, high - len(found))
        for (name, lines), share in zip(parts, shares, strict=True):
            if share:
                more = len(lines) - share
                title = f"{name} ({share} of {count(len(lines))})" if more > 0 else name
                found += [[Part(title, "bold")], *lines[:share]]
        return found

    def _title(self, now: Now, stats: Stats, at: float, wide: int) -> Line:
        state = ""
        if self.is_stopping:
            state = "stopping: what is out is finished"
        elif now.is_paused:
            state = "paused: r goes on" if self._has_keys else "paused"
        said = f"crawling for {seconds(round(stats.elapsed_s(at)))}"
        left = [Part(said, "bold"), *([Part(f"  {state}", "yellow bold")] if state else [])]
        room = wide - sum(len(each.text) for each in left) - len(_KEYS)
        if self._has_keys and room >= 2:
            left.append(Part(" " * room + _KEYS, "dim"))
        return left

    def _counts(self, now: Now, stats: Stats, at: float, wide: int) -> list[Line]:
        samples = self._samples
        samples.append((at, stats.pages, stats.bytes))
        while len(samples) > 2 and at - samples[1][0] >= _WINDOW_S:
            samples.popleft()
        since, pages, bytes_ = samples[0]
        span, whole = at - since, stats.elapsed_s(at)
        counts = [Part(f"{count(stats.pages)} done")]
        if stats.any_failed:
            counts.append(Part(f"  {count(stats.any_failed)} failed", "red"))
        counts.append(Part(f"  {count(stats.waiting)} waiting  {count(stats.out)} out"))
        left_s = stats.eta_s(at, most_pages=self._most_pages)
        if left_s is not None and not now.is_paused:
            counts.append(Part(f"  about {seconds(max(1.0, round(left_s)))} left"))
        total = stats.pages + stats.waiting + stats.out
        if self._most_pages is not None:
            total = min(total, self._most_pages)
        room = wide - sum(len(each.text) for each in counts) - 2
        if room >= 8:
            long = min(_BAR, room)
            full = min(long, round(long * stats.pages / max(1, total)))
            counts = [Part("━" * full, "green"), Part("─" * (long - full) + "  ", "dim"), *counts]
        rates = []
        if span > 0:
            rates.append(
                f"now {rate((stats.pages - pages) / span)} pages/s, {_speed((stats.bytes - bytes_) / span)}"
            )
        if whole > 0:
            rates.append(f"in all {rate(stats.pages / whole)} pages/s, {_speed(stats.bytes / whole)}")
        return [counts, [Part("   ".join((*rates, f"{size(stats.bytes)} read")))]]


def _speed(bytes_per_s: float) -> str:
    return f"{size(bytes_per_s)}/s"


def _shares(wanted: Sequence[int], level: int, room: int) -> list[int]:
    """How many rows each part gets, titles left out: what it wants, else a fair share of the room."""
    wanted = [min(many, level * most) for many, most in zip(wanted, _ROWS, strict=True)]
    found = [0] * len(wanted)
    while room > 0:
        before = room
        for place, many in enumerate(wanted):
            cost = 1 if found[place] else 2  # the first row brings its title
            if found[place] < many and room >= cost:
                found[place] += 1
                room -= cost
        if room == before:
            break
    return found


def _host_line(each: HostNow, wide: int) -> Line:
    figures = f"{count(each.pages):>8}"
    if wide >= LEAST_WIDE:
        figures += f"{f'{count(each.failed)} failed' if each.failed else '':>14}"
    if wide >= 80:
        figures += f"{seconds(each.mean_s) if each.mean_s else '':>10}"
    name = max(10, min(30, wide // 3))
    return [
        Part(f"  {_cut(each.host, name):<{name}}{figures}  "),
        Part(_words_of(each), _STATES[each.state]),
    ]


def _words_of(each: HostNow) -> str:
    why = printable(cause_in_words(each.why))
    if each.state == "working":
        return f"{each.out} under way"
    if each.state == "given up":
        return f"given up: {why}"
    if not why:
        return each.state
    verb = "rests" if each.state == "resting" else "waits"
    return f"{verb} {seconds(each.for_s)}: {why}" if each.for_s > 0 else f"waits: {why}"


def _lane_line(each: LaneNow) -> Line:
    who = f"  {each.number:>3}  pid {each.pid:<8}"
    if not each.url:
        return [Part(f"{who}idle", "dim")]
    ahead = f"(+{each.ahead}) " if each.ahead else ""
    return [Part(f"{who}{seconds(each.for_s):>7}  {ahead}{_cut(each.url, _LONGEST)}")]


def _failure_line(each: Failure) -> Line:
    url = _cut(public(each.request.url), _LONGEST)
    return [Part(f"  {each.kind.value}  ", "red"), Part(f"{url}  {_cut(each.message, _LONGEST)}")]


def _cut(text: str, most: int) -> str:
    """Text of a server's, harmless and no longer than that."""
    shown = printable(text[:most])
    return shown if len(shown) <= most and len(text) <= most else shown[: most - 1] + "…"


class Picture:
    """Lines as something that rich can draw: cut where the terminal ends."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = lines

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Give the segments, each line with its end."""
        from rich.cells import cell_len, set_cell_size  # noqa: PLC0415  loaded with what draws
        from rich.segment import Segment  # noqa: PLC0415

        end: Any = Segment.line()
        for place, line in enumerate(self._lines):
            if place:
                yield end
            room = options.max_width
            for text, style in line:
                if room <= 0:
                    break
                wide = cell_len(text)
                yield Segment(
                    text if wide <= room else set_cell_size(text, room), console.get_style(style or "none")
                )
                room -= wide
