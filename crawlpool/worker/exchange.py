"""One crossing: new orders in, finished answers out, never later than it must be.

A worker keeps one exchange for its whole life. `exchange(orders)` puts the orders
behind those it still has, works them off, and comes back when nothing is left, or
when something is finished and the linger is over; what is left then stays here,
and the next exchange (an empty one if need be) goes on with it. With one order an
exchange, the usual case at one connection, that is one task and one callback a URL.
"""

import math
import os
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from ..model import FailureKind
from ..urls import host
from .memory import peak
from .told import Told
from .wire import Answer, Order, Places, Taken, failure_answer, not_begun

LINGER_S = 0.02
"""Seconds after which an exchange comes back as soon as anything is finished."""


REFUSAL_S = 0.25
"""Seconds after a 429 or 503 in which orders for that host go back: they were handed over before it was known."""

ASKS_FOR_REST = frozenset({429, 503})


class Transport(Protocol):
    """How a worker speaks HTTP."""

    def fetch(self, order: Order) -> Answer:
        """Fetch one hop; blocks at most until the deadline."""

    def close(self) -> None:
        """Close every connection."""


def guarded(transport: Transport, order: Order, *, is_worker: bool = True) -> Answer:
    """Fetch; whatever is raised comes back as a failure of plain strings.

    A pool's result thread dies of an exception that cannot be rebuilt (cpython
    79492), and `SystemExit` in a worker loses the job, so nothing gets past here.
    Without a worker (backend `sync`) what a signal raises is for the user's program: its Ctrl-C.
    """
    started = time.monotonic()
    try:
        return transport.fetch(order)
    except BaseException as error:  # SystemExit too: it would lose the request
        if not (is_worker or isinstance(error, Exception)):
            raise
        return failure_answer(
            order,
            FailureKind.UNEXPECTED,
            f"{type(error).__name__}: {error}"[:500],
            failed_at=time.time(),
            elapsed_s=time.monotonic() - started,
            worker=os.getpid(),
        )


class Exchange:
    """A transport, and the orders that wait for it.

    Args:
        transport: Used by whichever thread calls, one at a time.
        begun: A list that the main process can see, where there is one; its one number
            is set to the id of each order as it begins, so that a death can be blamed.
        reported: Another, where the main process cannot see what memory we take; it is told after each order.
        start_until: When, by `time.monotonic()`, orders that were not begun go back; None for never.
        is_worker: False on the thread where the user's program gets its signals.
        is_refusing: Whether orders go back that are for a host which has just asked for a rest.
    """

    def __init__(
        self,
        transport: Transport,
        begun: Any = None,
        reported: Any = None,
        *,
        start_until: float | None = None,
        is_worker: bool = True,
        is_refusing: bool = True,
    ) -> None:
        """Start with nothing waiting."""
        self._is_worker = is_worker
        self._is_refusing = is_refusing
        self._start_until = math.inf if start_until is None else start_until
        self._transport = transport
        self._begun = begun
        self._reported = reported
        self._waiting: deque[Order] = deque()
        self._told = Told()
        self._refusing: tuple[str, float] | None = None  # a host, and until when its orders go back

    def __call__(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> list[Answer]:  # noqa: ARG002
        """Take new orders and give back what is finished; empty only when nothing was left."""
        self._told.take(taken)
        for order in orders:
            self._told.ordered(order)
        self._waiting.extend(orders)
        until = time.monotonic() + LINGER_S
        answers: list[Answer] = []
        while self._waiting:
            order = self._waiting.popleft()
            if (
                self._refusing is not None and self._is_refused(order)
            ) or time.monotonic() > self._start_until:
                self._told.forget(order)
                answers.append(not_begun(order))
                continue
            if self._begun is not None:
                self._begun[0] = order[0]
            answers.append(
                self._told.without_known(guarded(self._transport, order, is_worker=self._is_worker))
            )
            if self._reported is not None:
                self._reported.value = peak()
            if answers[-1][1] and answers[-1][2] in ASKS_FOR_REST and self._is_refusing:
                self._refusing = host(order[2]), time.monotonic() + REFUSAL_S
            if time.monotonic() > until:
                break
        return answers

    def _is_refused(self, order: Order) -> bool:
        """Whether an order is for a host that has just asked for a rest, and was on its way before that was known."""
        assert self._refusing is not None
        refusing, until = self._refusing
        if time.monotonic() > until:
            self._refusing = None
            return False
        return host(order[2]) == refusing

    def close(self) -> None:
        """Close the transport's connections."""
        self._transport.close()
