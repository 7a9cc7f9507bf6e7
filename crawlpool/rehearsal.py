"""Whether crawls are rehearsed: what answers in place of the network, and that nobody is waited for.

    testing.Pages, record, replay ──▶ begin ──▶ current() ◀── Engine, when a crawl is put together

A rehearsal is asked for by a `with` block of `crawlpool.testing` around code that makes its own
crawler, however deep inside. So it is the process's, not the thread's; of several, the innermost counts.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from .errors import ConfigError
from .model import Failure, Outcome, Response
from .polite.outage import Outage
from .polite.retry import Defer, Retry, RetryPolicy
from .settings import Settings
from .worker.exchange import Transport
from .worker.wire import TransportOptions

_THREADS = frozenset({"thread", "futures-thread"})


class Rehearsal(Protocol):
    """What answers in place of the network, on whatever thread asks."""

    @property
    def is_hurried(self) -> bool:
        """Whether nothing is waited for: no delay, no backoff, no Retry-After, no rest."""

    @property
    def is_robots(self) -> bool | None:
        """Whether robots.txt is asked for and obeyed; None for as the crawl says."""

    def transport(self, options: TransportOptions) -> Transport:
        """A transport for one worker."""


_under_way: list[Rehearsal] = []


def begin(rehearsal: Rehearsal) -> None:
    """From now on, crawls that begin are answered by this."""
    _under_way.append(rehearsal)


def end(rehearsal: Rehearsal) -> None:
    """No more of them are; those that began go on with it."""
    _under_way.remove(rehearsal)


def current() -> Rehearsal | None:
    """What answers the crawls that begin now; None for the network."""
    return _under_way[-1] if _under_way else None


def settings_for(rehearsal: Rehearsal, settings: Settings) -> Settings:
    """The knobs of a crawl, less what would make it wait."""
    if rehearsal.is_robots is not None:
        settings = replace(settings, robots=rehearsal.is_robots)
    if not rehearsal.is_hurried:
        return settings
    return replace(
        settings,
        delay=0.0,
        backoff=0.0,
        host_rest=0.0,
        max_crawl_delay=0.0,
        rate=None,
        host_rate=None,
        bandwidth=None,
        host_bandwidth=None,
        adaptive=False,
        per_address=0,
    )


def backend_for(backend: Any) -> Any:
    """The backend for a crawl that is rehearsed: what answers lives in this process, so workers do, too.

    Raises:
        ConfigError: It is a pool of the user's own that has, or may have, processes.
    """
    if isinstance(backend, str):
        return backend if backend in _THREADS else "sync"
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  for tests only
    from multiprocessing.pool import ThreadPool  # noqa: PLC0415

    if isinstance(backend, ThreadPool | ThreadPoolExecutor):
        return backend
    raise ConfigError(
        f"crawlpool.testing answers in this process, and a {type(backend).__name__} may work in others; "
        "in tests give a ThreadPoolExecutor, a ThreadPool, or none"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOnce(RetryPolicy):
    """Tries again what others do, without any wait."""

    def decide(self, outcome: Outcome, *, attempt: int, now: float, jitter: float) -> Retry | Defer | None:
        """As the policy says, at once."""
        decision = RetryPolicy.decide(self, outcome, attempt=attempt, now=now, jitter=jitter)
        return Retry(wait_s=0.0, rest_host=False) if isinstance(decision, Retry) else decision

    def rest_s(self, outcome: Outcome, *, now: float) -> float:  # noqa: ARG002  the policy's own signature
        """Nobody rests."""
        return 0.0

    def hop_wait_s(self, response: Response, *, now: float) -> float:  # noqa: ARG002
        """No redirect waits."""
        return 0.0


class NeverGone(Outage):
    """What fails does so because a test says so; the network has no part in it."""

    def holds(self, host: str, failure: Failure, now: float, *, is_last: bool) -> bool:  # noqa: ARG002
        """Every failure is its own."""
        return False
