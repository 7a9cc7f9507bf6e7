"""Broken markup gives the links that a browser would find: html5lib reads the same page beside us.

html5lib is a second reading of the HTML standard, by others. It is older than the standard of
today in four places, which the cases by hand cover instead: it knows no `template`, lets `select`
hold no links, lets an end tag `p` or `br` not end a drawing, and a stray `</br>` not forbid frames.
"""

import re

import html5lib
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crawlpool.parse.html import tree_of
from crawlpool.parse.links import extract
from crawlpool.urls import join

HERE = "http://site.example/dir/page"

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
MATH = "{http://www.w3.org/1998/Math/MathML}"
XLINK = "{http://www.w3.org/1999/xlink}href"

SOURCES = {
    "iframe": ("src", "frame"),
    "frame": ("src", "frame"),
    "img": ("src", "image"),
    "script": ("src", "script"),
    "video": ("src", "media"),
    "audio": ("src", "media"),
    "source": ("src", "media"),
    "track": ("src", "media"),
    "embed": ("src", "media"),
    "object": ("data", "media"),
}
RELS = {"stylesheet": "style", "next": "next", "canonical": "canonical", "alternate": "alternate"}


def links_by_html5lib(html, url):
    """Every (url, kind) of a page."""
    tree = html5lib.parse(html, treebuilder="etree", scripting=False)
    parents = {child: parent for parent in tree.iter() for child in parent}
    base = url
    for element in tree.iter(HTML + "base"):
        if "href" in element.attrib:
            base = (element.attrib["href"] and join(url, element.attrib["href"])) or url
            break
    found = ((join(base, reference), kind) for reference, kind in _named(tree, parents))
    return {(target, kind) for target, kind in found if target is not None}


def _named(tree, parents):
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue  # a comment
        given, name = element.attrib, element.tag.partition("}")[2]
        if element.tag.startswith(HTML):
            yield from _of_html(element, name, given, parents)
        elif element.tag.startswith(SVG):
            href = given.get("href", given.get(XLINK))
            if name == "a" and href is not None:
                yield href, "download" if "download" in given else "page"
            elif name in {"image", "use", "feImage"} and href and not href.startswith("#"):
                yield href, "image"
            elif name == "script" and given.get("href", given.get(XLINK)):
                yield href, "script"
        elif element.tag.startswith(MATH):
            href = given.get("href", given.get(XLINK))
            if href or (name == "a" and href is not None):
                yield href, "page"


def _of_html(element, name, given, parents):
    if name in {"a", "area"} and "href" in given:
        yield given["href"], "download" if "download" in given else "page"
    elif name in SOURCES:
        attribute, kind = SOURCES[name]
        if given.get(attribute):
            is_picture = name == "source" and parents[element].tag == HTML + "picture"
            yield given[attribute], "image" if is_picture else kind
    elif name == "link" and given.get("href"):
        rel = given.get("rel", "").lower()
        if rel in RELS:
            yield given["href"], RELS[rel]
    elif name == "meta" and given.get("http-equiv", "").lower() == "refresh":
        if found := re.fullmatch(r"\s*\d+;url=([^'\"\s]+)", given.get("content", "")):
            yield found[1], "refresh"
    elif name == "input" and given.get("type") == "image" and given.get("src"):
        yield given["src"], "image"


def links(html):
    tree = tree_of(html.encode(errors="replace"), "text/html; charset=utf-8")
    return {(link.url, link.kind) for link in extract(tree, HERE, is_everything=False)}


def paths(html):
    return {url.removeprefix("http://site.example") for url, _ in links(html)}


