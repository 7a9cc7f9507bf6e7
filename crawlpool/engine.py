"""Put a crawl together, run it, and take it apart again, however it ends.

The command line, `Crawler`, `fetch` and `FetchPool` all stand on this: they differ
in where a chain lands, and in who moves the crawl.
"""

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .backends.base import Deliver
from .credentials import Credentials
from .crew import LOOK_S, Crew
from .duplicates import Duplicates
from .errors import ConfigError
from .folding import Folding
from .following import Following
from .frontiers.base import Frontier
from .growth import MOST_KEPT, bearable
from .hosts import Hosts
from .inbox import Inbox
from .job.pace import PaceRows
from .keeping import Keeping
from .loop import Crawl, Limits
from .model import Request
from .outgoing import Outgoing
from .polite.adaptive import LONGEST_S
from .polite.ailing import Ailing
from .polite.gate import Gate
from .polite.outage import Outage
from .polite.retry import RetryPolicy
from .polite.rulebook import Rulebook
from .polite.silent import Silent
from .rehearsal import AtOnce, NeverGone, backend_for, current, settings_for
from .scope import Scope
from .settings import Settings
from .settings.speed import PROCESSES
from .settling import Landing
from .sitemaps import Sitemaps
from .stats import Stats
from .targets import Targets
from .traps import Bounds
from .units import MIB
from .wiring import backend_of, transport_options
from .worker import memory

if TYPE_CHECKING:
    from .handling.placed import Placed
    from .live.now import Look
    from .parsecrew import ParseCrew

log = logging.getLogger("crawlpool")

DEFAULT_WORKERS = 8

GRACE_S = 2.0
"""Seconds past a request's own deadlines after which its worker counts as hung."""

_PARSED_A_S = 4 * MIB
"""Bytes of a body that are parsed in a second, on a slow and busy machine; 7 MiB were measured."""

_MOST_PARSING_S = 60.0

# Without a handler, Python prints warnings and errors of a library to stderr by itself.
logging.getLogger("crawlpool").addHandler(logging.NullHandler())


_open: "weakref.WeakSet[Engine]" = weakref.WeakSet()


def _end_what_is_open() -> None:
    """End the workers of crawls that nobody ended: a generator at the top of a script, a pool without `close`.

    Later, when the interpreter takes such an object apart, it can start no threads any
    more, and ending a worker needs one.
    """
    for engine in list(_open):
        engine.end_at_exit()


def workers_of(settings: Settings, backend: Any) -> int:
    """How many lanes at most: as asked for, else 8 or the number of cores, whichever is more; `sync` has one."""
    return _range_of(settings, backend)[0]


def _range_of(settings: Settings, backend: Any) -> tuple[int, int | None]:
    """How many lanes at most, and how many are kept when they have nothing to do; None for all."""
    if backend == "sync":
        return 1, None
    if isinstance(settings.workers, tuple):
        least, most = settings.workers
        return most, least
    assert not isinstance(settings.workers, str), "settings are read when they are made"
    return settings.workers or max(DEFAULT_WORKERS, os.cpu_count() or 1), None


def patience_of(settings: Settings) -> float:
    """Seconds after which a worker that has begun a request counts as hung: no request can take so long.

    Its answer is whole by `timeout`, or given up; a connection that turned out to be closed is made once more
    just before that; and then the body is parsed.
    """
    parsing_s = min(_MOST_PARSING_S, settings.max_body / _PARSED_A_S)
    return settings.timeout + settings.connect_timeout + parsing_s + GRACE_S


def _check_memory(settings: Settings, backend: Any) -> None:
    if settings.worker_memory is None:
        return
    if not isinstance(backend, str):
        raise ConfigError(
            f"worker_memory needs a process backend of ours; the workers of a {type(backend).__name__} are its owner's"
        )
    if not memory.is_known():
        raise ConfigError("worker_memory cannot be kept here: this system does not say what a process takes")


def _keeps_its_own(backend: Any) -> bool:
    """Whether a lane's requests all go to one worker, which has its own time.

    `sync` has no worker; in a pool of the user's own the next request may meet another one.
    """
    return isinstance(backend, str) and backend != "sync"


def gate_of(settings: Settings) -> Gate:
    """The gate; by way of a proxy the address of an answer is the proxy's, and says nothing of the hosts."""
    shared = settings.per_host if settings.per_address is None else settings.per_address
    return Gate(
        per_host=settings.per_host,
        delay_s=settings.delay,
        per_address=0 if settings.proxy else shared,
        is_adaptive=settings.adaptive,
        rate=settings.rate,
        host_rate=settings.host_rate,
        bandwidth=settings.bandwidth,
        host_bandwidth=settings.host_bandwidth,
    )


