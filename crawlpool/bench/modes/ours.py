"""crawlpool's own backends: one function, one word for each."""

from collections.abc import Sequence
from typing import Any

from ...fetchpool import FetchPool
from ...parse.page import Page
from .page import MOST_BYTES, TIMEOUT_S, Answer, Fetch, Store


def crawlpool_sync(urls: Sequence[str], fetch: Fetch, store: Store, _workers: int) -> None:
    """Crawlpool without workers, for finding faults in a handler.

    One URL after the other in your own thread: as long as the loop with a session, by intention.
    """
    _crawl(urls, fetch, store, backend="sync")


def crawlpool_thread(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """Crawlpool with threads: callbacks that run in your own thread.

    The shape of a pool with callbacks; in return for some work of its own for each page it keeps the pace of every
    host, tries again what may pass, and follows links without asking for a page twice.
    """
    _crawl(urls, fetch, store, backend="thread", workers=workers)


def crawlpool_process(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """Crawlpool with processes, the default: every worker in a pool of its own.

    Its workers are started one by one as work is ready, by a fork server, which is safe beside
    threads and costs half a second once. The first page comes later than from a pool that forks; the
    longer the list, the less that matters. A worker that is killed is noticed and replaced.
    """
    _crawl(urls, fetch, store, backend="process", workers=workers)


def crawlpool_futures_thread(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """Crawlpool with threads of `concurrent.futures`.

    The same crawl on the other library's workers: the two bars should be of one length.
    """
    _crawl(urls, fetch, store, backend="futures-thread", workers=workers)


def crawlpool_futures_process(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """Crawlpool with processes of `concurrent.futures`.

    As above: what is compared is what `multiprocessing` and `concurrent.futures` cost.
    """
    _crawl(urls, fetch, store, backend="futures-process", workers=workers)


def _crawl(urls: Sequence[str], fetch: Fetch, store: Store, *, backend: str, workers: int = 1) -> None:
    def keep(page: Page) -> None:
        if page.status is None:
            store(Answer(url=page.url, error=page.error or "no answer"))
        else:
            store(fetch.answered(page.url, page.status, page.content, page.elapsed_s))

    with FetchPool(backend=backend, workers=workers, **_knobs(fetch, workers)) as pool:
        for url in urls:
            pool.submit(url, callback=keep)


def _knobs(fetch: Fetch, workers: int) -> dict[str, Any]:
    """The manners of the other modes: no second try, no redirect, robots.txt judged before the first of them."""
    per_host = fetch.guard.per_host
    return {
        "per_host": per_host or workers,
        "per_address": None if per_host else 0,
        "adaptive": bool(per_host),  # the sample site asks for nothing, and the machine is busy with us
        "robots": False,
        "retries": 0,
        "max_redirects": 0,
        "max_wait": 0,
        "timeout": TIMEOUT_S,
        "max_body": MOST_BYTES,
        "user_agent": fetch.agent,
    }
