"""What a page refers to: every URL that a browser would follow or load, with its kind."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..urls import join, join_all
from .html import Tree
from .text import encode_as

FOLLOWED = frozenset({"page", "frame", "refresh", "next", "prev", "canonical", "alternate"})
"""The kinds of link that a crawl follows; the others are parts of a page, or not pages."""

_SELECTOR = "[href],[src],[srcset],[http-equiv],link[imagesrcset],video[poster],object[data]"
_BLANK = "\t\n\f\r "
_REFRESH = re.compile(
    r"[\t\n\f\r ]*(?:[0-9]+|(?=\.))[0-9.]*(?:[\t\n\f\r ]*[;,][\t\n\f\r ]*|[\t\n\f\r ]+)(.*)", re.DOTALL
)
_REFRESH_URL = re.compile(r"url[\t\n\f\r ]*=[\t\n\f\r ]*(.*)", re.DOTALL | re.IGNORECASE)
_FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_BY_REL = (
    ("stylesheet", "style"),
    ("icon", "image"),
    ("apple-touch-icon", "image"),
    ("next", "next"),
    ("prev", "prev"),
    ("canonical", "canonical"),
    ("alternate", "alternate"),
    ("preload", "resource"),
    ("modulepreload", "script"),
    ("prefetch", "resource"),
    ("manifest", "resource"),
)
_NO_DOCUMENT = frozenset({"preconnect", "dns-prefetch"})
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
}


class Link(NamedTuple):
    """One reference on a page.

    Attributes:
        url: Where it leads, joined to the page's base, in normal form.
        kind: "page", "frame", "refresh", "next", "prev", "canonical", "alternate",
            "feed", "style", "image", "script", "media", "download", "resource" or "related".
        rel: The `rel` attribute in small letters, "" without one.
    """

    url: str
    kind: str
    rel: str


class _Reference(NamedTuple):
    raw: str
    kind: str
    rel: str


def extract(tree: Tree, url: str) -> list[Link]:
    """Every http(s) link of a page, in page order; the same URL may come more than once."""
    base, references = _references(tree, url)
    joined = join_all(base, [each.raw for each in references])
    return [
        Link(target, each.kind, each.rel)
        for target, each in zip(joined, references, strict=True)
        if target is not None
    ]


def targets(tree: Tree, url: str, *, with_links: bool) -> tuple[int, tuple[str, ...]]:
    """How many distinct URLs a page names, and the distinct ones to follow; `extract` for the hot loop."""
    base, references = _references(tree, url)
    joined = join_all(base, [each[0] for each in references])
    everything = set(joined)
    everything.discard(None)
    if not with_links:
        return len(everything), ()
    followed = dict.fromkeys(
        [target for target, each in zip(joined, references, strict=True) if each[1] in FOLLOWED]
    )
    followed.pop(None, None)
    return len(everything), tuple(followed)  # type: ignore[arg-type]


def base_of(tree: Tree, url: str) -> str:
    """What the page's links are relative to: its first `base` that has a usable href, else its own URL.

    HTML standard, "document base URL": only the first base with an href counts, and
    a javascript: or data: one does not.
    """
    node = tree.root.css_first("base[href]")
    return url if node is None else _base(node, url)


def _base(node: Any, url: str) -> str:
    return join(url, node.attributes.get("href") or "") or url


def _with_encoded_query(reference: str, charset: str) -> str:
    """A query beyond ASCII is sent in the page's own charset (URL standard, query state)."""
    if reference.isascii():
        return reference
    body, hash_, fragment = reference.partition("#")
    path, mark, query = body.partition("?")
    if not mark:
        return reference
    coded = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in encode_as(query, charset))
    return path + mark + coded + hash_ + fragment


