import sqlite3
from contextlib import closing

import pytest

from crawlpool.errors import StoreError
from crawlpool.stores.base import Start
from crawlpool.stores.sqlite import SqliteStore


def _write(path, at, *records, **options):
    store = SqliteStore(path, **options)
    store.open(at)
    for record in records:
        store.write(record)
    position = store.flush()
    store.close()
    return position


def _ask(path, sql):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def _rows(path):
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM pages")]


def test_values_keep_their_type(tmp_path):
    path = tmp_path / "a.db"
    _write(path, Start.FRESH, {"a": 1, "b": 1.5, "c": "007", "d": None, "e": True, "f": 2**64})
    _write(path, Start.APPEND, {"a": "01"})
    assert _ask(path, "SELECT typeof(a), typeof(b), typeof(c), typeof(d), e, f FROM pages LIMIT 1") == [
        ("integer", "real", "text", "null", 1, str(2**64))
    ]
    assert _ask(path, "SELECT a FROM pages") == [(1,), ("01",)]


@pytest.mark.parametrize(
    "name",
    [
        'a"b',
        "select",
        "a b",
        "",
        "x'); DROP TABLE pages;--",
        "日本",
        "[a]",
        "?",
        "rowid",
        "_rowid_",
        "_ROWID_",
    ],
)
def test_any_field_can_be_a_column(tmp_path, name):
    path = tmp_path / "a.db"
    position = _write(path, Start.FRESH, {name: "x", "n": 1}, {"n": 2, name: "y"})
    _write(path, position, {name: "z", "n": 3})
    wanted = name + "_2" if name.lower() == "_rowid_" else name
    assert [row[wanted] for row in _rows(path)] == ["x", "y", "z"]


def test_fields_that_differ_in_case_only_get_columns_of_their_own_in_every_run(tmp_path):
    path = tmp_path / "a.db"
    _write(path, Start.FRESH, {"title": 1, "Title": 2}, {"TITLE": 3, "title": 4})
    _write(path, Start.APPEND, {"Title": 5})
    _write(path, Start.APPEND, {"TITLE": 6})
    assert _rows(path) == [
        {"title": 1, "Title_2": 2, "TITLE_3": None},
        {"title": 4, "Title_2": None, "TITLE_3": 3},
        {"title": None, "Title_2": 5, "TITLE_3": None},
        {"title": None, "Title_2": None, "TITLE_3": 6},
    ]


def test_a_table_of_the_users_own_is_filled_whatever_the_case_of_its_columns(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE pages (URL TEXT, Status INTEGER)")
    _write(path, Start.APPEND, {"url": "x", "status": 200})
    assert _rows(path) == [{"URL": "x", "Status": 200}]


def test_starting_fresh_leaves_other_tables_alone(tmp_path):
    path = tmp_path / "a.db"
    _write(path, Start.FRESH, {"a": 1}, table="mine")
    _write(path, Start.FRESH, {"a": 2}, table='"odd" name')
    _write(path, Start.FRESH, {"a": 3}, table='"odd" name')
    assert _ask(path, "SELECT a FROM mine") == [(1,)]
    assert _ask(path, 'SELECT a FROM """odd"" name"') == [(3,)]


def test_a_user_can_read_while_the_crawl_writes_and_nothing_is_left_beside_the_file(tmp_path):
    path = tmp_path / "a.db"
    store = SqliteStore(path)
    store.open(Start.FRESH)
    store.write({"a": 1})
    store.flush()
    with closing(sqlite3.connect(path, timeout=0)) as db:
        reading = db.execute("SELECT a FROM pages")
        assert reading.fetchone() == (1,)
        store.write({"a": 2})
        store.flush()
    store.close()
    assert [one.name for one in tmp_path.iterdir()] == ["a.db"]
    assert _ask(path, "PRAGMA journal_mode") == [("delete",)]


def test_a_file_that_a_user_put_into_wal_mode_stays_in_it(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE other (a)")
    _write(path, Start.APPEND, {"a": 1})
    assert _ask(path, "PRAGMA journal_mode") == [("wal",)]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(b"no database at all, but long enough to tell" * 100)
    for at in (Start.FRESH, Start.APPEND):
        with pytest.raises(StoreError, match=r"a\.db"):
            SqliteStore(path).open(at)
    assert path.read_bytes().startswith(b"no database")


def test_a_rule_of_the_users_table_that_is_broken_is_told_and_nothing_is_half_written(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE pages (a UNIQUE)")
    store = SqliteStore(path)
    store.open(Start.APPEND)
    for value in (1, 2, 1):
        store.write({"a": value, "new": value})
    with pytest.raises(StoreError, match=r"a\.db.*UNIQUE"):
        store.flush()
    with pytest.raises(StoreError):
        store.flush()
    store.close()
    assert _rows(path) == []


def test_rows_before_the_position_that_changed_are_noticed(tmp_path):
    path = tmp_path / "a.db"
    position = _write(path, Start.FRESH, {"a": 1}, {"a": 2}, {"a": 3})
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM pages WHERE a = 2")
        db.commit()
    with pytest.raises(StoreError, match="not as this crawl left it"):
        SqliteStore(path).open(position)


def test_a_name_that_means_something_else_to_sqlite_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _write(":memory:", Start.FRESH, {"a": 1})
    assert (tmp_path / ":memory:").stat().st_size > 0
