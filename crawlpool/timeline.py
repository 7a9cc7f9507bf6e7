"""The steps of a crawl as a picture: a row for the main thread, one for the callbacks, one a lane.

    main thread  ▕ ▏▕▏  ▕ ▏      settled to stored, the handler in a colour of its own
    callbacks      │  │   │       the moments at which pools called back
    lane 1       ▕███▏▕██▏        sent to answered; red where no good answer came

Up to `MOST_BARS` requests each is a bar that says its URL when it is pointed at. Of more
than that no screen could show each: then a column stands for all in its moment, and its
height for how busy the row was. The picture is SVG 1.1, with no script in it, and
every text in it is escaped: URLs are servers' words.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final, NamedTuple

MOST_BARS: Final = 2_000
"""Requests that are drawn one by one."""

MOST_LANES: Final = 64
"""Lanes that have a row of their own; those behind them share one."""

_WIDE: Final = 1_200.0  # of the rows, in the picture's units
_LEFT: Final = 170.0
_TOP: Final = 78.0
_HIGH: Final = 18.0
_STEP: Final = 24.0
_COLUMN: Final = 2.0
_TICKS: Final = 12
_COLOURS: Final = {
    "fetch": "#4c8bf5",
    "bad": "#d64541",
    "ahead": "#c9d6ea",
    "main": "#7a8793",
    "handler": "#e08a1e",
    "call": "#2e7d4f",
    "commit": "#5b3a8e",
}
_LEGEND: Final = (
    ("fetch", "fetching, in the worker"),
    ("bad", "fetching, without a good answer"),
    ("ahead", "handed over, not begun"),
    ("call", "callback"),
    ("main", "main thread: settling, storing"),
    ("handler", "main thread: handler"),
    ("commit", "commit"),
)


class Event(NamedTuple):
    """One step of one URL.

    Attributes:
        ms: Milliseconds since the trace began.
        step: One of `crawlpool.trace.STEPS`.
        pid: The process that did it.
        thread: Its thread there.
        lane: The lane's number; 0 before it has one.
        url: The URL that was asked, or is to be.
        note: What it came to, in a few words.
    """

    ms: float
    step: str
    pid: int
    thread: str
    lane: int
    url: str
    note: str = ""


class _Bar(NamedTuple):
    """Something that took from one moment to another, in milliseconds."""

    begin: float
    end: float
    kind: str
    url: str
    note: str


class _Rows:
    """What there is to draw, found by pairing steps: what began with what ended it."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Take the steps in the order of time."""
        self.main: list[_Bar] = []
        self.calls: list[_Bar] = []
        self.lanes: dict[int, list[_Bar]] = {}
        self.pids: dict[int, int] = {}
        self._open: dict[tuple[str, str], Event] = {}  # a URL takes each step once at a time
        self._commits: set[int] = set()
        takes = {
            "handed": self._begin,
            "began": self._began,
            "answered": self._answered,
            "lost": self._lost,
            "called_back": self._called_back,
            "settled": self._settled,
            "handler": self._begin,
            "stored": self._stored,
            "committed": self._committed,
        }
        for each in events:
            take = takes.get(each.step)
            if take is not None:
                take(each)

    def _begin(self, each: Event) -> None:
        self._open[each.step, each.url] = each

    def _bar(self, row: list[_Bar], step: str, each: Event, kind: str, note: str = "") -> None:
        """Draw from an earlier step of the same URL to this one, if there was one."""
        before = self._open.pop((step, each.url), None)
        if before is not None:
            row.append(_Bar(before.ms, each.ms, kind, each.url, note or each.note))

    def _lane(self, each: Event) -> list[_Bar]:
        return self.lanes.setdefault(each.lane, [])

    def _began(self, each: Event) -> None:
        self.pids[each.lane] = each.pid
        self._bar(self._lane(each), "handed", each, "ahead", "waits for its worker")
        self._begin(each)

    def _answered(self, each: Event) -> None:
        is_good = each.note.startswith(("HTTP 1", "HTTP 2", "HTTP 3"))
        self._bar(self._lane(each), "began", each, "fetch" if is_good else "bad")

    def _lost(self, each: Event) -> None:
        self._bar(self._lane(each), "handed", each, "bad")

    def _called_back(self, each: Event) -> None:
        self.calls.append(_Bar(each.ms, each.ms, "call", each.url, each.thread))

    def _settled(self, each: Event) -> None:
        self.main.append(_Bar(each.ms, each.ms, "main", each.url, each.note))
        self._begin(each)

    def _stored(self, each: Event) -> None:
        handler = self._open.get(("handler", each.url))
        self._bar(self.main, "settled", each, "main")
        self._bar(self.main, "handler", each, "handler", "" if handler is None else handler.note)

    def _committed(self, each: Event) -> None:
        if round(each.ms) not in self._commits:
            self._commits.add(round(each.ms))
            self.main.append(_Bar(each.ms, each.ms, "commit", "", "commit"))


