"""`crawlpool bench --peers`: whole crawlers on the same site, by what they cost a page."""

import argparse
import ipaddress
import os
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..bench.modes import MODES
from ..bench.nginx import served
from ..bench.pages import MEAN_BYTES, write_site
from ..bench.peers import AIOHTTP, PEERS, WGET2, missing_of
from ..bench.plot import Bar, Picture
from ..bench.race import RAM_DISK, Plan, Row, Run, path_of, race, rows_of
from ..bench.report import machine
from ..errors import ConfigError
from .benchfiles import write_files
from .benchtable import kilobytes, print_table, terminable
from .figures import count, rate, size
from .screen import Screen

_PAGES, _RUNS = 1000, 5
_PAGE_S, _START_S = 0.25, 60.0
_LONGEST_S = 1800.0
_ANSWER_S = 5.0
_SOME_FAILED = 3
_BUSY = 0.75
_MOST_SAID = 30  # letters beside a bar


def compare_peers(given: argparse.Namespace) -> int:
    """Compare; the exit code is that of `cli.main`, 3 when a peer failed or found other pages."""
    if sys.platform != "linux":
        raise ConfigError(
            "--peers: the CPU time of all processes of a program can be counted on Linux only (it takes prctl)"
        )
    left_out: list[str] = []
    names = _peers(given, left_out)
    screen = Screen(sys.stderr, quiet=given.quiet)
    with ExitStack() as stack:
        if given.url is None:
            url, there_are, what = _generated(given, stack, screen)
            longest_s = _START_S + len(there_are) * _PAGE_S
        else:
            url, there_are, longest_s = _own_site(given.url), None, _LONGEST_S
            _listened_to(url)
            what = f"the site of {url}"
        plan = Plan(
            peers=names,
            url=url,
            at_once=given.workers,
            repeats=given.repeats or _RUNS,
            with_robots=given.robots,
            python=given.peer_python or sys.executable,
            longest_s=longest_s,
        )
        shown = _Shown(plan, what, left_out)
        return _raced(given, shown, there_are, screen)


def list_peers(python: str | None) -> int:
    """Say which there are, and what is missing."""
    missing = missing_of(tuple(PEERS.values()), python or sys.executable)
    width = max(map(len, PEERS))
    for peer in PEERS.values():
        lacks = f" (not installed: {missing[peer.name]})" if peer.name in missing else ""
        print(f"{peer.name:<{width}}  {peer.title}{lacks}")
    return 0


def _raced(given: argparse.Namespace, shown: "_Shown", there_are: set[str] | None, screen: Screen) -> int:
    code = 0
    plan = shown.plan
    screen.say(f"{count(len(plan.peers), 'crawler')}, {count(plan.repeats, 'time')} each, in turn.")
    with terminable() as ended:
        try:
            for run in race(plan, there_are):
                shown.runs.append(run)
                screen.say(shown.after(run))
        except KeyboardInterrupt:
            code = ended[0] if ended else 130
            screen.say("Interrupted; what is done is shown.")
    if not shown.runs:
        return code
    rows = rows_of(shown.runs, plan.peers)
    columns, cells = shown.table(rows)
    notes = shown.notes(rows)
    print_table(shown.title, columns, cells, (*notes, shown.about))
    write_files(given, shown.as_json(rows, notes), columns, cells, shown.picture(rows, notes))
    return code or (_SOME_FAILED if any(row.fault for row in rows) else 0)


def _peers(given: argparse.Namespace, left_out: list[str]) -> list[str]:
    """Those to compare; what is not installed is left out, or refused if it is named.

    Raises:
        ConfigError: One that was named is none, or not installed.
    """
    for name in given.modes or ():
        if name in MODES:
            raise ConfigError(f"--modes: {name} is no crawler; with --peers: {', '.join(PEERS)}")
    peers = [peer for peer in PEERS.values() if given.modes is None or peer.name in given.modes]
    missing = missing_of(peers, given.peer_python or sys.executable)
    for name, install in missing.items():
        if given.modes is not None:
            raise ConfigError(f"--modes: {name} is not installed here: {install}")
        left_out.append(f"{PEERS[name].title} is left out, since it is not installed: {install}.")
    return [peer.name for peer in peers if peer.name not in missing]


def _own_site(url: str) -> str:
    """A site of the user's, which has to be on this machine.

    Raises:
        ConfigError: It is not.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_here = host == "localhost" or ipaddress.ip_address(host) in ipaddress.ip_network("127.0.0.0/8")
    except ValueError:  # a name, or no host at all
        is_here = False
    if not is_here or urlsplit(url).scheme not in {"http", "https"}:
        raise ConfigError(
            f"--url: {url!r} is not on this machine; crawlers are compared on 127.0.0.0/8 and localhost only, "
            "never on other people's servers"
        )
    return url


def _listened_to(url: str) -> None:
    """See that there is a server, before crawlers try again and again to reach none, one after the other.

    Raises:
        ConfigError: Nobody takes a connection.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=_ANSWER_S).close()
    except (OSError, ValueError) as error:
        raise ConfigError(f"--url: no server at {url!r}: {error}") from None