def _references(tree: Tree, url: str) -> tuple[str, list[_Reference]]:
    """The base, and everything that refers to a URL, in one walk of the tree."""
    base = None
    references: list[_Reference] = []
    add = references.append
    for node in tree.root.css(_SELECTOR):
        tag = node.tag
        attributes = node.attributes
        if tag == "a" or tag == "area":  # noqa: PLR1714  a set costs more, and this is nearly every one
            raw = attributes.get("href")
            if raw:
                kind = "page" if "download" not in attributes else "download"
                add(_Reference(raw, kind, attributes.get("rel") or ""))
        elif tag == "link":
            references.extend(_of_link(attributes))
        elif tag == "meta":
            references.extend(_of_meta(attributes))
        elif tag == "base":
            if base is None and "href" in attributes:
                base = _base(node, url)
        elif tag in _BY_SOURCE:
            references.extend(_of_source(node, tag, attributes))
        elif tag == "object" and attributes.get("data"):
            add(_Reference(attributes["data"] or "", "media", ""))
    if tree.charset != "utf-8":
        references = [each._replace(raw=_with_encoded_query(each.raw, tree.charset)) for each in references]
    return base or url, references


def _of_link(attributes: dict[str, str | None]) -> Iterator[_Reference]:
    rel = (attributes.get("rel") or "").lower()
    tokens = rel.split()
    href = attributes.get("href")
    if href and not _NO_DOCUMENT.issuperset(tokens or ("",)):
        kind = next((kind for token, kind in _BY_REL if token in tokens), "related")
        if kind == "alternate" and (attributes.get("type") or "").partition(";")[0].strip().lower() in _FEEDS:
            kind = "feed"
        yield _Reference(href, kind, rel)
    for candidate in _candidates(attributes.get("imagesrcset") or ""):
        yield _Reference(candidate, "image", rel)


def _of_meta(attributes: dict[str, str | None]) -> Iterator[_Reference]:
    if (attributes.get("http-equiv") or "").strip().lower() == "refresh":
        raw = refresh_of(attributes.get("content") or "")
        if raw is not None:
            yield _Reference(raw, "refresh", "")


def _of_source(node: Any, tag: str, attributes: dict[str, str | None]) -> Iterator[_Reference]:
    kind = _BY_SOURCE[tag]
    if tag == "input" and (attributes.get("type") or "").lower() != "image":
        return
    if tag == "source" and node.parent is not None and node.parent.tag == "picture":
        kind = "image"
    if attributes.get("src"):
        yield _Reference(attributes["src"] or "", kind, "")
    if tag in {"img", "source"}:
        for candidate in _candidates(attributes.get("srcset") or ""):
            yield _Reference(candidate, kind, "")
    if tag == "video" and attributes.get("poster"):
        yield _Reference(attributes["poster"] or "", "image", "")


def refresh_of(content: str) -> str | None:
    """Where a `Refresh` leads; "" for the page itself, None when it is none.

    HTML standard, "shared declarative refresh steps".
    """
    found = _REFRESH.match(content)
    if found is None:
        return None
    rest = found[1]
    named = _REFRESH_URL.match(rest)
    if named is not None:
        rest = named[1]
    if rest[:1] in {"'", '"'}:
        rest = rest[1:].partition(rest[0])[0]
    return rest.strip(_BLANK)


def _candidates(srcset: str) -> Iterator[str]:
    """The URLs of a `srcset` (HTML standard, "parse a srcset attribute")."""
    position, end = 0, len(srcset)
    while position < end:
        while position < end and srcset[position] in "\t\n\f\r ,":
            position += 1
        start = position
        while position < end and srcset[position] not in _BLANK:
            position += 1
        url = srcset[start:position]
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            position = _end_of_descriptors(srcset, position)
        if url:
            yield url


def _end_of_descriptors(srcset: str, start: int) -> int:
    is_inside = False
    for position in range(start, len(srcset)):
        each = srcset[position]
        if each == "(":
            is_inside = True
        elif each == ")":
            is_inside = False
        elif each == "," and not is_inside:
            return position
    return len(srcset)
