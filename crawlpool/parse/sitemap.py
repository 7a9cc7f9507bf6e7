"""What a sitemap or a feed lists, read as a stream: whatever bytes come, nothing is raised.

    body ─▶ unzip (by its first bytes) ─▶ text ─▶ by its first character and its root:
              urlset, sitemapindex     sitemaps.org 0.9, with its extensions
              rss, RDF, feed           RSS 2.0 and 1.0, Atom (RFC 4287)
              {                        JSON Feed 1.1
              anything else            one URL a line
            bad XML ─▶ what stood before the fault is kept, and the rest is searched for <loc>

A sitemap is read a piece at a time, so that one of 50 MB takes no more memory than its
body, and holds up nobody.
"""

import codecs
import re
import zlib
from calendar import timegm
from collections.abc import Iterator
from email.utils import parsedate_tz
from enum import StrEnum
from typing import Final, NamedTuple

import webencodings

from ..units import read_moment
from ..urls import join, normalise
from .text import charset_of

MOST_URLS: Final = 50_000
"""Entries of one file that are read (sitemaps.org)."""

MOST_BYTES: Final = 50 * 1024 * 1024
"""Bytes of one file that are read, uncompressed (sitemaps.org)."""

_PIECE: Final = 16 * 1024
_HEAD: Final = 64 * 1024
_ZIPPED: Final = b"\x1f\x8b"
_MOST_ZIPS: Final = 2
_MOST_MEMBERS: Final = 100_000  # of one gzip file; 50 MiB in the usual blocks of 64 KiB have 800
_MOST_BAD: Final = 1000
_CHARSET: Final = re.compile(r";\s{0,10}charset\s{0,10}=\s{0,10}\"?([\w.:-]{1,40})", re.IGNORECASE)
_LONGEST_DATE: Final = 64
_HTML: Final = re.compile(
    r"\s{0,1000}(?:<!--[^>]{0,1000}-->\s{0,1000})?<(?:!doctype\s{1,100}html|html)\b", re.IGNORECASE
)


class Kind(StrEnum):
    """What an entry names."""

    PAGE = "page"
    ALTERNATE = "alternate"  # the same page in another language, or for other devices
    IMAGE = "image"
    SITEMAP = "sitemap"  # another file, in an index


class Entry(NamedTuple):
    """One URL that a sitemap names.

    Attributes:
        url: Absolute, in normal form.
        kind: What it names.
        lastmod: When that changed last, as it is written there; "" when nothing is said.
    """

    url: str
    kind: Kind
    lastmod: str = ""


class Reader:
    """A sitemap that is read as it is iterated over: a list of entries for each piece, often an empty one.

    Args:
        body: The file, compressed or not.
        base: Its URL; what it names is relative to it.
        content_type: The header, for its charset.
        is_cut: The body was cut short on the way.

    Attributes:
        format: "sitemap", "sitemap index", "RSS", "Atom", "JSON Feed" or "list"; "" until that is known,
            and at the end when the file is none of them.
        faults: What was wrong, in sentences; of an HTML page that it is one.
        urls: Entries that were read, images and alternates not counted.
        bad: Entries whose URL is none.
    """

    def __init__(
        self, body: bytes, *, base: str, content_type: str | None = None, is_cut: bool = False
    ) -> None:
        self.format = ""
        self.faults: list[str] = []
        self.urls = 0
        self.bad = 0
        self.base = base
        self.is_full = False
        self._pieces = self._read(body, content_type)
        if is_cut:
            self.faults.append(f"its body was cut at {len(body):,} bytes")

    def __iter__(self) -> Iterator[list[Entry]]:
        return self

    def __next__(self) -> list[Entry]:
        return next(self._pieces)

    # For the formats

    def add(self, found: list[Entry], url: str, kind: Kind, lastmod: str = "", *, base: str = "") -> bool:
        """Make an entry of a URL as it is written; False when it is none, or one too many."""
        target = join(base or self.base, url) if url else None
        if target is None:
            self.spoil()
            return False
        if kind in {Kind.PAGE, Kind.SITEMAP}:
            if self.urls >= MOST_URLS:
                self.is_full = True
                return False
            self.urls += 1
        found.append(Entry(target, kind, lastmod[:_LONGEST_DATE]))
        return True

    def spoil(self) -> None:
        """Count an entry that names no URL; a file that has little else is given up."""
        self.bad += 1
        if self.bad > _MOST_BAD + self.urls:
            self.is_full = True

    def _read(self, body: bytes, content_type: str | None) -> Iterator[list[Entry]]:
        from .sitemapxml import xml_entries  # noqa: PLC0415  it needs what is above

        pieces = _text(body, content_type, self.faults)
        first = next((piece for piece in pieces if piece.strip("\ufeff\0 \t\r\n")), "")
        first = first.lstrip("\ufeff\0 \t\r\n")
        if not first:
            if not self.faults:
                self.faults.append("it is empty")
            return
        if _HTML.match(first):
            self.faults.append("it is an HTML page")
            return
        if first[0] == "<":
            entries = xml_entries(self, first, pieces)
        elif first[0] == "{":
            from .feeds import json_entries  # noqa: PLC0415  rarely needed

            entries = json_entries(self, first, pieces)
        else:
            entries = _lines(self, first, pieces)
        for found in entries:
            yield found
            if self.is_full:
                self.faults.append(
                    f"it lists more than {MOST_URLS:,} URLs; the rest is left out"
                    if self.urls >= MOST_URLS
                    else f"it has {self.bad:,} entries without a URL; the rest is left out"
                )
                return


