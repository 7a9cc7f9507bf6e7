"""Ctrl-C, SIGTERM and SIGHUP while a crawl runs: once to finish what is out, twice to stop at once.

Only the command installs signal handlers; the library has none. A handler runs in
the main thread between two steps of whatever that does, perhaps in the middle of
a write to standard error, so it only sets flags (`stop`) and writes by `os.write`.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_FIRST = "\nStopping: what is out is finished and kept. Once more stops at once.\n"
_SECOND = "\nStopping at once.\n"


class Interrupts:
    """What was asked by signals so far.

    Args:
        stop: Ends the crawl, gently or `now`.
        told: Called with what was written, for whoever draws on the same terminal; it may only note that.

    Attributes:
        code: The exit code for the first signal that came, 130 or 143; 0 while none did.
    """

    def __init__(self, stop: Callable[..., None], told: Callable[[str], object] = lambda text: None) -> None:  # noqa: ARG005  nobody
        self.code = 0
        self._stop = stop
        self._told = told
        self._count = 0

    def take(self, number: int, frame: FrameType | None = None) -> None:  # noqa: ARG002  the signal module passes a frame
        """Answer a signal: stop gently, then at once, then by an exception out of whatever hangs."""
        self._count += 1
        if self._count == 1:
            self.code = (
                130 if number == signal.SIGINT else 143
            )  # as shells count: 128 and the signal's number
            self._tell(_FIRST)
            self._stop()
        elif self._count == 2:
            self._tell(_SECOND)
            self._stop(now=True)
        else:  # the main thread does not come back to the crawl: a handler of the user's hangs
            raise KeyboardInterrupt

    def ask(self, *, now: bool = False) -> None:
        """Stop as for Ctrl-C, once or twice: a key was pressed for it."""
        if self._count == 0:
            self.take(signal.SIGINT)
        if now and self._count == 1:
            self.take(signal.SIGINT)

    def _tell(self, text: str) -> None:
        _write(text)
        self._told(text)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take signals inside the block; afterwards they mean what they meant before.

        A signal that was ignored stays ignored: that is what `nohup` asks for.
        """
        if threading.current_thread() is not threading.main_thread():  # Python allows handlers there only
            yield
            return
        before: dict[int, Any] = {}
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP, the others no SIGBREAK
            if number is not None and signal.getsignal(number) not in {signal.SIG_IGN, None}:
                before[number] = signal.signal(number, self.take)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _write(text: str) -> None:
    try:
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, text.encode())
    except (OSError, ValueError):  # nobody is there to be told: the terminal hung up
        return
