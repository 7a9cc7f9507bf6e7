"""What the references of a site led to before, and so lead to again.

The pages of a site repeat their references, and those that do not mostly need no parser: they are
plain paths. So one of 60 costs 0.1 to 0.5 us where it is known, 0.9 where it is plain, and 1.8 through the parser.
"""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from ..urls import join_all

_WEB: Final = ("http://", "https://")
_ELSEWHERE: Final = ("#", "javascript:", "mailto:", "tel:", "data:")
"""How references begin that lead to no other page: to a place on this one, or to nowhere."""

_LONGEST: Final = 256
"""Characters of a reference that is remembered."""

_PLAIN: Final = re.compile(r"/?+[A-Za-z0-9_~-][A-Za-z0-9_~.!$&()*+,;=@%/?-]*+")
"""A path and a query that the URL standard leaves as they are (path and query states).

Without a colon it has no scheme. Its segments must not begin with a dot or a percent sign, so that none is a dot
segment, nor be empty, as the host would then begin there; a query of such looks is left to the parser, too.
"""


Known: TypeAlias = dict[str, str | None]
"""The references of one origin or directory, as they are written, and where each leads."""


class Memo:
    """Joins references, and remembers those that depend on the base's origin or directory alone.

    Args:
        most: References to remember; past that all are forgotten. 20,000 are some 10 MB at most.
    """

    def __init__(self, most: int = 20_000) -> None:
        """Know nothing."""
        self._most = most
        self._count = 0
        self._known: dict[str, Known] = {}

    def join_all(self, base: str, references: Iterable[str]) -> list[str | None]:
        """As `urls.join` does with each; the base is in normal form, or leads to no web page."""
        at_path = base.find("/", 8)
        if not base.startswith(_WEB) or at_path < 0:
            return join_all(base, references)
        if self._count >= self._most:
            self._known.clear()
            self._count = 0
        query = base.find("?")
        directory = base[: base.rfind("/", 0, query if query >= 0 else len(base)) + 1]
        origin = base[:at_path]
        of_origin, of_directory = self._of(origin), self._of(directory)
        own: str | None = None
        joined: list[str | None] = []
        others: list[tuple[int, str]] = []  # those that need a parser, and where they stand
        for reference in references:
            known = of_origin if reference[:1] == "/" else of_directory
            if reference in known:
                joined.append(known[reference])
                continue
            if reference.startswith(_ELSEWHERE):
                if reference[0] == "#" and own is None:
                    (own,) = join_all(base, ("#",))
                joined.append(own if reference[0] == "#" else None)
                continue
            result = _plainly_joined(reference, origin, directory)
            if result is None:
                others.append((len(joined), reference))
            else:
                known[reference] = result
                self._count += 1
            joined.append(result)
        if others:
            self._ask(base, others, joined, of_origin, of_directory)
        return joined

    def _ask(
        self,
        base: str,
        others: list[tuple[int, str]],
        joined: list[str | None],
        of_origin: Known,
        of_directory: Known,
    ) -> None:
        """Put in what needs the parser."""
        results = join_all(base, [reference for _, reference in others])
        for (place, reference), result in zip(others, results, strict=True):
            joined[place] = result
            if _is_remembered(reference):
                (of_origin if reference[0] == "/" else of_directory)[reference] = result
                self._count += 1

    def _of(self, place: str) -> Known:
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = {}
            self._count += 1
        return known


def _plainly_joined(reference: str, origin: str, directory: str) -> str | None:
    """Join a plain path; None for what needs a parser."""
    if len(reference) > _LONGEST:
        return None
    rest = reference
    while rest.startswith("../"):
        rest = rest[3:]
        directory = directory[
            : max(directory.rfind("/", 0, -1), len(origin)) + 1
        ]  # above the root there is nothing
    if _PLAIN.fullmatch(rest) is None or "/." in rest or "//" in rest or "/%" in rest:
        return None
    if rest[0] != "/":
        return directory + rest
    return origin + rest if rest is reference else None


def _is_remembered(reference: str) -> bool:
    """Whether a result depends on nothing of the base but its origin or directory, and is short enough to keep.

    One that begins with "?" or "#", is empty, or may do so once ada has taken white
    space off, depends on the whole base. So does "http:?q".
    """
    if len(reference) > _LONGEST or reference[:1] <= " ":
        return False
    if ":" in reference:
        return reference.startswith(_WEB)
    return reference[0].isalnum() or reference[0] in "/._-~%"
