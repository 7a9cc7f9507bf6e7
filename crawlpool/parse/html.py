"""A page as a tree: lexbor's, built from what is safe to build it from."""

from typing import Any, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from .bound import safe_length
from .text import charset_of, decode_as

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_OPENINGS = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<title",
    b"<!--",
    b"<a ",
    b"<p",
    b"<h1",
    b"<div",
    b"<table",
)
_BLANK = b"\t\n\f\r "


class Tree(NamedTuple):
    """A parsed page.

    Attributes:
        root: lexbor's tree.
        charset: The page's charset, by its name in the Encoding standard.
        is_cut: The markup was cut, because the rest would have cost too much to parse.
    """

    root: LexborHTMLParser
    charset: str
    is_cut: bool


def is_html(content_type: str | None, body: bytes) -> bool:
    """Whether an answer is a page: by its media type, or without one by how the body begins (MIME sniffing, 7.1)."""
    media_type = (content_type or "").partition(";")[0].strip(" \t").lower()
    if media_type:
        return media_type in _HTML_TYPES
    start = body[:512].removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK).lower()
    return start.startswith(_OPENINGS)


def tree_of(body: bytes, content_type: str | None) -> Tree:
    """Parse a body in whatever charset it is in; never raises, whatever the bytes are."""
    charset, bom = charset_of(body, content_type)
    html = body[bom:] if bom else body
    if charset != "utf-8" or not _is_utf8(html):
        html = decode_as(html, charset).encode("utf-8", "replace")
    safe = safe_length(html)
    return Tree(
        LexborHTMLParser(html if safe == len(html) else html[:safe].decode("utf-8", "ignore").encode()),
        charset,
        safe < len(html),
    )


def _is_utf8(html: bytes) -> bool:
    if html.isascii():
        return True
    try:
        html.decode()
    except UnicodeDecodeError:
        return False
    return True


def title_of(tree: LexborHTMLParser) -> str | None:
    """Text of the first `title` that is not a drawing's, white space folded; None without one."""
    first = tree.css_first("title")
    if first is None:
        return None
    if _is_drawings(first):  # rare, so only then the whole tree is gone through
        first = next((node for node in tree.css("title") if not _is_drawings(node)), None)
    return None if first is None else " ".join(first.text().split())


def _is_drawings(title: Any) -> bool:
    return title.parent is not None and title.parent.tag == "svg"
