"""Crawls that begin with sitemaps and feeds: which are asked for, what of them is crawled, and what is said."""

import gzip
import json
import re
import time
from itertools import pairwise

import pytest

import crawlpool
from crawlpool import ConfigError, Crawler
from crawlpool.cli import main
from crawlpool.errors import FrontierError

QUICK = {"backend": "sync", "backoff": 0.0}
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def urlset(*entries):
    """A sitemap: each entry is a URL, or a URL and its lastmod."""
    rows = []
    for entry in entries:
        url, date = entry if isinstance(entry, tuple) else (entry, None)
        rows.append(f"<url><loc>{url}</loc>" + (f"<lastmod>{date}</lastmod>" if date else "") + "</url>")
    return f'{HEAD}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(rows)}</urlset>'


def index(*entries):
    return urlset(*entries).replace("urlset", "sitemapindex").replace("url>", "sitemap>")


def publish(site, path, text, **more):
    site.page(path, text, content_type="application/xml", **more)
    return site.url + path


def pages(site, *paths):
    for path in paths:
        site.page(path)
    return [site.url + path for path in paths]


@pytest.fixture
def crawl():
    """Crawl on one thread; the records by URL, in the order in which they came."""

    def run(seeds=(), **knobs):
        crawler = Crawler(**{**QUICK, **knobs})
        records = list(crawler.items(seeds))
        run.stats = crawler.stats
        return {record["url"]: record for record in records}

    return run


# Which are asked for


def test_a_sitemap_that_is_named_is_crawled_without_any_other_seed(site, crawl):
    urls = pages(site, "/a", "/b")
    found = crawl(sitemap_url=publish(site, "/map.xml", urlset(*urls)))
    assert list(found) == urls
    assert {record["status"] for record in found.values()} == {200}
    assert (crawl.stats.sitemaps, crawl.stats.sitemap_urls, crawl.stats.seeds) == (1, 2, 2)


def test_a_sitemap_may_be_larger_than_a_page(site, crawl):
    urls = pages(site, *(f"/{n}" for n in range(20)))
    padding = f"<!-- {'x' * 5000} -->"
    text = urlset(*urls).replace("<url>", padding + "<url>")
    found = crawl(sitemap_url=publish(site, "/map.xml", text), max_body=1000)
    assert list(found) == urls
    assert len(text) > 100_000


def test_a_sitemap_gets_no_record_and_is_asked_for_once(site, crawl):
    urls = pages(site, "/a")
    named = publish(site, "/map.xml", urlset(*urls))
    assert list(crawl(sitemap_url=[named, named])) == urls
    assert site.requests == ["/map.xml", "/a"]


def test_the_sitemaps_of_a_seeds_site_are_those_that_its_robots_txt_names(site, crawl):
    site.robots("User-agent: *\nAllow: /\nSitemap: /one.xml\nSitemap: /two.txt")
    seed, one, two = pages(site, "/", "/1", "/2")
    publish(site, "/one.xml", urlset(one))
    site.page("/two.txt", two + "\n", content_type="text/plain")
    assert set(crawl(seed, sitemap=True)) == {seed, one, two}
    assert "/sitemap.xml" not in site.requests


def test_without_one_in_robots_txt_the_sitemap_is_looked_for_where_most_are(site, crawl):
    seed, one = pages(site, "/", "/1")
    publish(site, "/sitemap.xml", urlset(one))
    assert set(crawl(seed, sitemap=True)) == {seed, one}


def test_sitemaps_are_asked_for_only_when_they_are_wanted(site, crawl):
    site.robots("Sitemap: /one.xml")
    assert set(crawl(pages(site, "/"))) == {site.url + "/"}
    assert site.requests == ["/"]


def test_a_site_without_a_sitemap_is_no_failure_and_is_said(site, crawl):
    crawl(pages(site, "/", "/other"), sitemap=True)
    assert site.asked("/sitemap.xml") == 1
    assert crawl.stats.sitemap_faults == [f"{site.url}/sitemap.xml: HTTP 404 Not Found"]
    assert crawl.stats.named_sitemaps_missed == 0


def test_sitemaps_are_found_by_robots_txt_also_where_that_is_not_obeyed(site, crawl):
    site.robots("User-agent: *\nDisallow: /\nCrawl-delay: 30\nSitemap: /one.xml")
    seed, one = pages(site, "/", "/1")
    publish(site, "/one.xml", urlset(one))
    started = time.monotonic()
    assert set(crawl(seed, sitemap=True, robots=False)) == {seed, one}
    assert time.monotonic() - started < 5


