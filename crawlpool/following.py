"""Which of the links on a page become requests: in scope, not too deep, not known."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from .frontiers.base import Frontier
from .model import Failure, FailureKind, Request, Response
from .scope import Scope
from .stats import Stats
from .targets import Targets
from .traps import Bounds, Traps
from .urls import public

TOO_LONG = "url too long"
NOFOLLOW = "nofollow"
"""The page asks for none of its links to be followed: `X-Robots-Tag`, or a robots `meta` element."""

REL_NOFOLLOW = "rel=nofollow"
"""Every link to it asks for that."""

_ANY_DEPTH = 1 << 40  # deeper than any page, so that asking for what is known moves none


class Following:
    """The rules by which a crawl grows.

    Args:
        scope: Which URLs belong to the crawl.
        targets: What is asked for a URL.
        frontier: Knows which URLs were accepted before.
        stats: Counts what is left out, and why.
        is_on: Whether links are followed without a handler's asking.
        depth: Links from a seed at most; None for no limit.
        bounds: From when on a site counts as a trap.

    Attributes:
        traps: What was followed so far, as far as traps are known by it.
        on_taken: Called with each page whose links were looked at, and those that were refused.
    """

    def __init__(
        self,
        *,
        scope: Scope,
        targets: Targets,
        frontier: Frontier,
        stats: Stats,
        is_on: bool,
        depth: int | None,
        bounds: Bounds = Bounds(),  # noqa: B008  frozen
    ) -> None:
        """Take the parts."""
        self.scope = scope
        self.targets = targets
        self._frontier = frontier
        self._stats = stats
        self.is_on = is_on
        self._depth = depth
        self.traps = Traps(bounds)
        self.on_taken: Callable[[Response, Sequence[str]], None] | None = None

    def links_of(self, response: Response) -> list[Request]:
        """Requests for the links on a page (2xx) that are to be followed; those refused are not thereby seen."""
        if not self.is_on or response.facts is None or not 200 <= response.status < 300:
            return []
        if response.facts.refused:
            self._refuse(response.facts.refused, REL_NOFOLLOW, response.final_url)
        if NOFOLLOW in response.facts.directives:
            self._refuse(response.facts.links, NOFOLLOW, response.final_url)
            return []
        depth = response.request.depth + 1
        if self._depth is not None and depth > self._depth:
            self._stats.skipped("depth", len(response.facts.links))
            self._frontier.left_out(response.facts.links, "depth", found_on=response.final_url)
            return []
        page = response.final_url
        links: Sequence[str] = response.facts.links
        named: dict[str, str] = {}  # by target: as the page has it, where that is not the same
        are_plain = self.targets.are_plain
        if not are_plain:
            named = self._named(links, page)
            links = tuple(named)
        # What is known comes first: on most pages that is nearly all, and nothing else is then looked at.
        fresh: Sequence[str] = self._frontier.unknown(links, depth=depth, found_on=page)
        unknown = fresh
        if fresh and are_plain:
            fresh = self._short(fresh, page)  # none that is too long was ever accepted
        found = []
        refused: dict[str, list[str]] = {}
        for url in fresh:
            refusal = self.scope.why_not(url) or self.traps.judge(url)
            if refusal is None:
                found.append(Request(named.get(url, url), target=url, depth=depth, found_on=page))
            else:
                refused.setdefault(refusal, []).append(url)
        self._leave_out(refused, page)
        if self.on_taken is not None:
            taken = {each.target for each in found} if len(found) < len(unknown) else ()
            self.on_taken(response, [url for url in unknown if url not in taken] if taken != () else ())
        return found

    @property
    def may_stay_behind(self) -> bool:
        """Whether a link that was taken once need not be seen again: not where each sight of it is counted.

        That is so beyond a depth; and where what is asked for a link is not what the page names, nobody could tell.
        """
        return self.is_on and self._depth is None and self.targets.are_plain

    def _named(self, links: Sequence[str], page: str) -> dict[str, str]:
        """Links by what is asked for them, the first of each."""
        named: dict[str, str] = {}
        for url in self._short(links, page):
            named.setdefault(self.targets.tidy(url), url)
        return named

    def trapped(self, hop: Request) -> str | None:
        """Why a redirect's target that nobody knew is one of a trap, where links are followed: it is one, too."""
        if not self.is_on or not self._frontier.unknown(
            (hop.target,), depth=_ANY_DEPTH, found_on=hop.redirects[-1]
        ):
            return None
        return self.traps.judge(hop.target)

    def listed_trapped(self, target: str, *, found_on: str) -> str | None:
        """The same of what a sitemap lists: a site may list what it likes, up to the most pages of one host."""
        if not self._frontier.unknown((target,), depth=_ANY_DEPTH, found_on=found_on):
            return None
        return self.traps.admit_listed(target)

    def _refuse(self, links: Sequence[str], why: str, page: str) -> None:
        """Leave out what the site asks not to be followed, as far as it belongs to the crawl and is not known."""
        if not self.targets.are_plain:
            links = [self.targets.tidy(url) for url in links]
        refused: dict[str, list[str]] = {}
        for url in self._frontier.unknown(self._short(links, page), depth=_ANY_DEPTH, found_on=page):
            refused.setdefault(self.scope.why_not(url) or why, []).append(url)
        self._leave_out(refused, page)

    def _leave_out(self, refused: Mapping[str, Sequence[str]], page: str) -> None:
        """Count and remember links that are not followed, by why."""
        for why, urls in refused.items():
            self._stats.skipped(why, len(urls))
            self._frontier.left_out(urls, why, found_on=page)

    def _short(self, links: Sequence[str], page: str) -> Sequence[str]:
        """Those that may be asked for; of the others the beginning is remembered, which is no URL."""
        longest = self.targets.longest
        long = [url for url in links if len(url) > longest]
        if not long:
            return links
        self._stats.skipped(TOO_LONG, len(long))
        self._frontier.left_out([f"{url[:200]}..." for url in long], TOO_LONG, found_on=page)
        return [url for url in links if len(url) <= longest]

    def admitted(self, requests: Iterable[Request]) -> tuple[list[Request], list[Failure]]:
        """Give requests of the user's own their targets; what is no URL becomes a failure, what is too deep is left out.

        User name and password in a URL go no further than here.
        """
        good, bad = [], []
        for given in requests:
            target = self.targets.of(given.url)
            request = replace(given, url=public(given.url)) if "@" in given.url else given
            if target is None or len(target) > self.targets.longest:
                message = (
                    f"{request.url[:200]!r} is no http(s) URL" if target is None else self.too_long(target)
                )
                bad.append(Failure(request=request, kind=FailureKind.INVALID_URL, message=message))
            elif self._depth is not None and request.depth > self._depth:
                self._stats.skipped("depth")
            else:
                good.append(replace(request, target=target))
        return good, bad

    def too_long(self, target: str) -> str:
        """What is said of a URL that is not asked for its length."""
        return f"the URL has {len(target):,} characters, and {self.targets.longest:,} are allowed (max_url)"

    def tidied(self, hop: Request) -> Request:
        """A redirect's target by the rules of this crawl, unless the server insists on what they leave away.

        It does when the target without that was asked already, in this chain; then it is asked as the server
        has it. Going on so is bounded by the number of redirects.
        """
        target = self.targets.tidy(hop.target)
        return hop if target == hop.target or target in hop.redirects else replace(hop, target=target)
