"""What can be read of a damaged job is saved, the rest is named, and the old file stays as it is."""

import random
import sqlite3

import pytest

from crawlpool.errors import ConfigError, FrontierError
from crawlpool.frontiers.sqlite import SqliteFrontier
from crawlpool.job.file import JobFile
from crawlpool.job.leaves import Tree
from crawlpool.job.salvage import salvage
from crawlpool.job.schema import State

from ...jobs import Book, rows

PAGE = 4096


@pytest.fixture
def path(tmp_path):
    """A job of 3,000 URLs in 60 commits."""
    path = tmp_path / "books.jsonl.job"
    with Book(path) as book:
        book.job.set("state", "finished")
        book.job.set("seeds_read", True)
        for n in range(60):
            batch = book.batch({"books.jsonl": {"bytes": n * 1000, "tail": "x"}})
            for page in range(50):
                url = f"http://h{n % 7}.test/some/longer/path/{n}/{page}"
                number = book.answered(url, batch=batch, message="x" * 20)
                if page == 0:
                    book.tried(number, "HTTP 503")
            book.job.commit()
            book.skip(f"http://out.test/{n}", "scope host", url)
    return path


@pytest.fixture
def new(tmp_path):
    return tmp_path / "new.job"


def overwrite(path, at, data):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def leaves(path, table):
    """Numbers of the pages of a table that have rows, in the order of their ids."""
    db = sqlite3.connect(path)
    (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    db.close()
    found = []
    tree = Tree(path)
    whole = tree._page
    tree._page = lambda number: found.append(number) or whole(number)
    for _ in tree.leaves(root):
        pass
    tree.close()
    return [number for number in found if whole_kind(path, number) == 0x0D]


def whole_kind(path, number):
    return path.read_bytes()[(number - 1) * PAGE]


def ids(path):
    return [number for (number,) in rows(path, "SELECT id FROM url ORDER BY id")]


def missing(saved):
    return {n for gap in saved.gaps["url"] for n in range(gap.first, (gap.upto or 3000) + 1)}


def test_a_sound_file_is_left_alone(path, new):
    assert salvage(path, new) is None
    assert not new.exists()


@pytest.mark.parametrize("which", [0, 20, -1], ids=["first", "middle", "last"])
@pytest.mark.parametrize("how", ["noise", "zeros", "another page"])
def test_a_page_that_was_overwritten_costs_its_own_rows_and_they_are_named(path, new, which, how):
    pages = leaves(path, "url")
    data = {
        "noise": random.Random(1).randbytes(PAGE),
        "zeros": bytes(PAGE),
        "another page": path.read_bytes()[(pages[10] - 1) * PAGE : pages[10] * PAGE],
    }[how]
    overwrite(path, (pages[which] - 1) * PAGE, data)
    before = path.read_bytes()

    saved = salvage(path, new)

    assert path.read_bytes() == before
    assert set(ids(new)) == set(range(1, 3001)) - missing(saved)
    assert 10 < len(missing(saved)) < 100
    assert len(saved.gaps["url"]) == 1
    assert rows(new, "PRAGMA integrity_check") == [("ok",)]
    assert saved.rows["batch"] == 60
    assert saved.rows["attempt"] == 60


def test_a_file_that_was_cut_in_half_gives_its_first_half(path, new):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    saved = salvage(path, new)
    *within, end = saved.gaps["url"]  # a leaf that split late has its other half far behind
    gone = {number for gap in within for number in range(gap.first, gap.upto + 1)}
    last = max(ids(new))
    assert ids(new) == [number for number in range(1, last + 1) if number not in gone]
    assert len(gone) < 100
    assert last > 1000
    assert (end.first, end.upto) == (last + 1, None)


def test_a_saved_job_is_not_finished_and_reads_its_seeds_again(path, new):
    overwrite(path, (leaves(path, "url")[5] - 1) * PAGE, bytes(PAGE))
    salvage(path, new)
    kept = dict(rows(new, "SELECT name, value FROM meta"))
    assert kept["state"] == '"unfinished"'
    assert kept["seeds_read"] == "false"
    job = JobFile(new)
    try:
        assert SqliteFrontier(job).answered() == len(job.db.execute("SELECT id FROM url").fetchall())
    finally:
        job.close()


def test_urls_whose_commit_is_lost_wait_again(path, new):
    with Book(path) as book:
        for n in range(60, 140):
            batch = book.batch({"books.jsonl": {"bytes": n * 1000, "tail": "y" * 30}})
            book.answered(f"http://h1.test/{n}", batch=batch)
            book.tried(3000 + n - 59, "HTTP 503")
        book.failed("not a url", "invalid_url", batch=batch)
    overwrite(path, (leaves(path, "batch")[-1] - 1) * PAGE, bytes(PAGE))

    saved = salvage(path, new)

    (last,) = rows(new, "SELECT max(id) FROM batch")[0]
    assert 60 <= last < 140
    assert saved.again == 140 - last
    assert saved.states[State.WAITING] == saved.again
    assert rows(new, "SELECT count(*) FROM url WHERE batch > ?", last) == [(0,)]
    assert rows(new, "SELECT count(*) FROM url WHERE host IS NULL") == [(0,)]  # its seed is read again


def test_without_any_commit_there_is_nothing_to_go_on_with(path, new):
    overwrite(path, (leaves(path, "batch")[0] - 1) * PAGE, bytes(PAGE))
    with pytest.raises(FrontierError, match="none of its commits can be read"):
        salvage(path, new)
    assert not new.exists()


def test_hosts_whose_names_are_lost_get_them_from_their_urls(path, new):
    with Book(path) as book:
        book.url("http://h1.test/next")
    overwrite(path, (leaves(path, "host")[0] - 1) * PAGE, bytes(PAGE))
    salvage(path, new)
    job = JobFile(new)
    try:
        assert [request.url for request in SqliteFrontier(job).take("h1.test", 9)] == ["http://h1.test/next"]
    finally:
        job.close()
    names = rows(new, "SELECT count(*) FROM url JOIN host ON host.id = url.host")
    assert names == rows(new, "SELECT count(*) FROM url")


def test_what_is_in_the_log_only_is_saved_too(path, new, tmp_path):
    job = JobFile(path)
    job.db.execute(
        "INSERT INTO url (url, state, rank, depth, listed) VALUES ('http://log.test/', 0, 0, 0, 0)"
    )
    job.commit()
    crashed = tmp_path / "crashed.job"
    for ending in ("", "-wal"):  # as a machine that stops leaves them
        copied = path.with_name(path.name + ending).read_bytes()
        crashed.with_name(crashed.name + ending).write_bytes(copied)
    job.close()
    page = next(n for n in leaves(path, "url")[3:] if whole_kind(crashed, n) == 0x0D)
    overwrite(crashed, (page - 1) * PAGE, bytes(PAGE))
    log = crashed.with_name(crashed.name + "-wal")
    before = log.read_bytes()

    saved = salvage(crashed, new)

    assert saved is not None
    assert rows(new, "SELECT state FROM url WHERE url = 'http://log.test/'") == [(0,)]
    assert log.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"http://a.test/\n" * 50, "not even the header"),
        (b"SQLite format 3\0", "not even the header"),
        (b"SQLite format 3\0" + bytes(8000), "nothing can be saved"),
    ],
)
def test_what_holds_nothing_is_said(path, new, content, said):
    path.write_bytes(content)
    with pytest.raises(FrontierError, match=said):
        salvage(path, new)
    assert not new.exists()


