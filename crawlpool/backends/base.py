"""What a lane promises: orders in, answers to the inbox, and a death that can be noticed.

All policy (who is free, who died, who is blamed, when to grow) is in `crew.py`,
once, for every kind of lane. Only the main thread calls a lane; `Deliver` is called
on whatever thread the answers arrive on, so it only enqueues.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..worker.wire import Answer, Order, Places, Taken


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one exchange brought back.

    Attributes:
        lane: The lane's number.
        answers: What is finished; None when the lane broke instead.
        error: Why it broke; "" when it did not.
    """

    lane: int
    answers: list[Answer] | None
    error: str = ""


Deliver: TypeAlias = Callable[[Delivery], None]


class Lane(Protocol):
    """One worker, and the way to it."""

    can_be_killed: bool
    """False for a thread: one that hangs can only be abandoned."""

    @property
    def pid(self) -> int:
        """Process id of the worker; our own for a thread."""

    def send(self, orders: Sequence[Order], places: Places = (), taken: Taken = ()) -> None:
        """Begin one exchange; its answers go to `Deliver`.

        Args:
            orders: What is new.
            places: How many of a host's orders may be under way at once, of the hosts that have any;
                () where there is one connection, and one after the other goes.
            taken: What the main process took of the links that came.
        """

    def begun(self) -> tuple[int, ...] | None:
        """The ids of the orders that are under way, or were begun last; 0 stands for none. None: it cannot be known."""

    def memory(self) -> int | None:
        """Bytes of memory that the worker takes; None where it has no memory of its own, or that cannot be known."""

    def is_alive(self) -> bool:
        """False once the worker is known to be dead."""

    def close(self) -> None:
        """Let an idle worker end by itself; does not wait for it."""

    def kill(self) -> None:
        """End the worker at once, and let go of everything around it; does not wait."""

    def join(self, timeout_s: float) -> bool:
        """Wait for the worker's end; False if it still lives."""


OpenLane: TypeAlias = Callable[[int, Deliver], Lane]
"""A backend: makes the lane of a number. Raises `BackendError` when it cannot."""
