"""`crawlpool retry JOB`: ask what failed once more, with the job's own settings or other ones."""

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..identity import differences, of_settings
from ..job.again import put_back
from ..job.file import JobFile
from ..job.reading import failures_of, kinds_of, meta_of
from ..job.schema import State
from ..settings import Settings, knobs
from .failures import line_of
from .figures import count
from .flags import Parser, asks_for_help, crawl_parser, new_parser, parse, settings_of
from .jobs import add_wanted, one_job, opened, say, wanted_of
from .screen import Screen

_USAGE = "crawlpool retry [FLAG ...] JOB"
_DESCRIPTION = """\
Ask the URLs of a job that failed once more: those without an answer, and those
answered with a status from 400 on. Flags of different kinds narrow them together.

The job's crawl runs again with its own settings. Flags of a crawl may be given
besides, such as --timeout 60 or -H 'Authorization: ...'; crawlpool help crawl lists them.

A record that was written for a failed URL stays in the output, and the new one is
added behind it.

JOB is a job file, books.jsonl.job, or the output beside it, books.jsonl."""

_REFUSED = {
    "output": "-o",
    "job": "--job",
    "no_job": "--no-job",
    "fresh": "--fresh",
    "append": "--append",
    "refresh": "--refresh",
    "column": "--column",
}
_NO_HOST = "invalid_url"


def retry(words: Sequence[str]) -> int:
    """Put failures back, then crawl; the exit code is that of `cli.main`, 6 when nothing matches."""
    if asks_for_help(words):
        parser().print_help()
        return 0
    given = _checked(words)
    word = one_job(given, "crawlpool retry JOB")
    wanted = wanted_of(given)
    with opened(word) as (path, db):
        _keep_to_the_crawl(given, meta_of(db).get("settings"))
        found = (lost for lost in failures_of(db, wanted) if lost.kind != _NO_HOST)
        if given.dry_run:
            n = 0
            for n, lost in enumerate(found, 1):  # noqa: B007  the last one is their number
                say([line_of(lost)])
            if n:
                _tell(given, f"Dry run: nothing was asked. {count(n, 'URL')} would be asked again.")
                return 0
        is_any = given.dry_run is False and next(islice(found, 1), None) is not None
        kinds = {} if is_any else kinds_of(db)
        left = 0 if is_any or given.dry_run else _left_of(db)
    if not is_any:
        there = ", ".join(
            f"{count(n)} x {kind}" for kind, n in sorted(kinds.items(), key=lambda each: -each[1])
        )
        no_host = "; what is no URL cannot be asked" if _NO_HOST in kinds else ""
        nothing = f"Nothing to retry: {f'failed are {there}' if there else 'nothing failed'}{no_host}"
        if left:  # of a retry that was broken off, perhaps
            _tell(
                given,
                f"{nothing}; but {count(left, 'URL')} {'waits' if left == 1 else 'wait'} since before: going on.",
            )
            return _go_on(path, words, word)
        _tell(given, f"{nothing}.")
        return 6
    job = JobFile(path)
    try:
        n = put_back(job, kinds=wanted.kinds, hosts=wanted.hosts, statuses=wanted.statuses)
        is_commands = bool(job.get("command"))
    finally:
        job.close()
    _tell(given, f"{count(n, 'URL')} that failed {'waits' if n == 1 else 'wait'} again.")
    if not is_commands:
        _tell(given, f"The crawl in {path} was begun by a program: run that again, it goes on with the job.")
        return 0
    return _go_on(path, words, word)


def _left_of(db: sqlite3.Connection) -> int:
    """How many URLs wait that were put back before, in a job that a command began."""
    meta = meta_of(db)
    if meta.get("state") != "unfinished" or not meta.get("command"):
        return 0
    # What is put back has an attempt behind which nothing was waited for.
    (n,) = db.execute(
        "SELECT count(*) FROM url WHERE state = ? AND id IN "
        "(SELECT url FROM attempt WHERE wait_s IS NULL AND came_to NOT LIKE 'redirect %')",
        (State.WAITING,),
    ).fetchone()
    return int(n)


def _go_on(path: Path, words: Sequence[str], job: str) -> int:
    from .crawl import go_on  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

    return go_on(path, _for_the_crawl(words, job))


def parser() -> Parser:
    """The flags of its own; those of a crawl are there besides."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="JOB", help=argparse.SUPPRESS)
    _add_own(made)
    made.add_argument(
        "--dry-run", action="store_true", help="List what would be asked again, and ask nothing."
    )
    return made


def whole_parser() -> Parser:
    """All that it takes."""
    made = crawl_parser()
    _add_own(made)
    return made


def _add_own(made: Parser) -> None:
    add_wanted(made, "Retry")


def _checked(words: Sequence[str]) -> argparse.Namespace:
    """Read all flags, those of the crawl too, before anything is changed."""
    given = parse(whole_parser(), words)
    for name, flag in _REFUSED.items():
        if getattr(given, name, None):
            raise ConfigError(f"{flag} cannot be given to retry: the job says where its records go")
    settings_of(given, is_told=False)
    return given


def _keep_to_the_crawl(given: argparse.Namespace, kept: Any) -> None:
    """Refuse what would make the job one of another crawl, before anything is put back.

    Raises:
        ConfigError: A flag says which URLs belong to the crawl, and not what the job says.
    """
    known = knobs()
    if not isinstance(kept, dict):
        return
    was = Settings(**{name: value for name, value in kept.items() if name in known})
    now = replace(was, **{name: getattr(given, name) for name in known if hasattr(given, name)})
    if changed := differences(of_settings(was), of_settings(now)):
        raise ConfigError(f"retry asks by the rules of the job, and these are others: {'; '.join(changed)}")


def _for_the_crawl(words: Sequence[str], job: str) -> list[str]:
    """The words without the job and the flags of our own, in their order."""
    own = new_parser(_USAGE, description="")
    _add_own(own)
    flags, behind = list(words), []
    if "--" in flags:
        at = flags.index("--")
        flags, behind = flags[:at], flags[at + 1 :]
    if behind:  # it can only be the job
        return own.parse_known_args(flags)[1]
    left = own.parse_known_args(flags)[1]
    for at, word in enumerate(left):
        rest = left[:at] + left[at + 1 :]
        if word == job and _takes(rest):
            return rest
    return left


def _takes(words: Sequence[str]) -> bool:
    """Whether these are whole flags: the job's name may also be the value of one."""
    try:
        return not parse(crawl_parser(), words).words
    except ConfigError:
        return False


def _tell(given: argparse.Namespace, line: str) -> None:
    Screen(sys.stderr, quiet=given.quiet).say(line)
