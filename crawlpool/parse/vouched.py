"""What a worker found out of a body before it read it, so that whoever builds a tree of it need not look again.

A tree is safe to build of bytes that are UTF-8, as far as `bound.py` says. Finding that out takes a third of the
time that lexbor then takes. A worker that reads title and links has found it out already, and three numbers cross
with what it read. They hold for the body that they were taken of; for one of another length nobody uses them.
"""

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from ..model import Vouched
from .html import Tree


def vouched_of(body: bytes, html: bytes, charset: str, safe: int, tags: int) -> Vouched | None:
    """What there is to know of a body; None where it is not what is parsed, as it came.

    Args:
        body: As it came.
        html: What is parsed: the body itself, or another, where it had a byte order mark or was no UTF-8.
        charset: That of the body, by its name in the Encoding standard.
        safe: How many bytes may be parsed.
        tags: How many tags there are, or more.
    """
    return (len(body), safe, tags) if html is body and charset == "utf-8" else None


def tree_within(body: bytes, vouched: Vouched | None) -> Tree | None:
    """Parse a body that was looked over; None for one that was not, or that is another than that."""
    if vouched is None or vouched[0] != len(body):
        return None
    _, safe, tags = vouched
    # Without mutation events, as in html.py.
    root = LexborHTMLParser(body[:safe], options=LexborDocumentOptions.WO_EVENTS)
    return Tree(root, "utf-8", safe < len(body), tags)
