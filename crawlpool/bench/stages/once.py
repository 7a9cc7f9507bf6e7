"""One crawl with marks, in a process of its own: `python -m crawlpool.bench.stages.once FOLDER WORD ...`.

The words are those of `crawlpool crawl`. `done.json` in the folder says what came of it, the clocks
beside it what each thread did.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from runpy import run_module
from typing import Any

from ... import engine
from .watcher import Watcher, watched_options

DONE = "done.json"


def main(words: Sequence[str]) -> None:
    """Crawl; leaves with the exit code of the crawl."""
    folder, *crawl = words
    watcher = Watcher(folder)
    clock = watcher.watch_main()
    parts: Any = engine
    parts.transport_options = watched_options(parts.transport_options, watcher)
    known: dict[str, Any] = {"pages": 0, "elapsed_s": 0.0, "workers": 0}
    leave = engine.Engine.__exit__

    def leaving(self: engine.Engine, *why: Any) -> None:
        stats = self.crawl.stats
        known.update(pages=stats.pages, elapsed_s=stats.elapsed_s(), workers=stats.most_workers)
        leave(self, *why)

    parts.Engine.__exit__ = leaving
    sys.argv = ["crawlpool", "crawl", *crawl]
    try:
        run_module(
            "crawlpool", run_name="__main__"
        )  # as `python -m crawlpool` does: the command stands above us
    finally:
        clock.write()
        known["main_cpu_s"] = time.process_time()
        known["helpers_cpu_s"] = sum(_children(folder))
        (Path(folder) / DONE).write_text(json.dumps(known), encoding="utf-8")


def _children(folder: str) -> Iterator[float]:
    """CPU seconds of each child that is no worker, such as a fork server: what it took itself, not for its own children."""
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    clocked = {file.name.split("-")[1] for file in Path(folder).glob("*.clock")}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold anything; behind it: state, parent, ...
            fields = file.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[1]) == os.getpid() and file.parent.name not in clocked:
            yield (int(fields[11]) + int(fields[12])) * tick_s


if __name__ == "__main__":
    main(sys.argv[1:])
