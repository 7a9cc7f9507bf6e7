"""How a crawl comes by the robots.txt of each origin, and what it does with it (RFC 9309, 2.3 to 2.5)."""

import threading
import time

import pytest

from crawlpool import Crawler
from crawlpool.polite import rulebook
from crawlpool.polite.robotsfile import MOST_BYTES
from crawlpool.worker.wire import SMALLEST

ROBOTS = "/robots.txt"


@pytest.fixture
def crawl():
    """Crawl between servers of this machine; the records by path, and the counts."""

    def run(seeds, *, backend="sync", **knobs):
        crawler = Crawler(backend=backend, **{"backoff": 0.0, "allow_private": True, **knobs})
        records = {record["url"]: record for record in crawler.items(seeds)}
        run.stats = crawler.stats
        return [records[url] for url in ([seeds] if isinstance(seeds, str) else seeds)]

    return run


def kinds(records):
    return [record["error_kind"] for record in records]


# How the answer is read (2.3.1)


@pytest.mark.parametrize("status", [200, 203, 206, 226])
def test_the_rules_of_any_good_answer_hold(site, crawl, status):
    site.robots("User-agent: *\nDisallow: /a", status=status)
    site.page("/b")
    assert kinds(crawl([site.url + "/a", site.url + "/b"])) == ["robots", None]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 418, 451])
def test_no_file_is_no_rules(site, crawl, status):
    site.robots("User-agent: *\nDisallow: /", status=status)
    site.page("/a")
    assert kinds(crawl([site.url + "/a"])) == [None]
    assert site.asked(ROBOTS) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_in_trouble_is_asked_three_times_and_then_for_nothing_more(site, crawl, status):
    site.robots("User-agent: *\nAllow: /", status=status)
    records = crawl([site.url + "/a", site.url + "/b"])
    assert kinds(records) == ["robots_unreachable"] * 2
    assert f"status {status}" in records[0]["error_message"]
    assert (site.asked(ROBOTS), site.requests) == (3, [])


def test_a_robots_txt_that_is_no_http_allows_nothing(site, crawl):
    site.raw(ROBOTS, b"User-agent: *\nAllow: /\n")
    assert kinds(crawl([site.url + "/a"])) == ["robots_unreachable"]
    assert site.requests == []


def test_a_robots_txt_that_hangs_allows_nothing(site, crawl):
    site.hang(ROBOTS)
    assert kinds(crawl([site.url + "/a"], timeout=0.2, retries=0)) == ["robots_unreachable"]
    assert site.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_five_redirects_lead_to_rules_for_the_origin_that_was_asked_first(site, sites, crawl, status):
    other = sites("127.0.0.2")
    ways = [ROBOTS, "/1", "/2", "/3", "/4"]
    for number, way in enumerate(ways):
        here = site if number < 3 else other
        there = site if number < 2 else other
        here.redirect(way, f"{there.url}/{number + 1}", status=status)
    other.page("/5", "User-agent: *\nDisallow: /a", content_type="text/plain")
    other.page("/a")
    site.page("/b")
    records = crawl([site.url + "/a", site.url + "/b", other.url + "/a"])
    assert kinds(records) == ["robots", None, None]
    assert other.asked(ROBOTS) == 1


def test_a_robots_txt_in_a_circle_or_too_far_away_is_no_rules(site, sites, crawl):
    far = sites("127.0.0.2")
    site.redirect(ROBOTS, ROBOTS)
    for number in range(6):
        far.redirect(f"/{number}" if number else ROBOTS, f"/{number + 1}")
    far.page("/6", "User-agent: *\nDisallow: /", content_type="text/plain")
    for each in (site, far):
        each.page("/a")
    assert kinds(crawl([site.url + "/a", far.url + "/a"])) == [None, None]
    assert (far.asked("/5"), far.asked("/6")) == (1, 0)


def test_a_redirect_of_robots_txt_to_a_server_in_trouble_allows_nothing(site, sites, crawl):
    other = sites("127.0.0.2")
    site.redirect(ROBOTS, other.url + "/rules")
    other.page("/rules", status=503)
    assert kinds(crawl([site.url + "/a"])) == ["robots_unreachable"]
    assert site.requests == []


def test_a_redirect_of_robots_txt_to_a_closed_door_says_nothing_of_the_connection_to_its_own_pages(
    site, crawl
):
    site.redirect(ROBOTS, "http://127.0.0.1:1/")
    (record,) = crawl([site.url + "/a"], retries=0)
    assert record["error_kind"] == "robots_unreachable"


def test_each_hop_of_a_page_is_judged_by_its_own_origin(site, sites, crawl):
    middle, end = sites("127.0.0.2"), sites("127.0.0.3")
    site.redirect("/a", middle.url + "/b")
    middle.redirect("/b", end.url + "/c")
    end.robots("User-agent: *\nDisallow: /c")
    (record,) = crawl([site.url + "/a"])
    assert (record["error_kind"], record["final_url"]) == ("robots", end.url + "/c")
    assert [arrival.path for arrival in middle.log] == [ROBOTS, "/b"]
    assert [arrival.path for arrival in end.log] == [ROBOTS]


# Which bytes count


def test_a_page_in_place_of_robots_txt_is_no_rules(site, crawl):
    site.page(ROBOTS, "<!DOCTYPE html><title>Home</title><p>Nothing to disallow: /a")
    site.page("/a")
    assert kinds(crawl([site.url + "/a"])) == [None]


