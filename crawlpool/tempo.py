"""How fast a crawl goes, and how long it has left.

Time is always passed in, in seconds of one steady clock such as `time.monotonic`.
"""

from collections import deque

_WINDOW_S = 10.0
_SAMPLE_S = 0.25


class Tempo:
    """The last ten seconds of a crawl, a sample every quarter of a second.

    Attributes:
        began: When the crawl began; None before.
        latest: When it was looked at last.
    """

    def __init__(self) -> None:
        """Nothing has begun."""
        self.began: float | None = None
        self.latest = 0.0
        self._samples: deque[tuple[float, int, int]] = deque()  # when, pages, all that is known to come

    def begin(self, now: float) -> None:
        """Say when the crawl began; without it, it began at the first `look`."""
        self.began = self.latest = now

    def look(self, now: float, *, pages: int, known: int) -> None:
        """Say how things stand: URLs that are done, and all that are known; called often, and cheap."""
        if self.began is None:
            self.began = now
        self.latest = now
        samples = self._samples
        if samples and now - samples[-1][0] < _SAMPLE_S:
            return
        samples.append((now, pages, known))
        while len(samples) > 2 and now - samples[1][0] >= _WINDOW_S:
            samples.popleft()

    def elapsed_s(self, now: float | None = None) -> float:
        """Seconds since the crawl began, up to `now` or else to the last look."""
        if self.began is None:
            return 0.0
        return max(0.0, (self.latest if now is None else now) - self.began)

    def pages_per_s(self, pages: int) -> float:
        """Pages a second over the last ten seconds, or since the crawl began if that is less."""
        if not self._samples:
            return 0.0
        since, before, _ = self._samples[0]
        span = self.latest - since
        return (pages - before) / span if span > 0 else 0.0

    def eta_s(self, now: float, *, pages: int, left: int, most_pages: int | None) -> float | None:
        """Seconds that are left, or None when that cannot be known; see `Stats.eta_s`.

        Args:
            now: The time.
            pages: URLs that are done.
            left: URLs that wait or are out.
            most_pages: After how many the crawl ends; None for no limit.
        """
        if len(self._samples) < 2:
            return None
        since, _, known = self._samples[0]
        total = pages + left
        if most_pages is not None and total >= most_pages:
            left = max(0, most_pages - pages)
        elif total > known or self.latest - since < 1.0:
            return None
        pace = self.pages_per_s(pages)
        if pace <= 0.0:
            return None
        return max(0.0, left / pace - (now - self.latest))
