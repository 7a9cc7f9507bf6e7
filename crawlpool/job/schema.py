"""The tables of a job file: one SQLite database in WAL mode, made to be queried by people too.

    meta      the job itself: name and value
    run       each start of a crawl on this job: when, how it ended, with which settings (no secrets)
    url       every URL that was ever accepted, and the last word on it
    attempt   tries that were not the last: retries, redirects, deaths of a worker
    host      names of hosts, by number
    skip      links that were not followed, and why: the first `MOST_SKIPS` of them
    skipped   how many links were not followed, by reason: all of them
    batch     each group commit: when, and where every store then stood
    pace      when hosts that leave time between two requests were asked last, or until when they rest
    urls, failures, attempts   views in words

`docs/job-file.md` describes every column. A file is brought from any older version
to this one by the steps that it lacks; a new file lacks them all.
"""

import os
import sqlite3
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Final

from ..errors import FrontierError
from .place import network_of

APPLICATION_ID: Final = 0x63726C70
"""What `file` and SQLite's header tell a job by: "crlp"."""

MOST_SKIPS: Final = 100_000
"""Links not followed that are kept one by one; all are counted."""


class JobInUse(FrontierError):  # noqa: N818  an event, not a fault
    """Another process holds the job."""


class NoJobFile(FrontierError):  # noqa: N818  the same
    """It is a database, but none of ours."""


class State(IntEnum):
    """What a row of `url` is."""

    WAITING = 0  # to be fetched; also what is out with a worker, until its end is committed
    ANSWERED = 1  # whatever the status
    FAILED = 2
    LEFT_OUT = 3  # has no record: a redirect to a page that has one, or out of the crawl
    LED_TO = 4  # where a redirect led; `found_on` is the URL that was redirected


