"""Fetch in a `concurrent.futures` executor of one: the swappable alternative to `Pool`.

main thread              executor's manager thread    worker process or thread
send(orders) ──────────────────────────────────────▶  exchange(orders)
                         future's callback  ◀────────  [answer, ...]
inbox.get() ◀──────────  inbox.put

A `ProcessPoolExecutor` breaks as a whole when its worker dies, and says so at
once; with an executor of one that is exactly the lane.
"""

import contextlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import thread as futures_thread
from typing import Any

from ..errors import BackendError
from ..worker import entry
from ..worker.wire import Order, Places, Taken, TransportOptions
from .base import Deliver, Delivery, Lane, OpenLane
from .context import LaneContext, warm_up
from .here import HereLane
from .pool import could_not_start


def deliver_result(deliver: Deliver, number: int, future: "Future[list[Any]]") -> None:
    """A future's callback: its answers, or why there are none, to the inbox."""
    if future.cancelled():
        deliver(Delivery(number, None, "the executor was shut down"))
    elif (error := future.exception()) is not None:
        deliver(Delivery(number, None, f"{type(error).__name__}: {error}"))
    else:
        deliver(Delivery(number, future.result()))


def _submit(executor: Executor, deliver: Deliver, number: int, task: Any, *args: Any) -> None:
    try:
        future = executor.submit(task, *args)
    except RuntimeError as error:  # broken since the last look, or shut down
        deliver(Delivery(number, None, f"{type(error).__name__}: {error}"))
    else:
        future.add_done_callback(lambda done: deliver_result(deliver, number, done))


class ProcessFuturesLane:
    """A worker process in a `ProcessPoolExecutor(1)`."""

    can_be_killed = True

    def __init__(self, options: TransportOptions, number: int, deliver: Deliver) -> None:
        """Make the executor; its worker starts with the first task, so one that does nothing is sent."""
        self._context = LaneContext()
        self._begun = self._context.RawArray("q", entry.slots(options))
        self._number = number
        self._deliver = deliver
        self._retiring: threading.Thread | None = None
        try:
            self._executor = ProcessPoolExecutor(
                1,
                mp_context=self._context,
                initializer=entry.start,
                initargs=(options, self._begun, self._context.reported),
            )
            self._executor.submit(os.getpid)
        except (OSError, RuntimeError, EOFError, AssertionError) as error:
            self._context.give_up()
            raise could_not_start(error) from error

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._context.pid

    def send(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> None:
        """Hand the orders over with `submit`."""
        _submit(self._executor, self._deliver, self._number, entry.exchange, orders, places, taken)

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
        self._executor.shutdown(wait=False)

    def kill(self) -> None:
        """Kill the worker; the executor notices, breaks and ends its own thread."""
        self._context.kill()
        self._executor.shutdown(wait=False, cancel_futures=True)
        if self._retiring is None:
            self._retiring = threading.Thread(target=self._forget, name="crawlpool-retire", daemon=True)
            self._retiring.start()

    def _forget(self) -> None:
        self._context.join(1.0)
        self._context.release_locks()
        # A worker that died while it sent an answer leaves half of it. The executor's thread would wait
        # for the rest, because we could write it too, and the interpreter waits for that thread at its end.
        self._context.break_queues()
        self._context.forget(has_ended=False)

    def join(self, timeout_s: float) -> bool:
        """Wait for the worker process to end."""
        if self._retiring is not None:
            self._retiring.join(timeout_s)
            return not self._retiring.is_alive()
        if not self._context.join(timeout_s):
            return False
        self._context.forget(has_ended=False)
        return True


class ThreadFuturesLane(HereLane):
    """A worker thread in a `ThreadPoolExecutor(1)`; one that hangs can only be abandoned."""

    def __init__(self, options: TransportOptions, number: int, deliver: Deliver) -> None:
        """Make the executor, and start its thread."""
        self._options = options
        self._ending: threading.Thread | None = None
        self._number = number
        self._deliver = deliver
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"crawlpool-lane-{number}")
        # A thread is a daemon if the one that starts it is. Python waits at its end for all others,
        # also for one that hangs and was abandoned.
        try:
            starter = threading.Thread(target=self._executor.submit, args=(os.getpid,), daemon=True)
            starter.start()
            starter.join()
        except RuntimeError as error:
            raise BackendError(f"a worker thread could not be started: {error}") from error

    def send(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> None:
        """Hand the orders over with `submit`."""
        _submit(
            self._executor,
            self._deliver,
            self._number,
            entry.exchange_here,
            self._options,
            orders,
            places,
            taken,
        )

    def close(self) -> None:
        """Let the thread close its connections, and end it."""
        with contextlib.suppress(RuntimeError):  # it was shut down before
            self._executor.submit(entry.let_go_here)
        self._executor.shutdown(wait=False)

    def kill(self) -> None:
        """Abandon the thread: it ends when what it does is over, which may be never."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        # At its end Python joins the threads of every executor, daemons too, by this private list (3.8 to 3.14).
        known = getattr(futures_thread, "_threads_queues", {})
        for thread in getattr(self._executor, "_threads", ()):
            known.pop(thread, None)

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread to end."""
        if self._ending is None:
            self._ending = threading.Thread(target=self._executor.shutdown, daemon=True)
            self._ending.start()
        self._ending.join(timeout_s)
        return not self._ending.is_alive()


def open_process_lane(options: TransportOptions) -> OpenLane:
    """The `futures-process` backend."""
    warm_up()

    def open_lane(number: int, deliver: Deliver) -> Lane:
        warm_up()  # the fork server may have been killed
        return ProcessFuturesLane(options, number, deliver)

    return open_lane


def open_thread_lane(options: TransportOptions) -> OpenLane:
    """The `futures-thread` backend."""

    def open_lane(number: int, deliver: Deliver) -> Lane:
        return ThreadFuturesLane(options, number, deliver)

    return open_lane
