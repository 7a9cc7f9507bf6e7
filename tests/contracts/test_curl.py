"""What many requests under way in one thread add to the contracts: each gets its own answer, once, and in time."""

import gc
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from crawlpool import Crawler
from crawlpool.errors import ConfigError
from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.worker import libcurl
from crawlpool.worker.exchanges import Exchanges
from crawlpool.worker.wire import TransportOptions, Want, outcome_of

from . import transports
from .rawserver import RawServer, Script

pytest.importorskip("pycurl", reason='needs pip install "crawlpool[fast]"')

from crawlpool.worker.curl import CurlTransport
from crawlpool.worker.curl.incoming import Incoming
from crawlpool.worker.curl.watching import Selected

pytestmark = pytest.mark.timeout(30)

OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b"Content-Length: 4\r\n\r\ngood"


@pytest.fixture
def curl() -> Iterator[Callable[..., CurlTransport]]:
    """Make a transport; all that were made are closed."""
    with ExitStack() as opened:
        yield lambda **options: opened.enter_context(closing(transports.new("curl", **options)))


@pytest.fixture
def server_of() -> Iterator[Callable[..., RawServer]]:
    with ExitStack() as opened:
        yield lambda *scripts: opened.enter_context(closing(RawServer(list(scripts))))


def order(number: int, url: str, *, method: str = "GET", body: bytes = b"", want: Want = Want.BODY):
    return (number, method, url, (), body, int(want))


def all_of(transport, orders, *, patience_s: float = 10.0) -> dict[int, Response | Failure]:
    """Start all at once; what becomes of each."""
    for each in orders:
        transport.start(each)
    came: dict[int, Response | Failure] = {}
    until = time.monotonic() + patience_s
    while len(came) < len(orders) and time.monotonic() < until:
        for answer in transport.wait(0.2):
            assert answer[0] not in came, "an order was answered twice"
            came[answer[0]] = outcome_of(answer, Request("http://a/", target="http://a/"))
    assert len(came) == len(orders)
    assert transport.wait(0.01) == []
    return came


def test_each_of_many_at_once_gets_its_own_answer(site, curl):
    for number in range(200):
        site.page(f"/{number}", f"this is {number} " * (number * 50))
    came = all_of(curl(connections=64), [order(n, f"{site.url}/{n}") for n in range(200)])
    assert all(came[n].body == (f"this is {n} " * (n * 50)).encode() for n in range(200))


def test_a_slow_one_holds_up_no_other(site, curl):
    site.page("/slow", "late", delay_s=1.0)
    site.page("/quick", "soon")
    transport = curl(connections=4)
    transport.start(order(1, site.url + "/slow"))
    started = time.monotonic()
    for number in range(2, 12):
        transport.start(order(number, site.url + "/quick"))
        came: list = []
        while not came:
            came = transport.wait(0.5)
        assert [answer[0] for answer in came] == [number]
    assert time.monotonic() - started < 0.9


def test_kept_connections_are_as_many_as_were_under_way_at_once(site, curl):
    site.page("/")
    exchanges = Exchanges(curl(connections=4), 4)
    host = site.url.removeprefix("http://")
    answers = exchanges([order(n, site.url + "/") for n in range(60)], ((host, 4),))
    while len(answers) < 60:
        answers += exchanges((), ())
    assert len({answer[0] for answer in answers}) == 60
    assert site.connections <= 4


def test_whatever_libcurl_is_told_that_it_cannot_take_comes_back_as_one_failure(curl):
    urls = [
        "http://[::1/",
        "http://a b/",
        "http://\x00/",
        "ftp://127.0.0.1/",
        "http://exa mple.com:99999/",
        "file:///etc/passwd",
    ]
    came = all_of(curl(), [order(n, url) for n, url in enumerate(urls)])
    assert all(isinstance(each, Failure) and each.message for each in came.values())
    (refused,) = all_of(
        curl(), [(9, "GET", "http://127.0.0.1:9/", (("X-Name", "\N{SNOWMAN}"),), b"", 0)]
    ).values()
    assert isinstance(refused, Failure)


def test_a_post_over_a_connection_that_the_server_closes_is_sent_once(curl, server_of):
    server = server_of(Script((GOOD,)), Script((), "close"), Script((GOOD,)))
    transport = curl()
    assert isinstance(transports.fetch(transport, server.url), Response)
    assert isinstance(transports.fetch(transport, server.url, method="POST"), Failure)
    assert [head.split()[0] for _, head in server.requests] == [b"GET", b"POST"]


