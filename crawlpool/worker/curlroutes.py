"""Where libcurl goes with an order, and to whom: the rules of `addresses.py`, `tls.py` and `connections.py`, told to it.

    order ─▶ prepare       what speaks against its origin; proxy, TLS and time of the handle
               │
             open          libcurl has looked the name up, and asks for a socket to each address:
               │           those that the order has no permission for get none
             arrived       before each request, also on a connection that was kept open: the far end
                           is judged again, by what the order under way may

What was said of one origin stays set on a handle until another is asked, and then all of it is
said anew. Names are looked up by libcurl, in a thread of its own; what was put in the place of
`addresses.lookup` is asked instead. Behind socks5:// that is always so, since only who looks a name up can judge it: such
a lookup, one a minute and name, holds up what else its thread has under way.
"""

import socket
import time
from dataclasses import dataclass, field
from typing import Any, Final

import pycurl

from ..addresses import packed
from ..model import FailureKind
from ..polite.silent import QUICK_SHARE
from ..urls import normalise, place
from . import addresses, curltls
from .addresses import MOST_TRIED, Doorway, parts_of
from .curlfaults import said_of
from .heads import BadAnswer
from .proxies import Proxies
from .wire import Order, TransportOptions, Want

_PRIVATE, _CERTIFICATE, _QUICK = int(Want.PRIVATE), int(Want.CERTIFICATE), int(Want.QUICK)
_MATTERS = _PRIVATE | _CERTIFICATE | _QUICK

_MOST_ROUTES = 1_000
"""Origins of which it is remembered how they are reached."""

_FRESH_S = 60.0
"""Seconds that the DNS is believed, which is libcurl's own measure."""

_GO_ON: Final[int] = pycurl.PREREQFUNC_OK
_STOP: Final[int] = pycurl.PREREQFUNC_ABORT
_LOOKING_HERE: Final = frozenset({"socks4", "socks5"})
_OPTIONS: Final = (pycurl.PROXY, *curltls.OPTIONS, *curltls.OF_PROXY)
_system_lookup = addresses.lookup


@dataclass(slots=True, kw_only=True)
class _Route:
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
        is_plain: Nothing is to be asked of it again for another order.
        given: What libcurl is to know of addresses before it looks.
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
    dress: tuple[Any, ...]
    told: dict[bool, tuple[float, list[str]]] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        return self.objection is None and not self.is_told


class _Lent(socket.socket):
    """A socket that pycurl makes a duplicate of, and then lets go of without closing it."""

    def __del__(self) -> None:
        self.close()


