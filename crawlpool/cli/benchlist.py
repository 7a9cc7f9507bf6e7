"""Which URLs of somebody's list `crawlpool bench` asks: few, and only where robots.txt lets it."""

from collections import Counter
from collections.abc import Sequence

from ..errands import MOST_HOPS
from ..fetching import fetch_all
from ..model import Request
from ..polite.robots import Robots, robots_url
from ..polite.robotsfile import MOST_BYTES
from ..seeds import read_words
from ..settings import Settings
from ..urls import host, normalise, place
from .figures import count, seconds
from .screen import Screen

MOST_URLS = 40
"""URLs of a list that are asked, by each way."""

_MOST_SAID = 5


def own_urls(words: Sequence[str], screen: Screen) -> tuple[list[str], list[str], bool]:
    """The URLs that are asked, what has to be said of the others, and whether there are such.

    That a long list is cut does not count: it was announced.

    Each origin's robots.txt is asked for once, before anything is measured. What it forbids is left out,
    and so is a host that names a Crawl-delay: no way but crawlpool's own could keep it.

    Raises:
        ConfigError: A word is neither a file nor a URL.
    """
    urls: dict[str, None] = {}
    bad = 0
    for seed in read_words(words):
        if isinstance(seed, Request) and (url := normalise(seed.url)) is not None:
            urls[url] = None
        else:
            bad += 1
            screen.say(f"  {seed}")
        if len(urls) > MOST_URLS:
            break
    notes = []
    if bad:
        notes.append(f"{count(bad, 'line')} of the list named no URL.")
    if len(urls) > MOST_URLS:
        notes.append(f"Of the list the first {MOST_URLS} URLs were taken; this is a bench, not a crawl.")
    allowed = _allowed(list(urls)[:MOST_URLS], notes)
    hosts = Counter(host(url) for url in allowed)
    if allowed:
        screen.say(f"{count(len(allowed), 'URL')} on {count(len(hosts), 'host')}, robots.txt obeyed.")
    return allowed, notes, bool(bad) or len(allowed) < min(len(urls), MOST_URLS)


def _allowed(urls: Sequence[str], notes: list[str]) -> list[str]:
    origins = list(dict.fromkeys(place(url).origin for url in urls))
    pages = fetch_all(
        [robots_url(origin) for origin in origins],
        backend="thread",
        workers=min(8, max(1, len(origins))),
        robots=False,
        max_redirects=MOST_HOPS,
        max_body=MOST_BYTES,
    )
    token = Settings().token
    rules = {
        origin: Robots.from_outcome(page.outcome, token=token)
        for origin, page in zip(origins, pages, strict=True)
    }
    found = []
    forbidden: list[str] = []
    slow: dict[str, float] = {}
    for url in urls:
        origin = place(url).origin
        rule = rules[origin]
        if not rule.is_allowed(url):
            forbidden.append(f"{url}: {rule.why(url)}")
        elif rule.crawl_delay_s:
            slow[origin] = rule.crawl_delay_s
        else:
            found.append(url)
    notes += [f"Left out, {each}." for each in forbidden[:_MOST_SAID]]
    if len(forbidden) > _MOST_SAID:
        notes.append(f"Left out by robots.txt, {count(len(forbidden) - _MOST_SAID, 'more URL')}.")
    notes += [
        f"Left out, {origin}: its robots.txt asks for {seconds(delay_s)} between two requests."
        for origin, delay_s in list(slow.items())[:_MOST_SAID]
    ]
    return found
