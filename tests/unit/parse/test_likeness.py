"""What pages are known again by: bodies, words, canonical URLs."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.parse.facts import read_facts
from crawlpool.parse.html import tree_of
from crawlpool.parse.likeness import LEAST_WORDS, canonical_of, digest_of, simhash_of

HTML = "text/html; charset=utf-8"
HERE = "http://shop.example/books/1?ref=2"
WORDS = [f"{one}{other}" for one in ("ba", "ko", "li", "mun", "tor") for other in "aeiounrst"]


def tree(html):
    return tree_of(html.encode(), HTML)


def facts(html, **more):
    return read_facts(html.encode(), HTML, HERE, with_links=False, **more)


def text(count, seed=1):
    return random.Random(seed).choices(WORDS, k=count)


def hash_of(words):
    return simhash_of(tree(f"<body><p>{' '.join(words)}</p>"))


def bits(one, other):
    return ((one ^ other) & ((1 << 64) - 1)).bit_count()


@pytest.mark.parametrize(
    ("head", "canonical"),
    [
        ('<link rel=canonical href="http://shop.example/books/1">', "http://shop.example/books/1"),
        ('<link rel="CANONICAL nofollow" href="/books/1#top">', "http://shop.example/books/1"),
        ('<base href="/x/"><link rel=canonical href="1">', "http://shop.example/x/1"),
        ('<link rel=canonical href="?q=1">', "http://shop.example/books/1?q=1"),
        ('<link rel=canonical href="HTTP://Shop.Example:80/a">', "http://shop.example/a"),
        ('<link rel=canonical href="//other.example">', "http://other.example/"),
        ('<link rel=canonical href="/a"><link rel=canonical href="/a">', "http://shop.example/a"),
        ('<link rel=canonical href="/a"><link rel=canonical href="/b">', None),
        ("<link rel=canonical href>", None),
        ('<link rel=canonical href="">', None),
        ('<link rel=canonical href="mailto:a@b.example">', None),
        ('<link rel=canonical href="http://[">', None),
        ('<link rel=canonicals href="/a">', None),
        ('<!-- <link rel=canonical href="/a"> -->', None),
        ('<noscript><link rel=canonical href="/a"></noscript>', "http://shop.example/a"),
        ('</head><body><link rel=canonical href="/a">', None),
        ('<p><link rel=canonical href="/a">', None),
        ('<link rel=alternate href="/a">', None),
    ],
)
def test_a_page_names_its_canonical_url_in_its_head(head, canonical):
    assert canonical_of(tree(f"<!doctype html><head>{head}"), HERE) == canonical


def test_a_header_names_it_too_and_both_together_only_if_they_agree():
    header = (("Link", '</books/1>; rel="canonical"'),)
    other = '<link rel=canonical href="/books/2">'

    assert facts("<p>x", headers=header).canonical == "http://shop.example/books/1"
    both = (("Link", '</books/1>; rel="next CANONICAL"'),)
    assert facts("<p>x", headers=both).canonical == "http://shop.example/books/1"
    assert (
        facts('<link rel=canonical href="/books/1">', headers=header).canonical
        == "http://shop.example/books/1"
    )
    assert facts(other, headers=header).canonical is None


def test_bodies_have_one_digest_when_they_are_the_same_to_the_byte():
    assert digest_of(b"a") == digest_of(b"a") != digest_of(b"a ")
    assert all(-(2**63) <= digest_of(bytes([n])) < 2**63 for n in range(50))
    assert facts("<p>a").digest == digest_of(b"<p>a")
    assert read_facts(b"%PDF-", "application/pdf", HERE, with_links=False).digest is None


def test_pages_that_differ_in_a_few_words_have_hashes_that_differ_in_a_few_bits():
    words = text(800)
    changed = [*words[:400], "otherwise", *words[401:]]

    assert bits(hash_of(words), hash_of(changed)) <= 3
    assert bits(hash_of(words), hash_of(text(800, seed=2))) > 12


def test_the_order_of_words_counts():
    words = text(800)
    assert bits(hash_of(words), hash_of(sorted(words))) > 3


def test_what_nobody_sees_counts_for_nothing_and_markup_neither():
    words = " ".join(text(200))
    plain = simhash_of(tree(f"<p>{words}</p>"))

    assert (
        simhash_of(tree(f"<div><script>var n = 1</script><b>{words}</b><style>p{{}}</style><!-- x -->"))
        == plain
    )
    assert simhash_of(tree(f"<title>Other</title><p>{words.upper()}\n\n")) == plain


def test_a_text_without_spaces_has_words_too():
    signs = "".join(chr(0x4E00 + random.Random(3).randrange(500) + n % 7) for n in range(300))
    assert simhash_of(tree(f"<p>{signs}")) is not None
    assert simhash_of(tree(f"<p>{signs}")) != simhash_of(tree(f"<p>{signs[::-1]}"))


def test_too_few_words_say_nothing():
    assert hash_of(text(LEAST_WORDS - 1)) is None
    assert hash_of(text(LEAST_WORDS)) is not None


def test_the_hash_is_made_only_when_it_is_asked_for():
    page = f"<p>{' '.join(text(100))}"
    assert facts(page).simhash is None
    assert facts(page, is_near=True).simhash is not None


@given(st.text(max_size=300), st.integers(1, 60))
def test_whatever_stands_there_is_hashed(piece, times):
    value = simhash_of(tree(piece * times))
    assert value is None or -(2**63) <= value < 2**63


def test_a_page_of_sixteen_mebibytes_is_hashed_by_its_beginning():
    words = " ".join(text(3000))
    assert simhash_of(tree(f"<p>{words} {'x ' * 2_000_000}")) == simhash_of(tree(f"<p>{words} z"))
