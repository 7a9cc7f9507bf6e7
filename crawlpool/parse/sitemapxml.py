"""Sitemaps and feeds in XML: which element names what; and what is saved of a broken file."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from .elements import Elements, Given, Shape
from .feeds import Atom, Rss
from .sitemap import Entry, Kind, Reader

_MOST_OF_ONE: Final = 1000  # alternates or images of one page
_ALTERNATE: Final = "alternate"

_MAP: Final = re.compile(r"<(?:[\w.-]{1,40}:)?(?:urlset|sitemapindex)\b")
_ANY_TAG: Final = re.compile(r"<[A-Za-z]")

_KEPT: Final = 128 * 1024
"""Bytes before a fault that are kept, so that the page in which it stands is not lost."""

_LONGEST: Final = 10_000
_MOST_IN_VAIN: Final = 2 * 1024 * 1024  # characters without a URL, after which nothing more is looked for
_TAG: Final = re.compile(
    r"<(/?)(?:([\w.-]{1,40}):)?(urlset|url|sitemapindex|sitemap|item|loc|lastmod|link|pubDate)(?:\s[^<>]{0,1000})?>"
    r"(?:\s{0,100}<!\[CDATA\[([^\]]{0,8192}+)\]\]>|([^<]{0,8192}+)(?=<))"
)
_REFERENCE: Final = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ROOTS: Final = {
    "urlset": "sitemap",
    "sitemapindex": "sitemap index",
    "rss": "RSS",
    "RDF": "RSS",
    "feed": "Atom",
}


def xml_entries(reader: Reader, first: str, pieces: Iterator[str]) -> Iterator[list[Entry]]:
    """The entries of a document, a list for each of its pieces."""
    root = _MAP.search(first)
    if root is not None and _ANY_TAG.search(first, 0, root.start()):
        first = first[root.start() :]  # a program's complaint stands before it
    chooser = _Root(reader)
    elements = Elements(chooser)
    chooser.elements = elements
    kept, kept_from = b"", 0
    rest: Iterator[str] = iter(())
    for piece in _with(first, pieces):
        data = piece.encode("utf-8", "replace")
        if len(kept) > _KEPT:
            kept_from += len(kept) - _KEPT
            kept = kept[-_KEPT:]
        kept += data
        elements.feed(data)
        if elements.fault:
            rest = pieces
            break
        yield chooser.take()
        if reader.is_full:
            return
    else:
        elements.feed(b"", is_last=True)
    if not elements.fault:
        yield chooser.take()
        return
    reader.faults.append(elements.fault)
    is_hopeless = elements.is_given_up or chooser.format == "Atom"
    begun = chooser.begun_at
    yield chooser.take()
    if is_hopeless:
        return
    at = elements.fault_at if begun is None else begun
    behind = kept[max(0, at - kept_from) :].decode("utf-8", "ignore")
    yield from _saved(reader, behind, rest, is_rss=chooser.format == "RSS")


def _with(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


class _Root:
    """Looks at the root, and hands the elements within to the shape that it stands for.

    Attributes:
        format: See `Reader.format`.
        begun_at: Where the page begins that is being read; None between two.
    """

    def __init__(self, reader: Reader) -> None:
        self.format = ""
        self.begun_at: int | None = None
        self.elements: Elements | None = None
        self._reader = reader
        self._found: list[Entry] = []
        self._shape: Shape | None = None

    def take(self) -> list[Entry]:
        """What was found since."""
        found = self._found[:]
        self._found.clear()
        return found

    def start(self, name: str, prefix: str, attributes: Mapping[str, str], path: list[str]) -> bool:
        if self._shape is not None:
            if len(path) <= 3 and name in {"url", "sitemap", "item", "entry"} and self.elements is not None:
                self.begun_at = self.elements.at
            return self._shape.start(name, prefix, attributes, path)
        known = _ROOTS.get(name)
        if known is None:
            raise Given(
                "it is an HTML page"
                if name.lower() == "html"
                else f"it is no sitemap: its root is <{name[:40]}>"
            )
        self.format = self._reader.format = known
        if known == "RSS":
            self._shape = Rss(self._reader, self._found)
        elif known == "Atom":
            self._shape = Atom(self._reader, self._found)
            self._shape.start(name, prefix, attributes, path)
        else:
            self._shape = _Sitemap(self._reader, self._found)
        return False

    def end(self, name: str, text: str, path: list[str]) -> None:
        if self._shape is not None:
            self._shape.end(name, text, path)
            if name in {"url", "sitemap", "item", "entry"}:
                self.begun_at = None


class _Sitemap:
    """`urlset` and `sitemapindex` (sitemaps.org 0.9), with alternates (xhtml:link) and images (image:loc)."""

    def __init__(self, reader: Reader, found: list[Entry]) -> None:
        self._reader = reader
        self._found = found
        self._loc = ""
        self._lastmod = ""
        self._alternates: list[str] = []
        self._images: list[str] = []

    def start(self, name: str, prefix: str, attributes: Mapping[str, str], path: list[str]) -> bool:  # noqa: ARG002
        depth = len(path)
        if depth == 2:
            self._loc = self._lastmod = ""
            self._alternates, self._images = [], []
        elif depth == 3:
            if name in {"loc", "lastmod"}:
                return True
            is_alternate = name == "link" and attributes.get("rel", "").lower() == _ALTERNATE
            if is_alternate and attributes.get("href") and len(self._alternates) < _MOST_OF_ONE:
                self._alternates.append(attributes["href"].strip())
        elif depth == 4:
            return name == "loc" and path[2] == "image"
        return False

    def end(self, name: str, text: str, path: list[str]) -> None:
        depth = len(path)
        if depth == 4:
            if text and len(self._images) < _MOST_OF_ONE:
                self._images.append(text)
        elif depth == 3:
            if name == "loc":
                self._loc = self._loc or text
            elif name == "lastmod":
                self._lastmod = self._lastmod or text
        elif depth == 2 and name in {"url", "sitemap"}:
            kind = Kind.PAGE if name == "url" else Kind.SITEMAP
            if self._reader.add(self._found, self._loc, kind, self._lastmod):
                for url in self._alternates:
                    self._reader.add(self._found, url, Kind.ALTERNATE, self._lastmod)
                for url in self._images:
                    self._reader.add(self._found, url, Kind.IMAGE)


# What is saved of a broken file


def _saved(reader: Reader, first: str, pieces: Iterator[str], *, is_rss: bool) -> Iterator[list[Entry]]:
    """Search for what names pages behind a fault: one pass, whatever stands there."""
    search = _Search(reader, is_rss=is_rss)
    text = first
    before = seen = reader.urls
    in_vain = 0
    for piece in pieces:
        in_vain = in_vain + len(piece) if reader.urls == seen else 0
        seen = reader.urls
        if in_vain > _MOST_IN_VAIN:
            break
        # A tag may go on in the next piece; what is that near the end waits for it.
        text, found = search.through(text + piece, is_last=False)
        yield found
        if reader.is_full:
            return
    yield search.through(text, is_last=True)[1]
    if not reader.format and reader.urls > before:
        reader.format = "sitemap"


class _Search:
    """The state of that search: the page whose parts were seen last."""

    def __init__(self, reader: Reader, *, is_rss: bool) -> None:
        self._reader = reader
        self._url_tag = "link" if is_rss else "loc"
        self._date_tag = "pubDate" if is_rss else "lastmod"
        self._kind = Kind.SITEMAP if reader.format == "sitemap index" else Kind.PAGE
        self._prefix: str | None = None
        self._loc = ""
        self._lastmod = ""

    def through(self, text: str, *, is_last: bool) -> tuple[str, list[Entry]]:
        """Search a text; what of it has to be searched again with the next piece, and what was found."""
        found: list[Entry] = []
        until = len(text) if is_last else max(0, len(text) - _LONGEST)
        at = 0
        while (tag := _TAG.search(text, at)) is not None and tag.start() < until:
            at = tag.end()
            self._take(tag, found)
            if self._reader.is_full:
                return "", found
        if is_last:
            self._close(found)
        return text[max(at, until) :], found

    def _take(self, tag: re.Match[str], found: list[Entry]) -> None:
        is_end, prefix, name, literal, content = tag.groups()
        if name in {"urlset", "sitemapindex"}:
            self._kind = Kind.SITEMAP if name == "sitemapindex" else Kind.PAGE
        elif name in {"url", "sitemap", "item"}:
            self._close(found)
            self._prefix = prefix
            if not is_end and name != "item":
                self._kind = Kind.SITEMAP if name == "sitemap" else Kind.PAGE
        elif is_end or prefix != self._prefix:
            return  # image:loc, video:content_loc, atom:link
        elif name == self._url_tag:
            if self._loc:
                self._close(found)
            self._loc = (literal if literal is not None else _unescaped(content or "")).strip()
        elif name == self._date_tag:
            self._lastmod = (literal or content or "").strip()

    def _close(self, found: list[Entry]) -> None:
        if self._loc:
            self._reader.add(found, self._loc, self._kind, self._lastmod)
        self._loc = self._lastmod = ""


def _unescaped(text: str) -> str:
    """The references that XML has by itself; those that only HTML has (&copy) stand in many a broken query."""

    def character(found: re.Match[str]) -> str:
        if found[1]:
            return _NAMED[found[1]]
        number = int(found[2]) if found[2] else int(found[3], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"

    return _REFERENCE.sub(character, text) if "&" in text else text
