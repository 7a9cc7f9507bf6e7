"""What the frontier in a job file costs a page, from a hundred thousand URLs to ten million.

Nothing is fetched. A page takes one URL, offers 60 links of which 54 are known, adds
the six that are not, and ends; every 200 pages there is a commit. Of the known links,
half are the navigation of the page's host, half are any that were ever accepted.
"""

import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ..errors import ConfigError
from ..frontiers.base import End
from ..frontiers.sqlite import SqliteFrontier
from ..job.file import JobFile
from ..model import Request
from .report import Plan, Report

LINKS = 60
NEW = 6
HOSTS = 50
NAVIGATION = 40
"""Links that every page of a host has; one page shows two thirds of them."""

PAGES_A_COMMIT = 200
MEASURED = 20
"""Commits that are timed at each size."""

SIZES = (100_000, 1_000_000, 10_000_000)


def frontier(plan: Plan) -> Report:
    """Let a frontier grow, and measure it at each size up to the one that was asked for."""
    sizes = [size for size in SIZES if size < plan.urls] + [plan.urls]
    if plan.urls < HOSTS * NAVIGATION:
        raise ConfigError(f"{plan.urls} URLs are too few to tell; take {HOSTS * NAVIGATION} or more")
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-") as name:
        path = Path(name) / "crawl.job"
        runs = list(_grow(path, sizes))
        opened_s = _open_again(path)
    first = runs[0]["page_us"]
    return Report(
        title=f"frontier: {LINKS} links a page, {LINKS - NEW} of them known, a commit every {PAGES_A_COMMIT} pages, "
        f"{HOSTS} hosts",
        columns=(
            "URLs",
            "µs a page",
            "of first",
            "unknown() µs",
            "links/s",
            "RSS MB",
            "bytes/URL",
            "longest ms",
        ),
        rows=tuple(
            (
                f"{run['urls']:,}",
                f"{run['page_us']:.0f}",
                f"{run['page_us'] / first:.2f}",
                f"{run['unknown_us']:.1f}",
                f"{run['links_s']:,.0f}",
                f"{run['rss_mb']:.0f}",
                f"{run['bytes_url']:.0f}",
                f"{run['longest_ms']:.0f}",
            )
            for run in runs
        ),
        notes=(
            "A page is all that the frontier does for it, its share of the commit included; longest is the longest",
            f"of these, with a commit. Opening the job of {plan.urls:,} URLs again took {opened_s:.1f} s.",
        ),
        runs=runs,
    )


def _grow(path: Path, sizes: list[int]) -> Iterator[dict[str, float]]:
    chance = random.Random(1)  # noqa: S311  a site, not a secret
    with closing(JobFile(path)) as job:
        kept = SqliteFrontier(job)
        kept.add(Request(_url(n), target=_url(n), is_listed=True) for n in range(HOSTS * NAVIGATION))
        known = HOSTS * NAVIGATION
        turn = 0
        for size in sizes:
            while known < size - MEASURED * PAGES_A_COMMIT * NEW:
                known, turn = _Pages(kept, chance, known, turn).crawl()
            blocks = []
            for _ in range(MEASURED):
                pages = _Pages(kept, chance, known, turn)
                known, turn = pages.crawl()
                blocks.append(pages)
            pages_s = sum(block.spent_s for block in blocks) / MEASURED / PAGES_A_COMMIT
            yield {
                "urls": known,
                "page_us": pages_s * 1e6,
                "unknown_us": sum(block.unknown_s for block in blocks) / MEASURED / PAGES_A_COMMIT * 1e6,
                "links_s": LINKS / pages_s,
                "rss_mb": _resident_mb(),
                "bytes_url": path.stat().st_size / known,
                "longest_ms": max(block.longest_s for block in blocks) * 1000,
            }


class _Pages:
    """The pages from one commit to the next; what makes up their links is not timed."""

    def __init__(self, kept: SqliteFrontier, chance: random.Random, known: int, turn: int) -> None:
        self._kept = kept
        self._known = known
        self._turn = turn
        self._offered = [self._links(chance, page) for page in range(PAGES_A_COMMIT)]
        self.spent_s = 0.0
        self.unknown_s = 0.0
        self.longest_s = 0.0

    def _links(self, chance: random.Random, page: int) -> list[str]:
        first = (self._turn + page) % HOSTS
        old = LINKS - NEW
        links = [_url(first + HOSTS * chance.randrange(NAVIGATION)) for _ in range(old // 2)]
        links += [_url(chance.randrange(self._known)) for _ in range(old - old // 2)]
        fresh = self._known + page * NEW
        return links + [_url(n) for n in range(fresh, fresh + NEW)]

    def crawl(self) -> tuple[int, int]:
        """Go through them; how many URLs are known then, and whose turn it is."""
        kept = self._kept
        ends = []
        now = time.time()
        for page, links in enumerate(self._offered):
            started = time.perf_counter()
            (lease,) = kept.take(_host((self._turn + page) % HOSTS), 1)
            depth = lease.depth + 1
            before = time.perf_counter()
            unknown = kept.unknown(links, depth=depth, found_on=lease.target)
            self.unknown_s += time.perf_counter() - before
            kept.add(Request(url, target=url, depth=depth, found_on=lease.target) for url in unknown)
            ends.append(End(request=lease, status=200, at=now, elapsed_s=0.1, size=60_000, worker=1, items=1))
            if len(ends) == PAGES_A_COMMIT:
                kept.commit(ends, {"books.jsonl": {"bytes": self._known}})
            taken_s = time.perf_counter() - started
            self.spent_s += taken_s
            self.longest_s = max(self.longest_s, taken_s)
        return self._known + NEW * PAGES_A_COMMIT, (self._turn + PAGES_A_COMMIT) % HOSTS


def _host(number: int) -> str:
    return f"shop{number}.example"


def _url(number: int) -> str:
    return f"https://{_host(number % HOSTS)}/catalogue/{number % 997}/item-{number}.html"


def _open_again(path: Path) -> float:
    started = time.perf_counter()
    with closing(JobFile(path)) as job:
        SqliteFrontier(job)
    return time.perf_counter() - started


def _resident_mb() -> float:
    """Memory that this process has now; 0 where that cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
