"""What kind of link a relation makes: of a `link` element, or of a `Link` header."""

import re
from collections.abc import Mapping
from typing import TypeAlias

_WORD = re.compile(r"[^\t\n\f\r ]++")
_FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_BY_REL = (
    ("stylesheet", "style"),
    ("icon", "image"),
    ("apple-touch-icon", "image"),
    ("apple-touch-icon-precomposed", "image"),
    ("mask-icon", "image"),
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
_BY_DESTINATION = {
    "audio": "media",
    "font": "font",
    "image": "image",
    "script": "script",
    "style": "style",
    "track": "media",
    "video": "media",
}
_NO_DOCUMENT = frozenset({"", "preconnect", "dns-prefetch", "expect"})

Attributes: TypeAlias = Mapping[str, str | None]


def small(text: str) -> str:
    """ASCII letters in small, and no others: how the HTML standard compares."""
    if text.isascii():
        return text.lower()
    return "".join(each.lower() if each.isascii() else each for each in text)


def kind_of(attributes: Attributes) -> str | None:
    """The kind by `rel`, `type` and `as`; None when it names no document (HTML standard, 4.6.7)."""
    tokens = relations(attributes)
    if _NO_DOCUMENT.issuperset(tokens):
        return None
    kind = next((kind for token, kind in _BY_REL if token in tokens), "related")
    if kind == "alternate" and media_type(attributes) in _FEEDS:
        return "feed"
    if kind == "resource" and "preload" in tokens:
        return _BY_DESTINATION.get(small(attributes.get("as") or ""), kind)
    return kind


def relations(attributes: Attributes) -> list[str]:
    """The tokens of `rel`, in small letters; they are split at ASCII white space."""
    return _WORD.findall(small(attributes.get("rel") or ""))


def is_refused(attributes: Attributes) -> bool:
    """Whether a link is not to be followed: `rel=nofollow` (HTML standard, 4.6.7.13).

    `ugc` and `sponsored` say what a link is, and refuse nothing.
    """
    rel = attributes.get("rel")
    return rel is not None and "nofollow" in small(rel) and "nofollow" in relations(attributes)


def media_type(attributes: Attributes) -> str:
    """The media type in `type`, without parameters, in small letters."""
    return small((attributes.get("type") or "").partition(";")[0].strip("\t\n\f\r "))
