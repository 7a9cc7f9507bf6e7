"""Outputs that change under our hands: each fault ends in words that name the file, and nothing is written into another's.

Every store is tried, and the list of failed URLs, which takes part in a job as they do.
"""

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from crawlpool.errors import StoreError
from crawlpool.model import Request
from crawlpool.stores.base import Start
from crawlpool.stores.csv_ import CsvStore
from crawlpool.stores.failed import FailedFile
from crawlpool.stores.folder import FolderStore
from crawlpool.stores.jsonl import JsonlStore
from crawlpool.stores.sqlite import SqliteStore

STRANGERS = b"somebody else's, and longer than what we had in there ourselves" * 200


class _Failures(FailedFile):
    """The list of failed URLs, written as a store is."""

    def write(self, record: dict[str, Any]) -> None:
        super().write(Request(f"https://a.example/{record['n']}"), str(record.get("text", "dns")))


class _Bodies(FolderStore):
    """A folder with a file for each record."""

    def write(self, record: dict[str, Any]) -> None:
        body = str(record.get("text", "body")).encode() * 20
        super().write({"n": record["n"], "file": f"a.example/{record['n']}-0123456789", "body": body})


def _of_lines(path: Path) -> list[int]:
    return [json.loads(line)["n"] for line in path.read_text().splitlines()]


def _of_table(path: Path) -> list[int]:
    return [int(line.split(",")[0]) for line in path.read_text().splitlines()[1:]]


