"""Pages from a dict or a folder, without a server: `with testing.pages({...}) as site`."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from ..errors import ConfigError
from ..urls import normalise, place
from .rehearsing import Rehearsing
from .replies import Asked, Reply, answer

One: TypeAlias = str | bytes | Path | Reply | Callable[[Asked], str | bytes | Reply]

Given: TypeAlias = One | Sequence[One]
"""What stands for a URL: HTML, bytes, a file, an answer, a function that makes one, or several in turn."""

SITE = "https://site.example/"
"""What paths are relative to where no URL says it."""


class Pages(Rehearsing):
    """Pages that answer the crawls of a `with` block; all else is not found.

    Args:
        given: URLs, and what they are answered with: HTML as text or bytes, a `Path` to a file, what
            `answer` or a fault makes, a function that takes an `Asked` and gives one of these, or a
            list of them, of which each request gets the next and the last is for all that follow.
            A path such as "/about" is one of the first URL's site, or of `site`. Or a folder: its
            files, and its index.html files as the folders that they are in.
        site: The URL that paths and files are relative to.
        robots: Whether robots.txt is asked for and obeyed; it is a page like any other, and
            allows everything where there is none. Its Crawl-delay is not waited for.
        missing: What all other URLs are answered with; 404 when nothing is said.

    Attributes:
        asked: All that was asked, oldest first.

    Raises:
        ConfigError: A key is no URL, or a value is none of these.
    """

    def __init__(
        self,
        given: Mapping[str, Given] | str | PathLike[str] | None = None,
        *,
        site: str | None = None,
        robots: bool = False,
        missing: Given | None = None,
    ) -> None:
        """Answer nobody yet."""
        pages = given if isinstance(given, Mapping) else {} if given is None else _files(given)
        self.site = site or next((url for url in pages if "://" in url), SITE)
        self.is_robots = robots
        self.asked: list[Asked] = []
        self._pages: dict[str, list[One]] = {}
        self._missing = _listed(
            answer("<title>Not found</title>", status=404) if missing is None else missing
        )
        self._changing = threading.Lock()
        for url, value in pages.items():
            self.add(url, value)

    def add(self, url: str, given: Given) -> None:
        """Answer a URL, from now on, in this way.

        Args:
            url: A URL, or a path of `site`.
            given: What it is answered with, as `Pages` takes it.

        Raises:
            ConfigError: It is no URL, or cannot be answered so.
        """
        values = _listed(given)
        for value in values:
            if not (isinstance(value, str | bytes | Path | Reply) or callable(value)):
                raise ConfigError(
                    f"the page {url!r} is {value!r}, and should be text, bytes, a Path, an answer, a function or a list"
                )
        if not values:
            raise ConfigError(f"the page {url!r} is an empty list; give at least one answer")
        with self._changing:
            self._pages[self._key(url)] = values

    @property
    def urls(self) -> list[str]:
        """The URLs that were asked, oldest first; one that was tried again is there again."""
        with self._changing:
            return [each.url for each in self.asked]

    @property
    def counts(self) -> Counter[str]:
        """How often each URL was asked."""
        return Counter(self.urls)

    def reply_to(self, asked: Asked) -> Reply:
        """The page that is asked for, or that there is none."""
        with self._changing:
            self.asked.append(asked)
            values = self._pages.get(asked.url, self._missing)
            value = values.pop(0) if len(values) > 1 else values[0]
        return _reply(value, asked)

    def _key(self, url: str) -> str:
        joined = url if "://" in url else place(normalise(self.site) or SITE).origin + "/" + url.lstrip("/")
        key = normalise(joined)
        if key is None:
            raise ConfigError(f"{url!r} is no URL of a page; such as https://shop.example/ or /about")
        return key


def pages(
    given: Mapping[str, Given] | str | PathLike[str],
    *,
    site: str | None = None,
    robots: bool = False,
    missing: Given | None = None,
) -> Pages:
    """Pages that answer the crawls of a `with` block; see `Pages`."""
    return Pages(given, site=site, robots=robots, missing=missing)


def _listed(given: Given) -> list[One]:
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return list(given)
    return [given]


def _reply(value: One, asked: Asked) -> Reply:
    if callable(value):
        value = value(asked)
    if isinstance(value, Reply):
        return value
    if isinstance(value, str | bytes | Path):
        return answer(value)
    raise ConfigError(f"the page {asked.url} was made as {value!r}, and should be text, bytes or an answer")


def _files(folder: str | PathLike[str]) -> dict[str, Given]:
    """The files of a folder by their paths; each is read when it is asked for."""
    root = Path(folder)
    if not root.is_dir():
        raise ConfigError(f"there is no folder {str(root)!r}")
    found: dict[str, Given] = {}
    for file in sorted(root.rglob("*")):
        if file.is_file():
            path = "/" + file.relative_to(root).as_posix()
            found[path] = file
            if file.name == "index.html":
                found[path.removesuffix("index.html")] = file
    return found
