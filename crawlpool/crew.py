"""The lanes: who is free, what each holds, who died, who takes too much, when to open another.

All policy about workers is here, once, for every backend; a lane only carries.
The crew is called by the main thread alone. Answers reach it through the inbox.
What one lane holds is in `holding.py`, who is blamed in `blame.py`, how many there
are in `growth.py`, how they end in `retiring.py`.

What happens when a worker dies, hangs past its deadline, or takes twice the memory it may:

1. `tend` notices (it looks four times a second) and gives back what the lane held.
2. The request that the worker had begun is blamed, and goes to the end of its
   host's queue; those that it had not begun are sent again at once.
3. A request that was under way in `MOST_LOSSES` deaths is given up: it is what
   kills workers.
4. The lane is killed and forgotten; the next request opens a new one. A thread
   cannot be killed: it is abandoned, and said so.
5. Many deaths without one answer between them are not a page's doing: `BackendError`.

A worker that takes more memory than it may, but not twice as much, finishes what it
holds and ends; nothing is lost by that.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

from .backends.base import Deliver, Delivery, OpenLane
from .blame import Blame, Lost
from .errors import BackendError
from .growth import IDLE_S, WAITING_S, Growth, check_descriptors, is_passing, why_full
from .holding import Holding
from .model import Outcome, Request
from .retiring import Retiring
from .units import MIB
from .worker.wire import Parcel, Want

if TYPE_CHECKING:
    from .trace import Trace

log = logging.getLogger("crawlpool")

LOOK_S = 0.25
"""Seconds between two looks at whether the workers live."""

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of answers that may wait for the main thread before no more is sent out."""

_OPENING_S = 10.0
"""Seconds in which opening a lane is tried again when the fork server was killed in the middle of it.

A new one loads for half a second, and may be killed as well."""

_MOMENT_S = 0.03
"""Seconds before the second try; one more of them before each further one."""


