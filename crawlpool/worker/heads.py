"""The head of an answer: status line and header fields, read strictly (RFC 9112, sections 2 to 5).

`http.client` hands the fields to the parser of e-mails, which ends them at the first
line that is none, so that the rest becomes body, and takes an end of the connection for
the end of the head. A crawler that stores what it gets must know better: a head is whole,
or the answer is a failure.

What servers get wrong is dropped where it can do no harm (a line that is no field), and
makes the answer a failure where it may say how long the body is.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from ..model import FailureKind, Pairs

MOST_FIELDS = 1_000
"""Header fields of one answer."""

MOST_INTERIM = 32
"""Interim answers (1xx) before the answer itself."""

_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(r"HTTP/([0-9])\.([0-9])[ \t]++([0-9]{3})(?:[ \t]([^\r\n]*+))?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]++")  # RFC 9110, 5.6.2
_BLANK = " \t"
_FRAMES = ("content-length", "transfer-encoding")
_CHANGING = frozenset({"content-length", "etag", "last-modified", "set-cookie"})  # from page to page

# What was read before: a server says most of it each time.
_MOST_KNOWN = 1_000
_LONGEST_KNOWN = 128
_Known = TypeVar("_Known")
_statuses: dict[str, tuple[int, str, str]] = {}
_known: dict[str, tuple[tuple[str, str], str]] = {}
_names: dict[str, str] = {}


class BadAnswer(Exception):  # noqa: N818  not an error of ours: what a server did
    """An answer that cannot be used.

    Attributes:
        kind: The cause, as the failure will have it.
        message: One sentence.
        is_foreign: It does not even begin as an answer does.
    """

    def __init__(self, kind: FailureKind, message: str, *, is_foreign: bool = False) -> None:
        """Take the parts."""
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.is_foreign = is_foreign


class Head(NamedTuple):
    """Status line and fields of one answer.

    Attributes:
        status: 100 to 999; from 600 on it is invalid, and means what 5xx does (RFC 9110, 15).
        reason: Reason phrase, "" without one.
        version: "HTTP/1.0" or "HTTP/1.1"; any later 1.x is the latter (RFC 9110, 2.5).
        pairs: The fields in wire order, duplicates kept, white space around values gone.
        fields: The same by their names in small letters; several values become a list.
        is_sound: False when a line was dropped: no other answer should be read off that connection.
    """

    status: int
    reason: str
    version: str
    pairs: Pairs
    fields: dict[str, str]
    is_sound: bool


def protocol(message: str) -> BadAnswer:
    """An answer that is not HTTP."""
    return BadAnswer(FailureKind.PROTOCOL, f"what came is not HTTP: {message}")


def end_of(received: bytearray, start: int) -> tuple[int, int] | None:
    """Where a head that begins at 0 ends, and where the body begins; None until it has come.

    Args:
        received: What came so far.
        start: How much of it was looked at before.

    Raises:
        BadAnswer: It is no answer, or too long for one.
    """
    if not received.startswith(b"HTTP/"[: len(received)]):
        shown = bytes(received[:40]).decode("latin-1")
        raise BadAnswer(
            FailureKind.PROTOCOL, f"what came is not HTTP: it begins with {shown!r}", is_foreign=True
        )
    found = _END.search(received, max(start - 2, 0))
    if found is None:
        return None
    end = found.start()
    return (end - 1 if received[end - 1] == 0x0D else end), found.end()


def read(block: bytes | bytearray) -> Head:
    """Read a head without its last, empty line.

    Raises:
        BadAnswer: It is no head, or it is one that must not be guessed at.
    """
    text = block.decode("latin-1").replace("\r\n", "\n")
    # Each may be taken for the end of a line by someone else (RFC 9112, 2.2; RFC 9110, 5.5).
    if "\r" in text:
        raise protocol("a carriage return stands alone in its head")
    if "\0" in text:
        raise protocol("there is a NUL in its head")
    lines = text.split("\n")
    if len(lines) > MOST_FIELDS + 1:
        raise BadAnswer(FailureKind.HEADERS, f"its head has more than {MOST_FIELDS:,} lines")
    first = lines[0]
    status, reason, version = _statuses.get(first) or _status(first)
    if "\n " in text or "\n\t" in text:
        pairs, is_sound = _pairs(lines)
        return Head(status, reason, version, tuple(pairs), fields_of(pairs), is_sound)
    return Head(status, reason, version, *_plain(lines))


def _plain(lines: list[str]) -> tuple[Pairs, dict[str, str], bool]:
    """The fields of a head in which no line goes on with the next, and whether each line was one."""
    pairs: list[tuple[str, str]] = []
    fields: dict[str, str] = {}
    is_sound = True
    for number in range(1, len(lines)):
        line = lines[number]
        known = _known.get(line)
        if known is None:
            known = _field(line)
            if known is None:
                is_sound = False
                continue
        pair, lower = known
        pairs.append(pair)
        fields[lower] = f"{fields[lower]}, {pair[1]}" if lower in fields else pair[1]
    return tuple(pairs), fields, is_sound


def _field(line: str) -> tuple[tuple[str, str], str] | None:
    """A field, and its name in small letters; None for a line that is none, and may be dropped."""
    name, colon, value = line.partition(":")
    name = name.rstrip(_BLANK)  # RFC 9112, 5.1: what stands between is taken out of an answer
    lower = _names.get(name)
    if lower is None or not colon:
        if not colon or _TOKEN.fullmatch(name) is None:
            _complain_of_framing(line)
            return None
        lower = name.lower()
        _keep(_names, name, lower)
    field = (name, value.strip(_BLANK)), lower
    if lower not in _CHANGING:
        _keep(_known, line, field)
    return field


def _keep(known: dict[str, _Known], said: str, means: _Known) -> None:
    """Remember what was read, unless it is long; no more of it than a server may make us keep."""
    if len(said) <= _LONGEST_KNOWN:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[said] = means


def fields_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Fields by their names in small letters; several of one name become a list (RFC 9110, 5.3)."""
    fields: dict[str, str] = {}
    for name, value in pairs:
        lower = name.lower()
        fields[lower] = f"{fields[lower]}, {value}" if lower in fields else value
    return fields


