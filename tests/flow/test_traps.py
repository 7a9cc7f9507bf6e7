"""Sites that name ever new URLs for ever are left by themselves, with all that is ordinary on them; and it is said."""

import hashlib
import re
from contextlib import closing
from html import escape

import pytest

from crawlpool import Crawler
from crawlpool.cli import main
from crawlpool.cli.closing import closing_rows
from crawlpool.cli.hints import what_would_help
from crawlpool.serve.wire import reply
from crawlpool.settings import Settings
from crawlpool.traps import CALENDAR, COMBINED, DEEP, DIRECTORY, HOST, PARAMETERS, REPEATED, SESSION

from ..jobs import rows
from ..site import HTML, Site

QUICK = {"backend": "sync", "backoff": 0.0, "retries": 0, "per_host": 1, "follow": True}
ORDINARY = [f"/page-{n}" for n in range(10)]


class TrapSite(Site):
    """A site that answers every path, with the links that `links_of` gives for it."""

    def __init__(self, links_of):
        super().__init__()
        self.links_of = links_of

    def _make(self, plan, arrival, asked):
        if plan is not None or asked.path == "/robots.txt":
            return super()._make(plan, arrival, asked)
        links = "".join(f'<a href="{escape(link)}">x</a>' for link in self.links_of(asked.path))
        return reply(asked, 200, (("Content-Type", HTML),), f"<!doctype html>{links}".encode())


def number_of(path):
    return hashlib.blake2b(path.encode(), digest_size=8).hexdigest()


def infinite_directories(path):
    return ["deeper/", "../up/", "again/"]


def broken_navigation(path):
    """Every link lacks its slash, and any path is answered."""
    return [f"{name}/" for name in ("about", "news", "shop", "team")]


def calendar(path):
    found = re.fullmatch(r"/calendar/(\d+)/(\d+)", path)
    year, month = map(int, found.groups()) if found else (2026, 11)
    months = 12 * year + month - 1
    return [f"/calendar/{each // 12}/{each % 12 + 1:02}" for each in (months - 1, months + 1)]


def calendar_in_parameters(path):
    found = re.fullmatch(r"/events\?year=(\d+)&month=(\d+)", path)
    year, month = map(int, found.groups()) if found else (2026, 11)
    months = 12 * year + month - 1
    return [f"/events?year={each // 12}&month={each % 12 + 1}" for each in (months - 1, months + 1)]


def sessions(path):
    return [f"/shelf/{n}?sid={number_of(path + str(n))}" for n in range(20)]


def sessions_in_paths(path):
    return [f"/shelf/{n};jsessionid={number_of(path + str(n)).upper()}" for n in range(20)]


def facets(path):
    """Each of ten filters can be set to each of ten values, beside those that are set."""
    query = path.partition("?")[2]
    pairs = dict(pair.split("=") for pair in query.split("&")) if query else {}
    choices = [{**pairs, f"f{n}": str(value)} for n in range(10) for value in range(3)]
    return [f"/shop?{'&'.join(f'{key}={chosen[key]}' for key in sorted(chosen))}" for chosen in choices]


