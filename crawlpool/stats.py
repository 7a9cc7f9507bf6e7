"""What a crawl has done so far: counts while it runs, what the closing lines say after.

Only the crawl's main thread writes here. Reading from another thread (a bar, a
notebook) is harmless: the numbers may be one page apart, never broken. Time is
always passed in, in seconds of one steady clock such as `time.monotonic`.

Every URL that was accepted ends in exactly one call, `answered` or `failed`.
"""

from collections import Counter, deque
from typing import Literal, TypeAlias, get_args

from .counts import Earlier, HostCount, Selected
from .hostnotes import HostNotes
from .model import Failure, Request, Response
from .tempo import Tempo
from .urls import host

Stage: TypeAlias = Literal["held back", "waiting", "parsing", "storing", "paused"]
"""What the main thread's time, or a free worker's, went into.

held back: a worker was free and a URL waited, and politeness let none go.
waiting:   the main thread had nothing to do until an answer came.
parsing:   parsing and the user's handlers, in the main thread.
storing:   writing records and bringing them to the disk.
paused:    the crawl was paused, by `Crawler.pause` or a key.
"""

MOST_HOSTS = 5000
"""Hosts that are counted one by one; the pages of all further ones are counted together."""

MOST_BAD_LINES = 100
"""Lines that are kept as text; all are counted."""

MOST_FAILURES = 100
"""Failures that are kept as they are; all are counted."""


