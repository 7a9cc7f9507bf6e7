"""`--select NAME=SELECTOR`: what is found on a page, as the value of a column.

    price=.price_color          text of the first match, white space folded
    next=li.next a@href         an attribute of the first match that has it
    tags=.tag*                  a list of all matches; a space before the * makes it CSS's own
    about=#about@html           the element as HTML, its own tags included
    price=data.items[0].price   of an answer that is JSON: see parse/path.py

Attributes that hold a URL (`URL_ATTRIBUTES`) come absolute and in normal form, as the page's
links do; what leads to no http(s) URL, such as "mailto:", comes as it stands.

The same text is read as a CSS selector for pages and as a path for JSON, as far as it is one;
an answer of the other kind gives nothing. Nothing here raises for what a server sends, and a
column is bounded: in values, in characters, and in the time that collecting them takes.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..parse.page import Page
from ..parse.path import Path, path_of, values_at
from ..stores.plain import LONGEST_NAME, plain_value

MOST_VALUES = 10_000
"""Values of one column of one page."""

MOST_TEXT = 16 * 1024 * 1024
"""Characters of them together."""

MOST_PARTS = 1_000_000
"""Values within a JSON value; one with more is not kept."""

DEEPEST = 100
"""Levels of lists and objects in it; one with more is not kept, since no store could."""

LONGEST_S = 2.0
"""Seconds that collecting them may take; finding them is bounded by `parse/select.py`."""

URL_ATTRIBUTES = frozenset(
    {
        *("action", "background", "cite", "formaction", "href", "longdesc", "manifest", "poster", "src"),
        "xlink:href",
    }
)
"""And `data` of an `object`. Those with several URLs in them, `srcset` and `ping`, come as they stand."""

_ATTRIBUTE_OF = re.compile(r"(.*)@([\w:.-]+)", re.DOTALL)
_NOT_ALL = frozenset(" \t\n\f\r>+~,(|")
"""What stands before a "*" that is CSS's own."""

_ROWS = frozenset({"ul", "ol", "table", "tr"})


class Found(NamedTuple):
    """What a selection found on one page.

    Attributes:
        value: The text, the list, or the JSON value; None without a match.
        is_cut: There was more than is kept.
    """

    value: Any
    is_cut: bool = False


_NOTHING = Found(None)


@dataclass(frozen=True, slots=True)
class Selection:
    """One column: its name, and how its value is found.

    Attributes:
        name: The column's name.
        text: What the user gave.
        css: The CSS selector in it; None when it is none.
        attribute: Which attribute; "html" for the element as HTML, "" for its text.
        is_many: All matches are wanted, as a list.
        path: The same text as a path into JSON; None when it is none.
    """

    name: str
    text: str
    css: str | None
    attribute: str
    is_many: bool
    path: Path | None

    def found_in(self, page: Page) -> Found:
        """The value on a page that is HTML; never raises, whatever the page is."""
        if self.css is None:
            return _NOTHING
        try:
            nodes = page.css(self.css)
        except ValueError:  # it would take too long on a page like this
            return Found(None, is_cut=True)
        values = self._values(page, nodes)
        if not self.is_many:
            return Found(next(values, None))
        kept: list[str] = []
        room, until = MOST_TEXT, time.monotonic() + LONGEST_S
        for value in values:
            room -= len(value)
            if room < 0 or len(kept) >= MOST_VALUES or time.monotonic() > until:
                return Found(kept or None, is_cut=True)
            kept.append(value)
        return Found(kept or None)

    def found_at(self, document: Any) -> Found:
        """The value in an answer that is JSON; never raises."""
        if self.path is None:
            return _NOTHING
        values = values_at(document, self.path, MOST_VALUES + 1)
        if not values:
            return _NOTHING
        value = values[:MOST_VALUES] if self.path.is_many else values[0]
        if not _is_small(value):
            return Found(None, is_cut=True)
        return Found(plain_value(value) if isinstance(value, float) else value, len(values) > MOST_VALUES)

    def _values(self, page: Page, nodes: Iterable[Any]) -> Iterator[str]:
        name = self.attribute
        for node in nodes:
            if not name:
                yield " ".join(node.text(separator=" " if node.tag in _ROWS else "").split())
            elif name == "html":
                yield node.html or ""
            else:
                attributes = node.attributes
                if name in attributes:
                    value = attributes[name] or ""
                    is_url = name in URL_ATTRIBUTES or (name == "data" and node.tag == "object")
                    yield _absolute(page, value) if is_url else value


