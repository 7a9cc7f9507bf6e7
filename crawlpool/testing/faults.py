"""Servers and networks that fail, on demand and without any waiting.

Each function gives what may stand wherever a page may: `{"/slow": testing.timeout()}`.
"""

from dataclasses import replace
from typing import Any, TypeAlias

from ..errors import ConfigError
from ..model import FailureKind
from .replies import Reply, answer

Faulty: TypeAlias = "str | bytes | Reply"
"""A body, or an answer made by `answer`."""

_WORDS = {
    FailureKind.CONNECT: "no connection: Connection refused",
    FailureKind.CONNECT_TIMEOUT: "no connection in time",
    FailureKind.DNS: "the name does not resolve: Name or service not known",
    FailureKind.INCOMPLETE: "the connection broke: Connection reset by peer",
    FailureKind.PROTOCOL: "what came is not HTTP",
    FailureKind.TIMEOUT: "the answer was not whole in time",
    FailureKind.TLS: "TLS failed: certificate verify failed",
}


def fault(kind: FailureKind | str, message: str | None = None) -> Reply:
    """No answer, for a reason of your choice.

    Args:
        kind: A `FailureKind` or its word, such as "proxy" or "protocol".
        message: The sentence that goes with it; a usual one when nothing is said.

    Raises:
        ConfigError: There is no such kind.
    """
    try:
        kind = FailureKind(kind)
    except ValueError:
        known = ", ".join(sorted(each.value for each in FailureKind))
        raise ConfigError(f"there is no kind of failure {kind!r}; known: {known}") from None
    return Reply(kind=kind, message=_WORDS.get(kind, "a test says so") if message is None else message)


def timeout() -> Reply:
    """The answer is not whole by the crawl's `timeout`; so much time counts as gone by."""
    return replace(fault(FailureKind.TIMEOUT), seconds=float("inf"))


def refused() -> Reply:
    """Nobody listens there."""
    return fault(FailureKind.CONNECT)


def reset() -> Reply:
    """The server breaks the connection off before it answers."""
    return fault(FailureKind.INCOMPLETE)


def no_such_host() -> Reply:
    """The name does not resolve, which is final: no second try is made."""
    return fault(FailureKind.DNS)


def cut(body: Faulty, after: int | None = None) -> Reply:
    """The connection breaks inside a body.

    Args:
        body: What would have come.
        after: Bytes that do come; half of them when nothing is said.
    """
    whole = body if isinstance(body, Reply) else answer(body)
    return replace(whole, breaks_after=len(whole.body) // 2 if after is None else after)


def slow(body: Faulty, seconds: float) -> Reply:
    """An answer that takes its time.

    Nobody waits for it: `page.elapsed_s` says so much. Beyond the crawl's `timeout` or
    `idle_timeout` it is the failure that it would be.

    Args:
        body: What comes then, or an answer made by `answer`.
        seconds: How long nothing comes before.
    """
    return replace(body if isinstance(body, Reply) else answer(body), seconds=seconds)


def too_many_requests(retry_after: float | str | None = None) -> Reply:
    """HTTP 429, which asks for a rest.

    Args:
        retry_after: Seconds, or a date, for Retry-After. It is not waited for, but one beyond the
            crawl's `max_wait` defers the URL, as it does on the web.
    """
    return _later(429, retry_after)


def unavailable(retry_after: float | str | None = None) -> Reply:
    """HTTP 503; `retry_after` as with `too_many_requests`."""
    return _later(503, retry_after)


def fails_first(times: int, fault: Reply, then: Any) -> list[Any]:
    """A page that is there only after so many tries: `fails_first(2, reset(), "<h1>Here</h1>")`.

    Args:
        times: How many requests fail.
        fault: How: what a fault gives, or an answer such as `answer(status=500)`.
        then: What all that follow get.
    """
    return [*[fault] * times, then]


def _later(status: int, retry_after: float | str | None) -> Reply:
    if isinstance(retry_after, float):
        retry_after = int(retry_after)  # whole seconds are all that it can say (RFC 9110, 10.2.3)
    return answer(status=status, headers={} if retry_after is None else {"Retry-After": str(retry_after)})
