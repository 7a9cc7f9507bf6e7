"""What came of a page's handler, wherever it ran: the one promise, and what makes records of selected columns."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ..cutoff import CutOff, cut_off_after
from ..handlers import Handler, Handlers, outputs_of, users_traceback
from ..model import Outcome, Request, Response
from ..parse.page import PARSE_TIMEOUT_S, Page
from ..stores.plain import plain

if TYPE_CHECKING:
    from ..selecting import Columns
    from ..selecting.columns import Look

_LONGEST_MESSAGE = 500  # characters


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a handler gave nothing.

    Attributes:
        message: One sentence.
        what: What the handler did, in a word or two: "raised".
        traceback: The user's own, our frames left out.
        is_everybodys: No page can be handled there: the handlers themselves cannot be had.
        error: What it raised, where that did not cross to another process.
    """

    message: str
    what: str = "raised"
    traceback: str = ""
    is_everybodys: bool = False
    error: BaseException | None = None

    @property
    def told(self) -> str:
        """The traceback, and where there is none what there is to say."""
        return self.traceback or self.message


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a page's handler.

    Attributes:
        items: Records, made plain.
        requests: What it wants crawled.
        fault: Why there is none of either; None when all went well.
        handler: The handler's name; "" where none was for the page.
        looks: How the search for each selected column went.
        seconds: What it took.
    """

    items: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    fault: Fault | None = None
    handler: str = ""
    looks: "tuple[Look, ...]" = ()
    seconds: float = 0.0


class Maker(Protocol):
    """Makes of an answer what is to be stored of it; the same in every place."""

    def is_for(self, response: Response) -> bool:
        """Whether it makes anything of this answer."""

    def make(self, response: Response) -> Handled | None:
        """What it makes; never raises for what the user's code does. None: it is the main process's business."""


def is_final(response: Response) -> bool:
    """Whether an answer stands for sure, whatever the crawl knows: no redirect, no challenge, and nothing tried again.

    The main process decides about the others, and calls the handlers of those that stand.
    """
    status = response.status
    return 200 <= status < 300 or (400 <= status < 500 and status not in {401, 407, 408, 429})


class HandlerMaker:
    """Calls the handler that a page is for.

    Args:
        handlers: The user's; of failures the main process takes care.
        timeout_s: Seconds that one may take for a page; None for no limit.
        parse_timeout_s: Seconds that the slow parsers may take for one page.
        is_left_to_main: Whether `on_failure` may want what no handler is for.
    """

    def __init__(
        self,
        handlers: Handlers,
        *,
        timeout_s: float | None,
        parse_timeout_s: float = PARSE_TIMEOUT_S,
        is_left_to_main: bool = False,
    ) -> None:
        """Take the parts."""
        self._handlers = handlers
        self._timeout_s = timeout_s
        self._parse_timeout_s = parse_timeout_s
        self._is_left_to_main = is_left_to_main

    def is_for(self, response: Response) -> bool:
        """Whether a handler is for this answer; also when it is named and not registered, which is its fault."""
        try:
            return self._handlers.for_response(response) is not None
        except ValueError:
            return True

    def make(self, response: Response) -> Handled | None:
        """Call it; an answer that none is for has nothing, or is left to `on_failure` in the main process."""
        try:
            handler = self._handlers.for_response(response)
        except ValueError as error:
            return Handled(fault=fault_of(error))
        if handler is not None:
            return call(handler, response, timeout_s=self._timeout_s, parse_timeout_s=self._parse_timeout_s)
        return None if self._is_left_to_main and not 200 <= response.status < 300 else Handled()


class ColumnMaker:
    """Makes the record of an answer with selected columns.

    Args:
        select: Names of columns, and what is looked for.
        fields: Which columns there are.
        parse_timeout_s: Seconds that Markdown may take for one page.
        is_left_to_main: Whether `on_failure` wants the answers that are not 2xx.
    """

    def __init__(
        self,
        select: tuple[tuple[str, str], ...],
        fields: tuple[str, ...],
        parse_timeout_s: float,
        is_left_to_main: bool,
    ) -> None:
        """Take what is asked for; the columns themselves do not cross."""
        self._asked = (select, fields, parse_timeout_s, is_left_to_main)
        self._columns: Columns | None = None

    def __reduce__(self) -> Any:
        """Cross as what is asked for."""
        return ColumnMaker, self._asked

    def is_for(self, response: Response) -> bool:
        """Whether the record is all that is made of this answer."""
        return not self._asked[3] or 200 <= response.status < 300

    def make(self, response: Response) -> Handled | None:
        """Its record."""
        if not self.is_for(response):
            return None
        began = time.monotonic()
        if self._columns is None:
            from ..selecting import Columns  # noqa: PLC0415  only when it is asked for

            select, fields, parse_timeout_s, _ = self._asked
            self._columns = Columns(select, fields, parse_timeout_s=parse_timeout_s)
        record, looks = self._columns.record_of(response)
        return Handled([record], looks=tuple(looks), seconds=time.monotonic() - began)


def call(
    handler: Handler,
    outcome: Outcome,
    *,
    timeout_s: float | None,
    parse_timeout_s: float = PARSE_TIMEOUT_S,
) -> Handled:
    """Call a handler to its end, items made plain: all that runs the user's code, and so has a time limit.

    What it raises comes back as a fault; what ends the program (`SystemExit`, Ctrl-C) is raised.
    """
    began = time.monotonic()

    def run() -> tuple[list[dict[str, Any]], list[Request]]:
        page = Page(outcome, parse_timeout_s=parse_timeout_s)
        given, requests = outputs_of(handler, page)
        return [plain(item) for item in given], requests

    name = name_of(handler)
    try:
        items, requests = run() if timeout_s is None else cut_off_after(timeout_s, run)
    except (Exception, CutOff) as error:  # noqa: BLE001  the user's code may raise anything
        return Handled(fault=fault_of(error), handler=name, seconds=time.monotonic() - began)
    return Handled(items, requests, handler=name, seconds=time.monotonic() - began)


def name_of(handler: Handler) -> str:
    """A handler's name, as a trace has it."""
    return str(getattr(handler, "__qualname__", type(handler).__name__))


def fault_of(error: BaseException) -> Fault:
    """What a handler raised, in words."""
    is_cut = isinstance(error, CutOff)
    message = f"the handler {error}" if is_cut else f"{type(error).__name__}: {_words_of(error)}"
    return Fault(
        message[:_LONGEST_MESSAGE],
        what=str(error) if is_cut else "raised",
        traceback=users_traceback(error),
        error=error,
    )


def _words_of(error: BaseException) -> str:
    """The exception's own text, which may raise in turn: it is the user's class."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001  whatever it is, the page is lost already and the crawl is not
        return "(its text cannot be had)"
