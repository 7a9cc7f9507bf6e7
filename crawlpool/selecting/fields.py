"""`--fields`: which columns a record has, and in what order.

    +text,-links        the usual ones, with the readable text and without the number of links
    url,title,price     exactly these, in this order

The usual ones are the record's own, the selected ones and those of the table that the URL
came from. These come when they are asked for (`MORE`):

    text             the page as text that reads, a line for each block
    html             the page's markup, decoded
    markdown         the page as Markdown
    headers          all headers but Set-Cookie, as one object
    header:NAME      one header
    columns          the other columns of the table that the URL came from
    column:NAME      one of them
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import ConfigError
from ..records import FIELDS
from .selections import near

MORE = ("text", "html", "markdown", "headers")
"""Columns that a record has when they are asked for."""

REST = "columns"
HEADER, COLUMN = "header:", "column:"
"""What names a header, and a column of the table that the URL came from."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Which columns a record has.

    Attributes:
        more: What is made besides the record's own, such as "text" and "header:etag".
        exact: The columns in their order, "columns" for those of a table; empty for the usual ones and `more`.
        without: What of the usual ones is left out.
    """

    more: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()

    @property
    def has_rest(self) -> bool:
        """Whether the columns of the table that the URL came from are there."""
        return REST in self.exact if self.exact else REST not in self.without


def fields_of(words: Sequence[str], selected: Iterable[str]) -> Fields:
    """Read what `--fields` says.

    Args:
        words: The names, each perhaps with a + or - before it.
        selected: Names of the selections.

    Raises:
        ConfigError: A name is unknown, a selection is left out, or nothing is left.
    """
    selected = tuple(selected)
    usual = (*FIELDS, *selected, REST)
    signed = [word for word in words if word[0] in "+-"]
    if signed and len(signed) < len(words):
        plain = next(word for word in words if word[0] not in "+-")
        raise ConfigError(
            f"fields holds {plain!r} beside {signed[0]!r}: either all have a + or -, or none has, "
            f"and then these are all the columns; for one more write '+{plain}'"
        )
    names = list(dict.fromkeys(_known(word.lstrip("+-"), word, usual) for word in words))
    if not signed:
        made = Fields(
            more=tuple(name for name in names if name in MORE or name.startswith(HEADER)),
            exact=tuple(names),
        )
        left_out = [name for name in selected if names and name not in names]
    else:
        without = {_known(word[1:], word, usual) for word in signed if word[0] == "-"}
        for name in without - set(usual):
            raise ConfigError(f"fields holds '-{name}', and no record has {name} unless it is asked for")
        added = {_known(word[1:], word, usual) for word in signed if word[0] == "+"}
        if both := sorted(added & without):
            raise ConfigError(f"fields holds '+{both[0]}' and '-{both[0]}'; give one of them")
        made = Fields(
            more=tuple(name for name in names if name in added and name not in usual),
            without=frozenset(without),
        )
        left_out = [name for name in selected if name in without]
        if without >= set(usual) and not made.more:
            raise ConfigError(
                "fields takes every column away; name those that are to be there, such as url,title"
            )
    if left_out:
        raise ConfigError(
            f"fields has no {left_out[0]!r}, which select asks for; name it in both, or in none"
        )
    return made


def _known(name: str, word: str, usual: Sequence[str]) -> str:
    """A name as records have it.

    Raises:
        ConfigError: There is none of that name.
    """
    small = name.lower()
    if small.startswith(HEADER) and len(name) > len(HEADER):
        return small
    if small.startswith(COLUMN) and len(name) > len(COLUMN) and word[0] not in "+-":
        return COLUMN + name[len(COLUMN) :]
    if name in usual or name in MORE:
        return name
    known = (*usual, *MORE, "header:NAME", "column:NAME")
    if word[0] in "+-":
        known = known[:-1]
    raise ConfigError(f"fields holds {word!r}, which is no column; {near(name, known)}")
