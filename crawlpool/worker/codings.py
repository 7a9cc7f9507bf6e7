"""Content codings off a body, piece by piece (RFC 9110, 8.4): gzip, deflate, br and zstd.

A stream that ends before its end is a fault, and so is one that is not what its name
says; urllib3 lets the first pass. No stage makes more than the cap, so that a small
answer cannot become an endless one, not even between two codings.
"""

import sys
import zlib
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ..model import FailureKind
from .heads import BadAnswer

MOST_CODINGS = 5
"""Codings of one body, one upon the other."""

_SLACK = 64 * 1024
"""Bytes that a coding may add to what cannot be made smaller."""

_MOST_WINDOW = 23
"""Power of two of zstd's window, 8 MiB: no more may be asked of us (RFC 9659, 3)."""


def codings_of(value: str | None) -> tuple[str, ...]:
    """The codings of a Content-Encoding, the one to be removed first in front.

    Empty when one of them is unknown: the body is then left as it came, as browsers do.

    Raises:
        BadAnswer: There are too many.
    """
    if not value:
        return ()
    names = [name for each in value.lower().split(",") if (name := each.strip(" \t"))]
    names = [name for name in names if name != "identity"]
    if len(names) > MOST_CODINGS:
        raise BadAnswer(FailureKind.DECODING, f"the body has more than {MOST_CODINGS} content codings")
    return tuple(reversed(names)) if all(name in _STAGES for name in names) else ()


class Decoding:
    """Codings to remove, and how far that has come.

    Args:
        codings: Their names, the one to be removed first in front.
        most: Bytes that may come out.

    Attributes:
        is_over: More than `most` came out, or went in; the rest is not decoded.
    """

    def __init__(self, codings: Sequence[str], most: int) -> None:
        """Start at the beginning of the body."""
        self._names = codings
        self._stages = [_STAGES[name]() for name in codings]
        between = most + most // 64 + _SLACK
        self._left = [between] * (len(codings) - 1) + [most]
        self._left_in = between
        self._is_begun = False
        self.is_over = False

    def feed(self, piece: bytes) -> bytes:
        """Decode the next piece of the body.

        Raises:
            BadAnswer: It is not what the coding's name says.
        """
        self._is_begun = self._is_begun or bool(piece)
        self._left_in -= len(piece)
        self.is_over = self.is_over or self._left_in < 0
        for number, stage in enumerate(self._stages):
            if not piece:
                break
            left = self._left[number]
            try:
                piece = stage.feed(piece, left + 1)
            except MemoryError:
                raise
            except Exception as error:  # each library has a class of its own
                raise BadAnswer(
                    FailureKind.DECODING,
                    f"the body is not what its Content-Encoding says: {self._names[number]}",
                ) from error
            self._left[number] = left - len(piece)
            if len(piece) > left:
                self.is_over = True
                piece = piece[:left]
        return piece

    @property
    def is_whole(self) -> bool:
        """Whether each stream has come to its end; a body of no bytes is whole in any coding."""
        return not self._is_begun or all(stage.is_whole for stage in self._stages)


class _Gzip:
    """RFC 1952: members one behind the other; what follows them and is none is left out."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._is_behind = False

    def feed(self, data: bytes, most: int) -> bytes:
        if self._is_behind:
            return b""
        made, parts = 0, []
        while data and made < most:
            if self._stream.eof:
                if data[0] != 0x1F:
                    self._is_behind = True
                    break
                self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
            part = self._stream.decompress(data, most - made)
            data = self._stream.unused_data
            parts.append(part)
            made += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @property
    def is_whole(self) -> bool:
        return self._stream.eof


class _Deflate:
    """RFC 1950, and the bare RFC 1951 that some servers send under this name."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()
        self._first: bytes | None = b""

    def feed(self, data: bytes, most: int) -> bytes:
        if self._stream.eof:
            return b""
        if self._first is None:
            return self._stream.decompress(data, most)
        self._first += data
        try:
            made = self._stream.decompress(data, most)
        except zlib.error:
            first, self._first = self._first, None
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._stream.decompress(first, most)
        if made or len(self._first) > _SLACK:
            self._first = None
        return made

    @property
    def is_whole(self) -> bool:
        return self._stream.eof


class _Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        import brotli  # noqa: PLC0415  few servers send it, and each worker would load it

        self._stream: Any = brotli.Decompressor()

    def feed(self, data: bytes, most: int) -> bytes:
        part = self._stream.process(data, output_buffer_limit=most)
        made, parts = len(part), [part]
        while made < most and (part or not self._stream.can_accept_more_data()):
            part = self._stream.process(b"", output_buffer_limit=most - made)
            made += len(part)
            parts.append(part)
        return b"".join(parts)

    @property
    def is_whole(self) -> bool:
        return bool(self._stream.is_finished())


class _Zstd:
    """RFC 8878: frames one behind the other."""

    def __init__(self) -> None:
        self._library: Any = import_module(
            "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
        )
        self._stream = self._new()

    def _new(self) -> Any:
        options = {self._library.DecompressionParameter.window_log_max: _MOST_WINDOW}
        return self._library.ZstdDecompressor(options=options)

    def feed(self, data: bytes, most: int) -> bytes:
        made, parts = 0, []
        while data and made < most:
            if self._stream.eof:
                self._stream = self._new()
            part = self._stream.decompress(data, most - made)
            parts.append(part)
            made += len(part)
            data = self._stream.unused_data if self._stream.eof else b""
        return b"".join(parts)

    @property
    def is_whole(self) -> bool:
        return bool(self._stream.eof)


# Each has `feed(data, most)`, which decodes all of `data` or stops once it has made `most` bytes,
# and `is_whole`: whether the stream has come to its end.
_STAGES: dict[str, type[Any]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
