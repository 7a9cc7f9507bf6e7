"""The library's front door: `Crawler`. Opens the parts, runs them, closes them.

The library installs no signal handlers and prints nothing. `break` out of any
iteration, or an exception in it, ends the workers.
"""

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from .arguments import Backend, How, Seeds, listed, refuse_unknown, settings_of, start_of, without_secrets
from .engine import Engine
from .errors import ConfigError
from .frontiers.memory import MemoryFrontier
from .handlers import Handler, Handlers, Statuses
from .identity import of_handlers, of_seeds, of_settings
from .outputs import files_of, in_job, index_of, job_path, named_stores
from .running import Sinks, feed, landing_in, move_to_end, open_sinks
from .seeds import refuse_other
from .settings import Knobs, Settings
from .stats import Stats
from .wiring import Output

if TYPE_CHECKING:
    from .crawlfile import CrawlFile
    from .handling.placed import Placed
    from .live.now import Look, Now
    from .resuming import Job
    from .selecting import Columns

Handled = TypeVar("Handled", bound=Handler)
"""A user's function: registered, it is the same function, of the same type."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a crawl went.

    Attributes:
        stats: The counts.
        ended: "finished", "max_pages", "max_time" or "stopped"; "nothing to do" for a job that was over before.
        waiting: URLs that were known and not fetched.
        outputs: Names of the stores that were written to.
        job: The job file, by which the crawl can go on; None without one.
    """

    stats: Stats
    ended: str
    waiting: int
    outputs: tuple[str, ...]
    job: Path | None = None


