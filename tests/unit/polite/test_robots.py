"""What a robots.txt allows us.

Each fixture in fixtures/robots is a file and, beside it, what each agent may ask for.
"""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.polite.robots import MOST_BYTES, Robots, robots_url

FIXTURES = Path(__file__).parents[3] / "fixtures" / "robots"
ASKED = Request("http://127.0.0.1:8000/robots.txt", target="http://127.0.0.1:8000/robots.txt")


def read(body, *, token="crawlpool", status=200, **rest):
    if isinstance(body, str):
        body = body.encode()
    return Robots.from_outcome(Response(request=ASKED, status=status, body=body, **rest), token=token)


def rules(*lines):
    return read("User-agent: *\n" + "\n".join(lines))


def allowed(robots, *paths):
    return [robots.is_allowed(path) for path in paths]


CASES = [
    (file.stem, token)
    for file in sorted(FIXTURES.glob("*.json"))
    for token in json.loads(file.read_text("utf-8"))
    if token != "sitemaps"
]


@pytest.mark.parametrize(("name", "token"), CASES)
def test_a_recorded_file_allows_each_agent_what_is_recorded(name, token):
    expected = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    robots = read((FIXTURES / f"{name}.txt").read_bytes(), token=token)

    assert {path: robots.is_allowed(path) for path in expected[token]["allowed"]} == dict.fromkeys(
        expected[token]["allowed"], True
    )
    assert {path: robots.is_allowed(path) for path in expected[token]["forbidden"]} == dict.fromkeys(
        expected[token]["forbidden"], False
    )
    assert robots.crawl_delay_s == expected[token]["crawl_delay_s"]
    assert list(robots.sitemaps) == expected["sitemaps"]


# How the answer is read (2.3.1)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_the_rules_of_a_successful_answer_hold(status):
    robots = read("User-agent: *\nDisallow: /", status=status)

    assert allowed(robots, "/", "/a") == [False, False]
    assert not robots.is_unreachable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 451, 499, 301, 302, 308])
def test_a_file_that_is_not_there_allows_everything(status):
    robots = read("User-agent: *\nDisallow: /", status=status)

    assert robots.is_allowed("/a")
    assert not robots.is_unreachable
    assert robots.reason == f"robots.txt is not available (status {status}); all is allowed"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599, 600, 100, 0])
def test_a_server_in_trouble_allows_nothing(status):
    robots = read("User-agent: *\nAllow: /", status=status)

    assert not robots.is_allowed("/a")
    assert robots.is_unreachable
    assert robots.reason == f"robots.txt could not be had (status {status}), so nothing is allowed"
    assert robots.why("http://127.0.0.1:8000/a") == robots.reason


@pytest.mark.parametrize("kind", FailureKind)
def test_no_answer_allows_nothing_except_when_redirects_led_nowhere(kind):
    robots = Robots.from_outcome(Failure(request=ASKED, kind=kind, message="it broke"), token="crawlpool")

    assert robots.is_allowed("/a") == (kind is FailureKind.REDIRECT)
    assert robots.is_unreachable == (kind is not FailureKind.REDIRECT)
    assert "it broke" in robots.why("/a")


def test_a_file_that_was_not_read_allows_nothing():
    assert read(b"", is_body_read=False).is_unreachable


@pytest.mark.parametrize(
    "body", [b"", b"\n\n", b"# nothing", b"\xef\xbb\xbf", b"User-agent: *", b"User-agent: *\nDisallow:"]
)
def test_a_file_without_rules_allows_everything(body):
    assert allowed(read(body), "/", "/a") == [True, True]


@pytest.mark.parametrize(
    "body", ["<!DOCTYPE html>\n<title>Not here</title>\n<p>user-agent", "<html>Disallow: /</html>"]
)
def test_a_page_of_html_holds_no_rules(body):
    assert read(body).is_allowed("/a")


@pytest.mark.parametrize(
    "start", ["<!DOCTYPE html>", "\n\n  <html>", "\ufeff<!-- x -->", "<?xml version='1.0'?>"]
)
def test_lines_that_are_rules_count_also_within_markup(start):
    assert not read(start + "\nUser-agent: *\nDisallow: /").is_allowed("/a")


def test_rules_count_even_when_they_are_called_html():
    assert not read("User-agent: *\nDisallow: /", headers=(("Content-Type", "text/html"),)).is_allowed("/a")


def test_the_rules_are_at_the_root_of_an_origin():
    assert robots_url("https://shop.example:8443") == "https://shop.example:8443/robots.txt"


