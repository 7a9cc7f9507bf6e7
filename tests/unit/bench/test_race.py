"""The arithmetic of `crawlpool bench --peers`: who is ranked, by what, and against whom."""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from crawlpool.bench import race as racing
from crawlpool.bench.peers import PEERS, Peer, command_of, missing_of
from crawlpool.bench.race import Plan, Run, path_of, race, rows_of, run_once
from crawlpool.bench.stages.clock import STAGES
from crawlpool.bench.usage import measure

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")


def run(peer, cpu_s, number=1, **more):
    return Run(peer=peer, round=number, cpu_s=cpu_s, **{"wall_s": 2.0, "pages": 1000, **more})


def test_crawlers_are_ranked_by_cpu_a_page_and_compared_within_their_rounds():
    runs = [
        *(run("wget2", s, number) for number, s in enumerate((0.4, 0.8, 0.5), start=1)),
        *(run("aiohttp", s, number) for number, s in enumerate((2.0, 4.0, 3.0), start=1)),
        *(run("thread-curl", s, number) for number, s in enumerate((0.8, 1.2, 1.0), start=1)),
    ]

    rows = rows_of(runs, ["aiohttp", "thread-curl", "wget2"])

    assert [(row.peer, row.rank) for row in rows] == [("wget2", 1), ("thread-curl", 2), ("aiohttp", 3)]
    ours = rows[1]
    assert (ours.cpu_ms, ours.least_ms, ours.most_ms, ours.pages_s) == (1.0, 0.8, 1.2, 500.0)
    assert ours.to_wget2 == pytest.approx(2.0)  # of 2.0, 1.5 and 2.0; by the medians it would be 2.0, too
    assert ours.to_aiohttp == pytest.approx(1.0 / 3)  # of 0.4, 0.3 and 0.33


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"missed": 3}, "3 pages not found"),
        ({"strayed": 2}, "2 pages that are none"),
        ({"twice": 1}, "1 pages twice"),
        ({"error": "did not end within 9 s"}, "did not end within 9 s"),
        ({"pages": 0}, "no page was found"),
    ],
)
def test_a_crawler_that_found_other_pages_in_any_round_is_not_ranked(what, said):
    runs = [run("wget2", 0.1), run("aiohttp", 0.2), run("aiohttp", 0.2, 2, **what), run("threads", 0.3)]

    rows = rows_of(runs, ["wget2", "aiohttp", "threads"])

    assert [(row.peer, row.rank) for row in rows] == [("wget2", 1), ("threads", 2), ("aiohttp", None)]
    assert rows[-1].fault == said
    assert rows[-1].to_wget2 is None


def test_nobody_is_compared_with_a_round_in_which_wget2_found_other_pages():
    rows = rows_of(
        [run("wget2", 0.1), run("wget2", 0.01, 2, missed=9), run("threads", 0.3), run("threads", 0.4, 2)],
        ["wget2", "threads"],
    )

    assert rows[0].peer == "threads"
    assert rows[0].to_wget2 == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://127.0.0.1:8000/", "/"),
        ("http://127.0.0.1:8000", "/"),
        ("http://127.0.0.1/index.html", "/"),
        ("http://127.0.0.1/a/index.html", "/a/"),
        ("http://127.0.0.1/a-%E6%9D%B1.html#top", "/a-東.html"),
        ("http://127.0.0.1/list?page=%32", "/list?page=2"),
        ("/a-東.html", "/a-東.html"),
    ],
)
def test_a_page_is_known_whatever_way_a_crawler_writes_it_down(url, path):
    assert path_of(url) == path


def plan(*peers, **more):
    known = {"at_once": 2, "repeats": 1, "with_robots": False, "python": sys.executable, "longest_s": 20.0}
    return Plan(peers=peers, url="http://127.0.0.1:9/", **{**known, **more})


