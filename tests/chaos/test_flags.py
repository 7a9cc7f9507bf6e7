"""Kills in the middle of crawls that start over, add, refresh, or read their seeds from a pipe."""

import json
from collections import Counter

import pytest

from .checks import check_records, records_in
from .conftest import IS_LONG, only_long

pytestmark = pytest.mark.timeout(110)

QUICK = ("--backend", "thread", "-w", "4", "--per-host", "4", "--backoff", "10ms", "--no-adaptive")


def kill_after_commits(command, *more: str, job: str = "pages.jsonl.job", times: int = 1) -> None:
    for _ in range(times):
        run = command.start(*more)
        run.wait_for_commit(command.folder / job)
        run.kill()


def test_what_was_in_an_output_before_an_append_survives_kills_and_stands_first(worlds, crawl):
    world = worlds(pages=160, slow_s=0.3)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", "--append", *QUICK)
    output = command.folder / "pages.jsonl"
    before = "".join(f"{json.dumps({'url': f'before {number}'})}\n" for number in range(40))
    output.write_text(before)
    kill_after_commits(command, times=3 if IS_LONG else 1)
    done = command.run()
    assert done.code == 0, done.said
    text = output.read_text()
    assert text.startswith(before)
    output.write_text(text.removeprefix(before))
    check_records(world, output)


@only_long
def test_a_crawl_that_starts_over_and_is_killed_goes_on_without_the_flag(worlds, crawl):
    world = worlds(pages=160, slow_s=0.3)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", *QUICK)
    (command.folder / "pages.jsonl").write_text("of another crawl\n")
    kill_after_commits(command, "--fresh")
    done = command.run()
    assert done.code == 0, done.said
    check_records(world, command.folder / "pages.jsonl")


@only_long
def test_a_refresh_that_is_killed_goes_on_and_adds_each_page_once_more(worlds, crawl):
    world = worlds(pages=120, slow_s=0.3)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", *QUICK)
    assert command.run().code == 0
    run = command.start("--refresh")
    world.wait_until_asked(len(world.sites[0].log) + 30, lambda: run.is_over)
    run.kill()
    done = command.run("--refresh")
    assert done.code == 2, done.said
    assert "without --refresh" in done.said
    done = command.run()
    assert done.code in {0, 6}, done.said  # 6: it was killed before it had begun
    counts = Counter(record["url"] for record in records_in(command.folder / "pages.jsonl"))
    assert counts == dict.fromkeys(world.facts, 2)


def test_seeds_from_a_pipe_are_read_again_after_a_kill_and_none_is_fetched_twice(worlds, crawl):
    world = worlds(pages=160, slow_s=0.3)
    command = crawl("-", "-o", "pages.jsonl", *QUICK)
    seeds = command.folder / "urls.txt"
    world.write_list(seeds)
    with seeds.open("rb") as pipe:
        run = command.start(stdin=pipe)
        run.wait_for_commit(command.folder / "pages.jsonl.job")
        run.kill()
    with seeds.open("rb") as pipe:
        done = command.run(stdin=pipe)
    assert done.code == 3, done.said
    check_records(world, command.folder / "pages.jsonl")
