"""`crawlpool URL|FILE ...`: the crawl itself, from words to exit code.

Reading order: the flags become `Settings`, the words become seeds, the handler is
loaded; then a `Crawler` runs, with the bar, the log lines and the signals around
it; then the closing table. Everything that can be wrong with what was typed is
said before the first request.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, CrawlpoolError
from ..settings import Settings
from .flags import SHORT_HELP, asks_for_help, crawl_parser, parse, settings_of
from .screen import Screen

if TYPE_CHECKING:
    from ..api import Crawler
    from ..stats import Stats
    from .again import Again
    from .interrupts import Interrupts

_PEEK = 1000


def crawl(words: Sequence[str]) -> int:
    """Crawl what the words name; the exit code is that of `cli.main`."""
    if not words:
        print(SHORT_HELP, end="", file=sys.stderr)
        return 2
    parser = crawl_parser()
    if asks_for_help(words):
        parser.print_help()
        return 0
    given = parse(parser, words)
    if given.version:
        from . import version  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

        print(version())
        return 0
    if any(word.lower().endswith(".toml") for word in given.words):
        from .configfile import with_crawl_file  # noqa: PLC0415

        given = with_crawl_file(given, words)
    settings = settings_of(given)
    if not given.words and not settings.sitemap_url:
        if (name := getattr(given, "crawl_name", None)) is not None:
            raise ConfigError(f"nothing to crawl: {name} has no seeds; write seeds = [...] under [crawl]")
        raise ConfigError("nothing to crawl: name a URL, a file of URLs, or - for standard input")
    return _run(given, settings)


def go_on(job: Path, words: Sequence[str]) -> int:
    """Run a job's own crawl again, as the command line that began it said, with further flags.

    Raises:
        ConfigError: The job was begun by a program and not by a command.
        FrontierError: The job file cannot be used.
    """
    from .again import typed_again  # noqa: PLC0415

    given, again = typed_again(job, words)
    return _run(given, settings_of(given), again)


def _run(given: argparse.Namespace, settings: Settings, again: "Again | None" = None) -> int:
    screen = Screen(sys.stderr, quiet=given.quiet)
    seeds = _seeds(given)
    if given.dry_run:
        from ..api import Crawler  # noqa: PLC0415
        from .dry_run import dry_run  # noqa: PLC0415

        Crawler(settings=settings)  # says what is wrong with a selection
        bad = dry_run(seeds, settings, _workers(settings), screen)
        return 3 if bad and given.fail_on != "none" else 0
    return _crawl(given, settings, seeds, screen, again)


def _seeds(given: argparse.Namespace) -> Iterator[Any]:
    from ..seeds import read_words  # noqa: PLC0415

    stdin = None
    if "-" in given.words:
        if sys.stdin is None:
            raise ConfigError("standard input is closed; name a file instead of -")
        stdin = sys.stdin.buffer
    return iter(read_words(given.words, column=given.column, stdin=stdin))


def _crawl(
    given: argparse.Namespace,
    settings: Settings,
    seeds: Iterator[Any],
    screen: Screen,
    again: "Again | None",
) -> int:
    """Run the crawl with everything around it, and say at the end how it went."""
    from ..api import Crawler  # noqa: PLC0415
    from ..stores.base import Start  # noqa: PLC0415
    from .again import command_of, same_of  # noqa: PLC0415
    from .closing import exit_code  # noqa: PLC0415
    from .interrupts import Interrupts  # noqa: PLC0415
    from .logs import logging_to  # noqa: PLC0415
    from .places import is_reader_gone, keep_files_apart, outputs_of  # noqa: PLC0415
    from .progress import Progress  # noqa: PLC0415

    crawler = Crawler(settings=settings)
    if given.handler is not None:
        from ..handlerfile import load_handler  # noqa: PLC0415

        crawler.on_page(load_handler(given.handler, _place_of_handler(given)))
    outputs = outputs_of(given, screen)
    keep_files_apart(given)
    start = Start.FRESH if given.fresh else Start.APPEND if given.append else None
    progress = Progress(
        screen,
        most_pages=settings.max_pages,
        view=given.view or _usual_view(given, outputs),
        is_asked_for=given.view == "live",
        look=crawler.look,
        keys=None if "-" in given.words else sys.stdin,
        act=lambda key: _act(key, crawler, interrupts),
    )
    interrupts = Interrupts(crawler.stop, progress.told)
    end = _End(given, settings, screen)

    def watch(stats: "Stats") -> None:
        if interrupts.code:  # a signal that came before there was anything to stop
            crawler.stop()
        progress.tick(stats)

    with ExitStack() as around:
        around.enter_context(
            logging_to(screen, verbose=given.verbose, quiet=given.quiet, file=given.log_file)
        )
        around.enter_context(progress.shown())
        around.enter_context(interrupts.taken())
        try:
            result = crawler.run(
                _with_note(seeds, given, settings, screen),
                output=outputs,
                start=start,
                refresh=given.refresh,
                failed=given.failed,
                save=given.save,
                job=False if given.no_job else given.job,
                same=same_of(given) if again is None else {**same_of(given), **again.same},
                command=command_of(given) if again is None else again.command,
                watch=watch,
                notice=screen.say,
                trace=given.trace,
            )
        except CrawlpoolError as error:
            if is_reader_gone(error):
                return interrupts.code
            around.close()
            end.show(crawler.stats, ended="error", job=crawler.job)
            raise
        except KeyboardInterrupt:
            around.close()
            end.show(crawler.stats, ended="stopped", job=crawler.job)
            return interrupts.code or 130
    end.show(result.stats, ended=result.ended, left=result.waiting, job=result.job)
    return exit_code(result.stats, ended=result.ended, interrupted=interrupts.code, fail_on=given.fail_on)


def _usual_view(given: argparse.Namespace, outputs: Sequence[Any]) -> str:
    """The live view, unless lines go to the same terminal all the time: it would only flicker between them."""
    is_shared = (
        sys.stdout is not None and sys.stdout.isatty() and any(not isinstance(each, str) for each in outputs)
    )
    return "bar" if given.verbose or is_shared else "live"


def _act(key: str, crawler: "Crawler", interrupts: "Interrupts") -> None:
    """Do what a key asks of the crawl."""
    if key == "p":
        crawler.pause()
    elif key == "r":
        crawler.resume()
    elif key in "sq":
        interrupts.ask(now=key == "q")


def _place_of_handler(given: argparse.Namespace) -> str:
    """Where the handler was named, as a complaint has it."""
    file = getattr(given, "crawl_file", None)
    if file is None or file.crawl.get("handler") != given.handler:
        return "--handler"
    from ..crawlfile import place_of_own  # noqa: PLC0415

    return f"{place_of_own(file, 'handler')}:"


def _with_note(
    seeds: Iterator[Any], given: argparse.Namespace, settings: Settings, screen: Screen
) -> Iterable[Any]:
    """Look at the first seeds for what is worth saying at the start; all of them come out again.

    Standard input is not waited for: the first line of a pipe may be all there is for an hour.
    """
    if screen.quiet:
        return seeds
    from .hints import one_host_note, proxy_note  # noqa: PLC0415
    from .manners import pace_note  # noqa: PLC0415

    said = proxy_note(settings, os.environ)
    if said:
        screen.say(said)
    if "-" in given.words:
        screen.say(pace_note(settings))
        return seeds

    first = list(islice(seeds, _PEEK))
    note = one_host_note(first, settings, _workers(settings))
    screen.say(note or pace_note(settings))
    return chain(first, seeds)


def _workers(settings: Settings) -> int:
    from ..engine import workers_of  # noqa: PLC0415

    return workers_of(settings, settings.backend)


@dataclass(frozen=True, slots=True)
class _End:
    """Shows the closing table."""

    given: argparse.Namespace
    settings: Settings
    screen: Screen

    def show(self, stats: "Stats", *, ended: str, left: int = 0, job: Path | None = None) -> None:
        """Say how it went; nothing when nothing was done, or when that was said already."""
        if self.screen.quiet or ended == "nothing to do":
            return
        if not (stats.pages or stats.bad_line_count or ended != "error"):
            return
        from .closing import closing_rows, headline, show  # noqa: PLC0415
        from .hints import what_would_help  # noqa: PLC0415

        hints = what_would_help(stats, self.settings, _workers(self.settings))
        is_open = job is not None and (ended in {"stopped", "error", "max_time"} or left > 0)
        rows = closing_rows(
            stats, ended=ended, hints=hints, failed_file=self.given.failed, job=str(job) if is_open else None
        )
        files = [file for file in self.given.output if file != "-"]
        show(
            self.screen, headline(stats, ended=ended, left=left, outputs=files, folder=self.given.save), rows
        )
