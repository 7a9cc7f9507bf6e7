"""A clock for each thread: marks say which stage it is in, and what the thread costs is charged to that.

    loop ──┐          ┌── loop ──┐              ┌── loop
           └ frontier ┘          └ landing ┐ ┌──┘
                                           handler

A stage within another takes from it, so no time counts twice. Charged are seconds of the processor
(`time.thread_time`) and seconds that went by. The sums stand in a small file that is mapped into memory,
so they are there also when the process is killed.
"""

import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

STAGES: Final = (
    "starting",
    "waiting",
    "fetch",
    "crossing",
    "parse",
    "links",
    "frontier",
    "handler",
    "store",
    "settling",
    "loop",
)
"""In the order in which they are shown; see `seams.py` for what is in each."""

_NUMBER: Final = {name: number for number, name in enumerate(STAGES)}
_SUMS: Final = 2 * len(STAGES) + 1
_PACKED: Final = struct.Struct(f"{_SUMS}d")

_of_thread = threading.local()


class Clock:
    """What one thread did.

    Args:
        file: Where the sums go.
        base: The stage outside all marks.
    """

    def __init__(self, file: Path, base: str) -> None:
        """Begin in the base stage, with nothing charged."""
        with file.open("w+b") as made:
            made.truncate(_PACKED.size)
            self._home = mmap.mmap(made.fileno(), _PACKED.size)
        self._sums = [0.0] * _SUMS
        self._stack: list[int] = []
        self._now = _NUMBER[base]
        self._cpu_at, self._at = time.thread_time(), time.perf_counter()

    def charge(self, stage: str, cpu_s: float) -> None:
        """Charge what was spent before there was a clock."""
        self._sums[2 * _NUMBER[stage]] += cpu_s

    def enter(self, stage: int) -> None:
        """A stage begins."""
        self._turn()
        self._stack.append(self._now)
        self._now = stage

    def leave(self) -> None:
        """It is over, and the one around it goes on."""
        self._turn()
        self._now = self._stack.pop()

    def _turn(self) -> None:
        cpu_at, at = time.thread_time(), time.perf_counter()
        sums, place = self._sums, 2 * self._now
        sums[place] += cpu_at - self._cpu_at
        sums[place + 1] += at - self._at
        sums[-1] += 1
        self._cpu_at, self._at = cpu_at, at

    def write(self) -> None:
        """Bring the sums home, up to now."""
        self._turn()
        self._home[:] = _PACKED.pack(*self._sums)


class Clocks:
    """Makes the clock of each thread of this process, once it is asked for.

    Args:
        folder: Where they leave their sums.
        base: The stage of a thread outside all marks.
    """

    def __init__(self, folder: Path, base: str) -> None:
        """Make none yet."""
        self._folder = folder
        self._base = base
        self._made = 0
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def of_thread(self, *, role: str = "worker", base: str | None = None) -> Clock:
        """The clock of the thread that asks; what it is called is said when it first asks."""
        held: tuple[Clocks, Clock] | None = getattr(_of_thread, "held", None)
        if held is not None and held[0] is self:
            return held[1]
        with self._lock:
            self._made += 1
            file = self._folder / f"{role}-{self._pid}-{self._made}.clock"
        clock = Clock(file, base or self._base)
        _of_thread.held = self, clock
        return clock

    def marked(self, function: Function, stage: str, *, is_told: bool = False) -> Function:
        """A function around which a stage is marked; `is_told` brings the sums home after each call."""
        number, of_thread = _NUMBER[stage], self.of_thread

        @wraps(function)
        def marking(*words: Any, **named: Any) -> Any:
            clock = of_thread()
            clock.enter(number)
            try:
                return function(*words, **named)
            finally:
                clock.leave()
                if is_told:
                    clock.write()

        return marking  # type: ignore[return-value]  # it is called as the other is


def read_clock(file: Path) -> tuple[dict[str, float], dict[str, float], int]:
    """CPU seconds and seconds by stage, and how many marks there were, as a thread left them."""
    *sums, marks = _PACKED.unpack(file.read_bytes())
    return (
        {name: sums[2 * number] for name, number in _NUMBER.items()},
        {name: sums[2 * number + 1] for name, number in _NUMBER.items()},
        int(marks),
    )


def mark_s(folder: Path, *, times: int = 5000) -> float:
    """What one mark costs here, in seconds: the stage that is marked is charged with some of it."""
    clock = Clock(folder / "none", STAGES[0])
    began = time.thread_time()
    for _ in range(times):
        clock.enter(0)
        clock.leave()
    return (time.thread_time() - began) / times
