"""What a page refers to: every URL that a browser would follow or load, with its kind.

The elements and attributes are those of the HTML standard (`references.py` lists them),
read as by a browser that runs no scripts: what stands in comments, scripts, `template`
and `noframes` is no link, what stands in `noscript` is one, and so is what stands in a
`template` that becomes a shadow tree, or in the `srcdoc` of a frame. Every `meta`
refresh is a link, though a browser obeys the first alone.
"""

from collections.abc import Container, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import can_ada
from selectolax.lexbor import LexborNode

from ..urls import join, join_all
from .encoders import percent_encoded
from .html import Tree, tree_of
from .memo import Memo
from .notable import ANCHOR, Notable, notable_of
from .references import (
    DRAWINGS,
    SELECTOR,
    WHOLE_SELECTOR,
    Reference,
    drawing_around,
    rare_references_of,
    references_of,
)
from .relations import Attributes, is_refused, small

FOLLOWED = frozenset({"page", "frame", "refresh", "next", "prev", "canonical", "alternate"})
"""The kinds of link that a crawl follows; the others are parts of a page, or not pages."""

SEARCHED_FOR = frozenset({"style", "image", "font", "resource", "form", "cite", "ping"})
"""The kinds that style sheets and rare attributes name, too; those are looked at only when asked for."""

_REFUSED = {kind: f"{kind} nofollow" for kind in FOLLOWED}
"""The same kinds of a link with `rel=nofollow`, as they are taken down here; nobody else hears of them."""

_PLAIN = {refused: kind for kind, refused in _REFUSED.items()}

MOST_REFERENCES = 100_000
"""How many references a worker looks at on one page; `extract` looks at ten times as many."""

_memo = Memo()  # one for each process

_ENDS = "".join(map(chr, range(0x21)))  # what the URL standard takes off both ends of a URL
_NO_BREAKS = {9: None, 10: None, 13: None}  # and out of its middle
_MOST_DOCUMENTS = 100  # in `srcdoc` attributes, all levels together
_MOST_NESTED = 3
_MOST_SHADOWS = 8
_CONTAINERS = frozenset({"base", "iframe", "template"})
_SHADOW_HOSTS = frozenset(
    [
        "article",
        "aside",
        "blockquote",
        "body",
        "div",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "main",
        "nav",
        "p",
        "section",
        "span",
    ]
)


class Link(NamedTuple):
    """One reference on a page, or in the head of its answer.

    Attributes:
        url: Where it leads, joined to the page's base, in normal form.
        kind: "page", "frame", "refresh", "next", "prev", "canonical" or "alternate", which a
            crawl follows; "feed", "style", "image", "script", "media", "font", "download",
            "resource", "related", "form", "cite" or "ping", which it does not.
        rel: The `rel` attribute in small letters, "" without one.
        text: What a reader sees of it: an anchor's text, a picture's `alt` or a header's
            `title`, white space folded.
    """

    url: str
    kind: str
    rel: str
    text: str = ""


class Found(NamedTuple):
    """What a worker tells of a page's links.

    Attributes:
        url_count: Distinct URLs that the page leads to or loads; not those that only forms,
            quotes, old attributes and style sheets name.
        followed: The distinct ones to follow, in page order.
        left_out: How many more there are to follow.
        is_partial: There are more, or more references than are looked at.
        refused: Those that would be followed, did not every link to them say `rel=nofollow`.
    """

    url_count: int
    followed: tuple[str, ...]
    left_out: int
    is_partial: bool
    refused: tuple[str, ...] = ()


def extract(
    tree: Tree, url: str, *, kept: Container[int] | None = None, is_everything: bool = True
) -> list[Link]:
    """Every http(s) link of a page, in page order; the same URL may come more than once.

    Args:
        tree: The page.
        url: Where it came from.
        kept: Keep to these elements, by their `mem_id`.
        is_everything: Look at style sheets and rare attributes, too (see `SEARCHED_FOR`).
    """
    walk = _Walk(tree, url, most=10 * MOST_REFERENCES, is_everything=is_everything)
    found: list[Link] = []
    latest: LexborNode | None = None
    said = ("", "")
    for target, kind, node in zip(walk.urls, walk.kinds, walk.nodes, strict=True):
        if target is None or (kept is not None and node.mem_id not in kept):
            continue
        if node is not latest:  # one element may name thousands, and each look at it copies its attributes
            latest, said = node, _rel_and_text(node)
        found.append(Link(target, _PLAIN.get(kind, kind), *said))
    return found


