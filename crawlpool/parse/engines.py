"""What compiles and runs the patterns of `scantokens.py`: `pcre2` where it is installed, else `re`.

    pcre2    one call of C a page           0.12 ms for 60 KB; 6 ms once, to import and to compile
    re       one match a tag of interest    0.39 ms;           14 ms, and as long again for what is rare

Both say the same in the same words, so a page that the one gives up on (its stack and its number of steps are
bounded) is read by the other. See `Records` for the words.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple, Protocol

from . import scantokens as source
from .machine import Found, Pattern, compiled

ANCHOR: Final = "a"
"""The reference of an anchor as most are written: nothing to decode, no `rel`, no `download`."""
OTHER_ANCHOR: Final = "b"
"""The attributes of any other."""
IMAGE: Final = "c"
"""The reference of a picture as most are written."""
NAMED: Final = "d"
"""The name of an element that may name something, ">", and its attributes."""
SCRIPT: Final = "e"
"""The attributes of a script."""
FRAME: Final = "f"
"""The attributes of a frame."""
TITLE: Final = "g"
"""What stands in a title."""
HEADING: Final = "h"
"""What stands in a heading up to its end tag: text, and elements that cannot end it."""
ODD_HEADING: Final = "i"
"""Nothing of a heading that is not so."""
DRAWING: Final = "j"
"""A drawing, from behind its first "<"."""
END: Final = "y"
"""Nothing: the page has ended."""
ODD: Final = "z"
"""Nothing: no pattern says what the page means from here on."""

_MARKS: Final = "abcddefghijzy"  # by the number of a group less one
_NAME, _INSIDE = 4, 5
_HEADING, _BLOCK = 9, 10  # groups where there is one match a tag


class Records(NamedTuple):
    """What is of interest on a page, in page order.

    Attributes:
        texts: The last is `END` or `ODD`. Each begins with its mark, one of the letters above.
        end_of: Where the tag ends that a text marked `NAMED` or as a heading is of, by its number; asked for in
            page order, and once each.
    """

    texts: list[str]
    end_of: Callable[[int], int]


class Engine(Protocol):
    """One of the two."""

    def records(self, html: bytes) -> Records:
        """Go through a page: UTF-8 without NUL and CR."""

    def head_end(self, html: bytes) -> int:
        """Where its head ends."""


@cache
def quick() -> Engine | None:
    """The quicker one, where it is installed and works."""
    try:
        engine = _ByPcre2()
        is_right = engine.records(b'<a href="x">\xc3\xa9</a>').texts == [ANCHOR + "x", END]
    except Exception:  # noqa: BLE001  a library that is not there, is another one, or may make no machine code
        return None
    return engine if is_right else None


@cache
def sure() -> Engine:
    """The one that Python has."""
    return _ByRe()


def make_ready() -> None:
    """Compile what most pages need, for whoever has a moment for it before the first page."""
    if quick() is None:
        sure()


class _ByPcre2:
    """Has a page rewritten as its records: what a match takes in is replaced by what it found."""

    def __init__(self) -> None:
        self._tokens = compiled(
            source.tokens(
                heading=f"(?:(?={source.heading()})|())",
                blocks=f"({source.svg()})",
                skipped_blocks=f"|{source.select()}|{source.template()}",
                odd=r"()[\x00-\xff]*+",
                end=r"()\Z",
            )
        )
        self._words = b"".join(
            b"${%d:+%b}" % (group, b">$5" if group == _INSIDE else b"\0%c$%d" % (mark, group))
            for group, mark in enumerate(_MARKS.encode(), 1)
        )
        self._head: Pattern | None = None

    def records(self, html: bytes) -> Records:
        texts = self._tokens.sub(self._words, html).decode().split("\0")
        if texts[-2:-1] in ([END], [ODD]):  # behind the end there is nothing, which is found as well
            texts.pop()
        if texts.pop(0) or texts[-1] not in (END, ODD):  # what did not match would be left standing
            raise ValueError("not all of the page matched")
        matches = enumerate(self._tokens.finditer(html))
        return Records(texts, lambda number: _end_at(matches, number))

    def head_end(self, html: bytes) -> int:
        if self._head is None:
            self._head = compiled(source.head())
        found = self._head.match(html)
        return 0 if found is None else found.end()


class _ByRe:
    """Goes from match to match, and compiles what is rare when a page has it."""

    def __init__(self) -> None:
        self._tokens = _by_re(
            source.tokens(heading="()", blocks=f"(?=({source.BLOCK_NAMES}))", odd="()", end=r"\Z")
        )

    def records(self, html: bytes) -> Records:
        texts: list[bytes] = []
        ends: dict[int, int] = {}
        at = 0
        while at >= 0:
            at = self._read_on(html, at, texts, ends)
        return Records(b"\0".join(texts).decode().split("\0"), ends.__getitem__)

    def _read_on(self, html: bytes, at: int, texts: list[bytes], ends: dict[int, int]) -> int:
        """Go on from there to the end of the next block; below 0 at the end of all."""
        marks = _MARKS_OF_GROUPS
        for found in self._tokens.finditer(html, at):
            which = found.lastindex
            if which is None:
                break
            if which == _INSIDE:
                ends[len(texts)] = found.end()
                texts.append(b"d%b>%b" % found.group(_NAME, _INSIDE))
            elif which < _HEADING:
                texts.append(marks[which] + found[which])
            elif which == _HEADING:
                ends[len(texts)] = found.end()
                text = _heading().match(html, found.end())
                texts.append(b"i" if text is None else b"h" + text[1])
            elif which == _BLOCK and (whole := _block(found[_BLOCK].lower()).match(html, found.end())):
                if found[_BLOCK].lower() == b"svg":
                    texts.append(b"j" + whole[0])
                return whole.end()
            else:
                texts.append(b"z")
                return -1
        texts.append(b"y")
        return -1

    def head_end(self, html: bytes) -> int:
        found = _head().match(html)
        return 0 if found is None else found.end()


_MARKS_OF_GROUPS: Final = (b"", *(bytes((mark,)) for mark in _MARKS.encode()))


def _end_at(matches: Iterator[tuple[int, Found]], number: int) -> int:
    """Where a match ends that is still to come; a page has few that anybody asks for, and those near its start."""
    return next(found.end() for place, found in matches if place == number)


def _by_re(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode())


@cache
def _heading() -> re.Pattern[bytes]:
    return _by_re(source.heading())


@cache
def _head() -> re.Pattern[bytes]:
    return _by_re(source.head())


@cache
def _block(name: bytes) -> re.Pattern[bytes]:
    return _by_re({b"select": source.select, b"template": source.template, b"svg": source.svg}[name]())
