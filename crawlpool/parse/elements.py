"""XML as a stream of elements, from whoever sent it: expat, with all that is dangerous off.

    bytes ──▶ expat ──▶ start(name, attributes, path) ──▶ end(name, text, path)
                └──▶ a fault: a sentence, and where it was

No tree is built. No entity that a document declares is expanded (a few lines can be told
to grow to gigabytes), nothing outside the document is read, and a document that nests or
goes on without end is given up. Names come without their prefix: sitemaps are written
with wrong namespaces, or none, as often as with the right ones.
"""

from collections.abc import Mapping
from typing import Final, Protocol
from xml.parsers import expat

LONGEST_TEXT: Final = 8192
"""Characters of a text that is wanted; of a longer one nothing is."""

_LONGEST_TOKEN: Final = 256 * 1024
"""Bytes that one tag or comment may have: expat looks at each again with every piece that comes."""

_DEEPEST: Final = 100


class Shape(Protocol):
    """What a document is read for."""

    def start(self, name: str, prefix: str, attributes: Mapping[str, str], path: list[str]) -> bool:
        """An element begins; `path` ends with it. True when its text is wanted.

        Raises:
            Given: The rest is of no use; the message says why.
        """

    def end(self, name: str, text: str, path: list[str]) -> None:
        """An element ends; `text` is "" unless it was wanted."""


class Given(Exception):  # noqa: N818  raised through expat, never out of this package
    """A document is given up."""


class Elements:
    """One document, fed piece by piece.

    Attributes:
        fault: Why nothing more is read; "" while all is well.
        is_given_up: The shape wanted no more of it; else a fault is one of the document's form.
        fault_at: Where in the bytes that was.
    """

    def __init__(self, shape: Shape) -> None:
        """Read nothing yet."""
        self.fault = ""
        self.is_given_up = False
        self.fault_at = 0
        self._shape = shape
        self._path: list[str] = []
        self._text: list[str] | None = None
        self._length = 0
        self._depth_of_text = 0
        self._fed = 0
        self._moved_at = 0
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        if hasattr(parser, "SetReparseDeferralEnabled"):
            # From 2.6 on, expat puts off looking at a long token again, and so tells of nothing behind it
            # for as long; what that is to guard against is bounded here.
            parser.SetReparseDeferralEnabled(False)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._passed
        parser.ProcessingInstructionHandler = self._passed
        parser.EntityDeclHandler = self._declared

    @property
    def at(self) -> int:
        """Where in the bytes the element that begins or ends now stands; for a shape that is called."""
        return self._parser.CurrentByteIndex

    def feed(self, piece: bytes, *, is_last: bool = False) -> None:
        """Read on, in UTF-8; nothing when there was a fault."""
        if self.fault:
            return
        self._fed += len(piece)
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            self.fault = f"bad XML in line {error.lineno}: {expat.ErrorString(error.code)}"
            self.fault_at = self._parser.ErrorByteIndex
        except Given as error:
            self.fault = str(error)
            self.fault_at = self._parser.CurrentByteIndex
        else:
            if self._fed - self._moved_at > _LONGEST_TOKEN + len(piece):
                self.fault = f"bad XML: a tag or comment of more than {_LONGEST_TOKEN // 1024} KiB"
                self.fault_at = self._fed

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._moved_at = self._fed
        prefix, _, name = tag.rpartition(":")
        path = self._path
        path.append(name)
        if len(path) > _DEEPEST:
            raise Given(f"bad XML: more than {_DEEPEST} elements within each other")
        try:
            is_wanted = self._shape.start(name, prefix, attributes, path)
        except Given:
            self.is_given_up = True
            raise
        if is_wanted and self._text is None:
            self._text, self._length, self._depth_of_text = [], 0, len(path)

    def _end(self, _tag: str) -> None:
        self._moved_at = self._fed
        path = self._path
        text = ""
        if self._text is not None and len(path) == self._depth_of_text:
            text = "".join(self._text).strip() if self._length <= LONGEST_TEXT else ""
            self._text = None
        self._shape.end(path[-1], text, path)
        path.pop()

    def _characters(self, text: str) -> None:
        self._moved_at = self._fed
        if self._text is not None and self._length <= LONGEST_TEXT:
            self._text.append(text)
            self._length += len(text)

    def _passed(self, *_: str) -> None:
        self._moved_at = self._fed

    def _declared(self, *_: object) -> None:
        raise Given("it declares entities, which are not expanded")
