"""Which rule decides about a path: the same as by trying each rule, one octet after another."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlpool.polite.robotsmatch import (
    NONE,
    Matcher,
    escaped,
    forbids,
    line_of,
    plain_path,
    plain_pattern,
    rank_of,
)


def matches(pattern, path):
    """RFC 9309, 2.2.2 and 2.2.3, to the letter: where in the path may the pattern have come to so far?"""
    places = {0}
    for at, character in enumerate(pattern):
        if character == "$" and at == len(pattern) - 1:
            return len(path) in places
        if character == "*":
            places = set(range(min(places), len(path) + 1))
        else:
            places = {place + 1 for place in places if place < len(path) and path[place] == character}
        if not places:
            return False
    return True


def naive(rules, path):
    """The number of the line that decides, and whether it forbids: the longest match, Allow at a tie, the first line."""
    best = (-1, False, 0)
    for number, is_allow, pattern in rules:
        tried = [pattern]
        slash = pattern.rfind("/")
        if is_allow and slash >= 0 and pattern[slash:].startswith("/index.htm"):
            tried.append(pattern[: slash + 1] + "$")
        for each in tried:
            if matches(each, path):
                best = max(best, (len(each), is_allow, -number))
    length, is_allow, number = best
    return -number, length > 0 and not is_allow


def decided(rules, path):
    rank = Matcher(rules).decide(path)
    return line_of(rank), forbids(rank)


PATTERNS = st.text(alphabet="/ab*$", max_size=8) | st.sampled_from(
    ["/index.html", "/a/index.htm", "/*/index.html", "/a*/index.htmx", "*$", "$", "/$", "/a**b$"]
)
RULES = st.lists(st.tuples(st.booleans(), PATTERNS), max_size=12).map(
    lambda rules: [(number, is_allow, pattern) for number, (is_allow, pattern) in enumerate(rules, 1)]
)
PATHS = st.text(alphabet="/ab$", max_size=10).map("/".__add__)


@settings(max_examples=300, deadline=None)
@given(RULES, PATHS)
def test_the_rule_that_decides_is_the_one_that_trying_all_of_them_finds(rules, path):
    assert decided(rules, path) == naive(rules, path)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.lists(PATHS, min_size=1, max_size=5))
def test_the_same_of_hundreds_of_rules(seed, paths):
    chance = random.Random(seed)
    rules = [
        (number, chance.random() < 0.3, "/" + "".join(chance.choices("/abc*$", k=chance.randrange(9))))
        for number in range(1, 300)
    ]
    matcher = Matcher(rules)

    for path in paths:
        rank = matcher.decide(path)
        assert (line_of(rank), forbids(rank)) == naive(rules, path)


def test_no_rule_decides_where_none_matches():
    assert Matcher([]).decide("/") == NONE
    assert decided([(1, False, "/a")], "/b") == (0, False)


def test_an_empty_rule_forbids_nothing():
    assert decided([(1, False, "")], "/a") == (1, False)
    assert decided([(1, False, ""), (2, True, "")], "/a") == (2, False)


def test_the_longer_rule_ranks_higher_then_the_allow_then_the_earlier_line():
    ranks = [
        rank_of(length, is_allow=is_allow, number=number)
        for length, is_allow, number in [
            (0, False, 9),
            (0, True, 9),
            (1, False, 9),
            (1, False, 2),
            (1, True, 9),
            (2, False, 9),
        ]
    ]

    assert ranks == sorted(ranks)
    assert [line_of(rank) for rank in ranks] == [9, 9, 9, 2, 9, 9]
    assert line_of(NONE) == 0


@pytest.mark.parametrize(
    ("written", "as_escaped"),
    [
        ("/foo/bar/ツ".encode(), "/foo/bar/%E3%83%84"),
        (b"/foo/bar/%e3%83%84", "/foo/bar/%E3%83%84"),
        (b"/%2f%2F", "/%2F%2F"),
        (b"/caf\xe9", "/caf%E9"),
        (b"/%zz%4%", "/%zz%4%"),
        (b"/%%61", "/%%61"),
        (b"/a?b=http://c", "/a?b=http://c"),
    ],
)
def test_octets_beyond_ascii_are_escaped_and_escapes_written_in_capitals(written, as_escaped):
    assert escaped(written) == as_escaped


def test_escapes_that_nobody_needs_are_taken_back_and_others_are_not():
    assert plain_path("/%62%61%7A%2D%2E%5F%7E%30%39") == "/baz-._~09"
    assert plain_path("/%2F%3F%25%3A%40%26%00%7F%E3") == "/%2F%3F%25%3A%40%26%00%7F%E3"
    assert plain_path('/a b"*$') == "/a%20b%22%2A%24"
    assert plain_pattern("/a b*c$d%2A$") == "/a%20b*c%24d%2A$"


def test_ten_thousand_rules_are_hardly_slower_than_ten():
    few = [(n, False, f"/shelf/{n}/private") for n in range(1, 11)]
    many = [(n, False, f"/shelf/{n}/private") for n in range(1, 10_001)]
    wild = [(n, False, f"/shelf/*/private-{n:05}$") for n in range(1, 10_001)]

    def least_s(rules):
        matcher = Matcher(rules)
        taken = []
        for _ in range(20):
            began = time.perf_counter()
            for number in range(200):
                matcher.decide(f"/shelf/{number}/book-{number}.html?page={number}")
            taken.append(time.perf_counter() - began)
        return min(taken) / 200

    shortest_s = least_s(few)
    assert least_s(many) < 10 * shortest_s + 5e-6
    assert least_s(wild) < 5e-4  # some 0.02 ms; trying each would take 3
