"""Items made plain: names to text, numbers, true, false, null, lists and dicts of them.

Every item goes through `plain` once, before any store sees it, so the same item
reads the same in JSON Lines, CSV and SQLite. What the formats cannot hold is
decided here too: lone surrogates, NaN, line ends that only some readers take for one.
"""

import json
import math
import os
import re
import reprlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
"""What fits into one cell of a table."""

MOST_COLUMNS = 1000
"""Columns of a table that are made for fields; SQLite has room for 2,000."""

LONGEST_NAME = 200
"""Characters of a column's name."""

MORE = "more_fields"
"""The column of what got none, as JSON."""

_DEEPEST = 100
_LONGEST_INT_BITS = 10_000  # CPython refuses to write more than 4,300 digits, about 14,000 bits

_OBEYED = re.compile(
    "[\x7f-\x9f"  # delete and C1, with NEL: U+009B begins a command as ESC [ does
    "\u2028-\u202e\u2066-\u2069]"  # line ends to some readers, and what turns the text around
)

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_quote = reprlib.Repr()
_quote.maxstring = _quote.maxother = 80


def plain(item: Any) -> dict[str, Any]:
    """Return an item as a dict of plain values; the item itself is left as it was.

    An item is a mapping, a dataclass, an attrs object or a pydantic model, and
    so may be its values, to any reasonable depth. Names that are not text become
    text. Values become:

        NaN, infinity                   None; JSON has neither (RFC 8259, 6)
        datetime, date, time            ISO 8601
        timedelta                       seconds
        Decimal, UUID, URL objects,     their text; an exact price stays exact
        and all whose class has `__str__`
        bytes                           text where they are UTF-8, else a `data:` URL (RFC 2397)
        an enumeration's member         its value
        set                             a sorted list
        tuple, iterator, numpy array    a list

    Raises:
        TypeError: It is no item, or holds what cannot be kept; the message quotes
            it and says what would do.
    """
    if isinstance(item, Mapping):
        return _mapping(item.items(), 0)
    if not isinstance(item, type):
        fields = _fields(item)
        if fields is not None:
            return _mapping(fields, 0)
    raise TypeError(
        f"{_quote.repr(item)} is not an item; give a dict, a dataclass, an attrs object or a pydantic model"
    )


def plain_value(value: Any, depth: int = 0) -> Any:  # noqa: C901  one line for each kind of value
    """Return one value of an item as a plain one; rules and errors as in `plain`."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if value.bit_length() <= _LONGEST_INT_BITS else hex(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if depth > _DEEPEST:
        raise TypeError(f"{_quote.repr(value)} is nested deeper than {_DEEPEST} levels, or holds itself")
    if isinstance(value, Enum):
        return plain_value(value.value, depth + 1)
    if isinstance(value, str):  # such as BeautifulSoup's, which would keep the whole page in memory
        return str.__str__(value)
    if isinstance(value, int):
        return plain_value(int(value), depth + 1)
    if isinstance(value, float):
        return plain_value(float(value), depth + 1)
    if isinstance(value, Mapping):
        return _mapping(value.items(), depth)
    if isinstance(value, bytes | bytearray | memoryview):
        return _from_bytes(bytes(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else None
    if isinstance(value, os.PathLike):
        return plain_value(os.fspath(value), depth + 1)
    if isinstance(value, AbstractSet):
        return _sorted([plain_value(one, depth + 1) for one in value])
    if isinstance(value, Sequence | ValuesView | Iterator):
        return [plain_value(one, depth + 1) for one in value]
    if callable(getattr(kind, "tolist", None)):  # numpy and pandas, without importing them
        return plain_value(value.tolist(), depth + 1)
    fields = None if isinstance(value, type) else _fields(value)
    if fields is not None:
        return _mapping(fields, depth)
    if not isinstance(value, type) and _has_text(kind):
        return str(value)
    raise TypeError(f"{_quote.repr(value)} cannot be stored; give its text, a number, a list or a dict")


def as_json(value: Any) -> str:
    """Return a value as JSON on one line, whatever the text in it.

    JSON escapes control characters up to U+001F by itself (RFC 8259, 7). Escaped as well is
    what readers take for the end of a line (U+0085, U+2028 and U+2029: Python's
    `str.splitlines`, JavaScript), and what a terminal that shows the line would obey: delete,
    C1, and the signs that turn the direction of text. All of it reads back as it was.
    Lone surrogates, which no UTF-8 holds (RFC 3629, 3), become U+FFFD.
    """
    try:
        text = _encode(value)
    except (TypeError, ValueError, RecursionError):  # not plain yet: NaN, a date, a tuple as a key
        text = _encode(plain_value(value))
    if text.isascii():
        return text if "\x7f" not in text else text.replace("\x7f", "\\u007f")
    return whole(_OBEYED.sub(lambda one: f"\\u{ord(one[0]):04x}", text))


def cell(value: Any) -> Scalar:
    """Return a value as one cell: scalars as they are, lists and dicts as JSON text.

    NUL becomes U+FFFD, as HTML has it: readers of CSV and the tools of SQLite take
    it for the end of the text.
    """
    if value is None or type(value) is bool:
        return value
    if type(value) is not str:
        value = plain_value(value)
        if isinstance(value, list | dict):
            value = as_json(value)
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]  # plain_value leaves int, float, bool and None
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    return value if value.isascii() else whole(value)


def named_cells(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record under names that fit into a cell; two that become one there are numbered."""
    made: dict[str, Any] = {}
    for name, value in record.items():
        column, count = str(cell(name)), 1
        while column in made:
            count += 1
            column = f"{cell(name)}_{count}"
        made[column] = value
    return made


