"""When a site is a trap: it names ever new URLs that lead to nothing new, by mistake or on purpose.

    link that nobody knew ─▶ judge ─┬─▶ None: it is followed, and counted
                                    └─▶ why it is left out, a reason of `REASONS`

Judged by the URL alone, before anything is asked for, and only what was found: what the user
lists, and what a handler asks for, is his own will. The same URLs in the same order
are judged the same, so a job that goes on counts again what it knows (`count`), and
judges as if it had never stopped.

What is counted is kept as hashes: `MOST_KEPT` of them in all and 70 to 130 bytes each, 60 MB
at the very most and some 10 MB for a site of 100,000 pages. Where there is no more room,
what is new stays unknown, and a link is rather followed than left out.
"""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from .calendars import AHEAD_YEARS, BACK_YEARS, dated, may_be_dated
from .sessions import without_session

HOST: Final = "too many pages of one host"
DIRECTORY: Final = "too many pages in one directory"
DEEP: Final = "path too deep"
REPEATED: Final = "path repeats itself"
PARAMETERS: Final = "too many parameters"
COMBINED: Final = "known parts put together anew"
CALENDAR: Final = "calendar without end"
SESSION: Final = "known page in another session"

REASONS: Final = {
    HOST: "max_host_pages",
    DIRECTORY: "max_directory_pages",
    DEEP: "max_path_depth",
    REPEATED: "max_repeats",
    PARAMETERS: "max_params",
    COMBINED: "max_combinations",
    CALENDAR: "max_calendar",
    SESSION: "max_sessions",
}
"""Why a link is left out as one of a trap, each with the knob that says from when on."""

MOST_HOSTS: Final = 20_000
"""Hosts whose links are counted; of further ones only what a URL alone tells is judged."""

MOST_KEPT: Final = 500_000
"""Hashes that are kept of all hosts together."""

