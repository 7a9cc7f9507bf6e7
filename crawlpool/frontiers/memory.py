"""A frontier in memory: quick, and gone when the crawl is."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..model import Request
from ..urls import fingerprint, host
from .base import End, Positions, Tried, is_good, urls_of

_LAST = 1 << 40
"""Added to the order of a request that is to go behind all others of its priority and depth."""


class MemoryFrontier:
    """Heaps of waiting requests, one a host, and a set of the fingerprints ever accepted.

    About 0.5 KB of memory a waiting URL and 0.3 KB a URL that is done.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._heaps: dict[str, list[tuple[int, int, int, Request]]] = {}
        self._accepted: set[str] = set()
        self._waiting: dict[str, Request] = {}
        self._led_to: set[str] = set()  # targets of redirects that have no request of their own
        self._has_page: dict[str, bool] = {}
        self._out = 0
        self._deepest = 0
        self._order = 0

    def unknown(self, urls: Sequence[str], *, depth: int, found_on: str) -> list[str]:
        """See `Frontier.unknown`."""
        accepted, waiting = self._accepted, self._waiting
        fresh = [url for url in urls if url not in accepted]
        if depth < self._deepest:  # else none can stand deeper, which is nearly always so
            for url in urls:
                known = waiting.get(url)
                if known is not None and known.depth > depth and not known.is_listed:
                    self._push(url, replace(known, depth=depth, found_on=found_on))
        return list(dict.fromkeys(fresh)) if len(fresh) > 1 else fresh

    def add(self, requests: Iterable[Request]) -> list[Request]:
        """See `Frontier.add`."""
        fresh = []
        for request in requests:
            key = fingerprint(request.target, request.method, request.body)
            if key in self._accepted and not self._is_promoted(key, request):
                continue
            self._accepted.add(key)
            self._push(key, request)
            fresh.append(request)
        return fresh

    def mark(self, request: Request) -> bool:
        """See `Frontier.mark`."""
        key = fingerprint(request.target, request.method, request.body)
        if key in self._accepted:
            return False
        self._accepted.add(key)
        self._led_to.add(key)
        return True

    def take(self, host: str, most: int) -> list[Request]:
        """See `Frontier.take`."""
        heap = self._heaps.get(host)
        taken: list[Request] = []
        while heap and len(taken) < most:
            request = heapq.heappop(heap)[3]
            key = fingerprint(request.target, request.method, request.body)
            if self._waiting.get(key) is not request:
                continue  # brought up since, so it stands further ahead as well
            del self._waiting[key]
            taken.append(request)
        self._out += len(taken)
        if heap is not None and not heap:
            del self._heaps[host]
        return taken

    def put_back(self, request: Request, *, last: bool = False) -> None:
        """See `Frontier.put_back`."""
        self._out -= 1
        self._push(fingerprint(request.target, request.method, request.body), request, last=last)

    def tried(self, attempt: Tried) -> None:
        """Nothing is remembered."""

    def left_out(self, urls: Sequence[str], why: str, *, found_on: str) -> None:
        """Nothing is remembered."""

    def commit(self, ends: Sequence[End], positions: Positions) -> None:  # noqa: ARG002  nothing is kept here
        """See `Frontier.commit`."""
        self._out -= len(ends)
        for end in ends:
            for url in urls_of(end):
                self._has_page[url] = is_good(end)

    def has_page(self, url: str) -> bool | None:
        """See `Frontier.has_page`."""
        return self._has_page.get(url)

    def hosts(self) -> Iterable[str]:
        """See `Frontier.hosts`."""
        return list(self._heaps)

    def waiting(self, host: str | None = None) -> int:
        """See `Frontier.waiting`."""
        if host is None:
            return len(self._waiting)
        return sum(1 for entry in self._heaps.get(host, ()) if self._is_current(entry[3]))

    def is_finished(self) -> bool:
        """See `Frontier.is_finished`."""
        return not self._waiting and not self._out

    def _is_promoted(self, key: str, request: Request) -> bool:
        """Whether a URL is named by the user that was known only as found and waiting, or as where a redirect led."""
        if not request.is_listed:
            return False
        if key in self._led_to:
            self._led_to.discard(key)
            return True
        known = self._waiting.get(key)
        return known is not None and not known.is_listed

    def _is_current(self, request: Request) -> bool:
        return self._waiting.get(fingerprint(request.target, request.method, request.body)) is request

    def _push(self, key: str, request: Request, *, last: bool = False) -> None:
        self._order += 1
        self._deepest = max(self._deepest, request.depth)
        order = self._order + (_LAST if last else 0)
        self._waiting[key] = request
        heap = self._heaps.setdefault(host(request.target), [])
        heapq.heappush(heap, (-request.priority, request.depth, order, request))