def test_a_header_of_zeros_is_said(path, new):
    overwrite(path, 0, bytes(100))
    with pytest.raises(FrontierError, match="not even the header"):
        salvage(path, new)


def test_somebody_elses_database_is_refused(path, new):
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE url (url TEXT)")
    db.commit()
    db.close()
    with pytest.raises(FrontierError, match="no job file of crawlpool"):
        salvage(path, new)


def test_a_file_that_is_there_is_not_written_over(path, new):
    new.write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        salvage(path, new)
    assert new.read_text() == "mine"


def test_any_damage_ends_in_a_sound_file_or_in_a_sentence(path, new):
    whole = path.read_bytes()
    chance = random.Random(7)
    ends = set()
    for _ in range(12):
        hurt = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(0, len(hurt) - 300)
            hurt[at : at + 300] = chance.randbytes(300)
        path.write_bytes(hurt)
        try:
            saved = salvage(path, new)
        except FrontierError:
            ends.add("sentence")
            continue
        if saved is not None:
            ends.add("file")
            assert rows(new, "PRAGMA integrity_check") == [("ok",)]
            job = JobFile(new)
            SqliteFrontier(job)
            job.close()
            new.unlink()
    assert "file" in ends
    assert [each.name for each in path.parent.iterdir()] == [path.name]
