"""What goes into a crawl: seeds as they are read, what handlers ask for, and what waits from before.

seeds ─▶ plant ─┐
handlers ─▶ add ┴▶ admitted? ─▶ frontier, whose host the gate then knows of
                        └─▶ no URL: a record of its own

Seeds are read as the crawl goes, so that a list may be longer than memory.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from .following import Following
from .frontiers.base import Frontier
from .model import Failure, Request
from .outgoing import Outgoing
from .polite.gate import Gate
from .stats import Stats
from .urls import host

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
        stats: Stats,
        refuse: Callable[[Failure], None],
    ) -> None:
        """Start without seeds."""
        self._frontier = frontier
        self._gate = gate
        self._following = following
        self._outgoing = outgoing
        self._stats = stats
        self._end = refuse
        self._seeds: Iterator[Request] | None = None
        self._is_resumed = False

    @property
    def has_more_seeds(self) -> bool:
        """Whether the seeds are not read to their end yet."""
        return self._seeds is not None

    @property
    def wants_seeds(self) -> bool:
        """Whether more of them should be read now."""
        return self._seeds is not None and self._frontier.waiting() < SEEDS_AHEAD

    def feed(self, seeds: Iterable[Request]) -> None:
        """Name the seeds; they are read as the crawl goes."""
        self._seeds = iter(seeds)

    def add(self, requests: Iterable[Request]) -> None:
        """Put requests of the user's own into the frontier; those that are known already are dropped."""
        good, bad = self._following.admitted(requests)
        self._refuse(bad)
        self.wake(self._frontier.add(good))

    def go_on(self, listed: Iterable[tuple[str, str]]) -> None:
        """Take up what waits in the frontier from an earlier run.

        Args:
            listed: URLs that the user named then, each with the one where its redirects ended.
        """
        self._is_resumed = True
        for target, final_url in listed:
            self._outgoing.add_seed(target)
            self._following.scope.add_seed(target)
            if final_url != target:
                self._following.scope.add_host_of(final_url)
        for each in self._frontier.hosts():
            self._gate.wake(each)

    def read_seeds(self) -> None:
        """Read on in the seeds, for a short while, unless enough wait already."""
        until = time.monotonic() + SEEDS_SLICE_S
        while self._seeds is not None and self.wants_seeds:
            seed = next(self._seeds, None)
            if seed is None:
                self._seeds = None
                return
            self.plant(seed)
            if time.monotonic() > until:
                return

    def plant(self, seed: Request) -> None:
        """Put a seed into the frontier: its host is in scope, and gets what the user gave for the seeds."""
        good, bad = self._following.admitted([seed])
        self._refuse(bad)
        for each in good:
            self._outgoing.add_seed(each.target)
            self._following.scope.add_seed(each.target)
        fresh = self._frontier.add(good)
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
        for each in {host(request.target) for request in requests}:
            self._gate.wake(each)
