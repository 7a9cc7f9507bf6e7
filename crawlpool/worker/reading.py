"""What a worker makes of an answer that comes in: its body up to the cap, its type, the facts on the page."""

import io
from typing import NamedTuple

from ..model import Facts, FailureKind
from ..parse import sniff
from ..parse.facts import read_facts
from ..parse.html import is_html
from ..parse.likeness import digest_of
from ..redirects import STATUSES as REDIRECTS
from .answers import Answer
from .codings import Decoding, codings_of
from .framing import broken
from .heads import BadAnswer, Head
from .wire import LARGEST, SMALLEST, TransportOptions, Want

# Plain numbers: an operation on an IntFlag costs a microsecond, and there are several a page.
_FACTS, _LINKS, _RAW, _HTML_ONLY = int(Want.FACTS), int(Want.LINKS), int(Want.RAW), int(Want.HTML_ONLY)
_DIGEST, _NEAR, _LARGE, _SMALL = int(Want.DIGEST), int(Want.NEAR), int(Want.LARGE), int(Want.SMALL)
_UNPARSED = int(Want.UNPARSED)
_PARSED = _FACTS | _LINKS | _NEAR

_DRAINED = 64 * 1024
"""Bytes of an unwanted body that are read all the same: cheaper than a new connection."""


class Body(NamedTuple):
    """What was read of a body.

    Attributes:
        content: Decoded; None for one that was left unread.
        is_cut: It has more than the cap.
        raw: As it was sent, where that is wanted.
        start: How it begins, also where the rest was left unread.
    """

    content: bytes | None
    is_cut: bool = False
    raw: bytes | None = None
    start: bytes = b""


UNREAD = Body(None)


def leads_on(head: Head) -> bool:
    """Whether an answer is a redirect, whose body nobody needs."""
    return head.status in REDIRECTS and "location" in head.fields


def body_of(answer: Answer, wants: int, options: TransportOptions) -> Body:
    """Read the body, decoded, up to the cap; one that is not wanted is left where it is, or as it is.

    Where only HTML is wanted and there is no label, the first bytes decide (MIME Sniffing standard, 5.2).

    Raises:
        BadAnswer: It is not coded as it says, or breaks off.
    """
    cap, framing = options.max_body, answer.framing
    content_type = answer.head.fields.get("content-type")
    if wants & _LARGE:
        cap = max(cap, LARGEST)
    elif wants & _SMALL:
        cap = SMALLEST
    is_doubtful = bool(wants & _HTML_ONLY) and sniff.is_unknown(content_type)
    is_wanted = not wants & _HTML_ONLY or is_doubtful or is_html(content_type, b"")
    if not is_wanted and (framing.length is None or framing.length > _DRAINED):
        return UNREAD
    codings = (*framing.codings, *codings_of(answer.headers.get("content-encoding")))
    if leads_on(answer.head) or (codings and not is_wanted):
        answer.pass_over(_DRAINED)
        return UNREAD
    if codings:
        decoding = Decoding(codings, cap, options.max_ratio)
        return _decoded(answer, decoding, wants, is_doubtful=is_doubtful)
    body, size = io.BytesIO(), 0
    for piece in answer.pieces():
        body.write(piece)
        size += len(piece)
        if size > cap:
            body.truncate(cap)
            break
        if is_doubtful and size >= sniff.HEADER_BYTES:
            is_doubtful = False
            if not is_html(content_type, body.getvalue()):
                return Body(None, start=body.getvalue())
    content = body.getvalue()
    return Body(content, is_cut=size > cap, raw=content if wants & _RAW else None, start=content)


def _decoded(answer: Answer, decoding: Decoding, wants: int, *, is_doubtful: bool) -> Body:
    body, sent = io.BytesIO(), io.BytesIO()
    for piece in answer.pieces():
        if wants & _RAW:
            sent.write(piece)
        body.write(decoding.feed(piece))
        if decoding.is_over:
            break
        if is_doubtful and body.tell() >= sniff.HEADER_BYTES:
            is_doubtful = False
            if not is_html(answer.head.fields.get("content-type"), body.getvalue()):
                return Body(None, start=body.getvalue())
    if not (decoding.is_over or decoding.is_whole):
        if answer.framing.length is None and not answer.framing.is_chunked:
            raise broken("the connection ended inside the coded body")
        raise BadAnswer(FailureKind.DECODING, "the body ends inside its Content-Encoding")
    content = body.getvalue()
    raw = sent.getvalue() if wants & _RAW else None
    return Body(content, is_cut=decoding.is_over, raw=raw, start=content)


def media_type_of(head: Head, start: bytes) -> str:
    """What kind of thing a body is, by its label and by how it begins."""
    return sniff.media_type(
        head.fields.get("content-type"),
        start,
        is_nosniff=sniff.is_nosniff(head.fields.get("x-content-type-options")),
    )


def facts_of(
    head: Head,
    content: bytes | None,
    *,
    url: str,
    media_type: str,
    wants: int,
    options: TransportOptions,
    fetched_at: float,
) -> Facts | None:
    """Read off a page what the main process wants to know; None when that is nothing.

    Args:
        head: Of the answer.
        content: Its body, decoded; None when it was left unread.
        url: What was asked.
        media_type: As `media_type_of` has it.
        wants: Of the order; see `Want`.
        options: What the worker was told.
        fetched_at: When it was asked, in seconds since 1970.
    """
    if wants & _UNPARSED:
        return Facts(title=None, link_count=0, is_partial=True)
    if wants & _PARSED and not leads_on(head):
        content_type = head.fields.get("content-type")
        return read_facts(
            content or b"",  # an answer that was left unread may name links in its headers
            (media_type or None) if sniff.is_unknown(content_type) else content_type,
            url,
            with_links=bool(wants & _LINKS),
            headers=head.pairs,
            max_links=options.max_links,
            is_near=bool(wants & _NEAR),
            token=options.token,
            at=fetched_at,
            x_robots_tag=options.x_robots_tag,
            meta_robots=options.meta_robots,
            rel_nofollow=options.rel_nofollow,
        )
    if wants & _DIGEST and content and media_type in sniff.HTML_TYPES:
        return Facts(title=None, link_count=0, digest=digest_of(content))
    return None
