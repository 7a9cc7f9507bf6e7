"""End a call that takes too long, in the thread that makes it.

    main thread, POSIX    a timer of the system ─▶ SIGALRM ─▶ CutOff is raised in the call
    other threads,        a watching thread ─▶ CutOff is raised between two bytecodes
    Windows

The signal interrupts `time.sleep`, waits for locks and sockets, and regular expressions;
the watching thread cannot: what waits in C is cut when it comes back. Neither ends a
call into C that looks at no signals and does not come back, such as the parse of one
page by lexbor or lxml; what bounds those is that bodies are cut at `max_body`, and tags
and depth before the parse (`parse/bound.py`).

A call may be cut off inside one that may be: the parse of a page in a handler. Whichever
time is up first counts.

`CutOff` is no `Exception`, so that `except Exception` in the call does not swallow it.
A call that swallows it even so is cut again, and again; one that ends then has failed
all the same. None is raised after `cut_off_after` has come back.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")

_MOST_AGAIN_S: Final = 1.0
_LEAST_AGAIN_S: Final = 0.05
"""Between two cuts; what the call still closes in its `finally` has this long."""

_SPARED_S: Final = 0.01
_MOST_SPARED: Final = 100
_WEAK: Final = frozenset({"weakref", "_weakrefset"})


class CutOff(BaseException):
    """The call took longer than it may."""


class _Cutter(Protocol):
    """Raises `CutOff` in this thread between `arm` and `disarm`."""

    has_struck: bool

    def arm(self) -> None: ...

    def disarm(self) -> None: ...


def cut_off_after(limit_s: float, call: Callable[[], T], *, kind: type[CutOff] = CutOff) -> T:
    """Make a call that may take so many seconds and no more; what it gives.

    An alarm of somebody else's that falls due meanwhile comes right after.

    Args:
        limit_s: Seconds.
        call: What is called.
        kind: What is raised, for a caller who means to catch its own and nobody else's.

    Raises:
        CutOff: It took longer; the traceback leads to where it was.
    """
    cutter = _cutter(limit_s, kind)
    # The watching thread may strike anywhere between `arm` and `disarm`, also in the lines
    # here. Two strikes are far apart, so whatever the first one breaks off, the other line
    # that disarms is whole.
    try:
        try:
            cutter.arm()
            given = call()
        finally:
            cutter.disarm()
    except CutOff as cut:
        cutter.disarm()
        if type(cut) is kind and cutter.has_struck:  # else the call that this one is in was cut off
            cut.args = (_words(limit_s),)
        raise
    except Exception as error:
        if cutter.has_struck:
            raise kind(_words(limit_s)) from error
        raise
    if cutter.has_struck:
        raise kind(_words(limit_s))
    return given


def _words(limit_s: float) -> str:
    return f"took longer than {limit_s:g} s and was cut off"


def _cutter(limit_s: float, kind: type[CutOff]) -> _Cutter:
    is_main = threading.current_thread() is threading.main_thread()
    # A handler that C code installed cannot be put back from here.
    if is_main and os.name == "posix" and signal.getsignal(signal.SIGALRM) is not None:
        return _Alarm(limit_s, kind)
    return _Watch(limit_s, kind)


def _again_s(limit_s: float) -> float:
    return min(max(limit_s, _LEAST_AGAIN_S), _MOST_AGAIN_S)


class _Alarm:
    """A timer of the system, whose signal Python handles in the main thread."""

    def __init__(self, limit_s: float, kind: type[CutOff]) -> None:
        self._limit_s = limit_s
        self._kind = kind
        self._is_armed = False
        self._handler: Any = None
        self._timer = (0.0, 0.0)
        self._armed_at = 0.0
        self._spared = 0
        self.has_struck = False

    def arm(self) -> None:
        """Start, on top of whoever uses the timer now; not when that is one of us and comes first."""
        now = signal.getsignal(signal.SIGALRM)
        if isinstance(getattr(now, "__self__", None), _Alarm):
            left_s = signal.getitimer(signal.ITIMER_REAL)[0]
            if 0 < left_s <= self._limit_s:
                return
        self._handler = signal.signal(signal.SIGALRM, self._strike)
        self._is_armed = True
        self._armed_at = time.monotonic()
        self._timer = signal.setitimer(signal.ITIMER_REAL, self._limit_s, _again_s(self._limit_s))

    def disarm(self) -> None:
        """Stop, and give the timer back with what is left on it."""
        if not self._is_armed:
            return
        self._is_armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler)  # looks after a signal that has just come, first
        left_s, interval_s = self._timer
        if left_s:
            passed_s = time.monotonic() - self._armed_at
            signal.setitimer(signal.ITIMER_REAL, max(left_s - passed_s, 1e-6), interval_s)

    def _strike(self, _number: int, frame: FrameType | None) -> None:
        is_ours = frame is not None and frame.f_code in {_Alarm.arm.__code__, _Alarm.disarm.__code__}
        if not self._is_armed or is_ours:  # the call has not begun, or is over
            return
        if self._spared < _MOST_SPARED and _is_lost_at(frame):
            self._spared += 1
            signal.setitimer(signal.ITIMER_REAL, _SPARED_S, _again_s(self._limit_s))
            return
        self.has_struck = True
        raise self._kind


def _is_lost_at(frame: FrameType | None) -> bool:
    """Whether Python would only complain of what is raised here: in the end of an object, or the callback of a weak reference."""
    while frame is not None and frame.f_code is not cut_off_after.__code__:
        if frame.f_code.co_name == "__del__" or frame.f_globals.get("__name__") in _WEAK:
            return True
        frame = frame.f_back
    return False


class _Watch:
    """A thread that watches the time, and raises in the one that made it."""

    def __init__(self, limit_s: float, kind: type[CutOff]) -> None:
        import ctypes  # noqa: PLC0415  not quick to load, and rarely needed

        self._kind = kind
        self._ctypes = ctypes
        self._limit_s = limit_s
        self._thread_id = threading.get_ident()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.has_struck = False

    def arm(self) -> None:
        threading.Thread(target=self._watch, name="crawlpool-cutoff", daemon=True).start()

    def disarm(self) -> None:
        """Stop, and take back what was raised and has not arrived."""
        with self._lock:
            self._over.set()
            if self.has_struck:
                self._raise(None)

    def _watch(self) -> None:
        wait_s = self._limit_s
        while not self._over.wait(wait_s):
            with self._lock:
                if self._over.is_set():
                    return
                self.has_struck = True
                self._raise(self._kind)
            wait_s = _again_s(self._limit_s)

    def _raise(self, kind: type[BaseException] | None) -> None:
        """Raise it in the thread that called, or, with None, take back what was not raised there yet."""
        what = None if kind is None else self._ctypes.py_object(kind)
        self._ctypes.pythonapi.PyThreadState_SetAsyncExc(self._ctypes.c_ulong(self._thread_id), what)
