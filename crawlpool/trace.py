"""`--trace FILE`: what happened to each URL, step by step: who did it, in which process and thread, and when.

main thread              worker                pool's result thread
found, let_go, handed ─▶ began, answered ────▶ called_back ─┐
settled, handler, stored, committed ◀─────── inbox ─────────┘

All lines are written by the main thread. The callback only notes its moment, for a
callback that does more would hold up others. What a worker did is told by what it
sends back anyway, so it is known only when its answer is here: lines wait for
`HOLD_S`, and so stand in the order of time all the same.
"""

import heapq
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Protocol, Self

from .errors import ConfigError
from .frontiers.base import End
from .model import Failure, Outcome, Request
from .stores.stdout import visible
from .timeline import Event, drawn
from .urls import in_a_line

log = logging.getLogger("crawlpool")

STEPS: Final = {
    "found": "it was accepted into the frontier, where URLs wait",
    "let_go": "the gate let it go: its host may be asked",
    "handed": "a lane got it: `apply_async` of the pool",
    "began": "the worker sent the request",
    "answered": "the worker had the last byte of the answer, or knew that there is none",
    "called_back": "the pool called our callback, which put the answer into the inbox",
    "settled": "the main thread took it out of the inbox",
    "handler": "the handler began",
    "stored": "its records were handed to the stores",
    "committed": "it is done for good: the stores are on the disk, and the job says so",
    "lost": "it came back unanswered: its worker was gone, or its host asked for a rest",
}
"""Every step, in the order in which a URL takes them, and what it means."""

HOLD_S: Final = 2.0
"""Seconds that a line waits for earlier ones; what a worker tells of a slower page stands behind later lines."""

_MOST_HELD: Final = 20_000
_MOST_DRAWN: Final = 300_000
_FLUSH_S: Final = 0.5
_LONGEST_URL: Final = 2_000
_LONGEST_NOTE: Final = 300
_HEAD: Final = "#       ms     pid thread                     lane step         url (what it came to)"


class _Delivery(Protocol):
    """What a lane brought back; `backends.base.Delivery` in short."""

    @property
    def lane(self) -> int: ...


