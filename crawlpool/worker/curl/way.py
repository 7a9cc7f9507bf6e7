"""One handle of libcurl: how its order goes, what was set for it, and what it is asked on the way.

open      libcurl has looked a name up, and asks for a socket to each address: those that the
order has no permission for get none
arrived   before each request, also on a connection that was kept open: the far end is judged
again, by what the order under way may
"""

import socket
from dataclasses import dataclass, field
from typing import Any, Final

import pycurl

from ..addresses import MOST_TRIED, Doorway
from ..wire import Want
from . import tls

OPTIONS: Final = (pycurl.PROXY, *tls.OPTIONS, *tls.OF_PROXY)
"""What `Route.dress` holds values for."""

_PRIVATE: Final = int(Want.PRIVATE)
_GO_ON: Final[int] = pycurl.PREREQFUNC_OK
_STOP: Final[int] = pycurl.PREREQFUNC_ABORT


@dataclass(slots=True, kw_only=True)
class Route:
    """How an origin is reached.

    Attributes:
        start: What all URLs of it begin with.
        hostname: A name or an address, brackets taken off.
        port: Its port.
        objection: What speaks against it, unless the user named it.
        scheme: Of the proxy, in small letters; "" for none.
        is_judged: Its addresses are judged; those that the user gave and a proxy's own are not.
        is_told: The proxy is told an address, which is looked up and judged here.
        is_whole: The request line takes the whole URL.
        given: What the user says of addresses, as libcurl takes it.
        is_known: Its name was looked up once, or needs not be; when libcurl has to look it up again, it does so by itself.
        dress: The values of proxy and TLS.
        told: Until when the addresses are good that the proxy may be told, by whether the user named the origin.
    """

    start: str
    hostname: str
    port: int
    objection: str | None
    scheme: str
    is_judged: bool
    is_told: bool
    is_whole: bool
    given: list[str]
    is_known: bool
    dress: tuple[Any, ...]
    told: dict[bool, tuple[float, list[str]]] = field(default_factory=dict)


class _Lent(socket.socket):
    """A socket that pycurl makes a duplicate of, and then lets go of without closing it."""

    def __del__(self) -> None:
        self.close()


class Way:
    """What a handle was told last, and what came of it: its callbacks.

    Attributes:
        route: How its order goes; None until all of it was set.
        start: What the URLs begin with that need nothing else set; "" for none.
        wants: Of the order, as far as they matter here.
        dress: The values of proxy and TLS that are set.
        is_quick: The connection may take the time that is set for a quick one; None before any is set.
        has_given: Addresses are set.
        is_telling: An address for the proxy is set.
        refused: What spoke against the first address that was not connected to; "" for none.
        opened: Addresses that were tried.
        fault: Of this machine, when it would not give a socket.
        address: What a proxy was told; "" for nothing.
    """

    __slots__ = (
        "_doorway",
        "_passed",
        "address",
        "dress",
        "fault",
        "has_given",
        "is_quick",
        "is_telling",
        "opened",
        "refused",
        "route",
        "start",
        "wants",
    )

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._passed = ""
        self.route: Route | None = None
        self.start = ""
        self.wants = -1
        self.dress: tuple[Any, ...] = (self,) * len(OPTIONS)  # equal to nothing that is asked for
        self.is_quick: bool | None = None
        self.has_given = self.is_telling = False
        self.begin()

    def begin(self) -> None:
        """Another order begins, with the same permissions."""
        self.refused, self.opened, self.address = "", 0, ""
        self.fault: OSError | None = None

    def forget(self) -> None:
        """One with others begins."""
        self.route, self.start, self._passed = None, "", ""

    def open(self, _purpose: int, address: Any) -> Any:
        """A socket for an address that may be connected to; libcurl goes on to the next without one."""
        route = self.route
        if route is None or self.opened >= MOST_TRIED:
            return pycurl.SOCKET_BAD
        if route.is_judged and self._is_refused(route, _text(address.addr)):
            return pycurl.SOCKET_BAD
        try:
            made = _Lent(address.family, address.socktype, address.protocol)
        except OSError as error:
            self.fault = error
            return pycurl.SOCKET_BAD
        self.opened += 1
        return made

    def arrived(self, far: str, _near: str, _port: int, _own_port: int) -> int:
        """Whether the order may be sent to the far end of the connection that libcurl took for it."""
        route = self.route
        if far == self._passed:
            return _GO_ON
        if route is None or (route.is_judged and self._is_refused(route, far)):
            self.opened = 0
            return _STOP
        self._passed = far
        return _GO_ON

    def _is_refused(self, route: Route, address: str) -> bool:
        self._doorway.is_named = bool(self.wants & _PRIVATE)
        said = self._doorway.against(route.hostname, address)
        if said is not None and not self.refused:
            self.refused = said
        return said is not None


def _text(address: Any) -> str:
    return address[0] if isinstance(address, tuple) and isinstance(address[0], str) else ""