def _status(line: str) -> tuple[int, str, str]:
    found = _STATUS_LINE.fullmatch(line.rstrip(_BLANK))
    if found is None:
        raise protocol(f"its first line is {line[:80]!r}")
    major, minor, code, reason = found.groups()
    if major != "1":
        raise protocol(f"it says to be HTTP/{major}.{minor}, which does not begin so")
    status = int(code)
    if status < 100:
        raise protocol(f"its status is {code}")
    read = status, (reason or "").strip(_BLANK), "HTTP/1.0" if minor == "0" else "HTTP/1.1"
    _keep(_statuses, line, read)
    return read


def _pairs(lines: list[str]) -> tuple[list[tuple[str, str]], bool]:
    """The fields in their order, and whether every line was one."""
    pairs: list[tuple[str, str]] = []
    is_sound, is_dropped = True, True
    for number in range(1, len(lines)):
        line = lines[number]
        if line[:1] in {" ", "\t"}:
            # An obsolete fold counts as a space (RFC 9112, 5.2), and goes where what it continues went.
            if is_dropped:
                _complain_of_framing(line)
                is_sound = False
            else:
                name, value = pairs[-1]
                pairs[-1] = name, f"{value} {line.strip(_BLANK)}".strip(_BLANK)
            continue
        field = _field(line)
        is_dropped = field is None
        if field is None:
            is_sound = False
        else:
            pairs.append(field[0])
    return pairs, is_sound


def _complain_of_framing(line: str) -> None:
    """Refuse a line that is no field and yet seems to say how long the body is."""
    if any(word in line[:200].lower() for word in _FRAMES):
        raise protocol(f"a header line is {line[:80]!r}")
