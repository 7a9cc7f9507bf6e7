"""What a worker makes of an answer that comes in: its body up to the cap, its type, the facts on the page.

All transports read a body by the same rules: one that has a stream pulls pieces off it
(`body_of`), one that is called with pieces hands them over (`Reading`).
"""

import io
from typing import NamedTuple

from ..model import Facts, FailureKind, Pairs
from ..parse import sniff
from ..parse.facts import read_facts
from ..parse.html import is_html
from ..parse.likeness import digest_of
from ..redirects import STATUSES as REDIRECTS
from .answers import Answer
from .codings import Decoding, codings_of
from .framing import Framing, broken
from .heads import BadAnswer, Head
from .wire import LARGEST, SMALLEST, Order, TransportOptions, Want, response_answer
from .wire import Answer as Packed

# Plain numbers: an operation on an IntFlag costs a microsecond, and there are several a page.
_FACTS, _LINKS, _RAW, _HTML_ONLY = int(Want.FACTS), int(Want.LINKS), int(Want.RAW), int(Want.HTML_ONLY)
_DIGEST, _NEAR, _LARGE, _SMALL = int(Want.DIGEST), int(Want.NEAR), int(Want.LARGE), int(Want.SMALL)
_UNPARSED = int(Want.UNPARSED)
_PARSED = _FACTS | _LINKS | _NEAR

_DRAINED = 64 * 1024
"""Bytes of an unwanted body that are read all the same: cheaper than a new connection."""

_SMALL_LENGTH = 1024 * 1024
_MOST_PIECES = 256


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


class Reading:
    """A body as it comes in: what is kept of it, and when that is enough.

    Whoever has the connection hands over pieces until it is told that no more is needed, or all
    has come. Where only HTML is wanted and there is no label, the first bytes decide (MIME
    Sniffing standard, 5.2).

    Args:
        head: Of the answer.
        framing: Where its body ends.
        coding: The Content-Encoding that is still on the body, if any.
        wants: Of the order; see `Want`.
        options: What the worker was told.

    Attributes:
        is_left: Nothing of the body need be read.
        is_small: All of it is needed, and it is so short that it may as well be handed over at once.

    Raises:
        BadAnswer: It has too many codings.
    """

    __slots__ = (
        "_before",
        "_cap",
        "_content_type",
        "_decoding",
        "_framing",
        "_is_doubtful",
        "_is_passed_over",
        "_pieces",
        "_sent",
        "_size",
        "_verdict",
        "_wants",
        "is_left",
        "is_small",
    )

    def __init__(
        self, head: Head, framing: Framing, coding: str | None, wants: int, options: TransportOptions
    ) -> None:
        """Look at what the head says of the body."""
        content_type = head.fields.get("content-type")
        self._cap = options.max_body
        if wants & _LARGE:
            self._cap = max(self._cap, LARGEST)
        elif wants & _SMALL:
            self._cap = SMALLEST
        self._wants, self._framing, self._content_type = wants, framing, content_type
        self._decoding: Decoding | None = None
        self._verdict: Body | None = None
        self._is_doubtful = bool(wants & _HTML_ONLY) and sniff.is_unknown(content_type)
        is_wanted = not wants & _HTML_ONLY or self._is_doubtful or is_html(content_type, b"")
        is_long = framing.length is not None and framing.length > _DRAINED
        self._size = 0
        self._pieces: list[bytes] = []
        self._before: io.BytesIO | None = None  # what came before them, where there are many
        self._sent: io.BytesIO | None = None
        if not is_wanted and (framing.length is None or is_long):
            self.is_left = self._is_passed_over = True
            self.is_small = False
            return
        codings = (*framing.codings, *codings_of(coding)) if coding or framing.codings else ()
        self._is_passed_over = leads_on(head) or (bool(codings) and not is_wanted)
        self.is_left = self._is_passed_over and is_long
        self.is_small = (
            framing.length is not None
            and framing.length <= _SMALL_LENGTH
            and not (self._is_passed_over or self._is_doubtful)
        )
        if codings and not self._is_passed_over:
            self._decoding = Decoding(codings, self._cap, options.max_ratio)
            if wants & _RAW:
                self._sent = io.BytesIO()

    def take(self, piece: bytes) -> bool:
        """Take the next piece, and say whether another is needed.

        Raises:
            BadAnswer: It is not coded as it says.
        """
        if self._is_passed_over:
            self._size += len(piece)
            return self._size <= _DRAINED
        if self._decoding is not None:
            if self._sent is not None:
                self._sent.write(piece)
            piece = self._decoding.feed(piece)
            is_over = self._decoding.is_over
        else:
            is_over = self._size + len(piece) > self._cap
        self._size += len(piece)
        self._pieces.append(piece)
        if len(self._pieces) >= _MOST_PIECES:  # a piece may be a byte
            if self._before is None:
                self._before = io.BytesIO()
            self._before.write(b"".join(self._pieces))
            self._pieces.clear()
        if is_over:
            self._verdict = self._whole(is_cut=True)
            return False
        if self._is_doubtful and self._size >= sniff.HEADER_BYTES:
            self._is_doubtful = False
            start = self._content()
            if not is_html(self._content_type, start):
                self._verdict = Body(None, start=start)
                return False
        return True

    def end(self) -> Body:
        """What was read of the body, when all came or no more is needed.

        Raises:
            BadAnswer: Its coding ends too early.
        """
        if self._is_passed_over:
            return UNREAD
        if self._verdict is not None:
            return self._verdict
        if self._decoding is not None and not self._decoding.is_whole:
            if self._framing.length is None and not self._framing.is_chunked:
                raise broken("the connection ended inside the coded body")
            raise BadAnswer(FailureKind.DECODING, "the body ends inside its Content-Encoding")
        return self._whole(is_cut=False)

    def _content(self) -> bytes:
        if self._before is not None:
            self._before.write(b"".join(self._pieces))
            self._pieces.clear()
            return self._before.getvalue()
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _whole(self, *, is_cut: bool) -> Body:
        content = self._content()
        if len(content) > self._cap:
            content = content[: self._cap]
        raw = None
        if self._wants & _RAW:
            raw = content if self._sent is None else self._sent.getvalue()
        return Body(content, is_cut=is_cut, raw=raw, start=content)


