"""`parse_in="process"`: a second crew, whose lanes call handlers on pages that were fetched.

fetching crew ═▶ inbox ─▶ settling ─▶ take ═▶ parse lane: handler
                              ▲                    ║
                              └── end ◀── inbox ◀══╝  items, requests, or what went wrong

A connection is free as soon as its answer is here, and the main thread only stores. A page counts
as open until what its handler gave is stored: limits, pauses and the end of a crawl wait for it.

What waits for a lane is bounded by bytes, pages and time; from there on nothing more is fetched. Lanes,
deaths, blame and replacement are the crew's (`crew.py`); a page with which workers die again and again,
or one hangs, ends with that as its handler's fault.
"""

import heapq
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from .backends.base import Deliver, Delivery, OpenLane
from .blame import Lost
from .crew import MOST_BYTES, Crew
from .handling.made import Maker
from .handling.travel import packed_response, refused
from .model import Outcome, Request, Response
from .worker.wire import Parcel

log = logging.getLogger("crawlpool")

_Packed: TypeAlias = tuple[Response, bytes]
"""A page, without its body unless that is wanted here, and the whole of it as it goes to a worker."""

MOST_PAGES: Final = 32
"""Pages a lane that may be with it or wait for it before no more is sent out."""

BACKLOG_S: Final = 2.0
"""Seconds of handlers that those pages may be, two pages excepted: a stop finishes them all."""


@dataclass(frozen=True, slots=True)
class Parsed(Delivery):
    """What a parse lane brought back, in the inbox that it shares with the others."""


class ParseCrew:
    """Pages whose handlers run in processes of their own.

    Args:
        open_lane: The backend of the lanes.
        size: Lanes at most.
        deliver: The inbox.
        maker: Says which pages have a handler.
        patience_s: Seconds after which a worker with one page counts as hung.
        keeps_bodies: Whether bodies are wanted in the main process as well.
        worker_memory: Bytes of memory above which a worker is replaced; None for no limit.
    """

    def __init__(
        self,
        open_lane: OpenLane,
        *,
        size: int,
        deliver: Deliver,
        maker: Maker,
        patience_s: float,
        keeps_bodies: bool = False,
        worker_memory: int | None = None,
    ) -> None:
        """Start nothing yet."""
        self._crew = Crew(
            open_lane,
            size=size,
            deliver=_marked(deliver),
            patience_s=patience_s,
            worker_memory=worker_memory,
        )
        self._maker = maker
        self._size = size
        self._pace_s = BACKLOG_S / 4  # that a handler takes, on average of late; not known yet
        self._keeps_bodies = keeps_bodies
        self._pages: dict[int, _Packed] = {}  # with a lane or about to be; by the request's identity
        self._waiting: deque[_Packed] = deque()
        self._later: list[tuple[float, int, _Packed]] = []
        self._tickets = 0
        self._bytes = 0
        self._count = 0

    @property
    def out(self) -> int:
        """Pages that were taken and are not back."""
        return self._count

    @property
    def is_full(self) -> bool:
        """Whether so much waits that nothing more should be fetched."""
        a_lane = max(2, min(MOST_PAGES, int(BACKLOG_S / (self._pace_s + 1e-6))))
        return self._bytes > MOST_BYTES or self._count > a_lane * self._size

    @property
    def deaths(self) -> int:
        """Workers that died or hung."""
        return self._crew.deaths

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return self._crew.pids()

    def open_first(self) -> None:
        """Open a lane before there is work."""
        self._crew.open_first()

    def take(self, outcome: Outcome) -> Outcome | None:
        """Have a page's handler called, if it has one; then it comes back from `receive` or `tend`.

        Given back is what has none, and what cannot go to a worker, which is its handler's fault.
        """
        if (
            not isinstance(outcome, Response)
            or outcome.handled is not None
            or not self._maker.is_for(outcome)
        ):
            return outcome
        pack = packed_response(outcome)
        if isinstance(pack, str):
            return replace(outcome, handled=refused(pack))
        if not self._keeps_bodies:
            outcome = replace(outcome, body=b"", raw_body=None)
        self._bytes += len(pack)
        self._count += 1
        self._waiting.append((outcome, pack))
        self._send()
        return None

    @staticmethod
    def is_ours(delivery: Delivery) -> bool:
        """Whether a lane of this crew brought it."""
        return isinstance(delivery, Parsed)

    def receive(self, delivery: Delivery) -> list[Response]:
        """The pages that a lane brings back, each with what its handler gave."""
        settled, lost = self._crew.receive(delivery)
        back = [each for _, outcome, _ in settled if (each := self._came_back(outcome)) is not None]
        back.extend(self._take_lost(lost))
        self._send()
        return back

    def tend(self, now: float) -> list[Response]:
        """Look after the workers; the pages whose handlers are not called again.

        Raises:
            BackendError: Too many workers died in a row, or none can be started.
        """
        while self._later and self._later[0][0] <= now:
            self._waiting.append(heapq.heappop(self._later)[2])
        back = self._take_lost(self._crew.tend(now))
        self._send()
        return back

    def close(self) -> None:
        """Let every worker end by itself."""
        self._crew.close()

    def kill(self) -> None:
        """End every worker at once."""
        self._crew.kill()

    def _send(self) -> None:
        """Hand to lanes what waits: one page to each that is free, then one more or some to each, so that none waits."""
        now = time.monotonic()
        while self._waiting and self._crew.has_room(now):
            request, parcel = self._parcel(self._waiting.popleft())
            self._crew.send(request, parcel, "")
        if self._waiting:
            for number, host, room in self._crew.rooms_ahead():
                batch = [self._parcel(self._waiting.popleft()) for _ in range(min(room, len(self._waiting)))]
                if batch:
                    self._crew.send_ahead(number, host, batch)
        self._crew.flush()

    def _parcel(self, page: _Packed) -> tuple[Request, Parcel]:
        request = page[0].request
        self._pages[id(request)] = page
        return request, ("", request.target, (), page[1], 0)

    def _came_back(self, outcome: Outcome) -> Response | None:
        page = self._pages.pop(id(outcome.request), None)
        if page is None:
            return None
        self._pace_s += 0.25 * (outcome.elapsed_s - self._pace_s)
        if isinstance(outcome, Response):
            return self._done(page, outcome.handled)
        return self._done(page, refused(f"{outcome.kind.value}: {outcome.message}"))

    def _done(self, page: _Packed, handled: object) -> Response:
        self._bytes -= len(page[1])
        self._count -= 1
        return replace(page[0], handled=handled)

    def _take_lost(self, lost: Iterable[Lost]) -> list[Response]:
        """Call the handlers again of what a worker held, unless a page is what kills them."""
        ended = []
        for each in lost:
            page = self._pages.pop(id(each.request), None)
            if page is None:
                continue
            if each.was_under_way:
                log.warning(
                    "worker.lost cause=%r losses=%d url=%s", each.cause, each.losses, each.request.target
                )
            if each.has_hung or self._crew.is_given_up(each):
                said = f"{each.cause} while it called the handler for this page"
                ended.append(self._done(page, refused(said)))
            elif each.was_under_way and each.wait_s:
                self._tickets += 1
                heapq.heappush(self._later, (time.monotonic() + each.wait_s, self._tickets, page))
            else:
                self._waiting.append(page)
        return ended


def _marked(deliver: Deliver) -> Callable[[Delivery], None]:
    """A callback of the lanes, so that the main thread knows whose delivery it is; it only enqueues."""

    def marked(delivery: Delivery) -> None:
        deliver(Parsed(delivery.lane, delivery.answers, delivery.error))

    return marked
