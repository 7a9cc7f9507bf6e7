"""`price=.price_color`: what is found on a page, and what is said of what can never be found."""

import time

import pytest

from crawlpool.errors import ConfigError
from crawlpool.model import Request, Response
from crawlpool.parse.page import Page
from crawlpool.selecting import selections as module
from crawlpool.selecting import selections_of

URL = "https://shop.example/books/one"

HTML = """<!DOCTYPE html><base href="/b/"><title>One</title>
<h1> A   book </h1><p class="price_color">£18.00</p><p class="price_color">£20.00</p><p class="empty"></p>
<li class="next"><a name="here">no</a><a href="page-2.html?q=ä#top">next</a></li>
<a href="mailto:us@shop.example">write</a><img src="//cdn.example/a.png" srcset="a.png 1x, b.png 2x" alt="A cover">
<table><tr><td>1<td>2</tr><tr><td>3<td>4</tr></table><object data="film.swf"></object><div data="7"></div>
<div id="about"><b>bold</b></div>"""


def page(body=HTML, kind="text/html; charset=utf-8", **more):
    content = body.encode()
    return Page(
        Response(
            request=Request(URL, target=URL),
            status=200,
            headers=(("Content-Type", kind),),
            body=content,
            size=len(content),
            **more,
        )
    )


def found(text, body=HTML):
    (one,) = selections_of([("x", text)])
    return one.found_in(page(body)).value


def complaint(*given, taken=("title",)):
    with pytest.raises(ConfigError) as caught:
        selections_of(given, taken=taken)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("h1", "A book"),
        (".price_color", "£18.00"),
        (".price_color*", ["£18.00", "£20.00"]),
        (".empty", ""),
        (".missing", None),
        (".missing*", None),
        ("table tr*", ["1 2", "3 4"]),
        ("img@alt", "A cover"),
        ("#about@html", '<div id="about"><b>bold</b></div>'),
        ("tr > *", "1"),
        ("tr > **", ["1", "2", "3", "4"]),
        ("h1, title", "One"),
    ],
)
def test_the_first_match_is_the_value_and_a_star_asks_for_all(text, value):
    assert found(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("li.next a@href", "https://shop.example/b/page-2.html?q=%C3%A4"),  # the first a has none
        ("a@href*", ["https://shop.example/b/page-2.html?q=%C3%A4", "mailto:us@shop.example"]),
        ("img@src", "https://cdn.example/a.png"),
        ("img@srcset", "a.png 1x, b.png 2x"),
        ("object@data", "https://shop.example/b/film.swf"),
        ("div@data", "7"),
        ("a[href^='mailto:us@shop.example']", "write"),
    ],
)
def test_attributes_that_hold_a_url_come_absolute_and_the_others_as_they_stand(text, value):
    assert found(text) == value


def test_a_path_finds_in_json_what_css_finds_in_html_and_neither_in_the_other():
    price, css, both = selections_of(
        [("price", "data.items[0].price"), ("css", ".price_color"), ("both", "total")]
    )
    document = {"data": {"items": [{"price": 7}]}, "total": 1}

    assert [each.found_at(document).value for each in (price, css, both)] == [7, None, 1]
    assert [each.found_in(page()).value for each in (price, css, both)] == [None, "£18.00", None]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("price", ".price["), "'price=.price[': '.price[' is no CSS selector"),
        (("price", ""), "nothing says which element"),
        (("price", "@href"), "nothing says which element"),
        (("price", "h1::text"), "leave ::text away"),
        (("price", "a::attr(href)"), "behind an @"),
        (("price", "//h1"), "XPath is not read here"),
        (("title", "h1"), "each record has a column of that name; give it another, such as my_title=h1"),
        (("", "h1"), "needs a name"),
        (("x" * 201, "h1"), "needs a name"),
        (("a\nb", "h1"), "needs a name"),
        (("+a", "h1"), "--fields"),
        (("a,b", "h1"), "--fields"),
        (("header:a", "h1"), "--fields"),
    ],
)
def test_what_can_never_be_a_column_is_refused_and_quoted(given, said):
    assert said in complaint(given)


def test_a_column_that_is_there_already_is_refused():
    assert "'price' is there already" in complaint(("price", "h1"), ("price", "h2"))


def test_a_column_keeps_so_many_values_and_says_that_there_were_more():
    (one,) = selections_of([("x", "i*")])
    there = one.found_in(page("<i>a</i>" * (module.MOST_VALUES + 1)))
    assert (len(there.value), there.is_cut) == (module.MOST_VALUES, True)
    (path,) = selections_of([("x", "[*]")])
    there = path.found_at(list(range(module.MOST_VALUES + 1)))
    assert (len(there.value), there.is_cut) == (module.MOST_VALUES, True)


def test_text_that_stands_in_elements_in_elements_does_not_multiply_without_end(monkeypatch):
    monkeypatch.setattr(module, "MOST_TEXT", 10_000)
    (one,) = selections_of([("x", "div*")])
    there = one.found_in(page("<div>" * 300 + "a" * 1000))
    assert there.is_cut
    assert sum(map(len, there.value)) <= 10_000


def test_collecting_the_values_of_a_page_that_is_made_for_it_ends_in_time(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_S", 0.05)
    body = "<div>" * 400 + "<i></i>" * 200_000
    (one,) = selections_of([("x", "div*")])
    held = page(body)
    held.css("i")  # the parse is not what is measured
    began = time.monotonic()
    assert one.found_in(held).is_cut
    assert time.monotonic() - began < 5


def test_json_that_no_store_could_keep_is_no_value_and_no_error():
    deep = value = []
    for _ in range(500):
        value.append([])
        value = value[0]
    (one,) = selections_of([("x", "$")])
    assert one.found_at(deep) == (None, True)
    assert one.found_at([[1] * 1000] * 1001) == (None, True)
    assert one.found_at(float("nan")).value is None
