"""Counts of one part of a crawl: a host, a selected column, the earlier runs of its job."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What earlier runs of a job did.

    Attributes:
        pages: URLs that came to an end.
        failed: Those of them without a good answer.
        listed_failed: Those of them that the user named.
        listed_waiting: URLs that the user named and that still wait.
    """

    pages: int = 0
    failed: int = 0
    listed_failed: int = 0
    listed_waiting: int = 0


class HostCount:
    """What one host has cost and given.

    Attributes:
        pages: Its URLs that came to an end, however that was.
        failed: Those of them without an answer, with status 400 or more, or lost to a handler.
        bytes: Sum of the bodies' sizes, coding removed.
        elapsed_s: Sum over their last requests, from sending to the last byte.
    """

    __slots__ = ("bytes", "elapsed_s", "failed", "pages")

    def __init__(self) -> None:
        self.pages = 0
        self.failed = 0
        self.bytes = 0
        self.elapsed_s = 0.0

    @property
    def mean_s(self) -> float:
        """Seconds of one request, on average."""
        return self.elapsed_s / self.pages if self.pages else 0.0


class Selected:
    """How the search for one column went, over all pages where it was looked for.

    Attributes:
        looked: Those pages.
        missed: Those of them without a match.
        cut: Those of them with more than is kept of one, or where the search was given up.
    """

    __slots__ = ("cut", "looked", "missed")

    def __init__(self) -> None:
        self.looked = 0
        self.missed = 0
        self.cut = 0

    def count(self, *, is_found: bool, is_cut: bool) -> None:
        """Count one page."""
        self.looked += 1
        self.missed += not is_found
        self.cut += is_cut
