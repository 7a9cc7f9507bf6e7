"""Content codings off a body, piece by piece (RFC 9110, 8.4): gzip, deflate, br and zstd.

A stream that ends before its end is a fault, and so is one that is not what its name
says; urllib3 lets the first pass.

    what came ─▶ slices of 4 KiB ─▶ stage ─▶ steps of 1 MiB ─▶ stage ─▶ ... ─▶ body

Each stage makes a step at most before the next takes it, so whatever came, no more is
held than the body so far and a step a stage. No stage makes more than the cap, so that a
small answer cannot become an endless one, not even between two codings; and one that
makes very much of very little is no page at all, but a bomb.
"""

import sys
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from ..model import FailureKind
from .heads import BadAnswer

MOST_CODINGS = 5
"""Codings of one body, one upon the other."""

JUDGED_FROM = 4 * 1024 * 1024
"""Bytes that a coding may make of however little; past them, the ratio counts."""

_STEP = 1024 * 1024
"""Bytes that one call into a library may make."""

_SLICE = 4 * 1024
"""Bytes that go into the first stage at once: so closely it is known what came of how much."""

_SLACK = 64 * 1024
"""Bytes that a coding may add to what cannot be made smaller."""

_MOST_MEMBERS = 10_000
"""Streams one behind the other in one body; each has to be set up, however little is in it."""

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
        most_ratio: Bytes that a coding may make of one byte that was sent, once it made `JUDGED_FROM`.

    Attributes:
        is_over: More than `most` came out, or went in; the rest is not decoded.
    """

    def __init__(self, codings: Sequence[str], most: int, most_ratio: int = 1_000) -> None:
        """Start at the beginning of the body."""
        self._names = codings
        self._stages = [_STAGES[name]() for name in codings]
        between = most + most // 64 + _SLACK
        self._most = [between] * (len(codings) - 1) + [most]
        self._made = [0] * len(codings)
        self._most_in = between
        self._taken = 0
        self._most_ratio = most_ratio
        self.is_over = False

    def feed(self, piece: bytes) -> bytes:
        """Decode the next piece of the body.

        Raises:
            BadAnswer: It is not what the coding's name says, or a bomb.
        """
        parts: list[bytes] = []
        for start in range(0, len(piece), _SLICE):
            slice_ = piece[start : start + _SLICE]
            self._taken += len(slice_)
            if self._taken > self._most_in:
                self.is_over = True
            self._through(slice_, 0, parts)
            if self.is_over:
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _through(self, piece: bytes, number: int, parts: list[bytes]) -> None:
        """Take what came out of the stage before through a stage and those behind it."""
        most, is_last = self._most[number], number == len(self._stages) - 1
        steps = self._stages[number].steps(piece)
        while True:
            try:
                step = next(steps, None)
            except MemoryError:
                raise
            except Exception as error:  # each library has a class of its own
                raise BadAnswer(
                    FailureKind.DECODING,
                    f"the body is not what its Content-Encoding says: {self._names[number]}",
                ) from error
            if step is None:
                return
            made = self._made[number] = self._made[number] + len(step)
            if made > JUDGED_FROM:
                self._judge(number)
            if made > most:
                self.is_over = True
                step = step[: most - made] or b""
            if is_last:
                parts.append(step)
            elif step:
                self._through(step, number + 1, parts)
            if self.is_over:
                return

    def _judge(self, number: int) -> None:
        made = self._made[number]
        if made > self._most_ratio * self._taken:
            raise BadAnswer(
                FailureKind.RATIO,
                f"{self._taken:,} bytes of the body, coded with {self._names[number]}, make more than "
                f"{made:,}: over {self._most_ratio:,} of each",
            )

    @property
    def is_whole(self) -> bool:
        """Whether each stream has come to its end; a body of no bytes is whole in any coding."""
        return not self._taken or all(stage.is_whole for stage in self._stages)


class _Members:
    """Counts streams that stand one behind the other."""

    def __init__(self) -> None:
        self._left = _MOST_MEMBERS

    def count(self) -> None:
        """Count one more.

        Raises:
            ValueError: There were too many.
        """
        self._left -= 1
        if self._left < 0:
            raise ValueError("too many streams one behind the other")


class _Gzip:
    """RFC 1952: members one behind the other; what follows them and is none is left out."""

    def __init__(self) -> None:
        self._new = _gzip_library().decompressobj
        self._stream = self._new(16 + zlib.MAX_WBITS)
        self._members = _Members()
        self._is_behind = False

    def steps(self, data: bytes) -> Iterator[bytes]:
        while data and not self._is_behind:
            if self._stream.eof:
                if data[0] != 0x1F:
                    self._is_behind = True
                    return
                self._members.count()
                self._stream = self._new(16 + zlib.MAX_WBITS)
            made = self._stream.decompress(data, _STEP)
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if made:
                yield made
            # What it has made and not yet given away comes with the next call, though nothing more goes in.
            while len(made) == _STEP and not data and not self._stream.eof:
                made = self._stream.decompress(b"", _STEP)
                if made:
                    yield made

    @property
    def is_whole(self) -> bool:
        return bool(self._stream.eof)


@cache
def _gzip_library() -> Any:
    """Intel's, where it is installed (`isal`): 0.11 ms for 60 KB instead of 0.30; else Python's own.

    It keeps to the same limits and checks the same sums, and is the less strict one in that it
    passes over reserved bits of a head. A bare deflate that is broken it may take for a good one, so that is not its.
    """
    try:
        return import_module("isal.isal_zlib")
    except ImportError:
        return zlib


class _Deflate:
    """RFC 1950, and the bare RFC 1951 that some servers send under this name."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()
        self._first: bytes | None = b""  # until something came of it, it may be either

    def steps(self, data: bytes) -> Iterator[bytes]:
        if self._first is not None:
            self._first += data
        while not self._stream.eof:
            try:
                made = self._stream.decompress(data, _STEP)
            except zlib.error:
                if self._first is None:
                    raise
                data, self._first = self._first, None
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
                continue
            data = self._stream.unconsumed_tail
            if self._first is not None and (made or len(self._first) > _SLACK):
                self._first = None
            if made:
                yield made
            if not data and len(made) < _STEP:
                return

    @property
    def is_whole(self) -> bool:
        return self._stream.eof


class _Brotli:
    """RFC 7932. The large windows that go beyond it are refused by the library."""

    def __init__(self) -> None:
        import brotli  # noqa: PLC0415  few servers send it, and each worker would load it

        self._stream: Any = brotli.Decompressor()

    def steps(self, data: bytes) -> Iterator[bytes]:
        made = self._stream.process(
            data, output_buffer_limit=_STEP // 4
        )  # it fills the block where that is reached
        while made or not self._stream.can_accept_more_data():
            if made:
                yield made
            made = self._stream.process(b"", output_buffer_limit=_STEP // 4)

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
        self._members = _Members()

    def _new(self) -> Any:
        options = {self._library.DecompressionParameter.window_log_max: _MOST_WINDOW}
        return self._library.ZstdDecompressor(options=options)

    def steps(self, data: bytes) -> Iterator[bytes]:
        while data or not (self._stream.eof or self._stream.needs_input):
            if self._stream.eof:
                self._members.count()
                self._stream = self._new()
            made = self._stream.decompress(data, _STEP)
            data = self._stream.unused_data if self._stream.eof else b""
            if made:
                yield made

    @property
    def is_whole(self) -> bool:
        return bool(self._stream.eof)


# Each has `steps(data)`, which decodes all of `data` in steps of `_STEP` bytes at most, and
# `is_whole`: whether the stream has come to its end.
_STAGES: dict[str, type[Any]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
