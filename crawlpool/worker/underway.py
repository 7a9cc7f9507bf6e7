"""The request that a thread is busy with, and what is left of its time.

Kept per thread, because a connection serves one thread at a time, and neither
`requests` nor urllib3 hands such things on.
"""

import threading
import time
from typing import Any


class _UnderWay(threading.local):
    """The request that this thread is busy with.

    Attributes:
        deadline: `time.monotonic()` by which it must be whole; None before the first.
        target: What stands in its request line, exactly; urllib3 would encode some of it again.
        connection: The connection it went out on; None until then.
        is_heard: A byte of the answer has come.
    """

    deadline: float | None = None
    target: str = ""
    connection: Any = None
    is_heard: bool = False


under_way = _UnderWay()


def limit(sock: Any) -> None:
    """Give the next call on a socket what is left of the time.

    Raises:
        TimeoutError: Nothing is left.
    """
    if under_way.deadline is not None:
        left = under_way.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer was not whole by its deadline")
        sock.settimeout(left)
