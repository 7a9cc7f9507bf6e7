"""Which of the waiting URLs are in memory: the best few of each host; the rest stay in the file.

    of one host, best first        ┌─ up to here all that waits is in memory
    ██████████████████████████████▌│░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
    heap, or out with a worker     │ in the file only; read in batches

What is added on the left goes into the heap, on the right into the file alone. When
memory is full, the line moves to the left. Order is (rank, depth, row number), and
`rank` is the priority with its sign turned, so that the smallest goes first.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from ..errors import FrontierError
from ..model import Request
from ..urls import host

Key: TypeAlias = tuple[float, ...]
"""(rank, depth, row number), which is also the order in the file."""

_NOTHING: Key = (-math.inf, 0, 0)
_ALL: Key = (math.inf,)

_LAST = 1 << 40
"""Added to the row number, once more for each, of what is to go behind its equals."""


class _Queue:
    """What is in memory of one host."""

    __slots__ = ("heap", "upto")

    def __init__(self, upto: Key) -> None:
        self.heap: list[Key] = []
        self.upto = upto  # what waits in the file up to this key is in the heap


class Waiting:
    """The URLs that wait and those that are out, by row number.

    A host at which nothing waits takes no memory. One that waits and has nothing in
    memory takes an entry of a dict.

    Args:
        read: Gives the waiting rows of a host behind a key, best first, so many at most, as
            requests whose `lease` is the row number; also those that are out or in memory.
        most: Requests in memory at most; those that cannot be read back come on top.
        batch: Rows to read at once.

    Attributes:
        out: Row numbers of what is out.
        total: How many wait.
    """

    def __init__(self, read: Callable[[str, Key, int], list[Request]], *, most: int, batch: int) -> None:
        """Start with nothing."""
        self._read = read
        self._most = most
        self._batch = batch
        self._counts: dict[str, int] = {}
        self._queues: dict[str, _Queue] = {}
        self._held: dict[int, tuple[Key, Request]] = {}
        self._tickets = 0
        self.out: set[int] = set()
        self.total = 0

    def restore(self, counts: Mapping[str, int]) -> None:
        """So many wait in the file, by host."""
        self._counts.update(counts)
        self.total += sum(counts.values())

    def hosts(self) -> Iterable[str]:
        """Every host at which something waits."""
        return list(self._counts)

    def count(self, of: str) -> int:
        """How many wait at a host."""
        return self._counts.get(of, 0)

    @property
    def held(self) -> int:
        """How many requests are in memory."""
        return len(self._held)

    def held_as(self, number: int) -> Request | None:
        """The request of a row, if it waits in memory."""
        held = self._held.get(number)
        return None if held is None else held[1]

    def put(self, number: int, request: Request, *, last: bool = False) -> None:
        """A row begins to wait, or waits again; `last` sends it behind its equals."""
        self.out.discard(number)
        each = host(request.target)
        count = self._counts.get(each, 0)
        self._counts[each] = count + 1
        self.total += 1
        if not count and len(self._held) < self._most:
            self._queues[each] = _Queue(_ALL)  # nothing of it waits in the file
        self._place(each, number, request, last=last)

    def move(self, number: int, request: Request) -> None:
        """A row that waits has another priority or depth now."""
        self._held.pop(number, None)  # what is in the heap for it means nothing any more
        self._place(host(request.target), number, request)

    def take(self, of: str, most: int) -> list[Request]:
        """Lease the best of a host: their `lease` is the row number.

        Raises:
            FrontierError: The file lacks rows that were waiting.
        """
        count = self._counts.get(of, 0)
        if not count or most <= 0:
            return []
        queue = self._queues.get(of)
        if queue is None:
            queue = self._queues[of] = _Queue(_NOTHING)
        taken = [self._next(of, queue, wanted) for wanted in range(min(most, count), 0, -1)]
        self.total -= len(taken)
        self._counts[of] = count - len(taken)
        if len(taken) == count:
            del self._counts[of], self._queues[of]
        elif not queue.heap and len(self._queues) > self._most:
            del self._queues[of]  # to remember where it stood is not worth an entry for each of very many
        return taken

    def _next(self, of: str, queue: _Queue, wanted: int) -> Request:
        while True:
            heap = queue.heap
            while heap and not self._is_current(heap[0]):
                heapq.heappop(heap)
            if heap and heap[0] <= queue.upto:
                number = _number(heapq.heappop(heap))
                request = self._held.pop(number)[1]
                self.out.add(number)
                return request if request.lease == number else request.leased(number)
            if queue.upto is _ALL:
                raise FrontierError(f"the job file lacks URLs that were waiting for {of}; is it damaged?")
            self._load(of, queue, wanted)

    def _load(self, of: str, queue: _Queue, wanted: int) -> None:
        most = max(wanted, min(self._batch, self._most - len(self._held)))
        rows = self._read(of, queue.upto, most)
        for request in rows:
            number = request.lease
            if number not in self.out and number not in self._held:
                self._hold(queue, _key(request, number), request)
        queue.upto = _ALL if len(rows) < most else _key(rows[-1], rows[-1].lease)

    def _place(self, each: str, number: int, request: Request, *, last: bool = False) -> None:
        """Put it into memory if its place is there, or if the file does not have all of it."""
        key = _key(request, number)
        if last:
            self._tickets += 1
            key = (*key[:2], number + self._tickets * _LAST)
        is_bound = _is_bound(key, request)
        queue = self._queues.get(each)
        if queue is None:
            if not is_bound:
                return
            queue = self._queues[each] = _Queue(_NOTHING)
        if not is_bound:
            if key > queue.upto:
                return
            if len(self._held) >= self._most:
                self._cut(queue, key)
                return
        self._hold(queue, key, request)

    def _hold(self, queue: _Queue, key: Key, request: Request) -> None:
        self._held[_number(key)] = (key, request)
        heapq.heappush(queue.heap, key)

    def _cut(self, queue: _Queue, key: Key) -> None:
        """Leave what stands at a key or behind it to the file."""
        kept = []
        for each in filter(self._is_current, queue.heap):
            number = _number(each)
            if each < key or _is_bound(each, self._held[number][1]):
                kept.append(each)
            else:
                del self._held[number]
        heapq.heapify(kept)
        queue.heap = kept
        queue.upto = (*key[:2], key[2] - 1)

    def _is_current(self, key: Key) -> bool:
        """Whether an entry of a heap is where its row stands now."""
        held = self._held.get(_number(key))
        return held is not None and held[0] is key


def _key(request: Request, number: int) -> Key:
    return (-request.priority, request.depth, number)


def _number(key: Key) -> int:
    return int(key[2]) % _LAST


def _is_bound(key: Key, request: Request) -> bool:
    """Whether memory has more of it than the file: its place behind others, the tries it had."""
    return key[2] >= _LAST or request.attempt != 1 or bool(request.redirects)
