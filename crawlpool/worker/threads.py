"""Many requests under way at once by a transport that does one at a time: a thread for each."""

import queue
import threading
from collections.abc import Callable

from .exchange import Transport, guarded
from .wire import Answer, Order


class Threads:
    """Threads that fetch, each with a transport of its own; as many as were ever busy at once.

    Args:
        new_transport: Makes a transport, on the thread that will use it.
    """

    def __init__(self, new_transport: Callable[[], Transport]) -> None:
        """Start no thread yet."""
        self._new_transport = new_transport
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._threads = 0
        self._busy = 0
        self.off_wire: Callable[[int, int], None] | None = None  # none: a thread reads its page itself

    def start(self, order: Order) -> None:
        """Hand an order to a thread that is free, or to a new one."""
        self._busy += 1
        if self._busy > self._threads:
            threading.Thread(
                target=self._work, name=f"crawlpool-connection-{self._threads}", daemon=True
            ).start()
            self._threads += 1
        self._orders.put(order)

    def wait(self, timeout_s: float) -> list[Answer]:
        """What is finished by now; waits until something is, this long at most."""
        try:
            answers = [self._answers.get(timeout=timeout_s)]
        except queue.Empty:
            return []
        while not self._answers.empty():
            answers.append(self._answers.get())
        self._busy -= len(answers)
        return answers

    def close(self) -> None:
        """End the threads, each when it has done what it does."""
        for _ in range(self._threads):
            self._orders.put(None)
        self._threads = 0

    def _work(self) -> None:
        transport = self._new_transport()
        while (order := self._orders.get()) is not None:
            self._answers.put(guarded(transport, order))
        transport.close()
