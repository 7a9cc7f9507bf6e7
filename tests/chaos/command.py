"""The real command in a session of its own: started, harmed, ended, and started again with the same words."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import processes

END_S = 2.0
"""How long anything of a crawl may live when its main process is gone."""

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Done:
    """How a run ended: its exit code (negative for a signal), and what it said on standard error."""

    code: int
    said: str

    @property
    def last_line(self) -> str:
        lines = self.said.strip().splitlines()
        return lines[-1] if lines else ""


class Run:
    """One run of a command."""

    def __init__(self, words: Sequence[str], folder: Path, said: Path, **options: Any) -> None:
        self._said = said
        self.began = time.monotonic()
        with said.open("wb") as file:
            options.setdefault("stdin", subprocess.DEVNULL)
            self.process = subprocess.Popen(words, cwd=folder, stderr=file, start_new_session=True, **options)
        self.pid = self.process.pid

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None

    def wait_for_commit(self, job: Path) -> None:
        """Wait until pages are done by the job's own account, and the crawl still goes on."""
        until = time.monotonic() + PATIENCE_S
        while not _pages_in(job):
            assert not self.is_over, f"over before there was a commit:\n{self.said}"
            assert time.monotonic() < until, self.said
            time.sleep(0.01)

    def signal(self, number: int, *, to_all: bool = False) -> None:
        """Send a signal to main, or to its whole group as a terminal does; one that has ended gets none."""
        if not self.is_over:
            os.killpg(self.pid, number) if to_all else os.kill(self.pid, number)

    def kill(self, *, to_all: bool = False) -> Done:
        """Kill main, and check that its workers end by themselves."""
        self.signal(signal.SIGKILL, to_all=to_all)
        return self.finish(5.0)

    def finish(self, within_s: float = PATIENCE_S, *, may_complain: bool = False) -> Done:
        """Wait for the end of main, and check that nothing of its session outlives it.

        Args:
            may_complain: Helpers of Python's own may show tracebacks, since they were killed as well.
        """
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {within_s} s:\n{self.said}") from None
        left = processes.wait_until_gone(self.pid, END_S)
        assert not left, f"{left} still run {END_S} s after main has ended with {code}:\n{self.said}"
        said = self.said
        # A worker that main was starting when it was killed may complain too.
        assert may_complain or code < 0 or "Traceback" not in said, said
        return Done(code, said)

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8", errors="replace")

    def pids(self, *roles: str) -> list[int]:
        """The processes that main has started and that live."""
        return [each.pid for each in processes.living(self.pid, *roles)]

    def close(self) -> None:
        """End whatever is left of it."""
        processes.end(self.pid)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def _pages_in(job: Path) -> int:
    if not job.exists():
        return 0
    with closing(sqlite3.connect(f"{job.as_uri()}?mode=ro", uri=True)) as db:
        try:
            return int(db.execute("SELECT count(*) FROM urls WHERE state = 'answered'").fetchone()[0])
        except sqlite3.OperationalError:  # it has no tables yet
            return 0


class Command:
    """A command line that can be run again and again in its folder.

    Args:
        folder: Where it runs.
        log_folder: Where what it says on standard error is kept.
        words: What stands behind `crawlpool`.
    """

    def __init__(self, folder: Path, log_folder: Path, words: Sequence[str]) -> None:
        self.folder = folder
        self._log_folder = log_folder
        self.words = list(words)
        self.runs: list[Run] = []

    def start(
        self, *more: str, program: Sequence[str] = (sys.executable, "-m", "crawlpool"), **options: Any
    ) -> Run:
        """Start it; `more` words are for this run alone."""
        said = self._log_folder / f"said-{len(self.runs)}.txt"
        run = Run([*program, *self.words, *more], self.folder, said, **options)
        self.runs.append(run)
        return run

    def run(self, *more: str, within_s: float = PATIENCE_S, **options: Any) -> Done:
        """Start it and wait for its end."""
        return self.start(*more, **options).finish(within_s)

    def kill_when(self, is_time: Callable[[Run], object], *, to_all: bool = False) -> Done:
        """Start it, wait until `is_time` comes back, and kill main."""
        run = self.start()
        is_time(run)
        return run.kill(to_all=to_all)

    def close(self) -> None:
        for run in self.runs:
            run.close()
