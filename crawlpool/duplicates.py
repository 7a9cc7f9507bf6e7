"""Which pages are the same as one before: by their body, by their words, by what they call their own URL.

    exact      the body has the digest of another page's
    near       the visible words hash to within three bits of 64 of another's
    canonical  it names another URL as its own

A page is told from one that was kept: what is left out, or was lost to its handler, is
compared with and never to. Bounded: the last `MOST_PAGES` pages are remembered, some
30 MB with URLs of 80 characters, and 50 MB more for the words.
"""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from .model import Response
from .stats import Stats
from .targets import Targets
from .urls import in_a_line, place

log = logging.getLogger("crawlpool")

MOST_PAGES: Final = 100_000
"""Pages that are remembered; of more, those that were kept last."""

NEAR_BITS: Final = 3
"""In how many of 64 bits the hashes of two texts may differ that are nearly the same."""

SAME_ON_HOST: Final = 3
"""So many other paths of a host with the same body, and it looks like an answer for what is not there."""

_BANDS: Final = (0, 16, 32, 48)  # of four parts, one at least is the same where three bits differ
_MOST_IN_BUCKET: Final = 200
_WORD: Final = (1 << 64) - 1


class Same(NamedTuple):
    """In which way a page is the same as another.

    Attributes:
        kind: "exact", "near" or "canonical".
        of: The other's URL.
    """

    kind: str
    of: str


class _Body:
    """The first page with a body, and how many other paths of its host had it."""

    __slots__ = ("others", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.others = 0


class Duplicates:
    """The pages that were kept, as far as they are needed to know another by.

    Args:
        stats: Counts what is the same, by kind, and what looks like "not found".
        targets: What is asked for a URL.
        most: Pages that are remembered.
    """

    def __init__(self, *, stats: Stats, targets: Targets, most: int = MOST_PAGES) -> None:
        """Start with none."""
        self._stats = stats
        self._targets = targets
        self._most = most
        self._bodies: dict[int, _Body] = {}
        self._texts: deque[tuple[int, str]] = deque()
        self._buckets: dict[int, list[tuple[int, str]]] = {}  # most have one or two in them

    def look(self, response: Response, *, is_counted: bool = True) -> list[Same]:
        """In which ways a page is the same as another, the surest first; the first one is counted."""
        facts, url = response.facts, response.final_url
        if facts is None or not 200 <= response.status < 300 or response.request.method != "GET":
            return []
        found = []
        if facts.digest is not None and not response.is_cut:
            body = self._bodies.get(facts.digest)
            if body is not None and body.url != url:
                found.append(Same("exact", body.url))
            self._look_for_missing(body, response)
        if facts.simhash is not None and (of := self._like(facts.simhash, url)) is not None:
            found.append(Same("near", of))
        if facts.canonical is not None:
            canonical = self._targets.tidy(facts.canonical)
            if canonical != url and canonical not in response.request.redirects:
                found.append(Same("canonical", canonical))
        if found and is_counted:
            self._stats.duplicate_of(found[0].kind)
            log.info(
                "page.duplicate kind=%s of=%s url=%s",
                found[0].kind,
                found[0].of,
                in_a_line(response.request.url),
            )
        return found

    def keep(self, response: Response) -> None:
        """Remember a page that was kept, to know others by."""
        facts = response.facts
        if facts is None or not 200 <= response.status < 300 or response.request.method != "GET":
            return
        self._remember(response.final_url, None if response.is_cut else facts.digest, facts.simhash)

    def restore(self, pages: Iterable[tuple[str, int | None, int | None]]) -> None:
        """Remember the pages of earlier runs: URL, digest and simhash of each."""
        for url, digest, simhash in pages:
            self._remember(url, digest, simhash)

    def _remember(self, url: str, digest: int | None, simhash: int | None) -> None:
        if digest is not None and digest not in self._bodies:
            if len(self._bodies) >= self._most:
                del self._bodies[next(iter(self._bodies))]
            self._bodies[digest] = _Body(url)
        if simhash is not None:
            if len(self._texts) >= self._most:
                self._forget_text()
            entry = (simhash, url)
            self._texts.append(entry)
            for key in _keys(simhash):
                bucket = self._buckets.setdefault(key, [])
                if len(bucket) >= _MOST_IN_BUCKET:
                    del bucket[0]
                bucket.append(entry)

    def _forget_text(self) -> None:
        oldest = self._texts.popleft()
        for key in _keys(oldest[0]):
            bucket = self._buckets[key]
            if bucket[0] is oldest:  # else it made room for newer ones before
                del bucket[0]
                if not bucket:
                    del self._buckets[key]

    def _like(self, simhash: int, url: str) -> str | None:
        """The page whose words are most like these."""
        best, least = None, NEAR_BITS + 1
        for key in _keys(simhash):
            for other, its_url in self._buckets.get(key, ()):
                bits = ((other ^ simhash) & _WORD).bit_count()
                if bits < least and its_url != url:
                    best, least = its_url, bits
        return best

    def _look_for_missing(self, body: _Body | None, response: Response) -> None:
        """Count a page that is an answer for what is not there, whatever its status says."""
        assert response.facts is not None
        if response.facts.says_missing:
            self._stats.looks_missing()
            return
        if body is None:
            return
        here, first = place(response.final_url), place(body.url)
        if here.host == first.host and _path(here.path) != _path(first.path):
            body.others += 1
            if body.others == SAME_ON_HOST:
                self._stats.looks_missing(SAME_ON_HOST + 1)  # the first of them, too
            elif body.others > SAME_ON_HOST:
                self._stats.looks_missing()


def _path(path: str) -> str:
    return path.partition("?")[0]


def _keys(simhash: int) -> Sequence[int]:
    """The four parts of a hash, each with its place."""
    return [(simhash >> shift & 0xFFFF) << 2 | place for place, shift in enumerate(_BANDS)]
