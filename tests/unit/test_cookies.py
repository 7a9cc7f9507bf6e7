"""Which cookies are kept, and where they are sent."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool import cookies
from crawlpool.cookies import Jar
from crawlpool.errors import ConfigError
from crawlpool.model import Request, Response
from crawlpool.secretfiles import FileCookie

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT


class Clock:
    """Time that a test moves."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def jar(clock):
    return Jar(clock)


@pytest.fixture
def no_list(monkeypatch):
    """As if tldextract were not installed."""
    monkeypatch.setitem(sys.modules, "tldextract", None)
    cookies._suffix_list.cache_clear()
    cookies._is_public_suffix.cache_clear()
    yield
    cookies._suffix_list.cache_clear()
    cookies._is_public_suffix.cache_clear()


def answer(url, *set_cookies, status=200):
    headers = (("Content-Type", "text/html"), *(("Set-Cookie", text) for text in set_cookies))
    return Response(request=Request(url, target=url), status=status, headers=headers)


def sent(jar, *urls):
    return [jar.header_for(url) for url in urls]


def kept(text, *, url="http://127.0.0.1:8000/a/b", to="http://127.0.0.1:8000/a/c"):
    jar = Jar(lambda: NOW)
    jar.take(answer(url, text))
    return jar.header_for(to)


# Which host


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "shop.example.com", "a.b"]
)
def test_a_cookie_goes_back_to_the_host_that_set_it(jar, host):
    jar.take(answer(f"http://{host}/", "a=1"))

    assert sent(jar, f"http://{host}/x?y", "http://127.0.0.2:8000/", "http://other.example.com/") == [
        "a=1",
        None,
        None,
    ]


def test_the_port_means_nothing_to_a_cookie(jar):
    jar.take(answer("http://127.0.0.1:8000/", "a=1"))

    assert sent(jar, "http://127.0.0.1:8001/", "https://127.0.0.1/") == ["a=1", "a=1"]


def test_a_cookie_without_a_domain_is_for_its_host_alone(jar):
    jar.take(answer("http://example.com/", "a=1"))

    assert sent(jar, "http://example.com/", "http://www.example.com/") == ["a=1", None]


@pytest.mark.parametrize("domain", ["example.com", ".example.com", "EXAMPLE.com"])
def test_a_cookie_with_a_domain_is_for_all_hosts_below_it(jar, domain):
    jar.take(answer("http://www.example.com/", f"a=1; Domain={domain}"))

    urls = [
        "http://example.com/",
        "http://www.example.com/",
        "http://x.y.example.com/",
        "http://badexample.com/",
    ]
    assert sent(jar, *urls) == ["a=1", "a=1", "a=1", None]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.example.com", "other.com"),
        ("example.com", "www.example.com"),
        ("www.example.com", "w.example.com"),
        ("badexample.com", "example.com"),
        ("www.example.com", "com"),
        ("www.example.com", ".com"),
        ("www.example.com", "ample.com"),
        ("shop.co.uk", "co.uk"),
        ("me.github.io", "github.io"),
        ("a.localhost", "localhost"),
        ("a.b", "b"),
        ("127.0.0.1", "0.0.1"),
        ("127.0.0.1", "127.0.0.2"),
        ("[::1]", "1]"),
        ("www.example.com", "..example.com"),
    ],
)
def test_a_cookie_for_a_domain_that_is_not_its_own_is_refused(jar, host, domain):
    jar.take(answer(f"http://{host}/", f"a=1; Domain={domain}"))

    assert len(jar) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "github.io"])
def test_a_host_with_nothing_below_it_may_name_itself_as_domain(jar, host):
    jar.take(answer(f"http://{host}/", f"a=1; Domain={host}"))

    assert sent(jar, f"http://{host}/", f"http://x.{host}/") == ["a=1", None]


def test_an_empty_domain_is_none(jar):
    jar.take(answer("http://www.example.com/", "a=1; Domain="))

    assert sent(jar, "http://www.example.com/", "http://example.com/") == ["a=1", None]


