"""A terminal for tests: a real one of the kernel's, and what a person would see on it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Sequence

PATIENCE_S = 30.0
_STEP = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])|([\r\n\b])|([^\x1b\r\n\b]+)|(\x1b.)", re.DOTALL)


class Screen:
    """Follows what is sent to a terminal, as far as crawlpool and rich go: moves, erasing, text; colours are dropped."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.row = self.column = 0
        self.lines = [""] * rows
        self.is_cursor_shown = True
        self.gone: list[str] = []
        """What was scrolled off the top."""

    def feed(self, text: str) -> None:
        for code, letter, control, plain, other in _STEP.findall(text):
            assert not other, f"an escape that no terminal need know: {other!r}"
            if control:
                self._control(control)
            elif plain:
                self._write(plain)
            else:
                self._escape(letter, code)

    def _control(self, control: str) -> None:
        if control == "\r":
            self.column = 0
        elif control == "\n":
            self._down()

    def _down(self) -> None:
        if self.row == self.rows - 1:
            self.gone.append(self.lines.pop(0))
            self.lines.append("")
        else:
            self.row += 1

    def _write(self, text: str) -> None:
        for one in text:
            assert one.isprintable() or one == "\x07", f"{one!r} was sent to a terminal"
            if self.column >= self.columns:
                self.column = 0
                self._down()
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + one + line[self.column + 1 :]
            self.column += 1

    def _escape(self, letter: str, code: str) -> None:
        many = int(code or 1) if code.isdecimal() or not code else 1
        if letter == "A":
            self.row = max(0, self.row - many)
        elif letter == "K":
            assert code == "2"
            self.lines[self.row] = ""
        elif letter == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            self.lines[self.row + 1 :] = [""] * (self.rows - self.row - 1)
        elif letter in "hl":
            if code == "25":
                self.is_cursor_shown = letter == "h"
        else:
            assert letter == "m", f"escape {code}{letter}"

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in (*self.gone, *self.lines)).rstrip()


class Terminal:
    """A program on a terminal of its own, with a person at the keys."""

    def __init__(
        self, words: Sequence[str], *, rows: int = 24, columns: int = 80, cwd: str | None = None
    ) -> None:
        self.screen = Screen(rows, columns)
        self.sent = ""
        ready, go = os.pipe()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.close(go)
            os.read(ready, 1)  # the size is set first
            os.environ["TERM"] = "xterm"
            for name in ("COLUMNS", "LINES", "NO_COLOR"):
                os.environ.pop(name, None)
            if cwd is not None:
                os.chdir(cwd)
            # With our environment, not C's: there readline, once loaded, has put 80 COLUMNS.
            os.execvpe(words[0], list(words), os.environ)
        os.close(ready)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = self.state()
        os.close(go)
        self._code: int | None = None

    def state(self) -> list[object]:
        """How the terminal is set, in comparable parts."""
        found = termios.tcgetattr(self._master)
        return [*found[:4], list(found[6])]

    @property
    def gives_lines(self) -> bool:
        """Whether it hands over lines and shows what is typed, as a shell's user expects."""
        flags = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ICANON) and bool(flags & termios.ECHO)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def read(self, for_s: float = 0.1) -> bool:
        """Take what comes in a while; False when the program has closed the terminal."""
        until = time.monotonic() + for_s
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                break
            try:
                got = os.read(self._master, 65536).decode("utf-8", "replace")
            except OSError:
                return False
            if not got:
                return False
            self.sent += got
            self.screen.feed(got)
        return True

    def wait(self, is_there: Callable[[], object], what: str) -> None:
        """Read until something is true of the screen."""
        until = time.monotonic() + PATIENCE_S
        while not is_there():
            is_open = self.read()
            assert is_there() or (is_open and time.monotonic() < until), (
                f"{what} did not come; the screen:\n{self.screen.text}"
            )

    def see(self, text: str) -> None:
        self.wait(lambda: text in self.screen.text, repr(text))

    def end(self) -> int:
        """Wait for the program; its exit code."""
        until = time.monotonic() + PATIENCE_S
        while self.read() and time.monotonic() < until:
            pass
        _, status = os.waitpid(self.pid, 0)
        self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def close(self) -> None:
        if self._code is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        os.close(self._master)
