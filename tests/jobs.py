"""Job files written row by row, for tests of what looks into them."""

import json
from pathlib import Path
from typing import Any, Self

from crawlpool.job.file import JobFile
from crawlpool.job.schema import State
from crawlpool.urls import host, normalise


class Book:
    """A job file that is being written: `with Book(path) as book: book.url(...)`.

    Attributes:
        path: Where it is.
        job: The file, held while the block lasts.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        self.job = JobFile(self.path)
        self.db = self.job.db
        return self

    def __exit__(self, *_: object) -> None:
        # This process lives on, and whoever asks for the owner would take it for the crawl's.
        self.db.execute("DELETE FROM meta WHERE name = 'owner'")
        self.job.commit()
        self.job.close()

    def url(self, url: str, state: State = State.WAITING, *, request: Any = None, **columns: Any) -> int:
        """One row of `url`; its id."""
        number = columns.pop("host", self.host(url))
        given = {
            "rank": 0,
            "depth": 0,
            "listed": 0,
            **columns,
            "url": url,
            "state": int(state),
            "host": number,
            "request": None if request is None else json.dumps(request),
        }
        done = self.db.execute(
            f"INSERT INTO url ({', '.join(given)}) VALUES ({', '.join('?' * len(given))})", [*given.values()]
        )
        return int(done.lastrowid or 0)

    def answered(self, url: str, **columns: Any) -> int:
        """A page that was fetched."""
        given = {
            "status": 200,
            "attempts": 1,
            "at": 1_700_000_000.0,
            "elapsed_s": 0.25,
            "items": 1,
            "bytes": 10,
        }
        return self.url(url, State.ANSWERED, **{**given, **columns})

    def failed(self, url: str, kind: str, message: str = "", **columns: Any) -> int:
        """A URL without an answer."""
        given = {"attempts": 3, "at": 1_700_000_000.0, "items": 1}
        return self.url(url, State.FAILED, kind=kind, message=message, **{**given, **columns})

    def host(self, url: str) -> int | None:
        """The number of a URL's host."""
        if normalise(url) is None:
            return None
        self.db.execute("INSERT OR IGNORE INTO host (name) VALUES (?)", (host(url),))
        return int(self.db.execute("SELECT id FROM host WHERE name = ?", (host(url),)).fetchone()[0])

    def tried(
        self, number: int, came_to: str, *, target: str = "", wait_s: float | None = 1.0, **more: Any
    ) -> None:
        """A try of a URL that did not end it."""
        self.db.execute(
            "INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                1_699_999_990.0,
                target,
                came_to,
                more.get("message"),
                0.5,
                more.get("worker", 77),
                wait_s,
            ),
        )

    def batch(self, positions: Any) -> int:
        """A commit."""
        done = self.db.execute(
            "INSERT INTO batch (at, run, positions) VALUES (1, 1, ?)", (json.dumps(positions),)
        )
        return int(done.lastrowid or 0)

    def skip(self, url: str, why: str, found_on: str) -> None:
        """A link that was not followed."""
        self.db.execute("INSERT INTO skip VALUES (?, ?, ?, 1700000000.0)", (url, why, found_on))
        self.db.execute(
            "INSERT INTO skipped VALUES (?, 1) ON CONFLICT (why) DO UPDATE SET links = links + 1", (why,)
        )


def rows(path: Path, question: str, *values: Any) -> list[tuple[Any, ...]]:
    """What SQL says of a job file."""
    job = JobFile(path)
    try:
        return job.db.execute(question, values).fetchall()
    finally:
        job.close()
