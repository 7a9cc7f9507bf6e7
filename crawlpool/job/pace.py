"""When hosts were asked last, in a job: so that the next run leaves them the time that they ask for.

Only hosts that leave time between two requests, or asked for a rest, have a row.
"""

from collections.abc import Iterable
from typing import NamedTuple

from .file import JobFile
from .schema import named


class PaceRow(NamedTuple):
    """One host's.

    Attributes:
        host: With its port unless that is the default.
        asked_at: Seconds since 1970 when it was asked last.
        spacing_s: Seconds that are left between two requests.
        until: Seconds since 1970 before which it is not asked again.
        why: In a word, as the gate has it: "delay", "crawl_delay", "retry_after", "slow_server", "rate".
    """

    host: str
    asked_at: float
    spacing_s: float
    until: float
    why: str


class PaceRows:
    """The table `pace`; what is written counts with the next commit.

    Args:
        job: The job file.
        run: The number of this run.

    Attributes:
        was_ended: The run before ended by itself, or was told to: all that it asked is here.

    Raises:
        FrontierError: From any method: the file cannot be read or written.
    """

    def __init__(self, job: JobFile, run: int) -> None:
        """Read nothing yet."""
        self._job = job
        with named(job.path):
            before = job.db.execute(
                "SELECT ended_at FROM run WHERE id < ? ORDER BY id DESC LIMIT 1", (run,)
            ).fetchone()
        self.was_ended = before is None or before[0] is not None

    def all(self) -> list[PaceRow]:
        """Every host that has one; rows that make no sense are passed over."""
        with named(self._job.path):
            rows = self._job.db.execute("SELECT host, asked_at, spacing_s, until, why FROM pace").fetchall()
        return [
            PaceRow(*row)
            for row in rows
            if isinstance(row[0], str)
            and isinstance(row[4], str)
            and all(isinstance(n, float) for n in row[1:4])
        ]

    def save(self, rows: Iterable[PaceRow]) -> None:
        """Write these, over what there was of their hosts."""
        with named(self._job.path):
            self._job.db.executemany("INSERT OR REPLACE INTO pace VALUES (?, ?, ?, ?, ?)", rows)

    def drop_past(self, now: float) -> None:
        """Drop those that hold nobody any more; `now` is in seconds since 1970."""
        with named(self._job.path):
            self._job.db.execute("DELETE FROM pace WHERE until < ? AND asked_at + spacing_s < ?", (now, now))
