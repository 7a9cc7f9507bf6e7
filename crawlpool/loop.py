"""The crawl: gate, frontier, crew, inbox, moved step by step.

                       ┌──────────── later: retries, until they are due
                       ▼                                             ▲
arrivals ─▶ frontier ─▶ departures ─▶ crew ═▶ workers ═▶ inbox ─▶ settling ─▶ landing
   seeds       ▲       gate, robots                               │  │    (parse, store)
               └────────────────── links, redirects ──────────────┘◀─┘

One thread runs all of this, the one that calls `step`. It sees promises only and
knows no backend, store or parser by name. Nothing here waits for the network. What
goes in (`arrivals.py`), what goes out next (`departures.py`) and what an outcome
sets off (`settling.py`) is decided there; here is when, and when it is over.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arrivals import Arrivals
from .backends.base import Delivery
from .blame import Lost
from .crew import LOOK_S, MOST_BYTES, Crew
from .departures import Departures
from .dispatch import Dispatch
from .folding import Folding
from .following import Following
from .frontiers.base import Frontier, Positions
from .growth import WAITING_S
from .hosts import Hosts
from .inbox import Inbox
from .keeping import Keeping
from .model import Response
from .network import Network
from .outgoing import Outgoing
from .polite.gate import Gate
from .polite.hearing import heard_of
from .polite.outage import Outage
from .polite.retry import RetryPolicy
from .polite.rulebook import Rulebook
from .settling import Landing, Settling
from .sitemaps import Sitemaps
from .stats import Stats
from .taking import Taking
from .urls import host

if TYPE_CHECKING:
    from .handling.placed import Placed
    from .parsecrew import ParseCrew
    from .trace import Trace

log = logging.getLogger("crawlpool")

COMMIT_S = 0.5
COMMIT_PAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a crawl ends by itself.

    Attributes:
        max_pages: Pages that are answered; None for no limit.
        max_time_s: Seconds after which no request is started; None for no limit.
        max_redirects: Redirects of one URL that are followed.
    """

    max_pages: int | None = None
    max_time_s: float | None = None
    max_redirects: int = 10


