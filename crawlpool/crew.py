"""The lanes: who is free, what each holds, who died, who is blamed, when to open another.

All policy about workers is here, once, for every backend; a lane only carries.
The crew is called by the main thread alone. Answers reach it through the inbox.

What happens when a worker dies, or hangs past its deadline:

1. `tend` notices (it looks four times a second) and gives back what the lane held.
2. The request that the worker had begun is blamed, and goes to the end of its
   host's queue; those that it had not begun are sent again at once.
3. A request that was under way in `MOST_LOSSES` deaths is given up: it is what
   kills workers.
4. The lane is killed and forgotten; the next request opens a new one.
5. Many deaths without one answer between them are not a page's doing: `BackendError`.
"""

import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from .backends.base import Deliver, Delivery, Lane, OpenLane
from .errors import BackendError
from .model import Outcome, Request
from .worker.exchange import LINGER_S
from .worker.wire import Order, Parcel, outcome_of

MOST_LOSSES = 3
"""Deaths of a worker with the same request under way after which the request is given up."""

LOOK_S = 0.25
"""Seconds between two looks at whether the workers live."""

RETIRE_S = 3.0
"""Seconds that the pools of killed workers get to be taken apart before we go on without."""

INSTANT_S = 0.005
"""Seconds below which an answer costs its worker more than it costs the server and the way."""

WAITING_S = 3 * LINGER_S
"""Seconds after which a lane without an answer waits for its server, and uses no processor.

An exchange full of quick answers takes `LINGER_S` by itself."""

MOST_AHEAD = 16
"""Requests that a busy lane is handed at once, at most."""