class Stats:
    """What a crawl has done so far.

    Attributes:
        pages: URLs that came to an end: answered, whatever the status, or failed.
        ok: Those answered with a status below 400 and lost to nothing after it.
        statuses: How many answers had each status.
        failures: How many URLs failed for each kind of reason (`FailureKind`).
        last_failures: The last hundred of them; one of a handler has its traceback.
        listed_ended: Of the URLs that the user named, those that came to an end.
        listed_failed: Of the URLs that the user named, those that are not `ok`.
        seeds: URLs that the user named, duplicates and bad lines left out.
        duplicates: URLs that the user named again.
        bad_lines: The first hundred lines that hold no URL, each with its place and why.
        bad_line_count: How many such lines there were in all.
        items: Records handed to the stores.
        selected: How the search for each selected column went.
        saved: Bodies that became files.
        bytes: Sum of the bodies' sizes, coding removed.
        cut: Bodies that were cut short at the cap.
        duplicates_of: Pages that are the same as another, by kind: "exact", "near", "canonical".
        look_missing: Pages with a good status that look like "not found".
        partly_read: Pages that hold more than was read of them: markup that would take too long
            to parse, or links beyond `max_links`.
        redirects: Redirects that were followed.
        retries: Why requests were sent again, and how often each.
        skips: Why links were not followed or URLs left out, and how often each.
        workers_lost: Workers that died, hung or were killed for what they took, and were replaced.
        abandoned: Those of them that were threads, which cannot be killed.
        robots_files: robots.txt files that were fetched.
        sitemaps: Sitemaps and feeds that were read.
        sitemap_urls: URLs that they named and that were new; among `seeds` too.
        sitemap_faults: Of the first hundred that could not be had or were damaged, the URL and why.
        sitemaps_missed: Those that could not be had, or were no sitemaps.
        named_sitemaps_missed: Of these, the ones that the user named.
        hosts: `HostCount` by host, for the first `MOST_HOSTS` hosts.
        other_hosts: All hosts beyond those, together.
        spent_s: Seconds by `Stage`.
        held_by: Seconds held back by cause, where the cause was given.
        fetching_s: Sum of all requests' seconds; workers fetch side by side, so
            it may be many times the length of the crawl.
        waiting: URLs waiting now.
        out: Requests with a worker now.
        is_paused: Whether the crawl is paused now.
        workers: Workers that exist now.
        most_workers: The most that existed at once.
        workers_s: Seconds that they existed, added up.
        connections: Requests that each may have under way at once.
        main_cpu_s: Seconds of the processor that the main thread took; known when the crawl is over, 0 before.
        process_cpu_s: The same of all threads of the main process.
        unverified: Hosts whose TLS certificates were not to be verified.
        host_notes: Which hosts were asked slowly, rested, or were given up.
        earlier: What earlier runs of the same job did; none of it is in the other counts.
    """

    def __init__(self) -> None:
        self.pages = 0
        self.ok = 0
        self.statuses: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()
        self.last_failures: deque[Failure] = deque(maxlen=MOST_FAILURES)
        self.listed_failed = 0
        self.listed_ended = 0
        self.seeds = 0
        self.duplicates = 0
        self.bad_lines: list[str] = []
        self.bad_line_count = 0
        self.items = 0
        self.selected: dict[str, Selected] = {}
        self.saved = 0
        self.bytes = 0
        self.cut = 0
        self.duplicates_of: Counter[str] = Counter()
        self.look_missing = 0
        self.partly_read = 0
        self.redirects = 0
        self.retries: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()
        self.workers_lost = 0
        self.abandoned = 0
        self.robots_files = 0
        self.sitemaps = 0
        self.sitemap_urls = 0
        self.sitemap_faults: list[str] = []
        self.sitemaps_missed = 0
        self.named_sitemaps_missed = 0
        self.hosts: dict[str, HostCount] = {}
        self.other_hosts = HostCount()
        self.spent_s: dict[Stage, float] = dict.fromkeys(get_args(Stage), 0.0)
        self.held_by: dict[str, float] = {}
        self.fetching_s = 0.0
        self.waiting = 0
        self.out = 0
        self.is_paused = False
        self.workers = 0
        self.most_workers = 0
        self.workers_s = 0.0
        self.connections = 1
        self.main_cpu_s = 0.0
        self.process_cpu_s = 0.0
        self.unverified: tuple[str, ...] = ()
        self.host_notes = HostNotes()
        self.earlier = Earlier()
        self._tempo = Tempo()

    def __repr__(self) -> str:
        return (
            f"<Stats {self.pages} pages, {self.ok} ok, {self.any_failed} failed, {self.items} items, "
            f"{self.elapsed_s():.1f} s>"
        )

    @property
    def any_failed(self) -> int:
        """URLs, listed or found, that are not `ok`."""
        return self.pages - self.ok

    def listed(self, n: int = 1) -> None:
        """Count URLs that the user named and the crawl accepted."""
        self.seeds += n

    def duplicate(self, n: int = 1) -> None:
        """Count URLs that the user named again."""
        self.duplicates += n

    def bad_line(self, text: str) -> None:
        """Count a line that holds no URL; `text` says where it is and why."""
        self.bad_line_count += 1
        if len(self.bad_lines) < MOST_BAD_LINES:
            self.bad_lines.append(text)

    def answered(self, response: Response) -> None:
        """Count the final answer of a URL; not one that is sent again, nor a redirect that is followed."""
        is_ok = response.status < 400
        self.ok += is_ok
        self._ended(response.request, response, is_ok=is_ok, elapsed_s=response.elapsed_s)

    def failed(self, failure: Failure) -> None:
        """Count a URL that failed for good; a page whose handler raised comes here and not to `answered`."""
        response = failure.response
        self.failures[failure.kind.value] += 1
        self.last_failures.append(failure)
        elapsed_s = failure.elapsed_s if response is None else response.elapsed_s
        self._ended(failure.request, response, is_ok=False, elapsed_s=elapsed_s)

    def _ended(self, request: Request, response: Response | None, *, is_ok: bool, elapsed_s: float) -> None:
        self.pages += 1
        self.listed_ended += request.is_listed
        self.listed_failed += request.is_listed and not is_ok
        self.redirects += len(request.redirects)
        self.fetching_s += elapsed_s
        if response is not None:
            self.statuses[response.status] += 1
            self.bytes += response.size
            self.cut += response.is_cut
            if response.facts is not None and response.facts.is_partial:
                self._read_in_part(response.facts.left_out)
        self._count_host(request.target, is_ok, 0 if response is None else response.size, elapsed_s)

    def _read_in_part(self, left_out: int) -> None:
        self.partly_read += 1
        if left_out:
            self.skipped("beyond max_links", left_out)

    def duplicate_of(self, kind: str) -> None:
        """Count a page that is the same as another, in one way: "exact", "near" or "canonical"."""
        self.duplicates_of[kind] += 1

    def looks_missing(self, n: int = 1) -> None:
        """Count pages with a good status that look like "not found"."""
        self.look_missing += n

    def retried(self, why: str, elapsed_s: float = 0.0) -> None:
        """Count a request that goes out again: `why`, and the `elapsed_s` that the failed one took."""
        self.retries[why] += 1
        self.fetching_s += elapsed_s

    def skipped(self, why: str, n: int = 1) -> None:
        """Count `n` links that are not followed, or URLs left out, and `why`: "scope", "depth", "known redirect"."""
        self.skips[why] += n

    def item(self, n: int = 1) -> None:
        """Count records handed to the stores."""
        self.items += n

    def robots_fetched(self) -> None:
        """Count a robots.txt that was fetched."""
        self.robots_files += 1

    def sitemap_read(self, fault: str = "") -> None:
        """Count a sitemap that was read; `fault` has its URL and what was wrong with it, if anything was."""
        self.sitemaps += 1
        self._sitemap_fault(fault)

    def sitemap_missed(self, fault: str, *, is_named: bool) -> None:
        """Count a sitemap that could not be had; `fault` has its URL and why, `is_named` is true where the user named it."""
        self.sitemaps_missed += 1
        self.named_sitemaps_missed += is_named
        self._sitemap_fault(fault)

    def _sitemap_fault(self, fault: str) -> None:
        if fault and len(self.sitemap_faults) < MOST_FAILURES:
            self.sitemap_faults.append(fault)

    def spent(self, stage: Stage, seconds: float, *, why: str = "") -> None:
        """Add to where the time went.

        Args:
            stage: One of `Stage`.
            seconds: How long.
            why: What held URLs back, if that is known: "per_host", "delay",
                "crawl_delay", "retry_after" or "slow_host".
        """
        self.spent_s[stage] += seconds
        if why:
            self.held_by[why] = self.held_by.get(why, 0.0) + seconds

    def begin(self, now: float) -> None:
        """Say when the crawl began; without it, it began at the first `gauge`."""
        self._tempo.begin(now)

    def gauge(self, *, waiting: int, out: int, workers: int, now: float) -> None:
        """Say how things stand; called often, and cheap.

        Args:
            waiting: URLs that wait.
            out: Requests that are with a worker.
            workers: Workers that there are.
            now: `time.monotonic()`.
        """
        self.waiting = waiting
        self.out = out
        tempo = self._tempo
        if tempo.began is not None:
            self.workers_s += self.workers * max(0.0, now - tempo.latest)
        self.workers = workers
        self.most_workers = max(self.most_workers, workers)
        tempo.look(now, pages=self.pages, known=self.pages + waiting + out)

    def elapsed_s(self, now: float | None = None) -> float:
        """Seconds since the crawl began, up to `now` or else to the last `gauge`."""
        return self._tempo.elapsed_s(now)

    @property
    def pages_per_s(self) -> float:
        """Pages a second over the last ten seconds, or since the crawl began if that is less."""
        return self._tempo.pages_per_s(self.pages)

    def eta_s(self, now: float, *, most_pages: int | None = None) -> float | None:
        """Seconds that are left `now`, or None when that cannot be known.

        It is known when nothing new was found or read for some seconds, or when
        more waits than a limit of `most_pages` lets through. It believes that the
        pace of the last ten seconds goes on.
        """
        left = self.waiting + self.out
        return self._tempo.eta_s(now, pages=self.pages, left=left, most_pages=most_pages)

    def slowest_hosts(self, most: int = 5) -> list[tuple[str, HostCount]]:
        """The hosts whose requests took longest on average, slowest first."""
        counted = [(name, count) for name, count in self.hosts.items() if count.elapsed_s > 0]
        counted.sort(key=lambda pair: pair[1].mean_s, reverse=True)
        return counted[:most]

    def _count_host(self, url: str, is_ok: bool, size: int, elapsed_s: float) -> None:
        if not url:  # a URL that could never be asked belongs to no host
            return
        name = host(url)
        count = self.hosts.get(name)
        if count is None:
            if len(self.hosts) < MOST_HOSTS:
                count = self.hosts[name] = HostCount()
            else:
                count = self.other_hosts
        count.pages += 1
        count.bytes += size
        count.elapsed_s += elapsed_s
        if not is_ok:
            count.failed += 1
