"""A frontier that accepts everything: what `FetchPool` hands out is asked for as often as it is submitted."""

from collections import deque
from collections.abc import Iterable, Sequence

from ..model import Request
from ..urls import host
from .base import End, Positions, Tried


class QueueFrontier:
    """One queue a host, first in, first out; priority and depth mean nothing here."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._queues: dict[str, deque[Request]] = {}
        self._waiting = 0
        self._out = 0

    def unknown(self, urls: Sequence[str], *, depth: int, found_on: str) -> list[str]:  # noqa: ARG002
        """Every URL is new."""
        return list(dict.fromkeys(urls))

    def add(self, requests: Iterable[Request]) -> list[Request]:
        """Accept them all."""
        accepted = list(requests)
        for request in accepted:
            self._queues.setdefault(host(request.target), deque()).append(request)
        self._waiting += len(accepted)
        return accepted

    def mark(self, request: Request) -> bool:  # noqa: ARG002  every target is new
        """Accept it."""
        return True

    def take(self, host: str, most: int) -> list[Request]:
        """The oldest of one host."""
        queue = self._queues.get(host, deque())
        taken = [queue.popleft() for _ in range(min(most, len(queue)))]
        if not queue:
            self._queues.pop(host, None)
        self._waiting -= len(taken)
        self._out += len(taken)
        return taken

    def put_back(self, request: Request, *, last: bool = False) -> None:
        """Return a lease, unanswered."""
        queue = self._queues.setdefault(host(request.target), deque())
        if last:
            queue.append(request)
        else:
            queue.appendleft(request)
        self._waiting += 1
        self._out -= 1

    def tried(self, attempt: Tried) -> None:
        """Nothing is remembered."""

    def left_out(self, urls: Sequence[str], why: str, *, found_on: str) -> None:
        """Nothing is remembered."""

    def commit(self, ends: Sequence[End], positions: Positions) -> None:  # noqa: ARG002  nothing is kept here
        """Close leases."""
        self._out -= len(ends)

    def has_page(self, url: str) -> bool | None:  # noqa: ARG002  the same for all
        """Nothing is remembered."""
        return None

    def hosts(self) -> Iterable[str]:
        """Every host that something waits for."""
        return list(self._queues)

    def waiting(self, host: str | None = None) -> int:
        """How many wait, of one host or of all."""
        return self._waiting if host is None else len(self._queues.get(host, ()))

    def is_finished(self) -> bool:
        """Nothing waits and nothing is out."""
        return self._waiting == 0 and self._out == 0