def body_of(answer: Answer, wants: int, options: TransportOptions) -> Body:
    """Read the body, decoded, up to the cap; one that is not wanted is left where it is, or as it is.

    Raises:
        BadAnswer: It is not coded as it says, or breaks off.
    """
    reading = Reading(answer.head, answer.framing, answer.headers.get("content-encoding"), wants, options)
    if not reading.is_left:
        for piece in answer.pieces():
            if not reading.take(piece):
                break
    return reading.end()


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


def answer_of(
    order: Order,
    head: Head,
    body: Body,
    *,
    options: TransportOptions,
    request_headers: Pairs,
    remote_address: str,
    fetched_at: float,
    elapsed_s: float,
    wait_s: float,
    received: int,
    worker: int,
) -> Packed:
    """Read off an answer what is wanted of it, and pack it; see `Response` for what the rest means."""
    media_type = media_type_of(head, body.start)
    content = body.content
    facts = facts_of(
        head,
        content,
        url=order[2],
        media_type=media_type,
        wants=order[5],
        options=options,
        fetched_at=fetched_at,
    )
    return response_answer(
        order,
        status=head.status,
        reason=head.reason,
        http_version=head.version,
        headers=head.pairs,
        request_headers=request_headers,
        remote_address=remote_address,
        body=content or b"",
        is_cut=body.is_cut,
        is_body_read=content is not None,
        raw_body=body.raw,
        facts=facts,
        media_type=media_type,
        fetched_at=fetched_at,
        elapsed_s=elapsed_s,
        wait_s=wait_s,
        received=received,
        worker=worker,
    )
