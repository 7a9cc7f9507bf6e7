"""The words of a crawl: Request, Response, Failure, Outcome.

Frozen values of plain parts, so that they can be compared, kept and pickled.
This module imports nothing of ours, and nothing heavy: every worker loads it.
"""

import json as json_
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias, TypedDict
from urllib.parse import urlencode

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in order, duplicates kept: headers, cookies, columns."""

Vouched: TypeAlias = tuple[int, int, int]
"""Bytes of a body, how many from its start may be parsed, and how many tags there are, or more."""


def pairs(given: Mapping[str, str] | Iterable[tuple[str, str]]) -> Pairs:
    """Return a mapping, or anything that yields pairs, as a tuple of pairs of str."""
    items = given.items() if isinstance(given, Mapping) else given
    return tuple((str(name), str(value)) for name, value in items)


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})


def bad_header(name: str, value: str) -> str | None:
    """What is wrong with a header that is to be sent; None for a good one (RFC 9110, 5.1 and 5.5)."""
    if not _TOKEN.fullmatch(name):
        return "a header's name is one word of letters, digits and dashes"
    if name.lower() in _OURS:
        return "how a message is framed is the transport's business"
    if name.lower() == "proxy-authorization":
        return "a proxy's user and password stand in the proxy's URL; here they would go to the server"
    if any(each in value for each in "\r\n\0"):
        return "a header is one line"
    try:
        value.encode("latin-1")
    except UnicodeError:
        return "a header is Latin-1; percent-encode the rest"
    return None


class RequestFields(TypedDict, total=False):
    """What `Request` takes beside the URL, as keywords of `Page.follow`."""

    method: str
    headers: Mapping[str, str] | Iterable[tuple[str, str]]
    body: bytes | str
    form: Mapping[str, Any] | Iterable[tuple[str, Any]] | None
    json: Any
    cookies: Mapping[str, str] | Iterable[tuple[str, str]]
    data: Any
    handler: str | None
    priority: int
    depth: int
    found_on: str | None
    is_listed: bool
    columns: Pairs
    source: str


@dataclass(frozen=True, slots=True, init=False)
class Request:
    """What to fetch, and what goes with it.

    Attributes:
        url: As it was given or found: absolute, perhaps not in normal form.
        method: HTTP method in capitals; "POST" by itself when there is a body.
        headers: Sent besides the crawl's own; these win.
        body: Bytes to send. Built from `form=` (a mapping or pairs, sent as
            `application/x-www-form-urlencoded`) or `json=` when those are given.
        cookies: Sent with this request only, besides those of the crawl's jar.
        data: The user's own, carried to the handler as `page.data`; never sent.
        handler: Name of the handler to call, instead of the one its URL is routed to.
        priority: Higher goes first within a host; equals go breadth first.
        depth: Links followed from a seed; a seed has 0, a redirect adds nothing.
        found_on: URL of the page that linked here; None for a seed.
        is_listed: Named by the user, so it gets a record of its own whatever happens.
        columns: The other columns of the row it was read from; they go into the record.
        source: Where it was read, such as "urls.txt:12"; "" when it was not.
        target: The URL to ask next, in the URL standard's normal form, without
            fragment; "" until the crawl accepts the request. Redirects move it.
        redirects: The targets that redirected, oldest first.
        attempt: Which try of this target is next or under way; the first is 1.
        lease: The frontier's number for it while it is out; 0 before.

    Raises:
        TypeError: `url` is no str.
        ValueError: The method or a header cannot be sent, or `form` and `json` are both given.
    """

    url: str
    method: str
    headers: Pairs = field(repr=False)  # these three may hold passwords
    body: bytes = field(repr=False)
    cookies: Pairs = field(repr=False)
    data: Any
    handler: str | None
    priority: int
    depth: int
    found_on: str | None
    is_listed: bool
    columns: Pairs
    source: str
    target: str
    redirects: tuple[str, ...]
    attempt: int
    lease: int

    def __init__(
        self,
        url: str,
        *,
        method: str = "",
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | str = b"",
        form: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
        json: Any = None,
        cookies: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        data: Any = None,
        handler: str | None = None,
        priority: int = 0,
        depth: int = 0,
        found_on: str | None = None,
        is_listed: bool = False,
        columns: Pairs = (),
        source: str = "",
        target: str = "",
        redirects: tuple[str, ...] = (),
        attempt: int = 1,
        lease: int = 0,
    ) -> None:
        """Take the parts; `form` and `json` become the body and its Content-Type."""
        keep = object.__setattr__
        if type(url) is not str:
            raise TypeError(f"a request's url is {url!r}, and should be a str")
        if method and not _TOKEN.fullmatch(method):
            raise ValueError(f"a request's method is {method!r}, and should be one word, such as GET")
        if headers or form is not None or json is not None:
            headers = pairs(headers)
            for name, value in headers:
                if (why := bad_header(name, value)) is not None:
                    raise ValueError(f"header {name!r} of a request: {why}")
            if form is not None or json is not None:
                body, content_type = _encoded(form, json)
                if not any(name.lower() == "content-type" for name, _ in headers):
                    headers = (*headers, ("Content-Type", content_type))
        keep(self, "url", url)
        keep(self, "method", method.upper() or ("POST" if body else "GET"))
        keep(self, "headers", headers or ())
        keep(self, "body", body.encode() if isinstance(body, str) else body)
        keep(self, "cookies", pairs(cookies) if cookies else ())
        keep(self, "data", data)
        keep(self, "handler", handler)
        keep(self, "priority", priority)
        keep(self, "depth", depth)
        keep(self, "found_on", found_on)
        keep(self, "is_listed", is_listed)
        keep(self, "columns", columns)
        keep(self, "source", source)
        keep(self, "target", target)
        keep(self, "redirects", redirects)
        keep(self, "attempt", attempt)
        keep(self, "lease", lease)

    def leased(self, lease: int) -> "Request":
        """The same under a frontier's number: `dataclasses.replace` for what is done once a page."""
        same = object.__new__(Request)
        for name in _REQUEST_FIELDS:
            object.__setattr__(same, name, getattr(self, name))
        object.__setattr__(same, "lease", lease)
        return same


