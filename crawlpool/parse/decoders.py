"""Bytes to text, decoder by decoder as the Encoding standard has them (sections 8 to 14)."""

import codecs
from functools import cache

from . import eastasian

_PYTHON = {
    "ibm866": "cp866",
    "iso-8859-8-i": "iso8859-8",
    "macintosh": "mac_roman",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
}
_OTHER = {"koi8-u": {0xAE: "ў", 0xBE: "Ў"}, "windows-1255": {0xCA: "\u05ba"}}

SINGLE_BYTE = frozenset(
    (
        *(f"iso-8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *(f"windows-{page}" for page in (874, *range(1250, 1259))),
        *("ibm866", "iso-8859-8-i", "koi8-r", "koi8-u", "macintosh", "x-mac-cyrillic", "x-user-defined"),
    )
)
"""The charsets of sections 9 and 14.5: one byte, one character."""


@cache
def table(name: str) -> str:
    """The 256 characters of a single-byte charset; U+FFFD where a byte has none.

    The standard's tables are Python's, with three differences: a byte from 0x80 to 0x9F
    without a character is the control character of its number, and `_OTHER`.
    """
    if name == "x-user-defined":
        return "".join(chr(byte if byte < 0x80 else 0xF780 + byte - 0x80) for byte in range(256))
    other = _OTHER.get(name, {})
    return "".join(
        other.get(byte) or _one(byte, _PYTHON.get(name, name)) or (chr(byte) if byte < 0xA0 else "\ufffd")
        for byte in range(256)
    )


def _one(byte: int, python: str) -> str:
    return bytes((byte,)).decode(python, "ignore")


def decode_as(body: bytes, name: str) -> str:
    """Decode bytes in a charset of the Encoding standard, without looking for a byte order mark.

    Never raises: bytes that are wrong become U+FFFD, as many as the standard says.

    Args:
        body: Any bytes.
        name: The charset's name in the standard, in small letters.
    """
    if name == "utf-8":
        return body.decode("utf-8", "replace")
    if name in SINGLE_BYTE:
        return codecs.charmap_decode(body, "replace", table(name))[0]
    if name == "replacement":  # hz-gb-2312, iso-2022-kr and others that hide markup: one error, nothing else
        return "\ufffd" if body else ""
    if name in {"utf-16le", "utf-16be"}:
        return body.decode(name, "replace")
    return eastasian.decode(body, name)
