"""How much of a page is safe to build a tree from: a bound on work, before the work.

The tree that the HTML standard asks for can cost the square of the page. Measured with
lexbor: 200,000 nested `div` or one tag with 50,000 attributes take over 10 s, and a
17 KB page of unclosed `font` tags, which the standard opens again in each following `p`,
becomes a tree of 400 MB. A page of 16 MB would take hours.

So cheap counts are made first (some 0.1 ms for 60 KB), and they let ordinary pages pass.
A page that they cannot vouch for is walked tag by tag (some 2 us each) with a rough model
of the parser's stack. Where the sum of its work passes a budget, the page is cut, as
browsers cut at a depth of 512: the tree then holds what came before. The walk counts
itself as well: a page of a million tags is as long as one may be.
"""

import re
from functools import cache
from itertools import islice

from . import machine
from .stack import FORMATS, RAW, Stack
from .tokens import ATTRIBUTE, ATTRIBUTE_SHAPE, GAP, TAG

# One step is 4 ns of lexbor's time, one node some 500 bytes of its memory, what is noted of it included.
MAX_STEPS = 100_000_000
MAX_NODES = 500_000

_PASS_TAGS = 2000  # at the worst 1000 open formats in each of 1000 paragraphs
_PASS_NODES = 1_000_000
_PASS_DEPTH = 16 * 1024  # at the worst 0.5 s
_PASS_LOOKS = 3 * MAX_STEPS  # the same, at the worst 1.2 s
_PASS_ATTRIBUTES_BYTES = 64 * 1024  # a tag of this length takes 0.5 s at the worst
_PASS_STEPS = MAX_STEPS // 4
_TRIES = 20  # how many ">" are tried for one that ends a tag
_LONGEST_GAP = 16  # white space between "=" and a value; where it is longer, it is taken for such
_BLANKS = frozenset({b"\t", b"\n", b"\f", b"\r", b" "})
_BEFORE_VALUE = _BLANKS | {b"="}
_LONG_TAG = 8 * 1024
_FEW_ATTRIBUTES_BYTES = 512
_MOST_ATTRIBUTES = 15_000  # their square is beyond MAX_STEPS
_STEPS_A_TAG = 100  # the walk's own, and of whatever looks at the tree afterwards
_STEPS_A_BYTE = 4  # for bytes that have to be read more than once
_FORMATS_WITHOUT_ATTRIBUTES = 3 * len(FORMATS)

_INITIALS = b"".join(sorted({name[:1] + name[:1].upper() for name in FORMATS}))
_FORMAT = re.compile(rb"<(?=[" + _INITIALS + rb"])(?i:" + b"|".join(sorted(FORMATS)) + rb")[\t\n\f\r /]")
_BLANK = rb"[\t\n\f\r ]"
_PLAIN_ATTRIBUTE = rb"""[\w:@.-]++(?:=(?:"[^"]{0,2000}+"|'[^']{0,2000}+'|[^\t\n\f\r "'=<>`]{1,200}+))?+"""
# The beginning of whatever is no plain tag of 32 attributes at most, written as most people write them.
_ODD = re.compile(
    rb"<[a-zA-Z](?![\w:-]*+(?:" + _BLANK + rb"++" + _PLAIN_ATTRIBUTE + rb"){0,32}+" + _BLANK + rb"*+/?>)"
)
_PLAIN_STEPS = 32 * 32 // 2
_INSIDE = re.compile(rb"[^\t\n\f\r />]*+(?:" + GAP + rb"++|" + ATTRIBUTE_SHAPE + rb")*+")
_SCRIPT = re.compile(rb"<script", re.IGNORECASE)
_RAW_ENDS = {name: re.compile(rb"</" + name + rb"(?=[\t\n\f\r />])", re.IGNORECASE) for name in RAW}


def safe_length(html: bytes, tags: int | None = None) -> int:
    """How many bytes of a page, from its start, may be parsed; nearly always all of them.

    Time is linear in the length.

    Args:
        html: The page, in a charset that has ASCII inside.
        tags: How many "<" there are in it, where that is known.
    """
    if tags is None:
        tags = html.count(b"<")
    if (tags <= _PASS_DEPTH or _is_hardly_deep(html, tags)) and (
        len(html) <= _PASS_ATTRIBUTES_BYTES
        or _has_short_tags_only(html)
        or not _may_have_many_attributes(html, tags)
    ):
        if tags <= _PASS_TAGS:
            return len(html)
        formats = _count_formats(html) + _FORMATS_WITHOUT_ATTRIBUTES
        if formats * tags <= _PASS_NODES:
            return len(html)
    return Walk(html).safe


def _count_formats(html: bytes) -> int:
    formats = _formats_by_machine()
    try:
        return len(_FORMAT.findall(html)) if formats is None else formats.subn(b"", html)[1]
    except Exception:  # noqa: BLE001  whatever a library may raise
        return len(_FORMAT.findall(html))


@cache
def _formats_by_machine() -> machine.Pattern | None:
    try:
        return machine.compiled(_FORMAT.pattern)
    except Exception:  # noqa: BLE001  a library that is not there, is another one, or may make no machine code
        return None


