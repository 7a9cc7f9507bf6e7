"""`crawlpool shell URL`: a prompt of Python with a page in it, to try selectors at.

IPython where it is installed, else Python's own prompt, with completion. With `-c` nothing is
asked: expressions are evaluated and printed, for scripts.
"""

import argparse
import code
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import ConfigError
from ..urls import normalise, place, public
from .asking import Asking, add_asking, is_file, one_word, page_of_file, url_of, write_bytes
from .flags import Parser, asks_for_help, new_parser, parse
from .screen import complain, printable

if TYPE_CHECKING:
    from ..model import Request
    from ..parse.page import Page

_USAGE = "crawlpool shell [FLAG ...] [URL|FILE]"
_DESCRIPTION = """\
Open a prompt of Python with the page of a URL, or of a file, as page, and what crawls and
selects beside it. IPython is used where it is installed. Exit code 3 when there was no
answer, or one with status 400 and more, and -c was given.

Flags of a crawl that are about speed, limits, politeness and requests may be given
besides, such as --user-agent or --cookie; crawlpool help crawl lists them."""

_FAILED = 3


def shell(words: Sequence[str]) -> int:
    """Open the prompt, or print what was asked for with -c; the exit code is that of `cli.main`."""
    if asks_for_help(words):
        parser().print_help()
        return 0
    given = parse(whole_parser(), words)
    names = Names(Asking(given), given.base)
    page = names.fetch(one_word(given, _USAGE, "URL or file")) if given.words else None
    if given.command:
        return _evaluated(given.command, names, page)
    if sys.stdin is None:
        raise ConfigError("standard input is closed, so nothing can be typed; -c 'page.title' prints a value")
    _prompt(names, page)
    return 0


def parser() -> Parser:
    """The flags of its own; some of a crawl are there besides."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="URL|FILE", help=argparse.SUPPRESS)
    made.add_argument(
        "-c", "--command", action="append", default=[], metavar="CODE",
        help="Run this instead of asking, and print its value: a text as it is, an element as its HTML, a list with one thing a line. "
        "May be given many times.",
    )  # fmt: skip
    made.add_argument(
        "--base", metavar="URL", help="The URL that a file is from, which links are relative to."
    )
    return made


def whole_parser() -> Parser:
    """All that it takes."""
    return add_asking(parser())


class Names:
    """What has a name at the prompt; `fetch` there replaces `page`.

    Args:
        asking: How pages are asked for.
        base: The URL that a file is from; None when nobody said.

    Attributes:
        known: The names, and what they stand for; the prompt's own come in as they are made.
    """

    def __init__(self, asking: Asking, base: str | None) -> None:
        import crawlpool  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

        self._asking, self._base = asking, base
        self._origin: str | None = None  # the one that logins and cookies are for
        self._told: set[str | None] = set()
        self.known: dict[str, Any] = {
            **{name: getattr(crawlpool, name) for name in crawlpool.__all__},
            **{name: self._of_page(name) for name in ("css", "get", "get_all", "links")},
            "__name__": "__console__",
            "crawlpool": crawlpool,
            "page": None,
            "fetch": self.fetch,
        }

    @property
    def page(self) -> "Page":
        """The page as it is now.

        Raises:
            ConfigError: There is none yet.
        """
        page: Page | None = self.known["page"]
        if page is None:
            raise ConfigError("there is no page yet; fetch('https://shop.example/') gets one")
        return page

    def fetch(self, url: "str | Request | Any") -> "Page":
        """Fetch a URL, a `Request`, a file, or a link of the page, and make it `page`.

        Args:
            url: A URL, one relative to the page, a file's name, an element with an href, or a `Request`.
        """
        self.known["page"] = page = self._asked(url)
        return page

    def _of_page(self, name: str) -> Callable[..., Any]:
        """A method of whatever page there is then, as a function."""

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(self.page, name)(*args, **kwargs)

        call.__name__ = name
        return call

    def _asked(self, url: Any) -> "Page":
        from ..model import Request  # noqa: PLC0415

        here: Page | None = self.known["page"]
        if isinstance(url, Request):
            return self._page(url.url, url)
        if not isinstance(url, str):
            found = self.page.follow(url)
            return self._page(found.url, found, is_found=True)
        if is_file(url):
            return page_of_file(url, self._base, self._asking.settings)
        if here is not None and (url.startswith(("/", "?", "./", "../"))):
            return self._page(here.follow(url).url)
        return self._page(url_of(url))

    def _page(self, url: str, request: "Request | None" = None, *, is_found: bool = False) -> "Page":
        """Ask for a URL; what was typed for the first one's origin is sent to that alone, whatever a page links to."""
        target = normalise(url)
        origin = self._origin if target is None else place(target).origin
        self._origin = self._origin or origin
        is_elsewhere = origin != self._origin
        if is_elsewhere and origin not in self._told and self._asking.has_secrets:
            self._told.add(origin)
            complain(f"what was given for {self._origin} is not sent to {origin}")
        return self._asking.page(
            url if request is None else request, is_elsewhere=is_elsewhere, is_found=is_found and is_elsewhere
        )


