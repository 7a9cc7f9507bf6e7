"""The processes of one crawl as the kernel lists them: all of its session, whoever their parent is by now."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process, at the moment of looking; `role` is main, worker, fork server or tracker."""

    pid: int
    role: str
    state: str

    @property
    def is_zombie(self) -> bool:
        return self.state == "Z"


def session(main: int) -> list[Process]:
    """Every process of the session that a process leads, zombies included."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, parent, _, leader, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(leader) == main:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
                pid = int(entry.name)
                found.append(Process(pid, _role(pid, int(parent), words, main), state))
    return found


def _role(pid: int, parent: int, words: str, main: int) -> str:
    if pid == main:
        return "main"
    if "resource_tracker" in words:
        return "tracker"
    # A worker has the command line of the fork server that made it, but never main as its parent.
    return "fork server" if "multiprocessing.forkserver" in words and parent == main else "worker"


def living(main: int, *roles: str) -> list[Process]:
    """Those of a session that run; all but main when no role is named."""
    return [
        each
        for each in session(main)
        if not each.is_zombie and (each.role in roles if roles else each.role != "main")
    ]


def wait_until_stopped(main: int, within_s: float) -> None:
    """Wait until main has sent itself a SIGSTOP, so that one can look at it in peace."""
    until = time.monotonic() + within_s
    while not any(each.role == "main" and each.state == "T" for each in session(main)):
        assert time.monotonic() < until, f"{main} has not come to where it stops: {session(main)}"
        time.sleep(0.01)


def wait_until_gone(main: int, within_s: float) -> list[Process]:
    """Wait until nothing of a session runs; what does when the time is over."""
    until = time.monotonic() + within_s
    while left := [each for each in session(main) if not each.is_zombie]:
        if time.monotonic() > until:
            return left
        time.sleep(0.01)
    return []


def end(main: int) -> None:
    """Kill whatever a session has left."""
    for each in session(main):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each.pid, signal.SIGKILL)


def ports_of(pid: int) -> set[int]:
    """The local ports of the TCP connections that a process has open."""
    inodes = set()
    with contextlib.suppress(OSError):
        for descriptor in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                kind, _, inode = str(descriptor.readlink()).partition(":")
                if kind == "socket":
                    inodes.add(inode.strip("[]"))
    ports = set()
    for _ in range(2):  # the kernel's table may skip a row while others come and go
        lines = [line.split() for line in (PROC / "net/tcp").read_text().splitlines()[1:]]
        ports |= {int(fields[1].rpartition(":")[2], 16) for fields in lines if fields[9] in inodes}
    return ports


def holder_of(port: int, main: int) -> int | None:
    """The process of a session that has a connection from this local port."""
    return next((each.pid for each in living(main) if port in ports_of(each.pid)), None)


def kill(pid: int) -> set[int]:
    """Kill a process; the ports of the connections that it had in its last moment."""
    ports: set[int] = set()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)  # what is looked at now does not change any more
        ports = ports_of(pid)
        os.kill(pid, signal.SIGKILL)
    return ports
