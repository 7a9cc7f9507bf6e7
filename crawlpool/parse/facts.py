"""What a worker reads off a page before it lets go of the body: title, number of links, the links to follow."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from ..model import Facts, Pairs
from .directives import directives_of
from .html import Markup, Tree, is_html, markup_of, parsed, title_among
from .likeness import canonical_among, canonical_of, digest_of, simhash_of
from .linkheader import links_in_head
from .links import MOST_REFERENCES, Found, Link, base_by, join_written, targets, targets_among
from .missing import says_missing
from .notable import notable_of
from .relations import Attributes
from .scan import Scan, scan
from .vouched import vouched_of

log = logging.getLogger(__name__)

_MOST_TAGS = MOST_REFERENCES // 4  # an anchor that nobody closes is opened again by one tag or text behind it

_NOTHING = Facts(title=None, link_count=0)


def read_facts(
    body: bytes,
    content_type: str | None,
    url: str,
    *,
    with_links: bool,
    headers: Pairs = (),
    max_links: int = 10_000,
    is_near: bool = False,
    token: str = "crawlpool",  # noqa: S107  a product token, no secret
    at: float = 0.0,
    x_robots_tag: bool = True,
    meta_robots: bool = True,
    rel_nofollow: bool = True,
) -> Facts:
    """Read the facts of a body; nothing for one that is no HTML. Never raises.

    Args:
        body: As it came, content coding removed.
        content_type: The whole header; None without one.
        url: Where it came from; what its links are relative to.
        with_links: Whether the links to follow are wanted as well.
        headers: The answer's; some of them name links too, of an answer of any type.
        max_links: How many to follow are wanted at most.
        is_near: Whether the hash of its words is wanted as well.
        token: Our product token, by which directives name us.
        at: Now, in seconds since 1970: directives may have an end.
        x_robots_tag: Whether that header is looked at.
        meta_robots: Whether robots `meta` elements are looked at.
        rel_nofollow: Whether links with `rel=nofollow` are kept apart.
    """
    head = links_in_head(headers, url)
    is_page = bool(body) and is_html(content_type, body)
    said = directives_of(headers, None, token=token, at=at) if x_robots_tag else ()
    if not head and not is_page:
        return Facts(title=None, link_count=0, directives=said) if said else _NOTHING
    try:
        markup = markup_of(body if is_page else b"", content_type)
        is_cut = markup.safe < len(markup.html)
        scanned = None if is_near or is_cut or markup.tags > _MOST_TAGS else scan(markup.html)
        ask = _Asked(url, head, with_links=with_links, max_links=max_links, rel_nofollow=rel_nofollow)
        seen = _in_tree(markup, ask) if scanned is None else _in_scan(scanned, markup.charset, ask)
        if meta_robots and is_page and seen.metas:
            said = tuple(sorted({*said, *directives_of((), seen.metas, token=token, at=at)}))
        found = seen.found
        return Facts(
            title=seen.title,
            link_count=found.url_count,
            links=found.followed,
            is_partial=found.is_partial or is_cut,
            left_out=found.left_out,
            refused=found.refused,
            directives=said,
            canonical=seen.canonical,
            digest=digest_of(body) if is_page else None,
            says_missing=is_page and says_missing(seen.heading, seen.title),
            vouched=vouched_of(body, markup.html, markup.charset, markup.safe, markup.tags),
            # Last: it changes the tree.
            simhash=simhash_of(seen.tree) if is_near and is_page and seen.tree is not None else None,
        )
    except Exception as error:  # noqa: BLE001  the answer is good, whatever a parser makes of it
        log.info("page.not_parsed error=%r url=%s", error, url)
        return Facts(title=None, link_count=0, is_partial=True, directives=said)


class _Asked(NamedTuple):
    """What both ways of reading a page have to know."""

    url: str
    head: Sequence[Link]
    with_links: bool
    max_links: int
    rel_nofollow: bool


class _Seen(NamedTuple):
    """What both find on it; the tree, where there is one."""

    title: str | None
    heading: str | None
    metas: Sequence[Attributes]
    found: Found
    canonical: str | None
    tree: Tree | None


def _in_tree(markup: Markup, ask: _Asked) -> _Seen:
    tree = parsed(markup)
    seen = notable_of(tree.root)
    found = targets(
        tree,
        ask.url,
        with_links=ask.with_links,
        head=ask.head,
        most=ask.max_links,
        rel_nofollow=ask.rel_nofollow,
        seen=seen,
    )
    return _Seen(
        title_among(seen.titles),
        None if seen.heading is None else seen.heading.text(),
        [node.attributes for node in seen.metas],
        found,
        canonical_of(tree, ask.url, ask.head, seen.naming),
        tree,
    )


def _in_scan(scanned: Scan, charset: str, ask: _Asked) -> _Seen:
    urls = join_written(scanned.raw, ask.url, base=scanned.base, charset=charset)
    found = targets_among(
        urls,
        scanned.kinds,
        with_links=ask.with_links,
        head=ask.head,
        most=ask.max_links,
        rel_nofollow=ask.rel_nofollow,
    )
    base = partial(base_by, scanned.base, ask.url)
    canonical = canonical_among(scanned.links, ask.url, base, charset, ask.head)
    return _Seen(scanned.title, scanned.heading, scanned.metas, found, canonical, None)
