"""What a measurement gives back, and how it is printed: one plain table."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeAlias

Runs: TypeAlias = Sequence[Mapping[str, Any]]
"""The raw numbers of each run, in the order in which they were made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much to measure.

    Attributes:
        pages: Pages of the generated site, or URLs of the list.
        rounds: How often each thing is measured, in turn with the others.
        workers: Workers, and requests that the one host gets at once.
        connections: Requests that each of them has at once; for `rate`.
        urls: URLs that the frontier is to know.
        hosts: Hosts that the gate is to know.
    """

    pages: int
    rounds: int
    workers: int
    connections: int = 0
    urls: int = 0
    hosts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One measurement, done.

    Attributes:
        title: What was measured, with its numbers.
        columns: Headings; the first column is text, the others are numbers.
        rows: As many cells a row as there are columns.
        notes: Lines below the table.
        faults: Why the figures must not be believed; none when all is well.
        runs: The raw numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    runs: Runs = ()

    def text(self) -> str:
        """The table, with a title above it and the notes and faults below."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.columns))]
        table = [
            "  ".join(
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        faults = [f"WRONG, do not use these figures: {fault}" for fault in self.faults]
        return "\n".join((self.title, "", *table, "", *self.notes, machine(), *faults)) + "\n"


def machine() -> str:
    """What the figures hold for."""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    )


def middle(runs: Runs, field: str, **wanted: object) -> float:
    """The median of a field over the runs that match."""
    return median(values(runs, field, **wanted))


def values(runs: Runs, field: str, **wanted: object) -> list[float]:
    """A field of the runs that match, such as `backend="thread"`, in order."""
    return [run[field] for run in runs if all(run[name] == value for name, value in wanted.items())]


def cells(numbers: Sequence[float], show: Callable[[float], str]) -> tuple[str, str, str]:
    """Median, lowest and highest, as text."""
    return show(median(numbers)), show(min(numbers)), show(max(numbers))


def in_turn(names: Sequence[str], round_number: int) -> list[str]:
    """The names in an order that changes from round to round, so that none always goes first."""
    shift = round_number % len(names)
    return [*names[shift:], *names[:shift]]
