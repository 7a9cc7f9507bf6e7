"""What memory a worker process takes, where that can be known.

On Linux the main process reads it from /proc, at any moment. Elsewhere the worker
reports its peak after each page, in memory that is shared with it; so there a
worker that grows within one page is noticed only when the page is done, and what
it gave back since does not count. Where there is no `resource` module either
(Windows), it cannot be known.
"""

import contextlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

_STATM = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def can_look() -> bool:
    """Whether we can see what another process takes."""
    return _STATM.is_file()


def is_known() -> bool:
    """Whether we can know what a worker takes, by looking or by its report."""
    return can_look() or find_spec("resource") is not None


def resident(pid: int) -> int | None:
    """Bytes of memory that a process takes now; None when it is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123  four times a second for each worker
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return None


def peak() -> int:
    """The most bytes of memory that this process has taken; 0 when that cannot be known."""
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415  not on every system

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024  # bytes there, KiB elsewhere
    return 0
