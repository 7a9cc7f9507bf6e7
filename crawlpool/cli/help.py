"""`crawlpool --help` and `crawlpool help WORD`: all commands on a screen or two, then one thing at a time.

The overview is made of the table of commands and of the crawl's own flags; a flag in it says the
first clause of its help.
"""

import argparse
import re
import textwrap
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .commands import COMMANDS, Command, help_parser
from .flags import EXIT_CODES, Parser, crawl_parser, help_width, new_parser

if TYPE_CHECKING:
    from argparse import Action

_USAGE = "crawlpool help [COMMAND|GROUP|FLAG]"
_DESCRIPTION = """\
Explain a command, a group of flags of a crawl, or one flag. Without a word, list the
commands and the flags that are used most."""

_MOST_USED = (
    *("--output", "--follow", "--depth", "--max-pages", "--sitemap", "--include"),
    *("--workers", "--per-host", "--delay", "--handler", "--select", "--dry-run", "--quiet"),
)
_EXAMPLES = (
    "crawlpool demo",
    "crawlpool get https://example.com/",
    "crawlpool urls.txt --workers 16 -o pages.csv",
    "crawlpool https://example.com/ --follow --depth 2 --delay 1 -o site.jsonl",
    "crawlpool status site.jsonl",
)
_CLAUSE = re.compile(r"[;:.,](?= |$)")
_COLUMN = 27


def help_command(words: Sequence[str]) -> int:
    """Explain what the word names, on standard output."""
    word = words[0] if words else ""
    if word in {"-h", "--help"}:
        parser().print_help()
        return 0
    if len(words) > 1:
        raise ConfigError(f"name one command, group or flag, not {' '.join(map(repr, words))}: {_USAGE}")
    print(_explained(word), end="")
    return 0


def parser() -> Parser:
    """It has no flags but --help."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="COMMAND", help=argparse.SUPPRESS)
    return made


def overview() -> str:
    """All commands, the flags that are used most, exit codes and examples."""
    crawl = crawl_parser()
    lines = [
        "usage: crawlpool URL|FILE|- ... [FLAG ...]",
        "       crawlpool COMMAND [WORD|FLAG ...]",
        "",
        "Fetch web pages with a pool of workers, politely, and store a record of each.",
    ]
    groups: dict[str, list[tuple[str, Command]]] = {}
    for name, command in COMMANDS.items():
        groups.setdefault(command.group, []).append((name, command))
    for group, commands in groups.items():
        lines += ["", f"{group}:"]
        for name, command in commands:
            lines += _row(f"{name} {command.takes}", command.about)
    lines += ["", "Flags of a crawl that are used most; crawlpool help crawl lists all:"]
    by_name = {flag: action for action in crawl._actions for flag in action.option_strings}  # noqa: SLF001  argparse tells them no other way
    for flag in _MOST_USED:
        if flag in by_name:
            lines += _row(_names(by_name[flag]), _clause(by_name[flag]))
    lines += ["", EXIT_CODES, "", "Examples:", *(f"  {each}" for each in _EXAMPLES)]
    lines += ["", "crawlpool help WORD explains a command, a group of flags, or a flag."]
    return "\n".join(lines) + "\n"


def _explained(word: str) -> str:
    if not word:
        return overview()
    if word in COMMANDS:
        return help_parser(COMMANDS[word]).format_help()
    crawl = crawl_parser()
    if word.startswith("-"):
        for action in crawl._actions:  # noqa: SLF001
            if word in action.option_strings:
                return "\n".join(_row(_names(action), _whole(action))) + "\n"
        near = get_close_matches(word, crawl.flags, n=1)
        raise ConfigError(f"there is no flag {word}; {_meant(near, 'crawlpool help crawl lists all')}")
    groups = {
        (group.title or "").lower(): group
        for group in crawl._action_groups  # noqa: SLF001
        if group._group_actions  # noqa: SLF001
    }
    known = {**groups, **{title.partition(" ")[0]: group for title, group in groups.items()}}
    if word.lower() in known:
        group = known[word.lower()]
        return "\n".join(_of_group(group.title or "", group._group_actions)) + "\n"  # noqa: SLF001
    near = get_close_matches(word.lower(), [*COMMANDS, *known], n=1)
    raise ConfigError(
        f"there is no command {word!r}, and no group of flags; {_meant(near, 'crawlpool help lists the commands')}"
    )


def _meant(near: Sequence[str], otherwise: str) -> str:
    return f"did you mean {near[0]}?" if near else otherwise


def _of_group(title: str, actions: "Sequence[Action]") -> Iterator[str]:
    yield f"{title}:"
    for action in actions:
        if action.help != argparse.SUPPRESS:
            yield from _row(_names(action), _whole(action))


def _names(action: "Action") -> str:
    value = f" {action.metavar}" if isinstance(action.metavar, str) else ""
    return ", ".join(action.option_strings) + value


def _whole(action: "Action") -> str:
    return (action.help or "").replace("%%", "%")


def _clause(action: "Action") -> str:
    """The first clause of a flag's help."""
    return _CLAUSE.split(_whole(action), maxsplit=1)[0] + "."


def _row(name: str, text: str) -> list[str]:
    """A name and what it means, in two columns as wide as the terminal."""
    lines = textwrap.wrap(text, max(help_width() - _COLUMN, 24)) or [""]
    indent = " " * _COLUMN
    if len(name) > _COLUMN - 4:
        return [f"  {name}", *(indent + line for line in lines)]
    return [f"  {name:<{_COLUMN - 2}}{lines[0]}", *(indent + line for line in lines[1:])]
