"""A rough model of the stack of open elements that the HTML standard's parser keeps.

It answers one question, how deep the real stack can be at most, give or take a constant
factor. So it pushes whatever a start tag might open, and an end tag pops only what the
standard surely pops (13.2.6). A name that is pushed without being sure is "opaque": no end
tag reaches it, or past it, unless it is on top. The rules were found by letting random pages
grow, in lexbor and here, until nothing grew there that did not grow here.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

_LOOK_BACK = 64  # how far down an end tag looks; further counts as not found


def names(words: str) -> frozenset[bytes]:
    """A set of names of elements."""
    return frozenset(words.encode().split())


FORMATS = names("b big code em font i nobr s small strike strong tt u")
"""Elements that are opened again where they were not closed ("active formatting elements"), without `a`."""

RAW = names("script style textarea title xmp iframe noembed noframes")
"""Elements that hold text only, up to their end tag."""

_VOID = names(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr"
)
_NEVER_OPEN = names("html head body p")  # one of each, or one in a scope that is counted itself
_CELLS = names("td th caption")
_TABLE_PARTS = _CELLS | names("tr tbody thead tfoot colgroup")
_FOREIGN = names("svg math")
_RUBY = names("rb rp rt rtc")
_MARKERS = names("object applet marquee template")
_SCOPE = _CELLS | _MARKERS | _FOREIGN | names("table select")
_BLOCKS = _MARKERS | names(
    "address article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer "
    "header hgroup li listing main menu nav ol pre search section summary ul dd dt h1 h2 h3 h4 h5 h6"
)
_INTEGRATION = names("foreignobject desc title mi mo mn ms mtext annotation-xml")
_SPECIAL = _SCOPE.union(_BLOCKS, _VOID, _NEVER_OPEN, _TABLE_PARTS, RAW, _INTEGRATION) | names(
    "form frameset noscript plaintext"
)
_BREAKS_OUT = FORMATS.union(_VOID, _NEVER_OPEN, _BLOCKS, names("ruby span sub sup table var"))
_COUNTED = _FOREIGN | _INTEGRATION | names("select frameset")
_CLOSES_SELECT = names("select input keygen textarea")
_ITEMS = {b"li": (b"li",), b"dd": (b"dd", b"dt"), b"dt": (b"dd", b"dt")}
_OPTIONS = names("option optgroup")

# Where the search for an element to close ends.
_STOPS_IN_FOREIGN = _SPECIAL | _BREAKS_OUT
_STOPS_CELL = _FOREIGN | _MARKERS | names("table select")
_STOPS_TABLE_PART = _FOREIGN | _MARKERS | names("select")
_STOPS_TABLE = _FOREIGN | names("template select")
_STOPS_SELECT = _SCOPE | names("frameset")
_STOPS_LI = _SCOPE | names("ul ol")
_STOPS_ITEM = _SPECIAL | _RUBY | names("ruby")

_OPAQUE = b"?"  # before a name


@dataclass(slots=True)
class Stack:
    """The open elements, innermost last.

    Attributes:
        open: Their names, in small letters.
        keys: Beside each, a format's whole tag; b"" for others.
        open_formats: Formats that a paragraph would open again; equal ones count up
            to three times, as the standard's "Noah's Ark clause" has it.
    """

    open: list[bytes] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    open_formats: int = 0
    _equal: dict[bytes, int] = field(default_factory=dict)
    _foreign: int = 0
    _integrations: int = 0  # elements inside foreign content that hold HTML
    _selects: int = 0
    _framesets: int = 0
    _has_broken_out: bool = False  # an HTML element has perhaps ended the foreign content

    @property
    def is_plain(self) -> bool:
        """Surely where raw text elements are raw text."""
        return not (self._foreign or self._selects or self._framesets)

    @property
    def is_perhaps_foreign(self) -> bool:
        """Whether `svg` or `math` may be open."""
        return self._foreign > 0

    @property
    def is_foreign(self) -> bool:
        """Surely inside `svg` or `math`, where a tag can close itself and no text is raw."""
        return self._foreign > 0 and not (
            self._integrations or self._has_broken_out or self._framesets or self._selects
        )

    def start(self, name: bytes, tag: bytes, *, is_closed: bool) -> None:
        """Push what a start tag opens, after popping what it surely closes.

        Args:
            name: In small letters.
            tag: The whole tag; what tells one format from an equal one.
            is_closed: It ends in "/>".
        """
        key = tag if name in FORMATS else b""
        if self._foreign and not self._integrations and name in _BREAKS_OUT:
            self._has_broken_out = True
        if is_closed and (self._foreign or name in _FOREIGN):
            if not (self.is_foreign or (name in _FOREIGN and not (self._framesets or self._selects))):
                self.push(_OPAQUE + name, key)
        elif self._foreign:
            if name != b"p":
                self.push(_OPAQUE + name if name in _TABLE_PARTS else name, key)
        elif self._selects:
            self._start_in_select(name, key)
        elif name in _TABLE_PARTS:
            self._start_table_part(name)
        elif name not in _VOID and name not in _NEVER_OPEN:
            self._close_before(name)
            self.push(name, key)

    def start_raw(self, name: bytes) -> None:
        """Push an element that may hold text only, or be ignored, or be foreign."""
        self.push(_OPAQUE + name, b"")

    def _start_in_select(self, name: bytes, key: bytes) -> None:
        """Old and new parsers differ in what a `select` may hold: push it all, believe none of it."""
        if name in _CLOSES_SELECT:
            select = self._find((b"select",), _STOPS_SELECT, is_through_opaque=True)
            self._take_out(select)
            if name == b"select":
                self.push(_OPAQUE + name if select >= 0 else name, b"")
        elif name in _OPTIONS:
            self._close_before(name)
            self.push(name, b"")
        elif name not in _VOID:
            self.push(_OPAQUE + name, key)

    def _start_table_part(self, name: bytes) -> None:
        """A cell or a row closes the open cell, and needs a table to be anything at all."""
        self._close(self._find(_CELLS, _STOPS_CELL))
        table = self._find((b"table",), _STOPS_TABLE_PART)
        if table < 0:
            self.push(_OPAQUE + name, b"")
            return
        self._close(table, is_kept=True)
        if name in _CELLS:
            self.push(name, b"")

    def _close_before(self, name: bytes) -> None:
        """Pop what ends where another of its kind begins."""
        if name in _ITEMS:
            self._close(self._find(_ITEMS[name], _STOPS_ITEM))
        elif name == b"a":
            self._close(self._find((name,), _SPECIAL))
        elif self.open:
            last = self.open[-1]
            if (name in _OPTIONS and last == b"option") or (
                name in _RUBY and last in _RUBY and b"ruby" in self.open[-8:]
            ):
                self._close(len(self.open) - 1)

    def end(self, name: bytes) -> None:
        """Pop what an end tag surely closes."""
        if self.open and self.open[-1] == name and not self.keys[-1] and name not in _COUNTED:
            self.open.pop()
            self.keys.pop()
            return
        if self._foreign and not self._integrations and name in {b"br", b"p"}:
            self._has_broken_out = True
        if self.open and self.open[-1].removeprefix(_OPAQUE) == name:
            self._close(len(self.open) - 1)
        elif not (self._framesets or self._has_broken_out):
            if name == b"form":  # it alone is taken out, from under whatever it holds
                self._take_out(self._find((name,), _SCOPE))
            elif name == b"select":
                self._close(self._find((name,), _STOPS_SELECT, is_through_opaque=True))
            elif name in _TABLE_PARTS and not self._foreign:
                self._close(self._find(_CELLS, _STOPS_CELL))
            else:
                self._close(self._find((name,), self._stops_of(name)))

    def _stops_of(self, name: bytes) -> frozenset[bytes]:
        if self._foreign:
            return _STOPS_IN_FOREIGN
        if name == b"table":
            return _STOPS_TABLE
        if name == b"li":
            return _STOPS_LI
        return _SCOPE if name in _BLOCKS else _SPECIAL

    def _find(
        self, wanted: Collection[bytes], stops: frozenset[bytes], *, is_through_opaque: bool = False
    ) -> int:
        """Index of the innermost of these names, above the first stop; -1 when there is none."""
        last = len(self.open) - 1
        for index in range(last, max(last - _LOOK_BACK, -1), -1):
            name = self.open[index]
            if name in wanted:
                return index
            if name.startswith(_OPAQUE):
                if not is_through_opaque:
                    return -1
                name = name[1:]
            if name in stops:
                return -1
        return -1

    def push(self, name: bytes, key: bytes) -> None:
        """Open an element."""
        self.open.append(name)
        self.keys.append(key)
        self._count(name, 1)
        if key:
            equal = self._equal[key] = self._equal.get(key, 0) + 1
            self.open_formats += equal <= 3

    def _close(self, index: int, *, is_kept: bool = False) -> None:
        """Pop everything from an index on, or above it when it `is_kept`; -1 pops nothing.

        The formats above it stay, since they would be opened again; only a cell takes them
        along, unless another marker stands between.
        """
        first = index + is_kept
        if index < 0 or first >= len(self.open):
            return
        popped, keys = self.open[first:], self.keys[first:]
        del self.open[first:], self.keys[first:]
        for name, key in zip(reversed(popped), reversed(keys), strict=True):
            self._count(name, -1)
            if key:
                equal = self._equal[key] = self._equal[key] - 1
                self.open_formats -= equal < 3
        if not is_kept:
            del keys[0]
            is_marker = popped.pop(0) in _CELLS | _MARKERS
            if is_marker and (_CELLS | _MARKERS).isdisjoint(name.removeprefix(_OPAQUE) for name in popped):
                return
        for name, key in zip(popped, keys, strict=True):
            if key:
                self.push(name, key)

    def _take_out(self, index: int) -> None:
        """Pop one element from under those that it holds."""
        if index >= 0:
            self._count(self.open[index], -1)
            del self.open[index], self.keys[index]

    def _count(self, name: bytes, change: int) -> None:
        """Keep count of the open elements that change how tags are read."""
        name = name.removeprefix(_OPAQUE)
        if name not in _COUNTED:
            return
        if name in _FOREIGN:
            self._foreign += change
            if not self._foreign:
                self._has_broken_out, self._integrations = False, 0
        elif name in _INTEGRATION:
            self._integrations += change if self._foreign else 0
        elif name == b"select":
            self._selects += change
        else:
            self._framesets += change
