"""What a worker reads off a page before it lets go of the body: title, number of links, the links to follow."""

import logging

from ..model import Facts, Pairs
from .directives import directives_of
from .html import is_html, title_among, tree_of
from .likeness import canonical_of, digest_of, simhash_of
from .linkheader import links_in_head
from .links import targets
from .missing import says_missing
from .notable import notable_of

log = logging.getLogger(__name__)

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
        tree = tree_of(body if is_page else b"", content_type)
        seen = notable_of(tree.root)
        if meta_robots and is_page and seen.metas:
            said = tuple(sorted({*said, *directives_of((), seen.metas, token=token, at=at)}))
        found = targets(
            tree, url, with_links=with_links, head=head, most=max_links, rel_nofollow=rel_nofollow, seen=seen
        )
        title = title_among(seen.titles)
        return Facts(
            title=title,
            link_count=found.url_count,
            links=found.followed,
            is_partial=found.is_partial or tree.is_cut,
            left_out=found.left_out,
            refused=found.refused,
            directives=said,
            canonical=canonical_of(tree, url, head, seen.naming),
            digest=digest_of(body) if is_page else None,
            says_missing=is_page and says_missing(seen.heading, title),
            simhash=simhash_of(tree) if is_near and is_page else None,  # last: it changes the tree
        )
    except Exception as error:  # noqa: BLE001  the answer is good, whatever a parser makes of it
        log.info("page.not_parsed error=%r url=%s", error, url)
        return Facts(title=None, link_count=0, is_partial=True, directives=said)
