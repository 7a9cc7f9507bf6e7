"""A TOML file of settings, or of a whole crawl: `shop.toml`.

    delay = "1s"                    every knob is a key, at the top or under [crawl]

    [crawl]                         what is crawled, and where it goes
    seeds = ["urls.txt"]
    output = ["books.jsonl"]
    handler = "shop.py:parse"

Names of files are seen from the file's own folder. Whoever reads it for its settings alone
(`--config`, or a `crawlpool.toml` in the working folder) takes the knobs; whoever names it
as the crawl (`crawlpool shop.toml`, `Crawler.from_file`) takes the rest as well.

What is wrong is said with file and key, and no message quotes what may be a password.
"""

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from .errors import ConfigError
from .handlerfile import load_handler
from .identity import of_words
from .redirects import HARMLESS
from .secretfiles import is_open_to_others
from .seeds import looks_like_file, read_words
from .settings import Settings, knobs
from .settings.own import OWN
from .settings.sources import Layer, from_environment, from_table, put_together, seen_from
from .stores.base import Start

log = logging.getLogger("crawlpool")

LARGEST: Final = 1024 * 1024
"""Bytes of a file that are read; one that is longer is refused."""

TABLE: Final = "crawl"


@dataclass(frozen=True, slots=True)
class CrawlFile:
    """What a file says.

    Attributes:
        path: The file, as it was named.
        layer: The knobs.
        crawl: What it says besides, by the keys of `OWN`; files as they are found from here.
        open_secrets: The knobs whose value is a secret that stands in the file itself, where others may read it.
    """

    path: str
    layer: Layer
    crawl: Mapping[str, Any]
    open_secrets: tuple[str, ...] = ()


def opened_file(
    path: str, environ: Mapping[str, str] | None, typed: Mapping[str, Any]
) -> tuple[CrawlFile, Settings, Callable[..., Any] | None]:
    """A crawl's file, the settings that it, variables and keywords ask for together, and its handler.

    Raises:
        ConfigError: One says what will not do.
    """
    file = read_crawl_file(path)
    if file.open_secrets:
        log.warning(
            "settings.open other users of this machine may read %s: chmod 600 %s",
            ", ".join(file.open_secrets),
            path,
        )
    layers = [file.layer, from_environment(environ or {}, others=tuple(OWN)), Layer(typed, str)]
    settings = put_together(layers)[0]
    named = file.crawl.get("handler")
    handler = None if named is None else load_handler(named, f"{place_of_own(file, 'handler')}:")
    return file, settings, handler


def seeds_of(file: CrawlFile, seeds: Any) -> Any:
    """The seeds that were given, and where none were those of the file, read as the crawl goes."""
    if seeds == () and file.crawl.get("seeds"):
        return read_words(file.crawl["seeds"], column=file.crawl.get("column"))
    return seeds


class Asked(NamedTuple):
    """What one call of `Crawler.run` asks for, in the order of its arguments."""

    seeds: Any
    output: Any
    start: Start | None
    refresh: bool
    failed: Any
    save: Any
    job: Any
    same: Mapping[str, str] | None


def filled(file: CrawlFile, asked: Asked) -> Asked:
    """What a call of `Crawler.run` asks for, with what the crawl's file says where the call says nothing.

    Raises:
        ConfigError: A source that the file names cannot be read.
    """
    said, same = file.crawl, asked.same
    start = Start.FRESH if said.get("fresh") else Start.APPEND if said.get("append") else None
    if asked.seeds == () and said.get("seeds"):
        words = of_words(said["seeds"], column=said.get("column"), handler=said.get("handler"))
        same = {**words, **(same or {})}
    is_told = asked.start is not None or asked.refresh
    return Asked(
        seeds=seeds_of(file, asked.seeds),
        output=said.get("output", ()) if asked.output == () else asked.output,
        start=asked.start if is_told else start,
        refresh=asked.refresh if is_told else bool(said.get("refresh")),
        failed=said.get("failed") if asked.failed is None else asked.failed,
        save=said.get("save") if asked.save is None else asked.save,
        job=(False if said.get("no_job") else said.get("job")) if asked.job is None else asked.job,
        same=same,
    )


def is_crawl_file(word: str) -> bool:
    """Whether a word of a command line is a crawl kept as a file: it ends in .toml, and is there."""
    return word.lower().endswith(".toml") and "://" not in word and os.path.isfile(word)  # noqa: PTH113  Path.is_file raises for odd words


