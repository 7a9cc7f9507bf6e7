"""Connections with a total deadline: a server that drips a byte a second is cut off on time.

A socket timeout starts anew with every byte, so it bounds nothing. Here each
receive is given only what is left until the deadline of the request under way.
The deadline is kept per thread, because a connection serves one thread at a time.
"""

import socket
import ssl
import threading
import time
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class _UnderWay(threading.local):
    """The request that this thread is busy with.

    Attributes:
        deadline: `time.monotonic()` by which it must be whole; None before the first.
        target: What stands in its request line, exactly; urllib3 would encode some of it again.
        connection: The connection it went out on; None until then.
    """

    deadline: float | None = None
    target: str = ""
    connection: "_Noting | None" = None


under_way = _UnderWay()


def _limit(sock: socket.socket) -> None:
    if under_way.deadline is not None:
        left = under_way.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer was not whole by its deadline")
        sock.settimeout(left)


class _TimedSocket(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _limit(self)
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        _limit(self)
        super().sendall(*args, **kwargs)


class _TimedTlsSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        _limit(self)
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        _limit(self)
        super().sendall(*args, **kwargs)


def timed_context(*, is_verified: bool, ca: str | None) -> ssl.SSLContext:
    """A TLS context whose sockets keep the deadline; the CA bundle is read once, here.

    Raises:
        OSError: The bundle cannot be read.
    """
    context = ssl.create_default_context()
    if ca is not None:
        import os  # noqa: PLC0415  only for a bundle of the user's

        context.load_verify_locations(**({"capath": ca} if os.path.isdir(ca) else {"cafile": ca}))  # noqa: PTH112
    if not is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = _TimedTlsSocket
    return context


class _Noting:
    """Notes the far end of a connection, and how many requests it carried."""

    carried = 0
    peer = ""
    sock: Any

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self.peer = _address(self.sock)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Send one request, and be found by whoever asks what went wrong with it."""
        under_way.connection = self
        self.carried += 1
        super().request(method, under_way.target or url, *args, **kwargs)  # type: ignore[misc]


class TimedConnection(_Noting, HTTPConnection):
    """A plain connection whose receives end at the deadline."""

    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        return _TimedSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())


class TimedTlsConnection(_Noting, HTTPSConnection):
    """The same over TLS, where the context brings the socket's class."""


class TimedPool(HTTPConnectionPool):
    """Connections to one plain origin."""

    ConnectionCls = TimedConnection


class TimedTlsPool(HTTPSConnectionPool):
    """Connections to one TLS origin."""

    ConnectionCls = TimedTlsConnection


def _address(sock: Any) -> str:
    """The far end of a socket, such as "127.0.0.1:80" or "[::1]:80"; "" when it cannot be known."""
    try:
        name = sock.getpeername()
    except (OSError, AttributeError):
        return ""
    if len(name) < 2:
        return ""
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
