"""What a program costs: user and system time of all its processes, however they are related.

`RUSAGE_CHILDREN` knows only the children that were waited for. Workers that come
from a fork server are not among them: when the program ends, they are nobody's.
So a process of its own declares itself their reaper (Linux, `prctl(2)`), starts
the program, and waits for everything that is left to it:

    measure(words)          python -m crawlpool.bench.usage WORD ...
                            ├── the program                   waited for
                            │   └── fork server ─ workers     left to the reaper, waited for
        Usage  ◀──────────  one line of JSON

When the lifeline, its standard input, breaks, it kills its whole process group.

Memory, where it is asked for, is the sum over the processes of the group of what each
takes of it (PSS: a page that n processes share counts for an n-th in each), looked at
a few times a second; looking costs CPU of the reaper, which is not counted.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import ConfigError, CrawlpoolError
from .programs import started

_PR_SET_CHILD_SUBREAPER = 36
_MOST_SAID = 400
_FIRST_LOOK_S, _LOOK_S = 0.03, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one run of a program took.

    Attributes:
        cpu_s: Seconds of user and system time, all processes.
        wall_s: Seconds from its start to the end of its first process.
        exit_code: Of its first process; negative for a signal.
        said: The end of what it wrote to standard error.
        memory: The most bytes that all its processes took at once; None where that was not looked at.
    """

    cpu_s: float
    wall_s: float
    exit_code: int
    said: str = ""
    memory: int | None = None


def measure(
    words: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
    program: str = sys.executable,
    with_memory: bool = False,
) -> Usage:
    """Run Python, or another program, with these words, to its end and that of all its processes.

    Args:
        words: Behind the program's name, such as "-m", "crawlpool".
        folder: Where it runs.
        timeout_s: After this all of it is killed.
        program: What is run.
        with_memory: Look at what memory it takes as well.

    Raises:
        ConfigError: This system cannot do it.
        CrawlpoolError: It did not end in time.
    """
    if sys.platform != "linux":
        raise ConfigError(
            "the CPU time of all processes of a program can be measured on Linux only (it takes prctl); "
            "rate, fetch and start run here as well"
        )
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", errors="replace") as err,
    ):
        reaper = ["-m", "crawlpool.bench.usage", "memory" if with_memory else "-", program, *words]
        with started(reaper, stdin=subprocess.PIPE, stdout=out, stderr=err, cwd=folder) as process:
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise CrawlpoolError(
                    f"{_named(words, program)} did not end within {timeout_s:.0f} s"
                ) from None
        out.seek(0)
        err.seek(0)
        text, said = out.read(), err.read().strip()[-_MOST_SAID:]
    if not text:
        raise CrawlpoolError(f"{_named(words, program)} could not be measured: {said}")
    return Usage(**{**json.loads(text), "said": said})


def _named(words: Sequence[str], program: str) -> str:
    return " ".join(words) if program == sys.executable else " ".join((Path(program).name, *words))


def main(words: Sequence[str]) -> None:
    """Be the reaper of a program, and print its usage when all is over."""
    looks, *command = words
    _become_reaper()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    watch = _Memory()
    if looks == "memory":
        threading.Thread(target=watch.look_on, daemon=True).start()
    began = time.perf_counter()
    program = subprocess.Popen(  # noqa: S603  our own words
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    cpu_s = wall_s = 0.0
    exit_code = 0
    while True:
        try:
            pid, status, used = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu_s += used.ru_utime + used.ru_stime  # its own, and of those that it waited for
        if pid == program.pid:
            wall_s = time.perf_counter() - began
            exit_code = program.returncode = os.waitstatus_to_exitcode(status)
    usage = Usage(cpu_s=cpu_s, wall_s=wall_s, exit_code=exit_code, memory=watch.most or None)
    print(json.dumps(asdict(usage)))  # noqa: T201  the parent reads it


class _Memory:
    """The most that the other processes of our session took at once, as far as it was seen.

    Attributes:
        most: Bytes.
    """

    def __init__(self) -> None:
        self.most = 0
        self._session = os.getsid(0)
        self._others: dict[int, bool] = {}  # by pid: whether it is one of ours

    def look_on(self) -> None:
        """Look again and again, until the process ends."""
        wait_s = _FIRST_LOOK_S  # some programs are soon over
        while True:
            self.most = max(self.most, self._now())
            time.sleep(wait_s)
            wait_s = min(_LOOK_S, wait_s * 1.5)

    def _now(self) -> int:
        pids = {int(name) for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208  names only
        self._others = {pid: is_ours for pid, is_ours in self._others.items() if pid in pids}
        return sum(_taken(pid) for pid in pids if self._is_ours(pid))

    def _is_ours(self, pid: int) -> bool:
        if pid not in self._others:
            try:
                self._others[pid] = pid != os.getpid() and os.getsid(pid) == self._session
            except OSError:  # it has ended
                return False
        return self._others[pid]


def _taken(pid: int) -> int:
    """Bytes of memory that a process takes, its part of what is shared; 0 for one that is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    fields: Mapping[str, str] = dict(line.partition(":")[::2] for line in text.splitlines()[1:])
    return int(fields.get("Pss", "0 kB").split()[0]) * 1024


def _become_reaper() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _end_with_parent() -> None:
    """Wait for the end of standard input; past its buffer, whose lock would be in the way at exit."""
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
