"""When a host may be asked: how many requests it has now, how long since the last, how long it rests.

The gate owns time and knows no URLs; the frontier owns URLs and knows no time.
Every call is O(log hosts) and the time is passed in, so a test needs no sleep.

A host is in one of three states:

    idle      nothing waits for it; forgotten, but for its pace
    due       in the heap, with the moment from which it may be asked
    full      as many requests are out as it may have at once
"""

import heapq
import math


class _Host:
    """One host's pace; times are those of a monotonic clock."""

    __slots__ = (
        "cap",
        "delay_s",
        "has_work",
        "last_at",
        "next_at",
        "out",
        "slowed_by",
        "ticket",
        "waits_for",
    )

    def __init__(self, cap: int, delay_s: float) -> None:
        self.cap = cap
        self.delay_s = delay_s
        self.out = 0
        self.last_at = -math.inf  # when the last request started
        self.next_at = 0.0
        self.has_work = False
        self.slowed_by = "delay"  # what set delay_s
        self.waits_for = ""  # what set next_at
        self.ticket = 0  # of its entry in the heap; 0 when it has none


class Gate:
    """Says which host may be asked now, and when the next one may.

    Args:
        per_host: Requests that one host may have at once.
        delay_s: Seconds between the starts of two requests to one host, at least.
    """

    def __init__(self, *, per_host: int, delay_s: float) -> None:
        """Start with no host known."""
        self._per_host = per_host
        self._delay_s = delay_s
        self._hosts: dict[str, _Host] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._ticket = 0

    def wake(self, host: str, *, is_next: bool = False) -> None:
        """Something waits for this host; `is_next` lets it have its turn before all others."""
        state = self._state(host)
        state.has_work = True
        if is_next and state.out < state.cap:
            self._ticket += 1
            state.ticket = self._ticket
            heapq.heappush(self._heap, (-1.0, self._ticket, host))  # before every moment
        self._schedule(host, state)

    def next_host(self, now: float) -> str | None:
        """A host that may be asked now, the longest due first; the caller then says `started`, `passed` or `idle`."""
        while self._heap and self._heap[0][0] <= now:
            _, ticket, host = heapq.heappop(self._heap)
            state = self._hosts[host]
            if state.ticket != ticket:
                continue  # rescheduled since
            state.ticket = 0
            if state.next_at > now:
                self._schedule(host, state)  # its rest was prolonged meanwhile
            elif state.has_work and state.out < state.cap:
                return host
        return None

    def next_due(self) -> float | None:
        """The moment at which `next_host` may have one; None while nothing is scheduled."""
        while self._heap:
            due, ticket, host = self._heap[0]
            if self._hosts[host].ticket == ticket:
                return max(due, self._hosts[host].next_at)
            heapq.heappop(self._heap)
        return None

    def started(self, host: str, now: float) -> None:
        """A request to this host went out."""
        state = self._state(host)
        state.out += 1
        state.last_at = now
        if now + state.delay_s > state.next_at:
            state.next_at = now + state.delay_s
            state.waits_for = state.slowed_by
        self._schedule(host, state)

    def began(self, host: str, at: float) -> None:
        """A request really went out at this moment; a worker that had to start first makes it later than `started`."""
        state = self._state(host)
        if state.delay_s and at + state.delay_s > state.next_at:
            state.next_at = at + state.delay_s
            state.waits_for = state.slowed_by

    def finished(self, host: str) -> None:
        """A request to this host came back, however it went."""
        state = self._state(host)
        state.out = max(0, state.out - 1)
        self._schedule(host, state)

    def passed(self, host: str, now: float) -> None:
        """This host had its turn and was asked nothing; it comes again behind those that are due by now."""
        state = self._state(host)
        state.has_work = True
        state.next_at = max(state.next_at, now)
        self._schedule(host, state)

    def idle(self, host: str) -> None:
        """Nothing waits for this host after all."""
        self._state(host).has_work = False

    def may_hand_ahead(self, host: str, now: float) -> bool:
        """Whether a lane that serves this host may be given its next request early: no delay, no rest."""
        state = self._state(host)
        return state.delay_s == 0 and state.next_at <= now

    def is_another_due(self, host: str, now: float) -> bool:
        """Whether some other host could be asked now, if only a worker were free."""
        if self.next_due() is None:
            return False
        # The three smallest entries of a heap are among its first three places and what is
        # behind those; that the first place is current is enough to be right nearly always,
        # and an entry that is not only makes a lane wait for its next request once.
        return any(due <= now and other != host for due, _, other in self._heap[:3])

    def slow_to(self, host: str, delay_s: float) -> None:
        """Leave at least this long between two requests (a Crawl-delay); never shorter than before."""
        state = self._state(host)
        if delay_s > state.delay_s:
            state.delay_s = delay_s
            state.slowed_by = "crawl_delay"
            if state.last_at + delay_s > state.next_at:
                state.next_at, state.waits_for = state.last_at + delay_s, "crawl_delay"

    def rest(self, host: str, until: float) -> None:
        """Ask this host nothing before `until` (a Retry-After)."""
        state = self._state(host)
        if until > state.next_at:
            state.next_at = until
            state.waits_for = "retry_after"

    def holds_back_by(self) -> str:
        """What the host that is due next waits for: "delay", "crawl_delay", "retry_after", or "per_host"."""
        if self.next_due() is None:
            return "per_host"
        return self._hosts[self._heap[0][2]].waits_for

    def _state(self, host: str) -> _Host:
        state = self._hosts.get(host)
        if state is None:
            state = self._hosts[host] = _Host(self._per_host, self._delay_s)
        return state

    def _schedule(self, host: str, state: _Host) -> None:
        if state.ticket or not state.has_work or state.out >= state.cap:
            return
        self._ticket += 1
        state.ticket = self._ticket
        heapq.heappush(self._heap, (state.next_at, self._ticket, host))
