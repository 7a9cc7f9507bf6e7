import threading
import time

import pytest

from crawlpool.cutoff import CutOff, cut_off_after
from crawlpool.model import Request, Response
from crawlpool.parse import soup
from crawlpool.parse.page import Page
from crawlpool.parse.soup import lxml_of, soup_of

# Other tests leave a callback with the garbage collector; what lands in it is said to be ignored, and comes again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

BUILDERS = ["html.parser", "lxml", "html5lib"]
HEAD = "<title>kept</title><a href=/kept>a</a>"


def page_of(text, **more):
    response = Response(
        request=Request("http://a.test/", target="http://a.test/"),
        status=200,
        headers=(("Content-Type", "text/html; charset=utf-8"),),
        body=text.encode(),
    )
    return Page(response, **more)


@pytest.mark.parametrize("parser", BUILDERS)
def test_an_ordinary_page_is_parsed_whole(parser):
    text = HEAD + "<ul>" + "<li><a href=/x>one</a></li>" * 500 + "</ul>"
    built = soup_of(text, parser, 20.0)
    assert not built.is_partial
    assert len(built.root.find_all("a")) == 501


HOSTILE = {
    "runs of less-than": "<" * 2_000_000,
    "attributes": "<a " + " ".join(f"a{n}" for n in range(100_000)),
    "formats": "".join(f"<font a={n}>" for n in range(3000)) + "<p>x" * 60_000,
    "depth": "<div>" * 300_000,
    "open quotes": "<a b='" * 300_000,
    "comments": "<!--" * 500_000,
    "references": "&#" * 1_000_000,
}


@pytest.mark.parametrize("parser", BUILDERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_page_holds_a_parser_for_longer_than_it_may_take(parser, name):
    began = time.monotonic()
    built = soup_of(HEAD + HOSTILE[name], parser, 0.6)
    assert (
        time.monotonic() - began < 4.0
    )  # what is cut off ends at its next bytecode, on a machine that is busy
    if built.is_partial:
        assert len(built.root.find_all("a")) < 310_000


def test_of_a_page_that_takes_too_long_the_beginning_is_kept_and_said_to_be_all():
    page = page_of(HEAD + "<p>x</p>" * 100_000, parse_timeout_s=0.1)
    began = time.thread_time()  # what others do on this machine is not the parser's
    found = page.soup
    assert time.thread_time() - began < 4
    assert page.is_partial
    assert found.a["href"] == "/kept"
    assert 50 < len(found.find_all("p")) < 100_000


def test_a_page_that_is_read_whole_is_not_partial():
    page = page_of(HEAD)
    assert (page.soup.title.text, page.xpath("//a/@href"), page.title) == ("kept", ["/kept"], "kept")
    assert not page.is_partial


def test_lxml_is_fed_for_as_long_as_it_may_take_and_keeps_what_it_has(monkeypatch):
    ticks = iter([0.0, 1.0, 2.0, 99.0])
    monkeypatch.setattr(soup.time, "monotonic", lambda: next(ticks))
    built = lxml_of(HEAD + "<p>x</p>" * 100_000, 10.0)
    assert built.is_partial
    assert built.root.xpath("//a/@href") == ["/kept"]
    assert 10_000 < len(built.root.xpath("//p")) < 40_000


@pytest.mark.parametrize("depth", [100, 1500])
def test_elements_that_nest_deeper_than_lxml_usually_goes_are_there(depth):
    page = page_of("<div>" * depth + HEAD)
    assert page.xpath("//a/@href") == ["/kept"]
    assert not page.is_partial


def test_what_lxml_leaves_out_without_a_word_is_marked():
    page = page_of("<div>" * 3000 + HEAD)
    assert page.xpath("//a/@href") == []
    assert page.is_partial
    page = page_of("<div>" * 3000 + HEAD)
    page.make_soup("lxml")
    assert page.is_partial


@pytest.mark.parametrize("text", ["", " ", "\0", "<", "<!--", "no markup"])
def test_a_page_of_nothing_is_a_tree_of_nothing(text):
    page = page_of(text)
    assert page.xpath("//a") == []
    for parser in BUILDERS:
        assert page.make_soup(parser).find_all("a") == []
    assert not page.is_partial


def test_a_handler_that_is_cut_off_in_a_parse_is_the_one_that_is_cut_off():
    page = page_of("<p>x</p>" * 300_000, parse_timeout_s=30.0)
    began = time.monotonic()
    with pytest.raises(CutOff, match=r"took longer than 0\.3 s"):
        cut_off_after(0.3, lambda: page.soup)
    assert time.monotonic() - began < 8


def test_a_parse_that_takes_too_long_does_not_cut_off_its_handler():
    page = page_of("<p>x</p>" * 100_000, parse_timeout_s=0.1)
    assert cut_off_after(30.0, lambda: len(page.soup.find_all("p"))) > 0
    assert page.is_partial


def test_on_another_thread_the_time_is_kept_as_well():
    page = page_of("<p>x</p>" * 100_000, parse_timeout_s=0.1)
    took = []

    def parse():
        began = time.thread_time()
        assert page.soup.p is not None
        took.append(time.thread_time() - began)

    thread = threading.Thread(target=parse)
    thread.start()
    thread.join(60)
    assert page.is_partial
    assert took[0] < 4
