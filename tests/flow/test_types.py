"""What a crawl makes of answers that are labelled wrongly, or not at all."""

import gzip
import time

import pytest

import crawlpool
from crawlpool import Crawler

PAGE = "<!doctype html><title>t</title><a href=/next>next</a>"
FILM = b"\x1a\x45\xdf\xa3\x42\x82\x84webm" + bytes(500_000)


@pytest.fixture
def crawl(site):
    """Crawl the site by its links on one thread; records by path."""

    def run(**knobs):
        crawler = Crawler(backend="sync", follow=True, **knobs)
        return {record["url"].removeprefix(site.url): record for record in crawler.items(site.url + "/")}

    return run


def test_a_page_without_a_label_is_followed_whatever_its_length(site, crawl):
    site.page("/", links=["/short", "/long", "/zipped"])
    site.page("/short", PAGE, content_type=None)
    site.page("/long", f"{PAGE}<a href=/more>{'x' * 200_000}", content_type="*/*")
    packed = gzip.compress(f"{PAGE}<a href=/packed>{'x' * 200_000}".encode())
    site.page("/zipped", packed, content_type=None, headers={"Content-Encoding": "gzip"})
    for path in ("/next", "/more", "/packed"):
        site.page(path)
    records = crawl()
    assert {"/next", "/more", "/packed"} <= set(records)
    assert (records["/long"]["title"], records["/long"]["content_type"]) == ("t", "text/html")
    assert records["/long"]["bytes"] > 200_000


def test_a_film_without_a_label_is_left_unread_behind_its_first_bytes(site, crawl):
    site.page("/", links=["/film"])
    site.page("/film", FILM, content_type=None)
    record = crawl()["/film"]
    assert (record["content_type"], record["bytes"], record["error_kind"]) == ("video/webm", None, None)


def test_what_is_labelled_as_text_or_bytes_is_no_page(site, crawl):
    site.page("/", links=["/text", "/bytes", "/feed"])
    site.page("/text", PAGE, content_type="text/plain; charset=utf-8")
    site.page("/bytes", PAGE, content_type="application/octet-stream")
    site.page("/feed", "<?xml version='1.0'?><rss/>", content_type="application/rss+xml")
    records = crawl()
    assert "/next" not in records
    assert {path: record["content_type"] for path, record in records.items()} == {
        "/": "text/html",
        "/text": "text/plain",
        "/bytes": "application/octet-stream",
        "/feed": "application/rss+xml",
    }


def test_a_server_that_forbids_sniffing_is_obeyed(site, crawl):
    site.page("/", links=["/page"])
    site.page("/page", PAGE, content_type=None, headers={"X-Content-Type-Options": "nosniff"})
    records = crawl()
    assert (records["/page"]["content_type"], records["/page"]["title"]) == ("text/plain", None)
    assert "/next" not in records


def test_a_record_says_what_it_is_where_the_label_lies(site, crawl):
    site.page("/", links=["/picture", "/text"])
    site.page("/picture", b"GIF89a\1\0\1\0", content_type="image/png")
    site.page("/text", b"\x7fELF\0\0", content_type="text/plain")
    records = crawl()
    assert (records["/picture"]["content_type"], records["/text"]["content_type"]) == (
        "image/gif",
        "application/octet-stream",
    )


def test_every_body_is_read_if_asked_for(site, crawl):
    site.page("/", links=["/film"])
    site.page("/film", FILM, content_type="video/webm")
    assert crawl()["/film"]["bytes"] is None
    assert crawl(all_bodies=True)["/film"]["bytes"] == len(FILM)


def test_a_film_that_drips_holds_nobody_up(site, crawl):
    site.page("/", links=["/film"])
    site.drip("/film", FILM, content_type="video/webm", every_s=1.0)
    began = time.monotonic()
    assert crawl()["/film"]["content_type"] == "video/webm"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("backend", ["sync", "thread"])
def test_a_listed_file_of_any_type_is_read_and_named(site, backend):
    site.page("/page", PAGE, content_type=None)
    site.page("/film", FILM, content_type="video/mp4")
    urls = [site.url + "/page", site.url + "/film"]
    pages = crawlpool.fetch_all(urls, backend=backend)
    assert [
        (page.content_type, page.response.content_type, page.title, len(page.content)) for page in pages
    ] == [
        ("text/html", "", "t", len(PAGE)),
        ("video/webm", "video/mp4", None, len(FILM)),
    ]
