"""Crawls that a server wants to send into the network of whoever runs them."""

import json
import socket

import pytest

import crawlpool
from crawlpool import Crawler
from crawlpool.cli import main
from crawlpool.model import Request
from crawlpool.worker import addresses

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def inside(site, sites):
    """A server that the crawl can reach, and that nobody named; it must never be asked."""
    made = sites("127.0.0.1")
    made.page("/secret", title="Secret")
    made.page("/robots.txt", "User-agent: *\nAllow: /", content_type="text/plain")
    return made


def crawl(seeds, **knobs):
    crawler = Crawler(**{"backend": "sync", "backoff": 0.0, "max_time": 30, **knobs})
    records = {record["url"]: record for record in crawler.items(seeds)}
    return records, crawler.stats


def test_a_link_a_redirect_and_a_handler_lead_to_no_private_address(site, inside):
    target = inside.url + "/secret"
    site.page("/", links=[target, "/to"])
    site.redirect("/to", target + "?redirect")
    crawler = Crawler(backend="thread", workers=2, follow=True, scope="all")

    @crawler.on_page("/")
    def page(page):
        yield {"url": page.url}
        yield Request(target + "?handler")

    lost = []
    crawler.on_failure(lambda page: lost.append((page.url, page.error)))
    crawler.run(site.url + "/")

    assert {url for url, _ in lost} == {target, target + "?handler", site.url + "/to"}
    assert {error for _, error in lost} == {
        "address: 127.0.0.1 is a loopback address; --allow-private allows it"
    }
    assert inside.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_seed_leads_to_no_other_private_port(site, inside, status):
    site.redirect("/", inside.url + "/secret", status=status)
    records, stats = crawl(site.url + "/", robots=False)

    assert records[site.url + "/"]["error_kind"] == "address"
    assert stats.failures["address"] == 1
    assert not stats.retries
    assert inside.connections == 0


def test_a_redirect_within_the_host_and_port_of_a_seed_is_followed(site):
    site.redirect("/", "/home")
    site.page("/home")
    records, _ = crawl(site.url + "/")

    assert records[site.url + "/"]["status"] == 200


@pytest.mark.parametrize(
    "target",
    [
        "http://2130706433:{port}/secret",
        "http://0x7f.1:{port}/secret",
        "http://017700000001:{port}/secret",
        "http://127.1:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://localhost:{port}/secret",
        "http://0.0.0.0:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "http:\\\\127.0.0.1:{port}/secret",
    ],
)
def test_no_spelling_of_an_address_gets_past(site, inside, target):
    site.redirect("/", target.format(port=inside.url.rpartition(":")[2]))
    records, _ = crawl(site.url + "/")

    assert records[site.url + "/"]["error_kind"] == "address"
    assert inside.connections == 0


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1:70/1",
        "data:text/html,x",
        "javascript:x()",
    ],
)
def test_a_redirect_to_what_is_not_the_web_is_a_failure_that_quotes_it(site, target):
    site.redirect("/", target)
    records, _ = crawl(site.url + "/")

    assert records[site.url + "/"]["error_kind"] == "redirect"
    assert f"{target!r}, which is no http(s) URL" in records[site.url + "/"]["error_message"]


