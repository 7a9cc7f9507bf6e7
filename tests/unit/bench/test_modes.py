"""The ways: each brings every page once, with every start method; manners hold across threads and processes."""

import ast
import asyncio
import inspect
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from crawlpool.bench.compare import Plan, compare, run_once
from crawlpool.bench.modes import MODES
from crawlpool.bench.modes.guard import Guard
from crawlpool.bench.modes.once import Task, run
from crawlpool.bench.modes.page import Fetch, Store, parsed
from crawlpool.bench.rows import Run

AGENT = "crawlpool/0.1 (a test)"
THERE = [name for name, mode in MODES.items() if mode.is_there]
FORKING = [name for name in THERE if MODES[name].place.startswith("pools:") or name == "futures-process"]
FORKING.remove("thread-pool")
RUNNING = """
import json, sys
from crawlpool.bench.modes.once import Task, run
if __name__ == "__main__":
    print(json.dumps([run(Task(**task)) for task in json.loads(sys.argv[1])]))
"""


def plan(*modes, **more):
    known = {
        "parses": ("none",),
        "workers": 4,
        "repeats": 1,
        "agent": AGENT,
        "is_warming_up": False,
        "per_host": 2,
        "longest_s": 1.0,
    }
    return Plan(modes=modes, **{**known, **more})


def pages_of(site, count, name="page"):
    for number in range(count):
        site.page(f"/{name}/{number}", title=f"Page {number}", links=["/a", "/b"], delay_s=0.02)
    return [f"{site.url}/{name}/{number}" for number in range(count)]


def task_of(site, mode, tmp_path):
    return Task(
        mode=mode,
        urls=pages_of(site, 6, mode),
        workers=4,
        parse="none",
        agent=AGENT,
        guard=str(tmp_path),
        per_host=2,
    )


def run_apart(*tasks):
    """Run tasks in one process of their own, which may fork: this one has threads."""
    words = json.dumps([asdict(task) for task in tasks])
    done = subprocess.run(
        [sys.executable, "-c", RUNNING, words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(site, mode, done, count):
    asked = [arrival for arrival in site.log if arrival.path.startswith(f"/{mode}/")]
    assert (done["pages"], done["failed"], done["error"]) == (count, 0, ""), mode
    assert sorted(arrival.path for arrival in asked) == [f"/{mode}/{number}" for number in range(count)]
    assert max(arrival.at_once for arrival in asked) <= (1 if MODES[mode].is_sequential else 2), mode
    assert 0 < done["first_s"] <= done["wall_s"], mode
    assert {arrival.header("User-Agent") for arrival in asked} == {AGENT}


@pytest.mark.parametrize(
    ("modes", "start_method"), [(FORKING, ""), (["callbacks", "futures-process"], "spawn")]
)
def test_a_pool_asks_for_each_page_once_and_for_no_more_at_once_than_a_host_gets(
    site, tmp_path, modes, start_method
):
    tasks = [replace(task_of(site, mode, tmp_path), start_method=start_method) for mode in modes]
    for mode, done in zip(modes, run_apart(*tasks), strict=True):
        check(site, mode, done, 6)


@pytest.mark.parametrize("mode", [name for name in THERE if name not in FORKING])
def test_a_way_asks_for_each_page_once_and_for_no_more_at_once_than_a_host_gets(site, mode, tmp_path):
    check(site, mode, run(task_of(site, mode, tmp_path)), 6)


@pytest.mark.parametrize("parse", ["callback", "worker"])
def test_a_way_brings_its_pages_wherever_they_are_parsed(site, parse):
    done = run(Task(mode="thread-pool", urls=pages_of(site, 2), workers=2, parse=parse, agent=AGENT))
    assert (done["pages"], done["error"]) == (2, "")


def test_a_page_is_parsed_into_title_and_links_and_only_these_cross_from_a_worker(site):
    (url,) = pages_of(site, 1)

    early = Fetch(agent=AGENT, is_parsing=True)(url)
    late = Fetch(agent=AGENT)(url)

    assert (early.title, early.links, early.body) == ("Page 0", 2, b"")
    assert late.links == -1
    assert late.size == len(late.body) == early.size
    assert parsed(late).title == "Page 0"


def test_what_goes_wrong_is_a_value(site):
    site.page("/gone", status=404)
    site.redirect("/moved", "/elsewhere")
    site.page("/elsewhere")
    fetch, store = Fetch(agent=AGENT), Store(is_parsing=True)

    for url in (f"{site.url}/gone", f"{site.url}/moved", "http://127.0.0.1:1/", "nonsense"):
        store(fetch(url))

    assert [answer.error[:14] for answer in store.answers][:2] == ["HTTP 404", "HTTP 302: a re"]
    assert all(answer.error for answer in store.answers)
    assert "/elsewhere" not in site.requests


def test_a_way_that_fails_is_a_run_with_an_error(site):
    done = run_once(plan("callbacks", start_method="nonsense"), pages_of(site, 1), "callbacks", "none", 1)
    assert "nonsense" in done.error
    assert done.failed == 1


def test_a_host_that_asks_for_less_is_asked_nothing_more_and_the_comparison_ends(site):
    urls = [f"{site.url}/{number}" for number in range(6)]
    for number in range(6):
        site.page(f"/{number}", status=429)

    runs = list(compare(plan("session", "sequential"), urls))

    assert len(runs) == 1
    assert runs[0].complaints == 1
    assert len(site.requests) == 1


def test_ways_take_turns_round_by_round(monkeypatch):
    order = []

    def note(_plan, urls, mode, parse, number):
        order.append((number, mode, len(urls)))
        return Run(mode=mode, parse=parse, round=number)

    monkeypatch.setattr("crawlpool.bench.compare.run_once", note)
    runs = list(compare(plan("map", "apply", repeats=2, is_warming_up=True), ["u"] * 9))

    assert order == [
        *((0, "map", 4), (0, "apply", 4)),  # warming up, which does not count
        *((1, "apply", 9), (1, "map", 9)),
        *((2, "map", 9), (2, "apply", 9)),
    ]
    assert len(runs) == 4


def test_slots_hold_for_threads_and_coroutines_together(tmp_path):
    guard = Guard(str(tmp_path), 2)
    lock, now, most = threading.Lock(), [0], [0]

    def enter():
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])

    def hold(_):
        with guard.slot("http://a.test/x"):
            enter()
            time.sleep(0.005)
            now[0] -= 1

    async def hold_in_loop():
        async with guard.slot_in_loop("http://a.test/y"):
            enter()
            await asyncio.sleep(0.005)
            now[0] -= 1

    async def several():
        await asyncio.gather(*(hold_in_loop() for _ in range(8)))

    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(hold, number) for number in range(8)]
        asyncio.run(several())
        assert all(future.exception() is None for future in futures)
    assert most[0] <= 2


def test_hosts_have_slots_of_their_own(tmp_path):
    guard = Guard(str(tmp_path), 1)
    with guard.slot("http://a.test/"), guard.slot("http://b.test/"):
        assert guard._try("http://a.test/other") is None


def test_every_way_is_short_enough_to_teach_from_and_says_what_it_shows():
    for mode in MODES.values():
        if not mode.is_there:
            continue
        function = mode.function()
        source = inspect.getsource(function)
        assert len(source.splitlines()) <= 28, mode.name
        (tree,) = ast.parse(source).body
        title, _, why = ast.get_docstring(tree).partition("\n\n")
        assert title, mode.name
        assert len(why.split()) > 10, mode.name
