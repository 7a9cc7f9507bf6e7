"""What is left out because it is the same as another page, and never so that both are lost.

    answer ──▶ same body, same words ──▶ left out
          └──▶ names another URL as its own:
                  that one has a page ────────────────▶ left out
                  it waits, or was not known ─▶ held ─┬▶ it has got a page: left out
                                                      └▶ it came to nothing: waits again, and is kept

A page that is held is out of its lease until the other ends; in a job it waits, so a crash
loses nothing. Of pages that name each other in a circle the one whose canonical is held
already is kept.
"""

from collections.abc import Iterable
from dataclasses import replace

from .duplicates import Duplicates, Same
from .following import Following
from .frontiers.base import SAME, End, Frontier, is_good, urls_of
from .model import Request, Response

WORDS = {**dict(zip(("exact", "near", "canonical"), SAME, strict=True)), "noindex": "noindex"}
"""Kinds of duplicates, and of what is left out with them, as the reason why a page is left out."""

_MOST_HELD = 10_000
_MOST_STEPS = 10


class Folding:
    """Judges each page that was answered, in the main thread.

    Args:
        duplicates: The pages that there are.
        frontier: Knows what became of others.
        following: The scope, and how long a URL may be.
        skip: What is left out: "exact", "near", "canonical"; with "listed" also what the user named.
        skip_noindex: Whether a page that was found is left out when it says "noindex".
    """

    def __init__(
        self,
        *,
        duplicates: Duplicates,
        frontier: Frontier,
        following: Following,
        skip: Iterable[str],
        skip_noindex: bool = False,
    ) -> None:
        """Take the parts."""
        self.duplicates = duplicates
        self._frontier = frontier
        self._following = following
        self._skip = frozenset(skip)
        self._skip_noindex = skip_noindex
        self._held: dict[str, list[End]] = {}  # by the canonical URL that is waited for
        self._waits_for: dict[str, str] = {}  # the same, by the page that is held
        self._kept: set[str] = set()  # pages whose canonical URL came to nothing

    @property
    def held(self) -> int:
        """How many pages are held."""
        return len(self._waits_for)

    def judge(self, response: Response) -> tuple[Response, Same | None]:
        """The page with what it is the same as, and why it is left out; None when it is kept."""
        if self._skip_noindex and not response.request.is_listed and _says_noindex(response):
            return response, Same("noindex", "")
        url = response.final_url
        found = self.duplicates.look(response, is_counted=url not in self._kept)
        if not found:
            return response, None
        response = replace(response, duplicate_of=found[0].of)
        if response.request.is_listed and "listed" not in self._skip:
            return response, None
        for same in found:
            if same.kind in self._skip and (same.kind != "canonical" or self._is_followed(response, same.of)):
                return response, same
        return response, None

    def _is_followed(self, response: Response, canonical: str) -> bool:
        """Whether a page may be left out for the canonical URL that it names."""
        if response.final_url in self._kept or len(canonical) > self._following.targets.longest:
            return False
        return self._following.scope.why_not(canonical) is None

    def canonical_request(self, response: Response, canonical: str) -> Request:
        """The request for the URL that a page names, in the page's place."""
        request = response.request
        return Request(
            canonical,
            target=canonical,
            depth=request.depth,
            found_on=response.final_url,
            handler=request.handler,
            data=request.data,
            priority=request.priority + 1,  # while few are held
        )

    def fate(self, request: Request, canonical: str, ends: Iterable[End]) -> str:
        """What a page comes to that names another URL: "left out", "held" or "kept".

        Args:
            request: The page's.
            canonical: The URL that it names.
            ends: What ended and is not committed yet, so that the frontier does not know of it.
        """
        steps = 0
        while canonical in self._waits_for:
            canonical = self._waits_for[canonical]
            steps += 1
            if canonical == request.target or steps > _MOST_STEPS:
                return "kept"
        became = self._frontier.has_page(canonical)
        for end in ends:
            if canonical in urls_of(end):
                became = is_good(end)
        if became is not None:
            return "left out" if became else "kept"
        # One that was redirected has no place of its own in the frontier, to wait there again.
        return "kept" if request.redirects or self.held >= _MOST_HELD else "held"

    def hold(self, end: End, canonical: str) -> None:
        """Keep an end back until its canonical URL has one."""
        while canonical in self._waits_for:
            canonical = self._waits_for[canonical]
        self._held.setdefault(canonical, []).append(end)
        self._waits_for[end.request.target] = canonical

    def ended(self, end: End) -> tuple[list[End], list[Request]]:
        """What was held for a chain that has ended: ends that stand now, and requests that wait again."""
        if self._kept:
            self._kept.difference_update(urls_of(end))
        if not self._held:
            return [], []
        stand: list[End] = []
        again: list[Request] = []
        for url in urls_of(end):
            for each in self._held.pop(url, ()):
                del self._waits_for[each.request.target]
                if is_good(end):
                    stand.append(each)
                else:
                    again.append(self._keep(each))
        return stand, again

    def release(self) -> list[Request]:
        """Everything that is held; it waits again, and is kept."""
        again = [self._keep(each) for ends in self._held.values() for each in ends]
        self._held.clear()
        self._waits_for.clear()
        return again

    def _keep(self, end: End) -> Request:
        self._kept.add(end.request.target)
        return replace(end.request, attempt=1)


def _says_noindex(response: Response) -> bool:
    """Whether a page (2xx) asks not to be shown to others: `X-Robots-Tag`, or a robots `meta` element."""
    return response.facts is not None and response.status < 300 and "noindex" in response.facts.directives
