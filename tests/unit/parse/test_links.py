import time
from html import escape

import bs4
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlpool.parse.html import tree_of
from crawlpool.parse.links import FOLLOWED, SEARCHED_FOR, Link, extract, targets
from crawlpool.parse.refresh import refresh_of
from crawlpool.parse.srcset import candidates_of
from crawlpool.urls import join

HERE = "http://site.example/dir/page.html?q=1"


def links(html, *, url=HERE, content_type="text/html; charset=utf-8", css=None):
    body = html if isinstance(html, bytes) else html.encode()
    tree = tree_of(body, content_type)
    kept = None if css is None else {node.mem_id for node in tree.root.css(css)}
    return extract(tree, url, kept=kept)


def kinds(html):
    return {link.url.removeprefix("http://site.example"): link.kind for link in links(html)}


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href=x>", {"/dir/x": "page"}),
        ("<map><area href=/x>", {"/x": "page"}),
        ("<a href=x download>", {"/dir/x": "download"}),
        ("<iframe src=/f></iframe>", {"/f": "frame"}),
        ("<frameset><frame src=/f></frameset>", {"/f": "frame"}),
        ("<img src=/i srcset='/i1 1x, /i2 2x'>", {"/i": "image", "/i1": "image", "/i2": "image"}),
        ("<picture><source srcset='/a 100w'><img src=/b></picture>", {"/a": "image", "/b": "image"}),
        ("<video src=/v poster=/p><source src=/s></video>", {"/v": "media", "/p": "image", "/s": "media"}),
        ("<script src=/j></script>", {"/j": "script"}),
        ("<link rel=stylesheet href=/c>", {"/c": "style"}),
        ("<link rel='alternate stylesheet' href=/c>", {"/c": "style"}),
        ("<link rel='Shortcut ICON' href=/i>", {"/i": "image"}),
        ("<link rel=next href=/n><link rel=prev href=/p>", {"/n": "next", "/p": "prev"}),
        ("<link rel=canonical href=/c><link rel=alternate hreflang=de href=/d>", {"/c": "canonical", "/d": "alternate"}),
        ("<link rel=alternate type='application/rss+xml; charset=utf-8' href=/r>", {"/r": "feed"}),
        ("<link rel=preconnect href=/x><link href=/y><link rel='' href=/z>", {}),
        ("<meta http-equiv=Refresh content='5; URL=/r'>", {"/r": "refresh"}),
        ("<svg><a xlink:href=/x /><use href='#a'/></svg>", {"/x": "page"}),
        ("<input type=image src=/i><input src=/no>", {"/i": "image"}),
        ("<form action=/f><button formaction=/b></button><input formaction=/i></form><form action=''></form>",
         {"/f": "form", "/b": "form", "/i": "form"}),
        ("<a href=/x ping='/1 /2'>", {"/x": "page", "/1": "ping", "/2": "ping"}),
        ("<blockquote cite=/1></blockquote><q cite=/2></q><ins cite=/3></ins><del cite=/4></del><p cite=/no>",
         {"/1": "cite", "/2": "cite", "/3": "cite", "/4": "cite"}),
        ("<img src=/i longdesc=/d>", {"/i": "image", "/d": "cite"}),
        ("<body background=/1><table background=/2><tr background=/3><td background=/4><p background=/no>",
         {"/1": "image", "/2": "image", "/3": "image", "/4": "image"}),
        ("<html manifest=/m>", {"/m": "resource"}),
        ("<object data=/o></object><embed src=/e>", {"/o": "media", "/e": "media"}),
        ("<object type='Text/HTML; x' data=/o></object><embed type=text/html src=/e>", {"/o": "frame", "/e": "frame"}),
        ("<audio src=/a><track src=/t></audio>", {"/a": "media", "/t": "media"}),
        ("<link rel=preload as=image imagesrcset='/1, /2 2x' href=/0>", {"/0": "image", "/1": "image", "/2": "image"}),
        ("<link rel=preload as=font href=/f><link rel=preload as=style href=/c><link rel=preload as=fetch href=/x>",
         {"/f": "font", "/c": "style", "/x": "resource"}),
        ("<link rel=modulepreload href=/m><link rel=manifest href=/w><link rel=prefetch href=/p>",
         {"/m": "script", "/w": "resource", "/p": "resource"}),
        ("<link rel=icon href=/i><link rel=apple-touch-icon-precomposed href=/a><link rel=mask-icon href=/m>",
         {"/i": "image", "/a": "image", "/m": "image"}),
        ("<link rel='author' href=/a><link rel=search href=/s><link rel=license href=/l>",
         {"/a": "related", "/s": "related", "/l": "related"}),
        ("<link rel='nofollow\fNEXT' href=/n><link rel='pre\u0130v\u00a0next' href=/x>", {"/n": "next", "/x": "related"}),
        ("<link rel='expect dns-prefetch' href=#x>", {}),
        ("<iframe srcdoc=\"<a href='/1'>x</a><img src=/2>\" src=/3></iframe>", {"/1": "page", "/2": "image", "/3": "frame"}),
        ("<math><mi href=/m>x</mi></math><mi href=/no>", {"/m": "page"}),
        ("<svg><image href=/i /><feImage href=/f /><use href=/u#x /><script href=/s /></svg>",
         {"/i": "image", "/f": "image", "/u": "image", "/s": "script"}),
    ],
)  # fmt: skip
def test_every_way_to_name_a_url_has_its_kind(html, expected):
    assert kinds(html) == expected