def links_of_css(css: str, url: str) -> list[Link]:
    """Every http(s) link of a style sheet, relative to its own URL."""
    from .stylesheet import references_of_css  # noqa: PLC0415  rarely needed, and its patterns take 4 ms to compile

    found = list(islice(references_of_css(css), 10 * MOST_REFERENCES))
    joined = join_all(url, [reference for reference, _ in found])
    return [
        Link(target, kind, "") for target, (_, kind) in zip(joined, found, strict=True) if target is not None
    ]


def targets(
    tree: Tree,
    url: str,
    *,
    with_links: bool,
    head: Sequence[Link] = (),
    most: int = 10_000,
    rel_nofollow: bool = True,
    seen: Notable | None = None,
) -> Found:
    """How many distinct URLs a page names, and the distinct ones to follow; `extract` for the hot loop.

    Args:
        tree: The page.
        url: Where it came from.
        with_links: Whether the ones to follow are wanted.
        head: The links in the head of the answer, which come first.
        most: How many to follow are wanted at most.
        rel_nofollow: Whether `rel=nofollow` is obeyed.
        seen: What `notable_of` found on it; looked for when it is not given.
    """
    walk = _Walk(tree, url, most=max(MOST_REFERENCES, most), seen=seen)
    return targets_among(
        walk.urls,
        walk.kinds,
        with_links=with_links,
        head=head,
        most=most,
        rel_nofollow=rel_nofollow,
        is_whole=walk.is_whole,
    )


def targets_among(
    urls: Sequence[str | None],
    kinds: Sequence[str],
    *,
    with_links: bool,
    head: Sequence[Link] = (),
    most: int = 10_000,
    rel_nofollow: bool = True,
    is_whole: bool = True,
) -> Found:
    """As `targets`, of references that are joined and told apart already; `is_whole`: that these are all."""
    everything = set(urls)
    everything.discard(None)
    everything.update(link.url for link in head)
    if not with_links:
        return Found(len(everything), (), 0, is_partial=not is_whole)
    followed: dict[str, None] = {}
    kept_back: dict[str, None] = {}
    refused = kept_back if rel_nofollow else followed
    for link in head:
        if link.kind in FOLLOWED:
            (refused if "nofollow" in link.rel.split() else followed)[link.url] = None
    for target, kind in zip(urls, kinds, strict=True):
        if target is None:
            continue
        if kind in FOLLOWED:
            followed[target] = None
        elif kind in _PLAIN:
            refused[target] = None
    left_out = max(0, len(followed) - most)
    return Found(
        len(everything),
        tuple(islice(followed, most)) if left_out else tuple(followed),
        left_out,
        is_partial=left_out > 0 or not is_whole,
        refused=tuple(islice((each for each in kept_back if each not in followed), most))
        if kept_back
        else (),
    )


def anchor_kind(attributes: Attributes) -> str:
    """What kind of link an anchor is; one that is not to be followed is marked."""
    kind = "download" if "download" in attributes else "page"
    return _REFUSED.get(kind, kind) if "rel" in attributes and is_refused(attributes) else kind


def named_by(
    tag: str, attributes: Attributes, node: LexborNode | None = None, *, in_drawing: bool = False
) -> Iterator[Reference]:
    """What any other element names, as `references_of` has it; links that are not to be followed are marked."""
    references = references_of(node, tag, attributes, in_drawing=in_drawing)
    if "rel" in attributes and is_refused(attributes):
        return ((reference, _REFUSED.get(kind, kind)) for reference, kind in references)
    return references


def join_written(references: list[str], url: str, *, base: str | None, charset: str) -> list[str | None]:
    """Join what a page writes; `base` is the `href` of its `base`, None without one."""
    if charset != "utf-8":
        references = [_with_encoded_query(each, charset) for each in references]
    return _memo.join_all(base_by(base, url), references)


