"""Links that stand in the head of an answer: `Link` (RFC 8288) and `Refresh`, of an answer of any type.

A relative reference of `Link` is joined to the answer's own URL, never to a `base` in
its body (RFC 8288, 3.1). A link whose `anchor` is another document speaks of that one,
and is left out (3.2), and so is one without `rel` (3.3).
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from ..model import Pairs
from ..urls import join
from .links import Link
from .refresh import refresh_of
from .relations import kind_of, relations

_NAMES = frozenset({"link", "refresh"})
_MOST = 10_000
_BETWEEN = re.compile(r"[ \t,]*+")
_TARGET = re.compile(r"<([^>]*+)>")
_QUOTED = r'"((?:[^"\\]++|\\(?s:.))*+)(?:"|\\?\Z)'
_PARAMETER = re.compile(
    r"[ \t]*+;[ \t]*+([^ \t=;,]*+)[ \t]*+(?:=[ \t]*+(?:" + _QUOTED + r"|((?!\")[^;,]*+)))?+[ \t]*+"
)
_REST = re.compile(r'(?:[^,"]++|' + _QUOTED.replace("((?:", "(?:(?:") + r")*+")
_PAIR = re.compile(r"\\(?s:(.))")
_EXTENDED = re.compile(r"utf-8'[^']*'", re.IGNORECASE)  # RFC 8187, 3.2.1


def links_in_head(headers: Pairs, url: str) -> list[Link]:
    """The links in the headers, in their order; one that is malformed loses only itself."""
    found: list[Link] = []
    for name, value in headers:
        if len(name) > 7 or name.lower() not in _NAMES:
            continue
        text = _as_text(value)
        if name.lower() == "link":
            found.extend(_of_link(text, url))
        elif (target := refresh_of(text)) is not None and (joined := join(url, target)) is not None:
            found.append(Link(joined, "refresh", ""))
        if len(found) >= _MOST:
            return found[:_MOST]
    return found


def _of_link(value: str, url: str) -> Iterator[Link]:
    for target, parameters in parsed(value):
        kind = kind_of(parameters)
        anchor = parameters.get("anchor")
        if kind is None or (anchor is not None and join(url, anchor) != join(url, "")):
            continue
        joined = join(url, target)
        if joined is not None:
            title = " ".join(_title(parameters).split())
            yield Link(joined, kind, " ".join(relations(parameters)), title)


def parsed(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Target and parameters of each link in a field's value (RFC 8288, appendix B.2); of a name's values the first.

    What is no link is passed over up to the next comma, and loses only itself.
    """
    position = 0
    last = value.rfind(">")
    while position < last:
        between = _BETWEEN.match(value, position)
        assert between is not None  # it matches nothing, too
        position = between.end()
        target = _TARGET.match(value, position)
        if target is not None:
            position = target.end()
            parameters: dict[str, str] = {}
            while found := _PARAMETER.match(value, position):
                position = found.end()
                name, quoted, bare = found.groups()
                given = (bare or "").rstrip(" \t") if quoted is None else _PAIR.sub(r"\1", quoted)
                parameters.setdefault(name.lower(), given)
            yield target[1], parameters
        rest = _REST.match(value, position)
        assert rest is not None
        position = rest.end() + 1


def _title(parameters: dict[str, str]) -> str:
    extended = parameters.get("title*", "")
    if found := _EXTENDED.match(extended):
        return unquote(extended[found.end() :], errors="replace")
    return parameters.get("title", "")


def _as_text(value: str) -> str:
    """Header bytes arrive as Latin-1; servers that do not escape mean UTF-8."""
    try:
        return value if value.isascii() else value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
