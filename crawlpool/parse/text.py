"""Bytes to text: which charset an answer is in, by the rules that browsers share.

In order: a byte order mark, the charset of the Content-Type header, what the body says of
itself, the bytes (valid UTF-8, then a bounded guess), windows-1252. What a body may say
depends on its type: a `meta` in HTML (HTML standard, 13.2.3), the declaration in XML,
@charset in CSS, nothing in plain text; and JSON is UTF-8, whatever anyone says (RFC 8259).
A charset is named only by the labels of the Encoding standard, so that no server can
choose one of Python's own codecs.
"""

import codecs
import re
from typing import NamedTuple

from . import labels, mediatype, prescan, sniff
from .decoders import decode_as
from .encoders import encode_as

__all__ = ["Charset", "charset_of", "decode", "decode_as", "encode_as"]

_SEARCHED_BYTES = 64 * 1024  # how far a guess looks for text beyond ASCII
_GUESSED_BYTES = 8 * 1024  # how much of that is weighed: some 10 ms at the worst
_LEAST_GUESSED_BYTES = 24  # fewer letters than this say nothing about a charset
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))

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
    return Charset(_without_mark(body, content_type), 0)


def decode(body: bytes, content_type: str | None) -> tuple[str, str]:
    """Decode a body, and name its charset as the Encoding standard does, in small letters.

    Never raises: bytes that are wrong in the charset become U+FFFD.
    """
    name, bom = charset_of(body, content_type)
    return decode_as(body[bom:] if bom else body, name), name


def _without_mark(body: bytes, content_type: str | None) -> str:
    supplied = mediatype.supplied(content_type)
    essence = "" if supplied is None else supplied.essence
    if mediatype.is_json(essence):
        return "utf-8"
    if supplied is not None and (label := supplied.parameters.get("charset")) is not None:
        name = labels.named(label)
        if name is not None:
            return name
    is_unknown = sniff.is_unknown(content_type)
    if is_unknown:
        essence = sniff.media_type(content_type, body)
    head = body[: prescan.BYTES]
    if mediatype.is_xml(essence):
        return prescan.of_utf_16(head) or prescan.of_declaration(head) or "utf-8"
    if essence == "text/html" or is_unknown:  # whoever asks for the tree of an unlabelled text means a page
        return prescan.of_html(head) or _guessed(body)
    return (prescan.of_css(head) if essence == "text/css" else None) or _guessed(body)


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
    label = _GUESSED_LABELS.get(
        best.encoding, best.encoding.replace("iso8859_", "iso-8859-").replace("_", "-")
    )
    return labels.named(label) or "windows-1252"