def _lines(reader: Reader, first: str, pieces: Iterator[str]) -> Iterator[list[Entry]]:
    """A list with one URL a line; what does not begin with a URL is no list."""
    words = first.split(maxsplit=1)  # none, where all of it is white space of another kind than XML's
    if not words or normalise(words[0][:8192]) is None:
        reader.faults.append("it is neither XML nor a list of URLs")
        return
    reader.format = "list"
    rest = ""
    for piece in _chain(first, pieces):
        lines = (rest + piece).splitlines(keepends=True)
        rest = "" if not lines or lines[-1][-1:] in "\r\n" else lines.pop()
        if len(rest) > 2 * _PIECE:  # no URL is that long
            reader.spoil()
            rest = " "
        yield _urls_of(reader, lines)
    yield _urls_of(reader, [rest])


def _urls_of(reader: Reader, lines: list[str]) -> list[Entry]:
    found: list[Entry] = []
    for line in lines:
        url = line.strip("\ufeff\0 \t\r\n")
        if not url or reader.is_full:
            continue
        if normalise(url) is None:  # nothing is relative in a list
            reader.spoil()
        else:
            reader.add(found, url, Kind.PAGE)
    return found


def _chain(first: str, pieces: Iterator[str]) -> Iterator[str]:
    yield first
    yield from pieces


# From bytes to text


def _text(body: bytes, content_type: str | None, faults: list[str]) -> Iterator[str]:
    """The text, in pieces: without compression, in whatever charset it is."""
    pieces = _sliced(body)
    for _ in range(_MOST_ZIPS):
        head = next(pieces, b"")
        pieces = _joined(head, pieces)
        if head[:2] != _ZIPPED:
            break
        pieces = _unzipped(pieces, faults)
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _HEAD:
            break
    charset = charset_of(head, _type_of(head, content_type))
    decoder = _decoder(charset.name)
    yield from _decoded(decoder, head[charset.bom :])
    size = len(head)
    for piece in pieces:
        size += len(piece)
        if size > MOST_BYTES:
            faults.append(f"it has more than {MOST_BYTES // (1024 * 1024)} MiB; the rest is left out")
            return
        yield decoder.decode(piece)


def _type_of(head: bytes, content_type: str | None) -> str:
    """What the file is rather than what it is called, for its charset; what the header says of that counts."""
    is_xml = head.lstrip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n")[:1] == b"<"
    given = _CHARSET.search((content_type or "")[:1000])
    return ("application/xml" if is_xml else "text/plain") + (f"; charset={given[1]}" if given else "")


def _decoded(decoder: codecs.IncrementalDecoder, head: bytes) -> Iterator[str]:
    for at in range(0, len(head), _PIECE):
        yield decoder.decode(head[at : at + _PIECE])


def _decoder(name: str) -> codecs.IncrementalDecoder:
    encoding = webencodings.lookup("gb18030" if name == "gbk" else name)
    codec = codecs.lookup("utf-8") if encoding is None else encoding.codec_info
    assert codec.incrementaldecoder is not None
    return codec.incrementaldecoder("replace")


def _sliced(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), _PIECE):
        yield body[at : at + _PIECE]


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _unzipped(pieces: Iterator[bytes], faults: list[str]) -> Iterator[bytes]:
    """What gzip packed, of all its members (RFC 1952, 2.2); what follows them is left out.

    A file packed twice may unfold to gigabytes that hold nothing, so what goes in is bounded, too.
    """
    unpack = zlib.decompressobj(31)
    is_first = True
    size, members = 0, 1
    for piece in pieces:
        size += len(piece)
        if size > MOST_BYTES or members > _MOST_MEMBERS:
            faults.append("its gzip goes on and on; the rest is left out")
            return
        data = piece
        while data:
            if unpack.eof:
                if not data.startswith(_ZIPPED[: len(data)]):  # its second byte may be in the next piece
                    return
                unpack = zlib.decompressobj(31)
                members += 1
            try:
                out = unpack.decompress(data, _PIECE)
            except zlib.error as error:
                faults.append(f"its gzip is damaged: {error}")
                return
            is_first = False
            data = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            if out:
                yield out
    if not unpack.eof and not is_first:
        faults.append("its gzip ends in the middle")


# Dates


def changed_at(lastmod: str) -> float | None:
    """The last second since 1970 at which a page may have changed; None when that is no date.

    A date as sitemaps and Atom have it (W3C, RFC 3339), or as RSS has it (RFC 822).
    """
    text = lastmod.strip()
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        return read_moment(text)[1]
    except ValueError:
        pass
    try:
        parts = parsedate_tz(text)
        return None if parts is None else float(timegm((*parts[:6], 0, 1, 0)) - (parts[9] or 0))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
