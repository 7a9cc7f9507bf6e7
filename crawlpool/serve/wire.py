"""HTTP/1.1 on one connection: requests in, replies out, one at a time and in order.

    socket ─▶ buffer ─▶ Asked ─▶ answer(asked, connection) ─▶ Reply ─▶ pieces ─▶ socket
                 ▲                                                        │
                 └────────── the next request, when the last piece is out ┘

A reply is a list of pieces, each with a wait before it, so that latency, a byte
every second, a whole file and a connection that breaks are all the same thing.
Everything runs on one event loop; nothing here blocks or sleeps.
"""

import asyncio
import itertools
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TypeAlias, cast

from .asked import Asked, Reader, RefusedError

Piece: TypeAlias = tuple[float, bytes]
"""Seconds to wait, then bytes to send; `math.inf` waits until `Connection.wake`."""

_WITHOUT_BODY = frozenset({204, 304})

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Reply:
    """What to send back.

    Attributes:
        status: For the log; 0 when the connection breaks without a status.
        pieces: What goes out, status line and headers included, just as it stands here.
        wait_s: Seconds before the first piece.
        is_last: Close the connection behind it.
        is_broken: Break the connection off behind it, what is unsent included.
        on_end: Called once, when all is out or the connection is gone.
    """

    status: int
    pieces: Iterable[Piece] = ()
    wait_s: float = 0.0
    is_last: bool = False
    is_broken: bool = False
    on_end: Callable[[], None] | None = None


def reply(
    asked: Asked,
    status: int,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    rest: Iterator[bytes] | None = None,
    length: int | None = None,
) -> Reply:
    """Build a well-formed reply; Date, Content-Length and Connection are added.

    Args:
        asked: The request; HEAD gets the same headers without the body (RFC 9110, 9.3.2).
        status: HTTP status code.
        headers: Pairs, sent as they are, in UTF-8.
        body: The body, or its beginning when there is a `rest`.
        rest: Further parts of the body, read as the client takes them; it should hold
            nothing open before it is first asked, since it may never be.
        length: Bytes of the whole body; needed with `rest`.
    """
    head = head_of(status, headers, length=len(body) if length is None else length, is_last=asked.is_last)
    if asked.method == "HEAD" or status in _WITHOUT_BODY:
        return Reply(status=status, pieces=((0.0, head),), is_last=asked.is_last)
    if rest is None:
        return Reply(status=status, pieces=((0.0, head + body),), is_last=asked.is_last)
    return Reply(status=status, pieces=_streamed(head + body, rest), is_last=asked.is_last)


