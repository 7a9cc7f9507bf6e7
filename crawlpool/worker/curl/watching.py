"""Which of many sockets can be read or written: epoll where there is one, else what Python finds.

libcurl lets go of a socket after each answer, and takes it up again with the next request. Telling
the kernel of both costs as much as a small page. So with epoll a socket that was let go of stays
where it is, until it has something to say that nobody asked for.
"""

import select
import selectors
from contextlib import suppress
from typing import Protocol

READ, WRITE = 1, 2


class Watch(Protocol):
    """Sockets that are watched."""

    def watch(self, fd: int, events: int) -> None:
        """Watch a socket for reading, writing or both, whatever was asked of it before."""

    def let_go(self, fd: int) -> None:
        """Watch it no longer; it may be closed already."""

    def wait(self, timeout_s: float) -> list[tuple[int, int]]:
        """The sockets that can be read or written by now, and which; waits until one can, this long at most."""

    def close(self) -> None:
        """Watch nothing any more."""


class Epoll:
    """By Linux's epoll."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._epoll = select.epoll()
        self._wanted: set[int] = set()
        self._most = 64

    def watch(self, fd: int, events: int) -> None:
        """Watch a socket; it may be one that was let go of, or another with its number."""
        mask = (select.EPOLLIN if events & READ else 0) | (select.EPOLLOUT if events & WRITE else 0)
        self._wanted.add(fd)
        try:
            self._epoll.modify(fd, mask)
        except FileNotFoundError:  # the kernel forgets a socket when it is closed
            self._epoll.register(fd, mask)

    def let_go(self, fd: int) -> None:
        """Want nothing more of it."""
        self._wanted.discard(fd)

    def wait(self, timeout_s: float) -> list[tuple[int, int]]:
        """The sockets that are ready."""
        found = []
        for fd, mask in self._epoll.poll(timeout_s, self._most):
            if fd not in self._wanted:
                with suppress(OSError):
                    self._epoll.unregister(fd)
                continue
            ready = READ if mask & ~select.EPOLLOUT else 0  # an error or the end shows itself by reading
            found.append((fd, ready | WRITE if mask & select.EPOLLOUT else ready))
        return found

    def close(self) -> None:
        """Give the descriptor back."""
        self._epoll.close()


class Selected:
    """By what the system has."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._selector = selectors.DefaultSelector()

    def watch(self, fd: int, events: int) -> None:
        """Watch a socket."""
        mask = (selectors.EVENT_READ if events & READ else 0) | (
            selectors.EVENT_WRITE if events & WRITE else 0
        )
        try:
            self._selector.modify(fd, mask)
        except KeyError:
            self._selector.register(fd, mask)

    def let_go(self, fd: int) -> None:
        """Forget it."""
        with suppress(KeyError, ValueError, OSError):
            self._selector.unregister(fd)

    def wait(self, timeout_s: float) -> list[tuple[int, int]]:
        """The sockets that are ready."""
        return [
            (
                key.fd,
                (READ if mask & selectors.EVENT_READ else 0) | (WRITE if mask & selectors.EVENT_WRITE else 0),
            )
            for key, mask in self._selector.select(timeout_s)
        ]

    def close(self) -> None:
        """Give its descriptors back."""
        self._selector.close()


def new_watch() -> Watch:
    """What this system watches best with."""
    return Epoll() if hasattr(select, "epoll") else Selected()
