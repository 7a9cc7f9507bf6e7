"""What libcurl is told to send in front of a body: the fields of `dress.py`, and none of its own."""

from typing import Final

from ...model import Pairs
from ..dress import dressed
from ..wire import Order

Dressed = tuple[Pairs, list[bytes]]
"""Everything that is sent, in its order: as recorded, and as libcurl wants it."""

_MOST_REMEMBERED: Final = 256
_OWN: Final = ("Accept", "User-Agent", "Expect", "Content-Type", "Proxy-Connection")
"""Header fields that libcurl would add by itself."""


class Lines:
    """The header fields of orders; those of plain ones are remembered, for the last few hundred hosts.

    Args:
        own: The crawl's own fields, sent with every request.
    """

    def __init__(self, own: Pairs) -> None:
        """Remember nothing yet."""
        self._own = own
        self._remembered: dict[tuple[str, Pairs], Dressed] = {}

    def of(self, order: Order, host: str) -> Dressed:
        """What is sent with an order to a host; the same list again where it is the same."""
        _, method, url, extra, body, _ = order
        is_plain = method == "GET" and not body
        key = host, extra
        if is_plain and (known := self._remembered.get(key)) is not None:
            return known
        headers = dressed(self._own, url, extra, method, body)
        if headers[0][0].lower() != "host":  # libcurl sends it first
            headers = tuple(sorted(headers, key=lambda pair: pair[0].lower() != "host"))
        there = {name.lower() for name, _ in headers}
        lines = [f"{name}: {value}" if value else f"{name};" for name, value in headers]
        lines.extend(f"{name}:" for name in _OWN if name.lower() not in there)
        made = headers, [line.encode("latin-1") for line in lines]
        if is_plain:
            if len(self._remembered) >= _MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[key] = made
        return made
