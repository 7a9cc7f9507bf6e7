"""Save what can be read of a damaged job file into a new one; the old one is never touched.

    old ── copied, with its log ──▶ leaf after leaf, by ids ──▶ checked row by row ──▶ new

What is saved has to be safe to go on with, which is more than being readable: a URL
counts as done only when the commit that stored its records is saved too. If it is
not, the outputs will be cut back to an earlier one, so the URL waits again.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigError, FrontierError
from ..urls import host as host_of
from .damaged import KEYS, Damaged, Gap, nothing
from .file import JobFile
from .leaves import MAGIC
from .schema import State, named

TABLES: Final = ("url", "host", "attempt", "batch", "run", "skip", "skipped", "meta")
"""In the order in which they matter."""


@dataclass(slots=True, kw_only=True)
class Saved:
    """What came of it.

    Attributes:
        rows: Rows saved, by table.
        gaps: What is missing, by table, for those that are kept by number.
        torn: Those kept by a text that are not whole.
        again: URLs that wait again, since the commit of their records is lost.
        states: URLs saved, by what they are now.
    """

    rows: Counter[str] = field(default_factory=Counter)
    gaps: dict[str, list[Gap]] = field(default_factory=dict)
    torn: list[str] = field(default_factory=list)
    again: int = 0
    states: Counter[State] = field(default_factory=Counter)


def salvage(path: Path, new: Path) -> Saved | None:
    """Make a new job file of what can be read of a damaged one; None when nothing is wrong with it.

    Of tables that are kept by a text (`meta`, `skip`, `skipped`) everything up to the
    first bad place, and from the last one on, is saved; of the others every good leaf.

    Raises:
        ConfigError: `new` is there already, or its directory is not.
        FrontierError: Nothing can be read, not enough to go on with, somebody writes
            to the old file, or the new one cannot be written.
    """
    if new.exists():
        raise ConfigError(f"{new} is there already; name another file with -o")
    folder = new.absolute().parent
    if not folder.is_dir():
        raise ConfigError(f"there is no directory {folder} for {new.name}")
    _check_head(path)
    try:
        with tempfile.TemporaryDirectory(prefix=".salvage-", dir=folder) as place:
            old = Damaged(_copied(path, Path(place)), path)
            try:
                return None if old.is_sound() else _saved(old, path, new)
            finally:
                old.close()
    except OSError as error:
        raise FrontierError(f"cannot copy {path} to {folder}: {error.strerror or error}") from error


def _check_head(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise FrontierError(f"cannot read {path}: {error.strerror or error}") from error
    if not head:
        raise FrontierError(nothing(path, "it is empty"))
    if len(head) < 100 or not head.startswith(MAGIC):
        raise FrontierError(nothing(path, "it has not even the header of an SQLite file"))


def _copied(path: Path, place: Path) -> Path:
    files = [path, path.with_name(path.name + "-wal")]
    before = [_stamp(file) for file in files]
    for file in files:
        if file.exists():
            shutil.copyfile(file, place / file.name)
    if before != [_stamp(file) for file in files]:
        raise FrontierError(f"{path} is written to just now; stop the crawl first")
    return place / path.name


def _stamp(file: Path) -> tuple[int, int] | None:
    if not file.exists():
        return None
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _saved(old: Damaged, path: Path, new: Path) -> Saved:
    """Fill a new file; none is left behind where that fails."""
    try:
        job = JobFile(new)
        try:
            with named(new):
                saved = _copy_rows(old, job)
                _make_safe(job, saved, path)
                job.commit()
        finally:
            job.close()
    except BaseException:
        for ending in ("", "-wal", "-shm"):
            new.with_name(new.name + ending).unlink(missing_ok=True)
        raise
    return saved


def _copy_rows(old: Damaged, job: JobFile) -> Saved:
    saved = Saved()
    for table in TABLES:
        here = [row[1] for row in job.db.execute(f"PRAGMA table_info({table})").fetchall()]
        there = old.columns(table)
        columns = [name for name in here if name in there]
        rows: Iterator[tuple[Any, ...]]
        if table in KEYS:
            read, is_whole = old.by_name(table, columns)
            rows = iter(row for row in read if table != "meta" or row[0] != "owner")
            if not is_whole:
                saved.torn.append(table)
        else:
            gaps: list[Gap] = []
            rows = old.by_id(table, columns, gaps)
            saved.gaps[table] = gaps
        if columns:
            done = job.db.executemany(
                # OR IGNORE: a row that lacks what it must have is no row any more.
                f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) "  # noqa: S608  our own words
                f"VALUES ({', '.join('?' * len(columns))})",
                rows,
            )
            saved.rows[table] = max(0, done.rowcount)
        else:
            list(rows)  # the gap is all that it tells
    return saved


def _make_safe(job: JobFile, saved: Saved, path: Path) -> None:
    """Let what is saved stand without what is not."""
    db = job.db
    (last,) = db.execute("SELECT max(id) FROM batch").fetchone()
    (is_any_done,) = db.execute("SELECT count(*) FROM url WHERE batch IS NOT NULL").fetchone()
    if not saved.rows["url"]:
        raise FrontierError(nothing(path, "none of its URLs can be read"))
    if last is None and is_any_done:
        raise FrontierError(
            nothing(path, "none of its commits can be read, so how much of the outputs is whole is not known")
        )
    # A text that is no URL has no host, and cannot wait for one; its seed is read once more.
    db.execute("DELETE FROM url WHERE batch > ? AND host IS NULL", (last,))
    saved.again = db.execute(
        "UPDATE url SET state = ?, final_url = NULL, status = NULL, kind = NULL, message = NULL, "
        "attempts = NULL, at = NULL, elapsed_s = NULL, bytes = NULL, worker = NULL, items = NULL, "
        "batch = NULL WHERE batch > ?",
        (State.WAITING, last),
    ).rowcount
    _name_hosts(job)
    db.execute("DELETE FROM attempt WHERE url NOT IN (SELECT id FROM url)")
    job.set("whole", False)  # the last commit may be missing
    if saved.gaps["url"] or saved.again or "meta" in saved.torn:
        job.set("state", "unfinished")
        job.set("seeds_read", False)  # those that are lost come in again
    rows = db.execute("SELECT state, count(*) FROM url GROUP BY state").fetchall()
    saved.states.update({State(state): n for state, n in rows})


def _name_hosts(job: JobFile) -> None:
    """Give hosts whose names are lost the ones that their URLs have."""
    db = job.db
    nameless = db.execute(
        "SELECT host, min(url) FROM url WHERE host IS NOT NULL AND host NOT IN (SELECT id FROM host) GROUP BY host"
    ).fetchall()
    for number, url in nameless:
        try:
            name = host_of(url)
        except ValueError:
            continue
        known = db.execute("SELECT id FROM host WHERE name = ?", (name,)).fetchone()
        if known is None:
            db.execute("INSERT INTO host (id, name) VALUES (?, ?)", (number, name))
        else:
            db.execute("UPDATE url SET host = ? WHERE host = ?", (known[0], number))
