"""Open a job file to look into it, and tell whether a crawl writes to it just now."""

import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from .schema import connect_to_read, named

_LOOKS: Final = 8
_BETWEEN_LOOKS_S: Final = 0.025


@contextmanager
def looking_into(path: Path) -> Iterator[sqlite3.Connection]:
    """Lend a connection that can only read; bytes that are no text come as U+FFFD.

    Raises:
        FrontierError: As `schema.connect_to_read` says, or the file turns out to be damaged on the way.
    """
    had_log = _log_of(path).exists()
    try:
        db = connect_to_read(path)
        try:
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            with named(path):
                yield db
        finally:
            db.close()
    finally:
        if not had_log and path.is_file():
            _tidy(path)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _tidy(path: Path) -> None:
    """Take the empty log away that reading made, as only a connection that may write does."""
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", timeout=0, uri=True)
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            db.close()
    except sqlite3.Error:
        return  # it may not be written, and then nothing was left behind either


def is_held(path: Path, owner: Any = None) -> bool | None:
    """Whether a crawl has the job just now; None where that cannot be known, as on a disk that is read only.

    A crawl holds SQLite's write lock all the time but for the moment after a commit, in
    which the log may be taken into the file. So when the lock is free, and the process
    that had it last is still there, this looks a few times more.

    Args:
        path: The job file.
        owner: What `meta` says of who had it last.
    """
    looks = _LOOKS if _is_alive(owner) else 1
    for look in range(looks):
        if look:
            time.sleep(_BETWEEN_LOOKS_S)
        answer = _is_locked(path)
        if answer is not False:
            return answer
    return False


def _is_locked(path: Path) -> bool | None:
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", timeout=0, isolation_level=None, uri=True)
    except sqlite3.Error:
        return None
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    except sqlite3.Error as error:
        return True if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY else None
    finally:
        db.close()
    return False


def _is_alive(owner: Any) -> bool:
    if not isinstance(owner, dict) or owner.get("machine") != platform.node():
        return False
    pid = owner.get("pid")
    if type(pid) is not int or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's
        return True
    return True
