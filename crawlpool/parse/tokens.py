"""What a tag looks like in bytes: the two patterns that every linear scan here is made of.

They follow the tokenizer of the HTML standard (section 13.2.5) in any charset that has
ASCII inside. Possessive quantifiers only, so a hostile page cannot make them backtrack.
"""

import re
from collections.abc import Iterator

_NAME = rb"[^\t\n\f\r />][^\t\n\f\r />=]*+"
_VALUE = rb"""(?:"([^"]*+)(?:"|\Z)|'([^']*+)(?:'|\Z)|((?!["'])[^\t\n\f\r >]*+))"""
_BARE_VALUE = rb"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|(?!["'])[^\t\n\f\r >]*+)"""
_EQUALS = rb"[\t\n\f\r ]*+=[\t\n\f\r ]*+"

GAP = rb"[\t\n\f\r /]"
"""The source of a pattern for one byte between attributes."""

ATTRIBUTE_SHAPE = _NAME + rb"(?:" + _EQUALS + _BARE_VALUE + rb")?+"
"""The source of a pattern for one attribute, without groups."""

ATTRIBUTE = re.compile(rb"(" + _NAME + rb")(?:" + _EQUALS + _VALUE + rb")?+")
"""One attribute: its name, then its value in one of three groups (double, single, no quotes)."""

TAG = re.compile(
    rb"<(?:"
    rb"!--(?:-?>|(?s:.)*?(?:--!?>|\Z))"  # a comment; `<!-->` and `<!--->` are whole ones
    rb"|([a-zA-Z][^\t\n\f\r />]*+)((?:" + GAP + rb"++|" + ATTRIBUTE_SHAPE + rb")*+)(?:>|\Z)"
    rb"|/([a-zA-Z][^\t\n\f\r />]*+)(?:" + GAP + rb"++|" + ATTRIBUTE_SHAPE + rb")*+(?:>|\Z)"
    rb"|[!?/][^>]*+(?:>|\Z)"  # doctype, CDATA, processing instruction, `</>`: bogus comments
    rb")"
)
"""A comment, or a start tag (groups 1 and 2: name, attributes), or an end tag (group 3: name)."""


def attributes(source: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names, in small letters, and raw values of the attributes in a tag's inside."""
    for found in ATTRIBUTE.finditer(source):
        name, double, single, bare = found.groups()
        yield name.lower(), double or single or bare or b""
