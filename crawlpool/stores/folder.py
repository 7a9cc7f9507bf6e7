"""Bodies as files: a folder for each host, and an index beside them that says what each file is.

    pages/index.jsonl                                {"url": ..., "file": "shop.example/about-1f2e3d4c5b.html", ...}
    pages/shop.example/about-1f2e3d4c5b.html
    pages/.incoming/12                               on its way; gone when the crawl ends

A position is that of the index. What makes a file and its line one thing, whenever the power fails:

    write   the body goes to .incoming                       flush   the files there reach the disk (fsync),
            the line waits for the index                             then the lines in the index,
                                                                     then each file gets its place and name

So a file in its place is whole and has its line. Opened at a position, the store removes the
files that lines behind it name, and what lies in .incoming; then it cuts the index.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath

from crawlpool.errors import StoreError

from .appendfile import sync_directory
from .base import Position, Record, Start
from .jsonl import JsonlStore

INCOMING = ".incoming"

_OURS = re.compile(r"[a-z0-9_][a-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*")
"""What a file is called by the index: a folder and a name in it, and nothing that leads elsewhere."""

_LONGEST_LINE = 1024 * 1024
_SYNCERS = 8


class FolderStore(JsonlStore):
    """Files beside an index in JSON Lines; a record without a body has a line only.

    A record's `body` (bytes) becomes the file that its `file` names, seen from the index's
    folder; the line has no `body`, but `bytes` and `sha256` of it. A file that is there is
    never written over: the new one gets a number, and the line says so.

    Starting fresh removes the files that the old index names, and nothing else.

    Args:
        path: The index; its directory has to be there.

    Raises:
        StoreError: From every method but `__init__`; names the file and the cause.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._home = Path(path).parent
        self._incoming = self._home / INCOMING
        self._moves: list[tuple[Path, str]] = []  # what lies there, and where it goes
        self._claimed: set[str] = set()  # the same places, without case
        self._count = 0
        self._failure = ""

    def open(self, at: Position | Start) -> None:
        """Start empty, behind what is there, or at a position."""
        self._moves.clear()
        self._claimed.clear()
        self._failure = ""
        with self._file.opening():
            if at is Start.FRESH:
                with self._named("empty"):
                    self._remove(self._files_behind(0))
                self._file.open(is_fresh=True)
            elif isinstance(at, Start):
                super().open(at)
            else:
                self._file.open_at(at)
                length = self._file.check(at)
                with self._named("cut back"):
                    self._remove(self._files_behind(length))
                self._file.truncate(length)
            with self._named("clear"):
                self._clear_incoming()

    def write(self, record: Record) -> None:
        """Take one record; its body goes to the disk at once, and to its place with `flush`."""
        if self._failure:
            raise StoreError(self._failure)
        body, line = record.get("body"), dict(record)
        if isinstance(body, bytes):
            del line["body"]
            name = str(record.get("file"))
            if not _OURS.fullmatch(name):
                raise StoreError(f"{self._home} takes no file called {name!r}")
            with self._named("write"):
                line["file"] = self._staged(name, body)
            line["bytes"], line["sha256"] = len(body), sha256(body).hexdigest()
        with self._named("write"):
            super().write(line)

    def flush(self) -> Position:
        """Bring all to the disk and the files to their places; the position is the index's."""
        if self._failure:
            raise StoreError(self._failure)
        with self._named("write"):
            _sync_all([staged for staged, _ in self._moves])
            position = super().flush()
            folders = {self._place(staged, name) for staged, name in self._moves}
            for folder in folders:
                sync_directory(folder)
        self._moves.clear()
        self._claimed.clear()
        return position

    def close(self) -> None:
        """Flush and close; harmless when called twice or after a failure."""
        if self._failure:
            self._moves.clear()
            with suppress(StoreError), self._file.opening():
                raise StoreError(
                    self._failure
                )  # lets go of the index, which ends where the last flush left it
            return
        try:
            if self._moves:
                self.flush()
        finally:
            super().close()
            with suppress(OSError):
                self._incoming.rmdir()

    def _staged(self, name: str, body: bytes) -> str:
        """Write a body to where it waits; the name that it will have."""
        self._incoming.mkdir(exist_ok=True)
        free = name
        for number in range(2, 1_000_000):
            if free.casefold() not in self._claimed and not os.path.lexists(self._home / free):
                break
            free = str(PurePosixPath(name).with_stem(f"{PurePosixPath(name).stem}-{number}"))
        self._count += 1
        staged = self._incoming / str(self._count)
        with staged.open("xb") as file:
            file.write(body)
        self._moves.append((staged, free))
        self._claimed.add(free.casefold())
        return free

    def _place(self, staged: Path, name: str) -> Path:
        """Give a file its place; the folder that it is in."""
        target = self._home / name
        if not target.parent.is_dir():
            target.parent.mkdir()
            sync_directory(self._home)
        staged.rename(target)
        return target.parent

    def _files_behind(self, length: int) -> list[str]:
        """The files that the index names from some byte on; of a line that is torn, none."""
        path = self._file.path
        if not path.is_file():
            return []
        names = []
        with path.open("rb") as index:
            index.seek(length)
            while line := index.readline(_LONGEST_LINE):
                try:
                    name = json.loads(line).get("file")
                except (ValueError, AttributeError, RecursionError):
                    continue
                if isinstance(name, str) and _OURS.fullmatch(name):
                    names.append(name)
        return names

    def _remove(self, names: list[str]) -> None:
        for name in names:
            target = self._home / name
            target.unlink(missing_ok=True)
            with suppress(OSError):  # others are in there
                target.parent.rmdir()

    def _clear_incoming(self) -> None:
        if self._incoming.is_dir() and not self._incoming.is_symlink():
            for left in self._incoming.iterdir():
                if left.name.isdecimal():
                    left.unlink()
            with suppress(OSError):
                self._incoming.rmdir()

    @contextmanager
    def _named(self, doing: str) -> Iterator[None]:
        """What goes wrong becomes a `StoreError` that names the place, and stays: nothing more is written."""
        try:
            yield
        except StoreError as error:  # of the index
            self._failure = str(error)
            raise
        except OSError as error:
            where = error.filename or self._home
            self._failure = f"cannot {doing} {where}, beside {self._file.path}: {error.strerror or error}"
            if doing == "write" and not self._home.is_dir():
                self._failure = self._told_by_index() or self._failure
            raise StoreError(self._failure) from error

    def _told_by_index(self) -> str:
        """What became of the folder, as the index knows: deleted, moved away."""
        try:
            self._file.sync()
        except StoreError as error:
            return str(error)
        return ""


def _sync_all(paths: list[Path]) -> None:
    """Bring files to the disk, side by side: one by one each waits for the disk by itself, ten times as long."""
    if len(paths) < _SYNCERS:
        for path in paths:
            _sync(path)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  rarely needed

    with ThreadPoolExecutor(_SYNCERS) as pool:
        for _ in pool.map(_sync, paths):
            pass


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
