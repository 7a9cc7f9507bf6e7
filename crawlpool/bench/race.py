"""Crawlers on the same site, each run by itself, in turn with the others.

    race(plan)              a process that counts        the crawler of the round
    command of a peer ───▶  usage.measure  ───────────▶  crawlpool, a script, wget2
    Run  ◀────────────────  CPU and memory of all its processes
    pages it found ◀──────────────────────────────────  lines of JSON, or files

A crawler that found other pages than it should, or one of them twice, did other work:
it is shown, and not ranked. Ratios are taken within a round and then the median of them,
so that a machine that slows down does not tell.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from urllib.parse import unquote, urlsplit

from ..errors import ConfigError, CrawlpoolError
from .peers import AIOHTTP, FILES, OUTPUT, PEERS, WGET2, command_of
from .report import in_turn
from .usage import Usage, measure

RAM_DISK = Path("/dev/shm")  # noqa: S108  folders in it are made by tempfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared.

    Attributes:
        peers: Names, in the order in which they take turns.
        url: Where each begins.
        at_once: Requests that each has under way.
        repeats: How often each is run.
        with_robots: Whether all obey robots.txt, or none.
        python: The interpreter that has what the scripts need.
        longest_s: Seconds after which a run is ended.
    """

    peers: Sequence[str]
    url: str
    at_once: int
    repeats: int
    with_robots: bool
    python: str
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One crawler, run once.

    Attributes:
        peer: Its name.
        round: From 1.
        cpu_s: User and system time of all its processes, from start to end.
        wall_s: Seconds from its start to its end.
        memory: The most bytes that its processes took at once; None where that is not known.
        pages: How many different ones it found.
        missed: How many of the pages that there are it did not find; 0 before it is known which there are.
        strayed: How many it found that are none.
        twice: How many it wrote down more than once.
        error: Why it does not count; "" if it does.
    """

    peer: str
    round: int
    cpu_s: float = 0.0
    wall_s: float = 0.0
    memory: int | None = None
    pages: int = 0
    missed: int = 0
    strayed: int = 0
    twice: int = 0
    error: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it found each page once, and nothing else."""
        return not (self.error or self.missed or self.strayed or self.twice) and self.pages > 0

    @property
    def cpu_ms(self) -> float:
        """CPU of a page, in milliseconds."""
        return self.cpu_s / self.pages * 1000 if self.pages else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """All runs of one crawler.

    Attributes:
        peer: Its name.
        rank: From 1, by CPU a page; None for one that is not ranked.
        cpu_ms: CPU of a page in milliseconds, the median; None when no run counts.
        least_ms: The least.
        most_ms: The most.
        to_wget2: How many times as much CPU as wget2 in the same round, the median; None without it.
        to_aiohttp: The same against aiohttp + selectolax.
        pages_s: Pages a second, the median.
        memory: Bytes, the median.
        pages: How many it found, in its worst run.
        fault: Why it is not ranked; "" if it is.
    """

    peer: str
    rank: int | None = None
    cpu_ms: float | None = None
    least_ms: float | None = None
    most_ms: float | None = None
    to_wget2: float | None = None
    to_aiohttp: float | None = None
    pages_s: float | None = None
    memory: int | None = None
    pages: int = 0
    fault: str = ""


def race(plan: Plan, there_are: Collection[str] | None) -> Iterator[Run]:
    """Run all of them, round by round in an order that shifts, and give each run as it ends.

    Args:
        plan: What.
        there_are: Paths of all pages of the site, as `path_of` has them; None where they are not known. Then what
            the first run of most peers found is taken for it, and the first round comes when it is over.
    """
    waiting: list[tuple[Run, Counter[str]]] = []
    for number in range(1, plan.repeats + 1):
        for name in in_turn(list(plan.peers), number - 1):
            run, found = run_once(plan, name, number)
            if there_are is not None:
                yield _judged(run, found, there_are)
            else:
                waiting.append((run, found))
        if there_are is None:
            there_are = _agreed([found for run, found in waiting if not run.error])
            yield from (_judged(run, found, there_are) for run, found in waiting)


def run_once(plan: Plan, name: str, number: int) -> tuple[Run, Counter[str]]:
    """Run one crawler, in a folder of its own, on a RAM disk where there is one: which pages it found, how often."""
    peer = PEERS[name]
    program, words = command_of(
        peer, plan.url, at_once=plan.at_once, with_robots=plan.with_robots, python=plan.python
    )
    room = RAM_DISK if RAM_DISK.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-", dir=room, ignore_cleanup_errors=True) as made:
        folder = Path(made)
        try:
            usage = measure(words, folder=folder, timeout_s=plan.longest_s, program=program, with_memory=True)
        except ConfigError:
            raise
        except CrawlpoolError as fault:
            return Run(peer=name, round=number, error=str(fault)), Counter()
        found = _files(folder / FILES) if (folder / FILES).is_dir() else _lines(folder / OUTPUT)
        shutil.rmtree(folder / FILES, ignore_errors=True)
    return Run(
        peer=name,
        round=number,
        cpu_s=usage.cpu_s,
        wall_s=usage.wall_s,
        memory=usage.memory,
        pages=len(found),
        error="" if found else _said(usage),
    ), found


