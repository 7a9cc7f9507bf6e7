"""What kind of place an address is, by the registries of IANA and the RFCs behind their rows."""

import pytest

from crawlpool.addresses import (
    BAD_PORTS,
    is_local_name,
    literal,
    special,
    split_resolve,
)
from crawlpool.errors import ConfigError
from crawlpool.named import Named
from crawlpool.settings import Settings
from crawlpool.urls import normalise, place
from crawlpool.wiring import transport_options

SPECIAL = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "this network",
    "10.0.0.1": "private",
    "100.64.0.1": "NAT",
    "100.127.255.255": "NAT",
    "100.100.100.200": "metadata",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "metadata",
    "169.254.1.1": "link-local",
    "169.254.169.254": "metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.8": "protocols",
    "192.0.2.1": "documentation",
    "192.31.196.1": "AS112",
    "192.52.193.1": "tunnels",
    "192.88.99.1": "6to4",
    "192.168.1.1": "private",
    "192.175.48.1": "AS112",
    "198.18.0.1": "benchmarks",
    "198.19.255.255": "benchmarks",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "IPv4-compatible",
    "::8.8.8.8": "IPv4-compatible",
    "::ffff:127.0.0.1": "holds 127.0.0.1, a loopback",
    "::ffff:a9fe:a9fe": "holds 169.254.169.254",
    "::ffff:0:127.0.0.1": "reserved",
    "64:ff9b::10.0.0.1": "holds 10.0.0.1",
    "64:ff9b:1::1": "translated",
    "100::1": "discarded",
    "100:0:0:1::1": "dummy",
    "2001::1": "Teredo",
    "2001:0:808:808:0:0:f7f7:f7f7": "Teredo",
    "2001:2::1": "benchmarks",
    "2001:3::1": "protocols",
    "2001:10::1": "protocols",
    "2001:20::1": "protocols",
    "2001:db8::1": "documentation",
    "2002:7f00:1::1": "holds 127.0.0.1",
    "2002:c0a8:101::": "holds 192.168.1.1",
    "2620:4f:8000::1": "AS112",
    "2a00:1450::5efe:10.0.0.1": "holds 10.0.0.1",
    "2a00:1450::200:5efe:127.0.0.1": "holds 127.0.0.1",
    "3fff::1": "documentation",
    "4000::1": "reserved",
    "5f00::1": "segment routing",
    "fc00::1": "private",
    "fd00::1": "private",
    "fd00:ec2::254": "metadata",
    "fd20:ce::254": "metadata",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "febf::1": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "": "no address",
    "shop.example": "no address",
    "127.1": "no address",
    "1.1.1.1\0": "no address",
    "1" * 5000: "no address",
}

PUBLIC = (
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255"),
    *("198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e"),
    *("::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2a00:1450::5efe:8.8.8.8", "2001:4860::8888"),
)


@pytest.mark.parametrize(("address", "word"), SPECIAL.items(), ids=[each[:40] for each in SPECIAL])
def test_an_address_that_no_stranger_may_name_is_known_by_its_kind(address, word):
    assert word in (special(address) or "public")


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_is_nothing_special(address):
    assert special(address) is None


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "127。0。0。1",
        "%31%32%37.0.0.1",
    ],
)
def test_every_spelling_of_an_address_in_a_url_is_that_address(host):
    url = normalise(f"http://{host}/")
    assert url is not None
    address = literal(place(url).hostname)
    assert address is not None
    assert "loopback" in (special(address) or "")


@pytest.mark.parametrize(
    "host", ["[fe80::1%25eth0]", "[fe80::1%eth0]", "1.2.3.256", "0x100000000", "[::127.0.0.1.5]"]
)
def test_what_is_no_address_by_the_url_standard_is_no_url(host):
    assert normalise(f"http://{host}/") is None


def test_names_are_no_addresses():
    assert [literal(each) for each in ("shop.example", "a1", "localhost", "1e100.net", "x.1a")] == [None] * 5


