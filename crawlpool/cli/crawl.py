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
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from ..errors import ConfigError, CrawlpoolError
from ..settings import Settings, knobs
from .flags import SHORT_HELP, crawl_parser, parse, settings_of
from .screen import Above, Screen

if TYPE_CHECKING:
    from ..api import Crawler
    from ..stats import Stats
    from ..stores.base import Store
    from .interrupts import Interrupts

_PEEK = 1000

INDEX = "index.jsonl"
"""What the index of a folder of bodies is called; `outputs.py` says so, and is loaded later."""


def crawl(words: Sequence[str]) -> int:
    """Crawl what the words name; the exit code is that of `cli.main`."""
    if not words:
        print(SHORT_HELP, end="", file=sys.stderr)
        return 2
    parser = crawl_parser()
    if any(word in {"-h", "--help"} for word in words):  # also beside something that is wrong
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
    from ..job.file import JobFile  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

    file = JobFile(job)
    try:
        command, kept, same = file.get("command"), file.get("settings") or {}, file.get("same") or {}
        places = [*(file.get("outputs") or ()), *(file.positions() or ())]
        is_read = bool(file.get("seeds_read"))
    finally:
        file.close()
    if not command:
        raise ConfigError(f"{job} was begun by a program: run that again, it goes on with the job")
    given = parse(crawl_parser(), words)
    listed = command.get("words", ())
    # Seeds that were read are in the job, and their files need not be there any more.
    given.words = [word for word in listed if not (is_read and Path(word).is_absolute() and not isfile(word))]  # noqa: PTH113
    given.output = [_beside(job, name, places) for name in command.get("output", ())]
    for name in ("failed", "save", "handler", "column"):
        setattr(given, name, getattr(given, name) or command.get(name))
    given.failed = given.failed and _beside(job, given.failed, places)
    given.save = given.save and str(Path(_beside(job, str(Path(given.save) / INDEX), places)).parent)
    given.job, given.no_job = str(job), False
    if given.config is None and not given.no_config:
        given.config = _settings_beside(job, command.get("config"))
    for name, value in kept.items():
        if not hasattr(given, name) and name in knobs():
            setattr(given, name, value)
    # A handler may have been mended since; that is what one retries for.
    again = {
        name: text
        for name, text in same.items()
        if is_read
        or name.startswith("handler")
        or name == Path((given.handler or "").rpartition(":")[0]).name
    }
    return _run(given, settings_of(given), _Again(again, command))


def _beside(job: Path, name: str, places: Iterable[str]) -> str:
    """A file of a job where it is as seen from there, since both may have been moved, or copied; else where it was."""
    for place in places:
        found = job.parent / place.removeprefix("failed:")
        is_it = found.name == Path(name).name and (
            found.name != INDEX or found.parent.name == Path(name).parent.name
        )
        if is_it and found.is_file():
            return str(found)
    return name


def _settings_beside(job: Path, name: Any) -> str | None:
    """The file of settings that a job was begun with, which may hold the secrets that the job does not.

    Only one that lies with the job, in its folder or below: a job from a stranger may name any
    file of this machine, and would send its secrets to the stranger's hosts.
    """
    if not isinstance(name, str):
        return None
    folder = job.resolve().parent
    for path in (Path(name), folder / Path(name).name):
        if isfile(path) and folder in path.resolve().parents:  # noqa: PTH113  Path.is_file raises for odd names
            return str(path)
    return None


@dataclass(frozen=True, slots=True)
class _Again:
    """What stays in a job as it was, when it is its own command that runs again.

    Attributes:
        same: What is not compared.
        command: How the crawl is started.
    """

    same: dict[str, str]
    command: dict[str, Any]


def _run(given: argparse.Namespace, settings: Settings, again: _Again | None = None) -> int:
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
    again: _Again | None,
) -> int:
    """Run the crawl with everything around it, and say at the end how it went."""
    from ..api import Crawler  # noqa: PLC0415
    from ..stores.base import Start  # noqa: PLC0415
    from .closing import exit_code  # noqa: PLC0415
    from .interrupts import Interrupts  # noqa: PLC0415
    from .logs import logging_to  # noqa: PLC0415
    from .progress import Progress  # noqa: PLC0415

    crawler = Crawler(settings=settings)
    if given.handler is not None:
        from ..handlerfile import load_handler  # noqa: PLC0415

        crawler.on_page(load_handler(given.handler, _place_of_handler(given)))
    outputs = _outputs(given, screen)
    _keep_files_apart(given)
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
                same=_same(given) if again is None else {**_same(given), **again.same},
                command=_command(given) if again is None else again.command,
                watch=watch,
                notice=screen.say,
                trace=given.trace,
            )
        except CrawlpoolError as error:
            if _is_reader_gone(error):
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


