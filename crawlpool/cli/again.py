"""How a crawl is started again: its command line as its job keeps it, and that read back.

What may be secret (headers, cookies, logins) is not in it. Files are found again when they
were moved together with the job.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os.path import isfile
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..identity import of_words
from ..outputs import INDEX
from ..settings import knobs
from .flags import crawl_parser, parse


@dataclass(frozen=True, slots=True)
class Again:
    """What stays in a job as it was, when it is its own command that runs again.

    Attributes:
        same: What is not compared.
        command: How the crawl is started.
    """

    same: dict[str, str]
    command: dict[str, Any]


def typed_again(job: Path, words: Sequence[str]) -> tuple[argparse.Namespace, Again]:
    """What was typed to begin a job, with further flags, as if all of it were typed now.

    Raises:
        ConfigError: The job was begun by a program and not by a command.
        FrontierError: The job file cannot be used.
    """
    from ..job.file import JobFile  # noqa: PLC0415  SQLite is loaded for a job only

    file = JobFile(job)
    try:
        command, kept, same = file.get("command"), file.get("settings") or {}, file.get("same") or {}
        places = [*(file.get("outputs") or ()), *(file.positions() or ())]
        is_read = bool(file.get("seeds_read"))
    finally:
        file.close()
    if not command:
        raise ConfigError(f"{job} was begun by a program: run that again, it goes on with the job")
    given = parse(crawl_parser(), words)
    listed = command.get("words", ())
    # Seeds that were read are in the job, and their files need not be there any more.
    given.words = [word for word in listed if not (is_read and Path(word).is_absolute() and not isfile(word))]  # noqa: PTH113
    given.output = [_beside(job, name, places) for name in command.get("output", ())]
    for name in ("failed", "save", "handler", "column"):
        setattr(given, name, getattr(given, name) or command.get(name))
    given.failed = given.failed and _beside(job, given.failed, places)
    given.save = given.save and str(Path(_beside(job, str(Path(given.save) / INDEX), places)).parent)
    given.job, given.no_job = str(job), False
    if given.config is None and not given.no_config:
        given.config = _settings_beside(job, command.get("config"))
    for name, value in kept.items():
        if not hasattr(given, name) and name in knobs():
            setattr(given, name, value)
    # A handler may have been mended since; that is what one retries for.
    again = {
        name: text
        for name, text in same.items()
        if is_read
        or name.startswith("handler")
        or name == Path((given.handler or "").rpartition(":")[0]).name
    }
    return given, Again(again, command)


def _beside(job: Path, name: str, places: Iterable[str]) -> str:
    """A file of a job where it is as seen from there, since both may have been moved, or copied; else where it was."""
    for place in places:
        found = job.parent / place.removeprefix("failed:")
        is_it = found.name == Path(name).name and (
            found.name != INDEX or found.parent.name == Path(name).parent.name
        )
        if is_it and found.is_file():
            return str(found)
    return name


def _settings_beside(job: Path, name: Any) -> str | None:
    """The file of settings that a job was begun with, which may hold the secrets that the job does not.

    Only one that lies with the job, in its folder or below: a job from a stranger may name any
    file of this machine, and would send its secrets to the stranger's hosts.
    """
    if not isinstance(name, str):
        return None
    folder = job.resolve().parent
    for path in (Path(name), folder / Path(name).name):
        if isfile(path) and folder in path.resolve().parents:  # noqa: PTH113  Path.is_file raises for odd names
            return str(path)
    return None


def same_of(given: argparse.Namespace) -> dict[str, str]:
    """What else has to be the same when a job goes on: the words, the files that they name, the handler's file."""
    if given.no_job or not (given.job or given.save or any(file != "-" for file in given.output)):
        return {}  # no job: nothing is compared, so nothing need be read
    return of_words(given.words, column=given.column, handler=given.handler)


def command_of(given: argparse.Namespace) -> dict[str, Any]:
    """How the crawl is started again, from whatever folder; what may be secret (headers, cookies) is not in it."""

    def found(name: str) -> str:
        return str(Path(name).resolve()) if name != "-" and isfile(name) else name  # noqa: PTH113

    handler = given.handler
    if handler is not None:
        file, colon, name = handler.rpartition(":")
        handler = f"{found(file)}{colon}{name}" if colon else found(handler)
    return {
        "words": [found(word) for word in given.words],
        "output": [name if name == "-" else str(Path(name).resolve()) for name in given.output],
        "failed": given.failed and str(Path(given.failed).resolve()),
        "save": given.save and str(Path(given.save).resolve()),
        "handler": handler,
        "column": given.column,
        **_files_of_settings(given),
    }


def _files_of_settings(given: argparse.Namespace) -> dict[str, str]:
    """The file that settings were read from, and the crawl's file that was named."""
    file, name = getattr(given, "crawl_file", None), getattr(given, "crawl_name", None)
    kept = {} if file is None else {"config": str(Path(file.path).resolve())}
    return kept if name is None else {**kept, "crawl_file": str(Path(name).resolve())}
