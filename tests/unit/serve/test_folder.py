"""Which file of a directory answers, and which never does."""

import http.client
import os

import pytest

from crawlpool.errors import ConfigError
from crawlpool.serve import serve


@pytest.fixture
def root(tmp_path):
    home = tmp_path / "site"
    home.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (home / "index.html").write_text("home")
    return home


@pytest.fixture
def ask(root):
    servers = []

    def ask(path, method="GET", **headers):
        if not servers:
            servers.append(serve(root))
            servers[0].start()
        connection = http.client.HTTPConnection("127.0.0.1", servers[0].port, timeout=10)
        try:
            connection.putrequest(method, "/", skip_accept_encoding=True)
            # The path as it stands, which `putrequest` would check and refuse.
            connection._buffer[0] = f"{method} {path} HTTP/1.1".encode("latin-1")
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    yield ask
    for server in servers:
        server.stop()


def put(root, path, text="here"):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")
    return file


def test_a_directory_is_answered_by_its_index(ask, root):
    put(root, "a/b/index.html", "deep")

    assert ask("/")[2] == b"home"
    assert ask("/a/b/")[2] == b"deep"
    assert ask("/a/b/?q=1")[2] == b"deep"


def test_a_directory_without_its_slash_is_redirected_to_it(ask, root):
    put(root, "a/index.html")

    status, headers, _ = ask("/a?q=1")

    assert (status, headers["Location"]) == (301, "/a/?q=1")


def test_a_directory_without_index_is_not_there(ask, root):
    put(root, "a/b.html")

    assert ask("/a/")[0] == ask("/a")[0] == 404


def test_a_file_has_the_type_of_its_name_and_no_charset(ask, root):
    for name in ("a.html", "a.css", "a.PNG", "a.txt", "a.unknown", "a"):
        put(root, "types/" + name)

    types = [
        ask("/types/" + n)[1]["Content-Type"] for n in ("a.html", "a.css", "a.PNG", "a.txt", "a.unknown", "a")
    ]

    assert types == ["text/html", "text/css", "image/png", "text/plain", *["application/octet-stream"] * 2]


def test_head_gives_the_headers_of_get_and_no_body(ask, root):
    put(root, "big.html", "x" * 1_000_000)
    for path in ("/", "/big.html", "/missing"):
        got, looked = ask(path), ask(path, "HEAD")
        assert looked[0] == got[0]
        assert looked[1]["Content-Length"] == got[1]["Content-Length"] == str(len(got[2]))
        assert looked[2] == b""


def test_a_big_file_comes_whole(ask, root):
    body = bytes(range(256)) * 10_000
    (root / "big.bin").write_bytes(body)

    assert ask("/big.bin")[2] == body


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/a/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2e%2Fsecret.txt",
        "/..%2fsecret.txt",
        "/..\\secret.txt",
        "/..%5csecret.txt",
        "/a/..%5c..%5csecret.txt",
        "/%252e%252e/secret.txt",
        "//secret.txt",
        "/./index.html",
        "/a/../index.html",
        "/index.html/",
        "/index.html%00",
        "/index.html::$DATA",
        "/%00",
        "/%ff%fe",
        "/\xc3(",
        "secret.txt",
        "*",
    ],
)
def test_what_the_directory_does_not_list_is_not_there(ask, root, path):
    put(root, "a/index.html")

    status, _, body = ask(path)

    assert status == 404
    assert b"secret" not in body


def test_an_absolute_path_of_the_machine_is_not_there(ask, root):
    status, _, body = ask((root.parent / "secret.txt").as_posix())

    assert status == 404
    assert b"secret" not in body


@pytest.mark.parametrize("name", [".env", ".git/config", "a/.htaccess"])
def test_names_that_begin_with_a_dot_are_not_served(ask, root, name):
    put(root, name)

    assert ask("/" + name)[0] == 404


def test_well_known_is_served(ask, root):
    put(root, ".well-known/security.txt", "mail us")

    assert ask("/.well-known/security.txt")[2] == b"mail us"


@pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege there")
def test_a_link_is_followed_inside_the_directory_and_not_out_of_it(ask, root):
    put(root, "real/page.html", "inside")
    put(root, ".git/config", "hidden")
    put(root, "_headers", "")
    (root / "linked").symlink_to(root / "real")
    (root / "linked.html").symlink_to(root / "real" / "page.html")
    (root / "out").symlink_to(root.parent)
    (root / "out.txt").symlink_to(root.parent / "secret.txt")
    (root / "self").symlink_to(root / "self")
    (root / "git").symlink_to(root / ".git")
    (root / "rules").symlink_to(root / "_headers")
    (root / "gone").symlink_to(root / "nothing")

    assert ask("/linked/page.html")[2] == ask("/linked.html")[2] == b"inside"
    for path in (
        "/out/secret.txt",
        "/out.txt",
        "/out/site/index.html",
        "/self",
        "/git/config",
        "/rules",
        "/gone",
    ):
        assert ask(path)[0] == 404, path