def drawn(
    events: Iterable[Event],
    *,
    since_ms: float = 0.0,
    until_ms: float | None = None,
    most_bars: int = MOST_BARS,
) -> str:
    """Draw what happened between two moments.

    Args:
        events: The steps, in whatever order.
        since_ms: Where the picture begins.
        until_ms: Where it ends; None for the last step.
        most_bars: Requests that are drawn one by one; of more, how busy each row was is drawn.
    """
    found = sorted(events)
    end = max((each.ms for each in found), default=0.0) if until_ms is None else until_ms
    end = max(end, since_ms + 0.001)
    rows = _Rows(each for each in found if each.ms <= end)
    lanes = _shared({number: _within(bars, since_ms, end) for number, bars in rows.lanes.items()})
    requests = sum(1 for bars in lanes.values() for bar in bars if bar.kind in {"fetch", "bad"})
    is_coarse = requests > most_bars
    high = _TOP + _STEP * (2 + len(lanes)) + 14
    scale = _WIDE / (end - since_ms)
    wide = _LEFT + _WIDE + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}">',
        "<style>text { font: 12px sans-serif }</style>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="10" y="18">{_headline(requests, since_ms, end, is_coarse=is_coarse)}</text>',
        *_legend(),
        *_axis(since_ms, end, scale, high),
    ]
    named: list[tuple[str, list[_Bar]]] = [
        ("main thread", _within(rows.main, since_ms, end)),
        ("callbacks", _within(rows.calls, since_ms, end)),
    ]
    for number, bars in lanes.items():
        pid = rows.pids.get(number)
        name = f"lane {number}" if number else "other lanes"
        named.append((f"{name}, pid {pid}" if pid and number else name, bars))
    for place, (name, bars) in enumerate(named):
        top = _TOP + place * _STEP
        parts.append(f'<text x="{_LEFT - 8:g}" y="{top + 13:g}" text-anchor="end">{_text(name)}</text>')
        parts.append(f'<rect x="{_LEFT:g}" y="{top:g}" width="{_WIDE:g}" height="{_HIGH:g}" fill="#f4f5f7"/>')
        parts.extend(_columns(bars, top, since_ms, scale) if is_coarse else _bars(bars, top, since_ms, scale))
    parts.append("</svg>\n")
    return "\n".join(parts)


def _within(bars: Sequence[_Bar], since_ms: float, end: float) -> list[_Bar]:
    return [
        each._replace(begin=max(each.begin, since_ms), end=min(each.end, end))
        for each in bars
        if each.end >= since_ms and each.begin <= end
    ]


def _shared(lanes: dict[int, list[_Bar]]) -> dict[int, list[_Bar]]:
    """The lanes that get a row; those beyond the most share the last, under the number 0."""
    kept = {number: lanes[number] for number in sorted(lanes)[:MOST_LANES] if lanes[number]}
    rest = [bar for number in sorted(lanes)[MOST_LANES:] for bar in lanes[number]]
    return {**kept, 0: rest} if rest else kept


