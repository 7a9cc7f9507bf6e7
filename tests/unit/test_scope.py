"""Which links belong to a crawl."""

import socket
import subprocess
import sys
import time

import pytest

from crawlpool.errors import ConfigError
from crawlpool.scope import Scope, _domains
from crawlpool.settings import SCOPES


@pytest.fixture
def list_unread():
    """The list of public suffixes is read anew within this test."""
    _domains.cache_clear()
    yield
    _domains.cache_clear()


def scope(name, *seeds, **patterns):
    made = Scope(name, **patterns)
    for seed in seeds:
        made.add_seed(seed)
    return made


def belongs(made, *urls):
    return [made.why_not(url) is None for url in urls]


def test_a_link_to_another_host_does_not_belong_to_the_host_scope():
    made = scope("host", "https://shop.example/books/")

    assert made.why_not("https://shop.example/about") is None
    assert made.why_not("https://other.example/") == "scope host"
    assert made.why_not("https://www.shop.example/") == "scope host"
    assert made.why_not("https://shop.example.evil.example/") == "scope host"


def test_another_port_is_another_host():
    made = scope("host", "http://127.0.0.1:8000/")

    assert belongs(made, "http://127.0.0.1:8000/a", "http://127.0.0.1:8001/a", "http://127.0.0.1/a") == [
        True,
        False,
        False,
    ]


def test_http_and_https_of_a_host_are_one():
    assert belongs(scope("host", "http://shop.example/"), "https://shop.example/a") == [True]
    assert belongs(scope("prefix", "http://shop.example/a/"), "https://shop.example/a/b") == [True]


def test_the_host_where_a_seed_ends_up_belongs_too():
    made = scope("host", "https://shop.example/")
    made.add_host_of("https://www.shop.example/")

    assert belongs(
        made, "https://www.shop.example/a", "https://shop.example/a", "https://m.shop.example/"
    ) == [
        True,
        True,
        False,
    ]


def test_without_seeds_nothing_belongs():
    assert [Scope(name).why_not("http://127.0.0.1/") for name in ("host", "domain", "prefix")] == [
        "scope host",
        "scope domain",
        "scope prefix",
    ]


def test_everything_belongs_to_all():
    assert belongs(scope("all"), "http://127.0.0.1/", "https://shop.example/a?b") == [True, True]


