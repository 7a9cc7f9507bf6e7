"""A little web on loopback that a test builds page by page.

It answers through the same engine as `crawlpool serve` (`crawlpool.serve.wire`), on a
thread of its own. A request counts from the moment it has arrived whole until its
answer is sent or its connection is gone.
"""

import itertools
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlsplit

from crawlpool.model import Pairs, pairs
from crawlpool.serve.asked import Asked
from crawlpool.serve.listener import Listener
from crawlpool.serve.wire import Connection, Piece, Reply, head_of, reply

HTML = "text/html; charset=utf-8"
PATIENCE_S = 20.0
"""How long a test waits for something that must happen; far more than it takes."""

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
Body = str | bytes | Callable[["Arrival"], str | bytes]


@dataclass(frozen=True)
class Arrival:
    """One request that arrived.

    Attributes:
        at: `time.monotonic()` when it was there, in every process of this machine.
        path: Path and query; for a proxy's request the whole URL is in `target`.
        connection: Number of the connection it came on; 0 is the first.
        port: The client's port, by which its process can be found.
        at_once: Requests under way when it came, itself included.
    """

    at: float
    method: str
    path: str
    target: str
    version: str
    headers: Pairs
    body: bytes
    connection: int
    port: int
    at_once: int

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class _Plan:
    """How one path is answered; `make` builds the reply, `failures` come before it."""

    make: Callable[[Arrival, Asked], Reply]
    delay_s: float = 0.0
    failures: int = 0
    is_held: bool = False
    waiting: list[Connection] = field(default_factory=list)


