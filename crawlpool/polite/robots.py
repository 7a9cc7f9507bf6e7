"""What one origin's robots.txt allows us (RFC 9309).

Nothing is fetched here: robots.txt travels as a request like any other, and
its outcome is read here. Which group of rules is ours, and which lines count, is
decided in this file; Protego then matches paths against the rules of that group.

A file is written by a stranger and may be hostile, so what Protego gets is bounded:
rules of one group only (a file of 500 kB that repeats each rule for each of
thousands of agents would else take gigabytes), and few wildcards (see `_bounded`).
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote

from ..model import Failure, FailureKind, Outcome, Response
from ..urls import join, place

MOST_BYTES: Final = 512_000  # of the file; the RFC asks for 500 KiB at least (2.5)
MOST_WILDCARD_RULES: Final = 1_000
MOST_WILDCARDS: Final = 50  # in one rule
_MOST_NAMED: Final = 200  # rules of a group up to which `why` looks for the one that decided

_FIELDS: Final = {
    "user-agent": "agent",
    "useragent": "agent",
    "user agent": "agent",
    "allow": "Allow",
    "disallow": "Disallow",
    # The slips of the keyboard that Google's parser and Protego know as well.
    "dissallow": "Disallow",
    "dissalow": "Disallow",
    "disalow": "Disallow",
    "diasllow": "Disallow",
    "disallaw": "Disallow",
    "crawl-delay": "Crawl-delay",
    "crawl delay": "Crawl-delay",
    "crawldelay": "Crawl-delay",
    "request-rate": "Request-rate",
    "request rate": "Request-rate",
    "sitemap": "Sitemap",
    "sitemaps": "Sitemap",
    "site-map": "Sitemap",
}
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_AGENT: Final = re.compile(r"[^\s/*]+")
_MARKUP: Final = re.compile(r"\s*<")
_NOT_PLAIN: Final = re.compile(r"[^\x21-\x7e]+")


class _Line(NamedTuple):
    field: str
    value: str


class _Group(NamedTuple):
    agent: str
    lines: list[_Line]


class Robots:
    """The rules of one origin, for one crawler.

    How the answer to `GET /robots.txt` is read (RFC 9309, section 2.3.1):

        200-299                          the rules in the file; none if it holds HTML
        300-399, a redirect that fails   everything is allowed (too many hops, 2.3.1.2)
        400-499 except 429               everything is allowed (2.3.1.3)
        429, 500-599, any other failure  nothing is allowed (2.3.1.4)

    Redirects are the crawl's to follow, and the rules at their end hold for the
    origin that was asked first.

    Attributes:
        is_unreachable: Nothing is allowed, because the file could not be had.
        reason: How the file was read, or why it could not be, in one sentence.
        crawl_delay_s: Seconds to leave between two requests: the longer of
            Crawl-delay and Request-rate, both outside the RFC; None without.
        sitemaps: Absolute http(s) URLs in normal form, in the order of the file.
    """

    __slots__ = (
        "_group",
        "_named",
        "_rules",
        "_token",
        "crawl_delay_s",
        "is_unreachable",
        "reason",
        "sitemaps",
    )

    def __init__(self, *, token: str, reason: str, is_unreachable: bool = False) -> None:
        self.is_unreachable = is_unreachable
        self.reason = reason
        self.crawl_delay_s: float | None = None
        self.sitemaps: tuple[str, ...] = ()
        self._token = token
        self._group: _Group | None = None
        self._rules: Any = None
        self._named: list[tuple[str, Any]] | None = None

    @classmethod
    def from_outcome(cls, outcome: Outcome, *, token: str) -> Self:
        """Read what came of `GET /robots.txt`; never raises, whatever the bytes.

        Args:
            outcome: The last of its hops.
            token: Our product token, such as "crawlpool"; compared without case.
        """
        if isinstance(outcome, Failure):
            if outcome.kind is FailureKind.REDIRECT:
                return cls(
                    token=token, reason=f"robots.txt is not available ({outcome.message}); all is allowed"
                )
            return cls._unreachable(token, outcome.message or outcome.kind.value)
        status = outcome.status
        if 300 <= status < 500 and status != 429:
            return cls(token=token, reason=f"robots.txt is not available (status {status}); all is allowed")
        if not 200 <= status < 300:
            return cls._unreachable(token, f"status {status}")
        if not outcome.is_body_read:
            return cls._unreachable(token, "its body was not read")
        return cls._from_file(outcome, token)

    @classmethod
    def _unreachable(cls, token: str, cause: str) -> Self:
        reason = f"robots.txt could not be had ({cause}), so nothing is allowed"
        return cls(token=token, reason=reason, is_unreachable=True)

    @classmethod
    def _from_file(cls, response: Response, token: str) -> Self:
        text = _text(response)
        if _MARKUP.match(text):
            return cls(token=token, reason="robots.txt holds HTML and no rules; all is allowed")
        lines = list(_lines(text))
        base = response.final_url
        found = (join(base, line.value) for line in lines if line.field == "Sitemap" and line.value)
        sitemaps = tuple(dict.fromkeys(url for url in found if url))
        group = _group_for(token, lines)
        if group is None:
            robots = cls(token=token, reason=f'robots.txt has no rules for "{token}"; all is allowed')
        else:
            robots = cls(token=token, reason=f'robots.txt has rules for "{group.agent}"')
            robots._obey(group)
        robots.sitemaps = sitemaps
        return robots

    def _obey(self, group: _Group) -> None:
        self._group = group
        self._rules = rules = _protego(group.lines)
        delays = (rules.crawl_delay("*"), _pace_s(rules.request_rate("*")))
        self.crawl_delay_s = max((d for d in delays if d is not None and 0 <= d < math.inf), default=None)

    def is_allowed(self, path_or_url: str) -> bool:
        """Tell whether we may ask for a URL in normal form, or for a path with its query.

        robots.txt itself may always be asked for (2.2.2).
        """
        path = _path(path_or_url)
        if path.partition("?")[0] == "/robots.txt":
            return True
        if self.is_unreachable:
            return False
        return self._rules is None or bool(self._rules.can_fetch("http://h" + path, "*"))

    def why(self, path_or_url: str) -> str:
        """Say in a sentence why we may, or may not, ask for a URL; names the rule that forbids it.

        Where a group has hundreds of rules it names the group only.
        """
        if self.is_allowed(path_or_url):
            return f'robots.txt allows it for "{self._token}"' if self._group else self.reason
        if self._group is None:
            return self.reason
        said = f'robots.txt does not allow it for "{self._token}"'
        rule = self._deciding(_path(path_or_url))
        if rule is not None:
            said += f' ("Disallow: {rule}")'
        return said

    def _deciding(self, path: str) -> str | None:
        """Find the Disallow that matches: the longest that forbids the path on its own."""
        if self._named is None:
            lines = {line for line in self._group.lines if line.field == "Disallow"} if self._group else set()
            if len(lines) > _MOST_NAMED:
                lines = set()
            ordered = sorted(lines, key=lambda line: (-len(line.value), line.value))
            self._named = [(line.value, _protego([line])) for line in ordered]
        return next((rule for rule, only in self._named if not only.can_fetch("http://h" + path, "*")), None)


def robots_url(origin: str) -> str:
    """Where the rules of an origin such as "https://shop.example:8443" are (2.3)."""
    return f"{origin}/robots.txt"


def _pace_s(rate: Any) -> float | None:
    """Seconds between two requests at a Request-rate; its hours are left aside, it holds all day."""
    try:
        return None if rate is None else float(rate.seconds / rate.requests)
    except OverflowError:
        return None


def _path(path_or_url: str) -> str:
    path = path_or_url
    if not path.startswith("/"):
        path = place(path).path if "://" in path else "/" + path
    if not path.isascii():  # not in normal form; what cannot be encoded would raise further on
        path = path.encode(errors="replace").decode()
    return path if path.startswith("/") else "/" + path


def _text(response: Response) -> str:
    """Decode the file, as far as it is read; a line that was cut through is left out."""
    body = response.body[:MOST_BYTES].removeprefix(b"\xef\xbb\xbf")
    if len(response.body) > MOST_BYTES or response.is_cut:
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    return body.decode("utf-8", "replace")


def _lines(text: str) -> Iterator[_Line]:
    """Yield the lines that mean something, with their fields spelled one way (2.2)."""
    for raw in _LINE_ENDS.split(text):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        name, _, value = line.partition(":")
        field = _FIELDS.get(name.strip().lower())
        if field is None:
            # "Disallow /x": the colon was forgotten.
            name, _, value = line.replace("\t", " ").partition(" ")
            field = _FIELDS.get(name.lower())
        if field is not None:
            yield _Line(field, value.strip())


def _group_for(token: str, lines: list[_Line]) -> _Group | None:
    """Merge the groups that name us, or those of "*" when none does (2.2.1).

    User-agent lines in sequence share the rules behind them; empty lines and lines
    of unknown kinds do not end the sequence. A Crawl-delay does, although the RFC
    leaves it open: "User-agent: *", "Crawl-delay: 10", "User-agent: bad", "Disallow: /"
    is in wide use, and is not meant to forbid everybody everything.
    """
    ours, everyones = _Group(token, []), _Group("*", [])
    has_ours = has_everyones = False
    is_for_us = is_for_all = is_sequence = False
    for line in lines:
        if line.field == "Sitemap":
            continue
        if line.field == "agent":
            if not is_sequence:
                is_for_us = is_for_all = False
            is_sequence = True
            is_for_us = is_for_us or _names(line.value, token)
            is_for_all = is_for_all or line.value.split()[:1] == ["*"]
            has_ours, has_everyones = has_ours or is_for_us, has_everyones or is_for_all
            continue
        is_sequence = False
        if line.value and is_for_us:
            ours.lines.append(line)
        if line.value and is_for_all:
            everyones.lines.append(line)
    if has_ours:
        return ours
    return everyones if has_everyones else None


def _names(value: str, token: str) -> bool:
    """Tell whether a User-agent line means us: "crawlpool", "CrawlPool/1.0", "crawlpool*"; not "crawl"."""
    name = _AGENT.match(value)
    return name is not None and name[0].lower() == token.lower()


def _bounded(lines: list[_Line]) -> Iterator[_Line]:
    """Bound what matching costs: each rule once, few with wildcards, few wildcards in each.

    A rule beyond the bounds errs on the side of its author: a Disallow is cut before
    the wildcard that is too many, so that it forbids more; an Allow is left out.
    """
    wild = 0
    given: set[_Line] = set()
    for field, value in dict.fromkeys(lines):
        kept = value
        if field in ("Allow", "Disallow") and "*" in kept:
            wild += 1
            most = MOST_WILDCARDS if wild <= MOST_WILDCARD_RULES else 0
            if kept.count("*") > most:
                if field == "Allow":
                    continue
                kept = "*".join(kept.split("*")[: most + 1]) or "/"
        line = _Line(field, kept)
        if line not in given:
            given.add(line)
            yield line


def _protego(lines: list[_Line]) -> Any:
    """Give Protego one group, for everybody; which group that is has been decided before."""
    # Not needed until a host has rules for us.
    from protego import Protego  # noqa: PLC0415

    return Protego.parse("\n".join(["User-agent: *", *map(_plain, _bounded(lines))]))


def _plain(line: _Line) -> str:
    """Write a line in ASCII: Protego ends lines wherever Unicode does, also inside a path."""
    if line.field in ("Allow", "Disallow"):
        return f"{line.field}: {_NOT_PLAIN.sub(lambda found: quote(found[0]), line.value)}"
    return f"{line.field}: {_NOT_PLAIN.sub(' ', line.value)}"
