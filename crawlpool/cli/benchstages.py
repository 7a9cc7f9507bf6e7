"""`crawlpool bench --stages`: where each millisecond of a crawl goes, in the main process and in workers."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..bench.nginx import served
from ..bench.pages import MEAN_BYTES, write_site
from ..bench.plot import Bar, Picture
from ..bench.report import machine
from ..bench.stages.sums import REST, Look, Stage, look
from ..errors import ConfigError
from .benchfiles import check_files, write_files
from .benchflags import parser, whole_parser
from .benchtable import kilobytes, print_table, terminable
from .figures import count, rate, seconds, share
from .flags import crawl_parser, parse
from .screen import Screen, complain

_PAGES = 1000
_LONGEST_S = 24 * 3600.0
_SOME_FAILED = 3
_OWN = ("--stages", "--pages", "--page-size", "--seed", "--json", "--csv", "--plot")
"""The flags of the bench that mean something here; all others are the crawl's."""

_COLUMNS = ("stage", "main ms", "workers ms", "of all CPU", "main's time")


def show_stages(words: Sequence[str]) -> int:
    """Crawl once and show it; the exit code is that of `cli.main`, and 3 when the crawl's was none of 0, 3 and 130."""
    if sys.platform != "linux":
        raise ConfigError(
            "--stages: the CPU time of all processes of a program can be counted on Linux only (it takes prctl)"
        )
    given = parse(whole_parser(), words)
    check_files(given)
    crawl = crawl_words(words)
    parse(crawl_parser(), crawl)  # complains of what is no flag of a crawl
    screen = Screen(sys.stderr, quiet=given.quiet)
    with ExitStack() as stack, terminable() as ended:
        try:
            crawl, what = _crawl(given, crawl, stack, screen)
            clocks = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crawlpool-stages-")))
            screen.say("One crawl, with a clock in each thread.")
            seen = look(crawl, work=Path.cwd(), folder=clocks / "clocks", timeout_s=_LONGEST_S)
        except KeyboardInterrupt:
            return ended[0] if ended else 130
    if not seen.pages:
        complain(f"the crawl fetched nothing: {seen.said.strip().removeprefix('crawlpool: ')}")
        return seen.exit_code if seen.exit_code > 0 else _SOME_FAILED
    shown = _Shown(seen, what)
    print_table(shown.title, _COLUMNS, shown.cells(), (*shown.notes(), shown.about))
    write_files(given, shown.as_json(), _COLUMNS, shown.cells(), shown.picture())
    if seen.exit_code in {0, _SOME_FAILED, 6, 130, 143}:
        return 0 if seen.exit_code == 0 else _SOME_FAILED
    complain(f"the crawl ended with exit code {seen.exit_code}: {seen.said.strip()}")
    return seen.exit_code if seen.exit_code > 0 else _SOME_FAILED


def crawl_words(words: Sequence[str]) -> list[str]:
    """The words without the bench's own flags and their values: what the crawl is told."""
    takes = {
        flag: action.nargs != 0
        for action in parser()._actions  # noqa: SLF001  argparse tells them no other way
        for flag in action.option_strings
        if flag in _OWN
    }
    kept: list[str] = []
    coming = iter(words)
    for word in coming:
        if word == "--":
            return [*kept, word, *coming]
        flag, equals, _ = word.partition("=")
        if flag not in takes:
            kept.append(word)
        elif takes[flag] and not equals:
            next(coming, None)
    return kept


def _crawl(
    given: argparse.Namespace, crawl: Sequence[str], stack: ExitStack, screen: Screen
) -> tuple[list[str], str]:
    """The words of the crawl, and what it crawls: what was named, or a generated site."""
    quiet = [] if given.quiet else ["-q"]
    if given.words:
        for name in ("pages", "page_size", "seed"):
            if getattr(given, name) is not None:
                raise ConfigError(
                    f"--{name.replace('_', '-')} is for the generated site; a crawl of yours has its own"
                )
        return [*crawl, *quiet], " ".join(given.words)
    pages, mean = given.pages or _PAGES, given.page_size or MEAN_BYTES
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crawlpool-bench-")))
    screen.say(f"Making a site of {count(pages, 'page')}.")
    site = folder / "site"
    site.mkdir()
    write_site(site, pages=pages, mean_bytes=mean, seed=1 if given.seed is None else given.seed)
    url, by = stack.enter_context(served(site))
    words = [f"{url}/", "--follow", "--no-adaptive", "--no-rel-nofollow", *crawl, *quiet]
    if not hasattr(given, "per_host"):
        words += ["--per-host", str(_at_once(given))]
    if not given.output:
        words += ["-o", str(folder / "pages.jsonl"), "--no-job"]
    return words, f"{count(pages, 'page')} of {kilobytes(mean)}, served by {by}"


