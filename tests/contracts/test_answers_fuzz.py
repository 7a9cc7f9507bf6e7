"""Answers that are nearly right: whatever is wrong with them, one outcome, in time, and never a body that was not meant.

The reference below says what the bytes of an answer mean by RFC 9112 alone: it knows
nothing of sockets and takes nothing that the standard does not. The transport may refuse
what the reference reads, but never the other way round, and never read another body.
"""

import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crawlpool.model import FailureKind, Response
from crawlpool.worker.wire import Want

from . import transports
from .rawserver import RawServer, Script

pytestmark = pytest.mark.timeout(60)

_STATUS = re.compile(rb"HTTP/1\.[0-9][ \t]+([0-9]{3})(?:[ \t][^\r\n\0]*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SIZE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\r\n]*)?")


class NoAnswerError(Exception):
    """These bytes, followed by the end of the connection, are no answer."""


def meaning(data: bytes) -> tuple[int, bytes, bytes]:
    """Status, body and what is left of an answer to GET, after which the connection ended."""
    status, fields, data = _head(data)
    while status < 200 and status != 101:
        status, fields, data = _head(data)
    if status == 101:
        raise NoAnswerError
    if status in {204, 304}:
        return status, b"", data
    if "transfer-encoding" in fields:
        codings = [each.strip(b" \t").lower() for each in fields["transfer-encoding"].split(b",")]
        codings = [each for each in codings if each not in {b"", b"identity"}]
        if codings == [b"chunked"]:
            return status, *_unchunked(data)
        if codings:
            raise NoAnswerError
    if "content-length" in fields:
        lengths = {each.strip(b" \t") for each in fields["content-length"].split(b",")}
        length = lengths.pop()
        if lengths or not re.fullmatch(rb"[0-9]+", length) or len(data) < int(length):
            raise NoAnswerError
        return status, data[: int(length)], data[int(length) :]
    return status, data, b""


def _head(data: bytes) -> tuple[int, dict[str, bytes], bytes]:
    lines = []
    while True:
        line, newline, data = data.partition(b"\n")
        if not newline:
            raise NoAnswerError
        line = line.removesuffix(b"\r")
        if not line:
            break
        lines.append(line)
    if not lines or any(b"\r" in line or b"\0" in line for line in lines):
        raise NoAnswerError
    start = _STATUS.fullmatch(lines[0])
    if start is None or int(start[1]) < 100:
        raise NoAnswerError
    fields: dict[str, bytes] = {}
    last: str | None = None
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if line[:1] in {b" ", b"\t"}:
            if last is not None:
                fields[last] += b" " + line.strip(b" \t")
        elif colon and _NAME.fullmatch(name):
            last = name.decode().lower()
            before = fields[last] + b", " if last in fields else b""
            fields[last] = before + value.strip(b" \t")
        else:
            last = None
    return int(start[1]), fields, data


def _unchunked(data: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        line, newline, data = data.partition(b"\n")
        if not newline:
            raise NoAnswerError
        end = b"\r\n" if line.endswith(b"\r") else b"\n"
        size = _SIZE.fullmatch(line.removesuffix(b"\r"))
        if size is None:
            raise NoAnswerError
        length = int(size[1], 16)
        if length == 0:
            break
        if data[length : length + len(end)] != end:
            raise NoAnswerError
        body, data = body + data[:length], data[length + len(end) :]
    while data:
        line, _, data = data.partition(b"\n")
        if line in {b"", b"\r"}:
            break
    return body, data


# Answers, and what may happen to them

_words = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"0", b"5", b"a", b"-", b"+", b"0x", b"\xff",
        b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 103 Early\r\n\r\n", b"Content-Length: 3\r\n", b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"transfer-encoding", b"chunked",
        b"X: y\r\n", b" folded\r\n", b"no colon\r\n", b"0\r\n\r\n", b"3\r\nabc\r\n", b"5\r\n", b"Connection: close\r\n",
    ]
)  # fmt: skip
_bodies = st.binary(max_size=40) | st.sampled_from([b"", b"hello", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])