def test_the_site_of_a_seed_is_where_its_redirects_end(site, sites, crawl):
    other = sites()
    site.redirect("/", other.url + "/home")
    (one, _) = pages(other, "/1", "/home")
    publish(other, "/sitemap.xml", urlset(one))
    publish(site, "/sitemap.xml", urlset(site.url + "/never"))
    assert set(crawl(site.url + "/", sitemap=True, allow_private=True)) == {site.url + "/", one}


# Formats


def test_an_index_is_followed_down_and_never_in_a_circle(site, crawl):
    one, two = pages(site, "/1", "/2")
    top = publish(site, "/top.xml", index(site.url + "/low.xml", site.url + "/flat.xml.gz"))
    publish(site, "/low.xml", index(top, site.url + "/leaf.xml", site.url + "/low.xml"))
    publish(site, "/leaf.xml", urlset(one))
    site.page("/flat.xml.gz", gzip.compress(urlset(two).encode()), content_type="application/octet-stream")
    assert set(crawl(sitemap_url=top)) == {one, two}
    assert crawl.stats.sitemaps == 4
    assert max(site.counts.values()) == 1


def test_indexes_within_indexes_without_end_are_left_at_a_depth(site, crawl):
    def deeper(arrival):
        number = int(arrival.path.rpartition("=")[2])
        return index(f"{site.url}/map.xml?n={number + 1}")

    site.page("/map.xml", deeper, content_type="application/xml")
    crawl(sitemap_url=site.url + "/map.xml?n=0")
    assert len(site.requests) == 6
    assert crawl.stats.skips["sitemap too deep"] == 1


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            "application/rss+xml",
            "<rss><channel><link>{0}/</link><item><link>{0}/1</link></item></channel></rss>",
        ),
        (
            "application/atom+xml",
            '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/1"/></entry></feed>',
        ),
        (
            "application/feed+json",
            '{{"version": "https://jsonfeed.org/version/1.1", "items": [{{"url": "{0}/1"}}]}}',
        ),
        ("text/plain", "\ufeff{0}/1\r\n"),
    ],
)
def test_feeds_and_lists_are_sitemaps_too(site, crawl, kind, text):
    (one,) = pages(site, "/1")
    site.page("/feed", text.format(site.url), content_type=kind)
    assert list(crawl(sitemap_url=site.url + "/feed")) == [one]


def test_the_same_page_in_other_languages_is_crawled_and_its_images_are_not(site, crawl):
    one, two = pages(site, "/1", "/zwei")
    text = urlset(one).replace(
        "</url>",
        f'<xhtml:link rel="alternate" hreflang="de" href="{two}"/>'
        f"<image:image><image:loc>{site.url}/1.png</image:loc></image:image></url>",
    )
    assert set(crawl(sitemap_url=publish(site, "/map.xml", text))) == {one, two}


def test_what_stands_before_and_behind_a_fault_is_crawled_and_the_fault_is_said(site, crawl):
    one, two, three = pages(site, "/1", "/2", "/3")
    text = urlset(one, f"{two}?a=1&b=2", three)
    found = crawl(sitemap_url=publish(site, "/map.xml", text))
    assert set(found) == {one, f"{two}?a=1&b=2", three}
    assert "bad XML" in crawl.stats.sitemap_faults[0]


def test_when_a_page_changed_is_in_its_record_and_in_the_handlers_data(site):
    one, two = pages(site, "/1", "/2")
    named = publish(site, "/map.xml", urlset((one, "2026-01-31"), two))
    seen = {}
    crawler = Crawler(**QUICK, sitemap_url=named)
    crawler.on_page(lambda page: seen.update({page.url: page.data}))
    list(crawler.items())
    assert seen == {one: {"lastmod": "2026-01-31"}, two: None}
    records = {record["url"]: record for record in Crawler(**QUICK, sitemap_url=named).items()}
    assert records[one]["lastmod"] == "2026-01-31"
    assert "lastmod" not in records[two]


# What belongs to the crawl


def test_what_has_not_changed_since_a_date_is_left_out_and_counted(site, crawl):
    old, new, same_day, unsaid, odd = pages(site, "/old", "/new", "/day", "/unsaid", "/odd")
    named = publish(
        site,
        "/map.xml",
        urlset(
            (old, "2026-01-30"), (new, "2026-02-01T00:00:00+00:00"), (same_day, "2026-01-31"), unsaid
        ).replace("</urlset>", f"<url><loc>{odd}</loc><lastmod>last week</lastmod></url></urlset>"),
    )
    assert set(crawl(sitemap_url=named, since="2026-01-31T12:00Z")) == {new, same_day, unsaid, odd}
    assert crawl.stats.skips["older than since"] == 1


