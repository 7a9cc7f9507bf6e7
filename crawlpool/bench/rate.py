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
WAYS = ("process", "thread")
WAYS_OF_MANY = ("process, curl", "thread, curl", "process, requests", "thread, requests")


def rate(plan: Plan) -> Report:
    """Crawl a list of URLs with each way in turn: each backend, or with many connections each way to have them."""
    in_flight = plan.workers * plan.connections
    if plan.pages < 2 * in_flight:
        raise ConfigError(
            f"{plan.pages} pages for {in_flight} requests at once tell no rate; take two for each or more"
        )
    ways = WAYS if plan.connections == 1 else WAYS_OF_MANY
    runs = []
    faults = []
    ideal = in_flight / LATENCY_S
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-") as name:
        site = write_site(Path(name), pages=plan.pages)
        with serving(Path(name), latency_s=LATENCY_S) as server:
            urls = [server.url + path for path in site.paths]
            for round_number in range(plan.rounds):
                for way in in_turn(ways, round_number):
                    wall_s = _crawl(urls, way, plan)
                    faults += [f"{way}: {fault}" for fault in site.faults(server.asked())]
                    pages_s = (plan.pages - in_flight) / wall_s
                    runs.append(
                        {"backend": way, "wall_s": wall_s, "pages_s": pages_s, "of_ideal": pages_s / ideal}
                    )
    at_once = f"{plan.workers} workers"
    if plan.connections > 1:
        at_once += f" of {plan.connections} connections"
    return Report(
        title=f"rate: {plan.pages} URLs of one host, {LATENCY_S * 1000:.0f} ms latency, {at_once}, "
        f"{plan.rounds} rounds; ideal {ideal:.1f} pages/s",
        columns=("backend", "pages/s", "lowest", "highest", "of ideal"),
        rows=tuple(_row(way, values(runs, "pages_s", backend=way), ideal) for way in ways),
        notes=(
            "From the first answer to the last. As many answers as there are requests at once are left out of the",
            "count, since the ideal has them all at the first instant.",
        ),
        faults=tuple(faults),
        runs=runs,
    )


def _row(way: str, rates: Sequence[float], ideal: float) -> tuple[str, ...]:
    middle, lowest, highest = cells(rates, "{:.1f}".format)
    return way, middle, lowest, highest, cells([each / ideal for each in rates], "{:.1%}".format)[0]


def _crawl(urls: Sequence[str], way: str, plan: Plan) -> float:
    """Seconds from the first answer to the last."""
    backend, _, transport = way.partition(", ")
    crawler = Crawler(
        workers=plan.workers,
        connections=plan.connections,
        per_host=plan.workers * plan.connections,
        robots=False,
        backend=backend,
        transport=transport or "requests",
    )
    first = last = 0.0
    for _ in crawler.items(urls):
        last = time.perf_counter()
        first = first or last
    return last - first
