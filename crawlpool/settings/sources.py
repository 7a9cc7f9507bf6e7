"""Where the value of a knob may come from, and how it is read there.

    flag                  --per-host 4              text, by `read_text`
    environment variable  CRAWLPOOL_PER_HOST=4      text, by `read_text`; see `from_environment`
    key of a file         per_host = 4              a value of TOML, by `from_table`
    keyword               Crawler(per_host=4)       a value of Python, as it is

All four are made of the one declaration of the knob, and end in the one check of
`Settings`. The one that stands higher wins. What will not do is said with the place
that it came from, since the same knob may be set in four.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, NamedTuple

from ..errors import ConfigError
from . import Settings, knobs
from .given import ORIGIN
from .knob import Knob, bounds, is_within

PREFIX: Final = "CRAWLPOOL_"

_FILES = frozenset({"FILE", "DIR"})
_SWITCH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


class Layer(NamedTuple):
    """Values of knobs from one place.

    Attributes:
        values: By the name of the knob, as `Settings` takes them.
        where: What a message calls the place of a knob's value, such as `--delay`.
        name: What the place is called as a whole, such as "the environment".
    """

    values: Mapping[str, Any]
    where: Callable[[str], str]
    name: str = ""


def put_together(layers: Sequence[Layer]) -> tuple[Settings, dict[str, str]]:
    """The settings that several places ask for together, and where the value of each knob came from.

    Args:
        layers: The weakest first. A value replaces the whole value of a weaker place, lists too.

    Raises:
        ConfigError: A value will not do; the message names its place.
    """
    values: dict[str, Any] = {}
    came: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.values.items():
            values[name], came[name] = value, layer.where(name)
    try:
        return Settings(**values), came
    except ConfigError as error:
        raise ConfigError(_placed(str(error), came)) from None


def _placed(message: str, came: Mapping[str, str]) -> str:
    """A complaint of `Settings`, which begins with the knob's name, with the place instead."""
    for name, where in sorted(came.items(), reverse=True):  # user_agent before header
        if where == name:  # a keyword is called by its name
            continue
        if name == "user_agent" and message.startswith("header 'User-Agent': "):
            return f"{where}: {message}"
        if message.startswith((f"{name} and ", f"unknown {name} ")):
            return f"{where}: {message}"
        if message.startswith((f"{name} ", f"{name}: ")):
            return f"{where}: {message.removeprefix(name).lstrip(': ')}"
    return message


def read_text(knob: Knob, text: str) -> Any:
    """The value that a text stands for, be it typed behind a flag or found in a variable or a file.

    Raises:
        ValueError: It stands for none; the message quotes it, unless it may be a password, and says what would do.
    """
    if knob.choices:
        return read_choice(text, knob.choices)
    try:
        value = knob.read(text)
    except ValueError as error:
        said = "the value" if knob.is_secret else repr(text)
        raise ValueError(f"{said} should be {error}") from None
    if knob.least is not None and not all(
        is_within(knob, each) for each in (value if isinstance(value, tuple) else (value,))
    ):
        raise ValueError(f"{text!r} should be {bounds(knob)}")
    return value


def read_choice(text: str, choices: Sequence[str]) -> str:
    """Check a word against those allowed.

    Raises:
        ValueError: It is none of them.
    """
    if text in choices:
        return text
    near = get_close_matches(text.lower(), choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"{text!r} should be one of {', '.join(choices)}{hint}")


def variable(name: str) -> str:
    """The environment variable of a knob."""
    return PREFIX + name.upper()


def from_environment(environ: Mapping[str, str], *, others: Sequence[str] = ()) -> Layer:
    """The knobs that environment variables set; an empty one sets nothing.

    A switch is true or false (1 or 0, yes or no, on or off). What may be given many times is one
    value, or several as a list of TOML: `CRAWLPOOL_INCLUDE='["/a/**", "/b/**"]'`.

    A variable that is nearly one of ours is a slip; any other with our prefix may be somebody
    else's (container platforms make CRAWLPOOL_PORT and the like for a service of our name).

    Args:
        environ: The variables.
        others: Names of flags that are no knobs, which have no variable.

    Raises:
        ConfigError: A value cannot be read, or a name has a slip in it.
    """
    known, values = knobs(), {}
    for key, text in environ.items():
        if not key.startswith(PREFIX):
            continue
        name = key.removeprefix(PREFIX).lower()
        if name not in known or key != variable(name):
            _refuse_slip(key, name, others)
        elif text.strip():
            try:
                values[name] = _from_variable(name, known[name], text)
            except ValueError as error:
                raise ConfigError(f"{key}: {error}") from None
    return Layer(values, variable, "the environment")


