"""A server that means harm, the real command, and every place where something is written: it is data there, and nothing more."""

import csv
import json
import os
import re
import select
import sqlite3
import subprocess
import sys
import time

import pytest

from crawlpool.cli import main

from .hostile import ESCAPES, FORMULA, Hostile

COMMAND = [sys.executable, "-m", "crawlpool"]
QUICK = ["--backend", "thread", "--retries", "0", "--timeout", "5"]
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""All that a terminal or a reader of lines might obey, but for the line feed."""

OURS = re.compile(r"\x1b\[(?:[0-9;]*m|2K|1A|\?25[lh])|\r\n|\r(?=\x1b)|\r(?=$)")
"""What the bar and the closing table send to a terminal."""

HANDLER = """
def parse(page):
    cells = [cell.text() for cell in page.css("th, td")]
    yield {"url": page.url, "title": page.title, "type": page.headers.get("content-type", ""),
           **dict(zip(cells[::2], cells[1::2]))}
    if "forged" in page.url:
        raise ValueError("no price in " + page.get("h1") + chr(10) + page.title)
"""


def typed(folder, *words):
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert b"Traceback (most recent call last)" not in done.stderr.replace(b"  Traceback", b""), (
        done.stderr.decode()
    )
    return done


def harmless(data: bytes, what: object) -> str:
    text = data.decode("utf-8")
    found = OBEYED.search(text)
    assert found is None, (what, text[max(0, found.start() - 80) : found.end() + 20])
    return text


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """A folder with all that a crawl of the hostile server wrote; the URLs; and what it printed."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "shop.py").write_text(HANDLER)
    with Hostile() as server:
        urls = [server.url + path for path in server.paths]
        done = typed(
            folder,
            *(*urls, "--follow", *QUICK, "-vv", "--log-file", "crawl.log", "--failed", "failed.txt"),
            *("--handler", "shop.py:parse", "-o", "a.jsonl", "-o", "a.csv", "-o", "a.tsv", "-o", "a.db"),
        )
    assert done.returncode == 3, done.stderr.decode()
    return folder, urls, done


def test_nothing_that_a_hostile_server_says_is_obeyed_where_the_command_prints(crawled):
    _, _, done = crawled
    said = harmless(done.stdout, "stdout") + harmless(done.stderr, "stderr")
    assert r"\x1b[2J" in said
    assert said.count("page.done") + said.count("page.failed") > 20


def test_one_event_is_one_line_of_the_log_whatever_a_server_says(crawled):
    folder, _, _ = crawled
    text = harmless((folder / "crawl.log").read_bytes(), "log")
    for line in text.splitlines():
        assert re.match(
            r"  |\d{4}-\d\d-\d\dT[\d:.]+Z (DEBUG|INFO|WARNING|ERROR) crawlpool[\w.]* \w+\.\w+ ", line
        ), line
    assert not [line for line in text.splitlines() if line.startswith("2026-01-01T00:00:00.000Z")]


def test_the_list_of_failures_reads_back_as_urls_and_comments(crawled):
    folder, urls, _ = crawled
    text = harmless((folder / "failed.txt").read_bytes(), "failed")
    listed = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+/[!-~]*", line) for line in listed), listed
    assert {url for url in urls if url.endswith(("/nohttp", "/chunk", "/nowhere"))} <= set(listed)


def test_every_store_holds_the_same_records_of_a_hostile_server_each_once(crawled):
    folder, _, _ = crawled
    data = (folder / "a.jsonl").read_bytes()
    records = [json.loads(line) for line in harmless(data, "a.jsonl").splitlines()]
    assert len(records) > 10
    by_url = {record["url"]: record for record in records}
    first = next(record for url, record in by_url.items() if url.endswith("/entities"))
    assert ESCAPES[0] in first["title"]
    for name, delimiter in (("a.csv", ","), ("a.tsv", "\t")):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter=delimiter, strict=True))
        assert [row[0] for row in rows[1:]] == [record["url"] for record in records]
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(("=", "@", "+", "\t", "\r")), cell
            assert not cell.startswith("-") or re.fullmatch(r"-[\d.]+", cell)
        assert any(cell.startswith("'" + FORMULA) for row in rows for cell in row)
    db = sqlite3.connect(folder / "a.db")
    assert [url for (url,) in db.execute("SELECT url FROM pages ORDER BY rowid")] == [
        one["url"] for one in records
    ]
    assert [title for (title,) in db.execute("SELECT title FROM pages ORDER BY rowid")] == [
        record["title"] and record["title"].replace("\0", "\ufffd") for record in records
    ]
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone() == (1,)
    db.close()


