"""Every kind of answer, as bytes on a connection: a good response by the standards, or one failure that says why.

Vectors are written from RFC 9110 and RFC 9112; the section stands beside them.
"""

import gzip
import shutil
import ssl
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing

import brotli
import pytest
import responses

from crawlpool import Crawler
from crawlpool.model import Failure, FailureKind, Outcome, Response
from crawlpool.worker.wire import Want

from . import transports
from .rawserver import RawServer, Script

pytestmark = pytest.mark.timeout(30)

INCOMPLETE, PROTOCOL, DECODING = FailureKind.INCOMPLETE, FailureKind.PROTOCOL, FailureKind.DECODING
OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b"Content-Length: 4\r\n\r\ngood"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PAGE = b"<title>Page</title>" * 50


# What libcurl refuses before our readers see it. Each is rare, and comes to a failure, never to another answer.
REFUSED_BY_CURL = {
    b"HTTP/1.2 200 OK": "it knows no later HTTP/1",
    b"HTTP/1.1  200  All  is well ": "it wants one blank before the status",
    b"no colon at all\r\nA: 1\r\n": "it refuses a head with a line that is no field",
    b"HTTP/1.1 200 OK\r\nA: 1\r\n": "the same",
    OK + b"no colon\r\nContent-Length: 4\r\n\r\ngood": "the same",
    b"Content-Length: x\r\n": "it reads the length in an answer to HEAD, where it says nothing of a body",
}


@pytest.fixture(params=transports.NAMES)
def transport_name(request) -> str:
    return request.param