@pytest.mark.skipif(os.name == "nt", reason="no named pipes there")
def test_a_named_pipe_is_not_there_and_blocks_nobody(ask, root):
    os.mkfifo(root / "pipe")

    assert ask("/pipe")[0] == 404


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all"
)
def test_a_file_that_may_not_be_read_is_forbidden(ask, root):
    put(root, "closed.html").chmod(0)

    assert ask("/closed.html")[0] == 403


def test_a_name_is_told_from_another_case(ask, root):
    put(root, "Page.html")

    assert ask("/Page.html")[0] == 200
    assert ask("/page.html")[0] == 404


def test_names_may_hold_spaces_and_letters_of_any_script(ask, root):
    put(root, "a b/é 東.html", "odd")

    assert ask("/a%20b/%C3%A9%20%E6%9D%B1.html")[2] == b"odd"


def test_a_file_that_is_added_changed_or_removed_while_serving_is_noticed(ask, root):
    assert ask("/new.html")[0] == 404
    file = put(root, "new.html", "one")
    assert ask("/new.html")[2] == b"one"
    put(root, "new.html", "two")
    assert ask("/new.html")[2] == b"two"
    file.unlink()
    assert ask("/new.html")[0] == 404


def test_a_listing_that_has_settled_is_read_again_only_after_a_change(ask, root):
    put(root, "old.html")
    os.utime(root, (1_000_000_000, 1_000_000_000))
    assert ask("/old.html")[0] == ask("/old.html")[0] == 200

    put(root, "new.html")

    assert ask("/new.html")[0] == 200


def test_a_page_of_the_site_says_that_nothing_is_there(ask, root):
    put(root, "404.html", "our own")

    assert ask("/missing")[0] == 404
    assert ask("/missing")[2] == b"our own"


def test_other_methods_are_told_which_are_allowed(ask):
    status, headers, _ = ask("/", "DELETE")

    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_a_directory_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ConfigError, match="bookshp"):
        serve(tmp_path / "bookshp")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        serve(tmp_path / "file")


# _redirects and _headers


def test_rules_are_never_served_themselves(ask, root):
    put(root, "_redirects", "/a /b\n")
    put(root, "_headers", "/a\n  X-A: 1\n")

    assert ask("/_redirects")[0] == ask("/_headers")[0] == ask("/%5fheaders")[0] == 404


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_has_its_status_and_its_place(ask, root, status):
    put(root, "_redirects", f"/old /new {status}\n")

    got, headers, body = ask("/old")

    assert (got, headers["Location"]) == (status, "/new")
    assert b'<a href="/new">' in body


@pytest.mark.parametrize(
    ("rule", "asked", "place"),
    [
        ("/old /new", "/old", "/new"),
        ("/old /new", "/old?q=1", "/new?q=1"),
        ("/old /new?p=2", "/old?q=1", "/new?p=2"),
        ("/old /new#end", "/old?q=1", "/new?q=1#end"),
        ("/old http://127.0.0.2:9/x", "/old?q=1", "http://127.0.0.2:9/x?q=1"),
        ("/old mailto:me@shop.example", "/old?q=1", "mailto:me@shop.example"),
        ("/old ../up", "/old", "../up"),
        ("/old /sp%20ä", "/old", "/sp%20%C3%A4"),
        ("/shop/* /all/:splat", "/shop/a/b%20c", "/all/a/b%20c"),
        ("/*.php /:splat.html", "/x/y.php", "/x/y.html"),
        ("/caf%C3%A9 /new", "/caf%C3%A9", "/new"),
        ("/café /new", "/caf%c3%a9", "/new"),
    ],
)
def test_a_redirect_leads_where_its_rule_says(ask, root, rule, asked, place):
    put(root, "_redirects", rule + "\n")

    assert ask(asked)[1]["Location"] == place


def test_a_splat_cannot_smuggle_a_header(ask, root):
    put(root, "_redirects", "/go/* /to/:splat\n")

    headers = ask("/go/x%0d%0aSet-Cookie:%20a=1")[1]

    assert headers["Set-Cookie"] is None
    assert headers["Location"] == "/to/x%0D%0ASet-Cookie%3A%20a%3D1"


def test_the_first_rule_that_matches_counts(ask, root):
    put(root, "_redirects", "# comment\n\n/a/b /one\n/a/* /two\n/* /three\n")

    assert [ask(path)[1]["Location"] for path in ("/a/b", "/a/c", "/d")] == ["/one", "/two", "/three"]


def test_a_file_wins_over_a_rule_unless_the_rule_is_forced(ask, root):
    put(root, "a.html", "file")
    put(root, "b.html", "file")
    put(root, "_redirects", "/a.html /x 302\n/b.html /x 302!\n")

    assert (ask("/a.html")[0], ask("/b.html")[0]) == (200, 302)