def read_crawl_file(path: str) -> CrawlFile:
    """Read a file of settings, or of a crawl.

    Raises:
        ConfigError: It cannot be read, a key is unknown, or a value will not do.
    """
    found = _tables(path)
    crawl = found.pop(TABLE, {})
    if not isinstance(crawl, dict):
        raise ConfigError(f"{_place(path, TABLE)}: should be a table, [crawl]")
    known, folder = knobs(), os.path.dirname(path)  # noqa: PTH120  "" when it lies here
    keys: dict[str, str] = {}
    values: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for prefix, table in (("", found), (f"{TABLE}.", crawl)):
        for name, value in table.items():
            key = prefix + name
            if name in keys:
                raise ConfigError(
                    f"{_place(path, key)}: stands at the top of the file, too; keep one of them"
                )
            if name not in known and not (prefix and name in OWN):
                raise ConfigError(f"{path}: {_unknown(name, is_in_table=bool(prefix))}")
            try:
                if name in known:
                    values[name] = from_table(name, value, folder)
                else:
                    own[name] = _own(OWN[name], value, folder)
            except ValueError as error:
                raise ConfigError(f"{_place(path, key)}: {error}") from None
            keys[name] = key
    for one, other in (("fresh", "append"), ("fresh", "refresh"), ("append", "refresh"), ("job", "no_job")):
        if own.get(one) and own.get(other):
            raise ConfigError(f"{_place(path, f'{TABLE}.{other}')}: cannot be given together with {one}")
    return CrawlFile(
        path,
        Layer(values, lambda name: _place(path, keys[name]), path),
        own,
        tuple(_secrets_in(values)) if is_open_to_others(path) else (),
    )


def _tables(path: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  few crawls have such a file

    try:
        with open(path, "rb") as file:  # noqa: PTH123  odd names raise no other error here
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > LARGEST:
        raise ConfigError(f"{path} is longer than {LARGEST >> 20} MiB; it should hold settings only")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path} is not valid TOML: too many brackets in each other") from None


def _place(path: str, key: str) -> str:
    return f'{path}, key "{key}"'


def place_of_own(file: CrawlFile, name: str) -> str:
    """What a message calls the place of a value that is no knob's."""
    return _place(file.path, f"{TABLE}.{name}")


def _unknown(name: str, *, is_in_table: bool) -> str:
    known = [*knobs(), *(OWN if is_in_table else (TABLE,))]
    said = f'unknown key "{name}"'
    if not is_in_table and name in OWN:
        return f'key "{name}" belongs under [crawl]'
    bare = name.replace("-", "_")
    if bare.removeprefix("no_") in known and bare.startswith("no_"):
        return f"{said}; write {bare.removeprefix('no_')} = false"
    near = get_close_matches(bare, known, n=1, cutoff=0.6)
    return said + (f"; did you mean {near[0]}?" if near else "; crawlpool config lists all")


def _own(kind: str, value: Any, folder: str) -> Any:
    """One value of [crawl] that is no knob's.

    Raises:
        ValueError: It will not do.
    """
    if kind == "switch":
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} should be true or false")
        return value
    if kind == "count":
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"{value!r} should be a whole number, or true")
        return int(value)
    if kind in {"sources", "files"}:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
            raise ValueError(f"{value!r} should be a text, or a list of them")
        return [_source(folder, each) if kind == "sources" else _file(folder, each) for each in texts]
    if not isinstance(value, str):
        raise ValueError(f"{value!r} should be a text")  # noqa: TRY004  what a file says is a value
    if kind == "handler":
        file, colon, name = value.rpartition(":")
        return f"{seen_from(folder, file)}{colon}{name}" if file.endswith(".py") else value
    return _file(folder, value) if kind == "file" else value


def _file(folder: str, name: str) -> str:
    return name if name == "-" else seen_from(folder, name)


def _source(folder: str, word: str) -> str:
    """A source of URLs as it is found from here; what is no file stays as it is."""
    if word == "-" or "://" in word:
        return word
    placed = seen_from(folder, word)
    return placed if os.path.exists(placed) or looks_like_file(word) else word  # noqa: PTH110  for odd words


def _secrets_in(values: Mapping[str, Any]) -> Iterable[str]:
    """The knobs whose values are secrets that stand there, and are not read from elsewhere."""
    for name, value in values.items():
        if not knobs()[name].is_secret:
            continue
        if name == "proxy":
            if "@" in str(value):
                yield name
            continue
        given = value.items() if isinstance(value, Mapping) else value
        if not all(_is_harmless(name, each) for each in given):
            yield name


def _is_harmless(name: str, given: Any) -> bool:
    """Whether one value, a text or a pair, holds no secret itself; what is neither is refused elsewhere."""
    if isinstance(given, tuple) and len(given) == 2:
        key, given = given
        if name == "header" and str(key).lower() in HARMLESS:
            return True
    return isinstance(given, str) and _is_elsewhere(given)


def _is_elsewhere(text: str) -> bool:
    """Whether a value, perhaps behind an origin, is `env:NAME` or `file:PATH`."""
    return text.startswith(("env:", "file:")) or text.partition("=")[2].startswith(("env:", "file:"))
