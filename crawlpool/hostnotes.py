"""What is told at the end, and while it runs, of hosts that were asked slowly, rested, or were given up.

Only counts and seconds, of the first `MOST_HOSTS` hosts of which there is anything to tell.
"""

import math
from dataclasses import dataclass, field
from typing import Final

MOST_HOSTS: Final = 1_000


@dataclass(slots=True)
class HostNote:
    """What there is to tell of one host.

    Attributes:
        delay_s: Seconds between two requests to it that its robots.txt asks for, as far as they are kept.
        waiting: Its URLs that waited when that was last looked at.
        asked_s: Seconds of rest that it asked for (Retry-After, 429), added up.
        failing_s: Seconds of rest that it got because it failed, added up.
        rests: How many rests those were, of both kinds.
        until: When the last of them is over, on a monotonic clock.
        is_failing: The last was because it failed.
        cause: What made it rest last, in a few words.
        held_s: Seconds that it was held back though something waited for it, by cause: of the hosts that were longest.
        is_given_up: Nothing more is asked of it.
    """

    delay_s: float = 0.0
    waiting: int = 0
    asked_s: float = 0.0
    failing_s: float = 0.0
    rests: int = 0
    until: float = -math.inf
    is_failing: bool = False
    cause: str = ""
    held_s: dict[str, float] = field(default_factory=dict)
    is_given_up: bool = False

    @property
    def would_take_s(self) -> float:
        """Seconds that what waits for it takes at its delay."""
        return self.waiting * self.delay_s


class HostNotes(dict[str, HostNote]):
    """Notes by host."""

    def of(self, host: str) -> HostNote:
        """The note of a host, made when it is first asked for; beyond the bound it is kept nowhere."""
        note = self.get(host)
        if note is None:
            note = HostNote()
            if len(self) < MOST_HOSTS:
                self[host] = note
        return note

    def rested(self, host: str, wait_s: float, cause: str, *, is_failing: bool, now: float) -> None:
        """A host is asked nothing for a while; time in which it rests already is not counted twice."""
        note = self.of(host)
        note.rests += 1
        note.cause = cause
        self._count(note, max(0.0, now + wait_s - max(now, note.until)), is_failing=is_failing)
        note.until = max(note.until, now + wait_s)
        note.is_failing = is_failing

    def ended(self, now: float) -> None:
        """The crawl is over: what is left of a rest was not rested."""
        for note in self.values():
            if note.until > now:
                self._count(note, now - note.until, is_failing=note.is_failing)
                note.until = now

    @staticmethod
    def _count(note: HostNote, seconds: float, *, is_failing: bool) -> None:
        if is_failing:
            note.failing_s = max(0.0, note.failing_s + seconds)
        else:
            note.asked_s = max(0.0, note.asked_s + seconds)

    def given_up(self, host: str, cause: str) -> None:
        """A host is asked nothing more in this run."""
        note = self.of(host)
        note.is_given_up, note.cause = True, cause
