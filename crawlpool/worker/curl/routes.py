"""Where libcurl goes with an order, and to whom: the rules of `addresses.py`, `tls.py` and `connections.py` above, told to it.

    order ─▶ prepare    what speaks against its origin; proxy, TLS and time of the handle
               │
             open       a socket, for each address that is allowed (`way.py`)
               │
             arrived    before each request: the far end is judged again

What was said of one origin stays set on a handle until another is asked, and then all of it is
said anew. A name is looked up here first, in a thread (`lookups.py`); what libcurl has to look up again
after a minute, it looks up by itself.
"""

import socket
import time
from typing import Any, Final

import pycurl

from ...addresses import packed
from ...model import FailureKind
from ...polite.silent import QUICK_SHARE
from ...urls import normalise, place
from .. import addresses
from ..addresses import MOST_TRIED, Doorway, parts_of
from ..heads import BadAnswer
from ..proxies import Proxies, Proxy
from ..wire import Order, TransportOptions, Want
from . import tls
from .faults import PROXY_HANDSHAKE, said_of
from .lookups import Lookups, Name, Rows
from .way import OPTIONS, Route, Way

_PRIVATE, _CERTIFICATE, _QUICK = int(Want.PRIVATE), int(Want.CERTIFICATE), int(Want.QUICK)
_MATTERS = _PRIVATE | _CERTIFICATE | _QUICK

_MOST_ROUTES = 1_000
"""Origins of which it is remembered how they are reached."""

_FRESH_S = 60.0
"""Seconds that the DNS is believed, which is libcurl's own measure."""

_NO_LABEL: Final = "a part of the name is empty, or longer than 63 characters (RFC 1035, 2.3.4)"
_LOOKING_HERE: Final = frozenset({"socks4", "socks5"})
_system_lookup: Final = socket.getaddrinfo


class LookingUp(Exception):  # noqa: N818  nothing is wrong
    """The name of an order is being looked up; when `Routes.names` says that it was, it can be prepared again.

    Attributes:
        name: It, and the port.
    """

    def __init__(self, name: Name) -> None:
        """Take what is asked for."""
        super().__init__(name)
        self.name = name


