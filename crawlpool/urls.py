"""URLs as the WHATWG URL standard has them: pure functions on strings.

Parsing, joining and serialising are ada's, the parser inside Node.js, through
`can_ada`; what is decided here is only what a crawler adds to the standard.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

import can_ada

_WEB = ("http://", "https://")


class Place(NamedTuple):
    """Where a URL points, in the parts that politeness and scope ask for.

    Attributes:
        origin: "https://shop.example:8443"; robots.txt belongs to one (RFC 9309, 2.3).
        host: "shop.example:8443", the default port left out; pace is kept per host.
        hostname: "shop.example", a bare name or address.
        path: "/a/b?q=1", with the query.
    """

    origin: str
    host: str
    hostname: str
    path: str


def normalise(url: str) -> str | None:
    """Return an absolute http(s) URL in normal form, or None for anything else.

    Scheme and host in small letters, default port and dot segments gone, IDNA
    applied, as the URL standard serialises it; the fragment is dropped, since it
    is never sent (RFC 9110, 4.2.5), and so are user name and password, which must
    not reach a log, a record or another server.
    """
    try:
        parsed = can_ada.parse(url)
    except ValueError:
        return None
    return _serialised(parsed)


def join(base: str, reference: str) -> str | None:
    """Resolve a reference against an absolute base; normal form, or None as in `normalise`."""
    try:
        return _serialised(can_ada.parse(base) + reference)
    except ValueError:
        return None


def join_all(base: str, references: Iterable[str]) -> list[str | None]:
    """`join` many references of one page; the base is parsed once."""
    try:
        parsed = can_ada.parse(base)
    except ValueError:
        return [normalise(reference) for reference in references]
    joined: list[str | None] = []
    for reference in references:
        try:
            joined.append(_serialised(parsed + reference))
        except ValueError:
            joined.append(None)
    return joined


def _serialised(parsed: can_ada.URL) -> str | None:
    href = parsed.href
    if not href.startswith(_WEB):
        return None
    if "@" in href and parsed.has_credentials():
        parsed.username = ""
        parsed.password = ""
        href = parsed.href
    head, hash_, _ = href.partition("#")
    return head if hash_ else href


def place(url: str) -> Place:
    """Split a URL in normal form; the parts are as the URL has them, nothing is parsed again."""
    scheme, _, rest = url.partition("://")
    ends = [i for i in (rest.find("/"), rest.find("?")) if i >= 0]
    end = min(ends, default=len(rest))
    host = rest[:end]
    hostname = host if host.endswith("]") else host.rpartition(":")[0] or host
    return Place(f"{scheme}://{host}", host, hostname, rest[end:] or "/")


def host(url: str) -> str:
    """The host of a URL in normal form, with its port unless that is the default."""
    start = url.index("://") + 3
    end = url.find("/", start)
    return url[start:] if end < 0 else url[start:end]


def fingerprint(url: str, method: str = "GET", body: bytes = b"") -> str:
    """What makes two requests the same: URL in normal form, method and body.

    A GET without a body is its own URL, which keeps the common case free of hashing.
    """
    if method == "GET" and not body:
        return url
    return f"{method} {url} {blake2b(body, digest_size=16).hexdigest()}"
