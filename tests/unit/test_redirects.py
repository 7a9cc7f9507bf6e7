"""What a redirect asks for next."""

import pytest

from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.redirects import may_travel, next_hop

HERE = "http://shop.example/a/b?q=1"


def ask(url=HERE, **fields):
    return Request(url, **{"target": url, **fields})


def hop(location, *, status=302, most=10, headers=(), request=None):
    """What an answer with this Location leads to."""
    answer = Response(
        request=request or ask(), status=status, headers=(("Location", location), *headers), worker=7
    )
    return next_hop(answer, most=most)


def assert_failed(outcome, *words):
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.REDIRECT
    for word in words:
        assert word in outcome.message


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_to_its_location(status):
    assert hop("/c", status=status).target == "http://shop.example/c"


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 306, 404, 503])
def test_a_location_means_nothing_with_another_status(status):
    assert hop("/c", status=status) is None


def test_a_redirect_status_without_a_location_is_an_answer():
    assert next_hop(Response(request=ask(), status=302), most=10) is None


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("c", "http://shop.example/a/c"),
        ("?q=2", "http://shop.example/a/b?q=2"),
        ("//other.example", "http://other.example/"),
        ("HTTPS://Shop.Example:443/c#part", "https://shop.example/c"),
        (" /c\t", "http://shop.example/c"),
        ("/../../c", "http://shop.example/c"),
        ("/caf\xc3\xa9", "http://shop.example/caf%C3%A9"),  # UTF-8 bytes, read as Latin-1
        (
            "/caf\xe9?q=\xe9",
            "http://shop.example/caf%E9?q=%E9",
        ),  # Latin-1 bytes, by which the server knows it
        ("http://b\xc3\xbccher.example/", "http://xn--bcher-kva.example/"),
        ("/a b", "http://shop.example/a%20b"),
        ("/a\x01\tb", "http://shop.example/a%01b"),
        ("http:///other.example/c", "http://other.example/c"),
        ("http:c", "http://shop.example/a/c"),
        ("shop.example/c", "http://shop.example/a/shop.example/c"),
        ("/c%zz%", "http://shop.example/c%zz%"),
        ("http://me:secret@shop.example/c", "http://shop.example/c"),
        ("\\\\other.example\\c", "http://other.example/c"),
    ],
)
def test_a_location_is_joined_to_the_url_that_was_asked(location, target):
    assert hop(location).target == target


@pytest.mark.parametrize(
    "location",
    [
        "javascript:alert(1)",
        "mailto:me@shop.example",
        "http://",
        "http://[::1",
        "ftp://x/",
        "data:,",
        "http://a b/",
        "http://x:99999/",
        "//",
        "http://caf\xe9.example/",
    ],
)
def test_a_location_that_is_no_web_url_ends_the_chain_and_is_quoted(location):
    assert_failed(hop(location), "302", location)


def test_the_same_location_twice_is_one_and_two_different_ones_lead_nowhere():
    assert hop("/c", headers=(("LOCATION", "/c"),)).target == "http://shop.example/c"
    assert_failed(hop("/c", headers=(("location", "/d"),)), "302", "/c", "/d", "at once")
    assert hop("/c", headers=(("location", "/d"),), status=201) is None


def test_no_fragment_is_asked_for():
    assert hop("/c#there", request=ask(HERE + "#here", target=HERE)).target == "http://shop.example/c"


def test_a_location_of_a_megabyte_is_not_quoted_whole():
    assert len(hop("javascript:" + "x" * 1_000_000).message) < 400


def test_the_trail_grows_by_the_url_that_redirected():
    first = hop("/c")
    second = hop("/d", request=first)
    assert second.redirects == (HERE, "http://shop.example/c")
    assert second.url == HERE
    assert second.target == "http://shop.example/d"


def test_each_hop_starts_with_a_first_attempt():
    assert hop("/c", request=ask(attempt=3)).attempt == 1


