"""Signals and a reader that leaves: the crawl ends as it was asked to, and the same command goes on."""

import signal
import subprocess
import sys
from itertools import product

import pytest

from .checks import check_folder, check_items, check_records, check_whole_so_far, repeats
from .conftest import IS_LONG, WORKERS, only_long

pytestmark = pytest.mark.timeout(110)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
QUICK = ("-w", WORKERS, "--per-host", "4", "--backoff", "10ms", "--no-adaptive")
BACKENDS = ("process", "futures-process", "thread", "futures-thread", "sync")


@pytest.mark.parametrize(
    ("number", "to_all"),
    list(product(SIGNALS, (False, True))) if IS_LONG else [(signal.SIGINT, True), (signal.SIGTERM, False)],
)
def test_one_signal_finishes_what_is_out_and_the_same_command_goes_on(worlds, crawl, dice, number, to_all):
    backend = dice.choice(BACKENDS)
    print(backend)
    world = worlds(dice.random(), pages=120)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", "--backend", backend, *QUICK)
    run = command.start()
    world.wait_until_asked(dice.randint(5, 40), lambda: run.is_over)
    run.signal(number, to_all=to_all)
    done = run.finish(10)
    assert done.code == (130 if number == signal.SIGINT else 143), done.said
    assert "same command" in done.last_line, done.said
    kept = check_whole_so_far(world, command.folder / "pages.jsonl", has_items=False)
    # What was out is finished; a page that waits for its retry is not.
    answered = len({fact.final_url for fact in world.facts.values()} & world.asked.keys())
    assert kept >= answered - len(world._shaky)
    check_folder(command.folder, {"pages.jsonl", "pages.jsonl.job"})

    done = command.run()
    assert done.code == 0, done.said
    check_records(world, command.folder / "pages.jsonl")
    assert repeats(world).keys() <= world._shaky | world.facts.keys()
    assert repeats(world).total() <= 2 + len(world._shaky)


@pytest.mark.parametrize("to_all", [False, True], ids=["main", "group"])
def test_two_signals_stop_at_once_and_every_page_in_the_output_is_whole(worlds, crawl, dice, to_all):
    backend = dice.choice(BACKENDS)
    world = worlds(dice.random(), pages=120)
    for site in world.sites:
        site.page("/p2", links=[f"/p{n}" for n in (5, 6)], delay_s=3 if backend == "sync" else 9)
    words = ("--handler", "../handlers.py:parse", "-o", "items.csv", "-o", "items.sqlite")
    command = crawl(*world.seeds, *words, "--backend", backend, *QUICK)
    run = command.start()
    for site in world.sites:
        if backend != "sync":
            site.wait_for("/p2")
    world.wait_until_asked(10, lambda: run.is_over)
    run.signal(signal.SIGINT, to_all=to_all)
    run.signal(signal.SIGTERM, to_all=to_all)
    done = run.finish(7)  # without workers the page that is being fetched is waited for, else none is
    assert done.code in {130, 143}, done.said
    for output in ("items.csv", "items.sqlite"):
        check_whole_so_far(world, command.folder / output, has_items=True)
    check_folder(command.folder, {"items.csv", "items.sqlite", "items.csv.job"})


def test_a_reader_that_leaves_ends_the_crawl_quietly_and_the_file_beside_it_can_be_continued(worlds, crawl):
    world = worlds(pages=120)
    command = crawl(*world.seeds, "--follow", "-o", "-", "-o", "pages.jsonl", "--backend", "thread", *QUICK)
    run = command.start(stdout=subprocess.PIPE)
    run.process.stdout.readline()
    run.process.stdout.close()
    done = run.finish(10)
    assert done.code == 0, done.said
    check_whole_so_far(world, command.folder / "pages.jsonl", has_items=False)
    done = command.run(stdout=subprocess.DEVNULL)
    assert done.code in {0, 6}, done.said
    check_records(world, command.folder / "pages.jsonl")


def test_a_shells_ctrl_c_on_a_pipeline_leaves_nothing_running(worlds, crawl):
    world = worlds(pages=120, slow_s=0.3)
    command = crawl(*world.seeds, "--follow", "-o", "-", *QUICK)
    program = ("sh", "-c", f'"{sys.executable}" -m crawlpool "$@" | cat > all.jsonl', "sh")
    run = command.start(program=program)
    world.wait_until_asked(30, lambda: run.is_over)
    run.signal(signal.SIGINT, to_all=True)
    run.finish(10)


def test_a_crawl_that_nobody_may_hang_up_on_goes_on_after_a_hangup(worlds, crawl):
    world = worlds(pages=60)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", *QUICK)
    run = command.start(program=("nohup", sys.executable, "-m", "crawlpool"), stdout=subprocess.DEVNULL)
    world.wait_until_asked(5, lambda: run.is_over)
    run.signal(signal.SIGHUP, to_all=True)
    done = run.finish()
    assert done.code == 0, done.said
    check_records(world, command.folder / "pages.jsonl")


@only_long
def test_a_signal_at_any_instant_leaves_an_output_that_can_be_continued(worlds, crawl, dice):
    world = worlds(dice.random(), pages=150)
    command = crawl(*world.seeds, "--handler", "../handlers.py:parse", "-o", "items.jsonl", *QUICK)
    for _ in range(6):
        run = command.start()
        so_far = len(world.sites[0].log)
        world.wait_until_asked(so_far + dice.randint(0, 25), lambda run=run: run.is_over)
        for _ in range(dice.randint(1, 2)):
            run.signal(dice.choice(SIGNALS), to_all=dice.random() < 0.5)
        done = run.finish(10)
        # Before Python has come to its first line, a signal ends it as it ends any program.
        assert done.code in {0, 6, 130, 143, -1, -2, -15}, done.said
        if (command.folder / "items.jsonl").exists():
            check_whole_so_far(world, command.folder / "items.jsonl", has_items=True)
    assert command.run().code in {0, 6}
    check_items(world, command.folder / "items.jsonl")
