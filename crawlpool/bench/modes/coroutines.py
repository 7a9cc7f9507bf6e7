"""asyncio: one thread that waits for many, with a library that was made for it or one that was not."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from .page import TIMEOUT_S, Fetch, Store


def asyncio_threads(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """Asyncio with `requests` on threads, by `asyncio.to_thread`.

    `requests` blocks, and a coroutine that blocks stops the whole loop; so each call goes to a
    thread, and the coroutines only wait for threads. It is a thread pool in other words: the right thing in
    a program that is asynchronous already, and no gain in one that is not.
    """

    async def crawl() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(workers))
        for page in asyncio.as_completed([asyncio.to_thread(fetch, url) for url in urls]):
            store(await page)

    asyncio.run(crawl())


def asyncio_aiohttp(urls: Sequence[str], fetch: Fetch, store: Store, workers: int) -> None:
    """Asyncio with aiohttp: one thread and no worker at all.

    A request that waits is an entry in a list, not a thread, so thousands can wait at once,
    and no lock is fought over. As many connections as the others have workers, so that the
    server sees the same. All of Python runs on that one thread: while it parses a page, no
    other can be read.
    """
    import aiohttp  # noqa: PLC0415  not everybody has it

    async def crawl() -> None:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=workers),
            timeout=aiohttp.ClientTimeout(sock_connect=TIMEOUT_S, sock_read=TIMEOUT_S),
            headers={"User-Agent": fetch.agent},
        ) as session:
            for page in asyncio.as_completed([fetch.in_loop(url, session) for url in urls]):
                store(await page)

    asyncio.run(crawl())
