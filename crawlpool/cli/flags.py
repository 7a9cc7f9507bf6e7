"""The flags of a crawl: every knob of `Settings` by its own declaration, and a few of the command's own.

What is typed wrong is quoted, with what would do; nothing is guessed or ignored.
"""

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, NoReturn

from ..errors import ConfigError
from ..settings import FAIL_ON, Knob, Settings, knobs
from ..settings.sources import Layer, read_choice, read_text
from ..units import read_bytes, read_seconds
from .commands import command_of, examples_of
from .figures import seconds, size

VIEWS = ("live", "bar", "none")

USAGE = "crawlpool [FLAG ...] URL|FILE|- ..."

SHORT_HELP = """\
crawlpool fetches web pages with a pool of workers.

  crawlpool urls.txt -o pages.jsonl                 every URL in a file, one a line
  crawlpool https://example.com/ --follow           a site, by its links
  crawlpool demo                                    a sample site, served on this machine
  crawlpool help                                    all commands, and the flags that are used most
"""

_DESCRIPTION = """\
Fetch web pages with a pool of workers, politely, and store a record of each.

Words: files of URLs (one a line; # begins a comment; .gz is fine), CSV files with
--column, - for standard input, and URLs; or a crawl that is kept as a file, shop.toml.
Flags may stand among them. A file that is called like a command is written ./demo."""

EXIT_CODES = """\
Exit codes:
  0 every listed URL was answered      5 the workers are gone
  2 wrong usage                        6 nothing to do
  3 some listed URLs failed            7 the network is gone
  4 a record could not be written      130, 143 interrupted"""

_WORDING = {
    r"expected one argument": "a value is missing behind it",
    r"ignored explicit argument (.*)": r"takes no value, and was given \1",
    r"not allowed with argument (.*)": r"cannot be given together with \1",
}


class Parser(argparse.ArgumentParser):
    """argparse, with complaints as `ConfigError` that say what would do.

    Attributes:
        command: The command that it is for.
    """

    command: str = "crawl"

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        message = re.sub(r"^argument (?:-\w/)?", "", message)
        if message.startswith("--insecure: expected"):  # it took no value once
            message = "--insecure: name the host that is not verified, such as --insecure localhost"
        for theirs, ours in _WORDING.items():
            message = re.sub(theirs, ours, message)
        if message == "--fields: a value is missing behind it":
            message += "; one that begins with a - is written --fields=-links"
        raise ConfigError(message)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help; argparse would keep it to itself when that fails."""
        print(message, end="", file=file or sys.stdout)

    @property
    def flags(self) -> list[str]:
        """All long flags, for suggestions."""
        return [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]


class _Format(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, but no wider than is pleasant to read."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=help_width())

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Fill each paragraph, but for those with an indented line, which are tables and examples."""
        return "\n\n".join(
            indent + (part if "\n " in f"\n{part}" else textwrap.fill(part, width, break_on_hyphens=False))
            for part in text.split("\n\n")
        )


def help_width() -> int:
    """Columns that help may take."""
    return min(shutil.get_terminal_size().columns, 100) - 2


def new_parser(usage: str, *, description: str, epilog: str = "") -> Parser:
    """A parser in the manner of the house, for any command; `-h` is there, and examples are what help ends with."""
    command = command_of(usage)
    parser = Parser(
        prog="crawlpool",
        usage=usage,
        description=description,
        epilog="\n\n".join(part for part in (epilog, examples_of(command)) if part),
        formatter_class=_Format,
        allow_abbrev=False,  # a flag added later must not change what an abbreviation means
        add_help=False,
    )
    parser.add_argument("-h", "--help", action="help", help="Show this help and exit.")
    parser.command = command
    return parser


def asks_for_help(words: Iterable[str]) -> bool:
    """Whether help is wanted, also beside something that is wrong."""
    return any(word in {"-h", "--help"} for word in words)


def parse(parser: Parser, words: Sequence[str]) -> argparse.Namespace:
    """Read the words; flags and words may be mixed, and behind "--" all are words.

    Raises:
        ConfigError: A flag is unknown, lacks its value, or the value will not do.
    """
    flags, behind = list(words), []
    if "--" in flags:  # argparse loses words when "--" is mixed with flags, differently in each version
        at = flags.index("--")
        flags, behind = flags[:at], flags[at + 1 :]
    given, unknown = parser.parse_known_intermixed_args(flags)
    if unknown:
        raise ConfigError(unknown_flag(unknown[0], parser.flags, parser.command))
    given.words = [*(given.words or ()), *behind]
    return given


