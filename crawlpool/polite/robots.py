"""What one origin's robots.txt allows us (RFC 9309).

Nothing is fetched here: robots.txt travels as a request like any other, and its outcome is
read here. How lines are read is in `robotsfile.py`, which rule decides in `robotsmatch.py`.

A crawl of many sites keeps many of these, so the rules are kept packed, as a few hundred
bytes, and made ready to decide (`Matcher`) when a page of the origin asks for it.
"""

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple, Self

from ..model import Failure, FailureKind, Outcome, Response
from ..urls import join
from .robotsfile import MOST_BYTES, Rule, group_of
from .robotsmatch import NONE, Matcher, escaped, forbids, line_of, may_differ, plain_path, plain_pattern

__all__ = ["MOST_BYTES", "Robots", "robots_url"]

_PACKED_FROM: Final = 400  # bytes from which packing pays
_LONGEST_SAID: Final = 200  # characters of a rule that are shown
_OVERHEAD: Final = 500  # bytes that an origin takes besides its rules and sitemaps


class _Ready(NamedTuple):
    """The rules made ready, as they are written and as the RFC compares them; mostly these are one and the same."""

    written: Matcher
    plain: Matcher


class Robots:
    """The rules of one origin, for one crawler.

    How the answer to `GET /robots.txt` is read (RFC 9309, section 2.3.1):

        200-299                          the rules in the file, whatever its Content-Type
        300-399, a redirect that fails   everything is allowed (too many hops, 2.3.1.2)
        400-499 except 429               everything is allowed (2.3.1.3)
        429, 500-599, any other failure  nothing is allowed (2.3.1.4)

    Redirects are the crawl's to follow, and the rules at their end hold for the
    origin that was asked first.

    Escapes are where Google's matcher and the RFC differ: it takes "%62" and "%2A" in a rule as they are
    written, the RFC for the "b" and the "*" in a URL that they stand for (2.2.2, 2.2.3). A URL
    may be asked for if it may by both.

    Attributes:
        is_unreachable: Nothing is allowed, because the file could not be had.
        group: Whose rules these are: our name, "*", or "" when the file has none for us.
        crawl_delay_s: Seconds to leave between two requests: the longer of
            Crawl-delay and Request-rate, both outside the RFC; None without.
        rules: How many rules there are.
    """

    __slots__ = (
        "_packed",
        "_ready",
        "_said",
        "_sitemaps",
        "_token",
        "crawl_delay_s",
        "group",
        "is_unreachable",
        "rules",
    )

    def __init__(self, *, token: str, said: str = "", is_unreachable: bool = False) -> None:
        """Hold no rules; `said` is why there are none, in place of a file."""
        self.is_unreachable = is_unreachable
        self.group = ""
        self.crawl_delay_s: float | None = None
        self.rules = 0
        self._said = said
        self._token = token
        self._packed = b""
        self._sitemaps = b""
        self._ready: _Ready | None = None

    @classmethod
    def from_outcome(cls, outcome: Outcome, *, token: str) -> Self:
        """Read what came of `GET /robots.txt`; never raises, whatever the bytes.

        Args:
            outcome: The last of its hops.
            token: Our product token, such as "crawlpool"; compared without case.
        """
        if isinstance(outcome, Failure):
            if outcome.kind is FailureKind.REDIRECT:
                return cls(token=token, said=outcome.message)
            return cls(token=token, said=outcome.message or outcome.kind.value, is_unreachable=True)
        status = outcome.status
        if 300 <= status < 500 and status != 429:
            return cls(token=token, said=f"status {status}")
        if not 200 <= status < 300:
            return cls(token=token, said=f"status {status}", is_unreachable=True)
        if not outcome.is_body_read:
            return cls(token=token, said="its body was not read", is_unreachable=True)
        return cls._from_file(outcome, token)

    @classmethod
    def _from_file(cls, response: Response, token: str) -> Self:
        robots = cls(token=token)
        group = group_of(response.body, token, is_cut=response.is_cut)
        robots.group = group.name
        robots.crawl_delay_s = group.delay_s
        robots.rules = len(group.rules)
        robots._packed = _packed(group.rules)
        if group.sitemaps:
            named = (each.decode("utf-8", "replace") for each in group.sitemaps)
            found = (join(response.final_url, each) for each in named)
            robots._sitemaps = _small("\n".join(dict.fromkeys(url for url in found if url)).encode())
        return robots

    @property
    def reason(self) -> str:
        """How the file was read, or why it could not be, in one sentence."""
        if self.is_unreachable:
            return f"robots.txt could not be had ({self._said}), so nothing is allowed"
        if self._said:
            return f"robots.txt is not available ({self._said}); all is allowed"
        if self.group:
            return f'robots.txt has rules for "{self.group}"'
        return f'robots.txt has no rules for "{self._token}"; all is allowed'

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """Absolute http(s) URLs in normal form, in the order of the file."""
        return tuple(_large(self._sitemaps).decode().splitlines())

    @property
    def size(self) -> int:
        """About how many bytes this takes while it is not ready to decide."""
        return _OVERHEAD + len(self._packed) + len(self._sitemaps)

    def is_allowed(self, path_or_url: str) -> bool:
        """Tell whether we may ask for a URL in normal form, or for a path with its query.

        robots.txt itself may always be asked for (2.2.2).
        """
        path = _path(path_or_url)
        return _is_robots(path) or not (self.is_unreachable or forbids(self._rank(path)))

    def deciding(self, path_or_url: str) -> Rule | None:
        """The rule that decides about a URL; None when none matches it."""
        path = _path(path_or_url)
        number = 0 if _is_robots(path) else line_of(self._rank(path))
        return next((rule for rule in self._rules() if rule.number == number), None)

    def why(self, path_or_url: str) -> str:
        """Say in a sentence why we may, or may not, ask for a URL; names the line that decides."""
        if _is_robots(_path(path_or_url)):
            return "robots.txt may always be asked for"
        if not self.group:
            return self.reason
        rule = self.deciding(path_or_url)
        if rule is None:
            return f'robots.txt has nothing against it for "{self._token}"'
        what = "allows it" if self.is_allowed(path_or_url) else "does not allow it"
        return f'robots.txt line {rule.number}, "{spelled(rule)}", {what} for "{self._token}"'

    def forget(self) -> None:
        """Keep the rules packed only, until they are asked for again."""
        self._ready = None

    def _rank(self, path: str) -> int:
        if not self.rules:
            return NONE
        ready = self._ready
        if ready is None:
            ready = self._ready = _made_ready(self._rules())
        written = plain = path
        if may_differ(path):
            written = escaped(path.encode(errors="replace"))  # a lone surrogate is nobody's
            plain = plain_path(written)
        rank = ready.written.decide(written)
        if (plain != written or ready.plain is not ready.written) and not forbids(rank):
            other = ready.plain.decide(plain)
            if forbids(other):
                return other
        return rank

    def _rules(self) -> Iterator[Rule]:
        if not self._packed:
            return
        for line in _large(self._packed).split(b"\n"):
            number, _, value = line.partition(b" ")
            yield Rule(int(number[1:]), number[:1] == b"+", value)


