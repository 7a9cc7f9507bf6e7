"""Which files a crawl writes to, and that none of them is read, or written from two sides."""

import argparse
import sys
from os.path import isfile
from pathlib import Path
from typing import TextIO, cast

from ..errors import ConfigError, CrawlpoolError
from ..outputs import INDEX
from ..stores.base import Store
from ..stores.stdout import OutputClosed, StreamStore
from .screen import Above, Screen


def outputs_of(given: argparse.Namespace, screen: Screen) -> list[str | Store]:
    """Where records go: the files named, and standard output for "-" or when none is named.

    A folder of bodies has an index that says the same, so that records are not printed beside it.
    """
    files = list(given.output)
    if not files and (given.save is None or given.handler is not None):
        files = ["-"]
    if len(set(files)) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise ConfigError(f"--output {twice} is named twice")
    return [_standard_output(screen) if file == "-" else file for file in files]


def keep_files_apart(given: argparse.Namespace) -> None:
    """Refuse to write to a file that is read, or from two sides to one: either would ruin it."""
    written = [("--output", file) for file in given.output if file != "-"]
    written += [
        (flag, file)
        for flag, file in (
            ("--save", given.save and str(Path(given.save) / INDEX)),
            ("--failed", given.failed),
            ("--log-file", given.log_file),
            ("--job", given.job),
            ("--trace", given.trace),
        )
        if file is not None
    ]
    sources = [word for word in given.words if word != "-" and isfile(word)]  # noqa: PTH113  Path.is_file raises for a long URL
    if getattr(given, "crawl_file", None) is not None:
        sources.append(given.crawl_file.path)
    for place, (flag, file) in enumerate(written):
        if any(_is_same(file, source) for source in sources):
            raise ConfigError(f"{flag} {file} is also read as a source; give it another name")
        for other_flag, other in written[:place]:
            if _is_same(file, other):
                raise ConfigError(
                    f"{flag} {file} is the same file as {other_flag} {other}; give it another name"
                )


def _is_same(file: str, other: str) -> bool:
    """Whether two names are of one file; none need be there yet. Devices may be shared."""
    one, two = Path(file), Path(other)
    try:
        if one.exists() and two.exists():
            return one.is_file() and one.samefile(two)
        return one.resolve() == two.resolve()
    except (OSError, ValueError):  # no file can have such a name; opening it says so
        return False


def _standard_output(screen: Screen) -> Store:
    if sys.stdout is None:
        raise ConfigError("standard output is closed; name a file with -o")
    is_terminal = sys.stdout.isatty()
    is_shared = is_terminal and screen.is_terminal
    stream = cast("TextIO", Above(sys.stdout, screen)) if is_shared else sys.stdout
    return StreamStore(stream, is_terminal=is_terminal)


def is_reader_gone(error: CrawlpoolError) -> bool:
    """Whether standard output was closed by its reader, as `| head` does; that is an end like any other."""
    return isinstance(error, OutputClosed)
