"""Which pages a crawl asks for, in which order, when it ends, and what it records of them."""

import itertools
import threading
import time

import pytest

from crawlpool import ConfigError, Crawler, Request

LOCALHOST = "localhost"


@pytest.fixture
def crawl():
    """Crawl on one thread; the records by their path, in the order in which they came."""

    def run(seeds, *, backend="sync", **knobs):
        crawler = Crawler(backend=backend, **{"follow": True, "backoff": 0.0, **knobs})
        records = list(crawler.items(seeds))
        run.stats = crawler.stats
        return records

    return run


def paths(records):
    return [path_of(record["url"]) for record in records]


def path_of(url):
    return "/" + url.split("/", 3)[3]


def chain(site, length):
    for number in range(length):
        site.page(f"/{number}", links=[f"/{number + 1}"])


# How far


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_links_are_followed_exactly_as_far_as_asked(site, crawl, depth):
    chain(site, 6)
    records = crawl(f"{site.url}/0", depth=depth)
    assert paths(records) == [f"/{number}" for number in range(depth + 1)]
    assert [record["depth"] for record in records] == list(range(depth + 1))
    assert len(site.requests) == depth + 1


def test_a_page_that_is_near_by_another_way_is_not_too_deep(site, crawl):
    site.page("/", links=["/a", "/far"])
    site.page("/a", links=["/b"])
    site.page("/b", links=["/far"])
    site.page("/far", links=["/end"])
    site.page("/end")
    assert sorted(paths(crawl(site.url + "/", depth=2))) == ["/", "/a", "/b", "/end", "/far"]


def test_a_redirect_is_no_link_and_adds_no_depth(site, crawl):
    site.page("/", links=["/old"])
    site.redirect("/old", "/new")
    site.page("/new", links=["/deeper"])
    assert [record["depth"] for record in crawl(site.url + "/", depth=1)] == [0, 1]
    assert "/deeper" not in site.requests


def test_without_follow_no_link_is_followed(site, crawl):
    site.page("/", links=["/a"])
    (record,) = crawl(site.url + "/", follow=False)
    assert record["links"] == 1
    assert site.requests == ["/"]


def test_pages_come_breadth_first(site, crawl):
    site.page("/", links=["/a", "/b"])
    site.page("/a", links=["/a/a"])
    site.page("/b", links=["/b/b"])
    site.page("/a/a", links=["/a/a/a"])
    for path in ("/b/b", "/a/a/a"):
        site.page(path)
    crawl(site.url + "/")
    assert site.requests == ["/", "/a", "/b", "/a/a", "/b/b", "/a/a/a"]


def test_a_higher_priority_goes_first_whatever_its_depth(site):
    crawler = Crawler(backend="sync")

    @crawler.on_page("/")
    def home(page):
        yield from page.follow_all(["/a", "/b"])
        yield page.follow("/now", priority=5)
        yield page.follow("/last", priority=-1)

    @crawler.on_page("/now")
    def now(page):
        yield page.follow("/now/deeper", priority=1)

    site.page("/")
    for path in ("/a", "/b", "/now", "/last", "/now/deeper"):
        site.page(path)
    crawler.run(site.url + "/")
    assert site.requests == ["/", "/now", "/now/deeper", "/a", "/b", "/last"]


# Where


def test_the_scope_of_a_crawl_is_the_seeds_host_with_its_port(site, sites, crawl):
    other = sites()
    site.page("/", links=[other.url + "/x", "/a", site.url.replace("127.0.0.1", LOCALHOST) + "/a"])
    site.page("/a")
    assert sorted(paths(crawl(site.url + "/"))) == ["/", "/a"]
    assert other.log == []
    assert crawl.stats.skips == {"scope host": 2}


def test_the_host_where_a_seeds_redirect_ends_is_in_scope(site, sites, crawl):
    other = sites()
    site.redirect("/", other.url + "/home")
    other.page("/home", links=["/a", site.url + "/b"])
    other.page("/a")
    site.page("/b")
    records = crawl(site.url + "/", allow_private=True)
    assert sorted(paths(records)) == ["/", "/a", "/b"]
    assert records[0]["final_url"] == other.url + "/home"


def test_the_host_where_a_found_pages_redirect_leads_is_not(site, sites, crawl):
    other = sites()
    site.page("/", links=["/out"])
    site.redirect("/out", other.url + "/home")
    other.page("/home", links=["/a"])
    assert paths(crawl(site.url + "/", allow_private=True)) == ["/"]
    assert other.log == []
    assert crawl.stats.skips == {"scope host": 1}


