"""Workers that are killed, stopped or poisoned: main goes on, and the site hardly notices."""

import os
import random
import signal
import threading
import time

import pytest

from . import processes
from .checks import (
    check_asked_again_only_what_died,
    check_folder,
    check_given_up_for_cause,
    check_items,
    check_records,
)
from .conftest import IS_LONG, SEED, only_long
from .world import Fact

PROCESSES = ("process", "futures-process")
SOME = PROCESSES if IS_LONG else PROCESSES[:1]
QUICK = ("--workers", "4", "--per-host", "4", "--backoff", "10ms", "--no-adaptive", "--retries", "3")

pytestmark = pytest.mark.timeout(110)


def kill_at_random(run, world, dice, *, most, within_s, roles=("worker",)):
    """Kill processes of a crawl at random instants until few pages are left; how many died."""
    deaths = 0
    needed = world.needed.total()
    world.wait_until_asked(
        12, lambda: run.is_over
    )  # before that there is one page only, and it would be blamed
    while deaths < most and not run.is_over:
        time.sleep(dice.uniform(0, within_s))
        if sum(len(site._log) for site in world.sites) > 0.85 * needed:
            break
        if there := processes.living(run.pid, *roles):
            victim = dice.choice(there)
            if victim.role == "fork server":  # an executor takes its workers for dead with it, and ends them
                for worker in run.pids("worker"):
                    world.dead_ports |= processes.ports_of(worker)
            world.dead_ports |= processes.kill(victim.pid)
            deaths += 1
    return deaths


@pytest.mark.parametrize("backend", SOME)
def test_workers_killed_at_random_instants_cost_no_page_and_no_second_request_but_their_own(
    worlds, crawl, dice, backend
):
    world = worlds(dice.random(), pages=1200 if IS_LONG else 240, hosts=3, slow_s=0.1)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", "--backend", backend, *QUICK)
    run = command.start()
    deaths = kill_at_random(run, world, dice, most=100 if IS_LONG else 15, within_s=0.2 if IS_LONG else 0.1)
    done = run.finish()
    assert done.code == 0, done.said
    again = check_asked_again_only_what_died(world)
    lost = check_given_up_for_cause(world, command.folder / "pages.jsonl")
    check_records(world, command.folder / "pages.jsonl", world.found_without(lost))
    check_folder(command.folder, {"pages.jsonl", "pages.jsonl.job"})
    print(f"{deaths} deaths, {again} requests sent again, {len(lost)} pages given up")
    assert deaths >= 5


@pytest.mark.parametrize("backend", SOME)
def test_the_fork_server_and_the_tracker_may_be_killed_as_well(worlds, crawl, dice, backend):
    world = worlds(dice.random(), pages=600 if IS_LONG else 200)
    words = ("--follow", "--handler", "../handlers.py:parse", "-o", "items.csv", "--backend", backend)
    command = crawl(*world.seeds, *words, *QUICK)
    run = command.start()
    deaths = kill_at_random(
        run, world, dice, most=40 if IS_LONG else 8, within_s=0.15, roles=("worker", "fork server", "tracker")
    )
    done = run.finish(may_complain=True)
    assert done.code == 0, done.said
    assert deaths
    if backend == "process":
        check_asked_again_only_what_died(world)
    # An executor takes all its workers for dead with the fork server, and ends them at moments of its own.
    check_items(world, command.folder / "items.csv")


@pytest.mark.parametrize("backend", SOME)
def test_a_page_that_kills_its_worker_is_recorded_as_that_and_the_others_are_fetched_once(
    worlds, crawl, backend
):
    world = worlds(pages=40, hosts=1)
    (site,) = world.sites
    command = crawl("urls.txt", "-o", "pages.jsonl", "--backend", backend, *QUICK)
    site.page("/killer", delay_s=20)  # its worker dies before the answer
    world.write_list(command.folder / "urls.txt")
    with (command.folder / "urls.txt").open("a") as file:
        file.write(f"{site.url}/killer\n")
    run = command.start()
    deaths = 0

    def kill_whoever_asks():
        nonlocal deaths
        while not run.is_over:
            asked = [arrival for arrival in site.log if arrival.path == "/killer"]
            if len(asked) > deaths:
                pid = processes.holder_of(asked[deaths].port, run.pid)
                assert pid is not None
                world.dead_ports |= processes.kill(pid)
                deaths += 1
            time.sleep(0.005)

    killer = threading.Thread(target=kill_whoever_asks)
    killer.start()
    done = run.finish()
    killer.join()
    assert done.code == 3, done.said  # a listed page failed
    assert 6 <= deaths <= 8  # one that also had an answer in hand is not counted against the page
    url = f"{site.url}/killer"
    world.facts[url] = Fact(url, url, 200)
    check_records(world, command.folder / "pages.jsonl")
    assert check_given_up_for_cause(world, command.folder / "pages.jsonl") == {url}
    check_asked_again_only_what_died(world)


@only_long
@pytest.mark.parametrize("backend", PROCESSES)
def test_a_worker_that_stands_still_is_replaced_and_its_page_comes_from_another(worlds, crawl, backend):
    dice = random.Random(SEED)
    world = worlds(dice.random(), pages=200)
    words = ("--follow", "-o", "pages.jsonl", "--timeout", "0.5", "--connect-timeout", "0.5")
    command = crawl(*world.seeds, *words, "--backend", backend, *QUICK)
    run = command.start()
    world.wait_until_asked(dice.randint(5, 60), lambda: run.is_over)
    stopped = dice.choice(run.pids("worker"))
    world.dead_ports |= processes.ports_of(stopped)
    os.kill(stopped, signal.SIGSTOP)
    done = run.finish()
    assert done.code == 0, done.said
    check_asked_again_only_what_died(world)
    check_records(world, command.folder / "pages.jsonl")
