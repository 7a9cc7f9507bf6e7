"""TLS: whom a worker trusts, whom it shows a certificate, and what it says of one that will not do."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from crawlpool.errors import ConfigError
from crawlpool.model import Failure, FailureKind, Outcome, Response
from crawlpool.settings import Settings
from crawlpool.worker.tls import Contexts, timed_context
from crawlpool.worker.wire import Want

from . import transports
from .rawserver import RawServer, Script

pytestmark = pytest.mark.timeout(30)

GOOD = Script((b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\ngood",))
TUNNEL = b"HTTP/1.1 200 Connected\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return str(file)


@pytest.fixture(scope="module")
def client_cert(authority, tmp_path_factory) -> str:
    """A certificate of ours, its key in the same file."""
    file = tmp_path_factory.mktemp("tls") / "us.pem"
    authority.issue_cert("us@crawlpool.example").private_key_and_cert_chain_pem.write_to_path(file)
    return str(file)


@pytest.fixture
def server_of() -> Iterator[Callable[..., RawServer]]:
    """Make a server with a certificate; "self" is one that signed itself."""
    with ExitStack() as opened:

        def make(certificate, *, clients: trustme.CA | None = None, tunnel: bytes | None = None) -> RawServer:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if isinstance(certificate, str):
                context.load_cert_chain(certificate)
            else:
                certificate.configure_cert(context)
            if clients is not None:
                clients.configure_trust(context)
                context.verify_mode = ssl.CERT_REQUIRED
            return opened.enter_context(closing(RawServer([GOOD], context=context, tunnel=tunnel)))

        yield make


@pytest.fixture(params=transports.NAMES)
def transport_of(request) -> Iterator[Callable[..., Any]]:
    with ExitStack() as opened:
        yield lambda **options: opened.enter_context(closing(transports.new(request.param, **options)))


def fetch(transport, url: str, want: Want = Want.BODY) -> Outcome:
    return transports.fetch(transport, url, want)


def refusal(outcome: Outcome) -> str:
    assert isinstance(outcome, Failure), outcome
    assert outcome.kind == FailureKind.TLS
    return outcome.message


def port_of(server: RawServer) -> str:
    return server.url.rstrip("/").rpartition(":")[2]


def test_a_certificate_is_verified_unless_its_issuer_is_trusted(authority, ca_file, server_of, transport_of):
    server = server_of(authority.issue_cert("127.0.0.1"))

    said = refusal(fetch(transport_of(), server.url))
    assert "issued by somebody whom this system does not know" in said
    assert "--ca-file FILE" in said
    assert "--insecure HOST" in said
    assert isinstance(fetch(transport_of(ca_file=ca_file), server.url), Response)


def test_the_systems_store_is_asked_and_can_be_named_as_openssl_has_it(
    authority, ca_file, server_of, transport_of, monkeypatch
):
    server = server_of(authority.issue_cert("127.0.0.1"))
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    assert isinstance(fetch(transport_of(), server.url), Response)


def test_where_the_system_trusts_nobody_the_list_of_certifi_is_taken(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    monkeypatch.setenv("SSL_CERT_DIR", "/no/such/folder")
    assert timed_context(is_verified=True).cert_store_stats()["x509_ca"] > 50


def test_an_expired_certificate_is_named_as_such(authority, ca_file, server_of, transport_of):
    old = authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    said = refusal(fetch(transport_of(ca_file=ca_file), server_of(old).url))
    assert "has expired" in said
    assert "--insecure HOST" in said


def test_a_certificate_for_another_host_is_named_as_such(authority, ca_file, server_of, transport_of):
    server = server_of(authority.issue_cert("127.0.0.2"))
    assert "for another host" in refusal(fetch(transport_of(ca_file=ca_file), server.url))
    named = server_of(authority.issue_cert("shop.example"))
    url = named.url.replace("127.0.0.1", "localhost")
    assert "for another host" in refusal(fetch(transport_of(ca_file=ca_file), url))


def signed_by_itself(name: str) -> bytes:
    """A certificate for an address and its key, in PEM form."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(
        who, who, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))])
    signed = made.add_extension(names, critical=False).sign(key, SHA256())
    form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    return key.private_bytes(*form) + signed.public_bytes(Encoding.PEM)


def test_a_certificate_that_signed_itself_is_named_as_such(server_of, transport_of, tmp_path):
    file = tmp_path / "self.pem"
    file.write_bytes(signed_by_itself("127.0.0.1"))
    url = server_of(str(file)).url
    said = refusal(fetch(transport_of(), url))
    assert "self-signed" in said
    assert "--ca-file FILE" in said
    assert isinstance(fetch(transport_of(ca_file=str(file)), url), Response)


def test_only_the_hosts_that_are_named_are_not_verified(authority, server_of, transport_of):
    one, two = server_of(authority.issue_cert("a.example")), server_of(authority.issue_cert("a.example"))
    transport = transport_of(insecure=(f"127.0.0.1:{port_of(one)}",))

    assert isinstance(fetch(transport, one.url), Response)
    refusal(fetch(transport, two.url))
    assert isinstance(fetch(transport, one.url), Response)
    assert two.requests == []

    whole = transport_of(insecure=("127.0.0.1",))
    assert isinstance(fetch(whole, one.url), Response)
    assert isinstance(fetch(whole, two.url), Response)
    refusal(fetch(whole, one.url.replace("127.0.0.1", "localhost")))