_REQUEST_FIELDS = tuple(each.name for each in fields(Request))


def _encoded(form: Any, json: Any) -> tuple[bytes, str]:
    if form is not None and json is not None:
        raise ValueError("a request has one body: give form= or json=, not both")
    if json is not None:
        return json_.dumps(json, ensure_ascii=False, allow_nan=False).encode(), "application/json"
    return urlencode(form, doseq=True).encode(), "application/x-www-form-urlencoded"


class FailureKind(StrEnum):
    """Why no answer came, or why the answer could not be used."""

    INVALID_URL = "invalid_url"
    DNS = "dns"  # the name does not resolve
    ADDRESS = "address"  # not of the public internet, and the user did not name it
    CONNECT = "connect"  # refused, reset or unreachable before a byte was sent
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    TIMEOUT = "timeout"  # not whole by the total deadline
    IDLE = "idle_timeout"  # not a byte of it for too long
    INCOMPLETE = "incomplete"  # the connection broke inside an answer
    PROTOCOL = "protocol"  # what came is not HTTP
    PROXY = "proxy"
    DECODING = "decoding"  # the body is not what Content-Encoding says
    HEADERS = "headers"  # a head of more bytes or lines than are read
    RATIO = "ratio"  # a bomb: the body unpacks to far more than was sent
    REDIRECT = "redirect"  # too many, a loop, or a Location that is no URL
    ROBOTS = "robots"  # robots.txt does not allow it
    ROBOTS_UNREACHABLE = "robots_unreachable"  # so nothing is allowed (RFC 9309, 2.3.1.4)
    DEFERRED = "deferred"  # the server asked for a longer wait than our cap
    HOST_GIVEN_UP = "host_given_up"  # its host failed for long, and is asked nothing more in this run
    WORKER_LOST = "worker_lost"  # every worker that tried it died
    HANDLER = "handler"  # the user's handler raised
    UNEXPECTED = "unexpected"  # a fault of ours; please report it


