"""`multiprocessing.Pool` in seven ways: the same pool, called so that it helps, or so that it does not."""

import time
from collections.abc import Sequence
from multiprocessing import Pool
from multiprocessing.pool import ThreadPool

from .page import Fetch, Store

_LOOK_S = 0.001


def apply(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`Pool.apply`: synchronous. Many workers, one of them at work.

    `apply` hands one URL to a worker and blocks until the answer is back, so the next URL
    goes out when the last is home. It is the sequential loop with a detour through another
    process, and no quicker with eight workers than with one.
    """
    with Pool(workers) as pool:
        for url in urls:
            store(pool.apply(fetch, (url,)))


def apply_async_get(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`apply_async(...).get()`: asynchronous in name, blocking in fact.

    `apply_async` comes back at once with a promise; `get()` right behind it waits for that
    promise to be kept. Together they are `apply`. The commonest mistake with pools, since it
    works, and only the clock tells.
    """
    with Pool(workers) as pool:
        for url in urls:
            promise = pool.apply_async(fetch, (url,))
            store(promise.get())


def apply_async_ready(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`apply_async` and asking `ready()`: synchronous, not blocking.

    The caller is free between two looks, to draw a bar or to answer somebody else, which is
    what not blocking means. But the next URL still waits for the last one, which is what
    synchronous means. The two words are about different things, and this is the proof.
    """
    with Pool(workers) as pool:
        for url in urls:
            promise = pool.apply_async(fetch, (url,))
            while not promise.ready():
                time.sleep(_LOOK_S)  # here something else could be done
            store(promise.get())


def pool_map(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`Pool.map`: all workers at work, nothing in hand until the last page is there.

    The list is cut into pieces of several URLs, four for each worker, so a worker that drew the slow
    ones is still busy when the others are done. And the caller sees no page before all are
    home: one that hangs holds up every other.
    """
    with Pool(workers) as pool:
        for answer in pool.map(fetch, urls):
            store(answer)


def imap_unordered(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`Pool.imap_unordered`: all workers at work, and each page as it comes.

    One URL a task, and an iterator over the answers in the order in which they arrive. The
    shortest way to a quick loop, as long as nothing but pages is wanted: what goes in is
    one list, and an exception in a worker ends the loop.
    """
    with Pool(workers) as pool:
        for answer in pool.imap_unordered(fetch, urls):
            store(answer)


def callbacks(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`apply_async` with a callback: asynchronous. The shape that crawlpool has grown from.

    Every URL is handed over at once and nobody waits; when an answer is home, the pool calls
    `store` with it. `close` and `join` wait for the end. A callback may hand over more URLs,
    which no `map` can do, and so a crawl can follow links. It runs on the pool's own thread:
    one that is slow holds up all answers behind it, one that raises ends the pool's hearing for good.
    """
    with Pool(workers) as pool:
        for url in urls:
            pool.apply_async(fetch, (url,), callback=store)
        pool.close()
        pool.join()


def thread_pool(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`ThreadPool`, the same callbacks with threads in the workers' place.

    A thread that waits for a server does not hold Python's lock, so eight of them wait side by side as well as
    eight processes do; they start in no time and hand a page over without copying it. Only one of them can
    run Python at a time: as soon as workers parse, processes win.
    """
    with ThreadPool(workers) as pool:
        for url in urls:
            pool.apply_async(fetch, (url,), callback=store)
        pool.close()
        pool.join()