def test_the_prefix_scope_stays_in_the_seeds_folder(site, crawl):
    site.page("/docs/guide.html", links=["intro.html", "/docs/api/x", "/", "/docs", "/docs2/a"])
    site.page("/docs/intro.html", links=["../blog/"])
    site.page("/docs/api/x")
    assert sorted(paths(crawl(site.url + "/docs/guide.html", scope="prefix"))) == [
        "/docs/api/x",
        "/docs/guide.html",
        "/docs/intro.html",
    ]


def test_the_scope_all_goes_anywhere(site, sites, crawl):
    other = sites()
    site.page("/", links=[other.url + "/x"])
    other.page("/x", links=["/y"])
    other.page("/y")
    assert paths(crawl(site.url + "/", scope="all", allow_private=True)) == ["/", "/x", "/y"]


def test_the_domain_scope_holds_an_address_with_every_port(site, sites, crawl):
    other = sites()
    site.page("/", links=[other.url + "/x", other.url.replace("127.0.0.1", LOCALHOST) + "/y"])
    other.page("/x")
    assert paths(crawl(site.url + "/", scope="domain", allow_private=True)) == ["/", "/x"]


def test_only_what_is_included_and_not_excluded_is_followed(site, crawl):
    site.page("/", links=["/books/1", "/books/2", "/books/2/print", "/about"])
    for path in ("/books/1", "/books/2"):
        site.page(path)
    records = crawl(site.url + "/", include="/books/**", exclude=["/books/*/print"])
    assert paths(records) == ["/", "/books/1", "/books/2"]
    assert crawl.stats.skips == {"not included": 1, "exclude /books/*/print": 1}


def test_a_seed_is_fetched_although_it_is_excluded(site, crawl):
    site.page("/print")
    assert paths(crawl(site.url + "/print", exclude="/print")) == ["/print"]


def test_a_url_that_was_out_of_scope_is_followed_once_it_is_in_it(site, sites, crawl):
    other = sites()
    site.page("/", links=[other.url + "/x"])
    site.redirect("/seed", other.url + "/home")
    other.page("/home", links=["/x"])
    other.page("/x")
    assert "/x" in paths(crawl([site.url + "/", site.url + "/seed"], allow_private=True))


def test_a_redirect_out_of_scope_does_not_hide_its_target_from_a_later_link(site, sites, crawl):
    other = sites()
    site.page("/", links=["/out"])
    site.redirect("/out", other.url + "/x")
    site.redirect("/late", other.url + "/home")
    other.page("/home", links=["/x"])
    other.page("/x")
    late = Request(site.url + "/late", priority=-1)
    assert paths(crawl([site.url + "/", late], allow_private=True)) == ["/", "/late", "/x"]


# Nothing twice


def test_a_page_linked_in_many_spellings_is_fetched_once(site, crawl):
    port = site.url.rpartition(":")[2]
    site.page(
        "/",
        links=[
            "/a%20b",
            "/a b",
            "/x/../a%20b#part",
            "./a%20b",
            f"HTTP://127.1:{port}/a%20b",
            "/./a%20b",
            "/",
            "#top",
        ],
    )
    site.page("/a%20b", links=["/"])
    crawl(site.url)
    assert site.requests == ["/", "/a%20b"]


def test_a_query_and_a_slash_at_the_end_make_another_page(site, crawl):
    site.page("/", links=["/a", "/a/", "/a?", "/a?x", "/A"])
    crawl(site.url)
    assert sorted(site.requests) == sorted(["/", "/a", "/a/", "/a?", "/a?x", "/A"])


def test_seeds_that_are_the_same_are_counted_and_fetched_once(site, crawl):
    site.page("/a")
    records = crawl([site.url + "/a", site.url + "/a#x", site.url + "/b/../a"], follow=False)
    assert len(records) == 1
    assert (crawl.stats.seeds, crawl.stats.duplicates) == (1, 2)


def test_a_get_and_two_different_posts_of_a_url_are_three_requests(site, crawl):
    site.page("/f", lambda arrival: arrival.method + " " + arrival.body.decode())
    url = site.url + "/f"
    crawl([url, Request(url, form={"a": 1}), Request(url, form={"a": 2}), Request(url, form={"a": 1})])
    assert sorted((a.method, a.body) for a in site.log if a.path == "/f") == [
        ("GET", b""),
        ("POST", b"a=1"),
        ("POST", b"a=2"),
    ]


