"""Scrapers as people write them, under test by crawlpool.testing, responses and pytest."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import responses

import crawlpool
from crawlpool import Crawler, testing

ROOT = Path(__file__).resolve().parents[2]

SCRAPER = """
from crawlpool import Crawler

crawler = Crawler(delay=2.0, workers=4)

@crawler.on_page("/books/*")
def book(page):
    yield {"title": page.get("h1")}
    yield from page.follow_all(css="a.next")

def main(output):
    return crawler.run("https://books.example/books/1", output=output)
"""

TESTS = """
import json
import pytest
import scraper
from crawlpool import testing

@pytest.fixture
def shop():
    with testing.pages({
        "https://books.example/books/1": "<h1>One</h1><a class=next href=2>",
        "/books/2": "<h1>Two</h1>",
    }) as site:
        yield site

def test_the_whole_scraper(shop, tmp_path):
    result = scraper.main(tmp_path / "books.jsonl")
    assert result.stats.items == 2
    assert [json.loads(line)["title"] for line in (tmp_path / "books.jsonl").read_text().splitlines()] == ["One", "Two"]

def test_again_from_the_start(shop, tmp_path):
    shop.add("/books/2", testing.answer(status=404))
    assert scraper.main(tmp_path / "books.jsonl").stats.items == 1

def test_nothing_is_asked_without_pages():
    with testing.pages({}) as site:
        assert list(scraper.crawler.items("https://books.example/books/1")) == []
    assert site.urls == ["https://books.example/books/1"]
"""


def test_a_scraper_with_its_crawler_in_a_module_is_tested_by_pytest(tmp_path):
    (tmp_path / "scraper.py").write_text(SCRAPER)
    (tmp_path / "test_scraper.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


@pytest.mark.parametrize("backend", ["sync", "thread", "futures-thread"])
@responses.activate
def test_responses_stands_in_for_servers_on_backends_of_this_process(backend):
    responses.get("https://books.example/robots.txt", body="User-agent: *\nDisallow: /private\n")
    responses.get(
        "https://books.example/1", body="<h1>One</h1><a class=next href=2>", content_type="text/html"
    )
    responses.get("https://books.example/2", status=503)
    responses.get("https://books.example/2", body="<h1>Two</h1>", content_type="text/html")
    crawler = Crawler(backend=backend, backoff=0.01)

    @crawler.on_page
    def book(page):
        yield {"title": page.get("h1")}
        yield from page.follow_all(css="a.next")

    @crawler.on_failure
    def lost(page):
        yield {"title": page.failure.kind.value}

    items = list(crawler.items(["https://books.example/1", "https://books.example/private"]))
    assert sorted(item["title"] for item in items) == ["One", "Two", "robots"]
    assert responses.calls[0].request.headers["User-Agent"].startswith("crawlpool/")


def test_a_rehearsed_crawl_costs_no_more_time_than_its_handlers():
    pages = {f"https://books.example/{number}": f"<h1>{number}</h1>" for number in range(300)}
    with testing.pages(pages) as site:
        got = crawlpool.fetch_all(list(pages), delay=10, backend="thread", workers=2)
    assert [page.get("h1") for page in got] == [str(number) for number in range(300)]
    assert max(site.counts.values()) == 1


def test_a_program_that_does_not_test_loads_nothing_of_it():
    code = (
        "import sys, crawlpool\n"
        "list(crawlpool.Crawler(backend='sync', retries=0).items('http://127.0.0.1:9/'))\n"
        "print([name for name in sys.modules if name.startswith('crawlpool.testing')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_name_for_tests_stands_in_the_reference():
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    section = text.partition("\n## Names for tests\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == set(testing.__all__)
