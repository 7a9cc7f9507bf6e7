"""One request that libcurl has under way: what it is told, and the answer that comes of it.

    begin, tell ─▶ libcurl sends the request, and brings what comes (`incoming.py`)
    answer      ◀─ one answer, whatever happened

An easy handle serves one request after the other; what was told of the origin is not told again.
"""

import time
from typing import Any, Final, Protocol

import pycurl

from ...model import FailureKind, Pairs
from ..heads import BadAnswer
from ..reading import UNREAD, Body, answer_of, leads_on
from ..wire import Answer, Order, TransportOptions, failure_answer
from .incoming import Fault, Incoming
from .lines import Dressed

BUFFER: Final = 256 * 1024
"""Bytes that libcurl reads at once."""

_SUPPRESS_CONNECT_HEADERS: Final = 265
"""CURLOPT_SUPPRESS_CONNECT_HEADERS, for which pycurl has no name."""

_HAVE_BODIES: Final = frozenset({"POST", "PUT", "PATCH"})

Named = tuple[FailureKind, str]


class Around(Protocol):
    """What a transfer asks of the transport that it is part of."""

    whole: list["Transfer"]

    def lain_s(self) -> float:
        """Seconds for which what came just now has lain here before it was looked at."""

    def caught(self, error: BaseException) -> None:
        """Keep what is meant for the whole process."""

    def fault_of(self, easy: Any, number: int, words: str) -> Named:
        """What libcurl's error is called."""

    def peer(self, easy: Any) -> str:
        """The far end."""


class Transfer(Incoming):
    """An easy handle, and the answer that comes in on it.

    Args:
        options: What the worker was told.
        around: The transport.
        pid: Of this process.

    Attributes:
        easy: libcurl's handle.
        order: What is asked.
        started: When it began, by `time.monotonic()`.
        start: What the URLs begin with that need nothing but their path told.
        extra: The header fields that need not be told again.
        is_again: It is the second try.
    """

    def __init__(self, options: TransportOptions, around: Around, pid: int) -> None:
        """Set what is the same for all requests."""
        self._options = options
        self._around = around
        self._pid = pid
        self._origin = self.start = ""
        self.extra: Pairs = ()
        self._lines_told: list[bytes] | None = None
        self.is_again = False
        self.easy: Any = pycurl.Curl()
        easy = self.easy
        easy.transfer = self
        easy.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        easy.setopt(pycurl.FOLLOWLOCATION, 0)
        easy.setopt(pycurl.HTTP_CONTENT_DECODING, 0)
        easy.setopt(pycurl.HTTP_TRANSFER_DECODING, 0)
        easy.setopt(pycurl.HTTP09_ALLOWED, 0)
        easy.setopt(pycurl.PATH_AS_IS, 1)
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.NETRC, pycurl.NETRC_IGNORED)
        easy.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
        easy.setopt(pycurl.BUFFERSIZE, BUFFER)
        easy.setopt(pycurl.TIMEOUT_MS, max(1, int(options.timeout_s * 1000)))
        easy.setopt(pycurl.HEADERFUNCTION, self._took_line)
        easy.setopt(pycurl.WRITEFUNCTION, self._took_piece)

    # The request

    def begin(self, order: Order) -> None:
        """Another request begins, and nothing has come of it yet."""
        self.order = order
        self.clear()
        self._lain_s = 0.0
        self.began_at = time.time()
        self.started = self.heard_at = time.monotonic()

    def tell(self, dressed: Dressed, origin: str, extra: Pairs) -> None:
        """Tell libcurl whom to ask, and with which header fields."""
        easy = self.easy
        if origin != self._origin:
            easy.setopt(pycurl.URL, f"{origin}/")
            self._origin = origin
        self._headers, lines = dressed
        if lines is not self._lines_told:
            easy.setopt(pycurl.HTTPHEADER, lines)
            self._lines_told = lines
        self.start, self.extra = f"{origin}/", extra

    def make_special(self, left_s: float | None = None) -> None:
        """Make of it a handle for this one order: not a GET, or a second try that has so much time left."""
        _, method, _, _, body, _ = self.order
        easy = self.easy
        if method == "HEAD" and not body:
            easy.setopt(pycurl.NOBODY, 1)
        elif method != "GET" or body:
            if body or method in _HAVE_BODIES:
                easy.setopt(pycurl.POSTFIELDS, body)
            easy.setopt(pycurl.CUSTOMREQUEST, method)
        if left_s is not None:
            self.is_again = True
            easy.setopt(pycurl.TIMEOUT_MS, max(1, int(left_s * 1000)))

    def use_new_connection(self) -> None:
        """Take no kept connection: libcurl would send the request once more when that was closed under it."""
        self.easy.setopt(pycurl.FRESH_CONNECT, 1)

    # What comes

    def begins(self) -> None:
        """Note for how long it has been here."""
        self._lain_s = self._around.lain_s()

    def caught(self, error: BaseException) -> None:
        """Let the transport raise it, out of libcurl's reach."""
        self._around.caught(error)

    def ended_well(self) -> None:
        """See to it that libcurl thinks so too."""
        self._around.whole.append(self)

    # The answer

    def ends(self) -> None:
        """Nothing more comes; it is read by and by."""
        self._ended_at = time.monotonic()

    @property
    def status(self) -> int:
        """The answer's, where there is one; else 0."""
        return 0 if self._head is None else self._head.status

    def answer(self, error: Fault | None) -> Answer:
        """What came of it: libcurl's error, or None where it has none."""
        elapsed_s = self._ended_at - self.started
        body: Body | None = None
        named: Named | None = None
        try:
            body = self.body(error)
        except BadAnswer as fault:
            named = fault.kind, fault.message
        if body is None and self._head is not None and self._error is None and leads_on(self._head):
            body = UNREAD  # nobody needs it: browsers have gone on by now
        if body is None:
            return self.failed(*(named or self._named(error)), elapsed_s)
        assert self._head is not None
        easy = self.easy
        sent_us = easy.getinfo(pycurl.PRETRANSFER_TIME_T)
        wait_s = (easy.getinfo(pycurl.STARTTRANSFER_TIME_T) - sent_us) / 1e6 - self._lain_s
        return answer_of(
            self.order,
            self._head,
            body,
            options=self._options,
            request_headers=self._headers,
            remote_address=self._around.peer(easy),
            # Connecting is no request yet: a delay counts from when the server was asked.
            fetched_at=self.began_at + sent_us / 1e6,
            elapsed_s=elapsed_s,
            wait_s=max(0.0, wait_s),
            received=self._received,
            worker=self._pid,
        )

    def failed(self, kind: FailureKind, message: str, elapsed_s: float | None = None) -> Answer:
        """The answer that says why there is none."""
        return failure_answer(
            self.order,
            kind,
            message,
            failed_at=time.time(),
            elapsed_s=time.monotonic() - self.started if elapsed_s is None else elapsed_s,
            worker=self._pid,
        )

    def _named(self, error: Fault | None) -> Named:
        if self._error is not None:
            return FailureKind.UNEXPECTED, f"{type(self._error).__name__}: {self._error}"[:500]
        if error is None:
            return FailureKind.INCOMPLETE, "the answer broke off"
        return self._around.fault_of(self.easy, *error)