def _evaluated(commands: Iterable[str], names: Names, page: "Page | None") -> int:
    """Print what each of the commands gives.

    Raises:
        ConfigError: One of them raises; the message says what.
    """
    if page is not None and page.error is not None:
        complain(f"{public(page.url)}: {page.error}")
    for command in commands:
        try:
            _print(_value(command, names))
        except BrokenPipeError:
            raise
        except Exception as error:
            said = "".join(traceback.format_exception_only(error)).strip()
            raise ConfigError(f"-c {command}: {said}") from error
    return _FAILED if page is not None and (page.failure is not None or (page.status or 0) >= 400) else 0


def _value(command: str, names: Names) -> Any:
    """What an expression gives; None for statements."""
    try:
        what = compile(command, "-c", "eval")
    except SyntaxError:
        exec(compile(command, "-c", "exec"), names.known)  # noqa: S102  the user's own words
        return None
    return eval(what, names.known)  # noqa: S307  the same


def _print(value: Any) -> None:
    """One value; of what can be gone through, one thing a line."""
    if value is None:
        return
    if sys.stdout is None:
        raise ConfigError("standard output is closed")
    is_many = not isinstance(value, str | bytes | Mapping) and isinstance(value, Iterable)
    is_plain = is_many and type(value).__module__ in {"builtins", "itertools"}
    lines = map(_text, value) if is_plain else [_text(value)]
    if sys.stdout.isatty():
        for line in lines:
            print(printable(line, lines=True))
        return
    write_bytes(f"{line}\n".encode(errors="replace") for line in lines)


def _text(value: Any) -> str:
    """A text as it is, an element as its HTML, anything else as Python has it."""
    if type(value).__module__.startswith("selectolax."):
        value = getattr(value, "html", None) or repr(value)
    return value if isinstance(value, str) else repr(value)


def _prompt(names: Names, page: "Page | None") -> None:
    """Ask for lines until Ctrl-D."""
    banner = _banner(page)
    if sys.stdin.isatty() and find_spec("IPython") is not None:
        print(banner, file=sys.stderr)
        import_module("IPython").start_ipython(argv=["--no-banner", "--no-confirm-exit"], user_ns=names.known)
        return
    if sys.stdin.isatty():
        with suppress(ImportError):  # Windows has no readline
            import readline  # noqa: PLC0415
            from rlcompleter import Completer  # noqa: PLC0415

            readline.set_completer(Completer(names.known).complete)
            is_libedit = "libedit" in (readline.__doc__ or "")
            readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
    code.interact(banner=banner, local=names.known, exitmsg="")


def _banner(page: "Page | None") -> str:
    """Five lines: what there is, and what to try."""
    if page is None:
        first = "There is no page yet; fetch('https://example.com/') gets one."
    else:
        title = "" if page.error or not page.title else f', "{page.title[:60]}"'
        first = f"page is {page!r}{title}{'; ' + page.error if page.error else ''}"
    return "\n".join(
        (
            f"crawlpool {__version__}, Python {sys.version.split()[0]}. {printable(first)}",
            "  page.css('h1')  page.get('a@href')  page.links()  page.text  page.headers  page.soup",
            "  css(), get(), get_all() and links() are those of page; fetch('/about') makes another one page",
            "  crawlpool, Crawler, Request, fetch_all and its other names are there as well",
            "Try: get('title'), then [node.text() for node in css('h2')]. Ctrl-D ends it.",
        )
    )
