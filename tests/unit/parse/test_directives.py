"""What X-Robots-Tag headers and robots meta elements say to us: agents, dates, what forbids wins; nothing raises."""

import random

import pytest

from crawlpool.parse.directives import directives_of
from crawlpool.parse.facts import read_facts
from crawlpool.parse.html import tree_of
from crawlpool.settings.politeness import product_token

NOW = 1_700_000_000.0  # November 2023


def of_header(*fields, token="crawlpool"):
    return set(directives_of([("x-robots-TAG", field) for field in fields], None, token=token, at=NOW))


def of_meta(html, token="crawlpool"):
    return set(directives_of((), tree_of(html.encode(), "text/html; charset=utf-8"), token=token, at=NOW))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("noindex", {"noindex"}),
        (" NoIndex ,, NOFOLLOW ", {"noindex", "nofollow"}),
        ("none", {"none", "noindex", "nofollow"}),
        ("all", {"all"}),
        ("noai, noarchive", {"noai", "noarchive"}),
        ("max-snippet: 20, max-image-preview:Large, nofollow", {"max-snippet:20", "max-image-preview:large", "nofollow"}),
        ("max-new-thing: 3, nofollow", {"max-new-thing:3", "nofollow"}),
        ("", set()),
        ("n\xf6index", set()),
        ("no index", set()),
    ],
)  # fmt: skip
def test_a_field_is_a_list_of_words(field, words):
    assert of_header(field) == words


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("otherbot: noindex, nofollow", set()),
        ("crawlpool: nofollow", {"nofollow"}),
        ("CrawlPool:NONE", {"none", "noindex", "nofollow"}),
        ("crawl: nofollow", set()),
        ("crawlpool-news: nofollow", set()),
        ("otherbot: noindex, crawlpool: nofollow", {"nofollow"}),
        ("noindex, otherbot: nofollow", {"noindex"}),
        ("otherbot: unavailable_after: 1 Jan 2010 00:00:00 GMT, nofollow", set()),
    ],
)
def test_a_prefix_names_whom_the_words_behind_it_are_for(field, words):
    assert of_header(field) == words


def test_a_prefix_ends_with_its_field_and_all_that_is_for_us_adds_up():
    assert of_header("otherbot: noarchive", "nofollow", "crawlpool: noindex") == {"nofollow", "noindex"}


def test_the_agent_is_whoever_the_user_agent_names():
    assert product_token("MyBot/1.0 (+https://me.example)") == "MyBot"
    assert of_header("mybot: nofollow", token="MyBot") == {"nofollow"}
    assert of_header("crawlpool: nofollow", token="MyBot") == set()


@pytest.mark.parametrize(
    "date",
    [
        "25 Jun 2010 15:00:00 PST",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "2010-01-01",
        "2010-01-01T10:00:00+02:00",
        "Jun 25, 2010, 15:00 GMT",
    ],
)
def test_a_page_that_was_to_go_by_now_counts_as_noindex_whatever_commas_its_date_has(date):
    assert of_header(f"unavailable_after: {date}, nofollow") == {"unavailable_after", "noindex", "nofollow"}
    later = date.replace("2010", "2090").replace("1994", "2090").replace("-94 ", "-60 ")
    assert of_header(f"nofollow, unavailable_after: {later}, noarchive") == {
        "unavailable_after",
        "nofollow",
        "noarchive",
    }


