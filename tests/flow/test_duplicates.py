"""Pages that are the same: told to handlers and in the end, and left out when asked for, never so that both are lost."""

import json
import logging
import random

import pytest

from crawlpool import Crawler, Request
from crawlpool.cli import main
from crawlpool.cli.closing import closing_rows
from crawlpool.errors import FrontierError

from ..jobs import rows

QUICK = {"backend": "sync", "backoff": 0.0, "retries": 0, "per_host": 1}
TEXT = " ".join(random.Random(5).choices([f"word{n}" for n in range(300)], k=600))


class PowerCut(FrontierError):  # noqa: N818  an event
    """Ends a crawl without letting it commit, as kill -9 would."""


def crawl(site, **knobs):
    """Follow links from the start page; the paths that have a record, in their order, and the counts."""
    crawler = Crawler(**{**QUICK, "follow": True, **knobs})
    items = list(crawler.items(f"{site.url}/"))
    return [each["final_url"].removeprefix(site.url) for each in items if each["final_url"]], crawler.stats


def canonical(path, to, **more):
    return {"body": f'<!doctype html><head><link rel="canonical" href="{to}"></head><p>{path}</p>', **more}


@pytest.fixture
def copies(site):
    """A start page that links to two pages with one body, the second with a link of its own."""
    site.page("/", links=["/a", "/b", "/c"])
    site.page("/a", "<p>same", links=["/x"])
    site.page("/b", "<p>same", links=["/x"])
    site.page("/c", "<p>other")
    site.page("/x")
    return site


# Told


def test_pages_with_the_same_body_all_have_a_record_and_are_counted(copies, caplog):
    caplog.set_level(logging.INFO, logger="crawlpool")
    paths, stats = crawl(copies)

    assert sorted(paths) == ["/", "/a", "/b", "/c", "/x"]
    assert stats.duplicates_of == {"exact": 1}
    assert ("duplicates", "1 same body") in closing_rows(stats)
    lines = [record.getMessage() for record in caplog.records if "page.duplicate" in record.getMessage()]
    assert lines == [f"page.duplicate kind=exact of={copies.url}/a url={copies.url}/b"]


def test_a_handler_learns_which_page_it_is_the_same_as(copies):
    crawler = Crawler(**QUICK, follow=True)
    seen = {}

    @crawler.on_page
    def each(page):
        seen[page.url.removeprefix(copies.url)] = page.duplicate_of

    crawler.run(f"{copies.url}/")
    assert seen == {"/": None, "/a": None, "/b": f"{copies.url}/a", "/c": None, "/x": None}


def test_a_list_of_urls_without_following_is_compared_too_also_with_a_handler(copies):
    crawler = Crawler(**QUICK)
    seen = []
    crawler.on_page(lambda page: seen.append(page.duplicate_of))
    crawler.run([f"{copies.url}/a", f"{copies.url}/b"])

    assert seen == [None, f"{copies.url}/a"]


def test_a_page_that_names_another_url_is_told_and_kept(site):
    site.page("/", links=["/a?ref=1"])
    site.page("/a?ref=1", **canonical("a", "/a"))
    paths, stats = crawl(site)

    assert "/a?ref=1" in paths
    assert stats.duplicates_of == {"canonical": 1}
    assert ("duplicates", "1 names another page as canonical") in closing_rows(stats)


def test_pages_that_say_not_found_with_status_200_are_counted_and_kept(site):
    site.page("/", links=["/gone", "/a"])
    site.page("/gone", title="Page not found")
    site.page("/a")
    paths, stats = crawl(site)

    assert "/gone" in paths
    assert stats.look_missing == 1
    assert ("", "1 page looks like 'not found' with status 200") in closing_rows(stats)


def test_five_paths_with_one_body_are_counted_as_not_found(site):
    site.page("/", links=[f"/gone/{n}" for n in range(5)])
    for n in range(5):
        site.page(f"/gone/{n}", "<h1>Welcome to the shop</h1>")
    _, stats = crawl(site)

    assert stats.look_missing == 5


# Left out


