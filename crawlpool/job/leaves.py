"""Where in a damaged SQLite file the rows of a table are: which ids each page has, read off the tree above them.

SQLite finds a row by going down a tree of pages, and gives up at the first bad one.
The tree's inner pages say which ids lie below each of their children. With that,
every leaf can be asked for by its own ids, and a bad one costs no other.
(https://sqlite.org/fileformat2.html, sections 1.6 and 2)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

MAGIC: Final = b"SQLite format 3\0"
"""How every SQLite file begins."""

_INNER: Final = 0x05
_LEAF: Final = 0x0D
_FIRST_HEADER: Final = 100  # bytes before the tree on page 1
_DEEPEST: Final = 20  # SQLite's own limit
_LEAST: Final = -(1 << 63)
_MOST: Final = (1 << 63) - 1


class Leaf(NamedTuple):
    """The ids behind `after`, up to `upto`; `rows` are there, 0 also where the page is bad."""

    after: int
    upto: int
    rows: int

    @property
    def is_last(self) -> bool:
        """Whether nobody knows how far its ids go: it is at the right edge of the tree."""
        return self.upto == _MOST

    @property
    def is_only(self) -> bool:
        """Whether it is the whole tree, and may be empty; elsewhere SQLite takes an empty leaf away."""
        return self.is_last and self.after == _LEAST


class Tree:
    """The pages of one file.

    Args:
        path: The file; its log has to be in it already.

    Raises:
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._data = path.open("rb")
        head = self._data.read(_FIRST_HEADER)
        size = int.from_bytes(head[16:18], "big")
        self._page_size = 65536 if size == 1 else size

    def close(self) -> None:
        """Let go of the file."""
        self._data.close()

    def leaves(self, root: int) -> Iterator[Leaf]:
        """The leaves of a table, by the ids that belong there, in their order.

        An inner page that is bad counts as one leaf, with all the ids below it.
        """
        yield from self._below(root, _LEAST, _MOST, 0, set())

    def _below(self, number: int, after: int, upto: int, depth: int, seen: set[int]) -> Iterator[Leaf]:
        page = self._page(number)
        start = _FIRST_HEADER if number == 1 else 0
        kind = page[start] if len(page) > start else 0
        children = None
        if kind == _INNER and depth < _DEEPEST and number not in seen:
            children = _children(page, start, after, upto)
        seen.add(number)
        if children is None:
            cells = int.from_bytes(page[start + 3 : start + 5], "big") if kind == _LEAF else 0
            yield Leaf(after, upto, cells)
            return
        for child, low, high in children:
            yield from self._below(child, low, high, depth + 1, seen)

    def _page(self, number: int) -> bytes:
        if number < 1:
            return b""
        self._data.seek((number - 1) * self._page_size)
        return self._data.read(self._page_size)


def _children(page: bytes, start: int, after: int, upto: int) -> list[tuple[int, int, int]] | None:
    """The children of an inner page, each with the ids behind the first figure up to the second; None for a bad page."""
    cells = int.from_bytes(page[start + 3 : start + 5], "big")
    pointers = start + 12
    if cells == 0 or pointers + 2 * cells > len(page):
        return None
    found = []
    low = after
    for cell in range(cells):
        place = int.from_bytes(page[pointers + 2 * cell : pointers + 2 * cell + 2], "big")
        if place < pointers or place + 5 > len(page):
            return None
        high = _varint(page, place + 4)
        if not low < high <= upto:
            return None
        found.append((int.from_bytes(page[place : place + 4], "big"), low, high))
        low = high
    found.append((int.from_bytes(page[start + 8 : start + 12], "big"), low, upto))
    return found


def _varint(page: bytes, place: int) -> int:
    """A number in SQLite's own length of one to nine bytes, with its sign."""
    value = 0
    for n, byte in enumerate(page[place : place + 9]):
        if n == 8:
            value = value << 8 | byte
            break
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value - (1 << 64) if value >> 63 else value
