"""Fetch with `requests`, the default transport: one session a worker, one hop a fetch.

`Session.get` costs 2.5 times what the connection under it does: it merges
settings, reads the environment and prepares a request anew for each page. Here
the session is made once, and a page costs one prepared request, handed to the
session's adapter (`connections.py`). The answer is a class of ours (`answers.py`),
read as a stream (`reading.py`), against the deadline (`sockets.py`) and the cap.
"""

import os
import time
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.util import SKIP_HEADER, Timeout

from ..model import FailureKind
from ..polite.silent import QUICK_SHARE
from . import answers, faults
from .addresses import Doorway
from .connections import Adapter
from .dress import IDEMPOTENT, dressed
from .heads import BadAnswer
from .proxies import Proxies
from .reading import UNREAD, answer_of, body_of, leads_on
from .standin import StandIn
from .tls import Contexts
from .underway import under_way
from .waited import waited
from .wire import Answer, Order, TransportOptions, Want, failure_answer

# Plain numbers: an operation on an IntFlag costs a microsecond, and there are several a page.
_PRIVATE, _CERTIFICATE, _QUICK = int(Want.PRIVATE), int(Want.CERTIFICATE), int(Want.QUICK)


class RequestsTransport:
    """One `requests` session and what it was told; it serves one thread."""

    def __init__(self, options: TransportOptions) -> None:
        """Read the environment; open no connection yet."""
        self._options = options
        self._session = requests.Session()
        self._session.trust_env = False
        self._doorway = Doorway(private=options.private, resolve=options.resolve)
        adapter = Adapter(
            Contexts(insecure=options.insecure, ca_file=options.ca_file, client_certs=options.client_certs),
            Proxies(options.proxy).of,
            self._doorway,
            options.kept,
        )
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._send: Any = adapter
        self._timeout = Timeout(connect=options.connect_timeout_s, read=options.timeout_s)
        self._quick = Timeout(connect=options.connect_timeout_s * QUICK_SHARE, read=options.timeout_s)
        self._pid = os.getpid()

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

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
        if order[1] not in IDEMPOTENT or not getattr(under_way.connection, "is_reused", False):
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
        under_way.deadline = started + self._options.timeout_s
        under_way.connection = None
        waited.reset()
        under_way.idle_s, under_way.most_head = self._options.idle_timeout_s, self._options.max_headers
        _, method, url, extra, sent, wants = order
        self._doorway.is_named = bool(wants & _PRIVATE)
        headers = dressed(self._options.headers, url, extra, method, sent)
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = method, url, sent or None
        prepared.headers = CaseInsensitiveDict(headers)
        for name in ("Accept-Encoding", "User-Agent"):  # urllib3's own, where they are missing
            prepared.headers.setdefault(name, SKIP_HEADER)
        prepared.hooks = {"response": []}
        # urllib3's own, which saves making one a page
        timeout: Any = self._quick if wants & _QUICK else self._timeout
        self._send.is_seeds = bool(wants & _CERTIFICATE)
        answer: Any = self._send.send(prepared, stream=True, timeout=timeout).raw
        if not isinstance(answer, answers.Answer):
            answer = StandIn(answer)
        head = answer.head
        try:
            body = body_of(answer, wants, self._options)
        except Exception as error:
            answer.close()
            if not leads_on(head) or faults.name(error) is None:
                raise
            body = UNREAD  # nobody needs it: browsers have gone on by now
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
        now = time.monotonic()
        return answer_of(
            order,
            head,
            body,
            options=self._options,
            request_headers=headers,
            remote_address=getattr(under_way.connection, "peer", ""),
            # Looking its name up and connecting is no request yet: a delay counts from when the server was asked.
            fetched_at=time.time() - (now - waited.sent_at),
            elapsed_s=now - started,
            wait_s=waited.wait_s,
            received=waited.received,
            worker=self._pid,
        )