def test_nothing_is_written_but_the_files_that_were_asked_for(crawled):
    folder, _, _ = crawled
    names = {each.name for each in folder.iterdir()} - {"__pycache__"}
    assert names == {"shop.py", "crawl.log", "failed.txt", "a.jsonl", "a.jsonl.job", "a.csv", "a.tsv", "a.db"}


@pytest.fixture
def look(crawled, monkeypatch, capfdbinary):
    """Type a command beside what was crawled, in this process; what it printed, in lines."""
    monkeypatch.chdir(crawled[0])

    def command(*words, code=0):
        assert main([*words]) == code
        out, err = capfdbinary.readouterr()
        harmless(err, words)
        return harmless(out.replace(b"\r\n", b"\n"), words).splitlines()

    return command


def test_nothing_that_a_hostile_server_said_is_obeyed_when_its_job_is_looked_into(crawled, look):
    assert look("status", "a.jsonl")
    assert json.loads("\n".join(look("status", "a.jsonl", "--json")))
    assert all(re.match(r"[a-z_]+  http://127", line) for line in look("failures", "a.jsonl"))
    assert all(json.loads(line) for line in look("failures", "a.jsonl", "--format", "json"))
    assert all(
        line.startswith(("url,", "http://127")) for line in look("failures", "a.jsonl", "--format", "csv")
    )
    assert look("retry", "a.jsonl", "--dry-run")
    for path in ("/redirect", "/nowhere", "/nohttp", "/reason", "/coding", "/forged"):
        url = next(url for url in crawled[1] if url.endswith(path))
        assert look("why", url, "--job", "a.jsonl")


def test_the_list_of_failures_can_be_crawled_again_and_a_dry_run_shows_it_harmlessly(look):
    assert all(re.fullmatch(r"http://127[!-~]*", line) for line in look("failed.txt", "--dry-run"))


def test_records_in_a_pipe_are_json_that_no_terminal_obeys(tmp_path):
    with Hostile() as server:
        done = typed(tmp_path, *(server.url + path for path in server.paths), *QUICK)
        assert len(harmless(done.stdout, "stdout").splitlines()) == len(server.paths)
    harmless(done.stderr, "stderr")
    for line in done.stdout.splitlines():
        assert json.loads(line)["url"].startswith(server.url)


def test_what_a_robots_txt_says_is_shown_and_not_obeyed(look):
    with Hostile() as server:
        for words in (["robots", server.url + "/forbidden"], ["robots", server.url + "/forbidden", "--json"]):
            lines = look(*words, code=3)
            assert r"\u001b]0;owned\u0007" in "".join(lines)
    assert json.loads(lines[0])["allowed"] is False


def test_nothing_is_held_for_markup_by_the_table_that_is_drawn_at_the_end(tmp_path):
    with Hostile() as server:
        done = typed(
            tmp_path, server.url + "/reason", server.url + "/nohttp", *QUICK, "--failed", "[red]f[/red].txt"
        )
    assert "[red]f[/red].txt" in done.stderr.decode()


def on_a_terminal(folder, *words):
    """What a command sends to a terminal, less what is ours; nothing in it is obeyed."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
    )
    os.close(theirs)
    seen, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([ours], [], [], 0.5)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        seen += data
    process.wait(20)
    os.close(ours)
    left = OURS.sub("\n", seen.decode("utf-8"))
    found = OBEYED.search(left)
    assert found is None, left[max(0, found.start() - 100) : found.end() + 30]
    assert not set("\x1b\x9b\u200b\U000e0041") & set(left)
    return left


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_on_a_terminal_only_our_own_bar_and_colours_are_sent(tmp_path):
    with Hostile() as server:
        urls = [server.url + path for path in server.paths]
        text = on_a_terminal(tmp_path, *urls, *QUICK, "-vv", "--follow")
    assert "owned" in text  # shown, and not done
    assert "[bold red]" in text


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_a_body_is_shown_on_a_terminal_and_not_obeyed_and_is_itself_in_a_pipe(tmp_path):
    with Hostile() as server:
        words = ("get", "--headers", "--body", server.url + "/", "--no-robots")
        assert "owned" in on_a_terminal(tmp_path, *words)
        assert b"\x1b]0;owned" in typed(tmp_path, *words).stdout
