"""Which pages are the same as one before, and how much is remembered to know it."""

import random
import time

import pytest

from crawlpool.duplicates import MOST_PAGES, NEAR_BITS, SAME_ON_HOST, Duplicates, Same
from crawlpool.model import Facts, Request, Response
from crawlpool.stats import Stats
from crawlpool.targets import Targets


def answer(url, *, digest=None, simhash=None, canonical=None, status=200, missing=False, **more):
    facts = Facts(
        title=None, link_count=0, digest=digest, simhash=simhash, canonical=canonical, says_missing=missing
    )
    request = Request(url, target=url, **more.pop("request", {}))
    return Response(request=request, status=status, facts=facts, **more)


@pytest.fixture
def stats():
    return Stats()


@pytest.fixture
def pages(stats):
    return Duplicates(stats=stats, targets=Targets(["x"]))


def seen(pages, *responses):
    """What each is the same as; all are kept."""
    found = []
    for response in responses:
        found.append(pages.look(response))
        pages.keep(response)
    return found


def test_the_second_page_with_a_body_is_the_same_as_the_first(pages, stats):
    assert seen(pages, answer("http://a/1", digest=7), answer("http://a/2", digest=8)) == [[], []]
    assert pages.look(answer("http://b/3", digest=7)) == [Same("exact", "http://a/1")]
    assert stats.duplicates_of == {"exact": 1}


def test_what_was_not_kept_is_no_reason(pages):
    pages.look(answer("http://a/1", digest=7))
    assert pages.look(answer("http://a/2", digest=7)) == []


@pytest.mark.parametrize(
    "other",
    [
        answer("http://a/1", digest=7),
        answer("http://a/2", digest=7, status=404),
        answer("http://a/2", digest=7, is_cut=True),
        answer("http://a/2", digest=7, request={"method": "POST"}),
        answer("http://a/2"),
    ],
)
def test_the_page_itself_and_what_is_no_good_page_are_compared_with_nothing(pages, other):
    pages.keep(answer("http://a/1", digest=7))
    assert pages.look(other) == []


def test_texts_whose_hashes_differ_in_three_bits_are_nearly_the_same_and_in_four_they_are_not(pages):
    base = 0x0123_4567_89AB_CDEF
    pages.keep(answer("http://a/1", simhash=base))
    for _ in range(200):
        flipped = random.sample(range(64), NEAR_BITS + 1)
        near = base
        for bit in flipped[:NEAR_BITS]:
            near ^= 1 << bit
        assert pages.look(answer("http://a/2", simhash=near)) == [Same("near", "http://a/1")]
        assert pages.look(answer("http://a/2", simhash=near ^ 1 << flipped[-1])) == []


def test_hashes_with_the_sign_bit_set_are_compared_as_well(pages):
    pages.keep(answer("http://a/1", simhash=-1))
    assert pages.look(answer("http://a/2", simhash=-1 ^ 0b101)) == [Same("near", "http://a/1")]
    assert pages.look(answer("http://a/2", simhash=(1 << 63) - 1)) == [Same("near", "http://a/1")]


def test_the_most_like_is_named(pages):
    seen(pages, answer("http://a/1", simhash=0b111), answer("http://a/2", simhash=0b001))
    assert pages.look(answer("http://a/3", simhash=0)) == [Same("near", "http://a/2")]


@pytest.mark.parametrize(
    ("canonical", "of"),
    [
        ("http://a/2", "http://a/2"),
        ("http://a/2?x=1", "http://a/2"),
        ("http://a/1", None),
        ("http://a/1?x=5", None),
        ("http://a/0", None),
        ("https://a/1", "https://a/1"),
    ],
)
def test_a_page_is_another_ones_when_it_says_so_but_not_its_own_or_where_it_was_redirected(
    pages, canonical, of
):
    page = answer("http://a/1", canonical=canonical, request={"redirects": ("http://a/0",)})
    assert pages.look(page) == ([Same("canonical", of)] if of else [])


def test_a_page_is_counted_once_by_what_is_surest(pages, stats):
    pages.keep(answer("http://a/1", digest=1, simhash=2))
    found = pages.look(answer("http://a/2", digest=1, simhash=2, canonical="http://a/1"))

    assert [same.kind for same in found] == ["exact", "near", "canonical"]
    assert stats.duplicates_of == {"exact": 1}


def test_the_oldest_is_forgotten_first_and_memory_is_bounded(stats):
    pages = Duplicates(stats=stats, targets=Targets(), most=10)
    for n in range(1, 101):
        pages.keep(answer(f"http://a/{n}", digest=n, simhash=n * 0x1_0001_0001_0001))

    assert pages.look(answer("http://b/", digest=90, simhash=90 * 0x1_0001_0001_0001)) == []
    assert [same.kind for same in pages.look(answer("http://b/", digest=91))] == ["exact"]
    assert (len(pages._bodies), len(pages._texts)) == (10, 10)
    assert sum(len(bucket) for bucket in pages._buckets.values()) == 40


def test_a_site_that_makes_all_hashes_alike_costs_no_time(stats):
    pages = Duplicates(stats=stats, targets=Targets())
    for n in range(20_000):
        pages.keep(answer(f"http://a/{n}", simhash=(n * 0x9E37_79B9_7F4A) << 16 & (1 << 62) - 1))
    began = time.perf_counter()
    for n in range(100):
        pages.look(answer("http://b/", simhash=0x5555_5555_5555_0000 ^ n << 20))
    assert time.perf_counter() - began < 0.5


def test_what_earlier_runs_kept_is_known(pages):
    pages.restore([("http://a/1", 7, None), ("http://a/2", None, 3), ("http://a/3", 7, 3)])
    assert pages.look(answer("http://a/4", digest=7)) == [Same("exact", "http://a/1")]
    assert pages.look(answer("http://a/4", simhash=2)) == [Same("near", "http://a/2")]


def test_a_page_that_says_not_found_looks_so(pages, stats):
    seen(pages, answer("http://a/1", digest=1, missing=True), answer("http://a/2", digest=1, missing=True))
    pages.look(answer("http://a/3", digest=2, missing=True, status=404))
    assert stats.look_missing == 2


def test_many_paths_of_a_host_with_one_body_look_like_not_found(pages, stats):
    for n in range(SAME_ON_HOST):
        seen(pages, answer(f"http://a/{n}", digest=1))
    assert stats.look_missing == 0
    seen(pages, answer("http://a/more", digest=1))
    assert stats.look_missing == SAME_ON_HOST + 1
    seen(pages, answer("http://a/most", digest=1))
    assert stats.look_missing == SAME_ON_HOST + 2


def test_one_path_with_many_queries_or_many_hosts_do_not(pages, stats):
    seen(pages, *(answer(f"http://a/?n={n}", digest=1) for n in range(9)))
    seen(pages, *(answer(f"http://h{n}/y", digest=1) for n in range(9)))
    assert stats.look_missing == 0


def test_as_many_pages_are_remembered_as_the_documentation_says():
    assert MOST_PAGES == 100_000
