"""Bytes to text: which charset a page is in, by the rules that browsers share.

In order: a byte order mark, the charset of the Content-Type header, a `meta` in the
first 1024 bytes, the bytes themselves (valid UTF-8, then a bounded guess), windows-1252
(HTML standard, 13.2.3; Encoding standard, section 4). A charset is named only by the
labels of the Encoding standard, so no header can choose one of Python's own codecs.
"""

import codecs
import re
from functools import lru_cache
from typing import NamedTuple

import webencodings

from .tokens import TAG, attributes

_PRESCAN_BYTES = 1024  # HTML standard, 13.2.3.2
_SEARCHED_BYTES = 64 * 1024  # how far a guess looks for text beyond ASCII
_GUESSED_BYTES = 8 * 1024  # how much of that is weighed: some 10 ms at the worst
_LEAST_GUESSED_BYTES = 24  # fewer letters than this say nothing about a charset

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_HEADER_CHARSET = re.compile(r""";[\t\n\r ]*+charset=(?:"([^"]*+)"|([^\t\n\r ;"]++))""", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"""charset[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:"([^"]*+)"|'([^']*+)'|(?!["'])([^\t\n\f\r ;]++))"""
)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding[\t\n\r ]*+=[\t\n\r ]*+(?:"([^"]*+)"|'([^']*+)')""")
_NO_MARKUP = frozenset({"text/plain", "text/css", "text/csv", "text/javascript", "application/json"})

# The Encoding standard's windows-1252 has a character for every byte; Python's leaves five out.
_WINDOWS_1252 = "".join(
    bytes([byte]).decode("cp1252") if byte not in b"\x81\x8d\x8f\x90\x9d" else chr(byte)
    for byte in range(256)
)

# What a guess may answer: the charsets that pages without a declaration are in.
_GUESSES = [
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5hkscs", "cp949", "koi8_r", "koi8_u", "iso8859_2"),
]
_GUESSED_LABELS = {"cp874": "windows-874", "cp932": "shift_jis", "big5hkscs": "big5", "cp949": "euc-kr"}


class Charset(NamedTuple):
    """A charset by its name in the Encoding standard, and the length of the byte order mark to leave out."""

    name: str
    bom: int


def charset_of(body: bytes, content_type: str | None) -> Charset:
    """Tell the charset of a body; `content_type` is the whole header, parameters included."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return Charset(name, len(bom))
    return Charset(_declared(body, content_type or "") or _guessed(body), 0)


def decode(body: bytes, content_type: str | None) -> tuple[str, str]:
    """Decode a body, and name its charset as the Encoding standard does, in small letters.

    Never raises: bytes that are wrong in the charset become U+FFFD.
    """
    name, bom = charset_of(body, content_type)
    return decode_as(body[bom:] if bom else body, name), name


def decode_as(body: bytes, name: str) -> str:
    """Decode bytes in a charset of the Encoding standard, without looking for a byte order mark."""
    if name == "utf-8":
        return body.decode("utf-8", "replace")
    if name == "windows-1252":
        return codecs.charmap_decode(body, "replace", _WINDOWS_1252)[0]
    if name == "replacement":  # hz-gb-2312, iso-2022-kr and others that hide markup: one error, nothing else
        return "\ufffd" if body else ""
    if name == "gbk":
        name = "gb18030"  # what the standard decodes gbk with
    encoding = webencodings.lookup(name)
    assert encoding is not None, name
    return str(encoding.codec_info.decode(body, "replace")[0])


def encode_as(text: str, name: str) -> bytes:
    """Encode text in a charset of the Encoding standard, as a form or a link's query is.

    Raises:
        UnicodeEncodeError: The charset lacks a character.
    """
    encoding = webencodings.lookup(name)
    if encoding is None or name in {"utf-8", "utf-16le", "utf-16be", "replacement"}:
        return text.encode()  # the standard's "output encoding" of these is UTF-8
    return bytes(encoding.codec_info.encode(text, "strict")[0])


def _declared(body: bytes, content_type: str) -> str | None:
    found = _HEADER_CHARSET.search(content_type)
    if found and (name := _known(found[1] or found[2] or "")):
        return name
    if content_type.partition(";")[0].strip().lower() in _NO_MARKUP:
        return None
    head = body[:_PRESCAN_BYTES]
    if head.startswith(b"<\0?\0x\0"):
        return "utf-16le"
    if head.startswith(b"\0<\0?\0x"):
        return "utf-16be"
    return _prescan(head) or _xml_encoding(head)


@lru_cache(256)
def _label(label: str) -> str | None:
    encoding = webencodings.lookup(label)
    return None if encoding is None else str(encoding.name)


def _known(label: str) -> str | None:
    """The charset that a label names; labels are short, and the cache is kept to short ones."""
    return _label(label) if len(label) < 32 and label.isascii() else None


def _known_inside(label: bytes) -> str | None:
    """As `_known`, for a label that stands in the page: whatever could be read there is no UTF-16."""
    name = _known(label.decode("ascii", "replace"))
    if name in {"utf-16be", "utf-16le"}:
        return "utf-8"
    return "windows-1252" if name == "x-user-defined" else name


def _prescan(head: bytes) -> str | None:
    for tag in TAG.finditer(head):
        if tag[1] is None or tag[1].lower() != b"meta":
            continue
        if not tag[0].endswith(b">"):
            return None  # cut off at the 1024th byte
        given: dict[bytes, bytes] = {}
        for name, value in attributes(tag[2]):
            given.setdefault(name, value)
        if b"charset" in given:
            charset = _known_inside(given[b"charset"])
        elif given.get(b"http-equiv", b"").lower() == b"content-type":
            found = _META_CHARSET.search(given.get(b"content", b"").lower())
            charset = _known_inside(found[1] or found[2] or found[3] or b"") if found else None
        else:
            continue
        if charset:
            return charset
    return None


def _xml_encoding(head: bytes) -> str | None:
    found = _XML_ENCODING.match(head)
    return _known_inside(found[1] or found[2] or b"") if found else None


def _guessed(body: bytes) -> str:
    if body.isascii():
        return "utf-8"
    try:
        # Not final: a body that was cut short may end inside a character, behind others that are whole.
        text = codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return _weighed(body)
    return _weighed(body) if text.isascii() else "utf-8"


def _weighed(body: bytes) -> str:
    """Guess from a sample: the stretches between tags and line ends that hold more than ASCII.

    No multi-byte charset of the standard has a byte below 0x30, `<` or `>` inside a
    character, so the stretches and the sample begin and end on whole ones.
    """
    stretches: list[bytes] = []
    length = 0
    for stretch in re.split(rb"[<>\r\n]+", body[:_SEARCHED_BYTES]):
        if not stretch.isascii():
            stretches.append(stretch)
            length += len(stretch)
            if length >= _GUESSED_BYTES:
                break
    sample = b"\n".join(stretches)
    if len(sample) > _GUESSED_BYTES:
        ends = [found.end() for found in re.finditer(rb"[\t-\x2f]", sample[:_GUESSED_BYTES])]
        sample = sample[: ends[-1] if ends else _GUESSED_BYTES]
    if len(sample.translate(None, bytes(range(128)))) < _LEAST_GUESSED_BYTES:
        return "windows-1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415  slow to import, and rarely needed

    best = from_bytes(
        sample, steps=1, chunk_size=len(sample), cp_isolation=_GUESSES, preemptive_behaviour=False
    ).best()
    if best is None:
        return "windows-1252"
    return _known(
        _GUESSED_LABELS.get(best.encoding, best.encoding.replace("iso8859_", "iso-8859-").replace("_", "-"))
    ) or ("windows-1252")