def _same(given: argparse.Namespace) -> dict[str, str]:
    """What else has to be the same when a job goes on: the words, the files that they name, the handler's file."""
    from ..identity import of_words  # noqa: PLC0415

    if given.no_job or not (given.job or given.save or any(file != "-" for file in given.output)):
        return {}  # no job: nothing is compared, so nothing need be read
    return of_words(given.words, column=given.column, handler=given.handler)


def _command(given: argparse.Namespace) -> dict[str, Any]:
    """How the crawl is started again, from whatever folder; what may be secret (headers, cookies) is not in it."""

    def found(name: str) -> str:
        return str(Path(name).resolve()) if name != "-" and isfile(name) else name  # noqa: PTH113

    handler = given.handler
    if handler is not None:
        file, colon, name = handler.rpartition(":")
        handler = f"{found(file)}{colon}{name}" if colon else found(handler)
    return {
        "words": [found(word) for word in given.words],
        "output": [name if name == "-" else str(Path(name).resolve()) for name in given.output],
        "failed": given.failed and str(Path(given.failed).resolve()),
        "save": given.save and str(Path(given.save).resolve()),
        "handler": handler,
        "column": given.column,
        **_files_of_settings(given),
    }


def _files_of_settings(given: argparse.Namespace) -> dict[str, str]:
    """The file that settings were read from, and the crawl's file that was named."""
    file, name = getattr(given, "crawl_file", None), getattr(given, "crawl_name", None)
    kept = {} if file is None else {"config": str(Path(file.path).resolve())}
    return kept if name is None else {**kept, "crawl_file": str(Path(name).resolve())}


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


def _outputs(given: argparse.Namespace, screen: Screen) -> list["str | Store"]:
    """Where records go: the files named, and standard output for "-" or when none is named.

    A folder of bodies has an index that says the same, so that records are not printed beside it.
    """
    files = list(given.output)
    if not files and (given.save is None or given.handler is not None):
        files = ["-"]
    if len(set(files)) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise ConfigError(f"--output {twice} is named twice")
    return [_standard_output(screen) if file == "-" else file for file in files]


def _keep_files_apart(given: argparse.Namespace) -> None:
    """Refuse to write to a file that is read, or from two sides to one: either would ruin it."""
    written = [("--output", file) for file in given.output if file != "-"]
    written += [
        (flag, file)
        for flag, file in (
            ("--save", given.save and str(Path(given.save) / INDEX)),
            ("--failed", given.failed),
            ("--log-file", given.log_file),
            ("--job", given.job),
            ("--trace", given.trace),
        )
        if file is not None
    ]
    sources = [word for word in given.words if word != "-" and isfile(word)]  # noqa: PTH113  Path.is_file raises for a long URL
    if getattr(given, "crawl_file", None) is not None:
        sources.append(given.crawl_file.path)
    for place, (flag, file) in enumerate(written):
        if any(_is_same(file, source) for source in sources):
            raise ConfigError(f"{flag} {file} is also read as a source; give it another name")
        for other_flag, other in written[:place]:
            if _is_same(file, other):
                raise ConfigError(
                    f"{flag} {file} is the same file as {other_flag} {other}; give it another name"
                )


def _is_same(file: str, other: str) -> bool:
    """Whether two names are of one file; none need be there yet. Devices may be shared."""
    one, two = Path(file), Path(other)
    try:
        if one.exists() and two.exists():
            return one.is_file() and one.samefile(two)
        return one.resolve() == two.resolve()
    except (OSError, ValueError):  # no file can have such a name; opening it says so
        return False


def _standard_output(screen: Screen) -> "Store":
    from ..stores.stdout import StreamStore  # noqa: PLC0415

    if sys.stdout is None:
        raise ConfigError("standard output is closed; name a file with -o")
    is_terminal = sys.stdout.isatty()
    is_shared = is_terminal and screen.is_terminal
    stream = cast("TextIO", Above(sys.stdout, screen)) if is_shared else sys.stdout
    return StreamStore(stream, is_terminal=is_terminal)


def _is_reader_gone(error: CrawlpoolError) -> bool:
    """Whether standard output was closed by its reader, as `| head` does; that is an end like any other."""
    from ..stores.stdout import OutputClosed  # noqa: PLC0415

    return isinstance(error, OutputClosed)


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
