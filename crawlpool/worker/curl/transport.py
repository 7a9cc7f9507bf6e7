"""Fetch with libcurl's multi interface, through pycurl: many requests under way in one thread.

    start(order) ─▶ easy handle ─▶ multi ─▶ sockets, watched here
    wait(seconds) ◀─ answers of those that are finished

libcurl keeps the connections, the names' addresses and the TLS sessions, and finds where an
answer ends; heads, chunks and codings are read by ours (`incoming.py`), so that limits, words and
strictness are those of the other transport. Where a request may go is said by `routes.py`.
One hop a fetch: no cookies, redirects or logins of libcurl's own.

An order comes back as exactly one answer, whatever happens; `wait` raises nothing but what a
signal raises where the user's program runs in this thread.
"""

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import pycurl

from ...model import FailureKind
from ...urls import place
from ..addresses import Refused
from ..dress import IDEMPOTENT
from ..heads import BadAnswer
from ..waited import lain_of
from ..wire import Answer, Order, TransportOptions
from .incoming import Fault
from .lines import Lines
from .lookups import Name
from .nameless import Nameless
from .routes import LookingUp, Routes
from .transfer import Named, Transfer
from .watching import READ, WRITE, new_watch

_NAMELESS: Final = "the name was not looked up in time"
_READ_AT_ONCE: Final = 8
"""Answers that are read before the sockets are looked at again: some milliseconds."""

_EVENTS: Final = {pycurl.POLL_IN: READ, pycurl.POLL_OUT: WRITE, pycurl.POLL_INOUT: READ | WRITE}
_SELECTED: Final = {
    READ: pycurl.CSELECT_IN,
    WRITE: pycurl.CSELECT_OUT,
    READ | WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}
_FOREIGN: Final = frozenset({pycurl.E_UNSUPPORTED_PROTOCOL, 8})  # CURLE_WEIRD_SERVER_REPLY


