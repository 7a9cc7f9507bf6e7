"""What a page is known again by: a digest of its body, a hash of its words, the URL it calls its own.

A worker computes these, so that bodies need not cross; `crawlpool.duplicates` compares them.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import blake2b, sha1
from itertools import islice

from selectolax.lexbor import LexborNode

from .html import Tree
from .links import Link, base_of, resolve_in
from .missing import words_of
from .notable import LINK
from .relations import Attributes

MOST_WORDS = 2000
"""Words of a page that its simhash is made of, the first ones."""

LEAST_WORDS = 30
"""Fewer words than this say nothing about likeness: two short pages differ in a word and are about different things."""

_MOST_TEXT = 20_000  # characters, in which those words are looked for
_MOST_CANONICALS = 20
_UNSEEN = ["script", "style", "noscript"]
_LANES = int.from_bytes(b"\x01" * MOST_WORDS)


def digest_of(body: bytes) -> int:
    """64 bits of SHA-1, signed: what SQLite keeps in a column.

    It costs 0.03 ms for 60 KB where the processor has the instructions, half of what BLAKE2 does.
    Nothing is authenticated by it: who can make two bodies with one digest has two pages taken for one.
    """
    return int.from_bytes(sha1(body, usedforsecurity=False).digest()[:8], signed=True)


def canonical_of(
    tree: Tree, url: str, head: Sequence[Link] = (), elements: Sequence[LexborNode] | None = None
) -> str | None:
    """The URL that a page says is its own (RFC 6596), in normal form; None when it names none, or several.

    A `link` in the body does not count: there it may be somebody else's words.

    Args:
        tree: The page.
        url: Where it came from.
        head: The links in the head of the answer.
        elements: Those of the page, in page order, among which its links are; looked for when they are not given.
    """
    element = tree.root.head
    nodes = () if element is None else element.css("link") if elements is None else elements
    links = (
        (node.attributes, partial(_is_in, node, element))
        for node in nodes
        if element is not None and node.tag_id == LINK
    )
    return canonical_among(links, url, lambda: base_of(tree, url), tree.charset, head)


def canonical_among(
    links: Iterable[tuple[Attributes, Callable[[], bool]]],
    url: str,
    base: Callable[[], str],
    charset: str,
    head: Sequence[Link] = (),
) -> str | None:
    """As `canonical_of`, of what the `link` elements say, and whether each is in the head."""
    # Not by its kind, which may be that of another relation beside this one.
    named = {link.url for link in head if "canonical" in link.rel.split()}
    count = 0
    for attributes, is_in_head in links:
        if "rel" not in attributes or "href" not in attributes:
            continue
        count += 1
        if count > _MOST_CANONICALS:
            break
        href = attributes["href"]
        if href and "canonical" in (attributes["rel"] or "").lower().split() and is_in_head():
            is_whole = href.startswith(("https://", "http://"))
            target = resolve_in(charset, url if is_whole else base(), href)
            if target is not None:
                named.add(target)
    return named.pop() if len(named) == 1 else None


def _is_in(node: LexborNode, element: LexborNode) -> bool:
    wanted, parent = element.mem_id, node.parent
    while parent is not None and parent.mem_id != wanted:
        parent = parent.parent
    return parent is not None


def simhash_of(tree: Tree) -> int | None:
    """64 bits, signed, that differ in few places when the visible words of two pages do; None for too few words.

    Charikar's simhash over each three words that follow each other. Scripts and styles are
    taken out of the tree, so this comes last of what is read off it.
    """
    body = tree.root.body
    if body is None:
        return None
    tree.root.strip_tags(_UNSEEN)
    words = words_of(body.text(separator=" ")[:_MOST_TEXT], MOST_WORDS)
    if len(words) < LEAST_WORDS:
        return None
    hashes = {word: blake2b(word.encode(), digest_size=24).digest() for word in set(words)}
    count = len(words) - 2
    # The hash of three words is an exclusive or over parts of theirs; it is taken of all at once, as large numbers.
    whole = [hashes[word] for word in words]
    first = int.from_bytes(b"".join(each[:8] for each in islice(whole, count)))
    second = int.from_bytes(b"".join(each[8:16] for each in islice(whole, 1, count + 1)))
    third = int.from_bytes(b"".join(each[16:] for each in islice(whole, 2, None)))
    shingles = (first ^ second ^ third).to_bytes(8 * count)
    lanes = _LANES >> 8 * (MOST_WORDS - count)
    bits = 0
    for place in range(8):
        column = int.from_bytes(shingles[place::8])
        for bit in range(8):
            is_set = 2 * (column & (lanes << bit)).bit_count() > count
            bits |= is_set << (8 * (7 - place) + bit)
    return bits - (1 << 64) if bits >> 63 else bits
