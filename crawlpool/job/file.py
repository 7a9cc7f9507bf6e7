"""The job file while a crawl writes to it: one transaction after another, and nobody else's in between.

The lock is SQLite's own write lock, which is held from one commit to the next. So a
second crawl on the same job is refused at once, a dead one's lock is gone with it
(the kernel lets go), and no lock file is left over. Readers are never held up, nor
do they see half a commit.
"""

import json
import os
import platform
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import FrontierError
from .schema import JobInUse, connect, in_words, named, upgrade

_MOMENT_S = 2.0
"""Seconds in which a reader who looked at just the wrong moment lets go again."""


class JobFile:
    """An open job file, held by this process.

    Args:
        path: Where it is; its directory has to be there.

    Attributes:
        db: The connection, a write transaction always open. Errors in it go through `named(path)`.

    Raises:
        FrontierError: As `schema.connect` says, or another process holds the job.
    """

    def __init__(self, path: Path) -> None:
        """Open and lock; nothing is changed that is there."""
        self.path = path
        self.is_new = not path.exists() or path.stat().st_size == 0
        self.db = connect(path)
        try:
            self._lock()
            with named(path):
                upgrade(self.db)
                self.set("owner", {"pid": os.getpid(), "machine": platform.node(), "since": time.time()})
                self.commit()
        except BaseException:
            self.db.close()
            raise

    def _lock(self) -> None:
        try:
            self.db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise FrontierError(in_words(self.path, error)) from error
            raise JobInUse(f"{self.path} is in use{self._by_whom()}; a job has one crawl at a time") from None

    def _by_whom(self) -> str:
        try:
            owner = self.get("owner")
        except (sqlite3.Error, ValueError):
            return ""
        if not isinstance(owner, dict):
            return ""
        since = time.strftime("%H:%M:%S", time.localtime(owner.get("since", 0)))
        return f" by process {owner.get('pid')} on {owner.get('machine')}, since {since}"

    def get(self, name: str) -> Any:
        """A value of `meta`; None where there is none."""
        found = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])

    def set(self, name: str, value: Any) -> None:
        """Put a JSON value into `meta`, as part of the transaction that is open."""
        self.db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),  # in ASCII: a path may hold lone surrogates
        )

    def positions(self) -> dict[str, Any] | None:
        """Where each output stood at the last commit, by name; None before the first."""
        found = self.db.execute("SELECT positions FROM batch ORDER BY id DESC LIMIT 1").fetchone()
        return None if found is None else dict(json.loads(found[0]))

    def begin_run(self, settings: Mapping[str, Any], version: str) -> int:
        """Note that a crawl starts on this job; the number of this run."""
        done = self.db.execute(
            "INSERT INTO run (began_at, version, pid, machine, settings) VALUES (?, ?, ?, ?, ?)",
            (time.time(), version, os.getpid(), platform.node(), json.dumps(settings)),
        )
        return int(done.lastrowid or 0)

    def end_run(self, number: int, ended: str) -> None:
        """Note how it ended."""
        self.db.execute("UPDATE run SET ended_at = ?, ended = ? WHERE id = ?", (time.time(), ended, number))

    def commit(self) -> None:
        """Make what was done since the last commit count, and go on in a new transaction."""
        self.db.execute("COMMIT")
        until = time.monotonic() + _MOMENT_S
        while True:
            try:
                self.db.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)  # somebody tried for the lock in this very moment, and will be refused

    def close(self) -> None:
        """Let go; what was not committed is dropped. Calling it twice is harmless."""
        try:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            pass  # closed before, or the disk is gone; what was committed is committed
        self.db.close()