class Crew:
    """Up to `size` lanes of one backend.

    Args:
        open_lane: The backend.
        size: Lanes at most; they open as work is ready.
        least: Lanes that are kept open, the others being closed when they have nothing to do;
            None: what was opened stays.
        deliver: Where answers go, on whatever thread they arrive: the inbox.
        patience_s: Seconds that a worker may take for one request.
        worker_memory: Bytes of memory above which a worker is replaced; None for no limit.
        connections: Requests that one worker has under way at once, at most.
        spread: Lanes that get a request each before one of them gets a second one.
        is_ahead: Whether a busy lane may be handed the next requests of the host it serves.

    Attributes:
        abandoned: Threads that hung, and could not be killed.
    """

    def __init__(
        self,
        open_lane: OpenLane,
        *,
        size: int,
        deliver: Deliver,
        patience_s: float,
        least: int | None = None,
        worker_memory: int | None = None,
        connections: int = 1,
        spread: int = 1,
        is_ahead: bool = True,
    ) -> None:
        """Open nothing yet."""
        self._open_lane = open_lane
        self._size = size
        self._deliver = deliver
        self._patience_s = patience_s
        self._worker_memory = worker_memory
        self._connections = connections
        self._spread = spread
        self._is_ahead = is_ahead
        self._growth = Growth(size, least)
        self._blame = Blame(8 + 4 * size)
        self._retiring = Retiring()
        self._lanes: dict[int, Holding] = {}
        self._idle: dict[int, None] = {}  # numbers of lanes that hold nothing, longest idle first
        self._unflushed: set[int] = set()  # numbers of lanes that have something to send
        self._unsent: deque[tuple[Request, Parcel, str]] = deque()  # for which no lane could be opened
        self._is_capped = False
        self._next_number = 0
        self._next_id = 0
        self._looked_at = 0.0
        self._held = 0
        self.abandoned = 0
        self._trace: Trace | None = None

    def trace(self, trace: "Trace") -> None:
        """Tell what lanes are handed, and when they bring something."""
        self._trace, self._deliver = trace, trace.calling(self._deliver)

    @property
    def lanes(self) -> int:
        """Lanes that are open."""
        return len(self._lanes)

    @property
    def out(self) -> int:
        """Requests that were sent and have not come back."""
        return self._held + len(self._unsent)

    @property
    def deaths(self) -> int:
        """Workers that died, hung or were killed for what they took."""
        return self._blame.deaths

    def holdings(self) -> list[Holding]:
        """The lanes that are open, and what each holds; to look at."""
        return list(self._lanes.values())

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [each.lane.pid for each in self._lanes.values()]

    def open_first(self) -> None:
        """Open the lanes that are kept before there is work, so that their start costs nobody time."""
        now = time.monotonic()
        while len(self._lanes) < min(self._growth.first, self._growth.most(now)):
            self._open(now)

    def has_room(self, now: float) -> bool:
        """Whether a request should start at once: on an idle lane, on a new one, or beside others on a busy one."""
        return not self._unsent and (self._may_work(now) or self._roomiest() is not None)

    def _may_work(self, now: float) -> bool:
        """Whether a lane should work that does not: an idle one, or a new one."""
        return self._growth.has_room(
            busy=len(self._lanes) - len(self._idle),
            idle=len(self._idle),
            working=lambda: sum(
                1 for lane in self._lanes.values() if lane.held and now - lane.moved_at < WAITING_S
            ),
            now=now,
        )

    def _should_spread(self, now: float) -> bool:
        """Whether another lane should rather work than one of those that do take a second request."""
        return len(self._lanes) - len(self._idle) < self._spread and self._may_work(now)

    def _roomiest(self, host: str | None = None) -> Holding | None:
        """The busy lane with the most connections free, one that serves the host before others; None without any."""
        if self._connections == 1:
            return None
        best, most = None, 0
        for lane in self._lanes.values():
            room = lane.room if lane.held else 0
            if room and host is not None and lane.serves(host):
                room += self._connections
            if room > most:
                best, most = lane, room
        return best

    @property
    def has_spare_lanes(self) -> bool:
        """Whether a lane is free, or could be opened, though `has_room` may not let it work yet."""
        return bool(self._idle) or len(self._lanes) < self._growth.most(time.monotonic())

    def send(self, request: Request, parcel: Parcel, host: str) -> None:
        """Start a request: on the lane that knows its host if that is idle, else on another or a new one.

        Where lanes have many connections, a busy one takes it when no other may work. It goes out with the next
        `flush`. When this machine bears no more lanes, it goes to the first that is free. One that was under way
        when workers died goes out alone, so that it is seen whether it kills them.
        """
        now = time.monotonic()
        is_alone = self._connections > 1 and self._blame.is_suspect(request)
        busy = None
        if self._connections > 1 and not is_alone and not self._should_spread(now):
            busy = self._roomiest(host)
        if busy is not None:
            self._start_on(busy, request, parcel, host)
        elif self._idle or (len(self._lanes) < self._growth.most(now) and self._open(now) is not None):
            self._start(request, parcel, host, is_alone=is_alone)
        elif not is_alone and (busy := self._roomiest(host)) is not None:
            self._start_on(busy, request, parcel, host)
        else:
            self._unsent.append((request, parcel, host))

    def _start(self, request: Request, parcel: Parcel, host: str, *, is_alone: bool = False) -> None:
        """Start a request on an idle lane.

        In an elastic crew the one that had nothing to do for the shortest time takes it,
        so that the others are idle for long enough to be closed; else the longest idle
        one, so that connections to many hosts stay open.
        """
        number = next((n for n in reversed(self._idle) if self._lanes[n].serves(host)), None)
        if number is None:
            number = next(reversed(self._idle) if self._growth.is_elastic else iter(self._idle))
        del self._idle[number]
        lane = self._lanes[number]
        lane.is_alone = is_alone
        self._start_on(lane, request, parcel, host)

    def _start_on(self, lane: Holding, request: Request, parcel: Parcel, host: str) -> None:
        number = self._hand(lane, request)
        lane.start(number, request, self._careful(request, parcel), host)
        self._let_out(lane)

    def rooms_ahead(self) -> list[tuple[int, str, int]]:
        """Lanes that could be handed the next requests of a host they serve: number, host, how many."""
        if not self._is_ahead or self._unsent:  # what waits for a lane to be free would wait for long
            return []
        return [
            (lane.number, host, room) for lane in self._lanes.values() for host, room in lane.rooms_ahead()
        ]

    def send_ahead(self, number: int, host: str, batch: Sequence[tuple[Request, Parcel]]) -> None:
        """Hand requests to a lane that is still busy with their host."""
        lane = self._lanes[number]
        for request, parcel in batch:
            lane.hand_ahead(self._hand(lane, request), request, self._careful(request, parcel), host)
        self._let_out(lane)

    def _hand(self, lane: Holding, request: Request) -> int:
        """Count a request as out, and give the id that it has with its worker."""
        self._next_id += 1
        self._held += 1
        if self._trace is not None:
            self._trace.handed(lane.number, lane.lane.pid, [request])
        return self._next_id

    def _let_out(self, lane: Holding) -> None:
        if self._connections == 1:
            lane.flush()
        else:
            self._unflushed.add(lane.number)

    def flush(self) -> None:
        """Let go out what was sent to lanes of many connections: one crossing carries all that a lane got."""
        while self._unflushed:
            lane = self._lanes.get(self._unflushed.pop())
            if lane is not None:
                lane.flush()

    def _careful(self, request: Request, parcel: Parcel) -> Parcel:
        """What to ask a worker for, after what this request did to others."""
        if not self._blame.is_unparsed(request):
            return parcel
        return *parcel[:4], parcel[4] | Want.UNPARSED

    def _set_free(self, lane: Holding) -> None:
        """A lane holds nothing: it ends, or takes what no lane could be opened for, or is idle."""
        if lane.is_leaving:
            self._let_go(lane, time.monotonic())
            return
        self._idle[lane.number] = None
        if self._unsent:
            self._start_unsent()

    def _start_unsent(self) -> None:
        """Start on an idle lane what waits for one."""
        request, parcel, host = self._unsent.popleft()
        is_alone = self._connections > 1 and self._blame.is_suspect(request)
        self._start(request, parcel, host, is_alone=is_alone)

    def receive(self, delivery: Delivery) -> tuple[list[Outcome], list[bool], Sequence[Lost]]:
        """Turn what an exchange brought back into outcomes.

        Returns:
            The outcomes; for each, whether its lane goes straight on with another
            request of the same host; and what was lost, when the lane broke instead.
            Answers of a lane that was given up are dropped: its requests went out again.
        """
        lane = self._lanes.get(delivery.lane)
        if lane is None:
            return [], [], ()
        if lane.arrived:
            lane.arrived.popleft()
        if delivery.answers is None:
            return [], [], self._lose(lane, f"its worker broke: {delivery.error}", has_hung=False)
        outcomes, goes_on, given_back = lane.settle(delivery.answers)
        self._held -= len(outcomes) + len(given_back)
        if self._trace is not None:
            self._trace.settles(delivery, outcomes)
        for outcome in outcomes:
            self._growth.answered(outcome.elapsed_s)
            self._blame.answered(outcome.request)
        if not lane.held:
            self._set_free(lane)
        return (
            outcomes,
            goes_on,
            [
                Lost(
                    request=each,
                    is_first=not does_go_on,
                    was_under_way=False,
                    was_alone=False,
                    losses=0,
                    cause="its host asked for a rest",
                    has_hung=False,
                )
                for each, does_go_on in given_back
            ],
        )

    def tend(self, now: float) -> list[Lost]:
        """Look after the workers, at most every `LOOK_S`: what the dead and the hung held comes back.

        Raises:
            BackendError: Too many died in a row, or none can be started.
        """
        away_s = now - self._looked_at
        if away_s < LOOK_S:
            return []
        if self._looked_at and away_s > 2 * LOOK_S:
            # A slow handler, a caller who takes his time, a laptop that slept: none of it is the workers' delay.
            for lane in self._lanes.values():
                lane.was_away(away_s - LOOK_S, now)
        self._looked_at = now
        lost: list[Lost] = []
        for lane in list(self._lanes.values()):
            if lane.arrived:  # it did answer; what it brought is settled before anybody is blamed
                continue
            if not lane.lane.is_alive():
                lost.extend(self._lose(lane, "its worker died", has_hung=False))
            elif lane.has_hung(now, self._patience_s):
                lost.extend(self._lose(lane, "its worker did not answer by any deadline", has_hung=True))
            elif self._worker_memory is not None:
                lost.extend(self._weigh(lane, now, self._worker_memory))
        self._shrink(now)
        self._retiring.look(now)
        while self._unsent and (self._idle or self._open(now) is not None):
            self._start_unsent()
        self.flush()
        return lost

    def _weigh(self, lane: Holding, now: float, most: int) -> list[Lost]:
        """See what memory a worker takes: too much, and it is replaced between requests; twice that, at once."""
        used = lane.lane.memory()
        if used is None or used <= most or (lane.is_leaving and used <= 2 * most):
            return []
        log.info("worker.replaced memory=%d most=%d pid=%d", used, most, lane.lane.pid)
        if not lane.held:
            self._let_go(lane, now)
        elif used > 2 * most:
            cause = f"its worker took {used // MIB:,} MiB of memory, more than twice what one may take"
            return self._lose(lane, cause, has_hung=False)
        lane.is_leaving = True
        return []

    def _shrink(self, now: float) -> None:
        """Close lanes that had nothing to do for long, as far as they need not be kept."""
        for number in list(self._idle)[: self._growth.surplus(len(self._lanes))]:
            lane = self._lanes[number]
            if now - lane.moved_at < IDLE_S:
                return  # the others are idle for less
            self._let_go(lane, now)
            log.info("workers.shrunk workers=%d pid=%d", len(self._lanes), lane.lane.pid)

    def is_given_up(self, lost: Lost) -> bool:
        """Whether this request is what kills workers."""
        return self._blame.is_given_up(lost)

    def close(self, timeout_s: float = 2.0) -> None:
        """Let every worker end by itself, and kill those that do not in time."""
        now = time.monotonic()
        for lane in list(self._lanes.values()):
            self._let_go(lane, now)
        self._unsent.clear()
        self._held = 0
        self._retiring.wait(timeout_s)

    def kill(self) -> None:
        """End every worker at once; what they held is dropped."""
        for lane in self._lanes.values():
            self._retiring.kill(lane.lane)
        self._lanes.clear()
        self._idle.clear()
        self._unsent.clear()
        self._held = 0
        self._retiring.wait()

    def _open(self, now: float) -> int | None:
        """Open a lane, and give its number; None when this machine bears no more than there are.

        Raises:
            BackendError: There is none, and none can be opened.
        """
        try:
            if self._lanes:
                check_descriptors()
            number = self._open_one()
        except BackendError as error:
            lack = why_full(error)
            if lack is None:
                raise
            if not self._lanes:
                self._retiring.wait()  # what they hold may be what is missing
                return self._open_one()
            self._growth.cap(len(self._lanes), now)
            log.log(
                logging.DEBUG if self._is_capped else logging.WARNING,
                "workers.capped workers=%d of=%d cause=%r",
                len(self._lanes),
                self._size,
                lack,
            )
            self._is_capped = True
            return None
        self._growth.grown(now)
        level = logging.INFO if self._growth.is_elastic else logging.DEBUG
        log.log(level, "workers.grown workers=%d pid=%d", len(self._lanes), self._lanes[number].lane.pid)
        return number

    def _open_one(self) -> int:
        until = time.monotonic() + _OPENING_S
        for tries in count(1):
            self._next_number += 1
            number = self._next_number
            arrived: deque[None] = deque()

            def deliver(delivery: Delivery, arrived: deque[None] = arrived) -> None:
                arrived.append(None)
                self._deliver(delivery)

            try:
                lane = self._open_lane(number, deliver)
            except BackendError as error:
                if not is_passing(error) or time.monotonic() > until:
                    raise
                # A fork server that is dying still counts as alive for a moment, and cannot be asked.
                time.sleep(tries * _MOMENT_S)
                continue
            break
        self._lanes[number] = Holding(
            number, lane, arrived, moved_at=time.monotonic(), connections=self._connections
        )
        self._idle[number] = None
        return number

    def _let_go(self, lane: Holding, now: float) -> None:
        """Close a lane that is used no more."""
        del self._lanes[lane.number]
        self._idle.pop(lane.number, None)
        self._retiring.close(lane.lane, now)

    def _lose(self, lane: Holding, cause: str, *, has_hung: bool) -> list[Lost]:
        del self._lanes[lane.number]
        self._idle.pop(lane.number, None)
        self._held -= len(lane.held)
        self._retiring.kill(lane.lane)
        if has_hung and not lane.lane.can_be_killed:
            self.abandoned += 1
            log.warning(
                "worker.abandoned lane=%d threads=%d cause=%r url=%s",
                lane.number,
                self.abandoned,
                "it hangs, and a thread cannot be killed",
                next(iter(lane.held.values()))[0].target,
            )
        begun = lane.overdue(time.monotonic(), self._patience_s) if has_hung else None
        return self._blame.death(lane.all_held(), begun or lane.lane.begun(), cause, has_hung=has_hung)
