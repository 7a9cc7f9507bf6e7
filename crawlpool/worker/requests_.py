"""Fetch with `requests`, the default transport: one session a worker, one hop a fetch.

`Session.get` costs 2.5 times what the connection under it does: it merges
settings, reads the environment and prepares a request anew for each page. Here
the session is made once, with the environment read once; a page
costs one prepared request, handed to the session's adapter. The answer is read by our own
class (`answers.py`), as a stream, against the deadline (`sockets.py`) and the cap.
"""

import io
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib import request as environment

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util import SKIP_HEADER, Timeout

from ..model import Facts, FailureKind, Pairs
from ..parse import sniff
from ..parse.facts import read_facts
from ..parse.html import is_html
from ..parse.likeness import digest_of
from ..polite.silent import QUICK_SHARE
from ..redirects import STATUSES as REDIRECTS
from ..urls import normalise, place
from . import answers, faults, sockets
from .addresses import Doorway
from .codings import Decoding, codings_of
from .framing import broken
from .heads import BadAnswer, Head
from .socks import Socks
from .standin import StandIn
from .tls import Contexts
from .underway import under_way
from .waited import waited
from .wire import LARGEST, SMALLEST, Answer, Order, TransportOptions, Want, failure_answer, response_answer

_IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}  # RFC 9110, 9.2.2
# Plain numbers: an operation on an IntFlag costs a microsecond, and there are several a page.
_FACTS, _LINKS, _RAW, _HTML_ONLY = int(Want.FACTS), int(Want.LINKS), int(Want.RAW), int(Want.HTML_ONLY)
_DIGEST, _NEAR, _LARGE, _SMALL = int(Want.DIGEST), int(Want.NEAR), int(Want.LARGE), int(Want.SMALL)
_PRIVATE, _CERTIFICATE = int(Want.PRIVATE), int(Want.CERTIFICATE)
_QUICK = int(Want.QUICK)
_UNPARSED = int(Want.UNPARSED)
_PARSED = _FACTS | _LINKS | _NEAR

_DRAINED = 64 * 1024
"""Bytes of an unwanted body that are read all the same: cheaper than a new connection."""


_ORIGINS = 8
"""Origins whose connection a worker keeps open, the latest; 64 threads must do with a process's 1,024 descriptors."""


class _Body(NamedTuple):
    """What was read of a body: decoded (None: left unread), as sent where wanted, and how it begins."""

    content: bytes | None
    is_cut: bool
    raw: bytes | None
    start: bytes


