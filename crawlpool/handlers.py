"""What a page sets off in the user's code: which function gets it, and what came of that.

The first pattern that matches wins, in the order in which they were registered;
then the default handler. A handler takes a `Page` and returns nothing, an item, a
request, or an iterable of them (a generator, most often).
"""

import difflib
import inspect
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from .errors import ConfigError
from .model import Request, Response
from .parse.page import Page
from .patterns import Pattern

Handler: TypeAlias = Callable[[Page], Any]
Statuses: TypeAlias = int | Iterable[int] | None

_SUCCESS = frozenset(range(200, 300))
_LONGEST_TRACEBACK = 20_000  # characters

_CALLERS = frozenset({__name__, "crawlpool.handling.made", "crawlpool.landing", "crawlpool.cutoff"})


@dataclass(frozen=True, slots=True)
class _Route:
    pattern: Pattern | None
    statuses: frozenset[int]
    handler: Handler
    name: str


class Handlers:
    """The user's functions, and which pages they are for."""

    def __init__(self) -> None:
        """Start with none."""
        self._routes: list[_Route] = []
        self._defaults: list[_Route] = []
        self._on_failure: Handler | None = None

    def __bool__(self) -> bool:
        """Whether there is any handler for pages."""
        return bool(self._routes or self._defaults)

    @property
    def on_failure(self) -> Handler | None:
        """What gets the pages without an answer, and those with a status that nobody handles."""
        return self._on_failure

    def add(self, handler: Handler, pattern: str | None = None, statuses: Statuses = None) -> None:
        """Register a handler for pages; without a pattern it is a default one.

        Args:
            handler: The function.
            pattern: See `crawlpool.patterns`.
            statuses: The HTTP statuses it is for; None for every 2xx.

        Raises:
            ConfigError: It cannot be called, is a coroutine function, or the pattern is wrong.
        """
        if not isinstance(pattern, str | None):
            raise ConfigError(f"pattern {pattern!r} should be a text, such as '/catalogue/*'")
        name = _name_of(handler)
        wanted = (
            _SUCCESS if statuses is None else frozenset([statuses] if isinstance(statuses, int) else statuses)
        )
        route = _Route(None if pattern is None else Pattern(pattern), wanted, handler, name)
        (self._defaults if pattern is None else self._routes).append(route)

    def set_on_failure(self, handler: Handler) -> None:
        """Register what gets the pages that failed."""
        _name_of(handler)
        self._on_failure = handler

    def for_pages(self) -> "Handlers":
        """The same without what gets the failures, which stays in the main process."""
        pages = Handlers()
        pages._routes, pages._defaults = self._routes, self._defaults
        return pages

    def registered(self) -> Iterator[tuple[str, Handler]]:
        """Every handler and its name; the same one may come more than once."""
        for route in (*self._routes, *self._defaults):
            yield route.name, route.handler
        if self._on_failure is not None:
            yield _name_of(self._on_failure), self._on_failure

    def may_want(self, request: Request) -> bool:
        """Whether some handler may want the body of the answer to this request."""
        if self._on_failure is not None or self._defaults or request.handler is not None:
            return True
        return any(route.pattern is None or route.pattern.matches(request.target) for route in self._routes)

    def for_response(self, response: Response) -> Handler | None:
        """The handler that a request names, else the first whose pattern and status match, else the default one.

        Raises:
            ConfigError: The request names a handler that was never registered.
        """
        named = response.request.handler
        if named is not None:
            return self._named(named) if response.status in _SUCCESS else None
        for route in (*self._routes, *self._defaults):
            if response.status in route.statuses and (
                route.pattern is None or route.pattern.matches(response.final_url)
            ):
                return route.handler
        return None

    def _named(self, name: str) -> Handler:
        known = {route.name: route.handler for route in (*self._routes, *self._defaults)}
        if name in known:
            return known[name]
        near = difflib.get_close_matches(name, known, 1)
        hint = (
            f"; did you mean {near[0]!r}?" if near else f"; registered: {', '.join(sorted(known)) or 'none'}"
        )
        raise ConfigError(f"a request names the handler {name!r}, which is not registered{hint}")


def outputs_of(handler: Handler, page: Page) -> tuple[list[Any], list[Request]]:
    """Call a handler to its end; what it gave, as items and requests.

    All or nothing: when it raises half way, what it gave before is dropped with
    the page, so that a page's items are there whole or not at all. A request that
    was made by hand, not by `page.follow`, is one deeper than the page as well.
    """
    given = handler(page)
    if given is None:
        return [], []
    if isinstance(given, Request) or not _is_many(given):
        given = (given,)
    items: list[Any] = []
    requests: list[Request] = []
    for each in given:
        if isinstance(each, Request):
            if each.found_on is None:
                each = replace(each, depth=max(each.depth, page.depth + 1), found_on=page.final_url)  # noqa: PLW2901
            requests.append(each)
        elif isinstance(each, str | bytes):
            raise TypeError(
                f"a handler gave {each[:80]!r}; give an item, or page.follow({each[:80]!r}) to crawl a URL"
            )
        elif each is not None:
            items.append(each)
    return items, requests


def users_traceback(error: BaseException) -> str:
    """The traceback of a handler that raised, without our own frames at its top.

    The middle of a very long one is left out: an exception may quote the page, whose owner
    would then say how fast logs grow.
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__") in _CALLERS:
        frames = frames.tb_next
    text = "".join(traceback.format_exception(type(error), error, frames)).rstrip()
    left_out = len(text) - _LONGEST_TRACEBACK
    if left_out <= 0:
        return text
    half = _LONGEST_TRACEBACK // 2
    return f"{text[:half]}\n... {left_out:,} characters left out ...\n{text[-half:]}"


def _is_many(given: Any) -> bool:
    """Whether it is an iterable of outputs; a dict, a str or a pydantic model is one output."""
    if isinstance(given, Mapping | str | bytes) or hasattr(given, "__dataclass_fields__"):
        return False
    return isinstance(given, list | tuple | set) or hasattr(given, "__next__")


def _name_of(handler: Any) -> str:
    if not callable(handler):
        raise ConfigError(f"a handler is {handler!r}, and should be a function that takes a page")
    if inspect.iscoroutinefunction(handler) or inspect.isasyncgenfunction(handler):
        raise ConfigError(
            f"the handler {handler!r} is async; the main thread calls plain functions, so make it `def`"
        )
    return str(getattr(handler, "__name__", repr(handler)))
