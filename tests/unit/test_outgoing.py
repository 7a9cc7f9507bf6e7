"""What is sent with a request besides the crawl's own headers."""

import pytest

from crawlpool.credentials import Credentials
from crawlpool.model import Request, Response
from crawlpool.outgoing import Outgoing
from crawlpool.worker.wire import Want

SECRET = ("Authorization", "Bearer x")
HARMLESS = ("Accept-Language", "de")


def dressed(seed, *, headers=(SECRET, HARMLESS), cookies=()):
    outgoing = Outgoing(headers=headers, cookies=cookies)
    outgoing.add_seed(seed)
    return outgoing


def sent(outgoing, url, **fields):
    _, target, headers, _, want = outgoing.parcel(Request(url, target=url, **fields), Want.BODY)
    assert target == url
    assert want & ~Want.PRIVATE == Want.BODY
    return headers


def test_what_the_user_gave_goes_to_the_hosts_of_the_seeds():
    outgoing = dressed("https://shop.example/a")
    assert set(sent(outgoing, "https://shop.example/other")) == {SECRET, HARMLESS}


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "https://www.shop.example/",
        "https://shop.example.evil.example/",
        "https://evil-shop.example/",
        "http://shop.example/a",  # the seed said https
        "https://shop.example:8443/a",  # another server, perhaps of another user of the machine
    ],
)
def test_a_secret_goes_to_no_other_origin(url):
    assert sent(dressed("https://shop.example/a"), url) == (HARMLESS,)


def test_https_is_another_origin_than_http_and_that_is_said_once(caplog):
    outgoing = dressed("http://shop.example/")
    assert SECRET not in sent(outgoing, "https://shop.example/")
    assert SECRET not in sent(outgoing, "https://shop.example/again")
    (said,) = caplog.messages
    assert "http://shop.example is not sent to https://shop.example;" in said


def test_a_host_named_both_ways_may_be_asked_both_ways():
    outgoing = dressed("https://shop.example/")
    outgoing.add_seed("http://shop.example/")
    outgoing.add_seed("https://shop.example/again")
    assert SECRET in sent(outgoing, "http://shop.example/")


def test_before_any_seed_nothing_secret_is_sent():
    assert sent(Outgoing(headers=(SECRET,), cookies=(("a", "1"),)), "https://shop.example/") == ()


@pytest.mark.parametrize("name", ["Cookie", "X-Api-Key", "Proxy-Authorization", "Referer", "X-Anything"])
def test_a_header_that_nobody_knows_counts_as_a_secret(name):
    outgoing = dressed("https://shop.example/", headers=((name, "1"),))
    assert sent(outgoing, "https://other.example/") == ()


def test_a_requests_own_header_replaces_the_users_whatever_its_case():
    outgoing = dressed("https://shop.example/")
    headers = sent(outgoing, "https://shop.example/", headers={"AUTHORIZATION": "mine"})
    assert headers == (HARMLESS, ("AUTHORIZATION", "mine"))


def test_a_requests_own_header_is_sent_where_it_says():
    assert sent(dressed("https://shop.example/"), "https://api.example/", headers={"X-Key": "k"}) == (
        HARMLESS,
        ("X-Key", "k"),
    )


def test_the_users_cookies_go_to_the_hosts_of_the_seeds_only():
    outgoing = dressed("https://shop.example/a", headers=(), cookies=(("a", "1"), ("b", "2")))
    assert sent(outgoing, "https://shop.example/") == (("Cookie", "a=1; b=2"),)
    assert sent(outgoing, "https://other.example/") == ()
    assert sent(outgoing, "http://shop.example/") == ()


def test_a_cookie_that_a_page_set_goes_back_to_its_host():
    outgoing = dressed("https://shop.example/", headers=())
    url = "https://found.example/login"
    outgoing.took(
        Response(request=Request(url, target=url), status=302, headers=(("Set-Cookie", "s=1; Path=/"),))
    )
    assert sent(outgoing, "https://found.example/") == (("Cookie", "s=1"),)
    assert sent(outgoing, "https://shop.example/") == ()


def test_a_requests_own_cookie_goes_with_it_and_with_no_other():
    outgoing = dressed("https://shop.example/", headers=())
    assert sent(outgoing, "https://api.example/", cookies={"s": "1"}) == (("Cookie", "s=1"),)
    assert sent(outgoing, "https://api.example/") == ()


def test_a_cookie_header_and_the_jar_make_one_cookie_header():
    # RFC 6265, 5.4: a user agent sends one at most.
    outgoing = dressed("https://shop.example/", headers=(("cookie", "a=1"),), cookies=(("b", "2"),))
    assert [name.lower() for name, _ in sent(outgoing, "https://shop.example/")].count("cookie") == 1
    ((_, value),) = sent(outgoing, "https://shop.example/")
    assert value == "a=1; b=2"


def test_method_and_body_cross_as_they_are():
    parcel = Outgoing(headers=(), cookies=()).parcel(
        Request("https://a.example/", target="https://a.example/", json={"a": 1}), Want.NOTHING
    )
    assert parcel == ("POST", "https://a.example/", (("Content-Type", "application/json"),), b'{"a": 1}', 0)


def with_login(seed, *, headers=(), **given):
    outgoing = Outgoing(headers=headers, cookies=(), credentials=Credentials(**given))
    outgoing.add_seed(seed)
    return outgoing


def test_a_header_that_the_user_wrote_goes_before_a_login_for_the_seeds_but_not_before_one_for_the_origin():
    written = ("authorization", "mine")
    outgoing = with_login("https://a.example/", headers=(written,), bearer=(("", "t"),))
    assert sent(outgoing, "https://a.example/x") == (written,)

    outgoing = with_login("https://a.example/", headers=(written,), bearer=(("https://a.example", "t"),))
    assert sent(outgoing, "https://a.example/x") == (("Authorization", "Bearer t"),)


def test_a_requests_own_authorization_goes_before_every_login():
    outgoing = with_login("https://a.example/", bearer=(("https://a.example", "t"),))
    own = {"Authorization": "mine"}
    assert sent(outgoing, "https://a.example/x", headers=own) == (("Authorization", "mine"),)


@pytest.mark.parametrize(
    ("url", "is_shown"),
    [
        ("https://a.example/deep", True),
        ("https://a.example:8443/", False),
        ("http://a.example/", False),
        ("https://b.example/", False),
    ],
)
def test_a_certificate_for_the_seeds_may_be_shown_to_their_origins_alone(url, is_shown):
    outgoing = Outgoing(headers=(), cookies=(), has_certificate=True)
    outgoing.add_seed("https://a.example/")
    wants = outgoing.parcel(Request(url, target=url), Want.BODY)[4]
    assert bool(wants & Want.CERTIFICATE) is is_shown
