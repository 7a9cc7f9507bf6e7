"""The rows of `url` in a job file, as requests: written, read back, brought up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from ..errors import FrontierError
from ..job.file import JobFile
from ..job.schema import State
from ..model import Request
from ..urls import host
from .base import SAME
from .waiting import Key
from .written import bindable, fingerprint_of, marked_json, request_of, told_of

Row: TypeAlias = tuple[Any, ...]

_COLUMNS = """
    SELECT url.id, url.url, url.rank, url.depth, url.listed, url.request, page.url
    FROM url LEFT JOIN url AS page ON page.id = url.found_on
"""
_WAITING = f"{_COLUMNS} WHERE url.id = ? AND url.state = 0"
_BEHIND = f"""{_COLUMNS}
    WHERE url.state = 0 AND url.host = ? AND (url.rank, url.depth, url.id) > (?, ?, ?)
    ORDER BY url.rank, url.depth, url.id LIMIT ?
"""
_ADD = """
    INSERT INTO url (state, host, rank, depth, listed, found_on, request, id, url)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CHANGE = """
    UPDATE url SET state = ?, host = ?, rank = ?, depth = ?, listed = ?, found_on = ?, request = ?
    WHERE id = ?
"""
_BRING_UP = "UPDATE url SET depth = ?, found_on = ?, request = ? WHERE id = ?"
# The target of a redirect is open while its chain is: that begins again, and has to find it unknown.
_ALL = """
    SELECT id, url, request, state = 0,
        CASE WHEN state = 0 AND listed = 0 THEN min(depth, 255) ELSE 0 END,
        state = 1 OR (state = 2 AND status IS NOT NULL) OR (state = 3 AND coalesce(status, 300) < 300),
        CASE state WHEN 1 THEN host END,
        CASE state WHEN 4 THEN found_on IS NULL OR EXISTS
            (SELECT 1 FROM url AS first WHERE first.id = url.found_on AND first.state = 0) ELSE 0 END
    FROM url
"""
_COUNTS = """
    SELECT host.name, count(*) FROM url JOIN host ON host.id = url.host WHERE url.state = 0 GROUP BY url.host
"""
# What was read in a sitemap is listed, too; its source is the sitemap's URL.
_LISTED = """
    SELECT url, coalesce(final_url, url) FROM url WHERE listed = 1 AND host IS NOT NULL AND
        ? = (request IS NOT NULL AND json_valid(request)
            AND coalesce(json_extract(request, '$.source') GLOB 'http*://*', 0))
"""

# Without those where a listed URL's redirects led, which are as little judged as that is.
_FOUND = """
    SELECT url.url FROM url LEFT JOIN url AS first ON url.state = 4 AND first.id = url.found_on
    WHERE url.listed = 0 AND coalesce(first.listed, 0) = 0 ORDER BY url.id
"""

# The last ones, which are at the end of the table; put back into their order.
_PAGES = """
    SELECT coalesce(final_url, url), digest, simhash FROM (
        SELECT id, url, final_url, digest, simhash FROM url
        WHERE state = 1 AND (digest IS NOT NULL OR simhash IS NOT NULL) ORDER BY id DESC LIMIT ?
    ) ORDER BY id
"""

_MOST_HOSTS = 50_000
_MOST_ANSWERED = 1000

LARGEST = 1 << 40
"""What a priority or a depth may be, so that any fits into the file."""


