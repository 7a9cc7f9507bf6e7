"""What is asked in a test, and what is answered: plain values, whoever answers."""

import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from ..model import FailureKind, Pairs, pairs

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as a server would have got it.

    Attributes:
        method: HTTP method in capitals.
        url: The URL asked, in normal form, without fragment.
        headers: Pairs as sent, in their order; logins and cookies are among them.
        body: The bytes sent; empty for most.
    """

    method: str
    url: str
    headers: Pairs = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """First value of a header, compared without case; None without one."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server answers, or how it fails to; made by `answer` and by the faults.

    Attributes:
        status: HTTP status code.
        reason: Reason phrase.
        headers: Pairs in wire order.
        body: Bytes; on the wire, so coded as `Content-Encoding` says, unless `is_decoded`.
        seconds: How long it takes. Nobody waits for it: a crawl is told that so much time went by.
        breaks_after: Bytes of the body after which the connection breaks; None for a whole one.
        kind: Why no answer comes at all; None for one that does.
        message: The same in a sentence.
        is_decoded: The body's content coding is removed already, whatever the headers say.
        is_cut: There was more of the body than is here.
    """

    status: int = 200
    reason: str = ""
    headers: Pairs = ()
    body: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    breaks_after: int | None = None
    kind: FailureKind | None = None
    message: str = ""
    is_decoded: bool = False
    is_cut: bool = False


def answer(
    body: str | bytes | Path = "",
    *,
    status: int = 200,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    content_type: str | None = HTML,
    reason: str | None = None,
) -> Reply:
    """An answer.

    Args:
        body: Text, sent as UTF-8; bytes; or a file, whose name then says the type.
        status: HTTP status code.
        headers: Sent besides; a Content-Type among them wins.
        content_type: Of the body; None sends none.
        reason: Reason phrase; the usual one of the status when nothing is said.

    Raises:
        OSError: The file cannot be read.
    """
    if isinstance(body, Path):
        content_type = type_of(body.name) if content_type == HTML else content_type
        body = body.read_bytes()
    sent = pairs(headers)
    if content_type is not None and not any(name.lower() == "content-type" for name, _ in sent):
        sent = (("Content-Type", content_type), *sent)
    return Reply(
        status=status,
        reason=phrase(status) if reason is None else reason,
        headers=sent,
        body=body.encode() if isinstance(body, str) else body,
    )


def redirect(location: str, *, status: int = 302) -> Reply:
    """A redirect.

    Args:
        location: The URL that it leads to, absolute or relative to the one asked.
        status: 301, 302, 303, 307 or 308.
    """
    return answer(status=status, headers={"Location": location}, content_type=None)


def phrase(status: int) -> str:
    """The usual reason phrase of a status; "" for one that nobody knows."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def type_of(name: str) -> str:
    """The Content-Type of a file, by its name; of text it is taken to be UTF-8."""
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_text = guessed.startswith("text/") or guessed.endswith(("+xml", "/xml", "/json"))
    return f"{guessed}; charset=utf-8" if is_text else guessed
