"""Text to bytes in a charset of the Encoding standard, as a link's query or a form is sent.

The tables are the decoders' turned around, with the exceptions that the standard's
encoders have; they are made when a page first needs them (some 20 ms).
"""

import re
from collections.abc import Iterator
from functools import cache

from .decoders import SINGLE_BYTE, decode_as, table
from .eastasian import jis0208

_AS_UTF_8 = frozenset({"utf-8", "utf-16le", "utf-16be", "replacement"})
_QUERY = frozenset(range(0x21)) | frozenset(b"\"#<>'") | frozenset(range(0x7F, 0x100))
_SURROGATE = re.compile("[\ud800-\udfff]")
_TWICE = frozenset("═╞╡╪十卅")  # of two codes in Big5 the last is theirs
_KATAKANA = (  # what the half-width ones become in ISO-2022-JP (index iso-2022-jp-katakana)
    "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜"
)


def encode_as(text: str, name: str) -> bytes:
    """Encode text in a charset of the Encoding standard.

    Raises:
        UnicodeEncodeError: The charset lacks a character; it names the first one.
    """
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)  # as the URL standard converts strings
    if name in _AS_UTF_8:
        return text.encode()  # the standard's "output encoding" of these is UTF-8
    if text.isascii() and name != "iso-2022-jp":
        return text.encode()
    if name == "iso-2022-jp":
        return _iso_2022_jp(text)
    codes = _codes(name)
    parts = []
    for at, character in enumerate(text):
        code = character.encode() if character < "\x80" else codes.get(character)
        if code is None and name == "gb18030":
            code = _four_bytes(character)
        if code is None:
            raise UnicodeEncodeError(name, text, at, at + 1, "the charset has no such character")
        parts.append(code)
    return b"".join(parts)


def percent_encoded(text: str, name: str) -> str:
    """Percent-encode a query of an http(s) URL after encoding it (URL standard, 1.3).

    A character that the charset lacks is sent as its HTML number, `%26%23...%3B`.
    """
    parts: list[str] = []
    text = _SURROGATE.sub("\ufffd", text)
    while True:
        try:
            encoded, rest = encode_as(text, name), None
        except UnicodeEncodeError as error:
            encoded, rest = encode_as(text[: error.start], name), text[error.start :]
        parts.extend(f"%{byte:02X}" if byte in _QUERY else chr(byte) for byte in encoded)
        if rest is None:
            return "".join(parts)
        parts.append(f"%26%23{ord(rest[0])}%3B")
        text = rest[1:]


@cache
def _codes(name: str) -> dict[str, bytes]:
    if name in SINGLE_BYTE:
        return {
            character: bytes((byte,))
            for byte, character in enumerate(table(name))
            if byte > 0x7F and character != "\ufffd"
        }
    codes: dict[str, bytes] = {}
    for code, character in _pairs(name):
        if character not in codes or (name == "big5" and character in _TWICE):
            codes[character] = code
    if name in {"euc-jp", "shift_jis"}:
        codes |= {"\xa5": b"\\", "\u203e": b"~", "\u2212": codes["\uff0d"]}
        codes |= {chr(0xFF61 + at): bytes((0x8E, 0xA1 + at)) if name == "euc-jp" else bytes((0xA1 + at,))
                  for at in range(63)}  # fmt: skip
    if name == "shift_jis":
        codes["\x80"] = b"\x80"
    if name == "gbk":
        codes["\u20ac"] = b"\x80"
    return codes


def _pairs(name: str) -> Iterator[tuple[bytes, str]]:
    """The two-byte codes that an encoder may use, in the order of the standard's index."""
    for lead in range(0x81, 0xFF):
        if _is_for_decoding_only(name, lead):
            continue
        for trail in range(0x40, 0xFF):
            code = bytes((lead, trail))
            character = decode_as(code, name)
            if len(character) == 1 and character != "\ufffd":
                yield code, character
    if name in {"gbk", "gb18030"}:
        # What these codes meant before 2022 is sent as them, too.
        for code in _OLD_GB18030:
            yield code, code.decode("gb18030")


_OLD_GB18030 = [
    *(bytes((0xA6, trail)) for trail in (*range(0xD9, 0xE0), 0xEC, 0xED, 0xF3)),
    *(bytes((0xFE, trail)) for trail in (0x59, 0x61, 0x66, 0x67, 0x6D, 0x7E, 0x90, 0xA0)),
]


def _is_for_decoding_only(name: str, lead: int) -> bool:
    if name in {"big5", "euc-jp"}:  # the HKSCS part; half-width katakana and JIS X 0212
        return lead < 0xA1
    if name == "shift_jis":
        return lead in {0xED, 0xEE} or 0xF0 <= lead <= 0xF9  # NEC's copies, and the private use area
    return False


def _four_bytes(character: str) -> bytes | None:
    if character == "\ue5e5":
        return None
    if character == "\ue7c7":
        return b"\x81\x35\xf4\x37"
    return character.encode("gb18030")


def _iso_2022_jp(text: str) -> bytes:
    """The standard's state machine (12.2.2)."""
    parts: list[bytes] = []
    state = b"\x1b(B"
    for at, given in enumerate(text):
        character = _KATAKANA[ord(given) - 0xFF61] if "\uff61" <= given <= "\uff9f" else given
        if character < "\x80" and character not in "\x0e\x0f\x1b":
            wanted, code = b"\x1b(B", character.encode()
            if state == b"\x1b(J" and character not in "\\~":
                wanted = state
        elif character in "\xa5\u203e":
            wanted, code = b"\x1b(J", b"\\" if character == "\xa5" else b"~"
        elif found := _jis().get("\uff0d" if character == "\u2212" else character):
            wanted, code = b"\x1b$B", found
        else:
            raise UnicodeEncodeError("iso-2022-jp", text, at, at + 1, "the charset has no such character")
        if wanted != state:
            parts.append(wanted)
            state = wanted
        parts.append(code)
    if state != b"\x1b(B":
        parts.append(b"\x1b(B")
    return b"".join(parts)


@cache
def _jis() -> dict[str, bytes]:
    codes: dict[str, bytes] = {}
    for pointer in range(94 * 94):
        character = jis0208(pointer)
        if character is not None:
            row, cell = divmod(pointer, 94)
            codes.setdefault(character, bytes((row + 0x21, cell + 0x21)))
    return codes
