"""A damaged job file, read as far as it lets itself be read, in a copy that nobody else has."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import FrontierError
from .leaves import Leaf, Tree
from .reading import as_json
from .schema import APPLICATION_ID, VERSION, State

KEYS: Final = {"meta": "name", "skip": "url", "skipped": "why"}
"""The tables that SQLite keeps by a text instead of a number."""

_STATES: Final = frozenset(int(state) for state in State)


@dataclass(slots=True)
class Gap:
    """Ids whose rows cannot be read; `upto` is None where nobody knows how far they went."""

    first: int
    upto: int | None


class Damaged:
    """The copy, open.

    Args:
        copy: Where it is, its log beside it. SQLite may change both.
        path: What messages call it: the file that was copied.

    Raises:
        FrontierError: It is another program's or of a newer crawlpool, or not even the
            list of its tables can be read.
    """

    def __init__(self, copy: Path, path: Path) -> None:
        self._copy = copy
        self._db = sqlite3.connect(copy, isolation_level=None)
        try:
            self._db.text_factory = _text
            self._db.execute("PRAGMA trusted_schema = OFF")  # it may be a stranger's
            self._db.execute("PRAGMA writable_schema = ON")  # opens a file that is shorter than it says
            self._db.execute("PRAGMA cell_size_check = ON")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # `Tree` reads the file alone
            self._roots: dict[str, int] = dict(
                self._db.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'").fetchall()
            )
            self._check_kind(path)
            self._tree = Tree(copy)
        except sqlite3.Error as error:
            self._db.close()
            raise FrontierError(nothing(path, f"the list of its tables cannot be read ({error})")) from error
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Let go of the copy."""
        self._tree.close()
        self._db.close()

    def _check_kind(self, path: Path) -> None:
        (kind,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if kind != APPLICATION_ID:
            raise FrontierError(f"{path} is an SQLite database, but no job file of crawlpool")
        if version > VERSION:
            raise FrontierError(f"{path} was made by a newer crawlpool; update crawlpool, then try again")
        if "url" not in self._roots:
            raise FrontierError(nothing(path, "where its URLs are cannot be read"))

    def is_sound(self) -> bool:
        """Whether SQLite finds nothing wrong with it."""
        with self._copy.open("rb") as file:
            head = file.read(100)
        size = int.from_bytes(head[16:18], "big")
        pages = int.from_bytes(head[28:32], "big")
        if self._copy.stat().st_size < pages * (65536 if size == 1 else size):
            return False
        try:
            return self._db.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]
        except sqlite3.Error:
            return False

    def columns(self, table: str) -> list[str]:
        """The columns that a table has here; none where the table is lost."""
        return [row[1] for row in self._db.execute(f"PRAGMA table_info({table})").fetchall()]

    def by_id(self, table: str, columns: Sequence[str], gaps: list[Gap]) -> Iterator[tuple[Any, ...]]:
        """Rows of a table that is kept by number; what cannot be read is added to `gaps`."""
        if table not in self._roots or not columns:
            gaps.append(Gap(1, None))
            return
        # The id is asked for once more, in front: `attempt` has none among its columns.
        question = (
            f"SELECT rowid, {', '.join(columns)} FROM {table} NOT INDEXED "  # noqa: S608  our own words
            "WHERE rowid > ? AND rowid <= ? ORDER BY rowid{} LIMIT ?"
        )
        for leaf in self._tree.leaves(self._roots[table]):
            rows = self._rows(question, leaf)
            good = {number: row for number, row in rows.items() if _is_good(table, columns, row[1:])}
            for number in sorted(good):
                yield good[number][1:]
            if len(good) != leaf.rows or not (leaf.rows or leaf.is_only):
                _add(gaps, _missing(good, leaf))

    def _rows(self, question: str, leaf: Leaf) -> dict[int, tuple[Any, ...]]:
        """The rows of a leaf, forward to the first bad one, then backward to the last, by their ids.

        No more are asked for than it has, or SQLite would go on to the next leaf, which
        may be a bad one. Rows with other ids belong to a page that was written to the
        wrong place.
        """
        rows: dict[int, tuple[Any, ...]] = {}
        for order in ("", " DESC"):
            try:
                for row in self._db.execute(question.format(order), (leaf.after, leaf.upto, leaf.rows)):
                    if leaf.after < row[0] <= leaf.upto:
                        rows[row[0]] = row
            except sqlite3.Error:
                continue
            break
        return rows

    def by_name(self, table: str, columns: Sequence[str]) -> tuple[list[tuple[Any, ...]], bool]:
        """Rows of a table that is kept by a text, from both ends up to what is bad; and whether that is all."""
        if table not in self._roots or not columns:
            return [], False
        key = KEYS[table]
        question = f"SELECT {key}, {', '.join(columns)} FROM {table} ORDER BY {key}"  # noqa: S608  our own words
        rows: dict[Any, tuple[Any, ...]] = {}
        for order in ("", " DESC"):
            try:
                for row in self._db.execute(question + order):
                    rows[row[0]] = row[1:]
            except sqlite3.Error:
                continue
            return list(rows.values()), True
        return list(rows.values()), False


def nothing(path: Path, why: str) -> str:
    """Say that there is nothing to be saved."""
    return f"nothing can be saved of {path}: {why}; --fresh starts over"


def _text(raw: bytes) -> str | None:
    """Text as it is; None where its bytes were overwritten."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _is_good(table: str, columns: Sequence[str], row: tuple[Any, ...]) -> bool:
    """Whether a row is what its table holds; bytes that were overwritten may still parse as something.

    Only what a crawl would go wrong by is looked at.
    """
    has = dict(zip(columns, row, strict=True))
    if table == "url":
        return (
            isinstance(has["url"], str)
            and has["state"] in _STATES
            and all(type(has[name]) is int for name in ("rank", "depth", "listed"))
            and all(has[name] is None or type(has[name]) is int for name in ("host", "found_on", "batch"))
        )
    if table == "batch":
        return isinstance(as_json(has["positions"]), dict)
    return True


def _missing(found: dict[int, Any], leaf: Leaf) -> Gap:
    """The ids of a leaf that were not read, from the first to the last of them."""
    first = max(leaf.after + 1, 1)
    while first in found:
        first += 1
    upto = max(found, default=0) if leaf.is_last else leaf.upto
    if upto < first:
        return Gap(first, None)
    while upto in found and upto > first:
        upto -= 1
    return Gap(first, upto)


def _add(gaps: list[Gap], gap: Gap) -> None:
    """Put a gap behind the others, as a part of the last one where they touch."""
    if gaps and gaps[-1].upto is not None and gaps[-1].upto + 1 >= gap.first:
        gaps[-1].upto = gap.upto
    else:
        gaps.append(gap)