def _of_database(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as db:
        return [n for (n,) in db.execute("SELECT n FROM pages ORDER BY _rowid_")]


def _of_list(path: Path) -> list[int]:
    return [int(line.rpartition("/")[2]) for line in path.read_text().splitlines() if line[0] != "#"]


class Kind(NamedTuple):
    name: str
    make: Callable[[Path], Any]
    numbers: Callable[[Path], list[int]]


KINDS = [
    Kind("jsonl", JsonlStore, _of_lines),
    Kind("csv", CsvStore, _of_table),
    Kind("sqlite", SqliteStore, _of_database),
    Kind("failed", _Failures, _of_list),
    Kind("folder", _Bodies, _of_lines),
]
FILES = [kind for kind in KINDS if kind.name != "sqlite"]


@pytest.fixture(params=KINDS, ids=[kind.name for kind in KINDS])
def kind(request):
    return request.param


@pytest.fixture
def path(tmp_path, kind):
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / f"out.{kind.name}"


@pytest.fixture
def store(kind, path):
    store = kind.make(path)
    store.open(Start.FRESH)
    yield store
    store.close()


def _fill(store, *numbers, **more):
    for n in numbers:
        store.write({"n": n, **more})
    return json.loads(json.dumps(store.flush()))


def _opened_and_filled(store, at):
    store.open(at)
    _fill(store, 3)


def _is_told(store, path, what):
    """Say that the next flush fails in these words, and that none ever succeeds again."""
    with pytest.raises(StoreError, match=what) as told:
        _fill(store, 3)
    assert path.name in str(told.value)
    for _ in range(2):
        with pytest.raises(StoreError, match=path.name):
            _fill(store, 4)
    store.close()


def _goes_on(kind, path, position):
    store = kind.make(path)
    store.open(position)
    _fill(store, 9)
    store.close()
    assert kind.numbers(path) == [1, 2, 9]


def _is_refused(kind, path, position, what):
    with pytest.raises(StoreError, match=what) as told:
        kind.make(path).open(position)
    assert path.name in str(told.value)
    assert "--fresh" in str(told.value)


# What others do to the file


def test_a_file_that_is_deleted_is_told_and_not_made_again(kind, path, store):
    position = _fill(store, 1, 2)
    path.unlink()
    _is_told(store, path, "deleted")
    assert not path.exists()
    _is_refused(kind, path, position, "gone")


def test_a_deleted_file_is_told_also_when_nothing_more_comes(path, store):
    _fill(store, 1, 2)
    path.unlink()
    with pytest.raises(StoreError, match="deleted"):
        store.flush()


def test_a_file_that_is_moved_away_is_told_and_goes_on_when_it_is_back(kind, path, store):
    position = _fill(store, 1, 2)
    path.rename(path.with_name("elsewhere"))
    _is_told(store, path, "moved away")
    assert not path.exists()
    for left in path.parent.glob("elsewhere*"):
        left.rename(path.with_name(left.name.replace("elsewhere", path.name)))
    _goes_on(kind, path, position)


@pytest.mark.parametrize("is_kept", [True, False], ids=["the old one kept", "the old one lost"])
def test_nothing_is_written_into_a_file_that_took_the_place_of_ours(kind, path, store, is_kept):
    position = _fill(store, 1, 2)
    if is_kept:
        path.rename(path.with_name("elsewhere"))
    other = path.with_name("other")
    other.write_bytes(STRANGERS)
    other.replace(path)
    _is_told(store, path, "replaced by another file")
    assert path.read_bytes() == STRANGERS
    with pytest.raises(StoreError, match=path.name):
        kind.make(path).open(position)
    assert path.read_bytes() == STRANGERS
    if is_kept:
        path.with_name("elsewhere").replace(path)
        _goes_on(kind, path, position)


def test_a_wider_table_is_not_put_in_the_place_of_somebody_elses_file(tmp_path):
    path = tmp_path / "out.csv"
    store = CsvStore(path)
    store.open(Start.FRESH)
    _fill(store, 1, 2)
    path.rename(tmp_path / "elsewhere")
    path.write_bytes(STRANGERS)
    store.write({"n": 3, "new": "column"})
    with pytest.raises(StoreError, match="replaced by another file"):
        store.flush()
    store.close()
    assert path.read_bytes() == STRANGERS
    assert sorted(each.name for each in tmp_path.iterdir()) == ["elsewhere", "out.csv"]


def test_a_link_that_is_turned_elsewhere_is_told(kind, path, tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "second").write_bytes(STRANGERS)
    path.symlink_to(tmp_path / "first" / "out")
    store = kind.make(path)
    store.open(Start.FRESH)
    position = _fill(store, 1, 2)
    path.unlink()
    path.symlink_to(tmp_path / "second")
    with pytest.raises(StoreError, match=r"moved away|replaced by another file"):
        _fill(store, 3)
    store.close()
    assert (tmp_path / "second").read_bytes() == STRANGERS
    path.unlink()
    path.symlink_to(tmp_path / "first" / "out")
    _goes_on(kind, path, position)


@pytest.mark.parametrize("left", [0, 7])
def test_a_file_that_is_cut_short_is_told_and_not_filled_up_with_nothing(kind, path, store, left):
    position = _fill(store, 1, 2)
    os.truncate(path, left)
    _is_told(store, path, "changed by another program")
    if kind.name == "sqlite":  # its log has all that was in the file
        _goes_on(kind, path, position)
    else:
        assert path.stat().st_size == left
        _is_refused(kind, path, position, "not as this crawl left it")


@pytest.mark.parametrize("kind", FILES, ids=[kind.name for kind in FILES], indirect=True)
@pytest.mark.parametrize("theirs", [b"x", STRANGERS])
def test_what_another_program_appends_is_told_and_not_written_over(kind, path, store, theirs):
    position = _fill(store, 1, 2)
    before = path.read_bytes()
    with path.open("ab") as other:
        other.write(theirs)
    _is_told(store, path, "changed by another program")
    assert path.read_bytes() == before + theirs
    _goes_on(kind, path, position)


@pytest.mark.parametrize("kind", FILES, ids=[kind.name for kind in FILES], indirect=True)
def test_an_end_that_is_edited_in_place_is_told(kind, path, store):
    position = _fill(store, 1, 2)
    path.write_bytes(path.read_bytes()[:-2] + b"7\n")
    _is_told(store, path, "changed by another program")
    _is_refused(kind, path, position, "changed since")


@pytest.mark.parametrize(
    "theirs",
    [
        "INSERT INTO pages (n) VALUES (8)",
        "DELETE FROM pages WHERE n = 2",
        "UPDATE pages SET n = 7 WHERE n = 2",
        "DROP TABLE pages",
    ],
)
def test_another_program_that_writes_to_our_table_is_told(tmp_path, theirs):
    path = tmp_path / "out.sqlite"
    store = SqliteStore(path)
    store.open(Start.FRESH)
    position = _fill(store, 1, 2)
    with closing(sqlite3.connect(path)) as db:
        db.execute(theirs)
        db.commit()
    _is_told(store, path, "changed by another program")
    if "INSERT" in theirs:
        _goes_on(KINDS[2], path, position)
    else:
        _is_refused(KINDS[2], path, position, "not as this crawl left it")


def test_another_program_that_writes_to_another_table_or_empties_the_log_is_no_fault(tmp_path):
    path = tmp_path / "out.sqlite"
    store = SqliteStore(path)
    store.open(Start.FRESH)
    _fill(store, 1)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE notes (text)")
        db.execute("INSERT INTO notes VALUES ('mine')")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _fill(store, 2)
    store.close()
    assert _of_database(path) == [1, 2]


def test_a_log_of_the_database_that_is_deleted_is_told(tmp_path):
    path = tmp_path / "out.sqlite"
    store = SqliteStore(path)
    store.open(Start.FRESH)
    _fill(store, 1, 2)
    (tmp_path / "out.sqlite-wal").unlink()
    _is_told(store, path, r"out\.sqlite-wal was deleted")


# What becomes of its folder, its permissions and its disk


def test_a_folder_that_is_removed_is_told(kind, path, store):
    position = _fill(store, 1, 2)
    shutil.rmtree(path.parent)
    _is_told(store, path, "deleted")
    _is_refused(kind, path, position, "gone")


def test_a_folder_that_is_renamed_is_told_and_goes_on_when_it_is_back(kind, path, store):
    position = _fill(store, 1, 2)
    path.parent.rename(path.parent.with_name("elsewhere"))
    _is_told(store, path, "moved away")
    path.parent.with_name("elsewhere").rename(path.parent)
    _goes_on(kind, path, position)


@pytest.fixture
def nobody():
    """Be somebody who is not allowed everything, in a folder of theirs."""
    if os.name == "nt":
        pytest.skip("permissions are another thing there")
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() != 0:
            yield Path(folder)
            return
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


def test_a_file_that_is_made_read_only_is_refused_by_name_and_goes_on_afterwards(kind, nobody):
    path = nobody / f"out.{kind.name}"
    store = kind.make(path)
    store.open(Start.FRESH)
    position = _fill(store, 1, 2)
    store.close()
    path.chmod(0o400)
    with pytest.raises(StoreError, match=path.name):
        _opened_and_filled(kind.make(path), position)
    path.chmod(0o600)
    _goes_on(kind, path, position)


def test_a_file_that_is_made_read_only_while_it_is_written_loses_nothing(kind, nobody):
    path = nobody / f"out.{kind.name}"
    store = kind.make(path)
    store.open(Start.FRESH)
    position = _fill(store, 1, 2)
    path.chmod(0o400)
    _fill(store, 3)  # what is open stays open
    store.close()
    path.chmod(0o600)
    assert kind.numbers(path) == [1, 2, 3]
    _goes_on(kind, path, position)


def test_a_table_that_gets_wider_in_a_read_only_folder_is_told_and_whole(nobody):
    path = nobody / "out.csv"
    store = CsvStore(path)
    store.open(Start.FRESH)
    position = _fill(store, 1, 2)
    nobody.chmod(0o500)
    store.write({"n": 3, "new": "column"})
    with pytest.raises(StoreError, match=r"cannot rewrite .*out\.csv"):
        store.flush()
    store.close()
    nobody.chmod(0o700)
    assert _of_table(path) == [1, 2]
    _goes_on(KINDS[1], path, position)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_disk_that_gets_full_is_told_and_goes_on_when_there_is_room(kind, path, store):
    import resource

    position = _fill(store, 1, 2)
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (128 * 1024, was[1]))
    try:
        with pytest.raises(StoreError, match=path.name):
            _fill(store, *range(3, 40), text="x" * 10_000)
        for _ in range(2):
            with pytest.raises(StoreError, match=path.name):
                _fill(store, 40)
        store.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
    assert kind.numbers(path)[:2] == [1, 2]
    _goes_on(kind, path, position)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_without_room_is_told_by_name(kind):
    store = kind.make(Path("/dev/full"))
    with pytest.raises(StoreError, match="/dev/full"):
        _opened_and_filled(store, Start.FRESH)
    store.close()


