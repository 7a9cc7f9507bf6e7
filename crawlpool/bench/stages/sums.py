"""From what each thread was charged to a row a stage, and to what nobody was charged with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import CrawlpoolError
from ..usage import measure
from .clock import STAGES, mark_s, read_clock
from .once import DONE

REST = "not accounted"
"""The row of what all processes took and no thread was charged with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One row.

    Attributes:
        name: Of the stage.
        main_s: CPU seconds in the main process.
        workers_s: CPU seconds in workers, be they processes or threads.
        main_wall_s: Seconds of the main thread, waiting included.
    """

    name: str
    main_s: float = 0.0
    workers_s: float = 0.0
    main_wall_s: float = 0.0

    @property
    def cpu_s(self) -> float:
        """Both."""
        return self.main_s + self.workers_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One crawl, looked at.

    Attributes:
        stages: A row each, and `REST` as the last.
        pages: URLs that came to an end.
        cpu_s: User and system time of all processes, from start to end, by the kernel.
        elapsed_s: Seconds of the crawl itself.
        wall_s: Seconds from the start of the program to its end.
        marks: How often the clocks were turned.
        mark_s: What that costs each time; it is in the figures.
        exit_code: Of the crawl.
        said: The end of what it wrote on standard error.
    """

    stages: tuple[Stage, ...]
    pages: int
    cpu_s: float
    elapsed_s: float
    wall_s: float
    marks: int
    mark_s: float
    exit_code: int
    said: str = ""


def look(words: Sequence[str], *, work: Path, folder: Path, timeout_s: float) -> Look:
    """Crawl with marks, and add up.

    Args:
        words: Of `crawlpool crawl`.
        work: Where the crawl runs.
        folder: Empty; gets the clocks.
        timeout_s: Seconds after which it is ended.

    Raises:
        CrawlpoolError: It was killed, or did not end in time.
    """
    folder.mkdir(exist_ok=True)
    usage = measure(
        ["-m", "crawlpool.bench.stages.once", str(folder), *words], folder=work, timeout_s=timeout_s
    )
    try:
        done = json.loads((folder / DONE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CrawlpoolError(f"the crawl could not be looked at: {usage.said.strip()}") from None
    stages, marks = added(
        folder, whole_s=usage.cpu_s, main_s=done["main_cpu_s"], helpers_s=done["helpers_cpu_s"]
    )
    clocked_s = mark_s(folder)
    return Look(
        stages=stages,
        pages=done["pages"],
        cpu_s=usage.cpu_s,
        elapsed_s=done["elapsed_s"],
        wall_s=usage.wall_s,
        marks=marks,
        mark_s=clocked_s,
        exit_code=usage.exit_code,
        said=usage.said,
    )


def added(
    folder: Path, *, whole_s: float, main_s: float, helpers_s: float = 0.0
) -> tuple[tuple[Stage, ...], int]:
    """A row a stage out of the clocks in a folder, and how many marks there were.

    What the main process took and no thread of it was charged with is the pools' own threads: crossing.

    Args:
        folder: Has the clocks.
        whole_s: CPU seconds of all processes.
        main_s: CPU seconds of the main process, all its threads.
        helpers_s: CPU seconds of processes that are no workers: they start them.
    """
    main, workers, walls = (dict.fromkeys(STAGES, 0.0) for _ in range(3))
    marks = 0
    main_pid = next((file.name.split("-")[1] for file in folder.glob("main-*.clock")), "")
    for file in folder.glob("*.clock"):
        role, pid, _ = file.name.split("-", 2)
        cpu, wall, turned = read_clock(file)
        marks += turned
        for stage, spent_s in cpu.items():
            (main if role == "main" else workers)[stage] += spent_s
            if role == "main":
                walls[stage] += wall[stage]
            if pid == main_pid:
                main_s -= spent_s
    main["crossing"] += max(0.0, main_s)
    workers["starting"] += helpers_s
    rest_s = whole_s - sum(main.values()) - sum(workers.values())
    rows = [
        Stage(name=name, main_s=main[name], workers_s=workers[name], main_wall_s=walls[name])
        for name in STAGES
    ]
    return (*rows, Stage(name=REST, workers_s=max(0.0, rest_s))), marks
