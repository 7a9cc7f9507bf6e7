"""How a robots.txt is read, line by line: as Google's published parser does, and as RFC 9309 has it."""

import pytest

from crawlpool.polite.robotsfile import (
    LONGEST_LINE,
    MOST_BYTES,
    MOST_SITEMAPS,
    agents_of,
    group_of,
    lines,
)
from crawlpool.settings.politeness import product_token


def read(text, **rest):
    return [tuple(line) for line in lines(text if isinstance(text, bytes) else text.encode(), **rest)]


def rules(text, token="crawlpool"):
    group = group_of(text.encode(), token)
    return group.name, [
        (rule.number, "+" if rule.is_allow else "-", rule.value.decode()) for rule in group.rules
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Disallow: /a",
        "disallow:/a",
        "DISALLOW : /a",
        "  Disallow:   /a  # why",
        "\tDisallow\t:\t/a\t",
        "Disallow /a",
        "Disallow \t /a",
        "Disallows: /a",
        "Disallow-all: /a",
        "Dissallow: /a",
        "Dissalow: /a",
        "Disalow: /a",
        "Diasllow: /a",
        "Disallaw: /a",
        "Disallow: /a\0/b",
        "\x0b\x0cDisallow: /a\x0c",
    ],
)
def test_a_line_means_what_its_author_meant(line):
    assert read(line) == [(1, "Disallow", b"/a")]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# Disallow: /a",
        "Disallow",
        "Disallow /a b",  # without a colon it is two words or nothing
        ": /a",
        "No-disallow: /a",
        "Dis allow: /a",
        "D\0isallow: /a",
        "Disallow\x0b/a",
        "nonsense: x",
    ],
)
def test_a_line_of_another_kind_means_nothing(line):
    assert read(line) == []


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("User-agent: x", "User-agent"),
        ("user agent: x", "User-agent"),
        ("USERAGENT x", "User-agent"),
        ("User-agents: x", "User-agent"),
        ("Allowed: x", "Allow"),
        ("Sitemap_index: x", "Sitemap"),
        ("Site-map: x", "Sitemap"),
        ("Crawl-delay: x", "Crawl-delay"),
        ("Crawl delay: x", "Crawl-delay"),
        ("crawldelay x", "Crawl-delay"),
        ("Request-rate: x", "Request-rate"),
    ],
)
def test_names_may_be_spelt_in_several_ways(line, field):
    assert read(line) == [(1, field, b"x")]


def test_a_value_may_be_empty_and_may_hold_colons():
    assert read("Disallow:\nAllow: /a:b://c") == [(1, "Disallow", b""), (2, "Allow", b"/a:b://c")]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Allow: a\nAllow: b\n\nAllow: c", [1, 2, 4]),
        ("Allow: a\r\nAllow: b\r\n\r\nAllow: c", [1, 2, 4]),
        ("Allow: a\rAllow: b\r\rAllow: c", [1, 2, 4]),
        ("Allow: a\r\r\nAllow: b", [1, 3]),
        ("Allow: a\n\rAllow: b", [1, 3]),
        ("\r\nAllow: a", [2]),
    ],
)
def test_lines_are_counted_whatever_ends_them(text, numbers):
    assert [line.number for line in lines(text.encode())] == numbers


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xef\xbb", b"\xef", b""])
def test_a_byte_order_mark_is_left_aside_even_when_only_its_beginning_is_there(mark):
    assert read(mark + b"Allow: a") == [(1, "Allow", b"a")]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf\xef\xbb\xbf", b"\xbb\xbf", b"\xbf", b"\xef\xbf"])
def test_other_bytes_are_no_byte_order_mark(mark):
    assert read(mark + b"Allow: a\nAllow: b") == [(2, "Allow", b"b")]


def test_a_byte_order_mark_counts_at_the_beginning_only():
    assert read(b"Allow: a\n\xef\xbb\xbfAllow: b") == [(1, "Allow", b"a")]


def test_a_very_long_line_is_read_to_a_limit():
    value = b"/" + b"a" * (LONGEST_LINE - len("Allow: /"))

    assert read(b"Allow: " + value + b"bbb\nAllow: c") == [(1, "Allow", value), (2, "Allow", b"c")]


def test_an_endless_file_is_read_to_a_limit_and_a_line_that_was_cut_through_is_left_out():
    body = b"Allow: a\n" + b"\n" * (MOST_BYTES - 20) + b"Allow: /this-is-cut-through"

    assert read(body) == [(1, "Allow", b"a")]
    assert read(b"Allow: a\nAllow: b", is_cut=True) == [(1, "Allow", b"a")]
    assert read(b"Allow: a\rAllow: b", is_cut=True) == [(1, "Allow", b"a")]
    assert read(b"Allow: a", is_cut=True) == []