def test_after_other_methods_a_plain_request_is_plain_again(site, curl):
    site.page("/", "body")
    transport = curl()
    for method in ("POST", "HEAD", "PUT", "OPTIONS", "DELETE", "GET", "PATCH"):
        transports.fetch(transport, site.url + "/", method=method)
        assert transports.fetch(transport, site.url + "/").body == b"body"
    methods = [arrival.method for arrival in site.log]
    assert methods[::2] == ["POST", "HEAD", "PUT", "OPTIONS", "DELETE", "GET", "PATCH"]
    assert set(methods[1::2]) == {"GET"}
    assert {arrival.header("content-length") for arrival in site.log[1::2]} == {None}


def test_nothing_is_sent_that_is_not_recorded(site, curl):
    site.page("/")
    transport = curl(headers=(("Zed", "1"), ("Accept", "*/*"), ("Empty", "")))
    for headers in ({}, {"Accept": "text/html"}, {"Zed": "2", "Host": "other.example"}, {}):
        response = transports.fetch(transport, site.url + "/", headers=headers)
        assert response.request_headers == site.log[-1].headers
    response = transports.fetch(transport, site.url + "/", form={"a": "b"})
    assert response.request_headers == site.log[-1].headers


def test_the_deadline_holds_for_each_while_others_go_on(site, curl):
    site.drip("/drip", every_s=0.05)
    site.page("/", "quick")
    transport = curl(timeout_s=0.5, connections=8)
    started = time.monotonic()
    came = all_of(transport, [order(n, site.url + ("/drip" if n < 4 else "/")) for n in range(8)])
    assert time.monotonic() - started < 2
    assert [came[n].kind for n in range(4)] == [FailureKind.TIMEOUT] * 4
    assert [came[n].body for n in range(4, 8)] == [b"quick"] * 4


def test_how_long_a_server_took_is_not_how_long_we_were_busy(site, curl):
    site.page("/", "soon", delay_s=0.1)
    site.page("/slow", "later", delay_s=0.3)
    transport = curl()
    transports.fetch(transport, site.url + "/")
    transport.start(order(1, site.url + "/"))
    assert transport.wait(0.0) == []  # it is sent
    time.sleep(0.6)  # as if a page took long to parse
    (answer,) = transport.wait(5.0)
    busy = outcome_of(answer, Request("http://a/", target="http://a/"))
    slow = transports.fetch(transport, site.url + "/slow")
    assert 0.05 < busy.wait_s < (0.4 if sys.platform == "linux" else 2.0)
    assert 0.25 < slow.wait_s < 2.0
    assert busy.received > len(b"soon")


def test_what_is_raised_while_an_answer_comes_in_is_that_answers_failure(site, curl, monkeypatch):
    site.page("/", "good")
    transport = curl()
    plain = Incoming._begin_body
    for error in (ValueError("odd"), MemoryError()):

        def broken(self, head, error=error):
            raise error

        monkeypatch.setattr(Incoming, "_begin_body", broken)
        outcome = transports.fetch(transport, site.url + "/")
        assert isinstance(outcome, Failure)
        assert outcome.kind == FailureKind.UNEXPECTED
        assert type(error).__name__ in outcome.message
        monkeypatch.setattr(Incoming, "_begin_body", plain)
        assert transports.fetch(transport, site.url + "/").body == b"good"


def test_a_signal_that_raises_is_not_lost_in_libcurl(site, curl, monkeypatch):
    site.page("/", "good")

    def interrupt(self, head):
        raise KeyboardInterrupt

    monkeypatch.setattr(Incoming, "_begin_body", interrupt)
    transport = curl()
    transport.start(order(1, site.url + "/"))
    with pytest.raises(KeyboardInterrupt):
        _until_something_comes(transport)
    assert [answer[:2] for answer in transport.wait(0.0)] == [
        (1, False)
    ]  # and its order is answered all the same


def _until_something_comes(transport) -> None:
    while not transport.wait(1.0):
        pass


def test_it_works_where_there_is_no_epoll(site, curl, monkeypatch):
    monkeypatch.setattr("crawlpool.worker.curl.transport.new_watch", Selected)
    for number in range(30):
        site.page(f"/{number}", f"{number}" * 1000)
    transport = curl(connections=8)
    for _ in range(2):
        came = all_of(transport, [order(n, f"{site.url}/{n}") for n in range(30)])
        assert all(came[n].body == (f"{n}" * 1000).encode() for n in range(30))


