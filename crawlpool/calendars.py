"""Dates in URLs, by which a calendar without end is known: it names days that are far from today.

A date is a year with a month or a week behind it ("/2031/05/", "2031-W07", "?year=2031&month=5"),
or eight or six digits in a parameter that is called like one ("?date=20310501"). A year
alone is one only below a directory or path that is called like a calendar.

Numbers that look like a date, and are none, stand beside others that cannot be one: of
"/topic/1204/3" and "/topic/4711/3" the second tells what the first is. So a place in a
site where such a number was seen counts as no calendar from then on.
"""

import re
from typing import Final, NamedTuple

AHEAD_YEARS: Final = 2
"""Dates up to so many years ahead are ordinary: what is planned, and what a calendar is open for."""

BACK_YEARS: Final = 30
"""And so many years back, which is as far as archives of the web go."""

_PAIR: Final = re.compile(r"(?<![0-9A-Za-z.])([0-9]{1,6})[-/_]([Ww]?[0-9]{1,3})(?![0-9A-Za-z.])")
_YEARS: Final = frozenset({"year", "yr", "y", "jahr", "annee", "ano", "anno", "yyyy"})
_MONTHS: Final = frozenset(
    {"month", "mon", "mo", "m", "monat", "mois", "mes", "mese", "mm", "week", "w", "day"}
)
_DATES: Final = frozenset(
    {"date", "day", "d", "dt", "start", "end", "from", "to", "since", "until", "when", "month", "time"}
)
_CALENDAR: Final = re.compile(r"calend|kalend|agenda|events?\b|schedule|diary", re.IGNORECASE)
_YEAR_ALONE: Final = re.compile(r"[/=]([12][0-9]{3})(?=/?$)")


_MAY_BE: Final = re.compile(r"[0-9][-/_][Ww0-9]").search


def may_be_dated(path: str) -> bool:
    """Whether it is worth the while to look for a date in a path, as for most it is not."""
    return path[-5:].rstrip("/")[-4:].isdigit() or _MAY_BE(path) is not None


class Dated(NamedTuple):
    """A number in a URL that may be a date.

    Attributes:
        place: What stands before it.
        year: Of the date; None when the number cannot be one.
    """

    place: str
    year: int | None


def dated(text: str, query: str) -> Dated | None:
    """The first date in a URL's path and query, or what looks like one; None where nothing does.

    Args:
        text: Path and query.
        query: The query alone.
    """
    found = _PAIR.search(text)
    if found is not None:
        year, month = found.groups()
        is_date = len(year) == 4 and year[0] in "12" and 1 <= int(month.lstrip("Ww")) <= 53
        return Dated(text[: found.start()], int(year) if is_date else None)
    if query:
        return _in_parameters(text, query)
    alone = _YEAR_ALONE.search(text)
    if alone is not None and _CALENDAR.search(text):
        return Dated(text[: alone.start()], int(alone[1]))
    return None


def _in_parameters(text: str, query: str) -> Dated | None:
    path = text[: -len(query)]
    year = None
    has_month = False
    for pair in query.split("&")[:20]:
        name, _, value = pair.partition("=")
        name = name.lower()
        if not value.isdigit() or len(value) > 8:
            continue
        if name in _YEARS:
            year = int(value)
        elif name in _DATES and len(value) in {6, 8} and value[0] in "12":
            return Dated(f"{path}{name}", int(value[:4]) if 1 <= int(value[4:6]) <= 12 else None)
        has_month = has_month or name in _MONTHS
    if year is None or not (has_month or _CALENDAR.search(path)):
        return None
    return Dated(f"{path}year", year if 1000 <= year <= 99_999 else None)
