"""Bodies as files: one for each good answer, under a name that is safe, and once whatever happens."""

import json
import re
import subprocess
import sys
from hashlib import sha256

import pytest

from crawlpool import ConfigError, Crawler, Start
from crawlpool.errors import FrontierError
from crawlpool.saved import FIELDS, folder_name

from ..command import command

QUICK = {"backend": "sync", "retries": 0}
COMMAND = [sys.executable, "-m", "crawlpool"]


def index_of(folder):
    return [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]


def check(folder):
    """Each file is whole and has one line; the lines by URL."""
    lines = index_of(folder)
    assert all(list(line) == list(FIELDS) for line in lines)
    for line in lines:
        if line["file"] is not None:
            content = (folder / line["file"]).read_bytes()
            assert (len(content), sha256(content).hexdigest()) == (line["bytes"], line["sha256"])
    files = [str(each.relative_to(folder).as_posix()) for each in folder.rglob("*") if each.is_file()]
    assert sorted(files) == sorted([line["file"] for line in lines if line["file"]] + ["index.jsonl"])
    return {line["url"]: line for line in lines}


def run(tmp_path, *words):
    return command([*words, "--backend", "thread", "--retries", "0"], folder=tmp_path)


def test_each_good_answer_is_a_file_and_each_url_a_line(site, tmp_path):
    site.page("/", links=["/a.pdf", "/data", "/missing", "/moved", "/secret"])
    site.page("/a.pdf", b"%PDF-1.7 \x00\xff", content_type="application/pdf")
    site.page("/data", b'{"a": 1}', content_type="application/json")
    site.redirect("/moved", "/here")
    site.page("/here", b"", content_type="text/plain")
    site.robots("User-agent: *\nDisallow: /secret")
    done = run(tmp_path, site.url + "/", "--follow", "--save", "pages")

    assert done.returncode == 0
    assert done.stdout == ""  # the index says the same
    assert "4 files in pages" in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pages", "pages.job"]
    lines = {url.removeprefix(site.url): line for url, line in check(tmp_path / "pages").items()}
    home = folder_name(site.url + "/")
    assert {path: line["status"] for path, line in lines.items()} == {
        "/": 200,
        "/a.pdf": 200,
        "/data": 200,
        "/missing": 404,
        "/moved": 200,
        "/secret": None,
    }
    endings = {
        path: re.fullmatch(rf"{home}/(\w+)-[0-9a-f]{{10}}(\.\w+)?", line["file"] or f"{home}/no-0123456789")
        for path, line in lines.items()
    }
    assert {path: found.groups() for path, found in endings.items()} == {
        "/": ("index", ".html"),
        "/a.pdf": ("a", ".pdf"),
        "/data": ("data", ".json"),
        "/missing": ("no", None),
        "/moved": ("here", ".txt"),
        "/secret": ("no", None),
    }
    assert (tmp_path / "pages" / lines["/a.pdf"]["file"]).read_bytes() == b"%PDF-1.7 \x00\xff"
    assert lines["/moved"]["final_url"] == site.url + "/here"
    assert lines["/moved"]["bytes"] == 0
    assert lines["/missing"]["error"] == "HTTP 404 Not Found"
    assert lines["/secret"]["error"].startswith("robots: ")


HOSTILE = [
    "/con",
    "/CON.txt",
    "/nul.html",
    "/page",
    "/PAGE",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/x",
    "/a%00b.html",
    "/.htaccess",
    "/-rf",
    "/x.lnk",
    "/index.jsonl",
    "/.incoming/1",
    "/" + "long" * 200 + ".html",
    "/%E6%97%A5%E6%9C%AC?q=1",
    "/%E6%97%A5%E6%9C%AC?q=2",
    "/a:b|c*d.html",
    "/trailing.",
    "/trailing%20",
    "/x" + ".y" * 100,
]


def test_no_url_names_a_file_that_leads_elsewhere_or_that_a_system_does_not_bear(site, tmp_path):
    for path in HOSTILE:
        site.page(path, path.encode())
    Crawler(**QUICK).run([site.url + path for path in HOSTILE], save=tmp_path / "pages")

    lines = check(tmp_path / "pages")
    names = [line["file"] for line in lines.values() if line["file"]]
    assert len(names) == len({name.casefold() for name in names}) >= len(HOSTILE) - 1
    for name in names:
        folder, _, file = name.partition("/")
        assert folder == folder_name(site.url + "/")
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", file)
        assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", file, re.IGNORECASE)
        assert not file.endswith((".", " ", ".lnk"))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pages", "pages.job"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://shop.example/", "shop.example"),
        ("https://shop.example:8443/", "shop.example_8443"),
        ("http://[2001:db8::1]/", "2001_db8_1"),
        ("http://con/", "_con"),
        ("http://nul.example/", "_nul.example"),
        ("http://---/", "_"),
        ("http://index.jsonl/", "_index.jsonl"),
    ],
)
def test_the_folder_of_a_host_is_named_like_it_as_far_as_systems_bear_it(url, name):
    assert folder_name(url) == name


