"""A robots.txt, from its bytes to the rules of one crawler (RFC 9309, 2.1, 2.2.1 and 2.5).

Files are written by people, and by programs that are no better. So lines are read as
Google's published parser reads them, which is what authors try their files with: names
may be misspelt or longer than they should be ("Disalow", "User-agents"), a colon may be
missing, a byte order mark may be cut short, lines may end in any way. Where that parser and
the RFC differ, it is followed:

* a User-agent line counts up to its first character that no name may have, so
  "crawlpool/2.0" and "crawlpool 2" name crawlpool (the RFC has no such lines);
* a "*" with a blank and more behind it is everybody;
* an "Allow: /dir/index.html" also allows "/dir/" (see `robotsmatch`).

Crawl-delay and Request-rate are in neither. As every line that is not Allow or Disallow,
they end no sequence of User-agent lines; they hold for the names that stand above them.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MOST_BYTES: Final = 500 * 1024
"""Bytes of a file that are read; the RFC asks for as many at least (2.5)."""

LONGEST_LINE: Final = 2083 * 8 - 1
"""Bytes of a line that are read: eight times the longest URL that browsers once took."""

MOST_SITEMAPS: Final = 10_000

AGENT: Final = "User-agent"
ALLOW: Final = "Allow"
DISALLOW: Final = "Disallow"
SITEMAP: Final = "Sitemap"
CRAWL_DELAY: Final = "Crawl-delay"
REQUEST_RATE: Final = "Request-rate"

# What a line's name may begin with, in small letters; in this order.
_BEGINNINGS: Final = (
    (AGENT, (b"user-agent", b"useragent", b"user agent")),
    (ALLOW, (b"allow",)),
    (DISALLOW, (b"disallow", b"dissallow", b"dissalow", b"disalow", b"diasllow", b"disallaw")),
    (SITEMAP, (b"sitemap", b"site-map")),
)
_PACE: Final = {
    b"crawl-delay": CRAWL_DELAY,
    b"crawl delay": CRAWL_DELAY,
    b"crawldelay": CRAWL_DELAY,
    b"crawl_delay": CRAWL_DELAY,
    b"request-rate": REQUEST_RATE,
    b"request rate": REQUEST_RATE,
}
_BOM: Final = b"\xef\xbb\xbf"
_LINE_ENDS: Final = re.compile(rb"\r\n|\r|\n")
_BLANK: Final = re.compile(rb"[ \t]+")
_NAME: Final = re.compile(rb"[A-Za-z_-]*")
_EVERYBODY: Final = re.compile(rb"\*(?:[ \t\n\v\f\r]|$)")
_SECONDS: Final = re.compile(rb"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\Z")
_RATE: Final = re.compile(rb"(\d{1,9})[ \t]*/[ \t]*(\d{1,9})[ \t]*([smh]?)(?![A-Za-z0-9.])")
_UNITS: Final = {b"": 1.0, b"s": 1.0, b"m": 60.0, b"h": 3600.0}


class Line(NamedTuple):
    """A line that means something.

    Attributes:
        number: Its place in the file; the first is 1.
        field: One of the six names above, however it is spelt in the file.
        value: What stands behind it, without blanks around it.
    """

    number: int
    field: str
    value: bytes


class Rule(NamedTuple):
    """An Allow or Disallow line.

    Attributes:
        number: Its place in the file; the first is 1.
        is_allow: Which of the two it is.
        value: The pattern as it is written.
    """

    number: int
    is_allow: bool
    value: bytes


class Group(NamedTuple):
    """What a file says to one crawler.

    Attributes:
        name: Whose lines these are: the crawler's own name, "*", or "" when no line names either.
        rules: In the order of the file, all groups of that name together.
        delay_s: Seconds between two requests: the longest that is asked for; None without.
        sitemaps: As written, in the order of the file; these belong to no group.
    """

    name: str
    rules: list[Rule]
    delay_s: float | None
    sitemaps: list[bytes]


def lines(body: bytes, *, is_cut: bool = False) -> Iterator[Line]:
    """The lines that mean something, as far as a file is read; one that was cut through is left out."""
    text = body[:MOST_BYTES]
    if len(body) > MOST_BYTES or is_cut:
        text = text[: max(text.rfind(b"\n"), text.rfind(b"\r")) + 1]
    for number, raw in enumerate(_LINE_ENDS.split(_without_mark(text)), 1):
        found = _parsed(raw) if raw else None
        if found is not None:
            yield Line(number, *found)


def group_of(body: bytes, token: str, *, is_cut: bool = False) -> Group:
    """What a file says to the crawler of this name, else to everybody (2.2.1).

    Args:
        body: The file, of which `MOST_BYTES` are read.
        token: The crawler's name; compared without case.
        is_cut: Whether the file goes on behind `body`.
    """
    own, everyones = _Said(), _Said()
    name = token.lower().encode(errors="replace")
    sitemaps: list[bytes] = []
    is_for_us = is_for_all = has_rules = False
    for line in lines(body, is_cut=is_cut):
        if line.field == AGENT:
            if has_rules:
                is_for_us = is_for_all = has_rules = False
            if _EVERYBODY.match(line.value):
                is_for_all = everyones.is_named = True
            elif name and _named(line.value) == name:
                is_for_us = own.is_named = True
        elif line.field == SITEMAP:
            if line.value and len(sitemaps) < MOST_SITEMAPS:
                sitemaps.append(line.value)
        elif is_for_us or is_for_all:
            has_rules = has_rules or line.field in {ALLOW, DISALLOW}
            (own if is_for_us else everyones).take(line)
    said, whose = (own, token) if own.is_named else (everyones, "*" if everyones.is_named else "")
    return Group(whose, said.rules, said.delay_s, sitemaps)


class _Said:
    """Gathers what is said to one name."""

    def __init__(self) -> None:
        self.is_named = False
        self.rules: list[Rule] = []
        self.delay_s: float | None = None
        self._known: set[tuple[bool, bytes]] = set()

    def take(self, line: Line) -> None:
        if line.field in {ALLOW, DISALLOW}:
            is_allow = line.field == ALLOW
            if (is_allow, line.value) not in self._known:
                self._known.add((is_allow, line.value))
                self.rules.append(Rule(line.number, is_allow, line.value))
            return
        delay_s = _seconds(line.value) if line.field == CRAWL_DELAY else _pace_s(line.value)
        if delay_s is not None and (self.delay_s is None or delay_s > self.delay_s):
            self.delay_s = delay_s


def agents_of(body: bytes, number: int, *, is_cut: bool = False) -> list[str]:
    """The names on the User-agent lines of the group that a line belongs to, as written."""
    agents: list[str] = []
    has_rules = False
    for line in lines(body, is_cut=is_cut):
        if line.number >= number:
            break
        if line.field == AGENT:
            if has_rules:
                agents, has_rules = [], False
            agents.append(line.value.decode("utf-8", "replace"))
        elif line.field in {ALLOW, DISALLOW}:
            has_rules = True
    return agents


def _without_mark(text: bytes) -> bytes:
    """Take off a byte order mark, and the beginning of one (Google's parser does)."""
    at = 0
    while at < len(_BOM) and text[at : at + 1] == _BOM[at : at + 1]:
        at += 1
    return text[at:]


def _parsed(raw: bytes) -> tuple[str, bytes] | None:
    """Name and value of a line; None for one that means nothing."""
    line = raw[:LONGEST_LINE].partition(b"\0")[0].partition(b"#")[0].strip()
    name, colon, value = line.partition(b":")
    if not colon:
        # "Disallow /x": the colon was forgotten. It is two words then, and no more.
        words = _BLANK.split(line, maxsplit=2)
        if len(words) != 2:
            return None
        name, value = words
    field = _field(name[:20].lower())
    return None if field is None else (field, value.strip())


def _field(name: bytes) -> str | None:
    for field, beginnings in _BEGINNINGS:
        if name.startswith(beginnings):
            return field
    return _PACE.get(name.rstrip())


def _named(value: bytes) -> bytes:
    found = _NAME.match(value)
    return found[0].lower() if found else b""


def _seconds(value: bytes) -> float | None:
    found = _SECONDS.match(value)
    return float(found[1]) if found else None


def _pace_s(value: bytes) -> float | None:
    """Seconds between two requests at a Request-rate such as "1/5" or "10/1m"; its hours are left aside, it holds all day."""
    found = _RATE.match(value)
    if found is None or not int(found[1]) or not int(found[2]):
        return None
    return int(found[2]) * _UNITS[found[3]] / int(found[1])
