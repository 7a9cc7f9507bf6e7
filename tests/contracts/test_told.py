"""Links that the main process has taken stay behind in the worker, and nothing comes of that but less work."""

import json
import random

import pytest

from crawlpool import Crawler
from crawlpool.following import Following
from crawlpool.model import Facts
from crawlpool.worker.told import Told
from crawlpool.worker.wire import Want, response_answer

from . import transports

pytestmark = pytest.mark.timeout(60)

A, B, C, D = (f"http://a.example/{name}" for name in "abcd")


def order(number: int, wants: int = int(Want.FACTS | Want.LINKS | Want.NEW_LINKS)):
    return (number, "GET", f"http://a.example/{number}", (), b"", wants)


def answer(number: int, *links: str):
    return response_answer(
        order(number), status=200, reason="OK", http_version="HTTP/1.1", headers=(), request_headers=(),
        remote_address="", body=b"", is_cut=False, is_body_read=True, raw_body=None,
        facts=Facts(title="T", link_count=len(links), links=links, left_out=3), media_type="text/html",
        fetched_at=0.0, elapsed_s=0.0, wait_s=0.0, received=0, worker=1,
    )  # fmt: skip


def come(told: Told, number: int, *links: str) -> tuple[str, ...]:
    """Which links of a page cross."""
    came = told.without_known(answer(number, *links))
    assert (came[:13], came[14:]) == (answer(number)[:13], answer(number)[14:])
    facts = Facts._make(came[13])
    assert (facts.title, facts.link_count, facts.left_out) == ("T", len(links), 3)
    return facts.links


def test_what_was_taken_stays_behind_and_what_was_refused_comes_again():
    told = Told()
    told.ordered(order(1))
    assert come(told, 1, A, B, C) == (A, B, C)
    told.take(((1, (1,)),))
    told.ordered(order(2))
    assert come(told, 2, C, B, D, A) == (B, D)


def test_nothing_stays_behind_before_the_main_process_has_said_that_it_took_it():
    told = Told()
    told.ordered(order(1))
    told.ordered(order(2))
    assert come(told, 1, A, B) == (A, B)
    assert come(told, 2, A, B) == (A, B)
    told.ordered(order(3))
    assert come(told, 3, A, B) == (A, B)


def test_a_page_that_was_ordered_before_its_links_were_taken_gives_them_all():
    """It may be nearer to a seed than the page that they were taken of: the order could not know."""
    told = Told()
    told.ordered(order(1))
    told.ordered(order(2))
    come(told, 1, A)
    told.take(((1, ()),))
    assert come(told, 2, A) == (A,)


def test_a_page_that_is_to_name_all_its_links_does():
    told = Told()
    told.ordered(order(1))
    come(told, 1, A)
    told.take(((1, ()),))
    told.ordered(order(2, int(Want.FACTS | Want.LINKS)))
    assert come(told, 2, A) == (A,)


def test_past_its_bound_it_forgets_and_all_links_come_again():
    told = Told(most=2)
    told.ordered(order(1))
    come(told, 1, A, B, C)
    told.take(((1, ()),))
    told.ordered(order(2))
    assert come(told, 2, A) == ()
    told.take(((2, ()),))
    told.ordered(order(3))
    assert come(told, 3, A) == (A,)


def test_an_order_that_goes_back_unbegun_leaves_nothing():
    told = Told()
    told.ordered(order(1))
    told.forget(order(1))
    assert come(told, 1, A) == (A,)
    assert (told._begun_in, told._open) == ({}, {})


# A whole crawl


@pytest.fixture
def web(site):
    """Pages that name each other at random, and each of them what is refused as well."""
    dice = random.Random(7)
    for i in range(120):
        links = [f"/{dice.randrange(120)}" for _ in range(8)]
        links += ["http://elsewhere.example/", "/private/x", f"/deep/{'a/' * 30}{i}"]
        page = "".join(f'<a href="{link}">x</a>' for link in links)
        page += '<a rel=nofollow href="/never">x</a>'
        if i % 10 == 3:
            page = f'<meta name=robots content="nofollow"><a href="/hidden-{i}">x</a>'
        site.page(f"/{i}", f"<title>{i}</title>{page}")
    return site


def crawled(web, path, **knobs):
    crawler = Crawler(robots=True, follow=True, exclude=("/private/*",), per_host=8, **knobs)
    result = crawler.run(web.url + "/0", output=path, start="fresh")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return {each["url"]: (each["links"], each["title"]) for each in records}, dict(result.stats.skips)


@pytest.mark.parametrize(
    "knobs",
    [
        {"backend": "process", "workers": 2},
        pytest.param(
            {"backend": "thread", "workers": 1, "connections": 8, "transport": "curl"},
            marks=transports.NEEDS_PYCURL,
        ),
        {"backend": "process", "workers": 2, "connections": 4},
        {"backend": "process", "workers": 1, "depth": 3},
    ],
)
def test_a_crawl_finds_the_same_pages_and_leaves_out_the_same_as_where_nothing_stays_behind(
    web, tmp_path, knobs
):
    path = tmp_path / "pages.jsonl"
    plain, left_out = crawled(
        web, path, backend="sync", **{"depth": knobs["depth"]} if "depth" in knobs else {}
    )
    found, also_left_out = crawled(web, path, **knobs)
    assert len(plain) > 80
    assert found == plain
    assert left_out == also_left_out
    assert sum(left_out.values()) > 200


def test_most_links_of_a_crawl_do_stay_behind(web, monkeypatch, tmp_path):
    came = []
    links_of = Following.links_of

    def counted(self, response):
        came.append(len(response.facts.links))
        return links_of(self, response)

    monkeypatch.setattr(Following, "links_of", counted)
    found, _ = crawled(web, tmp_path / "pages.jsonl", backend="process", workers=1)
    assert len(found) > 100
    assert sum(came[-40:]) / 40 < 5  # of eleven: three of each page are refused, and come each time
