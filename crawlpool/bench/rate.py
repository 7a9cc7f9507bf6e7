"""Pages a second when every answer takes 100 ms, against what so many workers could do at best."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ..api import Crawler
from ..errors import ConfigError
from .pages import write_site
from .report import Plan, Report, cells, in_turn, values
from .serving import serving

LATENCY_S = 0.1
BACKENDS = ("process", "thread")


def rate(plan: Plan) -> Report:
    """Crawl a list of URLs with each backend in turn."""
    if plan.pages < 2 * plan.workers:
        raise ConfigError(
            f"{plan.pages} pages for {plan.workers} workers tell no rate; take two a worker or more"
        )
    runs = []
    faults = []
    ideal = plan.workers / LATENCY_S
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-") as name:
        site = write_site(Path(name), pages=plan.pages)
        with serving(Path(name), latency_s=LATENCY_S) as server:
            urls = [server.url + path for path in site.paths]
            for round_number in range(plan.rounds):
                for backend in in_turn(BACKENDS, round_number):
                    wall_s = _crawl(urls, backend, plan.workers)
                    faults += [f"{backend}: {fault}" for fault in site.faults(server.asked())]
                    pages_s = (plan.pages - plan.workers) / wall_s
                    runs.append(
                        {
                            "backend": backend,
                            "wall_s": wall_s,
                            "pages_s": pages_s,
                            "of_ideal": pages_s / ideal,
                        }
                    )
    return Report(
        title=f"rate: {plan.pages} URLs of one host, {LATENCY_S * 1000:.0f} ms latency, {plan.workers} workers, "
        f"{plan.rounds} rounds; ideal {ideal:.1f} pages/s",
        columns=("backend", "pages/s", "lowest", "highest", "of ideal"),
        rows=tuple(_row(backend, values(runs, "pages_s", backend=backend), ideal) for backend in BACKENDS),
        notes=(
            "From the first answer to the last. As many answers as there are workers are left out of the",
            "count, since the ideal has them all at the first instant.",
        ),
        faults=tuple(faults),
        runs=runs,
    )


def _row(backend: str, rates: Sequence[float], ideal: float) -> tuple[str, ...]:
    middle, lowest, highest = cells(rates, "{:.1f}".format)
    return backend, middle, lowest, highest, cells([each / ideal for each in rates], "{:.1%}".format)[0]


def _crawl(urls: Sequence[str], backend: str, workers: int) -> float:
    """Seconds from the first answer to the last."""
    crawler = Crawler(workers=workers, per_host=workers, robots=False, backend=backend)
    first = last = 0.0
    for _ in crawler.items(urls):
        last = time.perf_counter()
        first = first or last
    return last - first
