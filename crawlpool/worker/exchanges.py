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
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from ..urls import host
from .exchange import ASKS_FOR_REST, LINGER_S, REFUSAL_S
from .memory import peak
from .told import Told
from .wire import Answer, Order, Places, Taken, not_begun

IDLE_S = 0.05
"""Seconds after which an exchange comes back without anything, while there is a connection for what is new."""

ENOUGH = 64
"""Answers with which an exchange comes back at once."""

UNREAD = 2
"""Orders that may be begun and not answered, for each connection: one on it, and one that came and is not read yet."""

OffWire: TypeAlias = Callable[[int, int], None]
"""Told the id and the status (0 for none) of a request that needs its connection no more."""


class Resident(Protocol):
    """How a worker speaks HTTP with many at once; what it has under way stays between calls.

    Attributes:
        off_wire: Whom it may tell before `wait` gives the answer: reading a page takes a millisecond, in which
            another request can be on its way.
    """

    off_wire: OffWire | None

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
        begun: `UNREAD` times as many numbers that the main process can see, where there are any; they hold
            the ids of the orders that were begun and are not answered, so that a death can be blamed.
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
        self._begun = [0] * (UNREAD * connections) if begun is None else begun
        self._slots = list(range(len(self._begun)))  # those of its numbers that are free
        self._free = connections
        self._reported = reported
        transport.off_wire = self._over
        self._slot_of: dict[int, int] = {}  # by id, of what was begun and is no answer yet
        self._on_wire: dict[int, str] = {}  # by id: the host, of what has a connection
        self._answers: list[Answer] = []
        self._counts: dict[str, int] = {}  # under way, by host
        self._places: dict[str, int] = {}
        self._waiting: dict[str, deque[Order]] = {}
        self._told = Told()
        self._refusing: dict[str, float] = {}  # hosts, and until when their orders go back

    def __call__(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> list[Answer]:
        """Take new orders and give back what is finished."""
        began = time.monotonic()
        self._places.update(places)
        answers = self._answers = []
        self._told.take(taken)
        for order in orders:
            self._told.ordered(order)
            self._waiting.setdefault(host(order[2]), deque()).append(order)
        for each in dict.fromkeys(host(order[2]) for order in orders):
            self._start_of(each)
        while True:
            now = time.monotonic()
            if not self._slot_of or len(answers) >= ENOUGH:
                break
            until = began + LINGER_S if answers else (began + IDLE_S if self._free else None)
            if until is not None and now >= until:
                break
            for answer in self._transport.wait(1.0 if until is None else until - now):
                self._took(answer)
        if self._reported is not None:
            self._reported.value = peak()
        return answers

    def _over(self, number: int, status: int) -> None:
        """A request needs its connection no more: another begins on it, before the answer is read."""
        each = self._on_wire.pop(number)
        was_full = not self._free
        self._free += 1
        left = self._counts[each] - 1
        if left:
            self._counts[each] = left
        else:
            del self._counts[each]
        if status in ASKS_FOR_REST:
            self._refusing[each] = time.monotonic() + REFUSAL_S
        if each in self._waiting:
            self._start_of(each)
        elif not left:
            self._places.pop(each, None)
        if was_full:
            self._start_others()

    def _took(self, answer: Answer) -> None:
        number = answer[0]
        if number in self._on_wire:
            self._over(number, answer[2] if answer[1] else 0)
        self._answers.append(self._told.without_known(answer))
        slot = self._slot_of.pop(number)
        self._begun[slot] = 0
        self._slots.append(slot)
        if len(self._slots) == 1:  # there was none before
            self._start_others()

    def _start_others(self) -> None:
        for each in tuple(self._waiting):
            self._start_of(each)

    def _start_of(self, each: str) -> None:
        """Start what waits for a host, as far as it has places; give it back when the host asked for a rest."""
        waiting = self._waiting.get(each)
        if waiting is None:
            return
        if (each in self._refusing and not self._goes_on(each)) or time.monotonic() > self._start_until:
            for order in waiting:
                self._told.forget(order)
                self._answers.append(not_begun(order))
            waiting.clear()
        places = self._places.get(each, 1)
        while waiting and self._free and self._slots and self._counts.get(each, 0) < places:
            order = waiting.popleft()
            slot = self._slot_of[order[0]] = self._slots.pop()
            self._begun[slot] = order[0]
            self._on_wire[order[0]] = each
            self._counts[each] = self._counts.get(each, 0) + 1
            self._free -= 1
            self._transport.start(order)
        if not waiting:  # `start` may have told at once what needs no connection, and so come here again
            self._waiting.pop(each, None)

    def _goes_on(self, each: str) -> bool:
        """Whether a host's rest is over."""
        if time.monotonic() < self._refusing[each]:
            return False
        del self._refusing[each]
        return True

    def close(self) -> None:
        """Close the transport's connections."""
        self._transport.close()
