"""`crawlpool config`: every setting with its value and where that came from, as a file that can be kept."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from ..crawlfile import is_crawl_file, read_crawl_file
from ..errors import ConfigError
from ..settings import Knob, Settings, knobs
from ..settings.given import HIDDEN
from .configfile import gathered
from .flags import Parser, add_knobs, asks_for_help, new_parser, parse
from .jobs import say

_USAGE = "crawlpool config [FLAG ...] [FILE.toml]"
_DESCRIPTION = """\
Show every setting with its value, and where that came from: a flag, an environment
variable, or a file. What is as it comes stands behind a #, so the output is a file of
settings itself: crawlpool config --delay 1 > slow.toml keeps a delay for --config slow.toml. Secrets are not shown, and stand behind a #, too.

FILE.toml is a crawl that is kept as a file. The flags of a crawl may be given besides."""

_WIDTH = 34
_MOST_WIDTH = 60


def config(words: Sequence[str]) -> int:
    """Show the settings in force; the exit code is that of `cli.main`."""
    if asks_for_help(words):
        parser().print_help()
        return 0
    given = parse(whole_parser(), words)
    if given.schema:
        from .schema import schema  # noqa: PLC0415  only when it is asked for

        say(json.dumps(schema(), indent=2).split("\n"))
        return 0
    others = [word for word in given.words if not is_crawl_file(word)]
    if others or len(given.words) > (given.config is None):
        word = others[0] if others else given.words[-1]
        if word.endswith(".toml") and word in others:
            raise ConfigError(f"no file {word!r} here")
        raise ConfigError(
            f"config takes one file of settings, which ends in .toml; {word!r} is none, or one too many"
        )
    if given.words:
        given.crawl_file = read_crawl_file(given.words[0])
    settings, came = gathered(given, is_told=False)
    say(_lines(settings, came, is_changed_only=given.changed))
    return 0


def parser() -> Parser:
    """The flags of its own; those of a crawl are there besides."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="FILE.toml", help=argparse.SUPPRESS)
    made.add_argument("--changed", action="store_true", help="Show only what is not as it comes.")
    made.add_argument(
        "--schema",
        action="store_true",
        help="Print a JSON Schema of such files, by which editors complete and check them.",
    )
    return made


def whole_parser() -> Parser:
    """All flags that it takes, those of a crawl's settings too."""
    made = parser()
    add_knobs(made)
    return made


def _lines(settings: Settings, came: Mapping[str, str], *, is_changed_only: bool) -> Iterator[str]:
    known, group = knobs(), ""
    for field in fields(settings):
        name, knob = field.name, known[field.name]
        if is_changed_only and name not in came:
            continue
        if knob.group != group:
            if group:
                yield ""
            group = knob.group
            yield f"# {group}"
        value = getattr(settings, name)
        is_kept = name in came and not (knob.is_secret and value) and value is not None
        line = f"{'' if is_kept else '# '}{name} = {_said(knob, value)}"
        where = came.get(name)
        hidden = "; not shown" if where and knob.is_secret and value else ""
        yield f"{line:<{_WIDTH if len(line) < _WIDTH else _MOST_WIDTH}}  # {where}{hidden}" if where else line


def _said(knob: Knob, value: Any) -> str:
    """A value in TOML, secrets as stars."""
    if value is None:
        return "none"
    if knob.is_secret and isinstance(value, str):
        return toml(HIDDEN)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return toml({key: HIDDEN if knob.is_secret else text for key, text in value})
    if isinstance(value, tuple) and value and isinstance(value[0], int):
        return toml(f"{value[0]}..{value[1]}")
    return toml(value)


def toml(value: Any) -> str:
    """A plain value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{toml(str(key))} = {toml(each)}" for key, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(toml(each) for each in value)}]"
    # JSON's escapes are TOML's; but TOML wants one for DEL, too.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