def unknown_flag(word: str, known: Iterable[str], command: str = "crawl") -> str:
    """The complaint about a flag that is not there, with the nearest that is."""
    flag = word.partition("=")[0]
    if command != "crawl" and flag in crawl_parser().flags:
        return f"{flag} is a flag of a crawl, and {command} does without it; crawlpool help {command} lists its own"
    near = get_close_matches(flag.replace("_", "-"), known, n=1, cutoff=0.6)
    return f"unknown flag {flag}; " + (
        f"did you mean {near[0]}?" if near else f"crawlpool help {command} lists all"
    )


def crawl_parser() -> Parser:
    """The parser of `crawlpool crawl`, and of `crawlpool` alone."""
    parser = new_parser(USAGE, description=_DESCRIPTION, epilog=EXIT_CODES)
    parser.add_argument("--version", action="store_true", help="Show the version and exit.")
    parser.add_argument("words", nargs="*", metavar="URL|FILE|-", help=argparse.SUPPRESS)
    _add_own(parser)
    add_knobs(parser)
    return parser


def add_knobs(parser: Parser, of_groups: Sequence[str] = ()) -> None:
    """Add a flag for every knob, or for those of some groups, under its group; one that is not typed leaves no trace."""
    groups: dict[str, Any] = {}
    known = knobs()
    for field in fields(Settings):
        knob = known[field.name]
        if of_groups and knob.group not in of_groups:
            continue
        if knob.group not in groups:
            groups[knob.group] = parser.add_argument_group(knob.group)
        group, flag = groups[knob.group], knob.flag or field.name.replace("_", "-")
        names = [f"-{knob.short}"] if knob.short else []
        help_ = knob.help.replace("%", "%%")
        if isinstance(field.default, bool):
            name, action = (f"--no-{flag}", "store_false") if field.default else (f"--{flag}", "store_true")
            text = f"Do not {help_[0].lower()}{help_[1:]}" if field.default else help_
            group.add_argument(
                *names, name, dest=field.name, action=action, default=argparse.SUPPRESS, help=text
            )
            continue
        group.add_argument(
            *names,
            f"--{flag}",
            dest=field.name,
            metavar=knob.metavar,
            type=reader(knob),
            action="append" if knob.repeats else "store",
            default=argparse.SUPPRESS,
            help=help_ + _ending(knob, field.default).replace("%", "%%"),
        )
    _add_sources(parser)


def settings_of(given: argparse.Namespace, *, is_told: bool = True) -> Settings:
    """The `Settings` that flags, environment variables and a file of settings ask for, the first the strongest.

    Args:
        given: What was typed.
        is_told: Say on standard error what is set by other places than the command line.
    """
    from .configfile import gathered  # noqa: PLC0415  which needs a parser's flags

    return gathered(given, is_told=is_told)[0]


def typed_knobs(given: argparse.Namespace) -> Layer:
    """The knobs that were typed as flags."""
    values = {name: getattr(given, name) for name in knobs() if hasattr(given, name)}
    return Layer(values, lambda name: f"--{knobs()[name].flag or name.replace('_', '-')}", "the command line")


