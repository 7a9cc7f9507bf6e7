"""One crossing where a worker has many requests under way at once.

`exchanges(orders, places)` hands new orders to a transport that stays, and comes back
when something is finished and

    enough is finished that one crossing carries plenty, or
    the linger is over, so that it leaves and what is new gets in, or
    nothing is under way any more;

and, with a connection free, after `IDLE_S` even empty, since what is new waits behind it.
What is under way goes on in the transport's keeping; the next exchange finds it there.

A host has as many requests under way here as it has places; an order beyond that waits
until one of its host is answered.
"""

import math
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from ..urls import host
from .exchange import LINGER_S, REFUSAL_S
from .memory import peak
from .told import Told
from .wire import Answer, Order, Places, Taken, not_begun

IDLE_S = 0.05
"""Seconds after which an exchange comes back without anything, while there is a connection for what is new."""

ENOUGH = 64
"""Answers with which an exchange comes back at once."""

_ASKS_FOR_REST = frozenset({429, 503})


class Resident(Protocol):
    """How a worker speaks HTTP with many at once; what it has under way stays between calls."""

    def start(self, order: Order) -> None:
        """Begin to fetch one hop."""

    def wait(self, timeout_s: float) -> list[Answer]:
        """What is finished by now; waits until something is, this long at most."""

    def close(self) -> None:
        """Drop what is under way, and close every connection."""


class Exchanges:
    """A transport of many connections, and the orders that wait for one.

    Args:
        transport: Used by whichever thread calls, one at a time.
        connections: Requests under way at once.
        begun: As many numbers that the main process can see, where there are any; they hold the
            ids of the orders under way, so that a death can be blamed.
        reported: Another, where the main process cannot see what memory we take; it is told after each exchange.
        start_until: When, by `time.monotonic()`, orders that were not begun go back; None for never.
    """

    def __init__(
        self,
        transport: Resident,
        connections: int,
        begun: Any = None,
        reported: Any = None,
        *,
        start_until: float | None = None,
    ) -> None:
        """Start with nothing under way."""
        self._transport = transport
        self._start_until = math.inf if start_until is None else start_until
        self._begun = [0] * connections if begun is None else begun
        self._free = list(range(connections))
        self._reported = reported
        self._under_way: dict[int, tuple[int, str]] = {}  # by id: the connection, and the host
        self._counts: dict[str, int] = {}  # under way, by host
        self._places: dict[str, int] = {}
        self._waiting: dict[str, deque[Order]] = {}
        self._told = Told()
        self._refusing: dict[str, float] = {}  # hosts, and until when their orders go back

    def __call__(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> list[Answer]:
        """Take new orders and give back what is finished."""
        began = time.monotonic()
        self._places.update(places)
        answers: list[Answer] = []
        self._told.take(taken)
        for order in orders:
            self._told.ordered(order)
            self._waiting.setdefault(host(order[2]), deque()).append(order)
        for each in dict.fromkeys(host(order[2]) for order in orders):
            self._start_of(each, answers)
        while True:
            now = time.monotonic()
            if not self._under_way or len(answers) >= ENOUGH:
                break
            until = began + LINGER_S if answers else (began + IDLE_S if self._free else None)
            if until is not None and now >= until:
                break
            for answer in self._transport.wait(1.0 if until is None else until - now):
                self._took(answer, answers)
        if self._reported is not None:
            self._reported.value = peak()
        return answers

    def _took(self, answer: Answer, answers: list[Answer]) -> None:
        answers.append(self._told.without_known(answer))
        connection, each = self._under_way.pop(answer[0])
        self._begun[connection] = 0
        self._free.append(connection)
        left = self._counts[each] - 1
        if left:
            self._counts[each] = left
        else:
            del self._counts[each]
        if answer[1] and answer[2] in _ASKS_FOR_REST:
            self._refusing[each] = time.monotonic() + REFUSAL_S
        if each in self._waiting:
            self._start_of(each, answers)
        elif not left:
            self._places.pop(each, None)
        if len(self._free) == 1 and self._waiting:  # there was none before
            for other in tuple(self._waiting):
                self._start_of(other, answers)

    def _start_of(self, each: str, answers: list[Answer]) -> None:
        """Start what waits for a host, as far as it has places; give it back when the host asked for a rest."""
        waiting = self._waiting[each]
        if (each in self._refusing and not self._goes_on(each)) or time.monotonic() > self._start_until:
            for order in waiting:
                self._told.forget(order)
                answers.append(not_begun(order))
            waiting.clear()
        places = self._places.get(each, 1)
        while waiting and self._free and self._counts.get(each, 0) < places:
            order = waiting.popleft()
            connection = self._free.pop()
            self._under_way[order[0]] = connection, each
            self._counts[each] = self._counts.get(each, 0) + 1
            self._begun[connection] = order[0]
            self._transport.start(order)
        if not waiting:
            del self._waiting[each]

    def _goes_on(self, each: str) -> bool:
        """Whether a host's rest is over."""
        if time.monotonic() < self._refusing[each]:
            return False
        del self._refusing[each]
        return True

    def close(self) -> None:
        """Close the transport's connections."""
        self._transport.close()
