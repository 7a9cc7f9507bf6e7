"""`crawlpool get`, `links` and `shell`: one page, asked for as a crawl does it, or read from a file."""

import csv
import io
import json
import os
import re
import select
import subprocess
import sys
import time

import pytest

from crawlpool.cli import main

PAGE = """<!DOCTYPE html><title>A shop</title><h1>Slow readers</h1>
<a href="/about" rel="author">About  us</a> <a href="/no" rel="nofollow">No</a>
<a href="https://elsewhere.example/">Elsewhere</a> <img src="cover.png" alt="=1+1">
"""


@pytest.fixture
def run(capfdbinary):
    """Run a command here; its exit code, and what it wrote on standard output and standard error."""

    def run(*words):
        code = main([*map(str, words)])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


@pytest.fixture
def shop(site):
    site.page("/", PAGE, headers={"Link": "</feed>; rel=next", "X-Shop": "\x1b[31mred"})
    site.page("/about", "<title>About</title>")
    return site


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    return path


# get


def test_get_shows_the_record_that_a_crawl_would_have(shop, run, tmp_path):
    _, out, err = run("get", shop.url + "/")
    main([shop.url + "/", "-q", "--no-job", "-o", str(tmp_path / "pages.jsonl")])

    (shown,) = [json.loads(line) for line in out.splitlines()]
    (crawled,) = [json.loads(line) for line in (tmp_path / "pages.jsonl").read_text().splitlines()]
    for record in (shown, crawled):
        del record["elapsed_s"], record["fetched_at"]
    assert shown == crawled
    assert err == ""
    assert shown["links"] == 5


@pytest.mark.parametrize(
    ("path", "code", "kind", "said"),
    [
        ("/", 0, None, ""),
        ("/nowhere", 3, "http", "HTTP 404 Not Found"),
        ("/no", 3, "robots", 'robots.txt line 2, "Disallow: /no$", does not allow it for "crawlpool"'),
    ],
)
def test_get_says_by_its_exit_code_and_in_words_how_it_went(shop, run, path, code, kind, said):
    shop.robots("User-agent: *\nDisallow: /no$")

    got, out, err = run("get", shop.url + path)

    assert got == code
    assert json.loads(out)["error_kind"] == kind
    assert said in err
    assert "/no" not in shop.requests


def test_get_writes_the_body_as_it_is_also_of_an_error(site, run, capfdbinary):
    body = bytes(range(256))
    site.page("/", body, content_type="application/octet-stream")
    site.page("/gone", b"gone\n", status=410)

    assert main(["get", site.url + "/", "--body", "-o", os.devnull]) == 0
    assert main(["get", site.url + "/", "--body"]) == 0
    assert capfdbinary.readouterr().out == body
    assert run("get", site.url + "/gone", "--body")[:2] == (3, "gone\n")


def test_get_body_into_a_file_is_byte_for_byte_and_replaces_nothing_unasked(site, run, tmp_path):
    body = bytes(range(256)) * 100
    site.page("/", body, content_type="application/octet-stream")
    file = tmp_path / "new" / "body.bin"

    assert run("get", site.url + "/", "--body", "-o", file)[0] == 0
    assert file.read_bytes() == body
    asked = len(site.requests)

    code, _, err = run("get", site.url + "/", "--body", "-o", file)
    assert (code, len(site.requests)) == (2, asked)
    assert "--fresh replaces it" in err
    assert run("get", site.url + "/", "-o", file, "--fresh")[0] == 0
    assert json.loads(file.read_text())["bytes"] == len(body)


def test_get_names_a_file_in_a_folder_by_the_url(shop, run, tmp_path):
    assert run("get", shop.url + "/about", "--body", "-o", f"{tmp_path}/")[0] == 0
    (made,) = tmp_path.iterdir()
    assert re.fullmatch(r"127\.0\.0\.1_\d+_about-[0-9a-f]{10}\.html", made.name)

    code, _, err = run("get", shop.url + "/about", "--body", "-o", f"{tmp_path}/")
    assert code == 2
    assert "--fresh" in err


def test_get_shows_headers_with_the_way_there_and_nothing_a_terminal_obeys(shop, run):
    shop.redirect("/old", "/", status=301)

    code, out, _ = run("get", shop.url + "/old", "--headers")

    lines = out.splitlines()
    assert code == 0
    assert lines[:3] == [f"{shop.url}/old redirects", f"{shop.url}/ answers", "HTTP/1.1 200 OK"]
    assert "Content-Type: text/html; charset=utf-8" in lines
    assert "X-Shop: \\u001b[31mred" in lines
    assert re.search(r" of text/html in utf-8, .* sent, in .*, from 127\.0\.0\.1:\d+$", lines[-1])


