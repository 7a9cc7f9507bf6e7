"""A page as a tree: lexbor's, built from what is safe to build it from."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from . import sniff
from .bound import safe_length
from .heap import keep_freed_memory
from .text import charset_of, decode_as

log = logging.getLogger(__name__)

_DRAWINGS = frozenset({"svg", "math"})
_MOST_TITLES = 100  # how many are looked at for one that is no drawing's

keep_freed_memory()  # whoever loads this builds trees


class Tree(NamedTuple):
    """A parsed page.

    Attributes:
        root: lexbor's tree.
        charset: The page's charset, by its name in the Encoding standard.
        is_cut: The markup was cut, because the rest would have cost too much to parse.
        tags: How many tags the page has, or more.
    """

    root: LexborHTMLParser
    charset: str
    is_cut: bool
    tags: int


class Markup(NamedTuple):
    """A page before it is parsed.

    Attributes:
        html: In UTF-8, without a byte order mark.
        charset: The charset it came in, by its name in the Encoding standard.
        safe: How many bytes of it may be parsed.
        tags: How many tags it has, or more.
    """

    html: bytes
    charset: str
    safe: int
    tags: int


def is_html(content_type: str | None, body: bytes) -> bool:
    """Whether an answer is a page: by its media type, or without one by how the body begins.

    A type that is given is believed (MIME Sniffing standard, 7).
    """
    return sniff.media_type(content_type, body) in sniff.HTML_TYPES


def tree_of(body: bytes, content_type: str | None) -> Tree:
    """Parse a body in whatever charset it is in; never raises, whatever the bytes are."""
    return parsed(markup_of(body, content_type))


def markup_of(body: bytes, content_type: str | None) -> Markup:
    """Decode a body in whatever charset it is in, and say how much of it may be parsed."""
    charset, bom = charset_of(body, content_type)
    html = body[bom:] if bom else body
    if charset != "utf-8" or not _is_utf8(html):
        html = decode_as(html, charset).encode("utf-8", "replace")
    tags = html.count(b"<")
    safe = safe_length(html, tags)
    if safe < len(html):
        log.info("page.cut_for_parsing bytes=%d of=%d", safe, len(html))
    return Markup(html, charset, safe, tags)


def parsed(markup: Markup) -> Tree:
    """Build the tree of a page."""
    html, charset, safe, tags = markup
    # Without mutation events: for each `option` they look through the whole `select` again.
    root = LexborHTMLParser(html[:safe], options=LexborDocumentOptions.WO_EVENTS)
    return Tree(root, charset, safe < len(html), tags)


def _is_utf8(html: bytes) -> bool:
    if html.isascii():
        return True
    try:
        html.decode()
    except UnicodeDecodeError:
        return False
    return True


def title_of(tree: LexborHTMLParser) -> str | None:
    """Text of the first `title` that is no drawing's, white space folded; None without one."""
    head = tree.head
    node = None if head is None else head.css_first("title")
    if node is None or _is_in_drawing(node):
        titles = tree.css("title")[:_MOST_TITLES]
        node = next((each for each in titles if not _is_in_drawing(each)), None)
    return None if node is None else _folded(node)


def title_among(titles: Sequence[LexborNode]) -> str | None:
    """As `title_of`, of all `title` elements in page order: what stands in the head comes first there."""
    node = next((each for each in titles[:_MOST_TITLES] if not _is_in_drawing(each)), None)
    return None if node is None else _folded(node)


def _folded(node: LexborNode) -> str:
    return " ".join(node.text().split())


def _is_in_drawing(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.tag in _DRAWINGS:
            return True
        parent = parent.parent
    return False
