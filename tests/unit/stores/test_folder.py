"""Bodies in a folder: each file whole, once, and with its line, whatever happens in between."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from crawlpool.errors import StoreError
from crawlpool.stores import folder as module
from crawlpool.stores.base import Start
from crawlpool.stores.folder import INCOMING, FolderStore


@pytest.fixture
def home(tmp_path):
    return tmp_path / "pages"


@pytest.fixture
def index(home):
    home.mkdir()
    return home / "index.jsonl"


def body_of(n, size=100):
    return f"body {n} ".encode() * size


def record(n, name=None, size=100):
    return {"n": n, "file": name or f"a.example/{n}-0123456789.html", "body": body_of(n, size)}


def write(index, at, *records):
    store = FolderStore(index)
    store.open(at)
    for each in records:
        store.write(each)
    position = store.flush()
    store.close()
    return position


def lines(index):
    return [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]


def files(index):
    """Every file but the index, seen from the folder."""
    home = index.parent
    return sorted(
        str(each.relative_to(home).as_posix()) for each in home.rglob("*") if each.is_file() and each != index
    )


def check(index, *numbers):
    """Each number has one line, and each line a whole file; there is no other file."""
    there = lines(index)
    assert [each["n"] for each in there] == list(numbers)
    for each in there:
        content = (index.parent / each["file"]).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (each["bytes"], each["sha256"])
        assert content == body_of(each["n"], len(content) // len(body_of(each["n"], 1)))
    assert files(index) == sorted(each["file"] for each in there)


def crash(index, at, first, then, *, before=""):
    """Write in a process that is gone without a goodbye; the position that it flushed."""
    program = (
        "import json, os, sys\n"
        "from pathlib import Path\n"
        "from crawlpool.stores.base import Start\n"
        "from crawlpool.stores.folder import FolderStore\n"
        "path, at, first, then = json.load(sys.stdin)\n"
        "store = FolderStore(Path(path))\n"
        "store.open(Start.FRESH if at is None else at)\n"
        "def write(records):\n"
        "    for n, name, size in records:\n"
        "        store.write({'n': n, 'file': name, 'body': f'body {n} '.encode() * size})\n"
        "write(first)\n"
        "print(json.dumps(store.flush()), flush=True)\n"
        f"{before}\n"
        "write(then)\n"
        "store.flush()\n"
        "os._exit(9)\n"
    )
    given = [[(each["n"], each["file"], len(each["body"]) // 7) for each in part] for part in (first, then)]
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([str(index), at, *given]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 9, done.stderr
    return json.loads(done.stdout)


DIES = {
    "when all is in its place": "",
    "before a line is written": "import crawlpool.stores.jsonl as m; m.JsonlStore.flush = lambda self: os._exit(9)",
    "before a file is in its place": "FolderStore._place = lambda *a: os._exit(9)",
    "between two files": (
        "place, count = FolderStore._place, [0]\n"
        "def dying(*a):\n"
        "    count[0] += 1\n"
        "    if count[0] == 2: os._exit(9)\n"
        "    return place(*a)\n"
        "FolderStore._place = dying"
    ),
}


@pytest.mark.parametrize("before", DIES.values(), ids=DIES)
@pytest.mark.parametrize("size", [10, 60_000], ids=["small", "large"])
def test_after_a_crash_each_file_is_there_once_and_whole(index, before, size):
    then = [record(n, size=size) for n in (3, 4, 5)]
    position = crash(index, None, [record(1), record(2)], then, before=before)
    write(index, position, *then, record(6))
    check(index, 1, 2, 3, 4, 5, 6)


def test_a_file_is_in_its_place_only_when_it_is_whole_and_nothing_else_stays(index):
    store = FolderStore(index)
    store.open(Start.FRESH)
    store.write(record(1))
    assert [Path(each).parts[0] for each in files(index)] == [INCOMING]
    store.flush()
    check(index, 1)
    store.close()
    assert not (index.parent / INCOMING).exists()


def test_closing_keeps_what_was_not_flushed(index):
    store = FolderStore(index)
    store.open(Start.FRESH)
    store.write(record(1))
    store.close()
    store.close()
    check(index, 1)


def test_a_name_that_is_taken_gets_a_number_and_nothing_is_written_over(index):
    name = "a.example/Page-0123456789.html"
    write(index, Start.FRESH, record(1, name), record(2, name), record(3, name.lower()))
    (index.parent / "a.example" / "strangers.html").write_text("somebody's")
    (index.parent / "a.example" / "Page-0123456789-3.html").touch()
    write(index, Start.APPEND, record(4, name), record(5, "a.example/strangers.html"))
    assert [each["file"].rpartition("/")[2] for each in lines(index)] == [
        "Page-0123456789.html",
        "Page-0123456789-2.html",
        "page-0123456789-3.html",  # some file systems know no case
        "Page-0123456789-4.html",
        "strangers-2.html",
    ]
    assert (index.parent / "a.example" / "strangers.html").read_text() == "somebody's"


def test_starting_fresh_removes_the_files_of_the_index_and_no_others(index):
    write(index, Start.FRESH, record(1), record(2, "b.example/x.html"))
    (index.parent / "a.example" / "notes.txt").write_text("mine")
    write(index, Start.FRESH, record(3, "c.example/x.html"))
    assert files(index) == ["a.example/notes.txt", "c.example/x.html"]
    assert not (index.parent / "b.example").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../x.html",
        "a/../../x.html",
        "/etc/x",
        "a.example/.hidden",
        "x.html",
        "a/b/c.html",
        "a/x\n.html",
        ".incoming/1",
        "",
    ],
)
def test_a_name_that_leads_elsewhere_is_neither_written_nor_removed(index, tmp_path, name):
    outside = tmp_path / "x.html"
    outside.write_text("keep me")
    store = FolderStore(index)
    store.open(Start.FRESH)
    with pytest.raises(StoreError, match="takes no file called"):
        store.write(record(1, name or " "))
    store.close()
    position = write(index, Start.FRESH)
    index.write_text(json.dumps({"n": 1, "file": name}) + "\n", encoding="utf-8")
    write(index, position)
    assert outside.read_text() == "keep me"


def test_what_others_added_behind_the_end_of_a_crawl_is_refused_before_a_file_is_removed(index):
    end = write(index, Start.FRESH, record(1))
    write(index, Start.APPEND, record(2))
    with pytest.raises(StoreError, match="somebody else added"):
        FolderStore(index).open({**end, "is_end": True})
    check(index, 1, 2)


def test_an_index_that_does_not_fit_is_refused_before_a_file_is_removed(index):
    position = write(index, Start.FRESH, record(1), record(2))
    index.write_text(index.read_text(encoding="utf-8").replace('"n": 2', '"n": 7') + "{}\n", encoding="utf-8")
    with pytest.raises(StoreError, match="not as this crawl left it"):
        FolderStore(index).open(position)
    assert len(files(index)) == 2


def test_after_a_failure_nothing_more_is_written_and_the_next_start_mends(index, monkeypatch):
    position = write(index, Start.FRESH, record(1))
    store = FolderStore(index)
    store.open(position)
    store.write(record(2))
    with monkeypatch.context() as patched:
        patched.setattr(module, "_sync", lambda path: (path / "no folder").open())
        with pytest.raises(StoreError, match="cannot write"):
            store.flush()
    for attempt in (store.flush, lambda: store.write(record(3))):
        with pytest.raises(StoreError, match="cannot write"):
            attempt()
    store.close()
    write(index, position, record(2), record(3))
    check(index, 1, 2, 3)


def test_a_line_without_a_body_has_no_file(index):
    write(index, Start.FRESH, {"n": 1, "file": None, "bytes": None}, record(2))
    assert lines(index)[0] == {"n": 1, "file": None, "bytes": None}
    assert len(files(index)) == 1
