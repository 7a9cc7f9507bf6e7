import os
from pathlib import Path

import pytest

from crawlpool.errors import StoreError
from crawlpool.stores.base import Start
from crawlpool.stores.jsonl import JsonlStore


def _append(path, *records):
    store = JsonlStore(path)
    try:
        store.open(Start.APPEND)
        for record in records:
            store.write(record)
    finally:
        store.close()
    return path.read_bytes()


def test_a_last_line_that_is_whole_gets_its_end(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2}')
    assert _append(path, {"a": 3}) == b'{"a": 1}\n{"a": 2}\n{"a": 3}\n'


@pytest.mark.parametrize("torn", [b'{"a": ', b'{"a": "\xc3', b"{", b'{"a": "' + b"x" * 200_000])
def test_a_last_line_that_is_torn_is_cut_off(tmp_path, torn):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' + torn)
    assert _append(path, {"a": 3}) == b'{"a": 1}\n{"a": 3}\n'


@pytest.mark.parametrize("was", [b'[\n{"a": 1}\n]', b"url,status\r\n", b"\x89PNG"])
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path, was):
    path = tmp_path / "a.jsonl"
    path.write_bytes(was)
    with pytest.raises(StoreError, match=r"a\.jsonl is not JSON Lines"):
        _append(path, {"a": 1})
    assert path.read_bytes() == was


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_without_room_is_told():
    store = JsonlStore("/dev/full")
    store.open(Start.FRESH)
    store.write({"a": 1})
    with pytest.raises(StoreError, match="cannot write /dev/full"):
        store.flush()
    store.close()


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted there")
def test_a_file_that_is_deleted_under_our_hands_is_told(tmp_path):
    store = JsonlStore(tmp_path / "a.jsonl")
    store.open(Start.FRESH)
    store.write({"a": 1})
    store.flush()
    (tmp_path / "a.jsonl").unlink()
    store.write({"a": 2})
    with pytest.raises(StoreError, match="deleted"):
        store.flush()
    store.close()


def test_another_program_writing_to_the_file_is_told(tmp_path):
    path = tmp_path / "a.jsonl"
    store = JsonlStore(path)
    store.open(Start.FRESH)
    store.write({"a": 1})
    with path.open("ab") as other:
        other.write(b"theirs, and longer than ours\n")
    with pytest.raises(StoreError, match="another program"):
        store.flush()
    store.close()


def test_text_stays_readable_for_people(tmp_path):
    assert _append(tmp_path / "a.jsonl", {"a": "Bücher"}) == '{"a": "Bücher"}\n'.encode()
