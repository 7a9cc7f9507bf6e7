"""The crawl: gate, frontier, crew, inbox, and what each outcome sets off.

                    ┌──────────── later: retries, until they are due
                    ▼                                             ▲
seeds ─▶ frontier ─▶ dispatch ─▶ crew ═▶ workers ═▶ inbox ─▶ settle ─▶ landing
            ▲       gate, robots                              │  │    (parse, store)
            └────────────────── links, redirects ─────────────┘◀─┘

One thread runs all of this, the one that calls `step`. It sees promises only and
knows no backend, store or parser by name. Nothing here waits for the network.
What goes out next is decided in `departures.py`; what comes back is settled here.
"""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from .backends.base import Delivery
from .crew import LOOK_S, MOST_BYTES, WAITING_S, Crew, Lost
from .departures import Departures
from .following import Following
from .frontiers.base import End, Frontier, Positions, Tried, end_of
from .inbox import Inbox
from .model import Failure, FailureKind, Outcome, Request, Response
from .outgoing import Outgoing
from .polite.gate import Gate
from .polite.retry import Defer, Retry, RetryPolicy
from .polite.rulebook import MOST_HOPS, RobotsOf, Rulebook
from .redirects import next_hop
from .stats import Stats
from .urls import host
from .worker.wire import Parcel, Want

log = logging.getLogger("crawlpool")

COMMIT_S = 0.5
COMMIT_PAGES = 200
SEEDS_AHEAD = 10_000
"""Seeds that are read ahead of the crawl, so that a list of one host after another still keeps many busy."""
SEEDS_SLICE_S = 0.02
DISPATCH_S = 0.02


