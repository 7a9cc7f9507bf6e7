"""What a redirect asks for next; a pure function of the answer (RFC 9110, 15.4).

Workers fetch one hop. The next is a request like any other, so that robots.txt,
scope, pace and what was seen are decided in one place for every hop.

A 300 with a Location is an answer and no redirect: its page is the list of choices, and
browsers show it (Fetch standard, "redirect status"). So is a page that sends its reader
on by a refresh; that is one of its links.
"""

import re
import time
from dataclasses import replace

from .model import Failure, FailureKind, Pairs, Request, Response
from .urls import join, place

STATUSES = frozenset({301, 302, 303, 307, 308})

HARMLESS = frozenset(
    {"accept", "accept-language", "accept-charset", "cache-control", "dnt", "from", "pragma", "user-agent"}
)
"""Headers of the user's that may go to any server; all others may be secrets."""

_BEYOND_ASCII = re.compile("[\x80-\xff]")
_OF_THE_BODY = frozenset(
    {"content-type", "content-length", "content-encoding", "content-language", "transfer-encoding"}
)


def next_hop(response: Response, *, most: int) -> Request | Failure | None:
    """The request that a redirect leads to; a failure if it leads nowhere; None if it is no redirect."""
    if response.status not in STATUSES:
        return None
    locations = dict.fromkeys(value for name, value in response.headers if name.lower() == "location")
    if not locations:
        return None
    location, *others = locations
    if others:  # one of them may be a stranger's, who got a line into the head
        return _failure(
            response, f"HTTP {response.status} to {location[:200]!r} and to {others[0][:200]!r} at once"
        )
    request = response.request
    target = join(request.target, _as_text(location))
    if target is None:
        return _failure(response, f"HTTP {response.status} to {location[:200]!r}, which is no http(s) URL")
    trail = (*request.redirects, request.target)
    if len(trail) > most:
        return _failure(response, f"more than {most} redirects; the last to {target}")
    method, body, headers, cookies = request.method, request.body, request.headers, request.cookies
    if (response.status == 303 and method != "HEAD") or (response.status in {301, 302} and method == "POST"):
        method, body = "GET", b""
        headers = tuple(pair for pair in headers if pair[0].lower() not in _OF_THE_BODY)
    # A form that was sent may be shown at its own URL; only what is asked again unchanged is a circle.
    if target in trail and method == request.method and response.header("set-cookie") is None:
        return _failure(response, f"the redirects go round in a circle, back to {target}")
    if place(target).origin != place(request.target).origin:
        headers, cookies = may_travel(headers), ()
    return replace(
        request,
        method=method,
        body=body,
        headers=headers,
        cookies=cookies,
        target=target,
        redirects=trail,
        attempt=1,
    )


def may_travel(headers: Pairs) -> Pairs:
    """The headers that may be sent to a server that the user did not name."""
    return tuple(pair for pair in headers if pair[0].lower() in HARMLESS)


def _as_text(location: str) -> str:
    """Bytes beyond ASCII, which arrive as Latin-1, stay what they are: the server knows its own names by them."""
    return _BEYOND_ASCII.sub(lambda found: f"%{ord(found[0]):02X}", location)


def _failure(response: Response, message: str) -> Failure:
    return Failure(
        request=response.request,
        kind=FailureKind.REDIRECT,
        message=message,
        attempts=response.request.attempt,
        failed_at=time.time(),
        elapsed_s=response.elapsed_s,
        worker=response.worker,
    )
