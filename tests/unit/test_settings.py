"""Knobs are checked once, when they are set, and a wrong one is quoted."""

import pytest

from crawlpool import ConfigError, Request
from crawlpool.settings import Settings


@pytest.mark.parametrize(
    ("knob", "value", "said"),
    [
        ("workers", 0, "workers is 0, and should be 1 to 1024"),
        ("workers", 2.5, "workers is 2.5, and should be a whole number"),
        ("workers", True, "workers is True"),
        (
            "workers",
            "16..2",
            "workers is '16..2', and should be a whole number, or two with the smaller first",
        ),
        ("workers", "2..", "workers is '2..', and should be a whole number, or two with"),
        ("workers", "a..b", "workers is 'a..b', and should be a whole number, or two with"),
        ("workers", "2..4..8", "workers is '2..4..8'"),
        ("workers", "0..4", "workers is (0, 4), and should be 1 to 1024"),
        ("workers", (2, 2000), "workers is (2, 2000), and should be 1 to 1024"),
        ("workers", (2, 3, 4), "workers is (2, 3, 4), and should be a whole number, or two with"),
        ("workers", (2, 4.0), "workers is (2, 4.0), and should be"),
        ("worker_memory", 5, "worker_memory is 5, and should be 32 MiB or more"),
        ("worker_memory", "1g", "worker_memory is '1g', and should be a whole number"),
        ("depth", 1.5, "depth is 1.5, and should be a whole number"),
        ("depth", -1, "depth is -1"),
        ("timeout", float("nan"), "timeout is nan"),
        ("timeout", "30", "timeout is '30', and should be a number"),
        ("robots", "no", "robots is 'no', and should be True or False"),
        ("scope", "hosts", "unknown scope 'hosts'; known: all, domain, host, prefix"),
        ("include", 5, "include is 5, and should be a list"),
        ("header", 5, "header is of type int, and should be a list"),
        ("header", [("a",)], "header holds what is of type tuple, and should hold texts, or pairs of them"),
        ("header", {"A B": "c"}, "one word"),
        ("header", {"Proxy-Authorization": "c"}, "stand in the proxy's URL"),
        ("header", {"A": "b\r\nC: d"}, "one line"),
        ("header", {"A": "→"}, "Latin-1"),
        ("header", {"Content-Length": "5"}, "framed"),
        ("user_agent", "", "user_agent is empty"),
        ("user_agent", 5, "user_agent is empty"),
        ("user_agent", "мир", "Latin-1"),
        ("proxy", "127.0.0.1:3128", "http://host:port"),
        ("max_body", 0, "max_body is 0"),
        ("max_url", 5, "max_url is 5, and should be 32 to 1000000"),
        ("fields", ",", "fields holds ',', which names nothing"),
        ("strip_params", ["sid", " "], "strip_params holds ' ', which names nothing"),
        ("skip_duplicates", "listed", "skip_duplicates holds 'listed' alone"),
        ("since", "2026-01-31", "since '2026-01-31' is about sitemaps, and none is asked for"),
    ],
)
def test_a_wrong_knob_is_quoted_with_what_would_do(knob, value, said):
    with pytest.raises(ConfigError) as error:
        Settings(**{knob: value})
    assert said in str(error.value)


def test_a_single_text_stands_for_a_list_of_one():
    assert Settings(include="/a/**").include == ("/a/**",)
    assert Settings(header={"A": "b"}).header == (("A", "b"),)


@pytest.mark.parametrize("given", ["2..16", (2, 16), [2, 16], " 2 .. 16 "])
def test_a_range_of_workers_is_two_numbers(given):
    assert Settings(workers=given).workers == (2, 16)


def test_a_number_of_workers_may_be_a_text():
    assert Settings(workers="8") == Settings(workers=8)


def test_the_product_token_is_the_first_word_of_the_user_agent():
    assert Settings(user_agent="mybot/2.0 (+https://me.example)").token == "mybot"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"url": 5}, TypeError),
        ({"url": "http://a/", "method": "GET /x"}, ValueError),
        ({"url": "http://a/", "headers": {"A": "b\r\nC: d"}}, ValueError),
        ({"url": "http://a/", "headers": {"A:": "b"}}, ValueError),
        ({"url": "http://a/", "form": {}, "json": {}}, ValueError),
    ],
)
def test_a_request_that_cannot_be_sent_is_refused_when_it_is_made(fields, error):
    with pytest.raises(error):
        Request(**fields)
