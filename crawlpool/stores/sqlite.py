"""SQLite: records as rows of one table, to be asked with SQL, also while the crawl runs."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from json import dumps
from pathlib import Path
from typing import Any, NoReturn

from crawlpool.errors import StoreError

from .base import Position, Record, Start
from .plain import MOST_COLUMNS, Scalar, cell, fitted, named_cells

_MOST_WAITING = 500  # records
_MOST_WAITING_CHARS = 1024 * 1024
_ROWS_IN_TAIL = 8
_BUSY_S = 30.0
_ROWID = "_rowid_"
_MAGIC = b"SQLite format 3\0"
_INT64 = 1 << 63
_WHAT_DOES = "put the old file back, or start over with --fresh"


class SqliteStore:
    """Records as rows of a table; columns are added as fields come.

    Values keep their own type (columns declare none, so "007" stays text): whole
    numbers beyond 64 bits become text, booleans 0 and 1, lists and dicts JSON text,
    None and missing fields NULL. SQLite compares names of columns without case, so of
    two fields `title` and `Title` the second is stored as `Title_2`. At most
    `MOST_COLUMNS` are made; what fields come after that share one, as JSON.

    Other tables in the file are never touched, and starting fresh replaces this table
    only. While it is open the file is in WAL mode, so reading it disturbs nothing; on
    close it is set back and is a single file again. Others may write to it meanwhile,
    but not to this table, nor may the file be put elsewhere: that ends in an error.

    Args:
        path: The file; its directory has to be there.
        table: Name of the table.

    Raises:
        StoreError: From every method but `__init__`; names the file and the cause.
    """

    def __init__(self, path: str | os.PathLike[str], table: str = "pages") -> None:
        self.path = Path(path)
        self._table = _quoted(str(cell(table)))
        self._table_name = str(cell(table))
        self._db: sqlite3.Connection | None = None
        self._mode = "delete"
        self._columns: dict[str, str] = {}  # by small letters, as the table has them
        self._claims: dict[str, str] = {}  # field to column
        self._pending: list[dict[str, Scalar]] = []
        self._pending_chars = 0
        self._position: dict[str, Any] = {}  # where the table stands, by our own commits
        self._version = 0  # changes with each commit of somebody else's
        self._log = self.path  # the -wal file, which lies where links lead
        self._places: dict[Path, os.stat_result] = {}  # the two files as they were seen last
        self._failure = ""

    def open(self, at: Position | Start) -> None:
        """Start with an empty table, behind its rows, or at a position."""
        self._failure = ""
        self._places = {}
        self._log = Path(f"{os.path.realpath(self.path)}-wal")
        rowid, tail = (0, "") if isinstance(at, Start) else self._parts(at)
        if rowid and not self.path.exists():
            raise StoreError(
                f"{self.path} is gone, and {rowid:,} rows of this crawl were in it; "
                "put it back, or start over with --fresh"
            )
        self._check_kind()
        try:
            with self._named("open"):
                # An absolute path: names like ":memory:" mean something else to SQLite.
                self._db = sqlite3.connect(self.path.absolute(), timeout=_BUSY_S, isolation_level=None)
            with self._named("open") as db:
                db.text_factory = _text
                self._mode = db.execute("PRAGMA journal_mode").fetchone()[0]
                db.execute("PRAGMA journal_mode=WAL").fetchone()
                db.execute("PRAGMA synchronous=FULL")
                if at is Start.FRESH:
                    db.execute(f"DROP TABLE IF EXISTS {self._table}")
                self._learn(db)
                if not isinstance(at, Start):
                    self._cut(db, rowid, tail, is_end=bool(at.get("is_end")))
                self._position = self._stand(db)
                self._version = _version(db)
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # from here on the file only grows
                self._check_places()
        except StoreError:
            if self._db is not None:
                self._db.close()
                self._db = None
            raise

    def write(self, record: Record) -> None:
        """Take one record; one without any field leaves nothing while the table has no column."""
        row = {name: _kept(cell(value)) for name, value in named_cells(record).items()}
        self._pending.append(row)
        self._pending_chars += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(self._pending) >= _MOST_WAITING or self._pending_chars >= _MOST_WAITING_CHARS:
            self._commit()

    def flush(self) -> Position:
        """Commit all to the disk; the position is the last row's id and a digest of the last rows."""
        self._commit()
        with self._named("write") as db:
            self._check_places()
            self._check_table(db)
        return self._position

    def close(self) -> None:
        """Commit and close; harmless when called twice or after a failure."""
        if self._db is None:
            return
        try:
            if not self._failure:
                self.flush()
        finally:
            with suppress(sqlite3.Error):  # someone is reading: the last to leave tidies up
                # After a failure too: a log that is left beside a file that was put in our
                # file's place would be brought to that one by whoever opens it next.
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if self._mode != "wal" and not self._failure:
                    self._db.execute("PRAGMA journal_mode=DELETE").fetchone()
            self._pending.clear()
            self._db.close()
            self._db = None

    def _check_kind(self) -> None:
        """Refuse what is no database before SQLite sees it, which might bring a log that is left to it."""
        with self._named("open"):
            if not self.path.is_file():
                return
            with self.path.open("rb") as file:
                head = file.read(len(_MAGIC))
            if not _MAGIC.startswith(head):
                self._fail(
                    f"cannot open {self.path}: file is not a database; name another file, or put the old one back"
                )

    def _commit(self) -> None:
        """Write what waits, in one transaction."""
        if not self._pending:
            if self._failure:
                raise StoreError(self._failure)
            return
        rows, self._pending, self._pending_chars = self._pending, [], 0
        with self._named("write") as db:
            self._check_places()
            db.execute("BEGIN IMMEDIATE")
            try:
                self._check_table(db)
                for row in rows:
                    self._insert(db, row)
                position = self._stand(db)
                db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise
        self._position = position

    def _check_places(self) -> None:
        """See that the database and its log are where they were: SQLite itself would not notice."""
        for path in (self.path, self._log):
            before = self._places.get(path)
            try:
                there = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                if before is None:
                    continue  # no log yet
                self._fail(f"{path} was deleted or moved away while it was written; {_WHAT_DOES}")
            if before is not None and not os.path.samestat(before, there):
                self._fail(f"{path} was replaced by another file while it was written; {_WHAT_DOES}")
            if (
                before is not None and path == self.path and there.st_size < before.st_size
            ):  # a log may be emptied
                self._fail(
                    f"{path} was changed by another program, from {before.st_size:,} to {there.st_size:,} bytes, "
                    f"while it was written; {_WHAT_DOES}"
                )
            self._places[path] = there

    def _check_table(self, db: sqlite3.Connection) -> None:
        """See that nobody else wrote to the table."""
        version = _version(db)
        if version == self._version:
            return
        try:
            is_ours = self._stand(db) == self._position
        except sqlite3.OperationalError:  # dropped
            is_ours = False
        if not is_ours:
            self._fail(f"{self.path} was changed by another program while it was written; {_WHAT_DOES}")
        self._version = version

    def _fail(self, message: str) -> NoReturn:
        self._failure = message
        raise StoreError(message)

    def _insert(self, db: sqlite3.Connection, row: dict[str, Scalar]) -> None:
        if not row.keys() <= self._claims.keys():
            known = {*self._claims, *self._columns.values()}
            row = {k: cell(v) for k, v in fitted(row, known, MOST_COLUMNS - len(self._columns)).items()}
        names = [self._claims[name] if name in self._claims else self._claim(db, name, row) for name in row]
        if names:
            columns = ", ".join(map(_quoted, names))
            marks = ", ".join("?" * len(names))
            db.execute(f"INSERT INTO {self._table} ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608  names are quoted, values bound
        elif self._columns:
            db.execute(f"INSERT INTO {self._table} DEFAULT VALUES")

    def _claim(self, db: sqlite3.Connection, name: str, row: dict[str, Scalar]) -> str:
        """Find or add the column for a field.

        Its own name first, then the numbered ones that an earlier run may have made
        for it, then a column that differs in case only, and at last a new one.
        """
        taken = set(self._claims.values())
        there = set(self._columns.values())
        column: str | None = None
        twin, count = name, 1
        while column is None:
            if twin in there and twin not in taken:
                column = twin
            elif _lower(twin) not in self._columns and _lower(twin) != _ROWID:
                alike = self._columns.get(_lower(name), twin)
                column = twin if alike in taken or alike in row else alike
            count += 1
            twin = f"{name}_{count}"
        if column not in there:
            if self._columns:
                db.execute(f"ALTER TABLE {self._table} ADD COLUMN {_quoted(column)}")
            else:
                db.execute(f"CREATE TABLE {self._table} ({_quoted(column)})")
            self._columns[_lower(column)] = column
        self._claims[name] = column
        return column

    def _learn(self, db: sqlite3.Connection) -> None:
        found = db.execute(
            "SELECT name FROM pragma_table_info(?) ORDER BY cid", (self._table_name,)
        ).fetchall()
        self._columns = {_lower(name): name for (name,) in found}
        self._claims = {}

    def _stand(self, db: sqlite3.Connection) -> dict[str, Any]:
        if not self._columns:
            return {"rowid": 0, "tail": ""}
        rowid = db.execute(f"SELECT max({_ROWID}) FROM {self._table}").fetchone()[0] or 0  # noqa: S608  quoted
        return {"rowid": rowid, "tail": self._tail(db, rowid)}

    def _tail(self, db: sqlite3.Connection, rowid: int) -> str:
        """A digest of the last rows; NULLs are left out, since columns may come later."""
        if not rowid:
            return ""
        seen = blake2b(digest_size=16)
        found = db.execute(
            f"SELECT {_ROWID}, * FROM {self._table} WHERE {_ROWID} <= ? ORDER BY {_ROWID} DESC LIMIT ?",  # noqa: S608  quoted
            (rowid, _ROWS_IN_TAIL),
        )
        names = [column[0] for column in found.description]
        for values in found:
            row = [[name, value] for name, value in zip(names, values, strict=True) if value is not None]
            seen.update(dumps(row, default=bytes.hex).encode())
        return seen.hexdigest()

    def _cut(self, db: sqlite3.Connection, rowid: int, tail: str, *, is_end: bool) -> None:
        if rowid and (self._stand(db)["rowid"] < rowid or self._tail(db, rowid) != tail):
            raise StoreError(
                f"{self.path} is not as this crawl left it (row {rowid:,} of its table or one just before is not "
                f"the same); {_WHAT_DOES}"
            )
        more = self._stand(db)["rowid"] - rowid
        if is_end and more > 0:
            raise StoreError(
                f"{self.path} has rows behind row {rowid:,}, where this crawl left its table, which somebody else added; "
                "--append keeps them, or take them out"
            )
        if self._columns:
            db.execute(f"DELETE FROM {self._table} WHERE {_ROWID} > ?", (rowid,))  # noqa: S608  quoted

    def _parts(self, at: Position) -> tuple[int, str]:
        if isinstance(at, dict):
            rowid, tail = at.get("rowid"), at.get("tail")
            if type(rowid) is int and rowid >= 0 and isinstance(tail, str):
                return rowid, tail
        raise StoreError(
            f"{self.path} cannot be continued at {at!r}, which is no position in an SQLite table"
        )

    @contextmanager
    def _named(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Lend the connection; an error of SQLite becomes a `StoreError` that names the file, and stays."""
        if self._failure:
            raise StoreError(self._failure)
        if self._db is None and doing != "open":
            raise StoreError(f"cannot {doing} {self.path}: it is not open")
        try:
            yield self._db  # type: ignore[misc]  # None only before it is opened, where nobody looks at it
        except (sqlite3.Error, sqlite3.Warning, OSError) as error:
            self._failure = f"cannot {doing} {self.path}: {error}"
            raise StoreError(self._failure) from error


def _version(db: sqlite3.Connection) -> int:
    """A number that changes when another connection commits to the file."""
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def _kept(value: Scalar) -> Scalar:
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return str(value)
    return value


def _quoted(name: str) -> str:
    """A name as SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _lower(name: str) -> str:
    """As SQLite compares names: the letters A to Z only."""
    return name.translate(_SMALL)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
