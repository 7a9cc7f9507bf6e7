"""An answer that libcurl brings, line by line and piece by piece, read by our own strict readers.

    a line of a head     ─▶ heads, framing
    a piece of the body  ─▶ chunks, codings, cap
    the end              ─▶ a body, or what is wrong with it

libcurl finds where an answer ends by its own reading of the head, and would keep a connection
that we would not. So whenever an answer is enough, and its connection must not carry another, the
piece that ended it is refused: libcurl then closes the connection. The answer stands all the same.
What HTTP/2 frames is whole when libcurl says so.
"""

import time
from typing import Any, Final, cast

import pycurl

from ...model import FailureKind
from .. import heads
from ..framing import Chunks, Framing, broken, framing_of
from ..reading import Body, Reading
from ..wire import Order, TransportOptions

_GO_ON: Final = None
_STOP: Final = -1
_EMPTY: Final = frozenset({b"\r\n", b"\n"})
_AS_TEXT: Final = (b"HTTP/2 ", b"HTTP/3 ")
_ENDS: Final = frozenset({pycurl.E_PARTIAL_FILE, pycurl.E_GOT_NOTHING})
_TOO_LARGE: Final = 100  # CURLE_TOO_LARGE

Fault = tuple[int, str]
"""What libcurl has to say: a number and words."""


