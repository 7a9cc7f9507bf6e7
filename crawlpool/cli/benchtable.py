"""The table of `crawlpool bench`, as wide as the terminal lets it be; shown also when it is interrupted."""

import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from io import StringIO
from typing import Any

from ..errors import ConfigError
from .screen import printable

_NARROWEST = 118
"""Columns where nobody's terminal says."""

_SPARED = ("first page", "from - to", "CPU s", "of ideal", "x loop", "memory", "pages", "rank")
"""What is left out first comes first; the ratios, which are what is to be learned, last."""


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str]
) -> None:
    """Write it on standard output, with the title above and the notes below.

    Raises:
        ConfigError: Standard output is closed.
    """
    from rich.console import Console  # noqa: PLC0415  not needed to start
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if sys.stdout is None:
        raise ConfigError("standard output is closed")
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns
    written = StringIO()  # so that a reader who leaves is met by `main`, as everywhere
    console = Console(
        file=written,
        force_terminal=is_terminal,
        width=width if is_terminal else max(_NARROWEST, width),
        highlight=False,
        markup=False,
    )
    names, shown, dropped = fitted(columns, rows, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(names):
        is_text = number == 0 or name == "parsed in"
        table.add_column(name, justify="left" if is_text else "right", no_wrap=number == 0)
    for cells in shown:
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(title, style="bold")
    console.print(table)
    console.print()
    narrow = f"No room on this terminal for: {', '.join(dropped)}; --json and --plot have them."
    for line in (*([narrow] if dropped else []), *notes):
        console.print(printable(line), soft_wrap=not is_terminal)  # a line of a file is whole
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(written.getvalue().encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def kilobytes(n: int) -> str:
    """Write the size of a page as the bench has it: "20 kB"."""
    return f"{n / 1000:.3g} kB" if n < 1_000_000 else f"{n / 1_000_000:.3g} MB"


def fitted(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> tuple[list[str], list[list[str]], list[str]]:
    """Leave out columns that can be spared until a table fits: its columns, its rows, and what was left out."""
    kept, dropped = list(range(len(columns))), []
    for name in _SPARED:
        widths = [max(len(line[place]) for line in (columns, *rows)) for place in kept]
        if sum(widths) + 2 * (len(widths) - 1) <= width:
            break
        if name not in columns:
            continue
        kept.remove(columns.index(name))
        dropped.append(name)
    return [columns[place] for place in kept], [[row[place] for place in kept] for row in rows], dropped


class terminable:  # noqa: N801  a block
    """Takes SIGTERM as Ctrl-C inside the block, and remembers its exit code."""

    def __enter__(self) -> list[int]:
        self._codes: list[int] = []
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._take)
        return self._codes

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _take(self, *_: object) -> None:
        self._codes.append(143)
        raise KeyboardInterrupt
