"""The flags of `crawlpool bench`, and how their values are read."""

import argparse
from collections.abc import Callable
from pathlib import Path

from ..units import MIB, read_bytes, read_count, read_seconds
from .flags import Parser, chosen, crawl_parser, new_parser

USAGE = "crawlpool bench [FLAG ...] [URL|FILE ...]"
_DESCRIPTION = """\
Fetch the same URLs in many ways, one after the other, with pools, futures, asyncio and
crawlpool's backends, and show how long each took and why.

Without words a sample site is served on this machine. Of a list of yours at most 40 URLs
are taken; then every way obeys robots.txt, sends a host few requests at once, and there
is a pause between two. docs/bench.md explains each bar.

--peers compares whole crawlers instead, what they cost a page, and --stages shows where the
time of one crawl goes; behind it stand URLs and any flags of a crawl."""

_PARSES = ("none", "callback", "worker")


def parser() -> Parser:
    """All flags."""
    made = new_parser(USAGE, description=_DESCRIPTION)
    add = made.add_argument
    add("words", nargs="*", metavar="URL|FILE", help=argparse.SUPPRESS)
    add(
        "--peers",
        action="store_true",
        help="Compare whole crawlers on one site instead, crawlpool's ways and those of others that are installed, by "
        "what they cost a page.",
    )
    add(
        "--stages",
        action="store_true",
        help="Show where each millisecond of one crawl goes instead; behind it stand URLs and flags of a crawl.",
    )
    add(
        "-w",
        "--workers",
        type=_count(1, 256),
        default=8,
        metavar="N",
        help="Let every way have this many workers, or peer this many requests at once. Default: 8.",
    )
    add(
        "--modes",
        type=_names,
        metavar="NAMES",
        help="Compare only these, such as sequential,callbacks; --list names them all.",
    )
    add("--list", action="store_true", help="List the ways, or with --peers the crawlers, and fetch nothing.")
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
        "--runs",
        type=_count(1, 100),
        metavar="N",
        help="Measure each way this often, in turn. Default: 3, on a list of yours 1, with --peers 5.",
    )
    add(
        "--url",
        metavar="URL",
        help="With --peers: crawl the site that begins here, on this machine (127.0.0.0/8 or localhost). Default: a "
        "generated one.",
    )
    add("--robots", action="store_true", help="With --peers: let all obey robots.txt. Default: none does.")
    add(
        "--peer-python",
        metavar="PROGRAM",
        help="With --peers: run the scripts of peers by this Python, which has Scrapy and the like. Default: the one "
        "that runs crawlpool.",
    )
    add(
        "--pages",
        type=_count(1, 100_000),
        metavar="N",
        help="Fetch this many pages of the sample site. Default: 100, with --peers and --stages 1,000.",
    )
    add(
        "--page-size",
        type=_bytes,
        metavar="BYTES",
        help="Make pages of this size, on average. Default: 20k, with --peers and --stages 60k.",
    )
    add(
        "--seed",
        type=_count(0, 1_000_000),
        metavar="N",
        help="Generate another site of the same kind. Default: 1.",
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
    add("--csv", type=Path, metavar="FILE", help="Write the table to this file (.csv).")
    add(
        "--plot",
        type=Path,
        metavar="FILE",
        help="Draw the bars into this file; its ending says how (.svg, .html, .png).",
    )
    add("-q", "--quiet", action="store_true", help="Show no progress; only the table.")
    return made


def whole_parser() -> Parser:
    """All that it takes: behind --stages stand flags of a crawl."""
    made = crawl_parser()
    for action in parser()._actions:  # noqa: SLF001  argparse has no other way to take them over
        if action.option_strings and not set(action.option_strings) & set(made._option_string_actions):  # noqa: SLF001
            made._add_action(action)  # noqa: SLF001
    return made


def _names(text: str) -> tuple[str, ...]:
    from ..bench.modes import MODES  # noqa: PLC0415
    from ..bench.peers import PEERS  # noqa: PLC0415

    return tuple(chosen(name.strip(), (*MODES, *PEERS)) for name in text.split(","))


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


def _bytes(text: str) -> int:
    try:
        number = read_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} should be {error}") from None
    if not 3000 <= number <= 16 * MIB:
        raise argparse.ArgumentTypeError(f"{text!r} should be 3k to 16M")
    return number


def _seconds(text: str) -> float:
    try:
        value = read_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} should be {error}") from None
    if not 0 <= value <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} should be 0 to 60 s")
    return value
