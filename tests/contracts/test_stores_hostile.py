"""What strangers wrote is data in every store: one record stays one, and reads back as it was, or by a rule that is written down.

Names of fields are as strange as values here: a handler may take them from a page.
"""

import csv
import json
import re
import sqlite3
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crawlpool.stores.base import Start
from crawlpool.stores.csv_ import CsvStore
from crawlpool.stores.jsonl import JsonlStore
from crawlpool.stores.plain import LONGEST_NAME, MORE, MOST_COLUMNS, as_json
from crawlpool.stores.sqlite import SqliteStore

SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
GUARDED = re.compile(f"'+[{re.escape(SIGNS)}]")
WICKED = st.sampled_from([
    "", " ", "'", "''", '"', '""', ",", ";", "\t", "\r", "\n", "\r\n", "\0", "\x1b]0;title\x07", "\x1b[2J", "\x7f",
    "\x85", "\x9b31m", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff", "\ud800", "\udfff", "=1+1", "'=1", "''=1", "-5",
    "-5x", "@SUM(A1)", "a;=1", "a\t=1", "\\", "\\u001b", "\\.", "NULL", "nan", "rowid", "_rowid_", "oid", "sqlite_x",
    "select", "a]b", "'); DROP TABLE pages; --", '"); DROP TABLE pages; --', "url", "URL", "{", "}", "[", MORE,
])  # fmt: skip
TEXT = st.lists(st.one_of(WICKED, st.text(max_size=5), st.characters()), max_size=3).map("".join)
RECORD = st.dictionaries(TEXT, TEXT, min_size=1, max_size=6)
OFTEN = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = count()


def written(store: type, folder: Path, records, suffix: str) -> Path:
    path = folder / f"{next(numbers)}{suffix}"
    made = store(path)
    made.open(Start.FRESH)
    for each in records:
        made.write(each)
    made.flush()
    made.close()
    return path


def utf8(text: str) -> str:
    """Half a surrogate pair is no character, and a whole one is the one that it means (RFC 3629, 3)."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def in_a_cell(text: str) -> str:
    return utf8(text).replace("\0", "\ufffd")


def unguarded(shown: str) -> str:
    """The way back that the documentation gives."""
    return shown[1:] if GUARDED.match(shown) else shown


def table_of(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter, strict=True))


def rows_of(path: Path) -> list[tuple]:
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return db.execute("SELECT * FROM pages ORDER BY _rowid_").fetchall()
    finally:
        db.close()


@OFTEN
@given(record=RECORD)
@example(record={"a\0": "1", "a\ufffd": "2"})
def test_a_line_of_json_is_one_record_and_reads_back_as_it_was(tmp_path, record):
    data = written(JsonlStore, tmp_path, [record, {"n": 1}], ".jsonl").read_bytes()
    assert data.count(b"\n") == 2
    shown = data.decode().removesuffix("\n")
    assert len(shown.splitlines()) == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", shown)
    pairs = json.loads(shown.splitlines()[0], object_pairs_hook=list)
    assert pairs == [(utf8(name), utf8(value)) for name, value in record.items()]


@OFTEN
@given(record=RECORD)
@example(record={"a\0": "1", "a\ufffd": "2"})
@example(record={"=a": "1", "'=a": "2", "": ""})
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_row_of_a_table_is_one_record_that_no_spreadsheet_runs_and_no_value_is_lost(
    tmp_path, record, delimiter
):
    class Store(CsvStore):
        def __init__(self, path: Path) -> None:
            super().__init__(path, delimiter=delimiter)

    path = written(Store, tmp_path, [record, record], ".csv")
    header, *rows = table_of(path, delimiter)
    assert rows == [rows[0]] * 2
    assert len(header) == len(set(header)) == len(record) == len(rows[0])
    for shown in (*header, *rows[0]):
        assert not shown or shown[0] not in SIGNS or re.fullmatch(r"[+-][\d.eE+-]+", shown), shown
    assert [unguarded(shown) for shown in rows[0]] == [in_a_cell(value) for value in record.values()]
    if len({in_a_cell(name) for name in record}) == len(record):
        assert [unguarded(shown) for shown in header] == [in_a_cell(name) for name in record]


@OFTEN
@given(record=RECORD)
@example(record={"a\0": "1", "a\ufffd": "2"})
@example(record={"_rowid_": "1", "ROWID": "2", "rowid": "3", "": "4"})
def test_a_row_of_a_database_is_one_record_and_its_names_are_no_sql(tmp_path, record):
    path = written(SqliteStore, tmp_path, [record, record], ".db")
    kept = tuple(in_a_cell(value) for value in record.values())
    assert rows_of(path) == [kept, kept]


@OFTEN
@given(value=TEXT)
def test_a_cell_of_csv_with_any_separator_in_it_is_quoted_so_that_no_formula_is_cut_out_of_it(
    tmp_path, value
):
    path = written(CsvStore, tmp_path, [{"a": "x", "b": value}], ".csv")
    row = path.read_bytes().decode().split("\r\n", 1)[1]
    if re.search("[,;\t]", in_a_cell(value)):
        assert row.startswith('x,"')
        assert row.endswith('"\r\n')


def test_cells_are_left_alone_when_that_is_asked_for(tmp_path):
    store = CsvStore(tmp_path / "a.csv", is_raw=True)
    store.open(Start.FRESH)
    store.write({"=a": "=1+1", "b": "-5x"})
    store.close()
    assert table_of(tmp_path / "a.csv") == [["=a", "b"], ["=1+1", "-5x"]]


@pytest.mark.parametrize(("store", "suffix"), [(CsvStore, ".csv"), (SqliteStore, ".db")])
def test_a_page_that_names_the_fields_makes_no_table_too_wide_and_loses_nothing(tmp_path, store, suffix):
    many = [{"url": str(n), **{f"f{n}-{m}": f"{n}.{m}" for m in range(400)}} for n in range(3)]
    long = {"url": "long", "x" * 100_000: "a long name"}
    again = {"url": "again", "f0-0": "known", "f2-399": "late"}
    path = written(store, tmp_path, [*many, long, again], suffix)
    if store is CsvStore:
        csv.field_size_limit(1 << 24)
        header, *rows = table_of(path)
    else:
        db = sqlite3.connect(path)
        found = db.execute("SELECT * FROM pages ORDER BY _rowid_")
        header, rows = [column[0] for column in found.description], found.fetchall()
        db.close()

    assert len(header) <= MOST_COLUMNS
    assert max(map(len, header)) <= LONGEST_NAME
    for record, row in zip([*many, long, again], rows, strict=True):
        seen = {name: value for name, value in zip(header, row, strict=True) if value}
        seen |= json.loads(seen.pop(MORE, "{}"))
        assert seen == record


def test_json_for_a_terminal_holds_nothing_that_it_obeys():
    text = "".join(map(chr, (*range(0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))))
    assert as_json({"a": text}).isprintable()
    assert json.loads(as_json({"a": text})) == {"a": text}
