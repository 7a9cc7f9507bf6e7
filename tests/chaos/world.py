"""A few hundred small pages on some hosts, what a crawl of them has to hold, and what was asked of them.

Every page is linked, so a crawl may follow from the first of each host, or be given the list. Most answer at
once, some are slow, some are reached by a redirect, some say 503 the first time, some
are not there. All of it follows from one seed.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urljoin

from ..site import Arrival, Site

HANDLER = """\
import crawlpool


def parse(page):
    for number, part in enumerate(page.css("li")):
        item = {"page": page.url, "final": page.final_url, "part": number, "text": part.text()}
        if number == 2:
            item["late"] = "a column that comes late"
        yield item
    yield from page.follow_all(css="a")


def parse_only(page):
    for item in parse(page):
        if not isinstance(item, crawlpool.Request):
            yield item
"""


@dataclass(frozen=True)
class Fact:
    """What is true of one page: `url` is how it is linked, `final_url` where its redirect ends."""

    url: str
    final_url: str
    status: int
    parts: int = 0
    links: tuple[str, ...] = ()


class World:
    """Hosts with pages that link each other.

    Args:
        seed: What the pages, their waits and their faults follow from.
        pages: How many there are, those that are missing and the targets of redirects not counted.
        hosts: On how many addresses they lie, each a host of its own.
        slow_s: What the slow ones wait, at most.
        weight: Characters in each item.
    """

    def __init__(
        self, seed: int, *, pages: int = 150, hosts: int = 2, slow_s: float = 0.12, weight: int = 20
    ) -> None:
        self._stack = ExitStack()
        self.sites = [self._stack.enter_context(closing(Site())) for _ in range(hosts)]
        self._chance = random.Random(f"world {seed}")
        self._slow_s = slow_s
        self._weight = weight
        self.facts: dict[str, Fact] = {}
        self._shaky: set[str] = set()
        self.dead_ports: set[int] = set()
        """Ports of connections that workers had when they were killed."""
        for number in range(pages):
            self._lay(number, pages)

    def close(self) -> None:
        self._stack.close()

    @property
    def seeds(self) -> list[str]:
        """Where a crawl that follows links begins: the first page of each host."""
        return [f"{site.url}/p0" for site in self.sites]

    def found_without(self, lost: Collection[str]) -> set[str]:
        """The URLs that a crawl finds by following links, when some pages are not to be had."""
        found, new = set(self.seeds), list(self.seeds)
        while new:
            url = new.pop()
            links = () if url in lost else self.facts[url].links
            new += {link for link in links if link not in found}
            found.update(links)
        return found

    def write_list(self, path: Path) -> None:
        """Write every URL, one a line, and some of them once more."""
        urls = [*self.facts, *list(self.facts)[::7]]
        path.write_text("".join(f"{url}\n" for url in urls), encoding="utf-8")

    # What the web is made of

    def _lay(self, number: int, pages: int) -> None:
        site = self.sites[number % len(self.sites)]
        path = f"/p{number // len(self.sites)}"
        last = (pages - 1 - number % len(self.sites)) // len(self.sites)
        own = number // len(self.sites)
        links = [f"/p{n}" for n in (2 * own + 1, 2 * own + 2) if n <= last]  # a tree, so that all are reached
        links += [f"/p{self._chance.randint(0, last)}" for _ in range(self._chance.randint(0, 3))]
        links += [self._chance.choice(self.sites).url + f"/p{self._chance.randint(0, last // 2)}"]
        kind = self._chance.choices(("quick", "slow", "moved", "shaky", "beside a gap"), (70, 10, 8, 6, 6))[0]
        if kind == "beside a gap":
            links.append(f"/gone{number}")
            gone = f"{site.url}/gone{number}"
            self.facts[gone] = Fact(gone, gone, 404)
        parts = number % 4
        final = path
        if kind == "moved":
            final = f"/moved{number}"
            site.redirect(path, final, self._chance.choice((301, 302, 307)))
        is_slow = kind == "slow" or (kind == "moved" and self._chance.random() < 0.5)
        site.page(
            final,
            self._body(path, links, parts),
            delay_s=self._chance.uniform(0.05, 1) * self._slow_s if is_slow else 0.0,
            fails_first=1 if kind == "shaky" else 0,
        )
        if kind == "shaky":
            self._shaky.add(site.url + final)
        url = site.url + path
        self.facts[url] = Fact(url, site.url + final, 200, parts, tuple(urljoin(url, link) for link in links))

    def _body(self, path: str, links: Iterable[str], parts: int) -> str:
        items = "".join(f"<li>{path} {n} {'x' * self._weight}</li>" for n in range(parts))
        anchors = "".join(f'<a href="{escape(link)}">{escape(link)}</a>' for link in links)
        return f"<!DOCTYPE html><title>{path}</title><ul>{items}</ul>{anchors}"

    # What was asked

    @property
    def arrivals(self) -> list[tuple[str, Arrival]]:
        """Everything that was asked but robots.txt, with its URL; oldest first."""
        every = [
            (site.url + each.path, each)
            for site in self.sites
            for each in site.log
            if each.path != "/robots.txt"
        ]
        return sorted(every, key=lambda one: one[1].at)

    @property
    def asked(self) -> Counter[str]:
        """How often each URL was asked."""
        return Counter(url for url, _ in self.arrivals)

    @property
    def needed(self) -> Counter[str]:
        """How often a crawl that nothing befalls asks each URL."""
        wanted = Counter(fact.url for fact in self.facts.values())
        wanted.update(fact.final_url for fact in self.facts.values() if fact.final_url != fact.url)
        wanted.update(self._shaky)
        return wanted

    def wait_until_asked(self, times: int, is_over: Callable[[], bool], within_s: float = 30.0) -> None:
        """Block until the first host was asked so often, or `is_over`."""
        self._wait(lambda: len(self.sites[0]._log) >= times, is_over, within_s)

    def wait_until_all_asked(self, is_over: Callable[[], bool], within_s: float = 30.0) -> None:
        """Block until the first host was asked for all that it has, or `is_over`."""
        site = self.sites[0]
        own = {fact.final_url.removeprefix(site.url) for fact in self.facts.values()}
        own = {path for path in own if path.startswith("/")}
        self._wait(lambda: own <= {each.path for each in site._log}, is_over, within_s)

    def _wait(self, is_so: Callable[[], bool], is_over: Callable[[], bool], within_s: float) -> None:
        until = time.monotonic() + within_s
        site = self.sites[0]
        with site._changed:
            while not (is_so() or is_over() or time.monotonic() > until):
                site._changed.wait(0.1)  # an end of the command wakes nobody
