"""What a frontier promises: URLs waiting and URLs out, none twice, none lost, and what became of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

from ..model import Failure, Outcome, Request

Positions: TypeAlias = Mapping[str, Any]
"""Where each store stands, by the store's name; see `crawlpool.stores.base`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One try that did not end its lease: a retry, a redirect or a death followed it.

    Attributes:
        request: As it was asked; `request.lease` says whose try this is.
        came_to: In a word or two: "HTTP 503", "timeout", "redirect 301", "worker_lost".
        message: A sentence on it; the next target, of a redirect.
        at: Seconds since 1970 when it was asked, or when it failed.
        elapsed_s: Seconds that it took.
        worker: Process id of the worker; 0 for none.
        wait_s: Seconds that are waited before the next try.
    """

    request: Request
    came_to: str
    message: str = ""
    at: float = 0.0
    elapsed_s: float = 0.0
    worker: int = 0
    wait_s: float = 0.0


class End(NamedTuple):
    """How a lease ended, in the few plain values that a history keeps: no body, no headers.

    Attributes:
        request: As it was on its last hop; `request.lease` says which lease this closes.
        status: HTTP status of the answer; None without one.
        kind: Why there is no answer, or none that is good: a `FailureKind`, or "http" from status 400 on;
            None for a good one. Of what was left out on the way (a redirect to a known page): why.
        is_left_out: It has no record, and is no failure either.
        message: A sentence on it.
        attempts: How often the last target was asked; 0 when it never was (robots.txt).
        at: Seconds since 1970 when it was asked last, or when it failed.
        elapsed_s: Seconds of the last try.
        size: Bytes of the body; None without one.
        worker: Process id of the worker that asked last; 0 for none.
        items: Records that it gave.
        digest: Of the body, to know the same one by; None of what is no page, or was cut short.
        simhash: Of the words, to know nearly the same ones by; None where nobody asked for it.
    """

    request: Request
    status: int | None = None
    kind: str | None = None
    is_left_out: bool = False
    message: str = ""
    attempts: int = 1
    at: float = 0.0
    elapsed_s: float = 0.0
    size: int | None = None
    worker: int = 0
    items: int = 0
    digest: int | None = None
    simhash: int | None = None


SAME = (
    "same body as another page",
    "nearly the same text as another page",
    "names another URL as its own",
)
"""Why a page is left out whose content another one has: the `kind` of its end, whose message is the other's URL."""


def urls_of(end: End) -> tuple[str, ...]:
    """Every URL that a chain has an answer for: the first one, those that redirected, the last one.

    Where the last redirect was not followed (to a known page, say), what it led to is not among them.
    """
    request = end.request
    if request.method != "GET":
        return ()
    is_asked = not (end.is_left_out and request.redirects and end.message == request.target)
    return (*request.redirects, request.target) if is_asked else request.redirects


def is_good(end: End) -> bool:
    """Whether a URL has a page that is kept, or is the same as one that is."""
    if end.is_left_out:
        return end.kind in SAME
    return end.kind is None and end.status is not None and 200 <= end.status < 300


def end_of(outcome: Outcome, *, items: int) -> End:
    """What a history keeps of a final outcome."""
    response = outcome.response if isinstance(outcome, Failure) else outcome
    facts = None if response is None or not 200 <= response.status < 300 else response.facts
    kind: str | None
    if isinstance(outcome, Failure):
        kind, message, at = outcome.kind.value, outcome.message, outcome.failed_at
    else:
        is_bad = outcome.status >= 400
        kind, message = ("http", f"HTTP {outcome.status} {outcome.reason}".rstrip()) if is_bad else (None, "")
        at = outcome.fetched_at
    return End(
        request=outcome.request,
        status=None if response is None else response.status,
        kind=kind,
        message=message,
        attempts=outcome.attempts if isinstance(outcome, Failure) else outcome.request.attempt,
        at=at,
        elapsed_s=outcome.elapsed_s,
        size=None if response is None else response.size,
        worker=outcome.worker,
        items=items,
        digest=None if facts is None or (response is not None and response.is_cut) else facts.digest,
        simhash=None if facts is None else facts.simhash,
    )


class Frontier(Protocol):
    """URLs waiting, by host, and URLs out with a worker.

    Only the main thread calls a frontier, so implementations need no locks. It
    knows no time: which host may be asked now is the gate's business. Every
    request that it holds has its `target`, a URL in normal form. One that is
    leased may carry a number of the frontier's own, `request.lease`; it stays
    with the request through redirects and retries.
    """

    def unknown(self, urls: Sequence[str], *, depth: int, found_on: str) -> list[str]:
        """Those of these URLs (normal form, plain GET) that were never accepted, in their order, each once.

        One that still waits with a greater depth is brought up to this one, so that
        depth does not depend on which of two pages happened to answer first.
        """

    def add(self, requests: Iterable[Request]) -> list[Request]:
        """Accept those whose fingerprint was never accepted before, and give them back."""

    def mark(self, request: Request) -> bool:
        """Note a target that a redirect led to as accepted; False when it was so already.

        Also for what is no URL at all, so that it has one record only.
        """

    def take(self, host: str, most: int) -> list[Request]:
        """Lease up to `most` requests of one host: higher priority first, then lower depth, then older."""

    def put_back(self, request: Request, *, last: bool = False) -> None:
        """Return a lease, unanswered: a retry, or what a dead worker held; `last` sends it to the end."""

    def tried(self, attempt: Tried) -> None:
        """Remember a try that does not end its lease, for whoever asks later."""

    def left_out(self, urls: Sequence[str], why: str, *, found_on: str) -> None:
        """Remember that links on a page are not followed, and why; those that are known are no news."""

    def commit(self, ends: Sequence[End], positions: Positions) -> None:
        """Close leases for good, together with where the stores now stand."""

    def has_page(self, url: str) -> bool | None:
        """Whether a URL (plain GET), or where it was redirected, has got a page or is the same as one that has.

        None for one that waits, is out, or was never accepted, as far as was committed.
        """

    def hosts(self) -> Iterable[str]:
        """Every host that something waits for; more than those of this run's, where a frontier outlives one."""

    def waiting(self, host: str | None = None) -> int:
        """How many wait, of one host or of all."""

    def is_finished(self) -> bool:
        """True when nothing waits and nothing is out; `take` giving nothing is not that."""
