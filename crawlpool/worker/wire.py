"""The plain values that cross between the main process and a worker.

An order goes out, an answer comes back; both are tuples of str, bytes, numbers
and tuples, so nothing that a server sends can name a class or a codec here, and
`Request.data`, which is the user's own, stays in the main process.
"""

from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, TypeAlias

from ..model import Facts, Failure, FailureKind, Outcome, Pairs, Request, Response

Parcel: TypeAlias = tuple[str, str, Pairs, bytes, int]
"""(method, url in normal form, headers besides the crawl's own, body, wants)."""

Order: TypeAlias = tuple[int, str, str, Pairs, bytes, int]
"""A parcel with an id in front, by which its answer is known."""

Taken: TypeAlias = tuple[tuple[int, tuple[int, ...]], ...]
"""Ids of pages whose links the main process took, and the places of those that it refused."""

Places: TypeAlias = tuple[tuple[str, int], ...]
"""Hosts, and how many requests of each a worker may have under way at once."""

Answer: TypeAlias = tuple[Any, ...]
"""(id, True, the parts of a Response), (id, False, the parts of a Failure), or (id, None): not begun."""


class Want(IntFlag):
    """What the main process needs of an answer; what it does not need does not cross."""

    NOTHING = 0
    BODY = 1
    FACTS = 2  # title and number of links
    LINKS = 4  # the links to follow as well
    RAW = 8  # the body before content decoding
    HTML_ONLY = 16  # leave a body that is not HTML unread, and say so
    DIGEST = 32  # of the facts at least the digest; all facts have it
    NEAR = 64  # the hash of a page's words as well
    LARGE = 128  # up to `LARGEST` bytes, whatever the cap of pages: a sitemap
    PRIVATE = 256  # the user named its host and port, which may be private: not what is needed, but allowed
    SMALL = 2048  # up to `SMALLEST` bytes, whatever the cap of pages: a robots.txt
    CERTIFICATE = 1024  # it is a seed's origin: what the user shows to those may be shown
    NEW_LINKS = 8192  # links that the main process took already may stay behind
    UNPARSED = 4096  # a worker died or hung with it: read nothing off the body, and mark that
    QUICK = 512  # a connection in `QUICK_SHARE` of the time: this try is not the host's last


LARGEST = 50 * 1024 * 1024
"""Bytes of a sitemap, uncompressed (sitemaps.org)."""

SMALLEST = 500 * 1024
"""Bytes of a robots.txt; RFC 9309 asks for as many at least (2.5)."""


