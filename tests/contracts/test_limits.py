"""What one answer may cost a worker: bytes of its head, time without a byte, what its body unpacks to, and memory."""

import gzip
import json
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing

import brotli
import pytest
from backports import zstd as library
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlpool.model import Failure, FailureKind, Outcome, Response
from crawlpool.worker.codings import Decoding
from crawlpool.worker.heads import BadAnswer
from crawlpool.worker.memory import can_look
from crawlpool.worker.wire import Want

from . import transports
from .rawserver import RawServer, Script

pytestmark = pytest.mark.timeout(60)

OK = b"HTTP/1.1 200 OK\r\n"
MIB = 1024 * 1024


@pytest.fixture
def server_of() -> Iterator[Callable[..., RawServer]]:
    """Serve scripts, or plain bytes after which the connection is closed."""
    made = []

    def make(*scripts: Script | bytes) -> RawServer:
        told = [Script((each,), "close") if isinstance(each, bytes) else each for each in scripts]
        made.append(RawServer(told))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=transports.NAMES)
def transport_name(request) -> str:
    return request.param


@pytest.fixture
def answer_to(server_of, transport_name) -> Callable[..., Outcome]:
    """What becomes of these bytes when they are the answer."""

    def answer(sent: bytes | Script, *, want: Want = Want.BODY, **options) -> Outcome:
        with closing(transports.new(transport_name, **{"timeout_s": 10.0, **options})) as transport:
            return transports.fetch(transport, server_of(sent).url, want)

    return answer


def failure_of(outcome: Outcome) -> Failure:
    assert isinstance(outcome, Failure), outcome
    assert outcome.message.isprintable()
    return outcome


def response_of(outcome: Outcome) -> Response:
    assert isinstance(outcome, Response), outcome
    return outcome


def coded(coding: bytes, body: bytes, *, first: bytes = OK) -> bytes:
    return first + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body


# The head


def test_a_head_may_have_as_many_bytes_as_the_knob_says_and_no_more(answer_to):
    sent = OK + b"A: " + b"x" * 5000 + b"\r\nContent-Length: 4\r\n\r\ngood"
    assert response_of(answer_to(sent, max_headers=6000)).body == b"good"
    assert response_of(answer_to(sent)).body == b"good"
    failure = failure_of(answer_to(sent, max_headers=5000))
    assert (failure.kind, failure.message) == (FailureKind.HEADERS, "its head has more than 5,000 bytes")


def test_interim_heads_count_towards_the_same_limit(answer_to):
    early = b"HTTP/1.1 103 Early Hints\r\nA: " + b"x" * 1000 + b"\r\n\r\n"
    sent = early * 5 + OK + b"Content-Length: 4\r\n\r\ngood"
    assert response_of(answer_to(sent, max_headers=6000)).body == b"good"
    assert failure_of(answer_to(sent, max_headers=4000)).kind == FailureKind.HEADERS


# Silence


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", OK + b"Content-Length: 9\r\n\r\nhalf", OK + b"\r\nuntil"],
    ids=["nothing", "in the head", "in the body", "before the end"],
)
def test_a_server_that_falls_silent_is_given_up_before_the_deadline(answer_to, sent):
    started = time.monotonic()
    failure = failure_of(answer_to(Script((sent,), "hang"), idle_timeout_s=0.3))
    assert (failure.kind, failure.message) == (FailureKind.IDLE, "nothing of the answer came for 0.3 s")
    assert 0.25 < time.monotonic() - started < 3


def test_a_server_that_is_slow_and_never_silent_has_until_the_deadline(answer_to):
    pieces = (OK + b"Content-Length: 8\r\n\r\n", *(b"%d" % n for n in range(8)))
    whole = answer_to(Script(pieces, wait_s=0.1), idle_timeout_s=1.0)
    assert response_of(whole).body == b"01234567"
    late = answer_to(Script(pieces, "hang", wait_s=0.1), idle_timeout_s=5.0, timeout_s=0.5)
    assert failure_of(late).kind == FailureKind.TIMEOUT


# Codings


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


ENCODERS = {
    "gzip": lambda data: gzip.compress(data, 9, mtime=0),
    "deflate": zlib.compress,
    "raw deflate": raw_deflate,
    "br": lambda data: brotli.compress(data, quality=5),
    "zstd": library.compress,
}
SHORT = {"raw deflate": "deflate"}
ZEROS = bytes(200 * MIB)