class Facts(NamedTuple):
    """What a worker read off a body before it let go of it.

    Attributes:
        title: Text of the first `title`, white space folded; None without one.
        link_count: Distinct http(s) URLs that the page names, of every kind.
        links: The ones to follow, joined, in normal form, each once, in page
            order; empty when nobody asked for them.
        is_partial: There is more than what was read: the markup was cut before it was parsed,
            it could not be parsed, or it names more links than are taken from one page.
        left_out: How many links to follow were seen beyond the most that one page may give.
        refused: Those that would be among `links`, did not every link to them say `rel=nofollow`.
        directives: What `X-Robots-Tag` and robots `meta` elements say to us, as far as the crawl
            obeys them: words such as "noindex", sorted; nearly always none.
        canonical: The one URL that the page says is its own (`rel=canonical`), joined, in normal form.
        digest: 64 bits of a hash of the body, signed; None of what is no page.
        simhash: 64 bits, signed, that differ little when the words of two pages do; None
            unless near duplicates are asked for, or with too few words.
        says_missing: The title or the first heading says that there is no such page.
        vouched: What was found out before the body was parsed (`crawlpool.parse.vouched`); None where it is
            no UTF-8 as it came, so that others have to look for themselves.
    """

    title: str | None
    link_count: int
    links: tuple[str, ...] = ()
    is_partial: bool = False
    left_out: int = 0
    refused: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    canonical: str | None = None
    digest: int | None = None
    simhash: int | None = None
    says_missing: bool = False
    vouched: Vouched | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a server answered, whatever the status: a 404 is a response too.

    Attributes:
        request: The request that this answers; `request.target` is the URL asked.
        status: HTTP status code.
        reason: Reason phrase as received.
        http_version: "HTTP/1.0" or "HTTP/1.1".
        headers: Pairs as received, in wire order, duplicates kept; WARC needs both.
        request_headers: Pairs as sent.
        remote_address: "127.0.0.1:8080" or "[::1]:8080", the end we were connected to, a proxy's perhaps;
            "" when it could not be known.
        body: Transfer and content coding removed, still in the page's own charset.
            Empty when nobody in the main process wants it; `size` tells its length.
        size: Bytes of the body, coding removed.
        is_cut: True when the body was cut short at the cap; it is never silently so.
        is_body_read: False when the answer's type was not wanted and its body was left unread.
        raw_body: The body before content decoding, when that was asked for.
        facts: What the worker read off the page, when that was asked for.
        media_type: What it is by the MIME Sniffing standard, such as "text/html", where the worker
            looked; nearly always its `content_type`. "" for an answer without label and body.
        fetched_at: Seconds since 1970 when the request was sent.
        elapsed_s: Seconds to the last byte of the body, connecting included.
        wait_s: Seconds from the request's last byte to the first of the answer, less those in which
            this machine had no processor for us.
        received: Bytes that came over the connection for it, head and body as they were sent.
        worker: Process id of the worker that fetched it.
        duplicate_of: URL of the page that this one is the same as, as far as the crawl looks for
            that; by its body, its words, or what it names as its canonical URL.
        handled: What its handler gave, where that ran in a worker; the crawl's own affair.
    """

    request: Request
    status: int
    reason: str = ""
    http_version: str = "HTTP/1.1"
    headers: Pairs = ()
    request_headers: Pairs = field(default=(), repr=False)  # a login may be among them
    remote_address: str = ""
    body: bytes = b""
    size: int = 0
    is_cut: bool = False
    is_body_read: bool = True
    raw_body: bytes | None = None
    facts: Facts | None = None
    fetched_at: float = 0.0
    elapsed_s: float = 0.0
    wait_s: float = 0.0
    received: int = 0
    worker: int = 0
    media_type: str = ""
    duplicate_of: str | None = None
    handled: Any = field(default=None, repr=False, compare=False)

    @property
    def final_url(self) -> str:
        """The URL that answered, where redirects ended; links on the page are relative to it."""
        return self.request.target or self.request.url

    def header(self, name: str) -> str | None:
        """First value of a header, compared without case (RFC 9110, 5.1); None without one."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def content_type(self) -> str:
        """The media type that the server said, in small letters without parameters; "" without one."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a URL has no answer, or why its answer was lost.

    Attributes:
        request: The request that failed, as it was on its last attempt.
        kind: The cause, one of a fixed list.
        message: One sentence that quotes what matters.
        attempts: How often the last target was asked; 0 when it never was (robots.txt).
        failed_at: Seconds since 1970.
        elapsed_s: Seconds of the last attempt.
        response: The answer, where there was one (a handler that raised); its body left out.
        traceback: The user's own traceback, when a handler raised.
        worker: Process id of the worker that tried last; 0 for none.
    """

    request: Request
    kind: FailureKind
    message: str
    attempts: int = 0
    failed_at: float = 0.0
    elapsed_s: float = 0.0
    response: Response | None = None
    traceback: str = ""
    worker: int = 0


Outcome: TypeAlias = Response | Failure
