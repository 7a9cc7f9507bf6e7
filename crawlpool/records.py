"""The record of one URL when no handler makes items: the same fields in every store."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from crawlpool.model import Facts, Failure, Outcome, Response

FIELDS = (
    "url",
    "final_url",
    "status",
    "title",
    "content_type",
    "bytes",
    "links",
    "depth",
    "elapsed_s",
    "fetched_at",
    "attempts",
    "error_kind",
    "error_message",
    "directives",
)
"""The fields of every record, in their order; those of a CSV seed's columns follow."""

_USER = re.compile(r"(//)[^/?#\\]*@")
_LONGEST_REASON = 100
_LONGEST_TITLE = 1000
"""Characters; longer ones are no titles, and a page that unpacks to megabytes of one would fill the disk."""


def record_of(outcome: Outcome, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what became of one URL, as plain values; `more` are further columns, behind the record's own.

    The fields, None wherever it is not known:

        url            as it was given or found, without user name and password
        final_url      the URL that answered, where redirects ended; when nothing did,
                       the one a redirect led to, and None when there was no redirect
        status         HTTP status code
        title          text of the page's title, its first 1,000 characters
        content_type   media type without parameters, such as "text/html": what the server
                       said, or what it is where that is missing or wrong (MIME Sniffing standard)
        bytes          length of the body, content coding removed; None where it was left unread
        links          how many different URLs the page names
        depth          links followed from a seed, which has 0
        elapsed_s      seconds of the last attempt, to a millisecond
        fetched_at     when its request was sent (of a failure: when it failed), ISO 8601 in UTC
        attempts       how often the last URL was asked; 0 when it never was (robots.txt)
        error_kind     None for a good answer; "http" from status 400 on, "cut" for a body
                       longer than the cap, "partial" for a page of which not all was read, else a `FailureKind`
        error_message  the same in words
        directives     what the page asks of crawlers, such as "noindex nofollow", as far as the crawl
                       obeys that; None when it asks for nothing

    The other columns of a CSV seed follow under their own names; one that has the
    name of a field, or of a column before it, gets the prefix "seed_".
    """
    if isinstance(outcome, Failure):
        record = _failed(outcome)
    else:
        record = _answered(outcome, outcome.elapsed_s)
        record["error_kind"], record["error_message"] = _complaint(outcome)
    if more:
        record.update(more)
    for name, value in outcome.request.columns:
        column = name
        while column in record:
            column = f"seed_{column}"
        record[column] = value
    return record


def _answered(response: Response, elapsed_s: float) -> dict[str, Any]:
    request = response.request
    facts = response.facts or Facts(title=None, link_count=0)
    return {
        "url": shown(request.url),
        "final_url": shown(response.final_url),
        "status": response.status,
        "title": facts.title and facts.title[:_LONGEST_TITLE],
        "content_type": response.media_type or response.content_type or None,
        "bytes": response.size if response.is_body_read else None,
        "links": facts.link_count if response.facts else None,
        "depth": request.depth,
        "elapsed_s": round(elapsed_s, 3),
        "fetched_at": _moment(response.fetched_at),
        "attempts": request.attempt,
        "error_kind": None,
        "error_message": None,
        "directives": " ".join(facts.directives) or None,
    }


def _failed(failure: Failure) -> dict[str, Any]:
    if failure.response is not None:  # it was answered, and lost afterwards: a handler raised
        record = _answered(failure.response, failure.response.elapsed_s)
    else:
        request = failure.request
        was_asked = failure.attempts > 0
        record = {
            "url": shown(request.url),
            "final_url": shown(request.target) if request.redirects and request.target else None,
            "status": None,
            "title": None,
            "content_type": None,
            "bytes": None,
            "links": None,
            "depth": request.depth,
            "elapsed_s": round(failure.elapsed_s, 3) if was_asked else None,
            "fetched_at": _moment(failure.failed_at),
            "attempts": failure.attempts,
            "error_kind": None,
            "error_message": None,
            "directives": None,
        }
    record["error_kind"] = failure.kind.value
    record["error_message"] = failure.message
    return record


def _complaint(response: Response) -> tuple[str | None, str | None]:
    cut = f"the body was cut at {response.size:,} bytes" if response.is_cut else ""
    if response.status >= 400:
        message = f"HTTP {response.status} {_reason(response)}".rstrip()
        return "http", f"{message}; {cut}" if cut else message
    if cut:
        return "cut", cut
    facts = response.facts
    if facts is None or not facts.is_partial:
        return None, None
    if facts.left_out:
        return (
            "partial",
            f"the page names more links than are followed of one: {facts.left_out:,} were left out",
        )
    if facts.title is None and not facts.link_count:
        return (
            "partial",
            "nothing could be read off the page: it takes too long to parse, or no parser bears it",
        )
    return "partial", "the page would take too long to parse; its title and links are of its beginning"


def _reason(response: Response) -> str:
    """What the server calls the status, else what the standard does (RFC 9110, 15)."""
    given = " ".join(response.reason.split())
    if given:
        return given[:_LONGEST_REASON]
    try:
        return HTTPStatus(response.status).phrase
    except ValueError:
        return ""


def shown(url: str) -> str:
    """A URL without user name and password, which no record may hold."""
    return _USER.sub(r"\1", url, count=1) if "@" in url else url


def _moment(seconds: float) -> str | None:
    """ISO 8601 with milliseconds, in UTC; None for a moment that was never taken."""
    if not seconds:
        return None
    whole = int(seconds)
    if seconds < 0 or seconds - whole > 0.999_999:  # which datetime may round up to the next second
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    return f"{_second(whole)}.{round((seconds - whole) * 1e6) // 1000:03}Z"


@lru_cache(maxsize=100)  # pages of one second come one after the other
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")[:-6]
