"""Names looked up in threads, so that one which takes long holds up no other request of a worker.

libcurl would do it in threads as well, in 20 at most: so many dead names, and every other new name
would wait for its turn until its time was over. And who ends libcurl waits for all of them.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

_MOST_THREADS: Final = 64
_REMEMBERED_S: Final = 2.0
"""Seconds that a fault is good for: all who wait for the name hear of it, and who asks later asks anew."""

Rows = list[Any]
Name = tuple[str, int]


class Lookups:
    """Asks for addresses in the background; all but the threads' own work is for one thread."""

    def __init__(self, most_threads: int = _MOST_THREADS) -> None:
        """Start no thread yet."""
        self._most = most_threads
        self._todo: queue.SimpleQueue[tuple[Name, Callable[..., Iterable[Any]]] | None] = queue.SimpleQueue()
        self._threads = 0
        self._asked: set[Name] = set()
        self._lock = threading.Lock()
        self._came: list[tuple[Name, Rows | Exception]] = []
        self._found: dict[Name, Rows] = {}
        self._faults: dict[Name, tuple[float, Exception]] = {}
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._is_closed = False

    @property
    def fd(self) -> int:
        """The descriptor that can be read when something was found; `hear` then."""
        return self._bell.fileno()

    def close(self) -> None:
        """Wait for nobody: who is still busy ends with what it does."""
        with self._lock:
            self._is_closed = True
            self._bell.close()
            self._rope.close()
        for _ in range(self._threads):
            self._todo.put(None)

    def hear(self) -> list[Name]:
        """Take in what was found, and say of what."""
        with suppress(BlockingIOError):
            while self._bell.recv(4096):
                pass
        with self._lock:
            came, self._came = self._came, []
        now = time.monotonic()
        self._found.clear()  # what nobody took by now, nobody waits for any more
        for name, result in came:
            self._asked.discard(name)
            if isinstance(result, Exception):
                self._faults[name] = now + _REMEMBERED_S, result
            else:
                self._found[name] = result
        if len(self._faults) > len(self._asked) + 256:
            self._faults = {name: each for name, each in self._faults.items() if each[0] > now}
        return [name for name, _ in came]

    def take(self, hostname: str, port: int, lookup: Callable[..., Iterable[Any]]) -> Rows | None:
        """What was found of a name, once; None while it is being looked up, which begins now if it had not.

        Raises:
            OSError: The name does not resolve.
            UnicodeError: It is no name that the DNS could have.
        """
        name = hostname, port
        if (rows := self._found.pop(name, None)) is not None:
            return rows
        until, fault = self._faults.get(name, (0.0, None))
        if fault is not None and time.monotonic() < until:
            raise fault
        if name not in self._asked:
            self._asked.add(name)
            self._todo.put((name, lookup))
            if self._threads < min(self._most, len(self._asked)):
                self._threads += 1
                threading.Thread(target=self._work, name="lookup", daemon=True).start()
        return None

    def _work(self) -> None:
        while (order := self._todo.get()) is not None:
            name, lookup = order
            result: Rows | Exception
            try:
                result = list(lookup(*name, type=socket.SOCK_STREAM))
            except Exception as error:  # noqa: BLE001  who asked for the name hears of it
                result = error
            with self._lock:
                if self._is_closed:
                    return
                self._came.append((name, result))
                with suppress(BlockingIOError):  # full: it rings already
                    self._rope.send(b"!")
