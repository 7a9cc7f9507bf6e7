"""One answer off a connection: its head, then its body piece by piece, and what becomes of the connection.

`http.client` sends our requests, and lets a connection name the class that reads
its answers; this is ours. It stands for urllib3's answer as well, so that nothing is
wrapped and parsed twice, and has what the two ask of one.

A connection is used again only when the answer ended where it said, and nothing came
behind it: what did would be taken for the answer to the next request.
"""

import ssl
from collections.abc import Iterator
from typing import Any

from ..model import FailureKind, Pairs
from . import heads
from .framing import Chunks, Framing, broken, framing_of
from .underway import IdleError, receive, under_way
from .waited import waited

_PIECE = 64 * 1024
"""Bytes asked of a socket at once."""

_MOST_AT_ONCE = 1024 * 1024


class Answer:
    """An answer as it comes in.

    Args:
        sock: Where it comes from.
        debuglevel: Of `http.client`; unused.
        method: Of the request.
        url: Of `http.client`; unused.

    Attributes:
        status: HTTP status code.
        head: Status line and fields.
        framing: Where the body ends.
        is_whole: All of the body was read.
    """

    # What `http.client` looks at: it would close the connection under us if we said that we mean to.
    will_close = False
    # What urllib3 looks at, or sets.
    retries: Any = None
    length_remaining: int | None = None
    _connection: Any = None
    _pool: Any = None

    head: heads.Head
    framing: Framing

    def __init__(
        self,
        sock: Any,
        debuglevel: int = 0,  # noqa: ARG002
        method: str | None = None,
        url: str | None = None,  # noqa: ARG002
    ) -> None:
        """Read nothing yet."""
        self._sock = sock
        self._method = method or "GET"
        self._first = b""  # of the body: what came with the head
        self._is_clean = False
        self._is_ragged = False
        self._is_closed = False
        self.is_whole = False
        self.status = 0

    def begin(self) -> None:
        """Read the head; interim answers are left behind (RFC 9110, 15.2).

        Raises:
            BadAnswer: There is none, or it is not HTTP.
        """
        received, count, size = bytearray(), 0, 0
        while True:
            ends = self._ends(received, size)
            head = heads.read(received[: ends[0]])
            size += ends[1]
            del received[: ends[1]]
            if head.status >= 200:
                break
            if head.status == 101:
                raise heads.protocol("it changes to a protocol that nobody asked for (101)")
            count += 1
            if count > heads.MOST_INTERIM:
                raise heads.protocol("its interim answers (1xx) do not end")
        self.head, self.status = head, head.status
        self.framing = framing_of(head, self._method)
        self._first = bytes(received)

    def _ends(self, received: bytearray, before: int) -> tuple[int, int]:
        """Receive until a head is whole, and say where it ends."""
        looked_at = 0
        while True:
            if received:
                ends = heads.end_of(received, looked_at)
                looked_at = len(received)
                if before + (looked_at if ends is None else ends[1]) > under_way.most_head:
                    raise heads.BadAnswer(
                        FailureKind.HEADERS, f"its head has more than {under_way.most_head:,} bytes"
                    )
                if ends is not None:
                    return ends
            more = self._receive(_PIECE)
            if not more:
                raise broken(
                    "the connection ended inside the head of the answer"
                    if received or before
                    else "the server closed the connection without an answer"
                )
            under_way.is_heard = True
            received += more

    def _receive(self, most: int) -> bytes:
        try:
            piece = receive(self._sock, most)
        except ssl.SSLEOFError:  # the connection ended, and TLS did not say that it would
            self._is_ragged = True
            return b""
        except IdleError as error:
            raise heads.BadAnswer(FailureKind.IDLE, str(error)) from error
        waited.took(len(piece), self._sock)
        return piece

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes, transfer codings other than chunked left on.

        Raises:
            BadAnswer: It ended too early, or is not framed as its head says.
            OSError: The connection broke; TimeoutError at the deadline.
        """
        first, self._first = self._first, b""
        if self.framing.is_chunked:
            yield from self._chunked(first)
        elif self.framing.length is None:
            yield from self._until_the_end(first)
        else:
            yield from self._so_many(first, self.framing.length)
        self.is_whole = True

    def _so_many(self, piece: bytes, length: int) -> Iterator[bytes]:
        self._is_clean = len(piece) <= length
        piece = piece[:length]
        left = length - len(piece)
        if piece:
            yield piece
        while left:
            piece = self._receive(min(left, _MOST_AT_ONCE))
            if not piece:
                raise broken(f"the connection ended after {length - left:,} of {length:,} bytes")
            left -= len(piece)
            yield piece

    def _chunked(self, piece: bytes) -> Iterator[bytes]:
        chunks = Chunks()
        while True:
            body = chunks.feed(piece)
            if body:
                yield body
            if chunks.is_done:
                break
            piece = self._receive(_PIECE)
            if not piece:
                if not chunks.is_last_seen:
                    raise broken("the connection ended before the last chunk")
                return  # RFC 9112, 8: whole, although the line behind its end is missing
        self._is_clean = chunks.is_sound and not chunks.rest

    def _until_the_end(self, piece: bytes) -> Iterator[bytes]:
        if piece:
            yield piece
        while piece := self._receive(_PIECE):
            yield piece
        if self._is_ragged:  # RFC 9112, 9.8: anyone may have cut it
            raise broken("the connection ended without the end of TLS, and the answer said no length")

    # What `http.client` and urllib3 ask for

    def isclosed(self) -> bool:
        """Whether the connection is done with this answer."""
        return self._is_closed

    def close(self) -> None:
        """End it, and its connection."""
        self._is_closed = True
        if self._connection is not None:
            self._connection.close()

    def release_conn(self) -> None:
        """Give the connection back; it stays open if another answer may come over it."""
        if not (self.is_whole and self._is_clean and self.framing.is_lasting):
            self.close()
        self._is_closed = True
        # The connection remembers its last answer. Did that hold its pool, a pool that is let go of
        # would close its connections only when the garbage collector comes by.
        connection, self._connection = self._connection, None
        pool, self._pool = self._pool, None
        if connection is not None and pool is not None:
            pool._put_conn(connection)  # noqa: SLF001  as urllib3's own answers do

    @property
    def headers(self) -> dict[str, str]:
        """The fields, by their names in small letters."""
        return self.head.fields

    @property
    def pairs(self) -> Pairs:
        """The fields in wire order."""
        return self.head.pairs

    @property
    def version_string(self) -> str:
        """The version, for urllib3's log."""
        return self.head.version