def base_of(tree: Tree, url: str) -> str:
    """What the page's links are relative to: its first `base` that has a href, else its own URL.

    HTML standard, "document base URL": a later base does not count, and neither does one
    that is no URL or a javascript: or data: one.
    """
    node = next((each for each in tree.root.css("base[href]") if drawing_around(each) is None), None)
    return url if node is None else base_by(node.attributes.get("href"), url)


def resolve(tree: Tree, base: str, reference: str) -> str | None:
    """Join one reference of a page to its base; None when it leads to no http(s) URL."""
    return resolve_in(tree.charset, base, reference)


def resolve_in(charset: str, base: str, reference: str) -> str | None:
    """As `resolve`, for a page in that charset."""
    return join(base, reference if charset == "utf-8" else _with_encoded_query(reference, charset))


def base_by(href: str | None, url: str) -> str:
    """What a `base` with this `href` makes the base; the page's own URL where there is none, or it says nothing."""
    if not href:
        return url
    base = join(url, href)
    return base if base is not None else _base_elsewhere(href, url)


def _base_elsewhere(href: str, url: str) -> str:
    """A base that is no http(s) URL: where it is one of another scheme, relative links lead there, and so nowhere."""
    try:
        base = can_ada.parse(url) + href
    except (ValueError, TypeError):
        return url
    return url if base.protocol in {"javascript:", "data:", "http:", "https:"} else base.href


def _with_encoded_query(reference: str, charset: str) -> str:
    """A query beyond ASCII is sent in the page's own charset (URL standard, query state)."""
    if reference.isascii():
        return reference
    body, hash_, fragment = reference.partition("#")
    path, mark, query = body.partition("?")
    if not mark:
        return reference
    query = query.translate(_NO_BREAKS)
    coded = percent_encoded(query if hash_ else query.rstrip(_ENDS), charset)
    return path + mark + coded + hash_ + fragment


