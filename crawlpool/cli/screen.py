"""The terminal: what may be written on it, and who writes when there is a bar.

The bar (`progress`) lives on the last line. Whoever else writes to the same
terminal, items on standard output, log lines, notices, does it through a
`Screen`, which takes the bar away first; the bar's next tick brings it back.
"""

import sys
from collections.abc import Callable
from threading import RLock
from typing import TextIO


def printable(text: str, *, lines: bool = False) -> str:
    r"""Make text from servers harmless on a terminal: control characters become \u001b and the like.

    Args:
        text: Anything.
        lines: Let line breaks and tabs stand, for tracebacks.
    """
    from ..stores.stdout import visible  # noqa: PLC0415  not needed to start

    return "\n".join(map(visible, text.expandtabs().split("\n"))) if lines else visible(text)


def complain(text: str) -> None:
    """Say on standard error why the command ends."""
    try:
        print(printable(f"crawlpool: {text}", lines=True), file=sys.stderr)
    except OSError:  # nobody reads standard error any more; the exit code still tells
        return


class Screen:
    """Standard error, shared by whole lines and by a bar below them.

    Args:
        stream: Where to write; None when it was closed by the caller.
        quiet: Drop notices (`say`); complaints and logs have their own way.
    """

    def __init__(self, stream: TextIO | None, *, quiet: bool = False) -> None:
        self.stream = stream
        self.quiet = quiet
        self.lock = RLock()  # log lines come from other threads too
        self.lift: Callable[[], None] | None = None
        """Takes the bar away, when there is one."""

    @property
    def is_terminal(self) -> bool:
        """Whether a person watches."""
        return self.stream is not None and self.stream.isatty()

    def say(self, line: str) -> None:
        """Write one line of ours, unless quiet."""
        if not self.quiet:
            self.write(printable(line) + "\n")

    def write(self, text: str) -> None:
        """Write above the bar; a screen that is gone is not an error of the crawl."""
        if self.stream is None:
            return
        with self.lock:
            if self.lift is not None:
                self.lift()
            try:
                self.stream.write(text)
                self.stream.flush()
            except (OSError, ValueError):  # ValueError: closed
                self.stream = None

    def flush(self) -> None:
        """Nothing waits; here so that a log handler can use a screen as its stream."""


class Above:
    """Standard output on a terminal that also shows the bar: takes the bar away before it writes.

    Everything else is the stream's own.
    """

    def __init__(self, stream: TextIO, screen: Screen) -> None:
        self._stream = stream
        self._screen = screen

    def write(self, text: str) -> int:
        """Write where the bar was; what the terminal has no letter for becomes a question mark."""
        with self._screen.lock:
            if self._screen.lift is not None:
                self._screen.lift()
            encoding = self._stream.encoding or "utf-8"  # a terminal of few letters must not end the crawl
            return self._stream.write(text.encode(encoding, "replace").decode(encoding))

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's own descriptor."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """The stream's own encoding."""
        return self._stream.encoding