class Incoming:
    """What has come of one answer.

    Attributes:
        order: What was asked.
        easy: libcurl's handle.
        heard_at: When a piece of it came last, or when it began.
        is_over: Nothing more is needed, or it cannot become an answer.
    """

    order: Order
    easy: Any
    heard_at: float
    _options: TransportOptions
    _framing: Framing
    _is_framed: bool
    _chunks: Chunks | None
    _left: int | None

    def clear(self) -> None:
        """Nothing has come yet."""
        self._lines: list[bytes] = []
        self._head: heads.Head | None = None
        self._interim = 0
        self._received = 0
        self._reading: Reading | None = None
        self._fault: heads.BadAnswer | None = None
        self._error: BaseException | None = None
        self._noted = 0
        self._small_left = 0  # bytes of a short body still to come; until then nobody looks at its pieces
        self._pieces: list[bytes] = []
        self._is_enough = False
        self.is_over = False

    # For whom it comes

    def begins(self) -> None:
        """The first line of it is here."""

    def caught(self, error: BaseException) -> None:
        """Something was raised that is not meant for this answer alone."""

    def ended_well(self) -> None:
        """All of it has come, and its connection may carry another."""

    # What libcurl brings; whatever is raised here it would print, and forget

    def _took_line(self, line: bytes) -> int | None:
        lines = self._lines
        if len(line) > 2 and lines:  # nearly all go this way
            lines.append(line)
            return _GO_ON
        try:
            return self._line(line)
        except heads.BadAnswer as fault:
            self._fault = fault
        except BaseException as error:  # noqa: BLE001
            self._catch(error)
        return self._stop()

    def _took_piece(self, piece: bytes) -> int | None:
        if self._small_left > len(piece):
            self._small_left -= len(piece)
            self._pieces.append(piece)
            return _GO_ON
        try:
            return self._piece(piece)
        except heads.BadAnswer as fault:
            self._fault = fault
        except BaseException as error:  # noqa: BLE001
            self._catch(error)
        return self._stop()

    def _catch(self, error: BaseException) -> None:
        self._error = error
        if not isinstance(error, Exception):
            self.caught(error)

    def _stop(self) -> int:
        self.is_over = True
        return _STOP

    def _line(self, line: bytes) -> int | None:
        """The first line of a head, or the empty one that ends it.

        libcurl bounds what may come in between.
        """
        if self._head is not None:
            self._received += len(line)  # of a trailer, in HTTP/2
            return _GO_ON
        if not (self._lines or self._received):
            self.begins()
        if line not in _EMPTY:
            self._lines.append(line)
            return _GO_ON
        block = b"".join(self._lines)
        self._lines = []
        self._received += len(block) + len(line)
        if self._received > self._options.max_headers:
            raise self._too_long()
        if b"\n\r" in block:
            raise _early_end()
        self.heard_at = time.monotonic()
        head = _head(block)
        return self._begin_body(head) if head.status >= 200 else self._pass_by(head.status)

    def _pass_by(self, status: int) -> int | None:
        """Leave an interim answer behind (RFC 9110, 15.2)."""
        if status == 101:
            raise heads.protocol("it changes to a protocol that nobody asked for (101)")
        self._interim += 1
        if self._interim > heads.MOST_INTERIM:
            raise heads.protocol("its interim answers (1xx) do not end")
        return _GO_ON

    def _begin_body(self, head: heads.Head) -> int | None:
        order = self.order
        framing = framing_of(head, order[1])
        self._is_framed = head.version.startswith("HTTP/1")
        self._chunks = Chunks() if framing.is_chunked and self._is_framed else None
        self._left = framing.length if self._is_framed else None
        self._framing = framing
        self._head = head
        self._reading = reading = Reading(
            head, framing, head.fields.get("content-encoding"), order[5], self._options
        )
        if reading.is_left:
            self._is_enough = True
            return self._stop()
        if self._left == 0:
            return self._ended()
        if reading.is_small and self._left is not None:
            self._small_left = self._left
        return _GO_ON

    def _piece(self, piece: bytes) -> int | None:
        """A piece of the body, in its transfer coding."""
        if self.is_over:
            return _STOP
        if self._small_left:
            self._pieces.append(piece)
            piece = b"".join(self._pieces)
            self._pieces, self._small_left = [], 0
        self._received += len(piece)
        self.heard_at = time.monotonic()
        if self._reading is None:
            raise _early_end()
        is_end = is_clean = False
        if self._left is not None:
            is_clean = len(piece) <= self._left
            piece = piece if is_clean else piece[: self._left]
            self._left -= len(piece)
            is_end = not self._left
        elif self._chunks is not None:
            piece = self._chunks.feed(piece)
            is_end = self._chunks.is_done
            is_clean = is_end and self._chunks.is_sound and not self._chunks.rest
        if piece and not self._reading.take(piece):
            self._is_enough = True
            return self._stop()
        return self._ended(is_clean=is_clean) if is_end else _GO_ON

    def _ended(self, *, is_clean: bool = True) -> int | None:
        """All of it has come; the connection stays if nothing speaks against that."""
        self._is_enough = self.is_over = True
        if not (is_clean and self._framing.is_lasting):
            return _STOP
        self.ended_well()
        return _GO_ON

    # What it comes to

    @property
    def is_foreign(self) -> bool:
        """Whether what came does not even begin as an answer does."""
        return not (self._received or self._lines or self._error)

    def has_come_on(self) -> bool:
        """Whether more came since this was asked last; what notes its time by itself does not count."""
        before, self._noted = self._noted, len(self._lines) + len(self._pieces) + self._received
        return self._noted != before

    def cut_off(self, fault: heads.BadAnswer) -> None:
        """Say from outside why it cannot become an answer."""
        self._fault = fault
        self.is_over = True

    def body(self, error: Fault | None) -> Body | None:
        """The body, when all of it came or no more of it is needed; None: libcurl's error says why not.

        Raises:
            BadAnswer: It broke off, or is none.
        """
        if self._fault is not None:
            raise self._fault
        if self._error is not None:
            return None
        if self._head is None:
            self._look_at_head(error)
            return None
        if not self._is_enough and (said := self._lack(error is None)) is not None:
            if error is not None and not _is_end(error):
                return None
            raise broken(said)
        assert self._reading is not None
        return self._reading.end()

    def _lack(self, is_fine: bool) -> str | None:
        """What a body lacks that libcurl has done with; None for nothing.

        Args:
            is_fine: libcurl has no complaint.
        """
        if self._chunks is not None:
            # RFC 9112, 8: whole, although the line behind its end is missing.
            return None if self._chunks.is_last_seen else "the connection ended before the last chunk"
        if self._left is not None:
            length = cast(int, self._framing.length)
            self._left = self._small_left or self._left
            return f"the connection ended after {length - self._left:,} of {length:,} bytes"
        # RFC 9112, 9.8: anyone may have cut it.
        return (
            None if is_fine else "the connection ended without the end of TLS, and the answer said no length"
        )

    def _look_at_head(self, error: Fault | None) -> None:
        if error is None and self._lines and self._lines[-1].startswith(b"\r"):
            raise _early_end()
        if error is None or (_is_end(error) and self.easy.getinfo(pycurl.PRETRANSFER_TIME_T)):
            raise broken(
                "the connection ended inside the head of the answer"
                if self._received or self._lines
                else "the server closed the connection without an answer"
            )
        if error[0] == _TOO_LARGE or (error[0] == pycurl.E_RECV_ERROR and "response headers" in error[1]):
            raise self._too_long()

    def _too_long(self) -> heads.BadAnswer:
        most = self._options.max_headers
        if self._received + sum(map(len, self._lines)) > most:
            return heads.BadAnswer(FailureKind.HEADERS, f"its head has more than {most:,} bytes")
        return heads.BadAnswer(
            FailureKind.HEADERS, "its head is more than libcurl takes: 300 KiB, 5,000 lines, 100 KiB a line"
        )


def _early_end() -> heads.BadAnswer:
    """What libcurl takes for the end of a head, and is none."""
    return heads.protocol("a carriage return stands alone in its head")


def _is_end(error: Fault) -> bool:
    """Whether libcurl says no more than that the connection ended."""
    number, words = error
    return number in _ENDS or (number == pycurl.E_RECV_ERROR and "eof while reading" in words)


def _head(block: bytes) -> heads.Head:
    """Read a head; libcurl writes those of HTTP/2 as text, with a version of their own."""
    block = block.removesuffix(b"\n").removesuffix(b"\r")
    if not block.startswith(_AS_TEXT):
        return heads.read(block)
    head = heads.read(b"HTTP/1.1" + block[6:])
    return head._replace(version=block[:6].decode())