@pytest.mark.parametrize("backend", ["thread", "process"])
def test_many_workers_fetch_every_page_of_a_knotted_site_exactly_once(site, crawl, backend):
    count = 60
    for number in range(count):
        site.page(f"/{number}", links=[f"/{other}" for other in range(count)])
    records = crawl(f"{site.url}/0", backend=backend, workers=6, per_host=6)
    assert sorted(paths(records)) == sorted(f"/{number}" for number in range(count))
    assert set(site.counts.values()) == {1}
    assert site.asked("/robots.txt") == 1


# Redirects


def test_two_listed_urls_that_redirect_to_one_page_get_a_record_each(site, crawl):
    site.redirect("/a", "/c")
    site.redirect("/b", "/c")
    site.page("/c", title="C")
    records = crawl([site.url + "/a", site.url + "/b", site.url + "/c"])
    assert sorted(paths(records)) == ["/a", "/b", "/c"]
    assert {(record["final_url"], record["title"]) for record in records} == {(site.url + "/c", "C")}


def test_a_found_url_that_redirects_to_a_known_page_is_not_recorded_twice(site, crawl):
    site.page("/", links=["/old", "/new", "/old2"])
    site.redirect("/old", "/new")
    site.redirect("/old2", "/new")
    site.page("/new")
    assert sorted(paths(crawl(site.url + "/"))) == ["/", "/new"]
    assert site.asked("/new") == 1
    assert crawl.stats.skips["redirect to a known page"] == 2


def test_a_page_that_was_first_reached_by_a_redirect_is_not_fetched_again_by_its_name(site, crawl):
    site.page("/", links=["/old"])
    site.redirect("/old", "/new")
    site.page("/new", links=["/new"])
    (_, record) = crawl(site.url + "/")
    assert (record["url"], record["final_url"]) == (site.url + "/old", site.url + "/new")
    assert site.asked("/new") == 1


def test_links_of_a_page_at_the_end_of_redirects_are_relative_to_that_end(site, crawl):
    site.redirect("/old", "/deep/new")
    site.page("/deep/new", links=["next"])
    site.page("/deep/next")
    assert paths(crawl(site.url + "/old")) == ["/old", "/deep/next"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda site: site.redirect("/r", "/r"), "circle"),
        (lambda site: (site.redirect("/r", "/s"), site.redirect("/s", "/r")), "circle"),
        (lambda site: site.redirect("/r", "javascript:void(0)"), "no http(s) URL"),
        (lambda site: site.redirect("/r", "http://[bad"), "no http(s) URL"),
        (
            lambda site: [site.redirect(f"/r{'x' * n}", f"/r{'x' * (n + 1)}") for n in range(15)],
            "more than 10",
        ),
    ],
)
def test_redirects_that_lead_nowhere_are_recorded_with_the_reason(site, crawl, make, words):
    make(site)
    (record,) = crawl(site.url + "/r")
    assert record["error_kind"] == "redirect"
    assert words in record["error_message"]
    assert len(site.requests) <= 11


def test_ten_redirects_in_a_row_are_followed(site, crawl):
    for number in range(10):
        site.redirect(f"/{number}", f"/{number + 1}")
    site.page("/10", title="at last")
    assert crawl(site.url + "/0")[0]["title"] == "at last"


def test_a_found_page_behind_a_cookie_wall_is_fetched_at_the_second_knock(site, crawl):
    def answer(arrival):
        if arrival.header("cookie"):
            body = b"<title>inside</title>"
            return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
                len(body),
                body,
            )
        return b"HTTP/1.1 302 Found\r\nLocation: /wall\r\nContent-Length: 0\r\n\r\n"

    site.page("/", links=["/walled"])
    site.raw("/walled", answer)
    site.redirect("/wall", "/walled", headers={"Set-Cookie": "ok=1; Path=/"})
    records = crawl(site.url + "/")
    assert [record["title"] for record in records] == ["/", "inside"]


def test_a_form_whose_answer_is_a_known_page_is_answered_all_the_same(site):
    crawler = Crawler(backend="sync")
    seen = []

    @crawler.on_page
    def any_page(page):
        seen.append(page.data)
        if page.data is None:
            yield page.follow("/login", form={"name": "me"}, data="logged in")

    site.page("/")
    site.redirect("/login", "/", status=303)
    crawler.run(site.url + "/")
    assert seen == [None, "logged in"]


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, "GET", b""), (302, "GET", b""), (303, "GET", b""), (307, "POST", b"a=1"), (308, "POST", b"a=1")],
)
def test_a_form_that_was_redirected_arrives_as_browsers_would_send_it(site, crawl, status, method, body):
    site.redirect("/form", "/there", status=status)
    site.page("/there")
    crawl(Request(site.url + "/form", form={"a": 1}))
    arrival = site.log[-1]
    assert (arrival.path, arrival.method, arrival.body) == ("/there", method, body)
    assert (arrival.header("content-type") is not None) == (method == "POST")