class Site:
    """Pages on `host`, port 0; every method may be called while a crawl is running."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._plans: dict[str, _Plan] = {}
        self._changed = threading.Condition()
        self._log: list[Arrival] = []
        self._under_way = 0
        self._most_at_once = 0
        self._numbers: dict[int, int] = {}
        self._next_number = itertools.count()
        self._errors: list[BaseException] = []
        self._listener = Listener(self._answer, host=host, port=port, max_body=64 * 1024 * 1024)
        self.host = self._listener.host
        self.url = self._listener.url
        self._listener.start()

    def close(self) -> None:
        """End it; a body function that raised is raised here."""
        self._listener.stop()
        if self._errors:
            raise self._errors[0]

    # What the web is made of

    def page(
        self,
        path: str,
        body: Body | None = None,
        *,
        links: Iterable[str] = (),
        title: str | None = None,
        status: int = 200,
        headers: Headers = (),
        content_type: str | None = HTML,
        delay_s: float = 0.0,
        fails_first: int = 0,
        fails_with: int = 503,
    ) -> None:
        """Answer `path` (with its query, or with any when it has none).

        Args:
            body: Text, bytes, or a function of the `Arrival` that returns them;
                without it a small page with `title` and `links`.
            title: The page's title; the path when nothing is said.
            content_type: None leaves the header out.
            delay_s: Seconds before the answer.
            fails_first: The first so many requests get `fails_with` instead.
        """
        anchors = "\n".join(f'<a href="{escape(link)}">{escape(link)}</a>' for link in links)
        if body is None:
            name = escape(path if title is None else title)
            body = f"<!DOCTYPE html>\n<title>{name}</title>\n<h1>{name}</h1>\n{anchors}"
        elif isinstance(body, str):
            heading = "" if title is None else f"<!DOCTYPE html>\n<title>{escape(title)}</title>\n"
            body = heading + body + anchors
        content = body
        typed = () if content_type is None else (("Content-Type", content_type),)
        sent = (*typed, *pairs(headers))

        def make(arrival: Arrival, asked: Asked) -> Reply:
            made = content(arrival) if callable(content) else content
            return reply(asked, status, sent, made.encode() if isinstance(made, str) else made)

        def make_or_fail(arrival: Arrival, asked: Asked) -> Reply:
            if plan.failures > 0:
                plan.failures -= 1
                return reply(asked, fails_with, (("Content-Type", "text/plain"),), b"not yet")
            return make(arrival, asked)

        plan = _Plan(make_or_fail, delay_s=delay_s, failures=fails_first)
        self._plans[path] = plan

    def redirect(
        self, source: str, target: str, status: int = 302, *, headers: Headers = (), delay_s: float = 0.0
    ) -> None:
        """Answer `source` with a redirect; `target` is the Location header as it stands."""
        self.page(
            source, b"", status=status, headers=(("Location", target), *pairs(headers)), delay_s=delay_s
        )

    def robots(self, text: str | bytes, status: int = 200, **more: Any) -> None:
        """Answer /robots.txt; without it that is a 404."""
        self.page("/robots.txt", text, status=status, content_type="text/plain", **more)

    def raw(self, path: str, data: bytes | Callable[[Arrival], bytes], *, delay_s: float = 0.0) -> None:
        """Send exactly these bytes, status line and all, then close the connection; b"" just closes it."""

        def make(arrival: Arrival, asked: Asked) -> Reply:
            sent = data(arrival) if callable(data) else data
            return Reply(status=0, pieces=((0.0, sent),), is_last=True)

        self._plans[path] = _Plan(make, delay_s=delay_s)

    def drip(
        self,
        path: str,
        body: bytes = b"drop by drop\n" * 1000,
        *,
        every_s: float = 0.1,
        from_head: bool = False,
        content_type: str = "text/html",
    ) -> None:
        """Send the body a byte every `every_s`; with `from_head` the status line and headers too."""

        def make(arrival: Arrival, asked: Asked) -> Reply:
            head = head_of(200, (("Content-Type", content_type),), length=len(body), is_last=True)
            slow = head + body if from_head else body

            def pieces() -> Iterator[Piece]:
                if not from_head:
                    yield 0.0, head
                for at in range(len(slow)):
                    yield every_s, slow[at : at + 1]

            return Reply(status=200, pieces=pieces(), is_last=True)

        self._plans[path] = _Plan(make)

    def hang(self, path: str, head: bytes = b"") -> None:
        """Take the request and never answer; `head` is sent first."""

        def make(arrival: Arrival, asked: Asked) -> Reply:
            return Reply(status=0, pieces=((0.0, head), (math.inf, b"")), is_last=True)

        self._plans[path] = _Plan(make)

    def hold(self, path: str) -> None:
        """Keep the answers to a path back until `release`; `wait_for` tells when it was asked."""
        with self._changed:
            self._plans[path].is_held = True

    def release(self, path: str) -> None:
        """Let go of the answers that `hold` kept back, and of later ones."""
        with self._changed:
            plan = self._plans[path]
            plan.is_held = False
            waiting, plan.waiting = plan.waiting, []
        for connection in waiting:
            self._listener.call(connection.wake)

    def remove(self, path: str) -> None:
        """Answer a path with 404 from now on."""
        self._plans.pop(path, None)

    def cut(self) -> None:
        """Break off every connection that is open."""
        self._listener.cut()

    # What was asked of it

    @property
    def log(self) -> list[Arrival]:
        """Everything that arrived, oldest first."""
        with self._changed:
            return list(self._log)

    @property
    def requests(self) -> list[str]:
        """The paths asked, oldest first, without /robots.txt."""
        return [arrival.path for arrival in self.log if arrival.path != "/robots.txt"]

    def asked(self, path: str) -> int:
        """How often a path was asked."""
        return sum(arrival.path == path for arrival in self.log)

    @property
    def counts(self) -> Counter[str]:
        """How often each path was asked, without /robots.txt."""
        return Counter(self.requests)

    @property
    def most_at_once(self) -> int:
        """The most requests that were under way at the same moment."""
        return self._most_at_once

    @property
    def under_way(self) -> int:
        """Requests that have come and are not answered."""
        return self._under_way

    @property
    def connections(self) -> int:
        """Connections on which something was asked."""
        return len({arrival.connection for arrival in self.log})

    def wait_for(self, path: str, times: int = 1, timeout_s: float = PATIENCE_S) -> None:
        """Block until a path was asked so often; AssertionError when that does not happen."""
        self.wait_until(
            lambda: sum(a.path == path for a in self._log) >= times, f"{path} to be asked", timeout_s
        )

    def wait_until(self, is_so: Callable[[], bool], what: str = "it", timeout_s: float = PATIENCE_S) -> None:
        """Block until `is_so`, which is looked at whenever a request comes or ends."""
        with self._changed:
            assert self._changed.wait_for(is_so, timeout_s), (
                f"waited {timeout_s} s for {what}; asked: {self._log}"
            )

    # On the event loop's thread

    def _answer(self, asked: Asked, connection: Connection) -> Reply:
        with self._changed:
            self._under_way += 1
            self._most_at_once = max(self._most_at_once, self._under_way)
            if connection.number not in self._numbers:
                self._numbers[connection.number] = next(self._next_number)
            arrival = Arrival(
                at=asked.at,
                method=asked.method,
                path=asked.path,
                target=asked.target,
                version=asked.version,
                headers=asked.headers,
                body=asked.body,
                connection=self._numbers[connection.number],
                port=connection.client_port,
                at_once=self._under_way,
            )
            self._log.append(arrival)
            plan = self._plans.get(asked.path) or self._plans.get(urlsplit(asked.path).path)
            is_held = plan is not None and plan.is_held
            if plan is not None and is_held:
                plan.waiting.append(connection)
            self._changed.notify_all()
        made = self._make(plan, arrival, asked)
        made.on_end = self._ended
        if plan is not None:
            made.wait_s = math.inf if is_held else plan.delay_s
        return made

    def _make(self, plan: _Plan | None, arrival: Arrival, asked: Asked) -> Reply:
        if plan is None:
            return reply(asked, 404, (("Content-Type", HTML),), b"<!DOCTYPE html><title>Not here</title>")
        try:
            return plan.make(arrival, asked)
        except Exception as error:  # noqa: BLE001  `close` raises it again
            self._errors.append(error)
            return reply(asked, 500)

    def _ended(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()
