"""`crawlpool bench` as it is typed: what it prints, writes and refuses, and whom it leaves alone."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from crawlpool.cli import main

from ..site import PATIENCE_S

COMMAND = [sys.executable, "-m", "crawlpool", "bench"]
SMALL = ["--pages", "4", "--latency", "5ms", "--workers", "2", "--repeats", "1"]
NO_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signal to a child")


def bench(*words, cwd=None):
    return subprocess.run(
        [*COMMAND, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=90,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def test_ways_are_compared_in_a_table_a_picture_and_numbers_for_programs(tmp_path):
    done = bench(
        *(*SMALL, "--modes", "callbacks", "--parse", "none,worker"),
        *("--json", "b.json", "--plot", "b.html"),
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("4 pages of 20 kB, 5 ms latency, 2 workers")
    ways = [" ".join(line.split()[:4]) for line in lines[2:4]]
    assert ways == ["apply_async with callbacks nowhere", "apply_async with callbacks worker"]
    known = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert known["ideal_s"] == pytest.approx(4 * 0.005 / 2)
    assert [run["pages"] for run in known["runs"]] == [4, 4]
    assert all(row["wall_s"] >= known["ideal_s"] for row in known["rows"])
    if sys.platform == "linux":
        assert all(row["cpu_s"] > 0 for row in known["rows"])
    assert "<svg" in (tmp_path / "b.html").read_text(encoding="utf-8")


def test_a_list_is_asked_little_and_by_its_robots_txt(sites, tmp_path):
    site, slow = sites("127.0.0.1"), sites("127.0.0.2")
    site.robots("User-agent: *\nDisallow: /private/\n")
    slow.robots("User-agent: *\nCrawl-delay: 5\n")
    for number in range(50):
        site.page(f"/{number}", delay_s=0.01)
    urls = [f"{site.url}/private/x", f"{slow.url}/", *(f"{site.url}/{number}" for number in range(50))]
    (tmp_path / "urls.txt").write_text("\n".join(urls), encoding="utf-8")

    done = bench(
        *("urls.txt", "--modes", "session,thread-pool", "--pause", "0.3", "--workers", "8"), cwd=tmp_path
    )

    assert done.returncode == 3, done.stderr
    assert slow.requests == []
    asked = [arrival for arrival in site.log if arrival.path != "/robots.txt"]
    assert {arrival.path for arrival in asked} == {f"/{number}" for number in range(38)}
    assert len(asked) == 2 * 38
    assert site.most_at_once <= 2
    gaps = [after.at - before.at for before, after in pairwise(asked)]
    assert max(gaps) >= 0.3
    for said in ("Disallow: /private/", "between two requests", "the first 40 URLs", "2 of a host at once"):
        assert said in done.stdout, said


def test_a_list_of_which_robots_txt_allows_nothing_is_left_alone_and_told_why(site):
    site.robots("User-agent: *\nDisallow: /\n")
    done = bench(f"{site.url}/a")

    assert done.returncode == 3
    assert 'line 2, "Disallow: /"' in done.stderr
    assert "Nothing is left to ask" in done.stderr
    assert site.requests == []


def test_urls_that_fail_are_counted_and_not_hidden(site, tmp_path):
    site.page("/a")
    site.page("/gone", status=404)
    done = bench(f"{site.url}/a", f"{site.url}/gone", "--modes", "session", "-q")

    assert done.returncode == 3
    assert done.stderr == ""
    assert "a loop, one session: 1 x HTTP 404" in done.stdout


def processes_about(text):
    """Command lines of living processes that hold a text (Linux)."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            found.append(file.read_bytes().decode(errors="replace"))
    return [line for line in found if text in line]


@NO_WINDOWS
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_shows_what_is_done_and_leaves_nobody_behind(site, tmp_path, number, code):
    site.page("/a", delay_s=0.8)
    with subprocess.Popen(
        [*COMMAND, f"{site.url}/a", "--modes", "session,sequential", "--pause", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        until = time.monotonic() + PATIENCE_S
        while site.requests.count("/a") < 2 and time.monotonic() < until:  # the second way is under way
            time.sleep(0.01)
        process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == code
    assert "a loop, requests.get" in out
    assert "one session" not in out
    assert list(tmp_path.iterdir()) == []
    until = time.monotonic() + PATIENCE_S
    while (left := processes_about(str(tmp_path))) and time.monotonic() < until:  # killed, not yet gone
        time.sleep(0.01)
    assert left == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--modes", "sequentail"], "did you mean sequential?"),
        (["--parse", "later"], "should be one of none, callback, worker"),
        (
            ["--parse", "worker", "--modes", "crawlpool-thread"],
            "none of these ways can parse where it fetches",
        ),
        (["--workers", "0"], "'0' should be 1 to 256"),
        (["--latency", "soon"], "should be seconds"),
        (["--latency", "61"], "should be 0 to 60 s"),
        (["--plot", "b.gif"], "should end in .svg, .html or .png"),
        (["--plot", "no/such/b.svg"], "there is no folder"),
        (["--json", "urls.txt"], "should end in .json"),
        (["urls.tx"], "no file 'urls.tx' here"),
        (["https://a.test/", "--pages", "5"], "are for the sample site"),
        (["--sped"], "unknown flag --sped"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(words, said, tmp_path, monkeypatch, capsys):
    (tmp_path / "urls.txt").touch()
    monkeypatch.chdir(tmp_path)

    assert main(["bench", *words]) == 2
    assert said in capsys.readouterr().err


def test_every_way_is_listed():
    done = bench("--list")
    assert done.returncode == 0
    assert "apply-async-ready" in done.stdout
    assert "crawlpool-process" in done.stdout
