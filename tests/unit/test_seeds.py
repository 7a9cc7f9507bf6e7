import gzip
import io
import os
import re
import shutil
from pathlib import Path

import pytest

from crawlpool.errors import ConfigError
from crawlpool.model import Request
from crawlpool.seeds import BadLine, from_iterable, read_words

FIXTURES = Path(__file__).parents[2] / "fixtures" / "seeds"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in FIXTURES.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path


def _urls(*words, **options):
    return [seed.url for seed in read_words(words, **options) if isinstance(seed, Request)]


def _bad(*words, **options):
    return [seed for seed in read_words(words, **options) if isinstance(seed, BadLine)]


def test_a_list_as_people_keep_them_is_read():
    assert [(seed.source, seed.url) for seed in read_words(["messy.txt"]) if isinstance(seed, Request)] == [
        ("messy.txt:2", "https://a.example/one"),
        ("messy.txt:4", "https://a.example/two"),
        ("messy.txt:5", "https://a.example/three"),
        ("messy.txt:6", "https://a.example/four#part"),
        ("messy.txt:8", "https://localhost:8000/five"),
        ("messy.txt:9", "https://a.example/six"),
        ("messy.txt:15", "HTTP://B.example"),
    ]


def test_bad_lines_are_told_with_file_and_line_and_stop_nothing():
    assert [(bad.source, bad.why) for bad in _bad("messy.txt")] == [
        ("messy.txt:10", "this is no URL; write it as https://shop.example/"),
        ("messy.txt:11", "ftp:// is not crawled, only http:// and https:// are"),
        ("messy.txt:12", "more than one URL; write one a line"),
        ("messy.txt:13", "the line is not UTF-8"),
        ("messy.txt:14", "not a valid URL"),
    ]
    assert str(_bad("messy.txt")[0]) == (
        "messy.txt:10: this is no URL; write it as https://shop.example/: 'not a url'"
    )


def test_every_seed_is_listed_and_has_depth_0():
    seeds = list(read_words(["messy.txt", "https://c.example/"]))
    assert all(
        seed.is_listed and seed.depth == 0 and seed.target == ""
        for seed in seeds
        if isinstance(seed, Request)
    )


def test_a_compressed_list_is_the_same_list_whatever_it_is_called(here):
    text = (here / "messy.txt").read_bytes()
    (here / "list.gz").write_bytes(gzip.compress(text))
    (here / "list.txt").write_bytes(gzip.compress(text))
    (here / "plain.gz").write_bytes(text)
    assert _urls("list.gz") == _urls("list.txt") == _urls("plain.gz") == _urls("messy.txt")


