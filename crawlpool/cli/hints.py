"""What would help: pure functions from counts and settings to advice.

Each names the knob and what it would change, and keeps silent unless the figures
are plain. Advice never asks anybody to be ruder than a server agreed to: where
politeness is what takes the time, the sentence says whose say that is.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from ..model import FailureKind, Request
from ..settings import Settings
from ..stats import Stats
from ..traps import REASONS as TRAPS
from ..urls import host, normalise
from .figures import count, exact_seconds, seconds, share, size

_LONG_ENOUGH_S = 3.0
"""Below this, starting the workers weighs more than anything advised here."""

_SATURATED = 0.85
"""Share of the time from which on a thread that computes is what all others wait for."""

_THREADS = frozenset({"thread", "futures-thread"})
_PEEK = 1000


def what_would_help(stats: Stats, settings: Settings, workers: int) -> list[str]:
    """All the advice that the figures of a crawl support, the weightiest kind first.

    Args:
        stats: What the crawl did.
        settings: What it was asked to do.
        workers: How many workers that meant.
    """
    hints = (hint(stats, settings, workers) for hint in _HINTS)
    return [hint for hint in hints if hint is not None]


def one_host_note(seeds: Iterable[object], settings: Settings, workers: int) -> str | None:
    """What to say at the start when the seeds are all on one host, and most workers will have no work.

    Args:
        seeds: The first of the seeds; more than a thousand are not looked at.
        settings: What is asked for.
        workers: How many workers that means.
    """
    hosts = set()
    read = 0
    for seed in islice(seeds, _PEEK):
        url = normalise(seed.url) if isinstance(seed, Request) else None
        if url is None:
            continue
        read += 1
        hosts.add(host(url))
        if len(hosts) > 1:
            return None
    is_followed = settings.follow and settings.scope in {"host", "prefix"}
    at_once = workers * settings.connections
    if not hosts or at_once <= settings.per_host or (read <= settings.per_host and not is_followed):
        return None
    return (
        f"{_crew(settings, workers)}, but one host gets {count(settings.per_host, 'request')} at once; "
        f"--per-host {at_once} would use them all"
    )


def _crew(settings: Settings, workers: int) -> str:
    """The workers in words: "8 workers", "2 workers of 16 connections"."""
    each = f" of {settings.connections} connections" if settings.connections > 1 else ""
    return f"{count(workers, 'worker')}{each}"


def proxy_note(settings: Settings, environment: Mapping[str, str]) -> str | None:
    """What to say at the start when the environment names a proxy, which nobody asked us to use; never which."""
    known = {"http_proxy", "https_proxy", "all_proxy"}
    names = [name for name, value in environment.items() if value and name.lower() in known]
    if settings.proxy is not None or not names:
        return None
    return f"{', '.join(sorted(names))} in the environment is not used; --proxy env goes through it"


def _no_network(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001  all hints are called alike
    lost = stats.failures[FailureKind.DNS] + stats.failures[FailureKind.CONNECT]
    if stats.pages >= 2 and lost == stats.pages:
        return "No server could be reached at all: is there a network, and does it need --proxy?"
    return None


def _robots(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    refused = stats.failures[FailureKind.ROBOTS]
    unreachable = stats.failures[FailureKind.ROBOTS_UNREACHABLE]
    if stats.pages and refused == stats.pages:
        return "robots.txt allows none of these URLs; on a site of your own, --no-robots fetches them all the same."
    if stats.pages and unreachable == stats.pages:
        return "robots.txt could not be fetched, which forbids everything (RFC 9309); try again when the server answers."
    return None


def _politeness(stats: Stats, settings: Settings, workers: int) -> str | None:
    held, whole = stats.spent_s["held back"], stats.elapsed_s()
    if whole < _LONG_ENOUGH_S or held < 0.3 * whole:
        return None
    said = f"Politeness held free workers back for {seconds(held)} of {seconds(whole)}"
    cause = max(stats.held_by, key=stats.held_by.__getitem__, default="")
    if cause == "crawl_delay":
        return f"{said}: robots.txt asks for a delay, and more workers do not change that."
    if cause == "retry_after":
        return f"{said}: servers asked for a rest; a --delay from the start may save it."
    if cause == "failing":
        return f"{said}: hosts that failed had to rest; --host-rest and --max-host-failures say how long, and when."
    if cause == "slow_server":
        return (
            f"{said}: a server slowed down or complained, and is asked less; more workers do not change that."
        )
    if cause in {"rate", "bandwidth"}:
        return f"{said}: --{cause} or --host-{cause} is the limit that you set."
    if cause == "delay" or (not cause and settings.delay > 0):
        return f"{said}: --delay is {exact_seconds(settings.delay)}; a shorter one is quicker, if the servers agree."
    hosts = len(stats.hosts)
    at_once = workers * settings.connections
    if hosts and hosts * settings.per_host < at_once:
        enough = -(-at_once // hosts)
        where = "one host" if hosts == 1 else f"{count(hosts)} hosts"
        return (
            f"{said}: {where} at {settings.per_host} at once cannot use {_crew(settings, workers)}; --per-host {enough} "
            "would, if the server is yours or does not mind."
        )
    return f"{said}: most of what waited was for few hosts; --per-host above {settings.per_host} asks more of each at once."


def _too_many_requests(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    refused = stats.statuses[429]
    if not refused:
        return None
    slower = seconds(max(1.0, settings.delay * 2))
    return f"{count(refused, 'answer')} said 429 Too Many Requests: --delay {slower.replace(' ', '')} asks more gently."


def _main_thread(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    whole = stats.elapsed_s()
    if whole < _LONG_ENOUGH_S:
        return None
    parsing, storing = stats.spent_s["parsing"], stats.spent_s["storing"]
    if parsing > 0.5 * whole:
        said = f"Parsing and the handler took {share(parsing, whole)} of the time, in the main process"
        if settings.parse_in == "main" and settings.backend != "sync":
            return (
                f"{said}: more workers do not help there; --parse-in process does, or a lighter handler (page.css() instead "
                "of page.soup)."
            )
        return f"{said}: more workers do not help there, a lighter handler does (page.css() instead of page.soup)."
    if storing > 0.3 * whole:
        return f"Storing took {share(storing, whole)} of the time: the disk of the output is what is slow."
    return _processor(stats, settings, whole)


def _processor(stats: Stats, settings: Settings, whole: float) -> str | None:
    """Whether one thread, or one interpreter, was at its limit; on backend `sync` that is the idea."""
    if settings.backend == "sync":
        return None
    if stats.main_cpu_s > _SATURATED * whole:
        return (
            f"The main process worked for {share(stats.main_cpu_s, whole)} of the time, so more workers do not help: "
            f"{_relief(stats, settings)}."
        )
    is_threads = settings.backend in _THREADS
    if is_threads and stats.process_cpu_s > _SATURATED * whole and (os.cpu_count() or 1) > 1:
        return (
            f"Threads share one interpreter, which was busy {share(min(stats.process_cpu_s, whole), whole)} of the time: "
            "--backend process spreads the work over all cores."
        )
    return None


def _relief(stats: Stats, settings: Settings) -> str:
    """What takes work off the main thread: off what takes most of it."""
    spent, busy_s = stats.spent_s, stats.main_cpu_s
    if spent["parsing"] > 0.25 * busy_s and settings.parse_in == "main":
        return "--parse-in process takes the handlers off it"
    if spent["storing"] > 0.2 * busy_s:
        return "--fields with fewer columns is less to write"
    if settings.connections == 1 and settings.backend not in _THREADS:
        return "--connections 8 carries more pages at a time to it"
    return "two crawls beside each other, each with a part of the hosts, take two cores"


def _workers(stats: Stats, settings: Settings, workers: int) -> str | None:
    whole = stats.elapsed_s()
    at_once = workers * settings.connections
    if whole < _LONG_ENOUGH_S or stats.most_workers < workers or stats.fetching_s < 0.85 * whole * at_once:
        return None
    if len(stats.hosts) * settings.per_host <= at_once:
        return None
    if _main_thread(stats, settings, workers) or _politeness(stats, settings, workers):
        return None
    more = (
        f"--connections {settings.connections * 2}"
        if settings.connections > 1
        else f"--workers {workers * 2}"
    )
    return f"All {_crew(settings, workers)} were busy nearly all the time: {more} would be quicker."


def _timeouts(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    slow, unconnected = stats.failures[FailureKind.TIMEOUT], stats.failures[FailureKind.CONNECT_TIMEOUT]
    if slow and slow >= 0.05 * stats.pages:
        return f"{count(slow, 'URL')} took longer than {exact_seconds(settings.timeout)}: --timeout {settings.timeout * 2:g} waits longer."
    silent = stats.failures[FailureKind.IDLE]
    if silent and silent >= 0.05 * stats.pages:
        return f"Of {count(silent, 'answer')} nothing came for too long: --idle-timeout {settings.timeout:g} waits longer."
    if unconnected and unconnected >= 0.05 * stats.pages:
        longer = f"--connect-timeout {settings.connect_timeout * 2:g}"
        return f"{count(unconnected, 'URL')} gave no connection in {exact_seconds(settings.connect_timeout)}: {longer} waits longer."
    return None


def _given_up(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    left = stats.failures[FailureKind.HOST_GIVEN_UP]
    if not left:
        return None
    return (
        f"{count(left, 'URL')} of hosts that kept failing {'was' if left == 1 else 'were'} not asked to the end: "
        "crawlpool retry JOB asks them anew, when they are well."
    )


def _cut(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    if not stats.cut:
        return None
    bodies = "1 body was" if stats.cut == 1 else f"{count(stats.cut)} bodies were"
    return f"{bodies} cut at {size(settings.max_body)}: a larger --max-body takes them whole."


def _tls(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    bad = stats.failures[FailureKind.TLS]
    if bad and bad == stats.any_failed:
        return (
            "Certificates could not be verified: --ca-file FILE trusts those who issued them; on a server of your own, "
            "--insecure HOST fetches all the same."
        )
    return None


def _traps(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    why = max(TRAPS, key=lambda each: stats.skips[each])
    if not stats.skips[why]:
        return None
    flag = f"--{TRAPS[why].replace('_', '-')} {2 * getattr(settings, TRAPS[why])}"
    return f"{count(stats.skips[why], 'link')} looked like a trap ({why}): {flag} follows more of them."


def _addresses(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    refused = stats.failures[FailureKind.ADDRESS]
    if not refused:
        return None
    lead = "URL leads" if refused == 1 else "URLs lead"
    where = f"{count(refused)} {lead} to private addresses, or to ports that are not the web's"
    if settings.deny_private:
        return f"{where}: --deny-private refuses them."
    return f"{where}: in a network of your own, --allow-private asks them too."


def _following(stats: Stats, settings: Settings, workers: int) -> str | None:  # noqa: ARG001
    outside = sum(n for why, n in stats.skips.items() if why.startswith("scope"))
    if settings.follow and stats.ok and stats.pages <= 1 and outside:
        return f"All links ({count(outside)}) lead out of scope: --scope domain or --scope all goes there."
    is_one = stats.seeds == 1 and not stats.sitemaps
    if not settings.follow and is_one and stats.ok == 1 and stats.pages == 1 and stats.items <= 1:
        return "This was the one page that was named: --follow goes on along its links."
    return None


_HINTS: tuple[Callable[[Stats, Settings, int], str | None], ...] = (
    _no_network,
    _robots,
    _politeness,
    _main_thread,
    _workers,
    _too_many_requests,
    _timeouts,
    _given_up,
    _tls,
    _addresses,
    _cut,
    _traps,
    _following,
)