def test_what_most_found_is_the_site_where_nobody_knows_it(monkeypatch):
    pages = {"threads": "/ /a /b", "pool": "/ /a /b", "aiohttp": "/ /a"}
    monkeypatch.setattr(
        racing,
        "run_once",
        lambda _, name, number: (run(name, 0.1, number), Counter(pages[name].split())),
    )

    found = {each.peer: each for each in race(plan("aiohttp", "pool", "threads"), None)}

    assert found["aiohttp"].missed == 1
    assert found["pool"].is_whole
    assert found["threads"].is_whole


WRITES = """
import json, sys
with open(sys.argv[2], "w") as lines:
    for path in ("/", "/a", "/a"):
        print(json.dumps({"url": sys.argv[1] + path[1:]}), file=lines)
"""


@on_linux
@pytest.mark.parametrize(
    ("script", "twice", "error"),
    [
        (WRITES, 1, ""),
        (WRITES.replace('"/a", "/a"', '"/a", "/index.html"'), 0, ""),
        ("raise SystemExit('no network')", 0, "exit code 1: no network"),
    ],
    ids=["writes a page twice", "writes a page under both of its names", "ends with an error"],
)
def test_a_script_is_judged_by_what_it_wrote(tmp_path, monkeypatch, script, twice, error):
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    peer = Peer(name="mine", title="mine", script=str(tmp_path / "script.py"))
    monkeypatch.setattr(racing, "PEERS", {"mine": peer})

    (found,) = race(plan("mine"), {"/", "/a"})

    assert (found.twice, found.missed, found.error) == (twice, 0, error)


@on_linux
def test_a_crawler_that_hangs_is_ended_and_said(tmp_path, monkeypatch):
    (tmp_path / "script.py").write_text("import time; time.sleep(60)", encoding="utf-8")
    peer = Peer(name="mine", title="mine", script=str(tmp_path / "script.py"))
    monkeypatch.setattr(racing, "PEERS", {"mine": peer})

    found, pages = run_once(plan("mine", longest_s=0.5), "mine", 1)

    assert "did not end within" in found.error
    assert not pages


def test_what_is_not_installed_is_named_with_what_to_install():
    absent = Peer(name="absent", title="", script="x.py", needs=("no_such_module",), install="pip install it")
    there = Peer(name="there", title="", script="x.py", needs=("requests",))

    assert missing_of((absent, there), sys.executable) == {"absent": "pip install it"}


def test_all_get_the_same_number_of_requests_at_once_and_the_same_manners():
    for peer in PEERS.values():
        _, words = command_of(peer, "http://127.0.0.1:9/", at_once=6, with_robots=True, python="python")
        said = " ".join(words)
        if peer.is_ours:
            assert "--per-host 6" in said
            assert "--no-robots" not in said
            lanes = int(words[words.index("-w") + 1])
            each = int(words[words.index("--connections") + 1]) if "--connections" in words else 1
            assert lanes * each == 6
        else:
            assert " 6" in said
            assert "robots" in said


@on_linux
def test_the_memory_of_all_processes_is_added_up(tmp_path):
    eats = "import subprocess, sys, time; x = b'x' * 40_000_000; time.sleep(0.7)"
    both = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {eats!r}]); exec({eats!r}); p.wait()"

    usage = measure(["-c", both], folder=tmp_path, timeout_s=60, with_memory=True)

    assert usage.memory is not None
    assert 80_000_000 < usage.memory < 250_000_000


def test_every_crawler_and_every_stage_is_explained_in_the_order_of_its_rows():
    text = Path(__file__).parents[3].joinpath("docs", "bench.md").read_text(encoding="utf-8")
    peers = text[text.index("## Whole crawlers") : text.index("| rank |")]
    stages = text[text.index("## Where the time goes") :]

    named = [
        name for cell in re.findall(r"^\| (`[^|]+`) \|", peers, re.MULTILINE) for name in cell.split(", ")
    ]
    assert [name.strip("`") for name in named] == list(PEERS)
    rows = re.findall(r"^\| ([a-z ]+) \|", stages, re.MULTILINE)
    assert rows[: len(STAGES) + 2] == ["stage", *STAGES, "not accounted"]
