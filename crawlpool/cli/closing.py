"""The closing table: what was done, where the time went, what would help; and the exit code.

`closing_rows` is data, so that it can be tested; `show` writes it, in colour on a
terminal and as plain text into a pipe.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from ..stats import Stats
from .figures import count, seconds, share, size
from .manners import lines_of
from .screen import Screen, printable

Row: TypeAlias = tuple[str, str]
"""A label and one line behind it; an empty label continues the row above."""

_ENDINGS = {
    "finished": "Finished",
    "max_pages": "Stopped at --max-pages",
    "max_time": "Stopped at --max-time",
    "stopped": "Interrupted",
    "error": "Ended by an error",
}
_MOST = 5
_MOST_COLUMNS = 12
_REASONS = {
    429: "Too Many Requests",
    403: "Forbidden",
    404: "Not Found",
    500: "Server Error",
    503: "Unavailable",
}


def exit_code(stats: Stats, *, ended: str, interrupted: int, fail_on: str) -> int:
    """What the command answers to its caller.

    Args:
        stats: What the crawl did.
        ended: Why it ended, as `Result.ended` says.
        interrupted: 130 or 143 when a signal came, else 0.
        fail_on: "listed", "any" or "none".

    Returns:
        The signal's code when it cut the crawl short; 3 when URLs failed that
        `fail_on` asks about, where a line that holds no URL is a listed one that
        failed, and so is a listed URL that a limit left unasked, and a sitemap that was named
        and could not be had; else 0. Earlier runs of a job count. 6 when there was nothing to do.
    """
    if ended == "nothing to do":
        return 6
    if interrupted and ended == "stopped":
        return interrupted
    if fail_on == "none":
        return 0
    earlier = stats.earlier
    if fail_on == "any":
        failed = stats.any_failed + earlier.failed
    else:
        failed = stats.listed_failed + earlier.listed_failed
    is_cut_short = ended != "finished" and stats.listed_ended < stats.seeds + earlier.listed_waiting
    is_bad = failed or stats.bad_line_count or stats.named_sitemaps_missed
    return 3 if is_bad or is_cut_short else 0


def headline(
    stats: Stats, *, ended: str, left: int = 0, outputs: Sequence[str] = (), folder: str | None = None
) -> str:
    """The first sentence: how it ended, how much came, where it is."""
    said = f"{_ENDINGS.get(ended, ended)} after {seconds(stats.elapsed_s())}: {count(stats.pages, 'page')}"
    if stats.any_failed:
        said += f", {count(stats.any_failed)} failed"
    if left:
        said += f", {count(left)} left waiting"
    if outputs:
        said += f"; {count(stats.items, 'record')} in {', '.join(outputs)}"
    if folder:
        said += f"; {count(stats.saved, 'file')} in {folder}"
    return said + "."


def closing_rows(
    stats: Stats,
    *,
    ended: str = "finished",
    hints: Iterable[str] = (),
    failed_file: str | None = None,
    job: str | None = None,
) -> list[Row]:
    """The table below the headline, as labels and lines; what did not happen has no row.

    Args:
        stats: What the crawl did.
        ended: Why it ended, as `Result.ended` says.
        hints: What would help.
        failed_file: Where the URLs that failed are listed.
        job: The job by which the crawl can go on; None when it is over, or has none.
    """
    rows: list[Row] = []

    def add(label: str, lines: Iterable[str]) -> None:
        rows.extend((label if n == 0 else "", line) for n, line in enumerate(line for line in lines if line))

    statuses = sorted(stats.statuses.items())
    answers = [",  ".join(f"{count(n)} x {_status(status)}" for status, n in statuses)]
    if stats.look_missing:
        verb = "looks" if stats.look_missing == 1 else "look"
        answers.append(f"{count(stats.look_missing, 'page')} {verb} like 'not found' with status 200")
    add("answers", answers)
    add("no match", _unmatched(stats))
    add("duplicates", [_duplicates(stats)])
    lost = [_counted(stats.failures)]
    if failed_file and stats.any_failed:
        lost.append(f"listed with reasons in {failed_file}")
    add("failed", lost)
    add("tried again", [_counted(stats.retries)])
    add(
        "not verified",
        [f"the certificate of {', '.join(stats.unverified[:_MOST])}" if stats.unverified else ""],
    )
    add("workers lost", [_lost(stats)])
    add("seeds", [_seeds(stats)])
    add("sitemaps", _sitemaps(stats))
    add("left out", [_counted(stats.skips)])
    add("read", [_read(stats)])
    add("slowest hosts", _slowest(stats))
    for label, lines in lines_of(stats.host_notes):
        add(label, lines)
    add("time", _time(stats))
    add("earlier runs", [_earlier(stats)])
    add("what would help", hints)
    how = "raise --max-pages" if ended == "max_pages" else "run the same command again"
    add("to go on", [f"{how}; {job} knows where it stopped" if job else ""])
    return rows


def show(screen: Screen, head: str, rows: Sequence[Row]) -> None:
    """Write the headline and the table, unless the screen is quiet."""
    if screen.quiet or screen.stream is None:
        return
    if screen.is_terminal:
        _show_rich(screen, head, rows)
        return
    width = max((len(label) for label, _ in rows), default=0)
    lines = [head, *(f"  {label:<{width}}  {line}" for label, line in rows)]
    screen.write("".join(f"{printable(line)}\n" for line in lines))


def _show_rich(screen: Screen, head: str, rows: Sequence[Row]) -> None:
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it, and the bar has loaded it already
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, line in rows:
        table.add_row(Text(f"  {label}", style="bold"), Text(printable(line)))
    with screen.lock:
        if screen.lift is not None:
            screen.lift()
        try:
            console = Console(file=screen.stream)
            console.print(Text(printable(head), style="bold"), soft_wrap=True)
            if rows:
                console.print(table)
        except OSError:  # the terminal is gone
            screen.stream = None


def _status(status: int) -> str:
    return f"{status} {_REASONS[status]}" if status in _REASONS else str(status)


def _counted(counter: Counter[str]) -> str:
    return ",  ".join(f"{count(n)} x {why.replace('_', ' ')}" for why, n in counter.most_common())


def _lost(stats: Stats) -> str:
    if not stats.workers_lost:
        return ""
    said = f"{count(stats.workers_lost)}, replaced"
    return f"{said}; {count(stats.abandoned, 'thread')} abandoned, which hang" if stats.abandoned else said


def _seeds(stats: Stats) -> str:
    if not stats.duplicates and not stats.bad_line_count:
        return ""
    said = [f"{count(stats.seeds)} listed"]
    if stats.duplicates:
        said.append(count(stats.duplicates, "duplicate"))
    if stats.bad_line_count:
        said.append(f"{count(stats.bad_line_count, 'line')} without a URL")
    return ", ".join(said)


def _sitemaps(stats: Stats) -> list[str]:
    if not stats.sitemaps and not stats.sitemaps_missed:
        return []
    said = f"{count(stats.sitemaps)} read, {count(stats.sitemap_urls, 'URL')}"
    if stats.sitemaps_missed:
        said += f"; {count(stats.sitemaps_missed)} could not be had"
    faults = stats.sitemap_faults[:_MOST]
    more = len(stats.sitemap_faults) - len(faults)
    return [said, *faults, *([f"and {more} more; see --log-file"] if more else [])]


def _unmatched(stats: Stats) -> list[str]:
    """Which selected columns are empty somewhere, in words; those that never had a match first."""
    lines = []
    for name, each in stats.selected.items():
        if not each.looked:
            if stats.statuses:
                lines.append((2.0, f"{name}: there was no page to look for it on"))
            continue
        said = []
        if each.missed:
            said.append(f"{count(each.missed)} of {count(each.looked, 'page')} without a match")
        if each.cut:
            said.append(f"{count(each.cut)} with more than is kept of one")
        if said:
            lines.append((each.missed / each.looked, f"{name}: {', '.join(said)}"))
    lines.sort(key=lambda line: -line[0])
    more = len(lines) - _MOST_COLUMNS
    return [line for _, line in lines[:_MOST_COLUMNS]] + ([f"and {more} more columns"] if more > 0 else [])


def _duplicates(stats: Stats) -> str:
    """How many pages were the same as another, in words."""
    said = []
    for kind, one, more in (
        ("exact", "same body", "same body"),
        ("near", "nearly the same", "nearly the same"),
        ("canonical", "names another page as canonical", "name another page as canonical"),
    ):
        n = stats.duplicates_of[kind]
        if n:
            said.append(f"{count(n)} {one if n == 1 else more}")
    return ", ".join(said)


def _earlier(stats: Stats) -> str:
    earlier = stats.earlier
    if not earlier.pages:
        return ""
    said = count(earlier.pages, "page")
    return f"{said}, {count(earlier.failed)} failed" if earlier.failed else said


def _read(stats: Stats) -> str:
    if not stats.bytes:
        return ""
    said = [size(stats.bytes)]
    if stats.cut:
        said.append(f"{count(stats.cut)} cut short")
    if stats.partly_read:
        said.append(f"{count(stats.partly_read, 'page')} read in part")
    if stats.redirects:
        said.append(count(stats.redirects, "redirect"))
    if stats.robots_files:
        said.append(count(stats.robots_files, "robots.txt file"))
    return ", ".join(said)


def _slowest(stats: Stats) -> list[str]:
    if len(stats.hosts) < 2:
        return []
    slowest = stats.slowest_hosts(_MOST)
    width = max((len(name) for name, _ in slowest), default=0)
    return [
        f"{name:<{width}}  {seconds(cost.mean_s)} a page, {count(cost.pages, 'page')}"
        for name, cost in slowest
    ]


def _time(stats: Stats) -> list[str]:
    whole = stats.elapsed_s()
    if whole <= 0 or not stats.pages:
        return []
    spent = stats.spent_s
    workers = max(1, stats.most_workers)
    busy = share(stats.fetching_s, (stats.workers_s or whole * workers) * stats.connections)
    fetching = f"fetching {seconds(stats.fetching_s)} in all, by {count(workers, 'worker')}: {busy} of what they could"
    held = f"held back by politeness {seconds(spent['held back'])} of {seconds(whole)}"
    if spent["paused"] >= 0.1:
        held += f", paused {seconds(spent['paused'])}"
    main = ", ".join(
        f"{name} {seconds(s)}"
        for name, s in (
            ("waiting for answers", spent["waiting"]),
            ("parsing", spent["parsing"]),
            ("storing", spent["storing"]),
        )
    )
    return [fetching, held, f"main process: {main}"]
