"""At most so many requests to one host at once, however many threads and processes ask.

A slot is a file of its own, locked while a request is under way. Locks on files hold
between threads, forked, spawned and unrelated processes alike, nobody has to hand them
around, and the system frees them when a process dies. It takes some 20 µs a request.

A host that answers 429 or 503 is asked nothing more: whoever got the answer says so in
a file, and everybody looks there first.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOOK_S = 0.002
"""Seconds between two looks for a free slot."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Slots of hosts; a plain value, so that it travels to a worker with the task.

    Attributes:
        folder: Where the files are, each run in an empty one; "" for no limit.
        per_host: Requests that one host gets at once.
    """

    folder: str = ""
    per_host: int = 0

    @contextlib.contextmanager
    def slot(self, url: str) -> Iterator[None]:
        """Wait until the URL's host may be asked; the slot is free again behind the block."""
        locked = self._try(url)
        while locked is None:
            time.sleep(_LOOK_S)
            locked = self._try(url)
        try:
            yield
        finally:
            _free(locked)

    @contextlib.asynccontextmanager
    async def slot_in_loop(self, url: str) -> AsyncIterator[None]:
        """Do the same without blocking an event loop."""
        locked = self._try(url)
        while locked is None:
            await asyncio.sleep(_LOOK_S)
            locked = self._try(url)
        try:
            yield
        finally:
            _free(locked)

    def complained(self, url: str) -> None:
        """Note that the URL's host asked for less."""
        if self.folder:
            self._file(url, "complained").touch()

    def has_complained(self, url: str) -> bool:
        """Whether it did, to any of us."""
        return bool(self.folder) and self._file(url, "complained").exists()

    def _try(self, url: str) -> int | None:
        """A locked file's descriptor, -1 where there is no limit, None when no slot is free."""
        if not self.folder:
            return -1
        for number in range(self.per_host):
            file = os.open(self._file(url, str(number)), os.O_RDWR | os.O_CREAT)
            if _is_locked(file):
                return file
            os.close(file)
        return None

    def _file(self, url: str, name: str) -> Path:
        from ...urls import host  # noqa: PLC0415  workers without a limit load nothing for it

        return Path(self.folder) / f"{blake2b(host(url).encode(), digest_size=8).hexdigest()}-{name}"


def _is_locked(file: int) -> bool:
    """Whether we got the lock."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _free(file: int) -> None:
    if file >= 0:
        os.close(file)  # which unlocks it