class Crawl:
    """One crawl, moved by calling `step` until it says that it is over.

    Attributes:
        ended: Why it ended: "finished", "max_pages", "max_time" or "stopped"; "" while it runs.
        is_paused: Nothing is started; what is out comes home. Any thread may set it.
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        gate: Gate,
        hosts: Hosts,
        crew: Crew,
        inbox: Inbox,
        rules: Rulebook,
        retry: RetryPolicy,
        outage: Outage,
        outgoing: Outgoing,
        following: Following,
        folding: Folding,
        sitemaps: Sitemaps,
        landing: Landing,
        limits: Limits,
        stats: Stats,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the parts; nothing is started."""
        self._frontier = frontier
        self._gate = gate
        self._hosts = hosts
        self._crew = crew
        self._inbox = inbox
        self._outage = outage
        self._folding = folding
        self._sitemaps = sitemaps
        self._landing = landing
        self._limits = limits
        self._clock = clock
        self.stats = stats
        self.keeping: Keeping | None = None  # of the pace, in a job
        self._trace: Trace | None = None
        self.ended = ""
        self._departures = Departures(
            frontier=frontier,
            gate=gate,
            rules=rules,
            hosts=hosts,
            max_pages=limits.max_pages,
            refuse=lambda failure: self._settling.conclude(failure, clock()),  # it is made below
        )
        self.arrivals = Arrivals(
            frontier=frontier,
            gate=gate,
            following=following,
            outgoing=outgoing,
            sitemaps=sitemaps,
            stats=stats,
            refuse=lambda failure: self._settling.refuse(failure),  # noqa: PLW0108  the same
        )
        self._settling = Settling(
            frontier=frontier,
            gate=gate,
            hosts=hosts,
            departures=self._departures,
            arrivals=self.arrivals,
            retry=retry,
            outage=outage,
            outgoing=outgoing,
            following=following,
            folding=folding,
            sitemaps=sitemaps,
            landing=landing,
            max_redirects=limits.max_redirects,
            stats=stats,
        )
        self._started_at = clock()
        stats.begin(self._started_at)
        self._committed_at = self._started_at - COMMIT_S  # the first page is shown at once
        self.is_paused = False
        self._is_stopping = False
        self._is_committing = False
        self._parsing: ParseCrew | None = None
        self._taking = Taking(following)
        self._network = Network(outage=outage, gate=gate, departures=self._departures)
        self._dispatch = Dispatch(
            gate=gate,
            hosts=hosts,
            crew=crew,
            departures=self._departures,
            network=self._network,
            outgoing=outgoing,
            landing=landing,
            clock=clock,
        )

    def go_on(
        self,
        *,
        listed: Iterable[tuple[str, str]],
        from_sitemaps: Iterable[tuple[str, str]],
        answered: Iterable[str],
        pages: Iterable[tuple[str, int | None, int | None]],
    ) -> None:
        """Take up what an earlier run left.

        Args:
            listed: URLs that the user named then, each with the one where its redirects ended.
            from_sitemaps: The same of the URLs that were read in sitemaps.
            answered: Hosts that answered then.
            pages: URL, digest and simhash of pages that were kept then.
        """
        self._outage.remember(answered, self._clock())
        self._folding.duplicates.restore(pages)
        self.arrivals.go_on(listed, from_sitemaps)

    def skip_sitemaps(self) -> None:
        """Ask for no sitemaps: an earlier run read them all."""
        self._sitemaps.skip()

    def trace(self, trace: "Trace") -> None:
        """Tell every step of every URL."""
        self._trace = self._departures.trace = self.arrivals.trace = trace
        self._crew.trace(trace)

    def parse_apart(self, parsing: "ParseCrew") -> None:
        """Have handlers called by a crew of their own."""
        self._parsing = self._settling.parsing = parsing

    def parse_beside(self, placed: "Placed | None") -> None:
        """Have handlers called by the workers that fetch; None: there are none to be called there."""
        self._dispatch.placed = placed

    # One move

    def step(self, patience_s: float = LOOK_S) -> bool:
        """Send what may go, wait for one answer at most this long, settle it; False when the crawl is over."""
        now = self._clock()
        self._take_lost(self._crew.tend(now), now)
        self.stats.workers_lost = self._crew.deaths
        if self._parsing is not None:
            self._take_parsed(self._parsing.tend(now))
            self.stats.workers_lost += self._parsing.deaths
        self.stats.abandoned = self._crew.abandoned
        self._departures.wake(now, self._crew.out)
        for failure in self._network.watch(
            now, is_idle=self._is_idle, is_stopping=self._is_stopping, is_paused=self.is_paused
        ):
            self._settling.conclude(failure, now)
        self.arrivals.read_seeds()
        self._send_errands()
        self._check_time(now)
        self._send(now)
        is_over = self._is_over()
        self.stats.gauge(
            waiting=self._frontier.waiting(), out=self._crew.out, workers=self._crew.lanes, now=now
        )
        if is_over:
            self.commit(is_last=True)
            return False
        self.stats.is_paused = is_paused = self.is_paused
        is_held_back = (
            self._crew.has_room(now)
            and self._frontier.waiting() > 0
            and not (self._is_stopping or self._is_full or self._departures.is_full)
        )
        delivery = self._inbox.take(self._wait_s(now, patience_s))
        waited_until = self._clock()
        if is_paused:
            self.stats.spent("paused", waited_until - now)
        elif is_held_back:
            self.stats.spent("held back", waited_until - now, why=self._gate.holds_back_by())
        else:
            self.stats.spent("waiting", waited_until - now)
        if delivery is not None:
            self._receive(delivery, waited_until)
        since_s = waited_until - self._committed_at
        has_news = self.keeping is not None and self.keeping.is_due(since_s)
        if len(self._settling.ends) >= COMMIT_PAGES or since_s >= COMMIT_S or has_news:
            self.commit(is_news=has_news)
        return True

    def stop(self) -> None:
        """Start nothing more; `step` says that the crawl is over when what is out has come back."""
        self._is_stopping = True
        if not self.ended:
            self.ended = "stopped"

    def positions(self) -> Positions:
        """Where each store stands now, brought to the disk."""
        return self._landing.flush()

    def save(self) -> bool:
        """Commit what is done after the crawl was broken off.

        False when that was in the middle of settling an outcome or of a commit: what was
        done since the last one must not count then, and will be done again.
        """
        if self._is_committing or not self._settling.is_whole:
            return False
        self.commit(is_last=True)
        return True

    def commit(self, *, is_last: bool = False, is_news: bool = False) -> None:
        """Flush the stores, and close for good what is done; the last one also keeps what is only known."""
        ends = self._settling.ends
        if is_last:
            self._hosts.sum_up(self._frontier, self._clock())
        if ends or is_last or is_news:
            self._is_committing = True
            self._committed_at = self._clock()
            positions = self._landing.flush()
            if self.keeping is not None:
                self.keeping.save()
            self._frontier.commit(ends, positions)
            if self._trace is not None:
                self._trace.committed(ends)
            ends.clear()
            self._is_committing = False

    @property
    def left(self) -> int:
        """URLs that are known and have no record: waiting, resting, or out when the crawl was stopped."""
        return self._frontier.waiting() + self._departures.open + self._settling.held

    # What goes out

    def _send_errands(self) -> None:
        """Let the sitemaps that are to be asked for go out, and the robots.txt files that say which there are."""
        if self._is_stopping or not self._sitemaps.is_open:
            return
        for origin in self._sitemaps.to_hear():
            self._departures.hear(origin)
        for request in self._sitemaps.to_send():
            self._departures.go(request)

    def _send(self, now: float) -> None:
        if not (self._is_stopping or self.is_paused or self._inbox.bytes > MOST_BYTES or self._is_full):
            self._dispatch(now)

    # What comes back

    def _receive(self, delivery: Delivery, now: float) -> None:
        if self._parsing is not None and self._parsing.is_ours(delivery):
            self._take_parsed(self._parsing.receive(delivery))
            return
        settled, lost = self._crew.receive(delivery)
        wall = time.time()
        for number, outcome, goes_on in settled:
            asked = host(outcome.request.target)
            self._gate.heard(asked, heard_of(outcome, now, wall), now)
            if not goes_on:
                self._gate.finished(asked)
            self._taking.begin()
            self._settling.settle(outcome, now)
            self._taking.end(number, outcome.request)
            self._network.note()
        if self._crew.keeps_links_back:
            self._crew.took_links(delivery.lane, *self._taking.told())
        self._take_lost(lost, now)

    def _take_parsed(self, pages: Iterable[Response]) -> None:
        for page in pages:
            self._settling.end(page)

    def _take_lost(self, lost: Iterable[Lost], now: float) -> None:
        for each in lost:
            if self._trace is not None:
                self._trace.lost(each.request, each.cause)
            self._settling.take_lost(each, now, is_given_up=self._crew.is_given_up(each))

    # When it is over

    @property
    def _is_full(self) -> bool:
        """Whether so many pages wait for their handlers that nothing more is fetched."""
        return self._parsing is not None and self._parsing.is_full

    @property
    def _is_out(self) -> bool:
        """Whether a worker has anything."""
        return self._crew.out > 0 or (self._parsing is not None and self._parsing.out > 0)

    @property
    def _is_idle(self) -> bool:
        """Whether nothing is out and nothing is due by itself."""
        return (
            not self._is_out
            and not self.arrivals.has_more_seeds
            and self._departures.next_due is None
            and self._gate.next_due() is None
        )

    def _check_time(self, now: float) -> None:
        limit = self._limits.max_time_s
        if limit is not None and now - self._started_at >= limit and not self._is_stopping:
            self._is_stopping = True
            self.ended = "max_time"

    def _is_over(self) -> bool:
        if self._is_out:
            return False
        if self._is_stopping:
            return True
        if self._departures.open:
            return False
        if self._frontier.waiting() == 0 and not self.arrivals.has_more_seeds and not self._sitemaps.is_open:
            if self._settling.release():
                return False
            self.ended = "finished"
            return True
        if self._departures.is_full:
            self.ended = "max_pages"
            return True
        return False

    def _wait_s(self, now: float, patience_s: float) -> float:
        """How long to sleep: until the next moment at which something could be sent, or an answer."""
        if self.arrivals.wants_seeds:
            return 0.0
        until = now + patience_s
        if self._departures.next_due is not None:
            until = min(until, self._departures.next_due)
        moment = self._network.next_moment
        if moment is not None:
            until = min(until, max(moment, now + LOOK_S))
        if self._network.is_gone:
            return max(0.0, min(until, now + LOOK_S) - self._clock())
        if not (self._is_stopping or self.is_paused or self._is_full) and self._crew.has_spare_lanes:
            due = self._gate.next_due()
            if due is not None:
                until = min(until, due if self._crew.has_room(now) else max(due, now + WAITING_S))
        if self._limits.max_time_s is not None and not self._is_stopping:
            until = min(until, self._started_at + self._limits.max_time_s)
        return max(0.0, until - self._clock())
