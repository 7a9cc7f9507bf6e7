"""Servers that want a crawl to go, or to send what is the user's, where the user never pointed it."""

from dataclasses import replace

import pytest

from crawlpool import Crawler
from crawlpool.cli import main

pytestmark = pytest.mark.timeout(60)


def listing(*urls):
    return "<urlset>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>"


def test_what_a_sitemap_lists_leads_to_no_other_host_by_a_redirect(site, sites):
    other = sites("127.0.0.2")
    other.page("/there", links=["/deeper"])
    other.page("/deeper")
    site.page("/")
    site.redirect("/away", other.url + "/there")
    site.page("/sitemap.xml", listing(site.url + "/away"), content_type="application/xml")
    crawler = Crawler(backend="sync", follow=True, sitemap=True, allow_private=True)
    crawler.run(site.url + "/")

    assert other.log == []
    assert crawler.stats.skips == {"scope host": 1}


def test_a_request_made_of_a_seeds_is_no_seed_when_the_crawl_goes_on(site, sites, tmp_path):
    other = sites("127.0.0.2")
    other.page("/there")
    other.robots("User-agent: *\nAllow: /")
    site.page("/", links=[other.url + "/there"])
    site.page("/last")

    def crawl(max_pages):
        crawler = Crawler(
            backend="sync",
            auth="user:secret",
            max_pages=max_pages,
        )

        @crawler.on_page("/")
        def look(page):
            yield {"url": page.url}
            for url in page.links():
                yield replace(page.request, url=url)

        @crawler.on_failure
        def note(page):
            lost.append(page.error)

        lost = []
        crawler.run(site.url + "/", output=str(tmp_path / "out.jsonl"))
        return lost

    crawl(1)
    lost = crawl(None)

    assert other.log == []
    assert lost == ["address: 127.0.0.2 is a loopback address; --allow-private allows it"]


def test_a_link_that_is_followed_at_the_prompt_gets_nothing_that_was_typed_for_the_first_site(
    site, sites, capsys
):
    other, inside = sites("127.0.0.2"), sites("127.0.0.3")
    for each in (site, other, inside):
        each.robots("")
    site.page("/", links=[site.url + "/next", other.url + "/there", inside.url + "/secret"])
    site.page("/next")
    other.page("/there")
    secrets = [
        "--auth",
        "user:secret",
        "--cookie",
        "sid=secret",
        "-H",
        "X-Key: secret",
        "-H",
        "Accept: text/x",
    ]
    there = f"names = [fetch(url).status for url in (css('a')[0], '/', {other.url + '/there'!r})]"
    commands = [there, f"fetch({site.url + '/'!r}).status", "fetch(css('a')[2]).error"]
    code = main(["shell", site.url + "/", *secrets, *(word for each in commands for word in ("-c", each))])

    assert code == 0
    out, err = capsys.readouterr()
    assert "address: 127.0.0.3 is a loopback address" in out
    assert err.count(f"what was given for {site.url} is not sent to {other.url}") == 1
    assert inside.log == []
    for arrival in (each for each in site.log if each.path != "/robots.txt"):
        assert arrival.header("cookie") == "sid=secret"
        assert arrival.header("x-key") == "secret"
        assert arrival.header("authorization")
    asked = other.log[-1]
    assert asked.path == "/there"
    assert asked.header("accept") == "text/x"
    assert "secret" not in str(asked.headers)
    assert asked.header("authorization") is None
