"""Whoever looks into a job sees what is committed, holds up nobody, and leaves nothing behind."""

import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from crawlpool.errors import FrontierError
from crawlpool.job import reading
from crawlpool.job.file import JobFile
from crawlpool.job.looking import is_held, looking_into
from crawlpool.job.reading import Wanted, counts_of, failures_of, meta_of, settings_of
from crawlpool.job.schema import State

from ...jobs import Book

HOLDER = """
import sys
from pathlib import Path
from crawlpool.job.file import JobFile
job = JobFile(Path(sys.argv[1]))
for n in range(int(sys.argv[2])):
    job.set("n", n)
    job.commit()
print("held", flush=True)
for line in sys.stdin:
    job.set("said", line)
    job.commit()
    print("committed", flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "books.jsonl.job"


@pytest.fixture
def holder(path):
    """Another process that has the job, as a crawl has."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), "3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_job_is_held_while_its_crawl_runs_and_free_after_kill_9(path, holder):
    with looking_into(path) as db:
        owner = meta_of(db)["owner"]
    assert is_held(path, owner) is True
    holder.send_signal(signal.SIGKILL)
    holder.wait(30)
    assert is_held(path, owner) is False


def test_looking_costs_a_running_crawl_no_commit(path, holder):
    with looking_into(path) as db:
        for n in range(20):
            assert is_held(path) is True
            holder.stdin.write(f"{n}\n")
            holder.stdin.flush()
            assert holder.stdout.readline() == "committed\n"
            assert meta_of(db)["said"] == f"{n}\n"


def test_looking_leaves_no_file_behind(path):
    with Book(path) as book:
        book.answered("http://a.test/")
    with looking_into(path) as db:
        counts_of(db, most_hosts=1)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_job_in_a_folder_that_is_read_only_can_be_looked_into(path, monkeypatch):
    with Book(path) as book:
        book.answered("http://a.test/")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with looking_into(path) as db:
        assert counts_of(db, most_hosts=1).items == 1
        assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_looking_cannot_change_anything(path):
    with Book(path):
        pass
    with pytest.raises(FrontierError, match="readonly"), looking_into(path) as db:
        db.execute("DELETE FROM url")


def test_every_row_is_counted_once_whatever_the_size_of_a_slice(path, monkeypatch):
    monkeypatch.setattr(reading, "SLICE", 7)
    with Book(path) as book:
        for n in range(40):
            book.answered(f"http://{'ab'[n % 2]}.test/{n}", id=n * 3 + 1)
        book.answered("http://a.test/lost", status=404, kind="http", items=0)
        book.failed("http://b.test/late", "timeout")
        book.failed("http://b.test/odd", "handler", status=200)
        book.url("http://b.test/old", State.LEFT_OUT, kind="redirect to a known page", status=301)
        book.url("http://b.test/target", State.LED_TO, host=None, found_on=1)
        book.url("http://b.test/next")
        book.skip("http://out.test/", "scope host", "http://a.test/")
    with looking_into(path) as db:
        counts = counts_of(db, most_hosts=1)
    assert counts.states == {
        State.ANSWERED: 41, State.FAILED: 2, State.LEFT_OUT: 1, State.LED_TO: 1, State.WAITING: 1,
    }  # fmt: skip
    assert counts.statuses == {200: 41, 404: 1}
    assert counts.kinds == {"http": 1, "timeout": 1, "handler": 1}
    assert counts.left_out == {"redirect to a known page": 1}
    assert counts.skipped == {"scope host": 1}
    assert counts.hosts == {"a.test": 21}
    assert counts.items == 42


def test_failures_are_narrowed_by_kind_host_and_status_together(path):
    with Book(path) as book:
        book.answered("http://a.test/")
        book.answered("http://a.test/404", status=404, kind="http")
        book.answered("http://b.test/503", status=503, kind="http")
        book.failed("http://b.test/slow", "timeout", found_on=1)
        book.failed("not a url", "invalid_url")
        book.url("http://b.test/old", State.LEFT_OUT, kind="redirect to a known page", status=301)

    def urls(**wanted):
        with looking_into(path) as db:
            return [lost.url for lost in failures_of(db, Wanted(**wanted))]

    assert urls() == ["http://a.test/404", "http://b.test/503", "http://b.test/slow", "not a url"]
    assert urls(kinds=["http"]) == ["http://a.test/404", "http://b.test/503"]
    assert urls(hosts=["b.test"]) == ["http://b.test/503", "http://b.test/slow"]
    assert urls(hosts=["b.test"], kinds=["http", "dns"], statuses=[503]) == ["http://b.test/503"]
    assert urls(hosts=["' OR 1=1 --"]) == []


def test_failures_come_in_order_over_many_fetches_by_the_index(path, monkeypatch):
    monkeypatch.setattr(reading, "_BATCH", 3)
    with Book(path) as book:
        book.answered("http://a.test/")
        for n in range(10):
            book.failed(f"http://a.test/{n}", "dns", found_on=1)
    with looking_into(path) as db:
        found = [*failures_of(db, Wanted())]
        where, values = Wanted().where()
        plan = db.execute(
            f"EXPLAIN QUERY PLAN SELECT 1 FROM url WHERE id > 0 AND {where} ORDER BY id", values
        ).fetchall()
    assert [lost.url for lost in found] == [f"http://a.test/{n}" for n in range(10)]
    assert {lost.found_on for lost in found} == {"http://a.test/"}
    assert "failed" in str(plan)


def test_what_an_editor_left_in_a_job_does_not_break_the_looking(path):
    with Book(path) as book:
        book.db.execute("INSERT INTO meta VALUES ('settings', 'no json')")
        book.db.execute(
            "INSERT INTO url (url, state, rank, depth, listed) VALUES (CAST(x'ff61' AS TEXT), 9, 0, 0, 0)"
        )
        book.batch([1, 2])
    with looking_into(path) as db:
        assert settings_of(db) == {}
        assert counts_of(db, most_hosts=3).states.total() == 1
        assert reading.last_positions(db) == {}


def test_settings_are_the_last_runs_where_the_job_has_none(path):
    with Book(path) as book:
        book.job.begin_run({"delay": 1.0}, "0.1")
        book.job.begin_run({"delay": 2.0}, "0.1")
    with looking_into(path) as db:
        assert settings_of(db) == {"delay": 2.0}


@pytest.mark.parametrize("content", [b"", b"no database at all, but a text of some length " * 5])
def test_what_is_no_job_is_said_by_name(path, content):
    path.write_bytes(content)
    with pytest.raises(FrontierError, match=path.name), looking_into(path):
        pass


def test_a_database_of_somebody_else_is_not_taken_for_a_job(path):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE url (url TEXT)")
    db.commit()
    db.close()
    with pytest.raises(FrontierError, match="no job file of crawlpool"), looking_into(path):
        pass


def test_a_file_that_a_crawl_wrote_is_closed_as_it_was(path):
    JobFile(path).close()
    before = path.read_bytes()
    with looking_into(path) as db:
        assert json.dumps(meta_of(db)["owner"])
    is_held(path)
    assert path.read_bytes() == before