def fitted(record: Mapping[str, Any], known: Container[str], room: int) -> Mapping[str, Any]:
    """Return a record whose fields fit into a table; most do, and come back as they are.

    A handler may take the names of fields from a page, whose owner could so make columns until
    the table breaks. Fields that have no column, and cannot get one, go together into one, as
    the JSON object `MORE`.

    Args:
        record: Plain values by name.
        known: The fields that have a column.
        room: How many columns may still be made.
    """
    new = [name for name in record if name not in known]
    if len(new) <= room and not any(len(name) > LONGEST_NAME for name in new):
        return record
    made, more = {}, {}
    room -= MORE not in known
    for name, value in record.items():
        if name in known:
            made[name] = value
        elif room > 0 and len(name) <= LONGEST_NAME and name != MORE:
            made[name] = value
            room -= 1
        else:
            more[name] = value
    return made | {MORE: {MORE: made[MORE], **more} if MORE in made else more}


def whole(text: str) -> str:
    """Return text that UTF-8 can hold: surrogates joined where they are pairs, else U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _has_text(kind: type) -> bool:
    """True when a class says itself how it reads as text."""
    return any("__str__" in one.__dict__ for one in kind.__mro__[:-1])


def _fields(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """Names and values of a dataclass, attrs object or pydantic model; None for anything else."""
    from itemadapter import ItemAdapter  # noqa: PLC0415  imports pydantic, which takes its time

    if not ItemAdapter.is_item(value):
        return None
    extra = getattr(value, "model_extra", None)  # pydantic's extra="allow"; the adapter leaves it out
    return [*ItemAdapter(value).items(), *(extra.items() if isinstance(extra, dict) else ())]


def _mapping(fields: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in fields:
        text = name if type(name) is str else _name(name)
        if text in made:
            raise TypeError(f"two names of an item both read {text!r}; give each its own")
        made[text] = plain_value(value, depth + 1)
    return made


def _name(name: Any) -> str:
    if isinstance(name, Enum):
        name = name.value
    if isinstance(name, bytes):
        return _from_bytes(name)
    return str.__str__(name) if isinstance(name, str) else str(name)


def _from_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        from base64 import b64encode  # noqa: PLC0415  rarely needed

        return "data:application/octet-stream;base64," + b64encode(value).decode()


def _sorted(values: list[Any]) -> list[Any]:
    """In an order that does not change from run to run, as that of a set does."""
    try:
        return sorted(values)
    except TypeError:  # of several kinds
        return sorted(values, key=lambda one: (type(one).__name__, as_json(one)))