class CurlTransport:
    """A multi handle and its easy handles; it serves one thread.

    Args:
        options: What the worker was told.

    Attributes:
        whole: Transfers whose answer came whole just now.
        off_wire: Told the id and the status (0 for no answer) of what needs its connection no more, before it is read.
    """

    def __init__(self, options: TransportOptions) -> None:
        """Open nothing yet."""
        self._options = options
        self._routes = Routes(options)
        self._pid = os.getpid()
        self._watch = new_watch()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._asked_to_watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._asked_to_wake)
        self._multi.setopt(pycurl.M_MAXCONNECTS, max(8, options.connections))
        self._due: float | None = None
        self._free: list[Transfer] = []
        self._under_way: dict[Transfer, None] = {}
        self._ready: list[Answer] = []
        self._unread: deque[tuple[Transfer, Fault | None]] = deque()  # off the wire; oldest first
        self._lines = Lines(options.headers)
        self._nameless = Nameless()
        self._bell = -1  # can be read when a name was looked up
        self._raised: BaseException | None = None
        self._fd = -1  # the socket that is looked at
        self._looked_at = self._looked_before = time.monotonic()
        self._idle_from: float | None = None
        self.whole: list[Transfer] = []
        self.off_wire: Callable[[int, int], None] | None = None
        self.peer = self._routes.peer

    # What an exchange calls

    def start(self, order: Order) -> None:
        """Begin to fetch one hop; where that cannot be, `wait` gives the failure."""
        self._start(order, 0.0)

    def _start(self, order: Order, until: float) -> None:
        """The same; `until` says for how long its name may still be looked up, 0.0 for as long as a request may take."""
        is_plain = _is_plain(order)
        transfer = self._free.pop() if is_plain and self._free else self._new()
        try:
            self._begin(transfer, order)
            if not is_plain:
                transfer.make_special()
                if order[1] not in IDEMPOTENT:
                    transfer.use_new_connection()
            self._multi.add_handle(transfer.easy)
        except LookingUp as waits:
            self._await_name(transfer, waits.name, until, is_plain=is_plain)
            return
        except Exception as error:  # noqa: BLE001
            # What it was told may be half of it.
            self._ready.append(transfer.failed(*_said_of(error)))
            transfer.easy.close()
            return
        self._under_way[transfer] = None

    def wait(self, timeout_s: float) -> list[Answer]:
        """What is finished by now; waits until something is, this long at most."""
        until = time.monotonic() + timeout_s
        while True:
            self._look(until)
            self._gather()
            answers = self._read()
            if self._raised is not None:
                raised, self._raised = self._raised, None
                self._ready.extend(answers)
                raise raised
            if answers or time.monotonic() >= until:
                return answers

    def close(self) -> None:
        """Drop what is under way, and close every connection."""
        for transfer in self._under_way:
            self._multi.remove_handle(transfer.easy)
            transfer.easy.close()
        for transfer in (*self._free, *(each for each, _ in self._unread)):
            transfer.easy.close()
        self._unread.clear()
        self._under_way.clear()
        self._free.clear()
        self._multi.close()
        self._watch.close()
        self._routes.close()

    # Names

    def _await_name(self, transfer: Transfer, name: Name, until: float, *, is_plain: bool) -> None:
        """Put an order aside until its name was looked up."""
        self._nameless.put(name, transfer.order, until or time.monotonic() + self._options.timeout_s)
        names = self._routes.names
        if names is not None and self._bell != names.fd:
            self._bell = names.fd
            self._watch.watch(self._bell, READ)
        if is_plain:
            self._free.append(transfer)
        else:
            transfer.easy.close()

    def _hear(self) -> None:
        """Begin what waited for a name."""
        for name in self._routes.names.hear() if self._routes.names else ():
            for order, until in self._nameless.take(name):
                self._start(order, until)

    def _give_names_up(self, now: float) -> None:
        """Answer what has waited too long for its name."""
        for order in self._nameless.late(now):
            transfer = self._new()
            transfer.begin(order)
            self._ready.append(transfer.failed(FailureKind.CONNECT_TIMEOUT, _NAMELESS))
            transfer.easy.close()

    # A request

    def _new(self) -> Transfer:
        return Transfer(self._options, self, self._pid)

    def _begin(self, transfer: Transfer, order: Order) -> None:
        transfer.begin(order)
        url, extra, start = order[2], order[3], transfer.start
        if start and extra == transfer.extra and url.startswith(start) and not order[4]:
            target = url[len(start) - 1 :]  # what it was told of the order before holds for this one
        else:
            where = place(url)
            transfer.tell(self._lines.of(order, where.host), where.origin, extra)
            target = where.path
        is_whole = self._routes.prepare(transfer.easy, order)
        transfer.easy.setopt(pycurl.REQUEST_TARGET, url if is_whole else target)

    # What happens

    def _look(self, until: float) -> None:
        """Wait for what the sockets bring, and let libcurl take it."""
        now = time.monotonic()
        patience = 0.0 if self._ready or self._unread else until - now
        if self._due is not None:
            patience = min(patience, self._due - now)
        if self._idle_from is not None and self._under_way:
            patience = min(patience, self._idle_from - now)
        if self._nameless.waiting:
            patience = min(patience, self._nameless.look_at - now)
        found = self._watch.wait(max(0.0, patience))
        self._looked_before, self._looked_at = self._looked_at, time.monotonic()
        for fd, ready in found:
            if fd == self._bell:
                self._hear()
                continue
            self._fd = fd
            self._multi.socket_action(fd, _SELECTED[ready])
        self._fd = -1
        now = time.monotonic()
        if self._nameless.waiting and now >= self._nameless.look_at:
            self._give_names_up(now)
        if self._due is not None and now >= self._due:
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        idle_s = self._options.idle_timeout_s
        if idle_s is not None and (self._idle_from is None or now >= self._idle_from):
            self._end_idle(idle_s)

    def _gather(self) -> None:
        """Take what is finished off the wire, so that others may begin; it is read after that."""
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            for easy in good:
                self._take(easy.transfer, None)
            for easy, number, words in bad:
                self._take(easy.transfer, (number, words))
        if self.whole:
            for transfer in self.whole:
                # By our reading it is whole, by libcurl's it is not: that connection is not used again.
                if transfer in self._under_way and transfer.is_over:
                    self._take(transfer, None)
            self.whole.clear()

    def _take(self, transfer: Transfer, error: Fault | None) -> None:
        """Let its connection go to another; or try it once more."""
        self._multi.remove_handle(transfer.easy)
        del self._under_way[transfer]
        if error is not None and error[0] in _FOREIGN and self._again(transfer):
            return
        transfer.ends()
        self._unread.append((transfer, error))
        if self.off_wire is not None:
            self.off_wire(transfer.order[0], transfer.status)

    def _read(self) -> list[Answer]:
        """Make answers of what came, a few at a time: the sockets are not to wait for all of it."""
        answers, self._ready = self._ready, []
        for _ in range(min(_READ_AT_ONCE, len(self._unread))):
            transfer, error = self._unread.popleft()
            try:
                answer = transfer.answer(error)
            except Exception as fault:  # noqa: BLE001
                answer = transfer.failed(*_said_of(fault))
            answers.append(answer)
            if transfer.is_again or not _is_plain(transfer.order):
                transfer.easy.close()
            else:
                self._free.append(transfer)
        return answers

    def _again(self, transfer: Transfer) -> bool:
        """Whether what came was a leftover of the answer before on a kept connection; then it is asked once more.

        It was not there yet when that answer was read, and is nobody's failure (RFC 9112, 9.3.1).
        """
        order = transfer.order
        if transfer.is_again or order[1] not in IDEMPOTENT or not transfer.is_foreign:
            return False
        if transfer.easy.getinfo(pycurl.NUM_CONNECTS) > 0:
            return False
        left_s = self._options.timeout_s - (time.monotonic() - transfer.started)
        second = self._new()
        try:
            self._begin(second, order)
            second.make_special(left_s)
            second.use_new_connection()
            self._multi.add_handle(second.easy)
        except Exception:  # noqa: BLE001  the first try's fault says more
            second.easy.close()
            return False
        second.started = transfer.started
        self._under_way[second] = None
        transfer.easy.close()
        return True

    def _end_idle(self, idle_s: float) -> None:
        """Give up what has been silent for so long, and say when to look next."""
        now = time.monotonic()
        next_at = now + idle_s
        for transfer in list(self._under_way):
            at = transfer.heard_at + idle_s
            if at <= now:
                if transfer.has_come_on():
                    transfer.heard_at = now
                    continue
                sent_s = transfer.easy.getinfo(pycurl.PRETRANSFER_TIME)
                if not sent_s:  # it is not connected yet, which has a limit of its own
                    transfer.heard_at = now
                    continue
                transfer.heard_at = max(transfer.heard_at, transfer.started + sent_s)
                at = transfer.heard_at + idle_s
            if at <= now:
                transfer.cut_off(BadAnswer(FailureKind.IDLE, f"nothing of the answer came for {idle_s:g} s"))
                self._take(transfer, None)
            else:
                next_at = min(next_at, at)
        self._idle_from = next_at

    # What a transfer asks

    def lain_s(self) -> float:
        """Seconds for which what came just now has lain in the kernel before we looked."""
        if self._fd < 0 or time.monotonic() - self._looked_before < 0.001:
            return 0.0
        return lain_of(self._fd)

    def caught(self, error: BaseException) -> None:
        """Raise it, out of libcurl's reach."""
        self._raised = error

    def fault_of(self, easy: Any, number: int, words: str) -> Named:
        """What libcurl's error is called."""
        return self._routes.fault_of(easy, number, words)

    # What libcurl asks

    def _asked_to_watch(self, event: int, fd: int, _multi: Any, _data: Any) -> None:
        if event == pycurl.POLL_REMOVE:
            self._watch.let_go(fd)
        else:
            self._watch.watch(fd, _EVENTS[event])

    def _asked_to_wake(self, timeout_ms: int) -> None:
        self._due = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000


def _is_plain(order: Order) -> bool:
    """Whether an order leaves its handle as the next one may have it."""
    return order[1] == "GET" and not order[4]


def _said_of(error: Exception) -> Named:
    """What an order comes to that could not even be begun, or whose answer could not be read."""
    if isinstance(error, Refused | BadAnswer):
        return error.kind, error.message
    if isinstance(error, UnicodeError):
        return FailureKind.INVALID_URL, f"not a URL that can be asked: {error}"[:500]
    return FailureKind.UNEXPECTED, f"{type(error).__name__}: {error}"[:500]
