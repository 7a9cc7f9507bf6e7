"""What a redirect asks for next; a pure function of the answer (RFC 9110, 15.4).

Workers fetch one hop. The next is a request like any other, so that robots.txt,
scope, pace and what was seen are decided in one place for every hop.
"""

import time
from dataclasses import replace

from .model import Failure, FailureKind, Pairs, Request, Response
from .urls import join, place

STATUSES = frozenset({301, 302, 303, 307, 308})

HARMLESS = frozenset(
    {"accept", "accept-language", "accept-charset", "cache-control", "dnt", "from", "pragma", "user-agent"}
)
"""Headers of the user's that may go to any server; all others may be secrets."""

_OF_THE_BODY = frozenset(
    {"content-type", "content-length", "content-encoding", "content-language", "transfer-encoding"}
)


def next_hop(response: Response, *, most: int) -> Request | Failure | None:
    """The request that a redirect leads to; a failure if it leads nowhere; None if it is no redirect."""
    location = response.header("location")
    if response.status not in STATUSES or location is None:
        return None
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
    """Header bytes arrive as Latin-1; servers that do not escape mean UTF-8."""
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return location


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
