"""One run of a crawl that stores what it finds: what it writes to, what it begins with, how it ends.

What is done is kept, however the end comes; a job is told of each.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .duplicates import MOST_PAGES
from .engine import Engine
from .errors import CrawlpoolError, FrontierError, NetworkError, StoreError
from .handlers import Handlers
from .landing import StoreLanding
from .model import Request
from .outputs import failed_file, folder_store, opened
from .settings import Settings
from .stats import Stats
from .stores.base import Start, Store
from .stores.failed import FailedFile
from .wiring import Output

if TYPE_CHECKING:
    from .resuming import Job
    from .selecting import Columns
    from .trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinks:
    """What a run writes to, all of it open.

    Attributes:
        stores: The outputs, by the names that a job keeps their positions under.
        failed: The list of URLs that failed.
        saved: The folder of bodies, behind the name of its index.
        trace: What is told of each URL, step by step.
    """

    stores: Mapping[str, Store] = field(default_factory=dict)
    failed: FailedFile | None = None
    saved: tuple[str, Store] | None = None
    trace: "Trace | None" = None


def open_sinks(
    stores: Mapping[str, tuple[Store, Output]],
    *,
    failed: str | PathLike[str] | None,
    index: Path | None,
    trace: str | PathLike[str] | None,
    start: Start | None,
    job: "Job | None",
    stack: ExitStack,
) -> Sinks:
    """Open all that a run writes to where it begins or goes on; the stack closes it."""
    places = opened(stores, start, job, stack)
    failures = failed_file(failed, start, job, stack)
    traced = None
    if trace is not None:
        from .trace import Trace  # noqa: PLC0415  only when it is asked for

        traced = stack.enter_context(Trace(trace))
    folder = folder_store(index, start, job, stack)
    return Sinks(stores=places, failed=failures, saved=folder, trace=traced)


def landing_in(
    sinks: Sinks,
    *,
    settings: Settings,
    handlers: Handlers,
    stats: Stats,
    columns: "Columns | None",
    items: deque[dict[str, Any]] | None,
) -> StoreLanding:
    """Where outcomes end: with the user's handlers, then in what the run writes to, or among `items`."""
    landing = StoreLanding(
        handlers=handlers,
        stores=sinks.stores,
        stats=stats,
        failed=sinks.failed,
        is_following=settings.follow,
        is_raw_kept=settings.keep_raw,
        is_all_read=settings.all_bodies,
        is_fail_fast=settings.fail_fast,
        handler_timeout_s=settings.handler_timeout,
        parse_timeout_s=settings.parse_timeout,
        skip_duplicates=settings.skip_duplicates,
        skip_noindex=settings.skip_noindex,
        items=items,
        columns=columns,
        saved=sinks.saved,
    )
    landing.trace = sinks.trace
    return landing


def feed(engine: Engine, job: "Job | None", seeds: Iterator[Request], tell: Callable[[str], object]) -> None:
    """Give the crawl its seeds, and what waits from before."""
    arrivals = engine.crawl.arrivals
    if job is None:
        arrivals.feed(seeds)
        return
    job.began(engine.crawl.positions())
    engine.keep_pace(job.pace)
    if job.is_resumed:
        arrivals.count_again(job.frontier.found())
        engine.crawl.go_on(
            listed=job.frontier.listed(),
            from_sitemaps=job.frontier.listed(from_sitemaps=True),
            answered=job.frontier.answered_hosts(),
            pages=job.frontier.pages(MOST_PAGES),
        )
    if not job.needs_seeds:
        engine.crawl.skip_sitemaps()
        return
    if not job.frontier.withheld:
        arrivals.feed(seeds, on_read=job.seeds_are_read)
        return
    for seed in seeds:  # before any of them goes out without what only the seeds have
        arrivals.plant(seed)
    arrivals.feed((), on_read=job.seeds_are_read)
    if job.frontier.withheld:
        tell(
            f"{job.frontier.withheld} URLs that wait go without the headers or cookies of their own, "
            "which are never written to a job"
        )


def move_to_end(
    engine: Engine, job: "Job | None", stats: Stats, watch: Callable[[Stats], object] | None
) -> str:
    """Move the crawl to its end, and say what that was, as `Result.ended`; what is done is kept, however it comes."""
    crawl = engine.crawl
    try:
        for _ in engine.moves():
            if watch is not None:
                watch(stats)
        if watch is not None:
            watch(stats)
        crawl.commit(is_last=True)
    except (StoreError, FrontierError):
        if job is not None:
            job.leave("error", is_kept=False)
        raise
    except BaseException as error:
        is_kept = False
        with suppress(CrawlpoolError):
            is_kept = crawl.save()
        if job is not None:
            job.leave(_why_left(error), is_kept=is_kept)
        raise
    ended = crawl.ended or "stopped"
    if job is not None:
        job.end(ended)
    return ended


def _why_left(error: BaseException) -> str:
    """What a job keeps as the end of a run that broke off."""
    if isinstance(error, NetworkError):
        return "network"
    return "error" if isinstance(error, Exception) else "stopped"
