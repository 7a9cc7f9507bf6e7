"""What a store promises: records in, a position out.

Only the main thread calls a store. A position is any JSON value that says how far
the store's content is whole: after a crash the store is opened at the position
that was kept last, cuts itself back to it, and goes on.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol, TypeAlias

Position: TypeAlias = Any
"""A JSON value; for an append file its length in bytes, or more.

An object with a true `is_end` says besides that the store had nothing behind it: what is there now is not
the crawl's own, and refused.
"""

Record: TypeAlias = Mapping[str, Any]
"""One item: names to plain values (str, int, float, bool, None, lists and dicts of them)."""


class Start(Enum):
    """Where a store begins when there is no position to go on from."""

    FRESH = "fresh"  # empty; what was there is replaced
    APPEND = "append"  # behind what is there


class Store(Protocol):
    """Where items end. Every failure to write is a `StoreError` that names the file."""

    def open(self, at: Position | Start) -> None:
        """Make ready to write, from nothing, behind what is there, or cut back to a position."""

    def write(self, record: Record) -> None:
        """Take one record; it may stay in memory until `flush`."""

    def flush(self) -> Position:
        """Bring all that was written to the disk (fsync), and say where that is."""

    def close(self) -> None:
        """Flush and let go of the file; calling it twice is harmless."""
