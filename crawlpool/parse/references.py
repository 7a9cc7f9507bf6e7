"""What each element names: references and their kinds, by the HTML standard's elements and attributes.

Anchors (`a`) are not here: they are nearly every link, and `links.py` has them in its loop.

    element                          attribute            kind
    area                             href                 page or download
    link                             href                 by `rel`, see relations.py
                                     imagesrcset          image
    meta http-equiv=refresh          content              refresh
    iframe, frame                    src                  frame
    object, embed                    data, src            frame if its type says HTML, else media
    img, input type=image            src                  image
    source, video, audio, track      src                  media; image in `picture`
    img, source                      srcset               image
    video                            poster               image
    script                           src                  script; SVG's also href, xlink:href
    image, feImage, use (SVG)        href, xlink:href     image
    any element of MathML            href, xlink:href     page

and, where everything is asked for:

    form, button, input              action, formaction   form
    a, area                          ping                 ping
    blockquote, q, ins, del          cite                 cite
    img, iframe, frame               longdesc             cite
    body and the parts of a table    background           image
    html                             manifest             resource
    style, and any `style`                                see stylesheet.py
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

from selectolax.lexbor import LexborNode

from .refresh import refresh_of
from .relations import Attributes, kind_of, media_type, small
from .srcset import candidates_of

SELECTOR = (
    "[href],[src],img[srcset],source[srcset],link[imagesrcset],video[poster],meta[http-equiv],object[data],"
    "iframe[srcdoc],template[shadowrootmode]"
)
"""What leads on, or is part of the page; each part of it costs some 10 us for 60 KB."""

DRAWINGS = "svg,math"

WHOLE_SELECTOR = (
    SELECTOR + ",form[action],button[formaction],input[formaction],[cite],[longdesc],[background],[ping],"
    "html[manifest],style,[style]"
)
"""What names a URL in any way."""

Reference: TypeAlias = tuple[str, str]
"""What a page writes, and its kind."""

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
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_DRAWN = frozenset({"image", "feImage", "use"})
_NEVER_FOREIGN = frozenset({"embed", "img", "meta", "body", "table"})  # they end a drawing (13.2.6.5)
_HOLD_HTML = {
    "svg": frozenset({"desc", "foreignObject", "title"}),
    "math": frozenset({"mi", "mn", "mo", "ms", "mtext"}),
}
_MARKS = frozenset({"svg", "math", "annotation-xml"}).union(*_HOLD_HTML.values())
_RARE = {
    "form": ("action", "form"),
    "button": ("formaction", "form"),
    "input": ("formaction", "form"),
    "html": ("manifest", "resource"),
    **dict.fromkeys(("blockquote", "del", "ins", "q"), ("cite", "cite")),
    **dict.fromkeys(("frame", "iframe", "img"), ("longdesc", "cite")),
    **dict.fromkeys(
        ("body", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
        ("background", "image"),
    ),
}
_MOST_UP = 64
_WORD = re.compile(r"[^\t\n\f\r ]++")


def references_of(
    node: LexborNode | None, tag: str, attributes: Attributes, *, in_drawing: bool
) -> Iterator[Reference]:
    """What an element names, anchors left out; an empty reference loads nothing.

    Args:
        node: The element; None where there is no tree, and what is around it makes no difference.
        tag: Its name.
        attributes: Its attributes.
        in_drawing: Whether it may stand in `svg` or `math`, where most names mean nothing.
    """
    if tag == "use" and (attributes.get("href") or attributes.get("xlink:href") or "#").startswith("#"):
        return  # nearly every one: an icon of the page's own
    if (
        in_drawing
        and node is not None
        and tag not in _NEVER_FOREIGN
        and (drawing := drawing_around(node)) is not None
    ):
        yield from references_of_drawn(tag, attributes, drawing)
    elif tag == "link":
        yield from _of_link(attributes)
    elif tag in _BY_SOURCE:
        yield from _of_source(node, tag, attributes)
    elif tag == "meta":
        yield from _of_meta(attributes)
    elif tag == "area":
        if "href" in attributes:
            yield attributes["href"] or "", "download" if "download" in attributes else "page"
    elif tag == "math":
        yield from _hrefs(attributes, "page")


def rare_references_of(
    node: LexborNode, tag: str, attributes: Attributes, *, in_drawing: bool
) -> Iterator[Reference]:
    """What an element names besides, that a crawl neither follows nor counts: forms, quotes, style sheets."""
    from .stylesheet import references_of_css  # noqa: PLC0415  rarely needed, and its patterns take 4 ms to compile

    if css := attributes.get("style"):
        yield from references_of_css(css)
    if in_drawing and tag not in _NEVER_FOREIGN and tag != "style" and drawing_around(node) is not None:
        return
    if tag == "style":
        if small(attributes.get("type") or "") in {"", "text/css"}:
            yield from references_of_css(node.text())
    elif tag in {"a", "area"}:
        yield from ((each, "ping") for each in _WORD.findall(attributes.get("ping") or ""))
    elif tag in _RARE:
        name, kind = _RARE[tag]
        if reference := attributes.get(name):
            yield reference, kind


def drawing_around(node: LexborNode) -> str | None:
    """In which drawing an element stands, "svg" or "math"; None for an element of HTML.

    Names alone do not tell: `svg` inside `math` is MathML's, and `desc` of SVG holds HTML
    (HTML standard, 13.2.6, "tree construction dispatcher"). Only so many ancestors are looked
    at, so that a deep page costs no more than its length.
    """
    marks: list[LexborNode] = []
    parent = node.parent
    for _ in range(_MOST_UP):
        if parent is None:
            break
        if parent.tag in _MARKS:
            marks.append(parent)
        parent = parent.parent
    drawing: str | None = None
    is_annotation = False
    for mark in reversed(marks):
        tag = mark.tag
        if drawing is None or (is_annotation and tag == "svg"):
            drawing = tag if tag in {"svg", "math"} else None
            is_annotation = False
        elif tag in _HOLD_HTML[drawing]:
            drawing = None
        elif tag == "annotation-xml" and drawing == "math":
            is_annotation = True
            if small(mark.attributes.get("encoding") or "") in _HTML_TYPES:
                drawing = None
    return drawing


def references_of_drawn(tag: str, attributes: Attributes, drawing: str) -> Iterator[Reference]:
    """Pictures, symbols and scripts of SVG, and MathML's links; what begins with "#" is in the page itself."""
    if drawing == "math":
        yield from _hrefs(attributes, "page")
    elif tag == "script":
        yield from _hrefs(attributes, "script")
    elif tag in _DRAWN:
        yield from ((href, kind) for href, kind in _hrefs(attributes, "image") if href[0] != "#")


