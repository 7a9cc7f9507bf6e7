import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from crawlpool.parse.bound import MAX_NODES, Walk, _has_short_tags_only, _may_be_in_value, safe_length

NAMES = [
    *(
        "div",
        "p",
        "span",
        "b",
        "i",
        "a",
        "font",
        "li",
        "ul",
        "dd",
        "dt",
        "h1",
        "x",
        "button",
        "form",
        "object",
    ),
    *(
        "table",
        "tr",
        "td",
        "th",
        "caption",
        "col",
        "select",
        "option",
        "optgroup",
        "template",
        "body",
        "frameset",
    ),
    *(
        "svg",
        "math",
        "g",
        "foreignObject",
        "desc",
        "title",
        "style",
        "script",
        "textarea",
        "ruby",
        "rt",
        "br",
        "input",
    ),
]
TOKENS = st.one_of(
    st.sampled_from([f"<{name}>" for name in NAMES]),
    st.sampled_from([f"</{name}>" for name in NAMES]),
    st.sampled_from([f"<{name} />" for name in NAMES]),
    st.sampled_from(["x", "<!--", "-->", "<![CDATA[", "]]>", "</>", '"']),
)


def parse(html):
    return LexborHTMLParser(html, options=LexborDocumentOptions.WO_EVENTS)


def depth_of(tree):
    deepest, depth, node = 0, 0, tree.root
    while True:
        deepest = max(deepest, depth)
        if node.first_child is not None:
            node, depth = node.first_child, depth + 1
            continue
        while node.next is None:
            node, depth = node.parent, depth - 1
            if depth <= 0:
                return deepest
        node = node.next


ORDINARY = [
    b"<ul>" + b"<li><a href=/1>one</a></li>" * 20_000 + b"</ul>",
    b"<ul>" + b"<li><a href=/1>one</a>" * 20_000 + b"</ul>",
    b"<table>" + b"<tr><td><font color=red>1<td>2" * 10_000 + b"</table>",
    b"<select>" + b"<option>a" * 20_000 + b"</select>",
    b"<p>a <b>b</b> <i class=x>c</i>" * 20_000,
    b"<a href=/><svg><title>t</title><g><path d=''/></g></svg></a>" * 10_000,
    b"<dl>" + b"<dt>a<dd>b" * 10_000 + b"</dl>",
    b"<ruby>a<rp>(<rt>b<rp>)</ruby>" * 10_000,
    b"<script>if (a < b) document.write('<div><div>')</script><p>x</p>" * 10_000,
    b"<p data-x='" + b"a=1 " * 100_000 + b"'>",
]


@pytest.mark.parametrize("html", ORDINARY)
def test_a_long_ordinary_page_is_parsed_whole(html):
    assert safe_length(html) == len(html)
    assert Walk(html).safe == len(html)


