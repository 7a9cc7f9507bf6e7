"""Pages that are read off their markup, and pages that are left to the parser.

That both readings agree is looked at in `test_scan_agrees.py`, and here for each construct once.
"""

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.model import Facts
from crawlpool.parse import bound, engines, facts, scan
from crawlpool.parse.charrefs import in_text, in_value
from crawlpool.parse.engines import Engine

from ...fuzz.readings import ENGINES, scanned_by

URL = "http://site.example/dir/page"

READ = {
    "an icon": '<svg viewBox="0 0 1 1"><title>Cart</title><g><path d="M0 0"/></g></svg><a href=1>',
    "a symbol of another file": "<svg><use xlink:href='icons.svg#cart'></use></svg>",
    "noscript": "<noscript><img src=1></noscript><a href=2>",
    "a conditional comment": "<!--[if lt IE 9]><script src=1></script><![endif]--><a href=2>",
    "JSON in a script": '<script type="application/json">{"a": "<a href=1>"}</script><a href=2>',
    "a script in an old comment": "<script><!--\n'<a href=1>'\n//--></script><a href=2>",
    "a sign in a value": '<div data-action="click->menu#open" data-b="<a href=1>"><a href=2></div>',
    "values without quotes": "<a class=x href=1?a=b&amp;c>",
    "letters beyond ASCII": "<título href=0><p>é<h1>é<b>ß</b></h1><a href=/é title='\u017f'><a data-é=1 href=\"ü\">",
    "tags that nobody closes": "<ul><li><a href=1>one<li><a href=2>two</ul><p><a href=3><p><a href=4>",
    "links in cells": "<table><tr><td><a href=1></td>\n<td><a href=2></td></tr>\n<tr><th><a href=3></table><a href=4>",
    "a form": "<form action=/s><input name=q><select><option value=1>a<option>b</select></form><a href=1>",
    "a frame": '<iframe src="1"><a href=2></iframe><a href=3>',
    "elements of one's own": "<x-card href=1><a href=2></x-card>",
    "a template": "<template><a href=1></template><a href=2>",
    "titles and headings": "<title> A &amp;\n B</title><h1>Not <b>found</b></h1><title>C</title>",
    "a heading with blocks": f"<h1><div>Words<div><button>x</button></h1>{'long ' * 60}",
    "a canonical link in the head": "<head></head><link rel=canonical href=/c><p>",
    "a canonical link in the body": "<p><link rel=canonical href=/c>",
    "what robots are told": "<meta name=robots content=noindex><meta http-equiv=refresh content='0;url=1'>",
    "a base": "<a href=1><base href=/b/><a href=2>",
    "links not to follow": "<a rel=nofollow href=1><area rel=nofollow href=2><a download href=3>",
    "capitals": '<A HREF="1"><IMG SRC=2><SCRIPT SRC=3></SCRIPT>',
    "old line ends": '<a href="a\r\nb\rc">',
    "a page of no tags": "a < b",
    "nothing": "",
}

LEFT = {
    "a link beside the cells": "<table><tr><a href=1><td><a href=2></table>",
    "a link behind a cell": "<table><tr><td><a href=1></td><a href=2></table>",
    "a formula": "<math><mi href=1></math>",
    "a drawing with HTML in it": "<svg><foreignObject><a href=1></foreignObject></svg>",
    "a drawing with links": "<svg><a href=1><path/></a></svg>",
    "an end tag that closes more than the drawing": "<g><svg></g><title>x</title></svg>",
    "a use deep in a drawing": f"<svg>{'<g>' * 64}<use href=/x /></svg>",
    "a slash that may belong to a value": f"<svg>{'<g x=a/>' * 70}<use href=/x /></svg>",
    "a shadow tree": "<div><template shadowrootmode=open><a href=1></template></div>",
    "a template in a template": "<template><template></template></template>",
    "columns in a template": "<template><col><style></template><a href=1></style></template>",
    "more than options": "<select><div><a href=1></div></select>",
    "framesets": "<frameset><frame src=1></frameset>",
    "a document in an attribute": "<iframe srcdoc='<a href=1>'></iframe>",
    "two bases": "<base href=/a/><base href=/b/>",
    "plain text for good": "<plaintext><a href=1>",
    "a picture by its old name": "<image src=1>",
    "scripts in scripts": "<script><!--<script></script><a href=1>--></script>",
    "a script without an end": "<script><a href=1>",
    "a comment without an end": "<!-- <a href=1>",
    "a tag without an end": "<a href=1",
    "a value without an end": '<a href="1><a href=2>',
    "a NUL": "<a\0 href=1>",
    "an odd heading that says it": "<h1><div>Page not found</div></h1>",
}