@pytest.mark.parametrize("body", ["User-agent: *\nDisallow: /", "User-agent: *\nDisallow: /robots.txt"])
def test_robots_txt_itself_may_always_be_asked_for(body):
    assert (
        allowed(read(body), "/robots.txt", "http://127.0.0.1:8000/robots.txt", "/robots.txt?x") == [True] * 3
    )
    assert read(b"", status=500).is_allowed("/robots.txt")


# Which bytes count: 2.2 and 2.5


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\r"])
def test_lines_may_end_in_every_way(end):
    robots = read(end.join(["User-agent: *", "Disallow: /a", "Allow: /a/b", ""]))

    assert allowed(robots, "/a", "/a/b", "/c") == [False, True, True]


@pytest.mark.parametrize("character", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_what_only_unicode_calls_a_line_end_stays_part_of_its_line(character):
    robots = read(f"User-agent: *\nDisallow: /a{character}Disallow: /b\nDisallow: /c")

    assert allowed(robots, "/b", "/c") == [True, False]


def test_a_byte_order_mark_does_not_hide_the_first_line():
    assert not read(b"\xef\xbb\xbfUser-agent: *\nDisallow: /a").is_allowed("/a")


def test_bytes_that_are_not_utf_8_do_not_hide_the_other_lines():
    robots = read(b"User-agent: *\nDisallow: /caf\xe9/\nDisallow: /a\x00b\n\xff\xfe\nDisallow: /c")

    assert allowed(robots, "/caf%E9/", "/c", "/d") == [False, False, True]


def test_what_lies_beyond_the_limit_is_not_read():
    filler = b"# " + b"x" * 100 + b"\n"
    head = b"User-agent: *\nDisallow: /a\n"
    body = head + filler * ((MOST_BYTES - len(head)) // len(filler)) + b"\n" * 200 + b"Disallow: /b\n"
    assert len(body) > MOST_BYTES

    assert allowed(read(body), "/a", "/b") == [False, True]


def test_a_line_that_was_cut_through_is_left_out():
    assert allowed(read("User-agent: *\nDisallow: /a\nDisallow: /", is_cut=True), "/a", "/b") == [False, True]


# Groups (2.2.1)


@pytest.mark.parametrize(
    "agent", ["crawlpool", "CRAWLPOOL", "CrawlPool/0.1", "crawlpool*", "crawlpool (a crawler)"]
)
def test_an_agent_is_known_by_its_name_in_any_case(agent):
    robots = read(f"User-agent: *\nAllow: /\nUser-agent: {agent}\nDisallow: /")

    assert not robots.is_allowed("/")


@pytest.mark.parametrize(
    "agent", ["crawl", "crawlpools", "pool", "my-crawlpool", "crawlpool-news", "crawl*", ""]
)
def test_an_agent_with_a_similar_name_is_somebody_else(agent):
    assert read(f"User-agent: {agent}\nDisallow: /").is_allowed("/")


def test_a_group_of_our_own_replaces_the_one_for_everybody():
    robots = read("User-agent: *\nDisallow: /a\nCrawl-delay: 9\nUser-agent: crawlpool\nDisallow: /b")

    assert allowed(robots, "/a", "/b") == [True, False]
    assert robots.crawl_delay_s is None


def test_an_empty_group_of_our_own_frees_us():
    assert read("User-agent: crawlpool\nDisallow:\n\nUser-agent: *\nDisallow: /").is_allowed("/")


def test_agents_in_sequence_share_their_rules_across_empty_lines():
    assert not read("User-agent: crawlpool\n\n# x\n\nUser-agent: other\nDisallow: /").is_allowed("/")


def test_a_line_of_an_unknown_kind_does_not_come_between_agents():
    for line in ("Sitemap: http://127.0.0.1/x", "Host: 127.0.0.1", "Clean-param: a", "nonsense"):
        assert not read(f"User-agent: crawlpool\n{line}\nUser-agent: other\nDisallow: /").is_allowed("/")


def test_a_crawl_delay_ends_no_sequence_of_agents_and_is_for_those_above_it():
    robots = read("User-agent: *\nCrawl-delay: 10\n\nUser-agent: other\nDisallow: /")
    other = read("User-agent: *\nCrawl-delay: 10\n\nUser-agent: other\nDisallow: /", token="other")

    assert not robots.is_allowed("/")
    assert robots.crawl_delay_s == 10
    assert not other.is_allowed("/")
    assert other.crawl_delay_s is None


def test_the_longest_of_several_crawl_delays_is_kept():
    assert rules("Crawl-delay: 2", "Disallow: /a", "Crawl-delay: 7", "Crawl-delay: 3").crawl_delay_s == 7


def test_rules_before_any_agent_are_nobodys():
    assert read("Disallow: /\nUser-agent: *\nDisallow: /a").is_allowed("/")


# Rules (2.2.2, 2.2.3)


def test_the_longest_rule_wins():
    robots = rules("Allow: /p", "Disallow: /page/private", "Disallow: /pa", "Allow: /page")

    assert allowed(robots, "/p", "/pa", "/page", "/page/private", "/pages") == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_between_rules_of_one_length_allow_wins():
    assert allowed(rules("Disallow: /page", "Allow: /page"), "/page") == [True]
    assert allowed(rules("Allow: /folder/", "Disallow: /folder/"), "/folder/x") == [True]
    assert allowed(rules("Allow: /$", "Disallow: /"), "/", "/page.htm") == [True, False]
    assert allowed(rules("Allow: /page", "Disallow: /*.htm"), "/page.htm") == [False]


def test_the_order_of_rules_means_nothing():
    lines = ["Disallow: /", "Allow: /a/", "Disallow: /a/b", "Allow: /a/b/c$"]
    paths = ["/", "/a/", "/a/b", "/a/b/c", "/a/b/cd"]

    assert (
        allowed(rules(*lines), *paths)
        == allowed(rules(*reversed(lines)), *paths)
        == [False, True, False, True, False]
    )


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        ("/fish", ["/fish", "/fish.html", "/fishheads/yum", "/fish?id=1"], ["/Fish", "/catfish", "/"]),
        ("/fish*", ["/fish", "/fish.html", "/fish/"], ["/Fish.asp", "/catfish"]),
        ("/fish/", ["/fish/", "/fish/?id=1", "/fish/salmon"], ["/fish", "/fish.html"]),
        ("/*.php", ["/index.php", "/a/b.php?c", "/x.php/y", "/a.phps"], ["/", "/windows.PHP"]),
        ("/*.php$", ["/x.php", "/a/x.php"], ["/x.php?y", "/x.php/", "/x.php5"]),
        ("/fish*.php", ["/fish.php", "/fishheads/a.php?b"], ["/Fish.PHP"]),
        ("/a*b*c", ["/abc", "/a/b/c", "/axxbxxcxx"], ["/acb", "/ab"]),
        ("*/print", ["/print", "/a/print"], ["/printing".upper()]),
        ("/$", ["/"], ["/a", "/?a"]),
        ("/*", ["/", "/a"], []),
        ("/a?b", ["/a?b", "/a?bc"], ["/a", "/ab", "/axb"]),
        ("//x", ["//x/y"], ["/x"]),
    ],
)
def test_a_rule_forbids_what_it_is_a_pattern_of(rule, inside, outside):
    robots = rules(f"Disallow: {rule}")

    assert allowed(robots, *inside) == [False] * len(inside)
    assert allowed(robots, *outside) == [True] * len(outside)