_PARTS = 20  # of an answer; one more has what the page's handler gave, where that ran in the worker
_BODY = int(Want.BODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """What a worker is told once, when it starts.

    Attributes:
        headers: The crawl's own, sent with every request in this order.
        start_until: `time.monotonic()`, which all processes of a machine share, after which no request is started; what
            was handed ahead goes back then. None for never.
        timeout_s: Seconds from sending a request to the last byte of its body.
        connect_timeout_s: Seconds for a connection to be made.
        max_body: Bytes of a decoded body that are read; one byte more, and it is cut.
        max_headers: Bytes of all heads of one answer.
        max_ratio: Bytes that a content coding may make of one byte that was sent.
        idle_timeout_s: Seconds for which nothing of an answer need come; None for as long as `timeout_s` allows.
        max_links: Links to follow that are taken from one page.
        token: Our product token, by which pages name us.
        x_robots_tag: Whether that header is looked at.
        meta_robots: Whether robots `meta` elements are looked at.
        rel_nofollow: Whether `rel=nofollow` is obeyed.
        proxy: URL of the proxy, "env" for what the environment names; None for none.
        insecure: Hosts, or hosts with their ports, whose TLS certificates are not checked.
        ca_file: Certificates that are trusted besides the system's.
        client_certs: Origins, "" for the seeds', and the certificate to show there: "FILE" or "FILE,KEY".
        private: Which addresses may be connected to that are not of the public internet: those of hosts that
            the user "named", "all" (a crawl never says so by itself), or "none".
        resolve: Host, port, and addresses to connect to instead of looking it up.
        connections: Requests that one worker may have under way at once.
        kept: Origins of which a thread that fetches with requests keeps a connection open.
        transport: What it fetches with: "requests" or "curl".
        beside: What calls handlers right after the fetch (`crawlpool.handling`); None where they run elsewhere.
        stand_in: What answers in place of the network (`crawlpool.rehearsal`); it crosses to no other process.
        watcher: What sees where a worker's time goes (`crawlpool.bench.stages`); None but for that.
    """

    headers: Pairs = ()
    start_until: float | None = None
    timeout_s: float = 30.0
    connect_timeout_s: float = 5.0
    max_body: int = 16 * 1024 * 1024
    max_headers: int = 256 * 1024
    max_ratio: int = 1_000
    idle_timeout_s: float | None = None
    max_links: int = 10_000
    token: str = "crawlpool"  # noqa: S105  of products, not of secrets
    x_robots_tag: bool = True
    meta_robots: bool = True
    rel_nofollow: bool = True
    proxy: str | None = field(default=None, repr=False)  # a password may be in it
    insecure: tuple[str, ...] = ()
    ca_file: str | None = None
    client_certs: Pairs = ()
    private: str = "all"
    resolve: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    connections: int = 1
    kept: int = 8
    transport: str = "requests"
    beside: Any = None
    stand_in: Any = None
    watcher: Any = None


def response_answer(
    order: Order,
    *,
    status: int,
    reason: str,
    http_version: str,
    headers: Pairs,
    request_headers: Pairs,
    remote_address: str,
    body: bytes,
    is_cut: bool,
    is_body_read: bool,
    raw_body: bytes | None,
    facts: Facts | None,
    media_type: str,
    fetched_at: float,
    elapsed_s: float,
    wait_s: float,
    received: int,
    worker: int,
) -> Answer:
    """Pack what a server answered; the body only if it is wanted."""
    return (
        order[0],
        True,
        status,
        reason,
        http_version,
        headers,
        request_headers,
        remote_address,
        body if order[5] & _BODY else b"",
        len(body),
        is_cut,
        is_body_read,
        raw_body,
        None if facts is None else tuple(facts),
        fetched_at,
        elapsed_s,
        worker,
        media_type,
        wait_s,
        received,
    )


def failure_answer(
    order: Order, kind: FailureKind, message: str, *, failed_at: float, elapsed_s: float, worker: int
) -> Answer:
    """Pack why no answer came."""
    return (order[0], False, kind.value, message, failed_at, elapsed_s, worker)


def not_begun(order: Order) -> Answer:
    """Give an order back that was not begun."""
    return (order[0], None)


def outcome_of(answer: Answer, request: Request) -> Outcome:
    """Unpack an answer as the outcome of the request that it belongs to."""
    if not answer[1]:
        _, _, kind, message, failed_at, elapsed_s, worker = answer
        return Failure(
            request=request,
            kind=FailureKind(kind),
            message=message,
            attempts=request.attempt,
            failed_at=failed_at,
            elapsed_s=elapsed_s,
            worker=worker,
        )
    facts = answer[13]
    return Response(
        request=request,
        status=answer[2],
        reason=answer[3],
        http_version=answer[4],
        headers=answer[5],
        request_headers=answer[6],
        remote_address=answer[7],
        body=answer[8],
        size=answer[9],
        is_cut=answer[10],
        is_body_read=answer[11],
        raw_body=answer[12],
        facts=None if facts is None else Facts._make(facts),
        fetched_at=answer[14],
        elapsed_s=answer[15],
        worker=answer[16],
        media_type=answer[17],
        wait_s=answer[18],
        received=answer[19],
        handled=answer[20] if len(answer) > _PARTS else None,
    )
