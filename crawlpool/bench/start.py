"""How long until something is there: the import, and the first record of the command."""

import subprocess
import tempfile
import time
from pathlib import Path

from ..errors import CrawlpoolError
from .pages import write_site
from .programs import started
from .report import Plan, Report, cells, in_turn, values
from .serving import serving

IMPORT = "import crawlpool"
FIRST = {f"first record, {backend}": backend for backend in ("process", "thread")}
NAMES = (IMPORT, *FIRST)

_TIMED_IMPORT = """
import time
began = time.perf_counter()
import crawlpool
print(time.perf_counter() - began)
"""


def start(plan: Plan) -> Report:
    """Start each in turn; the first round warms the machine and does not count."""
    runs = []
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-") as name:
        folder = Path(name)
        write_site(folder, pages=plan.pages)
        with serving(folder) as server:
            for round_number in range(plan.rounds + 1):
                for what in in_turn(NAMES, round_number):
                    seconds = (
                        _import()
                        if what == IMPORT
                        else _first_record(f"{server.url}/", FIRST[what], plan.workers)
                    )
                    if round_number:
                        runs.append({"what": what, "seconds": seconds})
    return Report(
        title=f"start: seconds, {plan.rounds} rounds after one that does not count",
        columns=("what", "median", "lowest", "highest"),
        rows=tuple((what, *cells(values(runs, "seconds", what=what), "{:.3f}".format)) for what in NAMES),
        notes=(
            "A first record is timed from the start of `crawlpool URL --follow -q` to the first line on its",
            "standard output, Python's own start included.",
        ),
        runs=runs,
    )


def _import() -> float:
    with started(["-c", _TIMED_IMPORT], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        return float(process.stdout.read())


def _first_record(url: str, backend: str, workers: int) -> float:
    words = ["-m", "crawlpool", url, "--follow", "-q", "--backend", backend, "--workers", str(workers)]
    began = time.perf_counter()
    with started(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
        process.stdout.read()  # to the end, so that it does not disturb what is measured next
        process.wait()
    if not line.startswith("{"):
        raise CrawlpoolError(f"no record came from {' '.join(words)}; what it said stands above")
    return seconds