def _at_once(given: argparse.Namespace) -> int:
    """Requests that the crawl may have under way: what its one host gets."""
    from ..engine import workers_of  # noqa: PLC0415
    from .flags import settings_of  # noqa: PLC0415

    settings = settings_of(given, is_told=False)
    return min(256, workers_of(settings, settings.backend) * settings.connections)


class _Shown:
    """What is made of a look."""

    def __init__(self, seen: Look, what: str) -> None:
        self._seen = seen
        self._what = what
        self._at = time.strftime("%Y-%m-%d %H:%M")

    @property
    def title(self) -> str:
        """What was looked at."""
        return f"{self._what}: where the time of a page goes"

    @property
    def about(self) -> str:
        """When and where."""
        return f"{self._at}, {machine()}"

    def cells(self) -> list[list[str]]:
        """The table as text; the sum is its last row."""
        seen = self._seen
        rows = [self._row(stage) for stage in seen.stages if stage.cpu_s or stage.main_wall_s]
        whole = Stage(
            name="all",
            main_s=sum(stage.main_s for stage in seen.stages),
            workers_s=sum(stage.workers_s for stage in seen.stages),
            main_wall_s=sum(stage.main_wall_s for stage in seen.stages),
        )
        return [*rows, self._row(whole)]

    def _row(self, stage: Stage) -> list[str]:
        walls = sum(each.main_wall_s for each in self._seen.stages)
        is_rest = stage.name == REST
        return [
            stage.name,
            "-" if is_rest else f"{self._ms(stage.main_s):.3f}",
            f"{self._ms(stage.workers_s):.3f}",
            share(stage.cpu_s, self._seen.cpu_s),
            "-" if is_rest or not stage.main_wall_s else share(stage.main_wall_s, walls),
        ]

    def _ms(self, cpu_s: float) -> float:
        """Milliseconds a page."""
        return cpu_s / self._seen.pages * 1000

    def notes(self) -> list[str]:
        """What belongs to the figures."""
        seen = self._seen
        marks = seen.marks * seen.mark_s
        return [
            (
                f"{count(seen.pages, 'page')} in {seconds(seen.elapsed_s)}, {rate(seen.pages / (seen.elapsed_s or 1))} a "
                f"second; CPU milliseconds a page, {self._ms(seen.cpu_s):.2f} in all, of all processes from start to end."
            ),
            "Main's time is that of its own thread, waiting included; crossing in main is what the threads of its pools took.",
            (
                f"The clocks themselves took some {self._ms(marks):.3f} ms a page, which is among the others. Not accounted is "
                "what no clock saw: the end of processes, threads of libraries."
            ),
        ]

    def picture(self) -> Picture:
        """The same as bars, main and workers apart."""
        bars = []
        for where, field in (("main", "main_s"), ("workers", "workers_s")):
            for stage in self._seen.stages:
                spent = self._ms(getattr(stage, field))
                if spent:
                    label = stage.name if stage.name == REST else f"{where}: {stage.name}"
                    group = REST if stage.name == REST else where
                    said = f"{spent:.3f} ms, {share(getattr(stage, field), self._seen.cpu_s)}"
                    bars.append(
                        Bar(label=label, group=group, wall_s=spent, least_s=spent, most_s=spent, said=said)
                    )
        return Picture(
            title=self.title,
            about=self.about,
            bars=bars,
            notes=self.notes(),
            columns=_COLUMNS,
            cells=self.cells(),
            axis="CPU milliseconds a page",
        )

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        seen = asdict(self._seen)
        stages = seen.pop("stages")
        return {
            "bench": "stages",
            "title": self.title,
            "at": self._at,
            "machine": machine(),
            "notes": self.notes(),
            **seen,
            "stages": stages,
        }