def test_a_list_that_is_broken_midway_gives_what_it_had_and_says_so(here):
    whole = gzip.compress(b"".join(b"https://a.example/%d\n" % n for n in range(50_000)))
    (here / "torn.gz").write_bytes(whole[: len(whole) // 2])
    (here / "wrong.gz").write_bytes(whole[:2000] + b"\0\xff" * 5000)
    for name in ("torn.gz", "wrong.gz"):
        *good, bad = read_words([name])
        assert len(good) > 100
        assert all(isinstance(seed, Request) for seed in good)
        assert bad.source == f"{name}:{len(good) + 1}"
        assert "nothing can be read from here on" in bad.why
        assert _urls(name, "b.example")[-1] == "https://b.example"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_lists_as_windows_writes_them_are_read(here, encoding):
    (here / "w.txt").write_bytes("https://a.example/é\r\nb.example\r\n".encode(encoding))
    assert _urls("w.txt") == ["https://a.example/é", "https://b.example"]


def test_a_line_that_is_far_too_long_costs_only_itself(here):
    (here / "l.txt").write_bytes(b"a.example\nhttps://b.example/" + b"x" * 1_000_000 + b"\nc.example\n")
    first, long, last = read_words(["l.txt"])
    assert (first.url, last.url, last.source) == ("https://a.example", "https://c.example", "l.txt:3")
    assert "longer than" in long.why
    assert len(long.text) <= 100


def test_lists_joined_with_their_marks_are_read(here):
    (here / "l.txt").write_bytes(b"\xef\xbb\xbfa.example\n\xef\xbb\xbfb.example\n")
    assert _urls("l.txt") == ["https://a.example", "https://b.example"]


def test_standard_input_is_a_list_that_is_read_as_it_comes():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as pipe:
        pipe.write(b"a.example\nb.exa")
        seeds = read_words(["-"], stdin=stdin)
        assert next(seeds).source == "stdin:1"
        pipe.write(b"mple\n")
        assert next(seeds).url == "https://b.example"


def test_standard_input_is_not_closed_behind_the_callers_back():
    stdin = io.BytesIO(b"a.example\n")
    assert _urls("-", stdin=stdin) == ["https://a.example"]
    assert not stdin.closed


def test_the_other_columns_of_a_table_travel_along():
    seeds = [seed for seed in read_words(["shop.csv"], column="url") if isinstance(seed, Request)]
    assert [(seed.source, seed.url) for seed in seeds] == [
        ("shop.csv:2", "https://a.example/pens"),
        ("shop.csv:3", "https://a.example/ink"),
        ("shop.csv:8", "https://a.example/more"),
        ("shop.csv:9", "https://a.example/disk"),
        ("shop.csv:11", "https://a.example/last"),
    ]
    assert seeds[0].columns == (("name", 'Pens, "red"'), ("price", "3"))
    assert seeds[0].data == {"name": 'Pens, "red"', "price": "3"}
    assert seeds[1].data == {"name": "two\nlines", "price": ""}
    assert seeds[2].data == {"name": "more", "price": "1", "column 4": "extra"}
    assert seeds[3].data == {"name": 'stray 5" disk', "price": "2"}


def test_rows_without_a_url_and_open_quotes_are_told_and_cost_only_themselves():
    assert [(bad.source, bad.why) for bad in _bad("shop.csv")] == [
        ("shop.csv:5", "no URL in column 'URL'"),
        ("shop.csv:7", "no URL in column 'URL'"),
        ("shop.csv:10", "a quote is opened and not closed"),
    ]


def test_a_table_on_standard_input_is_read_by_its_column():
    seeds = list(read_words(["-"], column="link", stdin=io.BytesIO(b"id;link\n7;a.example\n")))
    assert [(seed.url, seed.data) for seed in seeds] == [("https://a.example", {"id": "7"})]


def test_tables_by_tabs_and_compressed_ones_are_read(here):
    (here / "a.tsv").write_bytes(b"id\turl\n1\ta.example/x,y\n")
    (here / "a.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbfurl,id\nb.example,2\n"))
    assert [(seed.url, seed.columns) for seed in read_words(["a.tsv", "a.csv.gz"])] == [
        ("https://a.example/x,y", (("id", "1"),)),
        ("https://b.example", (("id", "2"),)),
    ]


def test_a_list_that_is_only_called_a_table_is_a_list(here):
    (here / "a.csv").write_bytes(b"https://a.example/\nb.example\n")
    assert _urls("a.csv") == ["https://a.example/", "https://b.example"]


def test_columns_without_a_name_or_with_the_same_are_told_apart(here):
    (here / "a.csv").write_bytes(b"url,,a,a\na.example,1,2,3\n")
    assert next(read_words(["a.csv"])).columns == (("2", "1"), ("a", "2"), ("a 4", "3"))


@pytest.mark.parametrize(
    ("words", "column", "complaint"),
    [
        (["shop.csv"], "link", r"shop.csv has no column 'link'; its columns are name, URL, price"),
        (["a.example"], "link", r"column 'link' is looked for in files, and none is given"),
        (["-", "-"], None, "name it once"),
        (["urls.txt"], None, r"no file 'urls.txt' here; a file has one URL a line"),
        (["page.html"], None, r"no file 'page.html' here; a page on the web is named by its URL"),
        (["mesy.txt"], None, r"no file 'mesy.txt' here; did you mean messy.txt\?"),
        (["messy.tx"], None, r"did you mean messy.txt\? For the site, write https://messy.tx"),
        (["./lists/messy.txt"], None, r"no file './lists/messy.txt' here"),
        (["lists/messy.txt"], None, r"no file 'lists/messy.txt' here"),
        (["list.csv"], None, r"no file 'list.csv' here"),
        (["seeds.gz"], None, r"no file 'seeds.gz' here"),
        (["crawl.toml"], None, r"no file 'crawl.toml' here; a crawl that is kept as a file ends so"),
        (["messy"], None, r"no file 'messy' here; did you mean messy.txt\?"),
        (["something"], None, r"neither a file here nor a URL"),
        (["3.14"], None, r"neither a file here nor a URL"),
        (["me@a.example"], None, r"neither a file here nor a URL"),
        (["host:port"], None, r"neither a file here nor a URL"),
        ([""], None, r"''"),
        (["x" * 5000], None, r"neither a file here nor a URL"),
        (["a\0b"], None, r"neither a file here nor a URL"),
        (["ftp://a.example/"], None, r"ftp:// is not crawled"),
        (["https://"], None, r"not a valid URL"),
        (["."], None, r"is a directory"),
    ],
)
def test_a_word_that_can_be_no_source_is_an_error_before_anything_is_read(words, column, complaint):
    with pytest.raises(ConfigError, match=complaint):
        read_words(["https://a.example/", *words] if column is None else words, column=column)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("crawl.toml", "no list of URLs, but a crawl kept as a file; crawlpool crawl.toml runs it"),
        ("books.py", "--handler books.py:function"),
        ("a.xlsx", "save the sheet as CSV"),
        ("a.sqlite", "is a database, not a list of URLs; crawlpool status a.sqlite"),
        ("a.jsonl.job", "is a job file, not a list of URLs; crawlpool status a.jsonl.job"),
    ],
)
def test_files_of_another_kind_are_refused_with_what_would_do(here, name, complaint):
    (here / name).write_bytes(b"")
    with pytest.raises(ConfigError, match=complaint):
        read_words([name])


