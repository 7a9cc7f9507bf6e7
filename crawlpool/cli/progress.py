"""How far a crawl is, on standard error: a bar on a terminal, else a line now and then.

`Progress.tick` is called by the crawl's main thread after each step and does
something ten times a second; no thread of its own runs, so nothing here competes
with the crawl.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from ..stats import Stats
from .figures import count, rate, seconds
from .screen import Screen

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_TICK_S = 0.1
_FIRST_LINE_S = 5.0
_LINE_EVERY_S = 10.0
_CALM_AFTER_S = 600.0
_CALM_EVERY_S = 60.0
_BAR_AFTER_S = 0.15
"""A crawl that is done sooner shows no bar; and the library that draws it is loaded while workers start."""

_BAR_WIDTH = 24


def facts(stats: Stats, now: float, *, most_pages: int | None = None) -> list[str]:
    """What both the bar and the lines say: done, failed, waiting, pages a second, workers, time left."""
    said = [f"{count(stats.pages)} done"]
    if stats.any_failed:
        said.append(f"{count(stats.any_failed)} failed")
    said.append(f"{count(stats.waiting)} waiting")
    if stats.pages:
        said.append(f"{rate(stats.pages_per_s)} pages/s")
    if stats.workers:
        said.append(count(stats.workers, "worker"))
    left = stats.eta_s(now, most_pages=most_pages)
    if left is not None:
        said.append(f"about {seconds(max(1.0, round(left)))} left")
    return said


class Progress:
    """Shows a crawl's progress on a screen.

    Args:
        screen: Where; it must not be quiet for anything to be shown.
        most_pages: The limit of pages, if there is one; it makes the end known.
        clock: Steady seconds.
    """

    def __init__(
        self, screen: Screen, *, most_pages: int | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self._screen = screen
        self._most_pages = most_pages
        self._clock = clock
        self._next_line_s = _FIRST_LINE_S
        self._live: Live | None = None
        self._has_bar = screen.is_terminal and not screen.quiet
        self._next_tick = clock() + (_BAR_AFTER_S if self._has_bar else 0.0)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Take the bar away when the block is left, however that is."""
        try:
            yield
        finally:
            with self._screen.lock:
                self._hide()
                self._screen.lift = None

    def tick(self, stats: Stats) -> None:
        """Show how things stand, if it is time to."""
        if self._screen.quiet:
            return
        now = self._clock()
        if now < self._next_tick:
            return
        self._next_tick = now + _TICK_S
        if self._has_bar:
            self._draw(stats, now)
            return
        passed = stats.elapsed_s(now)
        if passed >= self._next_line_s:
            every = _LINE_EVERY_S if passed < _CALM_AFTER_S else _CALM_EVERY_S
            self._next_line_s = passed + every
            said = ", ".join(facts(stats, now, most_pages=self._most_pages))
            self._screen.say(f"{seconds(passed)}: {said}")

    def _draw(self, stats: Stats, now: float) -> None:
        with self._screen.lock:
            if self._live is None:
                self._live = self._new_bar()
                if self._live is None:
                    self._has_bar = False
                    return
                self._screen.lift = self._hide
            try:
                self._live.update(self._bar(stats, now))
                self._live.start()
                self._live.refresh()
            except (OSError, ValueError):  # the terminal is gone; the crawl is not
                self._has_bar = False

    def _new_bar(self) -> "Live | None":
        from rich.console import Console  # noqa: PLC0415  loaded once there is something to draw
        from rich.live import Live  # noqa: PLC0415

        console = Console(file=self._screen.stream)
        if console.is_dumb_terminal or not console.is_terminal:
            return None
        # What a handler prints goes above the bar too, unless standard output goes elsewhere.
        import sys  # noqa: PLC0415

        is_shared = sys.stdout is not None and sys.stdout.isatty()
        return Live(console=console, auto_refresh=False, transient=True, redirect_stdout=is_shared)

    def _bar(self, stats: Stats, now: float) -> "Table":
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        text = "  ".join(facts(stats, now, most_pages=self._most_pages))
        assert self._live is not None
        grid = Table.grid(padding=(0, 1))
        room = self._live.console.width - len(text) - 3
        if room >= 8:
            total = stats.pages + stats.waiting + stats.out
            if self._most_pages is not None:
                total = min(total, self._most_pages)
            bar = ProgressBar(total=max(1, total), completed=stats.pages, width=min(_BAR_WIDTH, room))
            grid.add_row(bar, Text(text, no_wrap=True, overflow="ellipsis"))
        else:
            grid.add_row(Text(text, no_wrap=True, overflow="ellipsis"))
        return grid

    def _hide(self) -> None:
        if self._live is not None:
            try:
                self._live.stop()
            except (OSError, ValueError):
                self._has_bar = False
