"""Which of the links on a page become requests: in scope, not too deep, not known."""

from collections.abc import Iterable
from dataclasses import replace

from .frontiers.base import Frontier
from .model import Failure, FailureKind, Request, Response
from .scope import Scope
from .stats import Stats
from .urls import normalise


class Following:
    """The rules by which a crawl grows.

    Args:
        scope: Which URLs belong to the crawl.
        frontier: Knows which URLs were accepted before.
        stats: Counts what is left out, and why.
        is_on: Whether links are followed without a handler's asking.
        depth: Links from a seed at most; None for no limit.
    """

    def __init__(
        self, *, scope: Scope, frontier: Frontier, stats: Stats, is_on: bool, depth: int | None
    ) -> None:
        """Take the parts."""
        self.scope = scope
        self._frontier = frontier
        self._stats = stats
        self.is_on = is_on
        self._depth = depth

    def links_of(self, response: Response) -> list[Request]:
        """Requests for the links on a page (2xx) that are to be followed; those refused are not thereby seen."""
        if not self.is_on or response.facts is None or not 200 <= response.status < 300:
            return []
        depth = response.request.depth + 1
        if self._depth is not None and depth > self._depth:
            self._stats.skipped("depth", len(response.facts.links))
            self._frontier.left_out(response.facts.links, "depth", found_on=response.final_url)
            return []
        page = response.final_url
        found = []
        for url in self._frontier.unknown(response.facts.links, depth=depth, found_on=page):
            refusal = self.scope.why_not(url)
            if refusal is None:
                found.append(Request(url, target=url, depth=depth, found_on=page))
            else:
                self._stats.skipped(refusal)
                self._frontier.left_out((url,), refusal, found_on=page)
        return found

    def admitted(self, requests: Iterable[Request]) -> tuple[list[Request], list[Failure]]:
        """Give requests of the user's own their targets; what is no URL becomes a failure, what is too deep is left out."""
        good, bad = [], []
        for request in requests:
            target = normalise(request.url)
            if target is None:
                message = f"{request.url[:200]!r} is no http(s) URL"
                bad.append(Failure(request=request, kind=FailureKind.INVALID_URL, message=message))
            elif self._depth is not None and request.depth > self._depth:
                self._stats.skipped("depth")
            else:
                good.append(replace(request, target=target))
        return good, bad
