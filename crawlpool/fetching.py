"""URLs in, pages out: `fetch` as they finish, `fetch_all` in their order; nothing is followed and nothing stored."""

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Unpack

from .arguments import Backend, Seeds, settings_of
from .engine import Engine
from .errors import ConfigError
from .frontiers.memory import MemoryFrontier
from .landing import PageLanding
from .model import Failure, FailureKind, Request
from .parse.page import Page
from .seeds import BadLine, from_iterable
from .settings import Knobs, Settings
from .stats import Stats
from .targets import Targets
from .urls import fingerprint


def fetch(
    urls: Seeds = (), *, backend: Backend = None, **knobs: Unpack[Knobs]
) -> Generator[Page, None, None]:
    """Fetch URLs side by side, and give each page as it finishes.

    Always a `Page`, also for a URL that failed: look at `page.ok` and `page.error`.
    A URL that is named twice is fetched once.

    Args:
        urls: A URL, a `Request`, or any iterable of them, read as pages are taken.
        backend: See `Crawler`.
        **knobs: The knobs of `Settings`, by name.

    Raises:
        ConfigError: A knob is unknown or out of range; at once, not at the first page.
    """
    settings, backend = settings_of(None, backend, knobs)
    if settings.follow:
        raise ConfigError("fetch() fetches what it is given; to follow links use Crawler(follow=True)")
    if settings.select or settings.fields:
        raise ConfigError(
            "fetch() gives pages, which have get(selector); for columns use Crawler(select=...)"
        )
    if settings.parse_in != "main":
        raise ConfigError(
            "fetch() has no handlers; it gives pages, which are parsed here. parse_in is for Crawler"
        )
    if settings.skip_duplicates:
        raise ConfigError(
            "fetch() gives every page; to leave duplicates out use Crawler(skip_duplicates=...)"
        )
    return _pages(urls, settings, backend)


def fetch_all(
    urls: Iterable[str | Request], *, backend: Backend = None, **knobs: Unpack[Knobs]
) -> list[Page]:
    """Fetch URLs side by side, and give one page for each of them, in their order.

    A URL that a limit left out has a page that says so (`FailureKind.DEFERRED`).

    Args:
        urls: URLs or requests; one that is named twice is fetched once, and its page given twice.
        backend: See `Crawler`.
        **knobs: The knobs of `Settings`, by name.
    """
    settings = settings_of(None, backend, knobs)[0]
    if settings.sitemap or settings.sitemap_url:
        raise ConfigError("fetch_all() gives one page for each URL; what sitemaps list comes with fetch()")
    targets = Targets.of_settings(settings)
    wanted = list(from_iterable([urls] if isinstance(urls, str | Request) else urls))
    keys = [_key(seed, targets) for seed in wanted]
    # The key travels with the request, since redirects may change all that it was made of.
    marked = [
        replace(seed, data=(key, seed.data)) if isinstance(seed, Request) else seed
        for key, seed in zip(keys, wanted, strict=True)
    ]
    pages: dict[str, Page] = {}
    with closing(fetch(marked, backend=backend, **knobs)) as coming:
        for page in coming:
            if page.data is None:  # never a request: what was given is no URL
                pages[f"{page.request.source} {page.url}"] = page
            else:
                key, data = page.data
                outcome = page.outcome
                pages[key] = Page(
                    replace(outcome, request=replace(outcome.request, data=data)),
                    parse_timeout_s=settings.parse_timeout,
                )
    return [pages[key] if key in pages else _unasked(seed) for key, seed in zip(keys, wanted, strict=True)]


def _unasked(seed: Request | BadLine) -> Page:
    """What stands in the place of a page that a limit left out, so that pages and URLs still go side by side."""
    request = seed if isinstance(seed, Request) else Request(seed.text, is_listed=True, source=seed.source)
    message = "not asked: a limit of the crawl (max_pages, max_time) was reached before"
    return Page(Failure(request=request, kind=FailureKind.DEFERRED, message=message, failed_at=time.time()))


def _key(seed: Request | BadLine, targets: Targets) -> str:
    """What two seeds have in common when they are one."""
    if isinstance(seed, BadLine):
        return f"{seed.source} {seed.text}"
    return fingerprint(targets.of(seed.url) or seed.url, seed.method, seed.body)


def _pages(urls: Seeds, settings: Settings, backend: Backend) -> Generator[Page, None, None]:
    stats = Stats()
    landing = PageLanding(stats, is_raw_kept=settings.keep_raw, parse_timeout_s=settings.parse_timeout)

    def listed() -> Iterator[Request]:
        for seed in from_iterable(urls):
            if isinstance(seed, Request):
                yield seed
            else:
                landing.pages.append(_not_a_url(seed))

    with Engine(settings, backend=backend, frontier=MemoryFrontier(), landing=landing, stats=stats) as engine:
        engine.feed(listed())
        for _ in engine.moves():
            while landing.pages:
                yield landing.pages.popleft()
        yield from landing.pages


def _not_a_url(seed: BadLine) -> Page:
    request = Request(seed.text, is_listed=True, source=seed.source)
    return Page(Failure(request=request, kind=FailureKind.INVALID_URL, message=seed.why))
