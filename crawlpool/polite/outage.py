"""Whether the network has vanished, as against one site that is down.

    answers, failures ──▶ Outage ──▶ nothing              a failure is its host's own
                                     in doubt             a last failure waits for the next answer
                                     on                   one probe at a time, nothing else
                                     on for too long      the crawl ends, and can go on later

A host that has answered in this crawl is a *witness*; one that never did says nothing,
so a list of dead names ends like any other. Witnesses that fail with nobody answering in
between mean that the network is gone:

* two of them, whatever the failures;
* one alone, when its failure itself says so ("Network is unreachable") and nobody else
  answered for a while, or can be asked. Else a dead site and a dead network look alike,
  and it is taken for a dead site: tries, then failures.

A witness whose failures are followed by the answers of others, time and again, is one no
longer until it answers. Nothing here waits and no clock is read: the time is passed in.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import Final

from ..model import Failure, FailureKind, Request, Response
from .retry import IDEMPOTENT, spoken

DOUBT_S: Final = 30.0
"""Seconds that a last failure waits for a verdict, and that all others are silent before one witness is enough."""

MOST_IN_DOUBT: Final = 1000
LONGEST_PROBE_S: Final = 60.0
_ENOUGH: Final = 2  # witnesses that fail at once
_STRIKES: Final = 3  # failures of a witness that others' answers prove to be its own
_MOST_WITNESSES: Final = 1000

_NOTHING_SENT: Final = frozenset({FailureKind.DNS, FailureKind.CONNECT, FailureKind.CONNECT_TIMEOUT})
_NETWORK: Final = _NOTHING_SENT | {FailureKind.PROXY}
_ON_THE_WAY: Final = _NETWORK | {
    FailureKind.TIMEOUT,
    FailureKind.IDLE,
    FailureKind.INCOMPLETE,
    FailureKind.TLS,
}
"""What a request comes to while there is no network; a log-in page in its place spoils TLS."""

_SIGNS: Final = (
    "Network is unreachable",  # ENETUNREACH, of a machine without a route
    "Network is down",  # ENETDOWN
    "unreachable network",  # the same on Windows, 10051
    "Temporary failure in name resolution",  # EAI_AGAIN: no name server answers
)


class _Witness:
    """A host that has answered: when it did last, and how often its failures were its own since."""

    __slots__ = ("answered_at", "strikes")

    def __init__(self, answered_at: float) -> None:
        self.answered_at = answered_at
        self.strikes = 0


class Outage:
    """Watches answers and failures, and keeps back what an outage would spoil.

    All times are seconds of a monotonic clock. What is kept back comes out of `tick`
    again, at the latest `DOUBT_S` later or when the outage ends.

    Args:
        max_s: Seconds that an outage may last; then `is_over` says so.
    """

    def __init__(self, max_s: float) -> None:
        self._max_s = max_s
        self._witnesses: dict[str, _Witness] = {}  # the one that answered last stands last
        self._silent: dict[
            str, bool
        ] = {}  # failed since anybody answered; whether the failure itself says why
        self._silent_from = math.inf  # when the first of them failed, in seconds since 1970
        self._doubt: deque[tuple[float, Failure]] = deque()
        self._stand: list[Failure] = []
        self._again: list[Request] = []
        self._began_at: float | None = None
        self._last: Failure | None = None
        self._probe: str | None = None  # the target that is out
        self._probe_at = 0.0
        self._probe_wait_s = 1.0

    @property
    def is_on(self) -> bool:
        """Whether the network is taken to be gone; nothing but probes is sent then."""
        return self._began_at is not None

    def answered(self, host: str, response: Response, now: float) -> None:
        """A host answered, whatever the status: the network is there.

        An answer that was whole before the first failure came proves nothing; it only was slower to reach us.
        """
        # Its end at the latest: the time of connecting lies before the one and is part of the other.
        if response.fetched_at + response.elapsed_s >= self._silent_from:
            self._refute(host)
        witness = self._witnesses.pop(host, None) or _Witness(now)
        witness.answered_at, witness.strikes = now, 0
        self._witnesses[host] = witness
        if len(self._witnesses) > _MOST_WITNESSES:
            oldest = next(iter(self._witnesses))
            del self._witnesses[oldest]
            self._silent.pop(oldest, None)

    def remember(self, hosts: Iterable[str], now: float) -> None:
        """These hosts answered in an earlier run: that they all fail now says something."""
        for host in hosts:
            self._witnesses[host] = _Witness(now)

    def _refute(self, host: str) -> None:
        for each in self._silent:
            witness = self._witnesses[each]
            witness.strikes += each != host
            if witness.strikes >= _STRIKES:
                del self._witnesses[each]
        self._silent.clear()
        self._silent_from = math.inf
        self._stand.extend(failure for _, failure in self._doubt)
        self._doubt.clear()
        self._began_at = None

    def holds(self, host: str, failure: Failure, now: float, *, is_last: bool) -> bool:
        """A request came to nothing. True: leave it be, its try does not count; `tick` gives it back.

        Args:
            host: Whom it was for.
            failure: Why; `failed_at` tells it from answers that are older.
            now: When that became known.
            is_last: Whether it would end its URL: no further try is made.
        """
        request = failure.request
        if request.target == self._probe:
            self._probe = None
        may_be_sent_again = failure.kind in _NOTHING_SENT or request.method in IDEMPOTENT
        if self.is_on:
            if failure.kind not in _ON_THE_WAY or not may_be_sent_again:
                return False
            self._last = failure
            self._again.append(request)
            return True
        if failure.kind not in _NETWORK:
            return False
        self._silent_from = min(self._silent_from, failure.failed_at)
        if host in self._witnesses:
            self._silent[host] = self._silent.get(host, False) or _says_so(failure)
            self._last = failure
        if not may_be_sent_again:
            return False
        if self._is_gone(now, is_idle=False):
            self._begin(now)
            self._again.append(request)
            return True
        if is_last and len(self._witnesses) > len(self._silent):  # somebody can say yet what it was
            self._doubt.append((now, failure))
            return True
        return False

    def tick(self, now: float, *, is_idle: bool) -> tuple[list[Failure], list[Request]]:
        """Failures that stand after all, and requests to be sent again as they are.

        Args:
            now: The time.
            is_idle: Nothing is out, and nothing waits for its moment: nobody else will answer.
        """
        if not self.is_on:
            if self._is_gone(now, is_idle=is_idle):
                self._begin(now)
            while self._doubt and (
                is_idle or len(self._doubt) > MOST_IN_DOUBT or now >= self._doubt[0][0] + DOUBT_S
            ):
                self._stand.append(self._doubt.popleft()[1])
        stand, self._stand = self._stand, []
        again, self._again = self._again, []
        return stand, again

    def _is_gone(self, now: float, *, is_idle: bool) -> bool:
        if len(self._silent) >= _ENOUGH:
            return True
        if not any(self._silent.values()):
            return False
        others = (
            each.answered_at for name, each in reversed(self._witnesses.items()) if name not in self._silent
        )
        return is_idle or now >= next(others, -math.inf) + DOUBT_S

    def _begin(self, now: float) -> None:
        self._began_at = now
        self._again.extend(failure.request for _, failure in self._doubt)
        self._doubt.clear()
        self._probe = None
        self._probe_wait_s = 1.0
        self._probe_at = now + self._probe_wait_s

    # While it is on

    def is_probe_due(self, now: float) -> bool:
        """Whether one request may be sent, to see if anybody answers."""
        return self.is_on and now >= self._next_probe()

    def rank(self, host: str) -> int:
        """How good a host is for a probe; 0 is best: it answered before, and did not fail with the others."""
        if host not in self._witnesses:
            return 2
        return 1 if host in self._silent else 0

    def probed(self, request: Request, now: float) -> None:
        """This request went out as a probe; the next follows later, each time twice as late."""
        self._probe = request.target
        self._probe_at = now + self._probe_wait_s
        self._probe_wait_s = min(2 * self._probe_wait_s, LONGEST_PROBE_S)

    def _next_probe(self) -> float:
        """When: after the last one came back, or so much later that its worker must have died."""
        return self._probe_at if self._probe is None else self._probe_at + LONGEST_PROBE_S

    def next_moment(self) -> float | None:
        """When there is something to do here, without anything coming; None for never."""
        if self._began_at is not None:
            return min(self._began_at + self._max_s, self._next_probe())
        return self._doubt[0][0] + DOUBT_S if self._doubt else None

    def is_over(self, now: float) -> bool:
        """Whether the outage has lasted too long for this crawl."""
        return self._began_at is not None and now >= self._began_at + self._max_s

    def words(self) -> str:
        """What is said of an outage that lasts too long."""
        last = "" if self._last is None else f" ({self._last.message}, {self._last.request.target})"
        return (
            f"the network is gone: what answered before answers no more{last}, for {spoken(self._max_s)}; "
            "see to it, and run the same command again"
        )


def _says_so(failure: Failure) -> bool:
    """Whether a failure is one of this machine's network and not of the far end."""
    return any(sign in failure.message for sign in _SIGNS)
