"""What a job file tells whoever looks into it, also while a crawl writes to it.

Every question is a short transaction, or many of them with a slice of `url` each:
a reader that stays inside one keeps the log of a running crawl from being taken
into the file, and it grows. So counts of a crawl that runs are off by what it did
meanwhile, and nothing is waited for.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .schema import State

SLICE: Final = 200_000
"""Rows of `url` that one transaction goes through; some tenths of a second."""

_BATCH: Final = 1000


def as_json(text: Any) -> Any:
    """What a JSON column holds; None for what is none, since files get edited."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None


def meta_of(db: sqlite3.Connection) -> dict[str, Any]:
    """All of `meta`."""
    return {name: as_json(value) for name, value in db.execute("SELECT name, value FROM meta").fetchall()}


def settings_of(db: sqlite3.Connection) -> dict[str, Any]:
    """The knobs that the crawl has, as far as they are kept; empty where they are not."""
    kept = meta_of(db).get("settings")
    if not isinstance(kept, dict):
        found = db.execute("SELECT settings FROM run ORDER BY id DESC LIMIT 1").fetchone()
        kept = as_json(found[0]) if found else None
    return kept if isinstance(kept, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of a crawl on the job, as `run` has it; `ended` is None when it was killed, or goes on."""

    number: int
    began_at: float
    ended_at: float | None
    ended: str | None
    version: str
    pid: int
    machine: str


def runs_of(db: sqlite3.Connection) -> list[Run]:
    """Every start, oldest first."""
    rows = db.execute(
        "SELECT id, began_at, ended_at, ended, version, pid, machine FROM run ORDER BY id"
    ).fetchall()
    return [
        Run(number=n, began_at=began, ended_at=over, ended=why, version=version, pid=pid, machine=machine)
        for n, began, over, why, version, pid, machine in rows
    ]


@dataclass(slots=True, kw_only=True)
class Counts:
    """How much of what is in the job.

    Attributes:
        states: Rows of `url` by what they are.
        statuses: Answers by HTTP status, of what was answered or failed behind its answer.
        kinds: Failures by kind, "http" among them.
        left_out: URLs without a record, by reason.
        hosts: Pages that were answered, by host.
        skipped: Links that were not followed, by reason.
        items: Records that were stored.
        bytes: Bytes of bodies.
    """

    states: Counter[State] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    items: int = 0
    bytes: int = 0


_WHAT: Final = """
    SELECT state, status, kind, count(*), sum(items), sum(bytes) FROM url WHERE id > ? AND id <= ?
    GROUP BY state, status, kind
"""
# Grouped for themselves: hosts are many, and a sort by one number is quick.
_WHERE: Final = f"""
    SELECT host, count(*) FROM url
    WHERE id > ? AND id <= ? AND status IS NOT NULL AND state IN ({State.ANSWERED:d}, {State.FAILED:d})
    GROUP BY host
"""  # noqa: S608  our own words


def slices_of(db: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    """All rows of `url` in pieces: the ids behind the first figure, up to the second; ids have gaps."""
    after = -1
    while True:
        (upto,) = db.execute(
            "SELECT max(id) FROM (SELECT id FROM url WHERE id > ? ORDER BY id LIMIT ?)", (after, SLICE)
        ).fetchone()
        if upto is None:
            return
        yield after, upto
        after = upto


def counts_of(db: sqlite3.Connection, *, most_hosts: int) -> Counts:
    """Count everything, a slice after the other; the hosts with the most pages are named."""
    counts, hosts = Counts(), Counter[int]()
    for piece in slices_of(db):
        for number, status, kind, n, items, size in db.execute(_WHAT, piece).fetchall():
            state = _state(number)
            counts.states[state] += n
            counts.items += items or 0
            counts.bytes += size or 0
            if state is State.LEFT_OUT:
                counts.left_out[kind or ""] += n
            elif state in {State.ANSWERED, State.FAILED}:
                if status is not None:
                    counts.statuses[status] += n
                if kind is not None:
                    counts.kinds[kind] += n
        hosts.update(dict(db.execute(_WHERE, piece).fetchall()))
    for host, n in hosts.most_common(most_hosts):
        name = db.execute("SELECT name FROM host WHERE id = ?", (host,)).fetchone()
        if name is not None:
            counts.hosts[name[0]] = n
    counts.skipped.update(dict(db.execute("SELECT why, links FROM skipped").fetchall()))
    return counts


def _state(number: int) -> State:
    try:
        return State(number)
    except ValueError:  # edited by hand; nothing is known of it
        return State.WAITING


def last_positions(db: sqlite3.Connection) -> dict[str, Any]:
    """Where every store stood at the last commit, by its name."""
    found = db.execute("SELECT positions FROM batch ORDER BY id DESC LIMIT 1").fetchone()
    positions = as_json(found[0]) if found else None
    return positions if isinstance(positions, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which failures are asked for: of these kinds, hosts and statuses; an empty list asks for all."""

    kinds: Sequence[str] = ()
    hosts: Sequence[str] = ()
    statuses: Sequence[int] = ()

    def where(self) -> tuple[str, list[Any]]:
        """The condition in SQL, on `url` joined with `host`, and what goes into its question marks."""
        # The first line is the partial index's own words, or SQLite would not use it.
        parts = [
            "(state = 2 OR kind IS NOT NULL)",
            f"(state = {State.FAILED:d} OR (state = {State.ANSWERED:d} AND kind = 'http'))",
        ]
        values: list[Any] = []
        for column, asked in (("kind", self.kinds), ("host.name", self.hosts), ("status", self.statuses)):
            if asked:
                parts.append(f"{column} IN ({', '.join('?' * len(asked))})")
                values.extend(asked)
        return " AND ".join(parts), values


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A URL that failed; the fields are those of the view `failures`, `at` in seconds since 1970."""

    id: int
    url: str
    kind: str | None
    status: int | None
    message: str | None
    attempts: int | None
    at: float | None
    found_on: str | None
    final_url: str | None
    depth: int


def failures_of(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Lost]:
    """The URLs that failed, in the order of their acceptance; between two of them nothing is held."""
    where, values = wanted.where()
    question = f"""
        SELECT url.id, url.url, kind, status, message, attempts, at,
            (SELECT page.url FROM url AS page WHERE page.id = url.found_on), final_url, depth
        FROM url LEFT JOIN host ON host.id = url.host WHERE url.id > ? AND {where} ORDER BY url.id LIMIT ?
    """  # noqa: S608  our own words
    last = -1
    while rows := db.execute(question, (last, *values, _BATCH)).fetchall():
        last = rows[-1][0]
        for id_, url, kind, status, message, attempts, at, found_on, final_url, depth in rows:
            yield Lost(
                id=id_,
                url=url,
                kind=kind,
                status=status,
                message=message,
                attempts=attempts,
                at=at,
                found_on=found_on,
                final_url=final_url,
                depth=depth,
            )


def kinds_of(db: sqlite3.Connection) -> Counter[str]:
    """How many failed, by kind."""
    where, _ = Wanted().where()
    rows = db.execute(f"SELECT kind, count(*) FROM url WHERE {where} GROUP BY kind").fetchall()  # noqa: S608  our own words
    return Counter({kind or "": n for kind, n in rows})
