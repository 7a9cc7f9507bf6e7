"""What a page refers to: every URL that a browser would follow or load, with its kind.

The elements and attributes are those of the HTML standard. What stands in comments,
scripts, `template` and `noframes` is no link; what stands in `noscript` is one, since
pages are parsed as by a browser that runs no scripts.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ..urls import join, join_all
from .html import Tree
from .text import encode_as

FOLLOWED = frozenset({"page", "frame", "refresh", "next", "prev", "canonical", "alternate"})
"""The kinds of link that a crawl follows; the others are parts of a page, or not pages."""

_SELECTOR = "[href],[src],[srcset],[imagesrcset],[poster],[http-equiv],object[data]"
_BLANK = "\t\n\f\r "
_DELAY = re.compile(r"[\t\n\f\r ]*+(?:[0-9]++|(?=\.))[0-9.]*+(?:[\t\n\f\r ]*+[;,]|[\t\n\f\r ])[\t\n\f\r ]*+")
_URL_WORD = re.compile(r"url[\t\n\f\r ]*+=[\t\n\f\r ]*+", re.IGNORECASE)
_CANDIDATE = re.compile(r"[\t\n\f\r ,]*+([^\t\n\f\r ]++)")
_DESCRIPTORS = re.compile(r"(?:[^,(]++|\([^)]*+\)?)*+")
_FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_BY_REL = (
    ("stylesheet", "style"),
    ("icon", "image"),
    ("apple-touch-icon", "image"),
    ("next", "next"),
    ("prev", "prev"),
    ("previous", "prev"),
    ("canonical", "canonical"),
    ("alternate", "alternate"),
    ("preload", "resource"),
    ("modulepreload", "script"),
    ("prefetch", "resource"),
    ("manifest", "resource"),
)
_NO_DOCUMENT = frozenset({"", "preconnect", "dns-prefetch"})
_BY_SOURCE = {
    "frame": "frame",
    "iframe": "frame",
    "img": "image",
    "input": "image",
    "script": "script",
    "video": "media",
    "audio": "media",
    "source": "media",
    "track": "media",
    "embed": "media",
    "object": "media",
}

_Attributes: TypeAlias = Mapping[str, str | None]


class Link(NamedTuple):
    """One reference on a page.

    Attributes:
        url: Where it leads, joined to the page's base, in normal form.
        kind: "page", "frame", "refresh", "next", "prev", "canonical", "alternate",
            "feed", "style", "image", "script", "media", "download", "resource" or "related".
        rel: The `rel` attribute in small letters, "" without one.
        text: What a reader sees of it: an anchor's text or a picture's `alt`, white space folded.
    """

    url: str
    kind: str
    rel: str
    text: str = ""


class _References(NamedTuple):
    """What a page names, before it is joined: three lists of the same length, and the first base."""

    raw: list[str]
    kinds: list[str]
    nodes: list[LexborNode]
    base: str | None


def extract(tree: Tree, url: str, *, css: str | None = None) -> list[Link]:
    """Every http(s) link of a page, in page order; the same URL may come more than once.

    Args:
        tree: The page.
        url: Where it came from.
        css: Keep to the elements that this selector matches.
    """
    references = _references(tree.root)
    kept = None if css is None else {node.mem_id for node in tree.root.css(css)}
    return [
        Link(target, kind, *_rel_and_text(node))
        for target, kind, node in zip(
            _joined(tree, url, references), references.kinds, references.nodes, strict=True
        )
        if target is not None and (kept is None or node.mem_id in kept)
    ]


def targets(tree: Tree, url: str, *, with_links: bool) -> tuple[int, tuple[str, ...]]:
    """How many distinct URLs a page names, and the distinct ones to follow; `extract` for the hot loop."""
    references = _references(tree.root)
    joined = _joined(tree, url, references)
    everything = set(joined)
    everything.discard(None)
    if not with_links:
        return len(everything), ()
    followed = dict.fromkeys(
        target
        for target, kind in zip(joined, references.kinds, strict=True)
        if kind in FOLLOWED and target is not None
    )
    return len(everything), tuple(followed)


def base_of(tree: Tree, url: str) -> str:
    """What the page's links are relative to: its first `base` that has a href, else its own URL.

    HTML standard, "document base URL": a later base does not count, and neither does one
    that is no URL or a javascript: or data: one.
    """
    node = tree.root.css_first("base[href]")
    return url if node is None else _base(node.attributes.get("href"), url)


def resolve(tree: Tree, base: str, reference: str) -> str | None:
    """Join one reference of a page to its base; None when it leads to no http(s) URL."""
    return join(base, reference if tree.charset == "utf-8" else _with_encoded_query(reference, tree.charset))


def _base(href: str | None, url: str) -> str:
    return (join(url, href) or url) if href else url


def _joined(tree: Tree, url: str, references: _References) -> list[str | None]:
    raw = references.raw
    if tree.charset != "utf-8":
        raw = [_with_encoded_query(each, tree.charset) for each in raw]
    return join_all(_base(references.base, url), raw)


def _with_encoded_query(reference: str, charset: str) -> str:
    """A query beyond ASCII is sent in the page's own charset (URL standard, query state)."""
    if reference.isascii():
        return reference
    body, hash_, fragment = reference.partition("#")
    path, mark, query = body.partition("?")
    if not mark:
        return reference
    coded = "".join(each if each.isascii() else _encoded(each, charset) for each in query)
    return path + mark + coded + hash_ + fragment