def test_two_hosts_with_long_names_have_two_folders():
    one, two = (folder_name(f"https://{'a' * 60}.{'b' * 60}.{each}.example/") for each in "xy")
    assert one != two
    assert max(len(one), len(two)) <= 100


def test_after_kill_9_the_same_command_goes_on_and_each_file_is_there_once(site, tmp_path):
    paths = [f"/{number}" for number in range(90)]
    for path in paths:
        site.page(path, path.encode() * 5000, delay_s=0.02)
    (tmp_path / "urls.txt").write_text("".join(f"{site.url}{path}\n" for path in paths), encoding="utf-8")
    words = [*COMMAND, "urls.txt", "--save", "pages", "--backend", "thread", "--per-host", "4", "-q"]

    for enough in (20, 55):  # commits come every half second
        process = subprocess.Popen(words, cwd=tmp_path)
        try:
            site.wait_until(lambda enough=enough: len(set(site.requests)) > enough)
        finally:
            process.kill()
            process.wait()
    done = subprocess.run(words, cwd=tmp_path, timeout=60, check=False)

    assert done.returncode == 0
    lines = check(tmp_path / "pages")
    assert sorted(lines) == sorted(site.url + path for path in paths)
    assert all(line["file"] for line in lines.values())
    assert all(re.search(r"-[0-9a-f]{10}\.html$", line["file"]) for line in lines.values())  # no second one


def test_beside_another_output_the_job_is_that_ones_and_both_go_on(site, tmp_path):
    urls = [f"{site.url}/{number}" for number in range(8)]
    for number in range(8):
        site.page(f"/{number}", "text " * 2000)
    out, pages = tmp_path / "out.csv", tmp_path / "pages"

    def lights_out(stats):
        if stats.pages >= 3:
            raise FrontierError("the lights went out")

    with pytest.raises(FrontierError):
        Crawler(**QUICK).run(urls, output=out, save=pages, watch=lights_out)
    with pytest.raises(ConfigError, match=r"outputs \(were out\.csv, pages/index\.jsonl, now out\.csv\)"):
        Crawler(**QUICK).run(urls, output=out)
    result = Crawler(**QUICK).run(urls, output=out, save=pages)

    assert result.job == tmp_path / "out.csv.job"
    assert len(check(pages)) == len(out.read_text(encoding="utf-8").splitlines()) - 1 == 8


def test_a_handler_works_beside_it_and_a_page_that_it_fails_on_is_kept(site, tmp_path):
    site.page("/good", "<h1>good</h1>")
    site.page("/bad", "<h1>bad</h1>")
    crawler = Crawler(**QUICK)

    @crawler.on_page
    def book(page):
        yield {"h": page.get("h1"), "one": 1 // page.url.endswith("good")}

    crawler.run(
        [site.url + "/good", site.url + "/bad"], output=tmp_path / "out.jsonl", save=tmp_path / "pages"
    )

    assert [line["file"] is not None for line in check(tmp_path / "pages").values()] == [True, True]
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == '{"h": "good", "one": 1}\n'


def test_what_is_there_is_kept_refused_or_replaced_as_any_output(site, tmp_path):
    site.page("/", "first")
    pages = tmp_path / "pages"
    Crawler(**QUICK).run(site.url + "/", save=pages, job=False)
    with pytest.raises(ConfigError, match=r"index\.jsonl exists: --fresh replaces it, --append adds to it"):
        Crawler(**QUICK).run(site.url + "/", save=pages, job=False)
    site.page("/", "second")
    Crawler(**QUICK).run(site.url + "/", save=pages, job=False, start=Start.APPEND)
    assert sorted(each.read_text() for each in pages.rglob("*.html")) == ["first", "second"]
    Crawler(**QUICK).run(site.url + "/", save=pages, start=Start.FRESH)
    assert [each.read_text() for each in pages.rglob("*.html")] == ["second"]
    check(pages)


def test_a_folder_that_cannot_be_one_is_refused_before_anything_is_asked(site, tmp_path):
    (tmp_path / "file").write_text("x")
    for save, said in (
        (tmp_path / "file", "is a file; name a folder"),
        (tmp_path / "no" / "pages", "there is no folder"),
    ):
        with pytest.raises(ConfigError, match=said):
            Crawler(**QUICK).run(site.url + "/", save=save)
    with pytest.raises(ConfigError, match="is the index of save"):
        Crawler(**QUICK).run(site.url + "/", save=tmp_path, output=tmp_path / "index.jsonl")
    assert site.requests == []


def test_a_retry_of_the_command_adds_to_the_same_folder(site, tmp_path):
    site.page("/late", "at last", fails_first=1)
    run(tmp_path, site.url + "/late", "--save", "pages")
    done = run(tmp_path, "retry", "pages")

    assert done.returncode == 0, done.stderr
    before, after = index_of(tmp_path / "pages")
    assert (before["file"], before["error"]) == (None, "HTTP 503 Service Unavailable")
    assert (tmp_path / "pages" / after["file"]).read_text() == "at last"
