"""Crawls against pages that nobody serves: what they see, and that nothing else is asked."""

import socket
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import crawlpool
from crawlpool import ConfigError, Crawler, Request, testing

SHOP = "https://shop.example/"


def titles(pages):
    return [page.title for page in pages]


@pytest.mark.parametrize("backend", [None, "sync", "thread", "process", "futures-thread", "futures-process"])
def test_a_crawler_follows_links_without_a_server_on_any_backend(backend):
    crawler = Crawler(follow=True, backend=backend)
    with testing.pages({SHOP: '<a href="/1">1</a> <a href="/2">2</a>', "/1": "one", "/2": "two"}) as site:
        records = list(crawler.items(SHOP))
    assert sorted(record["url"] for record in records) == [SHOP, SHOP + "1", SHOP + "2"]
    assert sorted(site.urls) == [SHOP, SHOP + "1", SHOP + "2"]


def test_no_socket_is_opened_and_no_name_looked_up(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with testing.pages({SHOP: "<title>Books</title>"}):
        assert titles(crawlpool.fetch_all([SHOP, "http://10.0.0.1/"])) == ["Books", "Not found"]


def test_after_the_block_the_network_is_asked_again(site):
    site.page("/", title="served")
    with testing.pages({site.url + "/": "<title>made up</title>"}):
        assert titles(crawlpool.fetch_all([site.url + "/"])) == ["made up"]
    assert site.log == []
    assert titles(crawlpool.fetch_all([site.url + "/"], backend="sync")) == ["served"]


def test_of_two_blocks_the_inner_one_answers():
    with testing.pages({SHOP: "<title>outer</title>"}), testing.pages({SHOP: "<title>inner</title>"}):
        assert titles(crawlpool.fetch_all([SHOP])) == ["inner"]


def test_a_block_that_raises_answers_no_more(site):
    site.page("/", title="served")
    with pytest.raises(ZeroDivisionError), testing.pages({}):
        _ = 1 / 0
    assert titles(crawlpool.fetch_all([site.url + "/"], backend="sync")) == ["served"]


def test_a_crawler_made_before_the_block_is_answered_inside():
    crawler = Crawler(workers=8, delay=60, host_rate=0.001)
    crawler.on_page(lambda page: {"h": page.get("h1")})
    started = time.monotonic()
    with testing.pages({SHOP: "<h1>1</h1>", "/2": "<h1>2</h1>"}):
        items = list(crawler.items([SHOP, SHOP + "2"]))
    assert [item["h"] for item in items] == ["1", "2"]
    assert time.monotonic() - started < 10  # not the minute of its delay


def test_a_crawl_on_another_thread_is_answered_too():
    got = []
    with testing.pages({SHOP: "<title>Books</title>"}):
        thread = threading.Thread(target=lambda: got.extend(crawlpool.fetch_all([SHOP])))
        thread.start()
        thread.join(20)
    assert titles(got) == ["Books"]


def test_an_executor_of_threads_works_and_one_of_processes_is_refused():
    with testing.pages({SHOP: "<title>Books</title>"}):
        with ThreadPoolExecutor(1) as threads:
            assert titles(crawlpool.fetch_all([SHOP], backend=threads)) == ["Books"]
        with (
            ProcessPoolExecutor(1) as processes,
            pytest.raises(ConfigError, match=r"answers in this process.*ThreadPoolExecutor"),
        ):
            crawlpool.fetch_all([SHOP], backend=processes)


def test_robots_txt_is_not_asked_for_unless_wanted():
    pages = {SHOP: "<title>Books</title>", "/robots.txt": "User-agent: *\nDisallow: /\nCrawl-delay: 60"}
    with testing.pages(pages) as site:
        assert crawlpool.fetch_all([SHOP])[0].ok
    assert site.urls == [SHOP]
    with testing.pages(pages, robots=True) as site:
        page = crawlpool.fetch_all([SHOP])[0]
    assert page.failure.kind == "robots"
    assert site.urls == [SHOP + "robots.txt"]


def test_a_crawl_delay_is_not_waited_for():
    pages = {SHOP: "1", "/2": "2", "/3": "3", "/robots.txt": "User-agent: *\nCrawl-delay: 60"}
    started = time.monotonic()
    with testing.pages(pages, robots=True):
        assert all(page.ok for page in crawlpool.fetch_all([SHOP, SHOP + "2", SHOP + "3"]))
    assert time.monotonic() - started < 10


def test_what_is_not_there_is_not_found_or_what_the_test_says():
    with testing.pages({SHOP: "1"}):
        assert crawlpool.fetch_all([SHOP + "x"])[0].status == 404
    with testing.pages({SHOP: "1"}, missing=testing.answer(status=410)):
        assert crawlpool.fetch_all([SHOP + "x"])[0].error == "HTTP 410 Gone"


def test_answers_come_in_turn_and_the_last_stays():
    with testing.pages({SHOP: ["<title>1</title>", testing.answer("<title>2</title>")]}):
        got = [crawlpool.fetch_all([SHOP])[0].title for _ in range(3)]
    assert got == ["1", "2", "2"]


def test_a_function_sees_what_was_sent_and_makes_the_answer():
    def search(asked):
        assert asked.header("content-type") == "application/x-www-form-urlencoded"
        return f"<title>{asked.method} {asked.body.decode()}</title>"

    with testing.pages({SHOP: search}) as site:
        page = crawlpool.fetch_all([Request(SHOP, form={"q": "sea"}, headers={"X-Api-Key": "k"})])[0]
    assert page.title == "POST q=sea"
    assert site.asked[0].header("x-api-key") == "k"
    assert "crawlpool" in site.asked[0].header("User-Agent")


def test_a_function_that_raises_is_a_failure_of_its_page():
    def broken(asked):
        raise ValueError("the test is wrong")

    with testing.pages({SHOP: broken}):
        page = crawlpool.fetch_all([SHOP])[0]
    assert page.failure.kind == "unexpected"
    assert "the test is wrong" in page.error


def test_cookies_and_redirects_work_as_on_the_web():
    pages = {
        SHOP: testing.answer(status=303, headers={"Location": "/in", "Set-Cookie": "session=1; Path=/"}),
        "/in": lambda asked: f"<title>{asked.header('cookie')}</title>",
        "/old": testing.redirect("/in", status=301),
    }
    with testing.pages(pages):
        first, second = crawlpool.fetch_all([SHOP, SHOP + "old"])
    assert first.title == "session=1"
    assert second.redirects == (SHOP + "old",)


def test_bodies_have_the_type_that_their_answer_says(tmp_path):
    (tmp_path / "data.json").write_text('{"a": [1]}')
    pages = {
        SHOP: testing.answer(b"caf\xe9", content_type="text/plain; charset=latin-1"),
        "/data": tmp_path / "data.json",
        "/none": testing.answer("<title>t</title>", content_type=None),
        "/coded": testing.answer(b"no gzip at all", headers={"Content-Encoding": "gzip"}),
    }
    with testing.pages(pages):
        plain, data, none, coded = crawlpool.fetch_all(
            [SHOP + each for each in ("", "data", "none", "coded")]
        )
    assert plain.text == "café"
    assert data.json() == {"a": [1]}
    assert (none.content_type, none.title) == ("text/html", "t")
    assert coded.failure.kind == "decoding"


def test_a_long_body_is_cut_at_the_cap():
    with testing.pages({SHOP: "x" * 5000}):
        page = crawlpool.fetch_all([SHOP], max_body=1000)[0]
    assert (len(page.content), page.is_cut) == (1000, True)


def test_a_folder_of_files_is_a_site(tmp_path):
    (tmp_path / "books").mkdir()
    (tmp_path / "index.html").write_text('<a href="books/">Books</a><a href="a.css">')
    (tmp_path / "books" / "index.html").write_text("<title>Bücher</title>", encoding="utf-8")
    (tmp_path / "a.css").write_text("a {}")
    with testing.pages(tmp_path, site=SHOP):
        records = {each["url"]: each for each in Crawler(follow=True).items(SHOP)}
    assert records[SHOP + "books/"]["title"] == "Bücher"
    assert records[SHOP + "a.css"]["content_type"] == "text/css"


def test_sitemaps_are_pages_too():
    listed = f"<urlset><url><loc>{SHOP}a</loc></url><url><loc>{SHOP}b</loc></url></urlset>"
    pages = {
        SHOP: "1",
        "/a": "a",
        "/b": "b",
        "/sitemap.xml": testing.answer(listed, content_type="application/xml"),
    }
    with testing.pages(pages) as site:
        records = list(Crawler(sitemap=True).items(SHOP))
    assert {each["url"] for each in records} == {SHOP, SHOP + "a", SHOP + "b"}
    assert site.counts[SHOP + "sitemap.xml"] == 1


def test_pages_can_be_added_while_a_crawl_runs():
    with testing.pages({SHOP: "1"}) as site:
        assert not crawlpool.fetch_all([SHOP + "new"])[0].ok
        site.add("/new", "here")
        assert crawlpool.fetch_all([SHOP + "new"])[0].ok


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ftp://shop.example/": "x"}, "is no URL of a page"),
        ({"/": 42}, "should be text, bytes, a Path"),
        ({"/": []}, "is an empty list"),
        ("no such folder", "there is no folder"),
    ],
)
def test_what_is_no_page_is_said_before_the_crawl(given, words):
    with pytest.raises(ConfigError, match=words):
        testing.pages(given)


def test_a_job_works_as_always(tmp_path):
    output = tmp_path / "pages.jsonl"
    with testing.pages({SHOP: "<title>1</title>", "/2": "<title>2</title>"}) as site:
        first = Crawler(max_pages=1).run([SHOP, SHOP + "2"], output=output)
        second = Crawler().run([SHOP, SHOP + "2"], output=output)
    assert (first.ended, second.ended) == ("max_pages", "finished")
    assert len(output.read_text().splitlines()) == 2
    assert sorted(site.urls) == [SHOP, SHOP + "2"]


def test_the_command_is_answered_too(tmp_path, capsys):
    from crawlpool.cli import main

    output = tmp_path / "pages.jsonl"
    with testing.pages({SHOP: "<title>Books</title>"}):
        assert main([SHOP, "-q", "-o", str(output)]) == 0
    assert '"Books"' in output.read_text()
