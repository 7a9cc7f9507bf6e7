"""Names to things: "process" to a backend, "books.csv" to a store. The one file that knows every alternative."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from .addresses import split_resolve
from .backends.base import OpenLane
from .errors import ConfigError
from .settings import BACKENDS, Settings
from .stores.base import Start, Store
from .urls import normalise, place
from .worker.wire import TransportOptions

Output: TypeAlias = str | os.PathLike[str] | Store

_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_LEAST_IDLE_S = 20.0


def transport_options(settings: Settings) -> TransportOptions:
    """What every worker of a crawl that begins now is told once.

    Raises:
        ConfigError: The transport is not installed.
    """
    if settings.transport == "curl":
        from .worker import libcurl  # noqa: PLC0415  imports stand where they are needed

        libcurl.check()
    return TransportOptions(
        headers=(
            ("User-Agent", settings.user_agent),
            ("Accept", _ACCEPT),
            ("Accept-Encoding", "gzip, deflate, br, zstd"),
            ("Connection", "keep-alive"),
        ),
        start_until=None if settings.max_time is None else time.monotonic() + settings.max_time,
        timeout_s=settings.timeout,
        connect_timeout_s=settings.connect_timeout,
        max_body=settings.max_body,
        max_headers=settings.max_headers,
        max_ratio=settings.max_ratio,
        idle_timeout_s=_idle_s(settings),
        max_links=settings.max_links,
        token=settings.token,
        x_robots_tag=settings.x_robots_tag,
        meta_robots=settings.meta_robots,
        rel_nofollow=settings.rel_nofollow,
        proxy=settings.proxy,
        insecure=settings.insecure,
        ca_file=settings.ca_file,
        client_certs=settings.client_cert,
        private="all" if settings.allow_private else "none" if settings.deny_private else "named",
        resolve=tuple(_resolved(each) for each in settings.resolve),
        connections=settings.connections,
        transport=settings.transport,
    )


def _idle_s(settings: Settings) -> float:
    """Seconds of silence that are borne: enough for a slow page, and more where the user waits longer for one."""
    return settings.idle_timeout or max(_LEAST_IDLE_S, settings.timeout * 2 / 3)


def _resolved(text: str) -> tuple[str, int, tuple[str, ...]]:
    """What the user says of a host's addresses, the host as URLs in normal form have it.

    Raises:
        ConfigError: There is no such host.
    """
    given, port, addresses = split_resolve(text)
    url = normalise(f"http://{given}/")
    if url is None:
        raise ConfigError(f"resolve holds {text!r}, and {given!r} is no host")
    return place(url).hostname.rstrip("."), port, addresses


def backend_of(backend: Any, options: TransportOptions) -> OpenLane:
    """The backend of a name, or around a pool or executor of the user's own.

    Raises:
        ConfigError: It is neither.
    """
    if not isinstance(backend, str):
        from .backends.shared import open_shared_lane  # noqa: PLC0415  imports stand where they are needed

        return open_shared_lane(backend, options)
    if backend == "sync":
        from .backends.inline import open_inline_lane  # noqa: PLC0415

        return open_inline_lane(options)
    if backend in {"process", "thread"}:
        from .backends import pool  # noqa: PLC0415

        return pool.open_process_lane(options) if backend == "process" else pool.open_thread_lane(options)
    if backend in {"futures-process", "futures-thread"}:
        from .backends import futures  # noqa: PLC0415

        return (
            futures.open_process_lane(options)
            if backend == "futures-process"
            else futures.open_thread_lane(options)
        )
    raise ConfigError(f"unknown backend {backend!r}; known: {', '.join(sorted(BACKENDS))}")


def _jsonl(path: Path, settings: Settings) -> Store:  # noqa: ARG001  no knob is about it
    from .stores.jsonl import JsonlStore  # noqa: PLC0415

    return JsonlStore(path)


def _csv(path: Path, settings: Settings) -> Store:
    from .stores.csv_ import CsvStore  # noqa: PLC0415

    return CsvStore(path, is_raw=settings.raw_cells)


def _tsv(path: Path, settings: Settings) -> Store:
    from .stores.csv_ import CsvStore  # noqa: PLC0415

    return CsvStore(path, delimiter="\t", is_raw=settings.raw_cells)


def _sqlite(path: Path, settings: Settings) -> Store:  # noqa: ARG001  no knob is about it
    from .stores.sqlite import SqliteStore  # noqa: PLC0415

    return SqliteStore(path)


_STORES: dict[str, Callable[[Path, Settings], Store]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
    ".tsv": _tsv,
    ".sqlite": _sqlite,
    ".sqlite3": _sqlite,
    ".db": _sqlite,
}


def store_of(output: Output, settings: Settings) -> tuple[str, Store]:
    """The store that an output's suffix names, and what to call it; a store of the user's own as it is.

    Raises:
        ConfigError: The suffix is unknown, the folder is not there, or it is neither a file nor a store.
    """
    if not isinstance(output, str | os.PathLike):
        if not all(callable(getattr(output, name, None)) for name in ("open", "write", "flush", "close")):
            raise ConfigError(f"output is {output!r}, and should be a file's name, or a store")
        return type(output).__name__, output
    path = Path(output)
    if path.suffix.lower() not in _STORES:
        raise ConfigError(
            f"unknown kind of output {str(output)!r}; the suffix names it: {', '.join(sorted(_STORES))}"
        )
    if path.is_dir():
        raise ConfigError(f"output {str(output)!r} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise ConfigError(f"output {str(output)!r}: there is no folder {str(path.parent)!r}")
    return str(output), _STORES[path.suffix.lower()](path, settings)


def start_of(output: Output, start: Start | None) -> Start:
    """Where a store begins; what exists is never replaced or added to without a word.

    Raises:
        ConfigError: The output exists, and nothing says what to do with it.
    """
    if start is not None:
        return start
    if isinstance(output, str | os.PathLike):
        path = Path(output)
        if path.exists() and path.stat().st_size > 0:
            raise ConfigError(f"{path} exists: --fresh replaces it, --append adds to it")
    return Start.FRESH
