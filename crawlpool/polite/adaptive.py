"""One host's pace as its answers say: down at once when it complains or slows, up again slowly.

    at once    8 ─▶ 4 ─▶ 2 ─▶ 1                         each complaint halves it
    spacing                   1 ─▶ 0.5 s ─▶ 1 s ─▶ ... ─▶ 60 s
    and back, a step after some good answers: the spacing first, then one more at once

Never faster than the rule, which is where it begins. A *complaint* is a 429, a 503, or a
second timeout with no good answer in between. A *rise* is lasting and big: the time to
the first byte of each of the last eight good answers is more than three times what is usual
for this host and 100 ms beyond it. So one slow page is none, nor is a host that always was
slow. A rise lowers the number at once to 1, where it shows how long the host takes unloaded.

What was asked before the last fall says nothing about the pace since, and is not heard.
"""

import math
from typing import Final, Literal, TypeAlias

Sign: TypeAlias = Literal["good", "plain", "complaint", "timeout", ""]
"""What an outcome says of its host's load.

good:      An answer of the usual kind, whose time counts.
plain:     An answer that came well, whose time tells nothing (a redirect, robots.txt, a 404).
complaint: The server says that it is too much: 429 (RFC 6585, 4), 503 (RFC 9110, 15.6.4).
timeout:   No answer in time.
"":        Nothing (a broken connection, a name that does not resolve).
"""

LONGEST_S: Final = 60.0
"""Seconds between two requests that a slow server may bring about, at most."""

FIRST_S: Final = 0.5
"""Seconds between two requests, where one at once is still too much."""

GOOD_ENOUGH: Final = 16
"""Good answers after which the pace goes up a step, while the host is asked without a break."""

GOOD_SPACED: Final = 4
"""The same while there is a spacing, which makes them rare."""

UNANSWERED_S: Final = 4.0
"""The most that complaints bring about with no good answer among them: such a host fails, and will rest (`ailing.py`)."""

TIMES: Final = 3.0
BEYOND_S: Final = 0.1
LASTING: Final = 8
"""What makes a rise: so many times the usual, so much beyond it, in so many answers one after the other."""

_UP: Final = 1.002
_DOWN: Final = 0.994
"""Steps of what is usual. It settles where three answers are slower for each one that is quicker."""


class Adaptive:
    """How fast one host may be asked, within the rule.

    Args:
        most: Requests at once by the rule.

    Attributes:
        at_once: Requests at once, now.
        spacing_s: Seconds between the starts of two requests; 0.0 for none.
    """

    __slots__ = (
        "_fell_at",
        "_good",
        "_has_answered",
        "_is_doubtful",
        "_most",
        "_recent",
        "_usual_s",
        "at_once",
        "spacing_s",
    )

    def __init__(self, most: int) -> None:
        """Begin at the rule."""
        self._most = most
        self.at_once = most
        self.spacing_s = 0.0
        self._fell_at = -math.inf
        self._good = 0
        self._has_answered = False  # well, since the last fall
        self._is_doubtful = False  # one timeout, and nothing good since
        self._usual_s = 0.0  # time to the first byte that is usual; 0.0 while nothing is known
        self._recent: tuple[float, ...] = ()

    @property
    def is_slowed(self) -> bool:
        """Whether the host is asked less than the rule allows."""
        return self.at_once < self._most or self.spacing_s > 0

    @property
    def usual_s(self) -> float:
        """Seconds to the first byte that are usual for this host; 0.0 while that is unknown."""
        return self._usual_s

    def hear(self, sign: Sign, *, began_at: float, now: float, wait_s: float, elsewhere: float = 1.0) -> str:
        """Take an outcome's sign; say what became of the pace: "slowed", "recovering" or "".

        Args:
            sign: What it says.
            began_at: When its request went out.
            now: The time.
            wait_s: Seconds from there to the first byte, less those that this machine was busy.
            elsewhere: How many times longer than usual other hosts take now: what rises everywhere
                is our own doing.
        """
        if not sign or began_at < self._fell_at:
            return ""
        if sign == "timeout":
            is_first, self._is_doubtful = not self._is_doubtful, True
            if is_first:
                return ""
            sign = "complaint"
        if sign == "complaint":
            self._fall(now, self.at_once // 2)
            return "slowed"
        self._is_doubtful = False
        self._has_answered = True
        if sign == "good" and self._is_risen(wait_s, elsewhere):
            if self.at_once == 1 and not self.spacing_s and len(self._recent) == LASTING:
                # Alone, and slow: what it takes is not our load's doing until it gets worse.
                self._recent = ()
                self._usual_s *= 1.25
                return ""
            if self.at_once > 1:
                self._fall(now, 1)
                return "slowed"
            return ""
        return self._rise()

    def _fall(self, now: float, at_once: int) -> None:
        if self.at_once > 1:
            self.at_once = max(1, at_once)
        else:
            most = LONGEST_S if self._has_answered else max(self.spacing_s, UNANSWERED_S)
            self.spacing_s = min(most, max(FIRST_S, 2 * self.spacing_s))
        self._has_answered = False
        self._fell_at = now
        self._good = 0
        self._is_doubtful = False
        self._recent = ()

    def _rise(self) -> str:
        if not self.is_slowed:
            return ""
        self._good += 1
        if self._good < (GOOD_SPACED if self.spacing_s else GOOD_ENOUGH):
            return ""
        self._good = 0
        if self.spacing_s:
            # A step more a second each time, but never twice as fast at a stroke.
            slower = max(self.spacing_s / 2, 1 / (1 / self.spacing_s + 0.25 / FIRST_S))
            self.spacing_s = slower if slower >= FIRST_S else 0.0
        else:
            self.at_once += 1
        return "recovering"

    def _is_risen(self, wait_s: float, elsewhere: float) -> bool:
        """Whether this answer and those before it show a lasting rise; learns what is usual."""
        recent = self._recent = (*self._recent[1 - LASTING :], wait_s)
        usual = self._usual_s
        if not usual:
            if len(recent) == LASTING:
                self._usual_s = max(1e-4, sorted(recent)[1])  # one may have been a page kept ready
            return False
        self._usual_s = usual * (_UP if wait_s > usual else _DOWN)
        if len(recent) < LASTING:
            return False
        expected = usual * max(1.0, elsewhere)
        least = min(recent)
        return least > TIMES * expected and least - expected > BEYOND_S


class Elsewhere:
    """How much longer than usual the hosts take at this moment: if most do, it is our machine or our line."""

    MOST: Final = 64
    LATE_S: Final = 10.0
    ENOUGH: Final = 3

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        """Nothing is known."""
        self._seen: dict[str, tuple[float, float]] = {}  # host: when, and how many times the usual

    def note(self, host: str, times: float, now: float) -> None:
        """A host took so many times what is usual for it."""
        seen = self._seen
        seen.pop(host, None)
        seen[host] = (now, times)
        if len(seen) > self.MOST:
            del seen[next(iter(seen))]

    def times(self, host: str, now: float) -> float:
        """The median of all others of late; 1.0 when there are too few to tell."""
        late = sorted(
            times for name, (at, times) in self._seen.items() if name != host and now - at < self.LATE_S
        )
        return late[len(late) // 2] if len(late) >= self.ENOUGH else 1.0