def reader(knob: Knob) -> Callable[[str], Any]:
    """How one flag's text becomes its value; a complaint quotes the text."""

    def read(text: str) -> Any:
        try:
            return read_text(knob, text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


class OneOf:
    """The type of a flag whose value is one of a few words; shells complete them.

    Args:
        choices: The words.
        read: How a text becomes the value, where it need not be one of them; `chosen` without it.
    """

    def __init__(self, choices: Sequence[str], read: Callable[[str], Any] | None = None) -> None:
        self.choices = tuple(choices)
        self._read = read

    def __call__(self, text: str) -> Any:
        """Read it.

        Raises:
            argparse.ArgumentTypeError: It will not do.
        """
        return chosen(text, self.choices) if self._read is None else self._read(text)


def chosen(text: str, choices: Sequence[str]) -> str:
    """Check a word against those allowed."""
    try:
        return read_choice(text, choices)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _add_sources(parser: Parser) -> None:
    """The flags that say where settings are read besides."""
    group = parser.add_argument_group("Settings").add_mutually_exclusive_group()
    group.add_argument(
        "--config",
        metavar="FILE",
        help="Read settings from this TOML file; flags and environment variables win. Default: crawlpool.toml, where "
        "there is one in the working folder.",
    )
    group.add_argument("--no-config", action="store_true", help="Read no file of settings.")


def _ending(knob: Knob, default: Any) -> str:
    """What help says behind the sentence: the words allowed, and the default last."""
    ending = (
        f" One of: {', '.join(knob.choices)}."
        if knob.choices and not all(c in knob.help for c in knob.choices)
        else ""
    )
    if knob.repeats:
        return f"{ending} May be given many times."
    if default is None or "Default:" in knob.help:
        return ending
    if knob.read is read_seconds:
        default = seconds(default) if default else "0 s"
    elif knob.read is read_bytes:
        default = size(default)
    return f"{ending} Default: {default}."


def _add_own(parser: Parser) -> None:
    """The flags that belong to the command and not to the crawl."""
    out = parser.add_argument_group("Output")
    out.add_argument(
        "-o", "--output", action="append", default=[], metavar="FILE",
        help="Store records in this file; its ending says how (.jsonl, .csv, .sqlite). - is standard output, which is "
        "also where records go without this flag. May be given many times.",
    )  # fmt: skip
    out.add_argument(
        "--failed",
        metavar="FILE",
        help="Write the URLs that failed to this file, with why; it can be crawled again.",
    )
    out.add_argument(
        "--save", metavar="DIR",
        help="Keep the body of each good answer as a file in this folder, in a folder for its host; index.jsonl there "
        "says which URL each is of. Without -o records are then not printed.",
    )  # fmt: skip
    existing = out.add_mutually_exclusive_group()
    existing.add_argument(
        "--fresh", action="store_true", help="Start over: replace an output that exists, and its job."
    )
    existing.add_argument(
        "--append", action="store_true",
        help="Keep what is in an output that exists, and add to it; a job that is there goes on, also with other seeds, "
        "scope or handler than before.",
    )  # fmt: skip
    existing.add_argument(
        "--refresh", action="store_true",
        help="Fetch all pages of a finished job again, and add them behind what is there.",
    )  # fmt: skip
    job = out.add_mutually_exclusive_group()
    job.add_argument(
        "--job", metavar="FILE",
        help="Keep the job in this file: what a crawl needs to go on after it was broken off. Default: the first "
        "output's name and .job; none without an output file.",
    )  # fmt: skip
    job.add_argument(
        "--no-job", action="store_true", help="Keep no job file: a crawl that breaks off is lost."
    )
    out.add_argument(
        "--handler", metavar="FILE:FUNCTION",
        help="Call this function with each page and store what it yields, such as shop.py:parse or package.module:parse.",
    )  # fmt: skip
    out.add_argument(
        "--column",
        metavar="NAME",
        help="Take URLs from this column of a CSV file; the others go into the record.",
    )
    out.add_argument(
        "--dry-run", action="store_true", help="Show which URLs would be asked first, and ask none."
    )
    out.add_argument(
        "--fail-on", metavar="WHEN", default="listed", type=OneOf(FAIL_ON),
        help="Exit with 3 when listed URLs failed (listed), when any did (any), or never (none). Default: listed.",
    )  # fmt: skip
    talk = parser.add_argument_group("Messages")
    talk.add_argument(
        "-q", "--quiet", action="store_true", help="Show no progress, no closing table; only what goes wrong."
    )
    talk.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="Show a line for each request; -vv shows waits and retries too.",
    )
    talk.add_argument(
        "--log-file",
        metavar="FILE",
        help="Add a line for each request, with the time, to this file; with the ending .jsonl as JSON.",
    )
    talk.add_argument(
        "--view", metavar="WHAT", type=OneOf(VIEWS),
        help="Show how it goes as a live view (live), in one line (bar), or not at all (none). Default: live on a "
        "terminal with room for it, unless records or log lines go there, too; else bar.",
    )  # fmt: skip
    talk.add_argument(
        "--trace", metavar="FILE",
        help="Write each step of each URL to this file: who did it, in which process and thread, and when; with the "
        "ending .jsonl as JSON, with .svg as a picture.",
    )  # fmt: skip
