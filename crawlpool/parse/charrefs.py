"""Character references in markup that no tree was made of (HTML standard, 13.2.5.72 to 13.2.5.80).

`html.unescape` is not it: it drops what a number names that is no character, and knows no attributes, in which
`&copy=1` is no reference.
"""

import re
from functools import cache
from typing import Final

_REFERENCE: Final = re.compile(
    r"&(?:#(?:[xX]([0-9a-fA-F]++)|([0-9]++));?+|([a-zA-Z][a-zA-Z0-9]{0,31}+;?+)([=a-zA-Z0-9]?))"
)
"""A number in one of two groups; or what may begin with a name, and the sign behind it."""

_OFTEN: Final = {"amp;": "&", "quot;": '"', "lt;": "<", "gt;": ">", "nbsp;": "\xa0"}
_FROM_80: Final = (  # what these numbers mean (13.2.5.80); None stays as it is
    *(0x20AC, None, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152),
    *(None, 0x017D, None, None, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122),
    *(0x0161, 0x203A, 0x0153, None, 0x017E, 0x0178),
)
_LONGEST_NUMBER: Final = 7  # digits that a character can have, zeros in front left out
_REPLACEMENT: Final = "\ufffd"


def in_text(source: str) -> str:
    """Decode what stands in text."""
    return _REFERENCE.sub(_of_text, source) if "&" in source else source


def in_value(source: str) -> str:
    """Decode what stands in an attribute's value."""
    return _REFERENCE.sub(_of_value, source) if "&" in source else source


def _of_text(found: re.Match[str]) -> str:
    return _decoded(found, is_value=False)


def _of_value(found: re.Match[str]) -> str:
    return _decoded(found, is_value=True)


def _decoded(found: re.Match[str], *, is_value: bool) -> str:
    hexadecimal, decimal, name, behind = found.groups()
    if name is None:
        return _numbered(hexadecimal, 16) if hexadecimal else _numbered(decimal, 10)
    character = _OFTEN.get(name)
    if character is not None:
        return character + behind
    names = _names()
    for length in range(len(name), 1, -1):  # the longest that is one; two letters have the shortest
        character = names.get(name[:length])
        if character is None:
            continue
        rest = name[length:] + behind
        if is_value and name[length - 1] != ";" and rest and (rest[0] == "=" or rest[0].isalnum()):
            break
        return character + rest
    return found[0]


def _numbered(digits: str, base: int) -> str:
    """The character of a number (13.2.5.80, "numeric character reference end state")."""
    digits = digits.lstrip("0")
    if not digits or len(digits) > _LONGEST_NUMBER:
        return _REPLACEMENT
    code = int(digits, base)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return _REPLACEMENT
    if 0x80 <= code < 0x80 + len(_FROM_80):
        code = _FROM_80[code - 0x80] or code
    return chr(code)


@cache
def _names() -> dict[str, str]:
    from html.entities import html5  # noqa: PLC0415  most pages have no other than the usual ones

    return html5
