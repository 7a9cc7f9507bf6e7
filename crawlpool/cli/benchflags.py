"""The flags of `crawlpool bench`, and how their values are read."""

import argparse
from collections.abc import Callable
from pathlib import Path

from ..units import read_count, read_seconds
from .flags import Parser, chosen, new_parser

_USAGE = "crawlpool bench [FLAG ...] [URL|FILE ...]"
_DESCRIPTION = """\
Fetch the same URLs in many ways, one after the other, with pools, futures, asyncio and
crawlpool's backends, and show how long each took and why.

Without words a sample site is served on this machine. Of a list of yours at most 40 URLs
are taken; then every way obeys robots.txt, sends a host few requests at once, and there
is a pause between two. docs/bench.md explains each bar."""

_PARSES = ("none", "callback", "worker")


def parser() -> Parser:
    """All flags."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    add = made.add_argument
    add("words", nargs="*", metavar="URL|FILE", help=argparse.SUPPRESS)
    add(
        "-w",
        "--workers",
        type=_count(1, 256),
        default=8,
        metavar="N",
        help="Let every way have this many workers. Default: 8.",
    )
    add(
        "--modes",
        type=_names,
        metavar="NAMES",
        help="Compare only these, such as sequential,callbacks; --list names them all.",
    )
    add("--list", action="store_true", help="List the ways, and fetch nothing.")
    add(
        "--parse",
        type=_places,
        default=("none",),
        metavar="WHERE",
        help="Parse each page with BeautifulSoup: not at all (none), in the main process (callback), where it was "
        "fetched (worker), or several, such as callback,worker, with a row for each. Default: none.",
    )
    add(
        "--repeats",
        type=_count(1, 100),
        metavar="N",
        help="Measure each way this often, in turn. Default: 3, on a list of yours 1.",
    )
    add(
        "--pages",
        type=_count(1, 10_000),
        metavar="N",
        help="Fetch this many pages of the sample site. Default: 100.",
    )
    add(
        "--latency",
        type=_seconds,
        metavar="SECONDS",
        help="Let every answer of the sample site wait this long. Default: 50 ms.",
    )
    add(
        "--per-host",
        type=_count(1, 256),
        metavar="N",
        help="Ask one host for at most this many pages at once. Default: 2, on the sample site as many as there are "
        "workers.",
    )
    add(
        "--pause",
        type=_seconds,
        metavar="SECONDS",
        help="Wait this long between two ways. Default: 2 s, on the sample site 0 s.",
    )
    add(
        "--start-method",
        type=_start_method,
        metavar="NAME",
        help="Start the processes of plain pools by fork, forkserver or spawn, as far as this system has them. "
        "Default: Python's own choice.",
    )
    add("--json", type=Path, metavar="FILE", help="Write the numbers of every run to this file (.json).")
    add(
        "--plot",
        type=Path,
        metavar="FILE",
        help="Draw the bars into this file; its ending says how (.svg, .html, .png).",
    )
    add("-q", "--quiet", action="store_true", help="Show no progress; only the table.")
    return made


def _names(text: str) -> tuple[str, ...]:
    from ..bench.modes import MODES  # noqa: PLC0415

    return tuple(chosen(name.strip(), tuple(MODES)) for name in text.split(","))


def _places(text: str) -> tuple[str, ...]:
    found = {chosen(place.strip(), _PARSES) for place in text.split(",")}
    return tuple(place for place in _PARSES if place in found)


def _start_method(text: str) -> str:
    from multiprocessing import get_all_start_methods  # noqa: PLC0415

    return chosen(text, get_all_start_methods())


def _count(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = read_count(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} should be {error}") from None
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} should be {least} to {most:,}")
        return number

    return read


def _seconds(text: str) -> float:
    try:
        value = read_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} should be {error}") from None
    if not 0 <= value <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} should be 0 to 60 s")
    return value
