"""The sample sites, crawled by the real crawler, are what `fixtures/expected` says of them."""

import json
from pathlib import Path

import pytest

from crawlpool import Crawler
from crawlpool.serve import sample_site, serve

EXPECTED = Path(__file__).parents[2] / "fixtures" / "expected"


@pytest.mark.parametrize("backend", ["sync", "process"])
@pytest.mark.parametrize("name", ["bookshop", "news", "traps", "wiki"])
def test_a_crawl_of_a_sample_site_asks_and_records_exactly_what_is_expected(name, backend):
    wanted = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    with serve(sample_site(name)) as server:
        # "Ever deeper" is to be seen to its end.
        crawler = Crawler(backend=backend, workers=3, per_host=3, follow=True, retries=0, max_repeats=10)
        records = list(crawler.items(server.url + "/"))
        asked = [line.path for line in server.log if line.path != "/robots.txt"]
        origin = server.url

    def path_of(url):
        return url.removeprefix(origin)

    expected = {
        path: {"final": path, **record} if "status" in record else record
        for path, record in wanted["records"].items()
    }
    found = {
        path_of(record["url"]): {
            "final": path_of(record["final_url"]),
            "status": record["status"],
            "title": record["title"],
        }
        if record["status"] is not None
        else {"failure": record["error_kind"]}
        for record in records
    }
    assert sorted(asked) == sorted(wanted["asked"])
    assert not set(asked) & set(wanted["never_asked"])
    assert len(found) == len(records)
    if backend == "sync":
        assert found == expected
    else:  # which of two URLs that redirect to one page is first, and so recorded, is chance
        assert {json.dumps(record, sort_keys=True) for record in found.values()} == {
            json.dumps(record, sort_keys=True) for record in expected.values()
        }


def test_the_folder_that_leads_ever_deeper_is_left_by_itself():
    with serve(sample_site("traps")) as server:
        crawler = Crawler(backend="sync", follow=True, retries=0, scope="prefix")
        crawler.run(f"{server.url}/loops/deeper/")
        asked = [line.path for line in server.log if line.path != "/robots.txt"]
    assert asked == [f"/loops/deeper/{'a/' * n}" for n in range(4)]
    assert crawler.stats.skips["path repeats itself"] == 1


def crawl(name, *, seed="/", **knobs):
    """Crawl a sample site in this thread; the records by path, the paths that were asked, and the crawl."""
    with serve(sample_site(name)) as server:
        crawler = Crawler(backend="sync", retries=0, **knobs)
        records = {
            record["url"].removeprefix(server.url): record for record in crawler.items(server.url + seed)
        }
        asked = [line.path for line in server.log if line.path != "/robots.txt"]
    return records, asked, crawler


def expected_paths(name):
    return set(json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))["asked"])


def test_old_revisions_of_a_wiki_are_a_trap_for_who_follows_what_it_says_not_to_follow():
    _, asked, _ = crawl("wiki", follow=True, rel_nofollow=False)

    copies = set(asked) - expected_paths("wiki")
    assert len(copies) == 3 * 76  # each article's history, an older version, and one for printing
    assert all("?" in path for path in copies)


def test_parameters_that_are_left_away_lead_out_of_that_trap():
    _, asked, _ = crawl("wiki", follow=True, rel_nofollow=False, strip_params="action,oldid,printable")

    assert set(asked) == expected_paths("wiki")


def test_hosts_that_look_like_the_wikis_own_are_not_its_own():
    _, _, crawler = crawl("wiki", follow=True)

    assert crawler.stats.skips["scope host"] == 5


def test_a_newspapers_sitemaps_name_what_no_page_links_to():
    by_links, _, _ = crawl("news", follow=True)
    by_sitemap, _, _ = crawl("news", sitemap=True)

    stories = {path for path in by_sitemap if path.startswith("/202")}
    assert len(stories) == 64
    assert len(stories - set(by_links)) == 5
    assert all(by_sitemap[path]["lastmod"] for path in stories)


def test_since_takes_what_was_printed_or_corrected_after_that_day():
    records, _, _ = crawl("news", sitemap=True, since="2026-04-01")

    stories = {path for path in records if path.startswith("/202")}
    assert all(path.startswith("/2026/04/") or records[path]["lastmod"] >= "2026-04" for path in stories)
    assert len(stories) == 16
    assert sum(path.startswith("/2026/03/") for path in stories) == 1


@pytest.mark.parametrize("feed", ["feed.rss", "feed.atom"])
def test_a_newspapers_feeds_name_its_last_fifteen_stories(feed):
    with serve(sample_site("news")) as server:
        crawler = Crawler(backend="sync", sitemap_url=f"{server.url}/{feed}")
        records = list(crawler.items([]))

    assert len(records) == 15
    assert {record["status"] for record in records} == {200, 402}


def test_a_story_for_phones_and_one_with_a_campaigns_marks_are_the_story():
    records, _, crawler = crawl("news", follow=True, skip_duplicates="canonical")

    assert not [path for path in records if path.startswith("/amp/") or "utm_" in path]
    assert crawler.stats.skips["names another URL as its own"] == 16
