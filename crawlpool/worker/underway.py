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
        idle_s: Seconds for which nothing of an answer need come; None for as long as the deadline allows.
        most_head: Bytes that the heads of one answer may have, the interim ones included.
    """

    deadline: float | None = None
    target: str = ""
    connection: Any = None
    is_heard: bool = False
    idle_s: float | None = None
    most_head: int = 256 * 1024


under_way = _UnderWay()


def limit(sock: Any) -> None:
    """Give the next call on a socket what is left of the time.

    Raises:
        TimeoutError: Nothing is left.
    """
    if under_way.deadline is not None:
        sock.settimeout(_left(under_way.deadline))


def receive(sock: Any, most: int) -> bytes:
    """Receive what comes next of an answer; empty at the end of the connection.

    Raises:
        TimeoutError: Nothing came by the deadline.
        IdleError: Nothing came for `idle_s`, which is sooner.
    """
    if under_way.deadline is None:
        return sock.recv(most) or b""
    left, idle_s = _left(under_way.deadline), under_way.idle_s
    if idle_s is None or idle_s >= left:
        sock.settimeout(left)
        return sock.recv(most) or b""
    sock.settimeout(idle_s)
    try:
        return sock.recv(most) or b""
    except TimeoutError as error:
        raise IdleError(f"nothing of the answer came for {idle_s:g} s") from error


class IdleError(Exception):
    """The server is connected, and silent."""


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the answer was not whole by its deadline")
    return left
