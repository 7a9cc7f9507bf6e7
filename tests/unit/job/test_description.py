"""docs/job-file.md describes every table and column that there is, and its questions can be typed."""

import re
from pathlib import Path

import pytest

from crawlpool.cli import failures, retry, salvage, status, why
from crawlpool.job.looking import looking_into

from ...jobs import Book

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "job-file.md").read_text(encoding="utf-8")


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "books.jsonl.job"
    with Book(path) as book:
        book.answered("http://a.test/")
    with looking_into(path) as db:
        yield db


def test_every_column_of_every_table_is_described(db):
    told = {
        table: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        for table, text in re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    }
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    there = {table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")] for table in tables}
    assert told == there


@pytest.mark.parametrize("question", re.findall(r"^```sql\n(.*?)```", TEXT, re.MULTILINE | re.DOTALL))
def test_every_question_can_be_typed(db, question):
    for each in filter(str.strip, question.split(";")):
        db.execute(each).fetchall()


def test_every_command_and_flag_of_a_job_is_named():
    for command in (status, failures, why, retry, salvage):
        name = command.__name__.rpartition(".")[2]
        assert f"`crawlpool {name} " in TEXT
        for flag in set(command.parser().flags) - {"--help", "--output"}:
            assert f"`{flag}" in TEXT or f" {flag} " in TEXT, f"{name} {flag}"
