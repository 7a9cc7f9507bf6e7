"""From runs to rows: medians, spreads, and how far each mode is from one after the other and from the ideal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

BASE = "sequential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One mode, run once.

    Attributes:
        mode: Its name.
        parse: Where pages were parsed: "none", "callback" or "worker".
        round: From 1.
        wall_s: Seconds from calling it to its return, the start of workers included.
        first_s: Seconds until the first page was in the caller's hands; None without one.
        cpu_s: Seconds of user and system time of all its processes; None where that cannot be known.
        pages: URLs that were answered with 2xx.
        failed: URLs that were not.
        bytes: Of all pages.
        elapsed_s: Median of what one page took.
        faults: What went wrong with URLs, and how often.
        complaints: Answers with 429 or 503.
        error: Why the mode itself failed; "" if it did not.
    """

    mode: str
    parse: str
    round: int
    wall_s: float = 0.0
    first_s: float | None = None
    cpu_s: float | None = None
    pages: int = 0
    failed: int = 0
    bytes: int = 0
    elapsed_s: float | None = None
    faults: Mapping[str, int] = field(default_factory=dict)
    complaints: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All runs of one mode with one place to parse.

    Attributes:
        mode: Its name.
        parse: The place.
        runs: How many of them count.
        wall_s: Median; None when every run failed.
        least_s: The quickest.
        most_s: The slowest.
        first_s: Median of the time until the first page.
        cpu_s: Median; None where it cannot be known.
        pages_s: Pages a second, by the median.
        to_base: How many times as quick as one after the other; None when that was not measured.
        to_ideal: The ideal's part of the time, 1 at best.
        failed: URLs that failed, over all runs.
        faults: Why, and how often.
        error: Why the mode failed, if a run of it did.
    """

    mode: str
    parse: str
    runs: int
    wall_s: float | None = None
    least_s: float | None = None
    most_s: float | None = None
    first_s: float | None = None
    cpu_s: float | None = None
    pages_s: float | None = None
    to_base: float | None = None
    to_ideal: float | None = None
    failed: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing failed."""
        return not self.error and not self.failed


def rows_of(
    runs: Sequence[Run], pairs: Sequence[tuple[str, str]], *, ideal_s: float | None = None
) -> list[Row]:
    """A row for each mode and place of which there is a run, in their order.

    A run of a mode that failed, or in which no page came, has no time: stopping early is not quick.
    """
    bases = _walls_of(runs, BASE)
    rows = []
    for mode, parse in pairs:
        mine = [run for run in runs if (run.mode, run.parse) == (mode, parse)]
        if mine:
            rows.append(_row(mode, parse, mine, bases.get(parse) or [], ideal_s))
    return rows


def ideal_s(hosts: Mapping[str, int], *, latency_s: float, workers: int, per_host: int = 0) -> float:
    """Seconds in which so many workers could fetch so many URLs of each host, if nothing but waiting took time.

    `urls * latency / workers`, or as long as the largest host takes by itself when it gets few at once.

    Args:
        hosts: How many URLs each has.
        latency_s: What one answer takes.
        workers: How many URLs are under way at most.
        per_host: How many of one host; 0 for no limit.
    """
    at_once = min(workers, per_host or workers)
    largest = max(hosts.values(), default=0)
    return max(sum(hosts.values()) / workers, largest / at_once) * latency_s


def latency_of(runs: Sequence[Run]) -> float | None:
    """What one page takes when the server has little to do: the least of all medians; None without a page."""
    known = [run.elapsed_s for run in runs if run.elapsed_s is not None and not run.error]
    return min(known, default=None)


def as_json(about: Mapping[str, Any], rows: Sequence[Row], runs: Sequence[Run]) -> dict[str, Any]:
    """All of it as plain values: what `--json` writes."""
    return {**about, "rows": [asdict(row) for row in rows], "runs": [asdict(run) for run in runs]}


def _walls_of(runs: Sequence[Run], mode: str) -> dict[str, list[float]]:
    """The times of a mode, for each place to parse."""
    found: dict[str, list[float]] = {}
    for run in runs:
        if run.mode == mode and _counts(run):
            found.setdefault(run.parse, []).append(run.wall_s)
    return found


def _row(mode: str, parse: str, runs: Sequence[Run], base: Sequence[float], ideal_s: float | None) -> Row:
    faults: Counter[str] = Counter()
    for run in runs:
        faults.update(run.faults)
    failed = sum(run.failed for run in runs)
    error = next((run.error for run in runs if run.error), "")
    good = [run for run in runs if _counts(run)]
    if not good:
        return Row(
            mode=mode, parse=parse, runs=0, failed=failed, faults=faults, error=error or "no page came"
        )
    wall_s = median(run.wall_s for run in good)
    firsts = [run.first_s for run in good if run.first_s is not None]
    cpus = [run.cpu_s for run in good if run.cpu_s is not None]
    return Row(
        mode=mode,
        parse=parse,
        runs=len(good),
        wall_s=wall_s,
        least_s=min(run.wall_s for run in good),
        most_s=max(run.wall_s for run in good),
        first_s=median(firsts) if firsts else None,
        cpu_s=median(cpus) if cpus else None,
        pages_s=median(run.pages / run.wall_s for run in good),
        to_base=median(base) / wall_s if base else None,
        to_ideal=ideal_s / wall_s if ideal_s else None,
        failed=failed,
        faults=faults,
        error=error,
    )


def _counts(run: Run) -> bool:
    return not run.error and run.pages > 0 and run.wall_s > 0
