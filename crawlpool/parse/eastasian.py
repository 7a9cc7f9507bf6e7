"""The multi-byte decoders of the Encoding standard (sections 10 to 13), on top of Python's codecs.

Python's codecs do the bulk in C, and differ from the standard in three ways, each mended here:

* what they accept and map to another character: translated afterwards (`_Codec.other`);
* what they refuse and the standard knows: looked up where the error is raised;
* what they refuse rightly: one U+FFFD for as many bytes as the standard takes. An ASCII
  byte behind a wrong lead byte is kept, so that no `<` can be swallowed.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

_BAD = "\ufffd"
_MOST_ERRORS = 100_000  # some 0.2 s; the rest of such a body is read as Python has it
_MOST_PIECES = 200_000

_Step = Callable[[bytes, int], tuple[str, int]]
"""What stands at a place that Python's codec refused, and where to go on."""


class _Codec(NamedTuple):
    python: str
    step: _Step
    differs: Mapping[str, str]  # bytes, in hexadecimal, that Python accepts, and the standard's character


def decode(body: bytes, name: str) -> str:
    """Decode bytes in big5, euc-jp, euc-kr, gb18030, gbk, iso-2022-jp or shift_jis; never raises."""
    if name == "iso-2022-jp":
        return _iso_2022_jp(body)
    if body.isascii():
        return body.decode("ascii")
    if name == "gbk":
        name = "gb18030"
    alike = _ALIKE.get(name)
    if alike is not None and any(code in body for code in alike.characters):
        return _piece_by_piece(body, name, alike)
    return _by_codec(body, name)


def _by_codec(body: bytes, name: str) -> str:
    text = body.decode(_CODECS[name].python, f"crawlpool.{name}")
    for wrong, right in _others(name):
        text = text.replace(wrong, right)
    return text


@cache
def _others(name: str) -> list[tuple[str, str]]:
    """Characters of Python's and the standard's for the same bytes, to be replaced in this order.

    Two that have changed places go by way of a lone surrogate, which no text has.
    """
    codec = _CODECS[name]
    others = {bytes.fromhex(code).decode(codec.python): right for code, right in codec.differs.items()}
    first, later = [], []
    for at, (wrong, right) in enumerate(others.items()):
        if right in others and right != wrong:
            first.append((wrong, chr(0xDC00 + at)))
            later.append((chr(0xDC00 + at), right))
        elif right != wrong:
            first.append((wrong, right))
    return first + later


class _Alike(NamedTuple):
    """Codes that Python reads as a character that another code has by right, so that a translation cannot tell.

    Attributes:
        before: What may stand before such a code, whole characters at a time.
        characters: The codes, and the standard's characters for them.
    """

    before: re.Pattern[bytes]
    characters: Mapping[bytes, str]


def _piece_by_piece(body: bytes, name: str, alike: _Alike) -> str:
    parts: list[str] = []
    position = 0
    while len(parts) < _MOST_PIECES:
        found = alike.before.match(body, position)
        assert found is not None  # it matches nothing, too
        parts.append(_by_codec(found[0], name))
        position = found.end()
        if position == len(body):
            return "".join(parts)
        code = next(code for code in alike.characters if body.startswith(code, position))
        parts.append(alike.characters[code])
        position += len(code)
    return "".join(parts) + _by_codec(body[position:], name)


def _two_bytes(body: bytes, start: int) -> tuple[str, int]:
    """The end of the standard's two-byte decoders: no such character, and what is ASCII stays."""
    second = body[start + 1 : start + 2]
    is_lead = 0x81 <= body[start] <= 0xFE
    return _BAD, start + (2 if is_lead and second and not second.isascii() else 1)


def _shift_jis(body: bytes, start: int) -> tuple[str, int]:
    second = body[start + 1 : start + 2]
    is_lead = 0x81 <= body[start] <= 0x9F or 0xE0 <= body[start] <= 0xFC
    return _BAD, start + (2 if is_lead and second and not second.isascii() else 1)


def _big5(body: bytes, start: int) -> tuple[str, int]:
    known = _BIG5_MORE.get(body[start : start + 2])
    return (known, start + 2) if known else _two_bytes(body, start)


def _euc_jp(body: bytes, start: int) -> tuple[str, int]:
    """Rows 13 and 89 to 92 of the index jis0208, which Python knows in Shift_JIS only."""
    lead, *rest = body[start : start + 3]
    if not (lead in {0x8E, 0x8F} or 0xA1 <= lead <= 0xFE):
        return _BAD, start + 1
    if not rest or rest[0] < 0x80:
        return _BAD, start + 1
    if lead == 0x8F and 0xA1 <= rest[0] <= 0xFE:
        return _BAD, start + (2 if len(rest) < 2 or rest[1] < 0x80 else 3)
    if 0xA1 <= lead <= 0xFE and 0xA1 <= rest[0] <= 0xFE:
        return jis0208((lead - 0xA1) * 94 + rest[0] - 0xA1) or _BAD, start + 2
    return _BAD, start + 2


