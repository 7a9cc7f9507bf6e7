"""`parse_in="worker"`: handlers run right after the fetch, where the body is.

main thread                          worker
order, and the page's request  ──▶   transport.fetch ─▶ answer with its body
                                     handler(page)   ─▶ items, requests
answer with what the handler   ◀──   the body only if main wants it
gave, as its last part

The wrappers here stand around a transport, so a worker that dies or hangs in a handler has the
page's order under way, and the page is blamed as for anything else. With many connections one
handler runs at a time, and between two of them the transport moves on.
"""

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from ..model import Request, Response
from ..worker.exchange import Transport
from ..worker.exchanges import OffWire, Resident
from ..worker.wire import Answer, Order, Want, outcome_of
from .made import Handled, Maker, is_final
from .travel import Unloaded, given, loaded, refused, request_of

WORKERS_LOST = "the handler was not called again: the workers that called it for this page died or hung"
"""What becomes of a page that a worker died or hung with, so often that it is blamed."""

_SLICE_S = 0.005
"""Seconds of handlers in a row before the transport moves on."""

_UNPARSED = int(Want.UNPARSED)
_BODY, _RAW = 8, 12
"""Where an answer has the body, and the body before content decoding."""


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What a worker is told of handlers, once; it goes along with its options.

    Attributes:
        maker: For a thread of this process: what calls them.
        pack: For another process: the same, packed.
        keeps_bodies: Whether the main process wants the bodies as well.
    """

    maker: Maker | None = None
    pack: bytes = b""
    keeps_bodies: bool = False

    def around(self, transport: Transport) -> Transport:
        """A transport whose answers are handled."""
        return _Fetching(transport, self._handling())

    def around_many(self, resident: Resident) -> Resident:
        """The same for one with many connections."""
        return _FetchingMany(resident, self._handling())

    def _handling(self) -> "_Handling":
        if self.maker is not None:
            return _Handling(self.maker, keeps_bodies=self.keeps_bodies, is_here=True)
        return _Handling(loaded(self.pack), keeps_bodies=self.keeps_bodies, is_here=False)


class _Handling:
    """Turns answers that are for handlers into such that were handled."""

    def __init__(self, maker: Maker | Unloaded, *, keeps_bodies: bool, is_here: bool) -> None:
        self._maker = maker
        self._keeps_bodies = keeps_bodies
        self._is_here = is_here

    def handled(self, answer: Answer, request: Any, wants: int) -> Answer:
        """Call the handler on an answer that stands for sure; the others stay as they are."""
        if not answer[1]:
            return answer
        if isinstance(request, bytes):
            request = request_of(request)
        if not isinstance(request, Request):  # why it could not come along
            return self._with(answer, refused(str(request)))
        response = outcome_of(answer, request)
        assert isinstance(response, Response)
        if not is_final(response):
            return answer
        if wants & _UNPARSED:
            # The main process would die of it as well, and the crawl with it.
            return self._with(answer, refused(WORKERS_LOST))
        if isinstance(self._maker, Unloaded):
            return self._with(answer, self._maker.handled)
        try:
            made = self._maker.make(response)
        except BaseException as error:  # noqa: BLE001  SystemExit too: here it would end no program, and lose the page
            made = refused(
                f"{type(error).__name__}: {error} (a handler cannot end the program from a worker)"
            )
        return answer if made is None else self._with(answer, made)

    def _with(self, answer: Answer, made: Handled) -> Answer:
        crossing: Any = made if self._is_here else given(made)
        if self._keeps_bodies:
            return (*answer, crossing)
        return (*answer[:_BODY], b"", *answer[_BODY + 1 : _RAW], None, *answer[_RAW + 1 :], crossing)


class _Fetching:
    """A transport, and what handles its answers."""

    def __init__(self, transport: Transport, handling: _Handling) -> None:
        self._transport = transport
        self._handling = handling

    def fetch(self, order: Order) -> Answer:
        """Fetch one hop, and handle it."""
        if len(order) == 6:
            return self._transport.fetch(order)
        parts: Any = order
        answer = self._transport.fetch(parts[:6])
        return self._handling.handled(answer, parts[6], parts[5])

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()


class _FetchingMany:
    """The same with many connections."""

    def __init__(self, resident: Resident, handling: _Handling) -> None:
        self._resident = resident
        self._handling = handling
        self._asked: dict[int, tuple[Any, int]] = {}
        self._arrived: deque[Answer] = deque()  # with their bodies, until it is their turn

    @property
    def off_wire(self) -> OffWire | None:
        """Told what needs its connection no more, before its page is read and handled."""
        return self._resident.off_wire

    @off_wire.setter
    def off_wire(self, told: OffWire | None) -> None:
        self._resident.off_wire = told

    def start(self, order: Order) -> None:
        """Begin to fetch one hop."""
        if len(order) == 6:
            self._resident.start(order)
            return
        parts: Any = order
        self._asked[parts[0]] = parts[6], parts[5]
        self._resident.start(parts[:6])

    def wait(self, timeout_s: float) -> list[Answer]:
        """What is finished and handled by now; one at least, if any has arrived."""
        arrived = self._arrived
        arrived.extend(self._resident.wait(0.0 if arrived else timeout_s))
        answers: list[Answer] = []
        until = time.monotonic() + _SLICE_S
        while arrived:
            answer = arrived.popleft()
            asked = self._asked.pop(answer[0], None)
            answers.append(answer if asked is None else self._handling.handled(answer, *asked))
            if time.monotonic() > until:
                break
        return answers

    def close(self) -> None:
        """Drop what is under way, and close every connection."""
        self._asked.clear()
        self._arrived.clear()
        self._resident.close()