def test_an_index_entry_that_is_older_is_not_asked_for(site, crawl):
    (one,) = pages(site, "/1")
    publish(site, "/new.xml", urlset(one))
    old, new = (site.url + "/old.xml", "2025-12-31"), (site.url + "/new.xml", "2026-01-02")
    named = publish(site, "/map.xml", index(old, new))
    assert list(crawl(sitemap_url=named, since="2026-01-01")) == [one]
    assert "/old.xml" not in site.requests


@pytest.mark.parametrize("knobs", [{}, {"follow": True}])
def test_a_sitemap_lists_pages_of_its_own_host_only(site, sites, crawl, knobs):
    other = sites()
    (one,) = pages(site, "/1")
    (foreign,) = pages(other, "/x")
    found = crawl(sitemap_url=publish(site, "/map.xml", urlset(one, foreign)), **knobs)
    assert list(found) == [one]
    assert other.log == []
    assert crawl.stats.skips["scope host"] == 1


def test_a_robots_txt_may_name_a_sitemap_on_another_host(site, sites, crawl):
    other = sites()
    seed, one = pages(site, "/", "/1")
    site.robots(f"Sitemap: {other.url}/maps/shop.xml")
    publish(other, "/maps/shop.xml", urlset(one, other.url + "/x"))
    assert set(crawl(seed, sitemap=True, allow_private=True)) == {seed, one}


def test_an_index_does_not_send_us_to_files_of_others(site, sites, crawl):
    other = sites()
    named = publish(site, "/map.xml", index(other.url + "/big.xml"))
    crawl(sitemap_url=named)
    assert other.log == []
    assert crawl.stats.skips["sitemap of another host"] == 1


def test_patterns_choose_among_what_a_sitemap_lists(site, crawl):
    urls = pages(site, "/blog/1", "/blog/2", "/shop/1")
    named = publish(site, "/map.xml", urlset(*urls))
    assert set(crawl(sitemap_url=named, include="/blog/**", exclude="/blog/2")) == {urls[0]}


def test_links_of_listed_pages_are_followed_when_that_is_asked_for(site, crawl):
    site.page("/1", links=["/2"])
    site.page("/2")
    named = publish(site, "/map.xml", urlset(site.url + "/1"))
    found = crawl(sitemap_url=named, follow=True)
    assert {url: record["depth"] for url, record in found.items()} == {site.url + "/1": 0, site.url + "/2": 1}


def test_a_directory_that_a_seed_keeps_to_is_not_widened_by_a_sitemap_above_it(site, crawl):
    inside, outside = pages(site, "/docs/", "/shop/")
    named = publish(site, "/sitemap.xml", urlset(inside, outside))
    assert list(crawl(inside, sitemap_url=named, follow=True, scope="prefix")) == [inside]


def test_a_listed_page_is_no_duplicate_of_the_seed_that_it_is(site, crawl):
    (seed,) = pages(site, "/")
    publish(site, "/sitemap.xml", urlset(seed))
    assert list(crawl(seed, sitemap=True)) == [seed]
    assert crawl.stats.duplicates == 0


def test_secrets_for_the_seeds_go_to_a_named_sitemap_and_to_no_host_that_it_names(site, sites, crawl):
    other = sites()
    pages(site, "/1"), pages(other, "/x")
    named = publish(site, "/map.xml", urlset(site.url + "/1", other.url + "/x"))
    crawl(sitemap_url=named, scope="all", allow_private=True, header={"Authorization": "Bearer s3cret"})
    assert [arrival.header("authorization") for arrival in site.log if arrival.path != "/robots.txt"] == [
        "Bearer s3cret"
    ] * 2
    assert [arrival.header("authorization") for arrival in other.log] == [None] * 2


# How they travel


def test_a_sitemap_that_robots_txt_forbids_is_not_asked_for(site, crawl):
    site.robots("User-agent: *\nDisallow: /map.xml")
    crawl(sitemap_url=site.url + "/map.xml")
    assert site.requests == []
    assert "Disallow: /map.xml" in crawl.stats.sitemap_faults[0]


def test_a_sitemap_is_tried_again_and_its_redirects_are_followed(site, crawl):
    (one,) = pages(site, "/1")
    site.redirect("/map.xml", "/real.xml")
    publish(site, "/real.xml", urlset(one), fails_first=2)
    assert list(crawl(sitemap_url=site.url + "/map.xml")) == [one]
    assert site.requests == ["/map.xml", "/real.xml", "/real.xml", "/real.xml", "/1"]