def test_without_the_list_a_likely_suffix_counts_for_one_host_only(no_list, jar):
    jar.take(answer("http://shop.co.uk/", "a=1; Domain=co.uk"))
    jar.take(answer("http://www.shop.co.uk/", "b=2; Domain=shop.co.uk"))
    jar.take(answer("http://www.example.com/", "c=3; Domain=com"))

    urls = ["http://shop.co.uk/", "http://other.co.uk/", "http://x.shop.co.uk/", "http://www.example.com/"]
    assert sent(jar, *urls) == ["a=1; b=2", None, "b=2", None]


# Which path


@pytest.mark.parametrize(
    ("path", "inside", "outside"),
    [
        ("/a", ["/a", "/a/", "/a/b", "/a?b"], ["/", "/ab", "/A"]),
        ("/a/", ["/a/", "/a/b"], ["/a", "/ab"]),
        ("/", ["/", "/a"], []),
    ],
)
def test_a_cookie_goes_to_its_path_and_below(jar, path, inside, outside):
    jar.take(answer("http://127.0.0.1/x/y", f"a=1; Path={path}"))

    assert sent(jar, *("http://127.0.0.1" + p for p in inside)) == ["a=1"] * len(inside)
    assert sent(jar, *("http://127.0.0.1" + p for p in outside)) == [None] * len(outside)


@pytest.mark.parametrize("attribute", ["", "; Path", "; Path=", "; Path=relative"])
def test_without_a_path_it_goes_to_the_directory_of_the_page(jar, attribute):
    jar.take(answer("http://127.0.0.1/a/b?c=/d/e", "a=1" + attribute))

    assert sent(jar, "http://127.0.0.1/a/x", "http://127.0.0.1/a", "http://127.0.0.1/") == [
        "a=1",
        "a=1",
        None,
    ]


def test_a_page_at_the_top_sets_cookies_for_every_path(jar):
    jar.take(answer("http://127.0.0.1/login", "a=1"))

    assert sent(jar, "http://127.0.0.1/x/y") == ["a=1"]


# Secure


def test_a_secure_cookie_goes_over_https_only(jar):
    jar.take(answer("https://127.0.0.1/", "a=1; Secure"))

    assert sent(jar, "https://127.0.0.1/", "http://127.0.0.1/") == ["a=1", None]


def test_a_secure_cookie_is_not_taken_from_plain_http(jar):
    jar.take(answer("http://127.0.0.1/", "a=1; secure"))

    assert len(jar) == 0


def test_plain_http_does_not_replace_a_secure_cookie(jar):
    jar.take(answer("https://127.0.0.1/", "a=1; Secure"))
    jar.take(answer("http://127.0.0.1/", "a=2", "a=; Max-Age=0"))

    assert sent(jar, "https://127.0.0.1/") == ["a=1"]


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("__Secure-a=1; Secure", True),
        ("__Secure-a=1", False),
        ("__Host-a=1; Secure; Path=/", True),
        ("__host-a=1; Secure; Path=/", True),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Path=/", False),
        ("__Host-a=1; Secure; Path=/; Domain=example.com", False),
    ],
)
def test_a_name_that_promises_something_is_held_to_it(jar, text, is_kept):
    jar.take(answer("https://example.com/", text))

    assert len(jar) == is_kept


# How long


@pytest.mark.parametrize(
    "text",
    [
        "a=1; Max-Age=60",
        "a=1; max-age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "a=1; Expires=Sun, 06 Nov 1994 08:50:37 GMT",
        "a=1; Expires=Sunday, 06-Nov-94 08:50:37 GMT",
        "a=1; Expires=Sun Nov  6 08:50:37 1994",
        "a=1; expires=6 nov 1994 8:50:37",
        "a=1; Max-Age=soon; Expires=Sun, 06-Nov-1994 08:50:37 GMT",
        "a=1; Max-Age=" + "0" * 900 + "60",
    ],
)
def test_a_cookie_goes_until_it_expires(jar, clock, text):
    jar.take(answer("http://127.0.0.1/", text))

    clock.now = NOW + 59
    assert sent(jar, "http://127.0.0.1/") == ["a=1"]
    clock.now = NOW + 60
    assert sent(jar, "http://127.0.0.1/") == [None]
    assert len(jar) == 0