class Landing(Protocol):
    """Where a chain ends: handlers, records, stores."""

    def want(self, request: Request) -> Want:
        """What is needed of the answer to this request."""

    def land(self, outcome: Outcome) -> Iterable[Request]:
        """Take the final outcome of a chain; give back what the user wants crawled besides."""

    def flush(self) -> Positions:
        """Bring what was written to the disk, and say where each store stands."""


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
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        gate: Gate,
        crew: Crew,
        inbox: Inbox,
        rules: Rulebook,
        retry: RetryPolicy,
        outgoing: Outgoing,
        following: Following,
        landing: Landing,
        limits: Limits,
        stats: Stats,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the parts; nothing is started."""
        self._frontier = frontier
        self._gate = gate
        self._crew = crew
        self._inbox = inbox
        self._retry = retry
        self._outgoing = outgoing
        self._following = following
        self._landing = landing
        self._limits = limits
        self._clock = clock
        self.stats = stats
        self.ended = ""
        self._seeds: Iterator[Request] | None = None
        self._departures = Departures(
            frontier=frontier, gate=gate, rules=rules, max_pages=limits.max_pages, refuse=self._end
        )
        self._ends: list[End] = []
        self._started_at = clock()
        stats.begin(self._started_at)
        self._committed_at = self._started_at - COMMIT_S  # the first page is shown at once
        self._is_stopping = False
        self._is_resumed = False
        self._is_whole = True  # no outcome is half settled

    # What goes in

    def feed(self, seeds: Iterable[Request]) -> None:
        """Name the seeds; they are read as the crawl goes."""
        self._seeds = iter(seeds)

    def add(self, requests: Iterable[Request]) -> None:
        """Put requests of the user's own into the frontier; those that are known already are dropped."""
        good, bad = self._following.admitted(requests)
        self._refuse(bad)
        self._wake(self._frontier.add(good))

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

    def _read_seeds(self) -> None:
        """Read on in the seeds, for a short while, unless enough wait already."""
        until = self._clock() + SEEDS_SLICE_S
        while self._seeds is not None and self._frontier.waiting() < SEEDS_AHEAD:
            seed = next(self._seeds, None)
            if seed is None:
                self._seeds = None
                return
            self.plant(seed)
            if self._clock() > until:
                return

    def plant(self, seed: Request) -> None:
        """Put a seed into the frontier: its host is in scope, and gets what the user gave for the seeds."""
        good, bad = self._following.admitted([seed])
        self._refuse(bad)
        for each in good:
            self._outgoing.add_seed(each.target)
            self._following.scope.add_seed(each.target)
        fresh = self._frontier.add(good)
        self._wake(fresh)
        if fresh or bad:
            self.stats.listed()
        elif not self._is_resumed:  # else it may well be one of an earlier run
            self.stats.duplicate()

    def _refuse(self, bad: Iterable[Failure]) -> None:
        for failure in bad:
            if not self._frontier.mark(replace(failure.request, target=failure.request.url)):
                continue  # recorded already, under the text that is no URL
            self._departures.begin()
            self._end(replace(failure, failed_at=time.time()))

    def _wake(self, requests: Iterable[Request]) -> None:
        for each in {host(request.target) for request in requests}:
            self._gate.wake(each)

    # One move

    def step(self, patience_s: float = LOOK_S) -> bool:
        """Send what may go, wait for one answer at most this long, settle it; False when the crawl is over."""
        now = self._clock()
        for lost in self._crew.tend(now):
            self._take_lost(lost, now)
        self.stats.workers_lost = self._crew.deaths
        self._departures.wake(now)
        self._read_seeds()
        self._check_time(now)
        self._dispatch(now)
        is_over = self._is_over()
        self.stats.gauge(
            waiting=self._frontier.waiting(), out=self._crew.out, workers=self._crew.lanes, now=now
        )
        if is_over:
            self.commit(is_last=True)
            return False
        is_held_back = self._crew.has_room(now) and self._frontier.waiting() > 0 and not self._is_stopping
        delivery = self._inbox.take(self._wait_s(now, patience_s))
        waited_until = self._clock()
        if is_held_back:
            self.stats.spent("held back", waited_until - now, why=self._gate.holds_back_by())
        else:
            self.stats.spent("waiting", waited_until - now)
        if delivery is not None:
            self._receive(delivery, waited_until)
        if len(self._ends) >= COMMIT_PAGES or waited_until - self._committed_at >= COMMIT_S:
            self.commit()
        return True

    def stop(self) -> None:
        """Start nothing more; `step` says that the crawl is over when what is out has come back."""
        self._is_stopping = True
        if not self.ended:
            self.ended = "stopped"

    def positions(self) -> Positions:
        """Where each store stands now, brought to the disk."""
        return self._landing.flush()

    def save(self) -> None:
        """Commit what is done after the crawl was broken off, unless that was in the middle of settling an outcome."""
        if self._is_whole:
            self.commit(is_last=True)

    def commit(self, *, is_last: bool = False) -> None:
        """Flush the stores, and close for good what is done; the last one also keeps what is only known."""
        self._committed_at = self._clock()
        if self._ends or is_last:
            positions = self._landing.flush()
            self._frontier.commit(self._ends, positions)
            self._ends.clear()

    @property
    def left(self) -> int:
        """URLs that are known and have no record: waiting, resting, or out when the crawl was stopped."""
        return self._frontier.waiting() + self._departures.open

    # What goes out

    def _dispatch(self, now: float) -> None:
        if self._is_stopping or self._inbox.bytes > MOST_BYTES:
            return
        while self._crew.has_room(now):
            each = self._gate.next_host(now)
            if each is None:
                break
            request = self._departures.next_of(each, now)
            if request is None:
                if self._clock() - now > DISPATCH_S:
                    break  # refusing took all that time; answers wait to be settled, and a stop to be heard
                continue
            self._gate.started(each, now)
            self._crew.send(request, self._outgoing.parcel(request, self._want(request)), each)
        if self._departures.has_any:
            self._dispatch_ahead(now)

    def _dispatch_ahead(self, now: float) -> None:
        """Hand busy lanes what comes next of the host they serve, where nothing but order holds it back."""
        for number, each, room in self._crew.rooms_ahead():
            if self._gate.is_another_due(each, now):
                continue  # whose turn it is, when the lane is done with what it has
            batch: list[tuple[Request, Parcel]] = []
            while len(batch) < room and self._gate.may_hand_ahead(each, now):
                request = self._departures.next_of(each, now)
                if request is None:
                    break
                batch.append((request, self._outgoing.parcel(request, self._want(request))))
            if batch:
                self._crew.send_ahead(number, batch)

    def _want(self, request: Request) -> Want:
        return Want.BODY if isinstance(request.data, RobotsOf) else self._landing.want(request)

    # What comes back

    def _receive(self, delivery: Delivery, now: float) -> None:
        outcomes, goes_on, lost = self._crew.receive(delivery)
        for outcome, is_going_on in zip(outcomes, goes_on, strict=True):
            asked = host(outcome.request.target)
            if isinstance(outcome, Response):
                # A clock that is set back meanwhile must not put the beginning into the future.
                self._gate.began(asked, now - max(0.0, time.time() - outcome.fetched_at))
            if not is_going_on:
                self._gate.finished(asked)
            self._settle(outcome, now)
        for loss in lost:
            self._take_lost(loss, now)

    def _take_lost(self, lost: Lost, now: float) -> None:
        """A worker is gone: send again what it held, unless it is what kills workers."""
        request = lost.request
        if lost.is_first:
            self._gate.finished(host(request.target))
        if lost.was_under_way:
            log.warning("worker.lost cause=%s losses=%d url=%s", lost.cause, lost.losses, request.target)
            if not (lost.has_hung or self._crew.is_given_up(lost) or isinstance(request.data, RobotsOf)):
                self._frontier.tried(
                    Tried(request=request, came_to="worker_lost", message=lost.cause, at=time.time())
                )
        failure = Failure(
            request=request,
            kind=FailureKind.TIMEOUT if lost.has_hung else FailureKind.WORKER_LOST,
            message=f"{lost.cause} with this URL under way, {lost.losses} times",
            attempts=request.attempt,
            failed_at=time.time(),
        )
        if lost.has_hung:
            self._settle(failure, now)
        elif self._crew.is_given_up(lost):
            self._conclude(failure, now)
        elif lost.was_under_way and not isinstance(request.data, RobotsOf):
            self._departures.put_back(request)
        else:
            self._departures.go(request)

    def _settle(self, outcome: Outcome, now: float) -> None:
        """Decide what an outcome sets off: another hop, another try, or the end of its chain."""
        request = outcome.request
        if isinstance(outcome, Response):
            self._outgoing.took(outcome)
            is_robots = isinstance(request.data, RobotsOf)
            hop = next_hop(outcome, most=MOST_HOPS if is_robots else self._limits.max_redirects)
            if isinstance(hop, Request):
                self._redirect(outcome, hop)
                return
            if hop is not None and not is_robots:
                outcome = hop
        decision = self._retry.decide(
            outcome,
            attempt=request.attempt,
            now=time.time(),
            jitter=random.random(),  # noqa: S311
        )
        if isinstance(decision, Retry):
            self._try_again(outcome, decision, now)
            return
        if isinstance(decision, Defer):
            self._departures.defer(host(request.target), now + decision.wait_s, decision.message)
            if not isinstance(request.data, RobotsOf):
                outcome = Failure(
                    request=request,
                    kind=FailureKind.DEFERRED,
                    message=decision.message,
                    attempts=request.attempt,
                    failed_at=time.time(),
                    elapsed_s=outcome.elapsed_s,
                    worker=outcome.worker,
                )
        elif (rest_s := self._retry.rest_s(outcome, now=time.time())) > 0:
            self._gate.rest(host(request.target), now + rest_s)
        self._conclude(outcome, now)

    def _conclude(self, outcome: Outcome, now: float) -> None:
        if isinstance(outcome.request.data, RobotsOf):
            self.stats.robots_fetched()
            self._departures.learn(outcome.request.data.origin, outcome, now)
        else:
            self._end(outcome)

    def _redirect(self, response: Response, hop: Request) -> None:
        log.debug("page.redirected status=%d to=%s url=%s", response.status, hop.target, response.request.url)
        if isinstance(hop.data, RobotsOf):
            self._departures.go(hop, is_first=True)
            return
        refusal = None if hop.is_listed else self._why_not(hop)
        if refusal is None:
            is_known = not self._frontier.mark(hop)
            # The answer to a form, and what a page shows at the second knock (a cookie wall), is
            # nobody else's, although the URL is known.
            is_its_own = hop.method != response.request.method or hop.target in hop.redirects
            if is_known and not hop.is_listed and not is_its_own:
                refusal = "redirect to a known page"
        if refusal is not None:
            self.stats.skipped(refusal)
            self._close(
                End(
                    request=hop,
                    status=response.status,
                    kind=refusal,
                    is_left_out=True,
                    message=hop.target,
                    at=response.fetched_at,
                    elapsed_s=response.elapsed_s,
                    worker=response.worker,
                ),
                has_page=False,
            )
            return
        self._frontier.tried(
            Tried(
                request=response.request,
                came_to=f"redirect {response.status}",
                message=hop.target,
                at=response.fetched_at,
                elapsed_s=response.elapsed_s,
                worker=response.worker,
            )
        )
        self._departures.go(hop)

    def _why_not(self, hop: Request) -> str | None:
        """Why a redirect leads out of the crawl; what began outside was asked for by a handler, and may."""
        scope = self._following.scope
        return None if scope.why_not(hop.redirects[0]) is not None else scope.why_not(hop.target)

    def _try_again(self, outcome: Outcome, retry: Retry, now: float) -> None:
        request = outcome.request
        why = outcome.kind.value if isinstance(outcome, Failure) else f"HTTP {outcome.status}"
        self.stats.retried(why, outcome.elapsed_s)
        log.debug(
            "page.retried why=%s attempt=%d wait_ms=%d url=%s",
            why,
            request.attempt,
            retry.wait_s * 1000,
            request.target,
        )
        if not isinstance(request.data, RobotsOf):
            self._frontier.tried(
                Tried(
                    request=request,
                    came_to=why,
                    message=outcome.message if isinstance(outcome, Failure) else "",
                    at=outcome.failed_at if isinstance(outcome, Failure) else outcome.fetched_at,
                    elapsed_s=outcome.elapsed_s,
                    worker=outcome.worker,
                    wait_s=retry.wait_s,
                )
            )
        if retry.rest_host:
            self._gate.rest(host(request.target), now + retry.wait_s)
        self._departures.go_later(replace(request, attempt=request.attempt + 1), now + retry.wait_s)

    # Where a chain ends

    def _end(self, outcome: Outcome) -> None:
        """Record the final outcome of a chain, and take up what it leads to."""
        self._is_whole = False
        if isinstance(outcome, Response):
            if outcome.request.is_listed and outcome.request.redirects:
                self._following.scope.add_host_of(outcome.final_url)
            self._wake(self._frontier.add(self._following.links_of(outcome)))
        before = self.stats.items
        self.add(self._landing.land(outcome))
        self._close(end_of(outcome, items=self.stats.items - before), has_page=isinstance(outcome, Response))

    def _close(self, end: End, *, has_page: bool) -> None:
        self._ends.append(end)
        self._departures.close(has_page=has_page)

    # When it is over

    def _check_time(self, now: float) -> None:
        limit = self._limits.max_time_s
        if limit is not None and now - self._started_at >= limit and not self._is_stopping:
            self._is_stopping = True
            self.ended = "max_time"

    def _is_over(self) -> bool:
        if self._crew.out:
            return False
        if self._is_stopping:
            return True
        if self._departures.open:
            return False
        if self._frontier.waiting() == 0 and self._seeds is None:
            self.ended = "finished"
            return True
        if self._departures.is_full:
            self.ended = "max_pages"
            return True
        return False

    def _wait_s(self, now: float, patience_s: float) -> float:
        """How long to sleep: until the next moment at which something could be sent, or an answer."""
        if self._seeds is not None and self._frontier.waiting() < SEEDS_AHEAD:
            return 0.0
        until = now + patience_s
        if self._departures.next_due is not None:
            until = min(until, self._departures.next_due)
        if not self._is_stopping and self._crew.has_spare_lanes:
            due = self._gate.next_due()
            if due is not None:
                until = min(until, due if self._crew.has_room(now) else max(due, now + WAITING_S))
        if self._limits.max_time_s is not None and not self._is_stopping:
            until = min(until, self._started_at + self._limits.max_time_s)
        return max(0.0, until - self._clock())