def test_a_sitemap_keeps_the_delay_between_requests(site, crawl):
    urls = pages(site, "/1")
    crawl(sitemap_url=publish(site, "/map.xml", urlset(*urls)), delay=0.3)
    at = [arrival.at for arrival in site.log]
    assert min(later - earlier for earlier, later in pairwise(at)) > 0.2


def test_an_html_page_in_the_place_of_a_sitemap_gives_nothing_and_is_said(site, crawl):
    site.page("/map.xml", links=["/1"])
    assert crawl(sitemap_url=site.url + "/map.xml") == {}
    assert crawl.stats.sitemap_faults == [f"{site.url}/map.xml: it is an HTML page"]
    assert crawl.stats.named_sitemaps_missed == 1


def test_a_page_limit_holds_for_what_sitemaps_list(site, crawl):
    urls = pages(site, *(f"/{n}" for n in range(5)))
    assert len(crawl(sitemap_url=publish(site, "/map.xml", urlset(*urls)), max_pages=3)) == 3


@pytest.mark.parametrize("backend", ["thread", "process"])
def test_sitemaps_are_read_with_workers_too(site, backend):
    urls = pages(site, *(f"/{n}" for n in range(20)))
    named = publish(site, "/map.xml", urlset(*urls))
    found = {page.url for page in crawlpool.fetch(sitemap_url=named, backend=backend, workers=2, per_host=4)}
    assert found == set(urls)


