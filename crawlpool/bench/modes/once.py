"""One mode, run once, in a process of its own: `python -m crawlpool.bench.modes FOLDER`.

`task.json` in the folder says what to do, `done.json` what came of it. A process for each run,
so that none finds threads, connections or modules that another left behind, and so that
all of its CPU time can be counted. Loading the modules is not part of what is measured;
starting workers is, and what they load.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from . import MODES
from .guard import Guard
from .page import Fetch, Store

_MOST_FAULTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to run.

    Attributes:
        mode: Its name.
        urls: What to fetch.
        workers: How many.
        parse: "none", "callback" or "worker".
        agent: The User-Agent.
        guard: Folder of the slots; "" for no limit.
        per_host: Requests that one host gets at once, where there is a limit.
        start_method: How processes are started; "" for Python's own way.
    """

    mode: str
    urls: Sequence[str]
    workers: int
    parse: str
    agent: str
    guard: str = ""
    per_host: int = 0
    start_method: str = ""


def run(task: Task) -> dict[str, Any]:
    """Run it; what came of it as plain values, whatever happened."""
    if task.start_method:
        multiprocessing.set_start_method(task.start_method, force=True)
    fetch = Fetch(agent=task.agent, guard=Guard(task.guard, task.per_host), is_parsing=task.parse == "worker")
    store = Store(is_parsing=task.parse == "callback")
    mode = MODES[task.mode].function()
    if task.parse != "none":
        import_module("bs4")
    error = ""
    cpu_s = time.process_time()
    began = time.perf_counter()
    try:
        mode(task.urls, fetch, store, task.workers)
    except Exception as fault:  # noqa: BLE001  a mode that fails is a result as well
        error = f"{type(fault).__name__}: {fault}"[:300]
    wall_s = time.perf_counter() - began
    good = [answer for answer in store.answers if not answer.error]
    return {
        "wall_s": wall_s,
        "first_s": store.first_s - began if store.first_s else None,
        "cpu_before_s": cpu_s,
        "pages": len(good),
        "bytes": sum(answer.size for answer in good),
        "elapsed_s": median(answer.elapsed_s for answer in good) if good else None,
        "faults": dict(store.faults().most_common(_MOST_FAULTS)),
        "failed": len(task.urls) - len(good),
        "complaints": sum(answer.status in {429, 503} for answer in store.answers),
        "error": error,
    }


def write_task(folder: Path, task: Task) -> None:
    """Leave it for the process that runs it."""
    (folder / "task.json").write_text(json.dumps(asdict(task)), encoding="utf-8")


def main(words: Sequence[str]) -> None:
    """Run the task in a folder."""
    os.environ["NETRC"] = os.devnull  # no login that nobody asked for
    folder = Path(words[0])
    done = run(Task(**json.loads((folder / "task.json").read_text(encoding="utf-8"))))
    (folder / "done.json").write_text(json.dumps(done), encoding="utf-8")
