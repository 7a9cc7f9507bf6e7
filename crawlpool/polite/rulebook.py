"""The robots.txt of every origin of a crawl: asked for once, believed for a day, asked again when it could not be had.

Its request travels like any page's; while it is out, the origin's pages wait.

    had         believed for a day, or as long as its Cache-Control says, if that is less (RFC 9309, 2.4)
    not had     nothing is allowed (2.3.1.4); asked again after ten minutes, then twice as late each time, up to a day
    had before  and not had now: what it said is still believed (2.4), and it is asked again as above

An origin whose robots.txt cannot be had is never taken to allow everything, however long that lasts;
the RFC leaves that to the crawler after 30 days.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from ..errands import Errand
from ..model import Failure, FailureKind, Outcome, Request, Response
from ..urls import origin as origin_of
from .robots import Robots, robots_url

log = logging.getLogger("crawlpool")

FRESH_S: Final = 24 * 3600.0
"""Seconds that an answer is believed; RFC 9309, 2.4, advises a day at most."""

LEAST_FRESH_S: Final = 600.0
"""The same at least: many servers forbid all caching of all they have, without a thought for robots.txt."""

ASK_AGAIN_S: Final = 600.0
"""Seconds after which a robots.txt is asked for again that could not be had."""

MOST_KEPT: Final = 64 * 1024 * 1024
"""Bytes of rules that are kept; beyond them those are forgotten, and asked for again, that were needed longest ago."""

MOST_READY: Final = 200_000
"""Rules that are kept ready to decide, some 100 bytes each; those of other origins are packed meanwhile."""

_LONGEST_HEADER: Final = 1000
_SAME_FOR_PAGES: Final = frozenset(
    {
        FailureKind.DNS,
        FailureKind.CONNECT,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.TLS,
        FailureKind.PROXY,
        FailureKind.ADDRESS,
        FailureKind.HOST_GIVEN_UP,
    }
)
"""Why there was no connection: the cause for every page of the origin as well."""


@dataclass(frozen=True, slots=True)
class RobotsOf(Errand):
    """Marks a request as one for a robots.txt: it is the request's `data`.

    Attributes:
        origin: Whose rules it brings, wherever redirects lead.
    """

    is_small: ClassVar[bool] = True
    origin: str


class _Known:
    """What is believed of one origin."""

    __slots__ = ("robots", "unheard", "until", "wait_s")

    def __init__(self, robots: Robots, until: float) -> None:
        self.robots = robots
        self.until = until
        self.unheard: Failure | None = None
        self.wait_s = ASK_AGAIN_S  # before the next try, if this one failed


class Rulebook:
    """What the origins of a crawl allow.

    Args:
        token: Our product token.
        is_obeyed: False lets everything pass, and asks for nothing.
        most_delay_s: A longer Crawl-delay counts as this.
        most_kept: Bytes of rules that are kept.
        most_ready: Rules that are kept unpacked.
    """

    def __init__(
        self,
        *,
        token: str,
        is_obeyed: bool,
        most_delay_s: float = 60.0,
        most_kept: int = MOST_KEPT,
        most_ready: int = MOST_READY,
    ) -> None:
        """Know nothing yet."""
        self._most_delay_s = most_delay_s
        self._token = token
        self._is_obeyed = is_obeyed
        self._most_kept = most_kept
        self._most_ready = most_ready
        self._known: OrderedDict[str, _Known] = OrderedDict()  # the one that was needed last stands last
        self._kept = 0
        self._ready: OrderedDict[str, Robots] = OrderedDict()
        self._ready_rules = 0
        self._asked: set[str] = set()

    def is_known(self, origin: str, now: float) -> bool:
        """Whether a page of this origin can be judged now."""
        if not self._is_obeyed:
            return True
        known = self._known.get(origin)
        return known is not None and now < known.until

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
        before = self._take_out(origin)
        known = _Known(robots, now + _fresh_s(outcome))
        if robots.is_unreachable:
            wait_s = ASK_AGAIN_S if before is None else before.wait_s
            known.until, known.wait_s = now + wait_s, min(2 * wait_s, FRESH_S)
            if before is not None and not before.robots.is_unreachable:
                known.robots = before.robots  # the RFC lets a copy be used for as long (2.4)
                log.debug("robots.kept why=%r origin=%s", robots.reason, origin)
            elif isinstance(outcome, Failure) and not outcome.request.redirects:
                known.unheard = outcome if outcome.kind in _SAME_FOR_PAGES else None
        self._put_in(origin, known)
        delay_s = known.robots.crawl_delay_s
        return None if delay_s is None else min(delay_s, self._most_delay_s)

    def sitemaps_of(self, origin: str) -> tuple[str, ...] | None:
        """The sitemaps that an origin's robots.txt names, obeyed or not; None when it has to be asked for first."""
        known = self._known.get(origin)
        return None if known is None else known.robots.sitemaps

    def refusal(self, request: Request, *, failed_at: float) -> Failure | None:
        """Why a request may not be sent; None when it may.

        When robots.txt could not be had for want of a connection, that is the
        cause for every page of its origin, without another socket.
        """
        if not self._is_obeyed:
            return None
        origin = origin_of(request.target)
        known = self._known[origin]
        self._known.move_to_end(origin)
        if known.unheard is not None:
            return replace(known.unheard, request=request, failed_at=failed_at, attempts=0, elapsed_s=0.0)
        robots = known.robots
        if robots.rules:
            self._make_room_for(origin, robots)
        if robots.is_allowed(request.target):
            return None
        kind = FailureKind.ROBOTS_UNREACHABLE if robots.is_unreachable else FailureKind.ROBOTS
        return Failure(request=request, kind=kind, message=robots.why(request.target), failed_at=failed_at)

    # What is kept

    def _put_in(self, origin: str, known: _Known) -> None:
        self._known[origin] = known
        self._kept += known.robots.size
        while self._kept > self._most_kept and len(self._known) > 1:
            self._take_out(next(iter(self._known)))

    def _take_out(self, origin: str) -> _Known | None:
        known = self._known.pop(origin, None)
        if known is not None:
            self._kept -= known.robots.size
            self._pack(origin)
        return known

    def _make_room_for(self, origin: str, robots: Robots) -> None:
        """The rules of this origin are unpacked next; let those be packed again that were needed longest ago."""
        if origin in self._ready:
            self._ready.move_to_end(origin)
            return
        self._ready[origin] = robots
        self._ready_rules += robots.rules
        while self._ready_rules > self._most_ready and len(self._ready) > 1:
            self._pack(next(iter(self._ready)))

    def _pack(self, origin: str) -> None:
        robots = self._ready.pop(origin, None)
        if robots is not None:
            self._ready_rules -= robots.rules
            robots.forget()


def _fresh_s(outcome: Outcome) -> float:
    """Seconds that an answer is believed: as its Cache-Control says (RFC 9111, 5.2.2), within bounds of ours."""
    if not isinstance(outcome, Response):
        return FRESH_S
    said = ",".join(value for name, value in outcome.headers if name.lower() == "cache-control")
    fresh_s = FRESH_S
    for directive in said[:_LONGEST_HEADER].lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name in {"no-cache", "no-store"}:
            fresh_s = 0.0
        elif name == "max-age":
            fresh_s = min(fresh_s, _whole(value, FRESH_S) - _whole(outcome.header("age") or "", 0.0))
    return max(fresh_s, LEAST_FRESH_S)


def _whole(text: str, otherwise: float) -> float:
    """A whole number of seconds; what is none, and thousands of years, are something else."""
    digits = text.strip().strip('"')
    return float(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else otherwise
