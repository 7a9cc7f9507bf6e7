"""The files that `crawlpool bench` writes besides its table: numbers for programs, the table as CSV, a picture."""

import argparse
import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, StoreError

if TYPE_CHECKING:
    from ..bench.plot import Picture


def check_files(given: argparse.Namespace) -> None:
    """Complain of a file that cannot be written before minutes were spent.

    Raises:
        ConfigError: Its ending is another, or there is no folder for it.
    """
    for flag, file in (("json", given.json), ("csv", given.csv)):
        if file is not None and file.suffix.lower() != f".{flag}":
            raise ConfigError(f"--{flag}: {str(file)!r} should end in .{flag}")
    if given.plot is not None:
        from ..bench.plot import check_plot  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

        check_plot(given.plot)
    for file in (given.json, given.csv, given.plot):
        if file is not None and not file.absolute().parent.is_dir():
            raise ConfigError(f"there is no folder for {file}")


def write_files(
    given: argparse.Namespace,
    known: Mapping[str, Any],
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    picture: "Picture",
) -> None:
    """Write those that were asked for.

    Args:
        given: What was typed.
        known: All numbers.
        columns: Headings of the table.
        cells: Its rows.
        picture: The same as bars.

    Raises:
        StoreError: One cannot be written.
    """
    if given.json is not None:
        _write(given.json, json.dumps(known, indent=1) + "\n")
    if given.csv is not None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows((columns, *cells))
        _write(given.csv, text.getvalue())
    if given.plot is not None:
        from ..bench.plot import write_plot  # noqa: PLC0415

        write_plot(given.plot, picture)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise StoreError(f"cannot write {file}: {error.strerror or error}") from error