def bounds_of(settings: Settings) -> Bounds:
    """From when on a site counts as a trap: the knobs by the same names."""
    return Bounds(**{each.name: getattr(settings, each.name) for each in fields(Bounds)})


def parse_crew(placed: "Placed", settings: Settings, backend: Any, deliver: Deliver) -> "ParseCrew":
    """The crew that calls handlers: processes, whatever fetches."""
    from .parsecrew import ParseCrew  # noqa: PLC0415  only when it is asked for

    kind = backend if backend in PROCESSES else PROCESSES[0]
    return ParseCrew(
        backend_of(kind, replace(transport_options(settings), start_until=None, stand_in=placed.apart)),
        size=placed.workers,
        deliver=deliver,
        maker=placed.maker,
        patience_s=placed.patience_s + GRACE_S,
        keeps_bodies=placed.keeps_bodies,
        worker_memory=settings.worker_memory,
    )


class Engine:
    """A crawl and its workers, as a context: when it is left, no worker is.

    Leaving it with an exception, or after `halt`, ends the workers at once.

    Args:
        settings: The knobs.
        backend: A name, or the user's own pool or executor; None for what `settings` says.
        frontier: Where URLs wait.
        landing: Where chains end.
        stats: What is counted.
        answered: Pages that earlier runs of the same job fetched; they count for the page limit.
        placed: Where handlers run; None for the main process.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        backend: Any,
        frontier: Frontier,
        landing: Landing,
        stats: Stats,
        answered: int = 0,
        placed: "Placed | None" = None,
    ) -> None:
        """Put the parts together; no worker is started."""
        backend = settings.backend if backend is None else backend
        rehearsal = current()
        if rehearsal is not None:
            settings, backend = settings_for(rehearsal, settings), backend_for(backend)
        is_hurried = rehearsal is not None and rehearsal.is_hurried
        if rehearsal is not None:
            placed = None  # what answers lives in this process, and so do the handlers
        self.workers, least = _range_of(settings, backend)
        _check_memory(settings, backend)
        connections = settings.connections if rehearsal is None else 1
        if connections > 1 and not _keeps_its_own(backend):
            raise ConfigError(
                f"connections={connections} needs workers of ours that go on while others wait; "
                f"backend {backend if isinstance(backend, str) else type(backend).__name__!r} has none: "
                'use "process" or "thread"'
            )
        kept = MOST_KEPT
        if connections > 1:
            wanted = connections
            connections, kept = bearable(wanted, 1 if backend in PROCESSES else self.workers)
            if connections < wanted:
                cause = "too many open files; a higher `ulimit -n` allows more connections"
                log.warning("connections.capped connections=%d of=%d cause=%r", connections, wanted, cause)
        self._inbox = Inbox()
        self._is_halted = False
        self._is_asked_to_stop = False
        self._thread = threading.current_thread()
        self._cpu_s = 0.0, 0.0  # of this thread and of the process, when it was entered
        self._crew = Crew(
            backend_of(
                backend,
                replace(
                    transport_options(settings),
                    connections=connections,
                    kept=kept,
                    beside=None if placed is None else placed.beside,
                    stand_in=rehearsal,
                ),
            ),
            size=self.workers,
            deliver=self._inbox.put,
            least=least,
            patience_s=patience_of(settings)
            + (0.0 if placed is None or placed.is_apart else placed.patience_s),
            worker_memory=settings.worker_memory,
            connections=connections,
            spread=(os.cpu_count() or 1)
            if backend in PROCESSES
            else 1,  # threads share one interpreter's lock
            is_ahead=_keeps_its_own(backend),
        )
        rules = Rulebook(
            token=settings.token, is_obeyed=settings.robots, most_delay_s=settings.max_crawl_delay
        )
        outgoing = Outgoing(
            headers=settings.header,
            cookies=settings.cookie,
            cookie_file=settings.cookie_file,
            credentials=Credentials(auth=settings.auth, bearer=settings.bearer, netrc=settings.netrc),
            has_certificate=any(not origin for origin, _ in settings.client_cert),
        )
        self._unverified = stats.unverified = settings.insecure
        stats.connections = connections
        following = Following(
            scope=Scope(settings.scope, settings.include, settings.exclude),
            targets=Targets.of_settings(settings),
            frontier=frontier,
            stats=stats,
            is_on=settings.follow,
            depth=settings.depth,
            bounds=bounds_of(settings),
        )
        self._crew.keeps_links_back = following.may_stay_behind and _keeps_its_own(backend)
        gate = gate_of(settings)
        self._gate, self._settings = gate, settings
        self.crawl = Crawl(
            frontier=frontier,
            gate=gate,
            hosts=Hosts(
                ailing=Ailing(
                    most_failures=settings.max_host_failures,
                    rest_s=settings.host_rest,
                    max_rest_s=settings.max_wait,
                ),
                silent=Silent(
                    lanes=self.workers, connect_s=settings.connect_timeout, retries=settings.retries
                ),
                gate=gate,
                notes=stats.host_notes,
            ),
            crew=self._crew,
            inbox=self._inbox,
            rules=rules,
            retry=(AtOnce if is_hurried else RetryPolicy)(
                retries=settings.retries, backoff_s=settings.backoff, max_wait_s=settings.max_wait
            ),
            outage=(NeverGone if is_hurried else Outage)(settings.max_outage),
            outgoing=outgoing,
            following=following,
            folding=Folding(
                duplicates=Duplicates(stats=stats, targets=following.targets),
                frontier=frontier,
                following=following,
                skip=settings.skip_duplicates,
                skip_noindex=settings.skip_noindex,
            ),
            sitemaps=Sitemaps(
                is_of_sites=settings.sitemap,
                urls=settings.sitemap_url,
                since=settings.since,
                rules=rules,
                following=following,
                frontier=frontier,
                outgoing=outgoing,
                stats=stats,
            ),
            landing=landing,
            limits=Limits(
                max_pages=None if settings.max_pages is None else max(0, settings.max_pages - answered),
                max_time_s=settings.max_time,
                max_redirects=settings.max_redirects,
            ),
            stats=stats,
        )
        self._parsing: ParseCrew | None = None
        if placed is not None and placed.is_apart:
            self._parsing = parse_crew(placed, settings, backend, self._inbox.put)
            self.crawl.parse_apart(self._parsing)
        else:
            self.crawl.parse_beside(placed)

    def __enter__(self) -> Self:
        """Open the first lanes, so that they start while the seeds are read."""
        self._thread = threading.current_thread()
        self._cpu_s = time.thread_time(), time.process_time()
        for each in self._unverified:
            log.warning(
                "tls.unverified nobody vouches for what %s says: its certificate is not verified", each
            )
        _open.add(self)
        # Last registered is first called: before the machinery under our lanes takes itself apart.
        atexit.unregister(_end_what_is_open)
        atexit.register(_end_what_is_open)
        self._crew.open_first()
        if self._parsing is not None:
            self._parsing.open_first()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers."""
        _open.discard(self)
        if self._thread is threading.current_thread():
            stats = self.crawl.stats
            stats.main_cpu_s = time.thread_time() - self._cpu_s[0]
            stats.process_cpu_s = time.process_time() - self._cpu_s[1]
        for crew in (self._crew, self._parsing):
            if crew is None:
                continue
            if kind is not None or self._is_halted:
                crew.kill()
            else:
                crew.close()

    def end_at_exit(self) -> None:
        """End the workers because the interpreter ends; a crawl on another thread is only told to."""
        self.stop(now=True)
        if self._thread is threading.current_thread() or not self._thread.is_alive():
            self._crew.kill()
            if self._parsing is not None:
                self._parsing.kill()

    def feed(self, seeds: Iterable[Request]) -> None:
        """Name the seeds."""
        self.crawl.arrivals.feed(seeds)

    def keep_pace(self, rows: PaceRows) -> None:
        """Keep the pace that an earlier run of the job owes to hosts, and write down ours for the next."""
        settings = self._settings
        keeping = Keeping(
            self._gate,
            rows,
            longest_s=max(settings.max_wait, settings.max_crawl_delay, LONGEST_S),
            delay_s=max(settings.delay, 1 / settings.host_rate if settings.host_rate else 0.0),
            rate_s=1 / settings.rate if settings.rate else 0.0,
        )
        keeping.restore()
        self.crawl.keeping = keeping

    def moves(self) -> Iterator[None]:
        """Move the crawl, one step each time; ends when the crawl is over or was halted."""
        while self.step():
            yield

    def step(self, patience_s: float = LOOK_S) -> bool:
        """Move it once, waiting at most this long for an answer; False when it is over or was halted."""
        if self._is_halted:
            return False
        if self._is_asked_to_stop:
            self.crawl.stop()
        return self.crawl.step(patience_s)

    def pause(self) -> None:
        """Start nothing more until `resume`, from any thread; what is out comes home."""
        self.crawl.is_paused = True

    def resume(self) -> None:
        """Go on after `pause`, from any thread."""
        self.crawl.is_paused = False
        self._inbox.wake()

    def stop(self, *, now: bool = False) -> None:
        """Ask the crawl to end, from any thread or a signal handler; `now` does not wait for what is out."""
        self._is_asked_to_stop = True
        if now:
            self._is_halted = True
        self._inbox.wake()

    def look(self) -> "Look":
        """What sees what the crawl does now."""
        from .live.now import Look  # noqa: PLC0415  only for who watches

        return Look(self._crew, self._gate, self.crawl.stats)

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return self._crew.pids() + ([] if self._parsing is None else self._parsing.pids())
