import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlpool.parse.html import is_html, title_of, tree_of


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/html", b"", True),
        ("Text/HTML ; charset=utf-8", b"%PDF", True),
        ("application/xhtml+xml", b"", True),
        ("text/plain", b"<!doctype html>", False),
        ("application/xml", b"<html>", False),
        (None, b" \n<!DocType HTML>", True),
        ("", b"<html lang=de>", True),
        ("*/*", b"<body>", True),
        (None, b"<!-- hello -->", True),
        (None, b"\xef\xbb\xbf<html>", False),  # text, as browsers have it
        (None, "\ufeff<html>".encode("utf-16-le"), False),
        (None, b"<picture>", False),
        (None, b"<?xml version='1.0'?><rss>", False),
        (None, b"{}", False),
        (None, b"", False),
    ],
)
def test_a_page_is_known_by_its_type_or_else_by_how_it_begins(content_type, body, expected):
    assert is_html(content_type, body) is expected


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("<title> A\n  &amp; B </title>", "A & B"),
        ("<title></title>", ""),
        ("<p>no title", None),
        ("<svg><title>drawing</title></svg>", None),
        ("<svg><g><title>drawing</title></g></svg><p><title>the page</title>", "the page"),
        ("<body><title>late</title>", "late"),
        ("<title>first</title><title>second</title>", "first"),
        ("<!-- <title>no</title> --><title>yes</title>", "yes"),
        ("<title>a <b>c</title>", "a <b>c"),
        ("<title>never closed", "never closed"),
        ("<title>\u65e5\u672c\u3000\u8a9e</title>", "\u65e5\u672c \u8a9e"),
    ],
)
def test_the_title_is_the_first_that_is_no_drawings(html, title):
    assert title_of(tree_of(html.encode(), "text/html").root) == title


def test_a_byte_order_mark_does_not_push_the_title_out_of_the_head():
    root = tree_of(b"\xef\xbb\xbf<title>t</title><p>x", "text/html").root
    assert root.css_first("head > title").text() == "t"


def test_a_page_in_any_charset_becomes_the_same_tree():
    html = "<meta charset=%s><title>Привет</title><a href=/%%D0%%B0>ссылка</a>"
    trees = [tree_of((html % name).encode(name), None) for name in ("utf-8", "koi8-r", "windows-1251")]
    assert {title_of(tree.root) for tree in trees} == {"Привет"}
    assert {tree.root.css_first("a").text() for tree in trees} == {"ссылка"}


def test_a_page_too_deep_to_parse_is_cut_and_says_so():
    start = time.process_time()
    tree = tree_of(b"<title>t</title>" + b"<div>" * 500_000, "text/html")
    assert time.process_time() - start < 5.0
    assert tree.is_cut
    assert title_of(tree.root) == "t"
    assert not tree_of(b"<div>", "text/html").is_cut


@settings(deadline=None)
@given(
    st.binary(max_size=2000),
    st.sampled_from([None, "text/html", "text/html; charset=utf-16", "text/html; charset=gbk"]),
)
def test_any_bytes_become_a_tree(body, content_type):
    tree = tree_of(body, content_type)
    assert title_of(tree.root) is None or isinstance(title_of(tree.root), str)
