"""What `crawlpool bench` shows: lines while it runs, the table, the picture, and the numbers for programs."""

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..bench.compare import Plan
from ..bench.modes import MODES
from ..bench.plot import Bar, Picture
from ..bench.report import machine
from ..bench.rows import Row, Run, as_json, ideal_s, latency_of, rows_of
from ..urls import host
from .figures import count, rate, seconds
from .screen import printable

_BUSY = 0.75
_MOST_FAULTS = 3


class Shown:
    """The runs so far, and everything that is made of them.

    Args:
        plan: What is compared.
        urls: What is fetched.
        latency_s: What an answer takes, where that is known beforehand; else it is measured.
        what: The URLs in words, for the title.
        notes: Sentences that belong to the figures.
        is_part: Whether these are not all URLs that were asked for.

    Attributes:
        plan: As given.
        urls: As given.
        runs: In the order in which they were made.
    """

    def __init__(
        self,
        *,
        plan: Plan,
        urls: Sequence[str],
        latency_s: float | None,
        what: str,
        notes: Sequence[str],
        is_part: bool = False,
    ) -> None:
        self.runs: list[Run] = []
        self.plan = plan
        self.urls = urls
        self._hosts = Counter(host(url) for url in urls)
        self._count = len(urls)
        self._latency_s = latency_s
        self._what = what
        self._notes = list(notes)
        self._is_part = is_part
        self._at = time.strftime("%Y-%m-%d %H:%M")
        self._load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0

    def add(self, run: Run) -> None:
        """Take one more."""
        self.runs.append(run)

    def opening(self) -> str:
        """What will be done, said before it is."""
        plan = self.plan
        ways = len(plan.pairs())
        requests = ways * plan.repeats * self._count
        text = f"{count(ways, 'way')}, {count(plan.repeats, 'time')} each: {count(requests, 'request')}"
        if plan.per_host:
            text += f", at most {plan.per_host} at once to one host, {seconds(plan.pause_s)} between two ways"
        return f"{text}.{' Warming up first.' if plan.is_warming_up else ''}"

    def after(self, run: Run) -> str:
        """The line of one run."""
        ended = f"failed: {run.error}" if run.error else f"{run.wall_s:.2f} s"
        failed = f", {count(run.failed, 'URL')} failed" if run.failed and not run.error else ""
        return f"{run.round}/{self.plan.repeats}  {_name(run.mode, run.parse)}: {ended}{failed}"

    @property
    def rows(self) -> list[Row]:
        """A row a mode and place."""
        return rows_of(self.runs, self.plan.pairs(), ideal_s=self.ideal_s)

    @property
    def ideal_s(self) -> float | None:
        """What waiting alone would take; None where nothing is known of the latency."""
        latency_s = self.latency_s
        if not latency_s:
            return None
        return ideal_s(
            self._hosts, latency_s=latency_s, workers=self.plan.workers, per_host=self.plan.per_host
        )

    @property
    def latency_s(self) -> float | None:
        """What an answer takes, as it was asked for or as it was measured."""
        return latency_of(self.runs) if self._latency_s is None else self._latency_s

    @property
    def is_whole(self) -> bool:
        """Whether nothing failed, and nothing was left out of a list."""
        return all(row.is_whole for row in self.rows) and not self._is_part

    @property
    def title(self) -> str:
        """What was measured."""
        return f"{self._what}, {count(self.plan.workers, 'worker')}: how long each way takes"

    @property
    def about(self) -> str:
        """When and where."""
        method = self.plan.start_method or multiprocessing.get_start_method(allow_none=False)
        return f"{self._at}, {machine()}, plain pools start by {method}"

    def notes(self) -> list[str]:
        """What belongs to the figures."""
        plan, found = self.plan, []
        latency_s, ideal = self.latency_s, self.ideal_s
        if ideal is not None and latency_s is not None:
            measured = "" if self._latency_s is not None else " measured"
            capped = f", {plan.per_host} of a host at once" if plan.per_host else ""
            found.append(
                f"Ideal: {self._count} x {seconds(latency_s)}{measured} / {plan.workers} workers{capped} = {ideal:.2f} s. "
                f"Times are medians of {plan.repeats}, with the start of the workers."
            )
        if sys.platform != "linux":
            found.append("CPU time of all processes can be counted on Linux only.")
        if self._load > _BUSY * (os.cpu_count() or 1):
            found.append(
                f"The machine was busy when it began (load {self._load:.1f}): compare bars, believe no figure."
            )
        if "worker" in plan.parses:
            found.append("Ways that cannot parse where they fetch have no row for that.")
        for row in self.rows:
            if row.error:
                found.append(f"{_name(row.mode, row.parse)} failed: {printable(row.error)}")
            for why, times in list(row.faults.items())[:_MOST_FAULTS]:
                found.append(f"{_name(row.mode, row.parse)}: {times} x {printable(why)}")
        if any(run.complaints for run in self.runs) and plan.per_host:
            found.append(
                "A server answered 429 or 503, which asks for less; so it was asked nothing more, and this ends here."
            )
        return [*found, *self._notes]

    def columns(self) -> list[str]:
        """Headings."""
        parse = ["parsed in"] if len(self.plan.parses) > 1 else []
        return [
            "way",
            *parse,
            *("seconds", "from - to", "first page", "CPU s", "pages/s", "x loop", "of ideal", "failed"),
        ]

    def cells(self) -> list[list[str]]:
        """The table as text."""
        is_many = len(self.plan.parses) > 1
        return [
            [
                MODES[row.mode].title,
                *(["nowhere" if row.parse == "none" else row.parse] if is_many else []),
                *_figures(row),
            ]
            for row in self.rows
        ]

    def picture(self) -> Picture:
        """The same as bars."""
        bars = []
        for row in self.rows:
            mode = MODES[row.mode]
            places = {"none": "", "callback": ", parsed by callback", "worker": ", parsed by worker"}
            label = f"{mode.title}{places[row.parse] if len(self.plan.parses) > 1 else ''}"
            if row.wall_s is None:
                bars.append(Bar(label=label, group=mode.group, said=f"failed: {row.error}"))
                continue
            said = f"{row.wall_s:.2f} s, {rate(row.pages_s or 0)} pages/s"
            said += "" if row.cpu_s is None else f", CPU {row.cpu_s:.2f} s"
            said += f", {row.failed} failed" if row.failed else ""
            bars.append(
                Bar(
                    label=label,
                    group=mode.group,
                    wall_s=row.wall_s,
                    least_s=row.least_s or row.wall_s,
                    most_s=row.most_s or row.wall_s,
                    first_s=row.first_s or 0.0,
                    said=said,
                )
            )
        return Picture(
            title=self.title,
            about=self.about,
            bars=bars,
            ideal_s=self.ideal_s,
            notes=self.notes(),
            columns=self.columns(),
            cells=self.cells(),
        )

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        plan = self.plan
        about = {
            "bench": "compare",
            "title": self.title,
            "at": self._at,
            "machine": machine(),
            "load": self._load,
            "urls": self._count,
            "workers": plan.workers,
            "repeats": plan.repeats,
            "per_host": plan.per_host or plan.workers,
            "latency_s": self.latency_s,
            "ideal_s": self.ideal_s,
            "notes": self.notes(),
        }
        return as_json(about, self.rows, self.runs)


def _figures(row: Row) -> list[str]:
    if row.wall_s is None or row.least_s is None or row.most_s is None:
        return ["failed", *["-"] * 6, f"{row.failed}"]
    return [
        f"{row.wall_s:.2f}",
        f"{row.least_s:.2f} - {row.most_s:.2f}",
        "-" if row.first_s is None else f"{row.first_s:.2f}",
        "-" if row.cpu_s is None else f"{row.cpu_s:.2f}",
        rate(row.pages_s or 0.0),
        "-" if row.to_base is None else f"{row.to_base:.1f}",
        "-" if row.to_ideal is None else f"{row.to_ideal:.0%}".replace("%", " %"),
        f"{row.failed}",
    ]


def _name(mode: str, parse: str) -> str:
    return MODES[mode].title if parse == "none" else f"{MODES[mode].title}, parsed in the {parse}"