def test_the_same_body_is_left_out_with_its_links(site):
    site.page("/", links=["/a", "/b"])
    site.page("/a", "<p>same")
    site.page("/b", "<p>same")
    paths, stats = crawl(site, skip_duplicates="exact")

    assert paths == ["/", "/a"]
    assert stats.skips == {"same body as another page": 1}


def test_the_links_of_what_is_left_out_are_not_followed(site):
    # Relative links lead elsewhere from each copy: the trap that this is for.
    site.page("/", links=["/t/"])
    for n in range(1, 6):
        site.page("/t/" + "t/" * (n - 1), "<p>same <a href='t/'>deeper</a>")
    paths, _ = crawl(site, skip_duplicates="exact")

    assert paths == ["/", "/t/"]
    assert site.requests == ["/", "/t/", "/t/t/"]


def test_what_the_user_listed_is_kept_unless_he_says_listed(copies):
    urls = [f"{copies.url}/a", f"{copies.url}/b"]
    kept = list(Crawler(**QUICK, skip_duplicates="exact").items(urls))
    left = list(Crawler(**QUICK, skip_duplicates="exact,listed").items(urls))

    assert [each["url"] for each in kept] == urls
    assert [each["url"] for each in left] == urls[:1]


def test_nearly_the_same_text_is_left_out_when_asked_for(site):
    site.page("/", links=["/a", "/b", "/c"])
    site.page("/a", f"<p>{TEXT}")
    site.page("/b", f"<p>{TEXT} today")
    site.page("/c", f"<p>{' '.join(reversed(TEXT.split()))}")

    assert sorted(crawl(site)[0]) == ["/", "/a", "/b", "/c"]
    paths, stats = crawl(site, skip_duplicates=["near"])
    assert paths == ["/", "/a", "/c"]
    assert stats.duplicates_of == {"near": 1}


def test_a_page_that_was_lost_to_its_handler_is_no_reason_to_leave_out_its_copy(copies):
    crawler = Crawler(**QUICK, follow=True, skip_duplicates="exact")
    seen = []

    @crawler.on_page
    def each(page):
        if page.url.endswith("/a"):
            raise ValueError("no luck")
        seen.append(page.url.removeprefix(copies.url))

    crawler.run(f"{copies.url}/")
    assert "/b" in seen


# The canonical URL


def test_the_canonical_url_is_fetched_in_the_pages_place(site):
    site.page("/", links=["/a?ref=1", "/a?ref=2"])
    site.page("/a", **canonical("a", "/a"))
    paths, stats = crawl(site, skip_duplicates="canonical")

    assert paths == ["/", "/a"]
    assert site.counts == {"/": 1, "/a?ref=1": 1, "/a?ref=2": 1, "/a": 1}
    assert stats.skips == {"names another URL as its own": 2}


@pytest.mark.parametrize("order", [["/a", "/a?r"], ["/a?r", "/a"]])
def test_it_does_not_matter_which_was_found_first(site, order):
    site.page("/", links=order)
    site.page("/a", **canonical("a", "/a"))
    paths, _ = crawl(site, skip_duplicates="canonical")

    assert paths == ["/", "/a"]


def test_the_handler_and_the_data_of_a_request_go_with_it(site):
    site.page("/")
    site.page("/a", **canonical("a", "/a"))
    crawler = Crawler(**QUICK, skip_duplicates="canonical")
    seen = []

    @crawler.on_page("/")
    def start(page):
        yield page.follow("/a?r", handler="book", data={"n": 1})

    @crawler.on_page("/nothing")
    def book(page):
        seen.append((page.url, page.data))

    crawler.run(f"{site.url}/")
    assert seen == [(f"{site.url}/a", {"n": 1})]


@pytest.mark.parametrize("fault", ["missing", "failing", "elsewhere", "forbidden", "raising"])
def test_a_page_whose_canonical_url_comes_to_nothing_is_kept(site, fault):
    site.page("/", links=["/a?r"])
    site.page("/a?r", **canonical("a", "/c"))
    if fault == "failing":
        site.raw("/c", b"")
    elif fault == "elsewhere":
        site.redirect("/c", "/")
    elif fault == "forbidden":
        site.robots("User-agent: *\nDisallow: /c")
    elif fault == "raising":
        site.page("/c")
    crawler = Crawler(**QUICK, follow=True, skip_duplicates="canonical")
    kept = []

    @crawler.on_page
    def each(page):
        if page.url.endswith("/c"):
            raise ValueError("no luck")
        kept.append(page.url.removeprefix(site.url))

    result = crawler.run(f"{site.url}/")
    assert kept == ["/", "/a?r"]
    assert result.ended == "finished"
    assert site.asked("/a?r") == 2


