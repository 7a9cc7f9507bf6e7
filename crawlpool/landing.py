"""Where a chain ends in the main process: the handler is called, items and records are stored."""

import logging
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .counts import Selected
from .errors import ConfigError, HandlerError
from .frontiers.base import Positions
from .handlers import Handlers
from .handling.made import Fault, Handled, call, fault_of, name_of
from .model import Failure, FailureKind, Outcome, Request, Response
from .parse.page import PARSE_TIMEOUT_S, Page
from .records import record_of
from .stats import Stats
from .stores.base import Store
from .stores.failed import FailedFile
from .urls import in_a_line
from .worker.wire import Want

if TYPE_CHECKING:
    from .selecting import Columns
    from .trace import Trace

log = logging.getLogger("crawlpool")


class StoreLanding:
    """Calls handlers and writes to stores; without a handler, writes a record a URL.

    Args:
        handlers: The user's.
        stores: By name; each gets every item.
        stats: What is counted.
        failed: Gets the URLs that failed.
        is_following: Whether links are followed by themselves.
        is_raw_kept: Whether bodies are wanted as they were before content decoding, too.
        is_all_read: Whether bodies that are no HTML are read where links are followed, too.
        is_fail_fast: Whether a handler that raises ends the crawl.
        handler_timeout_s: Seconds that a handler may take for one page; None for no limit.
        skip_duplicates: Which pages are left out for being the same as another; what tells them is wanted.
        skip_noindex: Whether pages are left out that say "noindex"; the same.
        parse_timeout_s: Seconds that the slow parsers may take for one page.
        items: Gets the items as well, for whoever iterates over them.
        columns: Makes the records, where they are not to be as they come.
        saved: Gets the body of each good answer, and a line about every URL; its name, and the store.
    """

    def __init__(
        self,
        *,
        handlers: Handlers,
        stores: Mapping[str, Store],
        stats: Stats,
        failed: FailedFile | None = None,
        is_following: bool = False,
        is_raw_kept: bool = False,
        is_all_read: bool = False,
        is_fail_fast: bool = False,
        handler_timeout_s: float | None = None,
        skip_duplicates: tuple[str, ...] = (),
        skip_noindex: bool = False,
        parse_timeout_s: float = PARSE_TIMEOUT_S,
        items: deque[dict[str, Any]] | None = None,
        columns: "Columns | None" = None,
        saved: tuple[str, Store] | None = None,
    ) -> None:
        """Take the parts; the stores are open."""
        self._handlers = handlers
        self._stores = stores
        self._stats = stats
        self._failed = failed
        self._raw = Want.RAW if is_raw_kept else Want.NOTHING
        likeness = Want.DIGEST
        if "near" in skip_duplicates:
            likeness |= Want.NEAR
        if "canonical" in skip_duplicates or skip_noindex:
            likeness |= Want.FACTS
        self._plain_want = Want.FACTS | self._raw | likeness
        if is_following:
            self._plain_want |= Want.LINKS | (Want.NOTHING if is_raw_kept or is_all_read else Want.HTML_ONLY)
        if columns is not None and columns.wants_body:
            self._plain_want |= Want.BODY
        if saved is not None or (columns is not None and columns.wants_all_bodies):
            self._plain_want = (self._plain_want | Want.BODY) & ~Want.HTML_ONLY
        self._handled_want = Want.BODY | self._raw | likeness | (Want.LINKS if is_following else Want.NOTHING)
        self._is_fail_fast = is_fail_fast
        self._handler_timeout_s = handler_timeout_s
        self._parse_timeout_s = parse_timeout_s
        self._items = items
        self._columns = columns
        self._saved = saved
        if columns is not None:
            stats.selected = {each.name: Selected() for each in columns.selections}
        self.trace: Trace | None = None

    def want(self, request: Request) -> Want:
        """The body for a handler, else title and links."""
        if self._handlers.on_failure is not None or (self._handlers and self._handlers.may_want(request)):
            return self._handled_want if self._handlers else self._handled_want | Want.FACTS
        if request.is_listed:
            return self._plain_want & ~Want.HTML_ONLY
        return self._plain_want

    def land(self, outcome: Outcome) -> tuple[Outcome, Iterable[Request]]:
        """Parse and store; a failure comes back if the handler raised, and what it wants crawled besides."""
        started = time.monotonic()
        answered = outcome
        outcome, items, requests = self._handled(outcome)
        if not self._handlers and not _is_made(answered, outcome):
            items.append(self._record_of(outcome))
        parsed = time.monotonic()
        _count(self._stats, outcome)
        self._write(items)
        if self._saved is not None:
            self._save(answered)
        if self.trace is not None:
            self.trace.stored(outcome.request, len(items))
        if self._failed is not None and (why := _why_failed(outcome)) is not None:
            self._failed.write(
                outcome.request, why, outcome.traceback if isinstance(outcome, Failure) else ""
            )
        self._stats.spent("parsing", parsed - started)
        self._stats.spent("storing", time.monotonic() - parsed)
        return outcome, requests

    def flush(self) -> Positions:
        """Bring every store and the list of failed URLs to the disk."""
        started = time.monotonic()
        positions = {name: store.flush() for name, store in self._stores.items()}
        if self._failed is not None:
            positions[self._failed.name] = self._failed.flush()
        if self._saved is not None:
            name, store = self._saved
            positions[name] = store.flush()
        self._stats.spent("storing", time.monotonic() - started)
        return positions

    def _handled(self, outcome: Outcome) -> tuple[Outcome, list[dict[str, Any]], Iterable[Request]]:
        """What the handler gave, wherever it ran; the outcome becomes a failure if it raised."""
        if isinstance(outcome, Response) and outcome.handled is not None:
            made = self._elsewhere(outcome)
            outcome = replace(outcome, handled=None)
        else:
            made = self._called(outcome)
        if made.fault is None:
            return outcome, made.items, made.requests
        fault, url = made.fault, in_a_line(outcome.request.url)
        if fault.is_everybodys:
            raise ConfigError(f'{fault.message}; parse_in="main" leaves them here\n{fault.traceback}')
        if self._is_fail_fast:
            raise HandlerError(f"the handler {fault.what} for {url}\n{fault.told}") from fault.error
        log.error("page.handler_failed url=%s\n%s", url, fault.told)
        return _handler_failure(outcome, fault), [], ()

    def _elsewhere(self, response: Response) -> Handled:
        """What a worker's handler gave."""
        from .handling.travel import handled_of  # noqa: PLC0415  only where handlers travel

        made = handled_of(response.handled)
        for look in made.looks:
            self._stats.selected[look.name].count(is_found=look.is_found, is_cut=look.is_cut)
        if self.trace is not None and made.handler:
            self.trace.handler(
                response.request, f"{made.handler}, {made.seconds * 1000:.1f} ms in its worker"
            )
        return made

    def _called(self, outcome: Outcome) -> Handled:
        """Call the handler here, if there is one."""
        handler = None
        try:
            if isinstance(outcome, Response):
                handler = self._handlers.for_response(outcome)
        except ConfigError as error:  # the request names one that there is not
            return Handled(fault=fault_of(error))
        if handler is None and (isinstance(outcome, Failure) or not 200 <= outcome.status < 300):
            handler = self._handlers.on_failure
        if handler is None:
            return Handled()
        if self.trace is not None:
            self.trace.handler(outcome.request, name_of(handler))
        return call(
            handler, outcome, timeout_s=self._handler_timeout_s, parse_timeout_s=self._parse_timeout_s
        )

    def _record_of(self, outcome: Outcome) -> dict[str, Any]:
        if self._columns is None:
            return record_of(outcome)
        record, looks = self._columns.record_of(outcome)
        for look in looks:
            self._stats.selected[look.name].count(is_found=look.is_found, is_cut=look.is_cut)
        return record

    def _save(self, outcome: Outcome) -> None:
        from .saved import saved_of  # noqa: PLC0415  only when it is asked for

        assert self._saved is not None
        record = saved_of(outcome)
        self._stats.saved += record["file"] is not None
        self._saved[1].write(record)

    def _write(self, items: list[dict[str, Any]]) -> None:
        for store in self._stores.values():
            for item in items:
                store.write(item)
        if self._items is not None:
            self._items.extend(items)
        self._stats.item(len(items))


