"""The network vanishes under a crawl: nothing is burned, it goes on when there is one, or ends to be resumed."""

import json
import threading
import time
from contextlib import closing

import pytest

from crawlpool import Crawler
from crawlpool.cli.jobs import opened
from crawlpool.errors import NetworkError
from crawlpool.job.reading import meta_of

from ..site import Site

QUICK = {"backend": "thread", "workers": 4, "backoff": 0.0, "retries": 1, "host_rest": 0.05}


class Net:
    """Two hosts that can be unplugged together, and plugged in again."""

    def __init__(self, pages):
        self._pages = pages
        self.asked = []
        self._sites = []
        self.plug(["127.0.0.2", "127.0.0.3"], [0, 0])
        self.urls = [f"{site.url}/{n}" for n in range(pages) for site in self._sites]

    def plug(self, hosts, ports):
        self._sites = [Site(host, port) for host, port in zip(hosts, ports, strict=True)]
        for site in self._sites:
            for number in range(self._pages):
                site.page(f"/{number}", delay_s=0.02)

    def unplug(self):
        places = [site.url.removeprefix("http://").split(":") for site in self._sites]
        for site in self._sites:
            site.close()
            self.asked += site.requests
        self._sites = []
        return [host for host, _ in places], [int(port) for _, port in places]

    def close(self):
        if self._sites:
            self.unplug()


@pytest.fixture
def net():
    with closing(Net(20)) as made:
        yield made


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.timeout(60)
def test_a_crawl_waits_for_a_network_that_is_gone_and_loses_no_page_and_no_try(net, tmp_path):
    back = []

    def watch(stats):
        if stats.pages >= 10 and not back:
            places = net.unplug()
            back.append(threading.Timer(1.5, net.plug, places))
            back[0].start()

    out = tmp_path / "pages.jsonl"
    started = time.monotonic()
    result = Crawler(**QUICK).run(net.urls, output=out, watch=watch)
    back[0].join()

    assert result.ended == "finished"
    assert time.monotonic() - started > 1.5
    assert sorted(each["url"] for each in records(out)) == sorted(net.urls)
    assert {each["status"] for each in records(out)} == {200}
    assert not result.stats.failures


@pytest.mark.timeout(60)
def test_a_network_that_stays_away_ends_the_crawl_which_goes_on_later(net, tmp_path):
    places = []

    def watch(stats):
        if stats.pages >= 10 and not places:
            places.append(net.unplug())

    out = tmp_path / "pages.jsonl"
    with pytest.raises(NetworkError, match="run the same command again"):
        Crawler(**QUICK, max_outage=1.0).run(net.urls, output=out, watch=watch)
    before = records(out)
    with opened(str(out)) as (_, db):
        assert meta_of(db)["ended"] == "network"  # which `crawlpool status` says in words
    with pytest.raises(NetworkError):  # still away: nothing is burned by trying again
        Crawler(**QUICK, max_outage=1.0).run(net.urls, output=out)
    assert records(out) == before
    net.plug(*places[0])
    result = Crawler(**QUICK, max_outage=1.0).run(net.urls, output=out)

    assert result.ended == "finished"
    assert 10 <= len(before) < len(net.urls)
    assert records(out)[: len(before)] == before
    assert sorted(each["url"] for each in records(out)) == sorted(net.urls)
    assert {each["status"] for each in records(out)} == {200}


@pytest.mark.timeout(60)
def test_a_list_of_dead_names_and_closed_ports_ends_without_any_outage(net, tmp_path):
    hosts, ports = net.unplug()
    urls = [f"http://{host}:{port}/{n}" for n in range(3) for host, port in zip(hosts, ports, strict=True)]
    result = Crawler(**QUICK, max_outage=5.0, robots=False).run(urls, output=tmp_path / "pages.jsonl")

    assert result.ended == "finished"
    assert result.stats.failures["connect"] == 6


@pytest.mark.timeout(60)
def test_one_dead_site_among_living_ones_stops_nobody(net, sites, tmp_path):
    other = sites("127.0.0.4")
    for number in range(40):
        other.page(f"/{number}", delay_s=0.01)
    urls = [f"{other.url}/{n}" for n in range(40)]
    dead = [url for url in net.urls if "127.0.0.2" in url]
    gone = []

    def watch(stats):
        if stats.pages >= 8 and not gone:
            gone.append(net.unplug())

    result = Crawler(**QUICK, max_outage=2.0).run(
        [*dead, *urls], output=tmp_path / "pages.jsonl", watch=watch
    )

    assert result.ended == "finished"
    assert result.stats.statuses[200] >= 40 + 1
    assert result.stats.failures["connect"] >= 1
