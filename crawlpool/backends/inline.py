"""Fetch in the main thread itself, one page after the other: `--backend sync`.

A real lane, without a worker: the simplest thing to debug, and what most of our
tests run on. While it fetches, nothing else moves.
"""

from collections.abc import Sequence

from ..worker import entry
from ..worker.wire import Order, Places, Taken, TransportOptions
from .base import Deliver, Delivery, Lane, OpenLane
from .here import HereLane


class InlineLane(HereLane):
    """No worker at all: `send` comes back when the answers are in the inbox."""

    def __init__(self, options: TransportOptions, number: int, deliver: Deliver) -> None:
        """Take what a worker would be told."""
        self._options = options
        self._number = number
        self._deliver = deliver

    def send(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> None:
        """Fetch, here and now."""
        self._deliver(Delivery(self._number, entry.exchange_here(self._options, orders, places, taken)))

    def close(self) -> None:
        """Close the connections."""
        entry.let_go_here()

    def kill(self) -> None:
        """Close the connections; nothing is under way."""
        entry.let_go_here()

    def join(self, timeout_s: float) -> bool:  # noqa: ARG002  there is nothing to wait for
        """Nothing is under way."""
        return True


def open_inline_lane(options: TransportOptions) -> OpenLane:
    """The `sync` backend."""

    def open_lane(number: int, deliver: Deliver) -> Lane:
        return InlineLane(options, number, deliver)

    return open_lane
