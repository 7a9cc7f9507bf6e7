"""Bursts of work with little to do between them: what few workers, many, and an elastic crew make of it."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..fetchpool import FetchPool
from .pages import write_site
from .report import Plan, Report, cells, in_turn, values
from .serving import serving

LATENCY_S = 0.1
BURSTS = 3
LEAST = 2
TRICKLE = 100
"""Pages that are fetched one after the other behind each burst: some ten seconds, in which a lane is idle for long
enough to be closed."""

_BYTES = 6000


def elastic(plan: Plan) -> Report:
    """Fetch the same bursts with `LEAST` workers, with all, and with from `LEAST` to all."""
    if plan.workers <= LEAST or plan.pages < BURSTS * plan.workers:
        raise ConfigError(
            f"{plan.pages} pages for {plan.workers} workers tell nothing; take more than {LEAST} workers and "
            f"{BURSTS} pages a worker or more"
        )
    crews = (str(LEAST), str(plan.workers), f"{LEAST}..{plan.workers}")
    runs = []
    faults = []
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-") as name:
        count = plan.pages // BURSTS * BURSTS + BURSTS * TRICKLE
        site = write_site(Path(name), pages=count, mean_bytes=_BYTES)
        with serving(Path(name), latency_s=LATENCY_S) as server:
            urls = [server.url + path for path in site.paths]
            for round_number in range(plan.rounds):
                for crew in in_turn(crews, round_number):
                    runs.append(_fetch(urls, crew, plan))
                    faults += [f"{crew}: {fault}" for fault in site.faults(server.asked())]
    return Report(
        title=f"elastic: {BURSTS} bursts of {plan.pages // BURSTS} URLs of one host, {LATENCY_S * 1000:.0f} ms latency, "
        f"{TRICKLE} URLs one by one after each, {plan.rounds} rounds",
        columns=("workers", "pages/s in bursts", "lowest", "highest", "worker-seconds"),
        rows=tuple(_row(crew, runs) for crew in crews),
        notes=(
            "Worker-seconds are the seconds that workers existed, added up, over bursts and what lies between.",
        ),
        faults=tuple(faults),
        runs=runs,
    )


def _row(crew: str, runs: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    rates = cells(values(runs, "pages_s", workers=crew), "{:.1f}".format)
    return crew, *rates, cells(values(runs, "workers_s", workers=crew), "{:.0f}".format)[0]


def _fetch(urls: Sequence[str], crew: str, plan: Plan) -> dict[str, Any]:
    """The figures of one run."""
    coming: Iterator[str] = iter(urls)
    burst_s = 0.0
    size = plan.pages // BURSTS
    with FetchPool(workers=crew, per_host=plan.workers, robots=False) as pool:
        for _ in range(BURSTS):
            began = time.perf_counter()
            pool.map(islice(coming, size))
            burst_s += time.perf_counter() - began
            for url in islice(coming, TRICKLE):
                pool.submit(url).get()
        stats = pool.stats
    return {
        "workers": crew,
        "pages_s": BURSTS * size / burst_s,
        "workers_s": stats.workers_s,
        "most": stats.most_workers,
    }