# Broken by hand; the links are those of the standard's tree construction (13.2.6) and tokenizer (13.2.5).
CASES = [
    # formatting elements that are closed late, twice or never (the adoption agency)
    ("<a href=/1><p><a href=/2>x</a></p>", "/1 /2"),
    ("<b><a href=/1><p></b><a href=/2>x</p></a>", "/1 /2"),
    ("<a href=/1><b><i><u><s><a href=/2><p></a></b></i>x", "/1 /2"),
    ("<a href=/1><div><a href=/2><div><a href=/3></div></div>", "/1 /2 /3"),
    ("<nobr><a href=/1><nobr><a href=/2></nobr></a>", "/1 /2"),
    # what stands in a table and does not belong there goes in front of it (foster parenting)
    ("<table><a href=/1>x<tr><td><a href=/2>", "/1 /2"),
    ("<a href=/1><table><a href=/2></table>x", "/1 /2"),
    ("<table><tr><a href=/1><td></a><a href=/2></table><a href=/3>", "/1 /2 /3"),
    ("<table><tr><td><table><tr><iframe src=/1></iframe><link rel=next href=/2></table>", "/1 /2"),
    ("<table><caption><a href=/1><col><a href=/2></caption>", "/1 /2"),
    ("<table><tr><input type=image src=/1><input type=hidden src=/no>", "/1"),
    # drawings: HTML ends them, or stands in them where it may
    ("<svg><a href=/1><p><a href=/2>", "/1 /2"),
    ("<svg><a xlink:href=/1 /><foreignObject><a xlink:href=/no href=/2></foreignObject>", "/1 /2"),
    ("<svg><font><a href=/1></font><font color=x><img src=/2>", "/1 /2"),
    ("<svg><title><a href=/1></a></title><desc><link rel=next href=/2></desc><link rel=next href=/no>", "/1 /2"),
    ("<svg><iframe src=/no></iframe><area href=/no><object data=/no></object></svg><area href=/1>", "/1"),
    ("<svg><image href=/1 xlink:href=/no /><image xlink:href=/2 /><use href=#no /><use href=/3#x />", "/1 /2 /3"),
    ("<svg><script href=/1 /><script src=/no></script></svg><script src=/2></script>", "/1 /2"),
    ("<svg><![CDATA[<a href=/no>]]><a href=/1>", "/1"),
    ("<svg><style><a href=/1></style>", "/1"),
    ("<math><mi href=/1></mi><mtext><a href=/2></a></mtext><mi xlink:href=/3>", "/1 /2 /3"),
    ("<math><annotation-xml encoding=text/html><link rel=next href=/1></annotation-xml>", "/1"),
    ("<math><annotation-xml><svg><a href=/1><image href=/2 />", "/1 /2"),
    ("<math href=/1><desc><object data=/no>", "/1"),
    ("<svg><math><area href=/no>", ""),
    ("<svg><base href=/no/></svg><a href=x>", "/dir/x"),
    ("<a xlink:href=/no><use href=/no><image href=/no>", ""),
    # text that looks like markup
    ("<title><a href=/no></title><textarea><a href=/no></textarea><a href=/1>", "/1"),
    ("<script><!--<script></script><a href=/no></script>--></script><a href=/1>", "/1"),
    ("<script><!--</script><a href=/1>-->", "/1"),
    ("<style><!--</style><a href=/1>-->", "/1"),
    ("<noembed><a href=/no></noembed><noframes><a href=/no></noframes><iframe><a href=/no></iframe><xmp><a href=/no></xmp><a href=/1>", "/1"),
    ("<plaintext><a href=/no>", ""),
    ("<noscript><a href=/1><iframe src=/2></iframe></noscript>", "/1 /2"),
    ("<head><noscript><link rel=next href=/1><a href=/2></noscript>", "/1 /2"),
    ("<![CDATA[<a href=/no>]]><a href=/1>", "/1"),
    # comments, and what is taken for one
    ("<!--><a href=/1>", "/1"),
    ("<!---><a href=/1>", "/1"),
    ("<!-- a --!><a href=/1>", "/1"),
    ("<!-- <!-- --><a href=/1> -->", "/1"),
    ("<!-- a -- > <a href=/no>", ""),
    ("<?php ?><a href=/1></ a href=/no><a href=/2>", "/1 /2"),
    # attributes
    ("<a href=/1 href=/no>", "/1"),
    ("<A HREF=/1><LINK REL=NEXT HREF=/2><IMG SRC=/3>", "/1 /2 /3"),
    ("<a/href=/1/><a =x href=/2><a x=y'z\"href=/no href=/3><a href\n=\n'/4'>", "/1/ /2 /3 /4"),
    ("<a href='/1\"'><a href=\"/2'\"><a title='>' href=/3>", "/1%22 /2' /3"),
    ("<a href='/1><p><a href='/2'>x</a>", "/1%3E%3Cp%3E%3Ca%20href="),
    ("<a href=/1><a href=/no", "/1"),
    ("<a href=/?a&amp;b&copy;&copy=1&notit;&#x41;&#65&AMP>", "/?a&b%C2%A9&copy=1&notit;AA&"),
    # the frame of the page
    ("</body></html><a href=/1>", "/1"),
    ("<frameset><a href=/no><frame src=/1><noframes><a href=/no></noframes></frameset><a href=/no>", "/1"),
    ("<p>x<frameset><frame src=/no></frameset><a href=/1>", "/1"),
    ("<head><link rel=next href=/1></head><link rel=next href=/2><meta http-equiv=refresh content='0;url=/3'>", "/1 /2 /3"),
    ("<form><a href=/1><form><a href=/2></form><a href=/3>", "/1 /2 /3"),
    ("<button><a href=/1><button><a href=/2>", "/1 /2"),
    ("<ul><li><a href=/1><li><a href=/2></ul><dl><dt><a href=/3><dd><a href=/4>", "/1 /2 /3 /4"),
    ("<image src=/1><p><image src=/2>", "/1 /2"),
    ("<a href=x><p><base href=/b/><base href=/c/>", "/b/x"),
    ("<table><base href=/b/><tr><td><a href=x>", "/b/x"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "expected"), CASES)
