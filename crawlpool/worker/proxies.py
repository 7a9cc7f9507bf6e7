"""Which proxy an origin is asked through: the user's, or one that the environment names."""

from typing import Final, NamedTuple
from urllib import request as environment
from urllib.parse import quote, urlsplit

from ..urls import normalise, place

PORTS: Final = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
"""The kinds of proxies, and the port of one that has none in its URL."""


class Proxies:
    """Which proxy an origin is asked through.

    Args:
        proxy: The user's, for all; "env" for those of the environment, by the usual rules
            (no_proxy); None for none.
    """

    def __init__(self, proxy: str | None) -> None:
        """Read the environment, where it is asked for."""
        is_asked = proxy == "env"
        self._proxy = None if is_asked else proxy
        self._environment = environment.getproxies_environment() if is_asked else {}
        named = (self._environment or environment.getproxies()) if is_asked else {}
        self._proxies = {scheme: url if "://" in url else f"http://{url}" for scheme, url in named.items()}
        self._memo: dict[str, str | None] = {}

    def of(self, origin: str) -> str | None:
        """The proxy for an origin; None for none."""
        if not self._proxies:
            return self._proxy
        if origin not in self._memo:
            scheme, _, host = origin.partition("://")
            proxy = self._proxies.get(scheme) or self._proxies.get("all")
            if proxy is not None and self._is_bypassed(host):
                proxy = None
            self._memo[origin] = proxy
        return self._memo[origin]

    def _is_bypassed(self, host: str) -> bool:
        if self._environment:
            return bool(environment.proxy_bypass_environment(host, self._environment))  # type: ignore[attr-defined]
        return bool(environment.proxy_bypass(host))


class Proxy(NamedTuple):
    """A proxy, with everything said that its URL leaves to custom.

    Attributes:
        scheme: In small letters.
        login: User name and password in percent encoding, as in a URL; "" for none.
        hostname: A name in ASCII or an address, in brackets if it has colons.
        port: Its port.
    """

    scheme: str
    login: str
    hostname: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Proxy":
        """The proxy of a URL.

        Raises:
            ValueError: It has none of the schemes in `PORTS`, or no host.
        """
        parts = urlsplit(url)
        scheme, port = parts.scheme.lower(), parts.port
        name = parts.hostname or ""
        whole = normalise(f"http://{f'[{name}]' if ':' in name else name}/")
        if scheme not in PORTS or not name or whole is None:
            raise ValueError("it is no URL of a proxy")
        login = quote(parts.netloc.rpartition("@")[0], safe="%:!$&'()*+,;=-._~")
        return cls(scheme, login, place(whole).hostname, PORTS[scheme] if port is None else port)

    @property
    def url(self) -> str:
        """It as a URL."""
        return f"{self.scheme}://{self.login}{'@' if self.login else ''}{self.hostname}:{self.port}"
