"""What an outcome sets off: another hop, another try, or the end of its chain.

                        ┌─▶ redirect ──▶ departures, at once
outcome ─▶ settle ──────┼─▶ try again ─▶ departures, later
lost with its worker ─┘ └─▶ end ───────▶ landing (handler, stores), links ▸ frontier

What ended is kept in `ends` until the loop commits it, together with where the
stores then stand.
"""

import logging
import random
import time
from collections.abc import Iterable
from typing import Protocol

from .arrivals import Arrivals
from .blame import Lost
from .departures import Departures
from .duplicates import Same
from .errands import MOST_HOPS, Errand
from .folding import WORDS, Folding
from .following import Following
from .frontiers.base import End, Frontier, Positions, Tried, end_of
from .hosts import Hosts
from .model import Failure, FailureKind, Outcome, Request, Response
from .outgoing import Outgoing
from .polite.gate import Gate
from .polite.outage import Outage
from .polite.retry import Defer, Retry, RetryPolicy, may_be_repeated
from .polite.rulebook import RobotsOf
from .redirects import next_hop
from .sitemaps import SitemapOf, Sitemaps, is_users_own
from .stats import Stats
from .trying import Trying, deferred
from .urls import host, in_a_line
from .worker.wire import Want

log = logging.getLogger("crawlpool")


class Landing(Protocol):
    """Where a chain ends: handlers, records, stores."""

    def want(self, request: Request) -> Want:
        """What is needed of the answer to this request."""

    def land(self, outcome: Outcome) -> tuple[Outcome, Iterable[Request]]:
        """Take the final outcome of a chain; give back what it came to, and what the user wants crawled besides.

        It comes to a failure when the handler raises.
        """

    def flush(self) -> Positions:
        """Bring what was written to the disk, and say where each store stands."""


class Parsing(Protocol):
    """Calls handlers elsewhere, where they do not run here."""

    def take(self, outcome: Outcome) -> Outcome | None:
        """Take what stands, to be ended later; what it does not take is given back."""


