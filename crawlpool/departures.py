"""Which request of a host goes next: redirects and retries that are due, then the frontier's best.

    frontier ──take──▶ robots.txt known? ──▶ allowed? ──▶ goes out
                            │ no                │ no
                            ▼                   ▼
                  parked, until it is heard   refused, with the reason

A *chain* is one URL from the frontier to its record: its redirects and retries are
parts of it. It is open from `take` to `close`. The page limit counts chains that
have a page or may still get one, which makes it exact.
"""

import heapq
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from .frontiers.base import Frontier
from .hosts import Hosts
from .model import Failure, FailureKind, Outcome, Request
from .polite.gate import Gate
from .polite.rulebook import RobotsOf, Rulebook
from .urls import host
from .urls import origin as origin_of

if TYPE_CHECKING:
    from .trace import Trace

REFUSING_S = 0.005
"""Seconds that the refusals of one host may take before it is the others' turn: each may call a handler."""


class Departures:
    """What may go out, by host; whether the host may be asked now is the gate's business.

    Args:
        frontier: Where URLs wait.
        gate: Told when a host has something again.
        rules: What the origins' robots.txt allow.
        hosts: Which of them fail, and which never answered.
        max_pages: Chains with a page at most; None for no limit.
        refuse: Called with the failure of a request that may not go out; it ends its chain, or its errand.
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        gate: Gate,
        rules: Rulebook,
        hosts: Hosts,
        max_pages: int | None,
        refuse: Callable[[Failure], None],
    ) -> None:
        """Start with nothing."""
        self._frontier = frontier
        self._gate = gate
        self._rules = rules
        self._hosts = hosts
        self._max_pages = max_pages
        self._refuse = refuse
        self._express: dict[str, deque[Request]] = {}
        self._parked: dict[str, list[Request]] = {}  # what waits for a robots.txt, by origin
        self._asking: dict[str, int] = {}  # hosts whose robots.txt is under way
        self._later: list[tuple[float, int, Request]] = []
        # For hosts that never answered: behind all else.
        self._last: list[tuple[float, int, Request, Failure]] = []
        self._last_due: float | None = None
        self._tickets = 0
        self._deferred: dict[str, tuple[float, str]] = {}
        self._stalled: set[str] = set()  # hosts that the page limit holds
        self._paged = 0  # chains that have a page, or may get one
        self.open = 0
        self.trace: Trace | None = None

    @property
    def is_full(self) -> bool:
        """Whether the page limit lets no further chain begin."""
        return self._max_pages is not None and self._paged >= self._max_pages

    @property
    def has_any(self) -> bool:
        """Whether anything at all waits to go out."""
        return bool(self._express) or self._frontier.waiting() > 0

    @property
    def next_due(self) -> float | None:
        """When the next retry is due."""
        later = self._later[0][0] if self._later else None
        return self._last_due if later is None or (self._last_due or later) < later else later

    def next_of(self, each: str, now: float) -> Request | None:
        """The request of a host that goes next; None when none may, or when refusing what may not took long."""
        if not self._hosts.may_ask(each):
            self._gate.idle(each)  # its one probe is out, and wakes it when it is back
            return None
        request = self._next_of(each, now)
        if request is not None:
            self._hosts.asked(each, request, now)
            if self.trace is not None:
                self.trace.let_go(request)
        return request

    def _next_of(self, each: str, now: float) -> Request | None:
        until = time.monotonic() + REFUSING_S
        while True:
            request = self._pick(each)
            if request is None:
                self._gate.idle(each)
                return None
            given_up = self._hosts.refusal(each, request)
            if given_up is not None:
                self._refuse(given_up)
                if time.monotonic() > until:
                    self._gate.passed(each, now)
                    return None
                continue
            if isinstance(request.data, RobotsOf):
                return request
            origin = origin_of(request.target)
            if not self._rules.is_known(origin, now):
                self._parked.setdefault(origin, []).append(request)
                if not self._rules.is_asked(origin):
                    self._asking[each] = self._asking.get(each, 0) + 1
                    return self._rules.ask(origin)
                continue
            refusal = self._rules.refusal(request, failed_at=time.time()) or self._deferral(request, now)
            if refusal is None:
                return request
            self._refuse(refusal)
            if time.monotonic() > until:
                self._gate.passed(each, now)
                return None

    def _pick(self, each: str) -> Request | None:
        express = self._express.get(each)
        if express:
            request = express.popleft()
            if not express:
                del self._express[each]
            return request
        if each in self._asking:
            return None
        if self.is_full:
            self._stalled.add(each)
            return None
        taken = self._frontier.take(each, 1)
        if not taken:
            return None
        self.begin()
        return taken[0]

    def go(self, request: Request, *, is_first: bool = False) -> None:
        """Send a request of an open chain as soon as its host may be asked, ahead of the frontier's."""
        each = host(request.target)
        queue = self._express.setdefault(each, deque())
        if is_first:
            queue.appendleft(request)
        else:
            queue.append(request)
        self._gate.wake(each)

    def put_back(self, request: Request) -> None:
        """Close a chain without an end, and let it begin again behind all that waits for its host.

        One that was redirected goes on where it is: its hop has no place of its own in the frontier.
        """
        if request.redirects:
            self.go(request)
            return
        self.close(has_page=False)
        self._frontier.put_back(request, last=True)
        self._gate.wake(host(request.target))

    def hear(self, origin: str) -> None:
        """Ask for an origin's robots.txt, whether or not a page of it wants to go out."""
        if not self._rules.is_asked(origin):
            each = host(origin + "/")
            self._asking[each] = self._asking.get(each, 0) + 1
            self.go(self._rules.ask(origin))

    def go_later(self, request: Request, due: float) -> None:
        """The same, not before a moment of the monotonic clock."""
        self._tickets += 1
        heapq.heappush(self._later, (due, self._tickets, request))

    def go_last(self, request: Request, due: float, before: Failure) -> None:
        """The same, and not before all else that is due has gone: its host has never answered.

        What it came to before stands, when it turns out meanwhile that a last try helps nobody.
        """
        self._tickets += 1
        heapq.heappush(self._last, (due, self._tickets, request, before))

    def wake(self, now: float, out: int) -> None:
        """Let go what is due; `out` are the requests that are out."""
        while self._later and self._later[0][0] <= now:
            self.go(heapq.heappop(self._later)[2])
        self._last_due = None
        if self._last:
            self._wake_last(now, out)

    def _wake_last(self, now: float, out: int) -> None:
        room = self._hosts.room_for_strangers(out, now) if self._last[0][0] <= now else 0
        until = time.monotonic() + REFUSING_S
        while room > 0 and self._last and self._last[0][0] <= now and time.monotonic() < until:
            _, _, request, before = heapq.heappop(self._last)
            if self._hosts.is_hopeless(request):
                self._refuse(before)
            else:
                self.go(request)
                room -= 1
        if self._last and self._last[0][0] > now:
            self._last_due = self._last[0][0]

    def learn(self, origin: str, outcome: Outcome, now: float) -> None:
        """An origin's robots.txt is here: its pages may go, at its pace."""
        delay_s = self._rules.learn(origin, outcome, now)
        each = host(origin + "/")
        if delay_s is not None:
            self._gate.slow_to(each, delay_s)
            if delay_s > 0:
                waiting = self._frontier.waiting(each) + len(self._parked.get(origin, ()))
                self._hosts.learned(each, delay_s, waiting)
        if self._asking[each] == 1:
            del self._asking[each]
        else:
            self._asking[each] -= 1
        for request in self._parked.pop(origin, ()):
            self.go(request)
        self._gate.wake(each, is_next=True)  # while its connection is warm

    def defer(self, each: str, until: float, message: str) -> None:
        """Refuse what is for this host until a moment: it asked for a longer wait than ours."""
        self._deferred[each] = (until, message)

    def _deferral(self, request: Request, now: float) -> Failure | None:
        each = host(request.target)
        if each not in self._deferred:
            return None
        until, message = self._deferred[each]
        if now >= until:
            del self._deferred[each]
            return None
        return Failure(request=request, kind=FailureKind.DEFERRED, message=message, failed_at=time.time())

    def begin(self) -> None:
        """A chain begins."""
        self.open += 1
        self._paged += 1

    def close(self, *, has_page: bool) -> None:
        """A chain ends; one without a page makes room for another."""
        self.open -= 1
        if not has_page:
            self._paged -= 1
            for each in self._stalled:
                self._gate.wake(each)
            self._stalled.clear()
