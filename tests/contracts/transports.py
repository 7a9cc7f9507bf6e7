"""The transports, and one order through each: what the contracts are held against."""

from importlib.util import find_spec
from typing import Any

import pytest

from crawlpool.model import Outcome, Request
from crawlpool.worker.exchange import Exchange
from crawlpool.worker.exchanges import Exchanges
from crawlpool.worker.requests_ import RequestsTransport
from crawlpool.worker.wire import Answer, Order, TransportOptions, Want, outcome_of

NEEDS_PYCURL = pytest.mark.skipif(find_spec("pycurl") is None, reason='needs pip install "crawlpool[fast]"')
NAMES = ("requests", pytest.param("curl", marks=NEEDS_PYCURL))
"""Another transport is another word."""


def new(name: str, **options: Any) -> Any:
    """A transport of a name, as a worker makes it."""
    told = TransportOptions(**options)
    if name == "requests":
        return RequestsTransport(told)
    from crawlpool.worker.curl import CurlTransport

    return CurlTransport(told)


def answers_of(transport: Any, *orders: Order) -> list[Answer]:
    """What becomes of orders, one after the other."""
    if isinstance(transport, RequestsTransport):
        return Exchange(transport)(orders)
    answers: list[Answer] = []
    for order in orders:
        came = Exchanges(transport, 1)([order])
        transport.off_wire = None  # the next exchange is another's
        assert len(came) == 1, came
        answers += came
    return answers


def fetch(transport: Any, url: str, want: Want = Want.BODY, **more: Any) -> Outcome:
    """Ask one thing, and see that one answer comes."""
    request = Request(url, target=url, **more)
    (answer,) = answers_of(transport, (7, request.method, url, request.headers, request.body, int(want)))
    assert answer[0] == 7
    return outcome_of(answer, request)
