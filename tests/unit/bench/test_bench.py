"""The measurements: each runs and prints its rows; the site and the CPU that they rest on are what they say."""

import json
import subprocess
import sys
from urllib.parse import unquote, urljoin

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawlpool.bench.elastic import elastic
from crawlpool.bench.pages import write_site
from crawlpool.bench.report import Plan
from crawlpool.bench.usage import measure

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")


def bench(*words):
    return subprocess.run(
        [sys.executable, "-m", "crawlpool.bench", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "rows", "runs"),
    [
        (["rate", "--pages", "16", "--workers", "2"], ["process", "thread"], 2),
        (
            ["rate", "--pages", "16", "--workers", "2", "--connections", "3"],
            ["process, curl", "thread, curl", "process, requests", "thread, requests"],
            4,
        ),
        pytest.param(["cpu", "--pages", "12", "--workers", "2"], ["crawlpool", "plain"], 2, marks=on_linux),
        (["fetch", "--pages", "5"], ["crawlpool's transport", "Session.get"], 2),
        (
            ["start", "--pages", "2", "--workers", "2"],
            ["import crawlpool", "first record, process", "first record, thread"],
            3,
        ),
        (["frontier", "--urls", "30000"], ["30,800"], 1),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_measurement_prints_its_rows_and_writes_what_it_measured(tmp_path, words, rows, runs):
    file = tmp_path / "raw.json"
    result = bench(*words, "--rounds", "1", "--json", str(file))

    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert [name for name in rows if any(line.startswith(f"{name}  ") for line in lines)] == rows
    raw = json.loads(file.read_text(encoding="utf-8"))
    assert raw["bench"] == words[0]
    assert len(raw["runs"]) == runs


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["speed"], "speed"),
        (["rate", "--pages", "0"], "'0' should be 1 or more"),
        (["rate", "--pages", "9"], "9 pages for 8 requests at once"),
        (["elastic", "--workers", "2"], "600 pages for 2 workers"),
        (["frontier", "--urls", "1999"], "1999 URLs are too few to tell; take 2000 or more"),
        (["start", "--json", "no/such/folder.json"], "no folder"),
    ],
)
def test_a_measurement_that_makes_no_sense_is_refused(words, said):
    result = bench(*words)

    assert result.returncode == 2
    assert said in result.stderr


def test_every_page_of_the_generated_site_can_be_reached_and_no_trap_is_a_link(tmp_path):
    site = write_site(tmp_path, pages=120, mean_bytes=8000, links=10)

    reached, waiting = {"/"}, ["/"]
    while waiting:
        path = waiting.pop()
        body = (tmp_path / (unquote(path)[1:] or "index.html")).read_bytes()
        for anchor in LexborHTMLParser(body).css("a[href]"):
            url = urljoin(f"http://site{path}", anchor.attributes["href"]).partition("#")[0]
            if url.startswith("http://site/") and (target := url.removeprefix("http://site")) not in reached:
                reached.add(target)
                waiting.append(target)

    assert reached == set(site.paths)
    assert len(site.paths) == 120


def test_the_same_seed_generates_the_same_site(tmp_path):
    pages = []
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        folder = tmp_path / name
        folder.mkdir()
        site = write_site(folder, pages=3, mean_bytes=5000, seed=seed)
        pages.append((site.paths, (folder / "index.html").read_bytes()))

    assert pages[0] == pages[1] != pages[2]


def test_a_crawl_that_missed_repeated_or_strayed_is_told(tmp_path):
    first, second, third = (site := write_site(tmp_path, pages=3, mean_bytes=5000)).paths

    assert site.faults({first: 1, second: 1, third: 1, "/robots.txt": 1}) == []
    assert site.faults({first: 1, second: 2, "/trap/x": 1}) == [
        "1 pages were never asked for",
        "1 pages were asked for more than once",
        "1 paths that are no page were asked for",
    ]


BURNING = "import time\nwhile time.process_time() < 0.3: pass\n"
LEAVING_A_CHILD = (
    f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {BURNING!r}])\nsys.exit(7)\n"
)


@on_linux
def test_the_cpu_of_a_process_that_outlives_its_parent_is_counted(tmp_path):
    usage = measure(["-W", "ignore", "-c", LEAVING_A_CHILD], folder=tmp_path, timeout_s=60)

    assert usage.cpu_s >= 0.3
    assert usage.exit_code == 7


def test_bursts_are_fetched_by_few_by_many_and_by_a_crew_that_grows(monkeypatch):
    monkeypatch.setattr("crawlpool.bench.elastic.TRICKLE", 1)
    report = elastic(Plan(pages=30, rounds=1, workers=4))
    assert report.faults == ()
    assert [row[0] for row in report.rows] == ["2", "4", "2..4"]
    assert [run["most"] for run in report.runs][:2] == [2, 4]
    assert 2 < report.runs[2]["most"] <= 4
    assert all(run["workers_s"] > 0 for run in report.runs)
