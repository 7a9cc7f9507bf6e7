"""Programs that use the library and leave in the middle: their workers end, and what was done is kept."""

import os
import signal
import sys
from itertools import product

import pytest

from . import processes
from .checks import check_records, check_whole_so_far
from .conftest import IS_LONG, WORKERS, only_long

pytestmark = pytest.mark.timeout(60)

BROKEN_OFF = """
import os, signal
import crawlpool

urls = open("urls.txt").read().split()
try:
    for number, page in enumerate(crawlpool.fetch(urls, workers={workers}, per_host=4, backend={backend!r})):
        if number == 5:
            {leave}
except {caught}:
    pass
os.kill(os.getpid(), signal.SIGSTOP)
"""
LEAVE = {
    "break": ("break", "ZeroDivisionError"),
    "an exception": ("1 / 0", "ZeroDivisionError"),
    "Ctrl-C": ("os.kill(os.getpid(), signal.SIGINT)", "KeyboardInterrupt"),
}


@pytest.mark.parametrize(
    ("way", "backend"),
    list(product(LEAVE, ("process", "futures-process")))
    if IS_LONG
    else [("break", "process"), ("Ctrl-C", "futures-process")],
)
def test_a_loop_over_pages_that_is_left_leaves_no_worker_behind(worlds, crawl, way, backend):
    world = worlds(pages=60, slow_s=0.5)
    command = crawl("script.py")
    world.write_list(command.folder / "urls.txt")
    leave, caught = LEAVE[way]
    script = BROKEN_OFF.format(backend=backend, workers=WORKERS, leave=leave, caught=caught)
    (command.folder / "script.py").write_text(script)
    run = command.start(program=(sys.executable,))
    processes.wait_until_stopped(run.pid, 20)
    left = [each for each in processes.session(run.pid) if each.role == "worker"]  # zombies too
    run.signal(signal.SIGCONT)
    assert not left
    assert run.finish(10).code == 0


RESUMED = """
import os, signal, sys
import crawlpool

crawler = crawlpool.Crawler(follow=True, workers={workers}, per_host=4, backoff=0.01, adaptive=False, backend={backend!r})
pages = 0

def watch(stats):
    if len(sys.argv) > 1 and stats.pages > 40:
        {leave}

seeds = open("seeds.txt").read().split()
print(crawler.run(seeds, output="pages.jsonl", watch=watch).ended)
"""


@pytest.mark.parametrize(
    ("way", "backend"),
    list(product(("an exception", "Ctrl-C", "the end of the process"), ("process", "sync")))
    if IS_LONG
    else [("Ctrl-C", "process"), ("the end of the process", "thread")],
)
def test_a_run_with_an_output_that_is_left_keeps_what_was_done_and_goes_on_when_called_again(
    worlds, crawl, way, backend
):
    world = worlds(pages=120)
    command = crawl("script.py")
    (command.folder / "seeds.txt").write_text("\n".join(world.seeds))
    leave = {**{name: words for name, (words, _) in LEAVE.items()}, "the end of the process": "os._exit(1)"}[
        way
    ]
    (command.folder / "script.py").write_text(RESUMED.format(backend=backend, workers=WORKERS, leave=leave))
    run = command.start("leave", program=(sys.executable,))
    run.process.wait(20)
    assert run.process.returncode != 0
    assert not processes.wait_until_gone(run.pid, 2.0)
    kept = check_whole_so_far(world, command.folder / "pages.jsonl", has_items=False)
    assert kept > 40 or way == "the end of the process"
    done = command.run(program=(sys.executable,), stdout=-3)
    assert done.code == 0, done.said
    check_records(world, command.folder / "pages.jsonl")


@only_long
def test_a_program_that_is_stopped_and_continued_goes_on_as_if_nothing_had_been(worlds, crawl):
    world = worlds(pages=60)
    command = crawl(
        *world.seeds,
        "--follow",
        "-o",
        "pages.jsonl",
        "-w",
        WORKERS,
        "--per-host",
        "4",
        "--backoff",
        "10ms",
        "--no-adaptive",
    )
    run = command.start()
    world.wait_until_asked(10, lambda: run.is_over)
    os.killpg(run.pid, signal.SIGSTOP)  # Ctrl-Z
    os.killpg(run.pid, signal.SIGCONT)
    done = run.finish()
    assert done.code == 0, done.said
    check_records(world, command.folder / "pages.jsonl")
    assert world.asked == world.needed
