"""What came of a URL, before anyone looks inside: how it went, and the body as bytes, text or JSON."""

import json
import os
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from ..errors import PageError
from ..model import Failure, Outcome, Request, Response
from . import sniff
from .headers import Headers
from .saving import file_name, save
from .text import decode, decode_as


class Answer:
    """An outcome with names for its parts; `Page` adds what is in the markup.

    Attributes:
        outcome: The `Response` or `Failure`.
        request: The request, as it was at its end.
        response: The answer; None without one. There is one also when a handler failed.
        failure: Why there is no answer, or why it was lost; None when all went well.
    """

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.request: Request = outcome.request
        self.response: Response | None = outcome if isinstance(outcome, Response) else outcome.response
        self.failure: Failure | None = outcome if isinstance(outcome, Failure) else None

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.status if self.failure is None else self.failure.kind} {self.url}>"
        )

    @property
    def url(self) -> str:
        """The URL as it was given or found."""
        return self.request.url

    @property
    def final_url(self) -> str:
        """Where redirects ended, in normal form; links on the page are relative to it."""
        return self.request.target or self.request.url

    @property
    def redirects(self) -> tuple[str, ...]:
        """The URLs that redirected, oldest first; empty when it was answered where it was asked."""
        return self.request.redirects

    @property
    def status(self) -> int | None:
        """HTTP status code; None without an answer."""
        return None if self.response is None else self.response.status

    @property
    def ok(self) -> bool:
        """Whether it was answered with 2xx."""
        return self.failure is None and self.response is not None and 200 <= self.response.status < 300

    @property
    def error(self) -> str | None:
        """What went wrong, in a sentence such as "timeout: ..." or "HTTP 404 Not Found"; None if nothing did."""
        if self.failure is not None:
            return f"{self.failure.kind.value}: {self.failure.message}"
        if self.ok or self.response is None:
            return None
        return f"HTTP {self.response.status} {self.response.reason or _phrase(self.response.status)}".rstrip()

    def raise_for_status(self) -> Self:
        """Return the page if it is ok.

        Raises:
            PageError: It is not; the message says why, and for which URL.
        """
        if self.ok:
            return self
        raise PageError(f"{self.error or 'no 2xx answer'} for {self.url}")

    @property
    def data(self) -> Any:
        """What the request carried along for its handler."""
        return self.request.data

    @property
    def depth(self) -> int:
        """Links followed from a seed."""
        return self.request.depth

    @property
    def found_on(self) -> str | None:
        """URL of the page that linked here; None for a seed."""
        return self.request.found_on

    @property
    def attempts(self) -> int:
        """How often the last hop was asked."""
        return self.request.attempt if self.failure is None else self.failure.attempts

    @property
    def elapsed_s(self) -> float:
        """Seconds of the last attempt."""
        return self.outcome.elapsed_s

    @cached_property
    def headers(self) -> Headers:
        """The response's headers."""
        return Headers(() if self.response is None else self.response.headers)

    @property
    def content(self) -> bytes:
        """The body, content coding removed."""
        return b"" if self.response is None else self.response.body

    @property
    def is_cut(self) -> bool:
        """Whether the body was cut short at the cap."""
        return self.response is not None and self.response.is_cut

    @cached_property
    def content_type(self) -> str:
        """What it is, such as "text/html": the media type that the server said, else what the bytes look like.

        The MIME Sniffing standard decides whom to believe; `response.content_type` is what
        the server said. "" for an answer without label and body.
        """
        if self.response is None or self.response.media_type:
            return "" if self.response is None else self.response.media_type
        return sniff.media_type(
            self.headers.get("content-type"),
            self.content,
            is_nosniff=sniff.is_nosniff(self.headers.get("x-content-type-options")),
        )

    @property
    def _content_type_header(self) -> str | None:
        """The header, for its charset; the type that was found out, when it does not name one."""
        header = self.headers.get("content-type")
        return (self.content_type or None) if sniff.is_unknown(header) else header

    @property
    def _is_html(self) -> bool:
        return self.content_type in sniff.HTML_TYPES

    @cached_property
    def _decoded(self) -> tuple[str, str]:
        return decode(self.content, self._content_type_header)

    @property
    def encoding(self) -> str:
        """The body's charset: by its byte order mark, the header, what it says itself, or a guess, in this order.

        HTML says it in a meta tag, XML in its declaration, CSS in @charset; JSON is UTF-8.
        """
        return self._decoded[1]

    @property
    def text(self) -> str:
        """The body as text; bytes that are wrong in its charset become U+FFFD."""
        return self._decoded[0]

    def json(self) -> Any:
        """The body as JSON (RFC 8259: UTF-8; a byte order mark is forgiven, and so are wrong bytes in texts).

        Raises:
            ValueError: It is no JSON; the message quotes the URL and how the body begins.
        """
        try:
            if not json.detect_encoding(self.content).startswith("utf-8"):
                return json.loads(self.content)  # UTF-16 or UTF-32, which no standard asks for any more
            return json.loads(decode_as(self.content.removeprefix(b"\xef\xbb\xbf"), "utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"no JSON at {self.url}: {error}; it begins {self.content[:60]!r}") from error

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the body to a file, whole or not at all; folders are made.

        Args:
            path: The file, or a folder: one that is there, or that ends in a slash; then the
                name is made from the URL.

        Returns:
            The file that was written.

        Raises:
            PageError: There is no answer, so nothing to write.
        """
        if self.response is None:
            raise PageError(f"there is nothing to save of {self.url}: {self.error}")
        return save(
            self.content, path, name=file_name(self.final_url, ending=".html" if self._is_html else "")
        )


def _phrase(status: int) -> str:
    """The reason phrase of a status (RFC 9110, 15), for a server that sends none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
