"""Read what a page refers to and is called off its markup, without a tree, where that surely comes to the same.

A tree of 60 KB takes 0.3 ms to build and as long again to walk; nearly all pages use no more of the standard than
what `scantokens.py` has patterns for. Whatever it has none for makes the page one for the parser: either this reads
all as that would, or it says None.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple

from .charrefs import in_text, in_value
from .links import MOST_REFERENCES, anchor_kind, named_by
from .missing import LONGEST, may_be_said_in
from .references import Reference, references_of_drawn
from .relations import Attributes, small
from .scantokens import ATTRIBUTE, TAG, TOKENS, block, head, heading

_MOST_DRAWN_TITLES: Final = 99  # past that, a page's own title is not looked for
_MOST_OPEN: Final = 60  # elements in a drawing, one in another: no further is looked up in a tree
_LONGEST_HEADING: Final = 8192  # characters in which the text of an odd one is looked for
_NOT_ONLY_TEXT: Final = re.compile(
    r"<(?:!(?!--)|[?]|/[^a-zA-Z]|(?ai:script|style|title|textarea|iframe|xmp|no(?:embed|frames)|template))"
)
_ENDS_VALUE: Final = "\"'\t\n\f "

_END: Final = -1
_ODD: Final = -2

_PLAIN_ANCHOR: Final = 1  # the numbers of the groups of TOKENS
_ANCHOR: Final = 2
_PLAIN_IMAGE: Final = 3
_NAME: Final = 4
_NAMED: Final = 5
_SCRIPT: Final = 6
_FRAME: Final = 7
_TITLE: Final = 8
_HEADING: Final = 9
_BLOCK: Final = 10

# Of these, the ones without one of these words in their tags name nothing.
_WORDS: Final = {
    "meta": re.compile("(?ai:name|http-equiv)"),
    "input": re.compile("(?ai:image|&)"),
    "script": re.compile("(?ai:src)"),
}


class Scan(NamedTuple):
    """What a page names, as `links` and `notable` find it in a tree.

    Attributes:
        raw: What it refers to, in page order.
        kinds: What kind of link each is.
        base: The `href` of its `base`.
        title: The text of its title, white space folded; None without one.
        heading: The text of its first `h1`.
        metas: The attributes of its `meta` elements.
        links: Those of its `link` elements, and what says whether each is in the head.
    """

    raw: list[str]
    kinds: list[str]
    base: str | None
    title: str | None
    heading: str | None
    metas: list[Attributes]
    links: list[tuple[Attributes, Callable[[], bool]]]


def scan(text: str) -> Scan | None:
    """Read a page; None for one that takes a tree. Time is linear, and a page is left at the first doubt."""
    if "\0" in text:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")  # 13.2.3.5
    reader = _Reader(text)
    if not reader.read():
        return None
    return Scan(
        reader.raw,
        reader.kinds,
        reader.base,
        reader.title,
        reader.heading,
        reader.metas,
        reader.links,
    )


class _Reader:
    """One way through a page that takes down what its tags name."""

    def __init__(self, text: str) -> None:
        self.raw: list[str] = []
        self.kinds: list[str] = []
        self.base: str | None = None
        self.title: str | None = None
        self.heading: str | None = None
        self.metas: list[Attributes] = []
        self.links: list[tuple[Attributes, Callable[[], bool]]] = []
        self._text = text
        self._head_end = -1
        self._drawn_titles = 0

    def read(self) -> bool:
        """Go through it; whether all of it was understood."""
        at = 0
        while at >= 0:
            at = self._read_on(at)
        return at == _END and len(self.raw) <= MOST_REFERENCES

    def _read_on(self, at: int) -> int:
        """Go on from there to the next block, and say where that ends; or that nothing is left, or not understood."""
        raw, kinds = self.raw, self.kinds
        for found in TOKENS.finditer(self._text, at):
            which = found.lastindex
            if which == _PLAIN_ANCHOR:
                raw.append(found[_PLAIN_ANCHOR])
                kinds.append("page")
            elif which == _ANCHOR:
                attributes = _attributes(found[_ANCHOR])
                href = attributes.get("href")
                if href is not None:
                    raw.append(href)
                    kinds.append(anchor_kind(attributes))
            elif which == _PLAIN_IMAGE:
                raw.append(found[_PLAIN_IMAGE])
                kinds.append("image")
            elif which is None:
                return _END
            elif which == _BLOCK:
                return self._take_block(found)
            elif not self._take(found, which):
                return _ODD
        return _END

    def _take(self, found: re.Match[str], which: int) -> bool:
        if which == _NAMED:
            return self._take_named(small(found[_NAME]), found[_NAMED], found.start(_NAME))
        if which == _SCRIPT:
            inside = found[_SCRIPT]
            if _WORDS["script"].search(inside):
                self._add(named_by("script", _attributes(inside)))
            return True
        if which == _FRAME:
            attributes = _attributes(found[_FRAME])
            self._add(named_by("iframe", attributes))
            return not attributes.get("srcdoc")
        if which == _TITLE:
            if self.title is None:
                self.title = " ".join(in_text(found[_TITLE]).split())
                return self._drawn_titles <= _MOST_DRAWN_TITLES
            return True
        return which == _HEADING and self._take_heading(found.end())

    def _take_named(self, tag: str, inside: str, start: int) -> bool:
        words = _WORDS.get(tag)
        if words is not None and words.search(inside) is None:
            return True
        attributes = _attributes(inside)
        if tag == "base":
            if "href" in attributes:
                if self.base is not None:
                    return False
                self.base = attributes["href"]
        elif tag == "meta":
            self.metas.append(attributes)
        elif tag == "link":
            is_in_head = self._is_in_head(start, attributes)
            if is_in_head is None:
                return False
            self.links.append((attributes, partial(bool, is_in_head)))
        self._add(named_by(tag, attributes))
        return True

    def _is_in_head(self, start: int, attributes: Attributes) -> bool | None:
        """Whether a link stands in the head; looked at where it matters. None where that is not sure.

        Not sure are white space that is written as a number, and what a `noscript` hides of the head's end.
        """
        if "canonical" not in (attributes.get("rel") or "").lower():
            return False
        if self._head_end < 0:
            found = head().match(self._text)
            self._head_end = 0 if found is None else found.end()
        if start < self._head_end:
            return True
        return None if self._text.startswith(("&", "<n", "<N"), self._head_end) else False

    def _take_block(self, found: re.Match[str]) -> int:
        name = small(found[_BLOCK])
        whole = block(name).match(self._text, found.end())
        if whole is None or (name == "svg" and not self._take_drawing("<" + whole[0])):
            return _ODD
        return whole.end()

    def _take_drawing(self, block: str) -> bool:
        """A drawing of shapes: those of its tags that close what is open in it, and what is used from elsewhere."""
        opened: list[str] = []
        for closing, name, inside in TAG.findall(block):
            tag = small(name)
            if closing:
                # One that closes nothing here might close something around the drawing (13.2.6.5, "any other end tag").
                if tag not in opened:
                    return False
                while opened.pop() != tag:
                    pass
            elif tag:  # no comment
                if len(opened) >= _MOST_OPEN or _is_doubtful(inside):
                    return False
                if not inside.endswith("/"):
                    opened.append(tag)
                if tag == "use":
                    self._add(references_of_drawn(tag, _attributes(inside), "svg"))
                elif tag == "title" and self.title is None:
                    self._drawn_titles += 1
        return True

    def _take_heading(self, start: int) -> bool:
        if self.heading is None:
            found = heading().match(self._text, start)
            if found is None:
                self.heading = ""
                return self._says_nothing(start)
            # Each stretch by itself: what two tags part is no reference.
            self.heading = "".join(map(in_text, _between_tags(found[1])))
        return True

    def _says_nothing(self, start: int) -> bool:
        """Whether a heading that begins there says nothing of a missing page, wherever it ends.

        Its text is the beginning of all that follows, and only a short one says so.
        """
        window = self._text[start : start + _LONGEST_HEADING]
        if _NOT_ONLY_TEXT.search(window):
            return False
        text = " ".join("".join(map(in_text, _between_tags(window))).split())
        is_all = start + _LONGEST_HEADING >= len(self._text)
        return (is_all or len(text) > 2 * LONGEST) and not may_be_said_in(text)

    def _add(self, references: Iterable[Reference]) -> None:
        for reference, kind in references:
            self.raw.append(reference)
            self.kinds.append(kind)


def _is_doubtful(inside: str) -> bool:
    """Whether the slash at a tag's end may belong to a value, and so not close its element (13.2.5.37)."""
    return inside.endswith("/") and "=" in inside and inside[-2] not in _ENDS_VALUE


def _between_tags(text: str) -> list[str]:
    stretches: list[str] = []
    end = 0
    for tag in TAG.finditer(text):
        stretches.append(text[end : tag.start()])
        end = tag.end()
    stretches.append(text[end:])
    return stretches


def _attributes(inside: str) -> dict[str, str | None]:
    """What a start tag says; the first of a name counts (13.2.5.33)."""
    attributes: dict[str, str | None] = {}
    for name, double, single, bare in ATTRIBUTE.findall(inside):
        key = name if name.islower() and name.isascii() else small(name)
        if key not in attributes:
            value = double or single or bare
            attributes[key] = in_value(value) if "&" in value else value
    return attributes
