"""The arithmetic of `crawlpool bench`: medians, spreads, and the distance to the loop and to the ideal."""

import pytest

from crawlpool.bench.rows import Run, as_json, ideal_s, latency_of, rows_of


def run(mode, wall_s, **more):
    known = {"parse": "none", "round": 1, "pages": 10, "first_s": 0.1, "cpu_s": 0.2, "elapsed_s": 0.05}
    return Run(mode=mode, wall_s=wall_s, **{**known, **more})


def test_a_row_is_the_median_of_its_runs_between_quickest_and_slowest():
    runs = [run("map", s, cpu_s=cpu_s) for s, cpu_s in ((2.0, 0.3), (1.0, 0.1), (4.0, 0.2))]

    (row,) = rows_of(runs, [("map", "none")])

    assert (row.wall_s, row.least_s, row.most_s, row.cpu_s, row.pages_s) == (2.0, 1.0, 4.0, 0.2, 5.0)
    assert row.runs == 3
    assert row.is_whole


def test_ways_are_compared_with_the_loop_that_parses_in_the_same_place():
    runs = [
        run("sequential", 8.0),
        run("map", 2.0),
        run("sequential", 12.0, parse="callback"),
        run("map", 6.0, parse="callback"),
    ]

    rows = rows_of(
        runs, [(mode, parse) for mode in ("sequential", "map") for parse in ("none", "callback")], ideal_s=1.0
    )

    assert [(row.to_base, row.to_ideal) for row in rows] == [(1, 1 / 8), (1, 1 / 12), (4, 1 / 2), (2, 1 / 6)]


def test_without_the_loop_nothing_is_said_of_it():
    (row,) = rows_of([run("map", 2.0)], [("sequential", "none"), ("map", "none")])

    assert row.mode == "map"
    assert row.to_base is None
    assert row.to_ideal is None


def test_a_way_that_stopped_early_is_not_taken_for_a_quick_one():
    runs = [run("map", 0.01, error="OSError: gone", pages=1, failed=9), run("map", 2.0)]

    (row,) = rows_of(runs, [("map", "none")])

    assert row.wall_s == 2.0
    assert row.error == "OSError: gone"
    assert row.failed == 9
    assert not row.is_whole


def test_a_way_that_brought_no_page_has_a_row_without_a_time():
    (row,) = rows_of([run("map", 0.01, pages=0, failed=10, faults={"HTTP 500": 10})], [("map", "none")])

    assert row.wall_s is None
    assert row.error == "no page came"
    assert row.faults == {"HTTP 500": 10}


@pytest.mark.parametrize(
    ("hosts", "workers", "per_host", "wanted_s"),
    [
        ({"a": 100}, 8, 0, 100 * 0.05 / 8),
        ({"a": 100}, 1, 0, 5.0),
        ({"a": 40}, 8, 2, 1.0),  # of one host two at once, however many workers
        ({"a": 20, "b": 20}, 8, 2, 0.5),
        ({"a": 10, "b": 10, "c": 10, "d": 10, "e": 10}, 4, 2, 50 * 0.05 / 4),
        ({}, 8, 2, 0.0),
    ],
)
def test_the_ideal_is_waiting_alone_by_all_workers_or_by_as_many_as_a_host_gets(
    hosts, workers, per_host, wanted_s
):
    assert ideal_s(hosts, latency_s=0.05, workers=workers, per_host=per_host) == pytest.approx(wanted_s)


def test_the_latency_of_a_list_is_what_a_page_takes_when_little_else_is_asked():
    runs = [
        run("map", 1.0, elapsed_s=0.2),
        run("session", 1.0, elapsed_s=0.1),
        run("apply", 1.0, elapsed_s=None),
    ]

    assert latency_of(runs) == 0.1
    assert latency_of([]) is None


def test_programs_get_every_run_and_every_row():
    runs = [run("map", 2.0)]
    known = as_json({"title": "t"}, rows_of(runs, [("map", "none")]), runs)

    assert known["title"] == "t"
    assert known["rows"][0]["wall_s"] == known["runs"][0]["wall_s"] == 2.0