@st.composite
def _valid(draw: st.DrawFn) -> bytes:
    status = draw(
        st.sampled_from([b"200 OK", b"404 Not Found", b"204 No Content", b"304 Not Modified", b"500"])
    )
    fields = draw(
        st.lists(st.sampled_from([b"A: b", b"Server: x/1", b"B:", b"Set-Cookie: a=b; Path=/"]), max_size=3)
    )
    body = draw(_bodies)
    how = draw(st.sampled_from(["length", "chunked", "close"]))
    if how == "length":
        fields.append(b"Content-Length: %d" % len(body))
    elif how == "chunked":
        fields.append(b"Transfer-Encoding: chunked")
        step = draw(st.integers(1, 20))
        parts = [body[at : at + step] for at in range(0, len(body), step)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    fields = draw(st.permutations(fields))
    version = draw(st.sampled_from([b"HTTP/1.1 ", b"HTTP/1.0 "]))
    return version + status + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    sent = draw(_valid())
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(sent)))
        what = draw(st.sampled_from(["insert", "delete", "replace", "cut", "double"]))
        until = min(at + draw(st.integers(1, 6)), len(sent))
        if what == "insert":
            sent = sent[:at] + draw(_words) + sent[at:]
        elif what == "delete":
            sent = sent[:at] + sent[until:]
        elif what == "replace":
            sent = sent[:at] + draw(_words) + sent[until:]
        elif what == "cut":
            sent = sent[:at]
        else:
            sent = sent[:at] + sent[at:until] * 2 + sent[until:]
    return sent


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    server = RawServer([])
    yield server
    server.close()


@pytest.fixture(scope="module", params=transports.NAMES)
def transport(request) -> Iterator:
    made = transports.new(request.param, timeout_s=5.0)
    yield made
    made.close()


def _fetch(transport, url: str):
    return transports.fetch(transport, url, Want.BODY | Want.RAW)


@settings(max_examples=250, deadline=None)
@given(sent=_mutated(), split=st.integers(1, 30))
def test_an_answer_that_is_nearly_right_is_what_the_standard_says_or_a_failure(
    server, transport, sent, split
):
    pieces = tuple(sent[at : at + split] for at in range(0, len(sent), split))
    server.scripts[:] = [Script(pieces, "close")]
    started = time.monotonic()
    outcome = _fetch(transport, server.url)
    assert time.monotonic() - started < 3
    try:
        status, body, _ = meaning(sent)
    except NoAnswerError:
        status, body = 0, b""
    if isinstance(outcome, Response):
        assert status, f"{sent!r} is no answer, and was taken for {outcome.body!r}"
        assert (outcome.status, outcome.raw_body) == (status, body), sent
    else:
        assert outcome.kind in {FailureKind.PROTOCOL, FailureKind.INCOMPLETE, FailureKind.DECODING}, (
            outcome.message
        )


@settings(max_examples=150, deadline=None)
@given(sent=_valid(), rest=_words | st.just(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
def test_what_stands_behind_an_answer_is_never_part_of_the_next(server, transport, sent, rest):
    right = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"
    whole = meaning(sent)
    assume(
        meaning(sent + rest)[:2] == whole[:2]
    )  # else it ends with its connection, and has nothing behind it
    server.scripts[:] = [Script((sent + rest,)), Script((right,), "close")]
    del server.requests[:]
    first, second = _fetch(transport, server.url), _fetch(transport, server.url)
    assert isinstance(first, Response)
    assert isinstance(second, Response)
    assert (first.status, first.body) == whole[:2]
    assert second.body == b"right"


@settings(max_examples=150, deadline=None)
@given(sent=_valid())
def test_an_answer_that_is_right_is_read(server, transport, sent):
    server.scripts[:] = [Script((sent,), "close")]
    outcome = _fetch(transport, server.url)
    assert isinstance(outcome, Response), sent
    assert (outcome.status, outcome.body) == meaning(sent)[:2]
