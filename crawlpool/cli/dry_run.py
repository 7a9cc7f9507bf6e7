"""`--dry-run`: what a crawl would ask first, and at which pace, without asking anybody."""

import sys
from collections import Counter
from collections.abc import Iterable

from ..model import Request
from ..settings import Settings
from ..targets import Targets
from ..urls import fingerprint, host, public
from .figures import count, exact_seconds, seconds
from .screen import Screen, printable

_MOST_HOSTS = 10
_MOST_SHOWN = 100


def dry_run(seeds: Iterable[object], settings: Settings, workers: int, screen: Screen) -> int:
    """Print each URL that would be asked, in normal form, one a line; then the hosts and the pace on the screen.

    Args:
        seeds: Requests, and whatever else the sources yield for a line that holds no URL.
        settings: What is asked for.
        workers: How many workers that means.
        screen: Where the counts go; URLs go to standard output.

    Returns:
        How many lines hold no URL.
    """
    targets = Targets.of_settings(settings)
    hosts: Counter[str] = Counter()
    seen: set[str] = set()
    duplicates = bad = 0
    for seed in seeds:
        url = targets.of(seed.url) if isinstance(seed, Request) else None
        if url is None or len(url) > targets.longest or not isinstance(seed, Request):
            bad += 1
            screen.say(f"  {_bad_line(seed)}")
            continue
        same = fingerprint(url, seed.method, seed.body)
        if same in seen:
            duplicates += 1
            continue
        seen.add(same)
        hosts[host(url)] += 1
        print(printable(url))
    sys.stdout.flush()
    for line in _summary(hosts, settings, workers, duplicates, bad):
        screen.say(line)
    return bad


def _bad_line(line: object) -> str:
    if not isinstance(line, Request):
        return str(line)
    url = public(line.url)
    shown = repr(url) if len(url) <= _MOST_SHOWN else f"{url[:_MOST_SHOWN]!r}..."
    return f"{line.source}: {shown} is no URL, or longer than --max-url"


def _summary(
    hosts: Counter[str], settings: Settings, workers: int, duplicates: int, bad: int
) -> Iterable[str]:
    asked = hosts.total()
    said = f"Dry run: nothing was asked. {count(asked, 'URL')} on {count(len(hosts), 'host')}"
    if duplicates:
        said += f", {count(duplicates, 'duplicate')} left out"
    if bad:
        said += f", {count(bad, 'line')} without a URL"
    yield said + "."
    for name, n in hosts.most_common(_MOST_HOSTS):
        pace = f"{settings.per_host} at once"
        if settings.delay:
            pace = f"one every {exact_seconds(settings.delay)}, {seconds((n - 1) * settings.delay)} at least"
        yield f"  {name}: {count(n, 'URL')}, {pace}"
    if len(hosts) > _MOST_HOSTS:
        yield f"  and {count(len(hosts) - _MOST_HOSTS, 'host')} more"
    if settings.sitemap or settings.sitemap_url:
        yield "Then what the sitemaps list, which is not known before they are fetched."
    if settings.follow:
        yield "Then the links in scope on those pages, which are not known before they are fetched."
    robots = "robots.txt of each host first" if settings.robots else "without robots.txt"
    yield f"By {count(workers, settings.backend + ' worker')}, {robots}."
