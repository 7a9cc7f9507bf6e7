"""The lanes that are open: which of them takes a request, when another is opened, and how they are closed.

What a lane holds is in `holding.py`, how many there may be in `growth.py`, how they end
in `retiring.py`; what is sent and what comes back is the crew's.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count

from .backends.base import Delivery, OpenLane
from .errors import BackendError
from .growth import IDLE_S, WAITING_S, Growth, check_descriptors, is_passing, why_full
from .holding import Holding
from .retiring import Retiring

log = logging.getLogger("crawlpool")

_OPENING_S = 10.0
"""Seconds in which opening a lane is tried again when the fork server was killed in the middle of it.

A new one loads for half a second, and may be killed as well."""

_MOMENT_S = 0.03
"""Seconds before the second try; one more of them before each further one."""


class Roster:
    """Up to `size` lanes of one backend.

    Args:
        open_lane: The backend.
        size: Lanes at most; they open as work is ready.
        least: Lanes that are kept open, the others being closed when they have nothing to do;
            None: what was opened stays.
        deliver: Where what a lane brings goes, on whatever thread that arrives.
        connections: Requests that one worker has under way at once, at most.
        spread: Lanes that get a request each before one of them gets a second one.

    Attributes:
        growth: How many lanes there may be.
        retiring: Those that are on their way out.
    """

    def __init__(
        self,
        open_lane: OpenLane,
        *,
        size: int,
        least: int | None,
        deliver: Callable[[Delivery], None],
        connections: int,
        spread: int,
    ) -> None:
        """Open nothing yet."""
        self._open_lane = open_lane
        self._size = size
        self._deliver = deliver
        self._connections = connections
        self._spread = spread
        self._lanes: dict[int, Holding] = {}
        self._idle: dict[int, None] = {}  # numbers of lanes that hold nothing, longest idle first
        self._next_number = 0
        self._is_capped = False
        self.growth = Growth(size, least)
        self.retiring = Retiring()

    def __len__(self) -> int:
        """Lanes that are open."""
        return len(self._lanes)

    def __iter__(self) -> Iterator[Holding]:
        """The lanes, as they were opened; they may be closed meanwhile."""
        return iter(list(self._lanes.values()))

    def get(self, number: int) -> Holding | None:
        """A lane by its number; None when it is open no more."""
        return self._lanes.get(number)

    def open_first(self) -> None:
        """Open the lanes that are kept before there is work, so that their start costs nobody time."""
        now = time.monotonic()
        while len(self._lanes) < min(self.growth.first, self.growth.most(now)):
            self.open(now)

    # Which lane

    @property
    def has_idle(self) -> bool:
        """Whether a lane holds nothing."""
        return bool(self._idle)

    def may_open(self, now: float) -> bool:
        """Whether there may be more lanes than there are."""
        return len(self._lanes) < self.growth.most(now)

    def may_work(self, now: float) -> bool:
        """Whether a lane should work that does not: an idle one, or a new one."""
        return self.growth.has_room(
            busy=len(self._lanes) - len(self._idle),
            idle=len(self._idle),
            working=lambda: sum(
                1 for lane in self._lanes.values() if lane.held and now - lane.moved_at < WAITING_S
            ),
            now=now,
        )

    def should_spread(self, now: float) -> bool:
        """Whether another lane should rather work than one of those that do take a second request."""
        return len(self._lanes) - len(self._idle) < self._spread and self.may_work(now)

    def roomiest(self, host: str | None = None) -> Holding | None:
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

    def take_idle(self, host: str) -> Holding:
        """An idle lane, which is one no more: the one that knows the host if there is one.

        Else, in an elastic crew, the one that had nothing to do for the shortest time takes it,
        so that the others are idle for long enough to be closed; else the longest idle
        one, so that connections to many hosts stay open.
        """
        number = next((n for n in reversed(self._idle) if self._lanes[n].serves(host)), None)
        if number is None:
            number = next(reversed(self._idle) if self.growth.is_elastic else iter(self._idle))
        del self._idle[number]
        return self._lanes[number]

    def set_idle(self, lane: Holding) -> None:
        """A lane holds nothing."""
        self._idle[lane.number] = None

    # Opening and closing

    def open(self, now: float) -> Holding | None:
        """Open a lane, an idle one; None when this machine bears no more than there are.

        Raises:
            BackendError: There is none, and none can be opened.
        """
        try:
            if self._lanes:
                check_descriptors()
            lane = self._open_one()
        except BackendError as error:
            lack = why_full(error)
            if lack is None:
                raise
            if not self._lanes:
                self.retiring.wait()  # what they hold may be what is missing
                return self._open_one()
            self.growth.cap(len(self._lanes), now)
            log.log(
                logging.DEBUG if self._is_capped else logging.WARNING,
                "workers.capped workers=%d of=%d cause=%r",
                len(self._lanes),
                self._size,
                lack,
            )
            self._is_capped = True
            return None
        self.growth.grown(now)
        level = logging.INFO if self.growth.is_elastic else logging.DEBUG
        log.log(level, "workers.grown workers=%d pid=%d", len(self._lanes), lane.lane.pid)
        return lane

    def _open_one(self) -> Holding:
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
        opened = Holding(number, lane, arrived, moved_at=time.monotonic(), connections=self._connections)
        self._lanes[number] = opened
        self._idle[number] = None
        return opened

    def let_go(self, lane: Holding, now: float) -> None:
        """Close a lane that is used no more."""
        self._forget(lane)
        self.retiring.close(lane.lane, now)

    def kill(self, lane: Holding) -> None:
        """End a lane at once, whatever it holds."""
        self._forget(lane)
        self.retiring.kill(lane.lane)

    def _forget(self, lane: Holding) -> None:
        del self._lanes[lane.number]
        self._idle.pop(lane.number, None)

    def shrink(self, now: float) -> None:
        """Close lanes that had nothing to do for long, as far as they need not be kept."""
        for number in list(self._idle)[: self.growth.surplus(len(self._lanes))]:
            lane = self._lanes[number]
            if now - lane.moved_at < IDLE_S:
                return  # the others are idle for less
            self.let_go(lane, now)
            log.info("workers.shrunk workers=%d pid=%d", len(self._lanes), lane.lane.pid)