@pytest.mark.parametrize("rule", ["/foo/bar/ツ", "/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"])
@pytest.mark.parametrize("path", ["/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", "/foo/bar/ツ"])
def test_a_path_is_the_same_however_it_is_encoded(rule, path):
    assert not rules(f"Disallow: {rule}").is_allowed(path)


def test_characters_that_need_no_encoding_are_the_same_encoded():
    assert not rules("Disallow: /foo/bar/%62%61%7A").is_allowed("/foo/bar/baz")
    assert not rules("Disallow: /foo/bar/baz").is_allowed("/foo/bar/%62%61%7A")
    assert not rules("Disallow: /a?x=%2B").is_allowed("/a?x=%2b")


def test_an_encoded_slash_is_not_a_slash_and_an_encoded_star_no_wildcard():
    assert rules("Disallow: /a%2Fb").is_allowed("/a/b")
    assert allowed(rules("Disallow: /a%2A"), "/a*", "/ab") == [False, True]


def test_a_dollar_sign_is_the_end_of_a_path_only_where_it_ends_a_rule():
    assert allowed(rules("Disallow: /a$"), "/a", "/a$", "/a$b", "/ab") == [False, True, True, True]
    assert allowed(rules("Disallow: /a$b"), "/a", "/a$b", "/a$bc", "/a%24b") == [True, False, False, False]
    assert allowed(rules("Disallow: /a%24"), "/a", "/a$", "/a$b") == [True, False, False]


