"""The tables of README.md and docs/ that say what the code says: `make docs` writes them anew.

    README.md, "Commands"           a row for each command
    docs/commands.md, "Every option"     a heading and a table for each group of flags of a crawl
    docs/commands.md, "crawlpool NAME"   the table of the command's own flags; a section of its own for a new one
    docs/reference.md, "Knobs"      a row for each setting with its default
    docs/reference.md, "The record" the names of the fields and their order, meanings kept
    docs/reference.md, "Failure kinds"   the same

All else in those files is written by hand and left alone. `tests/test_docs.py` fails when
a table is not what this makes of the code.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from crawlpool import records
from crawlpool.cli.commands import COMMANDS, help_parser
from crawlpool.cli.flags import crawl_parser
from crawlpool.model import FailureKind
from crawlpool.settings import Settings, knobs

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MANUAL = ROOT / "docs" / "commands.md"
REFERENCE = ROOT / "docs" / "reference.md"

OPTIONS = "## Every option"
_FLAGS = "| option | what it does |\n|---|---|\n"
_COMMANDS = "| command | what it does |\n|---|---|\n"
_KNOBS = "| knob | default | what it does |\n|---|---|---|\n"
_TITLES = {"options": "General"}  # argparse's own word
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


def readme(text: str) -> str:
    """The README with its table of commands as the code has it."""
    rows = "".join(f"| `crawlpool {name}` | {_cell(command.about)} |\n" for name, command in COMMANDS.items())
    return _changed(text, "## Commands", lambda part: _with_table(part, _COMMANDS, _COMMANDS + rows))


def manual(text: str) -> str:
    """The page of commands and options with its tables as the code has them."""
    text = _changed(text, OPTIONS, _options)
    for name, command in COMMANDS.items():
        if name == "crawl":  # its flags are those above
            continue
        heading = f"### `crawlpool {name}`"
        if f"\n{heading}\n" not in text:
            words = " ".join(("crawlpool", name, *command.takes.split()))
            text = f"{text.rstrip()}\n\n{heading}\n\n`{words}`: {command.about}\n"
        rows = flag_rows(help_parser(command)._actions)
        if rows:
            table = _FLAGS + "".join(rows)
            text = _changed(text, heading, lambda part, table=table: _with_table(part, _FLAGS, table))
    return f"{text.rstrip()}\n"


def reference(text: str) -> str:
    """The reference with its tables as the code has them."""
    text = _changed(text, "## Knobs", lambda part: _with_table(part, _KNOBS, knob_table()))
    text = _changed(text, "## The record", lambda part: _with_names(part, records.FIELDS))
    return _changed(
        text, "## Failure kinds", lambda part: _with_names(part, [kind.value for kind in FailureKind])
    )


def flag_rows(actions: Iterable[argparse.Action]) -> list[str]:
    """A row for each flag, made from what help says of it."""
    rows = []
    for action in actions:
        if not action.option_strings or action.dest == "help" or action.help == argparse.SUPPRESS:
            continue
        names = [f"{flag} {action.metavar}" if action.metavar else flag for flag in action.option_strings]
        shown = ", ".join(f"`{name}`" for name in names)
        rows.append(f"| {shown} | {_cell(str(action.help).replace('%%', '%'))} |\n")
    return rows


def knob_table() -> str:
    """Each setting with its default and what it does; the default stands in a column of its own."""
    defaults, rows = Settings(), []
    for name, knob in knobs().items():
        default = repr(getattr(defaults, name))
        about, mark, said = knob.help.partition(" Default: ")
        # What the default does is worth saying where the value does not say it.
        about = knob.help if mark and default == "None" and not said.startswith("no limit") else about
        rows.append(f"| `{name}` | `{default}` | {_cell(about)} |\n")
    return _KNOBS + "".join(rows)


def section_bounds(text: str, heading: str) -> tuple[int, int]:
    """Where the text under a heading begins, and ends: at the next heading of its rank."""
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    after = re.compile(rf"^#{{1,{heading.index(' ')}}} ", re.MULTILINE).search(text, start)
    return start, after.start() if after else len(text)


def _changed(text: str, heading: str, change: Callable[[str], str]) -> str:
    start, end = section_bounds(text, heading)
    return text[:start] + change(text[start:end]) + text[end:]


def _options(part: str) -> str:
    """The groups of a crawl's flags, from the first to the last; what stands beside a table is kept."""
    first = part.index("\n### ") + 1
    groups = part[first:]
    made = []
    for group in crawl_parser()._action_groups:
        rows = flag_rows(group._group_actions)
        if not rows:
            continue
        title = _TITLES.get(str(group.title), str(group.title))
        heading = f"### {title[:1].upper()}{title[1:]}"
        table = _FLAGS + "".join(rows)
        if f"\n{heading}\n" in f"\n{groups}":
            start, end = section_bounds(f"\n{groups}", heading)
            made.append(f"{heading}\n{_with_table(groups[start - 1 : end - 1], _FLAGS, table)}")
        else:
            made.append(f"{heading}\n\n{table}\n")
    return part[:first] + "".join(made)


def _with_table(part: str, head: str, table: str) -> str:
    """A section with the table that begins so in place of the one that it has; behind its text without one."""
    if head not in part:
        return f"{part.rstrip()}\n\n{table}\n"
    start = part.index(head)
    found = _TABLE.match(part, start)
    assert found is not None
    return part[:start] + table + part[found.end() :]


def _with_names(part: str, names: Iterable[str]) -> str:
    """The first table of a section with a row for each name, in their order; what its row says is kept."""
    found = _TABLE.search(part)
    assert found is not None
    head, rule, *rows = found[0].splitlines(keepends=True)
    known = {match[1]: row for row in rows if (match := re.match(r"\| `([^`]+)`", row))}
    empty = " |" * (head.count("|") - 2)
    table = "".join((head, rule, *(known.get(name, f"| `{name}` |{empty}\n") for name in names)))
    return part[: found.start()] + table + part[found.end() :]


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def main() -> None:
    """Write the files anew where they differ, and name those that did."""
    for path, change in ((README, readme), (MANUAL, manual), (REFERENCE, reference)):
        old = path.read_text(encoding="utf-8")
        new = change(old)
        if new != old:
            path.write_text(new, encoding="utf-8", newline="\n")
            sys.stdout.write(f"{path.relative_to(ROOT)} has new rows\n")


if __name__ == "__main__":
    main()
