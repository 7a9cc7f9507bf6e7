"""The command without a process of its own, for tests of what it does and not of how it starts or ends."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from crawlpool.cli import main


def command(
    words: Sequence[str], *, folder: Path, stdin: str = "", is_merged: bool = False
) -> subprocess.CompletedProcess[str]:
    """Do what `python -m crawlpool` does with these words, in this process: 0.4 s of CPU less.

    Args:
        folder: Where it runs.
        stdin: What it reads there.
        is_merged: What goes to standard error stands in `stdout` too, in the order it was written.

    Returns:
        What `subprocess.run` would; no stream is a terminal.
    """
    out = _stream()
    err = out if is_merged else _stream()
    before = sys.stdin
    sys.stdin = _stream(stdin.encode())
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    finally:
        sys.stdin = before
    return subprocess.CompletedProcess([*words], code, _text(out), "" if is_merged else _text(err))


def _stream(given: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(given), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()