def jis0208(pointer: int) -> str | None:
    """The character at a pointer of the index jis0208, by the codes that Shift_JIS has for it."""
    lead, trail = divmod(pointer, 188)
    try:
        return bytes(
            (lead + (0x81 if lead < 0x1F else 0xC1), trail + (0x40 if trail < 0x3F else 0x41))
        ).decode("cp932")
    except ValueError:
        return None


def _gb18030(body: bytes, start: int) -> tuple[str, int]:
    first, *rest = body[start : start + 4]
    if first == 0x80:
        return "\u20ac", start + 1
    if first == 0xFF or not rest:
        return _BAD, start + 1
    if not 0x30 <= rest[0] <= 0x39:
        return _BAD, start + (1 if rest[0] < 0x80 else 2)
    for at, least, most in ((1, 0x81, 0xFE), (2, 0x30, 0x39)):
        if len(rest) == at:
            return _BAD, len(body)  # the end, inside a character
        if not least <= rest[at] <= most:
            return _BAD, start + 1
    return _BAD, start + 4


# HKSCS-2008 and what the standard keeps in other places than HKSCS does (index big5).
_BIG5_RUNS = {
    0x877A: "㡵𡵓𣚞𦀡㻬",
    0x87A1: "𥣞㫵竼龗𤅡𨤍𣇪𠪊𣉞䌊蒄龖鐯䤰蘓墖靊鈘秐稲晠権袝瑌篅枂稬剏遆㓦珄𥶹瓆鿇垳䤯呌䄱𣚎堘穲𧭥讏䚮𦺈䆁𥶙箮𢒼鿈𢓁𢓉𢓌鿉蔄𣖻䂴鿊䓡𪷿拁灮鿋",
    0xA3C0: "".join(map(chr, (*range(0x2400, 0x2420), 0x2421, 0x20AC))),
}
_BIG5_SINGLE = (
    "9244蔃9447浧9644靝8e69箸8e6f簆8e7e糎8eab緒8eb4縝8ecd者8ed0耨8f57菁8f69蒨8f6e萏8fcb覦8fcc覩8ffe起906d都907a銹90dc靜90f1響91bf鼖"
    "92af兙92b0兛92b1兝92b2兞92c8鍮92d1瑹94ca禛95d9邗96ed瀞96fc嬨9b76爁9b78矗9b7b纇9bc6駖9bde釔9bec惞9bf6澶9c42輶9c53侻9c62營9c68鄄"
    "9c6b鷰9c77菏9cbc尐9cbd秣9cd0婧9d57輋9d5a筑9dc4拐9ea9恢9eef痹9efd汊9f60鬮9f66鼗9fcb僭9fd8弌a063蠏a077拎a0d5瑨a0df煢a0e4牐c6cf廴"
    "c6d3无c6d5癶c6d7隶c6de〃c6df仝fa5f倩fa66偽fabd包fac5卄fad5卿fb48嘅fbb8婷fbf3幵fbf9廐fc4f彘fc6c悤fcb9撐fce2晴fcf1杞fdb7沜fdb8渝"
    "fdbb港fdf1煮fe52猪fe6f瑜feaa瓩fedd砉"
)
_BIG5_MORE = {
    (first + at).to_bytes(2, "big"): character
    for first, run in _BIG5_RUNS.items()
    for at, character in enumerate(run)
} | {bytes.fromhex(_BIG5_SINGLE[at : at + 4]): _BIG5_SINGLE[at + 4] for at in range(0, len(_BIG5_SINGLE), 5)}
_BIG5_DIFFERS = {"a145": "‧", "a14e": "﹑", "a1c2": "¯", "a1e3": "\uff5e", "a1f2": "⊕", "a1f3": "⊙",
                 "a244": "￥", "a246": "￠", "a247": "￡"}  # fmt: skip
