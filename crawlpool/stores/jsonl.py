"""JSON Lines: one record a line, for jq, pandas, DuckDB and `for line in file`."""

import os
from json import loads

from crawlpool.errors import StoreError

from .appendfile import AppendFile
from .base import Position, Record, Start
from .plain import as_json

_BLOCK = 64 * 1024


class JsonlStore:
    """Records as JSON in UTF-8, one a line, each line ended by a line feed (jsonlines.org).

    Text within a record never breaks its line: see `plain.as_json`.

    Appending to a file whose last line has no end: a line that is whole JSON gets
    its end, and one that was torn, by a crash of whoever wrote it, is cut off, since
    half a record is none and would spoil the next one. Files that do not begin like
    JSON Lines are refused.

    Args:
        path: The file; its directory has to be there.

    Raises:
        StoreError: From every method but `__init__`; names the file and the cause.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = AppendFile(path)

    def open(self, at: Position | Start) -> None:
        """Start empty, behind what is there, or at a position."""
        with self._file.opening():
            if at is Start.FRESH:
                self._file.open(is_fresh=True)
            elif at is Start.APPEND:
                self._file.open(is_fresh=False)
                self._mend()
            else:
                self._file.open_at(at)
                self._file.cut(at)

    def write(self, record: Record) -> None:
        """Take one record."""
        self._file.write(as_json(record).encode() + b"\n")

    def flush(self) -> Position:
        """Bring all to the disk; the position is a length and a digest of what is before it."""
        return self._file.sync()

    def close(self) -> None:
        """Flush and close."""
        self._file.close()

    def _mend(self) -> None:
        """See that the next record begins a line of its own."""
        size = self._file.size
        if not size:
            return
        if not self._file.read(0, _BLOCK).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            raise StoreError(
                f"{self._file.path} is not JSON Lines (its first line is no object), so nothing is added to it; "
                "name another file, or replace it with --fresh"
            )
        start, last = size, b""
        while start > 0 and b"\n" not in last:
            start, end = max(0, start - _BLOCK), start
            last = self._file.read(start, end) + last
        last = last[last.rfind(b"\n") + 1 :]
        if not last:
            return
        try:
            loads(last)
        except (ValueError, RecursionError):
            self._file.truncate(size - len(last))
        else:
            self._file.write(b"\n")