def test_what_the_user_carries_along_survives_every_hop():
    request = ask(data={"a": 1}, handler="book", depth=3, found_on="x", is_listed=True, columns=(("n", "1"),))
    there = hop("https://other.example/", request=request)
    for name in ("data", "handler", "depth", "found_on", "is_listed", "columns"):
        assert getattr(there, name) == getattr(request, name)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_exactly_as_many_redirects_are_followed_as_allowed(most):
    request = ask()
    for number in range(most):
        request = hop(f"/{number}", request=request, most=most)
        assert isinstance(request, Request)
    assert_failed(hop("/one-more", request=request, most=most), f"more than {most} redirects", "/one-more")


def test_a_redirect_to_itself_is_a_circle():
    assert_failed(hop("#top"), "circle", HERE)
    assert_failed(hop(""), "circle", HERE)


def test_a_redirect_to_an_earlier_hop_is_a_circle():
    assert_failed(hop(HERE, request=hop("/c")), "circle")


def test_a_circle_that_sets_a_cookie_may_end_at_the_next_round():
    there = hop("", headers=(("Set-Cookie", "seen=1"),))
    assert isinstance(there, Request)
    assert there.target == HERE


def test_a_circle_that_sets_cookies_for_ever_is_too_many_redirects():
    request = ask()
    for _ in range(10):
        request = hop("", headers=(("Set-Cookie", "seen=1"),), request=request)
    assert_failed(hop("", headers=(("Set-Cookie", "seen=1"),), request=request), "more than 10 redirects")


def test_a_form_that_redirects_to_its_own_url_is_no_circle():
    there = hop(HERE, status=303, request=ask(form={"q": "1"}))
    assert (there.method, there.target) == ("GET", HERE)
    assert_failed(hop(HERE, status=303, request=there), "circle")


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "DELETE", "GET"),
        (303, "HEAD", "HEAD"),
        (302, "HEAD", "HEAD"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (307, "PUT", "PUT"),
    ],
)
def test_the_method_after_a_redirect_is_what_browsers_make_of_it(status, method, then):
    request = ask(method=method, body=b"x=1", headers={"Content-Type": "text/plain", "X-Mine": "1"})
    there = hop("/c", status=status, request=request)
    assert there.method == then
    if then == method:
        assert there.body == b"x=1"
        assert there.headers == request.headers
    else:
        assert there.body == b""
        assert there.headers == (("X-Mine", "1"),)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://other.example/",
        "http://shop.example:8080/",
        "https://shop.example/",
        "http://www.shop.example/",
        "http://shop.example.evil.example/",
        "http://shop.example@evil.example/",
        "//evil.example\\@shop.example/",
    ],
)
def test_headers_and_cookies_of_a_request_stay_with_its_origin(elsewhere):
    request = ask(
        headers={"Authorization": "Basic x", "Cookie": "a=1", "X-Api-Key": "k", "Accept-Language": "de"},
        cookies={"sid": "1"},
    )
    there = hop(elsewhere, request=request)
    assert there.headers == (("Accept-Language", "de"),)
    assert there.cookies == ()


def test_headers_and_cookies_of_a_request_go_on_within_its_origin():
    request = ask(headers={"Authorization": "Basic x"}, cookies={"sid": "1"})
    there = hop("http://shop.example:80/c", request=request)
    assert (there.headers, there.cookies) == (request.headers, request.cookies)


def test_what_was_left_behind_does_not_come_back_with_the_way_home():
    away = hop("http://other.example/", request=ask(headers={"Authorization": "x"}, cookies={"sid": "1"}))
    home = hop("http://shop.example/home", request=away)
    assert (home.headers, home.cookies) == ((), ())


def test_only_headers_that_are_no_secret_travel():
    given = (("ACCEPT", "*/*"), ("accept-Language", "de"), ("Referer", "http://intra.example/"), ("X-A", "1"))
    assert may_travel(given) == given[:2]
