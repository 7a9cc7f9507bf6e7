"""Standard output: JSON Lines into a pipe, short lines on a terminal."""

import re
import select
from errno import EINVAL, EPIPE
from typing import Any, TextIO

from crawlpool.errors import StoreError

from .base import Position, Record, Start
from .plain import as_json

_BUFFERED = 64 * 1024
_LONGEST = 400  # characters of an item on a terminal
_LONGEST_TITLE = 80
_OF_A_PAGE = frozenset(("url", "status", "bytes", "error_kind", "error_message"))
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 with escape, delete, and C1, which terminals obey as well
    "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # no shape, or they turn the line around
    "\ufff9-\ufffb\U000e0000-\U000e007f"  # annotations, and tags: a second text inside the first
    "\ud800-\udfff]"
)


class OutputClosed(StoreError):  # noqa: N818  an event, not a fault
    """Whoever read our output has left, as `| head` does; time to end, quietly."""


def visible(text: str) -> str:
    """Return text that shows on a terminal as what it is, and can do nothing there.

    Control characters and invisible ones are written as their code point, so no server can
    move the cursor, change colours, or make one line look like another.
    """
    return text if text.isprintable() else _UNSEEN.sub(_code_point, text)


def _code_point(one: re.Match[str]) -> str:
    r"""As \uXXXX, two of them beyond U+FFFF: so JSON that is shown stays JSON (RFC 8259, 7)."""
    units = one[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


class StreamStore:
    """Records as lines of a stream that belongs to someone else; it is never closed here.

    What is out cannot be taken back, so there is no position and `open` does nothing.

    Args:
        stream: Such as `sys.stdout`. Into a pipe or file JSON Lines are written in UTF-8,
            whatever encoding the stream has (RFC 8259, 8.1).
        is_terminal: Write short lines instead: status, size, URL, and title or failure of
            a page; the items of handlers as JSON, cut short where they are long.

    Raises:
        OutputClosed: From `write`, `flush` and `close`: nobody reads any more. Told once.
        StoreError: From the same: the stream cannot be written, such as a full disk.
    """

    def __init__(self, stream: TextIO, is_terminal: bool) -> None:
        self._stream = stream
        # Past the stream's own buffer: what stayed in there after a failure would be
        # written again when Python ends, and fail again, with a complaint on stderr.
        self._raw: Any = getattr(getattr(stream, "buffer", None), "raw", None)
        self._is_terminal = is_terminal
        self._encoding = (stream.encoding if is_terminal else None) or "utf-8"
        self._pending: list[str] = []
        self._pending_chars = 0
        self._is_closed = False

    def open(self, at: Position | Start) -> None:
        """Make ready; there is nothing to do."""

    def write(self, record: Record) -> None:
        """Take one record; it shows after the next `flush`."""
        line = short(record) if self._is_terminal else as_json(record)
        self._pending.append(line + "\n")
        self._pending_chars += len(line)
        if self._pending_chars >= _BUFFERED:
            self.flush()

    def flush(self) -> Position:
        """Let the reader have all lines; returns None, since a stream has no position."""
        text = "".join(self._pending)
        self._pending.clear()
        self._pending_chars = 0
        if not text or self._is_closed:
            return None
        try:
            if self._raw is None:
                self._stream.write(text)
                self._stream.flush()
            else:
                self._stream.flush()  # what others wrote comes first
                self._write_raw(text.encode(self._encoding, "replace"))
        except OSError as error:
            self._is_closed = True
            if isinstance(error, BrokenPipeError) or error.errno in (EPIPE, EINVAL):  # EINVAL: Windows
                raise OutputClosed("nobody reads the output any more") from error
            raise StoreError(f"cannot write to standard output: {error.strerror or error}") from error
        except ValueError as error:  # "I/O operation on closed file"
            self._is_closed = True
            raise OutputClosed(f"the output was closed: {error}") from error
        return None

    def close(self) -> None:
        """Flush; the stream stays open."""
        self.flush()

    def _write_raw(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            written = self._raw.write(left)
            if written is None:  # the other end made the pipe non-blocking, and it is full
                select.select((), (self._raw,), ())
            else:
                left = left[written:]


def short(record: Record) -> str:
    """One line about a record, for people; nothing in it is obeyed by a terminal."""
    if not record.keys() >= _OF_A_PAGE:
        text = as_json(record)
        return visible(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
    status, size = record["status"], record["bytes"]
    why = record["error_message"] or record["error_kind"]
    about = f"{record['error_kind']}: {why}" if why and record["error_kind"] not in (None, "http") else why
    about = about or record.get("title") or ""
    about = about if len(about) <= _LONGEST_TITLE else about[: _LONGEST_TITLE - 1] + "…"
    line = f"{'-' if status is None else status!s:>3}  {_size(size):>9}  {record['url']}"
    return visible(f"{line}  {about}".rstrip())


def _size(size: Any) -> str:
    if not isinstance(size, int):
        return "-"
    if size < 1000:
        return f"{size} B"
    amount = float(size)
    for unit in ("kB", "MB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} GB"
