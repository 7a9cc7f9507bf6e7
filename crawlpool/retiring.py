"""Lanes on their way out: closed and ending by themselves, or killed and being taken apart.

Nobody waits for them while the crawl goes on; it looks after them now and then.
"""

import time

from .backends.base import Lane

CLOSING_S = 5.0
"""Seconds that a worker which was told to end gets for it while the crawl goes on; then it is killed."""

TAKEN_APART_S = 3.0
"""Seconds that the pools of killed workers get to be taken apart before we go on without."""


class Retiring:
    """Lanes that are no longer used, until nothing of theirs is left."""

    def __init__(self) -> None:
        """Start with none."""
        self._closing: list[tuple[Lane, float]] = []  # and when they were told
        self._killed: list[Lane] = []

    def close(self, lane: Lane, now: float) -> None:
        """Let an idle worker end by itself."""
        lane.close()
        self._closing.append((lane, now))

    def kill(self, lane: Lane) -> None:
        """End a worker at once; a thread is abandoned."""
        lane.kill()
        if lane.can_be_killed:
            self._killed.append(lane)

    def look(self, now: float) -> None:
        """Let go of those that have ended, and kill those that should have; does not wait."""
        self._killed = [each for each in self._killed if not each.join(0.0)]
        closing, self._closing = self._closing, []
        for lane, since in closing:
            if lane.join(0.0):
                continue
            if now - since > CLOSING_S:
                self.kill(lane)
            else:
                self._closing.append((lane, since))

    def wait(self, timeout_s: float = 0.0) -> None:
        """Wait so long for the closed to end by themselves and kill the others; then for what is left of them."""
        until = time.monotonic() + timeout_s
        for lane, _ in self._closing:
            if not lane.join(max(0.0, until - time.monotonic())):
                self.kill(lane)
        self._closing.clear()
        until = time.monotonic() + TAKEN_APART_S
        for lane in self._killed:
            lane.join(max(0.0, until - time.monotonic()))
        self._killed.clear()