def head_of(status: int, headers: Iterable[tuple[str, str]], *, length: int | None, is_last: bool) -> bytes:
    """Status line and headers, up to and with the empty line; `length=None` leaves Content-Length out."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unnamed"
    lines = [f"HTTP/1.1 {status} {phrase}", f"Date: {_date()}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length is not None and status not in _WITHOUT_BODY:
        lines.append(f"Content-Length: {length}")
    if is_last:
        lines.append("Connection: close")
    return "\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape")


class Connection(asyncio.Protocol):
    """One client's connection.

    Attributes:
        client: The address at its other end, without port.
        client_port: The port there; 0 before there is a connection.
        number: Another one for each connection.

    Args:
        answer: Says what to reply; called on the event loop, so it must not block.
        open_ones: The connections that are open; this one adds and removes itself.
        max_body: Bytes of a request's body that are read; more is answered with 413.
    """

    def __init__(self, answer: "Answer", open_ones: "set[Connection]", *, max_body: int = 64 * 1024) -> None:
        self._answer = answer
        self._open_ones = open_ones
        self._reader = Reader(max_body)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reply: Reply | None = None  # the one that is on its way
        self._pieces: Iterator[Piece] = iter(())
        self._timer: asyncio.TimerHandle | None = None
        self._pending: bytes | None = None  # what goes out when the wait is over
        self._is_choked = False
        self.client = ""
        self.client_port = 0
        self.number = next(_numbers)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._open_ones.add(self)
        peer = transport.get_extra_info("peername")
        self.client = str(peer[0]) if peer else ""
        self.client_port = int(peer[1]) if peer else 0

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget what was under way."""
        self._transport = None
        self._open_ones.discard(self)
        self._reader.clear()
        self._end_reply()

    def data_received(self, data: bytes) -> None:
        """Take bytes; answer now unless an answer is on its way."""
        self._reader.feed(data)
        if self._reply is None:
            self._advance()
        elif self._reader.is_full and self._transport is not None:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Hold the next piece back; the client reads slower than we send."""
        self._is_choked = True

    def resume_writing(self) -> None:
        """Go on with the next piece, but not now: the transport must not be closed while it calls us."""
        self._is_choked = False
        self._loop.call_soon(self._go_on)

    def wake(self) -> None:
        """End the wait before the next piece now."""
        if self._pending is not None:
            self._after_wait()

    def abort(self) -> None:
        """Break the connection off."""
        if self._transport is not None:
            self._transport.abort()

    def _advance(self) -> None:
        """Answer what is in the buffer, until an answer has to wait or the buffer holds no whole request."""
        while self._reply is None and self._transport is not None and not self._transport.is_closing():
            try:
                asked = self._reader.take(self.client)
            except RefusedError as refused:
                self._refuse(refused.status)
                return
            if asked is None:
                if self._reader.wants_continue:
                    self._reader.wants_continue = False
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            try:
                self._reply = self._answer(asked, self)
            except Exception:
                log.exception("serve.failed target=%s", asked.target)
                self._reply = reply(asked, 500)
            self._pieces = iter(self._reply.pieces)
            if self._reply.wait_s > 0:
                self._wait(self._reply.wait_s, b"")
            else:
                self._send_on()

    def _send_on(self) -> None:
        """Send pieces until one has to wait, the client is slow, or all is out."""
        while self._transport is not None and self._reply is not None and not self._is_choked:
            try:
                piece = next(self._pieces, None)
            except Exception:
                log.exception("serve.broken status=%d", self._reply.status)
                self._transport.abort()
                return
            if piece is None:
                self._finish(self._reply)
                return
            wait_s, data = piece
            if wait_s > 0:
                self._wait(wait_s, data)
                return
            self._transport.write(data)

    def _go_on(self) -> None:
        if self._reply is not None and self._pending is None:
            self._send_on()
            self._advance()

    def _wait(self, wait_s: float, data: bytes) -> None:
        self._pending = data
        if wait_s < math.inf:
            self._timer = self._loop.call_later(wait_s, self._after_wait)

    def _after_wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        data, self._pending = self._pending, None
        if self._transport is not None and data:
            self._transport.write(data)
        self._send_on()
        self._advance()

    def _finish(self, done: Reply) -> None:
        self._end_reply()
        if self._transport is None:
            return
        if done.is_broken:
            self._transport.abort()
        elif done.is_last:
            self._transport.close()
        else:
            self._transport.resume_reading()  # harmless when it was not paused

    def _end_reply(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pending = None
        ended, self._reply = self._reply, None
        if ended is not None:
            _close(self._pieces)
            self._pieces = iter(())
            if ended.on_end is not None:
                ended.on_end()

    def _refuse(self, status: int) -> None:
        assert self._transport is not None
        self._reader.clear()
        self._transport.write(head_of(status, (), length=0, is_last=True))
        self._transport.close()


Answer: TypeAlias = Callable[[Asked, Connection], Reply]
"""What decides the reply to a request; called on the event loop, so it must not block."""


def _streamed(head: bytes, rest: Iterator[bytes]) -> Iterator[Piece]:
    try:
        yield 0.0, head
        for part in rest:
            yield 0.0, part
    finally:
        _close(rest)


def _close(iterator: Iterator[object]) -> None:
    """Let a generator go of its file now, not when it is collected."""
    close = getattr(iterator, "close", None)
    if close is not None:
        close()


_numbers = itertools.count()
_dated: tuple[int, str] = (0, "")


def _date() -> str:
    """The Date header's value, made once a second (RFC 9110, 6.6.1)."""
    global _dated  # noqa: PLW0603  one value for all connections
    now = int(time.time())
    if _dated[0] != now:
        _dated = (now, formatdate(now, usegmt=True))
    return _dated[1]
