"""An outcome as the user sees it: always a `Page`, whether the URL was answered or not.

A page is cheap: nothing is decoded or parsed until it is asked for, and then once.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from ..errors import ConfigError
from ..model import Outcome, Request, RequestFields
from .answer import Answer
from .directives import directives_of
from .headers import Headers
from .html import Tree, title_of, tree_of
from .linkheader import links_in_head
from .links import FOLLOWED, SEARCHED_FOR, Link, base_of, extract, links_of_css, resolve
from .select import Shape, TooCostlyError, select, select_first
from .soup import lxml_of, soup_of
from .vouched import tree_within

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from selectolax.lexbor import LexborHTMLParser, LexborNode

T = TypeVar("T")

PARSE_TIMEOUT_S = 10.0

_MOST_TEXT = 64 * 1024 * 1024
"""Characters that `get_all` gives: elements in elements have the text of the inner ones again and again."""

_ATTRIBUTE_OF = re.compile(r"(.*)@([\w:.-]+)", re.DOTALL)


class Page(Answer):
    """What came of a URL, and what is in it.

    Args:
        outcome: The `Response`, or the `Failure`: why there is none.
        parser: What `soup` is built with: "html.parser", or "lxml" or "html5lib" where installed.
        parse_timeout_s: Seconds that `soup`, and the tree of `xpath()`, may take to build.
    """

    def __init__(
        self, outcome: Outcome, *, parser: str = "html.parser", parse_timeout_s: float = PARSE_TIMEOUT_S
    ) -> None:
        super().__init__(outcome)
        self.soup_parser = parser
        self._parse_timeout_s = parse_timeout_s
        self._is_partly_built = False

    @property
    def is_partial(self) -> bool:
        """Whether there is more on the page than was read of it.

        Its body was cut at `max_body`; or its markup would have cost too much to parse, so that
        `css()`, `links()`, `soup` or `xpath()`, as far as they were asked for until now, saw its
        beginning only; or the worker that read its title and links had to leave some out.
        """
        facts = None if self.response is None else self.response.facts
        return (
            self.is_cut
            or (facts is not None and facts.is_partial)
            or self._is_partly_built
            or ("_tree" in self.__dict__ and self._tree.is_cut)
        )

    @cached_property
    def _tree(self) -> Tree:
        facts = None if self.response is None else self.response.facts
        tree = None if facts is None else tree_within(self.content, facts.vouched)
        return tree_of(self.content, self._content_type_header) if tree is None else tree

    @cached_property
    def _shape(self) -> Shape:
        return Shape(self._tree.root, self._tree.tags)

    @property
    def tree(self) -> "LexborHTMLParser":
        """The page as lexbor parsed it (selectolax's `LexborHTMLParser`)."""
        return self._tree.root

    @cached_property
    def title(self) -> str | None:
        """Text of the first `title`, white space folded; None without one, or when it is no HTML."""
        return title_of(self._tree.root) if self._is_html else None

    @cached_property
    def soup(self) -> "BeautifulSoup":
        """The page as BeautifulSoup parses it; costs some 50 times what `css()` does."""
        return self.make_soup(self.soup_parser)

    def make_soup(self, parser: str = "html.parser") -> "BeautifulSoup":
        """Parse the page with a parser of BeautifulSoup's; a new tree each time.

        What takes longer than `parse_timeout` is parsed in part: see `is_partial`.
        """
        built = soup_of(self.text, parser, self._parse_timeout_s)
        self._is_partly_built = self._is_partly_built or built.is_partial
        soup: BeautifulSoup = built.root
        return soup

    def css(self, selector: str) -> "list[LexborNode]":
        """Every element that a CSS selector matches, in page order.

        Raises:
            ValueError: The selector is wrong, or would take too long on a page like this; the message quotes it.
        """
        return self._selected(select, selector)

    def css_first(self, selector: str) -> "LexborNode | None":
        """The first element that a CSS selector matches; None without one.

        Raises:
            ValueError: As `css()` does.
        """
        return self._selected(select_first, selector)

    def _selected(self, search: Callable[[Shape, str], T], selector: str) -> T:
        try:
            return search(self._shape, selector)
        except TooCostlyError as error:
            raise ValueError(f"{selector!r}: {error}") from error
        except Exception as error:
            raise ValueError(f"{selector!r} is no CSS selector: {error}") from error

    @overload
    def get(self, selector: str, default: str) -> str: ...

    @overload
    def get(self, selector: str, default: None = None) -> str | None: ...

    def get(self, selector: str, default: str | None = None) -> str | None:
        """Text of the first match, white space folded; with "a@href" that attribute of it.

        Args:
            selector: A CSS selector, and perhaps "@" with an attribute's name.
            default: What a page without a match gives.
        """
        css, attribute = _split(selector)
        first = self.css_first(css)
        if first is None:
            return default
        is_it = not attribute or attribute in first.attributes  # else another one has the attribute, perhaps
        return next(self._values([first] if is_it else self.css(css), attribute), default)

    def get_all(self, selector: str) -> list[str]:
        """The same for every match; matches without the attribute are left out."""
        css, attribute = _split(selector)
        return list(self._values(self.css(css), attribute))

    def _values(self, nodes: "Iterable[LexborNode]", attribute: str) -> Iterator[str]:
        given = 0
        for node in nodes:
            if not attribute:
                text = node.text(separator=" " if node.tag in {"ul", "ol", "table", "tr"} else "")
                given += len(text)
                if given > _MOST_TEXT:
                    self._is_partly_built = True
                    return
                yield " ".join(text.split())
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
        built = lxml_of(self.text, self._parse_timeout_s)
        self._is_partly_built = self._is_partly_built or built.is_partial
        return built.root

    @property
    def duplicate_of(self) -> str | None:
        """URL of a page of this crawl that has the same body, or nearly the same text if those are left out.

        Else what the page names as its canonical URL, if that is another. None where the crawl saw
        neither, and with `fetch` and `FetchPool`, which compare no pages.
        """
        return None if self.response is None else self.response.duplicate_of

    @cached_property
    def directives(self) -> frozenset[str]:
        """What the site asks of us for this page, such as "noindex": by X-Robots-Tag and robots `meta` elements.

        All of it, also what the crawl was told not to obey; see `parse/directives.py`.
        """
        if self.response is None:
            return frozenset()
        # Asked for by few, and whoever reads pages without a crawl needs no settings.
        from ..settings.politeness import product_token  # noqa: PLC0415

        sent = Headers(self.response.request_headers)
        token = product_token(sent.get("user-agent", ""))
        tree = self._tree if self._is_html else None
        return frozenset(directives_of(self.response.headers, tree, token=token, at=self.response.fetched_at))

    # Where it leads

    @cached_property
    def _links_in_head(self) -> list[Link]:
        return [] if self.response is None else links_in_head(self.response.headers, self.final_url)

    @cached_property
    def _links(self) -> list[Link]:
        """What the page leads to and loads, without what only style sheets and rare attributes name."""
        found = extract(self._tree, self.final_url, is_everything=False) if self._is_html else []
        return self._links_in_head + found

    @cached_property
    def _all_links(self) -> list[Link]:
        found = []
        if self._is_html:
            found = extract(self._tree, self.final_url)
        elif self.content_type == "text/css":
            found = links_of_css(self.text, self.final_url)
        return self._links_in_head + found

    @cached_property
    def _base(self) -> str:
        return base_of(self._tree, self.final_url)

    def links(self, kinds: Iterable[str] | None = FOLLOWED, css: str | None = None) -> list[str]:
        """The URLs that the page names, joined and in normal form, each once, in page order.

        Those of the headers `Link` and `Refresh` come first, whatever the type of the answer.

        Args:
            kinds: Which kinds of link (see `Link.kind`); those that a crawl follows, or
                None for all, with images, styles and scripts, and with what style sheets name.
            css: Keep to the elements that this selector matches.

        Raises:
            ValueError: The selector is wrong; the message quotes it.
        """
        wanted = None if kinds is None else frozenset((kinds,) if isinstance(kinds, str) else kinds)
        is_everything = wanted is None or not wanted.isdisjoint(SEARCHED_FOR)
        if css is not None:
            kept = {node.mem_id for node in self.css(css)}
            found = (
                extract(self._tree, self.final_url, kept=kept, is_everything=is_everything)
                if self._is_html
                else []
            )
        else:
            found = self._all_links if is_everything else self._links
        return list(dict.fromkeys(link.url for link in found if wanted is None or link.kind in wanted))

    def link_elements(self) -> list[Link]:
        """Every link with its kind, `rel` and text, in page order; a URL may come more than once."""
        return list(self._all_links)

    def follow(self, href: Any, **fields: Unpack[RequestFields]) -> Request:
        """A request for a link on this page, one deeper than it.

        Args:
            href: A URL, absolute or relative to the page, or an element with an href or src.
            **fields: Fields of `Request`: `handler`, `data`, `priority`, `headers`, `form`, ...

        Raises:
            ValueError: It leads to no http(s) URL; the message quotes it.
        """
        request = self._request(href, fields)
        if request is None:
            raw = href if isinstance(href, str) else _reference_of(href)
            raise ValueError(f"{href if raw is None else raw!r} on {self.final_url} leads to no http(s) URL")
        return request

    def follow_all(
        self, hrefs: Iterable[Any] | None = None, *, css: str | None = None, **fields: Unpack[RequestFields]
    ) -> Iterator[Request]:
        """Requests for many links, in page order; what leads nowhere is left out.

        Args:
            hrefs: URLs or elements; without them, and without `css`, every link that a crawl follows.
            css: A selector of elements with an href or src.
            **fields: Fields of `Request`.

        Raises:
            ValueError: The selector is wrong; the message quotes it.
            TypeError: `hrefs` is one URL, or stands beside `css`.
        """
        if isinstance(hrefs, str):
            raise TypeError(
                f"follow_all() takes many URLs, not {hrefs!r}; follow() takes one, css= a selector"
            )
        if hrefs is not None and css is not None:
            raise TypeError("follow_all() takes hrefs or css, not both")
        if css is not None:
            hrefs = self.css(css)
        elif hrefs is None:
            hrefs = self.links()
        requests = (self._request(href, fields) for href in hrefs)
        return (request for request in requests if request is not None)

    def _request(self, href: Any, fields: RequestFields) -> Request | None:
        raw = href if isinstance(href, str) else _reference_of(href)
        url = None if raw is None else resolve(self._tree, self._base, raw)
        if url is None:
            return None
        given: RequestFields = {"depth": self.depth + 1, "found_on": self.final_url, **fields}
        return Request(url, **given)


def _split(selector: str) -> tuple[str, str]:
    """A CSS selector, and the attribute that stands behind an "@"; "" without one."""
    named = _ATTRIBUTE_OF.fullmatch(selector)
    return (named[1].strip(), named[2]) if named else (selector.strip(), "")


def _reference_of(element: Any) -> str | None:
    """The href or src of an element of lexbor's, BeautifulSoup's or lxml's."""
    for kind in ("attrs", "attrib"):  # of the first two, and of lxml's
        attributes = getattr(element, kind, None)
        if attributes is not None:
            for name in ("href", "src"):
                if attributes.get(name) is not None:
                    return str(attributes.get(name))
    return None
