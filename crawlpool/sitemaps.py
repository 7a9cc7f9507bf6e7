"""What a crawl does with sitemaps and feeds: which are asked for, and which of their URLs belong to it.

    named by the user ──────────────────────────────┐
    a seed's chain ends ─▶ robots.txt of its origin ─┼─▶ queue ─▶ errand ─▶ reading ─▶ arrivals
                           names some, or /sitemap.xml  ▲                      │
                                                        └─ a sitemap index ◀───┘

A sitemap is fetched as an errand, by the rules of every request (robots.txt, pace, tries,
redirects), and gets no record. Two at once are fetched or read, so that memory stays
small. What it lists is taken if it is in the crawl's scope, with or without links being
followed; a server may so add URLs of the seeds' hosts, and of no others
(sitemaps.org, "Sitemap file location").
"""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from .errands import Errand
from .following import TOO_LONG, Following
from .frontiers.base import Frontier
from .model import Outcome, Request, Response
from .outgoing import Outgoing
from .parse.sitemap import Entry, Kind, Reader, changed_at
from .polite.rulebook import Rulebook
from .stats import Stats
from .units import read_moment
from .urls import host, normalise, place

log = logging.getLogger("crawlpool")

MOST_FILES: Final = 50_000
"""Sitemaps of one crawl at most."""

MOST_DEPTH: Final = 5
"""Indexes within indexes that are read; sitemaps.org knows one."""

MOST_AT_ONCE: Final = 2
TOO_OLD: Final = "older than since"


@dataclass(frozen=True, slots=True)
class SitemapOf(Errand):
    """Marks a request as one for a sitemap.

    Attributes:
        depth: Indexes that led to it.
        is_named: The user named it, so that its failure is the crawl's.
        is_guess: Nobody named it: there may be none.
    """

    is_large: ClassVar[bool] = True
    depth: int = 0
    is_named: bool = False
    is_guess: bool = False


class _Reading:
    """One sitemap that is here, and read a piece at a time."""

    def __init__(self, response: Response, errand: SitemapOf) -> None:
        self.errand = errand
        self.url = response.request.url
        self.final_url = response.final_url
        self.taken = 0
        self.reader = Reader(
            response.body,
            base=response.final_url,
            content_type=response.header("content-type"),
            is_cut=response.is_cut,
        )


