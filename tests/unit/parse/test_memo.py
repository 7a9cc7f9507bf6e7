"""References are joined the same whether a parser does it, a short way, or the memory of other pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.parse.memo import Memo
from crawlpool.urls import join

BASES = st.sampled_from(
    [
        "http://a.example/",
        "http://a.example/b",
        "http://a.example/b/c/d.html?q=/x/",
        "http://a.example//b//",
        "https://a.example:8/b/?/",
        "http://a.example/b/?",
        "http://[::1]/?x",
        "ftp://a.example/b/c",
        "data:text/plain,x",
        "no URL",
    ]
)
PIECES = st.sampled_from(
    [
        *(
            "a",
            "b-c.html",
            "..",
            "../",
            ".",
            "/",
            "//",
            "?",
            "#",
            "%2e",
            "%41",
            "\u00e9",
            "^",
            "'",
            "&",
            "=",
            ":",
            "@",
            "\\",
        ),
        *(
            "\t",
            " ",
            "|",
            ";",
            "~",
            "_",
            "\ud800",
            "http:",
            "http://a.example",
            "https://",
            "javascript:",
            "mailto:",
        ),
    ]
)
REFERENCES = st.lists(PIECES, max_size=6).map("".join)


@given(st.lists(st.tuples(BASES, st.lists(REFERENCES, max_size=6)), max_size=6))
def test_a_reference_leads_where_the_parser_says_whatever_was_asked_before(pages):
    memo = Memo()
    for base, references in pages:
        assert memo.join_all(base, references) == [join(base, reference) for reference in references]


@pytest.mark.parametrize(
    "reference", ["../" * 400_000 + "x", "/" * 1_000_000, "a/" * 500_000, "?" * 1_000_000, "/a" * 500_000]
)
def test_a_reference_that_goes_on_and_on_takes_no_square(reference):
    assert Memo().join_all("http://a.example/b/", [reference]) == [join("http://a.example/b/", reference)]


def test_no_more_is_remembered_than_may_be():
    memo = Memo(100)
    for page in range(50):
        memo.join_all(f"http://a.example/{page}/", [f"/{page}/{number}" for number in range(20)] + ["b"])
        assert sum(len(known) for known in memo._known.values()) <= 100 + 21
        assert len(memo._known) <= 100
