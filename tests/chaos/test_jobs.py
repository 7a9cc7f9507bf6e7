"""Job files that are harmed, and crawls that want the same one: said by name, and nothing is overwritten."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .checks import check_records
from .conftest import IS_LONG, only_long

pytestmark = pytest.mark.timeout(110)

QUICK = ("--backend", "thread", "-w", "4", "--per-host", "4", "--backoff", "10ms", "--no-adaptive")


def killed(worlds, crawl):
    """A crawl that was killed on its way; its world and its command."""
    world = worlds(pages=160, slow_s=0.3)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", *QUICK)
    run = command.start()
    run.wait_for_commit(command.folder / "pages.jsonl.job")
    run.kill()
    return world, command


def _junk(job: Path) -> None:
    job.write_bytes(b"this is no database, but it is as long as one may be\n" * 200)


def _cut_short(job: Path) -> None:
    with job.open("r+b") as file:
        file.truncate(job.stat().st_size - 4096)


def _scribble(job: Path) -> None:
    whole = bytearray(job.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    job.write_bytes(whole)


def _made_by_a_newer_one(job: Path) -> None:
    with closing(sqlite3.connect(job)) as db:
        db.execute("PRAGMA user_version = 9999")


def test_a_job_file_that_is_harmed_is_refused_by_name_and_nothing_is_asked_or_overwritten(worlds, crawl):
    world, command = killed(worlds, crawl)
    job, output = command.folder / "pages.jsonl.job", command.folder / "pages.jsonl"
    with closing(sqlite3.connect(job)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = job.read_bytes()
    harms = {_junk: "damaged", _cut_short: "damaged", _scribble: "damaged", _made_by_a_newer_one: "newer"}
    for harm, words in harms.items():
        job.write_bytes(kept)
        harm(job)
        before, asked = (job.read_bytes(), output.read_bytes()), world.asked
        done = command.run()
        assert done.code == 4, (harm, done.said)
        assert "pages.jsonl.job" in done.said, harm
        assert words in done.said, harm
        assert "--fresh" in done.said, harm
        assert (job.read_bytes(), output.read_bytes()) == before, harm
        assert world.asked == asked, harm

    job.write_bytes(kept)
    assert command.run().code == 0
    check_records(world, output)
    if IS_LONG:
        _junk(job)
        assert command.run("--fresh").code == 0
        check_records(world, output)


def test_an_output_whose_job_is_gone_or_empty_is_not_touched_without_a_flag(worlds, crawl):
    world, command = killed(worlds, crawl)
    job, output = command.folder / "pages.jsonl.job", command.folder / "pages.jsonl"
    for path in command.folder.glob("pages.jsonl.job*"):
        path.unlink()
    before = output.read_bytes()
    for is_there in (False, True):
        if is_there:
            job.write_bytes(b"")
        done = command.run()
        assert done.code in {2, 4}, done.said
        assert "--fresh" in done.said
        assert "--append" in done.said
        assert output.read_bytes() == before
    done = command.run("--fresh")
    assert done.code == 0, done.said
    check_records(world, output)


def test_a_second_crawl_on_the_same_job_is_refused_and_the_first_goes_on(worlds, crawl):
    world = worlds(pages=150)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", *QUICK)
    site = world.sites[0]
    site.hold("/p1")
    first = command.start()
    site.wait_for("/p1")
    second = command.run()
    assert second.code == 4, second.said
    assert "in use" in second.said
    assert str(first.pid) in second.said
    third = command.run("--fresh")
    assert third.code == 4, third.said
    site.release("/p1")
    done = first.finish()
    assert done.code == 0, done.said
    check_records(world, command.folder / "pages.jsonl")


def test_of_two_crawls_started_at_once_one_runs_and_the_other_is_refused(worlds, crawl):
    world = worlds(pages=60, slow_s=0.3)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", *QUICK)
    runs = [command.start() for _ in range(3)]
    codes = sorted(run.finish().code for run in runs)
    assert codes[0] == 0, [run.said for run in runs]
    assert set(codes[1:]) <= {4, 6}, [run.said for run in runs]  # 6: it had finished meanwhile
    check_records(world, command.folder / "pages.jsonl")


@only_long
def test_other_seeds_are_refused_by_name_and_go_on_with_append(worlds, crawl):
    world, command = killed(worlds, crawl)
    asked = world.asked
    done = command.run(world.sites[0].url + "/p9")
    assert done.code == 2, done.said
    assert "--append" in done.said
    assert "--fresh" in done.said
    assert world.asked == asked
    done = command.run(world.sites[0].url + "/p9", "--append")
    assert done.code == 0, done.said
    check_records(world, command.folder / "pages.jsonl")