class Sitemaps:
    """The sitemaps of one crawl.

    Args:
        is_of_sites: Whether those of each seed's site are looked for.
        urls: Those that the user names.
        since: A date; what is said to have changed before is left out. None for no limit.
        rules: What the robots.txt files say.
        following: What belongs to the crawl.
        frontier: Remembers what was left out.
        outgoing: Told of the sitemaps that the user named, which get what is given for seeds.
        stats: What is counted.
    """

    def __init__(
        self,
        *,
        is_of_sites: bool,
        urls: tuple[str, ...],
        since: str | None,
        rules: Rulebook,
        following: Following,
        frontier: Frontier,
        outgoing: Outgoing,
        stats: Stats,
    ) -> None:
        """Ask nothing yet."""
        self._is_of_sites = is_of_sites
        self._since_s = None if since is None else read_moment(since)[0]
        self._rules = rules
        self._following = following
        self._frontier = frontier
        self._outgoing = outgoing
        self._stats = stats
        self._queue: deque[Request] = deque()
        self._out = 0
        self._readings: deque[_Reading] = deque()
        self._seen: set[str] = set()
        self._sites: set[str] = set()  # origins that were looked at
        self._awaited: set[str] = set()  # origins of seeds whose chains are open
        self._unheard: set[str] = set()  # origins whose robots.txt is asked for
        self._to_hear: list[str] = []
        self._named = urls
        self._has_failed = False
        for url in urls:
            self._name(url)

    def _name(self, url: str) -> None:
        target = normalise(url)
        if target is None:
            self._miss(url, SitemapOf(is_named=True), "this is no http(s) URL")
            return
        self._outgoing.add_seed(target)
        self._add(target, SitemapOf(is_named=True))

    # What becomes of them

    @property
    def is_open(self) -> bool:
        """Whether any is still to be asked for, on its way, or being read."""
        return bool(self._queue or self._out or self._readings or self._unheard)

    @property
    def is_reading(self) -> bool:
        """Whether `read` would read on."""
        return bool(self._readings)

    @property
    def is_done(self) -> bool:
        """Whether all were read, those of the seeds' sites too; not if one failed that the user named."""
        return not (self.is_open or self._awaited or self._has_failed)

    def skip(self) -> None:
        """Ask for none: all were read in an earlier run."""
        self._queue.clear()
        self._is_of_sites = False

    def remember_scope(self) -> None:
        """Let in the hosts of the sitemaps that the user named, as those of seeds are."""
        for url in self._named:
            target = normalise(url)
            if target is not None:
                self._following.scope.add_host_of(target)

    # Which there are

    def seed_came(self, target: str, *, is_new: bool) -> None:
        """A seed was put into the frontier; one that was known before has no chain of its own to wait for."""
        if not self._is_of_sites:
            return
        origin = place(target).origin
        if not is_new:
            self._look_at(origin)
        elif origin not in self._sites:
            self._awaited.add(origin)

    def seed_ended(self, outcome: Outcome) -> None:
        """A seed's chain is at its end, so it is known where its site is: where its redirects ended."""
        request = outcome.request
        if not self._is_of_sites or not request.target or is_from_sitemap(request):
            return
        first, last = (
            place(request.redirects[0] if request.redirects else request.target),
            place(request.target),
        )
        self._awaited.discard(first.origin)
        self._look_at(last.origin, has_grown=first.host != last.host)

    def _look_at(self, origin: str, *, has_grown: bool = False) -> None:
        """Take up the sitemaps of an origin, once; if the crawl has grown by its host just now, also those read before."""
        if origin in self._sites:
            return
        self._sites.add(origin)
        if has_grown:
            self._seen.difference_update(self._rules.sitemaps_of(origin) or ())
        if self._rules.sitemaps_of(origin) is None:
            self._unheard.add(origin)
            self._to_hear.append(origin)
        else:
            self._add_those_of(origin)

    def heard(self, origin: str) -> None:
        """An origin's robots.txt is here."""
        if origin in self._unheard:
            self._unheard.discard(origin)
            self._add_those_of(origin)

    def _add_those_of(self, origin: str) -> None:
        named = self._rules.sitemaps_of(origin)
        for url in named or ():
            self._add(url, SitemapOf())
        if not named:
            self._add(f"{origin}/sitemap.xml", SitemapOf(is_guess=True))

    def _add(self, url: str, errand: SitemapOf) -> None:
        if url in self._seen:
            return
        if len(self._seen) >= MOST_FILES:
            self._stats.skipped("too many sitemaps")
            return
        self._seen.add(url)
        self._queue.append(Request(url, target=url, data=errand))

    # What goes out, and comes back

    def to_hear(self) -> list[str]:
        """Origins whose robots.txt is to be asked for, each once."""
        origins, self._to_hear = self._to_hear, []
        return origins

    def to_send(self) -> Iterator[Request]:
        """Requests that are to go out now."""
        while self._queue and self._out + len(self._readings) < MOST_AT_ONCE:
            self._out += 1
            yield self._queue.popleft()

    def took(self, outcome: Outcome, errand: SitemapOf) -> None:
        """What came of a sitemap's request."""
        self._out -= 1
        url = outcome.request.url
        if not isinstance(outcome, Response):
            self._miss(url, errand, f"{outcome.kind.value}: {outcome.message}")
        elif not 200 <= outcome.status < 300:
            self._miss(url, errand, f"HTTP {outcome.status} {outcome.reason}".rstrip())
        else:
            if errand.is_named:
                self._following.scope.add_host_of(url)
                self._following.scope.add_host_of(outcome.final_url)
            self._readings.append(_Reading(outcome, errand))

    def _miss(self, url: str, errand: SitemapOf, why: str) -> None:
        self._has_failed = self._has_failed or errand.is_named
        self._stats.sitemap_missed(f"{url}: {why}", is_named=errand.is_named)
        log.log(
            logging.INFO if errand.is_guess else logging.WARNING, "sitemap.failed why=%r url=%s", why, url
        )

    # What they list

    def read(self) -> list[Request]:
        """Read on by a piece; give the requests for what belongs to the crawl."""
        reading = self._readings[0]
        try:
            entries = next(reading.reader, None)
        except Exception as error:  # noqa: BLE001  a fault of ours, which is not to end the crawl
            log.warning("sitemap.unreadable error=%r url=%s", error, reading.url)
            reading.reader.faults.append(f"it could not be read: {error!r}")
            entries = None
        if entries is None:
            self._readings.popleft()
            self._close(reading)
            return []
        found = []
        for entry in entries:
            if entry.kind is Kind.IMAGE:
                continue
            if self._is_too_old(entry):
                self._stats.skipped(TOO_OLD)
                self._frontier.left_out((entry.url,), TOO_OLD, found_on=reading.url)
            elif entry.kind is Kind.SITEMAP:
                self._descend(reading, entry)
            elif (request := self._request(reading, entry)) is not None:
                found.append(request)
        reading.taken += len(found)
        return found

    def _is_too_old(self, entry: Entry) -> bool:
        if self._since_s is None or not entry.lastmod:
            return False
        at = changed_at(entry.lastmod)
        return at is not None and at < self._since_s

    def _descend(self, reading: _Reading, entry: Entry) -> None:
        """Take up a file that an index names: of the index's own host, or of the crawl's scope."""
        errand = reading.errand
        if errand.depth >= MOST_DEPTH:
            self._stats.skipped("sitemap too deep")
        elif (
            host(entry.url) in {host(reading.url), host(reading.final_url)}
            or self._following.scope.why_not(entry.url) is None
        ):
            self._add(entry.url, SitemapOf(depth=errand.depth + 1))
        else:
            self._stats.skipped("sitemap of another host")

    def _request(self, reading: _Reading, entry: Entry) -> Request | None:
        following = self._following
        target = following.targets.tidy(entry.url)
        refusal = TOO_LONG if len(target) > following.targets.longest else following.scope.why_not(target)
        if refusal is not None:
            self._stats.skipped(refusal)
            if refusal is not TOO_LONG:
                self._frontier.left_out((target,), refusal, found_on=reading.url)
            return None
        if (refusal := following.listed_trapped(target, found_on=reading.url)) is not None:
            self._stats.skipped(refusal)
            self._frontier.left_out((target,), refusal, found_on=reading.url)
            return None
        columns = (("lastmod", entry.lastmod),) if entry.lastmod else ()
        return Request(
            entry.url,
            target=target,
            source=reading.url,
            is_listed=True,
            columns=columns,
            data=dict(columns) or None,
        )

    def _close(self, reading: _Reading) -> None:
        reader, errand = reading.reader, reading.errand
        why = "; ".join(reader.faults)
        if not reader.format:
            self._miss(reading.url, errand, why or "it is no sitemap")
            return
        if reader.bad:
            why = f"{why}; " if why else ""
            why += f"{reader.bad:,} entries without a URL"
        self._stats.sitemap_read("" if not why else f"{reading.url}: {why}")
        log.info(
            "sitemap.read format=%r urls=%d taken=%d faults=%r url=%s",
            reader.format,
            reader.urls,
            reading.taken,
            why,
            reading.url,
        )


def is_from_sitemap(request: Request) -> bool:
    """Whether a listed request was read in a sitemap, and not named by the user: its source is a URL."""
    return request.source.startswith(("http://", "https://"))


def is_users_own(request: Request) -> bool:
    """Whether the user listed a request: what a sitemap lists is the site's word."""
    return request.is_listed and not is_from_sitemap(request)