@pytest.mark.parametrize("status", [200, 404, 410, 503])
def test_a_rewrite_answers_with_a_file_and_a_status(ask, root, status):
    put(root, "page.html", "the file")
    put(root, "_redirects", f"/a/* /page.html {status}\n")

    assert ask("/a/b")[0] == status
    assert ask("/a/b")[2] == b"the file"


def test_a_rewrite_cannot_leave_the_directory(ask, root):
    put(root, "_redirects", "/a/* /:splat 200\n/up /../secret.txt 200\n")

    for path in ("/a/../secret.txt", "/a/%2e%2e/secret.txt", "/up", "/a/_redirects"):
        assert ask(path)[0] == 404, path


def test_a_status_alone_answers_with_a_small_page(ask, root):
    put(root, "_redirects", "/gone 410\n/nothing 204\n/odd 299\n")

    assert ask("/gone")[0] == 410
    assert b"410 Gone" in ask("/gone")[2]
    assert ask("/nothing")[::2] == (204, b"")
    assert ask("/odd")[0] == 299


def test_headers_are_added_replaced_and_taken_away(ask, root):
    for name in ("a.html", "b.html"):
        put(root, name)
    put(
        root,
        "_headers",
        "# all\n/*\n  X-Site: yes\n  Content-Type: text/html; charset=utf-8\n\n/b.html\n\tContent-Type:\n"
        "\tSet-Cookie: a=1\n\tSet-Cookie: b=2\n/missing\n  Retry-After: 5\n",
    )

    a, b, missing = ask("/a.html")[1], ask("/b.html")[1], ask("/missing")[1]

    assert (a["X-Site"], a.get_all("Content-Type")) == ("yes", ["text/html; charset=utf-8"])
    assert (b["X-Site"], b["Content-Type"], b.get_all("Set-Cookie")) == ("yes", None, ["a=1", "b=2"])
    assert missing["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("_redirects", "\n# x\nold /new\n", "line 3: the path 'old' should begin with \"/\""),
        ("_redirects", "/old\n", "line 1: a redirect leads to a URL"),
        ("_redirects", "/old new\n", "line 1: a redirect leads to a URL"),
        ("_redirects", "/old /new 999\n", "line 1: the status '999'"),
        ("_redirects", "/old /new 304\n", "line 1: the status '304'"),
        ("_redirects", "/old /new " + "9" * 5000 + "\n", "line 1: the status"),
        ("_redirects", "/old /new 301 Language=de\n", "line 1: '301' is not a status"),
        ("_redirects", "/old /new permanent\n", "line 1: 'permanent' is not a status"),
        ("_redirects", "/a/*/b/* /new\n", "line 1: the path '/a/*/b/*' should hold one \"*\" at most"),
        ("_redirects", "/old /new/:splat\n", "line 1: '/new/:splat' asks for \":splat\""),
        ("_redirects", "/news/:id /new\n", "line 1: the path '/news/:id' names a part by \":\""),
        ("_redirects", "/old?q=1 /new\n", "line 1: the path '/old?q=1' should have no query"),
        ("_redirects", "/old http://127.0.0.1/ 200\n", "line 1: 200 answers with a file of this site"),
        ("_redirects", "/old 200\n", "line 1: 200 needs a file"),
        ("_headers", "  X-A: 1\n", "line 1: a header stands before any path"),
        ("_headers", "/a\n  X-A\n", "line 2: 'X-A' should be \"Name: value\""),
        ("_headers", "/a\n  X A: 1\n", "line 2: 'X A: 1' should be"),
        ("_headers", "/a\n  Content-Length: 5\n", "line 2: Content-Length is the server's own affair"),
        ("_headers", "/a\n  X-A: b\x00c\n", "line 2: the value of X-A holds a control character"),
        ("_headers", "a\n", "line 1: the path 'a' should begin with \"/\""),
    ],
)
def test_a_line_that_cannot_be_read_is_an_error_with_file_and_line(root, file, text, says):
    put(root, file, text)

    with pytest.raises(ConfigError) as caught:
        serve(root)

    assert f"{file}, {says}" in str(caught.value)


def test_rules_that_are_not_text_are_an_error(root):
    (root / "_redirects").write_bytes(b"\xff\xfe/\x00")

    with pytest.raises(ConfigError, match="_redirects cannot be read"):
        serve(root)


def test_rules_may_have_a_byte_order_mark_and_windows_line_ends(ask, root):
    put(root, "_redirects", "\ufeff/old /new 302\r\n/older /new 307\r\n")
    put(root, "_headers", "/old\r\n  X-A: 1\r\n")

    assert (ask("/old")[0], ask("/older")[0], ask("/old")[1]["X-A"]) == (302, 307, "1")
