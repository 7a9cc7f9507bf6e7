"""How much may go out or come in a second: one debt, paid off by time.

A request or a byte costs a share of a second. Who spent more than has passed waits until
it is paid. So over any time T at most `per_s * (T + CREDIT_S)` units are spent, and beyond
that what was under way when the debt was made: the size of an answer is known when it is here.
"""

from typing import Final

CREDIT_S: Final = 0.05
"""Seconds' worth that may be spent at once after a pause, since no clock wakes on time."""


class Budget:
    """Units a second: requests, or bytes.

    Args:
        per_s: Units a second, above 0.

    Attributes:
        next_at: When more may be spent, on the clock that the calls pass in.
    """

    __slots__ = ("_expected", "_mean", "_out", "_second", "next_at")

    def __init__(self, per_s: float) -> None:
        """Nothing is owed."""
        self._second = per_s
        self._mean = 0.0  # units of an answer, of late
        self._expected = 0.0  # units that were set aside for what is under way
        self._out = 0
        self.next_at = float("-inf")

    def spend(self, units: float, now: float) -> None:
        """Spend so many units now."""
        self.next_at = max(self.next_at, now - CREDIT_S) + units / self._second

    def spent_at(self, moment: float) -> None:
        """A unit was really spent at this moment: a worker that had to start first made it later than `spend` knew."""
        self.next_at = max(self.next_at, moment - CREDIT_S + 1.0 / self._second)

    # Bytes: what an answer will cost is not known when it is asked for

    def expect(self, now: float) -> None:
        """A request goes out: set aside what an answer takes on average, so that many at once do not overdraw."""
        self._out += 1
        self._expected += self._mean
        self.spend(self._mean, now)

    def took(self, units: float) -> None:
        """An answer took so many units."""
        self._mean += (0.125 if self._mean else 1.0) * (units - self._mean)
        self.next_at += units / self._second

    def over(self) -> None:
        """A request is over, however it went: give back what was set aside for it."""
        if self._out:
            aside = self._expected / self._out
            self._out -= 1
            self._expected -= aside
            self.next_at -= aside / self._second
