"""`parse_in="process"`, in the worker: what stands where a fetching worker has its transport.

An order of this crew has a page as its body, packed; the answer has what its handler gave as
its last part, and is otherwise empty. So lanes, blame and replacement are those of any crew.
"""

import os
import pickle
import time
from dataclasses import dataclass

from ..model import Response
from ..worker.wire import Answer, Order, TransportOptions, Want
from .beside import WORKERS_LOST
from .made import Handled
from .travel import Unloaded, given, loaded, refused

_UNPARSED = int(Want.UNPARSED)


@dataclass(frozen=True, slots=True)
class Apart:
    """What a parse worker is told, once: the handlers, packed."""

    pack: bytes

    is_hurried = True
    """No host is asked for anything here, so none asks for a rest."""

    def transport(self, options: TransportOptions) -> "_Parsing":  # noqa: ARG002  they are about fetching
        """What works orders off."""
        return _Parsing(self.pack)


class _Parsing:
    """Calls handlers on pages that come as orders."""

    def __init__(self, pack: bytes) -> None:
        self._maker = loaded(pack)
        self._pid = os.getpid()

    def fetch(self, order: Order) -> Answer:
        """Call the handler of one page."""
        began = time.monotonic()
        made = self._made(order)
        seconds = time.monotonic() - began
        head = (order[0], True, 200, "", "", (), (), "", b"", 0, False, True, None, None)
        return (*head, 0.0, seconds, self._pid, "", 0.0, 0, given(made))

    def _made(self, order: Order) -> Handled:
        if order[5] & _UNPARSED:
            return refused(WORKERS_LOST)
        if isinstance(self._maker, Unloaded):
            return self._maker.handled
        try:
            page: Response = pickle.loads(order[4])  # noqa: S301  of our own main process
        except Exception as error:  # noqa: BLE001  what the user's data raises
            return refused(
                f"its request could not be loaded in a worker, for what it carries as data: {error}"
            )
        try:
            return self._maker.make(page) or Handled()
        except BaseException as error:  # noqa: BLE001  SystemExit too: here it would end no program, and lose the page
            return refused(
                f"{type(error).__name__}: {error} (a handler cannot end the program from a worker)"
            )

    def close(self) -> None:
        """Nothing is open."""
