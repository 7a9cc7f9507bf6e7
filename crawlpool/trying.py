"""What is asked once more: a try that failed and may fare better, a probe that did not, a redirect that is to wait."""

import logging
import time
from dataclasses import replace

from .departures import Departures
from .errands import Errand
from .frontiers.base import Frontier, Tried
from .hosts import Hosts
from .model import Failure, FailureKind, Outcome, Request, Response
from .polite.retry import Defer, Retry, RetryPolicy
from .stats import Stats

log = logging.getLogger("crawlpool")


class Trying:
    """Sends requests out again, each in its time, and remembers the try that was.

    Args:
        frontier: Remembers tries.
        departures: What goes out again.
        hosts: Which of them fail, and which never answered.
        retry: How long is waited.
        stats: Counts tries.
    """

    def __init__(
        self, *, frontier: Frontier, departures: Departures, hosts: Hosts, retry: RetryPolicy, stats: Stats
    ) -> None:
        """Take the parts."""
        self._frontier = frontier
        self._departures = departures
        self._hosts = hosts
        self._retry = retry
        self._stats = stats

    def again(self, outcome: Outcome, retry: Retry, now: float) -> None:
        """Ask once more after a wait; a host that never answered, behind everything else."""
        request = outcome.request
        self._note(outcome, retry.wait_s)
        if retry.rest_host:
            self._hosts.rest(outcome, retry.wait_s, now)
        again = replace(request, attempt=request.attempt + 1)
        if isinstance(outcome, Failure) and self._hosts.is_silence(outcome):
            self._departures.go_last(again, now + retry.wait_s, outcome)
        else:
            self._departures.go_later(again, now + retry.wait_s)

    def probe_failed(self, outcome: Outcome, now: float) -> None:
        """The host rests on; what showed that keeps its tries, and stands behind the others of its host."""
        request = outcome.request
        if (rest_s := self._retry.rest_s(outcome, now=time.time())) > 0:
            self._hosts.rest(outcome, rest_s, now)
        self._note(outcome, 0.0)
        if isinstance(request.data, Errand):
            self._departures.go(request)
        else:
            self._departures.put_back(request)

    def hop(self, response: Response, hop: Request, now: float, *, is_first: bool = False) -> None:
        """Follow a redirect: at once, or after the time that it asks for (RFC 9110, 10.2.3)."""
        wait_s = self._retry.hop_wait_s(response, now=time.time())
        if wait_s > 0:
            log.debug("page.waits because=retry_after wait_ms=%d url=%s", wait_s * 1000, hop.target)
            self._departures.go_later(hop, now + wait_s)
        else:
            self._departures.go(hop, is_first=is_first)

    def refused_hop(self, response: Response) -> Failure | None:
        """The failure of a redirect that asks for a longer wait than ours; None for one that does not."""
        decision = self._retry.defers_hop(response, now=time.time())
        return None if decision is None else deferred(response, decision)

    def _note(self, outcome: Outcome, wait_s: float) -> None:
        request = outcome.request
        why = outcome.kind.value if isinstance(outcome, Failure) else f"HTTP {outcome.status}"
        self._stats.retried(why, outcome.elapsed_s)
        log.debug(
            "page.retried why=%r attempt=%d wait_ms=%d url=%s",
            why,
            request.attempt,
            wait_s * 1000,
            request.target,
        )
        if not isinstance(request.data, Errand):
            self._frontier.tried(
                Tried(
                    request=request,
                    came_to=why,
                    message=outcome.message if isinstance(outcome, Failure) else "",
                    at=outcome.failed_at if isinstance(outcome, Failure) else outcome.fetched_at,
                    elapsed_s=outcome.elapsed_s,
                    worker=outcome.worker,
                    wait_s=wait_s,
                )
            )


def deferred(outcome: Outcome, decision: Defer) -> Failure:
    """The failure of a URL whose server asks for a longer wait than ours."""
    return Failure(
        request=outcome.request,
        kind=FailureKind.DEFERRED,
        message=decision.message,
        attempts=outcome.request.attempt,
        failed_at=time.time(),
        elapsed_s=outcome.elapsed_s,
        worker=outcome.worker,
    )
