"""URLs that carry the number of a session: the same page under ever new names.

Names that mean nothing else are believed with any value ("PHPSESSID"); those that may mean
something to a page are only where the value is one that nobody chose: letters and
digits, with a digit among them ("sid=7f3a9c02"), or for what browsers are kept from caching
by, a long number ("_=1700000000123").
"""

import re
from typing import Final

_ALWAYS: Final = frozenset(
    {
        "phpsessid",
        "jsessionid",
        "asp.net_sessionid",
        "sessid",
        "cfid",
        "cftoken",
        "zenid",
        "oscsid",
        "xtcsid",
        "cachebuster",
    }
)
_PERHAPS: Final = frozenset(
    {
        "s",
        "sid",
        "ses",
        "sess",
        "session",
        "sessionid",
        "session_id",
        "session-id",
        "sessionkey",
        "session_key",
        "token",
        "nonce",
        "visit",
        "visitor",
    }
)
_CHANCE: Final = frozenset({"_", "rnd", "rand", "random", "cb", "nocache", "ts", "timestamp"})
_NUMBER: Final = re.compile(r"(?=[A-Za-z-]{0,64}[0-9])[0-9A-Za-z-]{8,128}")
_LONG_NUMBER: Final = re.compile(r"[0-9.]{8,40}")
_IN_PATH: Final = re.compile(
    r";(?:jsessionid|phpsessid|sid|sessionid)=[^/;]*"  # of servlets
    r"|/\((?:[A-Za-z]\([0-9A-Za-z]{20,64}\))+\)"  # of ASP.NET without cookies
    r"|/(?:sid|sess|sessid|sessionid|phpsessid|jsessionid)[-_=/][0-9A-Za-z-]{8,128}(?=/|$)",
    re.IGNORECASE,
)


def without_session(path: str, query: str) -> str | None:
    """Path and query without what counts sessions; None when there is nothing of it, as nearly always."""
    bare = path
    if ";" in path or "/(" in path or "/s" in path or "sess" in path:
        bare = _IN_PATH.sub("", path)
    if query:
        kept = [pair for pair in query.split("&") if not _is_session(pair)]
        query_left = "&".join(kept)
        if query_left != query:
            return f"{bare}?{query_left}"
    return None if bare == path else f"{bare}?{query}"


def _is_session(pair: str) -> bool:
    name, _, value = pair.partition("=")
    name = name.lower()
    if name in _ALWAYS or name.startswith("aspsessionid"):
        return True
    if name in _PERHAPS:
        return _NUMBER.fullmatch(value) is not None
    return name in _CHANCE and _LONG_NUMBER.fullmatch(value) is not None