def _encoded(character: str, charset: str) -> str:
    """One character of a query (URL standard, "percent-encode after encoding")."""
    try:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in encode_as(character, charset))
    except UnicodeEncodeError:
        return f"%26%23{ord(character)}%3B"


def _references(root: LexborHTMLParser) -> _References:
    raw: list[str] = []
    kinds: list[str] = []
    nodes: list[LexborNode] = []
    base: str | None = None
    for node in root.css(_SELECTOR):
        tag = node.tag
        attributes = node.attributes
        if tag == "a" or tag == "area":  # noqa: PLR1714  a set costs more, and this is nearly every one
            href = attributes.get("href")
            if href is None:
                # No value is an empty one, which leads to the page itself; `xlink:href` is an SVG anchor's.
                href = attributes.get("xlink:href", "" if "href" in attributes else None)
            if href is not None:
                raw.append(href)
                kinds.append("download" if "download" in attributes else "page")
                nodes.append(node)
            continue
        if tag == "base":
            if base is None and "href" in attributes:
                base = attributes["href"] or ""
            continue
        for reference, kind in _of_other(node, tag or "", attributes):
            raw.append(reference)
            kinds.append(kind)
            nodes.append(node)
    return _References(raw, kinds, nodes, base)


def _of_other(node: LexborNode, tag: str, attributes: _Attributes) -> Iterator[tuple[str, str]]:
    """References and their kinds, of anything but an anchor; an empty one loads nothing."""
    if tag == "link":
        yield from _of_link(attributes)
    elif tag == "meta":
        if (attributes.get("http-equiv") or "").lower() == "refresh":
            target = refresh_of(attributes.get("content") or "")
            if target is not None:
                yield target, "refresh"
    elif tag in _BY_SOURCE:
        yield from _of_source(node, tag, attributes)


def _of_source(node: LexborNode, tag: str, attributes: _Attributes) -> Iterator[tuple[str, str]]:
    kind = _BY_SOURCE[tag]
    if tag == "input" and (attributes.get("type") or "").lower() != "image":
        return
    if tag == "source" and node.parent is not None and node.parent.tag == "picture":
        kind = "image"
    source = attributes.get("data" if tag == "object" else "src")
    if source:
        yield source, kind
    if tag in {"img", "source"}:
        for candidate in candidates_of(attributes.get("srcset") or ""):
            yield candidate, kind
    if tag == "video" and (poster := attributes.get("poster")):
        yield poster, "image"


def _of_link(attributes: _Attributes) -> Iterator[tuple[str, str]]:
    tokens = (attributes.get("rel") or "").lower().split()
    href = attributes.get("href")
    if href and not _NO_DOCUMENT.issuperset(tokens):
        kind = next((kind for token, kind in _BY_REL if token in tokens), "related")
        if kind == "alternate" and (attributes.get("type") or "").partition(";")[0].strip().lower() in _FEEDS:
            kind = "feed"
        yield href, kind
    for candidate in candidates_of(attributes.get("imagesrcset") or ""):
        yield candidate, "image"


def _rel_and_text(node: LexborNode) -> tuple[str, str]:
    attributes = node.attributes
    text = node.text() if node.tag == "a" else attributes.get("alt") or ""
    return (attributes.get("rel") or "").strip().lower(), " ".join(text.split())


def refresh_of(content: str) -> str | None:
    """Where a `meta` refresh leads; None when it names no URL, and so loads the page itself again.

    HTML standard, "shared declarative refresh steps".
    """
    delay = _DELAY.match(content)
    if delay is None:
        return None
    rest = content[delay.end() :]
    word = _URL_WORD.match(rest)
    if word is not None:
        rest = rest[word.end() :]
    if rest[:1] in {"'", '"'}:
        rest = rest[1:].partition(rest[0])[0]
    return rest.strip(_BLANK) or None


def candidates_of(srcset: str) -> Iterator[str]:
    """The URLs of a `srcset` (HTML standard, "parse a srcset attribute")."""
    position = 0
    while found := _CANDIDATE.match(srcset, position):
        position = found.end()
        url = found[1].rstrip(",")
        if url == found[1]:
            descriptors = _DESCRIPTORS.match(srcset, position)
            assert descriptors is not None  # it matches nothing, too
            position = descriptors.end()
        if url:
            yield url
