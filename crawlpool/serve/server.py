"""The local server: a directory on loopback, as slow and as faulty as you like."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from .asked import Asked
from .faults import Fault, Faults, RateLimit
from .folder import Folder
from .listener import Listener
from .wire import Connection, Reply, reply


class Served(NamedTuple):
    """One answer in the log.

    Attributes:
        time: Seconds since 1970 when the request was complete.
        method: HTTP method.
        path: Path and query as asked.
        status: HTTP status code; 0 when the connection was dropped instead.
    """

    time: float
    method: str
    path: str
    status: int


class Server:
    """A directory, served over HTTP/1.1; made by `serve`.

    The port is taken when the server is made, and answers begin with `start`, with
    `serve_forever` or at the beginning of a `with` block.

    Attributes:
        url: Such as "http://127.0.0.1:8000", without a slash at the end.
        port: The port it listens on.
    """

    def __init__(
        self,
        folder: Folder,
        faults: Faults,
        limit: RateLimit | None,
        *,
        host: str,
        port: int,
        allow_public: bool,
        on_served: Callable[[Served], None] | None,
        most_logged: int,
    ) -> None:
        self._folder = folder
        self._faults = faults
        self._limit = limit
        self._on_served = on_served
        self._log: deque[Served] = deque(maxlen=most_logged)
        self._lock = threading.Lock()
        self._listener = Listener(self._answer, host=host, port=port, allow_public=allow_public)
        self.url = self._listener.url
        self.port = self._listener.port

    @property
    def log(self) -> list[Served]:
        """What was answered so far, oldest first; from any thread."""
        with self._lock:
            return list(self._log)

    def start(self) -> None:
        """Answer from now on, in a thread; starting twice is harmless."""
        self._listener.start()

    def stop(self) -> None:
        """Break every connection off and free the port; calling it twice is harmless."""
        self._listener.stop()

    def serve_forever(self, on_ready: Callable[[], None] | None = None) -> None:
        """Answer in this thread until `stop` is called from elsewhere.

        Args:
            on_ready: Called once, when the first request can be answered.

        Raises:
            KeyboardInterrupt: Ctrl-C; the port is free again.
        """
        self._listener.serve_forever(on_ready)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answer(self, asked: Asked, _connection: Connection) -> Reply:
        answer = self._decide(asked)
        line = Served(time.time(), asked.method, asked.path, answer.status)
        with self._lock:
            self._log.append(line)
        if self._on_served is not None:
            self._on_served(line)
        return answer

    def _decide(self, asked: Asked) -> Reply:
        path = asked.path
        if self._limit is not None and path != "/robots.txt":
            wait_s = self._limit.wait_s(asked.client, asked.at)
            if wait_s:
                headers = (("Retry-After", str(wait_s)), ("Content-Type", "text/plain"))
                return reply(asked, 429, headers, b"Too many requests.\n")
        trouble = self._faults.trouble(path)
        if trouble.fault is None:
            answer = self._folder.answer(asked)
        elif trouble.fault is Fault.BROKEN:
            answer = Reply(status=0, is_broken=True)
        else:
            body = b"This answer fails on purpose.\n"
            answer = reply(asked, trouble.fault.value, (("Content-Type", "text/plain"),), body)
        answer.wait_s = trouble.wait_s
        return answer


def serve(
    directory: str | os.PathLike[str],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    latency_s: float = 0.0,
    jitter_s: float = 0.0,
    errors: float = 0.0,
    rate_limit: float | None = None,
    seed: int = 0,
    allow_public: bool = False,
    on_served: Callable[[Served], None] | None = None,
    most_logged: int = 100_000,
) -> Server:
    """Make a server of a directory, for demos, tests and measurements.

    ::

        with serve("sample_sites/bookshop", latency_s=0.1) as server:
            print(server.url)

    Args:
        directory: With an `index.html`, and perhaps `_redirects` and `_headers` (`crawlpool.serve.rules`).
        host: An address of 127.0.0.0/8, "::1" or "localhost".
        port: 0 takes a free one.
        latency_s: Every answer waits this long, each by itself.
        jitter_s: And up to this much longer, by chance.
        errors: Share of answers, 0 to 1, that are 500, 503 or a dropped connection; robots.txt is spared.
        rate_limit: Requests a second that one client's address may make; beyond it 429
            with Retry-After. robots.txt is spared.
        seed: Chooses which answers wait longer and which fail.
        allow_public: Allow a `host` that other machines can reach.
        on_served: Called with each line of the log, on the server's thread.
        most_logged: Lines that the log keeps.

    Raises:
        ConfigError: The directory is not there, a rule in it is malformed, the port
            is in use, or a value is out of range.
    """
    return Server(
        Folder(directory),
        Faults(latency_s=latency_s, jitter_s=jitter_s, errors=errors, seed=seed),
        None if rate_limit is None else RateLimit(rate_limit),
        host=host,
        port=port,
        allow_public=allow_public,
        on_served=on_served,
        most_logged=most_logged,
    )