# Going on at a position


def test_what_came_after_a_position_is_cut_off_to_the_byte(kind, path, store):
    position = _fill(store, 1, 2)
    before = path.read_bytes()
    _fill(store, *range(3, 50), text="x" * 100)
    store.close()
    again = kind.make(path)
    again.open(position)
    now = json.loads(json.dumps(again.flush()))
    again.close()
    assert kind.numbers(path) == [1, 2]
    if kind.name == "csv":  # its new column has come to stay
        assert path.read_bytes() == b"n,text\r\n1,\r\n2,\r\n"
    else:
        assert now == position
        assert kind.name == "sqlite" or path.read_bytes() == before


@pytest.mark.parametrize("kind", FILES, ids=[kind.name for kind in FILES], indirect=True)
@pytest.mark.parametrize("torn", [b'{"n": 3', b'3,"half', b"# dns\nhttps://a.exa", b"\0" * 5000])
def test_a_torn_end_is_cut_off(kind, path, store, torn):
    position = _fill(store, 1, 2)
    store.close()
    with path.open("ab") as file:
        file.write(torn)
    _goes_on(kind, path, position)


def test_a_file_that_got_shorter_is_refused(kind, path, store):
    first = _fill(store, 1)
    position = _fill(store, 2)
    store.close()
    again = kind.make(path)
    again.open(first)
    again.close()
    _is_refused(kind, path, position, "not as this crawl left it")


def test_a_file_that_was_edited_is_refused(kind, path, store):
    position = _fill(store, 1, 2)
    store.close()
    if kind.name == "sqlite":
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE pages SET n = 7 WHERE n = 1")
            db.commit()
    else:
        path.write_bytes(path.read_bytes().replace(b"1", b"7", 1))
    _is_refused(kind, path, position, "not as this crawl left it")


@pytest.mark.parametrize("at", [None, 17, "x", {}, {"bytes": -1, "tail": ""}, {"rowid": "1", "tail": ""}])
def test_what_is_no_position_is_refused(kind, path, store, at):
    _fill(store, 1, 2)
    store.close()
    with pytest.raises(StoreError, match=path.name):
        kind.make(path).open(at)
    assert kind.numbers(path) == [1, 2]


def test_a_pipe_has_no_position_to_be_cut_back_to_and_goes_on_all_the_same(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        store = JsonlStore(path)
        store.open(Start.FRESH)
        position = _fill(store, 1)
        store.close()
        store.open(position)
        _fill(store, 2)
        store.close()
        assert os.read(reader, 100) == b'{"n": 1}\n{"n": 2}\n'
    finally:
        os.close(reader)