@pytest.mark.parametrize("rule", ["/with space/", "/with%20space/", "/with\tspace/".replace("\t", "%20")])
def test_what_no_path_holds_as_it_is_may_stand_in_a_rule(rule):
    assert not rules(f"Disallow: {rule}").is_allowed("/with%20space/x")


def test_a_url_that_two_readings_of_a_rule_judge_differently_is_not_asked_for():
    # By Google's reading the Allow is not for /foo/bar/baz, by the RFC's it is (2.2.2).
    robots = rules("Disallow: /", "Allow: /foo/bar/%62%61%7A")

    assert allowed(robots, "/foo/bar/baz", "/foo/bar/%62%61%7A") == [False, True]


def test_an_index_page_that_is_allowed_allows_its_directory():
    robots = rules("Disallow: /a/", "Allow: /a/index.html")

    assert allowed(robots, "/a/index.html", "/a/", "/a/x") == [True, True, False]


def test_a_url_is_judged_by_its_path_and_query():
    robots = rules("Disallow: /a?b")

    assert allowed(robots, "http://127.0.0.1:8000/a?b", "http://127.0.0.1:8000/a", "a?b") == [
        False,
        True,
        False,
    ]
    assert allowed(rules("Disallow: /x"), "/y?to=http://127.0.0.1/x") == [True]


@pytest.mark.parametrize(
    "path", ["", "/", "//[", "/[::1", "/%", "/%zz", "/\ud800", "/a\tb", "http://[", "://", "?", "/\x00"]
)
def test_no_path_raises(path):
    robots = rules("Disallow: /x*y", "Disallow: /é")

    assert isinstance(robots.is_allowed(path), bool)
    assert robots.why(path)


# Pace and sitemaps


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("Crawl-delay: 10", 10.0),
        ("crawl-delay: 0.25", 0.25),
        ("Crawl-delay: 0", 0.0),
        ("Request-rate: 1/5", 5.0),
        ("Request-rate: 10/1m", 6.0),
        ("Request-rate: 1/10s 0600-0845", 10.0),
        ("Crawl-delay: 2\nRequest-rate: 1/7", 7.0),
        ("Crawl-delay: 9\nRequest-rate: 1/7", 9.0),
        ("Crawl-delay: -1", None),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: inf", None),
        ("Crawl-delay: 1e999", None),
        ("Crawl-delay: often", None),
        ("Crawl-delay: ", None),
        ("Crawl-delay: " + "9" * 5_000, None),
        ("Request-rate: 0/5", None),
        ("Request-rate: 1/" + "9" * 4_000, None),
        ("Request-rate: 1/" + "9" * 9_000, None),
        ("Request-rate: -1/5", None),
        ("Request-rate: /", None),
        ("Crawl-delay: 5\u2028Disallow: /", None),
    ],
)
def test_a_delay_is_believed_if_it_is_a_number_of_seconds(line, seconds):
    robots = rules(line)

    assert robots.crawl_delay_s == seconds
    assert robots.is_allowed("/")


def test_sitemaps_are_read_anywhere_and_made_absolute():
    robots = read(
        "Sitemap: http://127.0.0.1/a.xml\nUser-agent: other\nSitemap: /b.xml\nSitemap: c.xml\n"
        "sitemap: http://127.0.0.1/a.xml#again\nSitemap: ftp://127.0.0.1/d\nSitemap:\nSitemap: http://[\n"
    )

    assert robots.sitemaps == (
        "http://127.0.0.1/a.xml",
        "http://127.0.0.1:8000/b.xml",
        "http://127.0.0.1:8000/c.xml",
    )


# Reasons


def test_a_refusal_names_the_agent_and_the_rule():
    robots = rules("Disallow: /", "Allow: /open", "Disallow: /open/not/*.html")

    assert (
        robots.why("http://127.0.0.1:8000/a")
        == 'robots.txt line 2, "Disallow: /", does not allow it for "crawlpool"'
    )
    assert robots.why("/open/not/x.html") == (
        'robots.txt line 4, "Disallow: /open/not/*.html", does not allow it for "crawlpool"'
    )
    assert robots.why("/open/a") == 'robots.txt line 3, "Allow: /open", allows it for "crawlpool"'
    assert rules("Disallow: /b").why("/a") == 'robots.txt has nothing against it for "crawlpool"'
    assert robots.why("/robots.txt") == "robots.txt may always be asked for"


def test_among_very_many_rules_the_deciding_one_is_named_as_well():
    robots = rules(*(f"Disallow: /{n}/" for n in range(10_000)))

    assert (
        robots.why("/9999/") == 'robots.txt line 10001, "Disallow: /9999/", does not allow it for "crawlpool"'
    )