GRACE_S = 5.0
"""Seconds past a request's own deadlines after which its worker counts as hung."""

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of answers that may wait for the main thread before no more is sent out."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A request whose worker is gone.

    Attributes:
        request: What was lost.
        is_first: It was the lane's next, so its host counted it as out; those behind it were handed ahead.
        was_under_way: Whether it was begun.
        losses: How many workers died with it under way.
        cause: A sentence for the record.
        has_hung: The worker was alive, but past every deadline.
    """

    request: Request
    is_first: bool
    was_under_way: bool
    losses: int
    cause: str
    has_hung: bool


@dataclass(slots=True)
class _Open:
    """A lane that is open, and what it holds, oldest first.

    `arrived` has an entry for each delivery of this lane that the main thread has not taken yet.
    """

    number: int
    lane: Lane
    arrived: deque[None]
    held: deque[tuple[int, Request]] = field(default_factory=deque)
    exchanges: int = 0
    moved_at: float = 0.0
    pace_s: float = 1.0
    host: str = ""


class Crew:
    """Up to `size` lanes of one backend.

    Args:
        open_lane: The backend.
        size: Lanes at most; they open as work is ready.
        deliver: Where answers go, on whatever thread they arrive: the inbox.
        patience_s: Seconds that a worker may take for one request: its deadlines and `GRACE_S`.
        is_ahead: Whether a busy lane may be handed the next requests of the host it serves.
    """

    def __init__(
        self, open_lane: OpenLane, *, size: int, deliver: Deliver, patience_s: float, is_ahead: bool = True
    ) -> None:
        """Open nothing yet."""
        self._open_lane = open_lane
        self._size = size
        self._deliver = deliver
        self._patience_s = patience_s
        self._is_ahead = is_ahead
        self._lanes: dict[int, _Open] = {}
        self._idle: dict[int, None] = {}  # numbers of lanes that hold nothing, longest idle first
        self._processors = os.cpu_count() or 1
        self._answer_s = INSTANT_S  # what an answer takes, on average of late
        self._next_number = 0
        self._next_id = 0
        self._looked_at = 0.0
        self._losses: dict[str, int] = {}
        self._deaths_in_a_row = 0
        self._retired: list[Lane] = []  # killed, and perhaps not taken apart yet
        self.deaths = 0
        self.out = 0

    @property
    def lanes(self) -> int:
        """Lanes that are open."""
        return len(self._lanes)

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [each.lane.pid for each in self._lanes.values()]

    def open_one(self) -> None:
        """Open a lane before there is work, so that its start costs nobody time."""
        if len(self._lanes) < self._size:
            self._open()

    def has_room(self, now: float) -> bool:
        """Whether a request should start at once, on an idle lane or on a new one.

        Where servers answer in next to no time, workers are busy with our own work
        alone, and more of them than processors only get in each other's way (measured
        with 2 processors: 8 workers cost 45 % more CPU a page than 2, and fetched fewer).
        So while answers take less than `INSTANT_S`, no more lanes work than there are
        processors. A lane that has waited for longer than `WAITING_S` does not work: it waits.
        """
        busy = len(self._lanes) - len(self._idle)
        if busy >= self._size:
            return False
        if busy < self._processors or self._answer_s >= INSTANT_S:
            return True
        working = sum(1 for lane in self._lanes.values() if lane.held and now - lane.moved_at < WAITING_S)
        return working < self._processors

    @property
    def has_spare_lanes(self) -> bool:
        """Whether a lane is free, or could be opened, though `has_room` may not let it work yet."""
        return len(self._lanes) - len(self._idle) < self._size

    def send(self, request: Request, parcel: Parcel, host: str) -> int:
        """Start a request: on the lane that knows its host if that is idle, else on the longest idle one."""
        number = next((n for n in reversed(self._idle) if self._lanes[n].host == host), None)
        if number is None:
            number = next(iter(self._idle), None)
        if number is None:
            number = self._open()
        del self._idle[number]
        lane = self._lanes[number]
        lane.host = host
        self._hand(lane, ((request, parcel),))
        return number

    def rooms_ahead(self) -> list[tuple[int, str, int]]:
        """Lanes that could be handed the next requests of the host they serve: number, host, how many.

        One, from any server that takes its time, so that its worker has the next URL
        at hand when an answer is here. From one that answers in less than `LINGER_S`,
        as many as fit into that, so that one crossing carries several.
        """
        if not self._is_ahead:
            return []
        return [
            (number, lane.host, max(1, min(MOST_AHEAD, int(LINGER_S / lane.pace_s))))
            for number, lane in self._lanes.items()
            if lane.exchanges == 1 and lane.held
        ]

    def send_ahead(self, number: int, batch: Sequence[tuple[Request, Parcel]]) -> None:
        """Hand requests to a lane that is still busy with their host."""
        self._hand(self._lanes[number], batch)

    def _hand(self, lane: _Open, batch: Sequence[tuple[Request, Parcel]]) -> None:
        if not lane.held:
            lane.moved_at = time.monotonic()
        orders: list[Order] = []
        for request, parcel in batch:
            self._next_id += 1
            lane.held.append((self._next_id, request))
            orders.append((self._next_id, *parcel))
        self.out += len(orders)
        lane.exchanges += 1
        lane.lane.send(orders)

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
        lane.exchanges -= 1
        outcomes: list[Outcome] = []
        goes_on: list[bool] = []
        given_back = [
            r for answer in delivery.answers if answer[1] is None and (r := _take(lane.held, answer[0]))
        ]
        self.out -= len(given_back)
        for answer in delivery.answers:
            request = None if answer[1] is None else _take(lane.held, answer[0])
            if request is None:
                continue
            self.out -= 1
            outcome = outcome_of(answer, request)
            outcomes.append(outcome)
            self._answer_s += 0.2 * (outcome.elapsed_s - self._answer_s)
            goes_on.append(bool(lane.held))
            if self._losses:
                self._losses.pop(request.target, None)
        if delivery.answers:
            self._deaths_in_a_row = 0
            now = time.monotonic()
            lane.pace_s += 0.25 * ((now - lane.moved_at) / len(delivery.answers) - lane.pace_s)
            lane.moved_at = now
        if not lane.held:
            self._idle[lane.number] = None
        elif lane.exchanges == 0:  # some stayed with the worker, which moves only inside an exchange
            lane.exchanges += 1
            lane.lane.send(())
        # What was handed ahead has no place of its own at its host; the last, when nothing else is left, holds the lane's.
        is_lane_done = not lane.held and not outcomes
        return (
            outcomes,
            goes_on,
            [
                Lost(
                    request=each,
                    is_first=is_lane_done and each is given_back[-1],
                    was_under_way=False,
                    losses=0,
                    cause="its host asked for a rest",
                    has_hung=False,
                )
                for each in given_back
            ],
        )

    def tend(self, now: float) -> list[Lost]:
        """Look after the workers, at most every `LOOK_S`: what the dead and the hung held comes back.

        Raises:
            BackendError: Too many died in a row.
        """
        away_s = now - self._looked_at
        if away_s < LOOK_S:
            return []
        if self._looked_at and away_s > 2 * LOOK_S:
            # A slow handler, a caller who takes his time, a laptop that slept: none of it is the workers' delay.
            for lane in self._lanes.values():
                lane.moved_at = min(now, lane.moved_at + away_s - LOOK_S)
        self._looked_at = now
        lost: list[Lost] = []
        for lane in list(self._lanes.values()):
            if not lane.lane.is_alive():
                lost.extend(self._lose(lane, "its worker died", has_hung=False))
            elif lane.held and not lane.arrived and now - lane.moved_at > self._patience_s:
                lost.extend(self._lose(lane, "its worker did not answer by any deadline", has_hung=True))
        return lost

    def is_given_up(self, lost: Lost) -> bool:
        """Whether this request is what kills workers."""
        return lost.was_under_way and lost.losses >= MOST_LOSSES

    def close(self, timeout_s: float = 2.0) -> None:
        """Let every worker end by itself, and kill those that do not in time."""
        for lane in self._lanes.values():
            lane.lane.close()
        until = time.monotonic() + timeout_s
        for lane in self._lanes.values():
            if not lane.lane.join(max(0.0, until - time.monotonic())):
                self._retire(lane.lane)
        self._forget_all()

    def kill(self) -> None:
        """End every worker at once; what they held is dropped."""
        for lane in self._lanes.values():
            self._retire(lane.lane)
        self._forget_all()

    def _retire(self, lane: Lane) -> None:
        lane.kill()
        if lane.can_be_killed:
            self._retired = [each for each in self._retired if not each.join(0.0)]
            self._retired.append(lane)

    def _forget_all(self) -> None:
        until = time.monotonic() + RETIRE_S
        for lane in self._retired:
            lane.join(max(0.0, until - time.monotonic()))
        self._retired.clear()
        self._lanes.clear()
        self._idle.clear()
        self.out = 0

    def _open(self) -> int:
        self._next_number += 1
        number = self._next_number
        arrived: deque[None] = deque()

        def deliver(delivery: Delivery) -> None:
            arrived.append(None)
            self._deliver(delivery)

        self._lanes[number] = _Open(number, self._open_lane(number, deliver), arrived)
        self._idle[number] = None
        return number

    def _lose(self, lane: _Open, cause: str, *, has_hung: bool) -> list[Lost]:
        del self._lanes[lane.number]
        self._idle.pop(lane.number, None)
        self.out -= len(lane.held)
        self._retire(lane.lane)
        self.deaths += 1
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > 8 + 4 * self._size:
            raise BackendError(
                f"{self._deaths_in_a_row} workers died or hung in a row without one answer; the last: {cause}"
            )
        begun = lane.lane.begun()
        lost = []
        for place, (number, request) in enumerate(lane.held):
            was_under_way = place == 0 and (begun is None or begun == number)
            losses = self._losses.get(request.target, 0)
            if was_under_way:
                losses += 1
                self._losses[request.target] = losses
            lost.append(
                Lost(
                    request=request,
                    is_first=place == 0,
                    was_under_way=was_under_way,
                    losses=losses,
                    cause=cause,
                    has_hung=has_hung,
                )
            )
        return lost


def _take(held: deque[tuple[int, Request]], wanted: int) -> Request | None:
    """The request of an id, out of what a lane holds; nearly always the first."""
    if held and held[0][0] == wanted:
        return held.popleft()[1]
    for place, (number, request) in enumerate(held):
        if number == wanted:
            del held[place]
            return request
    return None
