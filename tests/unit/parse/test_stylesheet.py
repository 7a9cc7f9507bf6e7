import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.model import Request, Response
from crawlpool.parse.page import Page
from crawlpool.parse.stylesheet import references_of_css

HERE = "http://site.example/css/main.css"


def references(css):
    return list(references_of_css(css))


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("a{background:url(x.png)}", ["x.png"]),
        ("a{background:url( \n'x.png' )}", ["x.png"]),
        ('a{b:URL("x y)\\"z")}', ['x y)"z']),
        ("a{b:url(a\\)b\\20 c\\000064)}", ["a)b cd"]),
        ("a{b:u\\72 l(x)}", ["x"]),
        ("a{b:url(x", ["x"]),
        ("a{b:url('x", ["x"]),
        ("a{b:url('x\\\ny')}", ["xy"]),
        ("a{b:url(\\0 \\d800 \\110000 )}", ["\ufffd\ufffd\ufffd"]),
        ("a{b:url(x\0y)}", ["x\ufffdy"]),
        ("a{b:url()} c{d:url('')} e{f:url(#here)}", []),
        ("a{b:url(x y)} c{d:url(z)}", ["z"]),
        ("a{b:url(x'y)} c{d:url(z)}", ["z"]),
        ("a{b:'open\n;c:url(x)}", ["x"]),
        ("/* url(no) '*/ a{b:url(x)} /* url(no)", ["x"]),
        ("a{content:'url(no)';b:\"url(no)\"}", []),
        ("#url(no){} @url(no){} a{b:my-url(no) 1url(no)}", []),
        ("a{--later:url(x)} @media print{b{c:url(y)}}", ["x", "y"]),
        ("a{b:image-set('1.png' 1x type('image/png'), url(2.png) 2x) 'no'}", ["1.png", "2.png"]),
        ("a{b:-webkit-image-set('1.png' 1x)}", ["1.png"]),
        ("a{cursor:url(x) 1 2, pointer;mask:src('y')}", ["x", "y"]),
        ("@namespace url(http://no.example/); a{b:url(x)}", ["x"]),
        ("@charset 'no'; a{b:url(x)}", ["x"]),
        ("} ) ] a{b:url(x)}", ["x"]),
    ],
)
def test_urls_are_found_by_the_tokens_of_css(css, expected):
    assert [reference for reference, _ in references(css)] == expected


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("@import 'a.css'; @import url(b.css) screen; @IMPORT url('c.css')layer(x)", ["a.css", "b.css", "c.css"]),
        ("@import 'a.css' supports(background:url(no)) 'no';", ["a.css"]),
        ("<!-- @import 'a.css'; -->", ["a.css"]),
        ("@im\\70ort 'a.css'", ["a.css"]),
        ("@media print { @import 'no'; } a { @import url(no) }", []),
        ("@important 'no'; a{content:'@import \"no\"'}", []),
    ],
)  # fmt: skip
def test_imported_style_sheets_are_styles(css, expected):
    assert references(css) == [(each, "style") for each in expected]


def test_fonts_are_told_from_images():
    css = (
        "@font-face{font-family:'x';src:local('y'),url(f.woff2)format('woff2'),url('g.ttf')} a{b:url(i.png)}"
    )
    assert references(css) == [("f.woff2", "font"), ("g.ttf", "font"), ("i.png", "image")]


def page_of(body, content_type):
    request = Request(HERE, target=HERE)
    headers = (("Content-Type", content_type),)
    return Page(Response(request=request, status=200, headers=headers, body=body.encode()))


def test_a_style_sheet_has_links_relative_to_itself():
    page = page_of("@import 'b.css'; a{b:url(/i.png)} c{d:url(data:image/png,x)}", "text/css; charset=utf-8")
    assert page.links(kinds=None) == ["http://site.example/css/b.css", "http://site.example/i.png"]
    assert page.links(kinds="style") == ["http://site.example/css/b.css"]
    assert page.links() == []


def test_style_in_a_page_is_looked_at_when_all_links_are_asked_for():
    page = page_of(
        "<base href=/b/><style>a{b:url(1.png)}</style><style type=text/x>a{b:url(no)}</style>"
        "<p style='background:url(&quot;2.png&quot;)'><a href=3 style='cursor:url(4)'>x</a>"
        "<svg><style>a{b:url(5)}</style></svg>",
        "text/html",
    )
    assert [url.removeprefix("http://site.example/b/") for url in page.links(kinds=None)] == ["1.png", "2.png", "3", "4", "5"]  # fmt: skip
    assert page.links() == ["http://site.example/b/3"]
    assert page.links(kinds="image", css="p") == ["http://site.example/b/2.png"]


@pytest.mark.parametrize("piece", ["url(", '("', "(/*", "(\\", "a(", "@import", "@import url('a');", "({", "url(\\", "('\\\n", "image-set('x'", "@font-face{url(x)"])  # fmt: skip
def test_hostile_css_takes_time_by_its_length_alone(piece):
    css = piece * (400_000 // len(piece))
    start = time.process_time()
    references(css)
    assert time.process_time() - start < 2.0


@given(st.text(alphabet="url()[]{};@importfa-ce\"'\\/* \n#0d", max_size=80))
def test_any_text_gives_references_that_say_something(css):
    for reference, kind in references(css):
        assert reference
        assert kind in {"style", "font", "image"}
