"""Puts marks into a process: the main one, and each worker when it starts.

main process                                     worker process
Watcher(folder).watch_main()
options of the transport, with the watcher ───▶  watching(exchange): puts the marks,
                                                 gives an exchange that tells its sums
folder/main-….clock    folder/worker-….clock  ◀──┘
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from ...worker.wire import Answer, Order
from .clock import Clock, Clocks
from .seams import MAIN, WORKERS, Seam

_PACKAGE = __name__.partition(".")[0]

_clocks: Clocks | None = None
_are_workers_marked = False
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Watcher:
    """Looks at one crawl; it crosses to the workers.

    Attributes:
        folder: Where the sums of all threads are left.
    """

    folder: str

    def watch_main(self) -> Clock:
        """Put the marks of the main thread, which is the one that asks; its clock."""
        clocks = _clocks_in(self.folder)
        clock = clocks.of_thread(role="main", base="starting")
        clock.charge("starting", time.process_time())
        mark(clocks, MAIN)
        return clock

    def watching(self, exchange: Any) -> "Watched":
        """An exchange whose thread has a clock; the marks of workers are put."""
        global _are_workers_marked  # noqa: PLW0603  once a process
        clocks = _clocks_in(self.folder)
        with _lock:
            if not _are_workers_marked:
                mark(clocks, WORKERS)
                _are_workers_marked = True
        clock = clocks.of_thread()
        if parent_process() is not None and threading.current_thread() is threading.main_thread():
            clock.charge("starting", time.process_time())
        return Watched(clocks, exchange)


class Watched:
    """An exchange with a mark around it.

    Args:
        clocks: Of this process.
        exchange: The one that works.
    """

    def __init__(self, clocks: Clocks, exchange: Any) -> None:
        """Take it."""
        self._exchange = exchange
        self._call: Callable[..., list[Answer]] = clocks.marked(exchange, "crossing", is_told=True)

    def __call__(self, orders: Sequence[Order], *told: Any) -> list[Answer]:
        """One crossing; what is told beside the orders is the exchange's business."""
        return self._call(orders, *told)

    def close(self) -> None:
        """Close what it keeps."""
        self._exchange.close()


def mark(clocks: Clocks, seams: Iterable[Seam]) -> None:
    """Put marks around functions."""
    for seam in seams:
        if seam.needs and find_spec(seam.needs) is None:
            continue
        holder, name = place_of(seam)
        # A thread of its own that fetches tells its sums with each answer; nobody else asks it.
        is_told = name == "fetch"
        setattr(holder, name, clocks.marked(getattr(holder, name), seam.stage, is_told=is_told))


def place_of(seam: Seam) -> tuple[Any, str]:
    """The module or class that holds a function, and its name there."""
    holder: Any = import_module(f"{_PACKAGE}.{seam.module}")
    *path, name = seam.name.split(".")
    for each in path:
        holder = getattr(holder, each)
    return holder, name


def watched_options(real: Callable[..., Any], watcher: Watcher) -> Callable[..., Any]:
    """What makes the options of workers, and puts the watcher into them."""

    def options(*words: Any, **named: Any) -> Any:
        return replace(real(*words, **named), watcher=watcher)

    return options


def _clocks_in(folder: str) -> Clocks:
    global _clocks  # noqa: PLW0603  once a process
    with _lock:
        if _clocks is None:
            _clocks = Clocks(Path(folder), "crossing")
        return _clocks