def test_a_very_long_sitemap_holds_up_no_answer(site):
    (first,) = pages(site, "/first")
    text = urlset(*(f"{site.url}/{number}" for number in range(20_000)))
    named = publish(site, "/map.xml", text)
    crawler = Crawler(backend="thread", workers=2, sitemap_url=named, max_time=10.0, retries=0)
    steps, last = [], [time.monotonic()]

    def watch(stats):
        now = time.monotonic()
        steps.append((now - last[0], stats.sitemap_urls))
        last[0] = now
        if len(parts()) > 12:
            crawler.stop()

    def parts():
        return sorted(length for length, known in steps if 0 < known < 20_000)

    crawler.run([first], watch=watch)
    reading = parts()
    assert len(reading) > 10
    assert reading[len(reading) // 2] < 0.3


def test_no_more_urls_are_read_ahead_than_the_crawl_can_use_soon(site, monkeypatch):
    monkeypatch.setattr("crawlpool.arrivals.SEEDS_AHEAD", 50)
    urls = pages(site, *(f"/{number}" for number in range(700)))
    named = publish(site, "/map.xml", urlset(*urls))
    most = []
    crawler = Crawler(**QUICK, sitemap_url=named)
    crawler.run(watch=lambda stats: most.append(stats.waiting))
    assert crawler.stats.pages == 700
    assert max(most) < 600


# With a job


class PowerCut(FrontierError):  # noqa: N818  an event
    """Ends a crawl without letting it commit, as kill -9 would."""


@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_crawl_of_sitemaps_goes_on_after_a_crash_and_has_every_page_once(
    site, tmp_path, monkeypatch, count
):
    monkeypatch.setattr("crawlpool.loop.COMMIT_PAGES", 2)
    urls = pages(site, *(f"/{number}" for number in range(10)))
    publish(site, "/one.xml", urlset(*urls[:5]))
    publish(site, "/two.xml", urlset(*urls[5:]))
    named = publish(site, "/map.xml", index(site.url + "/one.xml", site.url + "/two.xml"))
    out = tmp_path / "pages.jsonl"

    def watch(stats):
        if stats.pages >= count:
            raise PowerCut("the lights went out")

    with pytest.raises(PowerCut):
        Crawler(**QUICK, sitemap_url=named).run(output=out, watch=watch)
    assert Crawler(**QUICK, sitemap_url=named).run(output=out).ended == "finished"
    records = [json.loads(line)["url"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert sorted(records) == sorted(urls)


class Interrupt(Exception):  # noqa: N818
    """The caller's own: what is done is kept."""


def test_a_site_that_moved_has_its_sitemap_read_whatever_was_known_when_the_crawl_broke_off(
    site, sites, tmp_path
):
    other = sites()
    site.redirect("/", other.url + "/home")
    site.robots(f"Sitemap: {other.url}/map.xml")
    (one, _) = pages(other, "/1", "/home")
    publish(other, "/map.xml", urlset(one))
    other.robots(f"Sitemap: {other.url}/map.xml")
    out = tmp_path / "pages.jsonl"

    def watch(stats):
        if stats.seeds:
            raise Interrupt

    with pytest.raises(Interrupt):
        Crawler(**QUICK, sitemap=True, allow_private=True).run(site.url + "/", output=out, watch=watch)
    site.hold("/")
    crawler = Crawler(sitemap=True, backend="thread", workers=2, allow_private=True)

    def let_go(stats):
        if stats.sitemaps:
            site.release("/")

    crawler.run(site.url + "/", output=out, watch=let_go)
    records = [json.loads(line)["url"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert sorted(records) == sorted([site.url + "/", one])


def test_sitemaps_that_were_read_to_their_end_are_not_asked_for_again(site, tmp_path):
    urls = pages(site, *(f"/{number}" for number in range(6)))
    named = publish(site, "/map.xml", urlset(*urls))

    def crawl(**how):
        return Crawler(**QUICK, sitemap_url=named, **how).run(output=tmp_path / "pages.jsonl")

    assert crawl(max_pages=2).ended == "max_pages"
    assert crawl().ended == "finished"
    assert site.asked("/map.xml") == 1


def test_append_reads_the_sitemaps_again_and_fetches_what_is_new(site, tmp_path):
    urls = pages(site, "/1", "/2", "/3")
    named = publish(site, "/map.xml", urlset(*urls[:2]))
    out = tmp_path / "pages.jsonl"
    Crawler(**QUICK, sitemap_url=named).run(output=out)
    publish(site, "/map.xml", urlset(*urls))
    again = Crawler(**QUICK, sitemap_url=named).run(output=out, start=crawlpool.Start.APPEND)
    assert (again.ended, again.stats.pages) == ("finished", 1)
    assert site.counts == {"/map.xml": 2, "/1": 1, "/2": 1, "/3": 1}


def test_what_a_sitemap_listed_is_trusted_with_no_secrets_after_a_break_either(site, sites, tmp_path):
    other = sites()
    pages(site, "/1"), pages(other, "/x", "/y")
    named = publish(site, "/map.xml", urlset(site.url + "/1", other.url + "/x", other.url + "/y"))

    def crawl(**how):
        knobs = {
            **QUICK,
            "sitemap_url": named,
            "scope": "all",
            "allow_private": True,
            "header": {"Authorization": "s3cret"},
        }
        return Crawler(**knobs, **how).run(output=tmp_path / "pages.jsonl")

    crawl(max_pages=1)
    crawl()
    assert len(other.requests) == 2
    assert not any(arrival.header("authorization") for arrival in other.log)


# The command


def test_the_command_says_what_the_sitemaps_gave(site, tmp_path, capsys):
    urls = pages(site, "/1", "/2")
    named = publish(site, "/map.xml", urlset((urls[0], "2020-01-01"), urls[1]))
    code = main(
        [
            "--sitemap-url",
            named,
            "--since",
            "2026-01-01",
            "-o",
            str(tmp_path / "pages.csv"),
            "--backend",
            "sync",
        ]
    )
    said = capsys.readouterr().err
    assert code == 0
    assert re.search(r"sitemaps +1 read, 1 URL\n", said)
    assert "1 x older than since" in said


def test_a_named_sitemap_that_cannot_be_had_is_said_and_ends_with_3(site, tmp_path, capsys):
    (one,) = pages(site, "/1")
    code = main(
        [one, "--sitemap-url", site.url + "/none.xml", "-o", str(tmp_path / "p.csv"), "--backend", "sync"]
    )
    assert code == 3
    assert f"{site.url}/none.xml: HTTP 404 Not Found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sitemap-url", "http://127.0.0.1:1/", "--since", "yesterday"], "'yesterday' should be a date"),
        (["--sitemap-url", "map.xml"], "'map.xml' should be a URL with http"),
        (["http://127.0.0.1:1/", "--since", "2026-01-01"], "give sitemap or sitemap_url, too"),
        (["--sitemap"], "nothing to crawl"),
    ],
)
def test_what_is_wrong_is_said_at_the_start(words, said, capsys):
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_done_with_sitemaps_is_refused():
    named = "http://127.0.0.1:1/map.xml"
    with pytest.raises(ConfigError, match=r"comes with fetch\(\)"):
        crawlpool.fetch_all([], sitemap_url=named)
    with pytest.raises(ConfigError, match="use Crawler"):
        crawlpool.FetchPool(sitemap_url=named)
    with pytest.raises(ConfigError, match="nothing to crawl"):
        Crawler().run()