class _Walk:
    """One way through a tree that takes down what is named, and then joins it.

    Attributes:
        urls: Each reference joined, in page order; None for one that leads to no http(s) URL.
        kinds: What kind of link each is.
        nodes: Where each is written.
        is_whole: Nothing had to be left out.
    """

    def __init__(
        self,
        tree: Tree,
        url: str,
        *,
        most: int,
        is_everything: bool = False,
        budget: list[int] | None = None,
        depth: int = 0,
        seen: Notable | None = None,
    ) -> None:
        """Walk a tree, up to `most` references.

        Args:
            tree: The page.
            url: Where it came from.
            most: How many references are taken down.
            is_everything: Whether style sheets and rare attributes are looked at, too.
            budget: How many more `srcdoc` documents may be opened.
            depth: How many of those this tree is in.
            seen: What `notable_of` found in it; looked for when it is not given, and of no use for everything.
        """
        self.kinds: list[str] = []
        self.nodes: list[LexborNode] = []
        self.is_whole = True
        self._raw: list[str] = []
        self._base: str | None = None
        self._documents: list[tuple[int, str]] = []  # (the place of its links, the markup)
        self._most = most
        self._is_everything = is_everything
        self._selector = WHOLE_SELECTOR if is_everything else SELECTOR
        self._hosts: set[int] = set()
        if is_everything:
            self._in_drawing = tree.root.css_first(DRAWINGS) is not None
            self._take(tree.root.css(self._selector), 0)
        else:
            seen = seen or notable_of(tree.root)
            self._in_drawing = seen.has_drawing
            self._take(seen.naming, 0)
        self.urls = join_written(self._raw, url, base=self._base, charset=tree.charset)
        if self._documents:
            base = base_by(self._base, url)
            self._open_documents(base, [_MOST_DOCUMENTS] if budget is None else budget, depth)

    def _take(self, found: list[LexborNode], shadows: int) -> None:
        """Take down what elements name; `shadows` is how many shadow trees they are in."""
        raw, kinds, nodes = self._raw, self.kinds, self.nodes
        for node in found:
            attributes = node.attributes
            if node.tag_id == ANCHOR:  # nearly every one, so nothing is called for it
                href = attributes.get("href")
                if href is None:
                    href = self._odd_href(node, attributes)
                if href is not None:
                    raw.append(href)
                    is_plain = "rel" not in attributes and "download" not in attributes
                    kinds.append("page" if is_plain else anchor_kind(attributes))
                    nodes.append(node)
            else:
                self._take_other(node, node.tag or "", attributes, shadows)
            if self._is_everything:
                self._add(
                    node, rare_references_of(node, node.tag or "", attributes, in_drawing=self._in_drawing)
                )
            if len(raw) > self._most:
                self.is_whole = False
                del raw[self._most :], kinds[self._most :], nodes[self._most :]
                return

    def _take_other(self, node: LexborNode, tag: str, attributes: Attributes, shadows: int) -> None:
        if tag in _CONTAINERS:
            self._enter(node, tag, attributes, shadows)
        self._add(node, named_by(tag, attributes, node, in_drawing=self._in_drawing))

    def _odd_href(self, node: LexborNode, attributes: Attributes) -> str | None:
        """Of an anchor without a value in `href`: an empty one leads to the page itself; SVG has `xlink:href`."""
        if "href" in attributes:
            return ""
        return attributes.get("xlink:href") if self._is_drawn(node) else None

    def _add(self, node: LexborNode, references: Iterator[Reference]) -> None:
        for reference, kind in islice(references, self._most + 1):
            self._raw.append(reference)
            self.kinds.append(kind)
            self.nodes.append(node)

    def _enter(self, node: LexborNode, tag: str, attributes: Attributes, shadows: int) -> None:
        """What an element changes for those behind it, or holds besides its children."""
        if tag == "base":
            if self._base is None and not shadows and "href" in attributes and not self._is_drawn(node):
                self._base = attributes["href"] or ""
        elif tag == "iframe":
            if (markup := attributes.get("srcdoc")) and not self._is_drawn(node):
                self._documents.append((len(self._raw), markup))
        elif small(attributes.get("shadowrootmode") or "") in {"open", "closed"}:
            self._enter_shadow(node, shadows + 1)

    def _is_drawn(self, node: LexborNode) -> bool:
        return self._in_drawing and drawing_around(node) is not None

    def _enter_shadow(self, template: LexborNode, shadows: int) -> None:
        """A template that becomes a shadow tree (HTML standard, 13.2.6.4.4): a reader sees what it holds.

        Only the first of a host does, and only some elements can be one (DOM standard, "valid
        shadow host name").
        """
        host = template.parent
        name = None if host is None else host.tag
        if host is None or name is None or not (name in _SHADOW_HOSTS or "-" in name):
            return
        if host.mem_id in self._hosts:
            return
        self._hosts.add(host.mem_id)
        if shadows > _MOST_SHADOWS:
            self.is_whole = False
            return
        # Older versions of lexbor's binding do not show what a template holds.
        fragments: list[LexborNode] = getattr(template, "template_fragments", list)()
        if fragments:
            self._in_drawing = self._in_drawing or fragments[0].css_first(DRAWINGS) is not None
            self._take(fragments[0].css(self._selector), shadows)

    def _open_documents(self, base: str, budget: list[int], depth: int) -> None:
        """Put the links of each `srcdoc` document where its frame stands; they are relative to this page's base."""
        urls: list[str | None] = []
        kinds: list[str] = []
        nodes: list[LexborNode] = []
        start = 0
        for place, markup in self._documents:
            if budget[0] <= 0 or depth >= _MOST_NESTED:
                self.is_whole = False
                break
            budget[0] -= 1
            tree = tree_of(markup.encode("utf-8", "replace"), "text/html; charset=utf-8")
            inner = _Walk(
                tree,
                base,
                most=self._most,
                is_everything=self._is_everything,
                budget=budget,
                depth=depth + 1,
            )
            self.is_whole = self.is_whole and inner.is_whole and not tree.is_cut
            urls += self.urls[start:place] + inner.urls
            kinds += self.kinds[start:place] + inner.kinds
            nodes += self.nodes[start:place] + inner.nodes
            start = place
        self.urls = urls + self.urls[start:]
        self.kinds = kinds + self.kinds[start:]
        self.nodes = nodes + self.nodes[start:]


def _rel_and_text(node: LexborNode) -> tuple[str, str]:
    attributes = node.attributes
    text = node.text() if node.tag == "a" else attributes.get("alt") or ""
    return (attributes.get("rel") or "").strip().lower(), " ".join(text.split())
