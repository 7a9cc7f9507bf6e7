"""A gzip body is read the same, within the same limits, by each library that may read it."""

import gzip
import random
import zlib

import pytest

from crawlpool.model import FailureKind
from crawlpool.worker import codings
from crawlpool.worker.codings import Decoding
from crawlpool.worker.heads import BadAnswer

TEXT = b"<p>Some words, and <a href=/1>a link</a>." * 1500


@pytest.fixture(params=["zlib", "isal.isal_zlib"], autouse=True)
def library(request, monkeypatch):
    found = pytest.importorskip(request.param)
    monkeypatch.setattr(codings, "_gzip_library", lambda: found)


def read(coded, *, piece=7_001, most=16 * 1024 * 1024, ratio=1_000):
    decoding = Decoding(("gzip",), most, ratio)
    parts = []
    for start in range(0, len(coded), piece):
        parts.append(decoding.feed(coded[start : start + piece]))
        if decoding.is_over:
            break
    return b"".join(parts), decoding


@pytest.mark.parametrize("piece", [1, 10, 4096, 1_000_000])
@pytest.mark.parametrize("behind", [b"", b"no gzip", gzip.compress(b"more")])
def test_members_are_read_whole_however_they_arrive(piece, behind):
    body, decoding = read(gzip.compress(TEXT) + behind, piece=piece)
    assert body == TEXT + (b"more" if behind.startswith(b"\x1f") else b"")
    assert decoding.is_whole


def test_a_body_that_ends_early_is_not_whole():
    assert not read(gzip.compress(TEXT)[:-3])[1].is_whole


@pytest.mark.parametrize("at", [0, 2, -6, -2])
def test_a_body_that_is_damaged_is_a_fault(at):
    coded = bytearray(gzip.compress(TEXT))
    coded[at] ^= 0x55
    with pytest.raises(BadAnswer, match="not what its Content-Encoding says"):
        read(bytes(coded))


def test_a_damaged_body_is_never_taken_for_a_whole_one():
    chance = random.Random(3)
    coded = gzip.compress(TEXT)
    for _ in range(300):
        damaged = bytearray(coded)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            body, decoding = read(bytes(damaged))
        except BadAnswer:
            continue
        assert body == TEXT or not decoding.is_whole


@pytest.mark.parametrize("size", [1024 * 1024, 3 * 1024 * 1024 + 1])
def test_what_is_longer_than_the_cap_is_cut_there(size):
    body, decoding = read(gzip.compress(random.Random(1).randbytes(size)), most=100_000)
    assert len(body) == 100_000
    assert decoding.is_over


def test_a_bomb_is_noticed_before_it_is_large():
    coded = gzip.compress(bytes(64 * 1024 * 1024))
    with pytest.raises(BadAnswer) as fault:
        read(coded, most=1 << 40, ratio=500)
    assert fault.value.kind is FailureKind.RATIO


def test_no_step_makes_more_than_a_mebibyte():
    packer = zlib.compressobj(9, wbits=31)
    coded = packer.compress(bytes(8 * 1024 * 1024)) + packer.flush()
    assert max(len(step) for step in codings._Gzip().steps(coded)) <= 1024 * 1024
