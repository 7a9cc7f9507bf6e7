"""Everything that is sent in front of a body, in its order, so that what is recorded is what was sent."""

from ..model import Pairs
from ..urls import place

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110, 9.2.2

_HAVE_BODIES = frozenset({"POST", "PUT", "PATCH"})


def dressed(own: Pairs, url: str, extra: Pairs, method: str, body: bytes) -> Pairs:
    """The header fields of a request.

    Args:
        own: The crawl's own, sent with every request.
        url: What is asked, in normal form.
        extra: Fields of this request, which come behind and replace those of the same name.
        method: GET or another.
        body: What is sent behind; its length is named.
    """
    named = {name.lower() for name, _ in extra}
    headers = [("Host", place(url).host), *(p for p in own if p[0].lower() not in named)]
    if "host" in named:
        del headers[0]
    headers.extend(extra)
    if (body or method in _HAVE_BODIES) and "content-length" not in named:
        headers.append(("Content-Length", str(len(body))))
    return tuple(headers)
