"""Where callbacks put what came back, and the main thread takes it out: the one place threads meet.

pool's result thread ──▶ put ──▶ inbox ──▶ take ──▶ main thread

Nothing else may happen in a callback: one that raises stops its pool's result
thread for good, and one that is slow holds up every other result.
"""

import queue
import threading

from .backends.base import Delivery


class Inbox:
    """A queue that knows how many bytes of page bodies it holds."""

    def __init__(self) -> None:
        """Start empty."""
        self._queue: queue.SimpleQueue[tuple[Delivery | None, int]] = queue.SimpleQueue()
        self._bytes = 0
        self._counting = threading.Lock()

    @property
    def bytes(self) -> int:
        """Bytes of bodies that wait here for the main thread."""
        return self._bytes

    def put(self, delivery: Delivery) -> None:
        """Enqueue, from any thread; never blocks, never raises."""
        size = _size(delivery)
        if size:
            with self._counting:
                self._bytes += size
        self._queue.put((delivery, size))

    def wake(self) -> None:
        """Make a waiting `take` return, from any thread or from a signal handler."""
        self._queue.put((None, 0))

    def take(self, timeout_s: float) -> Delivery | None:
        """The next delivery; None when none came in time, or when somebody called `wake`."""
        try:
            delivery, size = self._queue.get(timeout=timeout_s) if timeout_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None
        if size:
            with self._counting:
                self._bytes -= size
        return delivery


def _size(delivery: Delivery) -> int:
    return sum(len(answer[8]) + len(answer[12] or b"") for answer in delivery.answers or () if answer[1])
