"""The lanes at work: what is sent to which, what comes back, who died, who takes too much.

All policy about workers is here, once, for every backend; a lane only carries.
The crew is called by the main thread alone. Answers reach it through the inbox.
Which lanes there are is in `roster.py`, what one holds in `holding.py`, who is blamed
in `blame.py`.

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
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .backends.base import Deliver, Delivery, OpenLane
from .blame import Blame, Lost, given
from .holding import Holding, Settled
from .model import Request
from .roster import Roster
from .units import MIB
from .worker.wire import Parcel, Want

if TYPE_CHECKING:
    from .trace import Trace

log = logging.getLogger("crawlpool")

_NEW_LINKS = int(Want.NEW_LINKS)

LOOK_S = 0.25
"""Seconds between two looks at whether the workers live."""

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of answers that may wait for the main thread before no more is sent out."""


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
        keeps_links_back: Links that were taken need not be brought again.
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
        self._deliver = deliver
        self._patience_s = patience_s
        self._worker_memory = worker_memory
        self._connections = connections
        self._is_ahead = is_ahead
        self._roster = Roster(
            open_lane,
            size=size,
            least=least,
            deliver=lambda delivery: self._deliver(delivery),  # noqa: PLW0108  a trace may put its own there
            connections=connections,
            spread=spread,
        )
        self._blame = Blame(8 + 4 * size)
        self._unflushed: set[int] = set()  # numbers of lanes that have something to send
        self._unsent: deque[tuple[Request, Parcel, str]] = deque()  # for which no lane could be opened
        self._next_id = 0
        self._looked_at = 0.0
        self._held = 0
        self.abandoned = 0
        self.keeps_links_back = False
        self._trace: Trace | None = None

    def trace(self, trace: "Trace") -> None:
        """Tell what lanes are handed, and when they bring something."""
        self._trace, self._deliver = trace, trace.calling(self._deliver)

    @property
    def lanes(self) -> int:
        """Lanes that are open."""
        return len(self._roster)

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
        return list(self._roster)

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [each.lane.pid for each in self._roster]

    def open_first(self) -> None:
        """Open the lanes that are kept before there is work, so that their start costs nobody time."""
        self._roster.open_first()

    def has_room(self, now: float) -> bool:
        """Whether a request should start at once: on an idle lane, on a new one, or beside others on a busy one."""
        return not self._unsent and (self._roster.may_work(now) or self._roster.roomiest() is not None)

    @property
    def has_spare_lanes(self) -> bool:
        """Whether a place is free, or a lane could be opened, though `has_room` may not let it work yet."""
        roster = self._roster
        return roster.has_idle or roster.may_open(time.monotonic()) or roster.roomiest() is not None

    def send(self, request: Request, parcel: Parcel, host: str) -> Holding | None:
        """Start a request: on the lane that knows its host if that is idle, else on another or a new one.

        Where lanes have many connections, a busy one takes it when no other may work. It goes out with the next
        `flush`. When this machine bears no more lanes, it goes to the first that is free. One that was under way
        when workers died goes out alone, so that it is seen whether it kills them.

        Returns:
            The lane, if there is one by now.
        """
        now, roster = time.monotonic(), self._roster
        is_alone = self._is_suspect(request)
        busy = None
        if self._connections > 1 and not is_alone and not roster.should_spread(now):
            busy = roster.roomiest(host)
        if busy is None and (roster.has_idle or (roster.may_open(now) and roster.open(now) is not None)):
            return self._start(request, parcel, host)
        if busy is None and not is_alone:
            busy = roster.roomiest(host)
        if busy is None:
            self._unsent.append((request, parcel, host))
        else:
            self._start_on(busy, request, parcel, host)
        return busy

    def _is_suspect(self, request: Request) -> bool:
        """Whether a request should have a worker for itself."""
        return self._connections > 1 and self._blame.is_suspect(request)

    def _start(self, request: Request, parcel: Parcel, host: str) -> Holding:
        """Start a request on an idle lane."""
        lane = self._roster.take_idle(host)
        lane.is_alone = self._is_suspect(request)
        self._start_on(lane, request, parcel, host)
        return lane

    def _start_on(self, lane: Holding, request: Request, parcel: Parcel, host: str) -> None:
        number = self._hand(lane, request)
        lane.start(number, request, self._fitted(lane, request, parcel), host)
        self._let_out(lane)

    def rooms_ahead(self) -> list[tuple[int, str, int]]:
        """Lanes that could be handed the next requests of a host they serve: number, host, how many."""
        if not self._is_ahead or self._unsent:  # what waits for a lane to be free would wait for long
            return []
        return [(lane.number, host, room) for lane in self._roster for host, room in lane.rooms_ahead()]

    def send_ahead(self, number: int, host: str, batch: Sequence[tuple[Request, Parcel]]) -> None:
        """Hand requests to a lane that is still busy with their host."""
        lane = self._roster.get(number)
        assert lane is not None, "a lane that has room ahead is open"
        for request, parcel in batch:
            lane.hand_ahead(self._hand(lane, request), request, self._fitted(lane, request, parcel), host)
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
            lane = self._roster.get(self._unflushed.pop())
            if lane is not None:
                lane.flush()

    def _fitted(self, lane: Holding, request: Request, parcel: Parcel) -> Parcel:
        """What to ask a worker for, after what it knows, and what this request did to others."""
        wants = parcel[4]
        if self.keeps_links_back and request.depth >= lane.deepest:
            wants |= _NEW_LINKS
        if self._blame.is_unparsed(request):
            wants |= Want.UNPARSED
        return parcel if wants == parcel[4] else (*parcel[:4], wants, *parcel[5:])

    def took_links(self, number: int, taken: Iterable[tuple[int, tuple[int, ...]]], depth: int) -> None:
        """Tell a lane which of the links that it brought were taken, of pages up to a depth."""
        lane = self._roster.get(number)
        if lane is not None:
            lane.took_links(taken, depth)

    def _set_free(self, lane: Holding) -> None:
        """A lane holds nothing: it ends, or takes what no lane could be opened for, or is idle."""
        if lane.is_leaving:
            self._roster.let_go(lane, time.monotonic())
            return
        self._roster.set_idle(lane)
        if self._unsent:
            self._start(*self._unsent.popleft())

    def receive(self, delivery: Delivery) -> tuple[list[Settled], Sequence[Lost]]:
        """Turn what an exchange brought back into outcomes.

        Returns:
            The outcomes, and what was lost, when the lane broke instead, or was given back.
            Answers of a lane that was given up are dropped: its requests went out again.
        """
        lane = self._roster.get(delivery.lane)
        if lane is None:
            return [], ()
        if lane.arrived:
            lane.arrived.popleft()
        if delivery.answers is None:
            return [], self._lose(lane, f"its worker broke: {delivery.error}", has_hung=False)
        settled, given_back = lane.settle(delivery.answers)
        self._held -= len(settled) + len(given_back)
        if self._trace is not None:
            self._trace.settles(delivery, [each.outcome for each in settled])
        for _, outcome, _ in settled:
            self._roster.growth.answered(outcome.elapsed_s)
            self._blame.answered(outcome.request)
        if not lane.held:
            self._set_free(lane)
        return settled, [given(request, has_place=not does_go_on) for request, does_go_on in given_back]

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
            for lane in self._roster:
                lane.was_away(away_s - LOOK_S, now)
        self._looked_at = now
        lost: list[Lost] = []
        for lane in self._roster:
            if lane.arrived:  # it did answer; what it brought is settled before anybody is blamed
                continue
            if not lane.lane.is_alive():
                lost.extend(self._lose(lane, "its worker died", has_hung=False))
            elif lane.has_hung(now, self._patience_s):
                lost.extend(self._lose(lane, "its worker did not answer by any deadline", has_hung=True))
            elif self._worker_memory is not None:
                lost.extend(self._weigh(lane, now, self._worker_memory))
        self._roster.shrink(now)
        self._roster.retiring.look(now)
        while self._unsent and (self._roster.has_idle or self._roster.open(now) is not None):
            self._start(*self._unsent.popleft())
        self.flush()
        return lost

    def _weigh(self, lane: Holding, now: float, most: int) -> list[Lost]:
        """See what memory a worker takes: too much, and it is replaced between requests; twice that, at once."""
        used = lane.lane.memory()
        if used is None or used <= most or (lane.is_leaving and used <= 2 * most):
            return []
        log.info("worker.replaced memory=%d most=%d pid=%d", used, most, lane.lane.pid)
        if not lane.held:
            self._roster.let_go(lane, now)
        elif used > 2 * most:
            cause = f"its worker took {used // MIB:,} MiB of memory, more than twice what one may take"
            return self._lose(lane, cause, has_hung=False)
        lane.is_leaving = True
        return []

    def is_given_up(self, lost: Lost) -> bool:
        """Whether this request is what kills workers."""
        return self._blame.is_given_up(lost)

    def close(self, timeout_s: float = 2.0) -> None:
        """Let every worker end by itself, and kill those that do not in time."""
        now = time.monotonic()
        for lane in self._roster:
            self._roster.let_go(lane, now)
        self._unsent.clear()
        self._held = 0
        self._roster.retiring.wait(timeout_s)

    def kill(self) -> None:
        """End every worker at once; what they held is dropped."""
        for lane in self._roster:
            self._roster.kill(lane)
        self._unsent.clear()
        self._held = 0
        self._roster.retiring.wait()

    def _lose(self, lane: Holding, cause: str, *, has_hung: bool) -> list[Lost]:
        self._held -= len(lane.held)
        self._roster.kill(lane)
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
