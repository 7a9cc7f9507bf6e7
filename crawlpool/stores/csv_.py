"""CSV and TSV: a table for spreadsheets and pandas.

The header is written before all columns can be known, since items bring new
fields at any time. So the file is rewritten when a column comes, at most once a
flush: new columns stand at the end, and every row before is copied byte for byte
with the missing delimiters added. That is why an older position can still be
found in a wider file: take the added delimiters away again, and count.
"""

import csv
import os
import re
from collections.abc import Iterable, Iterator

from crawlpool.errors import StoreError

from .appendfile import TAIL, AppendFile, digest
from .base import Position, Record, Start
from .plain import MOST_COLUMNS, Scalar, cell, fitted, named_cells

_BUFFERED = 256 * 1024
_BOM = b"\xef\xbb\xbf"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons"}


class CsvStore:
    """Records as rows, quoted by RFC 4180, in UTF-8 without a byte order mark.

    Missing fields and None are empty cells, booleans are `true` and `false`, lists
    and dicts are JSON.

    Formulas: a spreadsheet runs what begins with = + - @, a tab, a line end, or the
    full-width forms of those signs, and pages are written by strangers. Such text gets
    a leading apostrophe (owasp.org, "CSV Injection"). Plain numbers, such as -5, +3.2
    or 1e5, are left alone. Other stores keep the text as it was. To have it back as it
    was, take one apostrophe off any text in which only apostrophes stand before such a
    sign: text that was like that already got another. In CSV a cell with a semicolon or a
    tab in it is quoted, so that a program that splits there as well cuts no formula out of
    its middle.

    Columns: at most `MOST_COLUMNS` are made; what fields come after that share one, as JSON.

    Appending honours the header that is there, and its line ends. A last row without
    an end gets one; a file that ends within quotes is refused.

    Args:
        path: The file; its directory has to be there.
        delimiter: "," for CSV, a tab for TSV.
        is_raw: Leave formulas as they are.

    Raises:
        StoreError: From every method but `__init__`; names the file and the cause.
    """

    def __init__(self, path: str | os.PathLike[str], *, delimiter: str = ",", is_raw: bool = False) -> None:
        self._file = AppendFile(path)
        self._delimiter = delimiter
        self._is_raw = is_raw
        others = ";\t" if delimiter == "," else ""  # readers of TSV often know no quotes
        self._special = re.compile(f'["\r\n{others}{re.escape(delimiter)}]')
        self._end = "\r\n"
        self._columns: dict[str, int] = {}  # header cells, as they are in the file
        self._in_file = 0  # how many of them the file's header has
        self._header_bytes = 0
        self._rows: list[list[str]] = []
        self._rows_size = 0

    def open(self, at: Position | Start) -> None:
        """Start empty, behind what is there, or at a position."""
        self._rows, self._rows_size = [], 0
        with self._file.opening():
            if at is Start.FRESH or at is Start.APPEND:
                self._file.open(is_fresh=at is Start.FRESH)
                self._read_header()
                self._mend()
            else:
                self._go_on(at)

    def _go_on(self, at: Position) -> None:
        self._file.parts(at)
        columns, header = at.get("columns"), at.get("header")
        if type(columns) is not int or type(header) is not int:
            raise StoreError(
                f"{self._file.path} cannot be continued at {at!r}, which is no position in a table"
            )
        self._file.open_at(at)
        self._read_header()
        if columns and columns < self._in_file:
            self._file.truncate(self._widened(at))
        else:
            self._file.cut(at)
            self._read_header()  # which may have been cut off

    def write(self, record: Record) -> None:
        """Take one record; one without any field leaves nothing where no column is known."""
        row = [""] * len(self._columns)
        named = {self._shown(name): value for name, value in named_cells(record).items()}
        for column, value in fitted(named, self._columns, MOST_COLUMNS - len(row)).items():
            place = self._columns.get(column)
            if place is None:
                place = self._columns[column] = len(row)
                row.append("")
            row[place] = self._shown(cell(value))
        if not row:
            return
        self._rows.append(row)
        self._rows_size += sum(map(len, row)) + len(row)
        if self._rows_size >= _BUFFERED:
            self._drain()

    def flush(self) -> Position:
        """Bring all to the disk; the position counts bytes under the header as it then is."""
        self._drain()
        return {**self._file.sync(), "columns": self._in_file, "header": self._header_bytes}

    def close(self) -> None:
        """Flush and close."""
        try:
            self._drain()
        finally:
            self._rows.clear()  # lost when that failed, and told
            self._file.close()

    def _drain(self) -> None:
        rows, self._rows, self._rows_size = self._rows, [], 0
        if not rows:
            return
        if self._in_file < len(self._columns):
            if self._in_file:
                self._widen()
            else:
                header = self._line(list(self._columns))
                self._file.write(header)
                self._in_file, self._header_bytes = len(self._columns), len(header)
        width = self._in_file
        for row in rows:
            self._file.write(self._line(row + [""] * (width - len(row))))

    def _line(self, cells: list[str]) -> bytes:
        special = self._special
        shown = ['"' + text.replace('"', '""') + '"' if special.search(text) else text for text in cells]
        if shown == [""]:
            shown = ['""']  # an empty line would be no row
        return (self._delimiter.join(shown) + self._end).encode()

    def _shown(self, value: Scalar) -> str:
        """Text of a cell, so that no spreadsheet runs it."""
        if value is None:
            return ""
        if isinstance(value, str):
            is_run = not self._is_raw and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
            return "'" + value if is_run else value
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    def _read_header(self) -> None:
        """Learn the columns of the file that is there."""
        self._columns, self._in_file, self._header_bytes = {}, 0, 0
        if not self._file.size:
            return
        with self._file.lines() as lines:
            first = next(rows(lines), (b"", b""))
        raw, end = first
        path = self._file.path
        try:
            text = raw.removeprefix(_BOM).decode()
            names = next(csv.reader([text], delimiter=self._delimiter), []) if "\0" not in text else []
        except (UnicodeDecodeError, csv.Error) as error:
            raise StoreError(
                f"the header of {path} is no CSV in UTF-8 ({error}); nothing is added to it"
            ) from error
        if not names:
            raise StoreError(
                f"the first line of {path} is no header, so nothing is added to it; --fresh replaces it"
            )
        if len(names) == 1:
            other = next((mark for mark in _NAMES if mark != self._delimiter and mark in names[0]), "")
            if other:
                raise StoreError(
                    f"{path} seems to be separated by {_NAMES[other]}, and would be spoilt by "
                    f"{_NAMES.get(self._delimiter, self._delimiter)}; name another file, or replace it with --fresh"
                )
        for name in names:
            twin, count = name, 1
            while twin in self._columns:  # the first of the same name takes our values
                count += 1
                twin = f"{name} {count}"
            self._columns[twin] = len(self._columns)
        self._in_file, self._header_bytes = len(names), len(raw) + len(end)
        self._end = end.decode() or self._end

    def _mend(self) -> None:
        """See that the next row begins a line of its own."""
        size = self._file.size
        if not size:
            return
        quotes, last = 0, b""
        with self._file.lines() as file:
            while block := file.read(1024 * 1024):
                quotes += block.count(b'"')
                last = block
        if quotes % 2:  # whatever is added would become a part of that cell
            raise StoreError(
                f"a quote in {self._file.path} is opened and not closed, so nothing can be added behind it; "
                "repair its end, name another file, or replace it with --fresh"
            )
        if not last.endswith(b"\n"):
            self._file.write(self._end.encode())
        if self._header_bytes == size:
            self._header_bytes = self._file.size

    def _widen(self) -> None:
        """Rewrite the file under a header that has the new columns too."""
        names = list(self._columns)[self._in_file :]
        added = self._line(["", *names]).rstrip(b"\r\n")
        more = self._delimiter.encode() * len(names)
        header_bytes = 0

        def pieces() -> Iterator[bytes]:
            nonlocal header_bytes
            with self._file.lines() as lines:
                for raw, end in rows(lines):
                    if not header_bytes:
                        header = raw + added + end
                        header_bytes = len(header)
                        yield header
                    else:
                        yield raw + more + end if raw else end

        self._file.replace(pieces())
        self._in_file, self._header_bytes = len(self._columns), header_bytes

    def _widened(self, at: Position) -> int:
        """Where a position from before the file was widened is now; checks it like `AppendFile.cut`."""
        wanted, tail = self._file.parts(at)
        more = self._delimiter.encode() * (self._in_file - at["columns"])
        before = now = 0
        seen = b""
        with self._file.lines() as lines:
            for raw, end in rows(lines):
                if before >= wanted:
                    break
                if not before:
                    narrow = raw[: at["header"] - len(end)]
                elif raw and not raw.endswith(more):
                    break
                else:
                    narrow = raw[: -len(more)]
                before += len(narrow) + len(end)
                now += len(raw) + len(end)
                seen = (seen + narrow + end)[-TAIL:]
        if before != wanted or digest(seen) != tail:
            self._file.misfit("it was changed since, or is shorter")
        return now


def rows(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Split CSV into rows and their line ends; a line end between quotes is text (RFC 4180, 2.6)."""
    parts: list[bytes] = []
    quotes = 0
    for line in lines:
        parts.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            yield _ended(b"".join(parts))
            parts.clear()
    if parts:
        yield _ended(b"".join(parts))


def _ended(row: bytes) -> tuple[bytes, bytes]:
    end = b"\r\n" if row.endswith(b"\r\n") else b"\n" if row.endswith(b"\n") else b""
    return row[: len(row) - len(end)], end