class Trace:
    """Writes the steps of a crawl to a file, as a context.

    Args:
        path: Replaced. With the ending .jsonl it gets a JSON object a line, with .svg a picture of
            all at the end, else text for people.
        clock: Steady seconds.

    Raises:
        ConfigError: From entering it: the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Open nothing yet."""
        self._path = Path(path)
        self._clock = clock
        self._file: IO[str] | None = None
        self._format = {".jsonl": _as_json, ".svg": None}.get(self._path.suffix.lower(), _as_text)
        self._began = clock()
        self._ahead_of_wall_s = time.time() - self._began
        self._flushed_at = self._began
        self._order = count()
        self._held: list[tuple[float, int, Event]] = []
        self._drawn: list[Event] = []
        self._places: dict[int, tuple[int, int, float]] = {}  # lane, pid, when; by identity of what is out
        self._calls: dict[int, tuple[float, str]] = {}  # by identity of a delivery; other threads write here
        self._pid = os.getpid()
        self._thread = threading.current_thread().name

    def __enter__(self) -> Self:
        """Open the file."""
        try:
            self._file = self._path.open("w", encoding="utf-8")
            if self._format is _as_text:
                self._file.write(_HEAD + "\n")
        except OSError as error:
            raise ConfigError(f"trace {self._path}: cannot be written ({error.strerror})") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is held, or draw it, and close the file."""
        self._release(float("inf"))
        if self._file is None:
            return
        try:
            if self._format is None:
                self._file.write(drawn(self._drawn))
            self._file.close()
        except OSError as failure:
            self._give_up(failure)

    # Steps in the main thread

    def found(self, requests: Iterable[Request]) -> None:
        """Requests were accepted into the frontier."""
        for each in requests:
            self._note("found", each, f"on {each.found_on}" if each.found_on else "a seed")

    def let_go(self, request: Request) -> None:
        """The gate lets a request go."""
        self._note("let_go", request, f"attempt {request.attempt}" if request.attempt > 1 else "")

    def handed(self, lane: int, pid: int, requests: Sequence[Request]) -> None:
        """A lane gets requests; before it is told, since `sync` fetches them there and then."""
        now = self._clock()
        for each in requests:
            self._places[id(each)] = (lane, pid, now)
            self._note("handed", each, f"pid {pid}" if pid != self._pid else "", lane=lane, at=now)

    def settles(self, delivery: _Delivery, outcomes: Iterable[Outcome]) -> None:
        """The main thread took a delivery out of the inbox; the steps before that are known now as well."""
        now = self._clock()
        called_at, thread = self._calls.pop(id(delivery), (now, self._thread))
        for outcome in outcomes:
            request = outcome.request
            _, _, handed_at = self._places.pop(id(request), (0, 0, self._began))
            pid = outcome.worker or self._pid
            # A thread of ours has no name that anybody told; `sync` fetches in the main thread itself.
            worker = "MainThread" if pid != self._pid else "worker"
            if thread == self._thread:
                worker = thread
            ended_at = (
                outcome.failed_at if isinstance(outcome, Failure) else outcome.fetched_at + outcome.elapsed_s
            )
            ended_at = min(
                max(ended_at - self._ahead_of_wall_s, handed_at), called_at
            )  # the wall clock may be set
            began_at = max(handed_at, ended_at - outcome.elapsed_s)
            lane = delivery.lane
            self._note("began", request, lane=lane, at=began_at, pid=pid, thread=worker)
            self._note("answered", request, _came_to(outcome), lane=lane, at=ended_at, pid=pid, thread=worker)
            self._note("called_back", request, lane=lane, at=called_at, thread=thread)
            waited_ms = (now - called_at) * 1000
            self._note("settled", request, f"{waited_ms:.1f} ms in the inbox", lane=lane, at=now)

    def lost(self, request: Request, cause: str) -> None:
        """A request came back unanswered."""
        lane, pid, _ = self._places.pop(id(request), (0, self._pid, 0.0))
        self._note(
            "lost", request, cause, lane=lane, pid=pid, thread="MainThread" if pid != self._pid else "worker"
        )

    def handler(self, request: Request, name: str) -> None:
        """A handler begins; one that ran in a worker is told of when what it gave is here."""
        self._note("handler", request, name)

    def stored(self, request: Request, records: int) -> None:
        """Records are with the stores."""
        self._note("stored", request, f"{records} record{'s' if records != 1 else ''}")

    def committed(self, ends: Iterable[End]) -> None:
        """What ended is done for good."""
        for each in ends:
            self._note("committed", each.request, f"{each.kind}: no record" if each.is_left_out else "")

    # On the pool's thread

    def calling(self, deliver: Callable[[Any], None]) -> Callable[[Any], None]:
        """The callback, noting when it was called and on which thread, and nothing more."""

        def noted(delivery: Any) -> None:
            self._calls[id(delivery)] = self._clock(), threading.current_thread().name
            deliver(delivery)

        return noted

    # Writing

    def _note(
        self,
        step: str,
        request: Request,
        note: str = "",
        *,
        lane: int = 0,
        at: float | None = None,
        pid: int = 0,
        thread: str = "",
    ) -> None:
        now = self._clock()
        ms = round(((now if at is None else at) - self._began) * 1000, 3)
        url = in_a_line(request.target or request.url)[:_LONGEST_URL]
        event = Event(ms, step, pid or self._pid, thread or self._thread, lane, url, note[:_LONGEST_NOTE])
        heapq.heappush(self._held, (ms, next(self._order), event))
        self._release((now - HOLD_S - self._began) * 1000)
        if self._file is not None and now - self._flushed_at > _FLUSH_S:
            self._flushed_at = now
            try:
                self._file.flush()
            except OSError as failure:
                self._give_up(failure)

    def _release(self, until_ms: float) -> None:
        held = self._held
        while held and (held[0][0] <= until_ms or len(held) > _MOST_HELD):
            event = heapq.heappop(held)[2]
            if self._file is None:
                continue
            if self._format is None:
                if len(self._drawn) < _MOST_DRAWN:
                    self._drawn.append(event)
                continue
            try:
                self._file.write(self._format(event) + "\n")
            except OSError as failure:
                self._give_up(failure)

    def _give_up(self, failure: OSError) -> None:
        """The file cannot be written any more; the crawl goes on."""
        log.warning("trace.broken error=%r file=%s", failure.strerror or str(failure), self._path)
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # what is left in its buffer cannot be written either
                file.close()


def _came_to(outcome: Outcome) -> str:
    if isinstance(outcome, Failure):
        return f"{outcome.kind.value}: {outcome.message}"
    return f"HTTP {outcome.status}, {outcome.size} bytes, {outcome.elapsed_s * 1000:.1f} ms"


def _as_json(event: Event) -> str:
    return json.dumps(event._asdict())  # in ASCII: nothing in it is obeyed by a terminal


def _as_text(event: Event) -> str:
    lane = event.lane or "-"
    note = f"  ({event.note})" if event.note else ""
    line = (
        f"{event.ms:10.1f} {event.pid:7} {event.thread:<26.26} {lane:>4} {event.step:<12} {event.url}{note}"
    )
    return visible(line)
