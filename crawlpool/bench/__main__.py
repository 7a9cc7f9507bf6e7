"""`python -m crawlpool.bench NAME`: measure one thing, print one table."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ..errors import ConfigError, CrawlpoolError
from ..units import read_count
from .cpu import cpu
from .elastic import elastic
from .fetch import fetch
from .frontier import frontier
from .pace import pace
from .programs import loopback_environment
from .rate import rate
from .report import Plan, Report, machine
from .start import start

BENCHES: dict[str, tuple[Callable[[Plan], Report], Plan]] = {
    "rate": (rate, Plan(pages=800, rounds=3, workers=8, connections=1)),
    "cpu": (cpu, Plan(pages=1000, rounds=5, workers=8)),
    "fetch": (fetch, Plan(pages=500, rounds=5, workers=1)),
    "start": (start, Plan(pages=50, rounds=10, workers=8)),
    "elastic": (elastic, Plan(pages=600, rounds=2, workers=16)),
    "frontier": (frontier, Plan(pages=0, rounds=0, workers=0, urls=1_000_000)),
    "pace": (pace, Plan(pages=0, rounds=0, workers=64, hosts=100_000)),
}
"""Each measurement with what it does when nothing is said."""


def main(words: Sequence[str]) -> int:
    """Measure; the exit code is 0, 1 when the figures are wrong, 2 for wrong usage, 130 after Ctrl-C, 143 after SIGTERM."""
    given = _parser().parse_args(words)
    bench, usual = BENCHES[given.name]
    asked = {name: getattr(given, name) for name in asdict(usual)}
    plan = replace(usual, **{name: value for name, value in asked.items() if value is not None})
    try:
        if given.json is not None and not given.json.absolute().parent.is_dir():
            raise ConfigError(f"there is no folder for {given.json}")
        report = bench(plan)
        if given.json is not None:
            given.json.write_text(_raw(given.name, plan, report), encoding="utf-8")
    except CrawlpoolError as error:
        sys.stderr.write(f"crawlpool.bench: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(report.text())
    return 1 if report.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m crawlpool.bench",
        description="Measure crawlpool on this machine, on loopback; docs/figures.md says what and why.",
    )
    parser.add_argument("name", choices=tuple(BENCHES), metavar="NAME", help=f"One of: {', '.join(BENCHES)}.")
    for flag, what, field in (
        ("--pages", "Generate a site of this many pages.", "pages"),
        ("--rounds", "Measure everything this often, in turn.", "rounds"),
        (
            "--workers",
            "Crawl with this many workers, and as many requests at once; fetch has one.",
            "workers",
        ),
        ("--connections", "Let each of them have this many requests at once.", "connections"),
        ("--urls", "Let the frontier get to know this many URLs.", "urls"),
        ("--hosts", "Let the gate get to know this many hosts.", "hosts"),
    ):
        usual = ", ".join(
            f"{name} {getattr(plan, field)}" for name, (_, plan) in BENCHES.items() if getattr(plan, field)
        )
        parser.add_argument(flag, type=_count, metavar="N", help=f"{what} Default: {usual}.")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="Write the raw numbers of every run to this file."
    )
    return parser


def _count(text: str) -> int:
    try:
        count = read_count(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} should be {error}") from None
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be 1 or more")
    return count


def _raw(name: str, plan: Plan, report: Report) -> str:
    whole = {
        "bench": name,
        **asdict(plan),
        "machine": machine(),
        "faults": report.faults,
        "runs": report.runs,
    }
    return json.dumps(whole, indent=1) + "\n"


def _make_ready() -> None:
    """Let SIGTERM unwind as Ctrl-C does, and take proxies away: `rate` and `fetch` run in this process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    calm = loopback_environment()
    for name in os.environ.keys() - calm.keys():
        del os.environ[name]
    os.environ.update(calm)


if __name__ == "__main__":
    _make_ready()
    sys.exit(main(sys.argv[1:]))
