"""What the commands that look into a job share: which file is meant, which failures, and how it is said."""

import argparse
import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, FrontierError
from ..model import FailureKind
from ..urls import host, normalise
from .flags import OneOf, Parser
from .screen import printable

if TYPE_CHECKING:
    import sqlite3

    from ..job.reading import Wanted

KINDS = ("http", *(kind.value for kind in FailureKind))
"""What a failure can be called: an answer with a status from 400 on, or why there is none."""

Row = tuple[str, str]
"""A label and one line behind it; an empty label continues the row above."""


def job_path(word: str) -> Path:
    """The job file that a word means: itself, or the one beside an output.

    Raises:
        FrontierError: There is none.
    """
    path = Path(word)
    beside = path.with_name(f"{path.name}.job") if path.name else path
    try:
        if path.suffix != ".job" and beside.is_file():
            return beside
        if path.is_dir():
            raise FrontierError(f"{word} is a directory; name a job file in it, or the output beside it")
        if path.exists():
            return path
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        pass
    also = "" if path.suffix == ".job" else f", nor {str(beside)!r}"
    raise FrontierError(
        f"there is no job file {word!r}{also}; a crawl with -o FILE keeps one in FILE.job" + _near(path)
    )


def _near(path: Path) -> str:
    try:
        names = [each.name for each in path.absolute().parent.glob("*.job")]
    except (OSError, ValueError):
        return ""
    close = get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.with_name(close[0])}?" if close else ""


@contextmanager
def opened(word: str) -> Iterator[tuple[Path, "sqlite3.Connection"]]:
    """Lend the job that a word means, to be read.

    Raises:
        FrontierError: There is none, it is something else, or it is damaged.
    """
    from ..job.leaves import MAGIC  # noqa: PLC0415  imports stand where they are needed, so that starting is quick
    from ..job.looking import looking_into  # noqa: PLC0415

    path = job_path(word)
    try:
        head = _head(path, len(MAGIC))
    except OSError as error:
        raise FrontierError(f"cannot read {path}: {error.strerror or error}") from error
    if not head:
        raise FrontierError(f"{path} is empty, so there is no crawl in it yet")
    if head != MAGIC and path.suffix != ".job":
        raise FrontierError(f"{path} is no job file, and there is no {path.name}.job beside it")
    with looking_into(path) as db:
        yield path, db


def _head(path: Path, n: int) -> bytes:
    with path.open("rb") as file:
        return file.read(n)


def one_job(given: argparse.Namespace, usage: str) -> str:
    """The one word that a command takes.

    Raises:
        ConfigError: There are none or more.
    """
    if len(given.words) != 1:
        more = f", not {' '.join(map(repr, given.words))}" if given.words else ""
        raise ConfigError(
            f"name one job{more}: {usage}, where JOB is books.jsonl.job, or books.jsonl beside it"
        )
    return str(given.words[0])


def add_wanted(parser: Parser, doing: str) -> None:
    """Add the flags that choose failures."""
    parser.add_argument(
        "--kind", action="append", default=[], type=OneOf(KINDS, _kind), metavar="KIND",
        help=f"{doing} only failures of this kind, such as timeout, or http for answers from status 400 on. "
        "May be given many times.",
    )  # fmt: skip
    parser.add_argument(
        "--host", action="append", default=[], type=_host, metavar="HOST",
        help=f"{doing} only URLs of this host. May be given many times.",
    )  # fmt: skip
    parser.add_argument(
        "--status", action="append", default=[], type=_status, metavar="N",
        help=f"{doing} only answers with this status. May be given many times.",
    )  # fmt: skip


def wanted_of(given: argparse.Namespace) -> "Wanted":
    """The failures that the flags choose."""
    from ..job.reading import Wanted  # noqa: PLC0415

    return Wanted(kinds=given.kind, hosts=given.host, statuses=given.status)


def _kind(text: str) -> str:
    kind = text.strip().lower().replace("-", "_").replace(" ", "_")
    if kind in KINDS:
        return kind
    close = get_close_matches(kind, KINDS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(KINDS)}"
    raise argparse.ArgumentTypeError(f"{text!r} is no kind of failure; {hint}")


def _host(text: str) -> str:
    url = normalise(text if "://" in text else f"http://{text}")
    if url is None:
        raise argparse.ArgumentTypeError(f"{text!r} should be a host, such as shop.example or localhost:8000")
    return host(url)


def _status(text: str) -> int:
    if not (text.isdecimal() and 100 <= int(text) <= 999):
        raise argparse.ArgumentTypeError(f"{text!r} should be an HTTP status, such as 503")
    return int(text)


def say(lines: Iterable[str]) -> None:
    """Write lines on standard output, where nothing in them can do anything to a terminal.

    Raises:
        ConfigError: It is closed.
    """
    if sys.stdout is None:
        raise ConfigError("standard output is closed")
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        sys.stdout.write(printable(line).encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of labels and what stands behind them, in two columns."""
    width = max((len(label) for label, _ in rows), default=0)
    for label, line in rows:
        yield f"  {label:<{width}}  {line}".rstrip()


def rows_of(label: str, lines: Iterable[str]) -> list[Row]:
    """One label with its lines; none where there are no lines."""
    return [(label if n == 0 else "", line) for n, line in enumerate(line for line in lines if line)]


def moment(at: Any) -> str:
    """A moment as people here read it, to a tenth of a second; "?" for what is none."""
    try:
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(at))}.{int(at * 10) % 10}" if at else "?"
    except (TypeError, ValueError, OverflowError, OSError):
        return "?"


def iso(at: Any) -> str | None:
    """A moment as records have it: ISO 8601 with milliseconds, in UTC."""
    if not isinstance(at, int | float) or not at or not math.isfinite(at):
        return None
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    except (ValueError, OverflowError, OSError):
        return None