def test_an_endless_robots_txt_is_read_to_a_limit_and_its_rules_hold(site, crawl):
    rules = b"User-agent: *\nDisallow: /a\n" + b"# and so on\n" * 100_000 + b"Disallow: /b\n"
    site.robots(rules)
    site.page("/b")
    assert len(rules) > 2 * MOST_BYTES
    assert kinds(crawl([site.url + "/a", site.url + "/b"])) == ["robots", None]
    assert MOST_BYTES == SMALLEST


def test_a_low_cap_of_pages_is_none_of_robots_txt(site, crawl):
    site.robots("User-agent: *\n" + "# filler\n" * 1_000 + "Disallow: /a\n")
    assert kinds(crawl([site.url + "/a"], max_body=1_000)) == ["robots"]


def test_a_compressed_bomb_in_place_of_robots_txt_costs_no_more_than_a_long_one(site, crawl):
    import gzip

    bomb = gzip.compress(b"User-agent: *\nDisallow: /a\n" + b"\n" * 20_000_000)
    site.robots(bomb, headers={"Content-Encoding": "gzip"})
    began = time.process_time()
    (record,) = crawl([site.url + "/a"])
    assert record["error_kind"] in {"robots", "robots_unreachable"}
    assert time.process_time() - began < 3


# When it is asked for


def test_many_workers_that_start_at_once_fetch_it_once_and_wait_for_it(site, crawl):
    site.robots("User-agent: *\nDisallow: /1$", delay_s=0.3)
    listed = [f"{site.url}/{number}" for number in range(20)]
    for number in range(20):
        site.page(f"/{number}")
    records = crawl(listed, backend="thread", workers=8, per_host=8)
    assert kinds(records) == [None, "robots", *[None] * 18]
    assert (site.log[0].path, site.asked(ROBOTS)) == (ROBOTS, 1)
    assert site.log[1].at - site.log[0].at > 0.25


def test_a_slow_robots_txt_holds_up_no_other_host(site, sites, crawl):
    other = sites("127.0.0.2")
    site.robots("", delay_s=1.0)
    listed = [f"{other.url}/{number}" for number in range(5)]
    crawl([site.url + "/a", *listed], backend="thread", workers=2)
    assert other.log[-1].at < site.log[0].at + 0.9


def test_a_robots_txt_that_was_had_is_asked_for_again_when_it_is_too_old(site, crawl, monkeypatch):
    monkeypatch.setattr(rulebook, "FRESH_S", 0.0)
    monkeypatch.setattr(rulebook, "LEAST_FRESH_S", 0.3)
    said = iter(["User-agent: *\nAllow: /", *["User-agent: *\nDisallow: /late"] * 9])
    site.page(ROBOTS, lambda _: next(said), content_type="text/plain")
    site.page("/a", links=["/late"], delay_s=0.5)
    site.page("/late")
    crawl(site.url + "/a", follow=True)
    assert site.requests == ["/a"]
    assert site.asked(ROBOTS) == 2


def test_a_robots_txt_that_cannot_be_had_again_is_believed_as_it_was(site, crawl, monkeypatch):
    monkeypatch.setattr(rulebook, "FRESH_S", 0.0)
    monkeypatch.setattr(rulebook, "LEAST_FRESH_S", 0.3)
    answers = iter([(b"200 OK", b"User-agent: *\nDisallow: /no\n")])

    def answer(_):
        status, body = next(answers, (b"500 Oh", b""))
        return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)

    site.raw(ROBOTS, answer)
    site.page("/a", links=["/no", "/yes"], delay_s=0.5)
    site.page("/yes")
    crawl(site.url + "/a", follow=True, retries=0)
    assert site.requests == ["/a", "/yes"]
    assert site.asked(ROBOTS) == 2


def test_a_robots_txt_that_could_not_be_had_is_asked_for_again_while_the_crawl_runs(
    site, sites, crawl, monkeypatch
):
    monkeypatch.setattr(rulebook, "ASK_AGAIN_S", 0.2)
    other = sites("127.0.0.2")
    site.robots("User-agent: *\nAllow: /", fails_first=1)
    site.page("/early")
    site.page("/late")
    other.page("/", links=[site.url + "/late"], delay_s=0.6)
    crawler = Crawler(backend="sync", follow=True, scope="all", retries=0, allow_private=True)
    came = {
        record["url"]: record["error_kind"]
        for record in crawler.items([site.url + "/early", other.url + "/"])
    }
    assert came[site.url + "/early"] == "robots_unreachable"
    assert came[site.url + "/late"] is None
    assert site.asked(ROBOTS) == 2


# What is said


def test_a_record_names_the_line_that_decides(site, crawl):
    site.robots("# rules\nUser-agent: *\n\nDisallow: /private/  # please\n")
    (record,) = crawl([site.url + "/private/x"])
    assert record["error_message"] == (
        'robots.txt line 4, "Disallow: /private/", does not allow it for "crawlpool"'
    )


def test_a_name_is_known_by_its_letters(site, crawl):
    site.robots("User-agent: MyBot\nDisallow: /a")
    site.page("/b")
    records = crawl([site.url + "/a", site.url + "/b"], user_agent="mybot2/1.0 (+http://me.example)")
    assert kinds(records) == ["robots", None]


def test_rules_of_thousands_of_lines_hold_up_nothing(site, crawl):
    site.robots("User-agent: *\n" + "".join(f"Disallow: /{n}/*x\nDisallow: /n{n}/\n" for n in range(10_000)))
    for number in range(50):
        site.page(f"/page/{number}")
    began = time.process_time()
    records = crawl([f"{site.url}/page/{number}" for number in range(50)])
    assert kinds(records) == [None] * 50
    assert time.process_time() - began < 3
    assert threading.active_count() < 20
