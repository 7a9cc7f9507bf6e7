"""What of a request is written to a job file, and how it is read back.

A plain request, a GET of its own target, is its row and no more. What else there is
goes into a JSON object, the column `request`: `url` (as it was given), `method`, `body`
(base64), `headers`, `data`, `handler`, `columns`, `source`, `found_on` (where the file has
no row for that page), `target` (where the column `url` cannot hold it), and `withheld`,
the names of what is secret and was not written.
"""

import base64
import json
import math
import reprlib
from collections.abc import Callable
from typing import Any, TypeAlias

from ..errors import ConfigError
from ..model import FailureKind, Pairs, Request
from ..urls import fingerprint, parted, public
from .base import End

MayKeep: TypeAlias = Callable[[Pairs], Pairs]
"""Those of some headers that are no secrets."""

_DEEPEST = 100
"""Lists within lists that `data` may have; one that holds itself has no end."""


def public_message(end: End) -> str:
    """What is said of an end, without the user name and password that its URL was given with."""
    url = end.request.url
    secret = parted(url)[1]
    if not secret:
        return end.message
    if (
        end.kind == FailureKind.INVALID_URL
    ):  # its message quotes the beginning of it, as Python would write it
        return f"{public(url)[:200]!r} is no http(s) URL"
    return end.message.replace(secret, "")


def bindable(text: str) -> str:
    """A text that SQLite takes: lone surrogates are shown as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def withheld(request: Request, may_keep: MayKeep) -> list[str]:
    """The names of what is secret in a request, and so is not written."""
    names = []
    if request.headers:
        kept = may_keep(request.headers)
        names += [name for name, value in request.headers if (name, value) not in kept]
    if request.cookies:
        names += [f"cookie {name}" for name, _ in request.cookies]
    if parted(request.url)[1]:
        names.append("user name and password")
    return names


def to_json(request: Request, may_keep: MayKeep, found_on: str | None = None) -> str | None:
    """What the row's other columns do not hold; None when that is nothing.

    Args:
        request: What is to wait.
        may_keep: Which headers may be written.
        found_on: The page it was found on, if the file has no row for that.

    Raises:
        ConfigError: Its `data` is no JSON value.
    """
    told = _asked(request)
    if request.url != request.target:
        told["url"] = public(request.url)
    if request.headers:
        told["headers"] = may_keep(request.headers)
    if request.data is not None:
        told["data"] = request.data
        _check(request.data, "it", 0)
    if request.handler is not None:
        told["handler"] = request.handler
    if request.columns:
        told["columns"] = request.columns
    if found_on is not None:
        told["found_on"] = public(found_on)
    if names := withheld(request, may_keep):
        told["withheld"] = names
    return _text(told)


def marked_json(request: Request) -> str | None:
    """What is needed to know a request again that is only marked, and where it was read; None when that is nothing."""
    told = _asked(request)
    if request.target != bindable(request.target):
        told["target"] = request.target
    return _text(told)


def told_of(text: str | None) -> dict[str, Any]:
    """What a row's JSON says.

    Raises:
        ValueError: It is none.
    """
    told = {} if text is None else json.loads(text)
    if not isinstance(told, dict):
        raise ValueError(f"{text[:80] if text else text!r} is no JSON object")  # noqa: TRY004  damage, not a mistake in code
    return told


def fingerprint_of(url: str, told: dict[str, Any]) -> str:
    """The fingerprint of a row, from its URL and what its JSON says."""
    return fingerprint(told.get("target", url), told.get("method", "GET"), _body(told))


def request_of(row: tuple[Any, ...]) -> Request:
    """A request as its row has it: id, url, rank, depth, listed, request, URL of the page it was found on.

    Its lease is the number of the row.

    Raises:
        ValueError: The JSON in it is damaged.
    """
    number, url, rank, depth, is_listed, text, found_on = row
    told = told_of(text)
    return Request(
        told.get("url", url),
        method=told.get("method", "GET"),
        headers=told.get("headers", ()),
        body=_body(told),
        data=told.get("data"),
        handler=told.get("handler"),
        priority=-rank,
        depth=depth,
        found_on=told.get("found_on", found_on),
        is_listed=bool(is_listed),
        columns=tuple((name, value) for name, value in told.get("columns", ())),
        source=told.get("source", ""),
        target=url,
        lease=number,
    )


def _asked(request: Request) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if request.method != "GET":
        told["method"] = request.method
    if request.body:
        told["body"] = base64.b64encode(request.body).decode()
    if request.source:
        told["source"] = request.source
    return told


def _body(told: dict[str, Any]) -> bytes:
    return base64.b64decode(told["body"]) if "body" in told else b""


def _text(told: dict[str, Any]) -> str | None:
    """As JSON in ASCII: so a lone surrogate, of a file name say, is an escape and comes back as it was."""
    try:
        return json.dumps(told) if told else None
    except ValueError as error:  # a number of thousands of digits (sys.set_int_max_str_digits)
        raise ConfigError(f"a request's data cannot be written to the job file: {error}") from error


def _check(value: Any, where: str, depth: int) -> None:
    """Refuse what JSON would not give back as it was: other types, NaN, keys that are no str, tuples."""
    kind = type(value)
    if value is None or kind in {bool, int, str} or (kind is float and math.isfinite(value)):
        return
    if kind is list and depth < _DEEPEST:
        for place, each in enumerate(value):
            _check(each, f"{where}[{place}]", depth + 1)
        return
    if kind is dict and depth < _DEEPEST and all(type(name) is str for name in value):
        for name, each in value.items():
            _check(each, f"{where}[{reprlib.repr(name)}]", depth + 1)
        return
    raise ConfigError(
        f"with a job file, a request's data has to be JSON values (None, bool, int, finite float, str, list, and "
        f"dict with str keys, at most {_DEEPEST} within each other); {where[:200]} is {reprlib.repr(value)}, a "
        f"{kind.__name__}; give such values, or go without a job file: --no-job, or job=False"
    )
