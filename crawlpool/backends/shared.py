"""Fetch in a pool or an executor that the user made, and keeps.

It may hold any number of workers, of any kind, and other work besides, so the
promise is smaller: each lane is a slot in it, with a deadline. Who holds what is
not known, so nobody is blamed; a worker that dies is its owner's to replace; and
when the crawl is over it is left as it was, open.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from multiprocessing.pool import Pool
from typing import Any

from ..errors import BackendError, ConfigError
from ..worker import entry
from ..worker.wire import Answer, Order, Places, Taken, TransportOptions
from .base import Deliver, Delivery, Lane, OpenLane
from .futures import deliver_result
from .here import HereLane


class SharedLane(HereLane):
    """One slot in somebody else's pool."""

    def __init__(
        self, shared: Pool | Executor, options: TransportOptions, number: int, deliver: Deliver
    ) -> None:
        """Take the pool as it is."""
        self._shared = shared
        self._options = options
        self._number = number
        self._deliver = deliver

    def send(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> None:
        """Hand the orders over by `apply_async` or `submit`.

        Raises:
            BackendError: The pool was closed, or broke.
        """
        arguments = (self._options, orders, places, taken)
        try:
            if isinstance(self._shared, Pool):
                self._shared.apply_async(
                    entry.exchange_here, arguments, callback=self._finished, error_callback=self._failed
                )
            else:
                future = self._shared.submit(entry.exchange_here, *arguments)
                future.add_done_callback(partial(deliver_result, self._deliver, self._number))
        except (RuntimeError, ValueError) as error:  # closed, shut down or broken
            raise BackendError(f"the pool that was given as backend takes no work: {error}") from error

    def _finished(self, answers: list[Answer]) -> None:
        self._deliver(Delivery(self._number, answers))

    def _failed(self, error: BaseException) -> None:
        self._deliver(Delivery(self._number, None, f"{type(error).__name__}: {error}"))

    def close(self) -> None:
        """Leave the pool as it is."""

    def kill(self) -> None:
        """Leave the pool as it is; a late answer is dropped."""

    def join(self, timeout_s: float) -> bool:  # noqa: ARG002  there is nothing of ours to wait for
        """Nothing of ours is left."""
        return True


def open_shared_lane(shared: Any, options: TransportOptions) -> OpenLane:
    """A user's own `Pool`, `ThreadPool` or `Executor` as a backend.

    Raises:
        ConfigError: It is something else.
    """
    if not isinstance(shared, Pool | Executor):
        raise ConfigError(
            f"backend is {shared!r}, and should be a name, a multiprocessing Pool or a concurrent.futures Executor"
        )

    def open_lane(number: int, deliver: Deliver) -> Lane:
        return SharedLane(shared, options, number, deliver)

    return open_lane