class _Adapter(HTTPAdapter):
    """Finds the connections of an origin without parsing the URL again for each page.

    Attributes:
        is_seeds: The request that comes next may be shown the certificate that is for the seeds.
    """

    def __init__(
        self,
        contexts: Contexts,
        proxy_of: Callable[[str], str | None],
        doorway: Doorway,
    ) -> None:
        self._doorway = doorway
        self._contexts = contexts
        self.is_seeds = False
        self._proxy_of = proxy_of
        self._pools: dict[tuple[str, bool], tuple[Any, str | None]] = {}  # and what speaks against it
        super().__init__(pool_connections=_ORIGINS, pool_maxsize=1)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        self._fit_out(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy.lower().startswith("https:"):
            kwargs["proxy_ssl_context"] = self._contexts.of(place(normalise(proxy) or proxy).origin)
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._fit_out(manager)
        return manager

    @staticmethod
    def _fit_out(manager: Any) -> None:
        manager.pool_classes_by_scheme = {"http": sockets.TimedPool, "https": sockets.TimedTlsPool}

    def get_connection_with_tls_context(self, request: Any, *_args: Any, **_kwargs: Any) -> Any:
        origin = place(request.url).origin
        key = origin, self.is_seeds
        held = self._pools.get(key)
        if held is None:
            proxy = self._proxy_of(origin)
            socks = Socks.of(proxy) if proxy else None
            is_told = proxy is not None and (socks is None or socks.is_remote)  # the proxy looks names up
            objection = self._doorway.objection(origin, is_proxied=is_told)
            if objection is not None:
                self._doorway.check(objection)
            manager = self.proxy_manager_for(proxy) if proxy and socks is None else self.poolmanager
            if origin.startswith("https:"):
                manager.connection_pool_kw["ssl_context"] = self._contexts.of(origin, is_seeds=self.is_seeds)
            elif proxy and proxy.lower().startswith("https:"):  # the proxy's own certificate
                manager.connection_pool_kw["ssl_context"] = self._contexts.of(
                    place(normalise(proxy) or proxy).origin
                )
            pool = manager.connection_from_url(origin)
            pool.doorway, pool.socks = self._doorway, socks
            held = pool, objection  # not in the pool: all plain origins behind a proxy have one
            if len(self._pools) >= _ORIGINS:
                del self._pools[next(iter(self._pools))]
        else:
            if held[1] is not None:
                self._doorway.check(held[1])
            del self._pools[key]  # to stand last: the one that was used longest ago goes first
        self._pools[key] = held
        return held[0]

    def cert_verify(self, *_args: Any) -> None:
        """Leave it to the context, which was made once."""

    def request_url(self, request: Any, proxies: Any = None) -> str:  # noqa: ARG002  the adapter's own signature
        origin, _, _, path = place(request.url)
        proxy = self._proxy_of(origin) if origin.startswith("http:") else None
        target = path if proxy is None or proxy.lower().startswith("socks") else str(request.url)
        under_way.target = target
        return target

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Without the cookies and the guess at an encoding, which are the main process's business."""
        response = requests.Response()
        response.raw = resp
        response.status_code = resp.status
        response.url = req.url
        response.request = req
        response.connection = self
        return response


class RequestsTransport:
    """One `requests` session and what it was told; it serves one thread."""

    def __init__(self, options: TransportOptions) -> None:
        """Read the environment; open no connection yet."""
        self._options = options
        is_asked = options.proxy == "env"
        self._proxy = None if is_asked else options.proxy
        self._environment = environment.getproxies_environment() if is_asked else {}
        named = (self._environment or environment.getproxies()) if is_asked else {}
        self._proxies = {scheme: url if "://" in url else f"http://{url}" for scheme, url in named.items()}
        self._session = requests.Session()
        self._session.trust_env = False
        self._doorway = Doorway(private=options.private, resolve=options.resolve)
        adapter = _Adapter(
            Contexts(insecure=options.insecure, ca_file=options.ca_file, client_certs=options.client_certs),
            self._proxy_of,
            self._doorway,
        )
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._send: Any = adapter
        self._timeout = Timeout(connect=options.connect_timeout_s, read=options.timeout_s)
        self._quick = Timeout(connect=options.connect_timeout_s * QUICK_SHARE, read=options.timeout_s)
        self._proxy_memo: dict[str, str | None] = {}
        self._pid = os.getpid()

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def _proxy_of(self, origin: str) -> str | None:
        """The proxy for an origin: the user's, or, when asked for, the environment's by the usual rules (no_proxy)."""
        if not self._proxies:
            return self._proxy
        if origin not in self._proxy_memo:
            scheme, _, host = origin.partition("://")
            proxy = self._proxies.get(scheme) or self._proxies.get("all")
            if proxy is not None and self._is_bypassed(host):
                proxy = None
            self._proxy_memo[origin] = proxy
        return self._proxy_memo[origin]

    def _is_bypassed(self, host: str) -> bool:
        if self._environment:
            return bool(environment.proxy_bypass_environment(host, self._environment))  # type: ignore[attr-defined]
        return bool(environment.proxy_bypass(host))

    def fetch(self, order: Order) -> Answer:
        """Fetch one hop; every fault that has a name comes back as one, the rest is raised."""
        started = time.monotonic()
        try:
            return self._fetch(order, started)
        except Exception as error:
            fault = faults.name(error)
            if fault is None:
                raise
            if self._was_closed_before(order, error, fault[0]):
                return self._again(order, started)
        return self._failed(order, started, *fault)

    def _again(self, order: Order, started: float) -> Answer:
        try:
            return self._fetch(order, started)
        except Exception as error:
            fault = faults.name(error)
            if fault is None:
                raise
        return self._failed(order, started, *fault)

    @staticmethod
    def _was_closed_before(order: Order, error: Exception, kind: FailureKind) -> bool:
        """Whether a kept-alive connection was closed while the request was on its way.

        That is nobody's failure, so the request is sent once more (RFC 9112, 9.3.1). So it is when
        what came is a leftover of the answer before, which was not there yet when that was read.
        """
        if order[1] not in _IDEMPOTENT or not getattr(under_way.connection, "is_reused", False):
            return False
        if isinstance(error, BadAnswer) and error.is_foreign:
            return True
        return not under_way.is_heard and kind in {FailureKind.INCOMPLETE, FailureKind.TLS}

    def _failed(self, order: Order, started: float, kind: FailureKind, message: str) -> Answer:
        return failure_answer(
            order,
            kind,
            message,
            failed_at=time.time(),
            elapsed_s=time.monotonic() - started,
            worker=self._pid,
        )

    def _fetch(self, order: Order, started: float) -> Answer:
        fetched_at = time.time()
        under_way.deadline = started + self._options.timeout_s
        under_way.connection = None
        waited.reset()
        under_way.idle_s, under_way.most_head = self._options.idle_timeout_s, self._options.max_headers
        _, method, url, extra, body, wants = order
        self._doorway.is_named = bool(wants & _PRIVATE)
        headers = self._headers(url, extra, method, body)
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = method, url, body or None
        prepared.headers = CaseInsensitiveDict(headers)
        for name in ("Accept-Encoding", "User-Agent"):  # urllib3's own, where they are missing
            prepared.headers.setdefault(name, SKIP_HEADER)
        prepared.hooks = {"response": []}
        timeout: Any = (
            self._quick if wants & _QUICK else self._timeout
        )  # urllib3's own, which saves making one a page
        self._send.is_seeds = bool(wants & _CERTIFICATE)
        answer: Any = self._send.send(prepared, stream=True, timeout=timeout).raw
        if not isinstance(answer, answers.Answer):
            answer = StandIn(answer)
        head = answer.head
        content_type = head.fields.get("content-type")
        try:
            content, is_cut, raw_body, start = self._read(answer, wants, content_type)
        except Exception as error:
            answer.close()
            if not _leads_on(head) or faults.name(error) is None:
                raise
            content, is_cut, raw_body, start = (
                None,
                False,
                None,
                b"",
            )  # nobody reads it: browsers have gone on by now
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
        elapsed_s = time.monotonic() - started
        media_type = sniff.media_type(
            content_type,
            start,
            is_nosniff=sniff.is_nosniff(head.fields.get("x-content-type-options")),
        )
        if sniff.is_unknown(content_type):
            content_type = media_type or None
        facts: Facts | None = None
        if wants & _UNPARSED:
            facts = Facts(title=None, link_count=0, is_partial=True)
        elif wants & _PARSED and not _leads_on(head):
            facts = read_facts(
                content or b"",  # an answer that was left unread may name links in its headers
                content_type,
                url,
                with_links=bool(wants & _LINKS),
                headers=head.pairs,
                max_links=self._options.max_links,
                is_near=bool(wants & _NEAR),
                token=self._options.token,
                at=fetched_at,
                x_robots_tag=self._options.x_robots_tag,
                meta_robots=self._options.meta_robots,
                rel_nofollow=self._options.rel_nofollow,
            )
        elif wants & _DIGEST and content and media_type in sniff.HTML_TYPES:
            facts = Facts(title=None, link_count=0, digest=digest_of(content))
        return response_answer(
            order,
            status=head.status,
            reason=head.reason,
            http_version=head.version,
            headers=head.pairs,
            request_headers=headers,
            remote_address=getattr(under_way.connection, "peer", ""),
            body=content or b"",
            is_cut=is_cut,
            is_body_read=content is not None,
            raw_body=raw_body,
            facts=facts,
            media_type=media_type,
            fetched_at=fetched_at,
            elapsed_s=elapsed_s,
            wait_s=waited.wait_s,
            received=waited.received,
            worker=self._pid,
        )

    def _headers(self, url: str, extra: Pairs, method: str, body: bytes) -> Pairs:
        """Everything that is sent, in its order, so that what is recorded is what was sent."""
        named = {name.lower() for name, _ in extra}
        headers = [
            ("Host", place(url).host),
            *(p for p in self._options.headers if p[0].lower() not in named),
        ]
        if "host" in named:
            del headers[0]
        headers.extend(extra)
        if (body or method in {"POST", "PUT", "PATCH"}) and "content-length" not in named:
            headers.append(("Content-Length", str(len(body))))
        return tuple(headers)

    def _read(self, answer: answers.Answer, wants: int, content_type: str | None) -> _Body:
        """Read the body, decoded, up to the cap; one that is not wanted is left where it is, or as it is.

        Where only HTML is wanted and there is no label, the first bytes decide (MIME Sniffing standard, 5.2).
        """
        cap, framing = self._options.max_body, answer.framing
        if wants & _LARGE:
            cap = max(cap, LARGEST)
        elif wants & _SMALL:
            cap = SMALLEST
        is_doubtful = bool(wants & _HTML_ONLY) and sniff.is_unknown(content_type)
        is_wanted = not wants & _HTML_ONLY or is_doubtful or is_html(content_type, b"")
        if not is_wanted and (framing.length is None or framing.length > _DRAINED):
            return _Body(None, is_cut=False, raw=None, start=b"")
        codings = (*framing.codings, *codings_of(answer.headers.get("content-encoding")))
        if _leads_on(answer.head) or (codings and not is_wanted):
            answer.pass_over(_DRAINED)
            return _Body(None, is_cut=False, raw=None, start=b"")
        if codings:
            decoding = Decoding(codings, cap, self._options.max_ratio)
            return self._decoded(answer, decoding, wants, is_doubtful=is_doubtful)
        body, size = io.BytesIO(), 0
        for piece in answer.pieces():
            body.write(piece)
            size += len(piece)
            if size > cap:
                body.truncate(cap)
                break
            if is_doubtful and size >= sniff.HEADER_BYTES:
                is_doubtful = False
                if not is_html(content_type, body.getvalue()):
                    return _Body(None, is_cut=False, raw=None, start=body.getvalue())
        content = body.getvalue()
        return _Body(content, is_cut=size > cap, raw=content if wants & _RAW else None, start=content)

    @staticmethod
    def _decoded(answer: answers.Answer, decoding: Decoding, wants: int, *, is_doubtful: bool) -> _Body:
        body, sent = io.BytesIO(), io.BytesIO()
        for piece in answer.pieces():
            if wants & _RAW:
                sent.write(piece)
            body.write(decoding.feed(piece))
            if decoding.is_over:
                break
            if is_doubtful and body.tell() >= sniff.HEADER_BYTES:
                is_doubtful = False
                if not is_html(answer.headers.get("content-type"), body.getvalue()):
                    return _Body(None, is_cut=False, raw=None, start=body.getvalue())
        if not (decoding.is_over or decoding.is_whole):
            if answer.framing.length is None and not answer.framing.is_chunked:
                raise broken("the connection ended inside the coded body")
            raise BadAnswer(FailureKind.DECODING, "the body ends inside its Content-Encoding")
        content = body.getvalue()
        raw = sent.getvalue() if wants & _RAW else None
        return _Body(content, is_cut=decoding.is_over, raw=raw, start=content)


def _leads_on(head: Head) -> bool:
    """Whether an answer is a redirect, whose body nobody needs."""
    return head.status in REDIRECTS and "location" in head.fields
