"""Several ways to fetch the same URLs, each run by itself, in turn with the others.

    compare(plan, urls)     a process that counts       a process for each run
    write task.json  ────▶  usage.measure  ──────────▶  modes/once.py ─ its workers
    Run  ◀───────────────── CPU of all of them
         ◀───────────────────────────────────────────── done.json

Round by round, in an order that shifts, so that a machine that slows down slows all. On a
sample site a round that does not count goes before; a list of somebody's servers gets
none, and a pause between two runs.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CrawlpoolError
from .modes import MODES, Mode
from .modes.once import Task, write_task
from .programs import started
from .report import in_turn
from .rows import Run
from .usage import Usage, measure

_START_S = 60.0
"""Seconds that a run may take besides its requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared.

    Attributes:
        modes: Names, in the order in which they are shown.
        parses: Where pages are parsed: "none", "callback", "worker".
        workers: How many each has.
        repeats: How often each is measured.
        agent: The User-Agent of all.
        per_host: Requests that one host gets at once; 0 for as many as there are workers.
        pause_s: Seconds between two runs.
        is_warming_up: Whether a short round that does not count goes before.
        start_method: How plain pools start processes; "" for Python's own way.
        longest_s: Seconds that one request may take; what takes longer than all of them is ended.
    """

    modes: Sequence[str]
    parses: Sequence[str]
    workers: int
    repeats: int
    agent: str
    per_host: int = 0
    pause_s: float = 0.0
    is_warming_up: bool = True
    start_method: str = ""
    longest_s: float = 1.0

    def pairs(self) -> list[tuple[str, str]]:
        """Each mode with each place to parse that it has."""
        return [(name, parse) for name in self.modes for parse in self.parses if can(MODES[name], parse)]


def can(mode: Mode, parse: str) -> bool:
    """Whether pages can be parsed there."""
    return parse != "worker" or mode.can_parse_early


def compare(plan: Plan, urls: Sequence[str]) -> Iterator[Run]:
    """Run everything, and give each run as it ends; warming up gives none.

    Stops behind a run in which a server answered 429 or 503, when there is a limit to keep (`per_host`).

    Args:
        plan: What.
        urls: The URLs, the same for all.
    """
    names = [f"{mode} {parse}" for mode, parse in plan.pairs()]
    is_first = True
    rounds = range(0 if plan.is_warming_up else 1, plan.repeats + 1)
    for place, round_number in enumerate(rounds):
        for name in in_turn(names, place):
            mode, _, parse = name.partition(" ")
            if not is_first:
                time.sleep(plan.pause_s)
            is_first = False
            if round_number == 0:
                run_once(plan, urls[: plan.workers], mode, parse, 0)
                continue
            run = run_once(plan, urls, mode, parse, round_number)
            yield run
            if run.complaints and plan.per_host:
                return


def run_once(plan: Plan, urls: Sequence[str], mode: str, parse: str, round_number: int) -> Run:
    """Run one mode once; what cannot be measured is a run with an error."""
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-") as name:
        folder, slots = Path(name), Path(name) / "slots"
        slots.mkdir()
        write_task(
            folder,
            Task(
                mode=mode,
                urls=urls,
                workers=plan.workers,
                parse=parse,
                agent=plan.agent,
                guard=str(slots) if plan.per_host else "",
                per_host=plan.per_host,
                start_method=plan.start_method,
            ),
        )
        error = ""
        cpu_s: float | None = None
        try:
            usage = _measured(folder, _START_S + len(urls) * plan.longest_s)
            cpu_s, error = usage.cpu_s, "" if usage.exit_code == 0 else _last_line(usage)
        except CrawlpoolError as fault:
            error = str(fault)
        done = _done(folder)
    if done is None:
        return Run(
            mode=mode, parse=parse, round=round_number, failed=len(urls), error=error or "it said nothing"
        )
    before_s = done.pop("cpu_before_s")
    has_cpu = cpu_s is not None and sys.platform == "linux"
    done["error"] = done["error"] or error
    return Run(
        mode=mode,
        parse=parse,
        round=round_number,
        cpu_s=max(0.0, cpu_s - before_s) if has_cpu and cpu_s is not None else None,
        **done,
    )


def _measured(folder: Path, timeout_s: float) -> Usage:
    words = ["-m", "crawlpool.bench.modes", str(folder)]
    if sys.platform == "linux":
        return measure(words, folder=folder, timeout_s=timeout_s)
    began = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+", errors="replace") as said,
        started(words, stderr=said, cwd=folder) as process,
    ):
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise CrawlpoolError(f"did not end within {timeout_s:.0f} s") from None
        said.seek(0)
        return Usage(cpu_s=0.0, wall_s=time.perf_counter() - began, exit_code=code, said=said.read()[-400:])


def _last_line(usage: Usage) -> str:
    lines = usage.said.strip().splitlines()
    return lines[-1] if lines else f"it ended with exit code {usage.exit_code}"


def _done(folder: Path) -> dict[str, Any] | None:
    try:
        done: dict[str, Any] = json.loads((folder / "done.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return done