# What is on a page


@pytest.mark.parametrize("status", [400, 404, 410, 500])
def test_links_on_an_error_page_are_not_followed(site, crawl, status):
    site.page("/", links=["/a"], status=status)
    (record,) = crawl(site.url + "/", retries=0)
    assert (record["status"], record["error_kind"]) == (status, "http")
    assert site.requests == ["/"]


def test_a_body_that_is_no_html_is_left_unread_in_a_followed_crawl_but_recorded(site, crawl):
    site.page("/", links=["/film.mp4"])
    site.drip("/film.mp4", b"x" * 1_000_000, content_type="video/mp4", every_s=1.0)
    began = time.monotonic()
    record = crawl(site.url + "/")[1]
    assert time.monotonic() - began < 5
    assert (record["status"], record["content_type"]) == (200, "video/mp4")


def test_a_listed_file_that_is_no_html_is_read(site, crawl):
    site.page("/data.bin", b"x" * 5000, content_type="application/octet-stream")
    assert crawl(site.url + "/data.bin")[0]["bytes"] == 5000


def test_a_body_beyond_the_cap_is_cut_and_marked(site, crawl):
    site.page("/", "x" * 5000)
    (record,) = crawl(site.url + "/", max_body=1000)
    assert (record["bytes"], record["error_kind"]) == (1000, "cut")
    assert crawl.stats.cut == 1


def test_what_is_no_url_is_counted_with_its_place_and_stops_nothing(site, crawl):
    site.page("/a")
    assert paths(crawl([site.url + "/a", "http://[", None, 5])) == ["/a"]
    assert [line.partition(":")[0] for line in crawl.stats.bad_lines] == ["seed 2", "seed 3", "seed 4"]


# Where it ends


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
@pytest.mark.parametrize("most", [1, 7])
def test_the_page_limit_is_exact(site, crawl, backend, most):
    count = 30
    for number in range(count):
        site.page(f"/{number}", links=[f"/{other}" for other in range(count)])
    records = crawl(f"{site.url}/0", backend=backend, workers=5, per_host=5, max_pages=most)
    assert len(records) == most
    assert len(site.requests) == most


def test_the_page_limit_counts_answers_and_not_failures_or_redirects(site, crawl):
    site.page("/", links=["/broken", "/old", "/known", "/a", "/b", "/c"])
    site.raw("/broken", b"nonsense\r\n\r\n")
    site.redirect("/old", "/new")
    site.redirect("/known", "/")
    for path in ("/new", "/a", "/b", "/c"):
        site.page(path)
    records = crawl(site.url + "/", max_pages=4, retries=0)
    assert sum(record["status"] == 200 for record in records) == 4
    assert paths(records) == ["/", "/broken", "/old", "/a", "/b"]


def test_a_page_limit_beyond_what_there_is_changes_nothing(site):
    chain(site, 3)
    crawler = Crawler(backend="sync", follow=True, max_pages=100)
    result = crawler.run(f"{site.url}/0")
    assert (result.ended, result.stats.pages, result.waiting) == ("finished", 4, 0)


def test_a_page_limit_of_exactly_what_there_is_is_reached_without_a_word(site):
    site.page("/", links=["/a"])
    site.page("/a")
    result = Crawler(backend="sync", follow=True, max_pages=2).run(site.url + "/")
    assert (result.ended, result.waiting) == ("finished", 0)


def test_what_a_page_limit_leaves_is_told(site):
    site.page("/", links=["/a", "/b", "/c"])
    result = Crawler(backend="sync", follow=True, max_pages=2).run(site.url + "/")
    assert (result.ended, result.waiting) == ("max_pages", 2)


@pytest.mark.parametrize("backend", ["sync", "thread"])
def test_an_endless_source_of_seeds_ends_with_the_page_limit(site, crawl, backend):
    site.page("/p")
    records = crawl((f"{site.url}/p?{n}" for n in itertools.count()), backend=backend, max_pages=5)
    assert len(records) == 5
    assert len(site.requests) == 5


def test_no_request_starts_after_the_time_limit(site):
    chain(site, 1000)
    crawler = Crawler(backend="thread", follow=True, max_time=0.4, delay=0.1)
    began = time.monotonic()
    result = crawler.run(f"{site.url}/0")
    assert result.ended == "max_time"
    assert max(arrival.at for arrival in site.log) - began < 0.4 + 0.2
    assert 0 < result.stats.pages < 8
    assert result.waiting == 1


