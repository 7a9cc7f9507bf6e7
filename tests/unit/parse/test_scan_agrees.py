"""Whatever the scan vouches for, it reads as the tree does, field for field; `make fuzz` looks for hours."""

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ...fuzz import alphabet as abc
from ...fuzz.corpus import literals, sample_pages
from ...fuzz.readings import Case, by_scan, difference, drawn, shrunk
from ...fuzz.vectors import BY_HAND, FOUND

KILO = 1024

NASTY = (
    "<", "<a ", "<a>", "<a href=", "<a href=x>", "<a x=y ", "<a href='", "</", "</a", "</a>", "<!", "<!-",
    "<!--", "<!-->", "-->", "--", "<?", "<![CDATA[", "<!doctype ", "&", "&#", "&#x", "&a", "&amp", "&amp;",
    "<a href=&>", '"', "'", '="', "='", "=", "x=", "/", "<a/", " ", "\n", "\0", "\r", "<p>", "<p ", "<b>",
    "<svg>", "<svg/>", "</svg>", "<svg><path/></svg>", "<math>", "<script>", "<script></script>",
    "<script><!--", "<script", "</script", "<!--<script>", "<style>", "</style>", "<title>", "<title></title>",
    "</title", "<textarea>", "<select>", "<select></select>", "<option>", "<table>", "<table><tr><td>",
    "<template>", "<noscript>", "<h1>", "<h1></h1>", "<h1 ", "<base href=x>", "<link rel=canonical href=/x>",
    "<link rel=x href=y>", "<meta name=robots content=x>", "<meta http-equiv=refresh content=0>", "<iframe>",
    "<iframe src=x></iframe>", "<img src=x srcset='a 1x'>", "<a href=/x rel=nofollow>", "<a href=/x>x</a> ",
    "<p>x</p>\n", "<li><a href=x>", "<my-card x='>'>", '<div class="x">', '<a href="', "<a '", '<a "=',
    "<a href=x\0>", "<a href='&#x", "<title>&", "<h1>&amp;<b>", "<frameset>", "<plaintext>", "<xmp>", "\u00e9",
    "<\u00e9", "<a \u00e9=", "<a =", "<a a a ", "<input ", "<picture><source src=x>",
)  # fmt: skip


@pytest.mark.parametrize("subject", BY_HAND)
def test_what_is_easily_read_wrong_is_read_as_by_the_tree(subject):
    for page in BY_HAND[subject]:
        for around in (
            "{}",
            "<!DOCTYPE html><title>t</title><body><a href=/before>x</a>{}",
            "{}<a href=/after>x</a></body>",
        ):
            case = Case(around.replace("{}", page).encode(), "text/html; charset=utf-8")
            assert difference(case) is None, case


@pytest.mark.parametrize("case", FOUND, ids=lambda case: repr(case.body)[2:40])
def test_what_was_read_wrong_once_is_read_right_now(case):
    assert difference(case) is None


def test_pages_that_people_wrote_are_read_as_by_the_tree():
    for name, body in [*sample_pages(), *literals()]:
        assert difference(Case(body)) is None, name


def test_most_pages_that_people_wrote_are_vouched_for():
    pages = [body for _, body in sample_pages()]
    assert sum(by_scan(Case(body)) is not None for body in pages) > 0.9 * len(pages)


def test_hard_pages_are_read_as_by_the_tree():
    vouched = 0
    for seed in range(1000):
        case = drawn(Random(seed))
        assert difference(case) is None, (seed, difference(case), shrunk(case))
        vouched += by_scan(case) is not None
    assert vouched > 250  # else the comparison says nothing


def test_a_page_that_is_cut_anywhere_is_read_as_by_the_tree():
    whole = max((body for _, body in sample_pages() if len(body) < 6 * KILO), key=len)
    for end in range(0, len(whole), 7):
        assert difference(Case(whole[:end])) is None, whole[max(0, end - 40) : end]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.sampled_from((
            "<a ", "href=", "<p", "</", ">", "/x", " ", "=", '"', "'", "&", "#65;", "amp", "<!--", "-->",
            "<svg", "<h1>", "404", "<title>", "<script>", "</script>", "<select>", "<base ",
            "<link rel=canonical ", "\0", "\r", "\n", "x", "é", "/", "</title>", "<table>", "<td>",
            "<img src=", "?", "!", "-",
        ))
        | st.sampled_from(abc.ODD_CHARACTERS),
        max_size=30,
    ).map("".join)
)  # fmt: skip
def test_any_pieces_in_any_order_are_read_as_by_the_tree(page):
    assert difference(Case(page.encode("utf-8", "replace"), "text/html; charset=utf-8")) is None


@pytest.mark.parametrize("piece", NASTY, ids=repr)
def test_a_page_of_one_piece_repeated_is_read_as_by_the_tree_in_linear_time(piece):
    before = "<!DOCTYPE html><title>t</title><a href=/1>x</a>"
    small, large = (Case((before + piece * (size * KILO // len(piece))).encode()) for size in (8, 64))
    assert difference(small) is None
    assert _seconds(large) < 0.01 + 30 * _seconds(
        small
    )  # eight times as long; were it the square, 64 times the time


def _seconds(case):
    best = 10.0
    for _ in range(3):
        begun = time.process_time()
        by_scan(case)
        best = min(best, time.process_time() - begun)
    return best
