"""Whatever names a page leads to it, and what is left out of a page is said."""

import pytest

from crawlpool import Crawler
from crawlpool.cli.closing import closing_rows


@pytest.fixture
def crawl():
    """Follow links from a seed; the paths of the records, in their order."""

    def run(site, *, backend="sync", **knobs):
        crawler = Crawler(backend=backend, follow=True, workers=1, **knobs)
        found = [record["url"].removeprefix(site.url) for record in crawler.items(site.url + "/")]
        run.stats = crawler.stats
        return found

    return run


def labelled(stats):
    return dict(closing_rows(stats))


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
def test_links_in_the_head_of_an_answer_are_followed_whatever_its_type(site, crawl, backend):
    site.page("/", b"%PDF-1.7", content_type="application/pdf", headers={"Link": "</2.bin>; rel=next"})
    site.page(
        "/2.bin",
        b"\0" * 100_000,
        content_type="application/octet-stream",
        headers={"Link": '</3>;rel="next"'},
    )
    site.page("/3", headers={"Refresh": "0; url=/4", "Link": "</no.css>; rel=stylesheet"})
    site.page("/4")
    assert crawl(site, backend=backend) == ["/", "/2.bin", "/3", "/4"]


def test_a_page_is_found_by_every_kind_of_link_that_leads_to_one(site, crawl):
    site.page(
        "/",
        "<link rel=canonical href=/canonical><iframe srcdoc='<a href=/inner>'></iframe>"
        "<div><template shadowrootmode=open><a href=/shadow></template></div><map><area href=/area></map>"
        "<svg><a xlink:href=/drawn /></svg><math><mi href=/formula>x</mi></math><object type=text/html data=/object></object>"
        "<form action=/no></form><img src=/no><q cite=/no></q><a href=/no download></a><p style='background:url(/no)'>",
    )
    expected = {"/canonical", "/inner", "/shadow", "/area", "/drawn", "/formula", "/object"}
    for path in expected:
        site.page(path)
    assert set(crawl(site)) == expected | {"/"}
    assert site.asked("/no") == 0


@pytest.mark.parametrize("backend", ["sync", "process"])
def test_links_beyond_the_most_of_a_page_are_left_out_and_said(site, crawl, backend):
    site.page("/", links=[f"/{number}" for number in range(30)])
    for number in range(20):
        site.page(f"/{number}")
    assert sorted(crawl(site, backend=backend, max_links=20)) == sorted(
        ["/"] + [f"/{number}" for number in range(20)]
    )
    assert (crawl.stats.partly_read, crawl.stats.skips["beyond max_links"]) == (1, 10)
    assert labelled(crawl.stats)["left out"] == "10 x beyond max links"
    assert "1 page read in part" in labelled(crawl.stats)["read"]


def test_a_page_that_was_cut_before_it_was_parsed_is_said(site, crawl):
    site.page("/", "<a href=/1>x</a>" + "<div>" * 30_000 + "<a href=/2>x</a>")
    site.page("/1")
    assert crawl(site) == ["/", "/1"]
    assert crawl.stats.partly_read == 1
    assert "1 page read in part" in labelled(crawl.stats)["read"]


def test_a_page_that_was_read_whole_is_not_called_read_in_part(site, crawl):
    site.page("/", links=["/1"])
    site.page("/1")
    crawl(site)
    assert crawl.stats.partly_read == 0
    assert "in part" not in labelled(crawl.stats)["read"]
