"""`crawlpool salvage JOB`: save what can be read of a damaged job file into a new one."""

import argparse
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import ConfigError, FrontierError
from ..job.damaged import Gap
from ..job.salvage import TABLES, Saved, salvage
from ..job.schema import State
from .figures import count
from .flags import Parser, new_parser, parse
from .jobs import Row, job_path, one_job, rows_of, say, table

_USAGE = "crawlpool salvage [FLAG ...] JOB"
_DESCRIPTION = """\
Save what can be read of a damaged job file into a new one, and say what is missing.
The old file is never touched; outputs are not looked at.

JOB is a job file, books.jsonl.job, or the output beside it, books.jsonl."""

_SHOWN = 8
_NOUNS = {
    "url": "URL",
    "host": "host",
    "attempt": "attempt",
    "batch": "commit",
    "run": "run",
    "skip": "skipped link",
    "skipped": "skip reason",
    "meta": "meta value",
}


def salvage_command(words: Sequence[str]) -> int:
    """Save what can be saved; the exit code is that of `cli.main`, 6 for a file that is sound."""
    given = parse(parser(), words)
    path = job_path(one_job(given, "crawlpool salvage JOB"))
    if path.suffix != ".job" and not _is_database(path):
        raise FrontierError(f"{path} is no job file, and there is no {path.name}.job beside it")
    new = Path(given.output) if given.output is not None else path.with_name(f"{path.name}.salvaged")
    saved = salvage(path, new)
    if saved is None:
        say([f"{path} is sound: there is nothing to salvage."])
        return 6
    say([f"{path} is damaged; what can be read of it is in {new}.", *table(list(_rows(saved, new)))])
    return 0


def parser() -> Parser:
    """The flags."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="JOB", help=argparse.SUPPRESS)
    made.add_argument(
        "-o", "--output", metavar="NEW",
        help="Write the new job file here. Default: the old one's name and .salvaged.",
    )  # fmt: skip
    return made


def _is_database(path: Path) -> bool:
    from ..job.leaves import MAGIC  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error


def _rows(saved: Saved, new: Path) -> Iterator[Row]:
    yield from rows_of("saved", [_counted(saved)])
    yield from rows_of("missing", _missing(saved))
    yield from rows_of("what it means", _meaning(saved))
    yield from rows_of(
        "next", [f"The command of the crawl with --job {shlex.quote(str(new))} goes on with it."]
    )


def _counted(saved: Saved) -> str:
    return ",  ".join(count(saved.rows[name], _NOUNS[name]) for name in TABLES if saved.rows[name])


def _missing(saved: Saved) -> Iterator[str]:
    for name in TABLES:
        gaps = saved.gaps.get(name)
        if gaps:
            shown = ", ".join(map(_ids, gaps[:_SHOWN]))
            more = f", and {count(len(gaps) - _SHOWN, 'gap')} more" if len(gaps) > _SHOWN else ""
            yield f"{_NOUNS[name]}s with the ids {shown}{more}{_upto(gaps, _NOUNS[name])}"
        elif name in saved.torn:
            yield f"some of the {_NOUNS[name]}s"


def _ids(gap: Gap) -> str:
    if gap.upto is None:
        return f"{gap.first:,} and above"
    return f"{gap.first:,}" if gap.upto == gap.first else f"{gap.first:,} to {gap.upto:,}"


def _upto(gaps: Sequence[Gap], noun: str) -> str:
    if any(gap.upto is None for gap in gaps):
        return ""
    return f": {count(sum((gap.upto or 0) - gap.first + 1 for gap in gaps), noun)} at most"


def _meaning(saved: Saved) -> Iterator[str]:
    if saved.gaps.get("url"):
        yield "URLs that are missing are not known any more: those of them that a page links to again, or that you list, are fetched again, and then have two records where they had one."
        yield "Pages that were only linked from pages done before are not found again; --refresh after the end fetches all."
    if saved.again:
        yield f"{count(saved.again, 'URL')} {'waits' if saved.again == 1 else 'wait'} again: the commit that stored their records is missing, so the outputs are cut back to the one before."
    waiting = saved.states[State.WAITING]
    yield f"{count(waiting, 'URL')} {'waits' if waiting == 1 else 'wait'} in the new file." if waiting else ""