def test_broken_markup_gives_the_links_that_a_browser_finds(html, expected):
    assert paths(html) == set(expected.split())
    assert links(html) == links_by_html5lib(html, HERE)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<svg></p><input type=image src=/1>", "/1"),
        ("<math></br><iframe src=/1></iframe>", "/1"),
        ("</br><frameset><frame src=/no></frameset><a href=/1>", "/1"),
        ("<select><a href=/1>x</a><div><a href=/2></div><option><a href=/3></select><a href=/4>", "/1 /2 /3 /4"),
        ("<select><button><a href=/1></button><option><img src=/2></select>", "/1 /2"),
        ("<template><a href=/no></template><table><template><tr><td><a href=/no></template><a href=/1>", "/1"),
        ("<template><base href=/no/></template><a href=x>", "/dir/x"),
        ("<div><template shadowrootmode=open><a href=/1><template><a href=/no></template></template><a href=/2></div>", "/1 /2"),
        ("<p><template shadowrootmode=OPEN><slot></slot><section><template shadowrootmode=closed><a href=/1>", "/1"),
        ("<my-card><template shadowrootmode=open><img src=/1></template><template shadowrootmode=open><a href=/no></template>", "/1"),
        ("<ul><template shadowrootmode=open><a href=/no></template></ul><div><template shadowrootmode=shut><a href=/no></template></div>", ""),
        ("<div><template shadowrootmode=open><base href=/no/><a href=x></template></div>", "/dir/x"),
    ],
)  # fmt: skip
def test_where_the_standard_has_changed_since_it_is_read_as_today(html, expected):
    assert paths(html) == set(expected.split())


@pytest.mark.xfail(
    reason="lexbor drops an image start tag that is moved out of a table; as img it is kept", strict=True
)
def test_an_image_by_its_old_name_is_found_where_a_table_pushes_it_out():
    assert paths("<table><image src=/1>") == {"/1"}


NAMES = [
    *(
        [
            "a",
            "a",
            "a",
            "b",
            "i",
            "font",
            "nobr",
            "code",
            "big",
            "p",
            "div",
            "span",
            "ul",
            "li",
            "dl",
            "dd",
            "dt",
            "h1",
            "h2",
            "center",
            "address",
            "pre",
            "listing",
            "fieldset",
            "main",
        ]
    ),
    *(
        [
            "table",
            "table",
            "tr",
            "td",
            "th",
            "tbody",
            "caption",
            "colgroup",
            "col",
            "form",
            "button",
            "object",
            "applet",
            "marquee",
            "ruby",
            "rt",
            "rp",
        ]
    ),
    *(
        [
            "svg",
            "svg",
            "math",
            "g",
            "foreignObject",
            "desc",
            "title",
            "mi",
            "mtext",
            "annotation-xml",
            "head",
            "body",
            "html",
            "frameset",
            "frame",
        ]
    ),
    *(
        [
            "noscript",
            "noembed",
            "noframes",
            "style",
            "script",
            "textarea",
            "xmp",
            "plaintext",
            "iframe",
            "br",
            "hr",
            "img",
            "input",
            "link",
            "meta",
        ]
    ),
    *(["base", "area", "video", "audio", "source", "track", "embed", "picture", "param", "wbr"]),
]
RAW = {"script", "style", "textarea", "title", "xmp", "noembed", "noframes", "iframe"}
GIVEN = {
    "a": "href", "area": "href", "base": "href", "link": "rel=next href", "mi": "href", "g": "href",
    "object": "data", "meta": "http-equiv=refresh content=0;url", "input": "type=image src",
    "annotation-xml": "encoding=text/html x",
    **dict.fromkeys(["img", "script", "iframe", "frame", "video", "audio", "source", "track", "embed"], "src"),
}  # fmt: skip


@st.composite
def tags(draw):
    name = draw(st.sampled_from(NAMES))
    form = draw(st.integers(0, 9))
    if form < 3:
        return f"</{name}>" if name != "br" else "<br>"
    if form == 3:
        return draw(
            st.sampled_from(
                ["text", " ", "<!-- x -->", "<!--", "-->", "<![CDATA[", "]]>", "<", "<!doctype html>"]
            )
        )
    place = draw(st.integers(1, 9))
    ending = draw(st.sampled_from(["", "", "", " /", "/"]))
    attribute = f" {GIVEN[name]}=/{place}" if name in GIVEN else draw(st.sampled_from(["", " x", " color=y"]))
    if name == "a" and form == 4:
        attribute = f" xlink:href=/{place}"
    tag = f"<{name}{attribute}{ending}>"
    if name in RAW and form > 5:
        tag += draw(st.sampled_from(["", "<a href=/raw>", "<!--<script>"])) + f"</{name}>"
    return tag


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(tags(), min_size=1, max_size=25))
def test_any_markup_gives_the_links_that_a_browser_finds(page):
    html = "".join(page)
    assume("</p>" not in html or not ("<svg" in html or "<math" in html))
    assert links(html) == links_by_html5lib(html, HERE)


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet="<>/ahrefsvgbtd=\"' !-?&;#x\0\n\f\u00fc", max_size=200))
def test_any_characters_give_the_links_that_a_browser_finds(html):
    assert links(html) == links_by_html5lib(html, HERE)