class _Bombs(dict[str, bytes]):
    """Made when they are asked for: to pack all of them takes 3 s, in every process that collects tests."""

    def __missing__(self, name: str) -> bytes:
        made = self[name] = ENCODERS[name](ZEROS)
        return made


BOMBS = _Bombs()


@pytest.mark.parametrize("name", ENCODERS)
def test_a_bomb_is_a_failure_long_before_it_has_gone_off(answer_to, name):
    coding = SHORT.get(name, name).encode()
    started = time.process_time()
    failure = failure_of(answer_to(coded(coding, BOMBS[name])))
    assert failure.kind == FailureKind.RATIO, failure.message
    assert "over 1,000" in failure.message
    assert time.process_time() - started < 2


def test_bombs_within_bombs_are_failures_too(answer_to):
    for coding, bomb in (
        (b"gzip, gzip", gzip.compress(BOMBS["gzip"], mtime=0)),
        (b"zstd, br", brotli.compress(BOMBS["zstd"])),
        (
            b"gzip, br, deflate, zstd, gzip",
            gzip.compress(library.compress(zlib.compress(brotli.compress(BOMBS["gzip"])))),
        ),
    ):
        assert failure_of(answer_to(coded(coding, bomb))).kind == FailureKind.RATIO, coding


def test_a_bomb_behind_an_honest_page_is_one_all_the_same(answer_to):
    page = b"".join(b"<p>%d " % (n * n) for n in range(3000))
    bomb = gzip.compress(page, mtime=0) + BOMBS["gzip"]
    outcome = answer_to(coded(b"gzip", bomb), max_ratio=500)
    assert failure_of(outcome).kind == FailureKind.RATIO


def test_what_unpacks_to_little_or_not_to_very_much_is_no_bomb(answer_to):
    little = bytes(3 * MIB)
    assert response_of(answer_to(coded(b"zstd", library.compress(little)))).body == little
    table = b"".join(b"<tr><td>%d<td>0<td>0</tr>\n" % n for n in range(300_000))
    response = response_of(answer_to(coded(b"gzip", gzip.compress(table, mtime=0))))
    assert (response.size, response.is_cut) == (len(table), False)


def test_with_a_higher_ratio_a_bomb_is_cut_at_the_cap_like_any_body(answer_to):
    response = response_of(answer_to(coded(b"br", BOMBS["br"]), max_ratio=10**9, max_body=5 * MIB))
    assert (response.size, response.is_cut) == (5 * MIB, True)


def test_a_body_of_countless_empty_streams_is_given_up_in_little_time(answer_to):
    for coding, empty in ((b"gzip", gzip.compress(b"", mtime=0)), (b"zstd", library.compress(b""))):
        started = time.process_time()
        assert failure_of(answer_to(coded(coding, empty * 300_000))).kind == FailureKind.DECODING
        assert time.process_time() - started < 2


def test_a_window_larger_than_the_standards_allow_is_refused(answer_to):
    wide = {
        library.CompressionParameter.window_log: 27,
        library.CompressionParameter.enable_long_distance_matching: 1,
    }
    stream = library.ZstdCompressor(options=wide)
    body = (
        stream.compress(b"x" * 1000) + stream.flush()
    )  # of unknown length, so the window counts (RFC 9659, 3)
    assert failure_of(answer_to(coded(b"zstd", body))).kind == FailureKind.DECODING
    large = (
        bytes([0x11, 0x9E]) + brotli.compress(b"x")[1:]
    )  # the mark of "large window" brotli, which is not RFC 7932
    assert failure_of(answer_to(coded(b"br", large))).kind == FailureKind.DECODING


@settings(max_examples=60, deadline=None)
@given(
    body=st.lists(st.binary(min_size=1, max_size=300), max_size=40).map(
        lambda parts: b"".join(each * 50 for each in parts)
    ),
    names=st.lists(st.sampled_from(sorted(ENCODERS)), min_size=1, max_size=3),
    size=st.integers(1, 20_000),
)
def test_whatever_the_pieces_the_same_body_comes_out(body, names, size):
    sent = body
    for name in names:
        sent = ENCODERS[name](sent)
    decoding = Decoding([SHORT.get(name, name) for name in reversed(names)], 10 * MIB)
    assert b"".join(decoding.feed(sent[at : at + size]) for at in range(0, len(sent), size)) == body
    assert decoding.is_whole