def test_a_port_of_its_own_is_told_from_the_usual_one():
    contexts = Contexts(insecure=("a.example:443", "b.example"), ca_file=None, client_certs=())
    assert contexts.is_insecure("https://a.example")
    assert not contexts.is_insecure("https://a.example:8443")
    assert contexts.is_insecure("https://b.example:8443")
    assert not contexts.is_insecure("https://www.b.example")


def test_verified_and_unverified_hosts_share_no_context():
    contexts = Contexts(insecure=("a.example",), ca_file=None, client_certs=())
    bad, good = contexts.of("https://a.example"), contexts.of("https://b.example")
    assert bad is not good
    assert (good.verify_mode, good.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (bad.verify_mode, bad.check_hostname) == (ssl.CERT_NONE, False)
    assert contexts.of("https://c.example") is good
    assert good.minimum_version == bad.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_server_that_speaks_an_older_tls_only_is_refused(authority, ca_file, transport_of):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with closing(RawServer([GOOD], context=context)) as server:
        assert "version" in refusal(fetch(transport_of(ca_file=ca_file), server.url)).lower()
        assert server.requests == []


def test_a_certificate_of_ours_is_shown_to_its_origin_and_to_no_other(
    authority, ca_file, client_cert, server_of, transport_of
):
    wants = server_of(authority.issue_cert("127.0.0.1"), clients=authority)
    other = server_of(authority.issue_cert("127.0.0.1"), clients=authority)
    origin = wants.url.rstrip("/")
    transport = transport_of(ca_file=ca_file, client_certs=((origin, client_cert),))

    assert isinstance(fetch(transport, wants.url), Response)
    assert isinstance(fetch(transport, other.url), Failure)
    assert isinstance(fetch(transport, other.url, Want.BODY | Want.CERTIFICATE), Failure)


def test_a_certificate_for_the_seeds_is_shown_where_main_says_so(
    authority, ca_file, client_cert, server_of, transport_of
):
    server = server_of(authority.issue_cert("127.0.0.1"), clients=authority)
    transport = transport_of(ca_file=ca_file, client_certs=(("", client_cert),))

    assert isinstance(fetch(transport, server.url), Failure)
    assert isinstance(fetch(transport, server.url, Want.BODY | Want.CERTIFICATE), Response)
    assert isinstance(fetch(transport, server.url), Failure), "its connection is not for everybody"


def test_behind_a_tunnel_the_certificate_is_the_servers(authority, ca_file, server_of, transport_of):
    proxy = server_of(authority.issue_cert("127.0.0.1"), tunnel=TUNNEL)
    plain = proxy.url.replace("https:", "http:").replace("//", "//user:s3cr3t@")
    transport = transport_of(ca_file=ca_file, proxy=plain)
    assert isinstance(fetch(transport, "https://127.0.0.1:9/"), Response)

    ((_, request),), (connect,) = proxy.requests, proxy.tunnels
    assert b"Proxy-Authorization: Basic dXNlcjpzM2NyM3Q=" in connect
    assert b"proxy-authorization" not in request.lower(), "that is the server's"
    assert "for another host" in refusal(fetch(transport, "https://shop.example/"))


def test_a_proxy_over_tls_is_verified_like_any_server(authority, ca_file, server_of, transport_of):
    proxy = server_of(authority.issue_cert("127.0.0.1"))
    url = proxy.url.replace("//", "//user:s3cr3t@")

    assert isinstance(fetch(transport_of(ca_file=ca_file, proxy=url), "http://shop.invalid/"), Response)
    ((_, head),) = proxy.requests
    assert head.startswith(b"GET http://shop.invalid/ ")
    assert b"Proxy-Authorization: Basic dXNlcjpzM2NyM3Q=" in head
    refused = fetch(transport_of(proxy=url), "http://shop.invalid/")
    assert isinstance(refused, Failure)
    assert "s3cr3t" not in refused.message
    assert isinstance(
        fetch(transport_of(insecure=("127.0.0.1",), proxy=url), "http://shop.invalid/"), Response
    )


def test_a_file_that_will_not_do_is_refused_before_anything_is_asked(ca_file, client_cert, tmp_path):
    locked = tmp_path / "locked.pem"
    key = trustme.CA()._private_key
    cert = Path(client_cert).read_bytes().partition(b"-----BEGIN CERTIFICATE")
    locked.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
        + cert[1]
        + cert[2]
    )
    for knob, said in (
        ({"ca_file": "/no/such"}, "ca_file '/no/such': No such file"),
        ({"ca_file": str(Path(__file__))}, "holds no certificates in PEM form"),
        ({"client_cert": ca_file}, "client_cert '.*ca.pem': "),
        ({"client_cert": (client_cert, "/no/such")}, "client_cert '.*us.pem', '/no/such': No such file"),
        ({"client_cert": str(locked)}, "the key is locked by a password"),
    ):
        with pytest.raises(ConfigError, match=said):
            Settings(**knob)
    assert Settings(client_cert=f"https://a.example={client_cert}").client_cert == (
        ("https://a.example", client_cert),
    )


def test_a_file_that_is_gone_later_is_a_failure_and_no_end_of_the_worker(transport_of, authority, server_of):
    server = server_of(authority.issue_cert("127.0.0.1"))
    assert "cannot be read" in refusal(fetch(transport_of(ca_file="/no/such"), server.url))
