"""Main is killed with -9, at any moment, again and again; the same command goes on, and the output is whole."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import processes
from .checks import (
    check_failed,
    check_folder,
    check_given_up_for_cause,
    check_items,
    check_records,
    check_whole_so_far,
    records_in,
    repeats,
)
from .command import Command
from .conftest import IS_LONG, SEED, WORKERS, only_long
from .world import Fact, World

pytestmark = pytest.mark.timeout(110)

BACKENDS = ("process", "thread", "sync", "futures-process", "futures-thread")
QUICK = ("-w", WORKERS, "--per-host", "4", "--backoff", "10ms", "--no-adaptive")
STORES = (("pages.jsonl",), ("pages.csv",), ("pages.sqlite",), ("pages.jsonl", "pages.csv", "pages.sqlite"))


@dataclass(frozen=True)
class Case:
    """A way to crawl."""

    backend: str
    outputs: tuple[str, ...]
    has_items: bool
    is_following: bool

    def command(self, crawl, world: World) -> Command:
        words = [part for output in self.outputs for part in ("-o", output)]
        words += ["--failed", "failed.txt", "--backend", self.backend, *QUICK]
        if self.has_items:
            words += ["--handler", f"../handlers.py:{'parse' if self.is_following else 'parse_only'}"]
        if not self.is_following:
            command = crawl("urls.txt", *words)
            world.write_list(command.folder / "urls.txt")
            return command
        return crawl(*world.seeds, *words, *(() if self.has_items else ("--follow",)))

    def check(self, world: World, folder: Path) -> None:
        """The outputs hold everything once, and nothing else lies around."""
        for output in self.outputs:
            (check_items if self.has_items else check_records)(world, folder / output)
        check_failed(world, folder / "failed.txt")
        check_folder(folder, {*self.outputs, f"{self.outputs[0]}.job", "urls.txt", "failed.txt"})

    @property
    def good_end(self) -> int:
        """A list names pages that are missing, and a listed page without an answer of 2xx is a failure."""
        return 0 if self.is_following else 3


SHORT = (
    Case("process", ("pages.jsonl",), has_items=False, is_following=True),
    Case("thread", ("pages.jsonl", "pages.csv", "pages.sqlite"), has_items=True, is_following=True),
    *([Case("sync", ("pages.sqlite",), has_items=False, is_following=False)] if IS_LONG else []),
)


def cases(dice: random.Random, short: Case) -> Case:
    """In a long run any way to crawl, else the one that is named."""
    if not IS_LONG:
        return short
    return Case(
        dice.choice(BACKENDS),
        dice.choice(STORES),
        has_items=dice.random() < 0.5,
        is_following=dice.random() < 0.6,
    )


def tear(path: Path, dice: random.Random) -> None:
    """Leave half a record at the end, as a power cut does."""
    with path.open("ab") as file:
        file.write(b'{"url": "http://127.0.0.1:1/", "status": 2, "title": "\xc3\xa4'[: dice.randint(1, 54)])


def kill_again_and_again(command: Command, world: World, dice: random.Random, kills: int) -> int:
    """Run the command, and kill it `kills` times; how often it was killed before it had ended."""
    share = world.needed.total() // len(world.sites) // kills
    for number in range(kills):
        run = command.start()
        way = dice.choice(
            ("at an instant", "at a request", "at the end" if number == kills - 1 else "at a request")
        )
        if way == "at an instant":
            is_over, until = False, time.monotonic() + dice.uniform(0, 0.9)
            while not is_over and time.monotonic() < until:
                is_over = run.is_over
                time.sleep(0.002)
        elif way == "at the end":
            world.wait_until_all_asked(lambda run=run: run.is_over)
            time.sleep(dice.uniform(0, 0.2))
        else:
            so_far = len(world.sites[0].log)
            world.wait_until_asked(so_far + dice.randint(1, max(2, 2 * share)), lambda run=run: run.is_over)
        done = run.kill(to_all=dice.random() < 0.3)
        if done.code != -9:  # it was quicker
            assert done.code in {0, 3, 6}, done.said
            return number
    return kills


@pytest.mark.parametrize("short", SHORT, ids=lambda case: case.backend)
def test_main_killed_at_random_instants_again_and_again_leaves_every_record_once(worlds, crawl, dice, short):
    case = cases(dice, short)
    print(case)
    world = worlds(dice.random(), pages=dice.randint(60, 400) if IS_LONG else 120, hosts=dice.randint(1, 3))
    command = case.command(crawl, world)
    kills = kill_again_and_again(command, world, dice, kills=dice.randint(1, 12) if IS_LONG else 4)
    done = command.run()
    assert done.code in {case.good_end, 6}, done.said
    case.check(world, command.folder)
    again = repeats(world)
    assert max(again.values(), default=0) <= kills, again.most_common(3)
    print(f"killed {kills} times, {again.total()} requests sent again")

    before = world.asked
    done = command.run()
    assert done.code == 6, done.said
    assert world.asked == before
    case.check(world, command.folder)


def test_half_a_record_at_the_end_of_the_output_is_cut_off_when_the_crawl_goes_on(worlds, crawl, dice):
    case = Case("thread", ("pages.jsonl", "pages.csv"), has_items=False, is_following=True)
    world = worlds(dice.random(), pages=120)
    command = case.command(crawl, world)
    for _ in range(3 if IS_LONG else 2):
        so_far = len(world.sites[0].log)
        command.kill_when(lambda run, n=so_far: world.wait_until_asked(n + 15, lambda: run.is_over))
        for output in case.outputs:
            tear(command.folder / output, dice)
    assert command.run().code == 0
    case.check(world, command.folder)


@only_long
def test_workers_and_main_killed_in_turn_leave_every_record_once(worlds, crawl, dice):
    backend = dice.choice(("process", "futures-process"))
    case = Case(backend, ("pages.jsonl",), has_items=False, is_following=True)
    world = worlds(dice.random(), pages=400 if IS_LONG else 120, slow_s=0.1)
    command = case.command(crawl, world)
    for _ in range(4 if IS_LONG else 2):
        run = command.start()
        so_far = len(world.sites[0].log)
        for number in range(dice.randint(1, 6)):
            world.wait_until_asked(so_far + 10 * number, lambda run=run: run.is_over)
            if workers := run.pids("worker"):
                world.dead_ports |= processes.kill(dice.choice(workers))
        run.kill()
    done = command.run()
    assert done.code in {0, 6}, done.said
    output = command.folder / "pages.jsonl"
    check_records(world, output, world.found_without(check_given_up_for_cause(world, output)))


@only_long
def test_a_list_longer_than_what_is_read_ahead_is_fetched_to_its_end_after_kills(worlds, crawl):
    dice = random.Random(SEED)
    world = worlds(pages=20, hosts=1)
    urls = [f"{world.sites[0].url}/none{number}" for number in range(15_000)]
    for url in urls:
        world.facts[url] = Fact(url, url, 404)
    command = Case("thread", ("pages.jsonl",), has_items=False, is_following=False).command(crawl, world)
    for _ in range(4):
        run = command.start()
        time.sleep(dice.uniform(0.5, 3))
        run.kill()
    assert command.run().code == 3
    check_records(world, command.folder / "pages.jsonl")


def test_a_page_limit_counts_the_pages_of_all_runs_whatever_befell_them(worlds, crawl, dice):
    world = worlds(dice.random(), pages=120)
    words = ("--follow", "-o", "pages.jsonl", "--max-pages", "70", "--backend", "thread", *QUICK)
    command = crawl(*world.seeds, *words)
    kill_again_and_again(command, world, dice, kills=3 if IS_LONG else 2)
    done = command.run()
    assert done.code in {0, 3, 6}, done.said
    assert len(records_in(command.folder / "pages.jsonl")) == 70
    check_whole_so_far(world, command.folder / "pages.jsonl", has_items=False)


@pytest.mark.parametrize("wait_s", [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3] if IS_LONG else [0.12])
def test_a_kill_while_a_crawl_starts_or_goes_on_costs_nothing(worlds, crawl, wait_s):
    case = Case("process", ("pages.jsonl",), has_items=False, is_following=True)
    world = worlds(pages=40)
    command = case.command(crawl, world)
    for _ in range(3):
        command.kill_when(lambda _: time.sleep(wait_s))
    done = command.run()
    assert done.code == 0, done.said
    case.check(world, command.folder)