class Rows:
    """What is done to rows, in the transaction that is open; errors of SQLite are the caller's.

    Args:
        job: The job file.

    Attributes:
        answered: Of the rows that were read at the start, those that have got a page.
        withheld: And those that wait and had secrets, which are not in the file.

    Raises:
        FrontierError: A request in a row is damaged.
    """

    def __init__(self, job: JobFile) -> None:
        """Nothing is read yet."""
        self._path = job.path
        self._db = job.db
        self._hosts: dict[str, int] = {}  # numbers of some
        self._answered: set[int] = set()
        self.answered = 0
        self.withheld = 0

    def last(self) -> int:
        """The largest number of a row; 0 without any."""
        (number,) = self._db.execute("SELECT coalesce(max(id), 0) FROM url").fetchone()
        return int(number)

    def all(self) -> Iterator[tuple[str, int, int]]:
        """Every row: its fingerprint, its number, and how deep it waits (up to 255; 0 if it cannot be brought up).

        The targets of redirects that are open are dropped.
        """
        open_ = []
        for number, url, text, is_waiting, depth, is_answered, host_, is_open in self._db.execute(_ALL):
            self.answered += is_answered
            if host_ is not None and len(self._answered) < _MOST_ANSWERED:
                self._answered.add(host_)
            if is_open:
                open_.append((number,))
            elif text is None:
                yield url, number, depth
            else:
                with self._readable(number):
                    told = told_of(text)
                    key = fingerprint_of(url, told)
                self.withheld += is_waiting and "withheld" in told
                yield key, number, depth
        self._db.executemany("DELETE FROM url WHERE id = ?", open_)

    def answered_hosts(self) -> list[str]:
        """Hosts that had answered by then, a thousand at most."""
        names = self._db.execute("SELECT id, name FROM host")
        return [name for number, name in names if number in self._answered]

    def counts(self) -> dict[str, int]:
        """How many wait, by host."""
        return dict(self._db.execute(_COUNTS))

    def listed(self, *, from_sitemaps: bool = False) -> Iterator[tuple[str, str]]:
        """What the user named, or his sitemaps, each with where its redirects ended; what is no URL is left out."""
        yield from self._db.execute(_LISTED, (int(from_sitemaps),))

    def found(self) -> Iterator[str]:
        """What was found, in the order in which it was."""
        for (url,) in self._db.execute(_FOUND):
            yield url

    def pages(self, most: int) -> Iterator[tuple[str, int | None, int | None]]:
        """URL, digest and simhash of the last pages that were kept."""
        yield from self._db.execute(_PAGES, (most,))

    def has_page(self, number: int) -> bool | None:
        """Whether a row has got a page, or is the same as one that has; None while that is open."""
        found = self._db.execute(
            "SELECT state, status, kind, found_on FROM url WHERE id = ?", (number,)
        ).fetchone()
        if (
            found is not None and found[0] == State.LED_TO and found[3] is not None
        ):  # the record is the first one's
            found = self._db.execute(
                "SELECT state, status, kind, found_on FROM url WHERE id = ?", (found[3],)
            ).fetchone()
        if found is None:
            return None
        state, status, kind, _ = found
        if state == State.ANSWERED:
            return kind is None and 200 <= (status or 0) < 300
        if state == State.LEFT_OUT:
            return kind in SAME
        return False if state == State.FAILED else None

    def new(self, number: int, request: Request, page: int | None, text: str | None) -> Row:
        """A row that is to wait, for `insert`; `page` is the row it was found on, `text` its JSON."""
        return (*self._place(request, page, text), number, request.target)

    def insert(self, rows: list[Row]) -> None:
        """Write what `new` made, and forget it."""
        self._db.executemany(_ADD, rows)
        rows.clear()

    def insert_led_to(self, number: int, request: Request) -> None:
        """Write a target that is not to wait; `request.lease` is the row that was redirected there, or 0."""
        is_listed = request.is_listed and not request.lease  # a target has no record of its own
        place = (
            int(State.LED_TO),
            None,
            0,
            min(request.depth, LARGEST),
            int(is_listed),
            request.lease or None,
        )
        self._db.execute(_ADD, (*place, marked_json(request), number, bindable(request.target)))

    def state(self, number: int) -> tuple[int, int, int | None] | None:
        """State, whether it is listed, and the row it was found on; None where there is no row."""
        found: tuple[int, int, int | None] | None = self._db.execute(
            "SELECT state, listed, found_on FROM url WHERE id = ?", (number,)
        ).fetchone()
        return found

    def change(self, number: int, request: Request, page: int | None, text: str | None) -> None:
        """Let a row wait as this request."""
        self._db.execute(_CHANGE, (*self._place(request, page, text), number))

    def bring_up(self, number: int, request: Request, page: int | None, text: str | None) -> None:
        """Let a row wait where it was found now."""
        self._db.execute(_BRING_UP, (request.depth, page, text, number))

    def waiting(self, number: int) -> Request | None:
        """A row that waits, or is out; None for any other."""
        row = self._db.execute(_WAITING, (number,)).fetchone()
        return None if row is None else self._request(row)

    def behind(self, host: str, key: Key, most: int) -> list[Request]:
        """The rows of a host behind a key that wait, or are out; best first, so many at most."""
        rank, depth, number = (max(each, -2 * LARGEST) for each in key)
        found = self._db.execute(_BEHIND, (self._host(host), rank, depth, number, most))
        return [self._request(row) for row in found]

    def _place(self, request: Request, page: int | None, text: str | None) -> Row:
        return (
            int(State.WAITING),
            self._host(host(request.target)),
            -request.priority,
            request.depth,
            int(request.is_listed),
            page,
            text,
        )

    def _host(self, name: str) -> int:
        number = self._hosts.get(name)
        if number is None:
            found = self._db.execute("SELECT id FROM host WHERE name = ?", (name,)).fetchone()
            if found is None:
                number = self._db.execute("INSERT INTO host (name) VALUES (?)", (name,)).lastrowid or 0
            else:
                number = int(found[0])
            if len(self._hosts) >= _MOST_HOSTS:
                self._hosts.clear()
            self._hosts[name] = number
        return number

    def _request(self, row: Row) -> Request:
        with self._readable(row[0]):
            return request_of(row)

    @contextmanager
    def _readable(self, number: int) -> Iterator[None]:
        """Turn what damaged JSON raises into a `FrontierError` that names the row."""
        try:
            yield
        except (ValueError, TypeError, AttributeError) as error:
            raise FrontierError(
                f"{self._path} is damaged: row {number} of url has a request that cannot be read ({error}); "
                f"`crawlpool salvage {self._path}` saves what can be read of it, and --fresh starts over"
            ) from error
