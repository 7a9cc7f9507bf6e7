"""`--trace`: every step of every URL, by whom and when; as text, as JSON, as a picture."""

import json
import os
import re
import threading
import time
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

import pytest

from crawlpool import ConfigError, Crawler
from crawlpool.timeline import Event, drawn
from crawlpool.trace import STEPS, Trace

from ..command import command

SVG = "{http://www.w3.org/2000/svg}"


def titles(item):
    yield {"title": item.title}


@pytest.fixture
def traced(site, tmp_path):
    """Crawl a small web; the steps that were written."""

    def crawl(*, handler=titles, **knobs):
        site.page("/", links=["/a", "/old"])
        site.page("/a", delay_s=0.02)
        site.redirect("/old", "/b")
        site.page("/b", delay_s=0.02)
        crawler = Crawler(follow=True, workers=2, **knobs)
        if handler is not None:
            crawler.on_page(handler)
        crawler.run(site.url + "/", output=str(tmp_path / "out.jsonl"), trace=tmp_path / "trace.jsonl")
        return [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]

    return crawl


def by_url(steps):
    found = defaultdict(list)
    for each in steps:
        found[each["url"]].append(each)
    return found


@pytest.mark.parametrize("backend", ["process", "thread", "sync", "futures-process", "futures-thread"])
def test_a_page_takes_every_step_in_order_whatever_the_workers_are(traced, site, backend):
    steps = traced(backend=backend)
    of_page = by_url(steps)[site.url + "/a"]
    assert [each["step"] for each in of_page] == [step for step in STEPS if step != "lost"]
    assert [each["ms"] for each in steps] == sorted(each["ms"] for each in steps)


def test_a_process_fetches_a_thread_of_the_pools_calls_back_and_the_main_thread_does_the_rest(traced, site):
    steps = {each["step"]: each for each in by_url(traced(backend="process"))[site.url + "/a"]}
    assert steps["began"]["pid"] == steps["answered"]["pid"] != os.getpid()
    assert steps["called_back"]["pid"] == os.getpid()
    assert steps["called_back"]["thread"] != threading.current_thread().name
    for step in ("found", "let_go", "handed", "settled", "handler", "stored", "committed"):
        assert (steps[step]["pid"], steps[step]["thread"]) == (os.getpid(), threading.current_thread().name)
    assert steps["answered"]["ms"] - steps["began"]["ms"] >= 19
    assert steps["handler"]["note"] == "titles"


def test_without_workers_the_main_thread_does_everything(traced):
    threads = {(each["pid"], each["thread"]) for each in traced(backend="sync")}
    assert threads == {(os.getpid(), threading.current_thread().name)}


def test_a_redirect_and_robots_txt_are_asked_for_like_pages(traced, site):
    steps = by_url(traced(backend="thread", handler=None))
    assert [each["step"] for each in steps[site.url + "/robots.txt"]] == [
        *("let_go", "handed", "began", "answered", "called_back", "settled")
    ]
    assert "HTTP 302" in next(each["note"] for each in steps[site.url + "/old"] if each["step"] == "answered")
    assert next(each["step"] for each in steps[site.url + "/b"]) == "let_go"
    assert not any(each["step"] == "handler" for of_url in steps.values() for each in of_url)


def test_a_worker_that_was_killed_is_told(site, tmp_path):
    site.page("/", delay_s=0.5)
    crawler = Crawler(workers=1, robots=False)
    was_killed = []

    def watch(stats):
        now = crawler.look(time.monotonic())
        if not was_killed and site.requests and now is not None and now.lanes[0].url:
            was_killed.append(now.lanes[0].pid)
            os.kill(now.lanes[0].pid, 9)

    result = crawler.run(site.url + "/", trace=tmp_path / "t.txt", watch=watch)
    assert result.stats.ok == 1
    lost = [line for line in (tmp_path / "t.txt").read_text().splitlines() if " lost " in line]
    assert len(lost) == 1
    assert str(was_killed[0]) in lost[0]


def test_text_has_a_line_a_step_under_a_head(site, tmp_path):
    site.page("/")
    Crawler(backend="sync").run(site.url + "/", trace=tmp_path / "trace.txt")
    head, *lines = (tmp_path / "trace.txt").read_text().splitlines()
    assert head.startswith("#")
    assert re.fullmatch(
        rf" +\d+\.\d +{os.getpid()} MainThread +1 answered +{site.url}/  \(HTTP 200, .*\)", lines[10]
    )


