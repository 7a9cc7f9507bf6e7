"""Servers that fail, are silent, or never come to an end: each crawl ends, and every URL has its record."""

import asyncio
import re
import socket
import threading
import time
from contextlib import ExitStack, closing

import pytest

from crawlpool import Crawler
from crawlpool.cli import main

QUICK = {"backend": "thread", "workers": 4, "backoff": 0.01, "host_rest": 0.05, "adaptive": False}
ROBOTS = "/robots.txt"


def crawl(seeds, **knobs):
    """Crawl; the records by URL, each URL once."""
    crawler = Crawler(**{**QUICK, **knobs})
    records = list(crawler.items(seeds))
    crawl.stats = crawler.stats
    found = {record["url"]: record for record in records}
    assert len(found) == len(records)
    return found


def kinds(records):
    return {record["error_kind"] for record in records.values()}


def pages(site, count, **how):
    for number in range(count):
        site.page(f"/{number}", **how)
    return [f"{site.url}/{number}" for number in range(count)]


# A host that fails


def test_a_host_that_fails_is_asked_little_and_all_its_urls_have_a_record(site, sites):
    other = sites("127.0.0.2")
    listed, good = pages(site, 120, status=503), pages(other, 30)

    records = crawl([*listed, *good])

    assert records.keys() == {*listed, *good}
    assert all(records[url]["status"] == 200 for url in good)
    given_up = [each for each in records.values() if each["error_kind"] == "host_given_up"]
    assert len(given_up) > 100
    assert len(site.requests) <= 10 + 4 + 4  # a row, a probe after each rest, and what was out at once
    assert "HTTP 503" in given_up[0]["error_message"]
    assert "failures in a row" in given_up[0]["error_message"]
    (note,) = (note for note in crawl.stats.host_notes.values() if note.is_given_up)
    assert note.rests == 4


def test_a_host_that_comes_back_has_lost_no_page_to_its_rest(site):
    failing = [14]

    def body(arrival):
        failing[0] -= 1
        if failing[0] >= 0:
            return b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

    listed = [f"{site.url}/{number}" for number in range(60)]
    for number in range(60):
        site.raw(f"/{number}", body)

    records = crawl(listed, backoff=0.5)

    assert len(records) == 60
    assert {record["status"] for record in records.values()} == {200}
    assert len(site.requests) == 60 + 14


def test_a_rest_of_one_host_holds_up_no_other(site, sites):
    other = sites("127.0.0.2")
    listed, good = pages(site, 40, status=503), pages(other, 40)
    crawler = Crawler(**{**QUICK, "host_rest": 1.0, "max_time": 2.0})
    started = time.monotonic()
    at = {record["url"]: time.monotonic() - started for record in crawler.items([*listed, *good])}

    assert set(good) <= at.keys()
    assert max(at[url] for url in good) < 1.0


@pytest.mark.parametrize("status", [403, 404])
def test_a_host_that_refuses_every_page_is_well(site, status):
    listed = pages(site, 60, status=status)
    records = crawl(listed)
    assert {record["status"] for record in records.values()} == {status}
    assert not crawl.stats.host_notes


def test_a_host_of_which_some_pages_always_fail_never_rests(site):
    listed = pages(site, 60)
    for number in range(0, 60, 2):
        site.page(f"/{number}", status=500)
    records = crawl(listed, retries=0)
    assert sorted(record["status"] for record in records.values()) == [200] * 30 + [500] * 30
    assert not crawl.stats.host_notes


def test_a_short_list_of_a_failing_host_is_worked_off_as_it_is(site):
    listed = pages(site, 3, status=500)
    records = crawl(listed, retries=4)
    assert {record["attempts"] for record in records.values()} == {5}
    assert not crawl.stats.host_notes


def test_links_that_are_found_after_a_host_was_given_up_are_recorded_without_a_request(site, sites):
    other = sites("127.0.0.2")
    listed = pages(other, 30, status=503)
    site.page("/", links=[f"{other.url}/late"], delay_s=2.0)
    other.page("/late")
    records = crawl([*listed, site.url + "/"], follow=True, scope="all")
    assert records[other.url + "/late"]["error_kind"] == "host_given_up"
    assert other.asked("/late") == 0


def test_a_form_that_was_a_probe_is_not_sent_again(site):
    from crawlpool import Request

    pages(site, 30, status=503)
    forms = [Request(f"{site.url}/{number}", method="POST", body=b"buy=1") for number in range(30)]
    records = list(Crawler(**QUICK).items(forms))
    assert len(records) == 30
    assert max(site.counts.values()) == 1


