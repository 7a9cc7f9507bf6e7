from hypothesis import given, settings
from hypothesis import strategies as st

from crawlpool.model import Facts, Request, Response
from crawlpool.parse.facts import read_facts
from crawlpool.parse.likeness import digest_of
from crawlpool.parse.page import Page

HERE = "http://site.example/"


def as_page(body, content_type):
    headers = () if content_type is None else (("Content-Type", content_type),)
    return Page(Response(request=Request(HERE, target=HERE), status=200, headers=headers, body=body))


def test_a_page_has_a_title_a_count_and_the_links_to_follow():
    body = b"<title> a  b </title><a href=/1></a><a href=/2></a><a href=/1#x></a><img src=/i><a href=#top>"
    assert read_facts(body, "text/html", HERE, with_links=True) == Facts(
        title="a b",
        link_count=4,
        links=("http://site.example/1", "http://site.example/2", HERE),
        digest=digest_of(body),
        vouched=(len(body), len(body), body.count(b"<")),
    )
    assert read_facts(body, "text/html", HERE, with_links=False) == Facts(
        title="a b",
        link_count=4,
        digest=digest_of(body),
        vouched=(len(body), len(body), body.count(b"<")),
    )


def test_what_is_no_page_has_no_facts():
    nothing = Facts(title=None, link_count=0)
    assert read_facts(b"%PDF <a href=/x>", "application/pdf", HERE, with_links=True) == nothing
    assert read_facts(b"", "text/html", HERE, with_links=True) == nothing
    assert read_facts(b"{}", None, HERE, with_links=True) == nothing


def test_a_page_without_a_content_type_is_read():
    assert read_facts(b"<!doctype html><title>t</title>", None, HERE, with_links=False).title == "t"


def test_a_base_that_is_no_url_does_not_lose_the_page():
    assert read_facts(b"<a href=/1>", "text/html", "not a url", with_links=True).link_count == 0


@settings(deadline=None)
@given(
    body=st.binary(max_size=500)
    | st.text(alphabet="<>ahrefbsl=/\"' \u00fc\u65e5?#&;", max_size=300).map(lambda text: text.encode()),
    content_type=st.sampled_from([None, "text/html", "text/html; charset=koi8-r", "text/html; charset=utf-16", "text/plain"]),
)  # fmt: skip
def test_a_worker_and_a_page_never_differ(body, content_type):
    facts = read_facts(body, content_type, HERE, with_links=True)
    page = as_page(body, content_type)
    assert facts.title == page.title
    assert facts.link_count == len(page.links(kinds=None))
    assert list(facts.links) == page.links()
