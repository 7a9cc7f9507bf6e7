"""What a body says of its own charset: HTML's `meta`, XML's declaration, CSS's @charset.

HTML standard, 13.2.3.2 ("prescan a byte stream to determine its encoding"), step by step;
XML 1.0, appendix F; CSS Syntax, 3.2. Only the first 1024 bytes are looked at.
"""

import re
from functools import lru_cache

from .labels import inside
from .tokens import ATTRIBUTE_SHAPE, attributes

BYTES = 1024
"""How far a browser looks before it parses."""

_LONGEST_KEPT = 256

_INTERESTING = re.compile(rb"<(?:!--|(meta)(?=[\t\n\f\r /])|(/?[a-z])|[!/?])", re.IGNORECASE)
_ATTRIBUTES = rb"((?:[\t\n\f\r /]++|" + ATTRIBUTE_SHAPE + rb")*+)>"
_META = re.compile(_ATTRIBUTES)
_OTHER_TAG = re.compile(rb"[^\t\n\f\r >]*+" + _ATTRIBUTES)
_ENCODING = re.compile(rb"""[^>]*?encoding[\x00-\x20]*+=[\x00-\x20]*+(["'])""")
_CHARSET = re.compile(r"charset[\t\n\f\r ]*+=[\t\n\f\r ]*+", re.IGNORECASE)
_BARE = re.compile(r"[^\t\n\f\r ;]*+")
_AT_CHARSET = re.compile(rb'@charset "([^"]*+)";')


def of_html(head: bytes) -> str | None:
    """The charset that the start of an HTML page names; None without one that is known."""
    wide = of_utf_16(head)
    if wide:
        return wide
    position = 0
    while found := _INTERESTING.search(head, position):
        if found[1]:
            tag = _META.match(head, found.end())
            if tag is None:
                break  # it goes on behind the last byte
            if charset := (_of_meta if len(tag[1]) > _LONGEST_KEPT else _of_known_meta)(tag[1]):
                return charset
            position = tag.end()
        elif found[2]:
            tag = _OTHER_TAG.match(head, found.end())
            if tag is None:
                break
            position = tag.end()
        else:
            is_comment = found[0] == b"<!--"
            # The dashes that open a comment may close it, too: `<!-->`.
            end = head.find(b"-->" if is_comment else b">", found.start() + (2 if is_comment else 1))
            if end < 0:
                break
            position = end + (3 if is_comment else 1)
    return of_declaration(head)


def of_utf_16(head: bytes) -> str | None:
    """UTF-16 by how an XML declaration looks in it."""
    if head.startswith(b"<\0?\0x\0"):
        return "utf-16le"
    return "utf-16be" if head.startswith(b"\0<\0?\0x") else None


def _of_meta(source: bytes) -> str | None:
    """What one `meta` names: by `charset`, or by `content` where `http-equiv` says that it may."""
    charset: str | None = None
    is_given = False
    needs_pragma: bool | None = None
    has_pragma = False
    seen: set[bytes] = set()
    for name, value in attributes(source):
        if name in seen:
            continue
        seen.add(name)
        if name == b"http-equiv":
            has_pragma = value.lower() == b"content-type"
        elif name == b"content":
            if not is_given and (named := of_content(value.decode("latin-1"))):
                charset, is_given, needs_pragma = named, True, True
        elif name == b"charset":
            charset, is_given, needs_pragma = inside(value), True, False
    if needs_pragma is None or (needs_pragma and not has_pragma):
        return None
    return charset


_of_known_meta = lru_cache(256)(_of_meta)  # a site has the same ones on all its pages


def of_content(content: str) -> str | None:
    """The charset in the `content` of a `meta` (HTML standard, 2.4.4); None without one that is known."""
    found = _CHARSET.search(content)
    if found is None:
        return None
    quote = content[found.end() : found.end() + 1]
    if quote in {'"', "'"}:
        value, closing, _ = content[found.end() + 1 :].partition(quote)
        return inside(value.encode("latin-1", "replace")) if closing else None
    bare = _BARE.match(content, found.end())
    return inside(bare[0].encode("latin-1", "replace")) if bare else None


def of_declaration(head: bytes) -> str | None:
    """The charset in an XML declaration (HTML standard, "get an XML encoding")."""
    if not head.startswith(b"<?xml"):
        return None
    end = head.find(b">")
    found = _ENCODING.match(head, 5, end) if end > 0 else None
    if found is None:
        return None
    value, closing, _ = head[found.end() : end].partition(found[1])
    return inside(value) if closing and not any(byte <= 0x20 for byte in value) else None


def of_css(head: bytes) -> str | None:
    """The charset of an @charset rule, which stands first and is written in just one way."""
    found = _AT_CHARSET.match(head)
    return inside(found[1]) if found else None
