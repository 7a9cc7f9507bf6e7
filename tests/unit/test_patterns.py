"""Which URLs a pattern matches."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.errors import ConfigError
from crawlpool.patterns import Pattern
from crawlpool.urls import normalise


def matches(pattern, *paths):
    found = Pattern(pattern)
    return [found.matches(path if "://" in path[:9] else "http://127.0.0.1:8000" + path) for path in paths]


def test_a_path_matches_from_its_first_character_to_its_last():
    assert matches("/a/b", "/a/b", "/a/bc", "/a/b/", "/x/a/b", "/a") == [True, False, False, False, False]


def test_a_star_stays_within_one_segment():
    assert matches("/c/*", "/c/", "/c/x", "/c/x/", "/c/x/y", "/c") == [True, True, False, False, False]
    assert matches("/c/*/e", "/c/d/e", "/c//e", "/c/d/d/e", "/c/e") == [True, True, False, False]
    assert matches("/p-*-*.html", "/p-1-2.html", "/p--.html", "/p-1.html", "/p-1-2/3.html") == [
        True,
        True,
        False,
        False,
    ]


def test_two_stars_cross_segments():
    assert matches("/a/**", "/a/", "/a/b", "/a/b/c/", "/a", "/ab/c") == [True, True, True, False, False]
    assert matches("/a**", "/a", "/ab", "/a/b/c", "/b") == [True, True, True, False]
    assert matches("/**.pdf", "/x.pdf", "/a/b/x.pdf", "/x.pdf.html", "/a/.pdf") == [True, True, False, True]
    assert matches("/a**b/c", "/ab/c", "/a/x/yb/c", "/axb/c", "/a/b/x/c") == [True, True, True, False]


def test_two_stars_between_slashes_are_any_number_of_whole_segments():
    assert matches("/a/**/b", "/a/b", "/a/x/b", "/a/x/y/b", "/a/xb", "/ab") == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert matches("/**/b", "/b", "/a/b", "/ab", "/a/xb") == [True, True, False, False]
    assert matches("/**/a/*/**/z", "/a/1/z", "/q/a/1/2/z", "/a/z", "/a/1/2/y/z") == [True, True, False, True]


def test_a_later_place_is_found_when_the_first_one_does_not_do():
    assert matches("/**/a/*.html", "/a/x/a/y.html", "/a/x/y.html") == [True, False]
    assert matches("**x*y/z", "/x/xy/z", "/xx/z", "/xyx/z", "/xyxy/z") == [True, False, False, True]
    assert matches("/**a*b**c", "/a/ab/c", "/a/b/c", "/aab.c", "/abcc") == [True, False, True, True]


def test_a_pattern_that_begins_with_a_star_may_begin_at_any_segment():
    assert matches("*.pdf", "/x.pdf", "/a/x.pdf", "/x.pdf/y") == [True, True, False]
    assert matches("*/edit", "/page/edit", "/a/page/edit", "/edit") == [True, True, False]
    assert matches("**/edit", "/edit", "/a/b/edit", "/credit") == [True, True, False]
    assert matches("*", "/", "/a", "/a/b?c") == [True, True, True]
    assert matches("**", "/", "/a", "/a/b?c") == [True, True, True]


def test_without_a_question_mark_the_query_is_not_looked_at():
    assert matches("/list", "/list", "/list?page=2", "/list?a=/b/c") == [True, True, True]
    assert matches("/a/**", "/a/?x", "/?x=/a/") == [True, False]


def test_a_question_mark_stands_for_itself():
    assert matches("/list?page=*", "/list?page=2", "/list?page=", "/list", "/list?q=1&page=2") == [
        True,
        True,
        False,
        False,
    ]
    assert matches("/ab?", "/ab?", "/a", "/ab", "/abc", "/ab?x") == [True, False, False, False, False]
    assert matches("/**?*sid=*", "/a/b?sid=1", "/?x&sid=", "/a/b") == [True, True, False]
    assert matches("/a*?x=1", "/ab?x=1", "/ab?y?x=1") == [True, False]


def test_in_a_query_a_star_stops_at_nothing():
    assert matches("/r?to=*", "/r?to=/a/b&c=d?e") == [True]
    assert matches("/r?a=*&b=**&c=1", "/r?a=/&b=/&c=1", "/r?a=&b=&c=2") == [True, False]


def test_a_pattern_with_a_scheme_is_on_the_whole_url():
    whole = "https://*.shop.example/**"
    urls = [
        "https://a.shop.example/",
        "https://a.b.shop.example/x/y?z",
        "http://a.shop.example/",
        "https://shop.example/",
    ]
    assert matches(whole, *urls) == [True, True, False, False]
    assert matches(whole, "https://evil.example/x.shop.example/") == [False]
    assert matches("*://127.0.0.1:8000/a", "/a", "/b") == [True, False]
    assert matches("**://**/a", "/a", "/b/a", "/b") == [True, True, False]
    assert matches("http://127.0.0.1:8000", "/", "/?q", "/a") == [True, True, False]
    assert matches("http://127.0.0.1:*/a?b", "/a?b", "/a") == [True, False]
    assert matches("http://**", "/", "/a/b") == [True, True]


def test_a_path_may_hold_a_url_in_its_query():
    assert matches("/go?to=http://*", "/go?to=http://shop.example/x", "/go?to=https://shop.example/") == [
        True,
        False,
    ]


def test_the_default_port_of_a_pattern_is_that_of_its_scheme():
    assert matches("https://shop.example:443/*", "https://shop.example/a") == [True]
    assert matches("http://shop.example:443/*", "http://shop.example/a") == [False]


def test_case_counts_in_paths_and_not_in_hosts():
    assert matches("HTTP://Shop.Example/Ab", "http://shop.example/Ab", "http://shop.example/ab") == [
        True,
        False,
    ]


@pytest.mark.parametrize("pattern", ["/café/*", "/caf%C3%A9/*", "/caf%c3%a9/*", "*://*/café/*"])
@pytest.mark.parametrize("url", ["/café/x", "/caf%C3%A9/x", "/caf%c3%a9/x"])
def test_a_path_is_the_same_however_it_is_encoded(pattern, url):
    assert Pattern(pattern).matches(normalise("http://127.0.0.1" + url))


def test_characters_that_need_no_encoding_are_the_same_encoded():
    assert matches("/~me/*", "/%7Eme/x", "/~me/x", "/%7eme/%78") == [True, True, True]
    assert matches("/%7Eme", "/~me") == [True]
    assert matches("/a b", "/a%20b") == [True]
    assert matches("/s?q=grün", "/s?q=gr%C3%BCn") == [True]


def test_an_encoded_slash_or_star_is_not_a_slash_or_star():
    assert matches("/a/*", "/a/b%2Fc", "/a%2Fb") == [True, False]
    assert matches("/a%2A", "/a%2a", "/ab") == [True, False]


def test_a_host_may_be_written_in_its_own_letters():
    url = normalise("https://bücher.example/x")
    assert Pattern("https://bücher.example/*").matches(url)
    assert Pattern("https://*.bücher.example/*").matches(normalise("https://www.bücher.example/x"))


@pytest.mark.parametrize("text", ["/a.b", "/a+b", "/(a|b)", "/[ab]", "/a$", "/^a", "/a\\d", "/{2}", "/a?(b)"])
def test_what_means_something_to_regular_expressions_stands_for_itself(text):
    url = normalise("http://127.0.0.1" + text)

    assert Pattern(text).matches(url)
    assert not Pattern(text).matches(url + "x")
    assert matches("/a.b", "/axb") == [False]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("catalogue/*", "/catalogue/*"),
        ("shop.example/x", "*://shop.example/x"),
        ("localhost:8000/**", "*://localhost:8000/**"),
        ("", "/**"),
        (" /a", "/ /a"),
        ("?page=*", "/?page=*"),
    ],
)
def test_a_pattern_that_can_be_neither_is_refused_with_advice(text, advice):
    with pytest.raises(ConfigError, match=re.escape(f"pattern {text!r} begins")) as refused:
        Pattern(text)

    assert str(refused.value).endswith(f"write {advice!r}")


def test_a_pattern_with_a_fragment_is_refused():
    with pytest.raises(ConfigError, match="fragments"):
        Pattern("/docs/#intro")


def test_a_pattern_with_an_impossible_host_is_refused():
    with pytest.raises(ConfigError, match="no URL can have"):
        Pattern("https://bü cher.example/")


HOSTILE = [
    ("/" + "*a" * 30 + "*b", "/" + "a" * 20_000),
    ("/" + "**a" * 30 + "**b", "/" + "a" * 20_000),
    ("/**/a*b/**", "/" + "a" * 20_000 + "/"),
    ("/**a*a*a*b**c", "/" + "a" * 20_000),
    ("/" + "**/a" * 20, "/" + "a/" * 10_000),
    ("/" + "**/a/*/b" * 10, "/" + "a/" * 10_000),
    ("/a*b**c", "/a" + "b" * 20_000),
    ("**x*y/z", "/" + "x" * 10_000 + "/" + "xy" * 5_000),
    ("/a?" + "*b" * 30 + "*c", "/a?" + "b" * 20_000),
    ("**://" + "*a" * 20 + "/b", "/" + "a" * 20_000),
]


@pytest.mark.parametrize(("pattern", "path"), HOSTILE)
def test_no_url_makes_a_pattern_try_again_and_again(pattern, path):
    found = Pattern(pattern)
    started = time.perf_counter()

    found.matches("http://127.0.0.1" + path)

    # A few milliseconds; with backtracking it would be minutes, or never.
    assert time.perf_counter() - started < 0.5


def by_trial(pattern, path):
    """Match by trying everything, which is right and slow."""
    if not pattern:
        return not path
    if pattern.startswith("/**/") and path.startswith("/"):
        return by_trial(pattern[3:], path) or by_trial(pattern[1:], path[1:])
    if pattern.startswith("**"):
        return any(by_trial(pattern[2:], path[i:]) for i in range(len(path) + 1))
    if pattern.startswith("*"):
        reach = path.find("/") if "/" in path else len(path)
        return any(by_trial(pattern[1:], path[i:]) for i in range(reach + 1))
    return path[:1] == pattern[0] and by_trial(pattern[1:], path[1:])


PARTS = st.lists(st.sampled_from(["a", "b", "/a", "b/", "/", "*", "**", "/**/"]), max_size=8)


@given(parts=PARTS, path=st.text("ab/", max_size=12))
def test_matching_agrees_with_trying_everything(parts, path):
    pattern = re.sub(r"\*{2,}", "**", "/a" + "".join(parts))

    assert Pattern(pattern).matches("http://h/a" + path) == by_trial(pattern, "/a" + path)
