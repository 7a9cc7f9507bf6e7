"""`crawlpool timeline TRACE`: a trace as a picture, all of it or a part."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError, StoreError
from ..timeline import Event, drawn
from ..units import read_seconds
from .flags import Parser, asks_for_help, new_parser, parse

_USAGE = "crawlpool timeline [FLAG ...] FILE"
_DESCRIPTION = """\
Draw what --trace FILE.jsonl wrote, as SVG, which browsers show: a row for the main
thread, one for the callbacks, and one for each lane. A bar says its URL when it is
pointed at. Of more than two thousand requests each row shows how busy it was;
--from and --to show single ones."""

_MOST_BYTES = 512 * 1024 * 1024


def timeline(words: Sequence[str]) -> int:
    """Draw; the exit code is that of `cli.main`."""
    if asks_for_help(words):
        parser().print_help()
        return 0
    given = parse(parser(), words)
    if len(given.words) != 1:
        raise ConfigError(f"name one trace: {_USAGE}")
    since_ms = (getattr(given, "from") or 0.0) * 1000
    until_ms = None if given.to is None else given.to * 1000
    if until_ms is not None and until_ms <= since_ms:
        raise ConfigError(f"--to {given.to:g} is not behind --from {since_ms / 1000:g}")
    picture = drawn(_events(Path(given.words[0])), since_ms=since_ms, until_ms=until_ms)
    if given.output in {None, "-"}:
        sys.stdout.write(picture)
        return 0
    try:
        Path(given.output).write_text(picture, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"--output {given.output}: cannot be written ({error.strerror})") from None
    return 0


def parser() -> Parser:
    """Its flags."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="FILE", help=argparse.SUPPRESS)
    made.add_argument(
        "-o", "--output", metavar="FILE", help="Write the picture to this file. Default: standard output."
    )
    made.add_argument("--from", metavar="SECONDS", type=_moment, help="Begin this long after the start.")
    made.add_argument("--to", metavar="SECONDS", type=_moment, help="End this long after the start.")
    return made


def _moment(text: str) -> float:
    try:
        return read_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} should be {error}") from None


def _events(file: Path) -> Iterator[Event]:
    """The steps that a file holds.

    Raises:
        ConfigError: It cannot be read, or is no trace in JSON.
    """
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ConfigError(
                f"{file} has more than {_MOST_BYTES // 1024**2:,} MiB; cut it with head or tail"
            )
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield from _read(lines, file)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None


def _read(lines: Iterable[str], file: Path) -> Iterator[Event]:
    for number, line in enumerate(lines, 1):
        try:
            each = json.loads(line)
            yield Event(
                ms=float(each["ms"]),
                step=_word(each["step"]),
                pid=int(each["pid"]),
                thread=_word(each["thread"]),
                lane=int(each["lane"]),
                url=_word(each["url"]),
                note=_word(each.get("note", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            if not line.endswith("\n") and number > 1:
                return  # the last line of a crawl that was killed
            raise ConfigError(
                f"{file} line {number} is no step of a trace; --trace FILE.jsonl writes what can be drawn"
            ) from None


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