def test_a_canonical_url_that_failed_before_is_no_reason(site):
    site.page("/", links=["/c", "/a"])
    site.page("/a", **canonical("a", "/c"))
    paths, _ = crawl(site, skip_duplicates="canonical")

    assert "/a" in paths
    assert site.asked("/a") == 1


@pytest.mark.parametrize("length", [2, 3, 5])
def test_of_pages_that_name_each_other_in_a_circle_one_is_kept(site, length):
    site.page("/", links=["/0"])
    for n in range(length):
        site.page(f"/{n}", **canonical(str(n), f"/{(n + 1) % length}"))
    paths, stats = crawl(site, skip_duplicates="canonical")

    assert len(paths) == 2
    assert stats.skips == {"names another URL as its own": length - 1}
    assert set(site.counts.values()) == {1}


def test_a_chain_of_canonicals_leaves_its_end(site):
    site.page("/", links=["/0", "/1", "/2"])
    for n in range(3):
        site.page(f"/{n}", **canonical(str(n), f"/{n + 1}"))
    site.page("/3", **canonical("3", "/3"))
    paths, _ = crawl(site, skip_duplicates="canonical")

    assert sorted(paths) == ["/", "/3"]


def test_a_canonical_url_out_of_scope_is_not_followed(site, sites):
    other = sites("127.0.0.2")
    site.page("/", links=["/a", "/b"])
    site.page("/a", **canonical("a", f"{other.url}/a"))
    site.page("/b", **canonical("b", "/private"))
    paths, _ = crawl(site, skip_duplicates="canonical", exclude="/private")

    assert sorted(paths) == ["/", "/a", "/b"]
    assert other.requests == []


def test_a_link_header_names_it_as_well(site):
    site.page("/", links=["/a?r"])
    site.page("/a?r", "<p>a", headers=[("Link", '</a>; rel="canonical"')])
    site.page("/a", "<p>a!")
    paths, _ = crawl(site, skip_duplicates="canonical")

    assert paths == ["/", "/a"]


def test_a_canonical_url_to_which_a_redirect_led_is_good(site):
    site.page("/", links=["/old", "/a?r"])
    site.redirect("/old", "/a")
    site.page("/a", **canonical("a", "/a"))
    paths, _ = crawl(site, skip_duplicates="canonical")

    assert paths == ["/", "/a"]


def test_a_listed_page_that_is_left_out_still_leads_to_the_sitemaps_of_its_site(site):
    site.robots(f"Sitemap: {site.url}/map.txt")
    site.page("/map.txt", f"{site.url}/x", content_type="text/plain")
    site.page("/a?r", **canonical("a", "/a"))
    site.page("/a", "<p>a")
    site.page("/x")
    crawler = Crawler(**QUICK, skip_duplicates="canonical,listed", sitemap=True)

    assert sorted(each["final_url"] for each in crawler.items(f"{site.url}/a?r")) == [
        f"{site.url}/a",
        f"{site.url}/x",
    ]


def test_a_limit_of_pages_ends_the_crawl_although_pages_are_held(site):
    site.page("/", links=[f"/{n}?r" for n in range(5)])
    for n in range(5):
        site.page(f"/{n}", **canonical(str(n), f"/{n}"))
    crawler = Crawler(**QUICK, follow=True, skip_duplicates="canonical", max_pages=3)
    result = crawler.run(f"{site.url}/")

    assert result.ended == "max_pages"
    assert len(site.requests) == 3
    assert result.waiting > 0


# With a job


def finished(site, path, **knobs):
    return Crawler(**{**QUICK, "follow": True, **knobs}).run(f"{site.url}/", output=path)


