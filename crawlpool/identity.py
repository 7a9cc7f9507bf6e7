"""What has to be the same when a crawl goes on: seeds, scope and the code of the handlers, as short texts.

A job keeps these texts. When they differ at the next start, the pages that are
there and those to come would not be of one crawl, so the difference is named and
the crawl refused until somebody says what is meant.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from os.path import isfile
from pathlib import Path
from types import CodeType
from typing import Any

from .errors import ConfigError
from .handlers import Handlers
from .model import Request
from .settings import Settings

Same = Mapping[str, str]
"""What is compared, by the name that a message gives it; a digest stands for what is too long to be said."""

_DIGEST = "digest "


def digest(data: bytes) -> str:
    """A text that stands for data: the same for the same bytes, and for no others."""
    return _DIGEST + blake2b(data, digest_size=12).hexdigest()


def digest_of_file(path: Path) -> str:
    """The same for the content of a file, read piece by piece.

    Raises:
        ConfigError: It cannot be read.
    """
    seen = blake2b(digest_size=12)
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                seen.update(piece)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    return _DIGEST + seen.hexdigest()


def of_settings(settings: Settings) -> dict[str, str]:
    """The knobs that say which URLs belong to the crawl, and which columns its records have."""
    said = {"follow": "on" if settings.follow else "off", **_of_columns(settings)}
    # What is asked for a URL, and what is left out; without these a crawl is as it ever was.
    if settings.strip_params:
        said["strip-params"] = ", ".join(settings.strip_params)
    if settings.sort_params:
        said["sort-params"] = "on"
    if settings.skip_duplicates:
        said["skip-duplicates"] = ", ".join(sorted(set(settings.skip_duplicates)))
    if settings.sitemap:
        said["sitemap"] = "on"
    if settings.sitemap_url:
        said["sitemap-url"] = ", ".join(settings.sitemap_url)
    if settings.since is not None:
        said["since"] = settings.since
    if settings.follow:
        said["depth"] = "no limit" if settings.depth is None else str(settings.depth)
    if settings.follow or settings.sitemap or settings.sitemap_url:
        said["scope"] = settings.scope
        said["include"] = ", ".join(settings.include) or "none"
        said["exclude"] = ", ".join(settings.exclude) or "none"
    return said


def _of_columns(settings: Settings) -> dict[str, str]:
    said = {f"select {name}": selector for name, selector in settings.select}
    if settings.fields:
        said["fields"] = ",".join(settings.fields)
    return said


def of_seeds(seeds: Any) -> dict[str, str]:
    """Seeds that are there at once; what is read as the crawl goes (a generator, a file) cannot be compared.

    Those that a program gives as a list; the command compares its files itself.
    """
    if isinstance(seeds, str | Request):
        seeds = [seeds]
    if not isinstance(seeds, list | tuple):
        return {}
    seen = blake2b(digest_size=12)
    for seed in seeds:
        text = f"{seed.method} {seed.url}" if isinstance(seed, Request) else str(seed)
        seen.update(text.encode("utf-8", "surrogatepass") + b"\n")
        if isinstance(seed, Request):
            seen.update(seed.body + b"\n")
    return {"seeds": _DIGEST + seen.hexdigest()}


def of_words(words: Sequence[str], *, column: str | None, handler: str | None) -> dict[str, str]:
    """The words of a command line or of a crawl's file, the files that they name, and the handler's file."""
    same = {"seeds": " ".join(_told(word) for word in words)}
    for word in words:
        if word != "-" and isfile(word):  # noqa: PTH113  Path.is_file raises for a long URL
            same[_told(word)] = same.get(_told(word), "") + digest_of_file(Path(word))
    if column is not None:
        same["column"] = column
    if handler is not None:
        file, colon, name = handler.rpartition(":")
        file = file or handler
        same["handler"] = f"{_told(file)}{colon}{name}" if colon else _told(file)
        if isfile(file):  # noqa: PTH113
            same[_told(file)] = digest_of_file(Path(file))
    return same


def _told(word: str) -> str:
    """A word as it is compared: a file by its name alone, so that its folder may be moved."""
    return Path(word).name if isfile(word) else word  # noqa: PTH113


def of_handlers(handlers: Handlers) -> dict[str, str]:
    """The code of every handler, by its name.

    Raises:
        ConfigError: One is a lambda: a request that waits in a job names its handler, and a lambda has no name.
    """
    said: dict[str, str] = {}
    for name, handler in handlers.registered():
        if name == "<lambda>":
            raise ConfigError(
                "a handler is a lambda, which has no name that a job could keep; write it as a function "
                "with def, or do without a job (job=False, --no-job)"
            )
        while isinstance(handler, partial):
            handler = handler.func  # noqa: PLW2901
        name = getattr(handler, "__name__", type(handler).__qualname__)  # noqa: PLW2901  not where it lies in memory
        key = f"handler {name}"
        said[key] = digest(f"{said.get(key, '')}{_code_of(handler)}".encode("utf-8", "surrogatepass"))
    return said


def differences(before: Same, now: Same) -> list[str]:
    """What is not the same, each in a few words; what only one side knows counts unless it is about the seeds."""
    said = []
    for name in dict.fromkeys((*before, *now)):
        was, is_ = before.get(name), now.get(name)
        if was == is_ or (name == "seeds" and None in {was, is_}):
            continue
        if was is None:
            said.append(f"{name} (new)")
        elif is_ is None:
            said.append(f"{name} (no more)")
        elif was.startswith(_DIGEST) or is_.startswith(_DIGEST):
            said.append(f"{name} (changed)")
        else:
            said.append(f"{name} (was {was}, now {is_})")
    return said


def _code_of(handler: Any) -> str:
    """The source of a function; its byte code where there is none; its name for what has neither.

    Code that was made of a text (`exec`, `python -c`) has no file, and what Python then takes for its
    source may be another text of that name.
    """
    code = getattr(handler, "__code__", None)
    if not isinstance(code, CodeType) or code.co_filename != "<string>":
        try:
            return inspect.getsource(handler)
        except (OSError, TypeError):
            pass
    return _parts_of(code) if isinstance(code, CodeType) else type(handler).__qualname__


def _parts_of(code: CodeType) -> str:
    constants: Iterable[Any] = code.co_consts
    inner = [_parts_of(each) if isinstance(each, CodeType) else repr(each) for each in constants]
    return f"{code.co_code.hex()} {code.co_names} {inner}"
