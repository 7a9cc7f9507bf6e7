"""Disks that are full or read-only, and outputs that somebody else touches: said by name, and nothing corrupt."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest

from .checks import check_items, check_records, records_in
from .command import Command, Run
from .conftest import IS_LONG, only_long

pytestmark = pytest.mark.timeout(110)

QUICK = ("--backend", "thread", "-w", "4", "--per-host", "4", "--backoff", "10ms", "--no-adaptive")


SUFFIXES = ("jsonl", "csv", "sqlite")


def outputs(stem: str, short: str) -> list[str]:
    """An output of each kind; of one in the short form."""
    return [f"{stem}.{suffix}" for suffix in (SUFFIXES if IS_LONG else (short,))]


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Callable[[int], Path]]:
    """A disk of some KiB; only root may mount one."""
    with ExitStack() as mounted:

        def make(kib: int) -> Path:
            place = tmp_path / "disk"
            place.mkdir()
            options = f"size={kib}k"
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, check=False
            )
            if done.returncode:
                pytest.skip(f"cannot mount a small disk: {done.stderr.decode().strip()}")
            mounted.callback(subprocess.run, ["umount", "-l", str(place)], check=True)
            return place

        yield make


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def limit_files(size: int) -> Callable[[], None]:
    def in_the_child() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return in_the_child


def start_and_wait(command: Command, world, times: int) -> Run:
    run = command.start()
    world.wait_until_asked(times, lambda: run.is_over)
    return run


@only_long
@pytest.mark.parametrize("output", outputs("items", "csv"))
def test_an_output_that_may_not_grow_ends_the_crawl_and_with_room_the_same_command_goes_on(
    worlds, crawl, output
):
    world = worlds(pages=100, weight=8000)
    command = crawl(*world.seeds, "--handler", "../handlers.py:parse", "-o", output, *QUICK)
    done = command.run(preexec_fn=limit_files(500_000))
    assert done.code == 4, done.said
    assert output in done.said
    records_in(command.folder / output)  # no half a record

    done = command.run()
    assert done.code == 0, done.said
    check_items(world, command.folder / output)


@pytest.mark.parametrize("output", outputs("items", "sqlite"))
def test_a_full_disk_ends_the_crawl_and_with_room_the_same_command_goes_on(worlds, crawl, small_disk, output):
    disk = small_disk(600)
    world = worlds(pages=100, weight=8000)
    command = crawl(*world.seeds, "--handler", "../handlers.py:parse", "-o", str(disk / output), *QUICK)
    done = command.run()
    assert done.code == 4, done.said
    assert str(disk / output) in done.said
    records_in(disk / output)
    again = command.run()
    assert again.code == 4, again.said  # still no room, and nothing is worse for it

    remount(disk, "size=64m")
    done = command.run()
    assert done.code == 0, done.said
    check_items(world, disk / output)


def test_a_full_disk_of_the_job_ends_the_crawl_and_with_room_the_same_command_goes_on(
    worlds, crawl, small_disk
):
    disk = small_disk(160)
    world = worlds(pages=250, slow_s=0.02)
    command = crawl(*world.seeds, "--follow", "-o", "pages.jsonl", "--job", str(disk / "kept.job"), *QUICK)
    done = command.run()
    assert done.code == 4, done.said
    assert "kept.job" in done.said
    remount(disk, "size=64m")
    done = command.run()
    assert done.code == 0, done.said
    check_records(world, command.folder / "pages.jsonl")


def test_a_read_only_folder_is_said_before_anything_is_asked(worlds, crawl, small_disk):
    disk = small_disk(1024)
    remount(disk, "ro")
    world = worlds(pages=10)
    done = crawl(*world.seeds, "--follow", "-o", str(disk / "pages.jsonl"), *QUICK).run()
    assert done.code == 4, done.said
    assert "pages.jsonl" in done.said
    assert not world.arrivals


def test_a_disk_that_becomes_read_only_between_runs_is_said_and_later_the_crawl_goes_on(
    worlds, crawl, small_disk
):
    disk = small_disk(8192)
    world = worlds(pages=120)
    command = crawl(*world.seeds, "--follow", "-o", str(disk / "pages.jsonl"), *QUICK)
    start_and_wait(command, world, 25).kill()
    remount(disk, "ro")
    asked = world.asked
    done = command.run()
    assert done.code == 4, done.said
    assert str(disk / "pages.jsonl") in done.said
    assert world.asked == asked
    remount(disk, "rw")
    assert command.run().code == 0
    check_records(world, disk / "pages.jsonl")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_where_one_may_not_write_is_said_before_anything_is_asked(worlds, crawl):
    world = worlds(pages=10)
    command = crawl(*world.seeds, "--follow", "-o", "closed/pages.jsonl", *QUICK)
    (command.folder / "closed").mkdir(mode=0o555)
    done = command.run()
    assert done.code == 4, done.said
    assert not world.arrivals


@pytest.mark.parametrize("output", outputs("pages", "sqlite"))
def test_an_output_deleted_while_it_is_written_ends_the_crawl_with_its_name(worlds, crawl, output):
    world = worlds(pages=160, slow_s=0.3)
    command = crawl(*world.seeds, "--follow", "-o", output, *QUICK)
    run = command.start()
    run.wait_for_commit(command.folder / f"{output}.job")
    (command.folder / output).unlink()
    done = run.finish()
    assert done.code == 4, done.said
    assert output in done.said

    asked = world.asked
    done = command.run()  # what was in it is gone, and no later run pretends otherwise
    assert done.code == 4, done.said
    assert "--fresh" in done.said
    assert world.asked == asked
    done = command.run("--fresh")
    assert done.code == 0, done.said
    check_records(world, command.folder / output)


@pytest.mark.parametrize("output", outputs("pages", "csv"))
def test_an_output_replaced_while_it_is_written_is_not_written_over(worlds, crawl, output):
    world = worlds(pages=160, slow_s=0.3)
    command = crawl(*world.seeds, "--follow", "-o", output, *QUICK)
    run = command.start()
    run.wait_for_commit(command.folder / f"{output}.job")
    mine = command.folder / "mine"
    mine.write_text("somebody else's\n")
    mine.replace(command.folder / output)
    done = run.finish()
    assert done.code == 4, done.said
    assert (command.folder / output).read_text() == "somebody else's\n"
    assert command.run().code == 4
    assert (command.folder / output).read_text() == "somebody else's\n"


def _cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _edit(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"http", b"HTTP"))


HARMS = (Path.unlink, _cut_short, _edit)


@pytest.mark.parametrize(
    ("harm", "output"),
    list(product(HARMS, ("pages.jsonl", "pages.csv"))) if IS_LONG else [(_cut_short, "pages.csv")],
)
def test_an_output_changed_between_two_runs_is_refused_and_left_as_it_is(worlds, crawl, output, harm):
    world = worlds(pages=120)
    command = crawl(*world.seeds, "--follow", "-o", output, *QUICK)
    run = start_and_wait(command, world, 30)
    run.signal(15)
    assert run.finish().code == 143
    path = command.folder / output
    kept = command.folder.parent / "kept"
    shutil.copy(path, kept)
    harm(path)
    found = path.read_bytes() if path.exists() else None
    asked = world.asked

    done = command.run()
    assert done.code == 4, done.said
    assert output in done.said
    assert "--fresh" in done.said
    assert (path.read_bytes() if path.exists() else None) == found
    assert world.asked == asked

    shutil.copy(kept, path)  # put back, as the message says
    assert command.run().code == 0
    check_records(world, path)
