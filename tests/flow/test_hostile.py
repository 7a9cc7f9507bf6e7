"""Pages and answers that mean harm, on a real server, through the real command: the crawl ends, and the rest of it is whole."""

import gzip
import json
import os
import subprocess
import sys
import time

import pytest

from crawlpool import Crawler

pytestmark = pytest.mark.timeout(90)

MIB = 1024 * 1024
KEPT = "<title>kept</title><a href=/kept>k</a>"
PARSED_IN_PART = {
    "/deep": "<div>" * 300_000,
    "/attributes": "<div " + " ".join(f"a{n}" for n in range(60_000)) + ">",
    "/formats": "<p>" + "".join(f"<font a={n}>" for n in range(4000)) + "<p>x" * 8000,
    "/drawing": "<svg>" + "<g>" * 100_000 + "</x>" * 100_000,
    "/end-tags": "<b></x>" * 600_000,
}
READ_WHOLE = {
    "/less-than": "<" * 300_000,
    "/comment": "<!--" * 100_000,
    "/tag-in-tag": "<a" * 500_000,
    "/references": "&amp" * 200_000,
    "/nul": "\0" * 300_000,
    "/srcset": "<img srcset='" + "a 1x, " * 50_000 + "'>",
    "/frames": '<iframe srcdoc="' + "&lt;a href=x&gt;" * 5000 + '">',
}
BOMB = gzip.compress(bytes(20 * MIB), 9, mtime=0)


@pytest.fixture
def crawl(site, tmp_path):
    """Crawl the site by the real command; its records by their path, what it printed, its exit code and seconds."""

    def run(*words, environment=None):
        began = time.monotonic()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "crawlpool",
                site.url + "/",
                "--follow",
                "-o",
                "out.jsonl",
                "--no-robots",
                *words,
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=80,
            check=False,
            env=environment,
        )
        with (tmp_path / "out.jsonl").open(encoding="utf-8") as file:
            records = {each["url"].removeprefix(site.url): each for each in map(json.loads, file)}
        return records, done.stderr, done.returncode, time.monotonic() - began

    return run


def test_hostile_pages_are_read_as_far_as_they_can_be_and_the_crawl_goes_on_to_its_end(site, crawl):
    hostile = {**PARSED_IN_PART, **READ_WHOLE}
    honest = [f"/honest/{n}" for n in range(20)]
    site.page("/", links=[*hostile, *honest])
    for path, markup in hostile.items():
        site.page(path, KEPT + markup)
    for path in [*honest, "/kept"]:
        site.page(path)
    records, said, code, took_s = crawl("--workers", "2")

    assert took_s < 60, said
    assert code == 0, said
    for path in honest:
        assert (records[path]["status"], records[path]["error_kind"], records[path]["title"]) == (
            200,
            None,
            path,
        )
    for path in hostile:
        assert (records[path]["status"], records[path]["title"]) == (200, "kept"), path
        assert records[path]["error_kind"] == ("partial" if path in PARSED_IN_PART else None), path
    assert records["/kept"]["status"] == 200
    assert f"{len(PARSED_IN_PART)} pages read in part" in said


def test_hostile_answers_are_failures_that_say_why_and_hold_nobody_up(site, crawl):
    honest = [f"/honest/{n}" for n in range(20)]
    site.page("/", links=["/bomb", "/head", "/silent", "/endless", *honest])
    for path in honest:
        site.page(path)
    site.page("/bomb", BOMB, headers={"Content-Encoding": "gzip"})
    site.raw("/head", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000 + b"\r\n")
    site.hang("/silent", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    site.page("/endless", b"<title>endless</title>" + b"x" * MIB)
    records, said, _, took_s = crawl(
        "--idle-timeout", "0.5", "--retries", "0", "--max-body", "512k", "--max-host-failures", "0"
    )

    assert took_s < 30, said
    kinds = {path: records[path]["error_kind"] for path in ("/bomb", "/head", "/silent", "/endless")}
    # The cap of bodies comes before the 4 MiB from which a bomb is called one.
    assert kinds == {"/bomb": "cut", "/head": "headers", "/silent": "idle_timeout", "/endless": "cut"}
    assert records["/endless"]["bytes"] == 512 * 1024
    assert [records[path]["status"] for path in honest] == [200] * 20
    assert crawl("--idle-timeout", "0.5", "--retries", "0", "--fresh")[0]["/bomb"]["error_kind"] == "ratio"


HANGS = """
import ctypes, hashlib
sha1 = hashlib.sha1
def hanging(data=b"", **more):
    if b"never comes back" in data:
        ctypes.PyDLL(None).pause()  # in C, with the interpreter lock held, as a parser hangs
    return sha1(data, **more)
hashlib.sha1 = hanging
"""


@pytest.mark.skipif(sys.platform == "win32", reason="hangs by a function of C that Windows does not have")
def test_a_page_that_a_parser_never_comes_back_from_is_fetched_again_and_left_unparsed(site, crawl, tmp_path):
    site.page("/", links=["/hangs", "/fine"])
    site.page("/hangs", "<title>never comes back</title>")
    site.page("/fine")
    folder = tmp_path / "faults"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HANGS)
    knobs = ["--timeout", "1", "--connect-timeout", "0.5", "--max-body", "100k", "--backoff", "10ms"]
    records, said, code, _ = crawl(
        *knobs, "--workers", "2", environment={**os.environ, "PYTHONPATH": str(folder)}
    )

    assert code == 0, said
    assert records["/fine"]["title"] == "/fine"
    hung = records["/hangs"]
    assert (hung["status"], hung["title"], hung["error_kind"], hung["attempts"]) == (200, None, "partial", 2)
    assert "nothing could be read off the page" in hung["error_message"]
    assert "1 page read in part" in said


def test_a_handler_that_uses_a_slow_parser_gets_through_hostile_pages_and_is_told(site):
    paths = ["/deep", "/formats", "/comment", "/less-than"]
    for path in paths:
        site.page(path, KEPT + {**PARSED_IN_PART, **READ_WHOLE}[path])
    site.page("/honest", KEPT)
    crawler = Crawler(workers=2, parse_timeout=0.5, robots=False, backend="thread")
    seen = {}

    @crawler.on_page("*")
    def look(page):
        soup = page.soup
        seen[page.url.removeprefix(site.url)] = (
            soup.a["href"] if soup.a else None,
            page.title,
            page.is_partial,
        )

    began = time.monotonic()
    result = crawler.run([site.url + path for path in [*paths, "/honest"]])
    assert time.monotonic() - began < 40
    assert (result.stats.ok, result.stats.failures) == (5, {})
    assert seen["/honest"] == ("/kept", "kept", False)
    assert seen["/deep"] == ("/kept", "kept", True)
    assert all(seen[path][1] == "kept" for path in paths)