class _Way:
    """What a handle was told last, and what came of it: its callbacks.

    Attributes:
        route: How its order goes; None until all of it was set.
        start: What the URLs begin with that need nothing else set; "" for none.
        wants: Of the order, as far as they matter here.
        dress: The values of proxy and TLS that are set.
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
        "opened",
        "refused",
        "route",
        "start",
        "wants",
    )

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._passed = ""
        self.route: _Route | None = None
        self.start = ""
        self.wants = -1
        self.dress: tuple[Any, ...] = (self,) * len(_OPTIONS)  # equal to nothing that is asked for
        self.is_quick: bool | None = None
        self.has_given = False
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
        self.opened += 1
        try:
            return _Lent(address.family, address.socktype, address.protocol)
        except OSError as error:
            self.fault = error
            return pycurl.SOCKET_BAD

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

    def _is_refused(self, route: _Route, address: str) -> bool:
        self._doorway.is_named = bool(self.wants & _PRIVATE)
        said = self._doorway.against(route.hostname, address)
        if said is not None and not self.refused:
            self.refused = said
        return said is not None


class Routes:
    """How the orders of one worker go out; it serves one thread."""

    def __init__(self, options: TransportOptions) -> None:
        """Read the environment, where it is asked for."""
        self._doorway = Doorway(private=options.private, resolve=options.resolve)
        self._is_open = options.private == "all"
        self._proxy_of = Proxies(options.proxy).of
        self._tls = curltls.Tls(options)
        self._patience_ms = {
            False: max(1, int(options.connect_timeout_s * 1000)),
            True: max(1, int(options.connect_timeout_s * QUICK_SHARE * 1000)),
        }
        self._routes: dict[tuple[str, bool], _Route] = {}

    def close(self) -> None:
        """Give back what was opened."""
        self._tls.close()

    def prepare(self, easy: Any, order: Order) -> bool:
        """Set on a handle where an order goes and to whom; say whether its request line takes the whole URL.

        What is set is remembered as an attribute of the handle, `way`.

        Raises:
            Refused: It may not go there.
            BadAnswer: Its name does not resolve, or a certificate of ours is gone.
        """
        way: _Way | None = getattr(easy, "way", None)
        if way is None:
            way = self._equip(easy)
        else:
            way.begin()
        url, wants = order[2], order[5] & _MATTERS
        if (
            wants == way.wants
            and way.start
            and url.startswith(way.start)
            and addresses.lookup is _system_lookup
        ):
            assert way.route is not None
            return way.route.is_whole
        way.forget()
        way.wants = wants
        route = self._route(place(url).origin, is_seeds=bool(wants & _CERTIFICATE))
        self._doorway.is_named = bool(wants & _PRIVATE)
        if route.objection is not None:
            self._doorway.check(route.objection)
        self._set(easy, way, route, is_quick=bool(wants & _QUICK))
        way.route = route
        way.start = route.start if route.is_plain else ""
        return route.is_whole

    def peer(self, easy: Any) -> str:
        """The far end, such as "127.0.0.1:80" or "[::1]:80"; through a proxy that was told an address that one."""
        way: _Way = easy.way
        if way.address and way.route is not None:
            return _written(way.address, way.route.port)
        address = easy.getinfo(pycurl.PRIMARY_IP)
        return _written(address, easy.getinfo(pycurl.PRIMARY_PORT)) if address else ""

    def fault_of(self, easy: Any, number: int, words: str) -> tuple[FailureKind, str]:
        """The kind of a fault that libcurl met, and one sentence."""
        way: _Way = easy.way
        route = way.route
        if way.refused and not way.opened:
            refusal = self._doorway.refusal(way.refused)
            return refusal.kind, refusal.message
        if route is not None and way.address and number == pycurl.E_PROXY:
            told = route.told.get(bool(way.wants & _PRIVATE), (0.0, []))[1]
            told.append(told.pop(0))  # another try gets another of its addresses
        return said_of(
            easy,
            number,
            words,
            hostname=route.hostname if route else "",
            scheme=route.scheme if route else "",
            fault=None if way.opened else way.fault,
        )

    def _equip(self, easy: Any) -> _Way:
        """Set what holds for every order of a handle."""
        way = _Way(self._doorway)
        easy.setopt(pycurl.OPENSOCKETFUNCTION, way.open)
        if not self._is_open:
            easy.setopt(pycurl.PREREQFUNCTION, way.arrived)
        easy.setopt(pycurl.NOPROXY, "")  # and nothing of the environment
        curltls.equip(easy)
        easy.way = way
        return way

    def _set(self, easy: Any, way: _Way, route: _Route, *, is_quick: bool) -> None:
        if route.dress is not way.dress:
            for option, old, new in zip(_OPTIONS, way.dress, route.dress, strict=True):
                if old != new:
                    easy.setopt(option, new)
            way.dress = route.dress
        if is_quick is not way.is_quick:
            easy.setopt(pycurl.CONNECTTIMEOUT_MS, self._patience_ms[is_quick])
            way.is_quick = is_quick
        given = route.given
        if not given and route.is_judged and addresses.lookup is not _system_lookup:
            given = _looked_up(route)
        if given or way.has_given:
            easy.setopt(pycurl.RESOLVE, given or None)
            way.has_given = bool(given)
        if route.is_told:
            way.address = self._told(route)
            ends = f"{_bracketed(route.hostname)}:{route.port}", f"{_bracketed(way.address)}:{route.port}"
            easy.setopt(pycurl.CONNECT_TO, [":".join(ends)])
        else:
            easy.setopt(pycurl.CONNECT_TO, None)

    def _route(self, origin: str, *, is_seeds: bool) -> _Route:
        key = origin, is_seeds
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= _MOST_ROUTES:
                del self._routes[next(iter(self._routes))]
            route = self._routes[key] = self._found(origin, is_seeds=is_seeds)
        return route

    def _found(self, origin: str, *, is_seeds: bool) -> _Route:
        hostname, port = parts_of(origin)
        hostname = hostname.strip("[]")
        proxy = self._proxy_of(origin)
        scheme = proxy.partition(":")[0].lower() if proxy else ""
        is_told = scheme in _LOOKING_HERE
        given = [] if proxy else self._given(origin, hostname, port)
        dress: tuple[Any, ...] = (proxy or "", *curltls.UNUSED, *curltls.UNUSED)
        if origin.startswith("https:") or scheme == "https":
            here = self._tls.of(origin, is_seeds=is_seeds) if origin.startswith("https:") else curltls.UNUSED
            there = curltls.UNUSED
            if proxy and scheme == "https":
                there = self._tls.of(place(normalise(proxy) or proxy).origin)
            dress = proxy or "", *here, *there
        if proxy:
            where = place(normalise(f"http:{proxy.partition(':')[2]}") or "http://")
            if where.hostname:
                number = where.host[len(where.hostname) + 1 :]
                usual = {"http": 80, "https": 443}.get(scheme, 1080)
                given = self._given(proxy, where.hostname.strip("[]"), int(number or usual))
        return _Route(
            start=origin + "/",
            hostname=hostname,
            port=port,
            objection=self._doorway.objection(origin, is_proxied=bool(proxy) and not is_told),
            scheme=scheme,
            is_judged=not proxy and not given,
            is_told=is_told,
            is_whole=scheme in {"http", "https"} and origin.startswith("http:"),
            given=given,
            dress=dress,
        )

    def _given(self, url: str, hostname: str, port: int) -> list[str]:
        """What the user says of the addresses of a host, as libcurl takes it; nothing for nothing."""
        told = self._doorway.given(hostname if ":" not in hostname else f"[{hostname}]", port)
        if told is None:
            return []
        name = place(url).hostname if not url.startswith("socks") else hostname
        return [f"{_bracketed(name.strip('[]'))}:{port}:{','.join(told[:MOST_TRIED])}"]

    def _told(self, route: _Route) -> str:
        """The address that a proxy is told, the first of those that the order may go to.

        Raises:
            Refused: There is none.
            BadAnswer: The name does not resolve.
        """
        is_named, now = self._doorway.is_named, time.monotonic()
        until, found = route.told.get(is_named, (0.0, []))
        if now >= until or not found or addresses.lookup is not _system_lookup:
            try:
                found = self._doorway.addresses(route.hostname, route.port)
            except (OSError, UnicodeError) as error:
                raise _unknown(error) from None
            if route.scheme == "socks4":
                found = [each for each in found if ":" not in each]
            if not found:
                raise BadAnswer(FailureKind.PROXY, "the proxy failed: there is no address that it could take")
            route.told[is_named] = now + _FRESH_S, found
        return found[0]


def _looked_up(route: _Route) -> list[str]:
    """The addresses of a name by what stands in the place of `addresses.lookup`, as libcurl takes them."""
    if packed(route.hostname) is not None:
        return []
    try:
        found = [
            str(each[4][0]) for each in addresses.lookup(route.hostname, route.port, type=socket.SOCK_STREAM)
        ]
    except (OSError, UnicodeError) as error:
        raise _unknown(error) from None
    return [f"{place(route.start).hostname}:{route.port}:{','.join(dict.fromkeys(found))}"] if found else []


def _unknown(error: Exception) -> BadAnswer:
    if isinstance(error, UnicodeError):
        return BadAnswer(FailureKind.INVALID_URL, f"not a URL that can be asked: {error}")
    words = getattr(error, "strerror", None) or error
    return BadAnswer(FailureKind.DNS, f"the name does not resolve: {words}")


def _text(address: Any) -> str:
    return address[0] if isinstance(address, tuple) and isinstance(address[0], str) else ""


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _written(address: str, port: int) -> str:
    return f"{_bracketed(address)}:{port}"
