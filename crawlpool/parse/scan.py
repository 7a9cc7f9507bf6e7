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
from .engines import (
    ANCHOR,
    DRAWING,
    END,
    FRAME,
    HEADING,
    IMAGE,
    NAMED,
    ODD_HEADING,
    OTHER_ANCHOR,
    SCRIPT,
    TITLE,
    Engine,
    quick,
    sure,
)
from .links import MOST_REFERENCES, anchor_kind, named_by
from .missing import LONGEST, may_be_said_in
from .references import Reference, references_of_drawn
from .relations import Attributes, small
from .scantokens import ATTRIBUTE, TAG

_MOST_DRAWN_TITLES: Final = 99  # past that, a page's own title is not looked for
_MOST_OPEN: Final = 60  # elements in a drawing, one in another: no further is looked up in a tree
_LONGEST_HEADING: Final = 8192  # bytes in which the text of an odd one is looked for
_NOT_ONLY_TEXT: Final = re.compile(
    r"<(?:!(?!--)|[?]|/[^a-zA-Z]|(?ai:script|style|title|textarea|iframe|xmp|no(?:embed|frames)|template))"
)
_ENDS_VALUE: Final = "\"'\t\n\f "

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


def scan(html: bytes) -> Scan | None:
    """Read a page, which is UTF-8; None for one that takes a tree.

    Time is linear, and a page is left at the first doubt.
    """
    if b"\0" in html:
        return None
    if b"\r" in html:
        html = html.replace(b"\r\n", b"\n").replace(b"\r", b"\n")  # 13.2.3.5
    engine = quick()
    if engine is not None:
        try:
            return _scan_by(engine, html)
        except Exception:  # noqa: BLE001, S110  its stack or its steps did not do
            pass
    return _scan_by(sure(), html)


def _scan_by(engine: Engine, html: bytes) -> Scan | None:
    reader = _Reader(engine, html)
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

    def __init__(self, engine: Engine, html: bytes) -> None:
        self.raw: list[str] = []
        self.kinds: list[str] = []
        self.base: str | None = None
        self.title: str | None = None
        self.heading: str | None = None
        self.metas: list[Attributes] = []
        self.links: list[tuple[Attributes, Callable[[], bool]]] = []
        self._engine = engine
        self._html = html
        self._records = engine.records(html)
        self._head_end = -1
        self._drawn_titles = 0

    def read(self) -> bool:
        """Go through it; whether all of it was understood."""
        raw, kinds = self.raw, self.kinds
        texts = self._records.texts
        if texts[-1] != END:
            return False
        for number, text in enumerate(texts):
            mark = text[:1]
            if mark == ANCHOR:
                raw.append(text[1:])
                kinds.append("page")
            elif mark == OTHER_ANCHOR:
                attributes = _attributes(text[1:])
                href = attributes.get("href")
                if href is not None:
                    raw.append(href)
                    kinds.append(anchor_kind(attributes))
            elif mark == IMAGE:
                raw.append(text[1:])
                kinds.append("image")
            elif mark != END and not self._take(number, mark, text[1:]):
                return False
        return len(raw) <= MOST_REFERENCES

    def _take(self, number: int, mark: str, said: str) -> bool:
        if mark == NAMED:
            name, _, inside = said.partition(">")
            return self._take_named(small(name), inside, number)
        if mark == SCRIPT:
            if _WORDS["script"].search(said):
                self._add(named_by("script", _attributes(said)))
            return True
        if mark == FRAME:
            attributes = _attributes(said)
            self._add(named_by("iframe", attributes))
            return not attributes.get("srcdoc")
        if mark == TITLE:
            if self.title is None:
                self.title = " ".join(in_text(said).split())
                return self._drawn_titles <= _MOST_DRAWN_TITLES
            return True
        if mark == DRAWING:
            return self._take_drawing("<" + said)
        if mark in (HEADING, ODD_HEADING) and self.heading is not None:
            return True
        if mark == HEADING:
            # Each stretch by itself: what two tags part is no reference.
            self.heading = "".join(map(in_text, _between_tags(said)))
            return True
        self.heading = ""
        return mark == ODD_HEADING and self._says_nothing(self._records.end_of(number))

    def _take_named(self, tag: str, inside: str, number: int) -> bool:
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
            is_in_head = self._is_in_head(number, attributes)
            if is_in_head is None:
                return False
            self.links.append((attributes, partial(bool, is_in_head)))
        self._add(named_by(tag, attributes))
        return True

    def _is_in_head(self, number: int, attributes: Attributes) -> bool | None:
        """Whether a link stands in the head; looked at where it matters. None where that is not sure.

        Not sure are white space that is written as a number, and what a `noscript` hides of the head's end.
        """
        if "canonical" not in (attributes.get("rel") or "").lower():
            return False
        if self._head_end < 0:
            self._head_end = self._engine.head_end(self._html)
        if self._records.end_of(number) <= self._head_end:
            return True
        return None if self._html.startswith((b"&", b"<n", b"<N"), self._head_end) else False

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

    def _says_nothing(self, start: int) -> bool:
        """Whether a heading that begins there says nothing of a missing page, wherever it ends.

        Its text is the beginning of all that follows, and only a short one says so.
        """
        window = self._html[start : start + _LONGEST_HEADING].decode(
            errors="ignore"
        )  # it may end in a character
        if _NOT_ONLY_TEXT.search(window):
            return False
        text = " ".join("".join(map(in_text, _between_tags(window))).split())
        is_all = start + _LONGEST_HEADING >= len(self._html)
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