def _is_hardly_deep(html: bytes, tags: int) -> bool:
    """Whether few enough elements begin: each tag may go through all that are open, those that begin one through half."""
    ends = html.count(b"</")
    starts = tags - ends
    return starts * (starts // 2 + ends) <= _PASS_LOOKS


def _has_short_tags_only(html: bytes) -> bool:
    """Whether all tags together surely cost no more than one of `_PASS_ATTRIBUTES_BYTES`; looks at a byte in thousands.

    No tag goes on over a ">" that is in no attribute's value. Where such a one is found again and again, tags are no
    longer than what lies between two of them, and an attribute has two bytes at least.
    """
    end = len(html)
    longest = min(_LONG_TAG, _PASS_ATTRIBUTES_BYTES**2 // end)
    at = 0
    while end - at > longest:
        latest = at + longest
        for _ in range(_TRIES):
            latest = html.rfind(b">", at, latest)
            if latest < 0:
                return False
            if not (_may_be_in_value(html, b'"', at, latest) or _may_be_in_value(html, b"'", at, latest)):
                break
        else:
            return False
        at = latest + 1
    return True


def _may_be_in_value(html: bytes, quote: bytes, start: int, place: int) -> bool:
    """Whether a place may be inside a value in such quotes: the latest of them stands behind an equals sign (13.2.5.35).

    Where the look starts, there is no tag.
    """
    opening = html.rfind(quote, start, place)
    if opening < 0:
        return False
    before = opening - 1
    while before > opening - _LONGEST_GAP and html[before : before + 1] in _BLANKS:
        before -= 1
    return html[before : before + 1] in _BEFORE_VALUE


def _may_have_many_attributes(html: bytes, tags: int) -> bool:
    """Whether its tags might cost more than a part of the budget; whatever looks like a tag counts as one.

    Nearly all tags are plain, and one pattern vouches for those (0.02 ms for 60 KB). Of the others, an attribute
    has two bytes at least, and is compared with all before it in its tag. No look goes further than `_LONG_TAG`,
    so that tags within tags cost no square either.
    """
    steps = _PLAIN_STEPS * tags
    for found in _ODD.finditer(html):
        start = found.end()
        inside = _INSIDE.match(html, start, start + _LONG_TAG)
        assert inside is not None  # it matches nothing, too
        length = inside.end() - start
        steps += length * length // 8
        if length == _LONG_TAG or steps > _PASS_STEPS:
            return True
    return False


class Walk:
    """One pass over the tags of a page that adds up what they cost.

    Attributes:
        steps: Elements looked at: each tag may go through the whole stack, each attribute
            through those before it in its tag.
        nodes: Elements made, those included that are opened again.
        safe: Where the first tag begins that is too much, or the end.
    """

    def __init__(self, html: bytes) -> None:
        self.steps = 0
        self.nodes = 0
        self.stack = Stack()
        self._html = html
        self._position = 0
        self._muted = 0  # up to here, end tags are not believed
        self._cdata_end = 0  # where the latest "]]>" was found
        self.safe = self._walk()

    def _walk(self) -> int:
        stack = self.stack
        while found := TAG.search(self._html, self._position):
            start, self._position = found.span()
            name, inside, end = found.groups()
            self.steps += len(stack.open) + _STEPS_A_TAG
            self.nodes += stack.open_formats
            if name is not None:
                self._start(name.lower(), inside, found[0])
            elif end is not None:
                if start >= self._muted:
                    stack.end(end.lower())
            elif stack.is_perhaps_foreign and found[0].startswith(b"<![CDATA["):
                if start >= self._cdata_end:  # else the same one ends both, and is not looked for again
                    after = self._html.find(b"]]>", start)
                    self._cdata_end = len(self._html) if after < 0 else after
                self._muted = max(self._muted, self._cdata_end)
            if start < self._muted:  # what was found may be no tag and no comment either: go on inside it
                self._muted = max(self._muted, self._position)
                self.steps += _STEPS_A_BYTE * (self._position - start)
                self._position = start + 2
            if self.steps > MAX_STEPS or self.nodes > MAX_NODES:
                return start
        return len(self._html)

    def _start(self, name: bytes, inside: bytes, tag: bytes) -> None:
        self.nodes += 1
        if len(inside) > _FEW_ATTRIBUTES_BYTES:
            self.steps += sum(1 for _ in islice(ATTRIBUTE.finditer(inside), _MOST_ATTRIBUTES)) ** 2 // 2
        is_closed = inside.endswith(b"/")
        if name not in RAW or (is_closed and self.stack.is_foreign):
            self.stack.start(name, tag, is_closed=is_closed)
            return
        after, is_sure = self._end_of_raw(name)
        if is_sure and self.stack.is_plain:
            self._position = after
        else:
            # It may be no raw text at all: believe the start tags in it, not the end tags.
            self.steps += after - self._position
            self._muted = max(self._muted, after)
            self.stack.start_raw(name)

    def _end_of_raw(self, name: bytes) -> tuple[int, bool]:
        """Where the end tag of a raw text element begins, and whether that is sure; else a place surely behind it."""
        html, start = self._html, self._position
        end = _RAW_ENDS[name].search(html, start)
        if end is None:
            return len(html), False
        if name == b"script":
            comment = html.find(b"<!--", start, end.start())
            if comment >= 0 and _SCRIPT.search(html, comment, end.start()):
                # "Script data double escaped" (13.2.5.27): this end tag may not end it.
                after = html.find(b"-->", comment)
                end = _RAW_ENDS[name].search(html, after) if after >= 0 else None
                return end.start() if end else len(html), False
        return end.start(), True