def test_get_selects_columns(shop, run):
    code, out, _ = run(
        "get",
        shop.url + "/",
        "--select",
        "heading=h1",
        "--select",
        "next=a@href",
        "--fields",
        "url,heading,next",
    )
    assert code == 0
    assert json.loads(out) == {
        "url": shop.url + "/",
        "heading": "Slow readers",
        "next": shop.url + "/about",
    }


def test_a_selection_that_will_not_do_is_said_before_anybody_is_asked(shop, run):
    code, _, err = run("get", shop.url + "/", "--select", "price=((")
    assert (code, shop.log) == (2, [])
    assert "((" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["get"], "name one URL: crawlpool get"),
        (["get", "a.example", "b.example"], "name one URL, not 'a.example' 'b.example'"),
        (["get", "ftp://a.example/"], "only http:// and https:// are"),
        (["get", "a.example", "--boddy"], "unknown flag --boddy; did you mean --body?"),
        (["get", "a.example", "--zzz"], "unknown flag --zzz; crawlpool help get lists all"),
        (["links"], "name one URL or file: crawlpool links"),
        (["links", "a.example", "--kind", "imge"], "'imge' is no kind of link; did you mean image?"),
        (["links", "a.example", "--base", "https://b.example/"], "it is for files"),
        (["links", "page.htm"], "no file 'page.htm' here"),
        (["shell", "-c", "page.title"], "AttributeError"),
        (["shell", "-c", "css('a')"], "there is no page yet"),
        (["shell", "-c", "1 +"], "SyntaxError"),
    ],
)
def test_what_is_typed_wrong_is_quoted_and_asks_nobody(run, words, said):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err


def test_get_of_a_file_says_which_command_was_meant(run, file):
    code, _, err = run("get", file)
    assert code == 2
    assert f"crawlpool links {file}" in err


# links


def rows(out):
    return [line.split("\t") for line in out.splitlines()]


def test_links_come_in_page_order_with_those_of_the_headers_first(shop, run):
    code, out, _ = run("links", shop.url + "/")
    assert code == 0
    assert rows(out) == [
        [shop.url + "/feed", "next", "next", ""],
        [shop.url + "/about", "page", "author", "About us"],
        [shop.url + "/no", "page", "nofollow", "No"],
        ["https://elsewhere.example/", "page", "", "Elsewhere"],
    ]


def test_links_of_other_kinds_are_listed_when_asked_for(shop, run):
    assert [row[1] for row in rows(run("links", shop.url + "/", "--all")[1])].count("image") == 1
    assert rows(run("links", shop.url + "/", "--kind", "image,style")[1]) == [
        [shop.url + "/cover.png", "image", "", "=1+1"]
    ]


def test_links_in_scope_are_those_that_a_crawl_follows(shop, run, tmp_path):
    shop.page("/feed", "")
    named = {row[0] for row in rows(run("links", shop.url + "/", "--in-scope")[1])}
    asked = len(shop.requests)

    main([shop.url + "/", "--follow", "--depth", "1", "-q", "--no-job", "-o", str(tmp_path / "p.jsonl")])

    assert {shop.url + path for path in shop.requests[asked:]} - {shop.url + "/"} == named
    assert named == {shop.url + "/feed", shop.url + "/about"}


def test_the_scope_of_listed_links_may_be_widened(shop, run):
    named = {row[0] for row in rows(run("links", shop.url + "/", "--in-scope", "--scope", "all")[1])}
    assert "https://elsewhere.example/" in named
    assert shop.url + "/no" not in named
    more = rows(run("links", shop.url + "/", "--in-scope", "--no-rel-nofollow", "--exclude", "/about")[1])
    assert {row[0] for row in more} == {shop.url + "/feed", shop.url + "/no"}


def test_a_page_that_asks_for_it_has_no_link_in_scope(site, run):
    site.page("/", links=["/a"], headers={"X-Robots-Tag": "nofollow"})
    assert rows(run("links", site.url + "/", "--in-scope")[1]) == []
    assert len(rows(run("links", site.url + "/", "--in-scope", "--no-x-robots-tag")[1])) == 1


def test_links_as_json_and_as_a_table_that_runs_nothing(shop, run):
    found = [json.loads(line) for line in run("links", shop.url + "/", "--json")[1].splitlines()]
    assert found[1] == {"url": shop.url + "/about", "kind": "page", "rel": "author", "text": "About us"}

    table = list(csv.reader(io.StringIO(run("links", shop.url + "/", "--csv", "--all")[1])))
    assert table[0] == ["url", "kind", "rel", "text"]
    assert [row[3] for row in table if row[1] == "image"] == ["'=1+1"]


def test_a_table_of_no_links_has_its_header(site, run):
    site.page("/")
    assert run("links", site.url + "/", "--csv")[1] == "url,kind,rel,text\r\n"


