"""Hosts that never answered: waiting for them must not take the lanes from those that do.

A list of addresses from anywhere holds many at which nobody is. Each lets a lane wait for
the whole connect timeout, time and again, before it is known to be dead. So of such *strangers*:

* tries after the first stand behind everything else (`Departures.go_last`), minutes later
  perhaps, which also tells more than a second one at once would;
* while others have something to do, half of the lanes at most are let wait for them;
* they are connected to more quickly, once answers show how far away servers are: in
  `QUICK_SHARE` of the connect timeout. Their last try has all of it; once
  `ENOUGH_IN_VAIN` of those in a row were in vain as well, no more of them are made.

Nothing here waits and no clock is read: times are passed in, of a monotonic clock.
"""

from collections import deque
from typing import Final

from ..model import Failure, Outcome

QUICK_SHARE: Final = 0.3
"""Of the connect timeout: 1.5 s of 5, in which a lost SYN is sent a second time (RFC 6298, 2: after 1 s)."""

ENOUGH_ANSWERS: Final = 50
"""First answers of hosts after which it is known how far away servers are."""

ENOUGH_IN_VAIN: Final = 50
"""Patient last tries in a row that came to nothing, after which no more patience is spent."""

STUCK_S: Final = 0.5
"""Seconds without an answer after which a lane counts as waiting for nobody."""

_FARTHER: Final = 5
"""How often the usual first answer, connection included, must fit into a quick connect."""

_MOST_KNOWN: Final = 20_000
_SILENCE: Final = frozenset({"connect_timeout", "timeout", "idle_timeout"})


class Silent:
    """Knows which hosts have answered, and who waits for those that have not.

    Args:
        lanes: Requests that may be out at once.
        connect_s: Seconds of the connect timeout.
        retries: Tries after the first.

    Attributes:
        is_near: Servers answer fast enough for quick connects.
    """

    def __init__(self, *, lanes: int, connect_s: float, retries: int) -> None:
        """Nobody has answered yet."""
        self._lanes = lanes
        self._quick_s = connect_s * QUICK_SHARE
        self._retries = retries
        self._known: dict[str, None] = {}  # hosts that answered; of very many, the latest
        self._first_s: deque[float] = deque(maxlen=4 * ENOUGH_ANSWERS)
        self._strangers_met = 0
        self.is_near = False
        self._in_vain = 0
        self._out: dict[str, float] = {}  # targets of strangers that are out, since when; oldest first

    @property
    def out(self) -> int:
        """Requests to strangers that are out."""
        return len(self._out)

    def is_stranger(self, host: str) -> bool:
        """Whether a host has not answered in this run."""
        return host not in self._known

    def asked(self, host: str, target: str, now: float) -> None:
        """A request goes out."""
        if host not in self._known:
            self._out[target] = now

    def came(self, target: str) -> None:
        """A request is back, or lost with its worker."""
        if self._out:
            self._out.pop(target, None)

    def answered(self, host: str, outcome: Outcome) -> None:
        """A host answered, whatever it said."""
        if host in self._known:
            return
        self._known[host] = None
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        if outcome.request.attempt > self._retries:
            self._in_vain = 0
        self._first_s.append(outcome.elapsed_s)
        self._strangers_met += 1
        if self._strangers_met >= ENOUGH_ANSWERS and not self._strangers_met % 10:
            usual_s = sorted(self._first_s)[len(self._first_s) // 2]
            self.is_near = _FARTHER * usual_s <= self._quick_s

    def is_silence(self, host: str, outcome: Outcome) -> bool:
        """Whether a failure is one of a host that never answered, and let us wait."""
        return isinstance(outcome, Failure) and outcome.kind.value in _SILENCE and host not in self._known

    def failed(self, host: str, outcome: Outcome) -> None:
        """A request failed for good."""
        if self.is_near and self.is_silence(host, outcome):
            self._in_vain += 1

    def is_quick(self, host: str, attempt: int) -> bool:
        """Whether this try need not wait for a connection as long as others."""
        return (
            self.is_near
            and host not in self._known
            and (attempt <= self._retries or self._in_vain >= ENOUGH_IN_VAIN)
        )

    def is_hopeless(self, host: str, attempt: int) -> bool:
        """Whether a last try, which is not the first, need not be made at all."""
        is_last = 1 < attempt > self._retries
        return is_last and self._in_vain >= ENOUGH_IN_VAIN and host not in self._known

    def is_crowded(self, now: float) -> bool:
        """Whether half of the lanes wait for hosts that never answered, for long enough to be noticed."""
        half = max(1, self._lanes // 2)
        if len(self._out) < half:
            return False
        stuck = 0
        for since in self._out.values():
            if now - since < STUCK_S:
                break
            stuck += 1
        return stuck >= half

    def room(self, *, has_others: bool) -> int:
        """How many more strangers may be tried again: on half of the lanes while others have something to do."""
        return (max(1, self._lanes // 2) if has_others else self._lanes) - len(self._out)
