"""The ways to fetch a list of URLs that `crawlpool bench` compares, in the order in which they teach.

plain       one after the other
pools       `multiprocessing.Pool`, synchronous and asynchronous
executors   `concurrent.futures`
coroutines  asyncio
ours        crawlpool's backends
page        what each is handed: `fetch` and `store`
guard       manners that hold across threads and processes
once        one of them, run once, in a process of its own

A mode is a function of four things, `mode(urls, fetch, store, workers)`, and comes back
when all is stored. Its docstring begins with its title, and says why it takes as long as it does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

Run: TypeAlias = Callable[[Sequence[str], Any, Any, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way.

    Attributes:
        name: What it is called in `--modes`.
        title: What it is called in a picture.
        group: Those of one group stand together.
        place: Its module in here, and its function.
        needs: A package that has to be installed for it; "" for none.
        is_sequential: Whether one URL is under way at a time, whatever the number of workers.
        can_parse_early: Whether what fetches can parse as well, such as a worker of a plain pool.
    """

    name: str
    title: str
    group: str
    place: str
    needs: str = ""
    is_sequential: bool = False
    can_parse_early: bool = True

    @property
    def is_there(self) -> bool:
        """Whether what it needs is installed."""
        return not self.needs or find_spec(self.needs) is not None

    def function(self) -> Run:
        """The function; its module, and what it needs, are loaded now, which no clock should see."""
        if self.needs:
            import_module(self.needs)
        module, _, name = self.place.partition(":")
        run: Run = getattr(import_module(f".{module}", __name__), name)
        return run


def _mode(name: str, title: str, group: str, place: str, **more: Any) -> Mode:
    return Mode(name=name, title=title, group=group, place=place, **more)


_ALONE = "one after the other"
_SYNC = "a pool, synchronous"
_ASYNC = "a pool, asynchronous"
_FUTURES = "futures and coroutines"
_OURS = "crawlpool"

MODES: Mapping[str, Mode] = {
    mode.name: mode
    for mode in (
        _mode("sequential", "a loop, requests.get", _ALONE, "plain:sequential", is_sequential=True),
        _mode("session", "a loop, one session", _ALONE, "plain:session", is_sequential=True),
        _mode("apply", "Pool.apply", _SYNC, "pools:apply", is_sequential=True),
        _mode(
            "apply-async-get",
            "apply_async, get() at once",
            _SYNC,
            "pools:apply_async_get",
            is_sequential=True,
        ),
        _mode(
            "apply-async-ready",
            "apply_async, polling ready()",
            _SYNC,
            "pools:apply_async_ready",
            is_sequential=True,
        ),
        _mode("map", "Pool.map", _ASYNC, "pools:pool_map"),
        _mode("imap-unordered", "Pool.imap_unordered", _ASYNC, "pools:imap_unordered"),
        _mode("callbacks", "apply_async with callbacks", _ASYNC, "pools:callbacks"),
        _mode("thread-pool", "ThreadPool with callbacks", _ASYNC, "pools:thread_pool"),
        _mode("futures-process", "ProcessPoolExecutor", _FUTURES, "executors:futures_process"),
        _mode("futures-thread", "ThreadPoolExecutor", _FUTURES, "executors:futures_thread"),
        _mode("asyncio-threads", "asyncio.to_thread, requests", _FUTURES, "coroutines:asyncio_threads"),
        _mode(
            "asyncio-aiohttp",
            "asyncio, aiohttp",
            _FUTURES,
            "coroutines:asyncio_aiohttp",
            needs="aiohttp",
            can_parse_early=False,
        ),
        _mode(
            "crawlpool-sync",
            "crawlpool, sync",
            _OURS,
            "ours:crawlpool_sync",
            is_sequential=True,
            can_parse_early=False,
        ),
        _mode("crawlpool-thread", "crawlpool, thread", _OURS, "ours:crawlpool_thread", can_parse_early=False),
        _mode(
            "crawlpool-process", "crawlpool, process", _OURS, "ours:crawlpool_process", can_parse_early=False
        ),
        _mode(
            "crawlpool-futures-thread",
            "crawlpool, futures-thread",
            _OURS,
            "ours:crawlpool_futures_thread",
            can_parse_early=False,
        ),
        _mode(
            "crawlpool-futures-process",
            "crawlpool, futures-process",
            _OURS,
            "ours:crawlpool_futures_process",
            can_parse_early=False,
        ),
    )
}
"""Every mode by its name, in the order of the bars."""
