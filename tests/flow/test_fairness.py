"""Hosts that answer at once and hosts that take their time, in one crawl: neither waits for the other."""

import os
import threading
import time
from contextlib import closing
from itertools import islice

import pytest

from crawlpool import Crawler

PAGES = 300


@pytest.mark.parametrize("backend", ["process", "thread"])
def test_slow_hosts_do_not_take_the_lanes_of_one_that_answers_at_once(site, sites, backend, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # where the number of working lanes is held down most
    slow = [sites(f"127.0.0.{n}") for n in range(2, 5)]
    names = [f"/{i}" for i in range(PAGES)]
    site.page("/", links=names)
    for name in names:
        site.page(name)
    for each in slow:
        for i in range(4):
            each.page(f"/{i}", delay_s=0.5)
    crawler = Crawler(backend=backend, workers=8, per_host=2, follow=True, robots=False)
    started = time.monotonic()
    ends: dict[str, float] = {}
    for record in crawler.items([site.url + "/"] + [f"{each.url}/{i}" for i in range(4) for each in slow]):
        ends[record["url"].rpartition("/")[0]] = time.monotonic() - started

    assert len(ends) == 4
    assert all(each.most_at_once == 2 for each in slow)  # each was served side by side with the others
    assert max(ends.values()) < 4.0  # two rounds of half a second, not twelve


@pytest.mark.parametrize("backend", ["process", "thread"])
def test_a_host_with_endless_links_leaves_others_their_turn(site, sites, backend):
    other = sites("127.0.0.2")
    for i in range(5):
        other.page(f"/{i}")
    site.page("/", links=[f"/{i}" for i in range(400)])
    for i in range(400):
        site.page(f"/{i}", delay_s=0.01)
    crawler = Crawler(backend=backend, workers=1, per_host=4, follow=True, robots=False)
    others = [f"{other.url}/{i}" for i in range(5)]
    with closing(crawler.items([site.url + "/", *others])) as records:
        first = [record["url"] for record in islice(records, 50)]

    assert set(others) < set(first)


def test_a_host_whose_pages_are_all_refused_holds_up_neither_another_nor_a_stop(site, sites):
    other = sites("127.0.0.2")
    site.robots("User-agent: *\nDisallow: /")
    for i in range(10):
        other.page(f"/{i}")
    crawler = Crawler(workers=4, backend="thread")
    refused, seen = [], []

    @crawler.on_failure
    def lost(page):
        refused.append(page.url)
        threading.Event().wait(0.004)

    @crawler.on_page
    def parse(page):
        seen.append(len(refused))
        if len(seen) == 10:
            crawler.stop(now=True)

    crawler.run([f"{site.url}/{i}" for i in range(2000)] + [f"{other.url}/{i}" for i in range(10)])
    assert len(seen) == 10
    assert len(refused) < 500


@pytest.mark.parametrize("backend", ["process", "thread", "futures-thread"])
def test_what_was_handed_ahead_is_not_asked_of_a_host_that_wants_a_rest(site, backend):
    names = [f"/{i}" for i in range(120)]
    site.page("/", links=names)
    for name in names[:60]:
        site.page(name)
    refused = []

    def refuse(arrival) -> str:
        refused.append(arrival.at)
        return "later"

    for name in names[60:]:
        site.page(name, refuse, status=429, headers={"Retry-After": "1"})
    crawler = Crawler(backend=backend, workers=2, per_host=4, follow=True, robots=False, retries=0)
    for _ in crawler.items(site.url + "/"):
        if refused and time.monotonic() - refused[0] > 0.6:
            break
    else:
        pytest.fail("the crawl was over before the host had its rest")

    first = refused[0]
    assert (
        len([at for at in refused if at - first < 0.8]) <= 2
    )  # one a worker, and nothing that was behind it


def test_a_host_has_its_first_page_while_the_connection_for_its_robots_txt_is_warm(sites):
    hosts = [sites(f"127.0.0.{n}") for n in range(2, 14)]
    for each in hosts:
        each.robots("User-agent: *\nAllow: /")
        each.page("/")
    crawler = Crawler(backend="thread", workers=1)
    found = list(crawler.items([each.url + "/" for each in hosts]))

    assert len(found) == 12
    assert [each.connections for each in hosts] == [1] * 12