def selections_of(given: Iterable[tuple[str, str]], *, taken: Iterable[str] = ()) -> tuple[Selection, ...]:
    """Read selections, and refuse what can never be one.

    Args:
        given: Names, and what is looked for.
        taken: Names that a column cannot have, because each record has them.

    Raises:
        ConfigError: A name will not do, or what is looked for is neither a CSS selector nor a path.
    """
    taken = frozenset(taken)
    made: dict[str, Selection] = {}
    for name, text in given:
        _check_name(name, text, taken, made)
        made[name] = _selection(name, text.strip())
    return tuple(made.values())


def _check_name(name: str, text: str, taken: frozenset[str], made: Mapping[str, Selection]) -> None:
    said = f"select {name + '=' + text!r}"
    if not name or name != name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise ConfigError(
            f"{said}: the column needs a name of 1 to {LONGEST_NAME} characters, such as price=.price_color"
        )
    if name in taken or name.startswith(("header:", "column:")) or name[0] in "+-" or "," in name:
        why = (
            "each record has a column of that name"
            if name in taken
            else "that name would be taken for something else in --fields"
        )
        raise ConfigError(
            f"{said}: {why}; give it another, such as my_{name.strip('+-,') or 'column'}={text}"
        )
    if name in made:
        raise ConfigError(f"{said}: the column {name!r} is there already; give each its own name")


def _selection(name: str, text: str) -> Selection:
    is_many = len(text) > 1 and text.endswith("*") and text[-2] not in _NOT_ALL
    body = text[:-1] if is_many else text
    named = _ATTRIBUTE_OF.fullmatch(body)
    css, attribute = (named[1].strip(), named[2].lower()) if named else (body, "")
    made = Selection(
        name=name,
        text=text,
        css=css if _is_css(css) else None,
        attribute=attribute,
        is_many=is_many,
        path=path_of(text),
    )
    if made.css is None and made.path is None:
        raise ConfigError(f"select {name + '=' + text!r}: {_why_not(text, css)}")
    return made


def _is_css(text: str) -> bool:
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415  a crawl without selections loads it in workers only

    try:
        LexborHTMLParser("").css(text)
    except Exception:  # noqa: BLE001  lexbor says what it will
        return False
    return True


def _why_not(text: str, css: str) -> str:
    """What is wrong with a text that is neither, and what would do."""
    if "::text" in text:
        return "the text is what comes by itself; leave ::text away"
    if "::attr(" in text:
        return "an attribute is written behind an @, such as 'li.next a@href'"
    if text.startswith(("/", "./")) or "/text()" in text:
        return "XPath is not read here; write a CSS selector, such as 'li.next a@href'"
    if not css:
        return "nothing says which element; write a CSS selector, such as '.price_color' or 'li.next a@href'"
    return (
        f"{css!r} is no CSS selector, such as '.price_color', 'li.next a@href' or 'table tr*', "
        "and no path into JSON, such as 'data.items[0].price'"
    )


def _is_small(value: Any) -> bool:
    """Whether a JSON value has no more in it, and is no deeper, than a record may keep."""
    level, parts = [value], 0
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        parts += len(inner)
        if not inner or parts > MOST_PARTS:
            return parts <= MOST_PARTS
        level = inner
    return False


def _absolute(page: Page, reference: str) -> str:
    try:
        return page.follow(reference).url
    except ValueError:
        return reference


def near(name: str, known: Iterable[str]) -> str:
    """The name that may have been meant, as the end of a complaint."""
    known = list(known)
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