class PageLanding:
    """Keeps the pages for whoever iterates over them: nothing is handled, nothing stored."""

    def __init__(
        self, stats: Stats, *, is_raw_kept: bool = False, parse_timeout_s: float = PARSE_TIMEOUT_S
    ) -> None:
        """Start with none."""
        self._parse_timeout_s = parse_timeout_s
        self._stats = stats
        self._want = Want.BODY | (Want.RAW if is_raw_kept else Want.NOTHING)
        self.pages: deque[Page] = deque()

    def want(self, request: Request) -> Want:  # noqa: ARG002  the same for every request
        """The body."""
        return self._want

    def land(self, outcome: Outcome) -> tuple[Outcome, Iterable[Request]]:
        """Keep the page."""
        _count(self._stats, outcome)
        self.pages.append(Page(outcome, parse_timeout_s=self._parse_timeout_s))
        return outcome, ()

    def flush(self) -> Positions:
        """Nothing is stored."""
        return {}


def _count(stats: Stats, outcome: Outcome) -> None:
    """Count the end of a chain, and say it in the log."""
    request = outcome.request
    if isinstance(outcome, Response):
        stats.answered(outcome)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "page.done status=%d bytes=%d elapsed_ms=%d attempt=%d url=%s",
                outcome.status,
                outcome.size,
                outcome.elapsed_s * 1000,
                request.attempt,
                in_a_line(request.url),
            )
    else:
        stats.failed(outcome)
        log.info(
            "page.failed kind=%s attempts=%d message=%r url=%s",
            outcome.kind.value,
            outcome.attempts,
            outcome.message,
            in_a_line(request.url),
        )


def _why_failed(outcome: Outcome) -> str | None:
    if isinstance(outcome, Failure):
        return f"{outcome.kind.value}: {outcome.message}"
    return f"HTTP {outcome.status} {outcome.reason}".rstrip() if outcome.status >= 400 else None


def _is_made(answered: Outcome, outcome: Outcome) -> bool:
    """Whether a worker made the record already."""
    return isinstance(answered, Response) and answered.handled is not None and isinstance(outcome, Response)


def _handler_failure(outcome: Outcome, fault: Fault) -> Failure:
    response = (
        replace(outcome, body=b"", raw_body=None) if isinstance(outcome, Response) else outcome.response
    )
    return Failure(
        request=outcome.request,
        kind=FailureKind.HANDLER,
        message=fault.message,
        attempts=outcome.request.attempt,
        failed_at=time.time(),
        elapsed_s=outcome.elapsed_s,
        response=response,
        traceback=fault.traceback,
        worker=outcome.worker,
    )
