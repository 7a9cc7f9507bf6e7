"""What is asked for a URL: parameters left away, lengths bounded, user names and passwords nowhere."""

import json
import logging
import re

import pytest

import crawlpool
from crawlpool import ConfigError, Crawler, Request
from crawlpool.cli import main
from crawlpool.urls import public

from ..command import command

QUICK = {"backend": "sync", "backoff": 0.0}
SECRET = "s3cr3t-word"


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def with_secret(url):
    return url.replace("http://", f"http://somebody:{SECRET}@")


# Parameters


def test_links_that_differ_in_stripped_parameters_are_one_page_and_asked_without(site):
    site.page("/", links=["/a?utm_source=x&p=1", "/a?p=1&utm_medium=y", "/a?p=1", "/a;jsessionid=1"])
    site.page("/a")
    seen = list(
        Crawler(**QUICK, follow=True, strip_params="utm_*,session").items(f"{site.url}/?utm_campaign=z")
    )

    assert sorted(site.requests) == ["/", "/a", "/a?p=1"]
    assert sorted(each["final_url"] for each in seen) == [
        f"{site.url}{path}" for path in ("/", "/a", "/a?p=1")
    ]
    assert sorted(each["url"].removeprefix(site.url) for each in seen) == [
        "/?utm_campaign=z",
        "/a;jsessionid=1",
        "/a?utm_source=x&p=1",
    ]


def test_without_the_knob_every_one_of_them_is_asked(site):
    site.page("/", links=["/a?utm_source=x&p=1", "/a?p=1&utm_medium=y", "/a?p=1"])
    site.page("/a")
    Crawler(**QUICK, follow=True).run(f"{site.url}/")

    assert len(site.requests) == 4


def test_sorted_parameters_make_one_page_of_two_orders(site):
    site.page("/", links=["/a?c=1&b=2", "/a?b=2&c=1"])
    site.page("/a")
    Crawler(**QUICK, follow=True, sort_params=True).run(f"{site.url}/")

    assert sorted(site.requests) == ["/", "/a?b=2&c=1"]


def test_a_redirect_is_stripped_as_a_link_is(site):
    site.redirect("/go", "/a?utm_source=go")
    site.page("/a")
    [record] = Crawler(**QUICK, strip_params="utm_*").items(f"{site.url}/go")

    assert site.requests == ["/go", "/a"]
    assert (record["status"], record["final_url"]) == (200, f"{site.url}/a")


def test_a_server_that_insists_on_a_parameter_gets_it(site):
    site.redirect("/a", "/a?sid=1")
    site.page("/a?sid=1")
    [record] = Crawler(**QUICK, strip_params="sid").items(f"{site.url}/a")

    assert site.requests == ["/a", "/a?sid=1"]
    assert (record["status"], record["final_url"]) == (200, f"{site.url}/a?sid=1")


def test_a_server_that_insists_for_ever_ends_as_a_failure(site):
    for number in range(50):
        site.redirect(f"/a?sid={number}", f"/a?sid={number + 1}")
    site.redirect("/a", "/a?sid=0")
    [record] = Crawler(**QUICK, strip_params="sid", max_redirects=5).items(f"{site.url}/a")

    assert record["error_kind"] == "redirect"
    assert len(site.requests) == 6


def test_what_a_handler_asks_for_is_stripped_too(site):
    site.page("/")
    site.page("/a")
    crawler = Crawler(**QUICK, strip_params="x")

    @crawler.on_page("/")
    def first(page):
        yield page.follow("/a?x=1")
        yield page.follow("/a?x=2")

    crawler.run(f"{site.url}/")
    assert site.requests == ["/", "/a"]


def test_fetch_all_gives_a_page_for_each_url_also_where_two_are_one_when_stripped(site):
    site.page("/a")
    urls = [f"{site.url}/a?x=1", f"{site.url}/a?x=2", f"{site.url}/a"]
    pages = crawlpool.fetch_all(urls, **QUICK, strip_params="x")

    assert [page.status for page in pages] == [200, 200, 200]
    assert site.requests == ["/a"]


