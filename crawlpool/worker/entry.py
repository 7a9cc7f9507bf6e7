"""Where a worker begins, and the one function that every task calls.

main process                                    worker process (one a lane)
Pool(1, start, (options, begun, …))  ─────────▶  start: ignore Ctrl-C, watch the
                                                 parent, make the exchange
apply_async(exchange, (orders,)) ─────────────▶  exchange(orders)
callback: inbox.put  ◀────────────────────────── [answer, ...]

A worker that is a thread is told its options with each call instead, and keeps
its exchange in thread-local storage.
"""

import contextlib
import gc
import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing import connection, parent_process
from typing import Any, TypeAlias

from .exchange import Exchange
from .exchanges import UNREAD, Exchanges, Resident
from .wire import Answer, Order, Places, Taken, TransportOptions

AnyExchange: TypeAlias = Exchange | Exchanges

_of_this_process: AnyExchange | None = None
_of_this_thread = threading.local()


def start(options: TransportOptions, begun: Any, reported: Any = None) -> None:
    """Make a process a worker: the initializer of a lane's pool.

    Args:
        options: What a worker is told once.
        begun: Shared numbers; they tell the main process which orders are under way.
        reported: Another, for what memory this process takes, where the main process cannot see that itself.
    """
    global _of_this_process  # noqa: PLW0603  a pool's tasks can reach nothing else
    # Ctrl-C, `timeout` and a closed terminal reach the whole group; when to stop is the main process's decision.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with contextlib.suppress(ValueError, AttributeError):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="crawlpool-parent-watch", daemon=True).start()
    _of_this_process = _new_exchange(options, begun, reported)
    # What is loaded stays; looking through it again and again cost 4 % of a page.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def slots(options: TransportOptions) -> int:
    """Numbers that a worker's `begun` has."""
    return options.connections if options.connections == 1 else UNREAD * options.connections


def exchange(orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> list[Answer]:
    """One crossing, in a process that `start` made a worker."""
    assert _of_this_process is not None, "the pool ran a task before its initializer"
    return _of_this_process(orders, places, taken)


def exchange_here(
    options: TransportOptions, orders: Sequence[Order], places: Places = (), taken: Taken = ()
) -> list[Answer]:
    """One crossing in any thread or process: it becomes a worker at its first call."""
    held: tuple[TransportOptions, int, AnyExchange] | None = getattr(_of_this_thread, "held", None)
    if held is None or held[:2] != (options, os.getpid()):
        is_worker = parent_process() is not None or threading.current_thread() is not threading.main_thread()
        held = (options, os.getpid(), _new_exchange(options, is_worker=is_worker))
        _of_this_thread.held = held
    return held[2](orders, places, taken)


def let_go_here() -> None:
    """Close the connections that this thread's exchange keeps."""
    held = getattr(_of_this_thread, "held", None)
    if held is not None:
        held[2].close()
        del _of_this_thread.held


def _new_exchange(
    options: TransportOptions, begun: Any = None, reported: Any = None, *, is_worker: bool = True
) -> AnyExchange:
    made = _made_exchange(options, begun, reported, is_worker=is_worker)
    return made if options.watcher is None else options.watcher.watching(made)


def _made_exchange(options: TransportOptions, begun: Any, reported: Any, *, is_worker: bool) -> AnyExchange:
    if options.stand_in is not None:
        return Exchange(
            options.stand_in.transport(options),
            begun,
            reported,
            start_until=options.start_until,
            is_worker=is_worker,
            is_refusing=not options.stand_in.is_hurried,
        )
    # The main process need not load any of these.
    if options.transport == "curl":
        from .curl import CurlTransport  # noqa: PLC0415

        resident: Resident = CurlTransport(options)
    else:
        from .requests_ import RequestsTransport  # noqa: PLC0415

        if options.connections == 1:
            transport = RequestsTransport(options)
            return Exchange(
                transport if options.beside is None else options.beside.around(transport),
                begun,
                reported,
                start_until=options.start_until,
                is_worker=is_worker,
            )
        from .threads import Threads  # noqa: PLC0415

        resident = Threads(lambda: RequestsTransport(options))
    if options.beside is not None:
        resident = options.beside.around_many(resident)
    return Exchanges(resident, options.connections, begun, reported, start_until=options.start_until)


def _end_with_parent() -> None:
    """End this process when the main one is gone, however it went: nobody would take the answer."""
    parent: Any = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
