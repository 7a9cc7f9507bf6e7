"""Fetch in a `multiprocessing.Pool`, the default backend, or in a `ThreadPool`.

main thread              pool's result thread          worker process or thread
send(orders) ──────────────────────────────────────▶  exchange(orders)
                         deliver(answers)  ◀─────────  [answer, ...]
inbox.get() ◀──────────  inbox.put

Three facts shape this file (shown in tests/contracts/test_lanes.py):
* The pool calls us on its result thread, and an exception there stops that
  thread for good. So `deliver` only enqueues.
* A killed worker takes its job along, silently (bpo-22393). So a lane is a
  pool of one, and the crew that watches it knows what was lost.
* The pool's worker-handling thread wakes for every result, because it waits on
  the result pipe as well, and runs until the result is read. `_QuietPool` does not.
"""

import contextlib
import threading
from collections.abc import Sequence
from functools import partial
from multiprocessing.pool import Pool, ThreadPool
from typing import Any

from ..errors import BackendError
from ..worker import entry
from ..worker.wire import Order, Places, Taken, TransportOptions
from .base import Deliver, Delivery, Lane, OpenLane
from .context import LaneContext, warm_up
from .here import HereLane

_THREADS = ("_worker_handler", "_task_handler", "_result_handler")
"""A pool's own threads, by its private names: its pipes are closed when the last of them has ended."""

_PATIENCE_S = 1.0
"""Seconds that a dead worker's pool gets to end its threads before its pipes are broken."""


class _QuietPool(Pool):
    """A pool whose worker handler sleeps until a worker dies or the pool is closed.

    `_get_sentinels` is private to CPython 3.8 to 3.14. Where it is gone, the stock
    behaviour remains: right, and 0.1 ms a page dearer.
    """

    def _get_sentinels(self) -> list[Any]:
        notifier = getattr(self, "_change_notifier", None)
        if notifier is None:
            return list(super()._get_sentinels())  # type: ignore[misc]
        return [notifier._reader]  # noqa: SLF001


def could_not_start(error: BaseException) -> BackendError:
    """What to say when a worker process does not start; daemonic processes, for one, may have no children."""
    return BackendError(f'a worker process could not be started: {error}; backend "thread" needs none')


def _failed(deliver: Deliver, number: int, error: BaseException) -> None:
    deliver(Delivery(number, None, f"{type(error).__name__}: {error}"))


def _finished(deliver: Deliver, number: int, answers: list[Any]) -> None:
    deliver(Delivery(number, answers))


class ProcessLane:
    """A worker process in a `Pool(1)`."""

    can_be_killed = True

    def __init__(self, options: TransportOptions, number: int, deliver: Deliver) -> None:
        """Start the worker."""
        self._context = LaneContext()
        self._begun = self._context.RawArray("q", entry.slots(options))
        self._retiring: threading.Thread | None = None
        self._callbacks: dict[str, Any] = {
            "callback": partial(_finished, deliver, number),
            "error_callback": partial(_failed, deliver, number),
        }
        try:
            self._pool = _QuietPool(
                1, entry.start, (options, self._begun, self._context.reported), context=self._context
            )
        except (OSError, RuntimeError, EOFError, AssertionError) as error:
            self._context.give_up()
            raise could_not_start(error) from error

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._context.pid

    def send(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> None:
        """Hand the orders over with `apply_async`."""
        self._pool.apply_async(entry.exchange, (orders, places, taken), **self._callbacks)

    def begun(self) -> tuple[int, ...] | None:
        """As the worker noted it, in memory that is shared with it."""
        return tuple(self._begun)

    def memory(self) -> int | None:
        """As the kernel says, or as the worker reports it."""
        return self._context.memory()

    def is_alive(self) -> bool:
        """Whether the worker process lives."""
        return self._context.is_alive()

    def close(self) -> None:
        """Tell the worker that nothing comes after what it has."""
        self._pool.close()

    def kill(self) -> None:
        """Kill the worker; a thread of its own takes the pool apart, and nobody waits for it."""
        self._context.kill()
        if self._retiring is None:
            self._retiring = threading.Thread(target=self._take_apart, name="crawlpool-retire", daemon=True)
            self._retiring.start()

    def _take_apart(self) -> None:
        self._context.join(_PATIENCE_S)
        self._context.release_locks()
        ending = threading.Thread(target=self._terminate, name="crawlpool-terminate", daemon=True)
        ending.start()
        ending.join(_PATIENCE_S)
        if ending.is_alive():
            self._context.break_queues()
            ending.join(_PATIENCE_S)
        threads = [ending, *(getattr(self._pool, name, None) for name in _THREADS)]
        for thread in threads:
            if thread is not None:
                thread.join(_PATIENCE_S)
        self._context.forget(has_ended=not any(t is not None and t.is_alive() for t in threads))

    def _terminate(self) -> None:
        # Half a message may be left in a pipe; then terminating raises, after it has told
        # the pool's threads to end, and they do when the pipes are closed.
        with contextlib.suppress(Exception):
            self._pool.terminate()

    def join(self, timeout_s: float) -> bool:
        """Wait for the worker process to end, and for its pool to be taken apart.

        What is left of a pool when it is collected, or when the interpreter exits, is
        taken apart then, in the main thread: with tracebacks, and for ever if the worker
        was killed while it held the queue's lock, as a signal to the whole group does.
        """
        if self._retiring is None:
            if not self._context.join(timeout_s):
                return False
            self.kill()
        assert self._retiring is not None
        self._retiring.join(timeout_s)
        return not self._retiring.is_alive()


class ThreadLane(HereLane):
    """A worker thread in a `ThreadPool(1)`; one that hangs cannot be killed, only abandoned."""

    def __init__(self, options: TransportOptions, number: int, deliver: Deliver) -> None:
        """Start the thread."""
        self._options = options
        self._ending: threading.Thread | None = None
        try:
            self._pool = ThreadPool(1)
        except RuntimeError as error:
            raise BackendError(f"a worker thread could not be started: {error}") from error
        self._callbacks: dict[str, Any] = {
            "callback": partial(_finished, deliver, number),
            "error_callback": partial(_failed, deliver, number),
        }

    def send(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> None:
        """Hand the orders over with `apply_async`."""
        self._pool.apply_async(entry.exchange_here, (self._options, orders, places, taken), **self._callbacks)

    def close(self) -> None:
        """Let the thread close its connections, and end it."""
        with contextlib.suppress(ValueError):  # it was closed before
            self._pool.apply_async(entry.let_go_here)
        self._pool.close()

    def kill(self) -> None:
        """Abandon the thread: it ends when what it does is over, at its deadline at the latest."""
        self.close()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's pool to end."""
        if self._ending is None:
            self._ending = threading.Thread(target=self._pool.join, daemon=True)
            self._ending.start()
        self._ending.join(timeout_s)
        return not self._ending.is_alive()


def open_process_lane(options: TransportOptions) -> OpenLane:
    """The `process` backend."""
    warm_up()

    def open_lane(number: int, deliver: Deliver) -> Lane:
        warm_up()  # the fork server may have been killed
        return ProcessLane(options, number, deliver)

    return open_lane


def open_thread_lane(options: TransportOptions) -> OpenLane:
    """The `thread` backend."""

    def open_lane(number: int, deliver: Deliver) -> Lane:
        return ThreadLane(options, number, deliver)

    return open_lane
