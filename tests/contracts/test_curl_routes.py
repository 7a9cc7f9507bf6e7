"""What libcurl is told of where an order goes: all of it, and nothing of the order before."""

import errno
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest
import trustme

from crawlpool.addresses import special
from crawlpool.model import Failure, FailureKind, Response
from crawlpool.worker import addresses
from crawlpool.worker.addresses import MOST_TRIED, Refused
from crawlpool.worker.heads import BadAnswer
from crawlpool.worker.proxies import Proxy
from crawlpool.worker.wire import TransportOptions, Want

from . import transports
from .rawserver import RawServer, Script

pycurl = pytest.importorskip("pycurl", reason='needs pip install "crawlpool[fast]"')

from crawlpool.worker.curl import way  # noqa: E402  it needs pycurl
from crawlpool.worker.curl.routes import Routes  # noqa: E402
from crawlpool.worker.curl.tls import OPTIONS, Tls, equip  # noqa: E402

pytestmark = pytest.mark.timeout(30)

GOOD = Script((b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\ngood",))


class Handle:
    """Remembers what was set on it, in the place of libcurl's."""

    def __init__(self):
        self.set = {}

    def setopt(self, option, value):
        if value is None:
            self.set.pop(option, None)
        elif not callable(value):
            self.set[option] = value


def order(url: str, want: Want = Want.BODY) -> Any:
    return (1, "GET", url, (), b"", int(want))


@pytest.fixture
def routes_of() -> Iterator[Callable[..., Routes]]:
    with ExitStack() as opened:
        yield lambda **options: opened.enter_context(closing(Routes(TransportOptions(**options))))


@pytest.fixture
def shown(tmp_path) -> str:
    file = tmp_path / "us.pem"
    trustme.CA().issue_cert("us@crawlpool.example").private_key_and_cert_chain_pem.write_to_path(file)
    return str(file)


@pytest.mark.parametrize("is_proxied", [False, True])
def test_nothing_that_was_set_for_an_order_is_left_for_the_next(routes_of, shown, monkeypatch, is_proxied):
    monkeypatch.setenv("http_proxy", "https://me:secret@127.0.0.1:3129")
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1")
    monkeypatch.setenv("no_proxy", "given.test,127.0.0.3")
    routes = routes_of(
        private="all",
        proxy="env" if is_proxied else None,
        insecure=("127.0.0.2", "127.0.0.1:3129"),
        client_certs=(("https://127.0.0.3", shown), ("", shown)),
        resolve=(("given.test", 80, ("127.0.0.9",)),),
    )
    hosts = (
        "http://127.0.0.1",
        "https://127.0.0.2",
        "https://127.0.0.3",
        "http://given.test",
        "https://127.0.0.4",
    )
    orders = [
        order(f"{host}/page", want)
        for host in hosts
        for want in (Want.BODY, Want.QUICK, Want.CERTIFICATE | Want.PRIVATE)
    ]
    alone = []
    for each in orders:
        fresh = Handle()
        routes.prepare(fresh, each)
        alone.append(fresh.set)
    assert len({str(each) for each in alone}) >= 8

    for (one, _), (other, expected) in itertools.permutations(zip(orders, alone, strict=True), 2):
        kept = Handle()
        routes.prepare(kept, one)
        routes.prepare(kept, other)
        assert kept.set == expected, (one, other)


def test_an_order_that_may_not_go_leaves_nothing_that_would_let_the_next_one_pass(routes_of):
    routes, handle = routes_of(private="named"), Handle()
    routes.prepare(handle, order("http://127.0.0.1/", Want.PRIVATE))
    for _ in range(2):
        with pytest.raises(Refused):
            routes.prepare(handle, order("http://127.0.0.1/"))
    assert handle.way.open(0, Address("127.0.0.1")) == pycurl.SOCKET_BAD


class Address:
    """What libcurl asks for a socket to."""

    family, socktype, protocol = socket.AF_INET, socket.SOCK_STREAM, 6

    def __init__(self, address: str):
        self.addr = (address, 80)


def test_a_far_end_that_is_not_what_was_judged_is_judged_itself(routes_of):
    routes, handle = routes_of(private="named"), Handle()
    routes._route("http://shop.test", is_seeds=False).is_known = True  # as if it had been looked up
    routes.prepare(handle, order("http://shop.test/"))

    assert handle.way.arrived("192.0.9.1", "", 80, 1) == pycurl.PREREQFUNC_OK
    assert handle.way.arrived("127.0.0.1", "", 80, 1) == pycurl.PREREQFUNC_ABORT
    kind, said = routes.fault_of(handle, pycurl.E_ABORTED_BY_CALLBACK, "operation aborted")
    assert kind is FailureKind.ADDRESS
    assert said == "shop.test is 127.0.0.1, a loopback address; --allow-private allows it"


def test_no_more_addresses_are_tried_than_are_judged_to_be_enough(monkeypatch):
    made = []
    monkeypatch.setattr(
        addresses, "special", lambda text: None if text.startswith("127.0.1.") else special(text)
    )
    monkeypatch.setattr(
        addresses,
        "lookup",
        lambda _, port, **__: [(2, 1, 6, "", (f"127.0.1.{n}", port)) for n in range(1, 60)],
    )
    real = way._Lent
    monkeypatch.setattr(way, "_Lent", lambda *how: made.append(how) or real(*how))
    with closing(transports.new("curl", private="named")) as transport:
        outcome = transports.fetch(transport, "http://shop.test:9/", Want(0))

    assert isinstance(outcome, Failure)
    assert outcome.kind in {FailureKind.CONNECT, FailureKind.ADDRESS}
    assert len(made) <= MOST_TRIED


def test_a_machine_without_sockets_left_says_so(monkeypatch):
    def none(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(way, "_Lent", none)
    with closing(transports.new("curl")) as transport:
        outcome = transports.fetch(transport, "http://127.0.0.1:9/")

    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.message) == (FailureKind.CONNECT, "no connection: Too many open files")


def test_a_name_that_takes_long_holds_up_no_other(site, monkeypatch):
    free = threading.Event()

    def lookup(name, port, **more):
        if name.startswith("slow"):
            free.wait(10)
        return socket.getaddrinfo("127.0.0.1", port, **more)

    monkeypatch.setattr(addresses, "lookup", lookup)
    site.page("/", "here")
    port = site.url.rpartition(":")[2]
    with closing(transports.new("curl", timeout_s=0.6, connections=64)) as transport:
        for n in range(30):
            transport.start((n, "GET", f"http://slow{n}.test:{port}/", (), b"", 1))
        transport.start((99, "GET", f"http://quick.test:{port}/", (), b"", 1))
        answers = []
        while len(answers) < 31:
            answers += transport.wait(1.0)
    free.set()

    assert answers[0][:3] == (99, True, 200)
    assert {each[:4] for each in answers[1:]} == {
        (n, False, "connect_timeout", "the name was not looked up in time") for n in range(30)
    }


def answer_of(multi: Any, easy: Any) -> int:
    """The number of the fault of one transfer; 0 for none."""
    multi.add_handle(easy)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        multi.perform()
        _, good, bad = multi.info_read()
        for each in good:
            multi.remove_handle(each)
            return 0
        for each, number, _ in bad:
            multi.remove_handle(each)
            return int(number)
        multi.select(0.05)
    raise AssertionError("no end of it")


def test_a_connection_and_a_session_made_under_one_trust_serve_no_other(tmp_path, shown):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with closing(RawServer([GOOD], context=context)) as server:
        origin = server.url.rstrip("/")
        told = [
            TransportOptions(insecure=("127.0.0.1",)),
            TransportOptions(),
            TransportOptions(ca_file=str(file)),
            TransportOptions(ca_file=str(file), client_certs=((origin, shown),)),
        ]
        multi, came, used = pycurl.CurlMulti(), [], []
        for options in told * 2:
            easy = pycurl.Curl()
            easy.setopt(pycurl.URL, server.url)
            easy.setopt(pycurl.PROXY, "")
            easy.setopt(pycurl.WRITEFUNCTION, len)
            equip(easy)
            with closing(Tls(options)) as tls:
                for option, value in zip(OPTIONS, tls.of(origin), strict=True):
                    easy.setopt(option, value)
                came.append(answer_of(multi, easy))
                used.append(server.requests[-1][0])
            easy.close()
        multi.close()

    refused = pycurl.E_PEER_FAILED_VERIFICATION
    assert came == [0, refused, 0, 0] * 2
    # The second round is served by the connections of the first, each by the one of its own.
    insecure, _, trusted, with_ours = used[:4]
    assert len({insecure, trusted, with_ours}) == 3
    assert used[4] == insecure
    assert used[7] == with_ours


@pytest.mark.parametrize("name", transports.NAMES)
def test_besides_the_users_authorities_the_systems_are_trusted(name, tmp_path, monkeypatch):
    system, own = trustme.CA(), trustme.CA()
    for who, file in ((system, "system.pem"), (own, "own.pem")):
        who.cert_pem.write_to_path(tmp_path / file)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", "/no/such/folder")
    with ExitStack() as opened:
        transport = opened.enter_context(closing(transports.new(name, ca_file=str(tmp_path / "own.pem"))))
        for who in (system, own):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            who.issue_cert("127.0.0.1").configure_cert(context)
            server = opened.enter_context(closing(RawServer([GOOD], context=context)))
            assert isinstance(transports.fetch(transport, server.url), Response)


class Rude:
    """A server that reads once and does one thing to whoever comes."""

    def __init__(self, then: bytes | None):
        self._then = then
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with suppress(OSError), client:
                    client.recv(65536)
                    if self._then is None:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    else:
                        client.sendall(self._then)


PLAIN, SECURE = "http://192.0.9.1/", "https://192.0.9.1/"


@pytest.mark.parametrize("name", transports.NAMES)
@pytest.mark.parametrize(
    ("then", "proxy", "url", "kind", "says"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "", SECURE, FailureKind.TLS, "TLS failed: "),
        (b"", "", SECURE, FailureKind.TLS, "TLS failed: "),
        (None, "", SECURE, FailureKind.INCOMPLETE, "the connection broke: Connection reset"),
        (None, "", PLAIN, FailureKind.INCOMPLETE, "the connection broke: Connection reset"),
        (b"HTTP/1.1 407 Who\r\n\r\n", "http", SECURE, FailureKind.PROXY, "407"),
        (b"HTTP/1.1 502 No\r\n\r\n", "http", SECURE, FailureKind.PROXY, "502"),
        (b"junk\r\n\r\n", "http", SECURE, FailureKind.PROTOCOL, "what came is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "https", PLAIN, FailureKind.PROXY, "the proxy failed: "),
        (b"", "https", SECURE, FailureKind.PROXY, "the proxy failed: "),
        (b"HTTP/1.1 200 OK\r\n\r\n", "socks5h", PLAIN, FailureKind.PROXY, "it is no SOCKS 5 proxy"),
        (b"\x05\xff", "socks5", PLAIN, FailureKind.PROXY, "wants a login that it was not given"),
        (b"", "socks5", SECURE, FailureKind.PROXY, "it closed the connection"),
    ],
)
def test_a_fault_on_the_way_has_one_name_whatever_met_it(name, then, proxy, url, kind, says):
    with closing(Rude(then)) as rude:
        there = url.replace("192.0.9.1", f"127.0.0.1:{rude.port}")
        way = f"{proxy}://127.0.0.1:{rude.port}" if proxy else None
        with closing(transports.new(name, proxy=way, timeout_s=5.0)) as transport:
            outcome = transports.fetch(transport, url if proxy else there)

    assert isinstance(outcome, Failure)
    assert outcome.kind is kind, outcome
    assert says in outcome.message
    assert "libcurl" not in outcome.message


@pytest.mark.parametrize("name", transports.NAMES)
@pytest.mark.parametrize("scheme", ["http", "https", "socks5", "socks5h"])
def test_a_proxy_that_is_not_there_is_named_as_such(name, scheme):
    with closing(transports.new(name, proxy=f"{scheme}://me:s3cr3t@127.0.0.1:9")) as transport:
        for url in (PLAIN, SECURE):
            outcome = transports.fetch(transport, url)
            assert isinstance(outcome, Failure)
            assert outcome.kind is FailureKind.PROXY
            assert "s3cr3t" not in outcome.message


@pytest.mark.parametrize("name", transports.NAMES)
def test_a_name_that_no_dns_could_have_is_a_fault_of_the_url(name):
    with closing(transports.new(name)) as transport:
        for host in ("a" * 64 + ".test", "a..test"):
            outcome = transports.fetch(transport, f"http://{host}/")
            assert isinstance(outcome, Failure)
            assert outcome.kind is FailureKind.INVALID_URL


@pytest.mark.parametrize("name", transports.NAMES)
def test_what_was_said_of_an_ipv6_host_and_of_a_proxys_name_is_connected_to(site, name):
    site.page("/", "here")
    port = int(site.url.rpartition(":")[2])
    given = ("[2001:db8::1]", port, ("127.0.0.1",)), ("proxy.test", port, ("127.0.0.1",))
    with closing(transports.new(name, private="none", resolve=given)) as transport:
        response = transports.fetch(transport, f"http://[2001:db8::1]:{port}/")
        assert isinstance(response, Response)
        assert response.body == b"here"
    with closing(transports.new(name, resolve=given, proxy=f"http://proxy.test:{port}")) as transport:
        assert isinstance(transports.fetch(transport, "http://shop.test/"), Response)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("http://proxy.test", "http://proxy.test:80"),
        ("HTTPS://Proxy.Test/", "https://proxy.test:443"),
        ("socks5h://me:p%40ss@[::1]", "socks5h://me:p%40ss@[::1]:1080"),
        ("http://me:pä ss@proxy.test:3128", "http://me:p%C3%A4%20ss@proxy.test:3128"),
        ("http://bücher.test:80", "http://xn--bcher-kva.test:80"),
    ],
)
def test_what_a_proxys_url_leaves_out_is_said_as_it_is_the_custom(said, meant):
    assert Proxy.of(said).url == meant


@pytest.mark.parametrize(
    "said", ["ftp://proxy.test:21", "http://", "http://proxy.test:http", "proxy.test:80"]
)
def test_what_is_no_proxy_is_a_fault_of_the_proxy(routes_of, monkeypatch, said):
    with pytest.raises(ValueError, match=r"."):
        Proxy.of(said)
    if "://" in said:
        with pytest.raises(BadAnswer) as raised:
            routes_of(proxy=said).prepare(Handle(), order("http://shop.test/"))
        assert raised.value.kind is FailureKind.PROXY