def test_a_table_without_a_column_of_urls_names_its_columns(here):
    (here / "a.csv").write_bytes(b"id,link\n1,a.example\n")
    with pytest.raises(ConfigError, match="--column: its columns are id, link"):
        read_words(["a.csv"])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read_is_an_error(here):
    (here / "messy.txt").chmod(0)
    with pytest.raises(ConfigError, match=r"cannot read messy\.txt"):
        read_words(["messy.txt"])


@pytest.mark.parametrize(
    ("word", "url"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("a.example", "https://a.example"),
        ("a.example/urls.txt", "https://a.example/urls.txt"),
        ("localhost", "https://localhost"),
        ("LOCALHOST/x?y#z", "https://LOCALHOST/x?y#z"),
        ("intranet:8080", "https://intranet:8080"),
        ("127.0.0.1:80/x", "https://127.0.0.1:80/x"),
        ("[::1]:80", "https://[::1]:80"),
        ("münchen.example", "https://münchen.example"),
        ("shop.com.py", "https://shop.com.py"),
        ("http://urls.txt", "http://urls.txt"),
        ("http:a.example", "http:a.example"),
    ],
)
def test_a_plausible_url_is_crawled_as_typed(word, url):
    (seed,) = read_words([word])
    assert (seed.url, seed.source, seed.is_listed) == (url, "", True)


def test_a_site_whose_name_is_like_that_of_a_table_can_be_typed(here):
    (here / "a.example.csv").write_bytes(b"url\n")
    (here / "acme.csv").write_bytes(b"url\n")
    assert _urls("a.example", "acme.com") == ["https://a.example", "https://acme.com"]


def test_words_are_read_in_their_order_and_lazily(here):
    (here / "one.txt").write_bytes(b"a.example\n")
    seeds = read_words(["one.txt", "b.example", "messy.txt"])
    assert next(seeds).url == "https://a.example"
    (here / "messy.txt").write_bytes(b"later.example\n")
    assert [seed.url for seed in seeds] == ["https://b.example", "https://later.example"]


def test_a_file_that_vanished_since_is_told(here):
    (here / "one.txt").write_bytes(b"a.example\n")
    seeds = read_words(["one.txt", "b.example"])
    (here / "one.txt").unlink()
    bad, good = seeds
    assert bad.source == "one.txt"
    assert good.url == "https://b.example"


def test_a_program_gives_one_url_or_many():
    assert [seed.url for seed in from_iterable("a.example")] == ["https://a.example"]
    assert [seed.url for seed in from_iterable(Request("a.example"))] == ["https://a.example"]
    assert [seed.source for seed in from_iterable(["a.example", " b.example\n"])] == ["seed 1", "seed 2"]


def test_a_request_of_a_program_keeps_what_it_carries():
    given = Request("https://a.example/", form={"q": "x"}, data=[1], priority=3, source="mine:1", handler="h")
    (seed,) = from_iterable([given])
    assert (seed.body, seed.data, seed.priority, seed.source, seed.handler) == (b"q=x", [1], 3, "mine:1", "h")
    assert seed.is_listed
    assert not given.is_listed


def test_what_a_program_gives_that_is_no_url_is_a_bad_line_and_ends_nothing():
    told = BadLine(source="x:1", text="y", why="z")
    seeds = list(
        from_iterable(
            ["a.example", float("nan"), None, "", "urls.txt", Request("mailto:x"), told, b"a.example"]
        )
    )
    assert [seed.source for seed in seeds] == [*(f"seed {n}" for n in range(1, 7)), "x:1", "seed 8"]
    assert all(isinstance(seed, BadLine) for seed in seeds[1:])
    assert "text, not float" in seeds[1].why
    assert re.search("name of a file.*https://urls.txt", seeds[4].why)


@pytest.mark.parametrize("given", [3, None, 1.5])
def test_what_is_neither_a_url_nor_several_is_refused(given):
    with pytest.raises(
        ConfigError, match=f"{given} is given for URLs, and should be a URL, or several of them"
    ):
        next(from_iterable(given))


def test_an_endless_iterable_is_read_only_as_far_as_it_is_asked():
    def endless():
        while True:
            yield "a.example"

    seeds = from_iterable(endless())
    assert next(seeds).url == next(seeds).url
