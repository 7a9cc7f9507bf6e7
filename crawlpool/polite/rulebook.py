"""The robots.txt of every origin of a crawl: asked for once, believed for a day.

Its request travels like any page's; while it is out, the origin's pages wait.
"""

from dataclasses import dataclass, replace

from ..errands import Errand
from ..model import Failure, FailureKind, Outcome, Request
from ..urls import place
from .robots import Robots, robots_url

FRESH_S = 24 * 3600.0
"""Seconds that an answer is believed; RFC 9309, 2.4, advises a day at most."""

_NO_CONNECTION = frozenset(
    {FailureKind.DNS, FailureKind.CONNECT, FailureKind.CONNECT_TIMEOUT, FailureKind.TLS, FailureKind.PROXY}
)


@dataclass(frozen=True, slots=True)
class RobotsOf(Errand):
    """Marks a request as one for a robots.txt: it is the request's `data`.

    Attributes:
        origin: Whose rules it brings, wherever redirects lead.
    """

    origin: str


class Rulebook:
    """What the origins of a crawl allow.

    Args:
        token: Our product token.
        is_obeyed: False lets everything pass, and asks for nothing.
        most_delay_s: A longer Crawl-delay counts as this.
    """

    def __init__(self, *, token: str, is_obeyed: bool, most_delay_s: float = 60.0) -> None:
        """Know nothing yet."""
        self._most_delay_s = most_delay_s
        self._token = token
        self._is_obeyed = is_obeyed
        self._rules: dict[str, tuple[float, Robots, Failure | None]] = {}
        self._asked: set[str] = set()

    def is_known(self, origin: str, now: float) -> bool:
        """Whether a page of this origin can be judged now."""
        if not self._is_obeyed:
            return True
        known = self._rules.get(origin)
        return known is not None and now - known[0] < FRESH_S

    def is_asked(self, origin: str) -> bool:
        """Whether the origin's robots.txt is under way."""
        return origin in self._asked

    def ask(self, origin: str) -> Request:
        """The request for an origin's robots.txt; say `learn` when its outcome stands."""
        self._asked.add(origin)
        url = robots_url(origin)
        return Request(url, target=url, data=RobotsOf(origin))

    def learn(self, origin: str, outcome: Outcome, now: float) -> float | None:
        """Take the outcome of an origin's robots.txt; its Crawl-delay in seconds, if it has one."""
        self._asked.discard(origin)
        robots = Robots.from_outcome(outcome, token=self._token)
        if not self._is_obeyed:
            robots.crawl_delay_s = None
        unheard = outcome if isinstance(outcome, Failure) and outcome.kind in _NO_CONNECTION else None
        self._rules[origin] = (now, robots, unheard)
        return None if robots.crawl_delay_s is None else min(robots.crawl_delay_s, self._most_delay_s)

    def sitemaps_of(self, origin: str) -> tuple[str, ...] | None:
        """The sitemaps that an origin's robots.txt names, obeyed or not; None when it was never asked for."""
        known = self._rules.get(origin)
        return None if known is None else known[1].sitemaps

    def refusal(self, request: Request, *, failed_at: float) -> Failure | None:
        """Why a request may not be sent; None when it may.

        When robots.txt could not be had for want of a connection, that is the
        cause for every page of its origin, without another socket.
        """
        if not self._is_obeyed:
            return None
        _, robots, unheard = self._rules[place(request.target).origin]
        if unheard is not None:
            return replace(unheard, request=request, failed_at=failed_at, attempts=0, elapsed_s=0.0)
        if robots.is_allowed(request.target):
            return None
        kind = FailureKind.ROBOTS_UNREACHABLE if robots.is_unreachable else FailureKind.ROBOTS
        return Failure(request=request, kind=kind, message=robots.why(request.target), failed_at=failed_at)
