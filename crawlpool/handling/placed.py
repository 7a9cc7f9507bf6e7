"""What a crawl is told of where its handlers run: `parse_in`, put together before anything starts."""

import os
from dataclasses import dataclass
from typing import Any, Final

from ..errors import ConfigError
from ..handlers import Handlers
from ..model import Request
from ..settings import Settings
from ..worker.wire import Parcel
from .apart import Apart
from .beside import Beside
from .made import ColumnMaker, HandlerMaker, Maker
from .travel import packed, packed_request

PATIENCE_S: Final = 600.0
"""Seconds after which a worker counts as hung in a handler that has no `handler_timeout`."""

_THREADS = frozenset({"thread", "futures-thread"})


@dataclass(frozen=True, slots=True)
class Placed:
    """Handlers, or columns, that run somewhere else than in the main process.

    Attributes:
        is_apart: In processes of their own; else in the workers that fetch.
        maker: What calls them.
        pack: The same for other processes; empty where they run in threads.
        keeps_bodies: Whether the main process wants bodies as well.
        patience_s: Seconds that a handler may take.
        workers: Processes of their own, at most.
    """

    is_apart: bool
    maker: Maker
    pack: bytes
    keeps_bodies: bool
    patience_s: float
    workers: int

    @property
    def beside(self) -> Beside | None:
        """What a fetching worker is told."""
        if self.is_apart:
            return None
        return Beside(None if self.pack else self.maker, self.pack, self.keeps_bodies)

    @property
    def apart(self) -> Apart:
        """What a parse worker is told."""
        return Apart(self.pack)

    def with_page(self, request: Request, parcel: Parcel) -> Parcel:
        """What crosses to a fetching worker that is to call the handler as well."""
        made: Any = (*parcel, packed_request(request) if self.pack else request)
        packed_parcel: Parcel = made
        return packed_parcel


def placed(
    settings: Settings, handlers: Handlers, *, columns: bool, backend: Any, keeps_bodies: bool
) -> Placed | None:
    """Where handlers run; None for the main process, or when there is nothing to run.

    Args:
        settings: The knobs.
        handlers: The user's.
        columns: Whether there are columns for which bodies are read.
        backend: The user's own pool or executor; None for what `settings` says.
        keeps_bodies: Whether the main process wants bodies as well.

    Raises:
        ConfigError: A handler cannot go to a worker, or a pool of the user's own is to call it.
    """
    where = settings.parse_in
    if where == "main" or not (handlers or columns):
        return None
    if where == "worker" and backend is not None:
        raise ConfigError(
            f'parse_in="worker" needs workers of ours, and a {type(backend).__name__} is its owner\'s; parse_in="process" '
            "has processes of its own beside it"
        )
    if where == "worker" and settings.backend == "sync":
        return None  # there is no worker but the main process
    maker: Maker
    is_left_to_main = handlers.on_failure is not None
    if handlers:
        maker = HandlerMaker(
            handlers.for_pages(),
            timeout_s=settings.handler_timeout,
            parse_timeout_s=settings.parse_timeout,
            is_left_to_main=is_left_to_main,
        )
    else:
        maker = ColumnMaker(settings.select, settings.fields, settings.parse_timeout, is_left_to_main)
    is_here = where == "worker" and settings.backend in _THREADS
    return Placed(
        is_apart=where == "process",
        maker=maker,
        pack=b"" if is_here else packed(maker, handlers.for_pages().registered()),
        keeps_bodies=keeps_bodies,
        patience_s=settings.handler_timeout or PATIENCE_S,
        workers=settings.parse_workers or processors(),
    )


def processors() -> int:
    """How many processors may be used."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
