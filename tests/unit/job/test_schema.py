"""A job file of another version, of another program, or in a place that cannot hold one."""

import sqlite3
from pathlib import Path

import pytest

from crawlpool.errors import FrontierError
from crawlpool.job import place, schema
from crawlpool.job.file import JobFile
from crawlpool.job.schema import NoJobFile, connect_to_read


@pytest.fixture
def path(tmp_path):
    """A job file of this version, closed, with one value in it."""
    made = tmp_path / "pages.jsonl.job"
    file = JobFile(made)
    file.set("state", "unfinished")
    file.commit()
    file.close()
    return made


def version_of(path):
    with sqlite3.connect(path) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    db.close()
    return version


def test_a_file_of_an_older_version_is_brought_up_and_keeps_what_is_in_it(path, monkeypatch):
    before = version_of(path)
    monkeypatch.setattr(
        schema,
        "_STEPS",
        (*schema._STEPS, "CREATE TABLE note (text TEXT);\nINSERT INTO note VALUES ('new');\n"),
    )
    monkeypatch.setattr(schema, "VERSION", before + 1)

    with pytest.raises(FrontierError, match="older crawlpool"):
        connect_to_read(path)
    file = JobFile(path)
    assert file.get("state") == "unfinished"
    assert file.db.execute("SELECT text FROM note").fetchone() == ("new",)
    file.close()
    assert version_of(path) == before + 1


def test_a_step_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    before = version_of(path)
    monkeypatch.setattr(
        schema,
        "_STEPS",
        (*schema._STEPS, "CREATE TABLE note (text TEXT);\nINSERT INTO nowhere VALUES (1);\n"),
    )
    monkeypatch.setattr(schema, "VERSION", before + 1)
    with pytest.raises(FrontierError):
        JobFile(path)
    monkeypatch.undo()

    assert version_of(path) == before
    file = JobFile(path)
    assert file.db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'note'").fetchone() == (0,)
    file.close()


def test_a_file_of_a_newer_version_is_refused_and_not_touched(path):
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    db.close()
    before = path.read_bytes()
    for opened in (JobFile, connect_to_read):
        with pytest.raises(FrontierError, match="newer crawlpool"):
            opened(path)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_no_job(tmp_path):
    other = tmp_path / "other.job"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    with pytest.raises(NoJobFile, match=r"other\.job"):
        JobFile(other)


def test_a_file_that_was_cut_short_is_known_by_its_length(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FrontierError, match="is damaged"):
        JobFile(path)


def test_a_place_where_files_cannot_be_mapped_is_named_with_what_would_do(tmp_path, monkeypatch):
    real = sqlite3.connect

    def without_mapping(where, **options):
        # SQLite's own way of doing without shared memory, as on a file system that has none.
        return real(f"{Path(where).as_uri()}?vfs=unix-dotfile", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", without_mapping)
    monkeypatch.setattr(schema, "network_of", lambda _: "nfs4")
    with pytest.raises(FrontierError) as refused:
        JobFile(tmp_path / "pages.jsonl.job")
    for words in ("pages.jsonl.job", "network file system (nfs4)", "--job", "--no-job"):
        assert words in str(refused.value)


MOUNTS = """\
/dev/vda1 / ext4 rw 0 0
server:/home {root}/home nfs4 rw 0 0
//share/My\\040Files {root}/home/My\\040Files cifs rw 0 0
tmpfs {root}/home/local tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("pages.job", ""),
        ("home/pages.job", "nfs4"),
        ("homework/pages.job", ""),
        ("home/My Files/pages.job", "cifs"),
        ("home/local/pages.job", ""),
    ],
)
def test_the_nearest_mount_says_what_kind_of_disk_a_path_lies_on(tmp_path, monkeypatch, where, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS.format(root=tmp_path))
    monkeypatch.setattr(place, "_MOUNTS", mounts)
    assert place.network_of(tmp_path / where) == kind


def test_where_mounts_cannot_be_read_every_disk_is_taken_for_a_local_one(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "_MOUNTS", tmp_path / "nowhere")
    assert place.network_of(tmp_path / "pages.job") == ""
