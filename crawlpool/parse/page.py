"""An outcome as the user sees it: always a `Page`, whether the URL was answered or not.

A page is cheap: nothing is decoded or parsed until it is asked for, and then once.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..errors import ConfigError, PageError
from ..model import Failure, Outcome, Pairs, Request, Response
from ..urls import join, place
from .html import Tree, is_html, title_of, tree_of
from .links import FOLLOWED, Link, base_of, extract
from .text import decode

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from selectolax.lexbor import LexborNode

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 120


class Headers(Mapping[str, str]):
    """A response's headers, their names compared without case; duplicates joined by ", " (RFC 9110, 5.3)."""

    def __init__(self, given: Pairs) -> None:
        """Take the pairs as they came."""
        self._values: dict[str, list[str]] = {}
        for name, value in given:
            self._values.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        values = self._values[name.lower()]
        return values[0] if name.lower() == "set-cookie" else ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def get_all(self, name: str) -> list[str]:
        """Every value of a header, in the order in which they came; Set-Cookie cannot be joined."""
        return list(self._values.get(name.lower(), ()))


class Page:
    """What came of a URL.

    Args:
        outcome: The answer, or why there is none.
        parser: What `soup` is built with: "html.parser", or "lxml" or "html5lib" where installed.

    Attributes:
        outcome: The `Response` or `Failure`.
        request: The request, as it was at its end.
        response: The answer; None without one. There is one also when a handler failed.
        failure: Why there is no answer; None when there is one.
    """

    def __init__(self, outcome: Outcome, *, parser: str = "html.parser") -> None:
        """Parse nothing yet."""
        self.outcome = outcome
        self.request = outcome.request
        self.response: Response | None = outcome if isinstance(outcome, Response) else outcome.response
        self.failure: Failure | None = outcome if isinstance(outcome, Failure) else None
        self._parser = parser

    def __repr__(self) -> str:
        return f"<Page {self.status if self.failure is None else self.error} {self.url}>"

    # Where it came from, and how that went

    @property
    def url(self) -> str:
        """The URL as it was given or found."""
        return self.request.url

    @property
    def final_url(self) -> str:
        """Where redirects ended, in normal form; links on the page are relative to it."""
        return self.request.target or self.request.url

    @property
    def status(self) -> int | None:
        """HTTP status code; None without an answer."""
        return None if self.response is None else self.response.status

    @property
    def ok(self) -> bool:
        """Whether it was answered with 2xx."""
        return self.failure is None and self.response is not None and 200 <= self.response.status < 300

    @property
    def error(self) -> str | None:
        """What went wrong, in a sentence such as "timeout: ..." or "HTTP 404 Not Found"; None if nothing did."""
        if self.failure is not None:
            return f"{self.failure.kind.value}: {self.failure.message}"
        if self.ok or self.response is None:
            return None
        return f"HTTP {self.response.status} {self.response.reason}".rstrip()

    def raise_for_status(self) -> Self:
        """Return the page if it is ok.

        Raises:
            PageError: It is not; the message says why, and for which URL.
        """
        if self.ok:
            return self
        raise PageError(f"{self.error or 'no 2xx answer'} for {self.url}")

    @property
    def data(self) -> Any:
        """What the request carried along for its handler."""
        return self.request.data

    @property
    def depth(self) -> int:
        """Links followed from a seed."""
        return self.request.depth

    @property
    def found_on(self) -> str | None:
        """URL of the page that linked here; None for a seed."""
        return self.request.found_on

    @property
    def attempts(self) -> int:
        """How often the last hop was asked."""
        return self.request.attempt if self.failure is None else self.failure.attempts

    @property
    def elapsed_s(self) -> float:
        """Seconds of the last attempt."""
        return self.outcome.elapsed_s

    # What came

    @cached_property
    def headers(self) -> Headers:
        """The response's headers."""
        return Headers(() if self.response is None else self.response.headers)

    @property
    def content(self) -> bytes:
        """The body, content coding removed."""
        return b"" if self.response is None else self.response.body

    @property
    def is_cut(self) -> bool:
        """Whether the body was cut short at the cap."""
        return self.response is not None and self.response.is_cut

    @property
    def content_type(self) -> str:
        """The media type, such as "text/html"; "" without one."""
        return "" if self.response is None else self.response.content_type

    @cached_property
    def _decoded(self) -> tuple[str, str]:
        return decode(self.content, self.headers.get("content-type"))

    @property
    def encoding(self) -> str:
        """The body's charset: by its byte order mark, the header, a meta tag, or a guess, in this order."""
        return self._decoded[1]

    @property
    def text(self) -> str:
        """The body as text; bytes that are wrong in its charset become U+FFFD."""
        return self._decoded[0]

    def json(self) -> Any:
        """The body as JSON (RFC 8259: UTF-8, and a byte order mark is forgiven).

        Raises:
            ValueError: It is no JSON; the message quotes the URL and how the body begins.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"no JSON at {self.url}: {error}; it begins {self.content[:60]!r}") from error

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the body to a file, whole or not at all; folders are made.

        Args:
            path: The file, or a folder that is there: then the name is made from the URL.
        """
        target = Path(path)
        if target.is_dir():
            target = target / self._file_name()
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".crawlpool-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.content)
            Path(temporary).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
        return target

    def _file_name(self) -> str:
        """A name that is safe on every system: no path of the server's, no reserved word."""
        where = place(self.final_url)
        name = _UNSAFE.sub("_", f"{where.host}{where.path}").strip("._")[:_LONGEST_NAME]
        suffix = ".html" if is_html(self.headers.get("content-type"), self.content) else ""
        return name if not suffix or name.lower().endswith((".html", ".htm")) else name + suffix

    # What is in it

    @cached_property
    def _tree(self) -> Tree:
        return tree_of(self.content, self.headers.get("content-type"))

    @property
    def tree(self) -> Any:
        """The page as lexbor parsed it (selectolax's `LexborHTMLParser`)."""
        return self._tree.root

    @cached_property
    def title(self) -> str | None:
        """Text of the first `title`, white space folded; None without one."""
        return title_of(self._tree.root)

    @cached_property
    def soup(self) -> "BeautifulSoup":
        """The page as BeautifulSoup parses it; costs some 50 times what `css()` does."""
        return self.make_soup(self._parser)

    def make_soup(self, parser: str = "html.parser") -> "BeautifulSoup":
        """Parse the page with a parser of BeautifulSoup's; a new tree each time."""
        import bs4  # noqa: PLC0415  slow to load, and only handlers that use it need it

        try:
            return bs4.BeautifulSoup(self.text, parser)
        except bs4.FeatureNotFound as error:
            raise ConfigError(
                f"BeautifulSoup knows no parser {parser!r} here; install it, or use html.parser"
            ) from error

    def css(self, selector: str) -> "list[LexborNode]":
        """Every element that a CSS selector matches, in page order.

        Raises:
            ValueError: The selector is wrong; the message quotes it.
        """
        try:
            return list(self._tree.root.css(selector))
        except Exception as error:
            raise ValueError(f"{selector!r} is no CSS selector: {error}") from error

    def css_first(self, selector: str) -> "LexborNode | None":
        """The first element that a CSS selector matches; None without one."""
        found = self.css(selector)
        return found[0] if found else None

    def get(self, selector: str, default: str | None = None) -> str | None:
        """Text of the first match, white space folded; with "a@href" that attribute of it.

        Args:
            selector: A CSS selector, and perhaps "@" with an attribute's name.
            default: What a page without a match gives.
        """
        return next(self._values(selector), default)

    def get_all(self, selector: str) -> list[str]:
        """The same for every match; matches without the attribute are left out."""
        return list(self._values(selector))

    def _values(self, selector: str) -> Iterator[str]:
        css, at, attribute = selector.rpartition("@")
        if not at or not re.fullmatch(r"[\w:.-]+", attribute):
            css, attribute = selector, ""
        for node in self.css(css.strip()):
            if not attribute:
                yield " ".join(
                    node.text(separator=" " if node.tag in {"ul", "ol", "table", "tr"} else "").split()
                )
            elif attribute in node.attributes:
                yield node.attributes[attribute] or ""

    def xpath(self, expression: str) -> Any:
        """What an XPath expression gives, on lxml's tree of the page.

        Raises:
            ConfigError: lxml is not installed; it is an extra.
            ValueError: The expression is wrong; the message quotes it.
        """
        try:
            from lxml import etree  # noqa: PLC0415  an extra
        except ImportError as error:
            raise ConfigError('xpath needs: pip install "crawlpool[xpath]"') from error
        try:
            return self._lxml.xpath(expression)
        except etree.XPathError as error:
            raise ValueError(f"{expression!r} is no XPath expression: {error}") from error

    @cached_property
    def _lxml(self) -> Any:
        from lxml import html  # noqa: PLC0415  an extra

        text = self.text
        return html.document_fromstring(
            text.encode("utf-8", "replace") or b"<html></html>", parser=html.HTMLParser(encoding="utf-8")
        )

    # Where it leads

    @cached_property
    def _links(self) -> list[Link]:
        if not is_html(self.headers.get("content-type"), self.content):
            return []
        return extract(self._tree, self.final_url)

    def links(self, kinds: Iterable[str] | None = FOLLOWED) -> list[str]:
        """The URLs that the page names, joined and in normal form, each once, in page order.

        Args:
            kinds: Which kinds of link (see `Link.kind`); those that a crawl follows, or
                None for all, with images, styles and scripts.
        """
        wanted = None if kinds is None else frozenset(kinds)
        return list(dict.fromkeys(link.url for link in self._links if wanted is None or link.kind in wanted))

    def link_elements(self) -> list[Link]:
        """Every link with its kind and `rel`, in page order."""
        return list(self._links)

    def follow(self, href: Any, **fields: Any) -> Request:
        """A request for a link on this page, one deeper than it.

        Args:
            href: A URL, absolute or relative to the page, or an element with an href or src.
            **fields: Fields of `Request`: `handler`, `data`, `priority`, `headers`, `form`, ...

        Raises:
            ValueError: It leads to no http(s) URL; the message quotes it.
        """
        raw = href if isinstance(href, str) else _reference_of(href)
        url = None if raw is None else join(base_of(self._tree, self.final_url), raw)
        if url is None:
            raise ValueError(
                f"{raw if raw is not None else href!r} on {self.final_url} leads to no http(s) URL"
            )
        return Request(url, **{"depth": self.depth + 1, "found_on": self.final_url, **fields})

    def follow_all(
        self, hrefs: Iterable[Any] | None = None, *, css: str | None = None, **fields: Any
    ) -> Iterator[Request]:
        """Requests for many links; what leads nowhere is left out.

        Args:
            hrefs: URLs or elements; without them, and without `css`, every link that a crawl follows.
            css: A selector of elements with an href or src.
            **fields: Fields of `Request`.
        """
        if css is not None:
            hrefs = self.css(css)
        elif hrefs is None:
            hrefs = self.links()
        for href in hrefs:
            with suppress(ValueError):
                yield self.follow(href, **fields)


def _reference_of(element: Any) -> str | None:
    """The href or src of an element of lexbor's, BeautifulSoup's or lxml's."""
    attributes = (
        getattr(element, "attributes", None)
        or getattr(element, "attrs", None)
        or getattr(element, "attrib", {})
    )
    for name in ("href", "src"):
        if attributes.get(name):
            return str(attributes[name])
    return None