def test_a_transport_that_is_closed_with_requests_under_way_leaves_no_descriptor(site):
    site.hang("/")
    before = _descriptors()
    for _ in range(3):
        transport = CurlTransport(TransportOptions(connections=8))
        for number in range(8):
            transport.start(order(number, site.url + "/"))
        transport.wait(0.1)
        transport.close()
    until = time.monotonic() + 10.0
    while _descriptors() > before and time.monotonic() < until:
        time.sleep(0.02)  # the server, which is in this process, hears of each end when it has its turn
    assert _descriptors() <= before


def _descriptors() -> int:
    """Sockets that this process has open; 0 where nobody can say."""
    gc.collect()
    count = 0
    for each in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            count += "socket" in str(each.readlink())
    return count


def test_without_pycurl_a_crawl_says_what_to_install_before_anything_starts(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycurl", None)
    with pytest.raises(ConfigError, match=r'pip install "crawlpool\[fast\]"'):
        Crawler(transport="curl", backend="sync", robots=False).run("http://127.0.0.1:9/")


def test_a_pycurl_that_is_too_old_is_named(monkeypatch):
    import pycurl

    monkeypatch.delattr(pycurl, "PREREQFUNCTION")
    with pytest.raises(ConfigError, match="newer pycurl than PycURL/"):
        libcurl.check()


@pytest.fixture(scope="module")
def http2(tmp_path_factory) -> Iterator[str]:
    """nginx, speaking HTTP/2 over TLS; its URL."""
    nginx, openssl = shutil.which("nginx"), shutil.which("openssl")
    if nginx is None or openssl is None:
        pytest.skip("speaks HTTP/2 with nginx, which is not here")
    folder = tmp_path_factory.mktemp("nginx")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "www").mkdir()
    (folder / "www" / "index.html").write_bytes(b"<title>two</title>" + b"x" * 200_000)
    (folder / "www" / "photo.png").write_bytes(b"x" * 500_000)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; user root;
events {{ }}
http {{
  access_log off; types {{ text/html html; image/png png; }}
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; root {folder}/www;
            location = /away {{ return 302 /there; }} location = /none {{ return 204; }} }}
}}
""")
    process = subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-p", folder], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                break
            threading.Event().wait(0.02)
        else:
            pytest.skip("nginx does not start here")
        yield f"https://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(5)


def test_http2_is_spoken_where_tls_offers_it_and_means_the_same(http2, curl):
    transport = curl(insecure=("127.0.0.1",), headers=(("Connection", "keep-alive"), ("Accept", "*/*")))
    page = transports.fetch(transport, http2 + "/index.html", Want.BODY | Want.FACTS)
    assert isinstance(page, Response), page
    assert (page.http_version, page.status, page.reason, page.size) == ("HTTP/2", 200, "", 200_018)
    assert page.facts.title == "two"
    away = transports.fetch(transport, http2 + "/away")
    assert (away.status, away.header("location"), away.is_body_read) == (302, f"{http2}/there", False)
    assert transports.fetch(transport, http2 + "/none").status == 204
    assert transports.fetch(transport, http2 + "/index.html", method="HEAD").body == b""
    photo = transports.fetch(transport, http2 + "/photo.png", Want.FACTS | Want.HTML_ONLY)
    assert (photo.status, photo.is_body_read) == (200, False)
    came = all_of(transport, [order(n, f"{http2}/index.html?{n}") for n in range(20)])
    assert all(len(each.body) == 200_018 for each in came.values())


def test_a_body_past_the_cap_is_cut_over_http2_too(http2, curl):
    transport = curl(insecure=("127.0.0.1",), max_body=50_000)
    for _ in range(2):
        page = transports.fetch(transport, http2 + "/index.html")
        assert (page.size, page.is_cut) == (50_000, True)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (b"A: " + b"x" * 120_000 + b"\r\n", "100 KiB a line"),
        ((b"A: " + b"x" * 100 + b"\r\n") * 3_000, "more than 262,144 bytes"),
    ],
    ids=["a line", "all of it"],
)
def test_a_head_that_libcurl_does_not_take_is_told_from_one_past_the_knob(curl, server_of, fields, words):
    server = server_of(Script((OK + fields + b"Content-Length: 4\r\n\r\ngood",), "close"))
    outcome = transports.fetch(curl(), server.url)
    assert isinstance(outcome, Failure)
    assert outcome.kind == FailureKind.HEADERS
    assert words in outcome.message
