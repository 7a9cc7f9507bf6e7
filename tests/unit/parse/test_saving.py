"""A page that is saved in a folder stays in it, under a name that no system takes for anything else."""

import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlpool.parse.saving import file_name, save
from crawlpool.urls import normalise

PIECES = st.sampled_from([
    "..", ".", "", "%2e%2e", "%2f", "%5c", "\\", "CON", "nul.txt", "com1", "aux.", "-rf", "~", "$HOME", "`id`", "%00", "%0a",
    "a:b", "x.lnk", "x.url", "x.SCF", "x.desktop", "desktop.ini", ".htaccess", ".bashrc", "\u202egpj", "é", "x" * 300, "|", "*",
])  # fmt: skip
HOSTS = st.sampled_from([
    "a.example", "con.example", "nul", "aux.test", "com1.a.example", "-a.example", "_", "[::1]", "127.0.0.1:8080", "lpt9",
])  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(host=HOSTS, pieces=st.lists(PIECES, max_size=4), query=st.one_of(st.just(""), st.text(max_size=9)))
def test_whatever_a_url_holds_its_file_is_in_the_folder_and_an_ordinary_one(tmp_path, host, pieces, query):
    url = normalise(f"http://{host}/{'/'.join(pieces)}?{query}")
    if url is None:
        return
    name = file_name(url, ending=".html")
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*[A-Za-z0-9_]", name)
    assert len(name.encode()) < 200
    assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name, re.IGNORECASE)
    assert not re.search(r"\.(lnk|local|scf|url|desktop)$", name, re.IGNORECASE)
    target = save(b"x", tmp_path, name=name)
    assert target.resolve().parent == tmp_path.resolve()
    target.unlink()


@pytest.mark.parametrize("host", ["con.example", "NUL", "com7.shop.example", "-rf.example"])
def test_a_host_that_is_called_like_a_device_or_a_flag_makes_no_such_name(host):
    assert file_name(f"http://{host}/")[0] in "_r"


def test_a_link_that_stands_where_a_page_is_saved_is_replaced_and_not_followed(tmp_path):
    if os.name == "nt":
        pytest.skip("links need a privilege there")
    secret = tmp_path / "secret"
    secret.write_text("mine")
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "a.html").symlink_to(secret)
    save(b"theirs", folder, name="a.html")
    assert secret.read_text() == "mine"
    assert (folder / "a.html").read_bytes() == b"theirs"
    assert not (folder / "a.html").is_symlink()
