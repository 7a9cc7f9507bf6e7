"""Media types: what a Content-Type header says, by the MIME Sniffing standard (section 4) and Fetch."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BLANK = "\t\n\r "
_QUOTABLE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PART = re.compile(r'(?:[^",]++|"(?:[^"\\]++|\\(?s:.))*+(?:"|\\?\Z))*+')  # Fetch, "get, decode, and split"
_QUOTED = re.compile(r'"((?:[^"\\]++|\\(?s:.))*+)(?:"|(\\?)\Z)')
_LONGEST_KEPT = 256

_JSON = frozenset({"application/json", "text/json"})
_XML = frozenset({"application/xml", "text/xml"})


class MediaType(NamedTuple):
    """A media type, as "parse a MIME type" gives it.

    Attributes:
        essence: Type and subtype in small letters, such as "text/html".
        parameters: By their names in small letters; of two with one name, the first.
    """

    essence: str
    parameters: Mapping[str, str]


def is_json(essence: str) -> bool:
    """Whether it is a JSON MIME type (4.6)."""
    return essence in _JSON or essence.endswith("+json")


def is_xml(essence: str) -> bool:
    """Whether it is an XML MIME type (4.6)."""
    return essence in _XML or essence.endswith("+xml")


def parse(text: str) -> MediaType | None:
    """Parse one media type (4.4); None for what is none."""
    text = text.strip(_BLANK)
    kind, slash, rest = text.partition("/")
    subtype, _, rest = rest.partition(";")
    subtype = subtype.rstrip(_BLANK)
    if not (slash and _TOKEN.fullmatch(kind) and _TOKEN.fullmatch(subtype)):
        return None
    parameters: dict[str, str] = {}
    for name, value in _parameters(rest):
        if _TOKEN.fullmatch(name) and _QUOTABLE.fullmatch(value):
            parameters.setdefault(name.lower(), value)
    return MediaType(f"{kind}/{subtype}".lower(), parameters)


def _parameters(rest: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(rest):
        while position < len(rest) and rest[position] in _BLANK:
            position += 1
        name = re.compile(r"[^;=]*+").match(rest, position)
        assert name is not None  # it matches nothing, too
        position = name.end()
        if rest[position : position + 1] != "=":
            position += 1
            continue
        position += 1
        if quoted := _QUOTED.match(rest, position):
            value = re.sub(r"\\(?s:(.))", r"\1", quoted[1]) + (quoted[2] or "")
            yield name[0], value
            position = quoted.end()
        end = rest.find(";", position)
        end = len(rest) if end < 0 else end
        if not quoted and (value := rest[position:end].rstrip(_BLANK)):
            yield name[0], value
        position = end + 1


def supplied(header: str | None) -> MediaType | None:
    """The media type that an answer's Content-Type headers give; None without a good one.

    The last good one counts, and takes the charset over from one before it of the same
    type (Fetch standard, "extract a MIME type").

    Args:
        header: The header's value; of several headers, the values joined by ", ".
    """
    if header is None:
        return None
    return _kept(header) if len(header) <= _LONGEST_KEPT else _supplied(header)


def _supplied(header: str) -> MediaType | None:
    charset: str | None = None
    found: MediaType | None = None
    for part in parts(header):
        each = parse(part)
        if each is None or each.essence == "*/*":
            continue
        if found is None or each.essence != found.essence:
            charset = each.parameters.get("charset")
        elif "charset" not in each.parameters and charset is not None:
            each = MediaType(each.essence, {**each.parameters, "charset": charset})
        found = each
    return found


_kept = lru_cache(256)(_supplied)


def parts(header: str) -> Iterator[str]:
    """The values in a header, split at the commas that are not quoted."""
    position = 0
    while position <= len(header):
        found = _PART.match(header, position)
        assert found is not None  # it matches nothing, too
        yield found[0].strip("\t ")
        position = found.end() + 1
