"""Connections with a total deadline: a server that drips a byte a second is cut off on time.

A socket timeout starts anew with every byte, so it bounds nothing. Here each send
and receive is given only what is left until the deadline (`underway.py`). Answers
are read with a class of ours (`answers.py`), and whom a connection may go to is
said elsewhere (`addresses.py`).
"""

import http.client
import socket
import ssl
from typing import Any, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ProxyError

from .addresses import Doorway
from .answers import Answer
from .socks import Socks, ask
from .underway import limit, under_way
from .waited import waited


class _TimedSocket(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        limit(self)
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        limit(self)
        super().sendall(*args, **kwargs)


class TimedTlsSocket(ssl.SSLSocket):
    """A socket over TLS whose receives end at the deadline; `tls.py` makes them."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive, until the deadline."""
        limit(self)
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Send, until the deadline."""
        limit(self)
        super().sendall(*args, **kwargs)


class _Noting:
    """Goes out by the worker's doorway, notes the far end and whether it was used before, and reads answers with our class.

    Attributes:
        doorway: Says whom it may connect to.
        socks: The SOCKS proxy that it goes through; None for none.
        peer: The far end; "" before there is one. Through a SOCKS proxy the address that it was told.
        is_reused: The request under way is not the first on this connection.
    """

    doorway: Doorway
    socks: Socks | None = None
    peer = ""
    is_reused = False
    sock: Any
    proxy: Any
    timeout: Any
    socket_options: Any
    _dns_host: str
    port: int
    _private_kind: str | None = None
    _socket_class: type[socket.socket] = socket.socket
    _carried = 0
    _told = ""
    response_class: Any = Answer

    def connect(self) -> None:
        self._carried = 0
        self._private_kind = None
        self._told = ""
        super().connect()  # type: ignore[misc]
        # The proxy's own address says nothing of the host, such as that it is private.
        self.peer = self._told or _address(self.sock)
        if hasattr(self.sock, "suppress_ragged_eofs"):
            # An end that TLS did not announce is told from one that it did (RFC 9112, 9.8).
            self.sock.suppress_ragged_eofs = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Send one request, and be found by whoever asks what went wrong with it."""
        under_way.connection = self
        under_way.is_heard = False
        self.is_reused = self.sock is not None and self._carried > 0
        if self.is_reused and self._private_kind is not None:
            self.doorway.check_kept(self._dns_host, self._private_kind)
        super().request(method, under_way.target or url, *args, **kwargs)  # type: ignore[misc]
        self._carried += 1
        waited.sent()

    def getresponse(self) -> Any:
        """The answer as it is, without what urllib3 makes of one."""
        return http.client.HTTPConnection.getresponse(self)  # type: ignore[arg-type]

    def _new_conn(self) -> socket.socket:
        """Connect to what was judged, and to nothing else; the faults are those that urllib3 makes of them."""
        plain = cast(HTTPConnection, self)
        if self.socks is not None:
            return self._through(self.socks)
        try:
            sock, self._private_kind = self.doorway.connect(
                self._socket_class,
                self._dns_host,
                self.port,
                timeout_s=self.timeout,
                options=self.socket_options or (),
                is_proxy=self.proxy is not None,
            )
        except socket.gaierror as error:
            raise NameResolutionError(plain.host, plain, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(plain, "no connection in time") from error
        except OSError as error:
            raise NewConnectionError(plain, f"no connection: {error}") from error
        return sock

    def _through(self, proxy: Socks) -> socket.socket:
        """Connect through a SOCKS proxy, which is told an address that was judged, or the name if it looks it up."""
        plain = cast(HTTPConnection, self)
        try:
            told = [self._dns_host] if proxy.is_remote else self.doorway.addresses(self._dns_host, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(plain.host, plain, error) from error
        fault: OSError = OSError("there is no address")
        for each in told:
            try:
                sock, _ = self.doorway.connect(
                    self._socket_class,
                    proxy.host,
                    proxy.port,
                    timeout_s=self.timeout,
                    options=self.socket_options or (),
                    is_proxy=True,
                )
            except OSError as error:
                raise ProxyError("the SOCKS proxy is not there", error) from error
            try:
                ask(sock, proxy, each, self.port)
            except OSError as error:
                sock.close()
                fault = error
                continue
            if not proxy.is_remote:
                self._told = _written(each, self.port)
            return sock
        raise ProxyError(f"the SOCKS proxy did not connect: {fault}", fault)

    def _tunnel(self) -> None:
        """Ask a proxy for a tunnel; what it answers is read by the standard library."""
        ours, self.response_class = self.response_class, http.client.HTTPResponse
        try:
            super()._tunnel()  # type: ignore[misc]
        finally:
            self.response_class = ours


class TimedConnection(_Noting, HTTPConnection):
    """A plain connection whose receives end at the deadline."""

    _socket_class = _TimedSocket


class TimedTlsConnection(_Noting, HTTPSConnection):
    """The same over TLS, where the context brings the socket's class."""


class _Letting:
    """A pool whose connections go out by one doorway.

    Attributes:
        doorway: The worker's.
        socks: The SOCKS proxy that they go through; None for none.
    """

    doorway: Doorway
    socks: Socks | None = None

    def _new_conn(self) -> Any:
        made = super()._new_conn()  # type: ignore[misc]
        made.doorway, made.socks = self.doorway, self.socks
        return made


class TimedPool(_Letting, HTTPConnectionPool):
    """Connections to one plain origin."""

    ConnectionCls = TimedConnection


class TimedTlsPool(_Letting, HTTPSConnectionPool):
    """Connections to one TLS origin."""

    ConnectionCls = TimedTlsConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect; that a host is not verified is said by the crawl, once, and not by urllib3 for each page."""
        if conn.is_closed:
            conn.connect()


def _address(sock: Any) -> str:
    """The far end of a socket, such as "127.0.0.1:80" or "[::1]:80"; "" when it cannot be known."""
    try:
        name = sock.getpeername()
    except (OSError, AttributeError):
        return ""
    if len(name) < 2:
        return ""
    return _written(name[0], name[1])


def _written(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
