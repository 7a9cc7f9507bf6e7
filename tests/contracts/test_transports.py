"""What every transport promises: one hop, on time, never more than the cap, exactly one answer."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator

import brotli
import pytest
from urllib3.util import request as u3request

from crawlpool.model import Failure, FailureKind, Outcome, Request, Response
from crawlpool.worker.exchange import Exchange
from crawlpool.worker.wire import Want, outcome_of

from . import transports

pytestmark = pytest.mark.timeout(30)

ALL = Want.BODY | Want.FACTS | Want.LINKS


@pytest.fixture(params=transports.NAMES)
def transport_of(request) -> Iterator:
    """Make a transport; all that were made are closed."""
    made = []

    def make(**options):
        made.append(transports.new(request.param, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def fetch(transport, url: str, want: Want = ALL, **more) -> Outcome:
    return transports.fetch(transport, url, want, **more)


def failure(transport, url: str, **more) -> Failure:
    outcome = fetch(transport, url, **more)
    assert isinstance(outcome, Failure), outcome
    return outcome


def test_an_answer_is_kept_whole_as_it_came_and_as_it_was_asked(site, transport_of):
    site.raw(
        "/",
        b"HTTP/1.1 203 Quite Fine\r\nb-Header: 1\r\nA-header: 2\r\nB-Header: 3\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        b"Content-Type: text/html\r\nContent-Length: 26\r\n\r\n<title>T</title><a href=x>",
    )
    transport = transport_of(headers=(("User-Agent", "us/1"), ("Accept", "*/*")))
    before = time.time()
    response = fetch(transport, site.url + "/", headers={"X-Mine": "yes"})

    assert isinstance(response, Response)
    assert (response.status, response.reason, response.http_version) == (203, "Quite Fine", "HTTP/1.1")
    assert response.headers[:5] == (
        ("b-Header", "1"),
        ("A-header", "2"),
        ("B-Header", "3"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    )
    assert response.body == b"<title>T</title><a href=x>"
    assert response.size == 26
    assert response.facts is not None
    assert (response.facts.title, response.facts.links) == ("T", (site.url + "/x",))
    assert response.remote_address == site.url.removeprefix("http://")
    assert before <= response.fetched_at <= time.time()
    assert 0 < response.elapsed_s < 10
    assert response.request_headers == site.log[0].headers
    assert ("X-Mine", "yes") in response.request_headers


def test_what_is_not_wanted_does_not_come_back(site, transport_of):
    site.page("/", links=["/a", "/b"], title="T")
    response = fetch(transport_of(), site.url + "/", Want.FACTS)

    assert isinstance(response, Response)
    assert response.body == b""
    assert response.size > 0
    assert response.facts is not None
    assert (response.facts.title, response.facts.link_count, response.facts.links) == ("T", 2, ())


def test_a_redirect_is_an_answer_and_is_not_followed(site, transport_of):
    site.redirect("/from", "/to")
    site.page("/to")
    response = fetch(transport_of(), site.url + "/from")

    assert isinstance(response, Response)
    assert (response.status, response.header("location")) == (302, "/to")
    assert site.requests == ["/from"]


def test_the_path_is_asked_for_exactly_as_it_stands(site, transport_of):
    paths = ["/%7Etilde", "/~tilde", "/100%", "/a|b", "/%c3%a9", "/x?q=%20+'", "/p//q/", "/?"]
    for path in paths:
        fetch(transport_of(), site.url + path)

    assert [arrival.target for arrival in site.log] == paths


def test_connections_are_kept_alive(site, transport_of):
    site.page("/")
    transport = transport_of()
    for _ in range(5):
        fetch(transport, site.url + "/")

    assert site.connections == 1


def test_a_kept_connection_that_the_server_closed_costs_no_failure(site, transport_of):
    site.page("/")
    site.raw("/closes", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")  # and closes, without saying so
    transport = transport_of()
    for _ in range(3):
        assert isinstance(fetch(transport, site.url + "/closes"), Response)
        assert isinstance(fetch(transport, site.url + "/"), Response)


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("gzip, br", lambda body: brotli.compress(gzip.compress(body))),
    ],
)
def test_a_coded_body_is_decoded(site, transport_of, coding, encode):
    encoded = encode(b"<p>text" * 1000)
    site.page("/", encoded, headers={"Content-Encoding": coding})
    response = fetch(transport_of(), site.url + "/", Want.BODY | Want.RAW)

    assert isinstance(response, Response)
    assert response.body == b"<p>text" * 1000
    assert response.raw_body == encoded


def test_zstd_is_decoded(site, transport_of):
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    site.page("/", zstd.compress(b"<p>text" * 1000), headers={"Content-Encoding": "zstd"})
    response = fetch(transport_of(), site.url + "/")

    assert isinstance(response, Response)
    assert response.body == b"<p>text" * 1000
    assert "zstd" in u3request.ACCEPT_ENCODING


def test_a_body_that_is_not_what_its_coding_says_is_a_failure(site, transport_of):
    site.page("/", b"this is no gzip", headers={"Content-Encoding": "gzip"})

    assert failure(transport_of(), site.url + "/").kind == FailureKind.DECODING


@pytest.mark.parametrize("coding", ["", "gzip", "br"])
def test_a_body_past_the_cap_is_cut_there_and_marked(site, transport_of, coding):
    encode = {"": bytes, "gzip": gzip.compress, "br": brotli.compress}[coding]
    site.page("/long", encode(b"x" * 5000), headers={"Content-Encoding": coding} if coding else {})
    site.page("/exact", encode(b"x" * 1000), headers={"Content-Encoding": coding} if coding else {})
    transport = transport_of(max_body=1000)
    long, exact = fetch(transport, site.url + "/long"), fetch(transport, site.url + "/exact")

    assert isinstance(long, Response)
    assert isinstance(exact, Response)
    assert (len(long.body), long.size, long.is_cut) == (1000, 1000, True)
    assert (len(exact.body), exact.size, exact.is_cut) == (1000, 1000, False)


def test_a_small_answer_that_unpacks_to_an_endless_body_stays_within_the_cap(site, transport_of):
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 9)
    site.page("/", bomb, headers={"Content-Encoding": "gzip"})
    started = time.monotonic()
    response = fetch(transport_of(max_body=100_000), site.url + "/")

    assert isinstance(response, Response)
    assert (len(response.body), response.is_cut) == (100_000, True)
    assert time.monotonic() - started < 5


def test_a_body_that_is_not_html_is_left_unread_when_only_html_is_wanted(site, transport_of):
    site.page("/big", b"x" * 1_000_000, content_type="application/pdf")
    site.page("/page", b"<p>hello")
    transport = transport_of()
    big = fetch(transport, site.url + "/big", Want.FACTS | Want.HTML_ONLY)
    page = fetch(transport, site.url + "/page", Want.FACTS | Want.HTML_ONLY)

    assert isinstance(big, Response)
    assert isinstance(page, Response)
    assert (big.size, big.is_body_read, big.content_type) == (0, False, "application/pdf")
    assert (page.size, page.is_body_read) == (8, True)


@pytest.mark.parametrize("from_head", [False, True])
def test_a_server_that_drips_is_cut_off_on_time(site, transport_of, from_head):
    site.drip("/", every_s=0.05, from_head=from_head)
    started = time.monotonic()
    outcome = failure(transport_of(timeout_s=0.6), site.url + "/")

    assert outcome.kind == FailureKind.TIMEOUT
    assert 0.5 < time.monotonic() - started < 1.5


def test_a_server_that_never_answers_is_cut_off_on_time(site, transport_of):
    site.hang("/")
    started = time.monotonic()

    assert failure(transport_of(timeout_s=0.4), site.url + "/").kind == FailureKind.TIMEOUT
    assert time.monotonic() - started < 1.5


def test_after_a_timeout_the_next_answer_is_the_next_requests(site, transport_of):
    site.page("/slow", "late", delay_s=0.5)
    site.page("/", "right")
    transport = transport_of(timeout_s=0.2)
    failure(transport, site.url + "/slow")
    response = fetch(transport, site.url + "/")

    assert isinstance(response, Response)
    assert response.body == b"right"


def test_a_port_where_nobody_listens_is_a_connection_failure(transport_of):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    outcome = failure(transport_of(), f"http://127.0.0.1:{port}/")
    assert outcome.kind == FailureKind.CONNECT
    assert "refused" in outcome.message.lower()


def test_a_connection_that_is_not_made_in_time_is_a_connect_timeout(transport_of):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        started = time.monotonic()
        outcome = failure(transport_of(connect_timeout_s=0.3), f"http://127.0.0.1:{port}/")
        for filler in fillers:
            filler.close()

    assert outcome.kind == FailureKind.CONNECT_TIMEOUT
    assert time.monotonic() - started < 1.5


def test_a_name_that_does_not_resolve_is_a_dns_failure(transport_of):
    assert failure(transport_of(), "http://no-such-host.invalid/").kind == FailureKind.DNS


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", FailureKind.INCOMPLETE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", FailureKind.INCOMPLETE),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
            FailureKind.INCOMPLETE,
        ),
        (b"", FailureKind.INCOMPLETE),
        (b"this is not http at all\r\n\r\n", FailureKind.PROTOCOL),
        (b"HTTP/1.1 xyz OK\r\n\r\n", FailureKind.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n", FailureKind.HEADERS),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2_000 + b"\r\n", FailureKind.HEADERS),
    ],
    ids=[
        "short",
        "no last chunk",
        "bad chunk",
        "nothing",
        "no http",
        "bad status",
        "long header",
        "many headers",
    ],
)
def test_an_answer_that_is_broken_is_one_failure_with_its_cause(site, transport_of, sent, kind):
    site.raw("/", sent)
    outcome = failure(transport_of(timeout_s=5.0), site.url + "/")

    assert outcome.kind == kind, outcome.message
    assert "\n" not in outcome.message
    assert outcome.message


def test_a_post_carries_its_body_and_is_not_sent_twice(site, transport_of):
    site.page("/form", "thanks")
    site.raw("/closes", b"")
    transport = transport_of()
    fetch(transport, site.url + "/form", form={"q": "é & b"})
    failure(transport, site.url + "/closes", json={"a": 1})

    first, second = site.log
    assert (first.method, first.body) == ("POST", b"q=%C3%A9+%26+b")
    assert first.header("content-type") == "application/x-www-form-urlencoded"
    assert (second.method, second.body, second.header("content-type")) == (
        "POST",
        b'{"a": 1}',
        "application/json",
    )
    assert first.header("content-length") == "14"


def test_an_answer_to_head_has_no_body(site, transport_of):
    site.page("/", "body")
    response = fetch(transport_of(), site.url + "/", method="HEAD")

    assert isinstance(response, Response)
    assert (response.status, response.body) == (200, b"")


def test_a_proxy_is_asked_for_the_whole_url(site, transport_of):
    site.page("http://nowhere.invalid/x", "from the proxy")
    site.page("/x", "from the proxy")
    response = fetch(transport_of(proxy=site.url), "http://nowhere.invalid/x")

    assert site.log[0].target == "http://nowhere.invalid/x"
    assert isinstance(response, Response)


def test_a_proxy_that_is_not_there_is_a_proxy_failure(transport_of):
    outcome = failure(transport_of(proxy="http://127.0.0.1:9"), "http://127.0.0.1:10/")
    assert outcome.kind in {FailureKind.PROXY, FailureKind.CONNECT}


def test_the_environments_proxy_is_read_once_when_asked_for_and_no_proxy_is_honoured(
    site, transport_of, monkeypatch
):
    site.page("/", "direct")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    transport = transport_of(proxy="env")
    monkeypatch.setenv("no_proxy", "")

    assert isinstance(fetch(transport, site.url + "/"), Response)
    assert failure(transport_of(proxy="env"), site.url + "/").kind == FailureKind.PROXY


def test_the_environment_is_not_read_unless_it_is_asked_for(site, transport_of, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password s3cr3t\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "/no/such/file")
    site.page("/", "direct")

    assert isinstance(fetch(transport_of(), site.url + "/"), Response)
    assert site.log[0].header("authorization") is None


class _Raises:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def fetch(self, order):
        raise self.error

    def close(self) -> None:
        pass


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_nothing_that_a_transport_raises_gets_past_the_guard(error):
    (answer,) = Exchange(_Raises(error))([(1, "GET", "http://a/", (), b"", 0)])
    outcome = outcome_of(answer, Request("http://a/", target="http://a/"))

    assert isinstance(outcome, Failure)
    assert outcome.kind == FailureKind.UNEXPECTED
    assert type(error).__name__ in outcome.message


class _Slow:
    """Takes a while for each order."""

    def fetch(self, order):
        threading.Event().wait(0.004)
        return (order[0], False, "timeout", "", 0.0, 0.0, 0)

    def close(self) -> None:
        pass


def test_an_exchange_comes_back_after_its_linger_and_goes_on_with_the_rest():
    exchange = Exchange(_Slow())
    orders = [(number, "GET", "http://a/", (), b"", 0) for number in range(6)]
    crossings = [exchange(orders)]
    while sum(map(len, crossings)) < 6:
        crossings.append(exchange(()))

    assert [answer[0] for crossing in crossings for answer in crossing] == [0, 1, 2, 3, 4, 5]
    assert all(0 < len(crossing) < 6 for crossing in crossings)
    assert exchange(()) == []


def test_what_crosses_is_made_of_plain_values(site, transport_of):
    site.page("/", links=["/a"])
    order = (1, "GET", site.url + "/", (), b"", int(ALL))
    answers = transports.answers_of(transport_of(), order, (2, "GET", "http://127.0.0.1:9/", (), b"", 0))

    def is_plain(value) -> bool:
        if type(value) is tuple:
            return all(map(is_plain, value))
        return type(value) in {int, float, str, bytes, bool, type(None)}

    assert all(map(is_plain, answers)), answers
