"""How long hosts were held although a request waited for them, and by what."""

import heapq
from dataclasses import dataclass

MOST_HELD = 5000
"""Hosts of which that is counted; the first so many."""


@dataclass(slots=True)
class Slowed:
    """How long a host was held although a request waited for it, and by what.

    Attributes:
        host: The host.
        held_s: Seconds by reason, as `Gate.why` has them; 0.0 where only the number at once was lowered.
        at_once: Requests that it may have at once now.
        spacing_s: Seconds between two requests now.
    """

    host: str
    held_s: dict[str, float]
    at_once: int = 0
    spacing_s: float = 0.0

    @property
    def reason(self) -> str:
        """What held it longest."""
        return max(self.held_s, key=self.held_s.__getitem__)

    @property
    def whole_s(self) -> float:
        """Seconds in all."""
        return sum(self.held_s.values())


class Held:
    """Counts it, host by host."""

    def __init__(self) -> None:
        """Nobody was held."""
        self._hosts: dict[str, Slowed] = {}

    def add(self, host: str, reason: str, seconds: float) -> None:
        """A host was held so long."""
        held = self._hosts.get(host)
        if held is None:
            if len(self._hosts) >= MOST_HELD:
                return
            held = self._hosts[host] = Slowed(host, {})
        held.held_s[reason] = held.held_s.get(reason, 0.0) + seconds

    def longest(self, most: int) -> list[Slowed]:
        """Those that were held longest."""
        return heapq.nlargest(most, self._hosts.values(), key=lambda each: each.whole_s)