@pytest.mark.parametrize(
    "text",
    [
        "a=1",
        "a=1; Max-Age=" + "9" * 900,
        "a=1; Max-Age=" + "9" * 9_000,
        "a=1; Max-Age=1.5",
        "a=1; Max-Age=",
        "a=1; Max-Age",
        "a=1; Expires=never",
        "a=1; Expires=Sun, 31 Feb 1994 08:50:37 GMT",
        "a=1; Expires=Sun, 06 Nov 1500 08:50:37 GMT",
        "a=1; Expires=Sun, 06 Nov 1994 25:50:37 GMT",
        "a=1; Expires=99:99:99 00 Jan 0000",
        "a=1; Expires=" + "1" * 900,
    ],
)
def test_a_cookie_without_a_time_that_can_be_read_stays(text):
    assert kept(text) == "a=1"


@pytest.mark.parametrize(
    "attribute", ["Max-Age=0", "Max-Age=-1", "Max-Age=-" + "9" * 900, "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_a_cookie_that_is_over_is_taken_out(jar, attribute):
    jar.take(answer("http://127.0.0.1/", "a=1", "b=2"))
    jar.take(answer("http://127.0.0.1/", f"a=; {attribute}", f"never=there; {attribute}"))

    assert sent(jar, "http://127.0.0.1/") == ["b=2"]


@pytest.mark.parametrize("attribute", ["Max-Age=999999999999", "Expires=Fri, 31 Dec 9999 23:59:59 GMT", ""])
def test_no_cookie_lives_longer_than_400_days(jar, clock, attribute):
    jar.take(answer("http://127.0.0.1/", f"a=1; {attribute}"))
    clock.now += 400 * 86_400 - 1
    assert sent(jar, "http://127.0.0.1/") == ["a=1"]
    clock.now += 2
    assert sent(jar, "http://127.0.0.1/") == [None]


def test_a_two_digit_year_is_in_this_century_before_seventy(jar, clock):
    clock.now = 1_000_000_000.0  # 2001
    jar.take(
        answer(
            "http://127.0.0.1/",
            "a=1; Expires=Fri, 01-Jan-69 00:00:00 GMT",
            "b=1; Expires=Thu, 01-Jan-70 00:00:00 GMT",
        )
    )

    assert sent(jar, "http://127.0.0.1/") == ["a=1"]


# Names and values


def test_every_set_cookie_of_an_answer_counts(jar):
    jar.take(answer("http://127.0.0.1/", "a=1", "b=2", "a=3", status=302))

    assert sent(jar, "http://127.0.0.1/") == ["a=3; b=2"]
    assert len(jar) == 2


def test_longer_paths_go_first_and_then_older_cookies(jar):
    jar.take(answer("http://127.0.0.1/", "a=1", "b=2; Path=/x", "c=3", "d=4; Path=/x/y", "a=5"))

    assert sent(jar, "http://127.0.0.1/x/y/z") == ["d=4; b=2; a=5; c=3"]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a=", "a="),
        ("a=b=c", "a=b=c"),
        ('a="b c"; HttpOnly', 'a="b c"'),
        ("  a = b ;Path = /", "a=b"),
        ("a=1;;;=;x;SameSite=Lax;Version=9;Port=80", "a=1"),
        ("a=1; Path=/nowhere; Path=/a", "a=1"),
        ("a=caf\xc3\xa9", "a=caf\xc3\xa9"),
        ("a=1, b=2", "a=1, b=2"),
        ("a=1;" + "x" * 70_000, "a=1"),
        ("a=1; Path=/" + "x" * 2_000, "a=1"),
        ("a=" + "v" * 4_095, "a=" + "v" * 4_095),
    ],
)
def test_what_is_odd_but_readable_is_kept(text, header):
    assert kept(text) == header


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "a",
        "=1",
        " = ",
        "; a=1",
        "a=1\x00",
        "a=1\r\nX: y",
        "a\n=1",
        "a=\x7f",
        "a=" + "v" * 4_096,
        "n" * 5_000 + "=",
    ],
)
def test_what_is_no_cookie_is_left_out(text):
    assert kept(text) is None


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                "a",
                "=",
                ";",
                " ",
                "Max-Age",
                "Expires",
                "Domain",
                "Path",
                "/",
                ".",
                "1",
                "99",
                ":",
                "Nov",
                "-",
                "\x00",
                "é",
            ]
        ),
        max_size=25,
    ).map("".join),
    st.sampled_from(
        [
            "http://127.0.0.1/",
            "https://www.example.com/a/b",
            "http://localhost:1/",
            "http://[::1]/",
            "nonsense",
            "",
        ]
    ),
)
def test_no_set_cookie_raises(text, url):
    jar = Jar(lambda: NOW)
    jar.take(answer(url, text))

    assert len(jar) <= 1
    assert len(jar.pairs_for("https://www.example.com/a/b")) <= 1


