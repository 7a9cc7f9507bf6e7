"""Where a refresh leads: the one parser of `meta` and of the header (HTML standard, "shared declarative refresh steps")."""

import re

_BLANK = "\t\n\f\r "
_DELAY = re.compile(r"[\t\n\f\r ]*+(?:[0-9]++|(?=\.))[0-9.]*+(?:[\t\n\f\r ]*+[;,]|[\t\n\f\r ])[\t\n\f\r ]*+")
_URL_WORD = re.compile(r"url[\t\n\f\r ]*+=[\t\n\f\r ]*+", re.IGNORECASE | re.ASCII)


def refresh_of(content: str) -> str | None:
    """Where it leads; None when it names no URL, and so loads the page itself again."""
    delay = _DELAY.match(content)
    if delay is None:
        return None
    rest = content[delay.end() :]
    word = _URL_WORD.match(rest)
    if word is not None:
        rest = rest[word.end() :]
    if rest[:1] in {"'", '"'}:
        rest = rest[1:].partition(rest[0])[0]
    return rest.strip(_BLANK) or None
