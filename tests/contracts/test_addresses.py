"""Whom a worker connects to: what it judged, after one lookup, and nothing else.

Nothing leaves the machine, so the tests let 127.0.0.2 and 127.0.0.3 pass for the public internet.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from crawlpool.addresses import packed, special
from crawlpool.model import Failure, FailureKind, Response
from crawlpool.worker import addresses
from crawlpool.worker.addresses import MOST_TRIED, Doorway, Refused
from crawlpool.worker.wire import Want

from . import transports

pytestmark = pytest.mark.timeout(30)

PUBLIC = ("127.0.0.2", "127.0.0.3")
NAMED = int(Want.BODY | Want.PRIVATE)
FOUND = int(Want.BODY)


@pytest.fixture(autouse=True)
def internet(monkeypatch):
    monkeypatch.setattr(addresses, "special", lambda text: None if text in PUBLIC else special(text))


@pytest.fixture(params=transports.NAMES)
def transport_of(request) -> Iterator[Callable[..., Any]]:
    made = []

    def make(private="named", **options):
        made.append(transports.new(request.param, private=private, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Dns:
    """Answers each lookup with the next of some lists of addresses, the last for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, name, port, **more):
        if packed(name) is not None:
            return socket.getaddrinfo(name, port, **more)
        self.asked.append(name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [row for each in answer for row in socket.getaddrinfo(each, port, **more)]


@pytest.fixture
def dns(monkeypatch):
    def answer(*answers):
        made = Dns(*answers)
        monkeypatch.setattr(addresses, "lookup", made)
        return made

    return answer


def fetch(transport, url, want=FOUND):
    return transports.fetch(transport, url, Want(want))


def refusal(transport, url, want=FOUND):
    outcome = fetch(transport, url, want)
    assert isinstance(outcome, Failure), outcome
    assert outcome.kind is FailureKind.ADDRESS, outcome
    return outcome.message


def port_of(site):
    return site.url.rpartition(":")[2]


def test_an_address_that_a_server_names_is_refused_before_anything_is_looked_up(site, transport_of, dns):
    asked = dns(["127.0.0.1"]).asked

    assert refusal(transport_of(), site.url + "/") == (
        "127.0.0.1 is a loopback address; --allow-private allows it"
    )
    assert refusal(transport_of(), "http://169.254.169.254/latest/meta-data/").startswith(
        "169.254.169.254 is the address of a cloud's metadata"
    )
    assert refusal(transport_of(), "https://[::ffff:7f00:1]/").startswith(
        "::ffff:7f00:1 is an address that holds 127.0.0.1, a loopback address"
    )
    assert asked == []
    assert site.connections == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_to_a_private_address_is_refused(site, transport_of, dns, scheme):
    dns(["127.0.0.1"])
    said = refusal(transport_of(), f"{scheme}://shop.test:{port_of(site)}/")

    assert said == "shop.test is 127.0.0.1, a loopback address; --allow-private allows it"
    assert site.connections == 0


def test_whether_anybody_listens_there_is_not_found_out(site, transport_of, dns):
    dns(["127.0.0.1"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        silent = refusal(transport_of(), f"http://shop.test:{free.getsockname()[1]}/")

    assert silent == refusal(transport_of(), f"http://shop.test:{port_of(site)}/")


def test_what_the_user_named_may_be_private(site, transport_of, dns):
    dns(["127.0.0.1"])
    site.page("/")

    assert isinstance(fetch(transport_of(), site.url + "/", NAMED), Response)
    assert isinstance(fetch(transport_of(), f"http://intern.test:{port_of(site)}/", NAMED), Response)


def test_everything_may_be_private_or_nothing(site, transport_of):
    site.page("/")

    assert isinstance(fetch(transport_of("all"), site.url + "/"), Response)
    assert refusal(transport_of("none"), site.url + "/", NAMED) == (
        "127.0.0.1 is a loopback address; --deny-private refuses it"
    )


def test_a_name_is_looked_up_once_and_what_was_judged_is_connected_to(sites, transport_of, dns):
    public, private = sites("127.0.0.2"), sites("127.0.0.1")
    public.page("/", "public", headers={"Connection": "close"})
    asked = dns(["127.0.0.2"], ["127.0.0.1"]).asked
    transport = transport_of()
    url = f"http://shop.test:{port_of(public)}/"
    first = fetch(transport, url)

    assert isinstance(first, Response)
    assert (first.body, first.remote_address) == (b"public", f"127.0.0.2:{port_of(public)}")
    assert asked == ["shop.test"]
    assert "shop.test is 127.0.0.1" in refusal(transport, url)  # the DNS says something else by now
    assert asked == ["shop.test"] * 2
    assert private.connections == 0


def test_of_a_name_with_both_kinds_only_the_public_ones_are_tried(sites, transport_of, dns):
    private = sites("127.0.0.1")
    private.page("/", "private")
    dns(["127.0.0.1", "127.0.0.3", "10.0.0.1"])  # nobody listens on 127.0.0.3
    outcome = fetch(transport_of(), f"http://shop.test:{port_of(private)}/")

    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.CONNECT
    assert private.connections == 0


def test_the_dns_has_no_say_in_what_is_the_users_network(transport_of, dns):
    dns(["169.254.169.254"])

    assert "the address of a cloud's metadata" in refusal(transport_of(), "http://shop.test/", NAMED)


def test_a_connection_that_was_kept_open_carries_no_order_without_permission(site, transport_of, dns):
    dns(["127.0.0.1"])
    site.page("/")
    transport = transport_of()
    for url in (site.url + "/", f"http://shop.test:{port_of(site)}/"):
        assert isinstance(fetch(transport, url, NAMED), Response)
        assert "loopback" in refusal(transport, url)
        assert isinstance(fetch(transport, url, NAMED), Response)

    assert len(site.requests) == 4


def test_a_far_end_that_is_not_what_was_judged_is_judged_itself(dns):
    class Detour(socket.socket):
        def connect(self, address):
            super().connect(("127.0.0.1", address[1]))

    dns(["127.0.0.2"])
    door = Doorway(private="named")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Refused, match=r"connected to shop\.test is 127\.0\.0\.1, a loopback address"):
            door.connect(Detour, "shop.test", port, timeout_s=2.0, options=(), is_proxy=False)


def test_the_next_address_is_tried_when_one_does_not_answer(sites, transport_of, dns):
    site = sites("127.0.0.2")
    site.page("/")
    dns(["127.0.0.3", "127.0.0.2"])
    response = fetch(transport_of(), f"http://shop.test:{port_of(site)}/")

    assert isinstance(response, Response)
    assert response.remote_address.startswith("127.0.0.2:")


def test_all_addresses_of_a_name_share_one_deadline():
    class Slow(socket.socket):
        def connect(self, address):
            tried.append(address)
            time.sleep(self.gettimeout() or 99)
            raise TimeoutError

    tried: list[object] = []
    door = Doorway(private="named", resolve=[("shop.test", 80, ("127.0.0.2",) * 50)])
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        door.connect(Slow, "shop.test", 80, timeout_s=0.3, options=(), is_proxy=False)

    assert 0.2 < time.monotonic() - began < 1.5
    assert len(tried) <= MOST_TRIED


def test_a_fault_of_this_machine_hides_no_fault_of_the_server(monkeypatch):
    class Faulty(socket.socket):
        def connect(self, address):
            raise {"127.0.0.2": OSError(101, "Network is unreachable")}.get(
                address[0], ConnectionRefusedError(111, "no")
            )

    for given in (("127.0.0.2", "127.0.0.3"), ("127.0.0.3", "127.0.0.2")):
        door = Doorway(private="named", resolve=[("shop.test", 80, given)])
        with pytest.raises(ConnectionRefusedError):
            door.connect(Faulty, "shop.test", 80, timeout_s=1.0, options=(), is_proxy=False)


def test_where_a_host_is_may_be_said_instead_of_asked(site, transport_of, dns):
    asked = dns(["127.0.0.2"]).asked
    site.page("/", "here")
    port = int(port_of(site))
    transport = transport_of("none", resolve=(("shop.test", port, ("127.0.0.3", "127.0.0.1")),))
    response = fetch(transport, f"http://shop.test:{port}/")

    assert isinstance(response, Response)
    assert response.body == b"here"
    assert site.log[0].header("host") == f"shop.test:{port}"
    assert asked == []
    assert "loopback" in refusal(transport, f"http://127.0.0.1:{port}/")  # it was said of the name only


def test_behind_a_proxy_addresses_and_local_names_are_refused_and_other_names_are_its_business(
    site, transport_of
):
    site.page("http://shop.test/", "from the proxy")
    transport = transport_of(proxy=site.url)
    for _ in range(2):  # all these origins have one pool
        assert isinstance(fetch(transport, "http://shop.test/"), Response)
        for host in (
            "10.0.0.1",
            "[::1]",
            "localhost",
            "a.localhost.",
            "metadata.google.internal",
            "nas.local",
        ):
            refusal(transport, f"http://{host}/")
            refusal(transport, f"https://{host}/")

    assert len(site.requests) == 2


class SocksProxy:
    """Connects every caller to `site`, whatever it is asked for, and remembers what that was."""

    def __init__(self, site, *, login=None, reply=0):
        self._target = ("127.0.0.1", int(port_of(site)))
        self._login, self._reply = login, reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.asked: list[tuple[str, int]] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        with suppress(OSError):
            while True:
                threading.Thread(target=self._one, args=(self._listener.accept()[0],), daemon=True).start()

    def _one(self, client):
        with suppress(OSError, IndexError), client, client.makefile("rb") as said:
            _, count = said.read(2)
            said.read(count)
            client.sendall(b"\x05" + (b"\x02" if self._login else b"\x00"))
            if self._login:
                user = said.read(said.read(2)[1])
                is_right = (user, said.read(said.read(1)[0])) == self._login
                client.sendall(b"\x01" + (b"\x00" if is_right else b"\x01"))
            head = said.read(4)
            if len(head) < 4:
                return
            kind = head[3]
            where = said.read({1: 4, 4: 16}.get(kind) or said.read(1)[0])
            host = where.decode() if kind == 3 else socket.inet_ntop({1: 2, 4: 10}[kind], where)
            self.asked.append((host, int.from_bytes(said.read(2))))
            client.sendall(b"\x05" + bytes([self._reply]) + b"\x00\x01" + bytes(6))
            if self._reply:
                return
            with socket.create_connection(self._target) as server:
                server.settimeout(5.0)
                while line := said.readline():
                    server.sendall(line)
                    if line == b"\r\n":
                        client.sendall(server.recv(65536))


@pytest.fixture
def socks_of(site):
    made = []

    def make(**how):
        made.append(SocksProxy(site, **how))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_behind_socks5_names_are_looked_up_and_judged_here(site, socks_of, transport_of, dns):
    dns(["127.0.0.1", "127.0.0.2"], ["10.0.0.1"])
    site.page("/", "through the proxy")
    proxy = socks_of()
    transport = transport_of(proxy=f"socks5://127.0.0.1:{proxy.port}")
    response = fetch(transport, "http://shop.test/")

    assert isinstance(response, Response)
    assert response.body == b"through the proxy"
    assert proxy.asked == [("127.0.0.2", 80)]
    # Not the proxy's, by which a name that answered in public would pass for one of the user's network.
    assert response.remote_address == "127.0.0.2:80"
    assert "other.test is 10.0.0.1" in refusal(transport, "http://other.test/")
    refusal(transport, "http://127.0.0.1/")
    assert len(proxy.asked) == 1


def test_behind_socks5h_names_are_the_proxys_business(site, socks_of, transport_of, dns):
    asked = dns(["10.0.0.1"]).asked
    site.page("/", "through the proxy")
    proxy = socks_of(login=(b"me", b"p@ss"))
    transport = transport_of(proxy=f"socks5h://me:p%40ss@127.0.0.1:{proxy.port}")

    assert isinstance(fetch(transport, "http://shop.test/"), Response)
    for host in ("10.0.0.1", "localhost"):
        refusal(transport, f"http://{host}/")
    assert proxy.asked == [("shop.test", 80)]
    assert asked == []


@pytest.mark.parametrize("how", [{"reply": 2}, {"login": (b"me", b"right")}])
def test_a_socks_proxy_that_refuses_is_a_fault_of_the_proxy(socks_of, transport_of, how):
    proxy = socks_of(**how)
    outcome = fetch(transport_of(proxy=f"socks5h://me:wrong@127.0.0.1:{proxy.port}"), "http://shop.test/")

    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.PROXY
    assert "wrong" not in outcome.message


def test_of_the_addresses_that_a_socks_proxy_does_not_reach_none_is_tried_for_ever(socks_of, transport_of):
    proxy = socks_of(reply=5)
    given = (("shop.test", 80, ("127.0.0.2", "127.0.0.3")),)
    transport = transport_of(proxy=f"socks5://127.0.0.1:{proxy.port}", resolve=given)
    for _ in range(2):
        assert isinstance(fetch(transport, "http://shop.test/"), Failure)

    assert {host for host, _ in proxy.asked} == {"127.0.0.2", "127.0.0.3"}


def test_behind_a_proxy_what_the_user_named_may_be_private_too(site, transport_of):
    site.page("http://10.0.0.1/", "from the proxy")

    assert isinstance(fetch(transport_of(proxy=site.url), "http://10.0.0.1/", NAMED), Response)


def test_a_port_of_another_protocol_is_asked_only_when_the_user_names_it(transport_of, dns):
    asked = dns(OSError("nobody asked")).asked

    said = refusal(transport_of(), "http://shop.test:6667/")
    assert said.startswith("port 6667 is for another protocol than HTTP")
    assert refusal(transport_of("none"), "http://shop.test:25/", NAMED)
    assert asked == []
    outcome = fetch(transport_of(), "http://127.0.0.1:1/", NAMED)
    assert isinstance(outcome, Failure)
    assert outcome.kind is not FailureKind.ADDRESS


def test_a_name_that_the_dns_does_not_know_is_a_fault_of_its_own(transport_of, dns):
    dns(socket.gaierror(-2, "Name or service not known"))
    outcome = fetch(transport_of(), "http://shop.test/")

    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.DNS


def test_a_dns_that_answers_with_thousands_of_addresses_costs_little():
    many = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"10.{n >> 8}.{n & 255}.1", 80)) for n in range(4000)
    ]
    door = Doorway(private="named")
    began = time.monotonic()
    with pytest.raises(Refused):
        door.allowed("shop.test", many)

    assert time.monotonic() - began < 1.0
