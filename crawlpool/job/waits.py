"""Which hosts of a job are not to be asked yet, and why: what `status` and `why` show of the table `pace`."""

import sqlite3
from typing import NamedTuple


class Wait(NamedTuple):
    """A host that is left alone for a while.

    Attributes:
        host: With its port unless that is the default.
        left_s: Seconds until it may be asked.
        why: In a word, as the gate has it: "crawl_delay", "retry_after", "failing".
    """

    host: str
    left_s: float
    why: str


def waits_of(db: sqlite3.Connection, now: float, *, host: str | None = None, most: int = 5) -> list[Wait]:
    """The hosts that wait longest, or one of them; none in a file of a time before there was such a table.

    Args:
        db: The job.
        now: Seconds since 1970.
        host: Only this one.
        most: So many at most.
    """
    where, values = ("AND host = ?", (host,)) if host is not None else ("AND host <> ''", ())
    try:
        rows = db.execute(
            f"SELECT host, until, why FROM pace WHERE until > ? {where} ORDER BY until DESC LIMIT ?",  # noqa: S608
            (now, *values, most),
        ).fetchall()
    except sqlite3.OperationalError:  # no such table
        return []
    return [
        Wait(each, until - now, why)
        for each, until, why in rows
        if isinstance(each, str) and isinstance(why, str) and isinstance(until, float)
    ]
