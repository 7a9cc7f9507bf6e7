"""`crawlpool bench --peers` and `--stages` as they are typed: real crawlers, real processes, a site on this machine."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest

from crawlpool.cli import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder: its exit code, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = main(["bench", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_crawlers_are_ranked_on_a_generated_site(bench, tmp_path):
    pytest.importorskip("aiohttp")
    code, out, err = bench(
        *("--peers", "--modes", "aiohttp,process-requests", "-w", "2", "--pages", "12", "--page-size", "4k"),
        *("--runs", "1", "--csv", "p.csv", "--json", "p.json", "--plot", "p.svg"),
    )

    assert code == 0, out + err
    assert "2 requests at once" in out
    assert "robots.txt not asked for" in out
    known = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    rows = {row["peer"]: row for row in known["rows"]}
    assert rows.keys() == {"aiohttp", "process-requests"}
    for row in rows.values():
        assert row["pages"] == 12
        assert row["cpu_ms"] > 0
        assert row["memory"] > 1_000_000
        assert row["fault"] == ""
    assert rows["aiohttp"]["to_aiohttp"] == 1.0
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        assert [row["pages"] for row in csv.DictReader(file)] == ["12", "12"]
    assert "x aiohttp" in (tmp_path / "p.csv").read_text(encoding="utf-8")
    assert "CPU milliseconds a page" in (tmp_path / "p.svg").read_text(encoding="utf-8")


def test_all_obey_robots_txt_when_all_are_told_to(bench, site, tmp_path):
    pytest.importorskip("aiohttp")
    site.robots("User-agent: *\nDisallow: /private/\n")
    site.page("/", links=["/a", "/private/x", "http://elsewhere.invalid/"])
    site.page("/a", links=["/"])

    code, out, err = bench(
        *("--peers", "--url", f"{site.url}/", "--robots", "--runs", "1", "-w", "2", "--json", "p.json"),
        *("--modes", "aiohttp,threads,pool"),
    )

    assert code == 0, out + err
    assert sorted(site.requests) == ["/"] * 3 + ["/a"] * 3
    known = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    assert [row["pages"] for row in known["rows"]] == [2] * 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--peers", "--url", "https://example.com/"], "never on other people's servers"),
        (["--peers", "--url", "http://10.0.0.1/"], "is not on this machine"),
        (["--peers", "--url", "ftp://127.0.0.1/"], "is not on this machine"),
        (["--peers", "--url", "http://127.0.0.1:1/"], "no server at 'http://127.0.0.1:1/'"),
        (["--peers", "--url", "http://127.0.0.1:99999/"], "no server at"),
        (["--peers", "--modes", "sequential"], "sequential is no crawler"),
        (["--modes", "wget2"], "write --peers as well"),
        (["--peers", "urls.txt"], "takes no list"),
        (["--peers", "--latency", "5ms"], "--latency has no effect with --peers"),
        (["--peers", "--peer-python", "no-such-python"], "no Python that runs"),
        (["--robots"], "--robots is for --peers"),
        (["--url", "http://127.0.0.1/"], "--url is for --peers"),
        (["--peers", "--csv", "p.txt"], "should end in .csv"),
        (["--stages", "--sped"], "unknown flag --sped"),
        (["--stages", "http://127.0.0.1:9/", "--pages", "5"], "--pages is for the generated site"),
        (["--stages", "--parse", "worker"], "unknown flag --parse"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(bench, words, said):
    code, _, err = bench(*words)

    assert code == 2
    assert said in err


@pytest.mark.parametrize("words", [(), ("--peers",), ("--stages",)])
def test_a_bench_that_is_ended_while_it_makes_its_site_leaves_nothing_behind(tmp_path, words):
    bench = subprocess.Popen(
        [sys.executable, "-m", "crawlpool", "bench", *words, "--pages", "100000"],
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with bench:
        assert b"Making a" in bench.stderr.readline()
        assert list(tmp_path.iterdir()) != []
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(20) == 143
    assert list(tmp_path.iterdir()) == []


def test_crawlers_are_listed_with_what_to_install(bench):
    code, out, _ = bench("--peers", "--list")

    assert code == 0
    assert [line.split()[0] for line in out.splitlines()][:2] == ["wget2", "aiohttp"]


@pytest.fixture
def stages_of(bench, tmp_path):
    """Look at a crawl: all that is known, its stages by name, and what was printed."""

    def run(*words):
        code, out, err = bench("--stages", *words, "--json", "s.json", "-q")
        assert code == 0, out + err
        known = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
        return known, {stage["name"]: stage for stage in known["stages"]}, out

    return run


HANDLER = """
import time

def parse(page):
    until = time.thread_time() + 0.05
    while time.thread_time() < until:
        pass
    yield {"url": page.url}
"""


def test_the_time_of_a_crawl_is_told_by_stage_in_main_and_in_workers(stages_of, site, tmp_path):
    site.page("/", links=["/a", "/b"])
    site.page("/a")
    site.page("/b")
    (tmp_path / "shop.py").write_text(HANDLER, encoding="utf-8")

    known, stages, out = stages_of(
        *(f"{site.url}/", "--follow", "-w", "1", "--handler", "shop.py:parse", "-o", "o.jsonl"),
        *("--plot", "s.html", "--csv", "s.csv"),
    )

    assert known["pages"] == 3
    assert len((tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    assert stages["handler"]["main_s"] >= 3 * 0.05
    assert stages["handler"]["workers_s"] == 0
    for name in ("fetch", "parse", "crossing", "starting"):
        assert stages[name]["workers_s"] > 0, name
    for name in ("frontier", "store", "settling", "loop", "crossing"):
        assert stages[name]["main_s"] > 0, name
    assert stages["waiting"]["main_wall_s"] > 0
    accounted = sum(each["main_s"] + each["workers_s"] for each in stages.values())
    assert accounted == pytest.approx(known["cpu_s"], rel=0.1)
    assert "not accounted" in out
    assert "handler" in (tmp_path / "s.csv").read_text(encoding="utf-8")
    assert "<svg" in (tmp_path / "s.html").read_text(encoding="utf-8")


def test_workers_that_are_threads_are_told_apart_from_the_main_thread(stages_of):
    _, stages, _ = stages_of("--backend", "thread", "--connections", "2", "-w", "1", "--pages", "6")

    for name in ("fetch", "parse", "links"):
        assert stages[name]["workers_s"] > 0, name
    assert stages["fetch"]["main_s"] == stages["parse"]["main_s"] == 0


def test_without_workers_all_is_done_in_the_main_thread(stages_of, site):
    site.page("/")
    _, stages, _ = stages_of("--backend", "sync", f"{site.url}/")

    assert stages["fetch"]["main_s"] > 0
    assert stages["fetch"]["workers_s"] == 0


def test_a_crawl_that_fetches_nothing_has_no_stages(bench):
    code, _, err = bench("--stages", "no-such-file.txt")

    assert code == 2
    assert "no file 'no-such-file.txt' here" in err
