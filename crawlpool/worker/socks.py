"""Go through a SOCKS 5 proxy (RFC 1928), with a user name and a password where it wants them (RFC 1929).

socks5://    names are looked up here, and their addresses judged; the proxy is told an address
socks5h://   the proxy is told the name, and where that leads is its own to judge
"""

import socket
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from ..addresses import packed

_VERSION: Final = 5
_NO_LOGIN, _LOGIN = 0, 2
REPLIES: Final = {
    1: "it failed",
    2: "its rules do not allow it",
    3: "the network is unreachable",
    4: "the host is unreachable",
    5: "the connection was refused",
    6: "it took too long",
    7: "it does not know how to connect",
    8: "it does not know this kind of address",
}
_LENGTHS: Final = {1: 4, 4: 16}  # of an address, by its type


class SocksFault(OSError):  # noqa: N818  what the proxy did
    """The proxy did not do what it was asked; the text says why."""


class Socks(NamedTuple):
    """A SOCKS proxy.

    Attributes:
        host: Its name or address.
        port: Its port.
        login: User name and password; None for neither.
        is_remote: It looks names up.
    """

    host: str
    port: int
    login: tuple[bytes, bytes] | None
    is_remote: bool

    @classmethod
    def of(cls, url: str) -> "Socks | None":
        """The proxy of a URL; None when it is none of SOCKS 5."""
        parts = urlsplit(url)
        if parts.scheme not in {"socks5", "socks5h"} or not parts.hostname:
            return None
        login = None
        if parts.username is not None:
            login = unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or "")
        return cls(parts.hostname, parts.port or 1080, login, parts.scheme == "socks5h")


def ask(sock: socket.socket, proxy: Socks, host: str, port: int) -> None:
    """Ask a proxy that we are connected to for a connection to a host, which is an address or a name.

    Raises:
        SocksFault: It refuses, or is no SOCKS 5 proxy.
        OSError: The connection failed.
    """
    methods = bytes([_NO_LOGIN] if proxy.login is None else [_NO_LOGIN, _LOGIN])
    sock.sendall(bytes([_VERSION, len(methods)]) + methods)
    version, method = _exactly(sock, 2)
    if version != _VERSION:
        raise SocksFault("it is no SOCKS 5 proxy")
    if method == _LOGIN and proxy.login is not None:
        user, password = (each[:255] for each in proxy.login)
        sock.sendall(b"\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password)
        if _exactly(sock, 2)[1] != 0:
            raise SocksFault("it does not take the user name and password")
    elif method != _NO_LOGIN:
        raise SocksFault("it wants a login that it was not given")
    address = packed(host)
    if address is None:
        name = host.encode("ascii")
        if not 0 < len(name) <= 255:
            raise SocksFault("the name is too long for it")
        where = bytes([3, len(name)]) + name
    else:
        where = bytes([1 if len(address) == 4 else 4]) + address
    sock.sendall(bytes([_VERSION, 1, 0]) + where + port.to_bytes(2))
    _, reply, _, kind = _exactly(sock, 4)
    if reply != 0:
        raise SocksFault(REPLIES.get(reply, f"it answered {reply}"))
    length = _LENGTHS.get(kind) or (_exactly(sock, 1)[0] if kind == 3 else 0)
    _exactly(sock, length + 2)


def _exactly(sock: socket.socket, size: int) -> bytes:
    """The next bytes from a proxy, no more than these: what follows is the server's."""
    got = b""
    while len(got) < size:
        piece = sock.recv(size - len(got))
        if not piece:
            raise SocksFault("it closed the connection")
        got += piece
    return got
