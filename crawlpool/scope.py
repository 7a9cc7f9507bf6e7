"""Which links belong to this crawl, and why not.

A link belongs when the scope holds it, no `exclude` pattern matches it and, if
there are `include` patterns, one of them does. Every URL is given in normal form.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from .errors import ConfigError
from .patterns import Pattern
from .settings import SCOPES
from .urls import host, place

_MOST_REMEMBERED: Final = 20_000  # hosts; a page may name any number of them


class Scope:
    """The part of the web that a crawl follows links in.

    ======== ===========================================================================
    host     The hosts of the seeds, with their ports, and those where seeds' redirects
             end. http and https of a host are one when both use their default ports.
             "www." means nothing by itself: redirects add that host.
    domain   The registrable domains of those hosts ("shop.co.uk" of "www.shop.co.uk"),
             whatever the port, by the Public Suffix List inside the installed
             tldextract; nothing is downloaded. Private suffixes count, so that two
             users of one hosting service are apart. An address, or a name without a
             dot, is a domain of its own.
    prefix   What lies in a seed's directory, the path up to its last "/", and below it,
             on the same host.
    all      Everything.
    ======== ===========================================================================

    Args:
        name: One of those four words.
        include: Patterns (see `crawlpool.patterns`); without any, everything is included.
        exclude: Patterns; these win over `include`.

    Raises:
        ConfigError: An unknown name, a pattern that cannot be one, or "domain"
            without tldextract installed.
    """

    def __init__(self, name: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> None:
        if name not in SCOPES:
            raise ConfigError(f"unknown scope {name!r}; known: {', '.join(sorted(SCOPES))}")
        self.name = name
        self._include = [Pattern(text) for text in include]
        self._exclude = [(Pattern(text).matches, f"exclude {text}") for text in exclude]
        self._hosts: set[str] = set()
        self._domains: set[str] = set()
        self._prefixes: dict[str, tuple[str, ...]] = {}
        self._known: dict[str, bool] = {}
        self._domain_of: Callable[[str], str] = _domains() if name == "domain" else str
        holds: dict[str, Callable[[str], bool]] = {
            "host": self._holds_host,
            "domain": self._holds_domain,
            "prefix": self._holds_prefix,
            "all": bool,
        }
        self._holds = holds[name]

    def add_seed(self, url: str) -> None:
        """Let in what a seed stands for."""
        where = place(url)
        self._hosts.add(where.host)
        if self.name == "domain":
            self._domains.add(self._domain_of(where.hostname))
            self._known.clear()
        elif self.name == "prefix":
            directory = _path(url).rpartition("/")[0] + "/"
            there = self._prefixes.get(where.host, ())
            if not any(directory.startswith(other) for other in there):
                self._prefixes[where.host] = (*(p for p in there if not p.startswith(directory)), directory)

    def add_host_of(self, url: str) -> None:
        """Let in the place where a seed's redirects end, as if it were a seed.

        Within the prefix scope this holds only for a host that no seed is on: a
        redirect from "/docs/" to the login page in "/" of the same host opens nothing.
        """
        if self.name != "prefix" or host(url) not in self._prefixes:
            self.add_seed(url)

    def why_not(self, url: str) -> str | None:
        """Say why a URL does not belong, in a word or two that never change; None when it does.

        The answers are "scope host" (or another scope), "exclude /that/pattern/**" and "not included".
        """
        if not self._holds(url):
            return f"scope {self.name}"
        for matches, reason in self._exclude:
            if matches(url):
                return reason
        if self._include and not any(pattern.matches(url) for pattern in self._include):
            return "not included"
        return None

    def _holds_host(self, url: str) -> bool:
        return host(url) in self._hosts

    def _holds_domain(self, url: str) -> bool:
        at = host(url)
        known = self._known.get(at)
        if known is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            known = self._known[at] = self._domain_of(place(url).hostname) in self._domains
        return known

    def _holds_prefix(self, url: str) -> bool:
        prefixes = self._prefixes.get(host(url))
        return prefixes is not None and _path(url).startswith(prefixes)


def _path(url: str) -> str:
    """Path of a URL in normal form, without the query: a "/" in there is no directory."""
    return url[url.index("/", url.index("://") + 3) :].partition("?")[0]


@cache  # reading the list takes a tenth of a second
def _domains() -> Callable[[str], str]:
    """Return what finds the registrable domain of a bare host name."""
    try:
        # An extra, and one that loads requests: only a crawl that asks for domains pays for it.
        from tldextract import TLDExtract  # noqa: PLC0415
    except ImportError:
        raise ConfigError('--scope domain needs: pip install "crawlpool[domains]"') from None
    extract: Any = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)

    def domain_of(hostname: str) -> str:
        name = hostname.rstrip(".")
        labels = name.split(".")
        if len(labels) == 1 or labels[-1].isdigit() or name.startswith("["):
            return name
        found = extract(name)
        if found.suffix:
            # A public suffix that is itself a host ("github.io") has nothing above it.
            return f"{found.domain}.{found.suffix}" if found.domain else name
        return ".".join(labels[-2:])  # unlisted: the list's own rule is then "*"

    return domain_of