def test_a_job_goes_on_only_with_the_same_rules(site, tmp_path):
    site.page("/a")
    out = tmp_path / "pages.jsonl"
    with pytest.raises(ValueError, match="enough"):
        Crawler(**QUICK, strip_params="x").run(f"{site.url}/a?x=1", output=out, watch=enough)

    with pytest.raises(ConfigError, match=re.escape("strip-params (was x, now y)")):
        Crawler(**QUICK, strip_params="y").run(f"{site.url}/a?x=1", output=out)
    Crawler(**QUICK, strip_params="x").run(f"{site.url}/a?x=1", output=out)
    assert [each["url"] for each in records(out)] == [f"{site.url}/a?x=1"]


def test_a_job_tells_of_a_url_by_what_was_found_and_by_what_was_asked(site, tmp_path, capsys):
    site.page("/a")
    out = tmp_path / "pages.jsonl"
    Crawler(**QUICK, strip_params="x", sort_params=True).run(f"{site.url}/a?x=1&c=2&b=3", output=out)

    for asked in ("/a?x=1&c=2&b=3", "/a?b=3&c=2", "/a?c=2&b=3&x=7"):
        assert main(["why", site.url + asked, "--job", str(out)]) == 0
    assert capsys.readouterr().out.count("answered with HTTP 200") == 3


def enough(stats):
    raise ValueError("enough")


# Lengths


def test_a_link_that_is_too_long_is_left_out_and_counted(site):
    site.page("/", links=["/" + "a" * 3000, "/" + "b" * 900])
    result = Crawler(**QUICK, follow=True, max_url=1000).run(f"{site.url}/")

    assert site.requests == ["/", "/" + "b" * 900]
    assert result.stats.skips == {"url too long": 1}


def test_a_listed_url_that_is_too_long_fails_and_says_so(site):
    [record] = Crawler(**QUICK, max_url=1000).items(f"{site.url}/{'a' * 3000}")

    assert record["error_kind"] == "invalid_url"
    assert re.search(r"has 3,0\d\d characters, and 1,000 are allowed \(max_url\)", record["error_message"])
    assert site.requests == []


def test_a_redirect_to_a_url_that_is_too_long_is_a_failure(site):
    site.redirect("/a", "/" + "a" * 3000)
    [record] = Crawler(**QUICK, max_url=1000).items(f"{site.url}/a")

    assert record["error_kind"] == "redirect"
    assert "max_url" in record["error_message"]


def test_the_length_counts_as_it_is_asked_that_is_escaped(site):
    site.page("/")
    [record] = Crawler(**QUICK, max_url=300).items(site.url + "/" + "\u00e4" * 100)

    assert record["error_kind"] == "invalid_url"


# User name and password


def test_user_name_and_password_are_taken_out_of_a_text_and_nothing_else_is():
    assert public("http://u:p@a/x@y") == "http://a/x@y"
    assert public("HTTP:\\\\u@a/") == "HTTP:\\\\a/"
    assert public("mailto:u@a") == "mailto:u@a"
    assert public("http://a/?q=u:p@b") == "http://a/?q=u:p@b"


@pytest.fixture
def crawled(site, caplog):
    """A crawl that names a user and password in seeds, links and redirects, and what it logged."""
    caplog.set_level(logging.DEBUG, logger="crawlpool")
    site.page("/", links=[with_secret(f"{site.url}/linked")])
    site.redirect("/moved", with_secret(f"{site.url}/there"))
    for path in ("/linked", "/there", "/asked"):
        site.page(path)
    site.page("/raises")
    pages = []
    crawler = Crawler(**QUICK, follow=True, retries=0)

    @crawler.on_page
    def each(page):
        pages.append(page)
        if page.url.endswith("/raises"):
            raise ValueError(f"nothing on {page.url}")
        if page.url == f"{site.url}/":
            yield page.follow(with_secret(f"{site.url}/asked"))
            yield Request(with_secret("http://[bad"))
        yield {"url": page.url, "final_url": page.final_url, "found_on": page.found_on}

    return (
        crawler,
        pages,
        [with_secret(f"{site.url}{path}") for path in ("/", "/moved", "/raises", "/missing")],
    )


