"""A pool that fetches, in the shape of `multiprocessing.Pool`: submit, callback, map, imap, close, join.

Its callbacks run one at a time in the caller's own thread, while it submits, iterates,
joins or leaves the block; an exception in one surfaces there. (A `multiprocessing.Pool`
runs them on its result thread, and stops for ever at the first that raises.)
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeAlias, Unpack

from .arguments import Backend, settings_of
from .engine import Engine
from .errors import ConfigError, CrawlpoolError
from .frontiers.queue_ import QueueFrontier
from .landing import PageLanding
from .model import Request
from .parse.page import Page
from .settings import Knobs
from .stats import Stats

Callback: TypeAlias = Callable[[Page], object]


class Pending:
    """A page that was submitted: `ready()` asks, `get()` waits for it."""

    def __init__(
        self, pool: "FetchPool", callback: Callback | None, error_callback: Callback | None, data: Any
    ) -> None:
        """Only `FetchPool.submit` makes one."""
        self._pool = pool
        self._page: Page | None = None
        self.callback = callback
        self.error_callback = error_callback
        self.data = data

    def ready(self) -> bool:
        """Whether the page is here; does not wait."""
        if self._page is None:
            self._pool._move(0.0)  # noqa: SLF001  one thing in two classes
        return self._page is not None

    def get(self) -> Page:
        """Wait for the page.

        Raises:
            CrawlpoolError: It will not come: the pool was terminated, or its limit reached. Or a
                callback asked, which cannot wait for other pages.
        """
        while self._page is None:
            self._pool._wait_for_one()  # noqa: SLF001
        return self._page


class FetchPool:
    """Fetches what is submitted, as often as it is submitted.

    Leaving the block waits for everything; leaving it with an exception does not.

    Args:
        backend: See `Crawler`.
        **knobs: The knobs of `Settings`, by name.

    Raises:
        ConfigError: A knob is unknown or out of range.
    """

    def __init__(self, *, backend: Backend = None, **knobs: Unpack[Knobs]) -> None:
        """Start the first worker."""
        settings, backend = settings_of(None, backend, knobs)
        if settings.follow:
            raise ConfigError("FetchPool fetches what it is given; to follow links use Crawler(follow=True)")
        if settings.select or settings.fields:
            raise ConfigError(
                "FetchPool gives pages, which have get(selector); for columns use Crawler(select=...)"
            )
        if settings.sitemap or settings.sitemap_url:
            raise ConfigError("FetchPool fetches what it is given; for sitemaps use Crawler or fetch()")
        if settings.parse_in != "main":
            raise ConfigError("FetchPool has no handlers; its callbacks run here. parse_in is for Crawler")
        self.stats = Stats()
        self._landing = PageLanding(
            self.stats, is_raw_kept=settings.keep_raw, parse_timeout_s=settings.parse_timeout
        )
        self._parse_timeout_s = settings.parse_timeout
        self._frontier = QueueFrontier()
        self._engine = Engine(
            settings, backend=backend, frontier=self._frontier, landing=self._landing, stats=self.stats
        )
        self._most = 4 * self._engine.workers
        self._is_open = True
        self._is_gone = False
        self._is_calling = False
        self._engine.__enter__()

    def submit(
        self, url: str | Request, callback: Callback | None = None, error_callback: Callback | None = None
    ) -> Pending:
        """Fetch a URL; blocks while enough is out.

        Args:
            url: A URL or a `Request`.
            callback: Called with the page, in this thread.
            error_callback: Called instead when the page is not ok; without one, `callback` gets it too.

        Raises:
            CrawlpoolError: The pool is closed, or a limit (`max_pages`, `max_time`) lets it fetch no more.
        """
        if not self._is_open:
            raise CrawlpoolError("the pool is closed; nothing can be submitted any more")
        request = Request(url) if isinstance(url, str) else url
        pending = Pending(self, callback, error_callback, request.data)
        self._engine.crawl.arrivals.plant(replace(request, data=pending, is_listed=True))
        if not self._is_calling:  # a callback that submits must not wait inside itself
            self._move(0.0)
            while self._engine.crawl.left >= self._most:
                self._wait_for_one()
        return pending

    def map(self, urls: Iterable[str | Request]) -> list[Page]:
        """Fetch them all; one page for each, in their order."""
        return list(self.imap(urls))

    def imap(self, urls: Iterable[str | Request]) -> Iterator[Page]:
        """Fetch them side by side; give the pages in the order of the URLs."""
        waiting: deque[Pending] = deque()
        for url in urls:
            waiting.append(self.submit(url))
            while waiting and waiting[0].ready():
                yield waiting.popleft().get()
        while waiting:
            yield waiting.popleft().get()

    def imap_unordered(self, urls: Iterable[str | Request]) -> Iterator[Page]:
        """Fetch them side by side; give the pages as they finish."""
        done: deque[Page] = deque()
        count = 0
        for url in urls:
            self.submit(url, callback=done.append)
            count += 1
            while done:
                count -= 1
                yield done.popleft()
        while count:
            while not done:
                self._wait_for_one()
            count -= 1
            yield done.popleft()

    def close(self) -> None:
        """Take nothing more."""
        self._is_open = False

    def join(self) -> None:
        """Wait for all that was submitted, and end the workers; `close` comes first.

        What a limit (`max_pages`, `max_time`) leaves over is dropped.
        """
        if self._is_open:
            raise CrawlpoolError("the pool is still open; call close() before join()")
        if not self._is_gone:
            self._drain()
            self._end()

    def pause(self) -> None:
        """Start nothing more until `resume`, from a callback or any thread; what is out comes home.

        Whatever waits for a page (`submit` while enough is out, `get`, `join`, the end of the block)
        waits until then, so another thread has to resume. Time that is paused counts for `max_time`.
        """
        self._engine.pause()

    def resume(self) -> None:
        """Go on after `pause`, from any thread."""
        self._engine.resume()

    def stop(self) -> None:
        """Take and start nothing more, from a callback or any thread; what is out comes home.

        What was submitted and not begun is dropped; whoever waits for it gets a `CrawlpoolError`.
        """
        self._is_open = False
        self._engine.stop()

    def terminate(self) -> None:
        """End the workers at once; what was submitted is dropped."""
        self._is_open = False
        if not self._is_gone:
            self._engine.stop(now=True)
            self._end()

    def __enter__(self) -> Self:
        """Return the pool."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for everything, callbacks that submit more included, or for nothing after an exception."""
        if kind is not None:
            self.terminate()
            return
        try:
            if not self._is_gone:
                self._drain()
            self.close()
            self.join()
        except BaseException:
            self.terminate()
            raise

    def __del__(self) -> None:
        """End the workers of a pool that was forgotten."""
        if not getattr(self, "_is_gone", True):
            self.terminate()

    def _end(self) -> None:
        if not self._is_gone:
            self._is_gone = True
            self._engine.__exit__(None, None, None)

    def _drain(self) -> None:
        self._refuse_in_callback()
        while self._engine.crawl.left and self._move(0.25):
            pass
        self._call_back()

    def _wait_for_one(self) -> None:
        self._refuse_in_callback()
        if self._is_gone:
            raise CrawlpoolError("the pool was ended before this page came")
        if not self._move(0.25) and self._engine.crawl.left:
            ended = self._engine.crawl.ended
            raise CrawlpoolError(
                "the pool was stopped before this page came"
                if ended == "stopped"
                else f"the pool's limit ({ended}) was reached before this page came"
            )

    def _refuse_in_callback(self) -> None:
        if self._is_calling:
            raise CrawlpoolError(
                "a callback cannot wait for other pages; submit them with a callback of their own"
            )

    def _move(self, patience_s: float) -> bool:
        """Move the crawl on, and call back; False when nothing more will come of it."""
        if self._is_gone:
            return False
        goes_on = self._engine.step(patience_s)
        if not self._is_calling:
            self._call_back()
        return goes_on

    def _call_back(self) -> None:
        while self._landing.pages:
            page = self._landing.pages.popleft()
            pending: Pending = page.request.data
            outcome = page.outcome
            page = Page(
                replace(outcome, request=replace(outcome.request, data=pending.data)),
                parse_timeout_s=self._parse_timeout_s,
            )
            pending._page = page  # noqa: SLF001
            call = pending.callback if page.ok or pending.error_callback is None else pending.error_callback
            if call is not None:
                self._is_calling = True
                try:
                    call(page)
                finally:
                    self._is_calling = False
