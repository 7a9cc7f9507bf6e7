"""What a site asks of crawlers beside robots.txt is done, said in the end, told by `why`, and kept over a resume."""

import pytest

from crawlpool import Crawler
from crawlpool.cli import main
from crawlpool.cli.closing import closing_rows

from ..jobs import rows

QUICK = {"backend": "sync", "backoff": 0.0, "retries": 0, "per_host": 1}
PAGE = "<!doctype html><title>t</title>"
NOFOLLOW_META = f'{PAGE}<meta name="robots" content="nofollow">'


def crawl(site, **knobs):
    crawler = Crawler(**{**QUICK, "follow": True, **knobs})
    items = list(crawler.items(f"{site.url}/"))
    return {each["url"].removeprefix(site.url): each for each in items}, crawler.stats


@pytest.mark.parametrize("backend", ["sync", "process"])
def test_no_link_is_followed_of_a_page_whose_header_says_nofollow(site, backend):
    site.page("/", links=["/a", "/b"])
    site.page("/a", links=["/hidden", "/b"], headers={"X-Robots-Tag": "noarchive, NOFOLLOW"})
    site.page("/b", links=["/c"])
    site.page("/c")
    site.page("/hidden")
    pages, stats = crawl(site, backend=backend)

    assert sorted(pages) == ["/", "/a", "/b", "/c"]
    assert pages["/a"]["directives"] == "noarchive nofollow"
    assert pages["/b"]["directives"] is None
    assert stats.skips == {"nofollow": 1}  # /b is known, and so was not left out
    assert ("left out", "1 x nofollow") in closing_rows(stats)
    assert "/hidden" in crawl(site, x_robots_tag=False)[0]


def test_no_link_is_followed_of_a_page_whose_meta_element_says_so(site):
    site.page("/", NOFOLLOW_META, links=["/a", "http://elsewhere.example/"])
    site.page("/a")
    pages, stats = crawl(site)

    assert list(pages) == ["/"]
    assert stats.skips == {"nofollow": 1, "scope host": 1}
    assert sorted(crawl(site, meta_robots=False)[0]) == ["/", "/a"]


def test_what_is_said_to_another_crawler_is_not_for_us(site):
    site.page("/", links=["/a"], headers=[("X-Robots-Tag", "otherbot: none"), ("X-Robots-Tag", "noarchive")])
    site.page("/a", '<meta name="otherbot" content="nofollow"><a href="/b">')
    site.page("/b")
    assert sorted(crawl(site)[0]) == ["/", "/a", "/b"]

    site.page("/a", '<meta name="MyBot" content="nofollow"><a href="/b">')
    assert sorted(crawl(site)[0]) == ["/", "/a", "/b"]
    assert sorted(crawl(site, user_agent="mybot/2 (me@a.example)")[0]) == ["/", "/a"]


def test_a_link_with_rel_nofollow_is_followed_only_where_another_page_links_without(site):
    site.page("/", '<a rel="nofollow" href="/a">a</a><a rel="nofollow" href="/b">b</a><a href="/c">c</a>')
    site.page("/a")
    site.page("/b")
    site.page("/c", links=["/b"])
    pages, stats = crawl(site)

    assert sorted(pages) == ["/", "/b", "/c"]
    assert stats.skips == {"rel=nofollow": 2}
    assert sorted(crawl(site, rel_nofollow=False)[0]) == ["/", "/a", "/b", "/c"]


def test_what_a_handler_asks_for_is_the_users_own_will(site):
    site.page("/", NOFOLLOW_META + '<a rel="nofollow" href="/a">a</a>')
    site.page("/a")
    crawler = Crawler(**QUICK)
    seen = []

    @crawler.on_page
    def each(page):
        seen.append((page.url.removeprefix(site.url), page.directives))
        yield from page.follow_all()

    crawler.run(f"{site.url}/")
    assert seen == [("/", frozenset({"nofollow"})), ("/a", frozenset())]


def test_a_page_says_what_was_asked_also_where_it_is_not_obeyed(site):
    site.page("/", "<meta name=mybot content=none>", headers={"X-Robots-Tag": "mybot: noai"})
    crawler = Crawler(**QUICK, user_agent="MyBot/1", x_robots_tag=False, meta_robots=False)
    seen = []
    crawler.on_page(lambda page: seen.append(page.directives))
    crawler.run(f"{site.url}/")

    assert seen == [{"none", "noindex", "nofollow", "noai"}]


# noindex


def test_a_page_with_noindex_has_a_record_and_is_left_out_when_asked_for(site):
    site.page("/", links=["/a", "/b"], headers={"X-Robots-Tag": "noindex"})
    site.page("/a", links=["/c"], headers={"X-Robots-Tag": "noindex"})
    site.page(
        "/b",
        links=["/d"],
        headers={"X-Robots-Tag": "unavailable_after: Sun, 06 Nov 1994 08:49:37 GMT, nofollow"},
    )
    site.page("/c")
    site.page("/d")
    assert sorted(crawl(site)[0]) == ["/", "/a", "/b", "/c"]

    pages, stats = crawl(site, skip_noindex=True)
    assert sorted(pages) == ["/", "/c"]  # the start page was listed; a page's links are another matter
    assert stats.skips == {"noindex": 2, "nofollow": 1}


def test_a_handler_does_not_get_what_is_left_out_for_noindex(site):
    site.page("/", links=["/a", "/b"])
    site.page("/a", "<meta name=robots content=noindex>")
    site.page("/b")
    crawler = Crawler(**QUICK, skip_noindex=True)
    seen = []

    @crawler.on_page
    def each(page):
        seen.append(page.url.removeprefix(site.url))
        yield from page.follow_all()

    crawler.run(f"{site.url}/")
    assert seen == ["/", "/b"]


def test_why_tells_what_was_not_followed_and_a_resumed_job_keeps_to_it(site, tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    site.page("/", '<a href="/a">a</a><a href="/n">n</a><a rel="nofollow" href="/r">r</a>')
    site.page("/a", NOFOLLOW_META, links=["/f"])
    site.page("/n", headers={"X-Robots-Tag": "noindex"})
    words = [f"{site.url}/", "--follow", "--skip-noindex", "--backend", "sync", "-q", "-o", str(out)]
    main([*words, "--max-pages", "1"])
    main(words)

    job = tmp_path / "out.jsonl.job"
    assert sorted(rows(job, "SELECT url, why FROM skip")) == [
        (f"{site.url}/f", "nofollow"),
        (f"{site.url}/r", "rel=nofollow"),
    ]
    told = {}
    for path in ("/f", "/r", "/n"):
        main(["why", site.url + path, "--job", str(job)])
        told[path] = capsys.readouterr().out
    assert "was not followed: nofollow: the page asks for none of its links to be followed" in told["/f"]
    assert "was not followed: rel=nofollow: every link to it asks for that" in told["/r"]
    assert "left out: noindex" in told["/n"]
    assert site.counts == {"/": 1, "/a": 1, "/n": 1}


def test_a_page_says_what_it_asks_of_us_by_the_name_that_the_crawl_obeys(site):
    site.page("/", '<meta name="my_bot" content="nofollow"><a href="/next">next</a>')
    site.page("/next")
    seen = []
    crawler = Crawler(backend="sync", robots=False, follow=True, user_agent="my_bot2/1.0")
    crawler.on_page(lambda page: seen.append(page.directives))
    crawler.run(site.url + "/")
    assert seen == [{"nofollow"}]
