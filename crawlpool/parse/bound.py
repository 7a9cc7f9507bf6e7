"""How much of a page is safe to build a tree from: a bound on work, before the work.

The tree that the HTML standard asks for can cost the square of the page. Measured with
lexbor: 200,000 nested `div` or one tag with 50,000 attributes take over 10 s, and a
17 KB page of unclosed `font` tags, which the standard opens again in each following `p`,
becomes a tree of 400 MB. A page of 16 MB would take hours.

So cheap counts are made first (some 0.1 ms for 60 KB), and they let ordinary pages pass.
A page that they cannot vouch for is walked tag by tag with a rough model of the parser's
stack. The model errs on the side of too deep: it pushes whatever might be pushed, and pops
only what the standard surely pops. Where the sum of its work passes a budget, the page is
cut, as browsers cut at a depth of 512: the tree then holds what came before.
"""

import re
from dataclasses import dataclass, field

from .tokens import ATTRIBUTE, ATTRIBUTE_SHAPE, TAG

# One step is 4 ns of lexbor's time, one node some 300 bytes of its memory.
MAX_STEPS = 100_000_000
MAX_NODES = 1_000_000

_PASS_TAGS = 2000  # at the worst 1000 open formats in each of 1000 paragraphs: MAX_NODES
_PASS_DEPTH = 16 * 1024
_PASS_PRODUCT = MAX_NODES
_PASS_ATTRIBUTES_BYTES = 64 * 1024  # one tag of this length takes 1 s at the worst
_FEW_ATTRIBUTES_BYTES = 512
_STEPS_A_BYTE = 4  # for bytes that have to be read more than once
_LOOK_BACK = 64  # how far down the stack an end tag looks; further counts as not found
_NO_TAG_FORMATS = 39  # 13 formatting elements, each at most three times without attributes

_FORMAT = re.compile(
    rb"<(?:[bius]|tt|em|big|code|font|nobr|small|strike|strong)[\t\n\f\r /]",
    re.IGNORECASE,
)
_MANY_ATTRIBUTES = re.compile(rb"<[a-zA-Z][^\t\n\f\r />]*+(?:[\t\n\f\r /]*+" + ATTRIBUTE_SHAPE + rb"){500}")


def _names(words: str) -> frozenset[bytes]:
    return frozenset(words.encode().split())


_FORMATTING = _names("b big code em font i nobr s small strike strong tt u")
_VOID = _names(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr"
)
_NEVER_OPEN = _names("html head body p")  # one of each, or one in a scope that is counted itself
_CELLS = _names("td th caption")
_TABLE_PARTS = _CELLS | _names("tr tbody thead tfoot colgroup")
_FOREIGN = _names("svg math")
_RAW = _names("script style textarea title xmp iframe noembed noframes")
_RUBY = _names("rb rp rt rtc")
_MARKERS = _names("object applet marquee template")
_SCOPE = _CELLS | _MARKERS | _FOREIGN | _names("table select")
_BLOCKS = _names(
    "address article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer "
    "header hgroup li listing main menu nav ol pre search section summary ul dd dt h1 h2 h3 h4 h5 h6 "
    "object applet marquee template"
)
_INTEGRATION = _names("foreignobject desc title mi mo mn ms mtext annotation-xml")
_SPECIAL = (
    _SCOPE
    | _BLOCKS
    | _VOID
    | _NEVER_OPEN
    | _TABLE_PARTS
    | _RAW
    | _INTEGRATION
    | _names("form frameset noscript plaintext")
)
_LISTS = _names("ul ol")
_STOPS_ITEM = _SPECIAL | _RUBY | _names("ruby")
_CLOSES_SELECT = _names("select input keygen textarea")
_BREAKS_OUT = _FORMATTING | _VOID | _NEVER_OPEN | _BLOCKS | _names("ruby span sub sup table var")
_COUNTED = _FOREIGN | _INTEGRATION | _names("select frameset")
_OPAQUE = b"?"  # before a name: pushed because it might be open, matched by no end tag


def safe_length(html: bytes) -> int:
    """How many bytes of a page, from its start, may be parsed; nearly always all of them.

    Time is linear in the length. `html` is in a charset that has ASCII inside.
    """
    tags = html.count(b"<")
    if len(html) <= _PASS_ATTRIBUTES_BYTES or not _MANY_ATTRIBUTES.search(html):
        if tags <= _PASS_TAGS:
            return len(html)
        if tags <= _PASS_DEPTH and (len(_FORMAT.findall(html)) + _NO_TAG_FORMATS) * tags <= _PASS_PRODUCT:
            return len(html)
    return _Model().walk(html)


