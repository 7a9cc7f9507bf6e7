"""Servers that want a crawl to go, or to send what is the user's, where the user never pointed it."""

from dataclasses import replace

import pytest

from crawlpool import Crawler

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