class Settling:
    """Settles outcomes, one at a time, in the main thread.

    Args:
        frontier: Where URLs wait, and what remembers how each went.
        gate: When hosts may be asked.
        hosts: Which of them fail, and which never answered.
        departures: What goes out again.
        arrivals: The way in for what handlers ask for.
        retry: What is tried again.
        outage: Whether the network is gone; then no try is used up.
        outgoing: Keeps the cookies.
        following: Which links become requests.
        folding: Which pages are left out for being the same as others.
        sitemaps: What seeds' sites list of themselves.
        landing: Handlers, records, stores.
        max_redirects: Redirects of one URL that are followed.
        stats: What is counted.

    Attributes:
        ends: What ended since the loop committed last.
        parsing: The crew that calls handlers, where they have one of their own.
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        gate: Gate,
        hosts: Hosts,
        departures: Departures,
        arrivals: Arrivals,
        retry: RetryPolicy,
        outage: Outage,
        outgoing: Outgoing,
        following: Following,
        folding: Folding,
        sitemaps: Sitemaps,
        landing: Landing,
        max_redirects: int,
        stats: Stats,
    ) -> None:
        """Take the parts."""
        self._frontier = frontier
        self._gate = gate
        self._hosts = hosts
        self._departures = departures
        self._arrivals = arrivals
        self._retry = retry
        self._trying = Trying(frontier=frontier, departures=departures, hosts=hosts, retry=retry, stats=stats)
        self._outage = outage
        self._outgoing = outgoing
        self._following = following
        self._folding = folding
        self._sitemaps = sitemaps
        self._landing = landing
        self._max_redirects = max_redirects
        self._stats = stats
        self._under_way = 0
        self.ends: list[End] = []
        self.parsing: Parsing | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no outcome is half settled, as one is when an exception came in between."""
        return self._under_way == 0

    @property
    def held(self) -> int:
        """Pages that wait for the one that they name as canonical."""
        return self._folding.held

    def release(self) -> bool:
        """Let pages go again that still wait for another, when nothing else is left; whether there were any."""
        again = self._folding.release()
        self._put_back(again)
        return bool(again)

    def refuse(self, failure: Failure) -> None:
        """Record what was never a URL, as a chain that ends where it begins."""
        self._departures.begin()
        self.end(failure)

    def take_lost(self, lost: Lost, now: float, *, is_given_up: bool) -> None:
        """A worker is gone: send again what it held, unless it is what kills workers."""
        request = lost.request
        self._hosts.came(request)
        if lost.is_first:
            self._gate.finished(host(request.target))
        if lost.was_under_way:
            log.warning("worker.lost cause=%r losses=%d url=%s", lost.cause, lost.losses, request.target)
            if not (lost.has_hung or is_given_up or isinstance(request.data, Errand)):
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
            self.settle(failure, now)
        elif is_given_up:
            self.conclude(failure, now)
        elif lost.was_under_way and lost.wait_s:
            self._departures.go_later(request, now + lost.wait_s)
        elif lost.was_under_way and not isinstance(request.data, Errand):
            self._departures.put_back(request)
        else:
            self._departures.go(request)

    def settle(self, outcome: Outcome, now: float) -> None:
        """Decide what an outcome sets off: another hop, another try, or the end of its chain."""
        request = outcome.request
        was_probe = self._hosts.came(request)
        rests_on = False
        if isinstance(outcome, Response):
            self._outage.answered(host(request.target), outcome, now)
            rests_on = self._hosts.heard(outcome, now, was_probe=was_probe)
            left = self._lead_on(outcome, now)
            if left is None:
                return
            outcome = left
        decision = self._retry.decide(
            outcome,
            attempt=request.attempt,
            now=time.time(),
            jitter=random.random(),  # noqa: S311
        )
        if decision is None and not self._outage.is_on:
            self._hosts.failed(outcome)
        if isinstance(outcome, Failure) and self._outage.holds(
            host(request.target), outcome, now, is_last=decision is None
        ):
            return
        if isinstance(outcome, Failure):
            rests_on = self._hosts.heard(outcome, now, was_probe=was_probe)
        if rests_on and may_be_repeated(outcome) and not isinstance(decision, Defer):
            self._trying.probe_failed(outcome, now)
            return
        if isinstance(decision, Retry):
            self._trying.again(outcome, decision, now)
            return
        self._stand(outcome, decision, now)

    def _lead_on(self, response: Response, now: float) -> Outcome | None:
        """Take what an answer leads to at once; what is left to judge, None when that was all."""
        request = response.request
        self._outgoing.took(response)
        if self._outgoing.answers(response):  # a challenge, and we have a login for it
            self._departures.go(request, is_first=isinstance(request.data, RobotsOf))
            return None
        if 200 <= response.status < 300:  # leads nowhere, is not tried again, asks for no rest
            self.conclude(response, now)
            return None
        hop = self._hop_of(response)
        if isinstance(hop, Request):
            self._redirect(response, hop, now)
            return None
        return response if hop is None or isinstance(request.data, RobotsOf) else hop

    def _stand(self, outcome: Outcome, decision: Defer | None, now: float) -> None:
        """No further try is made; the host may have asked for a rest all the same."""
        request = outcome.request
        if isinstance(decision, Defer):
            self._departures.defer(host(request.target), now + decision.wait_s, decision.message)
            if not isinstance(request.data, RobotsOf):
                outcome = deferred(outcome, decision)
        elif (rest_s := self._retry.rest_s(outcome, now=time.time())) > 0:
            self._hosts.rest(outcome, rest_s, now)
        self.conclude(outcome, now)

    def conclude(self, outcome: Outcome, now: float) -> None:
        """An outcome stands: it ends its chain, or its errand."""
        errand = outcome.request.data
        if isinstance(errand, RobotsOf):
            self._stats.robots_fetched()
            came_to = outcome.kind.value if isinstance(outcome, Failure) else f"HTTP {outcome.status}"
            log.info("robots.done came_to=%r url=%s", came_to, outcome.request.target)
            self._departures.learn(errand.origin, outcome, now)
            self._sitemaps.heard(errand.origin)
        elif isinstance(errand, SitemapOf):
            self._sitemaps.took(outcome, errand)
        elif self.parsing is None:
            self.end(outcome)
        elif (stays := self.parsing.take(outcome)) is not None:  # the others end when they were parsed
            self.end(stays)

    def _hop_of(self, response: Response) -> Request | Failure | None:
        """What a redirect asks for next, if it is one; a failure when it leads nowhere, or asks for too long a wait."""
        if isinstance(response.request.data, Errand):
            return next_hop(response, most=MOST_HOPS)
        hop = next_hop(response, most=self._max_redirects)
        if not isinstance(hop, Request):
            return hop
        return self._trying.refused_hop(response) or self._tidied(response, hop)

    def _tidied(self, response: Response, hop: Request) -> Request | Failure:
        """A redirect's target by the rules of this crawl; a failure when it is too long to be asked."""
        hop = self._following.tidied(hop)
        if len(hop.target) <= self._following.targets.longest:
            return hop
        return Failure(
            request=response.request,
            kind=FailureKind.REDIRECT,
            message=f"HTTP {response.status} to {hop.target[:200]!r}...: {self._following.too_long(hop.target)}",
            attempts=response.request.attempt,
            failed_at=time.time(),
            elapsed_s=response.elapsed_s,
            worker=response.worker,
        )

    def _redirect(self, response: Response, hop: Request, now: float) -> None:
        log.debug(
            "page.redirected status=%d to=%s url=%s",
            response.status,
            hop.target,
            in_a_line(response.request.url),
        )
        if isinstance(hop.data, Errand):
            self._trying.hop(response, hop, now, is_first=isinstance(hop.data, RobotsOf))
            return
        refusal = self._why_not(hop)
        if refusal is None:
            is_known = not self._frontier.mark(hop)
            # The answer to a form, and what a page shows at the second knock (a cookie wall), is
            # nobody else's, although the URL is known.
            is_its_own = hop.method != response.request.method or hop.target in hop.redirects
            if is_known and not hop.is_listed and not is_its_own:
                refusal = "redirect to a known page"
        if refusal is not None:
            self._stats.skipped(refusal)
            self._close(
                End(
                    request=hop,
                    status=response.status,
                    kind=refusal,
                    is_left_out=True,
                    message=hop.target,
                    attempts=response.request.attempt,
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
        self._trying.hop(response, hop, now)

    def _why_not(self, hop: Request) -> str | None:
        """Why a redirect leads out of the crawl; what the user listed may, and what a handler asked for outside."""
        if is_users_own(hop):
            return None
        scope = self._following.scope
        refusal = None if scope.why_not(hop.redirects[0]) is not None else scope.why_not(hop.target)
        return refusal if refusal is not None or hop.is_listed else self._following.trapped(hop)

    # Where a chain ends

    def end(self, outcome: Outcome) -> None:
        """Record the final outcome of a chain, and take up what it leads to."""
        self._under_way += 1
        if isinstance(outcome, Response) and outcome.request.redirects and is_users_own(outcome.request):
            self._following.scope.add_host_of(outcome.final_url)
        if outcome.request.is_listed:
            self._sitemaps.seed_ended(outcome)
        if isinstance(outcome, Response):
            outcome, same = self._folding.judge(outcome)
            if same is not None and self._leave_out(outcome, same):
                self._under_way -= 1
                return
            if links := self._following.links_of(outcome):
                self._arrivals.wake(self._frontier.add(links))
        before = self._stats.items
        came_to, requests = self._landing.land(outcome)
        self._arrivals.add(requests)
        if isinstance(came_to, Response):
            self._folding.duplicates.keep(came_to)
        self._close(end_of(came_to, items=self._stats.items - before), has_page=isinstance(outcome, Response))
        self._under_way -= 1

    def _leave_out(self, response: Response, same: Same) -> bool:
        """End the chain of a page that is the same as another, or hold it back; False when it is to be kept."""
        end = end_of(response, items=0)._replace(kind=WORDS[same.kind], is_left_out=True, message=same.of)
        if same.kind == "canonical":
            fate = self._folding.fate(response.request, same.of, self.ends)
            if fate == "kept":
                return False
            if fate == "held":
                self._folding.hold(end, same.of)
                self._departures.close(has_page=True)
                self._arrivals.wake(self._frontier.add([self._folding.canonical_request(response, same.of)]))
                return True
        elif same.kind == "noindex":
            self._arrivals.wake(self._frontier.add(self._following.links_of(response)))
        self._stats.skipped(WORDS[same.kind])
        self._close(end, has_page=True)  # it was fetched, and a limit that let it pass would end no trap
        return True

    def _close(self, end: End, *, has_page: bool) -> None:
        self.ends.append(end)
        self._departures.close(has_page=has_page)
        ended = [end]
        if end.is_left_out:
            log.info("page.left_out why=%r url=%s", end.kind, in_a_line(end.request.url))
        while ended:
            stand, again = self._folding.ended(ended.pop())
            self.ends.extend(stand)
            for each in stand:
                self._stats.skipped(each.kind or "")
                log.info("page.left_out why=%r url=%s", each.kind, in_a_line(each.request.url))
            ended.extend(stand)
            self._put_back(again)

    def _put_back(self, requests: Iterable[Request]) -> None:
        for request in requests:
            self._frontier.put_back(request, last=True)
            self._gate.wake(host(request.target))