def records(path):
    return [json.loads(line)["final_url"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_job_says_what_was_left_out_and_for_which_page(copies, tmp_path, capsys):
    out = tmp_path / "o.jsonl"
    finished(copies, out, skip_duplicates="exact")

    assert rows(tmp_path / "o.jsonl.job", "SELECT kind, message FROM urls WHERE state = 'left out'") == [
        ("same body as another page", f"{copies.url}/a")
    ]
    assert main(["why", f"{copies.url}/b", "--job", str(out)]) == 0
    assert f"left out: same body as another page, {copies.url}/a" in capsys.readouterr().out


@pytest.mark.parametrize("kinds", ["exact", "near", "canonical", "exact,near,canonical"])
@pytest.mark.parametrize("backend", ["sync", "thread"])
def test_over_runs_that_break_off_every_page_is_there_once_and_each_content_once(
    site, tmp_path, monkeypatch, kinds, backend
):
    monkeypatch.setattr("crawlpool.loop.COMMIT_PAGES", 2)
    count = 8
    site.page("/", links=[f"/{n}{copy}" for copy in ("?a", "", "?b") for n in range(count)])
    for n in range(count):
        shuffled = TEXT.split()
        random.Random(n).shuffle(shuffled)
        text = " ".join(shuffled)
        for copy in ("", "?a", "?b"):
            differs = {"exact": "", "near": f" {copy[1:]}b"}.get(kinds, copy[1:])
            site.page(f"/{n}{copy}", **canonical(text + differs, f"/{n}"))
    out = tmp_path / "o.jsonl"

    def cut_after(most):
        def watch(stats):
            if stats.pages + sum(stats.skips.values()) >= most:
                raise PowerCut("the lights went out")

        return watch

    knobs = {**QUICK, "backend": backend, "follow": True, "skip_duplicates": kinds}
    for most in (2, 3, 5, 2, 4):
        with pytest.raises(PowerCut):
            Crawler(**knobs).run(f"{site.url}/", output=out, watch=cut_after(most))
    assert Crawler(**knobs).run(f"{site.url}/", output=out).ended == "finished"

    found = [url.removeprefix(site.url) for url in records(out)]
    assert len(found) == len(set(found)) == count + 1
    assert {path.partition("?")[0] for path in found} == {"/", *(f"/{n}" for n in range(count))}
    if "canonical" in kinds.split(",") and kinds == "canonical":
        assert not [path for path in found if "?" in path]
    states = dict(rows(tmp_path / "o.jsonl.job", "SELECT state, count(*) FROM urls GROUP BY state"))
    assert states == {"answered": count + 1, "left out": 2 * count}


def test_a_handler_sees_the_same_pages_as_duplicates_in_a_later_run(site, tmp_path):
    site.page("/a", "<p>same")
    site.page("/b", "<p>same")
    out = tmp_path / "o.jsonl"
    urls = [f"{site.url}/a", f"{site.url}/b"]
    seen = []

    def crawler():
        made = Crawler(**QUICK)
        made.on_page(note)
        return made

    def note(page):
        seen.append((page.url.removeprefix(site.url), page.duplicate_of))

    def stop(stats):
        if stats.pages:
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        crawler().run(urls, output=out, watch=stop)
    crawler().run(urls, output=out)
    assert seen == [("/a", None), ("/b", f"{site.url}/a")]


def test_a_job_goes_on_only_with_the_same_kinds(copies, tmp_path):
    out = tmp_path / "o.jsonl"

    def stop(stats):
        if stats.pages:
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        Crawler(**QUICK, follow=True, skip_duplicates="exact").run(f"{copies.url}/", output=out, watch=stop)
    with pytest.raises(ValueError, match="skip-duplicates"):
        finished(copies, out)
    finished(copies, out, skip_duplicates="exact")
    assert len(records(out)) == 4


def test_what_is_posted_is_compared_with_nothing(site):
    site.page("/", "<p>same")
    found = list(
        Crawler(**QUICK, skip_duplicates="exact,listed").items(
            [Request(f"{site.url}/"), Request(f"{site.url}/", method="POST", body=b"x")]
        )
    )
    assert len(found) == 2
