"""The clocks of `crawlpool bench --stages`: what is charged to which stage, and where the marks are."""

import sys
import threading
import time
from importlib.util import find_spec

import pytest

from crawlpool.bench.stages.clock import STAGES, Clock, Clocks, mark_s, read_clock
from crawlpool.bench.stages.seams import MAIN, WORKERS
from crawlpool.bench.stages.sums import REST, added
from crawlpool.bench.stages.watcher import place_of
from crawlpool.cli.benchstages import crawl_words
from crawlpool.worker.wire import TransportOptions


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_stage_within_another_takes_from_it_and_no_time_counts_twice(tmp_path):
    clocks = Clocks(tmp_path, "loop")

    def store():
        burn(0.04)

    def handler():
        burn(0.02)
        clocks.marked(store, "store")()
        burn(0.02)

    began = time.thread_time()
    clock = clocks.of_thread(role="main")
    burn(0.01)
    clocks.marked(handler, "handler")()
    clock.write()
    whole_s = time.thread_time() - began

    (file,) = tmp_path.glob("main-*.clock")
    cpu, wall, marks = read_clock(file)
    assert cpu["handler"] >= 0.04
    assert cpu["store"] >= 0.04
    assert cpu["loop"] >= 0.01
    assert sum(cpu.values()) == pytest.approx(whole_s, abs=0.005)
    assert wall["store"] >= 0.04
    assert marks == 5


def test_waiting_takes_time_and_nothing_of_the_processor(tmp_path):
    clock = Clock(tmp_path / "c", "loop")
    clock.enter(STAGES.index("waiting"))
    time.sleep(0.05)
    clock.leave()
    clock.write()

    cpu, wall, _ = read_clock(tmp_path / "c")
    assert wall["waiting"] >= 0.05
    assert cpu["waiting"] < 0.02


def test_a_stage_that_raises_is_over(tmp_path):
    clocks = Clocks(tmp_path, "loop")

    def fail():
        raise ValueError("as it is")

    with pytest.raises(ValueError, match="as it is"):
        clocks.marked(fail, "store")()
    burn(0.02)
    clocks.of_thread().write()

    (file,) = tmp_path.glob("*.clock")
    cpu, _, _ = read_clock(file)
    assert cpu["store"] < 0.01
    assert cpu["loop"] >= 0.02


def test_each_thread_has_a_clock_of_its_own(tmp_path):
    clocks = Clocks(tmp_path, "loop")
    fetch = clocks.marked(lambda: burn(0.02), "fetch", is_told=True)
    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    spent = [read_clock(file)[0]["fetch"] for file in tmp_path.glob("worker-*.clock")]
    assert len(spent) == 2
    assert all(0.02 <= each < 0.04 for each in spent)


def test_what_no_clock_saw_stands_in_a_row_of_its_own(tmp_path):
    for name, stage in (("main-7-1", "loop"), ("worker-7-2", "fetch"), ("worker-8-1", "fetch")):
        clock = Clock(tmp_path / f"{name}.clock", "starting")
        clock.charge(stage, 1.0)
        clock.write()

    stages, _ = added(tmp_path, whole_s=6.0, main_s=2.5, helpers_s=0.25)
    rows = {stage.name: stage for stage in stages}

    assert rows["loop"].main_s == pytest.approx(1.0)
    assert rows["fetch"].workers_s == pytest.approx(2.0)
    assert rows["crossing"].main_s == pytest.approx(0.5, abs=0.02)  # the pools' own threads
    assert rows["starting"].workers_s == pytest.approx(0.25, abs=0.02)
    assert sum(stage.cpu_s for stage in stages) == pytest.approx(6.0)
    assert stages[-1].name == REST
    assert stages[-1].cpu_s == pytest.approx(6.0 - 3.75, abs=0.02)


@pytest.mark.parametrize("seam", [*MAIN, *WORKERS], ids=lambda seam: f"{seam.module}.{seam.name}")
def test_every_seam_is_where_it_is_said_to_be(seam):
    if seam.needs and find_spec(seam.needs) is None:
        pytest.skip(f"{seam.needs} is not installed")
    holder, name = place_of(seam)

    assert callable(getattr(holder, name))
    assert seam.stage in STAGES


def test_a_mark_costs_little(tmp_path):
    assert mark_s(tmp_path, times=500) < 0.001


def test_a_crawl_that_nobody_looks_at_has_no_watcher_and_loads_none():
    assert TransportOptions().watcher is None
    assert "crawlpool.bench.stages" not in {
        name for name in sys.modules["crawlpool"].__dict__ if name.startswith("bench")
    }


def test_the_crawl_is_told_all_but_the_flags_of_the_bench():
    words = (
        "http://a.test/ --stages --follow --json s.json --plot=s.svg -w 2 --seed 3 --csv s.csv -- --stages"
    )

    assert crawl_words(words.split()) == ["http://a.test/", "--follow", "-w", "2", "--", "--stages"]
