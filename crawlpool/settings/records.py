"""Which columns records have, when no handler makes items."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

from ..errors import ConfigError
from .check import as_tuple
from .knob import Knob

_EXAMPLE = "a name and what is looked for, such as price=.price_color"


def read_selection(text: str) -> tuple[str, str]:
    """Read `NAME=SELECTOR`.

    Raises:
        ValueError: There is no name, or nothing behind it.
    """
    name, equals, selector = text.partition("=")
    if not equals or not name.strip() or not selector.strip():
        raise ValueError(_EXAMPLE)
    return name.strip(), selector.strip()


def _fit_select(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """Bring a mapping, pairs or texts to pairs; whether they are selectors is looked at when a crawler is made."""
    if not isinstance(value, Mapping):
        pairs: Iterable[Any] = as_tuple(name, value)
    else:
        pairs = value.items()
    made = []
    for each in pairs:
        try:
            named, selector = read_selection(each) if isinstance(each, str) else each
        except ValueError as error:
            raise ConfigError(f"{name} holds {each!r}, and should hold {error}") from None
        if not isinstance(named, str) or not isinstance(selector, str):
            raise ConfigError(f"{name} holds {(named, selector)!r}, and should hold {_EXAMPLE}")
        made.append((named, selector))
    return tuple(made)


@dataclass(frozen=True, kw_only=True)
class Records:
    """Which columns records have."""

    select: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Records",
            metavar="NAME=SELECTOR",
            read=read_selection,
            fit=_fit_select,
            repeats=True,
            help="Give each record a column of this name: the text of the first element that a CSS selector matches, "
            "'li.next a@href' for an attribute, 'table tr*' for a list of all; of JSON what is at a path such as "
            "data.items[0].price.",
        ),
    ] = ()
    fields: Annotated[
        tuple[str, ...],
        Knob(
            group="Records",
            metavar="NAMES",
            repeats=True,
            help="Give records these columns, such as url,title,price; or with +text,-links the usual ones and some "
            "more or fewer. text, html, markdown, headers and header:NAME are there when they are named.",
        ),
    ] = ()


class RecordsKnobs(TypedDict, total=False):
    """The same as keywords."""

    select: Mapping[str, str] | Iterable[str | tuple[str, str]]
    fields: str | Iterable[str]