# The user's own


def test_the_users_cookie_goes_to_every_path_of_its_host_and_to_no_other(jar):
    jar.set_for("http://127.0.0.1:8000/deep/page", "session", "abc=")

    urls = [
        "http://127.0.0.1:8000/",
        "https://127.0.0.1/x",
        "http://127.0.0.2:8000/",
        "http://x.127.0.0.1.example.com/",
    ]
    assert sent(jar, *urls) == ["session=abc=", None, None, None]
    assert sent(jar, "http://127.0.0.1:8001/") == [None]


def test_the_users_cookie_for_an_https_seed_does_not_go_over_plain_http(jar):
    jar.set_for("https://shop.example/", "session", "abc")
    assert sent(jar, "https://shop.example/", "http://shop.example/") == ["session=abc", None]

    jar.set_for("http://shop.example/", "session", "abc")
    jar.set_for("https://shop.example/", "session", "abc")
    assert sent(jar, "http://shop.example/") == ["session=abc"]


def test_a_server_may_replace_the_users_cookie(jar):
    jar.set_for("http://127.0.0.1/", "session", "old")
    jar.take(answer("http://127.0.0.1/login", "session=new"))

    assert sent(jar, "http://127.0.0.1/") == ["session=new"]
    assert len(jar) == 1

    jar.set_for("http://127.0.0.1/another/seed", "session", "old")
    assert sent(jar, "http://127.0.0.1/") == ["session=new"]
    jar.set_for("http://127.0.0.1/", "session", "other")
    assert sent(jar, "http://127.0.0.1/") == ["session=other"]


def test_the_users_cookie_is_never_put_out_by_others(jar):
    jar.set_for("http://127.0.0.1/", "session", "abc")
    jar.take(answer("http://127.0.0.1/", *(f"n{n}=1" for n in range(200))))
    for number in range(100):
        jar.take(answer(f"http://h{number}/", *(f"n{n}=1" for n in range(50))))

    assert sent(jar, "http://127.0.0.1/") == ["session=abc"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("", "1"), ("a=b", "1"), ("a;b", "1"), ("a", "1; b=2"), ("a", "1\r\nX: y"), ("a\n", "")],
)
def test_a_cookie_of_the_user_that_cannot_be_sent_is_refused(jar, name, value):
    with pytest.raises(ConfigError, match="cookie"):
        jar.set_for("http://127.0.0.1/", name, value)


def test_the_cookies_of_a_file_follow_the_rules_and_are_not_put_out(jar):
    def cookie(domain, name, *, below=True, path="/", is_secure=False, expires_at=0.0):
        return FileCookie(domain, not below, path, is_secure, expires_at, name, "1")

    jar.load(
        [
            cookie("shop.example", "below"),
            cookie("shop.example", "alone", below=False),
            cookie("co.uk", "suffix"),
            cookie("127.0.0.1", "address"),
            cookie("shop.example", "__Host-x", below=False),
            cookie("shop.example", "over", expires_at=NOW - 1),
            cookie("[", "nowhere"),
        ]
    )
    assert len(jar) == 5
    for number in range(100):
        jar.take(answer(f"http://h{number}/", *(f"n{n}=1" for n in range(50))))

    urls = ["http://shop.example/", "https://www.shop.example/", "https://shop.example/"]
    assert sent(jar, *urls) == ["alone=1; below=1", "below=1", "__Host-x=1; alone=1; below=1"]
    assert sent(jar, "http://shop.co.uk/", "http://co.uk/", "http://x.127.0.0.1.test/") == [
        None,
        "suffix=1",
        None,
    ]


