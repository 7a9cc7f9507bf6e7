"""Requests cut off a stream of bytes: HTTP/1.1 as a server reads it (RFC 9112)."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from ..model import Pairs

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers that are read; more is answered with 431."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VERSION = re.compile(r"HTTP/1\.[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as it came.

    Attributes:
        method: As sent; methods are told apart by case (RFC 9110, 9.1).
        target: What stood in the request line: a path with query, or a whole URL
            when the client takes us for a proxy. Bytes above 127 as Latin-1.
        version: "HTTP/1.1" or "HTTP/1.0".
        headers: Pairs in wire order, duplicates kept.
        body: Transfer coding removed.
        client: The address that it came from, without port.
        is_last: The client wants the connection closed behind the answer.
        at: `time.monotonic()` when it was complete.
    """

    method: str
    target: str
    version: str
    headers: Pairs
    body: bytes
    client: str
    is_last: bool
    at: float

    @property
    def path(self) -> str:
        """The target's path and query, without scheme and host (RFC 9112, 3.2.2)."""
        _, mark, rest = self.target.partition("://")
        if self.target.startswith("/") or not mark:
            return self.target
        end = next((at for at, letter in enumerate(rest) if letter in "/?"), len(rest))
        path = rest[end:]
        return path if path.startswith("/") else f"/{path}"

    def header(self, name: str) -> str | None:
        """First value of a header, compared without case; None without one."""
        return _header(self.headers, name.lower())


class RefusedError(Exception):
    """The bytes are no request that we can answer; `status` says what to tell the client."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Reader:
    """Takes bytes as they come and gives whole requests, in order.

    Attributes:
        wants_continue: The request that is not whole yet waits for "100 Continue"
            (RFC 9110, 10.1.1); set it to False when that was said.

    Args:
        max_body: Bytes of a request's body that are read; more is refused with 413.
    """

    def __init__(self, max_body: int) -> None:
        self._buffer = bytearray()
        self._max_body = max_body
        self._is_asked_to_continue = False
        self.wants_continue = False

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        self._buffer += data

    def clear(self) -> None:
        """Forget what was not taken."""
        self._buffer.clear()

    @property
    def is_full(self) -> bool:
        """True when more waits here than one request may hold."""
        return len(self._buffer) > MAX_HEAD + self._max_body

    def take(self, client: str) -> Asked | None:
        """The next whole request; None when it is not all there yet.

        Raises:
            RefusedError: There is none to come, and the connection is of no more use.
        """
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: empty lines before a request are ignored
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end < 0 or end > MAX_HEAD:
            if len(buffer) > MAX_HEAD:
                raise RefusedError(431)
            return None
        method, target, version, headers = _parse_head(buffer[:end].decode("latin-1"))
        body, after = self._take_body(headers, end + 4)
        if body is None:
            if (
                not self._is_asked_to_continue
                and (_header(headers, "expect") or "").lower() == "100-continue"
            ):
                self._is_asked_to_continue = self.wants_continue = True
            return None
        self._is_asked_to_continue = self.wants_continue = False
        del buffer[:after]
        wish = (_header(headers, "connection") or "").lower()
        return Asked(
            method=method,
            target=target,
            version=version,
            headers=headers,
            body=body,
            client=client,
            is_last=version == "HTTP/1.0" or "close" in wish,
            at=time.monotonic(),
        )

    def _take_body(self, headers: Pairs, start: int) -> tuple[bytes | None, int]:
        """The body that begins at `start` and where it ends; None when it is not all there (RFC 9112, 6.3)."""
        coding, lengths = _header(headers, "transfer-encoding"), _all(headers, "content-length")
        if coding is not None:
            if lengths:
                raise RefusedError(400)
            if coding.strip().lower() != "chunked":
                raise RefusedError(501)
            return _dechunked(self._buffer, start, self._max_body)
        if not lengths:
            return b"", start
        if len(set(lengths)) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            raise RefusedError(400)
        if len(lengths[0]) > 18 or int(lengths[0]) > self._max_body:
            raise RefusedError(413)
        after = start + int(lengths[0])
        return (bytes(self._buffer[start:after]), after) if len(self._buffer) >= after else (None, after)


def _parse_head(text: str) -> tuple[str, str, str, Pairs]:
    first, *lines = text.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not _TOKEN.fullmatch(words[0]) or not words[1]:
        raise RefusedError(400)
    method, target, version = words
    if not _VERSION.fullmatch(version):
        raise RefusedError(505 if version.startswith("HTTP/") else 400)
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            raise RefusedError(400)
        headers.append((name, value.strip(" \t")))
    version = "HTTP/1.0" if version == "HTTP/1.0" else "HTTP/1.1"
    if version == "HTTP/1.1" and len(_all(headers, "host")) != 1:  # RFC 9112, 3.2
        raise RefusedError(400)
    return method, target, version, tuple(headers)


def _dechunked(buffer: bytearray, start: int, most: int) -> tuple[bytes | None, int]:
    """Undo the chunked coding (RFC 9112, 7.1); extensions and trailers are dropped."""
    body = bytearray()
    at = start
    while (end := buffer.find(b"\r\n", at)) >= 0:
        digits = bytes(buffer[at:end]).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", digits):
            raise RefusedError(400)
        size, at = int(digits, 16), end + 2
        if len(body) + size > most:
            raise RefusedError(413)
        if size == 0:
            return _without_trailers(buffer, at, bytes(body))
        if len(buffer) < at + size + 2:
            return None, at
        if buffer[at + size : at + size + 2] != b"\r\n":
            raise RefusedError(400)
        body += buffer[at : at + size]
        at += size + 2
    if len(buffer) - at > MAX_HEAD:
        raise RefusedError(400)
    return None, at


def _without_trailers(buffer: bytearray, at: int, body: bytes) -> tuple[bytes | None, int]:
    while (end := buffer.find(b"\r\n", at)) >= 0:
        if end == at:
            return body, end + 2
        at = end + 2
    return None, at


def _header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name), None)


def _all(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name]
