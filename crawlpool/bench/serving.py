"""A folder on 127.0.0.1, served by a process of its own, so that its CPU is not the crawler's.

    serving(folder)              python -m crawlpool.bench.serving FOLDER LATENCY
        url         ◀──────────  its first line
        asked()     ──────────▶  an empty line
                    ◀──────────  how often each path was asked since the last time, as JSON

The server ends when its standard input does, and so also when we are killed.
"""

import contextlib
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import CrawlpoolError
from ..serve import Served, serve
from .programs import started


class Server:
    """The other end of the process that serves.

    Attributes:
        url: Such as "http://127.0.0.1:8000", without a slash at the end.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = self._line()

    def asked(self) -> Counter[str]:
        """How often each path was asked since this was last called."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Counter(json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise CrawlpoolError("the server of the generated site has ended; what it said stands above")
        return line.rstrip("\n")


@contextlib.contextmanager
def serving(folder: Path, *, latency_s: float = 0.0) -> Iterator[Server]:
    """Serve a folder on a free port for the length of the block; every answer waits `latency_s`."""
    words = ["-m", "crawlpool.bench.serving", str(folder), str(latency_s)]
    with started(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Server(process)


def main(words: Sequence[str]) -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder, latency_s = words
    paths: list[str] = []

    def note(line: Served) -> None:
        paths.append(line.path)

    with serve(folder, latency_s=float(latency_s), on_served=note, most_logged=1) as server:
        print(server.url, flush=True)  # noqa: T201  the parent reads it
        while sys.stdin.readline():
            count = len(paths)  # the server's thread may add to the list, and does nothing else with it
            answer = Counter(paths[:count])
            del paths[:count]
            print(json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
