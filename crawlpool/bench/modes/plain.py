"""One URL after the other, without any pool."""

from collections.abc import Sequence

import requests

from .page import Fetch, Store


def sequential(urls: Sequence[str], fetch: Fetch, store: Store, _workers: int) -> None:
    """A loop around `requests.get`: the first script that everybody writes.

    Each page costs a new connection and one full wait, and while we wait, nothing else
    happens. Its length is the number of URLs times the latency, and a little more.
    """
    for url in urls:
        store(fetch(url, requests.get))


def session(urls: Sequence[str], fetch: Fetch, store: Store, _workers: int) -> None:
    """The same loop with a session, which keeps the connection open.

    It saves the handshake of each page: little on this machine, a round trip or three where
    the server is far and speaks TLS. Still one page at a time. From here on every worker of
    every mode keeps a session of its own, so that only the way of calling differs.
    """
    with requests.Session() as kept:
        for url in urls:
            store(fetch(url, kept.get))
