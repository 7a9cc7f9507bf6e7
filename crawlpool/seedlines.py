"""Lines and rows out of bytes that may be anything: how sources of URLs are read.

Memory is bounded whatever the file holds, and nothing in it raises: what cannot be
read is a `Line` that says why, and reading goes on behind it where that is possible.
"""

import csv
import io
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

LONGEST = 64 * 1024
"""Bytes of a line, or characters of a row of a table."""

_SHOWN = 100


class Line(NamedTuple):
    """One line as text, its end included.

    Attributes:
        number: The first line of a file is 1.
        text: What stands there; its beginning, where the line is bad.
        why: What is wrong with it; "" for a good line.
    """

    number: int
    text: str
    why: str = ""


class Row(NamedTuple):
    """One row of a table.

    Attributes:
        number: The line on which it begins.
        cells: Its cells; of a bad row, the text of its first line.
        why: What is wrong with it; "" for a good row.
    """

    number: int
    cells: list[str]
    why: str = ""


def read_lines(file: BinaryIO) -> Iterator[Line]:
    """Lines with their numbers, whatever is in the file; a fault of the file ends it with a line that says so."""
    number = 0
    try:
        lines = _decoded(file)
        while raw := lines.readline(LONGEST + 1):
            number += 1
            start = raw[:_SHOWN]
            if len(raw) > LONGEST:
                while raw and not raw.endswith(b"\n"):
                    raw = lines.readline(LONGEST)
                yield Line(
                    number, start.decode("utf-8", "replace"), f"the line is longer than {LONGEST:,} bytes"
                )
                continue
            try:
                yield Line(number, raw.decode().removeprefix("\ufeff"))
            except UnicodeDecodeError:
                yield Line(number, start.decode("utf-8", "replace").rstrip(), "the line is not UTF-8")
    except (OSError, EOFError, zlib.error) as error:  # a broken disk, or a broken .gz
        yield Line(number + 1, "", f"nothing can be read from here on: {error}")


class _Utf16:
    """Lines of UTF-16 as lines of UTF-8."""

    def __init__(self, file: BinaryIO) -> None:
        lent = io.BufferedReader(_Lent(file))
        self._text = io.TextIOWrapper(lent, encoding="utf-16", errors="replace", newline="\n")

    def readline(self, most: int) -> bytes:
        return self._text.readline(most).encode("utf-8", "replace")


def _decoded(file: BinaryIO) -> Any:
    """The file without compression and in UTF-8, by its first bytes."""
    reader: Any = file if hasattr(file, "peek") else io.BufferedReader(_Lent(file))
    if reader.peek(2)[:2] == b"\x1f\x8b":
        import gzip  # noqa: PLC0415  rarely needed

        reader = gzip.GzipFile(fileobj=reader)
    if reader.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _Utf16(reader)
    return reader


class _Lent(io.RawIOBase):
    """A stream of the caller's, which our buffer must not close when it goes."""

    def __init__(self, file: BinaryIO) -> None:
        self._read = getattr(file, "read1", file.read)  # what is there now, of a pipe

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def read_rows(lines: Iterator[Line], delimiter: str) -> Iterator[Row]:
    """Rows of a table with the number of their first line; a row may span lines between quotes."""
    waiting: deque[Line] = deque()
    while (line := _next(waiting, lines)) is not None:
        if line.why:
            yield Row(line.number, [line.text], line.why)
            continue
        more = _More(line, waiting, lines)
        try:
            cells = next(csv.reader(more, delimiter=delimiter), [])
        except csv.Error as error:
            waiting.extendleft(reversed(more.read[1:]))
            yield Row(line.number, [line.text.rstrip()], f"not a row of CSV: {error}")
            continue
        if more.is_cut:
            # An open quote would take the rest of the file along: give up this line only.
            waiting.extendleft(reversed(more.read[1:]))
            yield Row(line.number, [line.text.rstrip()], "a quote is opened and not closed")
        else:
            yield Row(line.number, cells)


class _More:
    """The lines of one row, for as long as its reader asks for more."""

    def __init__(self, first: Line, waiting: deque[Line], lines: Iterator[Line]) -> None:
        self.read: list[Line] = []
        self.is_cut = False
        self._size = 0
        self._waiting = waiting
        self._lines = lines
        waiting.appendleft(first)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = _next(self._waiting, self._lines)
        if line is not None:
            self.read.append(line)
            self._size += len(line.text)
        if line is None or line.why or (self._size > LONGEST and len(self.read) > 1):
            self.is_cut = True
            raise StopIteration
        return line.text


def _next(waiting: deque[Line], lines: Iterator[Line]) -> Line | None:
    return waiting.popleft() if waiting else next(lines, None)
