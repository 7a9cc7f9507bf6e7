"""How many lanes: when another may work, when one more is opened, and how many this machine bears.

    --workers 8       up to 8, opened as work is ready; none is closed before the end
    --workers 2..16   2 from the start; one more at a time when all are busy and work is
                      ready; one that was idle for `IDLE_S` is closed, but never the last 2

Pure arithmetic on counts and times that are passed in; the lanes themselves are the crew's.
"""

import contextlib
import errno
import os
from collections.abc import Callable

from .errors import BackendError
from .worker.exchange import LINGER_S

INSTANT_S = 0.005
"""Seconds below which an answer costs its worker more than it costs the server and the way."""

WAITING_S = 3 * LINGER_S
"""Seconds after which a lane without an answer waits for its server, and uses no processor.

An exchange full of quick answers takes `LINGER_S` by itself."""

GROW_S = 0.05
"""Seconds between two lanes that an elastic crew opens: within it, a busy lane may be free again."""

IDLE_S = 5.0
"""Seconds after which an elastic crew closes a lane that had nothing to do. Opening one takes some 0.02."""

REST_S = 30.0
"""Seconds in which no lane is opened, after one could not be."""

SPARE_DESCRIPTORS = 36
"""Descriptors that stay free when a lane is opened: a dozen for the lane, the others for stores and handlers."""

MOST_KEPT = 8
"""Origins of which each connection of a lane stays open, the latest."""

_FULL = {
    errno.EMFILE: "too many open files; a higher `ulimit -n` allows more workers",
    errno.ENFILE: "too many open files on this machine",
    errno.EAGAIN: "no more processes or threads; a higher `ulimit -u` allows more workers",
    errno.ENOMEM: "no memory for another",
}


class Growth:
    """The size of a crew.

    Args:
        most: Lanes at most.
        least: Lanes that are kept open, in an elastic crew; None for one that closes none.
    """

    def __init__(self, most: int, least: int | None = None) -> None:
        """Nothing is open, and no answer is known."""
        self._most = most
        self._least = least
        self._processors = os.cpu_count() or 1
        self._answer_s = INSTANT_S  # what an answer takes, on average of late
        self._grown_at = -GROW_S
        self._capped_to = most
        self._capped_until = 0.0

    @property
    def first(self) -> int:
        """Lanes that are opened before there is work."""
        return self._least or 1

    @property
    def is_elastic(self) -> bool:
        """Whether lanes that have nothing to do are closed."""
        return self._least is not None

    def answered(self, elapsed_s: float) -> None:
        """Learn what an answer takes."""
        self._answer_s += 0.2 * (elapsed_s - self._answer_s)

    def most(self, now: float) -> int:
        """Lanes at most: what was asked for, or what this machine bore when it last refused one."""
        return self._capped_to if now < self._capped_until else self._most

    def has_room(self, *, busy: int, idle: int, working: Callable[[], int], now: float) -> bool:
        """Whether a request should start at once, on an idle lane or on a new one.

        Where servers answer in next to no time, workers are busy with our own work
        alone, and more of them than processors only get in each other's way (measured
        with 2 processors: 8 workers cost 45 % more CPU a page than 2, and fetched fewer).
        So while answers take less than `INSTANT_S`, no more lanes work than there are
        processors. A lane that has waited for longer than `WAITING_S` does not work: it waits.

        Args:
            busy: Lanes that hold something.
            idle: Lanes that hold nothing.
            working: Counts the busy lanes that do not wait for a server.
            now: The monotonic clock.
        """
        if not idle:
            if busy >= self.most(now):
                return False
            if self._least is not None and busy >= self._least and now - self._grown_at < GROW_S:
                return False
        if busy < self._processors or self._answer_s >= INSTANT_S:
            return True
        return working() < self._processors

    def grown(self, now: float) -> None:
        """A lane was opened."""
        self._grown_at = now

    def surplus(self, lanes: int) -> int:
        """How many of so many lanes need not be kept."""
        return 0 if self._least is None else max(0, lanes - self._least)

    def cap(self, lanes: int, now: float) -> None:
        """Make do with so many lanes for a while: another could not be opened."""
        self._capped_to, self._capped_until = lanes, now + REST_S


def check_descriptors() -> None:
    """See that a lane's opening would leave some descriptors to the others in this process.

    Raises:
        BackendError: It would not; stores and handlers would be the next to fail.
    """
    with contextlib.suppress(ImportError):  # no limit to be known (Windows)
        import resource  # noqa: PLC0415  not on every system

        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            lowest = os.open(os.devnull, os.O_RDONLY)  # the lowest number that is free
        except OSError as error:
            raise BackendError(f"no descriptor is left: {error}") from error
        os.close(lowest)
        if most != resource.RLIM_INFINITY and lowest + SPARE_DESCRIPTORS > most:
            raise BackendError(f"{lowest} of {most} descriptors are in use") from OSError(
                errno.EMFILE, os.strerror(errno.EMFILE)
            )


def bearable(wanted: int, lanes: int) -> tuple[int, int]:
    """How many connections a lane may have, by the descriptors of its process, and of how many origins each stays open.

    One that is under way takes two: itself, and one that is kept open or looks at the clock.

    Args:
        wanted: Connections of a lane.
        lanes: Lanes in one process.
    """
    most = MOST_KEPT
    with contextlib.suppress(ImportError, OSError):  # no limit to be known; none left, which others say
        import resource  # noqa: PLC0415  not on every system

        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit != resource.RLIM_INFINITY:
            lowest = os.open(os.devnull, os.O_RDONLY)
            os.close(lowest)
            free = limit - lowest - SPARE_DESCRIPTORS
            wanted = min(wanted, max(1, free // (2 * lanes)))
            most = min(most, free // (lanes * wanted) - 1)
    return wanted, max(1, most)


def why_full(error: BackendError) -> str | None:
    """What this machine lacks for another lane, and what would do; None when that is not why it could not be opened."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in _FULL:
        return _FULL[cause.errno]
    if isinstance(cause, RuntimeError) and "thread" in str(cause):  # "can't start new thread"
        return _FULL[errno.EAGAIN]
    return None


def is_passing(error: BackendError) -> bool:
    """Whether a lane could not be opened because the fork server, or its new worker, was killed meanwhile."""
    return isinstance(error.__cause__, EOFError | ConnectionError)