@dataclass(slots=True)
class _Model:
    """The stack of open elements, and what building it has cost so far."""

    stack: list[bytes] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)  # beside it: a format's whole tag, else b""
    formats: dict[bytes, int] = field(default_factory=dict)
    open_formats: int = 0  # equal ones count three times at most (the standard's "Noah's Ark clause")
    foreign: int = 0
    selects: int = 0
    framesets: int = 0
    integrations: int = 0  # elements inside foreign content that hold HTML
    has_broken_out: bool = False  # an HTML element has perhaps ended the foreign content
    steps: int = 0
    nodes: int = 0

    @property
    def is_foreign(self) -> bool:
        """Surely inside `svg` or `math`, where a tag can close itself and there is no raw text."""
        return self.foreign > 0 and not (
            self.has_broken_out or self.integrations or self.framesets or self.selects
        )

    def walk(self, html: bytes) -> int:
        """Go through the tags; the position of the first one that is too much, or the end."""
        position = 0
        muted = 0  # up to here, end tags are not believed
        while found := TAG.search(html, position):
            start, position = found.span()
            name, inside, end = found.groups()
            self.steps += len(self.stack) + 1
            self.nodes += self.open_formats
            if name is not None:
                self.nodes += 1
                if len(inside) > _FEW_ATTRIBUTES_BYTES:
                    self.steps += len(ATTRIBUTE.findall(inside)) ** 2 // 2
                name, is_closed = name.lower(), inside.endswith(b"/")
                if name == b"plaintext" and not self.foreign:
                    break
                if name in _RAW and not (is_closed and self.is_foreign):
                    after, is_sure = _end_of_raw(html, position, name)
                    if is_sure and not (self.foreign or self.selects or self.framesets):
                        position = after
                    else:
                        # It may be no raw text at all: believe the start tags in it, not the end tags.
                        muted = max(muted, after)
                        self.steps += after - position
                        self.push(_OPAQUE + name, b"")
                else:
                    self.start(name, found[0], is_closed=is_closed)
            elif end is not None:
                if start >= muted:
                    self.end(end.lower())
            elif self.foreign and found[0].startswith(b"<![CDATA["):
                after = html.find(b"]]>", start)
                muted = max(muted, len(html) if after < 0 else after)
            if start < muted:  # go on inside: what was found may be no tag and no comment either
                muted = max(muted, position)
                self.steps += _STEPS_A_BYTE * (position - start)
                position = start + 2
            if self.steps > MAX_STEPS or self.nodes > MAX_NODES:
                return start
        return len(html)

    def start(self, name: bytes, tag: bytes, *, is_closed: bool) -> None:
        """Push what a start tag opens, after popping what it surely closes."""
        if self.foreign and not self.integrations and name in _BREAKS_OUT:
            self.has_broken_out = True
        if is_closed and (self.foreign or name in _FOREIGN):
            if not (self.is_foreign or (name in _FOREIGN and not (self.framesets or self.selects))):
                self.push(_OPAQUE + name, tag if name in _FORMATTING else b"")
            return
        if self.selects and not self.foreign and name in _CLOSES_SELECT:
            select = self.find((b"select",), _SCOPE | {b"frameset"}, is_through_opaque=True)
            self.take_out(select)
            if name == b"select" and select >= 0:
                self.push(_OPAQUE + name, b"")
                return
        if self.foreign:
            if name != b"p":
                self.push(
                    name if name not in _TABLE_PARTS else _OPAQUE + name, tag if name in _FORMATTING else b""
                )
        elif self.selects:
            if name in (b"option", b"optgroup"):
                if self.stack[-1] == b"option":
                    self.close(len(self.stack) - 1)
                self.push(name, b"")
            elif name not in _VOID:
                self.push(_OPAQUE + name, tag if name in _FORMATTING else b"")
        elif name in _VOID or name in _NEVER_OPEN:
            pass
        elif name in _TABLE_PARTS:
            self.table_part(name)
        elif name in _FORMATTING:
            self.push(name, tag)
        else:
            if name in (b"li", b"dd", b"dt"):
                names = (name,) if name == b"li" else (b"dd", b"dt")
                self.close(self.find(names, _STOPS_ITEM))
            elif name == b"a":
                self.close(self.find((name,), _SPECIAL))
            elif name in (b"option", b"optgroup") and self.stack and self.stack[-1] == b"option":
                self.close(len(self.stack) - 1)
            elif name in _RUBY and self.stack and self.stack[-1] in _RUBY and b"ruby" in self.stack[-8:]:
                self.close(len(self.stack) - 1)
            self.push(name, b"")

    def end(self, name: bytes) -> None:
        """Pop what an end tag surely closes."""
        if self.stack and self.stack[-1] == name and not self.keys[-1] and name not in _COUNTED:
            self.stack.pop()
            self.keys.pop()
            return
        if self.foreign and not self.integrations and name in (b"br", b"p"):
            self.has_broken_out = True
        if self.stack and self.stack[-1].removeprefix(_OPAQUE) == name:
            self.close(len(self.stack) - 1)
        elif self.framesets or self.has_broken_out:
            return
        elif name == b"form":  # it alone is taken out, from under whatever it holds
            self.take_out(self.find((name,), _SCOPE))
        elif self.foreign:
            self.close(self.find((name,), _SPECIAL | _BREAKS_OUT))
        elif name in _TABLE_PARTS:
            self.close(self.find(_CELLS, _FOREIGN | _MARKERS | {b"table", b"select"}))
        elif name == b"table":
            self.close(self.find((name,), _FOREIGN | {b"template", b"select"}))
        elif name == b"select":
            self.close(self.find((name,), _SCOPE | {b"frameset"}, is_through_opaque=True))
        elif name in _BLOCKS:
            self.close(self.find((name,), _SCOPE | _LISTS if name == b"li" else _SCOPE))
        else:
            self.close(self.find((name,), _SPECIAL))

    def table_part(self, name: bytes) -> None:
        """A cell or a row: it closes the open cell, and needs a table to be anything at all."""
        self.close(self.find(_CELLS, _FOREIGN | _MARKERS | {b"table", b"select"}))
        table = self.find((b"table",), _FOREIGN | _MARKERS | {b"select"})
        if table < 0:
            self.push(_OPAQUE + name, b"")
            return
        self.close(table, is_kept=True)
        if name in _CELLS:
            self.push(name, b"")

    def find(
        self,
        names: tuple[bytes, ...] | frozenset[bytes],
        stops: frozenset[bytes],
        *,
        is_through_opaque: bool = False,
    ) -> int:
        """Index of the topmost of these names, above the first stop; -1 when there is none."""
        stack = self.stack
        for index in range(len(stack) - 1, max(len(stack) - 1 - _LOOK_BACK, -1), -1):
            name = stack[index]
            if name in names:
                return index
            if name.startswith(_OPAQUE):
                if not is_through_opaque:
                    return -1
                name = name[1:]
            if name in stops:
                return -1
        return -1

    def push(self, name: bytes, key: bytes) -> None:
        """Open an element; `key` is the whole tag of a format."""
        self.stack.append(name)
        self.keys.append(key)
        if name in _COUNTED or name.startswith(_OPAQUE):
            self.count(name, 1)
        if key:
            equal = self.formats[key] = self.formats.get(key, 0) + 1
            self.open_formats += equal <= 3

    def close(self, index: int, *, is_kept: bool = False) -> None:
        """Pop everything from an index on, or above it when it `is_kept`; -1 pops nothing.

        The formats above it stay, since they would be opened again; only a cell takes them
        along, unless another marker stands between.
        """
        first = index + is_kept
        if index < 0 or first >= len(self.stack):
            return
        names, keys = self.stack[first:], self.keys[first:]
        del self.stack[first:], self.keys[first:]
        for name, key in zip(reversed(names), reversed(keys), strict=True):
            self.count(name, -1)
            if key:
                equal = self.formats[key] = self.formats[key] - 1
                self.open_formats -= equal < 3
        if not is_kept:
            del keys[0]
            is_marker = names.pop(0) in _CELLS | _MARKERS
            if is_marker and (_CELLS | _MARKERS).isdisjoint(name.removeprefix(_OPAQUE) for name in names):
                return
        for name, key in zip(names, keys, strict=True):
            if key:
                self.push(name, key)

    def take_out(self, index: int) -> None:
        """Pop one element from under those that it holds."""
        if index >= 0:
            self.count(self.stack[index], -1)
            del self.stack[index], self.keys[index]

    def count(self, name: bytes, change: int) -> None:
        """Keep count of the open elements that change how tags are read."""
        name = name.removeprefix(_OPAQUE)
        if name not in _COUNTED:
            return
        if name in _FOREIGN:
            self.foreign += change
            if not self.foreign:
                self.has_broken_out, self.integrations = False, 0
        elif name in _INTEGRATION:
            self.integrations += change if self.foreign else 0
        elif name == b"select":
            self.selects += change
        elif name == b"frameset":
            self.framesets += change


def _end_of_raw(html: bytes, position: int, name: bytes) -> tuple[int, bool]:
    """Where the end tag of a raw text element begins, and whether that is sure; else a place surely behind it."""
    end = _RAW_ENDS[name].search(html, position)
    if end is None:
        return len(html), False
    if name == b"script":
        comment = html.find(b"<!--", position, end.start())
        if comment >= 0 and _SCRIPT.search(html, comment, end.start()):
            # "Script data double escaped" (13.2.5.27): this end tag may not end it.
            after = html.find(b"-->", comment)
            end = _RAW_ENDS[name].search(html, after) if after >= 0 else None
            return end.start() if end else len(html), False
    return end.start(), True


_SCRIPT = re.compile(rb"<script", re.IGNORECASE)
_RAW_ENDS = {name: re.compile(rb"</" + name + rb"(?=[\t\n\f\r />])", re.IGNORECASE) for name in _RAW}
