"""One page, and one handler called with it, without a crawl."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ConfigError
from ..handlers import outputs_of
from ..model import Failure, FailureKind, Request, Response, pairs
from ..parse import sniff
from ..parse.page import Page
from ..stores.plain import plain
from ..urls import normalise
from .faults import fault
from .replies import HTML, answer


def page(
    url: str,
    body: str | bytes = "",
    *,
    status: int = 200,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    content_type: str | None = HTML,
    data: Any = None,
    depth: int = 0,
    request: Request | None = None,
) -> Page:
    """A page as a handler gets it.

    Args:
        url: Where it is; what its links are relative to.
        body: HTML, or whatever `content_type` says; text is UTF-8.
        status: HTTP status code.
        headers: Of the answer, besides its type.
        content_type: Of the body; None for an answer that does not say.
        data: What its request carried along: `page.data`.
        depth: Links followed from a seed.
        request: The request that it answers, instead of one made of `url`, `data` and `depth`: one that
            another handler gave, for instance.

    Raises:
        ConfigError: `url` is no URL.
    """
    reply = answer(body, status=status, headers=pairs(headers), content_type=content_type)
    asked = _request(url, data, depth, request)
    declared = next((value for name, value in reply.headers if name.lower() == "content-type"), None)
    now = time.time()
    return Page(
        Response(
            request=asked,
            status=status,
            reason=reply.reason,
            headers=reply.headers,
            body=reply.body,
            size=len(reply.body),
            media_type=sniff.media_type(declared, reply.body, is_nosniff=False),
            fetched_at=now,
        )
    )


def failed_page(
    url: str,
    kind: FailureKind | str = FailureKind.TIMEOUT,
    message: str | None = None,
    *,
    data: Any = None,
    depth: int = 0,
    attempts: int = 3,
) -> Page:
    """A page without an answer, as a handler for failures gets it.

    Args:
        url: What was asked for.
        kind: Why nothing came: a `FailureKind` or its word, such as "dns".
        message: The same in a sentence; a usual one when nothing is said.
        data: What its request carried along.
        depth: Links followed from a seed.
        attempts: How often it was tried.

    Raises:
        ConfigError: `url` is no URL, or there is no such kind.
    """
    reply = fault(kind, message)
    assert reply.kind is not None
    request = replace(_request(url, data, depth, None), attempt=max(1, attempts))
    return Page(
        Failure(
            request=request,
            kind=reply.kind,
            message=reply.message,
            attempts=attempts,
            failed_at=time.time(),
        )
    )


@dataclass(frozen=True, slots=True)
class Called:
    """What a handler gave for one page.

    Attributes:
        items: What would be stored, as the handler gave it.
        requests: What would be crawled, in order; a relative link is a whole URL by now.
    """

    items: list[Any]
    requests: list[Request]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The items as stores write them: dicts of plain values."""
        return [plain(item) for item in self.items]

    @property
    def urls(self) -> list[str]:
        """The URLs of the requests."""
        return [request.url for request in self.requests]


def call(handler: Callable[[Page], Any], page: Page) -> Called:
    """Call a handler to its end, as a crawl does, and keep what it gives apart.

    Args:
        handler: A function that takes a page; one that is registered with a crawler is the same function.
        page: Made by `page` or `failed_page`.

    Raises:
        TypeError: The handler gave what is no item, such as a str; a crawl counts the page as failed.
        Exception: Whatever the handler raises.
    """
    items, requests = outputs_of(handler, page)
    called = Called(items, requests)
    _ = called.records  # what no store could write is said here, too
    return called


def _request(url: str, data: Any, depth: int, request: Request | None) -> Request:
    target = normalise(url)
    if target is None:
        raise ConfigError(f"{url!r} is no URL of a page; it should begin with http:// or https://")
    if request is None:
        request = Request(url, data=data, depth=depth, is_listed=depth == 0)
    return replace(request, target=request.target or target)
