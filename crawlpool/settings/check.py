"""Bring what a user may give to what a knob holds, or say what would do."""

import math
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..units import MOMENT, RANGE, read_bytes, read_count, read_date, read_range
from .knob import Knob, bounds, is_within


def as_tuple(name: str, value: Any, *, is_secret: bool = False) -> tuple[Any, ...]:
    """Bring what may be given many times to a tuple: of texts, or of pairs of them; a secret is not quoted."""
    if isinstance(value, str):
        if is_secret:
            raise ConfigError(f"{name} should be a mapping, or pairs of a name and a value")
        return (value,)
    try:
        given = tuple(value.items() if isinstance(value, Mapping) else value)
    except TypeError:
        said = f"of type {type(value).__name__}" if is_secret else repr(value)
        raise ConfigError(f"{name} is {said}, and should be a list") from None
    for each in given:
        if (is_secret or not isinstance(each, str)) and not (
            isinstance(each, tuple | list) and len(each) == 2
        ):
            said = f"what is of type {type(each).__name__}" if is_secret else repr(each)
            raise ConfigError(f"{name} holds {said}, and should hold texts, or pairs of them")
    return tuple(each if isinstance(each, str) else (str(each[0]), str(each[1])) for each in given)


def as_words(name: str, value: tuple[Any, ...]) -> tuple[str, ...]:
    """Bring ("a,b", "c") to ("a", "b", "c")."""
    for each in value:
        if not isinstance(each, str):
            raise ConfigError(f"{name} holds {each!r}, and should hold texts")
        if not each.strip(" ,"):
            raise ConfigError(f"{name} holds {each!r}, which names nothing")
    return tuple(word.strip() for each in value for word in each.split(",") if word.strip())


def as_date(value: Any) -> str | None:
    """Check a date, or a text of one; dates become text."""
    text = value.isoformat() if hasattr(value, "isoformat") else value
    try:
        return None if text is None else read_date(text)
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(f"since is {value!r}, and should be {MOMENT}") from None


def as_range(name: str, value: Any) -> Any:
    """Bring "2..16" and [2, 16] to (2, 16), and "8" to 8."""
    wrong = f"{name} is {value!r}, and should be {RANGE}"
    if isinstance(value, str):
        try:
            return read_range(value)
        except ValueError:
            raise ConfigError(wrong) from None
    if isinstance(value, tuple | list):
        pair = tuple(value)
        if len(pair) != 2 or not all(type(each) is int for each in pair) or pair[0] > pair[1]:
            raise ConfigError(wrong)
        return pair
    if value is not None and type(value) is not int:
        raise ConfigError(wrong)
    return value


def check(name: str, knob: Knob, value: Any, default: Any) -> None:
    """See that a value is one that its knob allows.

    Raises:
        ConfigError: It is not.
    """
    if isinstance(default, bool) and not isinstance(value, bool):
        raise ConfigError(f"{name} is {value!r}, and should be True or False")
    if knob.choices and value not in knob.choices:
        raise ConfigError(f"unknown {name} {value!r}; known: {', '.join(sorted(knob.choices))}")
    if knob.least is None:
        return
    if isinstance(value, tuple):
        for each in value:
            _check_number(name, knob, each, value)
    else:
        _check_number(name, knob, value, value)


def _check_number(name: str, knob: Knob, value: Any, given: Any) -> None:
    is_whole = knob.read in {read_count, read_bytes, read_range}
    if isinstance(value, bool) or not isinstance(value, int if is_whole else int | float):
        raise ConfigError(f"{name} is {value!r}, and should be a {'whole ' if is_whole else ''}number")
    if not math.isfinite(value) or not is_within(knob, value):
        raise ConfigError(f"{name} is {given!r}, and should be {bounds(knob)}")