def test_a_url_or_a_message_of_a_servers_makes_no_line_of_its_own(tmp_path):
    from crawlpool.model import Request

    with Trace(tmp_path / "t.txt") as trace:
        trace.found([Request("http://a/\n9.9 1 x\x1b[2J", found_on="http://b/\nc\u202e")])
    assert len((tmp_path / "t.txt").read_text().splitlines()) == 2
    assert (tmp_path / "t.txt").read_text().replace("\n", "").isprintable()


def test_a_file_that_cannot_be_written_is_said_before_anything_is_asked(site, tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        Crawler().run(site.url + "/", trace=tmp_path / "no" / "trace.txt")
    assert site.requests == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_disk_that_is_full_ends_the_trace_and_not_the_crawl(site, tmp_path, caplog):
    site.page("/", links=[f"/{n}" for n in range(20)])
    for n in range(20):
        site.page(f"/{n}")
    result = Crawler(follow=True, backend="sync").run(site.url + "/", trace="/dev/full")
    assert result.stats.pages == 21
    assert [each.getMessage().split()[0] for each in caplog.records if each.levelname == "WARNING"] == [
        "trace.broken"
    ]


# The picture


def pages(many, *, lanes=4, took=5.0):
    """Steps of so many URLs, one after the other on each lane."""
    for number in range(many):
        lane, begin = number % lanes + 1, number // lanes * (took + 1)
        url = f"http://a.example/{number}"
        yield Event(begin, "handed", 1, "MainThread", lane, url)
        yield Event(begin + 0.5, "began", 10 + lane, "MainThread", lane, url)
        yield Event(
            begin + took, "answered", 10 + lane, "MainThread", lane, url, "HTTP 200, 10 bytes, 4.5 ms"
        )
        yield Event(begin + took + 0.1, "called_back", 1, "Thread-1", lane, url)
        yield Event(begin + took + 0.2, "settled", 1, "MainThread", lane, url)
        yield Event(begin + took + 0.3, "handler", 1, "MainThread", 0, url, "parse")
        yield Event(begin + took + 0.6, "stored", 1, "MainThread", 0, url)
        yield Event(begin + took + 0.7, "committed", 1, "MainThread", 0, url)


def rows_of(svg):
    return [each.text for each in ET.fromstring(svg).iter(f"{SVG}text") if each.get("text-anchor") == "end"]


def test_ten_requests_are_ten_bars_that_say_their_url():
    svg = drawn(pages(10))
    assert rows_of(svg) == ["main thread", "callbacks", *(f"lane {n}, pid {10 + n}" for n in (1, 2, 3, 4))]
    said = [each.text or "" for each in ET.fromstring(svg).iter(f"{SVG}title")]
    for number in range(10):
        assert sum("took 4.5 ms" in each and f"/{number}\n" in each for each in said) == 1


def test_ten_thousand_requests_become_columns_of_bounded_number_and_say_so():
    svg = drawn(pages(10_000, lanes=100))
    assert svg.count("<rect") <= 600 * (2 + 65) + 100
    assert "Too many to show each" in svg
    assert ">other lanes<" in svg
    assert "<title>" not in svg


def test_a_part_of_many_shows_each_again():
    svg = drawn(pages(10_000), since_ms=100.0, until_ms=160.0)
    said = [each.text or "" for each in ET.fromstring(svg).iter(f"{SVG}title")]
    assert 36 <= sum("took 4.5 ms" in each for each in said) <= 44


def test_a_picture_of_nothing_is_a_picture():
    assert rows_of(drawn([])) == ["main thread", "callbacks"]


def test_a_url_in_a_picture_is_text_and_never_markup():
    evil = 'http://a/</title><script>alert(1)</script>&\x1b\x00\ufffe\ud800"'
    events = [each._replace(url=evil, note=evil, thread=evil) for each in pages(1)]
    root = ET.fromstring(drawn(events).encode("utf-8"))
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in (each.text or "") for each in root.iter(f"{SVG}title"))


def test_the_command_writes_a_picture_at_once_or_draws_one_from_json(site, tmp_path):
    site.page("/")

    def run(*words):
        return command(words, folder=tmp_path)

    crawl = (site.url + "/", "--backend", "sync", "-q")
    assert run(*crawl, "--trace", "at-once.svg").returncode == 0
    assert run(*crawl, "--trace", "trace.jsonl").returncode == 0
    assert run("timeline", "trace.jsonl", "-o", "later.svg").returncode == 0
    for name in ("at-once.svg", "later.svg"):
        assert any(row.startswith("lane 1") for row in rows_of((tmp_path / name).read_text()))
    wrong = run("timeline", "at-once.svg")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "line 1 is no step of a trace" in wrong.stderr