def test_a_very_long_rule_is_named_by_its_beginning():
    assert len(rules("Disallow: /" + "a" * 10_000).why("/" + "a" * 10_000)) < 300


def test_a_reason_tells_whose_rules_they_are():
    assert rules("Disallow: /a").reason == 'robots.txt has rules for "*"'
    assert read("User-agent: crawlpool\nDisallow: /").reason == 'robots.txt has rules for "crawlpool"'
    assert (
        read("User-agent: x\nDisallow: /").reason == 'robots.txt has no rules for "crawlpool"; all is allowed'
    )


# Hostile files


def agents_by_rules():
    agents = "".join(f"User-agent: a{n}\n" for n in range(14_000))
    return agents + "User-agent: *\n" + "".join(f"Allow: /{n}\n" for n in range(14_000))


HOSTILE = {
    "stars": "User-agent: *\nDisallow: /" + "*a" * 200_000,
    "many wildcard rules": "User-agent: *\n" + "".join(f"Disallow: /*a*{n}\n" for n in range(25_000)),
    "each agent times each rule": agents_by_rules(),
    "one agent per group": "".join(f"User-agent: a{n}\nDisallow: /{n}\n" for n in range(14_000)),
    "one rule again and again": "User-agent: *\n" + "Disallow: /*a*b*c\n" * 25_000,
    "blanks": "User-agent: *\n" + "Disallow" + " " * 400_000 + "x: /\n",
    "colons": "User-agent: *\n" + ":" * 400_000,
    "pieces that nearly fit": "User-agent: *\n"
    + "".join(f"Disallow: /*{'a' * (50 + n % 50)}b{'a' * 50}\n" for n in range(3_000)),
    "each rule begins the next": "User-agent: *\n" + "".join(f"Disallow: /{'a' * n}\n" for n in range(1_000)),
    "empty lines": "\n" * 400_000,
    "percent signs": "User-agent: *\nDisallow: /" + "%" * 400_000,
    "no line end": "User-agent: *" * 30_000,
    "sitemaps": "Sitemap: x\n" * 40_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_little_to_read_and_to_ask(name):
    body = HOSTILE[name].encode()
    started = time.process_time()
    robots = read(body)
    read_s = time.process_time() - started

    started = time.process_time()
    for number in range(100):
        robots.is_allowed(f"/{number}/" + ("a" * 49 + "b") * 20)
    asked_s = time.process_time() - started

    assert read_s < 2.0  # the slowest take some 0.3 s, for half a megabyte
    assert asked_s < 1.0


def test_wildcards_are_matched_as_many_as_there_are_in_a_rule():
    robots = rules("Disallow: /a" + "*b" * 1_000, "Allow: /c" + "*d" * 1_000, "Disallow: /c")

    assert allowed(robots, "/a" + "b" * 1_000, "/a" + "b" * 999, "/c" + "d" * 1_000, "/c" + "d" * 999) == [
        False,
        True,
        True,
        False,
    ]


def test_a_rule_that_is_repeated_counts_once():
    assert allowed(rules(*["Disallow: /a*b"] * 2_000), "/ab", "/a") == [False, True]


def test_wildcards_beyond_the_limit_forbid_more_instead_of_less():
    long = "x" * 8_000
    robots = rules(
        *(f"Disallow: /{n}/*{long}" for n in range(17)), f"Allow: /16/*{long}", "Disallow: /late/*x"
    )

    assert allowed(robots, "/15/y", f"/15/{long}") == [True, False]
    assert allowed(robots, "/16/y", f"/16/{long}") == [False, False]
    assert allowed(robots, "/late/x", "/late/y") == [False, True]


@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                b"User-agent:",
                b" *",
                b"crawlpool",
                b"\n",
                b"\r",
                b"Disallow:",
                b"Allow: ",
                b"/",
                b"a",
                b"*",
                b"$",
                b"%",
                b"%4",
                b"#",
                b"Crawl-delay: ",
                b"1",
                b"Request-rate: ",
                b"\xff",
                b"\xe2\x80\xa8",
                b"Sitemap: ",
                b"http://",
                b"[",
                b":",
                b" ",
            ]
        ),
        max_size=40,
    ).map(b"".join)
)
def test_no_bytes_raise(body):
    robots = read(body)

    robots.is_allowed("/a%2fb?c=d")
    assert robots.why("/a")
    assert robots.crawl_delay_s is None or robots.crawl_delay_s >= 0