def test_links_of_a_file_need_its_base(run, file):
    code, out, err = run("links", file)
    assert (code, [row[0] for row in rows(out)]) == (0, ["https://elsewhere.example/"])
    assert "--base URL says where the file is from" in err

    _, out, err = run("links", file, "--base", "https://shop.example/x/")
    assert [row[0] for row in rows(out)][:2] == ["https://shop.example/about", "https://shop.example/no"]
    assert err == ""


def test_links_of_a_page_that_is_not_there_end_with_3(site, run):
    code, _, err = run("links", site.url + "/nowhere")
    assert code == 3
    assert "HTTP 404" in err


def test_a_page_may_come_from_standard_input(file):
    done = subprocess.run(
        [sys.executable, "-m", "crawlpool", "links", "-", "--base", "https://shop.example/"],
        input=file.read_text(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("https://shop.example/about\tpage\tauthor\tAbout us\n")


# shell


def test_expressions_are_printed_as_scripts_want_them(shop, run):
    code, out, _ = run(
        "shell", shop.url + "/",
        *("-c", "page.title"), *("-c", "css('h1')"), *("-c", "get_all('a')"),
        *("-c", "found = [page.status]"), *("-c", "found[0]"), *("-c", "None"), *("-c", "{'a': 1}"),
    )  # fmt: skip
    assert code == 0
    assert out.splitlines() == [
        "A shop",
        "<h1>Slow readers</h1>",
        *("About us", "No", "Elsewhere"),
        "200",
        "{'a': 1}",
    ]


def test_fetch_at_the_prompt_replaces_the_page(shop, run):
    code, out, _ = run(
        "shell", shop.url + "/",
        *("-c", "fetch('/about')"), *("-c", "get('title')"),
        *("-c", f"fetch('{shop.url}/')"), *("-c", "fetch(css('a')[0])"), *("-c", "page.url"),
        *("-c", "fetch(crawlpool.Request(page.url)).title"),
    )  # fmt: skip
    assert code == 0
    assert out.splitlines() == [
        f"<Page 200 {shop.url}/about>",
        "About",
        f"<Page 200 {shop.url}/>",
        *(f"<Page 200 {shop.url}/about>", f"{shop.url}/about"),
        "About",
    ]


def test_a_page_that_failed_can_be_looked_at_and_ends_with_3(shop, run):
    shop.robots("User-agent: *\nDisallow: /about")
    code, out, err = run("shell", shop.url + "/about", "-c", "page.failure.kind")
    assert (code, shop.requests) == (3, [])
    assert out == "robots\n"
    assert "robots.txt line 2" in err


def test_a_file_can_be_tried_on(run, file):
    code, out, _ = run("shell", file, "--base", "https://shop.example/", "-c", "links()[0]", "-c", "page.url")
    assert code == 0
    assert out.splitlines() == ["https://shop.example/about", "https://shop.example/"]


WITHOUT_IPYTHON = (
    "import sys; sys.modules['IPython'] = None; from crawlpool.cli import main; sys.exit(main())"
)
WITH_IPYTHON = "import sys; from crawlpool.cli import main; sys.exit(main())"


def typed_at(code, words, lines, until, **more):
    """Type lines into a command on a terminal of its own, each at a prompt; what it showed."""
    import pty  # which Windows has not

    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "dumb", **more})
        os.execv(sys.executable, [sys.executable, "-c", code, *words])
    shown, end = "", time.monotonic() + 60
    waiting, prompts = [*lines], 0
    try:
        while time.monotonic() < end and not re.search(until, shown):
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    shown += os.read(fd, 65536).decode(errors="replace")
                except OSError:
                    break
            seen = len(re.findall(r">>> |In \[", shown))
            if waiting and seen > prompts:
                prompts = seen
                os.write(fd, waiting.pop(0).encode())
        return shown
    finally:
        os.close(fd)  # which ends it like a terminal that is shut
        os.waitpid(pid, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_the_prompt_names_what_there_is_and_completes_it(shop):
    shown = typed_at(
        WITHOUT_IPYTHON, ["shell", shop.url + "/"], ["page.enco\t\r", "fetch('/about').title\r"], r"'About'"
    )
    assert shown.count("\n", 0, shown.index(">>> ")) == 5
    assert f'page is <Page 200 {shop.url}/>, "A shop"' in shown
    assert "'utf-8'" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_where_ipython_is_installed_the_prompt_is_its(shop, tmp_path):
    pytest.importorskip("IPython")
    shown = typed_at(
        WITH_IPYTHON, ["shell", shop.url + "/"], ["fetch('/about')\r", "page.title\r"], r"Out.*'About'",
        IPYTHONDIR=str(tmp_path),
    )  # fmt: skip
    assert "Out" in shown
    assert "'About'" in shown


def test_lines_may_come_through_a_pipe(shop):
    done = subprocess.run(
        [sys.executable, "-m", "crawlpool", "shell", shop.url + "/"],
        input="get('h1')\nraise SystemExit\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "'Slow readers'" in done.stdout
