"""A file that only grows, and can be cut back to any point it reported.

JSON Lines and CSV stand on it. It knows bytes only, and keeps three promises:

* A point is `{"bytes": length, "tail": digest of the last 4 KiB before it}`, given
  only after fsync. A file that no longer fits its point is refused, never cut.
* What is handed over in one `write` reaches the file whole or not at all: when the
  disk is full, the part that did get there is taken back.
* After one failure nothing more is written. A later fsync may well succeed although
  the data is gone, so an error must not be followed by a good report.

Other programs may do anything to the file meanwhile. Before each write, and before each
point is given, it has to be the one that was opened, where it was, and as long as it was;
else that is the failure, and what is there now is left alone.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from crawlpool.errors import StoreError

from .base import Position

TAIL = 4096
_BUFFERED = 256 * 1024
_WHAT_DOES = "put the old file back, or start over with --fresh"
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line ends


def digest(tail: bytes) -> str:
    """Return what a point remembers of the bytes before it."""
    return blake2b(tail[-TAIL:], digest_size=16).hexdigest()


class AppendFile:
    """Bytes in, points out.

    Args:
        path: The file; its directory has to be there.

    Raises:
        StoreError: From every method, naming the file and the cause.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._real = self.path  # where links lead, so that a replacement leaves the link alone
        self._file: FileIO | None = None
        self._is_regular = True
        self._size = 0
        self._is_synced = True
        self._is_new = False
        self._tail = b""  # the end of the file, as it has to be
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._failure = ""

    @property
    def size(self) -> int:
        """Bytes that are written, those in memory included."""
        return self._size + self._pending_bytes

    def open(self, *, is_fresh: bool) -> None:
        """Open for writing, empty or behind what is there; a file is made where there is none."""
        with self._named("open"):
            self._real = Path(os.path.realpath(self.path))
            self._is_new = not self._real.exists()
            self._is_regular = self._is_new or self._real.is_file()
            if self._is_regular:
                flags = os.O_RDWR | os.O_CREAT | (os.O_TRUNC if is_fresh else 0)
            else:  # a device or a named pipe: no size, no way back
                flags = os.O_WRONLY
            descriptor = os.open(self._real, flags | _BINARY, 0o666)
            self._file = FileIO(descriptor, "r+" if self._is_regular else "w")
            self._size = self._file.seek(0, os.SEEK_END) if self._is_regular else 0
            self._is_synced = not (self._is_new or is_fresh)
            self._failure = ""
        self._tail = self._read_tail()

    def open_at(self, at: Position) -> None:
        """Open what is there as it is, for `cut`; a file that should hold something has to exist."""
        length, _ = self.parts(at)
        if length and not self.path.exists():
            raise StoreError(
                f"{self.path} is gone, and {length:,} bytes of this crawl were in it; "
                "put it back, or start over with --fresh"
            )
        self.open(is_fresh=False)

    def parts(self, at: Position) -> tuple[int, str]:
        """Take a point apart; it comes out of a file of ours, but files get edited."""
        if isinstance(at, dict):
            length, tail = at.get("bytes"), at.get("tail")
            if type(length) is int and length >= 0 and isinstance(tail, str):
                return length, tail
        raise StoreError(
            f"{self.path} cannot be continued at {at!r}, which is no position in a file of its kind"
        )

    def cut(self, at: Position) -> None:
        """Cut back to a point, once it is sure that the file still has what it had there."""
        if self._is_regular:
            self.truncate(self.check(at))

    def check(self, at: Position) -> int:
        """See that a regular file still has what it had at a point; its length there."""
        length, tail = self.parts(at)
        if self._size < length:
            self.misfit(f"it has {self._size:,} bytes, and had {length:,}")
        if digest(self.read(max(0, length - TAIL), length)) != tail:
            self.misfit("it was changed since")
        if at.get("is_end") and self._size > length:
            raise StoreError(
                f"{self.path} has {self._size - length:,} bytes behind what this crawl left, which somebody else added; "
                "--append keeps them, or take them out"
            )
        return length

    def misfit(self, why: str) -> None:
        """Refuse to go on in a file that is not as it was left."""
        raise StoreError(f"{self.path} is not as this crawl left it ({why}); {_WHAT_DOES}")

    def truncate(self, size: int) -> None:
        """Drop everything from `size` on."""
        if size == self._size:
            return
        with self._named("cut back") as file:
            file.truncate(size)
            file.seek(size)
            self._size = size
            self._is_synced = False
        self._tail = self._read_tail()

    def read(self, start: int, end: int) -> bytes:
        """Bytes that are in the file already."""
        with self._named("read") as file:
            file.seek(start)
            parts = []
            while start < end and (part := file.read(end - start)):
                parts.append(part)
                start += len(part)
            file.seek(self._size)
        return b"".join(parts)

    @contextmanager
    def lines(self) -> Iterator[BinaryIO]:
        """The file opened once more, to be read line by line from its beginning."""
        with self._named("read"), self._real.open("rb") as file:
            yield file

    def write(self, data: bytes) -> None:
        """Take bytes that belong together; they may stay in memory until `sync`."""
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes >= _BUFFERED:
            self._drain()

    def hand_over(self) -> None:
        """Give everything to the operating system, where it outlives this process but not a power cut."""
        self._drain()

    def sync(self) -> dict[str, Any]:
        """Bring everything to the disk, and return the point reached; one of a device or a pipe says nothing."""
        self._drain()
        if not self._is_regular:
            return {"bytes": 0, "tail": ""}
        with self._named("write") as file:
            if not self._is_synced:
                os.fsync(file.fileno())
                if self._is_new:
                    sync_directory(self._real.parent)
                    self._is_new = False
                self._is_synced = True
            self._check(file)
        if self._read_tail() != self._tail:
            self._fail(f"{self.path} was changed by another program while it was written; {_WHAT_DOES}")
        return {"bytes": self._size, "tail": digest(self._tail)}

    def _read_tail(self) -> bytes:
        return self.read(max(0, self._size - TAIL), self._size) if self._is_regular else b""

    def _check(self, file: FileIO) -> None:
        """See that the file is the one that was opened, in its place and as long as we left it."""
        if not self._is_regular:
            return
        ours = os.fstat(file.fileno())
        try:
            there = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            what = "deleted" if ours.st_nlink == 0 else "moved away"
        else:
            if not os.path.samestat(ours, there):
                what = "replaced by another file"
            elif ours.st_size != self._size:
                what = f"changed by another program, from {self._size:,} to {ours.st_size:,} bytes,"
            else:
                return
        self._fail(f"{self.path} was {what} while it was written; {_WHAT_DOES}")

    def replace(self, pieces: Iterable[bytes]) -> None:
        """Put other content in the file's place, all of it or none, even if the power fails.

        Raises:
            StoreError: As everywhere; the file then is what it was.
        """
        if not self._is_regular:
            self._fail(f"cannot write {self.path}: it is no regular file, so nothing in it can be changed")
        self._drain()
        beside = self._real.with_name(f".{self._real.name}.new")
        try:
            with self._named("rewrite") as file:
                self._check(file)
                beside.unlink(missing_ok=True)  # of a run that was killed
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
                with open(descriptor, "wb", buffering=_BUFFERED) as new:  # noqa: PTH123  a descriptor
                    new.writelines(pieces)
                    new.flush()
                    os.fsync(new.fileno())
                self._check(file)  # again, for the pieces may be long
                file.close()  # Windows replaces no open file
                beside.replace(self._real)
                sync_directory(self._real.parent)
        except StoreError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        self.open(is_fresh=False)

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Let go of the file again when what is done inside says that it cannot be used."""
        try:
            yield
        except StoreError:
            self._let_go()
            raise

    def close(self) -> None:
        """Write what waits and let go; harmless when called twice or after a failure."""
        if self._file is None:
            return
        try:
            if not self._failure:
                self.sync()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        file, self._file = self._file, None
        self._pending.clear()
        self._pending_bytes = 0
        if file is not None:
            with suppress(OSError):  # everything is on the disk, or the failure was told
                file.close()

    def _drain(self) -> None:
        if not self._pending:
            if self._failure:
                raise StoreError(self._failure)
            return
        data = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        with self._named("write") as file:
            self._check(file)
        try:
            with self._named("write") as file:
                self._is_synced = False
                written = 0
                while written < len(data):
                    written += file.write(memoryview(data)[written:]) or 0
        except StoreError:
            if self._file is not None and self._is_regular:
                with suppress(OSError):
                    self._file.truncate(self._size)
            raise
        self._size += len(data)
        self._tail = (self._tail + data[-TAIL:])[-TAIL:]

    @contextmanager
    def _named(self, doing: str) -> Iterator[FileIO]:
        """Lend the open file; an `OSError` becomes a `StoreError` that names it, and stays."""
        if self._failure and doing != "open":
            raise StoreError(self._failure)
        if self._file is None and doing != "open":
            raise StoreError(f"cannot {doing} {self.path}: it is not open")
        try:
            yield self._file  # type: ignore[misc]  # None only while opening, where nobody looks at it
        except OSError as error:
            self._failure = f"cannot {doing} {self.path}: {error.strerror or error}"
            raise StoreError(self._failure) from error

    def _fail(self, message: str) -> None:
        self._failure = message
        raise StoreError(message)


def sync_directory(path: Path) -> None:
    """Make a new or replaced name last; where directories cannot be opened (Windows) it does by itself."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