_FEW_PARTS: Final = 3  # parameters put together, from which on that is counted
_LONG_PATH: Final = 6  # segments of a path, the same; known words in shorter ones are how sites are made
_OF_HOST: Final = 10  # times as many combinations are followed on a host as of one path
_PER_PART: Final = (
    10,
    10,
    50,
)  # combinations for each part that there is, by kind: manuals have many versions
_PARTS: Final = re.compile(r"[,+|;]|%2[0Cc]|%7[Cc]|%3[Bb]")
_A_YEAR_S: Final = 365.2425 * 86400
_Count = TypeVar("_Count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """From when on a site counts as a trap; the knobs of the same names say what each is."""

    max_host_pages: int = 1_000_000
    max_directory_pages: int = 250_000
    max_path_depth: int = 20
    max_repeats: int = 3
    max_params: int = 20
    max_combinations: int = 1_000
    max_calendar: int = 1_000
    max_sessions: int = 3


class _Host:
    """What was followed on one host; all but numbers by hash."""

    __slots__ = ("calendars", "combined", "directories", "pages", "queries", "sessions", "words")

    def __init__(self) -> None:
        self.pages = 0
        self.words: set[int] = set()  # segments of paths, and parameters of each path
        self.combined = [0, 0, 0]  # URLs that only put known parts together, by kind
        self.queries: dict[int, tuple[int, int]] = {}  # by path: parts known, and how often put together anew
        self.directories: dict[int, int] = {}  # URLs in each
        self.sessions: dict[int, int] = {}  # names that each page had so far
        self.calendars: dict[int, int] = {}  # far dates at each place; -1 where there is no calendar


_PARAMETERS, _REPEATING, _LONG = range(3)


class _Seen:
    """What one URL has, and would add to the counts of its host.

    Attributes:
        path: Up to the query.
        query: Behind the question mark.
        names: The segments of the path.
        depth: Directories that it is in.
        repeats: How often its commonest segment stands in it.
        hashes: Of the segments.
        is_known: All segments were seen before.
        folder: Hash of its directory.
        folder_path: Hash of its path, where there is a query.
        parts: Hashes of its parameters.
        kind: Of what it puts together anew; None where something is new, or it is short.
        session: Hash of the URL without the session in it; 0 without one.
        place: Hash of where a date stands that is far from today, or a number that is none.
        is_date: Which of the two.
    """

    __slots__ = (
        "depth",
        "folder",
        "folder_path",
        "hashes",
        "is_date",
        "is_known",
        "kind",
        "names",
        "parts",
        "path",
        "place",
        "query",
        "repeats",
        "session",
    )

    path: str
    query: str
    names: list[str]
    depth: int
    repeats: int
    hashes: list[int]
    is_known: bool
    folder: int
    folder_path: int
    parts: list[int] | tuple[()]
    kind: int | None
    session: int
    place: int
    is_date: bool


class Traps:
    """Judges the links that a crawl finds, one after the other.

    Args:
        bounds: From when on a site counts as a trap.
        now: Seconds since 1970, for what is far from today.
    """

    def __init__(self, bounds: Bounds, *, now: float | None = None) -> None:
        """Nothing is counted yet."""
        self._bounds = bounds
        self._hosts: dict[str, _Host] = {}
        self._room = MOST_KEPT
        year = 1970 + int((time.time() if now is None else now) / _A_YEAR_S)
        self._near = range(year - BACK_YEARS, year + AHEAD_YEARS + 1)
        self._other = _Host()  # stands for those beyond `MOST_HOSTS`, and stays empty

    def judge(self, url: str) -> str | None:
        """Why a URL (normal form) that nobody knew is left out; None counts it as followed."""
        return self._look(url, is_judged=True)

    def count(self, url: str) -> None:
        """Count a URL that is followed whatever it looks like: of an earlier run, or of a handler."""
        if url.startswith(("http://", "https://")) and "/" in url[8:]:  # a job also keeps what is no URL
            self._look(url, is_judged=False)

    def admit_listed(self, url: str) -> str | None:
        """The same for what a sitemap lists: only how many pages a host has is looked at, and counted."""
        host = self._host(url[(start := url.index("://") + 3) : url.index("/", start)])
        if host.pages >= self._bounds.max_host_pages:
            return HOST
        if host is not self._other:
            host.pages += 1
        return None

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= MOST_HOSTS:
                return self._other
            host = self._hosts[name] = _Host()
        return host

    def _look(self, url: str, *, is_judged: bool) -> str | None:
        start = url.index("://") + 3
        slash = url.index("/", start)
        host = self._host(url[start:slash])
        seen = self._read(host.words, url[slash:])
        if is_judged and (refusal := self._refusal(host, seen)) is not None:
            return refusal
        if host is not self._other:
            self._take(host, seen)
        return None

    def _read(self, words: set[int], text: str) -> _Seen:
        """What there is to see in a URL's path and query, of which these words are known."""
        path, _, query = text.partition("?")
        seen = _Seen()
        seen.path, seen.query = path, query
        seen.names = names = path.split("/")
        seen.depth = len(names) - 2
        del names[0]
        if not names[-1]:
            del names[-1]
        seen.repeats = _repeats(names) if len(set(names)) < len(names) else 1
        seen.folder = hash(path.rpartition("/")[0])
        seen.hashes = hashes = list(map(hash, names))
        seen.is_known = words.issuperset(hashes)
        seen.session = 0
        if query or ";" in path or "/(" in path or "/s" in path or "sess" in path:
            bare = without_session(path, query)
            seen.session = 0 if bare is None else hash(bare)
        seen.place, seen.is_date = 0, False
        if query or may_be_dated(text):
            found = dated(text, query)
            if found is not None and found.year not in self._near:
                seen.place, seen.is_date = hash(found.place), found.year is not None
        seen.parts, seen.kind = (), None
        if query:
            seen.folder_path = of_path = hash(path)
            seen.parts = [hash((of_path, part)) for part in _parts_of(query)]
            if len(seen.parts) >= _FEW_PARTS and words.issuperset(seen.parts):
                seen.kind = _PARAMETERS
        elif seen.is_known and seen.repeats > 1:
            seen.kind = _REPEATING
        elif seen.is_known and len(names) >= _LONG_PATH:
            seen.kind = _LONG
        return seen

    def _refusal(self, host: _Host, seen: _Seen) -> str | None:
        bounds = self._bounds
        if seen.depth > bounds.max_path_depth:
            return DEEP
        if seen.repeats > bounds.max_repeats:
            return REPEATED
        if host.pages >= bounds.max_host_pages:
            return HOST
        if host.directories.get(seen.folder, 0) >= bounds.max_directory_pages:
            return DIRECTORY
        if seen.query and seen.query.count("&") >= bounds.max_params:
            return PARAMETERS
        if seen.session and host.sessions.get(seen.session, 0) >= bounds.max_sessions:
            return SESSION
        if seen.is_date and host.calendars.get(seen.place, 0) >= bounds.max_calendar:
            return CALENDAR
        if seen.kind is not None and self._is_worn_out(host, seen, seen.kind):
            return COMBINED
        return None

    def _is_worn_out(self, host: _Host, seen: _Seen, kind: int) -> bool:
        """Whether what is known was put together anew often enough: on the host, and with the parameters of one path."""
        most = self._bounds.max_combinations
        on_host = max(most if kind == _REPEATING else _OF_HOST * most, _PER_PART[kind] * len(host.words))
        if host.combined[kind] >= on_host:
            return True
        if kind != _PARAMETERS:
            return False
        known, times = host.queries.get(seen.folder_path, (0, 0))
        return times >= max(most, _PER_PART[kind] * known)

    def _take(self, host: _Host, seen: _Seen) -> None:
        host.pages += 1
        self._add(host.directories, seen.folder)
        if not seen.is_known:
            self._learn(host.words, seen.hashes)
        if seen.kind is not None:
            host.combined[seen.kind] += 1
        if seen.query:
            fresh = 0 if seen.kind is not None else self._learn(host.words, seen.parts)
            known, times = host.queries.get(seen.folder_path, (0, 0))
            self._set(host.queries, seen.folder_path, (known + fresh, times + (seen.kind is not None)))
        if seen.session:
            self._add(host.sessions, seen.session)
        if seen.place and not seen.is_date:
            self._set(host.calendars, seen.place, -1)
        elif seen.place and host.calendars.get(seen.place, 0) >= 0:
            self._add(host.calendars, seen.place)

    def _learn(self, words: set[int], hashes: Iterable[int]) -> int:
        """Keep what is new of these, where there is room; how many that is."""
        if self._room <= 0:
            return 0
        before = len(words)
        words.update(hashes)
        self._room -= len(words) - before
        return len(words) - before

    def _add(self, counts: dict[int, int], key: int) -> None:
        self._set(counts, key, counts.get(key, 0) + 1)

    def _set(self, counts: dict[int, _Count], key: int, n: _Count) -> None:
        if key not in counts:
            if self._room <= 0:
                return
            self._room -= 1
        counts[key] = n


def _repeats(names: list[str]) -> int:
    """How often the commonest segment stands in a path; numbers aside, which mean something else each time."""
    return max((names.count(name) for name in set(names[:64]) if not name.isdigit()), default=0)


def _parts_of(query: str) -> list[str]:
    """The parameters of a query, each value of a list on its own; a hundred at most."""
    if _PARTS.search(query) is None:
        return query.split("&")[:100]
    parts = []
    for pair in query.split("&")[:100]:
        name, _, value = pair.partition("=")
        parts += [f"{name}={each}" for each in _PARTS.split(value, maxsplit=50)]
    return parts[:100]
