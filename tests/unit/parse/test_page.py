import json
import os
import re
import sys

import pytest

from crawlpool.errors import ConfigError, PageError
from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.parse.page import Page

HTML = (("Content-Type", "text/html; charset=utf-8"),)


def page(
    body="", *, url="http://site.example/dir/", status=200, headers=HTML, parser="html.parser", **fields
):
    request = Request(
        "http://given.example", target=url, depth=2, found_on="http://x.example/", data={"n": 1}
    )
    body = body if isinstance(body, bytes) else body.encode()
    return Page(Response(request=request, status=status, headers=headers, body=body, **fields), parser=parser)


def failed(kind=FailureKind.TIMEOUT, message="not whole after 30 s", **fields):
    return Page(
        Failure(request=Request("http://given.example/x"), kind=kind, message=message, attempts=3, **fields)
    )


def test_a_page_tells_where_it_came_from():
    one = page(elapsed_s=0.5, is_cut=True)
    assert (one.url, one.final_url) == ("http://given.example", "http://site.example/dir/")
    assert (one.depth, one.found_on, one.data, one.attempts) == (2, "http://x.example/", {"n": 1}, 1)
    assert (one.ok, one.status, one.error, one.failure) == (True, 200, None, None)
    assert (one.elapsed_s, one.is_cut) == (0.5, True)
    assert repr(one) == "<Page 200 http://given.example>"
    assert one.raise_for_status() is one


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [(404, "Not Found", "HTTP 404 Not Found"), (503, "", "HTTP 503 Service Unavailable"), (799, "", "HTTP 799"),
     (304, "", "HTTP 304 Not Modified")],
)  # fmt: skip
def test_a_page_that_is_not_ok_says_so(status, reason, error):
    one = page(status=status, reason=reason)
    assert (one.ok, one.error) == (False, error)
    with pytest.raises(PageError, match=f"{error} for http://given.example"):
        one.raise_for_status()


def test_a_url_without_an_answer_is_a_page_too():
    one = failed()
    assert (one.ok, one.status, one.response) == (False, None, None)
    assert one.error == "timeout: not whole after 30 s"
    assert (one.content, one.text, one.content_type, dict(one.headers)) == (b"", "", "", {})
    assert (one.title, one.links(), one.get("a"), one.attempts) == (None, [], None, 3)
    assert one.soup.find("a") is None
    assert repr(one) == "<Page timeout http://given.example/x>"
    with pytest.raises(PageError, match="timeout: not whole after 30 s"):
        one.raise_for_status()


def test_a_page_whose_handler_failed_keeps_its_status_and_is_not_ok():
    answer = Response(request=Request("http://a.example/"), status=200)
    one = failed(FailureKind.HANDLER, "KeyError: 'x'", response=answer)
    assert (one.status, one.ok, one.error) == (200, False, "handler: KeyError: 'x'")


def test_headers_are_found_in_any_case_and_duplicates_are_kept():
    one = page(headers=(("Set-Cookie", "a=1"), ("VIA", "x"), ("set-cookie", "b=2"), ("Via", "y")))
    assert one.headers["via"] == one.headers.get("Via") == "x, y"
    assert one.headers.get_all("Set-cookie") == ["a=1", "b=2"]
    assert "VIA" in one.headers
    assert "etag" not in one.headers
    assert one.headers.get("etag") is None
    assert list(one.headers) == ["set-cookie", "via"]
    with pytest.raises(TypeError):
        one.headers["via"] = "z"


def test_of_two_content_types_the_last_good_one_counts():
    two = (
        ("Content-Type", "text/plain"),
        ("content-type", "text/html; charset=koi8-r"),
        ("content-type", "x"),
    )
    one = page("<title>т</title>".encode("koi8-r"), headers=two)
    assert (one.content_type, one.encoding, one.title) == ("text/html", "koi8-r", "т")


def test_a_page_without_a_label_is_what_its_bytes_are_unless_the_server_forbids_to_look():
    html = "<!doctype html><title>t</title>"
    assert (page(html, headers=()).content_type, page(html, headers=()).title) == ("text/html", "t")
    forbidden = page(html, headers=(("X-Content-Type-Options", "nosniff"),))
    assert (forbidden.content_type, forbidden.title) == ("text/plain", None)


def test_what_the_server_said_stays_to_be_seen():
    one = page(b"GIF89a\1\0\1\0", headers=(("Content-Type", "image/png"),))
    assert (one.content_type, one.response.content_type) == ("image/gif", "image/png")


