"""`concurrent.futures`: the same with futures, for processes and for threads."""

from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed

from .page import Fetch, Store


def futures_process(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`ProcessPoolExecutor`: a future for each URL, taken in as they are done.

    A future is a promise with better manners: it has an exception if there was one, can be
    cancelled, and `as_completed` waits for many at once. The price is a little more work for
    each task than in `Pool`. When a worker is killed, every future that waits is broken.
    """
    with ProcessPoolExecutor(workers) as executor:
        _take_in(executor, urls, fetch, store)


def futures_thread(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """`ThreadPoolExecutor`: the same with threads, by changing one word.

    For fetching alone this is what a small script needs: no copies between processes, no
    start to speak of. What a thread pool cannot do is run two parsers at once.
    """
    with ThreadPoolExecutor(workers) as executor:
        _take_in(executor, urls, fetch, store)


def _take_in(executor: Executor, urls: Sequence[str], fetch: Fetch, store: Store) -> None:
    for future in as_completed([executor.submit(fetch, url) for url in urls]):
        store(future.result())
