"""Which proxy an origin is asked through: the user's, or one that the environment names."""

from urllib import request as environment


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
