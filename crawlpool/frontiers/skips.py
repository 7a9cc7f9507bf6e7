"""The links that were not followed, and why, for whoever asks later: the first ones by name, all by number."""

import sqlite3
import time
from collections import Counter
from collections.abc import Sequence

from ..job.schema import MOST_SKIPS
from ..urls import public
from .known import Known
from .written import bindable

_MOST_REMEMBERED = 2 * MOST_SKIPS
_MOST_KEPT_BACK = 1000


class Skips:
    """Rows of `skip`, and counts in `skipped`.

    A link counts once, however many pages have it, as long as it is among the last
    `_MOST_REMEMBERED` different ones; a job that goes on remembers those of `skip`.
    A URL that was accepted before is no news.

    Args:
        db: The job's connection.
        known: What was accepted.
    """

    def __init__(self, db: sqlite3.Connection, known: Known) -> None:
        """Read what the job has."""
        self._db = db
        self._known = known
        self._seen = {hash(url) for (url,) in db.execute("SELECT url FROM skip")}
        self._kept = len(self._seen)
        self._rows: list[tuple[str, str, str, float]] = []
        self._counts: Counter[str] = Counter()

    def note(self, urls: Sequence[str], why: str, found_on: str) -> None:
        """These links on a page are not followed."""
        seen = self._seen
        news = [url for url in urls if hash(url) not in seen]
        if not news:
            return  # as for nearly every link that stands on every page
        for url in self._known.unknown(news):
            self._counts[why] += 1
            seen.add(hash(url))
            if self._kept < MOST_SKIPS:
                self._kept += 1
                self._rows.append((bindable(public(url)), why, bindable(public(found_on)), time.time()))
        if len(seen) > _MOST_REMEMBERED:
            seen.clear()
        if len(self._rows) >= _MOST_KEPT_BACK:
            self._write_rows()

    def write(self) -> None:
        """Put what is news into the transaction that is open."""
        self._write_rows()
        self._db.executemany(
            "INSERT INTO skipped VALUES (?, ?) ON CONFLICT (why) DO UPDATE SET links = links + excluded.links",
            self._counts.items(),
        )
        self._counts.clear()

    def _write_rows(self) -> None:
        self._db.executemany("INSERT OR IGNORE INTO skip VALUES (?, ?, ?, ?)", self._rows)
        self._rows.clear()