class Routes:
    """How the orders of one worker go out; it serves one thread.

    Attributes:
        names: Looks names up; None before one had to be.
    """

    def __init__(self, options: TransportOptions) -> None:
        """Read the environment, where it is asked for."""
        self._doorway = Doorway(private=options.private, resolve=options.resolve)
        self._is_open = options.private == "all"
        self._proxy_of = Proxies(options.proxy).of
        self._tls = tls.Tls(options)
        self._patience_ms = {
            False: max(1, int(options.connect_timeout_s * 1000)),
            True: max(1, int(options.connect_timeout_s * QUICK_SHARE * 1000)),
        }
        self._routes: dict[tuple[str, bool], Route] = {}
        self.names: Lookups | None = None

    def close(self) -> None:
        """Give back what was opened."""
        self._tls.close()
        if self.names is not None:
            self.names.close()

    def prepare(self, easy: Any, order: Order) -> bool:
        """Set on a handle where an order goes and to whom; say whether its request line takes the whole URL.

        What is set is remembered as an attribute of the handle, `way`.

        Raises:
            LookingUp: Nothing is set yet, since it is not known where its host is.
            Refused: It may not go there.
            BadAnswer: Its name does not resolve, or a certificate of ours is gone.
        """
        way: Way | None = getattr(easy, "way", None)
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
        given, told = self._addresses(route)
        self._set(easy, way, route, is_quick=bool(wants & _QUICK), given=given, told=told)
        way.route = route
        way.start = "" if route.is_told else route.start
        return route.is_whole

    def peer(self, easy: Any) -> str:
        """The far end, such as "127.0.0.1:80" or "[::1]:80"; through a proxy that was told an address that one."""
        way: Way = easy.way
        if way.address and way.route is not None:
            return _written(way.address, way.route.port)
        address = easy.getinfo(pycurl.PRIMARY_IP)
        return _written(address, easy.getinfo(pycurl.PRIMARY_PORT)) if address else ""

    def fault_of(self, easy: Any, number: int, words: str) -> tuple[FailureKind, str]:
        """The kind of a fault that libcurl met, and one sentence."""
        way: Way = easy.way
        route = way.route
        if way.refused and not way.opened:
            refusal = self._doorway.refusal(way.refused)
            return refusal.kind, refusal.message
        if route is not None and way.address and number == PROXY_HANDSHAKE:
            told = route.told.get(bool(way.wants & _PRIVATE), (0.0, []))[1]
            told.append(told.pop(0))  # another try gets another of its addresses
        return said_of(
            easy,
            number,
            words,
            hostname=route.hostname if route else "",
            is_secure=route is not None and route.start.startswith("https:"),
            scheme=route.scheme if route else "",
            fault=None if way.opened else way.fault,
        )

    def _equip(self, easy: Any) -> Way:
        """Set what holds for every order of a handle."""
        way = Way(self._doorway)
        easy.setopt(pycurl.OPENSOCKETFUNCTION, way.open)
        if not self._is_open:
            easy.setopt(pycurl.PREREQFUNCTION, way.arrived)
        easy.setopt(pycurl.NOPROXY, "")  # and nothing of the environment
        tls.equip(easy)
        easy.way = way
        return way

    def _set(self, easy: Any, way: Way, route: Route, *, is_quick: bool, given: list[str], told: str) -> None:
        if route.dress is not way.dress:
            for option, old, new in zip(OPTIONS, way.dress, route.dress, strict=True):
                if old != new:
                    easy.setopt(option, new)
            way.dress = route.dress
        if is_quick is not way.is_quick:
            easy.setopt(pycurl.CONNECTTIMEOUT_MS, self._patience_ms[is_quick])
            way.is_quick = is_quick
        if given or way.has_given:
            easy.setopt(pycurl.RESOLVE, given or None)
            way.has_given = bool(given)
        if told or way.is_telling:
            ends = f"{_bracketed(route.hostname)}:{route.port}:{_bracketed(told)}:{route.port}"
            easy.setopt(pycurl.CONNECT_TO, [ends] if told else None)
            way.is_telling = bool(told)
        way.address = told

    def _addresses(self, route: Route) -> tuple[list[str], str]:
        """What libcurl is to know of addresses, and the one that a proxy is told; nothing for nothing.

        Raises:
            LookingUp: The name is being looked up.
            Refused: There is no address that the order may go to.
            BadAnswer: The name does not resolve.
        """
        is_asked_always = addresses.lookup is not _system_lookup
        if route.is_told:
            return route.given, self._told(route, is_asked_always=is_asked_always)
        if route.is_known and not (is_asked_always and route.is_judged and packed(route.hostname) is None):
            return route.given, ""
        rows = self._looked_up(route)
        route.is_known = True
        found = list(dict.fromkeys(str(each[4][0]) for each in rows))
        # With the plus libcurl believes it for a minute, as it does what it finds out by itself.
        return [f"+{place(route.start).hostname}:{route.port}:{','.join(found)}"] if found else [], ""

    def _looked_up(self, route: Route) -> Rows:
        if self.names is None:
            self.names = Lookups()
        try:
            rows = self.names.take(route.hostname, route.port, addresses.lookup)
        except UnicodeError as error:
            raise BadAnswer(FailureKind.INVALID_URL, f"not a URL that can be asked: {error}") from None
        except OSError as error:
            raise BadAnswer(
                FailureKind.DNS, f"the name does not resolve: {error.strerror or error}"
            ) from None
        if rows is None:
            raise LookingUp((route.hostname, route.port))
        return rows

    def _route(self, origin: str, *, is_seeds: bool) -> Route:
        key = origin, is_seeds
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= _MOST_ROUTES:
                del self._routes[next(iter(self._routes))]
            route = self._routes[key] = self._found(origin, is_seeds=is_seeds)
        return route

    def _found(self, origin: str, *, is_seeds: bool) -> Route:
        hostname, port = parts_of(origin)
        hostname = hostname.strip("[]")
        named = self._proxy_of(origin)
        try:
            proxy = Proxy.of(named) if named else None
        except ValueError as error:
            raise BadAnswer(FailureKind.PROXY, f"the proxy failed: {error}") from None
        scheme = proxy.scheme if proxy else ""
        is_told = scheme in _LOOKING_HERE
        if (not proxy or is_told) and not all(0 < len(label) < 64 for label in hostname.split(".")):
            raise BadAnswer(FailureKind.INVALID_URL, "not a URL that can be asked: " + _NO_LABEL)
        if proxy:
            given = self._given(proxy.hostname, proxy.port)
        else:
            given = self._given(place(origin).hostname, port)
        here = there = tls.UNUSED
        if origin.startswith("https:"):
            here = self._tls.of(origin, is_seeds=is_seeds)
        if proxy and scheme == "https":
            there = self._tls.of(place(normalise(f"https://{proxy.hostname}:{proxy.port}/") or "").origin)
        return Route(
            start=origin + "/",
            hostname=hostname,
            port=port,
            objection=self._doorway.objection(origin, is_proxied=bool(proxy) and not is_told),
            scheme=scheme,
            is_judged=not proxy and not given,
            is_told=is_told,
            is_whole=scheme in {"http", "https"} and origin.startswith("http:"),
            given=given,
            is_known=bool(proxy or given) or packed(hostname) is not None,
            dress=(proxy.url if proxy else "", *here, *there),
        )

    def _given(self, name: str, port: int) -> list[str]:
        """What the user says of the addresses of a host, as libcurl takes it; nothing for nothing."""
        told = self._doorway.given(name, port)
        return [] if told is None else [f"{name}:{port}:{','.join(told[:MOST_TRIED])}"]

    def _told(self, route: Route, *, is_asked_always: bool) -> str:
        """The address that a proxy is told: the first of those that the order may go to.

        Raises:
            LookingUp: The name is being looked up.
            Refused: There is none.
            BadAnswer: The name does not resolve.
        """
        is_named, now = self._doorway.is_named, time.monotonic()
        until, found = route.told.get(is_named, (0.0, []))
        if now >= until or is_asked_always:
            given = self._doorway.given(route.hostname, route.port)
            if given is not None:
                found = list(given)
            elif packed(route.hostname) is not None:  # to which nobody objected
                found = [route.hostname]
            else:
                rows = self._doorway.allowed(route.hostname, self._looked_up(route))
                found = [str(each[4][0]) for each in rows]
            if route.scheme == "socks4":
                found = [each for each in found if ":" not in each]
            if not found:
                raise BadAnswer(FailureKind.PROXY, "the proxy failed: there is no address that it could take")
            route.told[is_named] = now + _FRESH_S, found
        return found[0]


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _written(address: str, port: int) -> str:
    return f"{_bracketed(address)}:{port}"