def test_the_time_limit_ends_a_crawl_whose_retry_is_not_due_yet(site):
    site.page("/", status=503)
    result = Crawler(backend="sync", max_time=0.2, backoff=60.0).run(site.url + "/")
    assert (result.ended, result.waiting, result.stats.pages) == ("max_time", 1, 0)


def test_nothing_to_do_is_soon_done(crawl):
    assert crawl([]) == []


# Side by side


@pytest.mark.parametrize("backend", ["thread", "process"])
def test_one_slow_host_holds_up_no_other(site, sites, backend):
    slow = sites()
    for number in range(20):
        slow.page(f"/{number}")
        slow.hold(f"/{number}")
        site.page(f"/{number}")
    urls = [f"{each.url}/{number}" for number in range(20) for each in (slow, site)]
    crawler = Crawler(backend=backend, workers=4)
    seen = []
    for record in crawler.items(urls):
        seen.append(record["url"])
        if len(seen) == 20:
            assert all(url.startswith(site.url) for url in seen)
            assert slow.under_way <= 2
            for number in range(20):
                slow.release(f"/{number}")
    assert len(seen) == 40


@pytest.mark.parametrize("backend", ["thread", "process"])
def test_a_host_is_asked_for_no_more_at_once_than_allowed(site, crawl, backend):
    site.page("/", links=[f"/{number}" for number in range(12)])
    for number in range(12):
        site.page(f"/{number}", delay_s=0.02)
    crawl(site.url + "/", backend=backend, workers=6, per_host=3)
    assert site.most_at_once == 3


def test_seeds_are_read_only_some_way_ahead(site):
    site.page("/p")
    read = 0

    def seeds():
        nonlocal read
        for number in range(1_000_000):
            read += 1
            yield f"{site.url}/p?{number}"

    records = Crawler(backend="sync").items(seeds())
    next(records)
    records.close()
    assert read < 25_000


def test_a_source_of_seeds_that_fails_ends_the_crawl_with_its_own_exception(site):
    site.page("/a")

    def seeds():
        yield site.url + "/a"
        raise LookupError("the database is gone")

    with pytest.raises(LookupError, match="database"):
        Crawler(backend="thread").run(seeds())


# Stopped


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
@pytest.mark.parametrize("now", [False, True])
def test_a_handler_may_stop_the_crawl(site, backend, now):
    chain(site, 1000)
    crawler = Crawler(backend=backend, follow=True)

    @crawler.on_page("/3")
    def enough(page):
        crawler.stop(now=now)
        yield {"last": page.url}

    result = crawler.run(f"{site.url}/0")
    assert result.ended == "stopped"
    assert result.stats.items == 1
    assert len(site.requests) <= 6


@pytest.mark.parametrize("now", [False, True])
def test_another_thread_may_stop_the_crawl(site, now):
    site.page("/", links=[f"/{number}" for number in range(20)])
    for number in range(20):
        site.page(f"/{number}")
        site.hold(f"/{number}")
    crawler = Crawler(backend="thread", follow=True, per_host=1)
    results = []
    runner = threading.Thread(target=lambda: results.append(crawler.run(site.url + "/")))
    runner.start()
    site.wait_for("/0")
    crawler.stop(now=now)
    if now:
        runner.join(20)
    for number in range(20):
        site.release(f"/{number}")
    runner.join(20)
    assert not runner.is_alive()
    (result,) = results
    assert result.ended == "stopped"
    assert result.waiting > 10
    assert result.stats.pages == 1 if now else result.stats.pages >= 2


def test_a_crawl_that_nobody_runs_can_be_stopped_without_harm(site):
    crawler = Crawler(backend="sync")
    crawler.stop()
    site.page("/a")
    assert crawler.run(site.url + "/a").ended == "finished"


def test_a_second_crawl_beside_the_first_of_a_crawler_is_refused_and_leaves_the_first_alone(site):
    chain(site, 100)
    crawler = Crawler(backend="sync", follow=True)
    first = crawler.items(f"{site.url}/0")
    next(first)
    with pytest.raises(ConfigError, match="running already"):
        next(crawler.items(site.url))
    with pytest.raises(ConfigError, match="running already"):
        crawler.run(site.url)
    crawler.stop()
    assert len(list(first)) <= 2
    assert len(list(crawler.items(f"{site.url}/99"))) == 2