def test_names_that_are_local_wherever_they_are_looked_up():
    assert all(
        map(
            is_local_name,
            ("localhost", "localhost.", "a.localhost", "printer.local", "x.internal", "nas.home.arpa"),
        )
    )
    assert not any(
        map(is_local_name, ("notlocalhost", "localhost.example", "local.example", "homearpa", "arpa"))
    )


def test_ports_of_other_protocols_are_bad_and_those_of_the_web_are_not():
    assert {21, 22, 25, 110, 143, 6000, 6667, 10080} <= BAD_PORTS
    assert not {80, 443, 3000, 5000, 8000, 8080, 8443} & BAD_PORTS


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("shop.example:443:192.0.2.7", ("shop.example", 443, ("192.0.2.7",))),
        ("shop.example:80:127.0.0.1, [::1],::2", ("shop.example", 80, ("127.0.0.1", "::1", "::2"))),
        ("[::1]:80:127.0.0.1", ("[::1]", 80, ("127.0.0.1",))),
    ],
)
def test_where_a_host_is_may_be_said(text, meant):
    assert split_resolve(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop.example",
        "shop.example:80",
        "shop.example:80:",
        "shop.example:80:other.example",
        "a:99999:127.0.0.1",
        "a:80:127.0.0.1,",
        "a/b:80:127.0.0.1",
        "a:x:127.0.0.1",
        "a:80:127.1",
    ],
)
def test_what_says_no_address_is_quoted(text):
    with pytest.raises(ConfigError, match=r"such as shop\.example:443:192\.0\.2\.7"):
        Settings(resolve=[text])


def test_a_host_is_meant_in_its_normal_form():
    given = Settings(resolve="BÜCHER.example.:80:127.0.0.1")
    assert transport_options(given).resolve == (("xn--bcher-kva.example", 80, ("127.0.0.1",)),)


def test_private_addresses_cannot_be_allowed_and_denied():
    with pytest.raises(ConfigError, match="both given"):
        Settings(allow_private=True, deny_private=True)
    assert transport_options(Settings()).private == "named"
    assert transport_options(Settings(allow_private=True)).private == "all"
    assert transport_options(Settings(deny_private=True)).private == "none"


def named(*seeds):
    made = Named()
    for each in seeds:
        made.add(each)
    return made


@pytest.mark.parametrize(
    ("url", "is_named"),
    [
        ("http://127.0.0.1:8000/other", True),
        ("https://127.0.0.1:8000/", True),
        ("http://127.0.0.1:9000/", False),
        ("http://127.0.0.1/", False),
        ("http://localhost:8000/", False),
        ("http://127.0.0.2:8000/", False),
        ("http://intern.example/", True),
        ("https://intern.example:80/", True),
        ("https://intern.example/", False),
        ("http://www.intern.example/", False),
        ("http://[::1]/", True),
        ("http://[::1]:8000/", False),
    ],
)
def test_a_seed_names_its_host_with_its_port_and_nothing_else(url, is_named):
    assert named("http://127.0.0.1:8000/", "http://intern.example/", "http://[::1]/").has(url) is is_named


def test_a_name_that_answered_from_the_internet_may_not_turn_private():
    seeds = named(
        "http://shop.example/", "http://intern.example/", "http://127.0.0.1/", "http://shop.example:25/"
    )
    seeds.answered("http://shop.example/a", "93.184.215.14:80")
    seeds.answered("http://intern.example/", "10.0.0.1:80")
    seeds.answered("http://intern.example/", "93.184.215.14:80")
    seeds.answered("http://127.0.0.1/", "[2606:4700::1]:3128")  # a proxy's
    seeds.answered("http://shop.example:25/", "93.184.215.14:25")
    seeds.answered("http://other.example/", "93.184.215.14:80")
    seeds.add("http://shop.example/again")

    assert not seeds.has("http://shop.example/b")
    assert seeds.has("http://intern.example/")
    assert seeds.has("http://127.0.0.1/")
    assert seeds.has("http://shop.example:25/")
    assert not seeds.has("http://other.example/")