_STEPS: Final = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE run (
        id INTEGER PRIMARY KEY, began_at REAL NOT NULL, ended_at REAL, ended TEXT,
        version TEXT NOT NULL, pid INTEGER NOT NULL, machine TEXT NOT NULL, settings TEXT NOT NULL
    );
    CREATE TABLE host (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE url (
        id INTEGER PRIMARY KEY,
        url TEXT NOT NULL,
        state INTEGER NOT NULL,
        host INTEGER,
        rank INTEGER NOT NULL,
        depth INTEGER NOT NULL,
        listed INTEGER NOT NULL,
        found_on INTEGER,
        request TEXT,
        final_url TEXT,
        status INTEGER,
        kind TEXT,
        message TEXT,
        attempts INTEGER,
        at REAL,
        elapsed_s REAL,
        bytes INTEGER,
        worker INTEGER,
        items INTEGER,
        digest INTEGER,
        simhash INTEGER,
        batch INTEGER
    );
    CREATE INDEX waiting ON url (host, rank, depth, id) WHERE state = 0;
    CREATE INDEX failed ON url (id) WHERE state = 2 OR kind IS NOT NULL;
    CREATE TABLE attempt (
        url INTEGER NOT NULL, at REAL NOT NULL, target TEXT NOT NULL, came_to TEXT NOT NULL, message TEXT,
        elapsed_s REAL, worker INTEGER, wait_s REAL
    );
    CREATE INDEX attempt_of ON attempt (url);
    CREATE TABLE skip (
        url TEXT PRIMARY KEY, why TEXT NOT NULL, found_on TEXT NOT NULL, at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE skipped (why TEXT PRIMARY KEY, links INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE batch (id INTEGER PRIMARY KEY, at REAL NOT NULL, run INTEGER, positions TEXT NOT NULL);

    CREATE VIEW urls AS SELECT
        url.id, url.url,
        CASE url.state WHEN 0 THEN 'waiting' WHEN 1 THEN 'answered' WHEN 2 THEN 'failed'
            WHEN 3 THEN 'left out' ELSE 'redirect target' END AS state,
        url.status, url.kind, url.message, url.final_url, url.depth, url.listed, page.url AS found_on,
        url.attempts, datetime(url.at, 'unixepoch') AS at, url.elapsed_s, url.bytes, url.worker, url.items,
        url.batch
        FROM url LEFT JOIN url AS page ON page.id = url.found_on;
    CREATE VIEW failures AS SELECT * FROM urls WHERE id IN
        (SELECT id FROM url WHERE state = 2 OR kind IS NOT NULL) AND state IN ('failed', 'answered');
    CREATE VIEW attempts AS
        SELECT attempt.url AS id, url.url, attempt.target, datetime(attempt.at, 'unixepoch') AS at,
            attempt.came_to, attempt.message, attempt.elapsed_s, attempt.worker, attempt.wait_s
        FROM attempt JOIN url ON url.id = attempt.url
        UNION ALL
        SELECT id, url, coalesce(final_url, url), datetime(at, 'unixepoch'),
            CASE WHEN kind IS NULL OR kind = 'http' THEN 'HTTP ' || status ELSE kind END, message, elapsed_s, worker, NULL
        FROM url WHERE state IN (1, 2, 3);
    """,
    """
    CREATE TABLE pace (
        host TEXT PRIMARY KEY, asked_at REAL NOT NULL, spacing_s REAL NOT NULL, until REAL NOT NULL,
        why TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)

VERSION: Final = len(_STEPS)
"""The schema's version, `PRAGMA user_version`: how many of the steps a file has."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a job file to write; one is made where there is none. Nothing is locked yet.

    Raises:
        FrontierError: It is no job file, was made by a newer crawlpool, is damaged, or lies where
            SQLite cannot lock or map files. The message names the file and says what would do.
    """
    with named(path):
        db = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            _check_kind(db, path)
            if db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                raise FrontierError(_cannot_map(path))  # noqa: TRY301  closed below, and said by name
            # The stores are on the disk before a position is committed, so a commit that a power
            # cut takes back only means that the stores are cut back further.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA cache_size = -16384")  # KiB
            db.execute(f"PRAGMA journal_size_limit = {64 * 1024 * 1024}")
        except BaseException:
            db.close()
            raise
    return db


def upgrade(db: sqlite3.Connection) -> None:
    """Bring the tables to this version, inside the transaction that is open: all steps or none."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    for number, step in enumerate(_STEPS[version:], version + 1):
        for statement in step.split(";\n"):
            if statement.strip():
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {number}")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a job file to look into it, also while a crawl writes to it; nothing can be changed.

    Raises:
        FrontierError: There is none, or as in `connect`.
    """
    if not path.is_file():
        raise FrontierError(f"there is no job file {str(path)!r}; a crawl with -o FILE keeps one in FILE.job")
    with named(path):
        # Readers and a writer agree by files beside it. Where those can be neither found nor made, nobody writes.
        is_fixed = not _log_of(path).exists() and not os.access(path.resolve().parent, os.W_OK)
        uri = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if is_fixed else ''}"
        db = sqlite3.connect(uri, timeout=5, isolation_level=None, uri=True)
        try:
            _check_kind(db, path)
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version < VERSION:
                raise FrontierError(  # noqa: TRY301  closed below
                    f"{path} was made by an older crawlpool (version {version} of its tables, this one has "
                    f"{VERSION}); go on with its crawl once, which brings it up"
                )
        except BaseException:
            db.close()
            raise
    return db


def is_ours(path: Path) -> bool:
    """Whether a file that cannot be opened was a job: by the mark in its header, or by its name."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError:
        return False
    return head[68:72] == APPLICATION_ID.to_bytes(4, "big") or path.suffix == ".job"


class named:  # noqa: N801  read as a word, `with named(path)`
    """Turn what SQLite raises into a `FrontierError` that names the job file and says what would do."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:  # a class, since it is entered several times a page
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise FrontierError(in_words(self._path, error)) from error


_TABLES: Final = ("url", "host", "attempt", "batch", "run", "skip", "skipped", "meta", "pace")


def _check_kind(db: sqlite3.Connection, path: Path) -> None:
    """Refuse what is no job; a file may come from a stranger, so nothing in it may run (sqlite.org/security.html)."""
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (kind,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if tables and kind != APPLICATION_ID:
        raise NoJobFile(
            f"{path} is an SQLite database, but no job file of crawlpool; name another with --job"
        )
    strange = db.execute(
        "SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR (type = 'table' AND rootpage = 0) "  # noqa: S608  our own words
        f"OR (type = 'view' AND name IN ({', '.join('?' * len(_TABLES))}))",
        _TABLES,
    ).fetchone()
    if strange is not None:
        kind, name = strange
        raise NoJobFile(
            f"{path} holds the {'virtual table' if kind == 'table' else kind} {name!r}, which no crawlpool made and "
            "which would run when the file is used; name another with --job"
        )
    if version > VERSION:
        raise FrontierError(
            f"{path} was made by a newer crawlpool (version {version} of its tables, this one knows "
            f"{VERSION}); update crawlpool, or start over with --fresh"
        )
    _check_length(db, path)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _check_length(db: sqlite3.Connection, path: Path) -> None:
    """Notice a file that was cut short: its header says how many pages it has."""
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    wal = _log_of(path)
    has_log = wal.exists() and wal.stat().st_size > 0  # then the last pages may be in there
    if not has_log and path.stat().st_size < pages * size:
        raise FrontierError(_damaged(path, f"it has {path.stat().st_size:,} of {pages * size:,} bytes"))


def in_words(path: Path, error: sqlite3.Error) -> str:
    """What an error of SQLite means for a job file, and what would do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB and not is_ours(path):
        return f"{path} is no job file of crawlpool, but something else; name another with --job"
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return _damaged(path, str(error))
    if code == sqlite3.SQLITE_FULL:
        return (
            f"cannot write {path}: {error}; make room and run the same command again, "
            "it goes on where it stopped"
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"{path} is held by another program ({error})"
    if code in {sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS} or (
        code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN} and network_of(path)
    ):
        return f"{_cannot_map(path)} ({error})"
    return f"cannot use the job file {path}: {error}"


def _damaged(path: Path, why: str) -> str:
    return (
        f"{path} is damaged ({why}); `crawlpool salvage {path}` saves what can be read of it, "
        "and --fresh starts over"
    )


def _cannot_map(path: Path) -> str:
    kind = network_of(path)
    where = f"lies on a network file system ({kind})" if kind else "lies on a file system"
    return (
        f"{path} {where} that cannot lock or map files, which a job file needs; name one on a local disk with "
        "--job PATH, or do without with --no-job"
    )
