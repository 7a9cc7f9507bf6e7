"""What goes into a crawl: seeds as they are read, what handlers ask for, and what waits from before.

seeds ─▶ plant ─┐
handlers ─▶ add ┴▶ admitted? ─▶ frontier, whose host the gate then knows of
                        └─▶ no URL: a record of its own
sitemaps ─▶ in scope? ────────▶ frontier, as if listed

Seeds and sitemaps are read as the crawl goes, so that a list may be longer than memory.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from .following import Following
from .frontiers.base import Frontier
from .model import Failure, Request
from .outgoing import Outgoing
from .polite.gate import Gate
from .sitemaps import Sitemaps
from .stats import Stats
from .urls import host

if TYPE_CHECKING:
    from .trace import Trace

SEEDS_AHEAD = 10_000
"""Seeds that are read ahead of the crawl, so that a list of one host after another still keeps many busy."""
SEEDS_SLICE_S = 0.02


class Arrivals:
    """The way into the frontier.

    Args:
        frontier: Where URLs wait.
        gate: Told which hosts have something.
        following: Says what may be crawled at all.
        outgoing: Told which hosts are the seeds' own.
        sitemaps: What seeds' sites list of themselves.
        stats: Counts the seeds.
        refuse: Called with the failure of what is no URL; it gets a record.
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        gate: Gate,
        following: Following,
        outgoing: Outgoing,
        sitemaps: Sitemaps,
        stats: Stats,
        refuse: Callable[[Failure], None],
    ) -> None:
        """Start without seeds."""
        self._frontier = frontier
        self._gate = gate
        self._following = following
        self._outgoing = outgoing
        self._sitemaps = sitemaps
        self._stats = stats
        self._end = refuse
        self._seeds: Iterator[Request] | None = None
        self._is_resumed = False
        self._on_read: Callable[[], object] | None = None
        self.trace: Trace | None = None

    @property
    def has_more_seeds(self) -> bool:
        """Whether the seeds, or a sitemap that is here, are not read to their end yet."""
        return self._seeds is not None or self._sitemaps.is_reading

    @property
    def wants_seeds(self) -> bool:
        """Whether more of them should be read now."""
        return self.has_more_seeds and self._frontier.waiting() < SEEDS_AHEAD

    def feed(self, seeds: Iterable[Request], *, on_read: Callable[[], object] | None = None) -> None:
        """Name the seeds; they are read as the crawl goes.

        Args:
            seeds: What the user listed.
            on_read: Called once when all were read, and all sitemaps too; never if one failed that
                the user named.
        """
        self._seeds = iter(seeds)
        self._on_read = on_read

    def add(self, requests: Iterable[Request]) -> None:
        """Put requests of the user's own into the frontier; those that are known already are dropped."""
        if requests == ():
            return
        good, bad = self._following.admitted(requests)
        self._refuse(bad)
        # One that a handler made of a seed's request is no seed: the URL may be a page's word.
        fresh = self._frontier.add(
            [replace(each, is_listed=False, source="") if each.is_listed else each for each in good]
        )
        for request in fresh:
            self._following.traps.count(request.target)
        self.wake(fresh)

    def count_again(self, found: Iterable[str]) -> None:
        """Count the URLs that an earlier run found, in their order, so that traps are judged as they were."""
        for target in found:
            self._following.traps.count(target)

    def go_on(self, listed: Iterable[tuple[str, str]], from_sitemaps: Iterable[tuple[str, str]] = ()) -> None:
        """Take up what waits in the frontier from an earlier run.

        Args:
            listed: URLs that the user named then, each with the one where its redirects ended.
            from_sitemaps: The same of the URLs that were read in sitemaps.
        """
        self._is_resumed = True
        for target, final_url in listed:
            self._outgoing.add_seed(target)
            self._following.scope.add_seed(target)
            if final_url != target:
                self._following.scope.add_host_of(final_url)
            self._sitemaps.seed_came(final_url, is_new=False)
        for target, _ in from_sitemaps:  # in scope then, but no word of the user's: trusted with nothing
            self._following.scope.add_seed(target)
            self._following.traps.admit_listed(target)
        self._sitemaps.remember_scope()
        for each in self._frontier.hosts():
            self._gate.wake(each)

    def read_seeds(self) -> None:
        """Read on in sitemaps and seeds, for a short while, unless enough wait already."""
        until = time.monotonic() + SEEDS_SLICE_S
        while self.wants_seeds:
            if self._sitemaps.is_reading:  # first, since its body takes memory
                self._take_listed(self._sitemaps.read())
            elif self._seeds is not None:
                seed = next(self._seeds, None)
                if seed is None:
                    self._seeds = None
                else:
                    self.plant(seed)
            if time.monotonic() > until:
                break
        if self._on_read is not None and self._seeds is None and self._sitemaps.is_done:
            self._on_read()
            self._on_read = None

    def _take_listed(self, requests: list[Request]) -> None:
        """Put what a sitemap lists into the frontier; what is known already is no news."""
        fresh = self._frontier.add(requests)
        self.wake(fresh)
        self._stats.listed(len(fresh))
        self._stats.sitemap_urls += len(fresh)

    def plant(self, seed: Request) -> None:
        """Put a seed into the frontier: its host is in scope, and gets what the user gave for the seeds."""
        good, bad = self._following.admitted([seed])
        self._refuse(bad)
        for each in good:
            self._outgoing.add_seed(each.target)
            self._following.scope.add_seed(each.target)
        fresh = self._frontier.add(good)
        for each in good:
            self._sitemaps.seed_came(each.target, is_new=bool(fresh))
        self.wake(fresh)
        if fresh or bad:
            self._stats.listed()
        elif not self._is_resumed:  # else it may well be one of an earlier run
            self._stats.duplicate()

    def _refuse(self, bad: Iterable[Failure]) -> None:
        for failure in bad:
            if not self._frontier.mark(replace(failure.request, target=failure.request.url)):
                continue  # recorded already, under the text that is no URL
            self._end(replace(failure, failed_at=time.time()))

    def wake(self, requests: Iterable[Request]) -> None:
        """Tell the gate of the hosts of what was accepted."""
        if self.trace is not None:
            self.trace.found(requests)
        for each in {host(request.target) for request in requests}:
            self._gate.wake(each)