@pytest.mark.parametrize(
    "html",
    [
        "<template><a href=/x></a></template>",
        "<!-- <a href=/x> -->",
        "<script>document.write('<a href=/x>')</script>",
        "<style><a href=/x></style>",
        "<textarea><a href=/x></textarea>",
        "<a name=x>",
        "<img src=''><iframe src=''></iframe><link rel=next href=''>",
    ],
)
def test_what_no_browser_would_follow_is_no_link(html):
    assert links(html) == []


def test_a_link_in_noscript_is_followed():
    assert kinds(
        "<noscript><a href=/x></a></noscript><head><noscript><link rel=next href=/y></noscript>"
    ) == {
        "/x": "page",
        "/y": "next",
    }


@pytest.mark.parametrize(
    "href", ["mailto:a@b.example", "javascript:void(0)", "tel:1", "data:text/html,x", "ftp://a.example/", "http://[", "//", "http://a b/"]
)  # fmt: skip
def test_a_href_that_leads_nowhere_loses_only_itself(href):
    assert [link.url for link in links(f'<a href="{href}"></a><a href="/ok">')] == ["http://site.example/ok"]


@pytest.mark.parametrize(
    ("href", "url"),
    [
        (" \n/x\t ", "http://site.example/x"),
        ("/a\nb", "http://site.example/ab"),
        ("//Other.Example:80/", "http://other.example/"),
        ("?q=2", "http://site.example/dir/page.html?q=2"),
        ("", HERE),
        ("#top", HERE),
        ("../a/./b/../c", "http://site.example/a/c"),
        ("/\u00fc?\u00fc", "http://site.example/%C3%BC?%C3%BC"),
        ("http:x", "http://site.example/dir/x"),
        (r"\\other.example\x", "http://other.example/x"),
        ("/a&amp;b&copy=1", "http://site.example/a&b&copy=1"),
        ("http://user:secret@a.example/", "http://a.example/"),
    ],
)
def test_a_href_is_joined_as_the_url_standard_says(href, url):
    assert [link.url for link in links(f'<a href="{href}">')] == [url]


@pytest.mark.parametrize(
    ("bases", "url"),
    [
        ("<base href=/b/>", "http://site.example/b/x"),
        ("<base href=../b/>", "http://site.example/b/x"),
        ("<base href=http://other.example/b/c>", "http://other.example/b/x"),
        ("<base target=_top><base href=/b/><base href=/c/>", "http://site.example/b/x"),
        ("<base href='javascript:1'><base href=/c/>", "http://site.example/dir/x"),
        ("<base href='http://['>", "http://site.example/dir/x"),
        ("<base href>", "http://site.example/dir/x"),
        ("<base href=ftp://site.example/b/><a href=http://site.example/b/x></a>", "http://site.example/b/x"),
        ("<base href=mailto:a@b.example><a href=http://site.example/b/x></a>", "http://site.example/b/x"),
        ("<base href=data:text/html,x>", "http://site.example/dir/x"),
        ("<base href=//>", "http://site.example/dir/x"),
        ("<svg><base href=/b/></svg>", "http://site.example/dir/x"),
        ("<!-- <base href=/b/> --><template><base href=/b/></template>", "http://site.example/dir/x"),
    ],
)
def test_the_first_base_counts_if_it_can_be_used(bases, url):
    assert [link.url for link in links(f"<a href=x></a>{bases}")] == [url]


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0;url=/a", "/a"), ("0; URL = '/a' x", "/a"), ('3,"/a"', "/a"), ("0 /a", "/a"), ("0;/a", "/a"),
        (".5;url=/a", "/a"), (" 0 ; url=/a ", "/a"), ('0;url="/a', "/a"), ("0;url/a", "url/a"), ("1.5.2;a", "a"),
        ("5", None), ("5;", None), ("", None), ("url=/a", None), ("0url=/a", None), ("-1;url=/a", None),
    ],
)  # fmt: skip
def test_a_refresh_is_read_as_the_html_standard_says(content, target):
    assert refresh_of(content) == target