def test_a_requests_own_cookies_replace_those_of_the_jar(jar):
    jar.take(answer("http://127.0.0.1/", "a=1", "b=2"))

    assert jar.header_for("http://127.0.0.1/", (("b", "3"), ("c", "4"))) == "a=1; b=3; c=4"
    assert jar.header_for("http://127.0.0.2/", (("b", "3"),)) == "b=3"
    assert Jar().header_for("http://127.0.0.1/") is None


def test_no_value_becomes_a_second_cookie_or_header(jar):
    extra = (("a", "1; b=2"), ("c=d\r\nX", "3\r\nEvil: yes\x00"))

    assert jar.header_for("http://127.0.0.1/", extra) == "a=1%3B b=2; c%3Dd%0D%0AX=3%0D%0AEvil: yes%00"


def test_what_is_not_ascii_goes_as_utf_8(jar):
    jar.set_for("http://127.0.0.1/", "name", "Zoë")

    assert jar.header_for("http://127.0.0.1/", (("x", "ツ"),)).encode("latin-1").decode() == "name=Zoë; x=ツ"


# Bounds


def test_a_host_cannot_have_more_than_fifty_cookies_kept(jar):
    jar.take(answer("http://127.0.0.1/", *(f"n{n}=1" for n in range(60))))

    assert len(jar) == 50
    assert [name for name, _ in jar.pairs_for("http://127.0.0.1/")] == [f"n{n}" for n in range(10, 60)]


def test_a_cookie_that_has_expired_makes_room_first(jar, clock):
    jar.take(answer("http://127.0.0.1/", *(f"n{n}=1" for n in range(49)), "short=1; Max-Age=5"))
    clock.now = NOW + 10
    jar.take(answer("http://127.0.0.1/", "new=1"))

    assert [name for name, _ in jar.pairs_for("http://127.0.0.1/")] == [*(f"n{n}" for n in range(49)), "new"]


def test_the_host_that_was_not_used_for_longest_loses_its_cookies_first(jar):
    for number in range(3_000):
        jar.take(answer(f"http://h{number}/", "a=1"))
    jar.pairs_for("http://h0/")

    jar.take(answer("http://one.more/", "a=1"))

    assert len(jar) == 3_000
    assert sent(jar, "http://h0/", "http://h1/", "http://h2/") == ["a=1", None, "a=1"]


def test_the_count_of_what_is_kept_stays_true_through_it_all(jar, clock):
    for number in range(5_000):
        clock.now += 1
        jar.take(
            answer(f"http://h{number % 97}/", f"n{number % 61}=1; Max-Age={number % 300}", "b=2; Max-Age=0")
        )
        jar.pairs_for(f"http://h{number % 89}/")

    assert jar._taken == len(jar) == sum(1 for kept in jar._domains.values() for _ in kept)
    assert all(jar._domains.values())


def test_a_full_jar_costs_little_to_ask(jar):
    for number in range(3_000):
        jar.take(answer(f"http://h{number}.example.com/", "a=1"))
    started = time.process_time()

    for number in range(1_000):
        jar.header_for(f"http://h{number}.example.com/x")

    assert time.process_time() - started < 0.5  # some 10 ms; looking through all would be 13 s


def test_an_answer_without_cookies_loads_nothing():
    code = (
        "import sys; from crawlpool.cookies import Jar; from crawlpool.model import *;"
        "url = 'http://127.0.0.1/'; jar = Jar(); before = set(sys.modules);"
        "answer = lambda *headers: Response(request=Request(url, target=url), status=200, headers=headers);"
        "jar.take(answer(('Content-Type', 'text/html'))); jar.take(answer(('Set-Cookie', 'a=1; Path=/')));"
        "print(jar.header_for(url), sorted(set(sys.modules) - before), 'requests' in sys.modules)"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "a=1 [] False"
