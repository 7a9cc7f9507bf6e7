"""Whom a worker may connect to, and the connecting: one lookup, a judgement of each address, that address and no other.

    order ─▶ objection     of the URL alone: an address, a local name behind a proxy, a port of
               │           other protocols; nothing is looked up
               ▼
             lookup        once; or what the user says (`resolve`)
               │
             judge         each address (`crawlpool/addresses.py`); of a name with both kinds,
               │           the public ones are left
             connect       in the order of the lookup, one deadline for all
               │
             peer          the far end is what was judged, or is judged as well

What the order says of its host and port decides: those that the user named may be private
(`Want.PRIVATE`), what a server named may not. A connection that is kept open is used again
under the same rule. Behind a proxy only the first step is ours; the proxy looks names up.
"""

import errno
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from ..addresses import BAD_PORTS, OF_NETWORKS, is_local_name, literal, packed, special
from ..model import FailureKind
from ..urls import place

MOST_TRIED: Final = 8
"""Addresses of one name at most; the DNS may list thousands."""

_NOT_FROM_HERE: Final = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Faults of an address family that this machine does not have; the fault of another address says more."""

_Found = tuple[int, int, int, str, Any]

lookup: Callable[..., Iterable[Any]] = socket.getaddrinfo
"""Asks for the addresses of a name; tests put another in its place."""


class Refused(Exception):  # noqa: N818  not an error of ours: what a server led to
    """An address that is not connected to.

    Attributes:
        kind: The cause, as the failure will have it.
        message: One sentence, with the host, its address and what that is.
    """

    kind = FailureKind.ADDRESS

    def __init__(self, message: str) -> None:
        """Take the sentence."""
        super().__init__(message)
        self.message = message


class Doorway:
    """The one way out of a worker; it serves one thread.

    Args:
        private: Which addresses may be connected to that are not of the public internet: those of
            hosts that the user "named", "all", or "none".
        resolve: Addresses to connect to instead of asking the DNS, by host and port; the user's own
            word, so they are not judged.

    Attributes:
        is_named: The user named the host and port of the order under way.
    """

    def __init__(self, *, private: str, resolve: Sequence[tuple[str, int, tuple[str, ...]]] = ()) -> None:
        self._is_all = private == "all"
        self._is_none = private == "none"
        self._resolve = {(host, port): addresses for host, port, addresses in resolve}
        self.is_named = False

    @property
    def _is_trusted(self) -> bool:
        return self.is_named and not self._is_none

    # Before anything is looked up

    def objection(self, origin: str, *, is_proxied: bool) -> str | None:
        """What speaks against an origin without a lookup, unless the user named it; None for nothing."""
        hostname, port = parts_of(origin)
        if (hostname, port) in self._resolve and not is_proxied:
            return None
        address = literal(hostname)
        kind = None if address is None else special(address)
        if kind is not None:
            return f"{address} is {kind}"
        if is_proxied and is_local_name(hostname):
            return f"{hostname} is a name of this machine or its network"
        if port in BAD_PORTS:
            return f"port {port} is for another protocol than HTTP (Fetch standard, 2.9)"
        return None

    def check(self, objection: str) -> None:
        """Let an order pass to which there is an objection, or not.

        Raises:
            Refused: Neither the user nor a setting allows it.
        """
        if not (self._is_trusted or self._is_all):
            raise self.refusal(objection)

    # Connecting

    def connect(
        self,
        new_socket: Callable[[int, int, int], socket.socket],
        hostname: str,
        port: int,
        *,
        timeout_s: float,
        options: Sequence[tuple[Any, ...]],
        is_proxy: bool,
    ) -> tuple[socket.socket, str | None]:
        """Connect to a host; the socket, and what its far end is if that was allowed for the user's word only.

        Args:
            new_socket: Makes a socket of a family, type and protocol.
            hostname: A name or an address, brackets taken off.
            port: Its port.
            timeout_s: Seconds for all addresses together, the lookup not counted.
            options: Arguments for `setsockopt`.
            is_proxy: It is the user's proxy, which may be anywhere.

        Raises:
            Refused: No address of it may be connected to.
            OSError: None was to be had; `socket.gaierror` is one.
            UnicodeError: It is no name that the DNS could have.
        """
        given = self.given(hostname, port)
        found: Sequence[_Found]
        if given is not None:
            found = [each for address in given for each in _numeric(address, port)]
        else:
            found = list(lookup(hostname, port, type=socket.SOCK_STREAM))
        is_free = is_proxy or given is not None
        tried = found[:MOST_TRIED] if is_free else self.allowed(hostname, found)
        sock, address = _first_of(tried, new_socket, until=time.monotonic() + timeout_s, options=options)
        try:
            sock.settimeout(timeout_s)
            return sock, None if is_free else self._kind_of_peer(sock, hostname, address)
        except BaseException:
            sock.close()
            raise

    def addresses(self, hostname: str, port: int) -> list[str]:
        """The addresses of a host that may be connected to, for a proxy that is told one.

        Raises:
            Refused: There is none.
            OSError: The name does not resolve.
        """
        given = self.given(hostname, port)
        if given is not None:
            return list(given)
        found = list(lookup(hostname, port, type=socket.SOCK_STREAM))
        return [str(each[4][0]) for each in self.allowed(hostname, found)]

    def check_kept(self, hostname: str, kind: str) -> None:
        """See that a connection to what is not public, which was kept open, may carry the order under way.

        Raises:
            Refused: The order has no permission.
        """
        if not self._may_be(hostname, kind):
            raise self.refusal(f"{hostname} is {kind}")

    def given(self, hostname: str, port: int) -> tuple[str, ...] | None:
        """The addresses that the user says a host has; None if nothing was said."""
        is_bare = ":" in hostname and not hostname.startswith("[")
        return self._resolve.get((f"[{hostname}]" if is_bare else hostname.rstrip("."), port))

    def against(self, hostname: str, address: str) -> str | None:
        """What speaks against the order under way going to an address of a host; None for nothing."""
        kind = special(address)
        return None if self._may_be(hostname, kind) else self._words(hostname, address, kind or "")

    def refusal(self, why: str) -> Refused:
        """Why an order does not go out, and which setting has a say in it."""
        if self._is_none:
            return Refused(f"{why}; --deny-private refuses it")
        return Refused(f"{why}; --allow-private allows it")

    def _may_be(self, hostname: str, kind: str | None) -> bool:
        """Whether a host may have an address of a kind.

        The user's word for a name goes as far as networks of the user's own. The DNS, which is somebody
        else's, may say of it that it is the metadata of a cloud; then the address itself has to be named.
        """
        if kind is None or self._is_all:
            return True
        return self._is_trusted and (kind in OF_NETWORKS or packed(hostname) is not None)

    def allowed(self, hostname: str, found: Sequence[_Found]) -> list[_Found]:
        """Those of the addresses of a host that the order under way may go to.

        Raises:
            Refused: There are some, and it may go to none.
        """
        tried: list[_Found] = []
        refused = ""
        for each in found:
            kind = special(each[4][0])
            if self._may_be(hostname, kind):
                tried.append(each)
                if len(tried) == MOST_TRIED:
                    break
            elif not refused:
                refused = self._words(hostname, each[4][0], kind or "")
        if refused and not tried:
            raise self.refusal(refused)
        return tried

    def _kind_of_peer(self, sock: socket.socket, hostname: str, address: str) -> str | None:
        peer = str(sock.getpeername()[0])
        kind = special(peer)
        if packed(peer) != packed(address) and not self._may_be(hostname, kind):
            raise self.refusal(f"connected to {self._words(hostname, peer, kind or '')}")
        return kind

    @staticmethod
    def _words(hostname: str, address: str, kind: str) -> str:
        return f"{address} is {kind}" if address == hostname else f"{hostname} is {address}, {kind}"


def parts_of(origin: str) -> tuple[str, int]:
    """Host, without the last dot, and port of an origin in normal form."""
    where = place(origin)
    port = where.host[len(where.hostname) + 1 :]
    return where.hostname.rstrip("."), int(port) if port else 443 if origin.startswith("https:") else 80


def _numeric(address: str, port: int) -> list[_Found]:
    return list(socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))


def _first_of(
    tried: Sequence[_Found],
    new_socket: Callable[[int, int, int], socket.socket],
    *,
    until: float,
    options: Sequence[tuple[Any, ...]],
) -> tuple[socket.socket, str]:
    """The first that connects, and its address; each gets an equal share of what is left of the time.

    Raises:
        OSError: None does.
    """
    fault: OSError | None = None
    for n, (family, kind, protocol, _, address) in enumerate(tried):
        left = until - time.monotonic()
        if left <= 0:
            break
        sock: socket.socket | None = None
        try:
            sock = new_socket(family, kind, protocol)
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(left / (len(tried) - n))
            sock.connect(address)
        except OSError as error:
            if sock is not None:
                sock.close()
            if fault is None or fault.errno in _NOT_FROM_HERE:
                fault = error
            continue
        except BaseException:
            if sock is not None:
                sock.close()
            raise
        return sock, str(address[0])
    raise fault or TimeoutError("no connection in time")