@pytest.mark.parametrize("date", ["", "soon", "99 Foo 10", "9" * 5000, "1 1 1 1 1 1", "2010-99-99", "::::"])
def test_a_date_that_is_none_says_nothing_and_takes_nothing_along(date):
    assert (
        of_header(f"unavailable_after: {date}, nofollow") == {"unavailable_after", "nofollow"}
        or len(date) > 4000
    )


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<meta name="robots" content="noindex">', {"noindex"}),
        ("<META NAME=ROBOTS CONTENT=NOFOLLOW>", {"nofollow"}),
        ('<meta content="none" name="CrawlPool">', {"none", "noindex", "nofollow"}),
        ('<meta name="robots" content="index, follow"><meta name="crawlpool" content="nofollow">', {"index", "follow", "nofollow"}),
        ('<meta name="otherbot" content="nofollow">', set()),
        ('<meta name="robots">', set()),
        ('<meta property="robots" content="nofollow">', set()),
        ('<title>x</title><body><p>late <meta name="robots" content="nofollow">', {"nofollow"}),
        ('<!-- <meta name="robots" content="nofollow"> -->', set()),
        ('<script>"<meta name=robots content=nofollow>"</script>', set()),
        ('<meta name="robots" content="unavailable_after: 25-Aug-2007 15:00:00 EST">', {"unavailable_after", "noindex"}),
    ],
)  # fmt: skip
def test_meta_elements_are_read_wherever_they_stand_and_add_up(html, words):
    assert of_meta(html) == words


def test_an_odd_token_is_no_selector():
    assert of_meta('<meta name="robots" content="nofollow">', token='a"],*[b') == {"nofollow"}
    assert of_meta('<meta name="a&quot;],*[b" content="nofollow">', token='a"],*[b') == {"nofollow"}


def test_noise_never_raises_and_is_bounded():
    chance = random.Random(3)
    parts = [
        "noindex",
        ":",
        ",",
        "unavailable_after",
        " ",
        "\x00",
        "é",
        "2010",
        "Jun",
        "crawlpool",
        "-",
        "\ud800",
    ]
    for _ in range(2000):
        assert len(of_header("".join(chance.choices(parts, k=40)))) <= 100
    assert len(of_header(*[f"w{n}, v{n}, unavailable_after: 1, 2, 3" * 1000 for n in range(1000)])) <= 100
    assert of_meta('<meta name="robots" content="nofollow">' * 5000) == {"nofollow"}


# In the worker


def facts(html, headers=(), **more):
    return read_facts(
        html.encode(),
        "text/html; charset=utf-8",
        "http://a.example/d/",
        with_links=True,
        headers=headers,
        at=NOW,
        **more,
    )


def test_a_link_with_rel_nofollow_is_kept_apart_unless_another_names_its_url_without():
    page = '<a rel="nofollow" href="a">a</a><a href="b" rel="UGC NoFollow">b</a><a href=c><a rel=sponsored href=e>'
    page += '<area rel=nofollow href=f><link rel="next nofollow" href=g><a rel=nofollow href=c>'
    found = facts(page)
    assert [url[19:] for url in found.links] == ["c", "e"]
    assert [url[19:] for url in found.refused] == ["a", "b", "f", "g"]
    assert found.link_count == 6


def test_rel_nofollow_of_a_link_header_counts_too():
    found = facts("<a href=b>", headers=(("Link", '<n>; rel="next nofollow", <p>; rel=prev'),))
    assert [url[19:] for url in found.links] == ["p", "b"]
    assert [url[19:] for url in found.refused] == ["n"]


def test_when_it_is_not_obeyed_links_stand_in_their_order():
    found = facts("<a href=a><a rel=nofollow href=b><a href=c>", rel_nofollow=False)
    assert [url[19:] for url in found.links] == ["a", "b", "c"]
    assert found.refused == ()


def test_each_source_can_be_left_unlooked_at():
    page, headers = '<meta name=robots content="nofollow">', (("X-Robots-Tag", "noindex"),)
    assert facts(page, headers).directives == ("nofollow", "noindex")
    assert facts(page, headers, x_robots_tag=False).directives == ("nofollow",)
    assert facts(page, headers, meta_robots=False).directives == ("noindex",)


def test_what_is_no_page_may_say_so_too():
    found = read_facts(
        b"%PDF", "application/pdf", "http://a.example/", with_links=True, headers=(("X-Robots-Tag", "none"),)
    )
    assert found.directives == ("nofollow", "noindex", "none")
