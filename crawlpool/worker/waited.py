"""How long a server took to begin its answer, and how many bytes it sent.

What this machine was busy for is no server's doing: the time in which our thread was
ready to run and had no processor is taken off. Linux counts that for each thread
(`/proc/thread-self/schedstat`, the second number, in nanoseconds); the file is opened once
a thread, and read again at any time in 3 µs. It does not count a thread that waits for the
interpreter's lock while another computes, so the kernel is asked as well for how long the
answer has been here (`TCP_INFO`, 1 µs). Elsewhere nothing is known of either.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

_LAST_DATA: Final = slice(52, 56)
"""`tcpi_last_data_recv` in Linux's `struct tcp_info`: milliseconds since bytes came last."""


class _File:
    """The counter of one thread; it is closed with its thread, or when a forked process opens its own."""

    __slots__ = ("number", "pid")

    def __init__(self) -> None:
        self.pid = os.getpid()
        try:
            self.number = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.number = -1

    def __del__(self, close: Callable[[int], None] = os.close) -> None:  # when Python ends, `os` is gone
        if self.number >= 0:
            close(self.number)


class _Waited(threading.local):
    """What the request of this thread waits for.

    Attributes:
        wait_s: Seconds from its last byte to the first of its answer, less those without a processor.
        received: Bytes of its answer that came.
        sent_at: When it was sent, by `time.monotonic()`; when it began, until it is.
    """

    wait_s = 0.0
    received = 0
    sent_at = 0.0
    _held_up_s = 0.0
    _is_waiting = False
    _file: _File | None = None

    def reset(self) -> None:
        """Another request begins."""
        self.wait_s, self.received, self._is_waiting = 0.0, 0, False
        self.sent_at = time.monotonic()

    def sent(self) -> None:
        """It is on its way, whole."""
        self._is_waiting = True
        self.received = 0
        self._held_up_s = self.held_up_s()
        self.sent_at = time.monotonic()

    def took(self, size: int, sock: socket.socket | None = None) -> None:
        """So many bytes came, from there."""
        self.received += size
        if self._is_waiting:
            self._is_waiting = False
            held_up_s = max(self.held_up_s() - self._held_up_s, _lain_s(sock))
            self.wait_s = max(0.0, time.monotonic() - self.sent_at - held_up_s)

    def held_up_s(self) -> float:
        """Seconds that this thread was ready to run, and did not, since it began."""
        file = self._file
        if file is None or file.pid != os.getpid():
            file = self._file = _File()
        if file.number < 0:
            return 0.0
        try:
            return int(os.pread(file.number, 64, 0).split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0


def _lain_s(sock: socket.socket | None) -> float:
    """Seconds that what came last has lain in the kernel, never more than its first byte has; 0.0 when nobody knows."""
    if sock is None or sys.platform != "linux":
        return 0.0
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA.stop)
    except OSError:
        return 0.0
    return int.from_bytes(told[_LAST_DATA], sys.byteorder) / 1e3


def lain_of(fd: int) -> float:
    """The same of a descriptor that others own."""
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
    except OSError:
        return 0.0
    try:
        return _lain_s(sock)
    finally:
        sock.detach()


waited = _Waited()