def test_no_call_into_a_decoder_makes_more_than_a_mebibyte():
    from crawlpool.worker import codings

    for name in ENCODERS:
        stage = codings._STAGES[SHORT.get(name, name)]()
        steps = stage.steps(BOMBS[name][:20_000])
        assert max(len(step) for step, _ in zip(steps, range(20), strict=False)) <= MIB, name


def test_a_bomb_that_nobody_wants_is_not_unpacked(answer_to, monkeypatch):
    def refuse(self, piece):
        raise AssertionError("it was decoded")

    monkeypatch.setattr(Decoding, "feed", refuse)
    away = b"HTTP/1.1 302 Found\r\nLocation: /there\r\n"
    outcome = response_of(answer_to(coded(b"zstd", BOMBS["zstd"], first=away)))
    assert (outcome.status, outcome.is_body_read) == (302, False)
    picture = OK + b"Content-Type: image/png\r\n"
    unwanted = answer_to(coded(b"zstd", BOMBS["zstd"], first=picture), want=Want.FACTS | Want.HTML_ONLY)
    assert not response_of(unwanted).is_body_read


def test_a_stream_that_is_cut_off_at_the_cap_is_said_to_be_over():
    decoding = Decoding(["gzip"], 1000)
    assert len(decoding.feed(gzip.compress(b"x" * 5000))) == 1000
    assert decoding.is_over
    with pytest.raises(BadAnswer):
        Decoding(["gzip"], 1000).feed(b"no gzip at all")


# Memory

WORKER = """
import json, sys
from crawlpool.worker.entry import exchange, start
from crawlpool.worker.memory import peak
from crawlpool.worker.wire import TransportOptions, Want
import backports.zstd, brotli
start(TransportOptions(
    timeout_s=3.0, max_body=4 * 1024 * 1024, max_ratio=int(sys.argv[2]), transport=sys.argv[4]
), [0])
wants = int(Want.BODY)
exchange([(0, "GET", sys.argv[1], (), b"", wants)])
before = peak()
answers = [exchange([(n, "GET", sys.argv[1], (), b"", wants)])[0] for n in range(int(sys.argv[3]))]
print(json.dumps({"grown": peak() - before, "came": [each[2] for each in answers]}))
"""


@pytest.mark.skipif(not can_look(), reason="here, a process cannot be told what it takes")
@pytest.mark.parametrize(("most_ratio", "most"), [(1000, 5), (10**9, None)])  # the ratio ends bombs alone
def test_nothing_that_a_server_sends_makes_a_worker_grow(server_of, transport_name, most_ratio, most):
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    hostile = [
        coded(b"gzip", BOMBS["gzip"]),
        coded(b"deflate", BOMBS["deflate"]),
        coded(b"br", BOMBS["br"]),
        coded(b"zstd", BOMBS["zstd"]),
        coded(b"gzip, gzip", gzip.compress(BOMBS["gzip"], mtime=0)),
        OK + b"\r\n" + ZEROS[: 30 * MIB],
        OK + b"A: " + b"x" * (30 * MIB),
        OK + b"A: b\r\n" * 1_000_000,
        chunked + b"1;" + b"x" * 30 * MIB,
        chunked + b"1\r\nx\r\n" * 1_000_000,
        chunked + b"0\r\n" + b"A: b\r\n" * 1_000_000,
        chunked + b"fffffffffffffff\r\n" + b"x" * (30 * MIB),
        OK + b"Content-Length: 99999999999999999999\r\n\r\n" + ZEROS[: 30 * MIB],
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000_000,
    ][:most]
    server = server_of(OK + b"Content-Length: 4\r\n\r\ngood", *hostile)
    said = subprocess.run(
        [sys.executable, "-c", WORKER, server.url, str(most_ratio), str(len(hostile)), transport_name],
        check=True,
        capture_output=True,
        timeout=50,
    ).stdout
    told = json.loads(said)
    assert len(told["came"]) == len(hostile)
    # The body so far, the same again when it becomes bytes, a step and a window a coding.
    assert told["grown"] < 48 * MIB, told