def test_json_is_utf_8_and_one_wrong_byte_does_not_lose_the_rest():
    headers = (("Content-Type", "application/json; charset=iso-8859-1"),)
    assert page('{"a": "é"}'.encode(), headers=headers).json() == {"a": "é"}
    assert page(b'\xef\xbb\xbf{"a": "\xe9"}', headers=headers).json() == {"a": "\ufffd"}
    assert page('{"a": "é"}'.encode("utf-16"), headers=headers).json() == {"a": "é"}


def test_nothing_is_parsed_before_it_is_asked_for():
    one = page(b"\xff" * 100)
    assert (one.status, one.content[:1], one.depth) == (200, b"\xff", 2)
    assert not {"_tree", "_decoded", "soup"} & set(vars(one))


def test_json_is_read_in_every_encoding_that_it_may_have():
    value = {"a": ["é", 1]}
    for coding in ("utf-8", "utf-8-sig", "utf-16"):
        assert page(json.dumps(value, ensure_ascii=False).encode(coding)).json() == value


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe\xff", b"[" * 200_000])
def test_what_is_no_json_is_quoted(body):
    with pytest.raises(ValueError, match=r"no JSON at http://given\.example") as caught:
        page(body).json()
    assert repr(body[:60]) in str(caught.value)


def test_text_is_taken_by_selector():
    one = page(
        "<h1> A <b>B</b>\n</h1><a href=/x title>1</a><a>2</a><a href=/y>3</a><svg viewBox='0 0'></svg>"
    )
    assert one.get("h1") == "A B"
    assert one.get("h2") is None
    assert one.get("h2", "none") == "none"
    assert one.get_all("a") == ["1", "2", "3"]
    assert one.get("a@href") == "/x"
    assert one.get_all("a@href") == ["/x", "/y"]
    assert one.get("a@title") == ""
    assert one.get("h1@href", "d") == "d"
    assert one.get('a[href="/y"]') == "3"
    assert one.get('a[title="x@y"]') is None
    assert one.get("svg@viewBox") == "0 0"
    assert one.css_first("h1").tag == "h1"
    assert one.css_first("h2") is None
    assert [node.text() for node in one.css("a")] == ["1", "2", "3"]
    assert one.tree is one.tree


@pytest.mark.parametrize("selector", ["a[", "", ":nonsense(", "a[href=\ud800]", ">>"])
@pytest.mark.parametrize("method", ["css", "css_first", "get", "get_all"])
def test_a_wrong_selector_is_quoted(method, selector):
    with pytest.raises(ValueError, match=re.escape(repr(selector))):
        getattr(page("<a>"), method)(selector)


def test_a_wrong_selector_of_links_is_quoted():
    with pytest.raises(ValueError, match=re.escape("'a['")):
        page("<a href=/x>").links(css="a[")
    with pytest.raises(ValueError, match=re.escape("'a['")):
        page("<a href=/x>").follow_all(css="a[")


def test_the_soup_is_built_once_by_the_parser_that_was_named():
    one = page("<p>é<p>", parser="lxml")
    assert one.soup is one.soup
    assert one.soup.html.body.p.text == "é"
    assert one.make_soup("html.parser").html is None
    with pytest.raises(ConfigError, match="'nonsense'"):
        one.make_soup("nonsense")


@pytest.mark.parametrize(
    "body", ["http://looks.example/like/a/url", "file.html", "<?xml version='1.0'?><rss></rss>"]
)
def test_what_a_server_sends_makes_the_soup_warn_nobody(body):
    assert page(body).soup is not None


def test_xpath_sees_what_the_charset_says():
    one = page("<p>é</p><p>\0b</p>".encode("utf-16"), headers=(("Content-Type", "text/html"),))
    assert one.xpath("//p[1]/text()") == ["é"]
    assert one.xpath("count(//p)") == 2.0
    assert page("").xpath("//p") == page("<!-- x -->").xpath("//p") == []
    with pytest.raises(ValueError, match=re.escape("'//p['")):
        one.xpath("//p[")


def test_xpath_without_lxml_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lxml", None)
    with pytest.raises(ConfigError, match=re.escape('xpath needs: pip install "crawlpool[xpath]"')):
        page("<p>").xpath("//p")


def test_links_are_distinct_in_page_order_and_of_the_kinds_asked_for():
    one = page("<a href=b></a><img src=/i><a href=a></a><a href=b#1></a><link rel=next href=n>")
    assert one.links() == [f"http://site.example/dir/{name}" for name in ("b", "a", "n")]
    assert one.links(kinds={"image"}) == one.links(kinds="image") == ["http://site.example/i"]
    assert len(one.links(kinds=None)) == 4
    assert one.links(css="a:first-of-type") == ["http://site.example/dir/b"]
    assert [link.kind for link in one.link_elements()] == ["page", "image", "page", "page", "next"]


def test_what_is_no_page_has_no_links_and_no_title():
    one = page("<title>t</title><a href=/x>", headers=(("Content-Type", "text/plain"),))
    assert (one.title, one.links(), one.link_elements(), one.links(css="a")) == (None, [], [], [])


def test_a_request_for_a_link_is_one_deeper_and_relative_to_the_base():
    one = page("<base href=/base/><a href=x></a>")
    for href in ("x", one.css_first("a"), one.soup.a, one.xpath("//a")[0], "http://site.example/base/x#y"):
        request = one.follow(href, handler="h", data=5)
        assert request.url == "http://site.example/base/x"
        assert (request.depth, request.found_on) == (3, "http://site.example/dir/")
        assert (request.handler, request.data) == ("h", 5)
    assert one.follow("x", depth=0, method="POST").depth == 0


@pytest.mark.parametrize("href", ["mailto:a@b.example", "http://[", "javascript:1"])
def test_following_what_leads_nowhere_is_told_by_its_text(href):
    with pytest.raises(ValueError, match=re.escape(repr(href))):
        page("<a>").follow(href)


def test_following_an_element_without_a_link_is_an_error():
    one = page("<a>x</a>")
    for element in (one.css_first("a"), one.soup.a, one.xpath("//a")[0]):
        with pytest.raises(ValueError, match="leads to no http"):
            one.follow(element)


def test_many_links_are_followed_and_unusable_ones_left_out():
    one = page(
        "<li class=next><a href=2></a><a href=mailto:x></a><a name=y></a></li><img src=/i><a href=3></a>"
    )
    assert [request.url[-1] for request in one.follow_all()] == ["2", "3"]
    assert [request.url[-1] for request in one.follow_all(css="li.next a")] == ["2"]
    assert [request.url[-1] for request in one.follow_all(["a", "tel:1", "b"], priority=2)] == ["a", "b"]
    assert [request.priority for request in one.follow_all(css="a", priority=2)] == [2, 2]


def test_one_url_is_not_taken_for_many():
    with pytest.raises(TypeError, match="follow"):
        page("").follow_all("/x")
    with pytest.raises(TypeError, match="not both"):
        page("").follow_all(["/x"], css="a")


def test_a_wrong_field_of_a_request_is_not_swallowed():
    with pytest.raises(ValueError, match="one body"):
        list(page("<a href=/x>").follow_all(form={"a": 1}, json=2))


def test_a_body_is_saved_whole_under_the_name_given(tmp_path):
    target = tmp_path / "new" / "a.bin"
    assert page(b"\0\xff").save(target) == target
    assert page(b"again").save(str(target)) == target
    assert target.read_bytes() == b"again"
    assert [each.name for each in target.parent.iterdir()] == ["a.bin"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://a.example/", r"a\.example-[0-9a-f]{10}\.html"),
        ("http://a.example:8080/x/y.php?q=1", r"a\.example_8080_x_y-[0-9a-f]{10}\.php"),
        ("http://a.example/../../etc/passwd", r"a\.example_\.\._\.\._etc_passwd-[0-9a-f]{10}\.html"),
        ("http://a.example/%2e%2e/" + "x" * 500, r"a\.example_2e_2e_x+-[0-9a-f]{10}\.html"),
        ("http://[::1]/", r"1-[0-9a-f]{10}\.html"),
    ],
)
def test_a_body_saved_in_a_folder_is_named_after_its_url(tmp_path, url, name):
    target = page("<p>", url=url).save(tmp_path)
    assert target.parent == tmp_path
    assert re.fullmatch(name, target.name)
    assert len(target.name) < 160


def test_two_urls_never_share_a_file(tmp_path):
    urls = ["http://a.example/x/y", "http://a.example/x_y", "http://a.example/x/Y", "http://a.example/x/y?a"]
    assert len({page("x", url=url).save(f"{tmp_path}{os.sep}sub{os.sep}").name.lower() for url in urls}) == 4
    assert len(list((tmp_path / "sub").iterdir())) == 4


def test_there_is_nothing_to_save_without_an_answer(tmp_path):
    with pytest.raises(PageError, match="nothing to save"):
        failed().save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
