"""Single keys from the terminal while a crawl runs, and the terminal as it was afterwards.

A terminal hands over lines and shows what is typed. `Keys` asks it for single keys,
unseen, for the length of a block; Ctrl-C and Ctrl-Z still are signals. It is given back
however the block is left, and for as long as the program is stopped by Ctrl-Z or runs
in the background, where the terminal is the shell's.

Ctrl-Z only leaves a note here: the terminal is given back, and the program stopped, by the
next `poll`, in the middle of nothing. A second Ctrl-Z does not wait for that.
"""

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self, TextIO

try:
    import termios
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

_MOST = 64


def is_in_front(descriptor: int) -> bool:
    """Whether a terminal is ours now, and not the shell's or another program's."""
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # not the terminal that we were started from: nobody takes turns there
        return True


class Keys:
    """Reads keys, as a context; where there is no terminal to read from, there are none.

    Args:
        stream: Standard input; None where that is closed, or is read for other things.
        on_stop: Called before the program is stopped by Ctrl-Z.
        on_return: Called when it goes on.
    """

    def __init__(
        self,
        stream: TextIO | None,
        *,
        on_stop: Callable[[], object] = lambda: None,
        on_return: Callable[[], object] = lambda: None,
    ) -> None:
        """Touch nothing yet."""
        self._descriptor = -1
        self._on_stop = on_stop
        self._on_return = on_return
        self._before: list[Any] | None = None  # the terminal's state; None while it is as we found it
        self._is_to_stop = False
        self._is_handling = False
        if stream is None:
            return
        with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor, or a closed one
            if stream.isatty():
                self._descriptor = stream.fileno()

    @property
    def are_there(self) -> bool:
        """Whether keys can be pressed."""
        return self._descriptor >= 0

    def __enter__(self) -> Self:
        """Ask for single keys."""
        if self.are_there and termios is not None:
            self._handle_stop()
            self._take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self._give_back()
        if self._is_handling:
            self._is_handling = False
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)

    def poll(self) -> str:
        """The key that was pressed since, "" for none; several at once are a text that was pasted, and no keys."""
        if not self.are_there:
            return ""
        if termios is None:
            return _windows_key()
        if self._is_to_stop:
            self._stop()
        if not is_in_front(self._descriptor):
            self._before = None  # the shell has brought it into its own state, and may not be disturbed
            return ""
        if self._before is None:
            self._take()
        try:
            if not select.select([self._descriptor], [], [], 0)[0]:
                return ""
            typed = os.read(self._descriptor, _MOST)
        except OSError:
            typed = b""
        if not typed:  # the terminal has hung up
            self._descriptor = -1
        return typed.decode("ascii", "replace") if len(typed) == 1 else ""

    # The terminal

    def _take(self) -> None:
        if not is_in_front(self._descriptor):
            return
        try:
            before = termios.tcgetattr(self._descriptor)
            asked = list(before)
            asked[3] &= ~(termios.ICANON | termios.ECHO)
            asked[6] = list(before[6])
            asked[6][termios.VMIN], asked[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._descriptor, termios.TCSANOW, asked)
        except (termios.error, OSError):
            self._descriptor = -1
            return
        self._before = before

    def _give_back(self) -> None:
        before, self._before = self._before, None
        if before is not None and is_in_front(self._descriptor):
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    # Ctrl-Z

    def _handle_stop(self) -> None:
        """Take the signal of Ctrl-Z, unless somebody else does or it is ignored."""
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
            signal.signal(signal.SIGTSTP, self._noted)
            self._is_handling = True

    def _noted(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  the signal module passes them
        if self._is_to_stop:  # nobody has polled since: something hangs
            self._stop()
        self._is_to_stop = True

    def _stop(self) -> None:
        self._is_to_stop = False
        self._on_stop()
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._noted)  # here we are again, in front or not
        if is_in_front(self._descriptor):
            self._take()
        self._on_return()


def _windows_key() -> str:
    """The same where the terminal is Windows' own."""
    if sys.platform != "win32":
        return ""
    import msvcrt  # noqa: PLC0415  only there

    return msvcrt.getwch() if msvcrt.kbhit() else ""
