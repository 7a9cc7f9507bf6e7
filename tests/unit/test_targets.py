"""Which URLs are one page: what the standard says, and the parameters that the user says mean nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool import ConfigError, Settings
from crawlpool.targets import Targets
from crawlpool.urls import normalise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a/x?b=1", "HTTP://A:80/y/../x?b=1#part"),
        ("http://a/%7Ex", "http://a/./%7Ex"),
        ("https://a", "https://user:secret@a:443/"),
        ("http://m\u00fcnchen.test/", "http://xn--mnchen-3ya.test"),
    ],
)
def test_what_the_standard_serialises_alike_is_one_page(one, other):
    assert Targets().of(one) == Targets().of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a/A", "http://a/a"),
        ("http://a/x", "http://a/x/"),
        ("http://a/x", "https://a/x"),
        ("http://a/", "http://www.a/"),
        ("http://a/", "http://a./"),
        ("http://a/?", "http://a/"),
        ("http://a/?b=1&c=2", "http://a/?c=2&b=1"),
        ("http://a/?b=1&b=1", "http://a/?b=1"),
        ("http://a/~x", "http://a/%7Ex"),
        ("http://a/%c3", "http://a/%C3"),
        ("http://a//x", "http://a/x"),
        ("http://a/?q=a+b", "http://a/?q=a%20b"),
        ("http://a/index.html", "http://a/"),
        ("http://a/x;jsessionid=1", "http://a/x"),
        ("http://a/?utm_source=x", "http://a/"),
    ],
)
def test_nothing_else_is_folded_unless_asked_for(one, other):
    assert Targets().of(one) != Targets().of(other)


@pytest.mark.parametrize(
    ("strip", "url", "target"),
    [
        ("utm_*", "http://a/?utm_source=x&b=1&utm_medium=y#f", "http://a/?b=1"),
        ("utm_*", "http://a/x?utm_source=x", "http://a/x"),
        ("utm_*", "http://a/?UTM_Source=x", "http://a/"),
        ("utm_*", "http://a/?utm%5Fsource=x", "http://a/"),
        ("utm_*", "http://a/?xutm_source=x&utm=1", "http://a/?xutm_source=x&utm=1"),
        ("utm_*", "http://a/?b=%20+%2b&utm_id=1&&c", "http://a/?b=%20+%2b&&c"),
        ("utm_*", "http://a/?", "http://a/?"),
        ("utm_*", "http://a/utm_x=1", "http://a/utm_x=1"),
        ("fbclid", "http://a/?fbclid", "http://a/"),
        ("fbclid", "http://a/?b&fbclid=&c", "http://a/?b&c"),
        ("*id", "http://a/?id=1&gclid=2&idx=3", "http://a/?idx=3"),
        ("a*b*c", "http://a/?abc=1&aXbYc=2&acb=3&abcbc=4", "http://a/?acb=3"),
        ("a*a", "http://a/?a=1&aa=2", "http://a/?a=1"),
        ("*", "http://a/?a=1&b&=2", "http://a/?=2"),
        ("a b", "http://a/?a+b=1&a%20b=2&a.b=3", "http://a/?a.b=3"),
        ("session", "http://a/?PHPSESSID=1&b=2", "http://a/?b=2"),
        ("session", "http://a/x;jsessionid=0A1B!-12?b=2", "http://a/x?b=2"),
        ("session", "http://a/x;v=1;JSESSIONID=2/y;jsessionid=3", "http://a/x;v=1/y"),
        ("session", "http://a;jsessionid=1/x;jsessionid=2", "http://a;jsessionid=1/x"),
        ("session", "http://a/?sid=4", "http://a/?sid=4"),
        ("session", "http://a/?sid=0123456789abcdef0123", "http://a/"),
        ("session", "http://a/?ASPSESSIONIDQRST=1", "http://a/"),
        ("sid", "http://a/?sid=4", "http://a/"),
        ("tracking", "http://a/?gclid=1&utm_source=2&q=3", "http://a/?q=3"),
    ],
)
def test_parameters_that_match_are_left_away_and_the_rest_stays_as_it_is(strip, url, target):
    assert Targets(strip.split(",")).of(url) == target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://a/?c=1&b=2&a", "http://a/?a&b=2&c=1"),
        ("http://a/?b=2&a=9&b=1", "http://a/?a=9&b=2&b=1"),
        ("http://a/?%62=1&a=2", "http://a/?a=2&%62=1"),
        ("http://a/?%EF%AC%81=1&%F0%9F%8C%88=2", "http://a/?%F0%9F%8C%88=2&%EF%AC%81=1"),
        ("http://a/?z", "http://a/?z"),
    ],
)
def test_parameters_are_sorted_by_name_and_those_of_one_name_keep_their_order(url, target):
    assert Targets(is_sorted=True).of(url) == target
    assert Targets().of(url) == url


@given(
    st.text(alphabet="ab=&;?/%20+*", max_size=40), st.lists(st.text(alphabet="ab*", min_size=1, max_size=5))
)
def test_a_target_is_its_own_target_and_a_url_in_normal_form(text, strip):
    targets = Targets(strip, is_sorted=True)
    target = targets.of(f"http://h/{text}")

    assert target is not None
    assert targets.of(target) == target
    assert normalise(target) == target


def test_a_name_of_many_stars_takes_no_time():
    targets = Targets(["*a" * 50 + "b"])
    assert len(targets.of("http://a/?" + "a" * 100_000 + "=1") or "") > 100_000


def test_patterns_are_given_one_by_one_or_with_commas():
    assert Settings(strip_params="utm_*, fbclid,").strip_params == ("utm_*", "fbclid")
    assert Settings(strip_params=["utm_*", "a,b"]).strip_params == ("utm_*", "a", "b")


def test_an_unknown_kind_of_duplicate_is_quoted_with_those_there_are():
    with pytest.raises(
        ConfigError, match="skip_duplicates holds 'exakt'; known: canonical, exact, listed, near"
    ):
        Settings(skip_duplicates="exakt")