@pytest.mark.parametrize(
    ("srcset", "urls"),
    [
        ("/a 1x, /b 2x", ["/a", "/b"]), ("/a,/b 2x", ["/a,/b"]), ("/a, /b", ["/a", "/b"]), (", ,/a,,", ["/a"]),
        ("/a (1x, 2x) 3w, /b", ["/b"]), ("data:image/png;base64,AA== 1x, /b", ["data:image/png;base64,AA==", "/b"]),
        ("/a (never closed, /b", []), ("/a 1x 2x, /b 0w, /c -1x, /d 2h, /e 1q, /f 9w 2h, /g .5e1x, /h 0x", ["/f", "/g", "/h"]), ("", []), (" , ", []),
    ],
)  # fmt: skip
def test_a_srcset_is_split_as_the_html_standard_says(srcset, urls):
    assert list(candidates_of(srcset)) == urls


def test_a_query_is_sent_in_the_charset_of_its_page():
    page = '<a href="/é?é=日#é">x</a>'
    assert links(page.replace("日", "&#26085;").encode("latin-1"), content_type="text/html; charset=latin1")[
        0
    ].url == ("http://site.example/%C3%A9?%E9=%26%2326085%3B")
    assert links('<a href="/?日本">'.encode("euc-jp"), content_type="text/html; charset=euc-jp")[0].url == (
        "http://site.example/?%C6%FC%CB%DC"
    )


def test_rel_and_text_come_along():
    assert links("<a rel='NoFollow ugc' href=/x> some \n <b>text</b></a><area alt=here href=/y>") == [
        Link("http://site.example/x", "page", "nofollow ugc", "some text"),
        Link("http://site.example/y", "page", "", "here"),
    ]


def test_a_selector_keeps_to_the_elements_that_it_matches():
    html = "<ul><li class=next><a href=/2>2</a></ul><a href=/3>3</a><img src=/i>"
    assert [link.url for link in links(html, css="li.next a")] == ["http://site.example/2"]
    assert links(html, css="li.next") == []


def test_what_a_worker_counts_is_what_a_page_lists():
    html = (
        "<a href=x></a><a href=x#1></a><img src=/i><a href=''></a><a href=mailto:x></a><link rel=next href=n>"
        "<form action=/f></form><p style='background:url(/bg)'><q cite=/c></q>"
    )
    tree = tree_of(html.encode(), "text/html")
    found = extract(tree, HERE, is_everything=False)
    counted = targets(tree, HERE, with_links=True)
    assert counted.url_count == len({link.url for link in found}) == 4
    assert counted.followed == tuple(dict.fromkeys(link.url for link in found if link.kind in FOLLOWED))
    assert targets(tree, HERE, with_links=False) == (4, (), 0, False, ())
    rest = [link for link in extract(tree, HERE) if link not in found]
    assert [(link.url[19:], link.kind) for link in rest] == [("/f", "form"), ("/bg", "image"), ("/c", "cite")]
    assert {link.kind for link in rest} <= SEARCHED_FOR


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=20))
def test_anchors_agree_with_html_parser(hrefs):
    html = (
        "".join(f'<p><a href="{escape(href)}">x</a></p>' for href in hrefs)
        .replace("\0", "")
        .replace("\r", "")
    )
    expected = [
        join(HERE, a["href"]) for a in bs4.BeautifulSoup(html, "html.parser").find_all("a", href=True)
    ]
    assert [link.url for link in links(html.encode(errors="replace"))] == [url for url in expected if url]


def test_a_document_in_a_frame_is_relative_to_its_page_or_its_own_base():
    inner = "<iframe srcdoc='<a href=3>'></iframe><a href=2>"
    assert [link.url[20:] for link in links(
        f'<base href=/b/><a href=1></a><iframe srcdoc="{escape(inner)}"></iframe>'
        '<iframe srcdoc="<base href=c/><a href=4>"></iframe><a href=5>'
    )] == ["b/1", "b/3", "b/2", "b/c/4", "b/5"]  # fmt: skip


