"""What a server asks for with a 401: its challenges, out of WWW-Authenticate (RFC 9110, 11.6.1)."""

import re
from typing import Final, NamedTuple

from .model import Pairs

LONGEST: Final = 8 * 1024
"""Characters of one header that are read; a longer one counts as none."""

_MOST: Final = 16  # challenges of an answer, and headers of that name that are looked at

_SCHEME = re.compile(r"[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=[ \t,]|$)(?![ \t]*=)")
_PARAMETER = re.compile(
    r"[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*"
    r'(?:"((?:[^"\\]|\\.)*)"|((?!=)[^\s,"]*))[ \t]*(?=,|$)'
)
_TOKEN68 = re.compile(r"[ \t]+[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)")
_ESCAPED = re.compile(r"\\(.)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Challenge(NamedTuple):
    """One challenge; the scheme and the names are in small letters, of what comes twice the first counts."""

    scheme: str
    parameters: dict[str, str]


def challenges_of(headers: Pairs) -> list[Challenge]:
    """Every challenge of an answer, in order; a header ends where it cannot be read."""
    found: list[Challenge] = []
    texts = [value for name, value in headers if len(name) == 16 and name.lower() == "www-authenticate"]
    for text in texts[:_MOST]:
        if len(text) <= LONGEST and not _CONTROL.search(text.replace("\t", " ")):
            found.extend(_read(text, _MOST - len(found)))
    return found


def _read(text: str, most: int) -> list[Challenge]:
    found: list[Challenge] = []
    at = 0
    while len(found) < most and (scheme := _SCHEME.match(text, at)):
        parameters: dict[str, str] = {}
        found.append(Challenge(scheme[1].lower(), parameters))
        at = scheme.end()
        if (token := _TOKEN68.match(text, at)) and not _PARAMETER.match(text, at):
            at = token.end()
            continue
        while parameter := _PARAMETER.match(text, at):
            name, quoted, plain = parameter.groups()
            parameters.setdefault(name.lower(), plain if quoted is None else _ESCAPED.sub(r"\1", quoted))
            at = parameter.end()
    return found
