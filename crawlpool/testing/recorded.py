"""Recorded answers on disk: a folder with one line an answer, and the bodies beside it as files.

    shop/answers.jsonl            {"method": "GET", "url": "https://shop.example/", "status": 200, ...}
    shop/0001-shop.example.html   its body, content coding removed

    method, url    of the request, the URL in normal form
    sent           pairs of its headers; values that may be secret are "(hidden)"
    sent_body      its body, where it is a form or JSON, with passwords and the like "(hidden)"; of another its digest
    status, reason, headers    of the answer; values of cookies in Set-Cookie are "(hidden)"
    body           name of the file; none for an empty one
    is_cut         there was more of it
    elapsed_s      seconds from the request to the last byte
    kind, message  why there is no answer, instead of one

All of it may be edited by hand.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ..errors import ConfigError
from ..model import FailureKind, Pairs
from .replies import Asked, Reply

INDEX = "answers.jsonl"
HIDDEN = "(hidden)"

_SHOWN = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }
)
"""Request headers whose values are written down; any other may hold a key or a login."""

_SECRET = frozenset(
    [
        "auth",
        "authorization",
        "apikey",
        "card",
        "csrf",
        "cvc",
        "cvv",
        "email",
        "key",
        "login",
        "mail",
        "otp",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "pin",
        "pw",
        "pwd",
        "secret",
        "session",
        "sessionid",
        "sid",
        "signature",
        "token",
        "user",
        "userid",
        "username",
    ]
)
"""Words in the names of fields whose values are not."""

_ENDINGS = ("apikey", "passwd", "password", "secret", "session", "token")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_BODY_FILE = re.compile(r"\d{4,}-[A-Za-z0-9._-]*")
_LONGEST_INDEX = 256 * 1024 * 1024
_LONGEST_COMPARED = 200
_MOST_COMPARED = 2000


@dataclass(frozen=True, slots=True)
class Recorded:
    """One answer, as it was recorded.

    Attributes:
        key: Method, URL and body by which it is found.
        line: What is written of it.
        body: Its bytes.
    """

    key: tuple[str, str, str]
    line: dict[str, Any]
    body: bytes

    def reply(self) -> Reply:
        """The answer, to be given again."""
        line = self.line
        if line.get("kind"):
            return Reply(
                kind=FailureKind(line["kind"]),
                message=str(line.get("message", "")),
                seconds=float(line.get("elapsed_s", 0.0)),
            )
        return Reply(
            status=int(line["status"]),
            reason=str(line.get("reason", "")),
            headers=tuple((str(name), str(value)) for name, value in line.get("headers", ())),
            body=self.body,
            seconds=float(line.get("elapsed_s", 0.0)),
            is_decoded=True,
            is_cut=bool(line.get("is_cut")),
        )


def key_of(asked: Asked) -> tuple[str, str, str]:
    """What a request and its recorded answer have in common."""
    return asked.method, asked.url, body_of(asked)


def body_of(asked: Asked) -> str:
    """A request's body as it is written down: readable, without what is secret."""
    if not asked.body:
        return ""
    media_type = (asked.header("content-type") or "").partition(";")[0].strip().lower()
    try:
        text = asked.body.decode()
        if media_type == "application/x-www-form-urlencoded":
            fields = parse_qsl(text, keep_blank_values=True, max_num_fields=10_000)
            return urlencode([(name, HIDDEN if _is_secret(name) else value) for name, value in fields])
        if media_type == "application/json" or media_type.endswith("+json"):
            return json.dumps(_without_secrets(json.loads(text)), ensure_ascii=False, sort_keys=True)
    except (ValueError, RecursionError):
        pass
    return f"sha256:{sha256(asked.body).hexdigest()[:16]}"


def _is_secret(name: str) -> bool:
    words = {word.lower() for word in _WORD.findall(name[:200])}
    return not words.isdisjoint(_SECRET) or name.lower().endswith(_ENDINGS)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if _is_secret(name) and not isinstance(each, dict | list) else _without_secrets(each)
            for name, each in value.items()
        }
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def sent_of(headers: Pairs) -> list[list[str]]:
    """A request's headers as they are written down."""
    return [[name, value if name.lower() in _SHOWN else HIDDEN] for name, value in headers]


def headers_of(headers: Pairs) -> list[list[str]]:
    """An answer's headers as they are written down: cookies keep their names and attributes."""
    return [[name, _cookie(value) if name.lower() == "set-cookie" else value] for name, value in headers]


def _cookie(value: str) -> str:
    pair, semicolon, attributes = value.partition(";")
    name, equals, _ = pair.partition("=")
    return f"{name}={HIDDEN}{semicolon}{attributes}" if equals else HIDDEN


def read(folder: Path) -> Iterator[Recorded]:
    """What was recorded, in its order.

    Raises:
        ConfigError: There is nothing, or it cannot be read; the message names the line.
    """
    index = folder / INDEX
    try:
        if index.stat().st_size > _LONGEST_INDEX:
            raise ConfigError(f"{index} is too long to be read")
        lines = index.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise ConfigError(
            f"nothing is recorded in {folder} ({error.strerror}); use testing.record once"
        ) from error
    except UnicodeError as error:
        raise ConfigError(f"{index} is no UTF-8 text: {error}") from error
    for number, text in enumerate(lines, 1):
        if text.strip():
            try:
                yield _recorded(folder, text)
            except (ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError) as error:
                raise ConfigError(f"{index}, line {number}, is no recorded answer: {error!r}") from error


def _recorded(folder: Path, text: str) -> Recorded:
    line = json.loads(text)
    name = line.get("body")
    if name is not None and not _BODY_FILE.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a body's file")
    body = b"" if name is None else (folder / name).read_bytes()
    found = Recorded((line["method"], line["url"], line.get("sent_body", "")), line, body)
    found.reply()  # complains here, and not in the middle of a crawl
    return found


def clear(folder: Path) -> None:
    """Make room for a recording: end one that is there, and nothing else.

    Raises:
        ConfigError: The folder holds other things, or one cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        inside = list(folder.iterdir())
        if inside and not (folder / INDEX).exists():
            raise ConfigError(
                f"{folder} holds other files and no {INDEX}; give an empty folder to record into"
            )
        for file in inside:
            if file.name == INDEX or _BODY_FILE.fullmatch(file.name):
                file.unlink()
    except OSError as error:
        raise ConfigError(f"cannot record into {folder}: {error}") from error


def nearest(key: tuple[str, str, str], known: Sequence[tuple[str, str, str]]) -> str:
    """What is recorded that is most like a request, in words; "" for nothing at all."""
    from difflib import SequenceMatcher  # noqa: PLC0415  only for a mistake

    if not known:
        return ""

    def likeness(other: tuple[str, str, str]) -> float:
        matcher = SequenceMatcher(
            None, key[1][:_LONGEST_COMPARED], other[1][:_LONGEST_COMPARED], autojunk=False
        )
        return matcher.ratio() + (key[0] == other[0])

    best = max(known[:_MOST_COMPARED], key=likeness)
    body = f" with the body {best[2][:200]}" if best[2] else ""
    return f"{best[0]} {best[1]}{body}"