def path_of(url: str) -> str:
    """How a page is known here: path and query, decoded, since crawlers write them in ways of their own."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    path = path.removesuffix("index.html") if path.endswith("/index.html") else path
    return f"{path or '/'}?{unquote(parts.query)}" if parts.query else path or "/"


def rows_of(runs: Sequence[Run], names: Sequence[str]) -> list[Row]:
    """A row for each crawler that was run: ranked by CPU a page, behind them those that did other work."""
    by_peer = {name: [run for run in runs if run.peer == name] for name in names}
    rows = [_row(name, mine, by_peer) for name, mine in by_peer.items() if mine]
    ranked = sorted((row for row in rows if not row.fault), key=lambda row: row.cpu_ms or 0.0)
    placed = [replace(row, rank=place) for place, row in enumerate(ranked, start=1)]
    return placed + [row for row in rows if row.fault]


def _row(name: str, runs: Sequence[Run], by_peer: Mapping[str, Sequence[Run]]) -> Row:
    fault = next((_fault(run) for run in runs if not run.is_whole), "")
    good = [run for run in runs if run.pages and not run.error]
    if not good:
        return Row(peer=name, fault=fault)
    each = [run.cpu_ms for run in good]
    memories = [run.memory for run in good if run.memory is not None]
    is_whole = not fault
    return Row(
        peer=name,
        cpu_ms=median(each),
        least_ms=min(each),
        most_ms=max(each),
        to_wget2=_ratio(good, by_peer.get(WGET2, ())) if is_whole else None,
        to_aiohttp=_ratio(good, by_peer.get(AIOHTTP, ())) if is_whole else None,
        pages_s=median(run.pages / run.wall_s for run in good),
        memory=int(median(memories)) if memories else None,
        pages=min(run.pages for run in runs),
        fault=fault,
    )


def _ratio(runs: Sequence[Run], others: Sequence[Run]) -> float | None:
    """How many times the others' CPU of a page, round by round; the median."""
    by_round = {run.round: run.cpu_ms for run in others if run.is_whole}
    ratios = [run.cpu_ms / by_round[run.round] for run in runs if by_round.get(run.round)]
    return median(ratios) if ratios else None


def _fault(run: Run) -> str:
    if run.error:
        return run.error
    said = []
    for count, what in ((run.missed, "not found"), (run.strayed, "that are none"), (run.twice, "twice")):
        if count:
            said.append(f"{count} pages {what}")
    return ", ".join(said) or "no page was found"


def _judged(run: Run, found: Counter[str], there_are: Collection[str]) -> Run:
    if run.error:
        return run
    known = set(there_are)
    return replace(
        run,
        missed=len(known - found.keys()),
        strayed=len(found.keys() - known),
        twice=sum(times > 1 for times in found.values()),
    )


def _agreed(all_found: Sequence[Counter[str]]) -> set[str]:
    """The pages that most found; of two opinions that are as many, the larger."""
    opinions = Counter(frozenset(found) for found in all_found)
    best = max(opinions, key=lambda pages: (opinions[pages], len(pages)), default=frozenset())
    return set(best)


def _files(folder: Path) -> Counter[str]:
    """What wget2 wrote, below a folder for the host; the files that are no pages left out."""
    found: Counter[str] = Counter()
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "robots.txt":
            found[path_of("/" + "/".join(file.relative_to(folder).parts[1:]))] += 1
    return found


def _lines(file: Path) -> Counter[str]:
    """What the others wrote: the URLs of their lines of JSON, as far as they are pages.

    Two URLs that are known as one page here, such as "/" and "/index.html", are no page that was written twice.
    """
    urls: Counter[str] = Counter()
    try:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                known = json.loads(line)
                if known.get("status", 200) == 200:
                    urls[known["url"]] += 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # what it wrote before it broke off counts, and shows that pages are missing
    found: Counter[str] = Counter()
    for url, times in urls.items():
        if isinstance(url, str):
            found[path_of(url)] = max(times, found[path_of(url)])
    return found


def _said(usage: Usage) -> str:
    lines = usage.said.strip().splitlines()
    return f"exit code {usage.exit_code}{': ' + lines[-1][:200] if lines else ''}"