_ALIKE = {
    "big5": _Alike(
        re.compile(rb"(?:(?!\xa2[AB])(?:[\x00-\x80\xff]|[\x81-\xfe][\x40-\x7e\x80-\xff]?+))*+"),
        {b"\xa2A": "\u2215", b"\xa2B": "\ufe68"},
    ),
    "euc-jp": _Alike(
        re.compile(
            rb"(?:(?!\x8f\xa2\xb7)(?:[\x00-\x8d\x90-\xa0\xff]|[\x8e\xa1-\xfe][\x80-\xff]?+"
            rb"|\x8f(?:[\xa1-\xfe][\x80-\xff]?+|[\x80-\xff])?+))*+"
        ),
        {b"\x8f\xa2\xb7": "\uff5e"},
    ),
}
_EUC_JP_DIFFERS = {"a1c1": "\uff5e", "a1c2": "∥", "a1dd": "\uff0d", "a1f1": "￠", "a1f2": "￡", "a2cc": "￢"}
_GB18030_DIFFERS = {"a3a0": "\u3000", "fe59": "龴", "fe61": "龵", "fe66": "龶", "fe67": "龷", "fe6d": "龸",
                    "fe7e": "龹", "fe90": "龺", "fea0": "龻", "a8bc": "ḿ", "8135f437": "\ue7c7"} | {
    f"a6{at:02x}": chr(code)
    for at, code in zip(
        (*range(0xD9, 0xE0), 0xEC, 0xED, 0xF3),
        (0xFE10, 0xFE12, 0xFE11, 0xFE13, 0xFE14, 0xFE15, 0xFE16, 0xFE17, 0xFE18, 0xFE19),
        strict=True,
    )
}  # fmt: skip

_CODECS = {
    "big5": _Codec("big5hkscs", _big5, _BIG5_DIFFERS),
    "euc-jp": _Codec("euc_jp", _euc_jp, _EUC_JP_DIFFERS),
    "euc-kr": _Codec("cp949", _two_bytes, {}),
    "gb18030": _Codec("gb18030", _gb18030, _GB18030_DIFFERS),
    "shift_jis": _Codec("cp932", _shift_jis, {"a0": _BAD, "fd": _BAD, "fe": _BAD, "ff": _BAD}),
}


def _on_error(step: _Step) -> Callable[[UnicodeError], tuple[str, int]]:
    """What a codec calls where it would raise: one error object a body, so it can count."""

    def resolve(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        body, start = error.object, error.start
        count = error.__dict__["count"] = error.__dict__.get("count", 0) + 1
        if count > _MOST_ERRORS:
            return body[start:].decode(error.encoding, "replace"), len(body)
        return step(body, start)

    return resolve


for _name, _codec in _CODECS.items():
    codecs.register_error(f"crawlpool.{_name}", _on_error(_codec.step))


# ISO-2022-JP: escapes choose what the bytes behind them mean.

_ESCAPE = re.compile(rb"\x1b(?:\([BIJ]|\$[@B])")
_ERRORS = frozenset((0x0E, 0x0F, 0x1B, *range(0x80, 0x100)))
_ASCII = "".join(_BAD if byte in _ERRORS else chr(byte) for byte in range(256))
_SINGLE = {
    b"\x1b(B": _ASCII,
    b"\x1b(J": _ASCII.replace("\\", "\xa5").replace("~", "\u203e"),
    b"\x1b(I": "".join(chr(0xFF61 - 0x21 + byte) if 0x21 <= byte <= 0x5F else _BAD for byte in range(256)),
}
_PAIRS = re.compile(
    rb"((?:[\x21-\x7e]{2})++)"
    rb"|((?:[\x21-\x7e][^\x1b\x21-\x7e])++)"  # one error each
    rb"|[\x21-\x7e]"  # before an escape, or at the end
    rb"|([^\x21-\x7e]++)"
)
_TO_EUC = bytes(byte | 0x80 for byte in range(256))


def _iso_2022_jp(body: bytes) -> str:
    """The standard's state machine (12.2), a stretch between two escapes at a time."""
    state = b"\x1b(B"
    parts: list[str] = []
    position = 0
    is_silent = False  # an escape behind an escape, with nothing between them, is an error
    while len(parts) < _MOST_PIECES:
        found = _ESCAPE.search(body, position)
        stretch = body[position : found.start() if found else len(body)]
        if stretch:
            single = _SINGLE.get(state)
            parts.append(codecs.charmap_decode(stretch, "replace", single)[0] if single else _pairs(stretch))
            is_silent = False
        if found is None:
            return "".join(parts)
        if is_silent:
            parts.append(_BAD)
        is_silent = True
        state, position = found[0], found.end()
    return "".join(parts) + codecs.charmap_decode(body[position:], "replace", _ASCII)[0]


def _pairs(stretch: bytes) -> str:
    parts: list[str] = []
    position = 0
    for found in _PAIRS.finditer(stretch):
        good, wrong, single = found.groups()
        if good:
            parts.append(_by_codec(good.translate(_TO_EUC), "euc-jp"))
        else:
            parts.append(_BAD * (len(wrong) // 2 if wrong else len(single or b"1")))
        position = found.end()
        if len(parts) > _MOST_PIECES:
            break
    return "".join(parts) + _BAD * (len(stretch) - position)
