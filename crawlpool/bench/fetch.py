"""CPU of one fetch: our transport, as a worker drives it, against plain `Session.get`, in one process."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import requests

from ..settings import Settings
from ..wiring import transport_options
from ..worker.requests_ import RequestsTransport
from ..worker.wire import Want
from .pages import write_site
from .report import Plan, Report, cells, in_turn, values
from .serving import serving

OURS, PLAIN = "crawlpool's transport", "Session.get"
NAMES = (OURS, PLAIN)


def fetch(plan: Plan) -> Report:
    """Fetch the same URLs in both ways, in turn."""
    runs = []
    faults = []
    transport = RequestsTransport(transport_options(Settings()))
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-") as name, requests.Session() as session:
        site = write_site(Path(name), pages=plan.pages)

        def ours(url: str) -> int:
            return len(transport.fetch((0, "GET", url, (), b"", int(Want.BODY | Want.PRIVATE)))[8])

        def theirs(url: str) -> int:
            return len(session.get(url, timeout=30).content)

        ways: dict[str, Callable[[str], int]] = {OURS: ours, PLAIN: theirs}
        sizes = set()
        with serving(Path(name)) as server:
            urls = [server.url + path for path in site.paths]
            for round_number in range(plan.rounds + 1):
                for way in in_turn(NAMES, round_number):
                    cpu_s, size = _fetched(urls, ways[way])
                    sizes.add(size)
                    faults += [f"{way}: {fault}" for fault in site.faults(server.asked())]
                    if round_number:  # the first opens connections and fills caches
                        runs.append({"way": way, "cpu_ms": cpu_s / len(urls) * 1000, "bytes": size})
            transport.close()
    if len(sizes) != 1:
        faults.append(f"the bodies differ: {sorted(sizes)} bytes in all")
    ratios = [
        theirs / ours
        for ours, theirs in zip(
            values(runs, "cpu_ms", way=OURS), values(runs, "cpu_ms", way=PLAIN), strict=True
        )
    ]
    middle, lowest, highest = cells(ratios, "{:.2f}".format)
    return Report(
        title=f"fetch: {plan.pages} URLs, {max(sizes) / plan.pages / 1000:.0f} kB each, one connection, "
        f"{plan.rounds} rounds",
        columns=("way", "CPU ms a fetch", "lowest", "highest"),
        rows=tuple((way, *cells(values(runs, "cpu_ms", way=way), "{:.3f}".format)) for way in NAMES),
        notes=(f"{PLAIN} costs {middle} times as much (median of paired rounds, {lowest} to {highest}).",),
        faults=tuple(faults),
        runs=runs,
    )


def _fetched(urls: Sequence[str], way: Callable[[str], int]) -> tuple[float, int]:
    """CPU seconds of this process for fetching all, and how many bytes they were."""
    began = time.process_time()
    size = sum(map(way, urls))
    return time.process_time() - began, size
