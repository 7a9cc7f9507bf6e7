"""URLs as the WHATWG standard has them, and what a crawler adds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.urls import fingerprint, host, join, join_all, normalise, origin, place


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("HTTP://Shop.Example:80/a/../b", "http://shop.example/b"),
        ("https://shop.example:443", "https://shop.example/"),
        ("http://shop.example/a#part", "http://shop.example/a"),
        ("http://shop.example/%7Ea", "http://shop.example/%7Ea"),
        ("http://münchen.example/ä?ö", "http://xn--mnchen-3ya.example/%C3%A4?%C3%B6"),
        ("http://user:secret@shop.example/", "http://shop.example/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("  http://shop.example/\n", "http://shop.example/"),
        ("mailto:a@b.example", None),
        ("javascript:void(0)", None),
        ("ftp://shop.example/", None),
        ("//shop.example/", None),
        ("http://", None),
        ("http://a b/", None),
        ("http://shop.example:99999/", None),
        ("", None),
        ("\ud800", None),
    ],
)
def test_a_url_has_one_normal_form_or_none(given_url, expected):
    assert normalise(given_url) == expected


def test_upper_and_lower_case_paths_are_two_pages():
    assert normalise("http://a/A") != normalise("http://a/a")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("d", "http://a/b/d"),
        ("../d", "http://a/d"),
        ("/d", "http://a/d"),
        ("?q=2", "http://a/b/c?q=2"),
        ("#part", "http://a/b/c?q=1"),
        ("", "http://a/b/c?q=1"),
        ("//other/d", "http://other/d"),
        ("\\d", "http://a/d"),
        (" \t/d\n", "http://a/d"),
        ("http:d", "http://a/b/d"),
        ("http:?q=3", "http://a/b/c?q=3"),
        ("https://other/", "https://other/"),
        ("mailto:x@y.example", None),
        ("data:,x", None),
        ("http://[bad", None),
        ("\ud800", "http://a/b/%EF%BF%BD"),
    ],
)
def test_a_reference_is_joined_as_a_browser_does(reference, expected):
    assert join("http://a/b/c?q=1", reference) == expected
    assert join_all("http://a/b/c?q=1", [reference, reference]) == [expected, expected]


BASES = st.sampled_from(
    [
        "http://a/",
        "http://a/b",
        "http://a/b/",
        "http://a/b/c?q=/x/",
        "https://a/b/c",
        "http://a:8/b/?/",
        "http://a/?x",
    ]
)
PARTS = st.text(alphabet="ab/?#.:\\ \t%~-_h", max_size=12)


@given(
    st.lists(
        st.tuples(
            BASES, st.lists(PARTS | st.sampled_from(["http:?q", "http:", "//x/y", "http://x"]), max_size=4)
        ),
        max_size=6,
    )
)
def test_joining_many_remembers_nothing_that_depends_on_the_page(pages):
    for base, references in pages:
        assert join_all(base, references) == [join(base, reference) for reference in references]


def test_a_place_has_its_parts():
    where = place("https://shop.example:8443/a/b?q=1")

    assert where == ("https://shop.example:8443", "shop.example:8443", "shop.example", "/a/b?q=1")
    assert place("http://[::1]:80/x").hostname == "[::1]"
    assert place("http://shop.example/").path == "/"
    assert host("http://shop.example:81/x?u=/y") == "shop.example:81"


def test_a_fingerprint_tells_requests_apart_by_method_and_body():
    assert fingerprint("http://a/") == "http://a/"
    assert len({fingerprint("http://a/", m, b) for m in ("GET", "POST") for b in (b"", b"1", b"2")}) == 6


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "https://shop.example:8443/a/b?c=/d",
        "http://[::1]:8000/",
        "https://xn--bcher-kva.example/x//y",
    ],
)
def test_host_and_origin_are_those_of_the_place(url):
    assert (host(url), origin(url)) == (place(url).host, place(url).origin)
