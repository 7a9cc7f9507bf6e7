"""The slow parsers: BeautifulSoup with any of its own, and lxml, each for a bounded time.

    page ──▶ the part that `bound` lets through ──▶ BeautifulSoup, of a prefix that grows eightfold
                                          └───────▶ lxml, fed piece by piece

All three of BeautifulSoup's parsers have pages that take them hours (runs of "<" in
html.parser, a thousand open `font` in html5lib), and none can be asked to stop and keep
what it has. So a long page is parsed from its beginning up to a place that moves on while
there is time; a parse that is cut off (`crawlpool.cutoff`) is thrown away, and the one
before it is what there is.
"""

import time
import warnings
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..cutoff import CutOff, cut_off_after
from ..errors import ConfigError
from .bound import safe_length

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

T = TypeVar("T")

_FIRST = 256 * 1024
"""Characters of the first try: a quarter of a second of html.parser, where the page is an honest one."""

_LEAST = 2 * 1024
_GROWTH = 8
_PIECE = 64 * 1024
_LXML_DEPTH = 2000
"""Elements within each other from which on libxml2 says nothing and leaves the rest out; it is 2,048 there."""


class Built(NamedTuple):
    """What a parser made of a page.

    Attributes:
        root: The tree.
        is_partial: It is of the beginning of the page only.
    """

    root: Any
    is_partial: bool


class _TooLong(CutOff):
    """The parse took longer than it may; what anybody else cuts off is not for us to catch."""


def soup_of(text: str, parser: str, limit_s: float) -> Built:
    """A page as BeautifulSoup parses it, or as much of its beginning as can be parsed in time.

    Args:
        text: The page.
        parser: One of BeautifulSoup's parsers.
        limit_s: Seconds; the look at what is safe to parse, two of them at the very most, comes before.

    Raises:
        ConfigError: There is no such parser here.
    """
    import bs4  # noqa: F401, PLC0415  before the clock runs: what is cut off while it loads stays half loaded

    safe = _safe_text(text)
    made = _grown(lambda part: _soup(part, parser), safe, limit_s)
    is_partial = made.is_partial or len(safe) < len(text)
    if parser.startswith("lxml") and not is_partial and safe.count("<") >= _LXML_DEPTH:
        is_partial = _depth_of(made.root) >= _LXML_DEPTH
    return Built(made.root, is_partial)


def lxml_of(text: str, limit_s: float) -> Built:
    """A page as lxml parses it, or as much of its beginning as can be parsed in time.

    Args:
        text: The page.
        limit_s: Seconds.

    Raises:
        ImportError: lxml is not installed.
    """
    from lxml import etree, html  # noqa: PLC0415  an extra

    until = time.monotonic() + limit_s
    source = text.encode("utf-8", "replace")
    safe = safe_length(source)
    is_partial = safe < len(source)
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)  # else elements 256 deep are left out
    for start in range(0, safe, _PIECE):
        if start and time.monotonic() > until:
            is_partial = True
            break
        parser.feed(source[start : min(start + _PIECE, safe)])
    try:
        root = parser.close() if safe else None
    except etree.ParseError:  # nothing in it
        root = None
    if root is None:
        return Built(html.document_fromstring(b"<html></html>"), is_partial)
    if not is_partial and source.count(b"<") >= _LXML_DEPTH:
        is_partial = bool(_too_deep()(root))
    return Built(root, is_partial)


@cache
def _too_deep() -> Callable[[Any], Any]:
    from lxml import etree  # noqa: PLC0415  an extra

    return etree.XPath("boolean(" + "/*" * _LXML_DEPTH + ")")


def _depth_of(soup: "BeautifulSoup") -> int:
    """How many elements stand within each other at most."""
    depth = {id(soup): 0}
    deepest = 0
    for tag in soup.find_all(True):
        depth[id(tag)] = at = depth.get(id(tag.parent), 0) + 1
        deepest = max(deepest, at)
    return deepest


def _soup(text: str, parser: str) -> "BeautifulSoup":
    import bs4  # noqa: PLC0415  slow to load, and only handlers that use it need it

    with warnings.catch_warnings():
        # What a server sends is no slip of the caller's: text that looks like a file's name, XML as HTML.
        warnings.simplefilter("ignore", bs4.MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", bs4.XMLParsedAsHTMLWarning)
        try:
            return bs4.BeautifulSoup(text, parser)
        except bs4.FeatureNotFound as error:
            raise ConfigError(
                f"BeautifulSoup knows no parser {parser!r} here; install it, or use html.parser"
            ) from error
        except (bs4.ParserRejectedMarkup, RecursionError):  # it gave the page up, and nobody reads the rest
            return bs4.BeautifulSoup("", parser)


def _safe_text(text: str) -> str:
    """The part of a page that `bound` lets through."""
    source = text.encode("utf-8", "replace")
    safe = safe_length(source)
    return text if safe == len(source) else source[:safe].decode("utf-8", "ignore")


def _grown(make: Callable[[str], T], text: str, limit_s: float) -> Built:
    """Parse as much of a text as there is time for; all of it at once where it is short."""
    until = time.monotonic() + limit_s
    best: T | None = None
    done, end = 0, _end(text, _FIRST)
    while True:
        began = time.monotonic()
        # With nothing to fall back upon yet, some time is kept for a shorter try.
        allowed_s = (until - began) * (0.7 if best is None else 1.0)
        if allowed_s <= 0:
            break
        part = text[:end]
        try:
            best = cut_off_after(allowed_s, lambda part=part: make(part), kind=_TooLong)  # type: ignore[misc]
        except _TooLong:
            if best is not None or end // _GROWTH < _LEAST:
                break
            end = _end(text, end // _GROWTH)
            continue
        done = end
        if done == len(text):
            break
        now = time.monotonic()
        affordable = done * 0.8 * (until - now) / max(now - began, 1e-3)
        end = _end(text, int(min(_GROWTH * done, affordable)))
        if end <= done:
            break
    if best is None:  # the time is up, and yet the very beginning takes none
        done = _end(text, _LEAST)
        best = make(text[:done])
    return Built(best, is_partial=done < len(text))


def _end(text: str, length: int) -> int:
    """Where to end a part of about this length: before a tag, if there is one."""
    if length >= len(text):
        return len(text)
    tag = text.rfind("<", length // 2, length)
    return tag if tag > 0 else max(length, 0)
