"""Pages a CPU second of the real command, against the plain script, on a site without latency."""

import shutil
import tempfile
from pathlib import Path

from . import plain
from .pages import Site, write_site
from .report import Plan, Report, cells, in_turn, middle, values
from .serving import Server, serving
from .usage import Usage, measure

PROGRAMS = ("crawlpool", "plain")


def cpu(plan: Plan) -> Report:
    """Crawl the site with each program in turn, and compare the two of each round."""
    runs = []
    faults = []
    with tempfile.TemporaryDirectory(prefix="crawlpool-bench-") as name:
        folder, work = Path(name) / "site", Path(name) / "work"
        folder.mkdir()
        site = write_site(folder, pages=plan.pages)
        with serving(folder) as server:
            for round_number in range(plan.rounds):
                for program in in_turn(PROGRAMS, round_number):
                    usage = _crawl(program, server, work, plan)
                    wrong = _faults(site, server, work, usage)
                    faults += [f"{program}: {fault}" for fault in wrong]
                    runs.append(
                        {
                            "program": program,
                            "cpu_s": usage.cpu_s,
                            "wall_s": usage.wall_s,
                            "pages_cpu_s": plan.pages / usage.cpu_s,
                            "faults": wrong,
                        }
                    )
                    shutil.rmtree(work)
    ours, theirs = (values(runs, "pages_cpu_s", program=program) for program in PROGRAMS)
    middle_ratio, lowest, highest = cells([a / b for a, b in zip(ours, theirs, strict=True)], "{:.2f}".format)
    return Report(
        title=f"cpu: {plan.pages} pages of one host, no latency, {plan.workers} workers, {plan.rounds} rounds",
        columns=("program", "CPU s", "CPU ms a page", "pages a CPU s", "wall s"),
        rows=tuple(
            (
                program,
                f"{middle(runs, 'cpu_s', program=program):.2f}",
                f"{middle(runs, 'cpu_s', program=program) / plan.pages * 1000:.2f}",
                f"{middle(runs, 'pages_cpu_s', program=program):.0f}",
                f"{middle(runs, 'wall_s', program=program):.2f}",
            )
            for program in PROGRAMS
        ),
        notes=(
            f"crawlpool does {middle_ratio} times the pages of the plain script a CPU second",
            f"(median of paired rounds, {lowest} to {highest}).",
            "CPU is user and system time of all processes, starting and ending included.",
        ),
        faults=tuple(faults),
        runs=runs,
    )


def _crawl(program: str, server: Server, work: Path, plan: Plan) -> Usage:
    work.mkdir()
    url, workers = f"{server.url}/", str(plan.workers)
    words = {
        "crawlpool": [
            "-m",
            "crawlpool",
            url,
            "--follow",
            "-w",
            workers,
            "--per-host",
            workers,
            "-q",
            "-o",
            "out.jsonl",
        ],
        # -P: the modules beside the script are not for it to import.
        "plain": ["-P", plain.__file__, url, workers, "out.jsonl"],
    }
    return measure(words[program], folder=work, timeout_s=120 + plan.pages * 0.1)


def _faults(site: Site, server: Server, work: Path, usage: Usage) -> list[str]:
    """What is wrong with a run, by what the server was asked and by what was written."""
    faults = site.faults(server.asked())
    out = work / "out.jsonl"
    records = len(out.read_bytes().splitlines()) if out.exists() else 0
    if records != len(site.paths):
        faults.append(f"{records} records were written for {len(site.paths)} pages")
    if usage.exit_code:
        faults.append(f"it ended with exit code {usage.exit_code}: {usage.said}")
    return faults