def test_a_host_that_was_given_up_is_asked_anew_by_retry(site, tmp_path, capsys):
    listed = pages(site, 30, status=503)
    out = tmp_path / "pages.jsonl"
    flags = ("--backend", "thread", "--backoff", "10ms", "--host-rest", "20ms", "--no-adaptive")
    assert main([*listed, "-o", str(out), *flags]) == 3
    capsys.readouterr()
    assert main(["why", listed[29], "--job", str(out)]) == 0
    assert "failed: host given up" in capsys.readouterr().out
    pages(site, 30)
    before = len(site.requests)
    assert main(["retry", str(out), "--kind", "host_given_up", "--kind", "http"]) == 0
    assert len(site.requests) == before + 30


# Retry-After with a redirect


def test_the_target_of_a_redirect_is_asked_for_when_the_redirect_says(site):
    site.redirect("/a", "/b", headers={"Retry-After": "1"})
    site.page("/b")
    site.page("/c")
    records = crawl([site.url + "/a", site.url + "/c"])
    assert {record["status"] for record in records.values()} == {200}
    at = {arrival.path: arrival.at for arrival in site.log}
    assert at["/b"] - at["/a"] > 0.95
    assert at["/c"] - at["/a"] < 0.9  # it is no rest of the host


def test_a_redirect_that_asks_for_a_longer_wait_than_ours_is_deferred(site):
    site.redirect("/a", "/b", headers={"Retry-After": "3600"})
    site.page("/b")
    (record,) = crawl(site.url + "/a").values()
    assert record["error_kind"] == "deferred"
    assert site.requests == ["/a"]


# Hosts at which nobody is


class Everywhere:
    """Servers on all addresses of 127.0.0.0/8: `live` answers, `dead` takes no connection and says nothing.

    A listening socket whose queue is full lets every further SYN go unanswered.
    """

    def __init__(self):
        self._stack = ExitStack()
        dead = self._stack.enter_context(socket.socket())
        dead.bind(("0.0.0.0", 0))
        dead.listen(0)
        self.dead = dead.getsockname()[1]
        for _ in range(4):
            filling = self._stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(("127.0.0.1", self.dead))
        self._loop = asyncio.new_event_loop()
        self.asked = []
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,))
        self._thread.start()
        ready.wait(10)

    def _serve(self, ready):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._answer, "0.0.0.0", 0))
        self.live = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _answer(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(time.monotonic())
                status = b"404 No" if b" /robots.txt " in head else b"200 OK"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._stack.close()


@pytest.fixture
def everywhere():
    with closing(Everywhere()) as made:
        yield made


def names(port, count):
    return [f"http://127.{1 + number // 200}.{number % 200}.7:{port}/" for number in range(count)]


@pytest.mark.timeout(40)
def test_silent_addresses_at_the_head_of_a_list_cost_their_share_and_no_more(everywhere):
    live, dead = names(everywhere.live, 120), names(everywhere.dead, 16)
    started = time.monotonic()
    crawler = Crawler(**{**QUICK, "workers": 8, "connect_timeout": 1.0, "allow_private": True})
    at, error = {}, {}
    for record in crawler.items([*dead, *live]):
        at[record["url"]] = time.monotonic() - started
        error[record["url"]] = record["error_kind"]

    assert at.keys() == {*live, *dead}
    assert {error[url] for url in dead} == {"connect_timeout"}
    assert {error[url] for url in live} == {None}
    # Three tries of a second each for every dead host, by all workers, are 6 s. The first ones
    # take 2; the living ones are done soon after, and the others follow, a quicker one first.
    assert max(at[url] for url in live) < min(at[url] for url in dead)


@pytest.mark.timeout(40)
def test_a_living_host_has_its_turn_while_silent_ones_are_waited_for(everywhere):
    living = f"http://127.0.0.1:{everywhere.live}/"
    listed = [f"{living}{number}" for number in range(60)]
    dead = names(everywhere.dead, 16)
    crawler = Crawler(**{**QUICK, "workers": 4, "connect_timeout": 1.0, "retries": 0, "allow_private": True})
    started = time.monotonic()
    at = {r["url"]: time.monotonic() - started for r in crawler.items([listed[0], *dead, *listed[1:]])}

    assert len(at) == 76
    # 16 dead hosts take four lanes 4 s, and two lanes 8; half of the lanes are enough for the living one,
    # which is done in the first second: if it had to wait for a lane, few of the dead were left.
    done = max(at[url] for url in listed)
    assert sum(at[url] > done for url in dead) >= 6


# Answers, and robots.txt files, that never come to an end


class Endless:
    """Answers each request by what its path begins with, for ever; robots.txt by what `robots` says."""

    def __init__(self, robots="none"):
        self._robots = robots
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.requests = []

    def close(self):
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with connection:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    head += piece
                path = head.split()[1].decode()
                self.requests.append(path)
                what = self._robots if path == ROBOTS else path.split("/")[1]
                for piece in self._pieces(what):
                    if self._stopped.is_set():
                        return
                    connection.sendall(piece)
            except OSError:
                return

    def _pieces(self, what):  # noqa: C901  one branch a kind
        """What is sent, piece by piece."""
        number = len(self.requests)
        if what == "none":
            yield b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        elif what == "silence":
            self._stopped.wait(30)
        elif what == "drip-head":
            yield b"HTTP/1.1 200 OK\r\nX-Slow: "
            while not self._stopped.wait(0.05):
                yield b"x"
        elif what == "drip-body":
            yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
            while not self._stopped.wait(0.05):
                yield b"#"
        elif what == "early-hints":
            while True:
                yield b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 50
        elif what == "body":
            yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
            while True:
                yield b"# and so on and on\n" * 5000
        elif what == "header":
            yield b"HTTP/1.1 200 OK\r\n"
            while True:
                yield b"X-More: of the same\r\n" * 500
        elif what == "redirect":
            yield f"HTTP/1.1 302 On\r\nLocation: /redirect/{number}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        elif what == "later":
            yield b"HTTP/1.1 503 Later\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        elif what == "much-later":
            yield b"HTTP/1.1 503 Later\r\nRetry-After: 99999999999\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        elif what == "slowly":
            rules = b"User-agent: *\nCrawl-delay: 99999999\n"
            yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
                len(rules),
                rules,
            )


