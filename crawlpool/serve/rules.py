"""What `_redirects` and `_headers` in a site's root say: what files alone cannot.

`_redirects` has a rule a line; the first that matches counts, and a file that is
there wins over a rule unless the status ends in "!":

    FROM            TO                 STATUS
    /old.html       /new.html                     301 when nothing is said
    /shop/*         /catalogue/:splat  302        the "*" goes where ":splat" stands
    /latest.html    /news/17.html      200        answers with that file
    /gone.html      /gone-page.html    410        answers with that file and status
    /broken.html    503                           answers with a small page of the server's

`_headers` has a path, then indented lines for answers to it, whatever their
status. A later block that names a header again replaces it; nothing behind the
colon takes the header away:

    /news/*
      Content-Type: text/html; charset=windows-1251

Blank lines and lines that begin with "#" are skipped. A path may hold one "*",
which stands for any text, "/" included; paths are compared percent-decoded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote_to_bytes

from ..errors import ConfigError
from ..model import Pairs

REDIRECTS = "_redirects"
HEADERS = "_headers"

_MOVES = frozenset({301, 302, 303, 307, 308})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset({"connection", "content-length", "date", "transfer-encoding"})
URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
"""What a Location may hold as it is; all else is percent-encoded (RFC 3986, 2)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A path with at most one "*"."""

    head: str
    tail: str | None

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a path; ValueError says what would do."""
        if not text.startswith("/"):
            raise ValueError(f'the path {text!r} should begin with "/"')
        if "?" in text or "#" in text:
            raise ValueError(
                f"the path {text!r} should have no query and no fragment; rules look at the path alone"
            )
        if text.count("*") > 1:
            raise ValueError(f'the path {text!r} should hold one "*" at most')
        if "/:" in text:
            raise ValueError(f'the path {text!r} names a part by ":"; use "*" and ":splat"')
        head, star, tail = text.partition("*")
        return cls(decoded(head), decoded(tail) if star else None)

    def match(self, path: str) -> str | None:
        """What "*" stands for ("" without one) when a decoded path fits, else None."""
        if self.tail is None:
            return "" if path == self.head else None
        if (
            len(path) < len(self.head) + len(self.tail)
            or not path.startswith(self.head)
            or not path.endswith(self.tail)
        ):
            return None
        return path[len(self.head) : len(path) - len(self.tail)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of `_redirects`.

    Attributes:
        shape: The paths that it speaks of.
        to: Where they lead: a URL or a path; "" for a page of the server's own.
        status: HTTP status code.
        is_forced: It wins over a file that is there.
    """

    shape: Shape
    to: str
    status: int
    is_forced: bool

    @property
    def is_move(self) -> bool:
        """True when the client is sent elsewhere, False when it is answered here."""
        return self.status in _MOVES

    def location(self, splat: str, query: str) -> str:
        """The Location header: `to` with the splat in it, and the request's query unless it has one."""
        place = quote(self.to.replace(":splat", quote(splat, errors="surrogateescape")), safe=URL_SAFE)
        if not query or "?" in place or not (place.startswith("/") or "://" in place):
            return place
        before, mark, fragment = place.partition("#")
        return f"{before}?{query}{mark}{fragment}"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one site."""

    redirects: tuple[Rule, ...] = ()
    headers: tuple[tuple[Shape, Pairs], ...] = ()

    @classmethod
    def of(cls, root: Path) -> Self:
        """Read both files of a site's root, where there are such.

        Raises:
            ConfigError: A line cannot be read; the message names file and line.
        """
        return cls(tuple(_read_redirects(root / REDIRECTS)), tuple(_read_headers(root / HEADERS)))

    def redirect(self, path: str, *, forced: bool) -> tuple[Rule, str] | None:
        """The first rule for a decoded path, with what its "*" stands for; `forced` asks for those with "!" only."""
        for rule in self.redirects:
            if rule.is_forced or not forced:
                splat = rule.shape.match(path)
                if splat is not None:
                    return rule, splat
        return None

    def dressed(self, path: str, headers: Pairs) -> Pairs:
        """Headers as `_headers` wants them for a decoded path."""
        for shape, ours in self.headers:
            if shape.match(path) is not None:
                named = {name.lower() for name, _ in ours}
                kept = tuple(pair for pair in headers if pair[0].lower() not in named)
                headers = (*kept, *(pair for pair in ours if pair[1]))
        return headers


def decoded(path: str | bytes) -> str:
    """A path with its percent-encoding undone; bytes that are not UTF-8 become lone surrogates."""
    return unquote_to_bytes(path).decode("utf-8", "surrogateescape")


def _read_redirects(file: Path) -> Iterator[Rule]:
    for number, line in _lines(file):
        try:
            yield _read_rule(line.split())
        except ValueError as error:
            raise ConfigError(f"{file}, line {number}: {error}") from None


def _read_rule(words: list[str]) -> Rule:
    shape, status, is_forced = Shape.read(words[0]), 301, False
    rest = words[1:]
    if rest and re.fullmatch(r"[0-9]+!?", rest[-1]):
        number = rest.pop()
        is_forced = number.endswith("!")
        status = int(number.removesuffix("!")[:9])
        if not 200 <= status <= 599 or status == 304:
            raise ValueError(
                f"the status {number!r} should be 301, 302, 303, 307, 308, or another from 200 to 599"
            )
    if len(rest) > 1:
        raise ValueError(f"{rest[1]!r} is not a status; a rule is FROM TO STATUS")
    to = rest[0] if rest else ""
    if status in _MOVES:
        if not to.startswith(("/", ".")) and not _SCHEME.match(to):
            raise ValueError(f'a redirect leads to a URL or to a path that begins with "/", not to {to!r}')
    elif to and not to.startswith("/"):
        raise ValueError(f'{status} answers with a file of this site, so {to!r} should begin with "/"')
    elif status == 200 and not to:
        raise ValueError("200 needs a file to answer with: FROM TO 200")
    if ":splat" in to and shape.tail is None:
        raise ValueError(f'{to!r} asks for ":splat", but {words[0]!r} has no "*"')
    return Rule(shape=shape, to=to, status=status, is_forced=is_forced)


def _read_headers(file: Path) -> Iterator[tuple[Shape, Pairs]]:
    shape: Shape | None = None
    found: list[tuple[str, str]] = []
    for number, line in _lines(file):
        try:
            if line[0] not in " \t":
                if shape is not None:
                    yield shape, tuple(found)
                shape, found = Shape.read(line.rstrip()), []
            elif shape is None:
                raise ValueError("a header stands before any path")  # noqa: TRY301  the line number is added below
            else:
                found.append(_read_pair(line))
        except ValueError as error:
            raise ConfigError(f"{file}, line {number}: {error}") from None
    if shape is not None:
        yield shape, tuple(found)


def _read_pair(line: str) -> tuple[str, str]:
    name, colon, value = (part.strip() for part in line.partition(":"))
    if not colon or not _NAME.fullmatch(name):
        raise ValueError(f'{line.strip()!r} should be "Name: value"')
    if name.lower() in _OURS:
        raise ValueError(f"{name} is the server's own affair")
    if any(ord(letter) < 32 and letter != "\t" for letter in value):
        raise ValueError(f"the value of {name} holds a control character")
    return name, value


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers; none when the file is not there."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.rstrip("\r")
