"""A site that says where it lives, served elsewhere."""

import http.client

import pytest

from crawlpool.errors import ConfigError
from crawlpool.serve import serve


def get(server, path, host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("GET", path, skip_host=host is not None)
    if host is not None:
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "_origin").write_text("https://gazette.example\n", encoding="utf-8")
    (tmp_path / "sitemap.xml").write_text("<loc>https://gazette.example/a</loc>", encoding="utf-8")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG https://gazette.example/a")
    return tmp_path


def test_a_sitemap_names_the_address_where_its_site_is_served(folder):
    with serve(folder) as server:
        assert get(server, "/sitemap.xml")[1] == f"<loc>{server.url}/a</loc>".encode()
        assert get(server, "/sitemap.xml", "127.0.0.9:81")[1] == b"<loc>http://127.0.0.9:81/a</loc>"


def test_what_is_no_text_goes_out_as_it_is(folder):
    with serve(folder) as server:
        assert get(server, "/photo.png")[1] == b"\x89PNG https://gazette.example/a"


@pytest.mark.parametrize("host", ["", "a b", "x/><script>", "a" * 300, "gazette.example:port"])
def test_a_host_header_that_names_no_host_gets_into_no_page(folder, host):
    with serve(folder) as server:
        assert get(server, "/sitemap.xml", host)[1] == b"<loc>https://gazette.example/a</loc>"


def test_the_file_that_says_it_is_not_served(folder):
    with serve(folder) as server:
        assert get(server, "/_origin")[0] == 404


@pytest.mark.parametrize(
    "text", ["", "gazette.example", "https://gazette.example/", "ftp://gazette.example", "a\nb"]
)
def test_a_site_that_says_something_else_there_is_an_error_that_names_the_file(tmp_path, text):
    (tmp_path / "_origin").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="_origin should hold scheme and host"):
        serve(tmp_path)
