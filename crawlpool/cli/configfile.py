"""Where the command's settings come from: flags, environment variables, and a TOML file.

    flag  beats  CRAWLPOOL_... variable  beats  file  beats  default

One file is read: the crawl that was named (`crawlpool shop.toml`), else `--config FILE`, else
`crawlpool.toml` in the working folder, and with `--no-config` none. What was not typed is said
once on standard error, so that nobody wonders where a setting came from.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from os.path import isfile
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..settings import Settings
from ..settings.own import OWN
from ..settings.sources import Layer, from_environment, put_together
from .flags import Parser, crawl_parser, parse, typed_knobs
from .screen import Screen

if TYPE_CHECKING:
    from ..crawlfile import CrawlFile

FOUND = "crawlpool.toml"

_MOST_NAMED = 8


def gathered(given: argparse.Namespace, *, is_told: bool = True) -> tuple[Settings, dict[str, str]]:
    """The settings that all places ask for together, and where each that was set came from.

    Raises:
        ConfigError: A place says what will not do; the message names it.
    """
    file = _file_of(given)
    from_file = file.layer if file is not None else Layer({}, str)
    from_variables = from_environment(os.environ, others=tuple(OWN))
    typed = typed_knobs(given)
    put = put_together([from_file, from_variables, typed])
    if is_told:
        screen = Screen(sys.stderr, quiet=bool(getattr(given, "quiet", False)))
        for note in _notes(given, file, from_variables, typed):
            screen.say(note)
    return put


def _file_of(given: argparse.Namespace) -> "CrawlFile | None":
    """The one file that is read; it stays with what was typed, since standard input can be read only once."""
    if getattr(given, "crawl_file", None) is None:
        path = getattr(given, "config", None)
        if path is None and not getattr(given, "no_config", False) and isfile(FOUND):  # noqa: PTH113
            path = FOUND
        if path is None:
            return None
        from ..crawlfile import read_crawl_file  # noqa: PLC0415  which loads what most crawls do without

        given.crawl_file = read_crawl_file(path)
    file: CrawlFile = given.crawl_file
    return file


def _notes(
    given: argparse.Namespace, file: "CrawlFile | None", variables: Layer, typed: Layer
) -> Iterator[str]:
    """What was set without being typed, as far as it holds; a file that was named says so itself."""
    if file is not None and not getattr(given, "config", None) and not getattr(given, "crawl_name", None):
        names = [name for name in file.layer.values if name not in {*variables.values, *typed.values}]
        if names:
            yield f"settings of {file.path}: {_some(names)}"
    names = [name for name in variables.values if name not in typed.values]
    if names:
        yield f"settings of the environment: {_some(names)}"
    if file is not None and file.open_secrets:
        yield (
            f"{file.path} holds secrets ({', '.join(file.open_secrets)}), and other users of this machine may read it: "
            f"chmod 600 {file.path}, or write env:NAME for each"
        )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_MOST_NAMED])} and {more} more"


def with_crawl_file(given: argparse.Namespace, words: Sequence[str]) -> argparse.Namespace:
    """What was typed, filled up by the crawl's file that stands among the words, if there is one.

    Flags win over what the file says, and other sources that are named replace its seeds.

    Args:
        given: What was typed, as `parse` has it.
        words: The same as words.

    Raises:
        ConfigError: There are two such files, or one says what will not do.
    """
    if not any(word.lower().endswith(".toml") for word in given.words):
        return given
    from ..crawlfile import is_crawl_file, read_crawl_file  # noqa: PLC0415

    names = [word for word in given.words if is_crawl_file(word)]
    if not names:
        return given
    if len(names) > 1 or given.config is not None:
        other = names[1] if len(names) > 1 else f"--config {given.config}"
        raise ConfigError(f"{names[0]} and {other}: name one file of settings")
    file = read_crawl_file(names[0])
    parser = crawl_parser()
    typed = _typed(parser, words)
    for name, value in file.crawl.items():
        if name != "seeds" and not (_rivals(name) & typed):
            setattr(given, name, _checked(parser, file, name, value))
    given.crawl_file, given.crawl_name = file, names[0]
    others = [word for word in given.words if word not in names]
    given.words = others or list(file.crawl.get("seeds", ()))
    return given


def _typed(parser: Parser, words: Sequence[str]) -> set[str]:
    """The flags that were typed, by where their values go: also those whose value is the default."""
    for action in parser._actions:  # noqa: SLF001  argparse has no other way to ask
        if action.option_strings:
            action.default = argparse.SUPPRESS
    return set(vars(parse(parser, words)))


def _checked(parser: Parser, file: "CrawlFile", name: str, value: Any) -> Any:
    """A value as its flag takes it, which may allow a few words only.

    Raises:
        ConfigError: It is none of them.
    """
    read = next(action.type for action in parser._actions if action.dest == name)  # noqa: SLF001
    if OWN[name] != "word" or not callable(read):
        return value
    try:
        return read(value)
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f'{file.path}, key "crawl.{name}": {error}') from None


def _rivals(name: str) -> set[str]:
    """The flags that take back what a key says: its own, and those that cannot stand beside it."""
    for group in ({"fresh", "append", "refresh"}, {"job", "no_job"}):
        if name in group:
            return group
    return {name}
