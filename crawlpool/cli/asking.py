"""One page for `get`, `links` and `shell`: asked for as a crawl does it, or read from a file.

word ─▶ a file that is there, or "-" ─▶ the file's bytes, as if a server had sent them
     └▶ else a URL                   ─▶ fetched: robots.txt, redirects, tries, logins
"""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..redirects import may_travel
from ..settings import Settings, knobs
from ..urls import normalise, public
from .configfile import gathered
from .flags import Parser, add_knobs

if TYPE_CHECKING:
    from ..model import Facts, Request, Response
    from ..parse.page import Page

GROUPS = ("Speed", "Limits", "Politeness", "Requests")
"""The flags of a crawl that are about one page, too."""

_BY_ORIGIN = ("auth", "bearer", "client_cert")

_TYPES = {
    ".htm": "text/html",
    ".html": "text/html",
    ".xht": "application/xhtml+xml",
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".json": "application/json",
    ".xml": "application/xml",
}


class Asking:
    """How pages are asked for by one command.

    Args:
        given: What was typed.
        groups: The groups of knobs that the command takes.

    Attributes:
        settings: The knobs.

    Raises:
        ConfigError: A setting will not do.
    """

    def __init__(self, given: argparse.Namespace, groups: Sequence[str] = GROUPS) -> None:
        self.settings, came = gathered(given)
        known = knobs()
        # A file of settings may say more, such as follow, which means nothing here.
        self._asked: dict[str, Any] = {
            name: getattr(self.settings, name) for name in came if known[name].group in groups
        }

    def page(self, url: "str | Request", *, is_elsewhere: bool = False, is_found: bool = False) -> "Page":
        """Ask for one URL.

        Args:
            url: The URL.
            is_elsewhere: It is of another origin than the settings were given for; what is meant for the
                seeds stays here.
            is_found: Nobody typed it; what it names may not be private.
        """
        from ..fetching import fetch_all  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

        asked = {**self._asked, **(self._withheld() if is_elsewhere else {})}
        if is_found and not self.settings.allow_private:
            asked["deny_private"] = True
        # A thread starts at once, and one page gains nothing from a process.
        usual = {"backend": "thread", "workers": 1}
        return fetch_all([url], **{**usual, **asked})[0]

    def _withheld(self) -> dict[str, Any]:
        """The settings in which something is for the seeds alone, without that."""
        own = self.settings
        left: dict[str, Any] = {
            "header": may_travel(own.header),
            "cookie": (),
            **{name: tuple(each for each in getattr(own, name) if each[0]) for name in _BY_ORIGIN},
            "netrc": None,  # its "default" is for seeds
        }
        return {name: value for name, value in left.items() if getattr(own, name) != value}

    @property
    def has_secrets(self) -> bool:
        """Whether anything was given for the seeds alone."""
        return bool(self._withheld())

    def page_of(self, word: str, base: str | None) -> "Page":
        """The page that a word means: of a file, of standard input, or of a URL.

        Args:
            word: As it was typed.
            base: The URL that a file is from; None when nobody said.

        Raises:
            ConfigError: It is neither a file nor a URL, or the file cannot be read.
        """
        if is_file(word):
            return page_of_file(word, base, self.settings)
        if base is not None:
            raise ConfigError("--base: a page that is fetched has its own URL; it is for files")
        return self.page(url_of(word))


def add_asking(parser: Parser, *more: str) -> Parser:
    """Add the flags by which pages are asked for, and further groups."""
    add_knobs(parser, (*GROUPS, *more))
    return parser


def is_file(word: str) -> bool:
    """Whether a word means a file, or standard input."""
    return word == "-" or isfile(word)  # noqa: PTH113  Path.is_file raises for a long URL


def one_word(given: argparse.Namespace, usage: str, what: str = "URL") -> str:
    """The one word that a command takes.

    Raises:
        ConfigError: There are none or more.
    """
    if len(given.words) != 1:
        more = f", not {' '.join(repr(public(word)) for word in given.words)}" if given.words else ""
        raise ConfigError(f"name one {what}{more}: {usage}")
    return str(given.words[0])


def url_of(word: str) -> str:
    """The URL that a word is; https:// is put before one without a scheme.

    Raises:
        ConfigError: It is none; the message says what was probably meant.
    """
    from ..seeds import read_words  # noqa: PLC0415

    return next(each.url for each in read_words([word]) if hasattr(each, "url"))


def page_of_file(word: str, base: str | None, settings: Settings) -> "Page":
    """A page from a file's bytes, as if it had been answered with 200.

    Raises:
        ConfigError: The file cannot be read, or the base is no URL.
    """
    from ..model import Request, Response  # noqa: PLC0415
    from ..parse.page import Page  # noqa: PLC0415

    url = None if base is None else normalise(base)
    if base is not None and url is None:
        raise ConfigError(f"--base: {public(base)!r} should be a URL, such as https://shop.example/")
    most = settings.max_body
    content = _content(word, most + 1)
    kind = _TYPES.get(Path(word).suffix.lower()) or _kind_of(content)
    where = "file:///-" if word == "-" else Path(word).absolute().as_uri()
    response = Response(
        request=Request(url or word, target=url or where),
        status=200,
        reason="OK",
        headers=(("Content-Type", kind),),
        body=content[:most],
        size=min(len(content), most),
        is_cut=len(content) > most,
        fetched_at=time.time(),
    )
    return Page(response, parse_timeout_s=settings.parse_timeout)


def facts_of(response: "Response", settings: Settings, *, with_links: bool) -> "Facts":
    """What a crawl's worker reads off a page: title, links, directives."""
    from ..parse.facts import read_facts  # noqa: PLC0415
    from ..parse.sniff import is_unknown  # noqa: PLC0415

    header = response.header("content-type")
    return read_facts(
        response.body,
        (response.media_type or None) if is_unknown(header) else header,
        response.final_url,
        with_links=with_links,
        headers=response.headers,
        max_links=settings.max_links,
        token=settings.token,
        at=response.fetched_at,
        x_robots_tag=settings.x_robots_tag,
        meta_robots=settings.meta_robots,
        rel_nofollow=settings.rel_nofollow,
    )


def write_bytes(pieces: Iterable[bytes]) -> None:
    """Write on standard output as it is; in UTF-8 where it has no room for bytes."""
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    for piece in pieces:
        if stream is None:
            sys.stdout.write(piece.decode(errors="replace"))
        else:
            stream.write(piece)
    sys.stdout.flush()


def _content(word: str, most: int) -> bytes:
    try:
        if word == "-":
            return sys.stdin.buffer.read(most)
        with Path(word).open("rb") as file:
            return file.read(most)
    except (OSError, ValueError, AttributeError) as error:  # standard input closed
        raise ConfigError(f"cannot read {word!r}: {getattr(error, 'strerror', None) or error}") from None


def _kind_of(content: bytes) -> str:
    """What a file without a telling name is: HTML, unless its bytes say that it is no text."""
    from ..parse import sniff  # noqa: PLC0415

    kind = sniff.media_type(None, content)
    return "text/html" if kind in {"", "text/plain"} else kind