def _bars(bars: Iterable[_Bar], top: float, since_ms: float, scale: float) -> Iterator[str]:
    for each in sorted(bars, key=lambda bar: bar.kind != "ahead"):
        x = _LEFT + (each.begin - since_ms) * scale
        wide = max(1.0, (each.end - each.begin) * scale)
        inset = 6.0 if each.kind == "ahead" else 0.0
        took = f"{each.begin:.1f} ms" + (
            f", took {each.end - each.begin:.1f} ms" if each.end > each.begin else ""
        )
        said = "\n".join(filter(None, (each.url, each.note, took)))
        yield (
            f'<rect x="{x:.2f}" y="{top + inset:g}" width="{wide:.2f}" height="{_HIGH - 2 * inset:g}" '
            f'fill="{_COLOURS[each.kind]}"><title>{_text(said)}</title></rect>'
        )


def _columns(bars: Iterable[_Bar], top: float, since_ms: float, scale: float) -> Iterator[str]:
    """How busy a row was, moment by moment; red where most of what it did there came to nothing."""
    places = int(_WIDE / _COLUMN)
    busy, bad = [0.0] * places, [0.0] * places
    for each in bars:
        if each.kind in {"ahead", "commit"}:
            continue
        begin = (each.begin - since_ms) * scale / _COLUMN
        end = max((each.end - since_ms) * scale / _COLUMN, begin + 0.05)  # a moment shows, too
        for place in range(int(begin), min(places, int(end) + 1)):
            part = min(end, place + 1) - max(begin, place)
            busy[place] += part
            bad[place] += part if each.kind == "bad" else 0.0
    for place, share in enumerate(busy):
        if share <= 0.0:
            continue
        high = max(1.0, _HIGH * min(1.0, share))
        colour = _COLOURS["bad" if bad[place] > share / 2 else "fetch"]
        yield (
            f'<rect x="{_LEFT + place * _COLUMN:g}" y="{top + _HIGH - high:.1f}" width="{_COLUMN:g}" '
            f'height="{high:.1f}" fill="{colour}"/>'
        )


def _headline(requests: int, since_ms: float, end: float, *, is_coarse: bool) -> str:
    between = f"{since_ms / 1000:.2f} s to {end / 1000:.2f} s"
    said = f"{requests:,} request{'s' if requests != 1 else ''}, {between}"
    if is_coarse:
        said += (
            ". Too many to show each: columns are as high as the row was busy. Draw less time to see each."
        )
    return _text(said)


def _legend() -> Iterator[str]:
    x = 10.0
    for kind, said in _LEGEND:
        yield f'<rect x="{x:g}" y="28" width="12" height="12" fill="{_COLOURS[kind]}"/>'
        yield f'<text x="{x + 17:g}" y="38">{_text(said)}</text>'
        x += 35 + 6.6 * len(said)


def _axis(since_ms: float, end: float, scale: float, high: float) -> Iterator[str]:
    """Marks at round moments: 1, 2 or 5 times a power of ten apart."""
    step = 0.001
    while (end - since_ms) / step > _TICKS:
        step *= 2.5 if f"{step:e}"[0] == "2" else 2.0
    number = int(since_ms / step) + (since_ms % step > 0)
    while (at := number * step) <= end:
        x = _LEFT + (at - since_ms) * scale
        said = f"{at / 1000:g} s" if end >= 1_000 else f"{at:g} ms"
        yield f'<line x1="{x:.1f}" y1="{_TOP - 8:g}" x2="{x:.1f}" y2="{high - 10:g}" stroke="#d9dde2"/>'
        yield f'<text x="{x:.1f}" y="{_TOP - 12:g}" text-anchor="middle" fill="#5b6570">{said}</text>'
        number += 1


def _text(text: str) -> str:
    """Escape; what is no printable character has no place in XML."""
    return escape("".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text))
