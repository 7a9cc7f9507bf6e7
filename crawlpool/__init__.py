"""A concurrent web crawler: a pool fetches, callbacks parse and store."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Crawler, Result
    from .errors import ConfigError, CrawlpoolError
    from .fetching import fetch, fetch_all
    from .fetchpool import FetchPool
    from .model import Failure, FailureKind, Request, Response
    from .parse.page import Page
    from .settings import Settings
    from .stats import Stats
    from .stores.base import Start

__version__ = "0.1.0"

_HOME = {
    "ConfigError": "errors",
    "Crawler": "api",
    "CrawlpoolError": "errors",
    "Failure": "model",
    "FailureKind": "model",
    "FetchPool": "fetchpool",
    "Page": "parse.page",
    "Request": "model",
    "Response": "model",
    "Result": "api",
    "Settings": "settings",
    "Start": "stores.base",
    "Stats": "stats",
    "fetch": "fetching",
    "fetch_all": "fetching",
}

__all__ = [
    "ConfigError",
    "Crawler",
    "CrawlpoolError",
    "Failure",
    "FailureKind",
    "FetchPool",
    "Page",
    "Request",
    "Response",
    "Result",
    "Settings",
    "Start",
    "Stats",
    "fetch",
    "fetch_all",
]


if not TYPE_CHECKING:  # a checker would take every name for one that is there

    def __getattr__(name: str) -> Any:
        """Load a public name when it is first asked for: every worker imports this module, and needs none of them."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
