"""URLs as the WHATWG URL standard has them: pure functions on strings.

Parsing, joining and serialising are ada's, the parser inside Node.js, through
`can_ada`; what is decided here is only what a crawler adds to the standard.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

import can_ada

_WEB = ("http://", "https://")

# A label in Punycode without anything beyond ASCII in it is an error (UTS 46, 4.1), which this ada lets pass.
_EMPTY_LABEL = re.compile(r"https?://(?:[^/?#.]*\.)*?xn--[^/?#.:]*-(?=[/?#.:]|$)")

_AROUND = "".join(map(chr, range(0x21)))  # what the URL standard takes off both ends
_WITHIN = re.compile(r"[\t\n\r]")  # and from anywhere between
_CREDENTIALS = re.compile(r"((?!mailto:)[a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})[^/\\?#]*@", re.IGNORECASE)


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
    except TypeError:
        return normalise(_scalar(url))
    return _serialised(parsed)


def join(base: str, reference: str) -> str | None:
    """Resolve a reference against an absolute base; normal form, or None as in `normalise`."""
    try:
        return _joined(can_ada.parse(base), reference)
    except (ValueError, TypeError):  # the second for lone surrogates, which no base in normal form has
        return normalise(reference)


def join_all(base: str, references: Iterable[str]) -> list[str | None]:
    """`join` many references, for one look at the base."""
    try:
        parsed = can_ada.parse(base)
    except (ValueError, TypeError):
        return [normalise(reference) for reference in references]
    return [_joined(parsed, reference) for reference in references]


def _joined(parsed: can_ada.URL, reference: str) -> str | None:
    try:
        return _serialised(parsed + reference)
    except ValueError:
        return None
    except TypeError:
        return _joined(parsed, _scalar(reference))


def _scalar(text: str) -> str:
    """Replace lone surrogates, which ada refuses, by U+FFFD, as the URL standard's input has it (a scalar value string)."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _serialised(parsed: can_ada.URL) -> str | None:
    href = parsed.href
    if not href.startswith(_WEB):
        return None
    if "@" in href and parsed.has_credentials():
        parsed.username = ""
        parsed.password = ""
        href = parsed.href
    if "xn--" in href and _EMPTY_LABEL.match(href):
        return None
    head, _, _ = href.partition("#")
    if "^" in head:  # in the path percent-encode set since 2024, which this ada does not know
        path, mark, query = head.partition("?")
        head = path.replace("^", "%5E") + mark + query
    return head


def public(url: str) -> str:
    """A URL as it was given, or what should have been one, without user name and password.

    They are sent nowhere, and must not reach a log, a record or a job. All else stays as it is.
    """
    before, secret, behind = parted(url)
    return before + behind if secret else url


def in_a_line(url: str) -> str:
    """A URL as it was given, for a line of a log: what a handler took from a page may hold line ends."""
    return url if url.isprintable() else ascii(url)[1:-1]


def parted(url: str) -> tuple[str, str, str]:
    """What stands before user name and password, those with their "@", and the rest; all in the first without any."""
    if "@" not in url:
        return url, "", ""
    tidy = _WITHIN.sub("", url).strip(_AROUND)
    found = _CREDENTIALS.match(tidy)
    if found is None:
        return url, "", ""
    return found[1], tidy[found.end(1) : found.end()], tidy[found.end() :]


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
    return url.split("/", 3)[2]


def origin(url: str) -> str:
    """The origin of a URL in normal form, such as "https://shop.example:8443"."""
    return "/".join(url.split("/", 3)[:3])


def fingerprint(url: str, method: str = "GET", body: bytes = b"") -> str:
    """What makes two requests the same: URL in normal form, method and body.

    A GET without a body is its own URL, which keeps the common case free of hashing.
    """
    if method == "GET" and not body:
        return url
    return f"{method} {url} {blake2b(body, digest_size=16).hexdigest()}"
