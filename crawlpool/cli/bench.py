"""`crawlpool bench`: the same URLs fetched in many ways, synchronous and asynchronous, side by side."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .benchfiles import check_files, write_files
from .benchflags import parser
from .benchtable import kilobytes, print_table, terminable
from .figures import count, seconds
from .flags import asks_for_help, parse
from .screen import Screen, complain

if TYPE_CHECKING:
    from .bars import Shown

_PAGE_BYTES, _PAGE_LINKS = 20_000, 30
_SOME_FAILED = 3


def bench(words: Sequence[str]) -> int:
    """Compare; the exit code is that of `cli.main`, 3 when a way or a URL failed."""
    with terminable() as ended:  # also while a site is made: what lies in temporary folders is taken away
        try:
            return _bench(words)
        except KeyboardInterrupt:
            return ended[0] if ended else 130


def _bench(words: Sequence[str]) -> int:
    if "--stages" in words and not asks_for_help(words):
        from .benchstages import show_stages  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

        return show_stages(words)
    given = parse(parser(), words)
    if given.list:
        return _list(given)
    check_files(given)
    if given.peers:
        _refuse(given, "--peers", ("parse", "latency", "per_host", "pause", "start_method"))
        from .benchpeers import compare_peers  # noqa: PLC0415

        return compare_peers(given)
    _refuse_of_peers(given)
    from ..bench.compare import Plan, can  # noqa: PLC0415
    from ..bench.modes import MODES  # noqa: PLC0415
    from .bars import Shown  # noqa: PLC0415

    left_out: list[str] = []
    modes = _modes(given.modes, left_out)
    if given.parse == ("worker",):
        modes = [name for name in modes if can(MODES[name], "worker")]
        if not modes:
            raise ConfigError(
                "--parse: none of these ways can parse where it fetches; write --parse callback"
            )
    screen = Screen(sys.stderr, quiet=given.quiet)
    is_own = bool(given.words)
    if is_own and any(each is not None for each in (given.pages, given.latency, given.page_size, given.seed)):
        raise ConfigError(
            "--pages, --page-size, --seed and --latency are for the sample site; a list of yours has its own"
        )
    with ExitStack() as stack:
        if is_own:
            from .benchlist import own_urls  # noqa: PLC0415

            urls, notes, is_part = own_urls(given.words, screen)
            what = count(len(urls), "URL")
        else:
            urls, notes, is_part = _sample(given, stack, screen), [], False
            page_size = kilobytes(given.page_size or _PAGE_BYTES)
            what = f"{count(len(urls), 'page')} of {page_size}, {seconds(_latency(given))} latency"
        if not urls:
            for line in (*notes, "Nothing is left to ask."):
                complain(line)
            return _SOME_FAILED
        plan = Plan(
            modes=modes,
            parses=given.parse,
            workers=given.workers,
            repeats=given.repeats or (1 if is_own else 3),
            agent=_agent(),
            per_host=given.per_host or (2 if is_own else 0),
            pause_s=given.pause if given.pause is not None else (2.0 if is_own else 0.0),
            is_warming_up=not is_own,
            start_method=given.start_method or "",
            longest_s=10.0 if is_own else 1.0 + 2 * _latency(given),
        )
        latency_s = None if is_own else _latency(given)
        shown = Shown(
            plan=plan,
            urls=urls,
            latency_s=latency_s,
            what=what,
            notes=(*notes, *left_out),
            is_part=is_part,
        )
        return _compared(given, shown, screen)


def _compared(given: argparse.Namespace, shown: "Shown", screen: Screen) -> int:
    """Run all of it, and show what there is, also after Ctrl-C."""
    from ..bench.compare import compare  # noqa: PLC0415

    code = 0
    screen.say(shown.opening())
    with terminable() as ended:
        try:
            for run in compare(shown.plan, shown.urls):
                shown.add(run)
                screen.say(shown.after(run))
        except KeyboardInterrupt:
            code = ended[0] if ended else 130
            screen.say("Interrupted; what is done is shown.")
    if not shown.runs:
        return code
    print_table(shown.title, shown.columns(), shown.cells(), (*shown.notes(), shown.about))
    write_files(given, shown.as_json(), shown.columns(), shown.cells(), shown.picture())
    return code or (0 if shown.is_whole else _SOME_FAILED)


def _refuse(given: argparse.Namespace, what: str, names: Sequence[str]) -> None:
    """Complain of flags that would have no effect."""
    usual = parser()
    for name in names:
        if getattr(given, name) != usual.get_default(name):
            raise ConfigError(f"--{name.replace('_', '-')} has no effect with {what}")
    if given.words:
        raise ConfigError(f"{what} takes no list: --url names a site on this machine")


def _refuse_of_peers(given: argparse.Namespace) -> None:
    for name in ("url", "robots", "peer_python"):
        if getattr(given, name):
            raise ConfigError(f"--{name.replace('_', '-')} is for --peers")
    for name in given.modes or ():
        from ..bench.modes import MODES  # noqa: PLC0415

        if name not in MODES:
            raise ConfigError(f"--modes: {name} is a crawler; write --peers as well")


def _sample(given: argparse.Namespace, stack: ExitStack, screen: Screen) -> list[str]:
    """Serve the sample site until the stack is left; its URLs."""
    from ..bench.pages import write_site  # noqa: PLC0415
    from ..bench.serving import serving  # noqa: PLC0415

    pages = given.pages or 100
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crawlpool-bench-")))
    screen.say(f"Making a sample site of {count(pages, 'page')}, served by a process of its own.")
    site = write_site(
        folder,
        pages=pages,
        mean_bytes=given.page_size or _PAGE_BYTES,
        links=_PAGE_LINKS,
        seed=1 if given.seed is None else given.seed,
    )
    server = stack.enter_context(serving(folder, latency_s=_latency(given)))
    return [server.url + path for path in site.paths]


def _latency(given: argparse.Namespace) -> float:
    return 0.05 if given.latency is None else float(given.latency)


def _agent() -> str:
    from ..settings import Settings  # noqa: PLC0415

    return Settings().user_agent


def _modes(named: Sequence[str] | None, left_out: list[str]) -> list[str]:
    """The modes to compare, in the order in which they teach; what is not installed is left out, or refused if named."""
    from ..bench.modes import MODES  # noqa: PLC0415

    found = []
    for mode in MODES.values():
        if named is not None and mode.name not in named:
            continue
        if mode.is_there:
            found.append(mode.name)
        elif named is not None:
            raise ConfigError(f"--modes: {mode.name} needs {mode.needs}: pip install {mode.needs}")
        else:
            left_out.append(f"{mode.name} is left out: it needs {mode.needs} (pip install {mode.needs}).")
    return found


def _list(given: argparse.Namespace) -> int:
    if given.peers:
        from .benchpeers import list_peers  # noqa: PLC0415

        return list_peers(given.peer_python)
    from ..bench.modes import MODES  # noqa: PLC0415

    width = max(map(len, MODES))
    for mode in MODES.values():
        missing = "" if mode.is_there else f" (needs {mode.needs}: pip install {mode.needs})"
        print(f"{mode.name:<{width}}  {mode.title}{missing}")
    return 0
