"""What the gate costs, from a thousand hosts on: decisions in virtual time, no sockets."""

import gc
import tracemalloc
from typing import Any

from ..errors import ConfigError
from ..polite.gate import Gate
from .report import Plan, Report
from .simulation import PER_HOST, Crawling, world

SIZES = (1_000, 10_000, 100_000)
LEAST = 100


def pace(plan: Plan) -> Report:
    """Crawl worlds of several sizes, up to the one that was asked for."""
    if plan.hosts < LEAST:
        raise ConfigError(f"{plan.hosts} hosts are too few to tell; take {LEAST} or more")
    sizes = [size for size in SIZES if size < plan.hosts] + [plan.hosts]
    runs = [_crawl(size, plan.workers) for size in sizes]
    first = runs[0]["decision_us"]
    return Report(
        title=f"pace: the gate alone, {plan.workers} slots, {PER_HOST} at once a host and an address",
        columns=(
            "hosts",
            "requests",
            "µs a decision",
            "of first",
            "decisions/s",
            "bytes a host",
            "longest wait s",
            "makespan s",
            "of bound",
        ),
        rows=tuple(
            (
                f"{run['hosts']:,}",
                f"{run['requests']:,}",
                f"{run['decision_us']:.1f}",
                f"{run['decision_us'] / first:.2f}",
                f"{1e6 / run['decision_us']:,.0f}",
                f"{run['host_bytes']:,.0f}",
                f"{run['longest_s']:,.1f}",
                f"{run['makespan_s']:,.0f}",
                f"{run['makespan_s'] / run['bound_s']:.2f}",
            )
            for run in runs
        ),
        notes=(
            "A decision is all that the gate does for one request: whose turn it is, its start, its answer, its end.",
            "The longest wait is that of a host that was due, for a free slot; the bound is the busiest address, or",
            "all work over all slots, which no crawler that keeps the rules can stay below. Seconds are virtual.",
        ),
        faults=tuple(f"{run['hosts']:,} hosts: {fault}" for run in runs for fault in run["faults"]),
        runs=[{name: value for name, value in run.items() if name != "faults"} for run in runs],
    )


def _gate() -> Gate:
    return Gate(per_host=PER_HOST, delay_s=0.0, per_address=PER_HOST, is_adaptive=True)


def _crawl(hosts: int, slots: int) -> dict[str, Any]:
    crawled = Crawling(world(hosts), _gate(), slots=slots).run()
    faults = [*crawled.broken]
    if crawled.left:
        faults.append(f"{crawled.left} URLs were never asked")
    return {
        "hosts": hosts,
        "requests": crawled.requests,
        "decision_us": crawled.gate_s / crawled.requests * 1e6,
        "host_bytes": _host_bytes(hosts),
        "longest_s": crawled.longest_s,
        "makespan_s": crawled.makespan_s,
        "bound_s": crawled.bound_s,
        "faults": faults,
    }


def _host_bytes(hosts: int) -> float:
    """Memory that the gate takes for a host that waits; its name is the frontier's as well, and not counted."""
    names = [f"h{number}.example" for number in range(hosts)]
    gate = _gate()
    gc.collect()
    tracemalloc.start()
    for name in names:
        gate.wake(name)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / hosts
