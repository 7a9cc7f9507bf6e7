"""Redirects as a user sees them: the chain, the record, and what is a page of its own."""

import pytest

from crawlpool import Crawler, fetch_all


def records(urls, **knobs) -> dict:
    found = list(Crawler(**{"backend": "sync", "robots": False, "retries": 0, **knobs}).items(urls))
    by_url = {record["url"]: record for record in found}
    assert len(by_url) == len(found)
    return by_url


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
def test_a_page_knows_its_chain_and_its_end_without_fragment(site, backend):
    site.redirect("/a", "b#one", 301)
    site.redirect("/b", "?c#two", 307)
    site.page("/b?c", title="End")
    (page,) = fetch_all([site.url + "/a#mine"], backend=backend, robots=False)

    assert page.redirects == (site.url + "/a", site.url + "/b")
    assert (page.final_url, page.title, page.url) == (site.url + "/b?c", "End", site.url + "/a#mine")
    assert site.requests == ["/a", "/b", "/b?c"]


def test_a_server_is_asked_for_the_bytes_that_it_named(site):
    site.raw("/latin", b"HTTP/1.1 302 Found\r\nLocation: /caf\xe9\r\nContent-Length: 0\r\n\r\n")
    site.raw("/utf", b"HTTP/1.1 302 Found\r\nLocation: /caf\xc3\xa9 x\r\nContent-Length: 0\r\n\r\n")
    site.page("/caf%E9")
    site.page("/caf%C3%A9%20x")
    found = records([site.url + "/latin", site.url + "/utf"])

    assert [record["final_url"] for record in found.values()] == [
        site.url + "/caf%E9",
        site.url + "/caf%C3%A9%20x",
    ]


def test_a_redirect_to_two_places_goes_to_neither(site):
    site.redirect("/a", "/b", headers={"location": "/c"})
    site.page("/b")
    site.page("/c")
    record = records([site.url + "/a"])[site.url + "/a"]

    assert record["error_kind"] == "redirect"
    assert "/b" in record["error_message"]
    assert "/c" in record["error_message"]
    assert site.requests == ["/a"]


def test_a_redirect_is_followed_although_its_body_is_broken(site):
    site.raw("/a", b"HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 500\r\n\r\n<p>short")
    site.page("/b")

    assert records([site.url + "/a"])[site.url + "/a"]["final_url"] == site.url + "/b"


def test_a_300_with_a_location_is_the_page_that_lists_the_choices(site):
    site.redirect("/a", "/b", 300)
    record = records([site.url + "/a"])[site.url + "/a"]

    assert (record["status"], record["final_url"]) == (300, site.url + "/a")
    assert site.requests == ["/a"]


@pytest.mark.parametrize("follow", [False, True])
def test_a_page_that_sends_its_reader_on_is_a_page_and_where_it_leads_a_link(site, follow):
    site.page("/a", '<meta http-equiv="refresh" content="0; url=/b">')
    site.page("/b", title="B")
    found = records([site.url + "/a"], follow=follow)

    assert (found[site.url + "/a"]["status"], found[site.url + "/a"]["final_url"]) == (200, site.url + "/a")
    assert ((site.url + "/b") in found) == follow
