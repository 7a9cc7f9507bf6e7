"""What a frontier promises: URLs waiting and URLs out, none twice, none lost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from ..model import Request

Positions: TypeAlias = Mapping[str, Any]
"""Where each store stands, by the store's name; see `crawlpool.stores.base`."""


class Frontier(Protocol):
    """URLs waiting, by host, and URLs out with a worker.

    Only the main thread calls a frontier, so implementations need no locks. It
    knows no time: which host may be asked now is the gate's business. Every
    request that it holds has its `target`, a URL in normal form.
    """

    def unknown(self, urls: Sequence[str], *, depth: int, found_on: str) -> list[str]:
        """Those of these URLs (normal form, plain GET) that were never accepted, in their order, each once.

        One that still waits with a greater depth is brought up to this one, so that
        depth does not depend on which of two pages happened to answer first.
        """

    def add(self, requests: Iterable[Request]) -> list[Request]:
        """Accept those whose fingerprint was never accepted before, and give them back."""

    def mark(self, request: Request) -> bool:
        """Note a target that a redirect led to as accepted; False when it was so already."""

    def take(self, host: str, most: int) -> list[Request]:
        """Lease up to `most` requests of one host: higher priority first, then lower depth, then older."""

    def put_back(self, request: Request, *, last: bool = False) -> None:
        """Return a lease, unanswered: a retry, or what a dead worker held; `last` sends it to the end."""

    def commit(self, done: Sequence[Request], positions: Positions) -> None:
        """Close leases for good, together with where the stores now stand."""

    def waiting(self, host: str | None = None) -> int:
        """How many wait, of one host or of all."""

    def drop_waiting(self, host: str | None = None) -> list[Request]:
        """Take out everything that waits, of one host or of all, and give it back as leases."""

    def is_finished(self) -> bool:
        """True when nothing waits and nothing is out; `take` giving nothing is not that."""
