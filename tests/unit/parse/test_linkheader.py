import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.model import Request, Response
from crawlpool.parse.facts import read_facts
from crawlpool.parse.linkheader import links_in_head, parsed
from crawlpool.parse.links import Link
from crawlpool.parse.page import Page

HERE = "http://site.example/dir/page"


def head(*values, name="Link"):
    return tuple((name, value) for value in values)


def links(*values, name="Link"):
    found = links_in_head(head(*values, name=name), HERE)
    return [(link.url.removeprefix("http://site.example"), link.kind) for link in found]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("</2>; rel=next", [("/2", "next")]),
        ('</2>; rel="next"', [("/2", "next")]),
        ("<x>;rel=prev,</c> ; Rel = Canonical", [("/dir/x", "prev"), ("/c", "canonical")]),
        ("</a>; rel=alternate; type=application/atom+xml, </b>; rel=alternate", [("/a", "feed"), ("/b", "alternate")]),
        ("</s>; rel=stylesheet, </p>; rel=preload; as=image, </f>; rel=preload; as=font", [("/s", "style"), ("/p", "image"), ("/f", "font")]),
        ('</a>; rel="x next"', [("/a", "next")]),
        ("</a>; rel=next; rel=stylesheet", [("/a", "next")]),
        ('</a>; title="a, b; \\"c\\" <d>"; rel=next, </e>; rel=prev', [("/a", "next"), ("/e", "prev")]),
        ("</a,b;c>; rel=next", [("/a,b;c", "next")]),
        ('</a>; rel="ne\\xt"', [("/a", "next")]),
        ("</a>;;rel=next;", [("/a", "next")]),
        (" , ,</a>; rel=next, ,", [("/a", "next")]),
        ("<>; rel=next", [("/dir/page", "next")]),
        ("<http://other.example/>; rel=https://relation.example/x", [("http://other.example/", "related")]),
    ],
)  # fmt: skip
def test_a_link_header_is_read_as_its_rfc_says(value, expected):
    assert links(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "", "</a>", "</a>; rev=next", "</a>; rel=", '</a>; rel=""', "</a; rel=next", "/a; rel=next", "<mailto:a@b>; rel=next",
        "</a>; rel=preconnect", "</a>; rel=dns-prefetch", "</a>; rel=next; anchor=/other", "</a>, rel=next",
    ],
)  # fmt: skip
def test_what_a_link_header_does_not_say_of_this_page_is_no_link(value):
    assert links(value) == []


def test_an_anchor_within_the_page_speaks_of_the_page():
    assert links("</a>; rel=next; anchor=\"#part\", </b>; rel=next; anchor=''") == [("/a", "next")]
    assert links('</c>; rel=next; anchor="page"') == [("/c", "next")]


def test_a_link_that_is_malformed_loses_only_itself():
    assert links('junk "x, </no>; rel=next", </no') == []
    assert links('junk "x, <no>" , </a>; rel=next, more; rel=x, </b> y; rel=no, </c>; rel=prev') == [
        ("/a", "next"),
        ("/c", "prev"),
    ]


def test_several_headers_are_read_in_their_order():
    assert links("</1>; rel=next", "</2>; rel=prev") == [("/1", "next"), ("/2", "prev")]


def test_a_title_is_the_text_and_the_one_with_a_charset_wins():
    (link,) = links_in_head(
        head("</a>; rel=\"Next x\"; title=plain; title*=UTF-8'de'n%c3%a4chste%20Seite"), HERE
    )
    assert link == Link("http://site.example/a", "next", "next x", "n\u00e4chste Seite")


def test_bytes_beyond_ascii_are_utf_8_where_they_can_be():
    assert links("</\u00c3\u00a9>; rel=next", "</\u00e9>; rel=next") == [
        ("/%C3%A9", "next"),
        ("/%C3%A9", "next"),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0; url=/a", [("/a", "refresh")]), ("5;/a", [("/a", "refresh")]), ("0;URL='/a' x", [("/a", "refresh")]),
        ("5", []), ("url=/a", []), ("0; url=javascript:x", []),
    ],
)  # fmt: skip
def test_a_refresh_header_is_read_like_the_meta_element(value, expected):
    assert links(value, name="refresh") == expected


def page_of(body, *headers):
    response = Response(request=Request(HERE, target=HERE), status=200, headers=headers, body=body)
    return Page(response)


def test_headers_name_links_of_an_answer_of_any_type():
    headers = (("Content-Type", "application/pdf"), ("Link", "</2>; rel=next, </s>; rel=stylesheet"))
    page = page_of(b"%PDF <a href=/no>", *headers)
    assert page.links() == ["http://site.example/2"]
    assert page.links(kinds=None) == ["http://site.example/2", "http://site.example/s"]
    facts = read_facts(b"%PDF <a href=/no>", "application/pdf", HERE, with_links=True, headers=headers)
    assert (facts.links, facts.link_count, facts.title) == (("http://site.example/2",), 2, None)
    assert read_facts(b"", None, HERE, with_links=False, headers=headers).link_count == 2


def test_links_of_the_head_come_first_and_take_no_base_from_the_page():
    headers = (("Content-Type", "text/html"), ("Link", "<2>; rel=next"), ("Refresh", "0;url=3"))
    page = page_of(b"<base href=/b/><a href=4>x</a>", *headers)
    expected = ["http://site.example/dir/2", "http://site.example/dir/3", "http://site.example/b/4"]
    assert page.links() == expected
    assert [link.kind for link in page.link_elements()] == ["next", "refresh", "page"]
    assert page.links(css="a") == expected[2:]
    facts = read_facts(page.content, "text/html", HERE, with_links=True, headers=headers)
    assert list(facts.links) == expected


@pytest.mark.parametrize("value", ["<" * 65_000, "," * 65_000, "<,>" * 20_000, ";" * 65_000, '<a>;x="' * 9_000, "<a>;" * 16_000, ' "' * 32_000, "<a>" + ";x=\\" * 16_000])  # fmt: skip
def test_a_hostile_header_takes_no_second(value):
    start = time.process_time()
    links(value)
    assert time.process_time() - start < 1.0


@given(st.text(alphabet="<>;,=\"\\ \trelnxt/*'", max_size=60))
def test_any_header_gives_urls_or_nothing(value):
    list(parsed(value))
    for link in links_in_head(head(value), HERE):
        assert link.url.startswith("http://")