def robots_url(origin: str) -> str:
    """Where the rules of an origin such as "https://shop.example:8443" are (2.3)."""
    return f"{origin}/robots.txt"


def spelled(rule: Rule) -> str:
    """A rule as a line of a file; a very long one is cut."""
    value = rule.value.decode("utf-8", "replace")
    more = "..." if len(value) > _LONGEST_SAID else ""
    return f"{'Allow' if rule.is_allow else 'Disallow'}: {value[:_LONGEST_SAID]}{more}".rstrip()


def _made_ready(rules: Iterator[Rule]) -> _Ready:
    found = [(rule.number, rule.is_allow, escaped(rule.value)) for rule in rules]
    written = Matcher(found)
    plain = [(number, is_allow, plain_pattern(pattern)) for number, is_allow, pattern in found]
    return _Ready(written, written if plain == found else Matcher(plain))


def _is_robots(path: str) -> bool:
    return path.startswith("/robots.txt") and path[11:12] in {"", "?"}


def _path(path_or_url: str) -> str:
    """The path of a URL in normal form, with its query."""
    if path_or_url.startswith("/"):
        return path_or_url
    start = path_or_url.find("://")
    slash = path_or_url.find("/", start + 3) if start >= 0 else 0
    path = path_or_url[slash:] if slash >= 0 else ""
    return path if path.startswith("/") else f"/{path}"


def _packed(rules: list[Rule]) -> bytes:
    """One line a rule: no pattern has a line end in it."""
    return _small(
        b"\n".join(
            b"%c%d %b" % (b"+" if is_allow else b"-", number, value) for number, is_allow, value in rules
        )
    )


def _small(text: bytes) -> bytes:
    if len(text) < _PACKED_FROM:
        return text
    return zlib.compress(text, 1)


def _large(kept: bytes) -> bytes:
    """The reverse; a deflated stream begins with "x", and neither rules nor URLs do."""
    return zlib.decompress(kept) if kept[:1] == b"\x78" else kept
