import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlpool.model import Request, Response
from crawlpool.parse import page as page_module
from crawlpool.parse import select as select_module
from crawlpool.parse.html import tree_of
from crawlpool.parse.page import Page
from crawlpool.parse.select import Shape, TooCostlyError, plan_of, select, select_first


def root_of(html):
    return tree_of(html.encode(), "text/html; charset=utf-8").root


def page_of(html):
    return Page(
        Response(
            request=Request("http://a.test/", target="http://a.test/"),
            status=200,
            headers=(("Content-Type", "text/html; charset=utf-8"),),
            body=html.encode(),
        )
    )


DEEP = "<div>" * 12_000 + "<p>x<a href=/x>y</a>" * 20
LONG = "<p>x</p>" * 50_000  # for which lexbor alone takes 14 s


@pytest.mark.parametrize(
    ("html", "selector", "count"),
    [
        (DEEP, "nav div div div a", 0),
        (DEEP, "div div div a[href]", 20),
        (DEEP, "nav div div a, div div div p", 20),
        (DEEP, "section > div div div div > a", 0),
        (LONG, "a ~ p", 0),
        (LONG, "p ~ p ~ p", 49_998),
        (LONG, "body > p + p ~ b", 0),
        (DEEP, "div:has(b) div", 0),
        (LONG, "p:not(.x, [title='a ~ b'], [title~=a])", 50_000),
    ],
)
def test_a_selector_that_a_hostile_page_makes_endless_is_answered_in_a_moment(html, selector, count):
    page = page_of(html)
    began = time.process_time()
    assert len(page.css(selector)) == count
    assert time.process_time() - began < 5
    assert page.links(css=selector) == (["http://a.test/x"] if "a[href]" in selector else [])


@pytest.mark.parametrize(
    ("html", "selector"),
    [
        (DEEP, "div:not(nav div div div a)"),
        (DEEP, "div:has(div div div b) div div b"),
        (DEEP, "div:has(div:has(b))"),
        (LONG, "p:has(~ b)"),
        (LONG, "p:has(~b)"),
        (LONG, "p:not(b~p)"),
        (LONG, "p:is(i, b ~p~ p)"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_on_such_a_page_and_done_on_others(html, selector):
    page = page_of(html)
    with pytest.raises(ValueError, match="would take too long on this page"):
        page.css(selector)
    assert page_of("<div><div><p><a href=/x>").css(selector) is not None


def test_a_very_long_list_is_not_counted_and_a_long_one_is():
    with pytest.raises(ValueError, match="it counts siblings"):
        page_of(LONG).css("p:nth-child(2n)")
    assert len(page_of("<p>x</p>" * 5000).css("p:nth-child(2n)")) == 2500


@pytest.mark.parametrize("selector", ["div >", "a > > b", "p ~ ~", "[", "div p::", "a b c:nope("])
def test_a_wrong_selector_is_told_on_a_hostile_page_too(selector):
    with pytest.raises(ValueError, match="no CSS selector"):
        page_of(DEEP).css(selector)


COMPOUNDS = st.sampled_from(
    ["a", "b", "p", "div", "*", ".x", "b.x", "a[href]", "a[title='> , b']", ":not(p)", "#i"]
)
STANDS = st.sampled_from([" ", "  ", ">", " > ", "+", " ~ ", "~"])


@st.composite
def selectors(draw):
    chains = []
    for _ in range(draw(st.integers(1, 2))):
        parts = [draw(COMPOUNDS)]
        for _ in range(draw(st.integers(0, 4))):
            parts += [draw(STANDS), draw(COMPOUNDS)]
        chains.append("".join(parts))
    return draw(st.sampled_from([",", " , "])).join(chains)


def is_read_well_by_lexbor(selector: str) -> bool:
    """Of `:not(p) a` lexbor finds no `a` whose parent is a `p`, though `body` around it is none; our own pass does."""
    return ":not(p)" not in selector


MARKUP = st.lists(
    st.sampled_from(
        [
            *(
                "<a href=1>",
                "<b>",
                "<b class=x>",
                "<p class=x>",
                "<div>",
                "<div id=i>",
                "<a title='> , b'>",
                "text",
            ),
            *("</a>", "</b>", "</p>", "</div>"),
        ]
    ),
    max_size=40,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(html=MARKUP, selector=selectors().filter(is_read_well_by_lexbor))
def test_one_pass_finds_what_lexbor_finds(html, selector):
    root = root_of(html)
    plan = plan_of(selector)
    elements = root.css("*")
    found = set().union(*(select_module._matches(root, chain, elements) for chain in plan.chains))
    assert found == {node.mem_id for node in root.css(selector)}


@settings(max_examples=200, deadline=None)
@given(html=MARKUP, selector=selectors())
def test_the_first_match_is_the_first_of_all(html, selector):
    shape = Shape(root_of(html), html.count("<"))
    first = select_first(shape, selector)
    assert ([] if first is None else [first.mem_id]) == [node.mem_id for node in select(shape, selector)[:1]]


def test_an_ordinary_page_is_left_to_lexbor(monkeypatch):
    def refuse(*_):
        raise AssertionError("it was not")

    monkeypatch.setattr(select_module, "_matches", refuse)
    html = "<div class=a>" * 25 + "<ul class=list>" + "<li><h3><a href=/x>y</a></h3></li>" * 300 + "</ul>"
    for selector in ("ul.list li a", ".a ul.list li h3 a", "li ~ li", "li:nth-child(2n) a", "div:has(h3 a)"):
        assert page_of(html).css(selector) is not None


def test_the_text_of_elements_in_elements_is_given_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(page_module, "_MOST_TEXT", 100_000)
    page = page_of("<div>some text" * 2000)
    assert 1 < len(page.get_all("div")) < 100
    assert page.is_partial
    assert len(page_of("<div>some text</div>" * 2000).get_all("div")) == 2000


def test_the_fault_is_a_value_error():
    assert issubclass(TooCostlyError, ValueError)
    assert select(Shape(root_of("<p>x"), 1), "p")[0].text() == "x"