@pytest.mark.parametrize(
    ("seed", "inside", "outside"),
    [
        ("https://www.shop.co.uk/", "https://img.shop.co.uk/", "https://other.co.uk/"),
        ("https://shop.example.com/", "http://example.com:8080/", "https://example.org/"),
        ("https://me.github.io/", "https://www.me.github.io/", "https://you.github.io/"),
        ("https://github.io/", "https://github.io/x", "https://me.github.io/"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8001/", "http://127.0.0.2:8000/"),
        ("http://10.1.2.3/", "http://10.1.2.3/a", "http://11.1.2.3/"),
        ("http://[::1]:8000/", "http://[::1]/", "http://[::2]/"),
        ("http://localhost:8000/", "http://localhost/", "http://otherhost/"),
        ("http://a.corp.internal/", "http://b.corp.internal/", "http://b.shop.internal/"),
        ("https://example.com./", "https://www.example.com/", "https://example.net/"),
        ("https://xn--e1afmkfd.xn--p1ai/", "https://www.xn--e1afmkfd.xn--p1ai/", "https://b.xn--p1ai/"),
    ],
)
def test_a_domain_is_what_somebody_can_register(seed, inside, outside):
    made = scope("domain", seed)

    assert made.why_not(inside) is None
    assert made.why_not(outside) == "scope domain"


def test_a_domain_that_is_added_later_belongs_from_then_on():
    made = scope("domain", "https://old.example.com/")
    assert made.why_not("https://www.example.org/") == "scope domain"

    made.add_host_of("https://new.example.org/")

    assert made.why_not("https://www.example.org/") is None


def test_domains_are_told_apart_without_any_network(list_unread, monkeypatch, tmp_path):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert belongs(scope("domain", "https://a.example.com/"), "https://b.example.com/") == [True]
    assert list(tmp_path.iterdir()) == []


def test_domains_without_the_library_say_what_to_install(list_unread, monkeypatch):
    monkeypatch.setitem(sys.modules, "tldextract", None)

    with pytest.raises(ConfigError, match=r'^--scope domain needs: pip install "crawlpool\[domains\]"$'):
        Scope("domain")


def test_the_other_scopes_do_not_load_the_library():
    code = "import sys; from crawlpool.scope import Scope; Scope('host'); print('tldextract' in sys.modules, 'requests' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "False"]


@pytest.mark.parametrize(
    "seed", ["http://127.0.0.1/a/b.html", "http://127.0.0.1/a/", "http://127.0.0.1/a/b?x=/y/z"]
)
def test_the_prefix_scope_is_the_directory_of_the_seed(seed):
    made = scope("prefix", seed)

    urls = ["/a/", "/a/c/d?q", "/a/b.html", "/a", "/ab/", "/", "/A/", "/b/?/a/"]
    assert belongs(made, *("http://127.0.0.1" + path for path in urls)) == [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
        False,
    ]
    assert made.why_not("http://127.0.0.1:81/a/") == "scope prefix"


def test_the_prefix_of_a_seed_at_the_top_is_its_whole_host():
    assert belongs(scope("prefix", "http://127.0.0.1/a"), "http://127.0.0.1/b/c", "http://127.0.0.2/") == [
        True,
        False,
    ]


def test_each_seed_has_its_own_prefix():
    made = scope(
        "prefix", "http://127.0.0.1/a/b/", "http://127.0.0.1/c/", "http://127.0.0.1/a/", "http://127.0.0.2/d/"
    )

    urls = ["http://127.0.0.1/a/x", "http://127.0.0.1/c/x", "http://127.0.0.1/d/x", "http://127.0.0.2/d/x"]
    assert belongs(made, *urls) == [True, True, False, True]


def test_a_redirect_to_another_host_brings_its_directory_along():
    made = scope("prefix", "http://shop.example/docs/")
    made.add_host_of("https://www.shop.example/docs/index.html")

    assert belongs(made, "https://www.shop.example/docs/a", "https://www.shop.example/b") == [True, False]


def test_a_redirect_within_the_host_does_not_widen_the_prefix():
    made = scope("prefix", "http://shop.example/docs/")
    made.add_host_of("https://shop.example/login")

    assert belongs(made, "https://shop.example/docs/a", "https://shop.example/b") == [True, False]


def test_an_excluded_link_names_the_pattern():
    made = scope("host", "http://127.0.0.1/", exclude=("/cart/**", "/*.pdf"))

    assert made.why_not("http://127.0.0.1/cart/1") == "exclude /cart/**"
    assert made.why_not("http://127.0.0.1/x.pdf?y") == "exclude /*.pdf"
    assert made.why_not("http://127.0.0.1/x") is None


def test_with_include_only_what_it_names_belongs():
    made = scope("host", "http://127.0.0.1/", include=("/books/**", "/list?page=*"))

    assert made.why_not("http://127.0.0.1/books/1") is None
    assert made.why_not("http://127.0.0.1/list?page=2") is None
    assert made.why_not("http://127.0.0.1/list") == "not included"


def test_exclude_wins_over_include_and_the_scope_over_both():
    made = scope("host", "http://127.0.0.1/", include=("/a/**",), exclude=("/a/b",))

    assert made.why_not("http://127.0.0.1/a/b") == "exclude /a/b"
    assert made.why_not("http://127.0.0.2/a/b") == "scope host"


def test_an_unknown_scope_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"^unknown scope 'site'; known: all, domain, host, prefix$"):
        Scope("site")


def test_a_pattern_that_cannot_be_one_is_refused():
    with pytest.raises(ConfigError, match="cart"):
        Scope("host", exclude=("cart",))


def test_a_page_that_names_endless_hosts_fills_no_memory():
    made = scope("domain", "http://127.0.0.1/")
    for number in range(25_000):
        made.why_not(f"http://h{number}/")

    assert len(made._known) <= 20_000


@pytest.mark.parametrize("name", SCOPES)
def test_thousands_of_links_a_second_are_judged(name):
    made = scope(name, "https://shop.example/books/", include=("/books/**",), exclude=("/**/cart",))
    urls = [f"https://shop.example/books/{n}" for n in range(10_000)]
    started = time.process_time()

    assert all(belongs(made, *urls))

    assert time.process_time() - started < 1.0  # some 40 ms
