"""`crawlpool failures JOB`: the URLs that failed, and why, as text, CSV or JSON Lines."""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..job.reading import Lost, failures_of
from .figures import count
from .flags import OneOf, Parser, new_parser, parse
from .jobs import add_wanted, iso, one_job, opened, say, wanted_of

_USAGE = "crawlpool failures [FLAG ...] JOB"
_DESCRIPTION = """\
List the URLs that failed and why: those without an answer, and those answered with
a status from 400 on. Flags of different kinds narrow the list together.

JOB is a job file, books.jsonl.job, or the output beside it, books.jsonl."""

FORMATS = ("text", "csv", "json")


def failures(words: Sequence[str]) -> int:
    """List the failures of a job on standard output; the exit code is that of `cli.main`."""
    given = parse(parser(), words)
    word = one_job(given, "crawlpool failures JOB")
    if sys.stdout is None:
        raise ConfigError("standard output is closed")
    with opened(word) as (_, db):
        _WRITERS[given.format](failures_of(db, wanted_of(given)))
    return 0


def parser() -> Parser:
    """The flags."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="JOB", help=argparse.SUPPRESS)
    add_wanted(made, "List")
    made.add_argument(
        "--format", metavar="FORMAT", default="text", type=OneOf(FORMATS),
        help="Write a line each for people (text), a table (csv), or JSON Lines (json). Default: text.",
    )  # fmt: skip
    return made


def line_of(lost: Lost) -> str:
    """One failure for people."""
    said = f"{lost.kind or 'failed'}  {lost.url}"
    if lost.final_url:
        said += f" -> {lost.final_url}"
    tries = f" ({count(lost.attempts, 'attempt')})" if lost.attempts and lost.attempts > 1 else ""
    return f"{said}  {lost.message or ''}".rstrip() + tries


def _record(lost: Lost) -> dict[str, Any]:
    return {
        "url": lost.url,
        "kind": lost.kind,
        "status": lost.status,
        "message": lost.message,
        "attempts": lost.attempts,
        "at": iso(lost.at),
        "found_on": lost.found_on,
        "final_url": lost.final_url,
        "depth": lost.depth,
    }


def _write_text(found: Iterable[Lost]) -> None:
    say(map(line_of, found))


def _write_json(found: Iterable[Lost]) -> None:
    """JSON Lines; what a terminal might obey is written as the escapes that JSON has for it."""
    from ..stores.plain import as_json  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

    _write_bytes(f"{as_json(_record(lost))}\n".encode() for lost in found)


def _write_csv(found: Iterable[Lost]) -> None:
    """The table as the CSV store writes it, which writes files only; control characters are shown, as in lines."""
    from ..stores.base import Start  # noqa: PLC0415
    from ..stores.csv_ import CsvStore  # noqa: PLC0415
    from ..stores.stdout import visible  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="crawlpool-") as folder:
        path = Path(folder) / "failures.csv"
        store = CsvStore(path)
        store.open(Start.FRESH)
        for lost in found:
            shown = _record(lost).items()
            store.write({name: visible(value) if isinstance(value, str) else value for name, value in shown})
        store.close()
        with path.open("rb") as file:
            _write_bytes(iter(lambda: file.read(1 << 16), b""))


def _write_bytes(pieces: Iterable[bytes]) -> None:
    """In UTF-8, whatever the stream's encoding: programs read it."""
    stream = getattr(sys.stdout, "buffer", None)
    for piece in pieces:
        if stream is None:
            sys.stdout.write(piece.decode())
        else:
            stream.write(piece)
    sys.stdout.flush()


_WRITERS = {"text": _write_text, "csv": _write_csv, "json": _write_json}
