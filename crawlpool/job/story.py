"""What became of one URL: the row, the way to it, its tries, and where its records are.

`url` has no index on the text, so finding a row goes through all of them, a slice
after the other: a question for now and then, that costs a running crawl nothing.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .reading import as_json, slices_of
from .schema import MOST_SKIPS, State

_COLUMNS: Final = (
    "id, url, state, host, rank, depth, listed, found_on, request, final_url, status, kind, message, "
    "attempts, at, elapsed_s, bytes, worker, items, batch"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of `url`, as `docs/job-file.md` describes it; `found_on` is an id, `request` is taken apart."""

    id: int
    url: str
    state: int
    host: int | None
    rank: int
    depth: int
    listed: int
    found_on: int | None
    request: dict[str, Any]
    final_url: str | None
    status: int | None
    kind: str | None
    message: str | None
    attempts: int | None
    at: float | None
    elapsed_s: float | None
    bytes: int | None
    worker: int | None
    items: int | None
    batch: int | None


def find(db: sqlite3.Connection, urls: Sequence[str]) -> list[Row]:
    """The rows of any of these URLs, in normal form, in the order of their acceptance.

    One URL has several rows where it was asked by several methods or with several bodies.
    """
    marks = ", ".join("?" * len(urls))
    question = f"SELECT {_COLUMNS} FROM url WHERE id > ? AND id <= ? AND url IN ({marks})"  # noqa: S608  our own words
    rows: list[Row] = []
    for piece in slices_of(db):
        rows.extend(map(_row, db.execute(question, (*piece, *urls)).fetchall()))
    return rows


def row_of(db: sqlite3.Connection, number: int) -> Row | None:
    """One row by its id."""
    found = db.execute(f"SELECT {_COLUMNS} FROM url WHERE id = ?", (number,)).fetchone()  # noqa: S608
    return None if found is None else _row(found)


def _row(values: Sequence[Any]) -> Row:
    given = dict(zip(_COLUMNS.split(", "), values, strict=True))
    request = as_json(given["request"])
    given["request"] = request if isinstance(request, dict) else {}
    return Row(**given)


def way_to(db: sqlite3.Connection, row: Row, *, most: int) -> list[Row]:
    """The pages that led to a row, the nearest first; `most` of them, for chains can be long.

    A row whose state is `LED_TO` stands for the redirect that led to it.
    """
    way: list[Row] = []
    seen = {row.id}
    at = row
    while at.found_on is not None and at.found_on not in seen and len(way) < most:
        before = row_of(db, at.found_on)
        if before is None:
            break
        seen.add(before.id)
        way.append(before)
        at = before
    return way


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A row of `attempt`: a try that was not the last."""

    at: float
    target: str
    came_to: str
    message: str | None
    elapsed_s: float | None
    worker: int | None
    wait_s: float | None


def tries_of(db: sqlite3.Connection, row: Row) -> list[Try]:
    """The tries of a row that did not end it, oldest first."""
    rows = db.execute(
        "SELECT at, target, came_to, message, elapsed_s, worker, wait_s FROM attempt WHERE url = ? ORDER BY rowid",
        (row.id,),
    ).fetchall()
    return [
        Try(at=at, target=target, came_to=came, message=said, elapsed_s=took, worker=worker, wait_s=wait)
        for at, target, came, said, took, worker, wait in rows
    ]


def ahead_of(db: sqlite3.Connection, row: Row) -> int:
    """How many URLs of its host wait with a better place than this one."""
    (n,) = db.execute(
        "SELECT count(*) FROM url WHERE state = 0 AND host IS ? AND (rank, depth, id) < (?, ?, ?)",
        (row.host, row.rank, row.depth, row.id),
    ).fetchone()
    return int(n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of an output, as one commit left it.

    Attributes:
        store: The output's name.
        before: Its position at the commit before; None where this was the first.
        after: Its position at this commit.
        now: Its position at the last commit of all.
    """

    store: str
    before: Any
    after: Any
    now: Any


def spans_of(db: sqlite3.Connection, batch: int | None) -> list[Span]:
    """The pieces of the outputs that one commit wrote: the records of its URLs are in there."""
    at, before, now = (
        _positions(db, condition, values)
        for condition, values in (
            ("id = ?", (batch,)),
            ("id < ? ORDER BY id DESC LIMIT 1", (batch,)),
            ("id >= ? ORDER BY id DESC LIMIT 1", (batch,)),
        )
    )
    return [
        Span(store=store, before=before.get(store), after=position, now=now.get(store))
        for store, position in at.items()
    ]


def _positions(db: sqlite3.Connection, condition: str, values: tuple[Any, ...]) -> dict[str, Any]:
    found = db.execute(f"SELECT positions FROM batch WHERE {condition}", values).fetchone()  # noqa: S608
    positions = as_json(found[0]) if found else None
    return positions if isinstance(positions, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A link that was not followed."""

    why: str
    found_on: str
    at: float


def skip_of(db: sqlite3.Connection, url: str) -> Skip | None:
    """Why a link to this URL was not followed; None when none was seen, or no more were kept."""
    found = db.execute("SELECT why, found_on, at FROM skip WHERE url = ?", (url,)).fetchone()
    return None if found is None else Skip(why=found[0], found_on=found[1], at=found[2])


def are_skips_whole(db: sqlite3.Connection) -> bool:
    """Whether every link that was not followed is kept one by one."""
    (n,) = db.execute("SELECT count(*) FROM skip").fetchone()
    return int(n) < MOST_SKIPS


def seeds_of(db: sqlite3.Connection) -> list[tuple[str, str | None]]:
    """The listed URLs, and where the redirects of each ended; they say what the scope is."""
    found: list[tuple[str, str | None]] = []
    for piece in slices_of(db):
        found += db.execute(
            "SELECT url, final_url FROM url WHERE id > ? AND id <= ? AND listed = 1 AND state != ?",
            (*piece, State.LED_TO),
        ).fetchall()
    return found