def _generated(given: argparse.Namespace, stack: ExitStack, screen: Screen) -> tuple[str, set[str], str]:
    """Generate a site and serve it until the stack is left: where it begins, its pages, and what it is."""
    pages, mean = given.pages or _PAGES, given.page_size or MEAN_BYTES
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crawlpool-bench-")))
    screen.say(f"Making a site of {count(pages, 'page')}.")
    site = write_site(folder, pages=pages, mean_bytes=mean, seed=1 if given.seed is None else given.seed)
    url, by = stack.enter_context(served(folder))
    what = f"{count(pages, 'page')} of {kilobytes(mean)}, served by {by}"
    return f"{url}/", {path_of(path) for path in site.paths}, what


class _Shown:
    """The runs so far, and what is made of them.

    Attributes:
        plan: What is compared.
        runs: In the order in which they were made.
    """

    def __init__(self, plan: Plan, what: str, left_out: Sequence[str]) -> None:
        self.plan = plan
        self.runs: list[Run] = []
        self._what = what
        self._left_out = left_out
        self._at = time.strftime("%Y-%m-%d %H:%M")
        self._load = os.getloadavg()[0]

    def after(self, run: Run) -> str:
        """The line of one run."""
        how = f"failed: {run.error}" if run.error else f"{run.cpu_ms:.2f} ms CPU a page, {run.wall_s:.1f} s"
        return f"{run.round}/{self.plan.repeats}  {PEERS[run.peer].title}: {how}"

    @property
    def title(self) -> str:
        """What was measured."""
        return f"{self._what}, {count(self.plan.at_once, 'request')} at once: what a page costs"

    @property
    def about(self) -> str:
        """When and where."""
        return f"{self._at}, {machine()}"

    def notes(self, rows: Sequence[Row]) -> list[str]:
        """What belongs to the figures."""
        plan = self.plan
        robots = "obeyed" if plan.with_robots else "not asked for"
        found = [
            (
                "CPU is user and system time of all processes of a crawler, start and end included, the server's not; "
                f"medians of {max(run.round for run in self.runs)}, ratios of the same round."
            ),
            (
                f"Alike for all: {plan.at_once} requests at once, links within the host, robots.txt {robots}, rel=nofollow "
                "followed; title and links read, a line a page kept."
            ),
        ]
        if any(PEERS[name].is_ours for name in plan.peers):
            found.append(
                "crawlpool: thread is one worker with all of the requests, process two with half of them each, as it comes one a "
                "request; css() is a handler that uses it on every page."
            )
        if WGET2 in plan.peers:
            disk = "on a RAM disk" if RAM_DISK.is_dir() else "in the folder for temporary files"
            found.append(f"wget2 reads no titles and writes whole pages, {disk}.")
        if self._load > _BUSY * (os.cpu_count() or 1):
            found.append(
                f"The machine was busy when it began (load {self._load:.1f}): compare rows, believe no figure."
            )
        found += [f"Not ranked: {PEERS[row.peer].title}: {row.fault}." for row in rows if row.fault]
        return [*found, *self._left_out]

    def table(self, rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
        """Headings and cells."""
        columns = [
            *("crawler", "rank", "CPU ms a page", "from - to", f"x {WGET2}", f"x {AIOHTTP}"),
            *("pages/s", "memory", "pages"),
        ]
        return columns, [_cells(row) for row in rows]

    def picture(self, rows: Sequence[Row], notes: Sequence[str]) -> Picture:
        """The same as bars."""
        columns, cells = self.table(rows)
        return Picture(
            title=self.title,
            about=self.about,
            bars=[_bar(row) for row in rows],
            notes=notes,
            columns=columns,
            cells=cells,
            axis="CPU milliseconds a page; the line: least and most of all runs",
        )

    def as_json(self, rows: Sequence[Row], notes: Sequence[str]) -> dict[str, Any]:
        """The same for programs."""
        plan = self.plan
        return {
            "bench": "peers",
            "title": self.title,
            "at": self._at,
            "machine": machine(),
            "load": self._load,
            "at_once": plan.at_once,
            "repeats": plan.repeats,
            "robots": plan.with_robots,
            "notes": list(notes),
            "rows": [asdict(row) for row in rows],
            "runs": [asdict(run) for run in self.runs],
        }


def _cells(row: Row) -> list[str]:
    if row.cpu_ms is None or row.least_ms is None or row.most_ms is None:
        return [PEERS[row.peer].title, "failed", *["-"] * 6, f"{row.pages}"]
    return [
        PEERS[row.peer].title,
        "-" if row.rank is None else f"{row.rank}",
        f"{row.cpu_ms:.2f}",
        f"{row.least_ms:.2f} - {row.most_ms:.2f}",
        "-" if row.to_wget2 is None else f"{row.to_wget2:.2f}",
        "-" if row.to_aiohttp is None else f"{row.to_aiohttp:.2f}",
        rate(row.pages_s or 0.0),
        "-" if row.memory is None else size(row.memory),
        f"{row.pages}",
    ]


def _bar(row: Row) -> Bar:
    peer = PEERS[row.peer]
    if row.cpu_ms is None:
        return Bar(label=peer.title, group=peer.group, said=f"failed: {row.fault}")
    said = f"{row.cpu_ms:.2f} ms"
    if row.to_wget2 is not None:
        said += f", {row.to_wget2:.2f} x wget2"
    if row.fault:
        said += f"; {row.fault[:_MOST_SAID]}"
    return Bar(
        label=peer.title,
        group=peer.group,
        wall_s=row.cpu_ms,
        least_s=row.least_ms or row.cpu_ms,
        most_s=row.most_ms or row.cpu_ms,
        said=said,
    )
