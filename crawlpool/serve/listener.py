"""A listening socket on loopback, and the event loop behind it.

The socket is bound when the listener is made, so that its URL is known and a port
in use is an error at once. Then either `start` runs the loop in a thread of its
own, or `serve_forever` runs it in the caller's.
"""

import asyncio
import contextlib
import errno
import ipaddress
import socket
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..errors import ConfigError
from .wire import Answer, Connection

_BACKLOG = 1024


class Listener:
    """Answers HTTP/1.1 on one address and port.

    Args:
        answer: Decides what to reply; called on the event loop, so it must not block.
        host: An address of 127.0.0.0/8, "::1" or "localhost" (127.0.0.1).
        port: 0 takes a free one.
        allow_public: Allow an address that others can reach.
        max_body: Bytes of a request's body that are read.

    Raises:
        ConfigError: The address is not loopback or not of this machine, or the port is in use.
    """

    def __init__(
        self, answer: Answer, *, host: str, port: int, allow_public: bool = False, max_body: int = 64 * 1024
    ) -> None:
        self._answer = answer
        self._max_body = max_body
        self._socket = _bound(host, port, allow_public=allow_public)
        self.port: int = self._socket.getsockname()[1]
        self.host = f"{_printable(host)}:{self.port}"
        self.url = f"http://{self.host}"
        self._connections: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopping: asyncio.Event | None = None
        self._is_stopped = False
        self._is_ready = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Answer from now on, in a thread; starting twice is harmless."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"serve {self.host}", daemon=True)
            self._thread.start()
            self._is_ready.wait()

    def serve_forever(self, on_ready: Callable[[], None] | None = None) -> None:
        """Answer in this thread until `stop` is called from elsewhere.

        Args:
            on_ready: Called once, when the first request can be answered.

        Raises:
            KeyboardInterrupt: Ctrl-C; the socket is closed and the port free again.
        """
        try:
            asyncio.run(self._serve(on_ready))
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Break every connection off and free the port; calling it twice is harmless."""
        with self._lock:
            self._is_stopped = True
            if self._loop is None or self._is_stopping is None:
                self._socket.close()
            else:
                with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                    self._loop.call_soon_threadsafe(self._is_stopping.set)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def cut(self) -> None:
        """Break off every connection that is open, and go on listening; from any thread."""
        self.call(self._cut)

    def call(self, function: Callable[[], None]) -> None:
        """Have a function called on the event loop, soon; from any thread."""
        with self._lock:
            if self._loop is not None and not self._is_stopped:
                self._loop.call_soon_threadsafe(function)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self.serve_forever()
        finally:
            self._is_ready.set()  # `start` must not wait for a loop that could not begin

    async def _serve(self, on_ready: Callable[[], None] | None) -> None:
        stopping = asyncio.Event()
        with self._lock:
            if self._is_stopped:
                return
            self._loop, self._is_stopping = asyncio.get_running_loop(), stopping
        server = await self._loop.create_server(self._connection, sock=self._socket, backlog=_BACKLOG)
        self._is_ready.set()
        try:
            if on_ready is not None:
                on_ready()
            await stopping.wait()
        finally:
            server.close()
            while self._connections:
                self._cut()
                await asyncio.sleep(0)
            await server.wait_closed()

    def _cut(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()

    def _connection(self) -> Connection:
        return Connection(self._answer, self._connections, max_body=self._max_body)


def _bound(host: str, port: int, *, allow_public: bool) -> socket.socket:
    if not 0 <= port <= 65535:
        raise ConfigError(f"port is {port}, and should be 0 (any that is free) to 65535")
    address = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        raise ConfigError(f"host {host!r} is no address; give one such as 127.0.0.1 or ::1") from None
    if not (known.is_loopback or allow_public):
        raise ConfigError(
            f"host {host!r} can be reached by other machines; give 127.0.0.1, or allow_public if that is meant"
        )
    sock = socket.socket(socket.AF_INET6 if known.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # A port whose last connections are still in TIME_WAIT is free for us.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigError(_why_not(error, host, port)) from None
    return sock


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; choose another, or 0 for any that is free"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} may not be used by this user; choose one above 1023, or 0 for any that is free"
    return f"cannot listen on {host} port {port}: {error.strerror or error}"


def _printable(host: str) -> str:
    """The host as it stands in a URL; an address that means "any" is reached by loopback."""
    bare = host.removeprefix("[").removesuffix("]")
    bare = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bare, bare)  # noqa: S104  read, not bound
    return f"[{bare}]" if ":" in bare else bare
