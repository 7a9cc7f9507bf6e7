"""Which connection a request goes over: one an origin, kept open, directly or through a proxy.

`requests` would look at the whole URL, the environment and the certificates anew for
each page. Here all that is settled once an origin.
"""

from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from ..urls import normalise, place
from . import sockets
from .addresses import Doorway
from .socks import Socks
from .tls import Contexts
from .underway import under_way


class Adapter(HTTPAdapter):
    """Finds the connections of an origin without parsing the URL again for each page.

    Args:
        contexts: The TLS contexts of origins.
        proxy_of: The proxy for an origin; None for none.
        doorway: Whom a connection may go to.
        kept: Origins whose connection stays open, the latest.

    Attributes:
        is_seeds: The request that comes next may be shown the certificate that is for the seeds.
    """

    def __init__(
        self,
        contexts: Contexts,
        proxy_of: Callable[[str], str | None],
        doorway: Doorway,
        kept: int,
    ) -> None:
        self._doorway = doorway
        self._kept = kept
        self._contexts = contexts
        self.is_seeds = False
        self._proxy_of = proxy_of
        self._pools: dict[tuple[str, bool], tuple[Any, str | None]] = {}  # and what speaks against it
        super().__init__(pool_connections=kept, pool_maxsize=1)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Make the manager of direct connections, whose pools are ours."""
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        self._fit_out(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """The manager of connections through a proxy, whose pools are ours."""
        if proxy.lower().startswith("https:"):
            kwargs["proxy_ssl_context"] = self._contexts.of(place(normalise(proxy) or proxy).origin)
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._fit_out(manager)
        return manager

    @staticmethod
    def _fit_out(manager: Any) -> None:
        manager.pool_classes_by_scheme = {"http": sockets.TimedPool, "https": sockets.TimedTlsPool}

    def get_connection_with_tls_context(self, request: Any, *_args: Any, **_kwargs: Any) -> Any:
        """The pool of one connection that a request goes over, once nothing speaks against its origin."""
        origin = place(request.url).origin
        key = origin, self.is_seeds
        held = self._pools.get(key)
        if held is None:
            proxy = self._proxy_of(origin)
            socks = Socks.of(proxy) if proxy else None
            is_told = proxy is not None and (socks is None or socks.is_remote)  # the proxy looks names up
            objection = self._doorway.objection(origin, is_proxied=is_told)
            if objection is not None:
                self._doorway.check(objection)
            manager = self.proxy_manager_for(proxy) if proxy and socks is None else self.poolmanager
            if origin.startswith("https:"):
                manager.connection_pool_kw["ssl_context"] = self._contexts.of(origin, is_seeds=self.is_seeds)
            elif proxy and proxy.lower().startswith("https:"):  # the proxy's own certificate
                manager.connection_pool_kw["ssl_context"] = self._contexts.of(
                    place(normalise(proxy) or proxy).origin
                )
            pool = manager.connection_from_url(origin)
            pool.doorway, pool.socks = self._doorway, socks
            held = pool, objection  # not in the pool: all plain origins behind a proxy have one
            if len(self._pools) >= self._kept:
                del self._pools[next(iter(self._pools))]
        else:
            if held[1] is not None:
                self._doorway.check(held[1])
            del self._pools[key]  # to stand last: the one that was used longest ago goes first
        self._pools[key] = held
        return held[0]

    def cert_verify(self, *_args: Any) -> None:
        """Leave it to the context, which was made once."""

    def request_url(self, request: Any, proxies: Any = None) -> str:  # noqa: ARG002  the adapter's own signature
        """What stands in the request line: a path, or the whole URL for a proxy that is to ask."""
        origin, _, _, path = place(request.url)
        proxy = self._proxy_of(origin) if origin.startswith("http:") else None
        target = path if proxy is None or proxy.lower().startswith("socks") else str(request.url)
        under_way.target = target
        return target

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Without the cookies and the guess at an encoding, which are the main process's business."""
        response = requests.Response()
        response.raw = resp
        response.status_code = resp.status
        response.url = req.url
        response.request = req
        response.connection = self
        return response