def _of_source(node: LexborNode | None, tag: str, attributes: Attributes) -> Iterator[Reference]:
    kind = _BY_SOURCE[tag]
    if tag == "input" and small(attributes.get("type") or "") != "image":
        return
    if tag == "source" and node is not None and node.parent is not None and node.parent.tag == "picture":
        kind = "image"
    if tag in {"object", "embed"} and media_type(attributes) in _HTML_TYPES:
        kind = "frame"
    if source := attributes.get("data" if tag == "object" else "src"):
        yield source, kind
    if tag in {"img", "source"} and (srcset := attributes.get("srcset")):
        yield from ((candidate, "image") for candidate in candidates_of(srcset))
    if tag == "video" and (poster := attributes.get("poster")):
        yield poster, "image"


def _of_meta(attributes: Attributes) -> Iterator[Reference]:
    if small(attributes.get("http-equiv") or "") == "refresh":
        target = refresh_of(attributes.get("content") or "")
        if target is not None:
            yield target, "refresh"


def _of_link(attributes: Attributes) -> Iterator[Reference]:
    kind = kind_of(attributes)
    href = attributes.get("href")
    if kind is not None and href:
        yield href, kind
    yield from ((candidate, "image") for candidate in candidates_of(attributes.get("imagesrcset") or ""))


def _hrefs(attributes: Attributes, kind: str) -> Iterator[Reference]:
    """A drawing's href; the old `xlink:href` counts where there is no other (SVG 2, 16.1.6)."""
    if href := attributes.get("href" if "href" in attributes else "xlink:href"):
        yield href, kind
