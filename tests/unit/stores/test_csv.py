import csv
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlpool.errors import StoreError
from crawlpool.stores.base import Start
from crawlpool.stores.csv_ import CsvStore


def _store(path, at, *records, **options):
    store = CsvStore(path, **options)
    store.open(at)
    for record in records:
        store.write(record)
        store.flush()
    store.close()
    return path.read_bytes()


def _table(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1",
        "-",
        "+49 30 1",
        "=cmd|'/c calc'!A0",
        "-5 -3",
        "+",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(tmp_path, text):
    _store(tmp_path / "a.csv", Start.FRESH, {"a": text, text: "b"})
    assert _table(tmp_path / "a.csv") == [["a", "'" + text], ["'" + text, "b"]]


@pytest.mark.parametrize(
    "text", ["-5", "+3.2", "1e5", "-1.5E-7", "+.5", "-5.", "a=1", "", "a@b.example", "x-y", "٣"]
)
def test_plain_numbers_and_harmless_text_are_left_alone(tmp_path, text):
    _store(tmp_path / "a.csv", Start.FRESH, {"a": text, "b": 1})
    assert _table(tmp_path / "a.csv")[1][0] == text


def test_numbers_that_are_negative_are_numbers(tmp_path):
    assert (
        _store(tmp_path / "a.csv", Start.FRESH, {"a": -5, "b": -1.5, "c": True})
        == b"a,b,c\r\n-5,-1.5,true\r\n"
    )


def test_a_file_has_no_byte_order_mark_and_ends_lines_as_the_standard_says(tmp_path):
    assert (
        _store(tmp_path / "a.csv", Start.FRESH, {"a": 'x"y', "é": "1,2\n3"})
        == 'a,é\r\n"x""y","1,2\n3"\r\n'.encode()
    )


def test_an_empty_cell_alone_in_its_row_is_still_a_row(tmp_path):
    assert _store(tmp_path / "a.csv", Start.FRESH, {"a": None}, {"a": "x"}) == b'a\r\n""\r\nx\r\n'


def test_a_new_column_comes_last_and_the_rows_before_are_filled_up(tmp_path):
    path = tmp_path / "a.csv"
    _store(path, Start.FRESH, {"a": "1\n2", "b": '"'}, {"b": "3", "c": "4"}, {"d": "5", "a": "6"})
    assert _table(path) == [
        ["a", "b", "c", "d"],
        ["1\n2", '"', "", ""],
        ["", "3", "4", ""],
        ["6", "", "", "5"],
    ]
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


def test_widening_keeps_the_files_mode_and_follows_its_link(tmp_path):
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.touch()
    real.chmod(0o640)
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("no symbolic links here")
    _store(link, Start.FRESH, {"a": 1}, {"b": 2})
    assert link.is_symlink()
    assert _table(real) == [["a", "b"], ["1", ""], ["", "2"]]
    assert os.name == "nt" or real.stat().st_mode & 0o777 == 0o640


def test_a_directory_that_vanished_is_told_when_a_column_comes(tmp_path):
    if os.name == "nt":
        pytest.skip("an open file keeps its directory there")
    path = tmp_path / "gone" / "a.csv"
    path.parent.mkdir()
    store = CsvStore(path)
    store.open(Start.FRESH)
    store.write({"a": 1})
    store.flush()
    path.unlink()
    path.parent.rmdir()
    store.write({"b": 1})
    with pytest.raises(StoreError, match=r"a\.csv"):
        store.flush()
    store.close()


def test_appending_honours_the_header_its_order_and_its_line_ends(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfb,"a"\n1,2\n')
    assert (
        _store(path, Start.APPEND, {"a": "x", "b": "y"}, {"c": "z"})
        == b'\xef\xbb\xbfb,"a",c\n1,2,\ny,x,\n,,z\n'
    )


@pytest.mark.parametrize("was", [b"a,b", b"a,b\r\n1,2", b"a,b\r\n1"])
def test_a_last_row_without_an_end_gets_one(tmp_path, was):
    path = tmp_path / "a.csv"
    path.write_bytes(was)
    assert _store(path, Start.APPEND, {"b": 4, "a": 3}) == was + b"\r\n3,4\r\n"


@pytest.mark.parametrize(
    ("was", "why"),
    [
        (b'a,b\r\n1,"torn', "quote"),
        (b"a;b\r\n1;2\r\n", "semicolons"),
        (b"a\xe9\r\n", "UTF-8"),
        ("a,b\r\n".encode("utf-16"), "UTF-8"),
        (b"\r\n1\r\n", "header"),
    ],
)
def test_a_file_that_would_be_spoilt_is_refused_and_left_alone(tmp_path, was, why):
    path = tmp_path / "a.csv"
    path.write_bytes(was)
    store = CsvStore(path)
    with pytest.raises(StoreError, match=why):
        store.open(Start.APPEND)
    store.close()
    assert path.read_bytes() == was


def test_tabs_separate_when_asked(tmp_path):
    path = tmp_path / "a.tsv"
    _store(path, Start.FRESH, {"a": "x\ty", "b": "1,2"}, {"c": 3}, delimiter="\t")
    assert path.read_bytes() == b'a\tb\tc\r\n"x\ty"\t1,2\t\r\n\t\t3\r\n'


def test_a_wider_file_whose_old_rows_were_edited_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    store = CsvStore(path)
    store.open(Start.FRESH)
    store.write({"a": "one"})
    position = store.flush()
    store.write({"b": "two"})
    store.close()
    path.write_bytes(path.read_bytes().replace(b"one", b"0ne"))
    with pytest.raises(StoreError, match="not as this crawl left it"):
        CsvStore(path).open(position)


def test_items_of_one_batch_make_one_header_without_rewriting(tmp_path):
    path = tmp_path / "a.csv"
    store = CsvStore(path)
    store.open(Start.FRESH)
    store.write({"a": 1})
    store.write({"b": 2})
    inode = path.stat().st_ino
    store.close()
    assert path.stat().st_ino == inode
    assert path.read_bytes() == b"a,b\r\n1,\r\n,2\r\n"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.text(st.characters(codec="utf-8"), max_size=8)),
        max_size=6,
    ),
    st.integers(0, 6),
)
def test_whatever_comes_in_any_order_comes_back_also_after_going_on_from_a_position(tmp_path, records, kept):
    path = tmp_path / "a.csv"
    store = CsvStore(path)
    store.open(Start.FRESH)
    position = store.flush()
    for i, record in enumerate(records):
        store.write(record)
        here = store.flush()
        position = here if i < kept else position
    store.close()
    again = CsvStore(path)
    again.open(position)
    for record in records[kept:]:
        again.write(record)
    again.close()
    header, *rows = _table(path) or [[]]
    wanted = [
        {k: store._shown(v.replace("\0", "\ufffd")) for k, v in record.items() if v} for record in records
    ]
    found = [{k: v for k, v in zip(header, row, strict=True) if v} for row in rows]
    assert [row for row in found if row] == [row for row in wanted if row]
