"""What a crawl does while the network is gone, or may be: hold back, probe, and end when it stays away.

Whether it is gone is judged in `polite/outage.py`; here is what follows from that. While
it is gone nothing is sent but one probe at a time, to a host that should answer if any does.
"""

import logging

from .departures import Departures
from .errors import NetworkError
from .model import Failure, Request
from .polite.gate import Gate
from .polite.outage import LONGEST_PROBE_S, Outage

log = logging.getLogger("crawlpool")

_MOST_LOOKED_AT = 100
"""Hosts among which one is sought for a probe."""


class Network:
    """The network, as far as a crawl can tell.

    Args:
        outage: Judges.
        gate: Says which hosts may be asked.
        departures: What goes out again.
    """

    def __init__(self, *, outage: Outage, gate: Gate, departures: Departures) -> None:
        """It is there."""
        self._outage = outage
        self._gate = gate
        self._departures = departures
        self._was_gone = False
        self._grace_until = 0.0  # after a pause, in which nobody was probed

    @property
    def is_gone(self) -> bool:
        """Whether nothing may be sent but probes."""
        return self._outage.is_on

    @property
    def next_moment(self) -> float | None:
        """When there is something to do here, without anything coming; None for never."""
        return self._outage.next_moment()

    def watch(self, now: float, *, is_idle: bool, is_stopping: bool, is_paused: bool) -> list[Failure]:
        """Let go again what was held back, and give the failures that stand after all.

        Args:
            now: The time.
            is_idle: Nothing is out, and nothing waits for its moment.
            is_stopping: The crawl ends anyway.
            is_paused: Nothing may be sent, so nobody knows whether the network is back.

        Raises:
            NetworkError: The network is gone for good, as far as this run is concerned.
        """
        stand, again = self._outage.tick(now, is_idle=is_idle)
        for request in again:
            self._departures.go(request)
        self.note()
        if is_paused:
            self._grace_until = now + LONGEST_PROBE_S
        if self._outage.is_over(now) and now >= self._grace_until and not is_stopping:
            raise NetworkError(self._outage.words())
        return stand

    def note(self) -> None:
        """Say it once when the network goes, and once when it is back."""
        if self.is_gone != self._was_gone:
            self._was_gone = self.is_gone
            log.warning("network.gone probing" if self.is_gone else "network.back")

    def probe(self, now: float) -> tuple[str, Request] | None:
        """A host and the request by which to see whether anybody answers; None while none is due."""
        if not self._outage.is_probe_due(now):
            return None
        each = self._best_host(now)
        request = None if each is None else self._departures.next_of(each, now)
        if each is None or request is None:
            return None
        self._outage.probed(request, now)
        return each, request

    def _best_host(self, now: float) -> str | None:
        """One that answered before, and did not fail with the others, if there is one; the others keep their turn."""
        best: str | None = None
        others: list[str] = []
        for _ in range(_MOST_LOOKED_AT):
            each = self._gate.next_host(now)
            if each is None:
                break
            if best is None or self._outage.rank(each) < self._outage.rank(best):
                others.extend([] if best is None else [best])
                best = each
            else:
                others.append(each)
            if self._outage.rank(best) == 0:
                break
        for each in others:
            self._gate.passed(each, now)
        return best
