"""Start programs so that they see no proxy, find the package, and do not outlive their block."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

Stream: TypeAlias = int | IO[Any]

_GRACE_S = 10.0


def loopback_environment() -> dict[str, str]:
    """The environment without proxies and settings of crawls, and with the package where it is now, installed or not."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not (name.lower().endswith("_proxy") or name.startswith("CRAWLPOOL_"))
    }
    if sys.platform in {"darwin", "win32"}:  # where the system has settings of its own beside the environment
        kept["NO_PROXY"] = "127.0.0.1"
    home = str(Path(__file__).resolve().parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (home, kept.get("PYTHONPATH"))))
    return kept


@contextlib.contextmanager
def started(
    words: Sequence[str],
    *,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = subprocess.DEVNULL,
    stderr: Stream | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run Python with these words, in a process group of its own; what still runs behind the block is killed."""
    process = subprocess.Popen(  # noqa: S603  our own words
        [sys.executable, *words],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        env=loopback_environment(),
        start_new_session=True,
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                if os.name == "posix":
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        process.wait(_GRACE_S)
