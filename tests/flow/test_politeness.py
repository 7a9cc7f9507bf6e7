"""How a crawl treats servers: robots.txt, pace, rests that are asked for, tries, and what it tells whom."""

import itertools
import socket
import threading
import time
from email.utils import formatdate

import pytest

from crawlpool import Crawler, Request, fetch

ROBOTS = "/robots.txt"


@pytest.fixture
def crawl():
    """Crawl on one thread; the records in the order in which they came."""

    def run(seeds, *, backend="sync", **knobs):
        crawler = Crawler(backend=backend, **{"backoff": 0.0, **knobs})
        records = list(crawler.items(seeds))
        run.stats = crawler.stats
        return records

    return run


def urls(site, count):
    for number in range(count):
        site.page(f"/{number}")
    return [f"{site.url}/{number}" for number in range(count)]


def gaps(site):
    """Seconds between the arrivals at a server, robots.txt included."""
    return [later.at - earlier.at for earlier, later in itertools.pairwise(site.log)]


@pytest.fixture
def closed_port():
    """A port of 127.0.0.1 where nobody answers; no other program gets it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and never listening: connections are refused
        yield bound.getsockname()[1]


@pytest.fixture
def slammed_door():
    """A server that takes connections and closes them at once; the list grows by one for each."""
    knocks = []
    server = socket.create_server(("127.0.0.1", 0))

    def answer():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            knocks.append(connection.getpeername())
            connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    yield server.getsockname()[1], knocks
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


# robots.txt


def test_robots_txt_is_asked_for_once_and_before_the_first_page(site, crawl):
    crawl(urls(site, 6), backend="thread", workers=4)
    assert site.log[0].path == ROBOTS
    assert site.asked(ROBOTS) == 1


def test_each_port_of_a_host_has_its_own_robots_txt(site, sites, crawl):
    other = sites()
    site.robots("User-agent: *\nDisallow: /")
    other.page("/a")
    records = {record["url"]: record for record in crawl([site.url + "/a", other.url + "/a"])}
    assert records[site.url + "/a"]["error_kind"] == "robots"
    assert records[other.url + "/a"]["status"] == 200
    assert (site.asked(ROBOTS), other.asked(ROBOTS)) == (1, 1)


def test_what_robots_txt_forbids_is_recorded_with_the_rule_and_not_asked(site, crawl):
    site.robots("User-agent: *\nDisallow: /private/\nAllow: /private/press")
    for path in ("/private/press", "/a"):
        site.page(path)
    records = crawl([f"{site.url}{path}" for path in ("/private/x", "/private/press", "/a")])
    assert [record["error_kind"] for record in records] == ["robots", None, None]
    assert "Disallow: /private/" in records[0]["error_message"]
    assert records[0]["attempts"] == 0
    assert site.requests == ["/private/press", "/a"]


def test_robots_txt_is_read_by_the_first_word_of_the_user_agent(site, crawl):
    site.robots("User-agent: mybot\nDisallow: /\n\nUser-agent: *\nAllow: /")
    site.page("/a")
    (record,) = crawl(site.url + "/a", user_agent="MyBot/2.0 (+http://me.example)")
    assert record["error_kind"] == "robots"
    assert site.log[0].header("user-agent") == "MyBot/2.0 (+http://me.example)"


def test_without_robots_nothing_is_asked_for_and_nothing_forbidden(site, crawl):
    site.robots("User-agent: *\nDisallow: /")
    site.page("/a")
    assert crawl(site.url + "/a", robots=False)[0]["status"] == 200
    assert site.asked(ROBOTS) == 0


def test_a_redirect_to_what_robots_txt_forbids_is_not_followed(site, crawl):
    site.robots("User-agent: *\nDisallow: /private")
    site.redirect("/a", "/private")
    (record,) = crawl(site.url + "/a")
    assert (record["error_kind"], record["final_url"]) == ("robots", site.url + "/private")
    assert site.requests == ["/a"]


def test_a_redirect_to_another_host_asks_that_hosts_robots_txt_first(site, sites, crawl):
    other = sites()
    other.robots("User-agent: *\nDisallow: /x")
    site.redirect("/a", other.url + "/x")
    assert crawl(site.url + "/a", allow_private=True)[0]["error_kind"] == "robots"
    assert [arrival.path for arrival in other.log] == [ROBOTS]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_robots_txt_that_is_not_there_allows_everything(site, crawl, status):
    site.robots("User-agent: *\nDisallow: /", status=status)
    site.page("/a")
    assert crawl(site.url + "/a")[0]["status"] == 200


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_robots_txt_in_trouble_allows_nothing(site, crawl, status):
    site.robots("", status=status)
    records = crawl(urls(site, 3))
    assert {record["error_kind"] for record in records} == {"robots_unreachable"}
    assert len(records) == 3
    assert site.requests == []
    assert site.asked(ROBOTS) == 3  # the first try and two more


def test_a_robots_txt_that_breaks_off_is_tried_again_and_then_allows_nothing(site, crawl):
    site.raw(ROBOTS, b"")
    assert crawl(urls(site, 2))[0]["error_kind"] == "robots_unreachable"
    assert site.requests == []


def test_a_robots_txt_that_comes_at_the_second_try_holds(site, crawl):
    site.robots("User-agent: *\nDisallow: /0", fails_first=1)
    assert [record["error_kind"] for record in crawl(urls(site, 2))] == ["robots", None]


def test_a_refused_connection_is_the_cause_for_every_url_of_its_host(crawl, closed_port):
    records = crawl([f"http://127.0.0.1:{closed_port}/{number}" for number in range(50)])
    assert [record["error_kind"] for record in records] == ["connect"] * 50


def test_a_host_that_takes_no_connection_is_not_tried_for_every_url(crawl, slammed_door):
    port, knocks = slammed_door
    records = crawl([f"http://127.0.0.1:{port}/{number}" for number in range(50)], retries=1)
    assert len(records) == 50
    assert len(knocks) <= 2


def test_a_robots_txt_may_be_five_redirects_away_on_other_hosts(site, sites, crawl):
    other = sites()
    site.redirect(ROBOTS, "/r1")
    site.redirect("/r1", "/r2")
    site.redirect("/r2", "/r3")
    site.redirect("/r3", other.url + "/r4")
    other.redirect("/r4", "/r5")
    other.page("/r5", "User-agent: *\nDisallow: /0", content_type="text/plain")
    records = crawl(urls(site, 2), allow_private=True)
    assert [record["error_kind"] for record in records] == ["robots", None]
    assert other.asked(ROBOTS) == 0


def test_a_robots_txt_six_redirects_away_counts_as_none(site, crawl):
    site.redirect(ROBOTS, "/r1")
    for number in range(1, 6):
        site.redirect(f"/r{number}", f"/r{number + 1}")
    site.page("/r6", "User-agent: *\nDisallow: /", content_type="text/plain")
    assert crawl(urls(site, 1))[0]["status"] == 200
    assert site.asked("/r6") == 0


def test_two_hosts_whose_robots_txt_redirect_to_each_other_are_both_crawled(site, sites, crawl):
    other = sites()
    site.redirect(ROBOTS, other.url + ROBOTS)
    other.redirect(ROBOTS, site.url + ROBOTS)
    records = crawl(urls(site, 2) + urls(other, 2))
    assert [record["status"] for record in records] == [200] * 4


def test_a_robots_txt_is_read_whatever_its_status_and_type_say_about_html(site, crawl):
    site.page(ROBOTS, "<html>Disallow: /</html>")
    assert crawl(urls(site, 1))[0]["status"] == 200


# Pace

DELAY_S = 0.2
SLACK_S = 0.1  # between sending and arrival, on a machine with other things to do


@pytest.mark.parametrize("backend", ["sync", "thread"])
@pytest.mark.parametrize("delay_s", [DELAY_S, 0.0])
def test_the_delay_lies_between_all_arrivals_and_without_it_does_not(site, crawl, backend, delay_s):
    crawl(urls(site, 5), backend=backend, workers=4, delay=delay_s)
    assert len(gaps(site)) == 5
    assert (min(gaps(site)) > DELAY_S - SLACK_S) == (delay_s > 0)


@pytest.mark.parametrize("backend", ["sync", "thread"])
@pytest.mark.parametrize("is_obeyed", [True, False])
def test_a_crawl_delay_is_kept_from_robots_txt_on_and_if_it_is_not_obeyed_not(
    site, crawl, backend, is_obeyed
):
    site.robots(f"User-agent: *\nCrawl-delay: {DELAY_S}")
    crawl(urls(site, 4), backend=backend, workers=4, robots=is_obeyed)
    assert (min(gaps(site)) > DELAY_S - SLACK_S) == is_obeyed


def test_the_longer_of_delay_and_crawl_delay_wins(site, sites, crawl):
    other = sites()
    site.robots("User-agent: *\nCrawl-delay: 0.01")
    other.robots("User-agent: *\nCrawl-delay: 0.3")
    crawl(urls(site, 3) + urls(other, 2), backend="thread", delay=DELAY_S)
    assert min(gaps(site)) > DELAY_S - SLACK_S
    assert min(gaps(other)) > 0.3 - SLACK_S


def test_a_crawl_delay_beyond_the_cap_counts_as_the_cap(site, crawl):
    site.robots("User-agent: *\nCrawl-delay: 86400")
    crawl(urls(site, 3), max_crawl_delay=DELAY_S)
    assert min(gaps(site)) > DELAY_S - SLACK_S
    assert crawl.stats.held_by.keys() <= {"crawl_delay"}


def test_redirects_and_retries_keep_the_pace(site, crawl):
    site.redirect("/a", "/b")
    site.page("/b", fails_first=1)
    (record,) = crawl(site.url + "/a", backend="thread", delay=DELAY_S)
    assert record["status"] == 200
    assert len(gaps(site)) == 3
    assert min(gaps(site)) > DELAY_S - SLACK_S


@pytest.mark.parametrize("backend", ["thread", "process"])
def test_pages_that_take_longer_than_the_delay_do_not_bunch_up(site, sites, crawl, backend):
    # Pace is counted from handing over, and a new process takes its time to start: the other host has them started.
    site.robots("User-agent: *\nCrawl-delay: 0.4")
    other = sites()
    listed = urls(site, 5)
    for number in range(5):
        site.page(f"/{number}", delay_s=0.8)
        other.page(f"/{number}", delay_s=0.3)
    crawl([f"{other.url}/{number}" for number in range(4)] + listed, backend=backend, workers=4, per_host=4)
    assert min(gaps(site)) > 0.4 - 0.25
    assert site.most_at_once > 1


def test_the_pace_of_one_host_is_no_others(site, sites, crawl):
    site.robots("User-agent: *\nCrawl-delay: 0.5")
    other = sites()
    crawl(urls(site, 2) + urls(other, 20), backend="thread", workers=3)
    assert other.log[-1].at < site.log[-1].at


# Rests


def rests(site, path, value, *, status=503, times=1):
    """Answer `times` with a Retry-After, then well."""
    left = [times]

    def answer(arrival):
        if left[0]:
            left[0] -= 1
            return f"HTTP/1.1 {status} Later\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    site.raw(path, answer)


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_is_left_alone_for_the_seconds_it_asked_for(site, crawl, status):
    listed = urls(site, 3)
    rests(site, "/0", "1", status=status)
    records = crawl(listed)
    assert [record["status"] for record in records] == [200] * 3
    at = {arrival.path: arrival.at for arrival in site.log}
    first = next(arrival.at for arrival in site.log if arrival.path == "/0")
    assert min(at.values()) == site.log[0].at
    assert all(arrival.at - first > 0.95 for arrival in site.log if arrival.at > first)


def test_a_date_in_retry_after_is_waited_for(site, crawl):
    rests(site, "/0", formatdate(time.time() + 1.5, usegmt=True))
    (record,) = crawl(site.url + "/0")
    assert (record["status"], record["attempts"]) == (200, 2)
    assert gaps(site)[-1] > 0.3  # the date has whole seconds


def test_a_host_rests_after_a_429_even_when_nothing_is_tried_again(site, crawl):
    listed = urls(site, 2)
    rests(site, "/0", "1", status=429)
    records = crawl(listed, retries=0)
    assert [record["status"] for record in records] == [429, 200]
    assert gaps(site)[-1] > 0.95


def test_a_wait_beyond_the_cap_defers_all_urls_of_that_host_and_of_no_other(site, sites, crawl):
    other = sites()
    listed = urls(site, 5)
    rests(site, "/0", "3600", times=99)
    records = crawl(listed + urls(other, 5), max_wait=600.0)
    kinds = {record["url"]: record["error_kind"] for record in records}
    assert [kinds[url] for url in listed] == ["deferred"] * 5
    assert sum(kind is None for kind in kinds.values()) == 5
    assert site.requests == ["/0"]
    assert "60 min" in records[0]["error_message"]


# Tries


def test_retries_are_made_as_often_as_asked_and_counted(site, crawl):
    site.page("/a", status=503)
    (record,) = crawl(site.url + "/a", retries=3)
    assert (record["status"], record["attempts"], site.asked("/a")) == (503, 4, 4)
    assert crawl.stats.retries == {"HTTP 503": 3}


def test_a_page_that_comes_at_the_last_try_is_a_page(site, crawl):
    site.page("/a", fails_first=2, title="A")
    (record,) = crawl(site.url + "/a")
    assert (record["title"], record["attempts"], record["error_kind"]) == ("A", 3, None)


@pytest.mark.parametrize("status", [400, 404, 410, 501])
def test_an_answer_that_stands_is_not_asked_for_again(site, crawl, status):
    site.page("/a", status=status)
    crawl(site.url + "/a")
    assert site.asked("/a") == 1


def test_an_answer_that_breaks_off_is_asked_for_again(site, crawl):
    site.raw("/a", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    (record,) = crawl(site.url + "/a")
    assert (record["error_kind"], record["attempts"], site.asked("/a")) == ("incomplete", 3, 3)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_form_that_was_sent_is_never_sent_again(site, crawl, method):
    site.page("/fails", status=503)
    site.raw("/breaks", b"")
    crawl([Request(site.url + path, method=method, body=b"buy=1") for path in ("/fails", "/breaks")])
    assert site.counts == {"/fails": 1, "/breaks": 1}


def test_a_retry_holds_up_no_other_page(site, crawl):
    listed = urls(site, 4)
    site.page("/0", status=500)
    records = crawl(listed, backend="thread", backoff=0.3, retries=1)
    assert [record["status"] for record in records] == [200, 200, 200, 500]


# What is told to whom

AUTHORIZATION = ("Authorization", "Bearer x")


def header_at(site, path, name):
    (arrival,) = [arrival for arrival in site.log if arrival.path == path]
    return arrival.header(name)


def test_credentials_go_to_the_seeds_hosts_only_and_what_is_harmless_everywhere(site, sites, crawl):
    other = sites()
    site.page("/", links=["/in", other.url + "/out"])
    site.page("/in")
    other.page("/out")
    crawl(
        site.url + "/",
        allow_private=True,
        follow=True,
        scope="all",
        header={"Authorization": "Bearer x", "X-Key": "k", "Cookie": "c=1", "Accept-Language": "de"},
    )
    assert {
        n: header_at(site, "/in", n) for n in ("authorization", "x-key", "cookie", "accept-language")
    } == {
        "authorization": "Bearer x",
        "x-key": "k",
        "cookie": "c=1",
        "accept-language": "de",
    }
    assert header_at(other, "/out", "accept-language") == "de"
    for name in ("authorization", "x-key", "cookie"):
        assert header_at(other, "/out", name) is None
        assert header_at(other, ROBOTS, name) is None


def test_credentials_do_not_follow_a_redirect_elsewhere(site, sites, crawl):
    other = sites()
    site.redirect("/", other.url + "/out")
    other.page("/out")
    crawl(site.url + "/", header=[AUTHORIZATION], allow_private=True)
    assert header_at(site, "/", "authorization") == "Bearer x"
    assert header_at(other, "/out", "authorization") is None


def test_headers_and_cookies_of_one_request_stay_with_its_origin(site, sites, crawl):
    other = sites()
    site.redirect("/", "/near")
    site.redirect("/near", other.url + "/out")
    other.page("/out")
    crawl(Request(site.url + "/", headers=[AUTHORIZATION], cookies={"s": "1"}), allow_private=True)
    assert (header_at(site, "/near", "authorization"), header_at(site, "/near", "cookie")) == (
        "Bearer x",
        "s=1",
    )
    assert (header_at(other, "/out", "authorization"), header_at(other, "/out", "cookie")) == (None, None)


def test_the_users_cookie_goes_to_the_seeds_host_and_not_to_another(site, sites, crawl):
    other = sites("127.0.0.2")  # a cookie knows no ports (RFC 6265, 8.5)
    site.page("/", links=[other.url + "/out"])
    other.page("/out")
    crawl(site.url + "/", follow=True, scope="all", allow_private=True, cookie={"s": "1"})
    assert header_at(site, "/", "cookie") == "s=1"
    assert header_at(other, "/out", "cookie") is None


@pytest.mark.parametrize("backend", ["thread", "process"])
def test_a_cookie_that_a_page_sets_is_sent_back_by_every_worker(site, crawl, backend):
    site.page("/", links=[f"/{number}" for number in range(12)], headers={"Set-Cookie": "s=1"})
    for number in range(12):
        site.page(f"/{number}", delay_s=0.02)
    crawl(site.url + "/", follow=True, backend=backend, workers=4, per_host=4)
    assert {arrival.header("cookie") for arrival in site.log if arrival.path not in ("/", ROBOTS)} == {"s=1"}
    assert len({arrival.connection for arrival in site.log}) > 1


def test_a_redirect_that_sets_a_cookie_gets_it_back_at_the_next_hop(site, crawl):
    site.redirect("/login", "/home", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/home")])
    site.page("/home")
    crawl(site.url + "/login")
    assert header_at(site, "/home", "cookie") == "b=2; a=1"


def test_every_request_names_the_project(site):
    site.page("/a")
    list(fetch(site.url + "/a", backend="sync"))
    assert all(arrival.header("user-agent").startswith("crawlpool/") for arrival in site.log)
    assert all("http" in arrival.header("user-agent") for arrival in site.log)


def test_a_clock_that_is_set_back_delays_no_host(site, crawl, monkeypatch):
    seeds = urls(site, 4)

    class SetBack:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def time():
            return time.time() - 3600.0

    monkeypatch.setattr("crawlpool.loop.time", SetBack)
    started = time.monotonic()
    records = crawl(seeds, delay=0.05, max_time=20.0)

    assert len(records) == 4
    assert time.monotonic() - started < 5.0