@pytest.fixture
def transport_of(transport_name) -> Iterator[Callable]:
    """Make a transport; all that were made are closed."""
    made = []

    def make(**options):
        made.append(transports.new(transport_name, **{"timeout_s": 3.0, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def server_of() -> Iterator[Callable[..., RawServer]]:
    """Serve scripts, or plain bytes after which the connection is closed."""
    made = []

    def make(*scripts: Script | bytes, **more) -> RawServer:
        told = [Script((each,), "close") if isinstance(each, bytes) else each for each in scripts]
        made.append(RawServer(told, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def is_refused(transport_name) -> Callable[[bytes], bool]:
    """Whether libcurl refuses a vector that we would take."""
    return lambda vector: transport_name == "curl" and vector in REFUSED_BY_CURL


@pytest.fixture
def answer_to(transport_of, server_of) -> Callable[..., Outcome]:
    """What becomes of these bytes when they are the answer."""

    def answer(sent: bytes | Script, *, method: str = "GET", want: Want = Want.BODY, **options) -> Outcome:
        return fetch(transport_of(**options), server_of(sent).url, method=method, want=want)

    return answer


def fetch(transport, url: str, *, method: str = "GET", want: Want = Want.BODY) -> Outcome:
    return transports.fetch(transport, url, want, method=method)


def assert_failed(outcome: Outcome, *kinds: FailureKind) -> None:
    assert isinstance(outcome, Failure), outcome
    assert outcome.kind in kinds, outcome.message
    assert outcome.message
    assert outcome.message.isprintable()


def assert_body(outcome: Outcome, body: bytes, *, status: int = 200) -> Response:
    assert isinstance(outcome, Response), outcome
    assert (outcome.status, outcome.body, outcome.is_cut) == (status, body, False)
    return outcome


def short(value: object) -> str | None:
    """A name for a case whose bytes would fill pages."""
    return ascii(value[-40:])[2:-1] if isinstance(value, bytes) else None


def chunks(*parts: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + last


# Where a body ends (RFC 9112, 6.3)


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (GOOD, b"good"),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        (OK + b"\r\nuntil the end", b"until the end"),
        (OK + b"\r\n", b""),
        (b"HTTP/1.0 200 OK\r\n\r\nas of old", b"as of old"),
        (OK + b"Content-Length: 4, 4\r\n\r\ngood", b"good"),
        (OK + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\ngood", b"good"),
        (OK + b"Content-Length: 0004\r\n\r\ngood", b"good"),
        (OK + b"content-length:4\r\n\r\ngood", b"good"),
        (OK + b"Content-Length :\t 4 \t\r\n\r\ngood", b"good"),  # 5.1: taken out of an answer
        (OK + b"Content-Length: 4\r\n\r\ngood and more", b"good"),
        (CHUNKED + chunks(b"go", b"od"), b"good"),
        (CHUNKED + chunks(), b""),
        (CHUNKED + b'4;name=value;other="quoted ; text"\r\ngood\r\n000;x\r\n\r\n', b"good"),
        (CHUNKED + b"0004  \r\ngood\r\n0\r\n\r\n", b"good"),
        (CHUNKED + b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2),
        (CHUNKED + b"4\ngood\n0\n\n", b"good"),  # 2.2: a single LF may end a line
        (CHUNKED + chunks(b"good", last=b"0\r\nDigest: x\r\nOther: y\r\n\r\n"), b"good"),
        (CHUNKED + chunks(b"good", last=b"0\r\n"), b"good"),  # 8: the last chunk has come
        (OK + b"Transfer-Encoding: CHUNKED\r\n\r\n" + chunks(b"good"), b"good"),
        (OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks(b"good"), b"good"),
        (OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(b"good"), b"good"),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(b"good"), b"good"),
        (OK + b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n\r\ngood", b"good"),
        (OK + b"Transfer-Encoding: identity\r\n\r\ngood", b"good"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks(gzip.compress(b"good", mtime=0)), b"good"),
        (
            OK
            + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunks(gzip.compress(b"good", mtime=0)),
            b"good",
        ),
        (OK + b"Transfer-Encoding: gzip\r\n\r\n" + gzip.compress(b"good", mtime=0), b"good"),
    ],
)
def test_a_body_ends_where_the_standard_says(answer_to, sent, body):
    assert_body(answer_to(sent), body)


@pytest.mark.parametrize(
    ("sent", "kinds"),
    [
        (OK + b"Content-Length: 5\r\n\r\ngood", (INCOMPLETE,)),
        (OK + b"Content-Length: 5\r\n\r\n", (INCOMPLETE,)),
        (OK + b"Content-Length: 99999999999999999999999999\r\n\r\ngood", (INCOMPLETE,)),
        (OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\ngood", (INCOMPLETE,)),
        *(
            (OK + b"Content-Length: " + length + b"\r\n\r\ngood", (PROTOCOL,))
            for length in (b"-4", b"+4", b"0x4", b"4, 5", b"4,", b",4", b"4 4", b"4.0", b"four", b"", b'"4"', b"4;4",
                           b"\xb2", b"4\x0b", b"1e1", b"4_0", b"04, 4")
        ),
        (OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\ngood", (PROTOCOL,)),
        (OK + b"Content-Length: 4\r\nX: y\r\nContent-Length: abc\r\n\r\ngood", (PROTOCOL,)),
        (OK + b"Content-Length: 4\r\n 4\r\n\r\ngood", (PROTOCOL,)),
        (OK + b"Content-Length 4\r\n\r\ngood", (PROTOCOL,)),
        (OK + b"Content-Length\x0b: 4\r\n\r\ngood", (PROTOCOL,)),
        (OK + b"X\r\n Content-Length: 4\r\n\r\ngood", (PROTOCOL,)),
        *(
            (OK + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + chunks(b"good"), (PROTOCOL,))
            for coding in (b"xchunked", b"chunked, chunked", b"chunked, gzip", b"chunked;q=1", b"br, chunked",
                           b"\x0bchunked", b'"chunked"', b"chunked foo", b"compress")
        ),
        (OK + b"Transfer-Encoding : chunked\x00\r\n\r\n" + chunks(b"good"), (PROTOCOL,)),
        (CHUNKED, (INCOMPLETE,)),
        (CHUNKED + b"4", (INCOMPLETE,)),
        (CHUNKED + b"4\r\ngo", (INCOMPLETE,)),
        (CHUNKED + b"4\r\ngood", (INCOMPLETE,)),
        (CHUNKED + b"4\r\ngood\r\n", (INCOMPLETE,)),
        (CHUNKED + b"4\r\ngood\r\n0", (INCOMPLETE,)),
        *(
            (CHUNKED + size + b"\r\ngood\r\n0\r\n\r\n", (INCOMPLETE, PROTOCOL))
            for size in (b"-4", b"+4", b"0x4", b"4_0", b" 4", b"", b"zz", b"4 4", b"4,4", b"\xb2", b"4\r", b"four;x")
        ),
        (CHUNKED + b"2\r\ngood\r\n0\r\n\r\n", (INCOMPLETE, PROTOCOL)),  # more data than said
        (CHUNKED + b"5\r\ngood\r\n0\r\n\r\n", (INCOMPLETE, PROTOCOL)),
        (CHUNKED + b"4\r\ngoodXX0\r\n\r\n", (INCOMPLETE, PROTOCOL)),
        (CHUNKED + b"4;" + b"x" * 100_000 + b"\r\ngood\r\n0\r\n\r\n", (INCOMPLETE, PROTOCOL)),
        (CHUNKED + (b"1;" + b"x" * 4000 + b"\r\na\r\n") * 100 + b"0\r\n\r\n", (INCOMPLETE, PROTOCOL)),
        (CHUNKED + b"0\r\n" + b"X: y\r\n" * 100_000 + b"\r\n", (INCOMPLETE, PROTOCOL)),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks(gzip.compress(b"good", mtime=0)[:-4]), (DECODING,)),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\ngood", (INCOMPLETE, PROTOCOL)),
    ],
    ids=short,
)  # fmt: skip
def test_a_body_of_which_nobody_can_say_that_it_is_whole_is_a_failure(answer_to, sent, kinds):
    assert_failed(answer_to(sent), *kinds)


@pytest.mark.parametrize(
    "sent", [OK + b"Content-Length: 9\r\n\r\ngood", CHUNKED + b"4\r\ngood\r\n", OK + b"\r\ngood"]
)
def test_a_connection_that_is_reset_inside_a_body_makes_no_page(answer_to, sent):
    outcome = answer_to(Script((sent[:-2], sent[-2:]), "reset", wait_s=0.05))
    assert_failed(outcome, INCOMPLETE)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize(
    "fields",
    [b"", b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n"],
)
def test_answers_without_a_body_have_none_whatever_they_say(answer_to, status, fields):
    outcome = answer_to(Script((b"HTTP/1.1 " + status + b"\r\n" + fields + b"\r\n",), "hang"), timeout_s=1.0)
    assert_body(outcome, b"", status=int(status[:3]))


@pytest.mark.parametrize(
    "fields", [b"", b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: x\r\n"]
)
def test_an_answer_to_head_has_no_body_whatever_it_says(answer_to, is_refused, fields):
    outcome = answer_to(Script((OK + fields + b"\r\n",), "hang"), method="HEAD", timeout_s=1.0)
    if is_refused(fields):
        assert_failed(outcome, PROTOCOL)
        return
    assert_body(outcome, b"")


@pytest.mark.parametrize(
    "sent", [GOOD, CHUNKED + chunks(b"go", b"od", last=b"00;x=y\r\nA: b\r\n\r\n"), OK + b"\r\ngood"]
)
def test_an_answer_that_comes_a_byte_at_a_time_is_the_same(answer_to, sent):
    outcome = answer_to(Script(tuple(sent[i : i + 1] for i in range(len(sent))), "close", wait_s=0.0005))
    assert_body(outcome, b"good")


@pytest.mark.parametrize(
    "sent",
    [
        OK + b"Content-Length: 9000\r\n\r\n" + b"x" * 9000,
        CHUNKED + chunks(*[b"x" * 90] * 100),
        OK + b"\r\n" + b"x" * 9000,
    ],
)
def test_a_body_past_the_cap_is_cut_and_marked_however_it_is_framed(answer_to, sent):
    outcome = answer_to(sent, max_body=1000, want=Want.BODY | Want.RAW)
    assert isinstance(outcome, Response)
    assert (outcome.body, outcome.size, outcome.is_cut, outcome.raw_body) == (
        b"x" * 1000,
        1000,
        True,
        b"x" * 1000,
    )


# The head (RFC 9112, 2 to 5)


@pytest.mark.parametrize(
    ("line", "status", "reason", "version"),
    [
        (b"HTTP/1.1 200 OK", 200, "OK", "HTTP/1.1"),
        (b"HTTP/1.0 200 OK", 200, "OK", "HTTP/1.0"),
        (b"HTTP/1.2 200 OK", 200, "OK", "HTTP/1.1"),  # RFC 9110, 2.5
        (b"HTTP/1.1 200 ", 200, "", "HTTP/1.1"),
        (b"HTTP/1.1 200", 200, "", "HTTP/1.1"),
        (b"HTTP/1.1  200  All  is well ", 200, "All  is well", "HTTP/1.1"),
        (b"HTTP/1.1\t200\tOK", 200, "OK", "HTTP/1.1"),
        (b"HTTP/1.1 200 Tr\xe8s bien \xff", 200, "Tr\xe8s bien \xff", "HTTP/1.1"),
        (b"HTTP/1.1 600 Odd", 600, "Odd", "HTTP/1.1"),  # RFC 9110, 15: as if it were 5xx
        (b"HTTP/1.1 999 Request denied", 999, "Request denied", "HTTP/1.1"),
    ],
)
def test_a_status_line_is_read(answer_to, is_refused, line, status, reason, version):
    outcome = answer_to(line + b"\r\nContent-Length: 4\r\n\r\ngood")
    if is_refused(line):
        assert_failed(outcome, PROTOCOL)
        return
    response = assert_body(outcome, b"good", status=status)
    assert (response.reason, response.http_version) == (reason, version)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 000 Zero", b"HTTP/1.1 099 Less", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 2OO OK",
        b"HTTP/1.1 200OK", b"HTTP/1.1 -200 OK", b"HTTP/1.1 +20 OK", b"HTTP/1.1 2_0 OK", b"HTTP/1.1 \xb2\xb2\xb2 OK", b"HTTP/1.1", b"HTTP/1.1 OK",
        b"HTTP/2.0 200 OK", b"HTTP/2 200 OK", b"HTTP/0.9 200 OK", b"HTTP/3.1 200 OK", b"HTTP/11 200 OK",
        b"HTTP/1.10 200 OK", b"HTTP/1.x 200 OK", b"HTTP /1.1 200 OK", b"http/1.1 200 OK", b"HTTPS/1.1 200 OK",
        b"ICY 200 OK", b" HTTP/1.1 200 OK", b"\r\nHTTP/1.1 200 OK", b"\xef\xbb\xbfHTTP/1.1 200 OK",
        b"HTTP/1.1 200 O\0K", b"HTTP/1.1 200 O\rK", b"200 OK", b"GET / HTTP/1.1",
    ],
)  # fmt: skip
def test_a_line_that_is_no_status_line_is_not_taken_for_one(answer_to, sent):
    assert_failed(answer_to(sent + b"\r\nContent-Length: 4\r\n\r\ngood"), PROTOCOL)


@pytest.mark.parametrize(
    "sent",
    [
        b"<html><title>HTTP/0.9</title>",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",  # an HTTP/2 SETTINGS frame
        b"\x15\x03\x01\x00\x02\x02\x46",  # a TLS alert
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\0" * 100,
        b"\n\n\n\n",
    ],
)
def test_what_is_no_http_is_told_at_once_though_the_connection_stays_open(answer_to, sent):
    started = time.monotonic()
    assert_failed(answer_to(Script((sent,), "hang"), timeout_s=5.0), PROTOCOL)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("fields", "pairs"),
    [
        (b"A: 1\r\na: 2\r\n", (("A", "1"), ("a", "2"))),
        (b"A:\r\nB: \t \r\n", (("A", ""), ("B", ""))),
        (b"A: b: c\r\n", (("A", "b: c"),)),
        (b"A: \xe9\xff\r\n", (("A", "\xe9\xff"),)),
        (b"A: one\r\n  two\r\n\tthree\r\n", (("A", "one two three"),)),  # 5.2: a fold counts as a space
        (b"A:\r\n one\r\n \r\n", (("A", "one"),)),
        (b"A : 1\r\n", (("A", "1"),)),
        (b" leading: 1\r\nA: 1\r\n", (("A", "1"),)),  # 2.2: consumed
        (b"no colon at all\r\nA: 1\r\n", (("A", "1"),)),
        (b"HTTP/1.1 200 OK\r\nA: 1\r\n", (("A", "1"),)),
        (b"two words: 1\r\n folded\r\nA: 1\r\n", (("A", "1"),)),
        (b": nothing\r\nA: 1\r\n", (("A", "1"),)),
        (b"\xe9: 1\r\nA: 1\r\n", (("A", "1"),)),
        (b"A: 1\nB: 2\n", (("A", "1"), ("B", "2"))),
        (b"A: \x01\x7f\r\n", (("A", "\x01\x7f"),)),  # RFC 9110, 5.5: may be kept
    ],
)
def test_header_lines_are_read_to_the_last(answer_to, is_refused, fields, pairs):
    outcome = answer_to(OK + fields + b"Content-Length: 4\r\n\r\ngood and more")
    if is_refused(fields):
        assert_failed(outcome, PROTOCOL)
        return
    response = assert_body(outcome, b"good")
    assert response.headers == (*pairs, ("Content-Length", "4"))


@pytest.mark.parametrize(
    "head", [OK + b"\r\n", b"HTTP/1.1 200 OK\n\n", OK + b"A: 1\n\r\n", OK + b"A: 1\r\n\n"]
)
def test_a_head_ends_with_its_first_empty_line(answer_to, head):
    assert_body(answer_to(head + b"X: y\r\n\r\ngood"), b"X: y\r\n\r\ngood")


@pytest.mark.parametrize(
    "fields",
    [b"A: 1\rB: 2\r\n", b"A: 1\r\r\n", b"A: \0\r\n", b"\0: 1\r\n", b"A\r: 1\r\n", b"A: 1\r\n\r \r\n", b"\r"],
)
def test_bare_carriage_returns_and_nuls_in_a_head_are_refused(answer_to, fields):
    assert_failed(answer_to(OK + fields + b"Content-Length: 4\r\n\r\ngood"), PROTOCOL)


@pytest.mark.parametrize("at", [1, 5, 9, 14, 17, 20, 38])
def test_a_connection_that_ends_inside_the_head_makes_no_page(answer_to, at):
    assert_failed(answer_to((OK + b"Content-Length: 4\r\n\r\ngood")[:at]), INCOMPLETE)


@pytest.mark.parametrize(
    "sent",
    [
        OK + b"A: b\r\n" * 100_000,
        OK + b"A: " + b"b" * 10_000_000,
        OK + b"A: b\r\n" + b" folded\r\n" * 100_000,
        OK + b"b" * 10_000_000,
        b"HTTP/1.1 200 " + b"O" * 10_000_000,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000,
        (b"HTTP/1.1 103 Early Hints\r\nA: " + b"b" * 20_000 + b"\r\n\r\n") * 30,
    ],
    ids=["fields", "long", "folds", "no field", "reason", "interim", "long interim"],
)
def test_a_flood_of_head_ends_early_and_in_little_time(answer_to, sent):
    started = time.monotonic()
    outcome = answer_to(Script((sent,), "hang"), timeout_s=10.0)
    assert_failed(
        outcome, PROTOCOL if sent.startswith(b"HTTP/1.1 103 Early Hints\r\n\r\n") else FailureKind.HEADERS
    )
    assert time.monotonic() - started < 2


def test_a_head_as_large_as_some_sites_send_is_read(answer_to):
    fields = b"".join(b"Set-Cookie: c%d=%s\r\n" % (number, b"x" * 400) for number in range(300))
    response = assert_body(answer_to(OK + fields + b"Content-Length: 4\r\n\r\ngood"), b"good")
    assert len(response.headers) == 301


# Interim answers (RFC 9110, 15.2)


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nContent-Length: 99\r\n\r\n" * 3,
        b"HTTP/1.1 199 Who Knows\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_interim_answers_are_not_the_answer(answer_to, interim):
    response = assert_body(answer_to(interim + GOOD), b"good")
    assert response.headers == (("Content-Length", "4"),)


def test_a_change_of_protocol_that_nobody_asked_for_is_a_failure(answer_to):
    sent = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
    assert_failed(answer_to(Script((sent,), "hang")), PROTOCOL)


def test_an_interim_answer_alone_is_none(answer_to):
    assert_failed(answer_to(b"HTTP/1.1 100 Continue\r\n\r\n"), INCOMPLETE)


# Content codings (RFC 9110, 8.4)


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def zstd(data: bytes) -> bytes:
    try:
        from compression import zstd as library
    except ImportError:
        from backports import zstd as library
    return library.compress(data)


def coded(coding: bytes, body: bytes, *, length: bool = True) -> bytes:
    said = b"Content-Length: %d\r\n" % len(body) if length else b""
    return OK + b"Content-Encoding: " + coding + b"\r\n" + said + b"\r\n" + body


CODED = [
    (b"gzip", gzip.compress),
    (b"x-gzip", gzip.compress),
    (b"GZip", gzip.compress),
    (b"deflate", zlib.compress),
    (b"deflate", raw_deflate),
    (b"br", brotli.compress),
    (b"zstd", zstd),
]


@pytest.mark.parametrize(("coding", "encode"), CODED)
@pytest.mark.parametrize("length", [True, False])
def test_a_coded_body_is_decoded_and_one_that_ends_early_is_a_failure(answer_to, coding, encode, length):
    whole = encode(PAGE)
    assert_body(answer_to(coded(coding, whole, length=length)), PAGE)
    for cut in (1, 4, len(whole) // 2, len(whole) - 1):
        assert_failed(
            answer_to(coded(coding, whole[:-cut], length=length)), DECODING if length else INCOMPLETE
        )


@pytest.mark.parametrize(
    ("coding", "body", "decoded"),
    [
        (
            b"gzip",
            gzip.compress(b"one ", mtime=0) + gzip.compress(b"two", mtime=0),
            b"one two",
        ),  # RFC 1952, 2.2
        (b"gzip", gzip.compress(PAGE, mtime=0) + b"\0\0\0 padding", PAGE),
        (b"gzip", b"", b""),
        (b"br", b"", b""),
        (b"deflate", zlib.compress(b""), b""),
        (b"zstd", zstd(b"one ") + zstd(b"two"), b"one two"),
        (b"identity", PAGE, PAGE),
        (b"", PAGE, PAGE),
        (b"gzip, identity", gzip.compress(PAGE, mtime=0), PAGE),
        (b"gzip, br, deflate", zlib.compress(brotli.compress(gzip.compress(PAGE, mtime=0))), PAGE),
        (b"gzip\r\nContent-Encoding: deflate", zlib.compress(gzip.compress(PAGE, mtime=0)), PAGE),
        (b"utf-8", PAGE, PAGE),  # unknown ones are left as they came
        (b"gzip, none", gzip.compress(PAGE, mtime=0), gzip.compress(PAGE, mtime=0)),
        (b"compress", b"\x1f\x9d\x90", b"\x1f\x9d\x90"),
    ],
)
def test_codings_are_taken_off_in_the_order_that_they_were_put_on(answer_to, coding, body, decoded):
    assert_body(answer_to(coded(coding, body)), decoded)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", PAGE),
        (b"gzip", zlib.compress(PAGE)),
        (b"gzip", gzip.compress(PAGE, mtime=0)[:-8] + b"\0" * 8),  # checksum
        (b"gzip", gzip.compress(PAGE, mtime=0) + gzip.compress(PAGE, mtime=0)[:10]),
        (b"br", b"\xff" * 100),
        (b"br", brotli.compress(PAGE) + b"more"),
        (b"zstd", PAGE),
        (b"deflate", b"\xff" * 100),
        (b"gzip, gzip", gzip.compress(PAGE, mtime=0)),
        (b"gzip, gzip, gzip, gzip, gzip, gzip", PAGE),
    ],
)
def test_a_body_that_is_not_what_its_coding_says_is_a_failure(answer_to, coding, body):
    assert_failed(answer_to(coded(coding, body)), DECODING)


def test_bombs_of_every_coding_and_of_codings_in_codings_are_cut_in_little_time(answer_to):
    zeros = bytes(64 * 1024 * 1024)
    empty = gzip.compress(b"", mtime=0) * 200_000  # makes much of little, and nothing of that
    bombs = [
        (b"gzip", gzip.compress(zeros, 9, mtime=0)),
        (b"br", brotli.compress(zeros, quality=1)),
        (b"zstd", zstd(zeros)),
        (b"gzip, gzip", gzip.compress(gzip.compress(zeros, mtime=0))),
        (b"gzip, gzip, gzip", gzip.compress(gzip.compress(empty, mtime=0))),
    ]
    started = time.monotonic()
    for coding, bomb in bombs:
        outcome = answer_to(coded(coding, bomb), max_body=100_000)
        assert isinstance(outcome, Response), coding
        assert outcome.is_cut, coding
        assert len(outcome.body) <= 100_000
    assert time.monotonic() - started < 5


def test_a_cut_body_shows_what_was_sent_as_far_as_it_was_read(answer_to):
    sent = gzip.compress(PAGE, mtime=0)
    response = assert_body(answer_to(coded(b"gzip", sent), want=Want.BODY | Want.RAW), PAGE)
    assert response.raw_body == sent


# Which connection carries the next answer (RFC 9112, 9)


@pytest.mark.parametrize(
    ("first", "is_kept"),
    [
        (GOOD, True),
        (CHUNKED + chunks(b"good"), True),
        (CHUNKED + chunks(b"good", last=b"0\r\nA: b\r\n\r\n"), True),
        (OK + b"Connection: Keep-Alive\r\nContent-Length: 4\r\n\r\ngood", True),
        (OK + b"Connection: not-close\r\nContent-Length: 4\r\n\r\ngood", True),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\ngood", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ngood", False),
        (OK + b"Connection: x, Close\r\nContent-Length: 4\r\n\r\ngood", False),
        (GOOD + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", False),
        (GOOD + b"\r\n", False),
        (CHUNKED + chunks(b"good") + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", False),
        (CHUNKED + chunks(b"good", last=b"0\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), False),
        (OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(b"good"), False),
        (OK + b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n\r\ngood", False),
        (OK + b"no colon\r\nContent-Length: 4\r\n\r\ngood", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(b"good"), False),
    ],
)  # fmt: skip
def test_a_connection_is_used_again_only_when_nothing_was_left_on_it(
    transport_of, server_of, is_refused, first, is_kept
):
    server = server_of(Script((first,)), Script((OK + b"Content-Length: 5\r\n\r\nright",)))
    transport = transport_of()
    outcome = fetch(transport, server.url)
    if is_refused(first):
        assert_failed(outcome, PROTOCOL)
    else:
        assert_body(outcome, b"good")
    assert_body(fetch(transport, server.url), b"right")
    assert server.connections == (1 if is_kept else 2)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_body_where_none_may_be_is_not_the_next_answer(transport_of, server_of, status):
    evil = b"HTTP/1.1 " + status + b"\r\nContent-Length: 45\r\n\r\n" + GOOD.replace(b"good", b"evil")
    server = server_of(Script((evil,)), Script((GOOD,)))
    transport = transport_of()
    assert_body(fetch(transport, server.url), b"", status=int(status[:3]))
    assert_body(fetch(transport, server.url), b"good")


def test_a_leftover_that_comes_with_the_next_request_is_not_its_answer(transport_of, server_of):
    server = server_of(Script((GOOD,), late=b"<p>the rest of a body</p>"), Script((GOOD,)))
    transport = transport_of()
    for _ in range(3):
        assert_body(fetch(transport, server.url), b"good")


def test_a_body_that_was_left_unread_or_cut_is_not_the_next_answer(transport_of, server_of):
    evil = GOOD.replace(b"good", b"evil")
    length = b"Content-Length: %d\r\n" % (100_000 + len(evil))
    server = server_of(
        Script((OK + b"Content-Type: image/png\r\n" + length + b"\r\n" + b"x" * 100_000 + evil,)),
        Script((GOOD,)),
        Script((OK + length + b"\r\n" + b"x" * 100_000 + evil,)),
        Script((GOOD,)),
    )
    transport = transport_of(max_body=50_000)
    unread = fetch(transport, server.url, want=Want.FACTS | Want.HTML_ONLY)
    assert isinstance(unread, Response)
    assert not unread.is_body_read
    assert_body(fetch(transport, server.url), b"good")
    cut = fetch(transport, server.url)
    assert isinstance(cut, Response)
    assert cut.is_cut
    assert_body(fetch(transport, server.url), b"good")


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_kept_connection_that_ends_under_a_request_costs_no_failure_and_one_more_request(
    transport_of, server_of, then
):
    server = server_of(Script((GOOD,)), Script((), then), Script((GOOD,)))
    transport = transport_of()
    assert_body(fetch(transport, server.url), b"good")
    assert_body(fetch(transport, server.url), b"good")
    assert [number for number, _ in server.requests] == [0, 0, 1]


def test_a_new_connection_that_ends_under_a_request_is_not_tried_again_by_the_worker(transport_of, server_of):
    server = server_of(Script((), "close"))
    assert_failed(fetch(transport_of(), server.url), INCOMPLETE)
    assert len(server.requests) == 1


def test_a_kept_connection_that_ends_under_a_post_or_inside_an_answer_is_not_tried_again(
    transport_of, server_of
):
    server = server_of(
        Script((GOOD,)), Script((), "close"), Script((GOOD,)), Script((OK + b"Content-L",), "close")
    )
    transport = transport_of()
    assert_body(fetch(transport, server.url), b"good")
    assert_failed(fetch(transport, server.url, method="POST"), INCOMPLETE)
    assert_body(fetch(transport, server.url), b"good")
    assert_failed(fetch(transport, server.url), INCOMPLETE)
    assert len(server.requests) == 4


def test_a_redirect_counts_although_its_body_does_not_come(answer_to):
    for body in (
        b"Content-Length: 99\r\n\r\nshort",
        b"Content-Encoding: gzip\r\n\r\nno gzip",
        b"Transfer-Encoding: chunked\r\n\r\nzz",
    ):
        outcome = answer_to(b"HTTP/1.1 302 Found\r\nLocation: /there\r\n" + body)
        assert isinstance(outcome, Response)
        assert (outcome.status, outcome.body, outcome.is_body_read) == (302, b"", False)
    assert_failed(answer_to(b"HTTP/1.1 302 Found\r\nContent-Length: 99\r\n\r\nshort"), INCOMPLETE)


# Over TLS (RFC 9112, 9.8)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """A certificate for 127.0.0.1 and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("makes its certificate with openssl, which is not here")
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", file.with_suffix(".crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_bytes(file.read_bytes() + file.with_suffix(".crt").read_bytes())
    return str(file)


@pytest.fixture
def tls(certificate, monkeypatch) -> ssl.SSLContext:
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize(
    ("sent", "then", "kind"),
    [
        (OK + b"\r\ngood", "close", None),
        (OK + b"\r\ngood", "ragged", INCOMPLETE),
        (OK + b"Content-Length: 4\r\n\r\ngood", "ragged", None),
        (CHUNKED + chunks(b"good"), "ragged", None),
        (CHUNKED + b"4\r\ngood\r\n", "ragged", INCOMPLETE),
        (OK + b"Content-Length: 5\r\n\r\ngood", "ragged", INCOMPLETE),
        (b"", "ragged", INCOMPLETE),
    ],
)
def test_a_body_without_a_length_is_whole_only_when_tls_says_that_it_ended(
    transport_of, server_of, tls, sent, then, kind
):
    outcome = fetch(transport_of(), server_of(Script((sent,), then), context=tls).url)
    if kind is None:
        assert_body(outcome, b"good")
    else:
        assert_failed(outcome, kind)


def test_connections_over_tls_are_kept_and_their_ends_cost_no_failure(transport_of, server_of, tls):
    server = server_of(Script((GOOD,)), Script((GOOD,)), Script((), "ragged"), Script((GOOD,)), context=tls)
    transport = transport_of()
    for _ in range(3):
        assert_body(fetch(transport, server.url), b"good")
    assert [number for number, _ in server.requests] == [0, 0, 0, 1]


def test_plain_http_on_a_tls_port_and_tls_on_a_plain_one_are_failures(transport_of, server_of, tls):
    plain, secure = server_of(GOOD, speaks_first=True), server_of(GOOD, context=tls)
    assert_failed(fetch(transport_of(), plain.url.replace("http:", "https:")), FailureKind.TLS)
    assert_failed(fetch(transport_of(), secure.url.replace("https:", "http:")), INCOMPLETE, PROTOCOL)


def test_an_answer_through_a_tunnel_is_read_like_any_other(transport_of, server_of, tls):
    proxy = server_of(
        Script((GOOD,)), Script((OK + b"Content-Length: 9\r\n\r\nshort",), "ragged"),
        context=tls, tunnel=b"HTTP/1.1 200 Connected\r\nVia: proxy\r\n\r\n",
    )  # fmt: skip
    transport = transport_of(proxy=proxy.url.replace("https:", "http:"))
    assert_body(fetch(transport, "https://127.0.0.1:9/"), b"good")
    assert_failed(fetch(transport, "https://127.0.0.1:9/"), INCOMPLETE)
    assert proxy.connections == 1


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 407 Who are you\r\n\r\n", b"no http\r\n\r\n", b"HTTP/1.1 200 O", b""]
)
def test_a_proxy_that_makes_no_tunnel_is_the_proxys_failure(transport_of, server_of, said):
    proxy = server_of(Script((GOOD,), "close"), tunnel=said, speaks_first=True)
    outcome = fetch(transport_of(proxy=proxy.url), "https://127.0.0.1:9/")
    assert_failed(outcome, FailureKind.PROXY, FailureKind.TLS, PROTOCOL, INCOMPLETE)


# What is said above is said of a whole crawl, whatever the workers are


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
def test_one_record_a_url_on_every_backend_and_it_names_the_cause(server_of, backend):
    cases = [
        (GOOD, None),
        (OK + b"Content-Length: 9\r\n\r\nshort", "incomplete"),
        (OK + b"Content-Length: +4\r\n\r\ngood", "protocol"),
        (b"SSH-2.0-OpenSSH\r\n", "protocol"),
        (coded(b"gzip", gzip.compress(PAGE, mtime=0)[:-9]), "decoding"),
        (b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n", "http"),
    ]
    urls = [server_of(sent).url for sent, _ in cases]
    records = {r["url"]: r for r in Crawler(backend=backend, robots=False, retries=0, workers=2).items(urls)}
    assert [records[url]["error_kind"] for url in urls] == [kind for _, kind in cases]
    assert len(records) == len(cases)


def test_an_answer_that_a_library_for_tests_gives_is_taken_as_it_is():
    with responses.RequestsMock() as mocked:
        mocked.get(
            "https://shop.example/",
            body=gzip.compress(PAGE, mtime=0),
            headers={"Content-Encoding": "gzip", "A": "b"},
        )
        with closing(transports.new("requests")) as transport:
            response = assert_body(fetch(transport, "https://shop.example/"), PAGE)
    assert response.header("a") == "b"