TRAPS = {
    "directories": (infinite_directories, {REPEATED, DEEP, COMBINED}, 2000),
    "navigation": (broken_navigation, {REPEATED, COMBINED}, 2500),
    "calendar": (calendar, {CALENDAR}, 1500),
    "calendar in parameters": (calendar_in_parameters, {CALENDAR}, 600),
    "sessions": (sessions, {SESSION}, 100),
    "sessions in paths": (sessions_in_paths, {SESSION}, 100),
    "facets": (facets, {COMBINED}, 2500),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_site_without_end_is_left_by_itself_with_all_its_ordinary_pages(name):
    quicker = {"max_calendar": 100} if name == "calendar in parameters" else {}  # one is enough by default
    links_of, reasons, most = TRAPS[name]

    def with_ordinary(path):
        # Each ordinary page is named by the one before it: behind the trap, as far as the order goes.
        place = ORDINARY.index(path) + 1 if path in ORDINARY else 0
        return [*links_of(path), *ORDINARY[place : place + 1]]

    with closing(TrapSite(with_ordinary)) as site:
        crawler = Crawler(**QUICK, **quicker, max_time=120)
        result = crawler.run(f"{site.url}/")

        assert result.ended == "finished"
        assert set(ORDINARY) <= set(site.requests)
        assert len(site.requests) <= most
        assert set(result.stats.skips) & reasons
        assert set(result.stats.skips) <= reasons
        assert set(site.counts.values()) == {1}


# Said


def test_what_bites_is_said_with_the_knob_that_changes_it(site):
    site.page("/", links=[f"/d/{n}" for n in range(5)])
    crawler = Crawler(**QUICK, max_directory_pages=3)
    crawler.run(f"{site.url}/")

    assert ("left out", f"2 x {DIRECTORY}") in closing_rows(crawler.stats)
    said = what_would_help(crawler.stats, Settings(max_directory_pages=3), 1)
    assert said == [
        f"2 links looked like a trap ({DIRECTORY}): --max-directory-pages 6 follows more of them."
    ]


@pytest.mark.parametrize(
    ("links", "knobs", "why"),
    [
        (["/a", "/b"], {"max_host_pages": 1}, HOST),
        (["/d/a", "/d/b"], {"max_directory_pages": 1}, DIRECTORY),
        (["/a/b", "/a/b/c/d"], {"max_path_depth": 2}, DEEP),
        (["/a/a", "/a/b/a/b/a"], {"max_repeats": 2}, REPEATED),
        (["/a?x=1", "/a?x=1&y=2"], {"max_params": 1}, PARAMETERS),
        (["/a?x=1&y=1&z=1", "/a?x=2&y=2&z=2", "/a?x=1&y=2&z=1"], {"max_combinations": 0}, None),
        (["/c/2050/01/", "/c/2050/02/"], {"max_calendar": 1}, CALENDAR),
        (["/a?sid=a1b2c3d4", "/a?sid=a1b2c3d5"], {"max_sessions": 1}, SESSION),
    ],
)
def test_each_bound_is_a_knob_and_why_tells_of_it(site, tmp_path, capsys, links, knobs, why):
    site.page("/", links=links)
    out = tmp_path / "out.jsonl"
    flags = [word for name, n in knobs.items() for word in (f"--{name.replace('_', '-')}", str(n))]
    main([f"{site.url}/", "--follow", "--backend", "sync", "-q", "-o", str(out), *flags])

    refused = rows(tmp_path / "out.jsonl.job", "SELECT url, why FROM skip")
    assert refused == ([] if why is None else [(site.url + links[-1], why)])
    if why is not None:
        main(["why", site.url + links[-1], "--job", str(out)])
        assert f"was not followed: {why}: a trap; {flags[0]} allows more" in capsys.readouterr().out


# Who is judged


def test_what_the_user_lists_and_what_a_handler_asks_for_is_never_judged(site):
    crawler = Crawler(**{**QUICK, "follow": False}, max_host_pages=1, max_path_depth=1)
    asked = []

    @crawler.on_page
    def each(page):
        asked.append(page.url.removeprefix(site.url))
        yield from page.follow_all()

    for path in ("/x/y/z/1", "/x/y/z/2"):
        site.page(path, links=["/x/y/z/3"])
    site.page("/x/y/z/3")
    crawler.run([f"{site.url}/x/y/z/1", f"{site.url}/x/y/z/2"])
    assert asked == ["/x/y/z/1", "/x/y/z/2", "/x/y/z/3"]


def test_a_redirect_into_a_trap_is_not_followed_unless_it_is_the_users_own(site):
    deep = "/".join(["", *"abcdefghijklmnopqrstuvwxyz", ""])
    site.page("/", links=["/in"])
    site.redirect("/in", deep)
    site.page(deep)
    stats = Crawler(**QUICK)
    stats.run(f"{site.url}/")
    assert deep not in site.requests
    assert stats.stats.skips == {DEEP: 1}

    Crawler(**QUICK).run(f"{site.url}/in")
    assert deep in site.requests


def test_a_sitemap_may_list_what_it_likes_up_to_the_most_pages_of_a_host(site):
    urls = [f"{site.url}/{'d/' * 30}{n}" for n in range(5)]
    listed = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    site.page("/map.xml", f"<urlset>{listed}</urlset>", content_type="application/xml")
    for url in urls:
        site.page(url.removeprefix(site.url))
    crawler = Crawler(**{**QUICK, "follow": False}, sitemap_url=f"{site.url}/map.xml", max_host_pages=3)
    crawler.run([])

    assert site.requests == ["/map.xml", *(url.removeprefix(site.url) for url in urls[:3])]
    assert crawler.stats.skips == {HOST: 2}


# Over a resume


@pytest.mark.parametrize("stop", [3, 70])
def test_a_job_that_goes_on_leaves_out_what_it_would_have_left_out(tmp_path, stop):
    def links_of(path):
        return [*calendar(path)[:1], *sessions(path)[:5], *facets(path)[:6]]

    knobs = {**QUICK, "max_calendar": 5, "max_combinations": 20, "max_sessions": 1, "max_host_pages": 150}
    with closing(TrapSite(links_of)) as site:
        Crawler(**knobs).run(f"{site.url}/", output=tmp_path / "whole.jsonl")
        Crawler(**knobs, max_pages=stop).run(f"{site.url}/", output=tmp_path / "two.jsonl")
        Crawler(**knobs).run(f"{site.url}/", output=tmp_path / "two.jsonl")

    question = "SELECT url FROM url ORDER BY id"
    whole, two = (rows(tmp_path / f"{name}.jsonl.job", question) for name in ("whole", "two"))
    assert len(whole) > 100
    assert two == whole