def test_documents_in_frames_end_somewhere():
    html = "<a href=/deep>"
    for _ in range(6):
        html = f'<iframe srcdoc="{escape(html)}"></iframe>'
    html += "<iframe srcdoc='<a href=/x>'></iframe>" * 300 + "<a href=/last>"
    tree = tree_of(html.encode(), "text/html")
    found = targets(tree, HERE, with_links=True)
    assert found.is_partial
    assert found.followed == ("http://site.example/x", "http://site.example/last")


def test_links_beyond_the_most_are_counted_and_left_out():
    html = "".join(f"<a href=/{n}></a><img src=/{n}.png>" for n in range(30)).encode()
    tree = tree_of(html, "text/html")
    assert targets(tree, HERE, with_links=True, most=30)[2:4] == (0, False)
    count, followed, left_out, is_partial, _ = targets(tree, HERE, with_links=True, most=20)
    assert (count, left_out, is_partial) == (60, 10, True)
    assert followed == tuple(f"http://site.example/{n}" for n in range(20))
    assert targets(tree, HERE, with_links=False, most=20) == (60, (), 0, False, ())


def test_a_page_of_countless_references_takes_no_two_seconds_and_is_known_to_be_read_in_part():
    body = b"".join(b"<a href=/%d>" % n for n in range(105_000)) + b"<img srcset='" + b"a, " * 100_000 + b"'>"
    tree = tree_of(body, "text/html")
    start = time.process_time()
    found = targets(tree, HERE, with_links=True)
    assert time.process_time() - start < 2.0
    assert found.is_partial
    assert len(found.followed) == 10_000


def test_a_page_of_ten_thousand_links_takes_no_second():
    body = b"".join(b'<li><a href="/item/%d?x=1">item %d</a></li>' % (i, i) for i in range(10_000))
    start = time.process_time()
    found = targets(tree_of(body, "text/html"), HERE, with_links=True)
    assert time.process_time() - start < 2.0
    assert found.url_count == len(found.followed) == 10_000
    assert not found.is_partial


@pytest.mark.parametrize(
    "html",
    [
        "<meta http-equiv=refresh content='" + "1" * 1_000_000 + "x'>",
        "<meta http-equiv=refresh content='" + " " * 1_000_000 + "x'>",
        "<img srcset='" + "(" * 1_000_000 + "'>",
        "<img srcset='" + ",a" * 500_000 + "'>",
        "<link rel='" + "a " * 500_000 + "' href=x>",
        "<a href='" + "../" * 300_000 + "'>",
        "<p style='" + "url(a " * 100_000 + "'>",
        "<svg>" * 3000 + "<link href=x>" * 3000,
        "<div><template shadowrootmode=open>" * 3000 + "<a href=x>" * 3000,
        "<iframe srcdoc='" + "<a href=x>" * 50_000 + "'></iframe>",
        "<iframe srcdoc='<p>'></iframe>" * 20_000,
        "<a href=x ping='" + "a " * 100_000 + "'>",
    ],
)
def test_a_hostile_attribute_takes_no_second(html):
    start = time.process_time()
    links(html)
    assert time.process_time() - start < 2.0


@settings(deadline=None)
@given(
    st.text(alphabet="<>ahrefbsl=/\"' #?:.\u00fc\0", max_size=300),
    st.sampled_from(["utf-8", "koi8-r", "utf-16"]),
)
def test_any_markup_gives_urls_in_normal_form(html, charset):
    for link in links(html.encode(charset, "replace"), content_type=f"text/html; charset={charset}"):
        assert join(link.url, "") == link.url


@pytest.mark.parametrize(
    ("charset", "query", "sent"),
    [
        ("iso-2022-jp", "日本語", "%1B$BF|K\\8l%1B(B"),
        ("iso-2022-jp", "あ", "%1B$B$%22%1B(B"),
        ("shift_jis", "ソ ~ｱ", "%83\\%20~%B1"),
        ("gbk", "€ 😀", "%80%20%26%23128512%3B"),
        ("big5", "功\n\t能 ", "%A5\\%AF%E0"),
        ("windows-1252", "é ", "%E9"),
        ("utf-16le", "é", "%C3%A9"),
    ],
)
def test_a_query_is_encoded_whole_and_what_ends_a_url_in_it_is_escaped(charset, query, sent):
    page = f'<a href="/?{query}">'
    encoded = page.encode(charset if charset != "utf-16le" else "utf-16-le", "xmlcharrefreplace")
    assert links(encoded, content_type=f"text/html; charset={charset}")[0].url.endswith(
        f"/?{sent}".partition("#")[0]
    )
