"""A crawl that is kept as a file, and settings from files and variables: by the real command, and by the library."""

import json
import subprocess
import sys

import pytest

from crawlpool import ConfigError, Crawler
from crawlpool.cli import main
from crawlpool.settings import knobs
from crawlpool.settings.sources import variable

BOOKS = """\
def book(page):
    yield {"title": page.get("h1"), "url": page.url}
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder to be in, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in knobs():
        monkeypatch.delenv(variable(name), raising=False)
    return tmp_path


@pytest.fixture
def web(site):
    """A page that links to four more."""
    site.page("/", links=[f"/{n}" for n in range(4)])
    for n in range(4):
        site.page(f"/{n}", f"<h1>Book {n}</h1>")
    return site


@pytest.fixture
def shop(here, web):
    """The folder `shop` with a crawl in it: its seeds, its handler, and what it makes."""
    folder = here / "shop"
    folder.mkdir()
    (folder / "urls.txt").write_text(f"{web.url}/\n")
    (folder / "books.py").write_text(BOOKS)
    (folder / "shop.toml").write_text(
        'backend = "sync"\nper_host = 4\n\n'
        '[crawl]\nseeds = ["urls.txt"]\noutput = ["books.jsonl", "books.csv"]\nhandler = "books.py:book"\n'
        'failed = "failed.txt"\nfollow = true\nquiet = true\n'
    )
    return folder


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_file_says_all_that_a_crawl_needs_and_lies_where_it_likes(shop, web, capsys):
    assert main(["shop/shop.toml"]) == 0

    assert sorted(path.name for path in shop.iterdir() if path.suffix != ".pyc" and path.is_file()) == [
        "books.csv",
        "books.jsonl",
        "books.jsonl.job",
        "books.py",
        "failed.txt",
        "shop.toml",
        "urls.txt",
    ]
    assert {each["title"] for each in records(shop / "books.jsonl")} >= {"Book 0", "Book 3"}
    assert len(web.requests) == len(set(web.requests))
    assert capsys.readouterr().err == ""


def test_the_same_file_again_goes_on_where_it_stopped_and_then_has_nothing_to_do(shop, web, monkeypatch):
    main(["shop/shop.toml", "--max-pages", "2"])
    assert len(records(shop / "books.jsonl")) == 2
    monkeypatch.chdir(shop)  # seen from elsewhere, and still the same crawl
    assert main(["shop.toml"]) == 0
    assert len(records(shop / "books.jsonl")) == 5
    assert main(["shop.toml"]) == 6
    assert sorted(web.requests) == sorted({*web.requests})


def test_flags_and_variables_win_over_the_file_also_with_what_is_usual(shop, web, here, monkeypatch):
    text = (shop / "shop.toml").read_text()
    (shop / "shop.toml").write_text(text + 'max_pages = 1\nfail_on = "any"\n')
    web.page("/more", b"gone", status=404)
    monkeypatch.setenv("CRAWLPOOL_MAX_PAGES", "2")
    code = main(
        ["shop/shop.toml", f"{web.url}/more", f"{web.url}/1", "-o", "mine.jsonl", "--fail-on", "none"]
    )

    assert code == 0
    assert [each["title"] for each in records(here / "mine.jsonl")] == ["Book 1"]
    assert not (shop / "books.jsonl").exists()
    assert "/" not in web.requests, "sources that are named replace the file's"


def test_a_changed_seed_in_the_file_is_named_and_refused(shop, web, capsys):
    main(["shop/shop.toml", "--max-pages", "1"])
    (shop / "urls.txt").write_text(f"{web.url}/3\n")
    assert main(["shop/shop.toml"]) == 2
    assert "urls.txt (changed)" in capsys.readouterr().err
    assert main(["shop/shop.toml", "--append"]) == 0


def test_the_library_runs_the_same_file_and_goes_on_with_the_commands_job(shop, web):
    main(["shop/shop.toml", "--max-pages", "2"])
    result = Crawler.from_file("shop/shop.toml").run()

    assert result.ended == "finished"
    assert len(records(shop / "books.jsonl")) == 5
    assert Crawler.from_file("shop/shop.toml").run().ended == "nothing to do"
    assert main(["shop/shop.toml"]) == 6
    titles = {item["title"] for item in Crawler.from_file("shop/shop.toml").items()}
    assert "Book 2" in titles


def test_what_a_program_says_itself_wins_over_the_file(shop, web, here):
    result = Crawler.from_file("shop/shop.toml", follow=False).run(
        f"{web.url}/2", output="mine.jsonl", job=False
    )

    assert [each["title"] for each in records(here / "mine.jsonl")] == ["Book 2"]
    assert result.job is None


def test_a_file_without_seeds_says_where_they_belong(here, capsys):
    (here / "empty.toml").write_text("delay = 1\n")
    assert main(["empty.toml"]) == 2
    assert "empty.toml has no seeds; write seeds = [...] under [crawl]" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="nothing to crawl"):
        Crawler.from_file("empty.toml").run()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shop/shop.toml", "other.toml"], "shop/shop.toml and other.toml: name one file of settings"),
        (["shop/shop.toml", "--config", "other.toml"], "name one file of settings"),
        (["shop/shop.tmol"], "no file 'shop/shop.tmol' here"),
        (["gone.toml"], "no file 'gone.toml' here"),
        (["shop/shop.toml", "-o", "shop/shop.toml"], "is also read as a source"),
        (["shop/shop.toml", "--config"], "--config: a value is missing behind it"),
        (
            ["--config", "gone.toml", "http://127.0.0.1:1/"],
            "cannot read gone.toml: No such file or directory",
        ),
        (
            ["--config", "other.toml", "--no-config", "u.txt"],
            "--no-config: cannot be given together with --config",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(shop, here, words, said, capsys):
    (here / "other.toml").write_text("")
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_a_handler_that_the_file_misspells_is_complained_of_with_its_key(shop, capsys):
    text = (shop / "shop.toml").read_text()
    (shop / "shop.toml").write_text(text.replace("py:book", "py:boook"))
    assert main(["shop/shop.toml"]) == 2
    assert (
        'shop/shop.toml, key "crawl.handler": shop/books.py:boook: no function boook'
        in capsys.readouterr().err
    )
    (shop / "shop.toml").write_text(text + 'fail_on = "sometimes"\n')
    assert main(["shop/shop.toml"]) == 2
    assert (
        "shop/shop.toml, key \"crawl.fail_on\": 'sometimes' should be one of listed"
        in capsys.readouterr().err
    )


def test_settings_that_are_found_hold_for_a_crawl_and_for_small_commands(web, here, capsys):
    (here / "crawlpool.toml").write_text(
        'backend = "sync"\nuser_agent = "found/1"\n[crawl]\nseeds = ["nowhere.txt"]\noutput = "never.csv"\n'
    )
    assert main([f"{web.url}/1"]) == 0
    said = capsys.readouterr().err
    assert said.count("settings of crawlpool.toml: backend, user_agent\n") == 1
    assert not (here / "never.csv").exists(), "what is crawled holds for whoever names the file"
    main(["robots", f"{web.url}/1"])
    assert 'by "found"' in capsys.readouterr().out
    assert {arrival.header("user-agent") for arrival in web.log} == {"found/1"}
    main([f"{web.url}/1", "--no-config", "--backend", "sync", "-q"])
    assert web.log[-1].header("user-agent") != "found/1"


def test_retry_reads_secrets_from_the_file_that_the_crawl_was_begun_with(shop, web, here):
    web.page("/locked", b"no", status=403)
    (shop / "urls.txt").write_text(f"{web.url}/locked\n")
    text = (
        (shop / "shop.toml")
        .read_text()
        .replace("[crawl]", "delay = 0.01\nheader = { X-Key = 's3cret' }\n[crawl]")
    )
    (shop / "shop.toml").write_text(text)
    (shop / "shop.toml").chmod(0o600)
    assert main(["shop/shop.toml"]) == 3
    (shop / "shop.toml").write_text(text.replace("delay = 0.01", "delay = 60"))
    assert main(["retry", "shop/books.jsonl", "-q"]) == 3

    asked = [arrival for arrival in web.log if arrival.path == "/locked"]
    assert [arrival.header("x-key") for arrival in asked] == ["s3cret", "s3cret"]
    assert b"s3cret" not in (shop / "books.jsonl.job").read_bytes()


def test_retry_reads_no_secrets_from_a_file_that_does_not_lie_with_the_job(shop, web, here):
    web.page("/locked", b"no", status=403)
    (here / "elsewhere.toml").write_text("backend = 'sync'\nheader = { X-Key = 's3cret' }\n")
    main([f"{web.url}/locked", "--config", "elsewhere.toml", "-o", "shop/mine.jsonl", "-q"])
    assert main(["retry", "shop/mine.jsonl", "-q"]) == 3
    assert main(["retry", "shop/mine.jsonl", "-q", "--config", "elsewhere.toml"]) == 3

    asked = [arrival.header("x-key") for arrival in web.log if arrival.path == "/locked"]
    assert asked == ["s3cret", None, "s3cret"], "a job may be a stranger's, and name any file of ours"


def test_status_names_the_file_that_goes_on(shop, capsys):
    main(["shop/shop.toml", "--max-pages", "1"])
    capsys.readouterr()
    main(["status", "shop/books.jsonl"])
    assert f"crawlpool {shop / 'shop.toml'}, and its other flags" in " ".join(capsys.readouterr().out.split())


def test_a_crawl_without_a_file_loads_nothing_that_reads_one(web, here):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "crawlpool", f"{web.url}/", "--dry-run"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=here,
    )
    for needless in ("tomllib", "crawlpool.crawlfile", "crawlpool.handlerfile", "crawlpool.cli.schema"):
        assert f" {needless}\n" not in done.stderr
