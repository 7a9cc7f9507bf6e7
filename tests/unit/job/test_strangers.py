"""A job file from a stranger is read, and nothing in it runs."""

import sqlite3

import pytest

from crawlpool.cli import main
from crawlpool.errors import FrontierError
from crawlpool.job.file import JobFile
from crawlpool.job.looking import looking_into

from ...jobs import Book


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.jsonl.job"
    with Book(path) as book:
        book.failed("http://a.test/", "timeout", "late")
    return path


def changed(path, *statements):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        db.execute(statement)
    db.close()


TRAPS = {
    "trigger": ["CREATE TRIGGER t AFTER INSERT ON meta BEGIN UPDATE meta SET value = 'trapped'; END"],
    "virtual table": ["CREATE VIRTUAL TABLE t USING fts5(a)"],
    "view": [
        "DROP TABLE meta",
        (
            "CREATE VIEW meta AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT i AS name, i AS value FROM n"
        ),
    ],
}


@pytest.mark.parametrize("kind", TRAPS)
def test_a_job_that_would_run_something_when_it_is_used_is_refused_by_name(path, kind, capsys):
    changed(path, *TRAPS[kind])
    before = path.read_bytes()
    with pytest.raises(FrontierError, match=f"holds the {kind} '(t|meta)'"), looking_into(path):
        pass
    with pytest.raises(FrontierError, match=f"holds the {kind}"):
        JobFile(path)
    for words in (
        ["status", path],
        ["failures", path],
        ["why", "http://a.test/", "--job", path],
        ["retry", path],
    ):
        assert main([str(word) for word in words]) == 4
        assert f"holds the {kind}" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_looking_into_a_job_runs_neither_its_handler_nor_its_crawl(path, tmp_path, capsys):
    handler = tmp_path / "handler.py"
    handler.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\ndef f(page): ...\n")
    with Book(path) as book:
        book.job.set(
            "command", {"words": ["http://a.test/"], "output": ["a.jsonl"], "handler": f"{handler}:f"}
        )
        book.job.set("same", {"handler": "x"})
        book.failed("http://b.test/", "timeout", "late", request={"handler": "os:system", "data": "echo"})
    for words in (
        ["status", path],
        ["failures", path],
        ["why", "http://b.test/", "--job", path],
        ["retry", path, "--dry-run"],
    ):
        assert main([str(word) for word in words]) == 0
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "a.jsonl").exists()
