"""What every store promises, tried with each of them."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from crawlpool.errors import StoreError
from crawlpool.stores.base import Start
from crawlpool.stores.csv_ import CsvStore
from crawlpool.stores.folder import FolderStore
from crawlpool.stores.jsonl import JsonlStore
from crawlpool.stores.plain import plain
from crawlpool.stores.sqlite import SqliteStore

MB = 1024 * 1024


def _read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def _read_csv(path: Path) -> list[dict[str, Any]]:
    csv.field_size_limit(10 * MB)
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if v != ""} for row in csv.DictReader(file, strict=True)]


def _read_sqlite(path: Path) -> list[dict[str, Any]]:
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    try:
        rows = db.execute("SELECT * FROM pages ORDER BY _rowid_").fetchall()
    finally:
        db.close()
    return [{k: row[k] for k in row.keys() if row[k] is not None} for row in rows]  # noqa: SIM118


class Kind(NamedTuple):
    name: str
    make: Callable[[Path], Any]
    read: Callable[[Path], list[dict[str, Any]]]

    def all(self, path: Path, field: str) -> list[str]:
        return [str(row[field]) for row in self.read(path)]


KINDS = {
    "jsonl": Kind("jsonl", JsonlStore, _read_jsonl),
    "csv": Kind("csv", CsvStore, _read_csv),
    "folder": Kind("folder", FolderStore, _read_jsonl),
    "sqlite": Kind("sqlite", SqliteStore, _read_sqlite),
}


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def path(kind, tmp_path):
    return tmp_path / f"out.{kind.name}"


def _fill(store: Any, records: list[dict[str, Any]]) -> Any:
    for record in records:
        store.write(record)
    return store.flush()


def _write(kind: Kind, path: Path, at: Any, *records: dict[str, Any]) -> Any:
    store = kind.make(path)
    store.open(at)
    position = _fill(store, list(records))
    store.close()
    return position


def _crash(
    kind: Kind, path: Path, first: list[dict[str, Any]], then: list[dict[str, Any]], at: Any = None
) -> Any:
    """Write in a process of its own that is gone without a goodbye, and return the position it flushed."""
    program = (
        "import json, os, sys\n"
        "from pathlib import Path\n"
        "from crawlpool.stores.base import Start\n"
        f"from {kind.make.__module__} import {kind.make.__name__} as Store\n"
        "path, first, then, at = json.load(sys.stdin)\n"
        "store = Store(Path(path))\n"
        "store.open(Start.FRESH if at is None else at)\n"
        "for record in first: store.write(record)\n"
        "print(json.dumps(store.flush()), flush=True)\n"
        "for record in then: store.write(record)\n"
        "os._exit(9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([str(path), first, then, at]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 9, done.stderr
    return json.loads(done.stdout)


def _numbers(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [{"n": n, **more} for n in numbers]


def test_starting_fresh_replaces_what_was_there(kind, path):
    _write(kind, path, Start.FRESH, *_numbers(1, 2))
    _write(kind, path, Start.FRESH, *_numbers(3))
    assert kind.all(path, "n") == ["3"]


def test_appending_keeps_what_was_there(kind, path):
    _write(kind, path, Start.FRESH, *_numbers(1, 2))
    _write(kind, path, Start.APPEND, *_numbers(3))
    assert kind.all(path, "n") == ["1", "2", "3"]


def test_appending_to_nothing_starts(kind, path):
    _write(kind, path, Start.APPEND, *_numbers(1))
    assert kind.all(path, "n") == ["1"]


@pytest.mark.parametrize("size", [10, MB], ids=["in memory", "on the disk"])
def test_after_a_crash_it_holds_what_was_flushed_and_what_came_later(kind, path, size):
    position = _crash(kind, path, _numbers(1, 2, 3), _numbers(4, 5, text="x" * size))
    _write(kind, path, position, *_numbers(6))
    assert kind.all(path, "n") == ["1", "2", "3", "6"]


def test_new_fields_after_the_last_flush_do_not_hide_where_it_was(kind, path):
    rows = [{"n": n, "text": 'a "quoted"\nline, é', "last": None} for n in range(100)]
    position = _crash(kind, path, rows, _numbers(4, 5, new="x" * MB, newer="y"))
    position = _crash(kind, path, _numbers(100, later=1), _numbers(6, 7, newest="x" * MB), at=position)
    _write(kind, path, position, *_numbers(101, newest="z"))
    assert kind.all(path, "n") == [str(n) for n in range(102)]
    assert kind.read(path)[7]["text"] == rows[7]["text"]
    assert [str(row.get("later")) for row in kind.read(path)[-2:]] == ["1", "None"]
    assert kind.read(path)[-1]["newest"] == "z"


def test_a_crash_before_anything_was_written_starts_over(kind, path):
    position = _crash(kind, path, [], _numbers(1, 2, text="x" * MB))
    _write(kind, path, position, *_numbers(3))
    assert kind.all(path, "n") == ["3"]


def test_a_position_is_json_and_stays_the_same_while_nothing_comes(kind, path):
    store = kind.make(path)
    store.open(Start.FRESH)
    store.write({"n": 1})
    position = json.loads(json.dumps(store.flush()))
    assert store.flush() == position
    store.close()
    assert _write(kind, path, position) == position


def test_reopening_twice_at_one_position_is_the_same_as_once(kind, path):
    position = _write(kind, path, Start.FRESH, *_numbers(1, 2))
    _write(kind, path, position, *_numbers(3, more="new"))
    _write(kind, path, position, *_numbers(4))
    assert kind.all(path, "n") == ["1", "2", "4"]


def test_a_file_that_got_shorter_is_refused_by_name(kind, path):
    shorter = _write(kind, path, Start.FRESH, *_numbers(1))
    position = _write(kind, path, shorter, *_numbers(2, 3))
    _write(kind, path, shorter)
    with pytest.raises(StoreError, match=path.name):
        kind.make(path).open(position)
    assert kind.all(path, "n") == ["1"]


def test_a_file_whose_end_was_edited_is_refused_by_name(kind, path):
    position = _write(kind, path, Start.FRESH, *_numbers(1, 2, 3))
    _write(kind, path, Start.FRESH, *_numbers(1, 2, 4))
    with pytest.raises(StoreError, match=path.name):
        kind.make(path).open(position)
    assert kind.all(path, "n") == ["1", "2", "4"]


def test_what_is_behind_the_end_of_a_crawl_is_refused_by_name_and_not_cut_off(kind, path):
    end = _write(kind, path, Start.FRESH, *_numbers(1, 2))
    _write(kind, path, Start.APPEND, *_numbers(3))
    store = kind.make(path)
    with pytest.raises(StoreError, match="somebody else added") as refused:
        store.open({**end, "is_end": True})
    store.close()

    assert path.name in str(refused.value)
    assert kind.all(path, "n") == ["1", "2", "3"]
    _write(kind, path, {**_write(kind, path, end), "is_end": True}, *_numbers(4))
    assert kind.all(path, "n") == ["1", "2", "4"]


def test_a_file_that_is_gone_is_refused_and_not_made_again(kind, path):
    position = _write(kind, path, Start.FRESH, *_numbers(1))
    path.unlink()
    with pytest.raises(StoreError, match="gone"):
        kind.make(path).open(position)
    assert not path.exists()


@pytest.mark.parametrize(
    "position", [None, 17, "x", {}, {"bytes": -1, "tail": ""}, {"rowid": "1", "tail": ""}]
)
def test_what_is_no_position_is_refused_by_name(kind, path, position):
    _write(kind, path, Start.FRESH, *_numbers(1))
    with pytest.raises(StoreError, match=path.name):
        kind.make(path).open(position)
    assert kind.all(path, "n") == ["1"]


def test_a_directory_that_is_not_there_is_a_store_error(kind, tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        kind.make(tmp_path / "nowhere" / "out").open(Start.FRESH)


def test_a_directory_in_the_files_place_is_a_store_error(kind, tmp_path):
    with pytest.raises(StoreError, match=tmp_path.name):
        kind.make(tmp_path).open(Start.FRESH)


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_directory_that_must_not_be_written_is_a_store_error(kind, path):
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match=path.name):
            kind.make(path).open(Start.FRESH)
    finally:
        path.parent.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_is_told_and_leaves_whole_records(kind, path):
    import resource

    store = kind.make(path)
    store.open(Start.FRESH)
    for record in _numbers(1, 2):
        store.write(record)
    position = store.flush()
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, was[1]))
    try:
        with pytest.raises(StoreError, match=path.name):
            _fill(store, _numbers(*range(3, 60), text="x" * 10_000))
        with pytest.raises(StoreError, match=path.name):
            store.flush()
        store.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
    assert kind.all(path, "n")[:2] == ["1", "2"]
    _write(kind, path, position, *_numbers(9))
    assert kind.all(path, "n") == ["1", "2", "9"]


@pytest.mark.parametrize(
    "text",
    [
        "Ünïcödé, 日本語 and 🦊",
        "two\nlines\r\nand\rmore",
        "\u2028 and \u2029 and \x85",
        'a "quote", a comma;\ta tab',
        " spaces ",
        "\x1b[31m\x07\x01",
        "x" * MB,
    ],
    ids=["unicode", "lines", "separators", "marks", "spaces", "controls", "long"],
)
def test_text_comes_back_as_it_was_and_breaks_no_record(kind, path, text):
    _write(kind, path, Start.FRESH, {"n": 1, "a": text, "b": "end"}, {"n": 2, "a": text, "b": "end"})
    assert [(row["a"], row["b"]) for row in kind.read(path)] == [(text, "end")] * 2
    if kind.name in {"jsonl", "folder"}:
        assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_a_surrogate_without_its_other_half_is_replaced_and_a_pair_is_joined(kind, path):
    _write(kind, path, Start.FRESH, {"a": "x\ud800y", "b": "\ud83e\udd8a", "c\udfff": ["\ud800"]})
    row = kind.read(path)[0]
    assert (row["a"], row["b"]) == ("x\ufffdy", "🦊")
    assert "c\ufffd" in row


def test_nul_bytes_cut_nothing_off(kind, path):
    _write(kind, path, Start.FRESH, {"a\0b": "x\0y", "n": 1})
    row = kind.read(path)[0]
    assert row == (
        {"a\0b": "x\0y", "n": 1}
        if kind.name in {"jsonl", "folder"}
        else {"a\ufffdb": "x\ufffdy", "n": row["n"]}
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), None])
def test_what_is_no_number_is_nothing(kind, path, value):
    _write(kind, path, Start.FRESH, {"a": value, "n": 1})
    assert kind.read(path)[0].get("a") is None


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**40])
def test_no_digit_of_a_big_number_is_lost(kind, path, value):
    _write(kind, path, Start.FRESH, {"a": value})
    assert kind.all(path, "a") == [str(value)]


def test_a_number_too_long_to_be_written_is_kept_in_hexadecimal(kind, path):
    _write(kind, path, Start.FRESH, {"a": 16**5000})
    assert kind.all(path, "a") == ["0x1" + "0" * 5000]


def test_values_that_are_not_plain_become_so(kind, path):
    record = {
        "at": datetime(2024, 2, 29, 12, tzinfo=UTC),
        "price": Decimal("12.50"),
        "raw": b"text",
        "file": Path("a.txt"),
    }
    wanted = {"at": "2024-02-29T12:00:00+00:00", "price": "12.50", "raw": "text", "file": "a.txt"}
    _write(kind, path, Start.FRESH, record, plain(record))
    assert kind.read(path) == [wanted, wanted]


def test_lists_and_dicts_keep_their_shape(kind, path):
    value = {"list": [1, None, "é\u2028"], "dict": {"a": {"b": True}}, "set": {2, 1}}
    _write(kind, path, Start.FRESH, {"a": value, "b": [1, 2]})
    row = kind.read(path)[0]
    if kind.name not in {"jsonl", "folder"}:
        row = {name: json.loads(text) for name, text in row.items()}
    assert row == {"a": {**value, "set": [1, 2]}, "b": [1, 2]}


def test_false_and_zero_are_not_nothing(kind, path):
    _write(kind, path, Start.FRESH, {"a": False, "b": 0, "c": 0.0, "n": 1})
    assert set(kind.read(path)[0]) == {"a", "b", "c", "n"}


def test_changing_an_item_after_it_was_written_changes_nothing(kind, path):
    record = {"a": 1, "b": [1]}
    store = kind.make(path)
    store.open(Start.FRESH)
    store.write(record)
    record["a"] = 2
    record["b"].append(2)
    store.close()
    row = kind.read(path)[0]
    assert (str(row["a"]), str(row["b"])) == ("1", "[1]")


def test_an_item_without_fields_spoils_nothing(kind, path):
    _write(kind, path, Start.FRESH, {}, {"n": 1}, {}, {"n": 2})
    assert [str(row["n"]) for row in kind.read(path) if row] == ["1", "2"]


def test_nothing_written_is_no_fault(kind, path):
    position = _write(kind, path, Start.FRESH)
    _write(kind, path, position)
    _write(kind, path, Start.APPEND)


def test_closing_twice_is_harmless_and_closing_keeps_what_was_not_flushed(kind, path):
    store = kind.make(path)
    store.open(Start.FRESH)
    store.write({"n": 1})
    store.close()
    store.close()
    assert kind.all(path, "n") == ["1"]


def test_a_closed_store_takes_no_record_silently(kind, path):
    store = kind.make(path)
    store.open(Start.FRESH)
    store.close()
    with pytest.raises(StoreError, match=path.name):
        _fill(store, _numbers(1))


def test_many_records_come_back_in_their_order(kind, path):
    _write(kind, path, Start.FRESH, *_numbers(*range(5000), text="some text of a page " * 10))
    assert kind.all(path, "n") == [str(n) for n in range(5000)]
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_fields_that_come_one_by_one_lose_nothing(kind, path):
    store = kind.make(path)
    store.open(Start.FRESH)
    for n in range(50):
        store.write({"n": n, f"field {n % 10}": f"value {n}"})
        store.flush()
    store.close()
    rows = kind.read(path)
    assert [rows[n][f"field {n % 10}"] for n in range(50)] == [f"value {n}" for n in range(50)]
    assert all(len(row) == 2 for row in rows)
