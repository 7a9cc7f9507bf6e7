"""A multiprocessing context for one lane: no user code in workers, no second worker, no stuck lock.

Three things that the stock contexts do to a crawler (each has its test in
tests/contracts/test_lanes.py), and their cure, by overriding public methods only:

* Workers import the user's main module: a script without a `__main__` guard ran
  its body once more for every worker. Here `Process.start` shows the machinery an
  empty main module while it starts one.
* `Pool` replaces a dead worker by itself, behind the back of whoever keeps count.
  A context serves one lane, so its first process is real and any later one is
  `_Parked`: it never runs and never ends.
* A worker that is killed while it waits for a task dies with the queue's lock in
  its hands, and `Pool.terminate` then blocks for ever. The context knows the locks
  that it made, and `release_locks` frees them once the worker is dead.
"""

import contextlib
import multiprocessing
import os
import select
import signal
import sys
import threading
import types
from collections.abc import Iterator
from multiprocessing import connection
from typing import Any

from ..worker import memory

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
"""Never fork: the main process has threads, and a lock that one of them holds stays locked in the child."""

_HELD_S = 0.2
"""Seconds after which a lock that is still held is one that a dead worker holds."""

_stock: Any = multiprocessing.get_context(METHOD)
_starting = threading.Lock()


@contextlib.contextmanager
def _without_main_module() -> Iterator[None]:
    """Show an empty `__main__` to whatever prepares a new process."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def warm_up() -> None:
    """Start the fork server, if this system has one; it loads what workers need while we go on."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver, resource_tracker  # noqa: PLC0415  not on every system

        multiprocessing.set_forkserver_preload(["crawlpool.worker.preload"])
        # Signals to the whole group reach these two as well. The tracker ignores Ctrl-C and SIGTERM, but a
        # closed terminal would end it; the fork server must get no Ctrl-C until it is ready to ignore it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            resource_tracker.ensure_running()  # which unblocks SIGINT, so it goes first
            # Were it to die of a signal to the group, its workers would be taken for dead with it.
            signal.pthread_sigmask(
                signal.SIG_SETMASK, before | {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
            )
            with _without_main_module():
                forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class WorkerProcess(_stock.Process):  # type: ignore[misc]
    """A worker that never sees the user's main module."""

    def start(self) -> None:
        """Start the process, with an empty main module in place of the user's."""
        with _without_main_module():
            super().start()

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The first of our code that the new process runs: a Ctrl-C from here on is not its business.
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.__dict__.update(state)


class _Parked:
    """Stands where a pool wants its dead worker replaced; the crew replaces the whole lane."""

    def __init__(self) -> None:
        self.name = "Process-parked"
        self.daemon = True
        self.exitcode = None
        self.pid = 0

    def start(self) -> None:
        """Start nothing."""

    def is_alive(self) -> bool:
        return False

    def terminate(self) -> None:
        """End nothing."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for nothing."""


class LaneContext(type(_stock)):  # type: ignore[misc]
    """The context of one lane: makes one worker, and remembers the locks around it."""

    def __init__(self) -> None:
        super().__init__()
        self._worker: WorkerProcess | None = None
        self._pidfd = -1
        self._locks: list[Any] = []
        self._semaphores: list[Any] = []
        self._queues: list[Any] = []
        self.reported: Any = None if memory.can_look() else self.RawValue("q", 0)

    def Process(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802  the name that pools call
        """A real process the first time, a parked one ever after."""
        if self._worker is not None:
            return _Parked()
        self._worker = WorkerProcess(*args, **kwargs)
        return self._worker

    def Lock(self) -> Any:  # noqa: N802
        """A lock that is remembered."""
        lock = super().Lock()
        self._locks.append(lock)
        return lock

    def BoundedSemaphore(self, value: int = 1) -> Any:  # noqa: N802
        """A semaphore that is remembered."""
        semaphore = super().BoundedSemaphore(value)
        self._semaphores.append(semaphore)
        return semaphore

    def SimpleQueue(self) -> Any:  # noqa: N802
        """A queue that is remembered."""
        queue = super().SimpleQueue()
        self._queues.append(queue)
        return queue

    @property
    def pid(self) -> int:
        """Process id of the worker; 0 before it was started."""
        return 0 if self._worker is None else self._worker.pid or 0

    def is_alive(self) -> bool:
        """Whether the worker lives; asked of the kernel where it can be asked.

        The process object asks the fork server, and when that is killed every
        worker of its looks dead.
        """
        if self._worker is None or self.pid == 0:
            return True
        if self._pidfd == -1:
            self._open_pidfd()
        if self._pidfd >= 0:
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            return not poll.poll(0)
        if self._pidfd == -2:
            return False
        return not connection.wait([self._worker.sentinel], 0)

    def _open_pidfd(self) -> None:
        if not hasattr(os, "pidfd_open"):
            self._pidfd = -3
            return
        try:
            self._pidfd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            self._pidfd = -2
        except OSError:
            self._pidfd = -3

    def kill(self) -> None:
        """End the worker at once."""
        if self.pid and self.is_alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if self._pidfd >= 0:
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                else:
                    os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def join(self, timeout_s: float) -> bool:
        """Wait for the worker's end; False if it still lives."""
        if self._worker is None or not self.is_alive():
            return True
        waitable = self._pidfd if self._pidfd >= 0 else self._worker.sentinel
        return bool(connection.wait([waitable], timeout_s))

    def memory(self) -> int | None:
        """Bytes of memory that the worker takes; None where that cannot be known."""
        if self.reported is None:
            return memory.resident(self.pid) if self.pid else None
        return int(self.reported.value) or None

    def release_locks(self) -> None:
        """Free what a dead worker held; only call it when the worker is dead."""
        for lock in self._locks:
            # Our own threads hold some of them too, but never for long.
            lock.acquire(timeout=_HELD_S)
            with contextlib.suppress(ValueError):
                lock.release()

    def break_queues(self) -> None:
        """Close our writing ends, so that a thread inside a half-written message sees its end."""
        for queue in self._queues:
            writer = getattr(queue, "_writer", None)
            if writer is not None and not writer.closed:
                writer.close()

    def forget(self, *, has_ended: bool) -> None:
        """Close the descriptor that watches the worker, and the pipes, once no thread of ours reads them."""
        self._remind_tracker()
        if has_ended:
            for queue in self._queues:
                with contextlib.suppress(OSError):
                    queue.close()
        descriptor, self._pidfd = self._pidfd, -2
        if descriptor >= 0:
            os.close(descriptor)

    def give_up(self) -> None:
        """Let go of everything, because the pool around the worker could not be made."""
        self.kill()
        self.forget(has_ended=True)

    def _remind_tracker(self) -> None:
        """Name our locks once more to the process that keeps track of them.

        If it was killed, a new one stands in its place that knows none of the old ones, and
        prints a traceback for each when it is told that they are gone. Naming one twice is harmless.
        """
        if METHOD == "spawn" and os.name == "nt":
            return  # there is no such process
        from multiprocessing import resource_tracker  # noqa: PLC0415  not on every system

        for lock in (*self._locks, *self._semaphores):
            name = getattr(getattr(lock, "_semlock", None), "name", None)
            if name is not None:
                with contextlib.suppress(OSError, ValueError):
                    resource_tracker.register(name, "semaphore")