class Crawler:
    """A crawl: knobs, handlers, and then `run` or `items`, as often as you like.

    Args:
        settings: The knobs as one checked value, instead of keywords.
        backend: The name of a backend, or a `multiprocessing` pool or a
            `concurrent.futures` executor of your own. Yours is used and left open,
            and the promise is smaller: a worker that dies there is not noticed, only missed.
        **knobs: The knobs of `Settings`, by name.

    Attributes:
        settings: The knobs.
        stats: The counts of the crawl that runs, or ran last.
        job: Its job file; None without one.

    Raises:
        ConfigError: A knob is unknown or out of range.
    """

    def __init__(
        self, *, settings: Settings | None = None, backend: Backend = None, **knobs: Unpack[Knobs]
    ) -> None:
        """Check the knobs; nothing is started."""
        self.settings, self._backend = settings_of(settings, backend, knobs)
        self.stats = Stats()
        self.job: Path | None = None
        self._handlers = Handlers()
        self._engine: Engine | None = None
        self._look: Look | None = None
        self._columns = _columns_of(self.settings)
        self._file: CrawlFile | None = None

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        environ: Mapping[str, str] | None = None,
        backend: Backend = None,
        **knobs: Unpack[Knobs],
    ) -> "Crawler":
        """A crawl that is kept as a TOML file, as `crawlpool FILE.toml` runs it.

        The file's handler is registered. Its seeds, outputs, `failed` and job stand for what
        a call of `run` or `items` does not give itself.

        Args:
            path: The file; names of files in it are seen from its folder.
            environ: Variables that win over the file, such as `os.environ`; None for none.
            backend: As in `Crawler`; it and the knobs win over file and variables.
            **knobs: The knobs of `Settings`, by name.

        Raises:
            ConfigError: The file cannot be read, or says what will not do; the message names the key.
        """
        from .crawlfile import opened_file  # noqa: PLC0415  most crawls have none

        refuse_unknown(knobs)
        typed = {**knobs, "backend": backend} if isinstance(backend, str) else knobs
        file, settings, handler = opened_file(fspath(path), environ, typed)
        crawler = cls(settings=settings, backend=None if isinstance(backend, str) else backend)
        crawler._file = file
        if handler is not None:
            crawler.on_page(handler)
        return crawler

    @overload
    def on_page(self, pattern: Handled, *, status: Statuses = None) -> Handled: ...

    @overload
    def on_page(
        self, pattern: str | None = None, *, status: Statuses = None
    ) -> Callable[[Handled], Handled]: ...

    def on_page(
        self, pattern: str | Handled | None = None, *, status: Statuses = None
    ) -> Callable[[Handled], Handled] | Handled:
        """Register a handler for pages, as a decorator.

        A handler is called in the main process, or where `parse_in` says, with a `Page`. It gives items (dict,
        dataclass, attrs, pydantic), which are stored, and requests, which are crawled.

        Args:
            pattern: Which URLs it is for; see `crawlpool.patterns`. None for all that no
                other pattern matches.
            status: An HTTP status, or several; None for every 2xx.
        """
        if callable(pattern):  # @crawler.on_page, without brackets
            self._handlers.add(pattern, None, status)
            return pattern

        def register(handler: Handled) -> Handled:
            self._handlers.add(handler, pattern, status)
            return handler

        return register

    def on_failure(self, handler: Handled) -> Handled:
        """Register what gets the pages without an answer, or with a status that nobody handles."""
        self._handlers.set_on_failure(handler)
        return handler

    def run(
        self,
        seeds: Seeds = (),
        *,
        output: Output | Sequence[Output] = (),
        start: How | None = None,
        refresh: bool = False,
        failed: str | PathLike[str] | None = None,
        save: str | PathLike[str] | None = None,
        job: str | PathLike[str] | bool | None = None,
        same: Mapping[str, str] | None = None,
        command: Mapping[str, Any] | None = None,
        watch: Callable[[Stats], object] | None = None,
        notice: Callable[[str], object] | None = None,
        trace: str | PathLike[str] | None = None,
    ) -> Result:
        """Crawl, and come back when it is over.

        With an output that is a file, the crawl has a job file beside it. When the
        crawl is broken off, however that was, the same call goes on with it; then the
        output holds each page's items exactly once. `crawlpool.resuming` has the table
        of what happens to outputs and jobs that exist.

        Args:
            seeds: A URL, a `Request`, or any iterable of them, read as the crawl goes. None are needed
                beside the knob `sitemap_url`.
            output: Files for the items, or for one record a URL when there is no
                handler: .jsonl, .csv, .tsv, .sqlite. Or stores of your own.
            start: What to do with outputs that exist: "fresh" (`Start.FRESH`) starts over, "append"
                (`Start.APPEND`) adds to them, or goes on with their job although seeds, scope or handlers
                have changed. None is an error that says so.
            refresh: Fetch all pages of a finished job again, and add them behind what is there.
            failed: A file for the URLs that failed, with why; it can be crawled again.
            save: A folder for the bodies of good answers, each a file, with an index of all URLs.
            job: The job file; None for the first output's name and ".job", False for none.
            same: Further texts that have to be the same when a job goes on, such as versions of your own code.
            command: Kept in the job: how the crawl is started again.
            watch: Called with the counts after each step, in this thread.
            notice: Called with a sentence worth showing to whoever started it.
            trace: A file for what happens to each URL, step by step; see `crawlpool.trace`.

        Raises:
            ConfigError: The output exists, or its kind is unknown; the job is of another
                crawl; a handler is a lambda, or a request's data no JSON, which a job cannot keep.
            StoreError: A record could not be written.
            FrontierError: The job file cannot be used or written, or another process uses it.
            BackendError: The workers are gone.
            NetworkError: Nothing answers any more; the same call goes on later.
            HandlerError: A handler raised, and `fail_fast` was asked for.
        """
        begin = start_of(start)
        if self._file is not None:
            from .crawlfile import Asked, filled  # noqa: PLC0415

            asked = filled(self._file, Asked(seeds, output, begin, refresh, failed, save, job, same))
            seeds, output, begin, refresh, failed, save, job, same = asked
        self._refuse_nothing(seeds)
        outputs = list(output) if isinstance(output, Sequence) and not isinstance(output, str) else [output]
        self._refuse_second()
        self._refuse_both()
        stores = named_stores(outputs, self.settings)
        index = None if save is None else index_of(save, outputs)
        placed = self._placed(is_saving=save is not None)
        self.job = path = job_path(outputs, job, failed=failed, save=save)
        tell = notice if notice is not None else _nobody
        with ExitStack() as stack:
            the_job = None
            if path is not None:
                from .resuming import Job, Plan  # noqa: PLC0415  SQLite is loaded for a job only

                plan = Plan(
                    path=path,
                    start=begin,
                    is_refresh=refresh,
                    outputs=files_of(outputs if index is None else (*outputs, index), path),
                    same={
                        **of_settings(self.settings),
                        **of_handlers(self._handlers),
                        **of_seeds(seeds),
                        **({} if failed is None else {"list of failures": in_job(fspath(failed), path)}),
                        **(same or {}),
                    },
                    settings=without_secrets(self.settings),
                    command=command or {},
                )
                the_job = stack.enter_context(Job(plan))
                if the_job.is_over or the_job.limit_reached(self.settings.max_pages):
                    tell(the_job.said)
                    self.stats = Stats()
                    self.stats.earlier = the_job.earlier
                    return Result(self.stats, "nothing to do", the_job.left, tuple(stores), path)
                for words in (the_job.said, the_job.warning):
                    if words:
                        tell(words)
            sinks = open_sinks(
                stores, failed=failed, index=index, trace=trace, start=begin, job=the_job, stack=stack
            )
            engine = self._new_engine(sinks, the_job, placed=placed)
            stack.callback(self._let_go)
            stack.enter_context(engine)
            feed(engine, the_job, listed(seeds, self.stats, notice), tell)
            ended = move_to_end(engine, the_job, self.stats, watch)
            return Result(self.stats, ended, engine.crawl.left, tuple(stores), path)

    def items(self, seeds: Seeds = ()) -> Generator[dict[str, Any], None, None]:
        """Crawl, and give the items (or records) as they come; `break` ends the crawl."""
        self._refuse_second()
        self._refuse_both()
        if self._file is not None:
            from .crawlfile import seeds_of  # noqa: PLC0415

            seeds = seeds_of(self._file, seeds)
        self._refuse_nothing(seeds)
        items: deque[dict[str, Any]] = deque()
        placed = self._placed(is_saving=False)
        with ExitStack() as stack:
            stack.callback(self._let_go)
            engine = stack.enter_context(self._new_engine(Sinks(), None, items, placed))
            engine.feed(listed(seeds, self.stats, None))
            for _ in engine.moves():
                while items:
                    yield items.popleft()
            yield from items

    def stop(self, *, now: bool = False) -> None:
        """End the crawl that is running, from a handler, another thread or a signal handler.

        With a job, the same call goes on with it later. Does nothing when no crawl is running.

        Args:
            now: End the workers at once; otherwise what is out is finished first.
        """
        engine = self._engine  # it may end meanwhile
        if engine is not None:
            engine.stop(now=now)

    def look(self, now: float, most: int = 20) -> "Now | None":
        """What the crawl does at this moment, for `watch`; None while none runs.

        Args:
            now: `time.monotonic()`.
            most: Hosts and failures at most.
        """
        if self._engine is None:
            return None
        if self._look is None:
            self._look = self._engine.look()
        return self._look(now, most=most)

    def pause(self) -> None:
        """Start nothing more until `resume`, from a handler, another thread or a signal handler.

        What is out comes home and is stored, which is also the one request more that a worker has at
        hand; the workers stay. The time counts for `max_time`, whose end ends a paused crawl, too,
        and so do `stop` and Ctrl-C. Does nothing when no crawl is running.
        """
        engine = self._engine
        if engine is not None:
            engine.pause()

    def resume(self) -> None:
        """Go on after `pause`, from any thread; does nothing otherwise."""
        engine = self._engine
        if engine is not None:
            engine.resume()

    @property
    def is_paused(self) -> bool:
        """Whether a crawl is running and paused."""
        engine = self._engine
        return engine is not None and engine.crawl.is_paused

    def _placed(self, *, is_saving: bool) -> "Placed | None":
        """Where handlers run; None for here."""
        if self.settings.parse_in == "main":
            return None
        from .handling.placed import placed  # noqa: PLC0415  only when it is asked for

        return placed(
            self.settings,
            self._handlers,
            columns=self._columns is not None and self._columns.wants_body,
            backend=self._backend,
            keeps_bodies=is_saving,
        )

    def _new_engine(
        self,
        sinks: Sinks,
        job: "Job | None",
        items: deque[dict[str, Any]] | None = None,
        placed: "Placed | None" = None,
    ) -> Engine:
        self.stats = Stats()
        if job is not None:
            self.stats.earlier = job.earlier
        landing = landing_in(
            sinks,
            settings=self.settings,
            handlers=self._handlers,
            stats=self.stats,
            columns=self._columns,
            items=items,
        )
        self._engine = Engine(
            self.settings,
            backend=self._backend,
            frontier=MemoryFrontier() if job is None else job.frontier,
            landing=landing,
            stats=self.stats,
            answered=0 if job is None else job.frontier.answered(),
            placed=placed,
        )
        if sinks.trace is not None:
            self._engine.crawl.trace(sinks.trace)
        return self._engine

    def _refuse_second(self) -> None:
        if self._engine is not None:
            raise ConfigError("this crawler is running already; make a second one")

    def _refuse_both(self) -> None:
        if self._columns is not None and self._handlers:
            knob = "select" if self.settings.select else "fields"
            raise ConfigError(
                f"{knob} makes columns of records, and with a handler there are none, only what it yields; "
                f"do without one of them (page.get(selector) gives a handler the same)"
            )

    def _refuse_nothing(self, seeds: Seeds) -> None:
        if seeds == () and not self.settings.sitemap_url:
            raise ConfigError("nothing to crawl: give a URL, or Crawler(sitemap_url=...)")
        refuse_other(seeds)

    def _let_go(self) -> None:
        self._engine = self._look = None


def _columns_of(settings: Settings) -> "Columns | None":
    if not settings.select and not settings.fields:
        return None
    from .selecting import Columns  # noqa: PLC0415  only when it is asked for

    return Columns(settings.select, settings.fields, parse_timeout_s=settings.parse_timeout)


def _nobody(said: str) -> None:
    """Tell it to nobody."""
