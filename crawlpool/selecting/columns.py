"""The record of one URL with the columns that were asked for: selected, added, taken away, put in order."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..model import Outcome, Response
from ..parse.mediatype import is_json
from ..parse.page import PARSE_TIMEOUT_S, Page
from ..parse.sniff import HTML_TYPES
from ..records import FIELDS, record_of
from .fields import COLUMN, HEADER, MORE, REST, fields_of
from .selections import Selection, selections_of


class Look(NamedTuple):
    """How the search for one column went, on a page where it was looked for.

    Attributes:
        name: The column.
        is_found: There was a match.
        is_cut: There was more than is kept.
    """

    name: str
    is_found: bool
    is_cut: bool


class Columns:
    """What makes records, when they are not to be as they come.

    Args:
        select: Names of columns, and what is looked for.
        fields: Which columns there are; see `fields.py`.
        parse_timeout_s: Seconds that Markdown may take for one page.

    Raises:
        ConfigError: A selection or a field will not do.
    """

    def __init__(
        self,
        select: tuple[tuple[str, str], ...] = (),
        fields: tuple[str, ...] = (),
        *,
        parse_timeout_s: float = PARSE_TIMEOUT_S,
    ) -> None:
        self.selections = selections_of(select, taken=(*FIELDS, *MORE, REST))
        self.fields = fields_of(fields, (each.name for each in self.selections))
        self._parse_timeout_s = parse_timeout_s
        self._more = {name: self._maker_of(name) for name in self.fields.more}
        self._keep = frozenset({*FIELDS, *self._more, *self._names})

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.selections)

    @property
    def wants_body(self) -> bool:
        """Whether any column needs more of an answer than its head."""
        return bool(self.selections) or any(name in MORE and name != "headers" for name in self._more)

    @property
    def wants_all_bodies(self) -> bool:
        """Whether the bodies of answers that are no HTML are needed as well."""
        return any(each.css is None for each in self.selections)

    def record_of(self, outcome: Outcome) -> tuple[dict[str, Any], list[Look]]:
        """The record of a URL, and how its selections went.

        Selected columns, and those made of the body, are of answers with 2xx; else they are None.
        """
        response = outcome if isinstance(outcome, Response) else outcome.response
        page = Page(outcome, parse_timeout_s=self._parse_timeout_s)
        is_good = response is not None and 200 <= response.status < 300 and response.is_body_read
        made: dict[str, Any] = dict.fromkeys((*self._more, *self._names))
        looks = self._select(page, made) if is_good else []
        for name, make in self._more.items():  # behind the selections, since the text spends the tree
            if response is not None and (is_good or name not in MORE or name == "headers"):
                made[name] = make(page)
        return self._fitted(record_of(outcome, made)), looks

    def _select(self, page: Page, made: dict[str, Any]) -> list[Look]:
        kind = page.content_type
        if kind in HTML_TYPES:
            sought = [each for each in self.selections if each.css is not None]
            return [_look(each, each.found_in(page), made) for each in sought]
        sought = [each for each in self.selections if each.path is not None] if is_json(kind) else []
        if not sought:
            return []
        try:
            document = page.json()
        except ValueError:
            return [Look(each.name, is_found=False, is_cut=False) for each in sought]
        return [_look(each, each.found_at(document), made) for each in sought]

    def _maker_of(self, name: str) -> Callable[[Page], Any]:
        if name == "headers":
            return _headers
        if name.startswith(HEADER):
            header = name.removeprefix(HEADER)
            return lambda page: _header(page, header)
        if name == "text":
            return _text
        if name == "html":
            return lambda page: page.text if page.content_type in HTML_TYPES else None
        from ..parse.markdown import check_markdown, markdown_of  # noqa: PLC0415  an extra

        check_markdown()
        return lambda page: (
            markdown_of(page, self._parse_timeout_s) if page.content_type in HTML_TYPES else None
        )

    def _fitted(self, record: dict[str, Any]) -> dict[str, Any]:
        """The columns that are wanted, in their order."""
        if self.fields.exact:
            made: dict[str, Any] = {}
            for name in self.fields.exact:
                if name == REST:
                    made |= {each: value for each, value in record.items() if each not in self._keep}
                elif name.startswith(COLUMN):
                    made[name.removeprefix(COLUMN)] = record.get(name.removeprefix(COLUMN))
                else:
                    made[name] = record.get(name)
            return made
        without = self.fields.without
        if not without:
            return record
        has_rest = self.fields.has_rest
        return {
            name: value
            for name, value in record.items()
            if name not in without and (has_rest or name in self._keep)
        }


def _look(each: Selection, found: Any, made: dict[str, Any]) -> Look:
    made[each.name] = found.value
    return Look(each.name, found.value is not None, found.is_cut)


def _text(page: Page) -> str | None:
    """The text of a page; of any other text, as it is."""
    kind = page.content_type
    if kind in HTML_TYPES:
        from ..parse.readable import readable_text  # noqa: PLC0415  only when it is asked for

        return readable_text(page.tree)
    return page.text if kind.startswith("text/") or is_json(kind) or kind.endswith("xml") else None


def _header(page: Page, name: str) -> str | None:
    """All values of a header; of Set-Cookie, which cannot be joined by commas, a line for each."""
    values = page.headers.get_all(name)
    return ("\n" if name == "set-cookie" else ", ").join(values) if values else None


def _headers(page: Page) -> Mapping[str, str] | None:
    """All headers but Set-Cookie, whose values let whoever reads the table in."""
    return {name: value for name, value in page.headers.items() if name != "set-cookie"} or None