ENDLESS = [
    "silence",
    "drip-head",
    "drip-body",
    "early-hints",
    "body",
    "header",
    "redirect",
    "later",
    "much-later",
]
SHORT = {
    "timeout": 0.5,
    "connect_timeout": 0.5,
    "retries": 1,
    "max_body": 1_000_000,
    "max_crawl_delay": 0.1,
    "max_wait": 2.0,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("what", [*ENDLESS, "slowly"])
def test_no_robots_txt_keeps_a_crawl_from_ending(site, what):
    good = pages(site, 5)
    with closing(Endless(robots=what)) as server:
        listed = [f"{server.url}/none/{number}" for number in range(4)]
        records = crawl([*listed, *good], **SHORT)
    assert records.keys() == {*listed, *good}
    assert all(records[url]["status"] == 200 for url in good)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("what", ENDLESS)
def test_no_answer_keeps_a_crawl_from_ending(site, what):
    good = pages(site, 5)
    with closing(Endless()) as server:
        listed = [f"{server.url}/{what}/a{number}" for number in range(3)]
        records = crawl([*listed, *good], **SHORT)
        asked = len(server.requests)
    assert records.keys() == {*listed, *good}
    assert all(records[url]["status"] == 200 for url in good)
    assert asked <= 1 + 3 * 11


@pytest.mark.timeout(30)
def test_redirects_from_host_to_host_come_to_an_end(sites):
    here, there = sites("127.0.0.2"), sites("127.0.0.3")
    for number in range(30):
        here.redirect(f"/{number}", f"{there.url}/{number}")
        there.redirect(f"/{number}", f"{here.url}/{number + 1}")
    records = crawl([here.url + "/0", there.url + "/20"])
    assert kinds(records) == {"redirect"}
    assert len(here.requests) + len(there.requests) <= 2 * 11


def test_what_a_crawl_delay_costs_is_said_when_it_is_known_and_at_the_end(site, tmp_path, capsys):
    site.robots("User-agent: *\nCrawl-delay: 60")
    listed = pages(site, 200)
    out = str(tmp_path / "pages.jsonl")
    main([*listed, "-o", out, "--backend", "thread", "--max-time", "1"])
    said = capsys.readouterr().err
    assert "2 requests at once" in said
    told = re.search(r"because=crawl_delay urls=(\d+) delay_s=60 would_take=(\d+) (h|min)", said)
    assert told, said
    assert 20 <= int(told[1]) <= 200  # as many as were read by then: seeds are read while the crawl goes
    assert "at 1 min each would take 3 h" in said
    main(["why", listed[150], "--job", out])
    assert "its host is left alone for" in capsys.readouterr().out
    main(["status", out])
    assert "its Crawl-delay" in capsys.readouterr().out
