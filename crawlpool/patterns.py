"""Patterns on URLs: what a handler is routed by, and what `--include` and `--exclude` take.

    "/catalogue/*"              the path; `*` stays within one segment
    "/catalogue/**"             the path; `**` crosses segments, and matches "/catalogue/" too
    "/list?page=*"              path and query; in a query both stars match anything
    "https://*.shop.example/**" the whole URL, since it names a scheme

A pattern becomes one regular expression whose parts never give back what they
took, so that no URL, however hostile, makes it try again and again.
"""

import re
from typing import Final

from .errors import ConfigError
from .urls import normalise, place

_STARS: Final = re.compile(r"(\*+)")
_REPEATED: Final = re.compile(r"(?:/\*{2,})+/")
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HOST_FIRST: Final = re.compile(r"(localhost|[\w-]+(\.[\w-]+)+)(:\d+)?(/|$)")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class Pattern:
    """A pattern on the path of a URL, or on the whole of it.

    Everything but `*` and `**` stands for itself, `?` too, and the whole path has
    to match, from its first character to its last:

    * `*` is any run of characters, also none, without a "/".
    * `**` is any run of characters, also none. Between two slashes it is any
      number of whole segments: "/a/**/b" matches "/a/b" and "/a/x/y/b". "/a/**"
      matches "/a/" and all below it, not "/a".
    * A path pattern that begins with a star may begin at any segment: "*.pdf" is
      "/**/*.pdf".
    * Without a "?" the query of a URL is not looked at. With one, the path has to
      match what stands before it and the query what stands after; in a query both
      stars match anything.
    * A pattern that does not begin with "/" and holds "://" is matched against the
      whole URL. A `*` in a host name stops at nothing but the "/" behind it.
    * Case counts in paths and not in hosts. Percent-encoding does not: "/café",
      "/caf%C3%A9" and "/caf%c3%a9" are the same (RFC 3986, 6.2.2).

    Attributes:
        text: The pattern as it was given.

    Raises:
        ConfigError: It begins with neither "/" nor "*" and holds no "://", or holds
            "#" (a fragment is never part of the URL), or names an impossible host.
    """

    __slots__ = ("_is_whole", "_match_path", "_match_query", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        subject, self._is_whole = _normal_form(text)
        path, mark, query = _same_escapes(subject).partition("?")
        self._match_path = re.compile(_segments(path), re.DOTALL).fullmatch
        self._match_query = re.compile(_anything(query), re.DOTALL).fullmatch if mark else None

    def matches(self, url: str) -> bool:
        """Tell whether a URL in normal form matches."""
        if not self._is_whole:
            url = url[url.index("/", url.index("://") + 3) :]
        path, mark, query = url.partition("?")
        if "%" in path:
            path = _same_escapes(path)
        if self._match_query is None:
            return self._match_path(path) is not None
        return bool(mark and self._match_path(path) and self._match_query(_same_escapes(query)))

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


def _normal_form(text: str) -> tuple[str, bool]:
    """Write a pattern as normal form writes URLs; and tell whether it is one on whole URLs."""
    if "#" in text:
        raise ConfigError(f'pattern {text!r} holds a "#"; fragments are not part of a URL here, leave it out')
    if text.startswith("/"):
        return _tail(text), False
    if "://" in text:
        return _whole(text), True
    if text.startswith("*"):
        return _tail("/" + text if text.startswith("**") else "/**/" + text), False
    advice = f"*://{text}" if _HOST_FIRST.match(text) else f"/{text or '**'}"
    raise ConfigError(
        f'pattern {text!r} begins with neither "/" nor "*" and holds no "://"; write {advice!r}'
    )


def _tail(text: str) -> str:
    """Encode path and query as ada encodes those of a URL; it leaves stars as they are."""
    url = normalise("http://h" + text)
    return text if url is None else url.removeprefix("http://h")


def _whole(text: str) -> str:
    scheme, _, rest = text.partition("://")
    cut = min((i for i in (rest.find("/"), rest.find("?")) if i >= 0), default=len(rest))
    host, tail = rest[:cut].lower(), rest[cut:]
    scheme = scheme.lower()
    host = host.removesuffix(_DEFAULT_PORTS.get(scheme, "")) or host
    if not host.isascii():
        url = normalise(f"http://{host}/")  # IDNA; a star is a legal character there
        if url is None:
            raise ConfigError(f"pattern {text!r} names the host {host!r}, which no URL can have")
        host = place(url).host
    if host.endswith("**") and not tail:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}{_tail(tail if tail.startswith('/') else '/' + tail)}"


def _same_escapes(text: str) -> str:
    """Spell percent-encoding one way: small letters in it made capital, unreserved characters decoded."""
    return _ESCAPE.sub(_one_escape, text)


def _one_escape(found: re.Match[str]) -> str:
    character = chr(int(found[0][1:], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _anything(text: str) -> str:
    """Translate a query: each star is any run of characters."""
    return _in_order(_STARS.split(text)[::2], ".", "")


def _segments(text: str) -> str:
    """Translate a path; `**` cuts it into blocks that are searched for from left to right.

    A block holds a fixed number of slashes. So it is enough to find the first
    place where it fits: what comes after can only gain from an earlier end, and
    the group that found it is atomic. The last block is bound to the end instead.
    """
    blocks = _blocks(text)
    *others, last = [
        ("(?:[^/]*/)*?" if number else "") + _block(block) for number, block in enumerate(blocks)
    ]
    if len(blocks) > 1 and blocks[-1] == "*":
        last = ".*"
    return "".join(f"(?>{other})" for other in others) + last


def _blocks(text: str) -> list[str]:
    """Cut a path at each `**`; every block but the first may begin at any segment.

    Most begin with a star, for the rest of the segment where the block before
    ended. In "/a/**/b" the second does not: its slash is one of those crossed.
    """
    blocks = [""]
    parts = _STARS.split(_REPEATED.sub("/**/", text))
    for literal, stars in zip(parts[::2], [*parts[1::2], ""], strict=True):
        blocks[-1] += literal
        if stars == "*":
            blocks[-1] += "*"
        elif stars:
            blocks.append("*")
    for number in range(1, len(blocks)):
        if blocks[number - 1].endswith("/") and blocks[number].startswith("*/"):
            blocks[number] = blocks[number][2:]
    return blocks


def _block(text: str) -> str:
    """Translate what stands between two `**`, segment by segment."""
    *whole, last = [piece.split("*") for piece in text.split("/")]
    return "/".join([*(_in_order(piece, "[^/]", "(?=/)") for piece in whole), _in_order(last, "[^/]", "")])


def _in_order(literals: list[str], character: str, end: str) -> str:
    """Find literals one behind the other, with runs of `character` between.

    Each but the last is taken where it comes first, for good: that leaves the most
    room for the rest. The last has to reach the end, so it may be sought further on.
    """
    first, *rest = map(re.escape, literals)
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>{character}*?{literal})" for literal in middle) + f"{character}*?{last}{end}"