def test_a_link_to_what_is_not_the_web_is_not_followed(site):
    site.page(
        "/",
        links=["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "javascript:x()", "data:,x"],
    )
    records, _ = crawl(site.url + "/", follow=True, scope="all")

    assert list(records) == [site.url + "/"]


def test_a_host_that_may_not_be_asked_is_refused_once_for_all_its_urls(site, inside):
    site.page("/", links=[f"{inside.url}/{n}" for n in range(20)])
    records, stats = crawl(site.url + "/", follow=True, scope="all")

    assert stats.failures["address"] == 20
    assert len(records) == 21
    assert inside.connections == 0


def test_robots_txt_a_sitemap_a_header_and_a_canonical_name_lead_to_no_private_address(site, inside):
    target = inside.url + "/secret"
    site.robots(f"User-agent: *\nAllow: /\nSitemap: {target}")
    site.page(
        "/",
        f'<link rel="canonical" href="{target}"><a href="/a">a</a>',
        headers={"Link": f'<{target}>; rel="next"', "Refresh": f"0; url={target}"},
    )
    site.page("/a")
    site.page("/map.xml", f"<urlset><url><loc>{target}</loc></url></urlset>", content_type="application/xml")
    _, stats = crawl(
        [site.url + "/"],
        follow=True,
        scope="all",
        sitemap=True,
        sitemap_url=site.url + "/map.xml",
        skip_duplicates=["canonical", "listed"],
    )

    assert stats.failures["address"] == 1  # one URL, however often it is named
    assert inside.connections == 0


def test_a_robots_txt_that_redirects_to_a_private_address_allows_nothing(site, inside):
    site.redirect("/robots.txt", inside.url + "/robots.txt")
    site.page("/")
    records, _ = crawl(site.url + "/")

    assert records[site.url + "/"]["error_kind"] == "robots_unreachable"
    assert "127.0.0.1 is a loopback address" in records[site.url + "/"]["error_message"]
    assert (site.requests, inside.connections) == ([], 0)


def test_a_link_to_another_port_or_another_name_of_a_seeds_host_is_refused(site, inside):
    port = site.url.rpartition(":")[2]
    site.page("/", links=[inside.url + "/secret", f"http://localhost:{port}/", "/a"])
    site.page("/a")
    records, stats = crawl(site.url + "/", follow=True, scope="all")

    assert stats.failures["address"] == 2
    assert records[site.url + "/a"]["status"] == 200


def test_private_addresses_are_asked_when_that_is_allowed(site, inside):
    site.page("/", links=[inside.url + "/secret"])
    records, _ = crawl(site.url + "/", follow=True, scope="all", allow_private=True)

    assert records[inside.url + "/secret"]["title"] == "Secret"


def test_no_seed_may_be_private_when_strangers_typed_them(site):
    records, _ = crawl([site.url + "/", site.url + "/b"], deny_private=True)

    assert [record["error_kind"] for record in records.values()] == ["address"] * 2
    assert records[site.url + "/"]["error_message"].endswith("; --deny-private refuses it")
    assert site.connections == 0


def test_a_pool_and_a_list_name_what_they_are_given_and_nothing_else(site, inside):
    site.page("/")
    site.redirect("/to", inside.url + "/secret")
    (page,) = crawlpool.fetch_all([site.url + "/"], backend="sync")
    with crawlpool.FetchPool(backend="sync", robots=False) as pool:
        listed, redirected = pool.map([site.url + "/", site.url + "/to"])

    assert (page.status, listed.status) == (200, 200)
    assert redirected.error.startswith("address: ")
    assert inside.connections == 0


def test_names_that_lead_to_a_private_address_are_refused_and_looked_up_once(site, inside, monkeypatch):
    def lookup(name, port, **more):
        asked.append(name)
        return socket.getaddrinfo("127.0.0.1", port, **more)

    asked: list[str] = []
    monkeypatch.setattr(addresses, "lookup", lookup)
    port = inside.url.rpartition(":")[2]
    site.page("/", links=[f"http://a.intern.test:{port}/secret", f"http://b.intern.test:{port}/secret"])
    _, stats = crawl(site.url + "/", follow=True, scope="all", backend="thread", workers=2)

    assert stats.failures["address"] == 2
    assert sorted(each for each in asked if each != "127.0.0.1") == ["a.intern.test", "b.intern.test"]
    assert inside.connections == 0


def test_a_crawl_that_goes_on_may_ask_its_seeds_and_still_no_other(site, inside, tmp_path):
    out = tmp_path / "pages.jsonl"
    site.page("/", links=["/a", inside.url + "/secret"])
    site.page("/a")
    how = {"backend": "sync", "follow": True, "scope": "all"}
    Crawler(**how, max_pages=1).run(site.url + "/", output=out)
    result = Crawler(**how).run(site.url + "/", output=out)
    kinds = {
        json.loads(line)["url"]: json.loads(line)["error_kind"]
        for line in out.read_text("utf-8").splitlines()
    }

    assert result.ended == "finished"
    assert kinds == {site.url + "/": None, site.url + "/a": None, inside.url + "/secret": "address"}
    assert inside.connections == 0


def test_what_failed_for_its_address_may_be_allowed_later(site, inside, tmp_path, capsys):
    out = tmp_path / "pages.jsonl"
    site.redirect("/", inside.url + "/secret")
    words = [site.url + "/", "-o", str(out), "--backend", "sync", "--no-robots"]

    assert main(words) == 3
    said = capsys.readouterr().err
    assert "address" in said
    assert "--allow-private" in said
    assert main(["retry", str(out), "--backend", "sync"]) == 3
    assert inside.connections == 0
    assert main(["retry", str(out), "--backend", "sync", "--allow-private"]) == 0
    assert inside.requests == ["/secret"]


def test_many_names_may_be_given_one_address(site, tmp_path):
    port = site.url.rpartition(":")[2]
    site.page("/", links=[f"http://b.test:{port}/x"])
    site.page("/x", title="X")
    out = tmp_path / "pages.jsonl"
    code = main(
        [
            f"http://a.test:{port}/",
            "--follow",
            "--scope",
            "all",
            "-o",
            str(out),
            "-w",
            "1",
            "--resolve",
            f"a.test:{port}:127.0.0.1",
            "--resolve",
            f"b.test:{port}:127.0.0.9,127.0.0.1",
            "--deny-private",
        ]
    )

    assert code == 0
    assert [json.loads(line)["status"] for line in out.read_text("utf-8").splitlines()] == [200, 200]
    assert {arrival.header("host") for arrival in site.log} == {f"a.test:{port}", f"b.test:{port}"}


@pytest.mark.parametrize("backend", ["process", "futures-process"])
def test_worker_processes_refuse_as_well(site, inside, backend):
    site.redirect("/", inside.url + "/secret")
    site.page("/fine")
    records, _ = crawl([site.url + "/", site.url + "/fine"], backend=backend, workers=1)

    assert records[site.url + "/"]["error_kind"] == "address"
    assert records[site.url + "/fine"]["status"] == 200
    assert inside.connections == 0


def test_a_link_to_the_port_of_another_protocol_is_not_asked(site):
    site.page("/", links=["http://127.0.0.1:25/", "http://shop.invalid:6667/"])
    records, _ = crawl(site.url + "/", follow=True, scope="all")

    assert records["http://127.0.0.1:25/"]["error_kind"] == "address"
    assert records["http://shop.invalid:6667/"]["error_message"].startswith(
        "port 6667 is for another protocol than HTTP"
    )