HOSTILE = {
    "nested": b"<div>" * 200_000,
    "nested, with ends that close nothing": b"<div></x>" * 100_000,
    "nested, with ends in comments": b"<div><!--</div>-->" * 100_000,
    "nested, with ends in attributes": b"<div a='</div>'>" * 100_000,
    "nested, with ends in scripts": b"<div><script></div></script>" * 100_000,
    "nested lists": b"<ul><li>" * 100_000,
    "in a drawing": b"<svg>" + b"<g>" * 100_000 + b"</x>" * 100_000,
    "many attributes": b"<div " + b" ".join(b"a%d" % i for i in range(50_000)) + b">",
    "many attributes with brackets": b"<div " + b" ".join(b"a%d='<>'" % i for i in range(50_000)) + b">",
    "formats opened again": b"<p>" + b"".join(b"<font a=%d>" % i for i in range(4000)) + b"<p>x" * 8000,
    "formats in cells": b"<table>" + b"".join(b"<td><b a=%d><object></td>" % i for i in range(30_000)),
    "open quotes": b'<a "' * 500_000,
    "script in script": b"<script><!--<script" * 100_000,
    "tags in the name of a tag": b"<a" * 500_000,
    "names without end": b"<a" * 16_000 + b"a" * 8_000_000,
    "many attributes in each tag, and tags in them": (b"<a" + b" <a" * 498 + b">") * 5000,
    "many tags of many attributes": (b"<a" + b"".join(b" a%d" % i for i in range(400)) + b">") * 3000,
    "data sections in a drawing": b"<svg>" + b"<![CDATA[>" * 800_000 + b"]]>",
    "slashes in a tag": b"<a " + b"</" * 4_000_000,
    "more closed drawings than are read": b"<svg></svg>" * 550_000,
    "nothing but end tags": b"</div>" * 600_000,
    "raw text in a select": b'<select><textarea><a "' * 100_000,
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_page_is_cut_to_what_parses_quickly(html):
    start = time.process_time()
    tree = parse(html[: safe_length(html)])
    assert time.process_time() - start < 5.0  # it is 2.5 at the worst on an idle machine
    assert len(tree.css("*")) <= MAX_NODES


def test_the_cut_is_where_it_gets_too_much():
    before = b"<p><a href=/kept>a</a>" * 100
    length = safe_length(before + b"<div>" * 200_000)
    assert len(before) < length < len(before) + 200_000


@settings(max_examples=200, deadline=None)
@given(before=st.lists(TOKENS, max_size=3), again=st.lists(TOKENS, min_size=1, max_size=6))
def test_whatever_grows_deep_in_the_parser_grows_in_the_model(before, again):
    def page(times):
        return ("".join(before) + "".join(again) * times).encode()

    growth = depth_of(parse(page(60))) - depth_of(parse(page(20)))
    if growth >= 40:
        assert Walk(page(60)).steps - 3 * Walk(page(20)).steps > 60 * len(again)


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_have_a_safe_length(html):
    assert 0 <= safe_length(html) <= len(html)
    assert 0 <= Walk(html).safe <= len(html)


@pytest.mark.parametrize(
    "tag",
    [
        b"<div " + b" ".join(b"a%d" % i for i in range(50_000)) + b">",
        b"<div " + b" ".join(b"a%d='<>'" % i for i in range(50_000)) + b">",
        b"<div " + b" ".join(b"a%d = \n'>'" % i for i in range(50_000)) + b">",
        b"<div " + b" ".join(b'a%d="x>y"' % i for i in range(50_000)) + b">",
        b"<div " + b" ".join(b"a%d='\">'" % i for i in range(50_000)) + b">",
        b"<div " + b" ".join(b"a%d=%s'>'" % (i, b" " * 40) for i in range(50_000)) + b">",
    ],
)
@pytest.mark.parametrize("around", [b"<br>", b"<p class=\"x\">It's a 'quote' here.</p>" * 2000])
def test_a_tag_of_many_attributes_is_long_whatever_is_in_their_values(tag, around):
    assert _has_short_tags_only(around)
    assert not _has_short_tags_only(around + tag + around)


@given(st.lists(st.sampled_from(["<a ", "b", "=", " ", "'", '"', ">", "/", "<", "x y ", "\n"]), max_size=300))
def test_no_tag_goes_on_where_a_look_says_that_one_ends(parts):
    html = "".join(parts).encode()
    place = html.rfind(b">")
    if place >= 0 and not any(_may_be_in_value(html, quote, 0, place) for quote in (b'"', b"'")):
        (end,) = parse(html[: place + 1] + b"<end-of-it>").css("end-of-it") or [None]
        assert end is not None


def test_an_ordinary_page_of_a_mebibyte_is_not_walked_through(monkeypatch):
    page = (
        b'<div class="x"><p>Some <b>words</b> in <i>it</i>,\n<a href="/1">a link</a> and a line of text.</div>\n'
        * 2200
    )
    assert page.count(b"<") > 16 * 1024
    monkeypatch.setattr("crawlpool.parse.bound.Walk", None)
    assert safe_length(page) == len(page)


def test_formats_that_many_ends_open_again_are_cut():
    formats = b"".join(b"<font a=%d>" % i for i in range(900))
    html = b"<div>" * 1000 + formats + b"</div>x" * 1000
    assert len(parse(html[: safe_length(html)]).css("*")) <= MAX_NODES
