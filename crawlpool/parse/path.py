"""Where a value is in JSON: a path such as `data.items[0].price`, a small syntax of ours.

    name            the member of an object by that name: letters, digits, _, - and $
    ["any name"]    a member whose name has something else in it; quoted as in JSON
    [0]  [-1]       the element of a list by its place, from the end if negative
    [*]             every element of a list, or every value of an object: the path then gives a list
    .               between a name and what it is looked for in
    $               the whole answer; may stand in front

Names that are only digits are looked up in objects, places only in lists. With `[*]` what
lacks the rest of the path is left out, and two of them give one flat list.
"""

import json
import re
from itertools import islice
from typing import Any, NamedTuple

_STEP = re.compile(
    r"""\[(?P<place>-?[0-9]{1,9})\]|\[(?P<all>\*)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]|(?P<dot>\.)?(?P<name>[\w$-]+)"""
)

EVERY = slice(None)
"""The step of `[*]`."""


class Path(NamedTuple):
    """A path, read.

    Attributes:
        steps: A name, a place, or `EVERY`, from the outside in.
    """

    steps: tuple[str | int | slice, ...]

    @property
    def is_many(self) -> bool:
        """Whether it gives a list."""
        return EVERY in self.steps


def path_of(text: str) -> Path | None:
    """Read a path; None for a text that is none."""
    steps: list[str | int | slice] = []
    at = 1 if text.startswith("$") and text[1:2] in {"", ".", "["} else 0
    is_first = at == 0
    if not text:
        return None
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (found["name"] and (found["dot"] is None) != is_first):
            return None
        if found["place"]:
            steps.append(int(found["place"]))
        elif found["all"]:
            steps.append(EVERY)
        elif found["quoted"]:
            try:
                steps.append(json.loads(found["quoted"]))
            except ValueError:
                return None
        else:
            steps.append(found["name"])
        at, is_first = found.end(), False
    return Path(tuple(steps))


def values_at(document: Any, path: Path, most: int) -> list[Any]:
    """What is at a path in a JSON value, in its order; empty where nothing is.

    Args:
        document: The value.
        path: The path.
        most: No more than this many values are given, or looked at on the way to each step.
    """
    values = [document]
    for step in path.steps:
        values = list(islice((inner for value in values for inner in _inside(value, step)), most))
    return values


def _inside(value: Any, step: str | int | slice) -> tuple[Any, ...]:
    if isinstance(step, str):
        return (value[step],) if isinstance(value, dict) and step in value else ()
    if isinstance(step, int):
        is_there = isinstance(value, list) and -len(value) <= step < len(value)
        return (value[step],) if is_there else ()
    if isinstance(value, dict):
        return tuple(value.values())
    return tuple(value) if isinstance(value, list) else ()
