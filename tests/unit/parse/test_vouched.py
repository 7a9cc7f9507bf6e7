"""What a worker found out of a body holds for a tree of that body, and of no other."""

from dataclasses import replace

import pytest

from crawlpool.model import Request, Response
from crawlpool.parse import html
from crawlpool.parse.facts import read_facts
from crawlpool.parse.page import Page

HERE = "http://site.example/"
PAGE = "<title>é</title><h1>Größe ✓</h1><p><a href=/ä>x</a>".encode()
HOSTILE = b"<p>" + b"".join(b"<font x=%d>" % n for n in range(2_000)) + b"<p>" * 2_000


def response_of(body, content_type="text/html", *, with_facts=True):
    facts = read_facts(body, content_type, HERE, with_links=True) if with_facts else None
    headers = () if content_type is None else (("Content-Type", content_type),)
    return Response(
        request=Request(HERE, target=HERE),
        status=200,
        headers=headers,
        body=body,
        size=len(body),
        facts=facts,
        media_type="text/html",
    )


def seen(response):
    page = Page(response)
    elements = [(node.tag, node.attributes, node.text(deep=False)) for node in page.css("*")]
    return elements, page.title, page.links(), page.tree.html, page.is_partial


@pytest.fixture
def looks(monkeypatch):
    """Every time that a body is looked over from now on."""
    found = []
    look = html.safe_length
    monkeypatch.setattr(html, "safe_length", lambda *given: found.append(given) or look(*given))
    return found


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PAGE, "text/html"),
        (PAGE, "text/html; charset=utf-8"),
        (PAGE, None),
        (b"\xef\xbb\xbf" + PAGE, "text/html"),
        (PAGE.decode().encode("utf-16"), "text/html"),
        ("<h1>Größe".encode("latin-1"), "text/html; charset=latin-1"),
        (PAGE + b"<p>\xff\xc3<i>\xe2\x82</i>", "text/html; charset=utf-8"),
        (PAGE + b"<h2>\0\r\n&amp;</h2>", "text/html"),
        (b"<h1>plain", "text/html; charset=windows-1252"),
        (HOSTILE, "text/html"),
        (b"x", "text/html"),
    ],
)
def test_a_page_is_the_same_whether_a_worker_looked_it_over_or_nobody_did(body, content_type):
    assert seen(response_of(body, content_type)) == seen(response_of(body, content_type, with_facts=False))


def test_a_page_that_a_worker_looked_over_is_not_looked_over_again(looks):
    read = response_of(PAGE)
    assert len(looks) == 1
    assert Page(read).get("h1") == "Größe ✓"
    assert len(looks) == 1


def test_a_page_that_nobody_looked_over_is_looked_over(looks):
    Page(response_of(PAGE, with_facts=False)).get("h1")
    assert len(looks) == 1


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf" + PAGE, PAGE + b"\xff", PAGE.decode().encode("utf-16")])
def test_nobody_vouches_for_a_body_that_is_not_parsed_as_it_came(body):
    assert response_of(body, "text/html; charset=utf-8").facts.vouched is None


def test_what_a_worker_found_of_one_body_is_not_believed_of_another(looks):
    page = Page(replace(response_of(PAGE), body=HOSTILE))
    assert page.css("font")
    assert page.is_partial
    assert len(looks) == 2