# Groups


def test_rules_of_all_groups_of_a_name_are_one():
    text = (
        "User-agent: crawlpool\nDisallow: /1\nUser-agent: x\nDisallow: /2\nUser-agent: x\nUser-agent: CrawlPool/3\n"
        "Allow: /3\nUser-agent: *\nDisallow: /4"
    )

    assert rules(text) == ("crawlpool", [(2, "-", "/1"), (7, "+", "/3")])
    assert rules(text, "X") == ("X", [(4, "-", "/2"), (7, "+", "/3")])
    assert rules(text, "y") == ("*", [(9, "-", "/4")])


def test_a_group_for_us_and_for_everybody_is_ours():
    assert rules("User-agent: *\nUser-agent: crawlpool\nDisallow: /a") == ("crawlpool", [(3, "-", "/a")])


def test_without_a_group_there_are_no_rules():
    assert rules("Disallow: /\nUser-agent: x\nDisallow: /") == ("", [])
    assert rules("") == ("", [])


@pytest.mark.parametrize("value", ["*", "* ", "* all of you", "*\tx"])
def test_everybody_is_a_star_with_a_blank_behind_it_or_nothing(value):
    assert rules(f"User-agent: {value}\nDisallow: /a")[0] == "*"


@pytest.mark.parametrize("value", ["**", "*x", "x*", "/*", ""])
def test_other_stars_are_nobody(value):
    assert rules(f"User-agent: {value}\nDisallow: /a") == ("", [])


@pytest.mark.parametrize(
    "value", ["crawlpool", "CRAWLPOOL", "crawlpool/2.0", "crawlpool 2", "crawlpool2", "crawlpool.x"]
)
def test_a_name_ends_where_no_name_goes_on(value):
    assert rules(f"User-agent: {value}\nDisallow: /a")[0] == "crawlpool"


@pytest.mark.parametrize(
    "value", ["crawl", "crawlpools", "crawlpool-news", "crawlpool_x", "my crawlpool", "/crawlpool"]
)
def test_a_name_that_is_only_like_ours_is_somebody_elses(value):
    assert rules(f"User-agent: {value}\nDisallow: /a") == ("", [])


@pytest.mark.parametrize(
    "between", ["Crawl-delay: 1", "Sitemap: /x", "Host: x", "Noindex: /", "nonsense", "", "# x"]
)
def test_only_rules_end_a_sequence_of_names(between):
    text = f"User-agent: crawlpool\n{between}\nUser-agent: other\nDisallow: /a"

    assert rules(text)[1] == rules(text, "other")[1] == [(4, "-", "/a")]


def test_a_rule_without_a_pattern_ends_a_sequence_of_names():
    assert rules("User-agent: crawlpool\nDisallow:\nUser-agent: x\nDisallow: /")[1] == [(2, "-", "")]


def test_a_rule_that_is_repeated_is_kept_once():
    assert rules("User-agent: *\nDisallow: /a\nAllow: /a\nDisallow: /a") == (
        "*",
        [(2, "-", "/a"), (3, "+", "/a")],
    )


def test_the_names_of_a_group_are_those_above_its_line():
    text = b"User-agent: a\nUser-agent: b/2\nDisallow: /1\nAllow: /2\nUser-agent: c\nDisallow: /3\n"

    assert [agents_of(text, number) for number in (3, 4, 6)] == [["a", "b/2"], ["a", "b/2"], ["c"]]


def test_sitemaps_are_of_no_group_and_bounded():
    assert group_of(b"Sitemap: a\nUser-agent: x\nSitemap: b\nSitemap:\n", "crawlpool").sitemaps == [
        b"a",
        b"b",
    ]
    assert len(group_of(b"Sitemap: a\n" * 30_000, "crawlpool").sitemaps) == MOST_SITEMAPS


# Names


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [
        ("crawlpool/0.1 (a crawler)", "crawlpool"),
        ("my-bot_x", "my-bot_x"),
        ("MyBot2/1.0", "MyBot"),
        ("mybot 2", "mybot"),
        (" mybot", "mybot"),
        ("7bot/1 x", "7bot/1"),
        ("", ""),
    ],
)
def test_a_product_token_is_what_a_user_agent_begins_with(user_agent, token):
    assert product_token(user_agent) == token


def test_who_has_no_name_that_a_file_could_hold_keeps_to_the_rules_for_everybody():
    assert rules("User-agent: 7bot\nDisallow: /a\nUser-agent: *\nDisallow: /b", "7bot") == (
        "*",
        [(4, "-", "/b")],
    )