def test_no_log_line_has_it(crawled, caplog):
    crawler, _, seeds = crawled
    crawler.run(seeds)
    assert len(caplog.records) > 8
    assert SECRET not in caplog.text


def test_no_page_and_no_item_has_it(crawled, site):
    crawler, pages, seeds = crawled
    items = list(crawler.items(seeds))
    assert {page.url for page in pages} >= {
        f"{site.url}{path}" for path in ("/", "/moved", "/linked", "/asked")
    }
    assert SECRET not in json.dumps(items)
    assert all(SECRET not in f"{page!r} {page.url} {page.final_url} {page.request}" for page in pages)


def test_it_never_becomes_a_header(crawled, site):
    crawler, _, seeds = crawled
    crawler.run(seeds)
    assert site.requests
    sent = [arrival for arrival in site.log if arrival.header("authorization") is not None]
    assert sent == []
    assert all(SECRET not in str(arrival) and "somebody" not in str(arrival) for arrival in site.log)


def test_no_record_no_list_of_failures_and_no_job_has_it(site, tmp_path):
    site.page("/a")
    seeds = [with_secret(f"{site.url}/a"), with_secret(f"{site.url}/missing"), with_secret("http://[bad")]
    out, failed = tmp_path / "pages.jsonl", tmp_path / "failed.txt"
    said = []
    Crawler(**QUICK).run(seeds, output=out, failed=failed, notice=said.append)

    assert {each["url"] for each in records(out)} >= {f"{site.url}/a", f"{site.url}/missing"}
    assert "/missing" in failed.read_text(encoding="utf-8")
    assert all(SECRET.encode() not in each.read_bytes() for each in tmp_path.iterdir())
    assert said
    assert SECRET not in " ".join(said)


@pytest.mark.parametrize("wrong", ["http://[bad", "ftp://a/", "http://"])
def test_no_error_message_has_it(wrong):
    wrong = wrong.replace("://", f"://somebody:{SECRET}@")
    with pytest.raises(ConfigError) as raised:
        Crawler(**QUICK).run(wrong)
    assert SECRET not in str(raised.value)
    [page] = crawlpool.fetch_all([Request(wrong)], **QUICK)
    assert SECRET not in f"{page!r} {page.error}"


@pytest.mark.parametrize("wrong", ["http://[bad", "ftp://a/"])
def test_the_command_says_it_nowhere(wrong, tmp_path, capsys):
    wrong = wrong.replace("://", f"://somebody:{SECRET}@")
    assert main([wrong]) == 2
    listed = tmp_path / "urls.txt"
    listed.write_text(f"{wrong}\n{with_secret('http://127.0.0.1:9/')}\n", encoding="utf-8")
    main([str(listed), "--dry-run"])

    said = "".join(capsys.readouterr())
    assert "127.0.0.1:9" in said
    assert SECRET not in said


def test_what_looks_into_a_job_says_it_nowhere(site, tmp_path):
    site.page("/a")
    site.redirect("/moved", "/a")
    listed = tmp_path / "urls.txt"
    seeds = [with_secret(f"{site.url}{path}") for path in ("/a", "/moved", "/missing")]
    listed.write_text("\n".join(seeds), encoding="utf-8")

    def shown(*words):
        done = command(words, folder=tmp_path)
        return done.stdout + done.stderr

    said = shown(
        "urls.txt", "-o", "o.jsonl", "--failed", "f.txt", "--backend", "thread", "-vv", "--log-file", "l"
    )
    said += shown("failures", "o.jsonl")
    for seed in seeds:
        said += shown("why", seed, "--job", "o.jsonl")
    said += shown("status", "o.jsonl", "--json")

    assert "answered with HTTP 200" in said
    assert SECRET not in said
    listed.unlink()
    assert all(SECRET.encode() not in each.read_bytes() for each in tmp_path.iterdir())