@pytest.fixture(params=["re", "pcre2"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """One of those that can be had; all pages are read by it."""
    if request.param not in ENGINES:
        pytest.skip('needs pip install "crawlpool[fast]"')
    found = ENGINES[request.param]
    monkeypatch.setattr(scan, "quick", lambda: found)
    monkeypatch.setattr(scan, "sure", lambda: found)
    return found


def read(page: str, **options: Any) -> Facts:
    return facts.read_facts(page.encode(), "text/html; charset=utf-8", URL, with_links=True, **options)


def read_by_tree(page: str) -> Facts:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "scan", lambda text: None)
        return read(page)


@pytest.mark.parametrize("page", READ.values(), ids=READ)
def test_a_page_of_usual_markup_is_read_without_a_tree_and_comes_to_the_same(
    page: str, engine: Engine
) -> None:
    assert scanned_by(engine, page.encode()) is not None
    assert read(page) == read_by_tree(page)


@pytest.mark.parametrize("page", LEFT.values(), ids=LEFT)
def test_a_page_whose_tree_says_more_than_its_tags_is_left_to_the_parser(page: str, engine: Engine) -> None:
    assert scanned_by(engine, page.encode()) is None
    assert read(page) == read_by_tree(page)


@given(st.lists(st.sampled_from(sorted({*READ.values(), *LEFT.values()})), max_size=4).map("".join))
def test_one_thing_behind_another_is_read_as_by_the_parser(page: str) -> None:
    assert read(page) == read_by_tree(page)


@pytest.mark.skipif("pcre2" not in ENGINES, reason='needs pip install "crawlpool[fast]"')
@pytest.mark.parametrize("page", {**READ, **LEFT}.values(), ids={**READ, **LEFT})
def test_both_engines_say_the_same_in_the_same_words(page: str) -> None:
    html = page.encode().replace(b"\0", b"").replace(b"\r", b"")
    texts = [engine.records(html).texts for engine in ENGINES.values()]

    assert texts[0] == texts[1]


@given(
    st.lists(
        st.sampled_from(
            (
                "<b",
                "<B ",
                "<font\t",
                "<i>",
                "</b ",
                "<strong/",
                "<s\r",
                "<a\n",
                "<br ",
                "<\u017f ",
                "é",
                "x",
                " ",
            )
        )
    ).map("".join)
)
def test_tags_that_may_be_opened_again_are_counted_alike_by_both_engines(page: str) -> None:
    html = page.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bound, "_formats_by_machine", lambda: None)
        by_re = bound._count_formats(html)

    assert bound._count_formats(html) == by_re


class GivesUp:
    """An engine whose limits are too low for any page."""

    def records(self, html: bytes) -> engines.Records:
        raise RuntimeError("match limit exceeded")

    def head_end(self, html: bytes) -> int:
        raise RuntimeError("match limit exceeded")


def test_a_page_that_the_quick_engine_gives_up_on_is_read_by_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = read("<title>t</title><a href=1>")
    monkeypatch.setattr(scan, "quick", GivesUp)

    assert read("<title>t</title><a href=1>") == said
    assert said.title == "t"


def test_a_library_of_that_name_that_says_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Another:
        @staticmethod
        def compile(pattern: bytes) -> "Another":
            return Another()

        @staticmethod
        def sub(words: bytes, html: bytes) -> bytes:
            return html

    monkeypatch.setitem(sys.modules, "pcre2", Another())  # type: ignore[arg-type]

    assert engines.quick.__wrapped__() is None


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        ("&amp;&lt&gt;", "&<>", "&<>"),
        ("&copy=1&copy1&copy;&copy", "©=1©1©©", "&copy=1&copy1©©"),
        ("&notit;&notin;", "¬it;∉", "&notit;∉"),
        ("&#128;&#x41&#0;&#1;&#xD800;&#9999999999;", "€A\ufffd\x01\ufffd\ufffd", "€A\ufffd\x01\ufffd\ufffd"),
        ("&;&#;&#x;&nosuch;&", "&;&#;&#x;&nosuch;&", "&;&#;&#x;&nosuch;&"),
    ],
)
def test_a_reference_without_its_end_is_one_in_text_and_often_none_in_a_value(
    source: str, text: str, value: str
) -> None:
    assert (in_text(source), in_value(source)) == (text, value)


def test_an_anchor_that_is_opened_again_and_again_is_counted_as_often_as_in_the_tree() -> None:
    page = "<p><a href=/1>" + "<p>x" * 100_001

    assert read(page).is_partial


def test_the_hash_of_a_page_s_words_is_taken_of_its_tree() -> None:
    page = f"<p>{' '.join(map(str, range(100)))}<a href=1>"

    assert read(page, is_near=True).simhash is not None
    assert read(page, is_near=True).links == read(page).links
