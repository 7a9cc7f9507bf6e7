"""The usual transport, with replies in the place of connections.

All that is done with an answer is done here as well: codings, caps, types, facts. What no
reply can have is left out: the far end's address, and bytes before they were decoded where
a recording holds them decoded.
"""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from ..model import FailureKind
from ..worker import faults
from ..worker.answers import Answer as WireAnswer
from ..worker.dress import dressed
from ..worker.framing import Framing, broken
from ..worker.heads import BadAnswer, Head, fields_of
from ..worker.requests_ import RequestsTransport
from ..worker.waited import waited
from ..worker.wire import Answer, Order, TransportOptions
from .replies import Asked, Reply

_NO_BODY = frozenset({204, 304})


class ReplyTransport(RequestsTransport):
    """Answers from replies; it serves one thread.

    Args:
        options: What a worker is told.
        reply_to: Gives the reply to a request; called on the worker's thread.
    """

    def __init__(self, options: TransportOptions, reply_to: Callable[[Asked], Reply]) -> None:
        """Open nothing."""
        super().__init__(options)
        self._reply_to = reply_to
        self._reply = Reply()
        self._send = self

    def fetch(self, order: Order) -> Answer:
        """Answer one request; how long it would have taken is added to the time that it took."""
        _, method, url, extra, body, _ = order
        headers = dressed(self._options.headers, url, extra, method, body)
        self._reply = reply = self._reply_to(Asked(method=method, url=url, headers=headers, body=body))
        patience_s, late = self._patience()
        started = time.monotonic() - (reply.seconds if reply.is_decoded else min(reply.seconds, patience_s))
        is_late = reply.seconds > patience_s and not reply.is_decoded  # a recorded one did come
        if is_late and reply.kind in {None, FailureKind.TIMEOUT}:
            return self._failed(order, started, *late)
        try:
            return self._fetch(order, started)
        except Exception as error:
            fault = faults.name(error)
            if fault is None:
                raise
        return self._failed(order, started, *fault)

    def _patience(self) -> tuple[float, tuple[FailureKind, str]]:
        """How many seconds of silence are borne, and what they come to."""
        options = self._options
        if (
            options.idle_timeout_s is not None
            and options.idle_timeout_s < options.timeout_s
            and self._reply.kind is None
        ):
            words = f"nothing of the answer came for {options.idle_timeout_s:g} s"
            return options.idle_timeout_s, (FailureKind.IDLE, words)
        return options.timeout_s, (FailureKind.TIMEOUT, "the answer was not whole in time")

    def send(self, request: Any, **_how: Any) -> Any:
        """What the adapter does: the answer to a prepared request, its body still to come."""
        reply = self._reply
        if reply.kind is not None:
            raise BadAnswer(reply.kind, reply.message)
        return SimpleNamespace(raw=Canned(reply, request.method))


class Canned(WireAnswer):
    """A reply as an answer that comes in.

    Args:
        reply: The reply.
        method: Of the request: HEAD gets no body.
    """

    def __init__(self, reply: Reply, method: str) -> None:
        """Take the head."""
        super().__init__(None, method=method)
        self._body = b"" if method == "HEAD" or reply.status in _NO_BODY else reply.body
        self._reply = reply
        self.status = reply.status
        self.head = Head(
            reply.status, reply.reason, "HTTP/1.1", reply.headers, fields_of(reply.headers), True
        )
        self.framing = Framing(False, len(self._body), (), True)
        waited.took(len(self._body))

    @property
    def headers(self) -> dict[str, str]:
        """What says how the body is coded: nothing, where it is not any more."""
        if not self._reply.is_decoded:
            return self.head.fields
        return {name: value for name, value in self.head.fields.items() if name != "content-encoding"}

    def pieces(self) -> Iterator[bytes]:
        """The body, as far as it comes."""
        after = self._reply.breaks_after
        if after is not None:
            yield self._body[:after]
            raise broken(f"the connection ended after {after:,} of {len(self._body):,} bytes")
        yield self._body
        if self._reply.is_cut:
            yield b"\0"  # one byte beyond the cap at which it was cut
        self.is_whole = True
