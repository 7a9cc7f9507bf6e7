"""`--parse-in`: handlers of files, scripts and columns in workers, by the real command."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest


def run(*words, cwd):
    """Run a Python command in a folder; what it printed."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("place", "file"),
    [("worker", "shop.py"), ("process", "chunk.py")],  # whose own name is taken by a module of Python's
)
def test_a_handler_of_a_file_and_what_lies_beside_it_run_in_workers(site, tmp_path, place, file):
    site.page("/", links=["/a"], title="Home")
    site.page("/a", title="A")
    (tmp_path / "beside.py").write_text("def loud(text):\n    return text.upper()\n")
    (tmp_path / file).write_text(
        "import os\nfrom beside import loud\n"
        "def titled(page):\n    return {'title': loud(page.title), 'pid': os.getpid()}\n"
        "def parse(page):\n    yield titled(page)\n    yield from page.follow_all(css='a')\n"
    )
    words = (
        "-m",
        "crawlpool",
        site.url + "/",
        "--handler",
        f"{file}:parse",
        "--parse-in",
        place,
        "-w",
        "1",
        "-q",
    )
    rows = [json.loads(line) for line in run(*words, cwd=tmp_path).splitlines()]
    assert sorted(row["title"] for row in rows) == ["A", "HOME"]
    assert len({row["pid"] for row in rows}) == 1


def test_selected_columns_are_made_in_processes_of_their_own(site, tmp_path):
    site.page("/", "<p class=price>3</p>")
    words = (
        "-m",
        "crawlpool",
        site.url + "/",
        "--select",
        "price=.price",
        "--parse-in",
        "process",
        "--parse-workers",
        "1",
    )
    (row,) = [
        json.loads(line) for line in run(*words, "--backend", "thread", "-q", cwd=tmp_path).splitlines()
    ]
    assert row["price"] == "3"


def test_a_script_without_a_guard_runs_once_whose_handlers_run_in_workers(site, tmp_path):
    site.page("/", links=["/a"])
    site.page("/a")
    (tmp_path / "script.py").write_text(
        "import os, sys\n"
        "from dataclasses import dataclass\n"
        "from crawlpool import Crawler\n"
        "print('begun')\n"
        "@dataclass\n"
        "class Where:\n"
        "    depth: int\n"
        "def helper(page):\n"
        "    return page.follow_all(css='a', data=Where(page.depth + 1))\n"
        "def parse(page):\n"
        "    yield {'pid': os.getpid(), 'where': page.data and page.data.depth}\n"
        "    yield from helper(page)\n"
        "for place in ('worker', 'process'):\n"
        "    crawler = Crawler(workers=1, parse_in=place)\n"
        "    crawler.on_page(parse)\n"
        "    items = list(crawler.items(sys.argv[1]))\n"
        "    print(place, [item['where'] for item in items], os.getpid() in [item['pid'] for item in items])\n"
    )
    printed = run("script.py", site.url + "/", cwd=tmp_path)
    assert printed.splitlines() == ["begun", "worker [None, 1] False", "process [None, 1] False"]


def ends_with_its_parent(pid):
    """Whether a process is gone, or is soon."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_crawl_that_is_killed_with_pages_in_handlers_goes_on_with_each_once(site, tmp_path):
    for n in range(60):
        site.page(f"/{n}")
    (tmp_path / "urls.txt").write_text("".join(f"{site.url}/{n}\n" for n in range(60)))
    (tmp_path / "shop.py").write_text(
        "import os, time\ndef parse(page):\n    time.sleep(0.02)\n    yield {'url': page.url, 'pid': os.getpid()}\n"
    )
    words = [
        "-m",
        "crawlpool",
        "urls.txt",
        "--handler",
        "shop.py:parse",
        "--parse-in",
        "process",
        "--parse-workers",
        "2",
    ]
    words += ["--backend", "thread", "--per-host", "8", "-q", "-o", "out.jsonl"]
    first = subprocess.Popen([sys.executable, *words], cwd=tmp_path)
    output = tmp_path / "out.jsonl"
    site.wait_until(lambda: output.exists() and output.stat().st_size > 0, "a first record")
    first.send_signal(signal.SIGKILL)
    first.wait()
    pids = {
        json.loads(line)["pid"]
        for line in output.read_text().splitlines(keepends=True)
        if line.endswith("\n")
    }
    assert all(ends_with_its_parent(pid) for pid in pids)
    run(*words, cwd=tmp_path)
    urls = sorted(json.loads(line)["url"] for line in output.read_text().splitlines())
    assert urls == sorted(f"{site.url}/{n}" for n in range(60))
