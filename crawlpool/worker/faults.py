"""Give a fault of the network its name, out of the nests that `requests` and `urllib3` wrap it in."""

import http.client
import socket
import ssl
from collections.abc import Iterator

import requests
from urllib3 import exceptions as u3

from ..model import FailureKind
from .addresses import Refused
from .certificates import why
from .heads import BadAnswer

_BROKEN = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError, http.client.RemoteDisconnected)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it wraps (`reason`, its arguments) and what caused it, outermost first."""
    todo: list[BaseException] = [error]
    seen: set[int] = set()
    while todo:
        each = todo.pop(0)
        if id(each) in seen or len(seen) > 32:
            continue
        seen.add(id(each))
        yield each
        inner = [getattr(each, "reason", None), *each.args, each.__cause__, each.__context__]
        todo.extend(x for x in inner if isinstance(x, BaseException))


def name(error: BaseException) -> tuple[FailureKind, str] | None:  # noqa: C901  one line a cause
    """Return the kind and one sentence, or None for what is not the network's fault.

    The innermost cause that has a name wins: a refused connection inside a
    proxy's error inside "max retries exceeded" is still the proxy's.
    """
    if isinstance(error, BadAnswer | Refused):
        return error.kind, error.message
    chain = list(_chain(error))

    def has(*types: type[BaseException]) -> BaseException | None:
        return next((x for x in chain if isinstance(x, types)), None)

    if found := has(u3.ProxyError, requests.exceptions.ProxyError):
        return FailureKind.PROXY, _sentence("the proxy failed", found)
    if found := has(socket.gaierror):
        return FailureKind.DNS, _sentence("the name does not resolve", found)
    if has(u3.NameResolutionError):
        return FailureKind.DNS, "the name does not resolve"
    if (found := has(ssl.SSLCertVerificationError)) and (said := why(found)):
        return FailureKind.TLS, said
    if found := has(ssl.SSLError, u3.SSLError):
        return FailureKind.TLS, _sentence("TLS failed", _deepest(chain, ssl.SSLError) or found)
    if found := has(u3.NewConnectionError):
        cause = _deepest(chain, OSError)
        return FailureKind.CONNECT, _sentence("no connection", cause or found)
    if has(u3.ConnectTimeoutError, requests.exceptions.ConnectTimeout):
        return FailureKind.CONNECT_TIMEOUT, "no connection in time"
    if has(u3.ReadTimeoutError, requests.exceptions.ReadTimeout, TimeoutError):
        return FailureKind.TIMEOUT, "the answer was not whole in time"
    if found := has(*_BROKEN):
        return FailureKind.INCOMPLETE, _sentence("the connection broke", found)
    if found := has(http.client.HTTPException):
        return FailureKind.PROTOCOL, _sentence("what came is not HTTP", found)
    if found := has(
        u3.LocationValueError, requests.exceptions.InvalidURL, u3.LocationParseError, UnicodeError
    ):
        return FailureKind.INVALID_URL, _sentence("not a URL that can be asked", found)
    if found := has(u3.ProtocolError):
        return FailureKind.INCOMPLETE, _sentence("the answer broke off", found)
    if found := has(requests.exceptions.ConnectionError, OSError):
        return FailureKind.CONNECT, _sentence("no connection", found)
    return None


def _deepest(chain: list[BaseException], kind: type[BaseException]) -> BaseException | None:
    found = [x for x in chain if isinstance(x, kind)]
    return found[-1] if found else None


def _sentence(what: str, error: BaseException) -> str:
    """What happened, and the error's own words on one short line."""
    words = " ".join(str(getattr(error, "strerror", None) or error).split())
    return f"{what}: {words[:200]}" if words else what
