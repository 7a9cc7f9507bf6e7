"""Where the body of an answer ends (RFC 9112, sections 6, 7 and 9.3).

    to HEAD, 204, 304              no body
    Transfer-Encoding ... chunked  at its last chunk
    Transfer-Encoding otherwise    where the connection ends
    Content-Length                 after so many bytes
    neither                        where the connection ends

Whatever is not in this table is a failure: a body of which nobody can say whether it
is whole is none.
"""

import re
from typing import NamedTuple

from ..model import FailureKind
from .heads import BadAnswer, Head, protocol

_NO_BODY = frozenset({204, 304})
_TRANSFER_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_MOST_DIGITS = 18

_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]++)[ \t]*+(?:;[^\r\n]*+)?\r?")
_LONGEST_LINE = 8 * 1024
_MOST_TRAILER = 64 * 1024
_MOST_PADDING = 64 * 1024


class Framing(NamedTuple):
    """How a body ends.

    Attributes:
        is_chunked: With its last chunk.
        length: After so many bytes; None when it is chunked, or ends with the connection.
        codings: Transfer codings besides chunked, the one to be removed first in front.
        is_lasting: Whether the connection may carry another answer once the body is read.
    """

    is_chunked: bool
    length: int | None
    codings: tuple[str, ...]
    is_lasting: bool


def framing_of(head: Head, method: str) -> Framing:
    """Say how the body of an answer ends.

    Raises:
        BadAnswer: The head contradicts itself.
    """
    fields = head.fields
    transfer = fields.get("transfer-encoding")
    length = fields.get("content-length")
    is_lasting = head.is_sound and _is_kept(head)
    if method == "HEAD":
        return Framing(False, 0, (), is_lasting)
    if head.status in _NO_BODY:
        # A 204 has no length (RFC 9110, 8.6); whoever gives one may send that much.
        has_none = transfer is None and (head.status == 304 or length in {None, "0"})
        return Framing(False, 0, (), is_lasting and has_none)
    if transfer is not None:
        is_chunked, codings = _transfer(transfer)
        if is_chunked:
            # Beside a Content-Length, or from HTTP/1.0, someone on the way may have read it
            # otherwise (6.1), so this answer is the connection's last.
            is_trusted = length is None and head.version != "HTTP/1.0"
            return Framing(True, None, codings, is_lasting and is_trusted)
        if codings:
            return Framing(False, None, codings, False)
        is_lasting = False  # it says nothing ("identity", or an empty one), which is odd enough
    if length is not None:
        return Framing(False, _length(length), (), is_lasting)
    return Framing(False, None, (), False)


def _is_kept(head: Head) -> bool:
    """Whether the connection stays open after the answer (9.3)."""
    said = head.fields.get("connection")
    if said is None:
        return head.version == "HTTP/1.1"
    options = {each.strip(" \t") for each in said.lower().split(",")}
    return "close" not in options and (head.version == "HTTP/1.1" or "keep-alive" in options)


def _transfer(value: str) -> tuple[bool, tuple[str, ...]]:
    """Whether chunked is the last transfer coding, and the others, last one first (6.1)."""
    names = [name for each in value.lower().split(",") if (name := each.strip(" \t"))]
    names = [name for name in names if name != "identity"]  # of RFC 2616; it changes nothing
    is_chunked = names[-1:] == ["chunked"]
    if is_chunked:
        del names[-1]
    for name in names:
        if name not in _TRANSFER_CODINGS:
            raise protocol(f"its Transfer-Encoding is {value[:80]!r}")
    return is_chunked, tuple(reversed(names))


def _length(value: str) -> int:
    """A Content-Length: one number, or the same one again and again (6.3, rule 5)."""
    values = {each.strip(" \t") for each in value.split(",")}
    number = values.pop()
    if values or not (number.isascii() and number.isdigit()):
        raise protocol(f"its Content-Length is {value[:80]!r}")
    digits = number.lstrip("0")
    return int(digits or 0) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


class Chunks:
    """Takes the chunked coding off a body (7.1), whatever the pieces in which it comes.

    Attributes:
        is_last_seen: The last chunk has come, so the body is whole (8), although its trailer may not be.
        is_done: All of it has come.
        rest: What came behind it, which is no part of the answer.
        is_sound: False when the trailer held what is no field.
    """

    def __init__(self) -> None:
        """Start in front of the first chunk."""
        self.is_last_seen = False
        self.is_done = False
        self.is_sound = True
        self.rest = b""
        self._held = b""  # of a line that has not ended
        self._left = 0  # bytes of data in the chunk under way
        self._is_at_data_end = False
        self._is_crlf = True  # how the last size's line ended, and so how the data must end
        self._trailer_bytes = 0
        self._padding = 0

    def feed(self, data: bytes) -> bytes:
        """Take what came next, and give back what is body.

        Raises:
            BadAnswer: It is not chunked as the standard has it.
        """
        if self._held:
            data, self._held = self._held + data, b""
        at, parts = 0, []
        while not self.is_done:
            if self._left:
                part = data[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
                if self._left:
                    break
                self._is_at_data_end = True
            end = data.find(b"\n", at, at + _LONGEST_LINE)
            if end < 0:
                if len(data) - at >= _LONGEST_LINE:
                    raise broken("a line between its chunks is too long")
                if self._is_at_data_end and data[at:] not in {b"", b"\r"}:
                    raise broken("a chunk does not end where it says")
                self._held = data[at:]
                break
            self._line(data[at:end])
            at = end + 1
        if self.is_done:
            self.rest = data[at:]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _line(self, line: bytes) -> None:
        """One line between chunks, without its LF: the end of data, a size, or of the trailer."""
        if self._is_at_data_end:
            if line != (b"\r" if self._is_crlf else b""):
                raise broken("a chunk does not end where it says")
            self._is_at_data_end = False
        elif self.is_last_seen:
            self._trailer_bytes += len(line) + 1
            if self._trailer_bytes > _MOST_TRAILER:
                raise broken("its trailer is too long")
            self.is_done = line in {b"", b"\r"}
            self.is_sound = self.is_sound and (self.is_done or b":" in line)
        else:
            found = _CHUNK_LINE.fullmatch(line)
            if found is None:
                raise broken(f"the size of a chunk is {line[:40].decode('latin-1')!r}")
            self._is_crlf = line.endswith(b"\r")
            self._left = int(found[1], 16)
            self.is_last_seen = self._left == 0
            # Endless extensions around a byte each would keep us busy for nothing.
            self._padding = max(self._padding + len(line) - 16 - 2 * min(self._left, _MOST_PADDING), 0)
            if self._padding > _MOST_PADDING:
                raise broken("its chunks are nearly nothing but extensions")


def broken(message: str) -> BadAnswer:
    """An answer that broke off: its connection ended, or went on with something else. Another try may do."""
    return BadAnswer(FailureKind.INCOMPLETE, message)
