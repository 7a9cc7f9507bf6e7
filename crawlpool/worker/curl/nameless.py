"""Orders that cannot go out before it is known where their hosts are."""

from typing import Final

from ..wire import Order
from .lookups import Name

_LOOKED_AT_S: Final = 0.25


class Nameless:
    """Orders by the name they wait for, each with the time until when it does.

    Times are those of `time.monotonic()`.

    Attributes:
        waiting: The orders; empty when nobody waits.
        look_at: When to look next whether one has waited for too long.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.waiting: dict[Name, list[tuple[Order, float]]] = {}
        self.look_at = 0.0

    def put(self, name: Name, order: Order, until: float) -> None:
        """Let an order wait for a name."""
        self.waiting.setdefault(name, []).append((order, until))

    def take(self, name: Name) -> list[tuple[Order, float]]:
        """Those that waited for a name: something is known of it now."""
        return self.waiting.pop(name, [])

    def late(self, now: float) -> list[Order]:
        """Give those up that have waited for too long; the name stays asked for."""
        self.look_at = now + _LOOKED_AT_S
        given_up = []
        for name, orders in list(self.waiting.items()):
            late = [order for order, until in orders if until <= now]
            if late:
                self.waiting[name] = [each for each in orders if each[1] > now]
                given_up += late
        return given_up
