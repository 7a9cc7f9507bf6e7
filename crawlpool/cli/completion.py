"""`crawlpool completion SHELL`: a script by which a shell completes commands, flags, their values and files.

What there is to complete is read off the same declarations as the help: the table of commands,
and each command's parser. The script is printed once and kept by the shell, so that a Tab
starts no Python.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import ConfigError
from ..settings import knobs
from .commands import COMMANDS, Command, whole_parser
from .flags import Parser, new_parser, parse

_USAGE = "crawlpool completion bash|zsh|fish"
_DESCRIPTION = """\
Print a script by which a shell completes commands, flags, values and files. Put it where
the shell looks for such scripts; a new shell then knows it. Without such a place, write
into ~/.bashrc:

  source <(crawlpool completion bash)"""

_FILES = ("FILE", "JOB", "TRACE", "NEW")
_SENTENCE = re.compile(r"(?<=[.;:]) ")
_LONGEST_HELP = 70


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag as a shell sees it.

    Attributes:
        names: Such as "-o" and "--output".
        about: What it does, in a few words.
        value: What its value is called; "" for a switch.
        words: The words that the value may be, when they are known.
        place: "file" or "dir" when the value is one, else "".
        repeats: It may be given many times.
    """

    names: tuple[str, ...]
    about: str
    value: str = ""
    words: tuple[str, ...] = ()
    place: str = ""
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What may stand behind a command.

    Attributes:
        about: What the command does.
        flags: In the order of its help.
        words: The words that are taken as they are.
        place: "file" or "dir" when files or folders are taken, else "".
    """

    about: str
    flags: tuple[Flag, ...]
    words: tuple[str, ...]
    place: str


def completion(words: Sequence[str]) -> int:
    """Print the script of one shell."""
    from .completers import WRITERS  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

    given = parse(parser(), words)
    if len(given.words) != 1 or given.words[0] not in WRITERS:
        said = f", not {' '.join(map(repr, given.words))}" if given.words else ""
        raise ConfigError(f"name one shell{said}: {_USAGE}")
    print(WRITERS[given.words[0]](all_taken()), end="")
    return 0


def parser() -> Parser:
    """It has no flags but --help."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="SHELL", help=argparse.SUPPRESS)
    return made


def all_taken() -> dict[str, Taken]:
    """What each command takes, by its name."""
    return {name: _taken(command) for name, command in COMMANDS.items()}


def _taken(command: Command) -> Taken:
    flags = tuple(
        _flag(action)
        for action in whole_parser(command)._actions  # noqa: SLF001  argparse tells them no other way
        if action.option_strings and action.help != argparse.SUPPRESS
    )
    words: list[str] = []
    place = ""
    for part in command.takes.split("|"):
        if part == "SITE":
            from ..serve import sample_sites  # noqa: PLC0415

            words += sample_sites()
        elif part == "COMMAND":
            words += COMMANDS
        elif part in _FILES:
            place = "file"
        elif part == "DIR":
            place = "dir"
        elif part.islower():
            words.append(part)
    return Taken(_short(command.about), flags, tuple(words), place)


def _flag(action: argparse.Action) -> Flag:
    about = _short((action.help or "").replace("%%", "%"))
    names = tuple(action.option_strings)
    if action.nargs == 0:
        return Flag(names, about)
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    knob = knobs().get(action.dest)
    words = (
        action.choices or getattr(action.type, "choices", ()) or (knob.choices if knob is not None else ())
    )
    place = "dir" if value == "DIR" else "file" if any(name in value for name in _FILES) else ""
    repeats = isinstance(action, argparse._AppendAction)  # noqa: SLF001
    return Flag(names, about, value, tuple(map(str, words)), place, repeats)


def _short(text: str) -> str:
    """The first words of a sentence, as a shell has room for them."""
    first = _SENTENCE.split(text, maxsplit=1)[0].rstrip(".;:")
    if len(first) <= _LONGEST_HELP:
        return first
    return first[:_LONGEST_HELP].rsplit(" ", 1)[0].rstrip(",") + " ..."
