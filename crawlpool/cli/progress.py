"""How far a crawl is, on standard error: a live view or a bar on a terminal, else a line now and then.

`Progress.tick` is called by the crawl's main thread after each step and does
something ten times a second; no thread of its own runs, so nothing here competes
with the crawl. What the view says is laid out in `view.py`; keys are read here.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from ..stats import Stats
from .figures import count, rate, seconds
from .screen import Screen

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    from ..live.keys import Keys
    from ..live.now import Now
    from .view import Picture, View

_TICK_S = 0.1
_DRAW_S = 0.25
_FIRST_LINE_S = 5.0
_LINE_EVERY_S = 10.0
_CALM_AFTER_S = 600.0
_CALM_EVERY_S = 60.0
_BAR_AFTER_S = 0.15
"""A crawl that is done sooner shows no bar; and the library that draws it is loaded while workers start."""

_BAR_WIDTH = 24
_SPARE = 4
"""Lines that the view leaves free: what a signal's handler writes must not push its first lines out of reach."""


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
        view: "live", "bar" or "none".
        is_asked_for: The view was asked for, so it is shown on a small terminal, too.
        look: Says what the crawl does now, given the time and how many of each; None when it does not run.
        keys: Where keys are pressed; None for nowhere.
        act: Called with a key that means something to the crawl: p, r, s or q.
        clock: Steady seconds.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        most_pages: int | None = None,
        view: str = "bar",
        is_asked_for: bool = False,
        look: "Callable[[float, int], Now | None] | None" = None,
        keys: "TextIO | None" = None,
        act: Callable[[str], object] = lambda key: None,  # noqa: ARG005  a key for nobody
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._screen = screen
        self._most_pages = most_pages
        self._is_live = view == "live" and look is not None
        self._is_asked_for = is_asked_for
        self._look = look
        self._keys_from = keys
        self._act = act
        self._clock = clock
        self._is_silent = screen.quiet or view == "none"
        self._next_line_s = _FIRST_LINE_S
        self._console: Console | None = None
        self._live: Live | None = None  # while something is drawn
        self._view: View | None = None
        self._keys: Keys | None = None
        self._told: list[str] = []
        self._has_bar = screen.is_terminal and not self._is_silent
        self._next_tick = clock() + (_BAR_AFTER_S if self._has_bar else 0.0)
        self._next_draw = 0.0

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Take the bar away when the block is left, however that is, and give the terminal back."""
        try:
            yield
        finally:
            try:
                with self._screen.lock:
                    self._hide()
                    self._screen.lift = None
            finally:
                if self._keys is not None:
                    self._keys.__exit__(None, None, None)

    def told(self, text: str) -> None:
        """Somebody wrote below the bar without asking, as a signal's handler must; the next tick makes that good."""
        self._told.append(text)
        if self._view is not None:
            self._view.is_stopping = True

    def tick(self, stats: Stats) -> None:
        """Show how things stand, if it is time to, and do what keys ask for."""
        if self._is_silent:
            return
        now = self._clock()
        if now < self._next_tick:
            return
        self._next_tick = now + _TICK_S
        if self._has_bar:
            key = "" if self._keys is None else self._keys.poll()
            if key:
                self._pressed(key)
            if key or now >= self._next_draw or self._told:
                self._next_draw = now + (_DRAW_S if self._view is not None else 0.0)
                self._draw(stats, now)
            return
        passed = stats.elapsed_s(now)
        if passed >= self._next_line_s:
            every = _LINE_EVERY_S if passed < _CALM_AFTER_S else _CALM_EVERY_S
            self._next_line_s = passed + every
            said = ", ".join(facts(stats, now, most_pages=self._most_pages))
            self._screen.say(f"{seconds(passed)}: {said}")

    def _pressed(self, key: str) -> None:
        assert self._view is not None
        if key in "+=mM":
            self._view.more(1)
        elif key in "-_":
            self._view.more(-1)
        elif key in "hH?":
            self._view.has_help = not self._view.has_help
        else:
            self._step_aside()  # it may have something to say
            self._act(key.lower())

    def _draw(self, stats: Stats, now: float) -> None:
        with self._screen.lock:
            if self._console is None:
                self._console = self._new_console()
                if self._console is None:
                    self._has_bar = False
                    return
                self._screen.lift = self._hide
            if self._told:
                self._hide()
            if not self._is_ours():
                self._hide()
                return
            try:
                if self._live is None:
                    self._live = self._new_live(self._console)
                self._live.update(self._picture(stats, now) or self._bar(stats, now))
                self._live.start()
                self._live.refresh()
            except (OSError, ValueError):  # the terminal is gone; the crawl is not
                self._has_bar = False

    def _is_ours(self) -> bool:
        """Whether the terminal shows us, and not the shell to which Ctrl-Z and bg gave it back."""
        from ..live.keys import is_in_front  # noqa: PLC0415  loaded once there is something to draw

        assert self._screen.stream is not None
        try:
            return is_in_front(self._screen.stream.fileno())
        except (OSError, ValueError):
            return True

    def _new_console(self) -> "Console | None":
        """The terminal, if it can be drawn on; the view begins, if it has room for that."""
        from rich.console import Console  # noqa: PLC0415  loaded once there is something to draw

        console = Console(file=self._screen.stream)
        if console.is_dumb_terminal or not console.is_terminal:
            return None
        if self._is_live:
            self._begin_view(console.width, console.height)
        return console

    def _new_live(self, console: "Console") -> "Live":
        """A new one each time: one that was stopped would begin where it stood, above what was said since."""
        from rich.live import Live  # noqa: PLC0415

        # What a handler prints goes above the bar too, unless standard output goes elsewhere.
        is_shared = sys.stdout is not None and sys.stdout.isatty()
        return Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=is_shared,
            vertical_overflow="crop",
        )

    def _begin_view(self, wide: int, high: int) -> None:
        """Show the view from now on, if the terminal has room for it, and read keys."""
        from .view import LEAST_HIGH, LEAST_WIDE, View  # noqa: PLC0415  loaded once there is something to draw

        if not self._is_asked_for and (wide < LEAST_WIDE or high < LEAST_HIGH):
            return
        from ..live.keys import Keys  # noqa: PLC0415

        self._keys = Keys(self._keys_from, on_stop=self._step_aside)
        self._keys.__enter__()
        self._view = View(most_pages=self._most_pages, has_keys=self._keys.are_there)

    def _step_aside(self) -> None:
        with self._screen.lock:
            self._hide()

    def _picture(self, stats: Stats, now: float) -> "Picture | None":
        """The view as it is now; None when there is none, or no room for it."""
        if self._view is None or self._look is None or self._console is None:
            return None
        from .view import FEWEST_HIGH, FEWEST_WIDE, LEAST_HIGH, Picture  # noqa: PLC0415

        wide, high = self._console.size
        found = self._look(now, self._view.most)
        if found is None or wide < FEWEST_WIDE or high < FEWEST_HIGH:
            return None
        room = high - 1 if high < LEAST_HIGH else high - _SPARE
        return Picture(self._view.lines(found, stats, now, wide=wide, high=room))

    def _bar(self, stats: Stats, now: float) -> "Table":
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        text = "  ".join(facts(stats, now, most_pages=self._most_pages))
        assert self._console is not None
        grid = Table.grid(padding=(0, 1))
        room = self._console.width - len(text) - 3
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
        live, self._live = self._live, None
        told, self._told = self._told, []
        if live is None or not live.is_started:
            return
        try:
            stream, wide = live.console.file, max(1, live.console.width)
            if told:  # back to where the picture ends
                rows = sum(text.count("\n") + max(0, len(text.strip()) - 1) // wide for text in told)
                stream.write(f"\x1b[{rows}A")
            live.stop()
            if told:
                stream.write("\x1b[J" + "".join(text.lstrip("\n") for text in told))
                stream.flush()
        except (OSError, ValueError):
            self._has_bar = False