def _refuse_slip(key: str, name: str, others: Sequence[str]) -> None:
    known = knobs()
    if name.removeprefix("no_") in known:
        right = name.removeprefix("no_")
        said = "=false" if _defaults()[right] is True else ""
        raise ConfigError(f"unknown environment variable {key}; did you mean {variable(right)}{said}?")
    if name in others:
        raise ConfigError(
            f"{key}: --{name.replace('_', '-')} has no environment variable; it is a flag, or a key of a crawl's file"
        )
    if near := get_close_matches(name, known, n=1, cutoff=0.8):
        raise ConfigError(f"unknown environment variable {key}; did you mean {variable(near[0])}?")


def _from_variable(name: str, knob: Knob, text: str) -> Any:
    if isinstance(_defaults()[name], bool):
        if text.strip().lower() not in _SWITCH:
            raise ValueError(f"{text!r} should be true or false")
        return _SWITCH[text.strip().lower()]
    if not knob.repeats:
        return read_text(knob, text)
    if text.strip() != "[]" and not text.strip().startswith(('["', "['")):
        return (read_text(knob, text),)
    import tomllib  # noqa: PLC0415  few have a list in their environment

    try:
        found = tomllib.loads(f"list = {text}")["list"]
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        said = "the value" if knob.is_secret else repr(text)
        raise ValueError(f"""{said} should be one value, or a list of them such as ["one", "two"]""")
    return tuple(read_text(knob, each) for each in found)


def from_table(name: str, value: Any, folder: str) -> Any:
    """What `Settings` takes for a value of a TOML file: its own kind, or the text that one would type.

    Args:
        name: The knob's.
        value: What the file says.
        folder: The file's folder, which names of files are seen from.

    Raises:
        ValueError: It will not do; what only the check of `Settings` finds is left to that.
    """
    knob = knobs()[name]
    if isinstance(_defaults()[name], bool):
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} should be true or false")  # noqa: TRY004  what a file says is a value
        return value

    def one(each: Any) -> Any:
        return _seen_from(folder, knob, read_text(knob, each) if isinstance(each, str) else each)

    if not knob.repeats:
        return one(value)
    if isinstance(value, Mapping):
        if not all(isinstance(each, str) or _is_two(each) for each in value.values()):
            raise ValueError("should hold texts")
        return {
            key: _seen_from(folder, knob, tuple(each) if isinstance(each, list) else each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return tuple(one(each) for each in value)
    return (one(value),)


def _is_two(value: Any) -> bool:
    """Whether it is a user and a password, or a certificate and its key."""
    return isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)


def seen_from(folder: str, name: str) -> str:
    """A file's name as it is found from here, when `folder` is where it was written down."""
    return os.path.join(folder, os.path.expanduser(name)) if folder else name  # noqa: PTH111, PTH118  as it was typed


def _seen_from(folder: str, knob: Knob, value: Any) -> Any:
    """A knob's value with its files as they are found from here."""
    if knob.metavar in _FILES and isinstance(value, str):
        return seen_from(folder, value)
    if knob.metavar.endswith("FILE[,KEY]"):
        if isinstance(value, tuple):
            return tuple(seen_from(folder, each) for each in value)
        origin, files = _parted(value)
        return origin + ",".join(seen_from(folder, each) for each in files.split(",", 1) if each)
    if knob.is_secret and isinstance(value, str):
        origin, text = _parted(value)
        if text.startswith("file:"):
            return f"{origin}file:{seen_from(folder, text.removeprefix('file:'))}"
    if knob.is_secret and _is_pair(value) and value[1].startswith("file:"):
        return value[0], f"file:{seen_from(folder, value[1].removeprefix('file:'))}"
    return value


def _parted(text: str) -> tuple[str, str]:
    """Part `https://shop.example=VALUE` before VALUE."""
    found = ORIGIN.fullmatch(text)
    return (text[: found.start(2)], found[2]) if found else ("", text)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str)


@cache
def _defaults() -> Mapping[str, Any]:
    return {field.name: field.default for field in fields(Settings)}
