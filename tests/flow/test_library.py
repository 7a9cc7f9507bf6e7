"""The library as scripts use it: fetch, fetch_all, Crawler, FetchPool, and what they leave behind."""

import csv
import gzip
import inspect
import itertools
import json
import multiprocessing
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from multiprocessing.pool import ThreadPool

import pytest

import crawlpool
from crawlpool import (
    ConfigError,
    Crawler,
    CrawlpoolError,
    FetchPool,
    Page,
    Request,
    Settings,
    Start,
    fetch,
    fetch_all,
)
from crawlpool.settings import Knobs

QUICK = {"backend": "sync", "backoff": 0.0}
LANES = ["sync", "thread", "process", "futures-thread", "futures-process"]


def children():
    """Processes of ours that live; one that has just ended may be known only after a moment."""
    for child in multiprocessing.active_children():
        child.join(0.5)
    return multiprocessing.active_children()


def pages(site, count, **plan):
    for number in range(count):
        site.page(f"/{number}", title=str(number), **plan)
    return [f"{site.url}/{number}" for number in range(count)]


# fetch


@pytest.mark.parametrize("backend", LANES)
def test_fetch_gives_a_page_for_every_url_whatever_the_backend(site, backend):
    urls = pages(site, 6)
    got = list(fetch(urls, backend=backend, workers=2))
    assert sorted(page.url for page in got) == urls
    assert {page.title for page in got} == set("012345")
    assert all(page.ok for page in got)
    assert children() == []


def test_fetch_gives_a_page_also_for_what_fails(site):
    site.page("/gone", status=410)
    site.raw("/bad", b"nonsense\r\n\r\n")
    site.robots("User-agent: *\nDisallow: /no")
    urls = [f"{site.url}/gone", f"{site.url}/bad", f"{site.url}/no", "http://[", None]
    errors = {page.url: page.error for page in fetch(urls, **QUICK)}
    assert errors[urls[0]] == "HTTP 410 Gone"
    assert errors[urls[1]].startswith("protocol: ")
    assert errors[urls[2]].startswith("robots: ")
    assert errors["http://["].startswith("invalid_url: ")
    assert errors["None"].startswith("invalid_url: ")
    assert len(errors) == 5


def test_fetch_asks_for_a_url_that_is_named_twice_once(site):
    (url,) = pages(site, 1)
    assert len(list(fetch([url, url, url + "#part"], **QUICK))) == 1
    assert site.requests == ["/0"]


def test_one_url_and_one_request_are_lists_of_one(site):
    (url,) = pages(site, 1)
    assert [page.title for page in fetch(url, **QUICK)] == ["0"]
    assert [page.data for page in fetch(Request(url, data=7), **QUICK)] == [7]
    assert [page.title for page in fetch_all(url, **QUICK)] == ["0"]


def test_fetch_starts_nothing_before_the_first_page_is_asked_for(site):
    (url,) = pages(site, 1)
    coming = fetch(url, **QUICK)
    assert site.log == []
    assert next(coming).ok


def test_fetch_of_an_endless_source_may_be_left_at_any_page(site):
    site.page("/p")
    for page in fetch(
        (f"{site.url}/p?{number}" for number in itertools.count()), backend="process", workers=2
    ):
        assert page.ok
        break
    del page
    assert children() == []


def test_an_exception_between_two_pages_leaves_no_child(site):
    urls = pages(site, 20, delay_s=0.01)
    with pytest.raises(LookupError):  # noqa: PT012
        for page in fetch(urls, backend="process", workers=2):
            raise LookupError(page.url)
    assert children() == []


@pytest.mark.parametrize("call", [fetch, fetch_all, FetchPool, Crawler])
def test_a_knob_that_there_is_not_is_told_at_once_with_the_nearest(call):
    given = (["http://127.0.0.1:1/"],) if call in (fetch, fetch_all) else ()
    with pytest.raises(ConfigError, match="did you mean workers"):
        call(*given, worker=3)
    with pytest.raises(ConfigError, match="unknown backend 'proces'"):
        call(*given, backend="proces")
    with pytest.raises(ConfigError, match="workers is 0"):
        call(*given, workers=0)
    with pytest.raises(ConfigError, match="backend is 5"):
        call(*given, backend=5)


@pytest.mark.parametrize("call", [lambda **knobs: fetch([], **knobs), FetchPool])
def test_what_only_fetches_follows_no_links_and_says_who_does(call):
    with pytest.raises(ConfigError, match="Crawler"):
        call(follow=True)


def test_fetch_all_gives_one_page_for_each_url_in_their_order(site):
    urls = pages(site, 5)
    for number in range(5):
        site.page(f"/{number}", title=str(number), delay_s=0.1 - number * 0.02)
    wanted = [urls[3], urls[0], "http://[", urls[3], urls[4] + "#x"]
    got = fetch_all(wanted, backend="thread", workers=5, per_host=5)
    assert [page.url for page in got] == [urls[3], urls[0], "http://[", urls[3], urls[4] + "#x"]
    assert [page.ok for page in got] == [True, True, False, True, True]


def test_fetch_all_knows_pages_by_where_they_began_whatever_redirects_do(site):
    site.redirect("/form", "/thanks", status=303)
    site.redirect("/old", "/thanks")
    site.page("/thanks")
    form = Request(site.url + "/form", form={"a": 1}, data="the form")
    got = fetch_all([form, site.url + "/old", site.url + "/thanks", form], **QUICK)
    assert [page.url for page in got] == [site.url + path for path in ("/form", "/old", "/thanks", "/form")]
    assert [page.data for page in got] == ["the form", None, None, "the form"]


def test_keep_raw_gives_the_body_as_it_was_sent_too(site):
    site.page("/", gzip.compress(b"<title>Z</title>"), headers={"Content-Encoding": "gzip"})
    (page,) = fetch(site.url + "/", keep_raw=True, **QUICK)
    assert page.title == "Z"
    assert gzip.decompress(page.response.raw_body) == page.content == b"<title>Z</title>"
    (page,) = fetch(site.url + "/", **QUICK)
    assert page.response.raw_body is None


def test_keep_raw_reaches_handlers(site):
    site.page("/", "plain")
    crawler = Crawler(keep_raw=True, **QUICK)
    crawler.on_page(lambda page: {"raw": page.response.raw_body.decode()})
    assert list(crawler.items(site.url + "/")) == [{"raw": "plain"}]


# Crawler


def test_a_crawler_may_run_again_and_starts_anew(site, tmp_path):
    urls = pages(site, 3)
    crawler = Crawler(**QUICK)
    first = crawler.run(urls, output=tmp_path / "a.jsonl")
    second = crawler.run(urls, output=tmp_path / "b.jsonl")
    assert (first.stats.pages, second.stats.pages) == (3, 3)
    assert first.stats is not second.stats
    assert site.counts == {"/0": 2, "/1": 2, "/2": 2}


@pytest.mark.parametrize("backend", ["thread", "process"])
def test_a_crawl_may_run_in_any_thread(site, backend):
    urls = pages(site, 4)
    results = []
    runner = threading.Thread(target=lambda: results.extend(fetch_all(urls, backend=backend, workers=2)))
    runner.start()
    runner.join(30)
    assert [page.ok for page in results] == [True] * 4


def test_two_crawls_may_run_side_by_side_on_one_thread_each(site, sites):
    other = sites()
    first, second = pages(site, 20), pages(other, 20)
    together = zip(fetch(first, **QUICK), fetch(second, **QUICK), strict=True)
    assert all(one.ok and two.ok for one, two in together)


def test_an_output_that_exists_is_left_alone_with_both_flags_named(site, tmp_path):
    urls = pages(site, 1)
    file, new = tmp_path / "a.jsonl", tmp_path / "new.jsonl"
    file.write_text('{"mine": 1}\n')
    with pytest.raises(ConfigError, match=r"--fresh.*--append"):
        Crawler(**QUICK).run(urls, output=[new, file])
    assert file.read_text() == '{"mine": 1}\n'
    assert not new.exists()
    assert site.log == []


@pytest.mark.parametrize(
    ("start", "lines"), [(Start.FRESH, 1), (Start.APPEND, 2), ("fresh", 1), ("append", 2)]
)
def test_fresh_replaces_and_append_adds(site, tmp_path, start, lines):
    urls = pages(site, 1)
    file = tmp_path / "a.jsonl"
    file.write_text('{"mine": 1}\n')
    Crawler(**QUICK).run(urls, output=file, start=start)
    assert len(file.read_text().splitlines()) == lines


@pytest.mark.parametrize("wrong", ["over", True, ""])
def test_a_start_that_is_neither_is_quoted_before_anything_is_touched(site, tmp_path, wrong):
    file = tmp_path / "a.jsonl"
    file.write_text('{"mine": 1}\n')
    with pytest.raises(ConfigError, match=f"start is {wrong!r}, and should be 'fresh' or 'append'"):
        Crawler(**QUICK).run(site.url, output=file, start=wrong)
    assert file.read_text() == '{"mine": 1}\n'
    assert site.log == []


@pytest.mark.parametrize("wrong", [3, None])
def test_seeds_that_can_be_none_are_refused_before_a_file_is_made(tmp_path, wrong):
    said = f"{wrong} is given for URLs, and should be a URL, or several of them"
    with pytest.raises(ConfigError, match=said):
        Crawler(**QUICK).run(wrong, output=tmp_path / "a.jsonl")
    with pytest.raises(ConfigError, match=said):
        list(Crawler(**QUICK).items(wrong))
    with pytest.raises(ConfigError, match=said):
        fetch_all(wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [3, None, ["a.jsonl", 3]])
def test_an_output_that_is_neither_a_file_nor_a_store_is_quoted(site, tmp_path, monkeypatch, wrong):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"output is (3|None), and should be a file's name, or a store"):
        Crawler(**QUICK).run(site.url, output=wrong)
    assert list(tmp_path.iterdir()) == []


def test_several_outputs_hold_the_same_items(site, tmp_path):
    urls = pages(site, 3)
    names = [tmp_path / name for name in ("a.jsonl", "a.csv", "a.tsv", "a.sqlite")]
    result = Crawler(**QUICK).run(urls, output=names)
    assert result.outputs == tuple(map(str, names))
    titles = [json.loads(line)["title"] for line in names[0].read_text().splitlines()]
    for name, delimiter in ((names[1], ","), (names[2], "\t")):
        with name.open(newline="", encoding="utf-8-sig") as file:
            assert [row["title"] for row in csv.DictReader(file, delimiter=delimiter)] == titles
    connection = sqlite3.connect(names[3])
    (table,) = connection.execute("select name from sqlite_master where type = 'table'").fetchone()
    assert [row[0] for row in connection.execute(f"select title from {table}")] == titles
    connection.close()
    assert titles == ["0", "1", "2"]


def test_an_output_named_twice_is_refused_before_it_is_touched(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"mine": 1}\n')
    with pytest.raises(ConfigError, match="twice"):
        Crawler(**QUICK).run([], output=[file, file], start=Start.FRESH)
    assert file.read_text() == '{"mine": 1}\n'


def test_a_job_in_the_place_of_what_else_is_written_is_refused_before_it_is_touched(tmp_path):
    out, job = tmp_path / "a.jsonl", tmp_path / "a.jsonl.job"
    for words in ({"job": out}, {"failed": job}, {"failed": tmp_path / "b", "job": tmp_path / "b"}):
        with pytest.raises(ConfigError, match="is the job file as well"):
            Crawler(**QUICK).run([], output=out, start=Start.FRESH, **words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "words"), [("a.xyz", "suffix"), ("no/a.jsonl", "folder"), ("a", "suffix")])
def test_an_output_that_cannot_be_is_told_before_anything_starts(site, tmp_path, name, words):
    with pytest.raises(ConfigError, match=words):
        Crawler(**QUICK).run(site.url, output=tmp_path / name)
    assert site.log == []


class ListStore:
    """A store of a user's own."""

    def __init__(self):
        self.calls, self.records = [], []

    def open(self, at):
        self.calls.append(("open", at))

    def write(self, record):
        self.records.append(dict(record))

    def flush(self):
        self.calls.append("flush")
        return len(self.records)

    def close(self):
        self.calls.append("close")


def test_a_store_of_the_users_own_gets_every_item_and_is_closed(site):
    urls = pages(site, 3)
    first, second = ListStore(), ListStore()
    Crawler(**QUICK).run(urls, output=[first, second])
    assert [record["title"] for record in first.records] == ["0", "1", "2"]
    assert first.records == second.records
    assert first.calls[0] == ("open", Start.FRESH)
    assert first.calls[-2:] == ["flush", "close"]


def test_a_store_that_fails_ends_the_crawl_with_its_own_exception_and_leaves_no_child(site):
    urls = pages(site, 30)
    store = ListStore()
    store.write = lambda record: 1 / 0
    with pytest.raises(ZeroDivisionError):
        Crawler(backend="process", workers=2).run(urls, output=store)
    assert store.calls[-1] == "close"
    assert children() == []


def test_items_give_records_as_they_come_and_break_ends_the_workers(site):
    site.page("/p")
    seeds = (f"{site.url}/p?{number}" for number in itertools.count())
    for record in Crawler(backend="process", workers=2).items(seeds):
        assert record["status"] == 200
        break
    assert children() == []


@pytest.mark.parametrize("make", [lambda: ThreadPool(2), lambda: ThreadPoolExecutor(2)])
def test_a_pool_of_the_users_own_does_the_fetching_and_stays_open(site, make):
    urls = pages(site, 6)
    with make() as pool:
        assert [page.title for page in fetch_all(urls, backend=pool)] == list("012345")
        assert [page.title for page in fetch_all(urls, backend=pool)] == list("012345")


def test_the_settings_may_be_given_as_one_value_and_changed_by_keywords(site):
    crawler = Crawler(settings=Settings(backend="sync", delay=2.0), retries=0)
    assert (crawler.settings.delay, crawler.settings.retries) == (2.0, 0)
    with pytest.raises(ConfigError, match="did you mean workers"):
        Crawler(settings=Settings(), worker=3)
    with pytest.raises(ConfigError, match="unknown backend"):
        Crawler(settings=Settings(), backend="proces")


def test_the_library_prints_nothing_and_touches_no_signal_handler(site, capfd):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    crawler = Crawler(backend="process", workers=2)
    crawler.on_page(lambda page: before.append(signal.getsignal(signal.SIGINT)))
    crawler.run(pages(site, 2))
    assert before[2:] == [before[0]] * 2
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before[:2]
    assert capfd.readouterr() == ("", "")


def test_watch_sees_the_counts_grow_in_the_callers_thread(site):
    seen = []
    Crawler(**QUICK).run(
        pages(site, 3), watch=lambda stats: seen.append((stats.pages, threading.get_ident()))
    )
    assert seen[-1] == (3, threading.get_ident())
    assert seen == sorted(seen)


# FetchPool


@pytest.fixture
def pool():
    with FetchPool(backend="thread", workers=3, backoff=0.0) as opened:
        yield opened


@pytest.mark.parametrize("backend", LANES)
def test_callbacks_run_in_the_callers_thread_before_the_block_is_left(site, backend):
    urls = pages(site, 8)
    seen = []
    with FetchPool(backend=backend, workers=2) as pool:
        for url in urls:
            pool.submit(url, callback=lambda page: seen.append((page.url, threading.get_ident())))
    assert sorted(seen) == [(url, threading.get_ident()) for url in urls]
    assert children() == []


def test_the_error_callback_gets_what_is_not_ok_and_else_the_callback_does(site, pool):
    (url,) = pages(site, 1)
    site.page("/gone", status=410)
    seen = []
    for each in (url, site.url + "/gone", "http://["):
        pool.submit(each, lambda page: seen.append("good"), lambda page: seen.append(page.status))
    pool.submit(site.url + "/gone", lambda page: seen.append(page.error))
    pool.close()
    pool.join()
    assert sorted(map(str, seen)) == ["410", "HTTP 410 Gone", "None", "good"]


def test_an_exception_in_a_callback_surfaces_in_the_callers_thread_and_leaves_no_child(site):
    urls = pages(site, 20)

    def parse(page):
        raise LookupError(page.url)

    with pytest.raises(LookupError), FetchPool(backend="process", workers=2) as pool:  # noqa: PT012
        for url in urls:
            pool.submit(url, callback=parse)
    assert children() == []


def test_a_pool_goes_on_after_an_exception_that_was_caught(site, pool):
    urls = pages(site, 2)

    def parse(page):
        raise LookupError(page.url)

    pending = pool.submit(urls[0], callback=parse)
    with pytest.raises(LookupError):
        pending.get()
    assert pending.get().ok
    assert pool.submit(urls[1]).get().ok


def test_map_and_imap_keep_the_order_and_imap_unordered_does_not_wait(site, pool):
    urls = pages(site, 6)
    assert [page.title for page in pool.map(urls)] == list("012345")
    assert [page.title for page in pool.imap(iter(urls))] == list("012345")
    assert sorted(page.title for page in pool.imap_unordered(urls)) == list("012345")
    site.hold("/0")
    coming = pool.imap_unordered(urls[:2])
    assert next(coming).title == "1"
    site.release("/0")
    assert next(coming).title == "0"


def test_a_pool_fetches_a_url_as_often_as_it_is_submitted(site, pool):
    (url,) = pages(site, 1)
    assert len(pool.map([url] * 3)) == 3
    assert site.counts == {"/0": 3}


def test_the_users_data_comes_back_with_the_page(site, pool):
    (url,) = pages(site, 1)
    assert [page.data for page in pool.map([Request(url, data=n) for n in "ab"])] == ["a", "b"]


def test_submit_blocks_while_enough_is_out(site):
    site.page("/p")
    site.hold("/p")
    submitted = []

    def run():
        with FetchPool(backend="thread", workers=1) as pool:
            for number in range(50):
                pool.submit(f"{site.url}/p?{number}")
                submitted.append(number)

    runner = threading.Thread(target=run)
    runner.start()
    site.wait_for("/p?0")
    runner.join(0.5)
    assert 1 <= len(submitted) < 10
    site.release("/p")
    runner.join(20)
    assert len(submitted) == 50


def test_a_source_for_imap_is_read_only_some_way_ahead(site, pool):
    site.page("/p")
    read = []
    endless = (read.append(number) or f"{site.url}/p?{number}" for number in itertools.count())
    coming = pool.imap(endless)
    assert next(coming).ok
    assert len(read) < 100
    coming.close()


def test_a_callback_may_submit_more_also_while_the_block_is_left(site):
    urls = pages(site, 5)
    seen = []
    with FetchPool(backend="thread", workers=2) as pool:

        def parse(page):
            seen.append(page.url)
            if len(seen) < 5:
                pool.submit(urls[len(seen)], callback=parse)

        pool.submit(urls[0], callback=parse)
    assert seen == urls


def test_a_pool_that_was_closed_takes_nothing_more(site, pool):
    pool.close()
    with pytest.raises(CrawlpoolError, match="closed"):
        pool.submit(site.url)
    pool.join()


def test_callbacks_that_an_exception_kept_waiting_are_called_by_join(site):
    urls = pages(site, 3)
    seen = []

    def parse(page):
        seen.append(page.url)
        if len(seen) == 1:
            raise LookupError

    pool = FetchPool(backend="sync")
    with pytest.raises(LookupError):  # noqa: PT012
        for url in urls:
            pool.submit(url, callback=parse)
        pool.close()
        pool.join()
    pool.close()
    pool.join()
    assert seen == urls[: len(seen)]
    assert len(seen) == len(site.requests)


@pytest.mark.parametrize(
    "wait", [lambda pool, url: pool.submit(url).get(), lambda pool, url: pool.map([url])]
)
def test_a_callback_that_waits_for_a_page_is_told_instead_of_hanging(site, wait):
    urls = pages(site, 2)
    with pytest.raises(CrawlpoolError, match="callback"), FetchPool(backend="thread", workers=1) as pool:
        pool.submit(urls[0], callback=lambda page: wait(pool, urls[1]))


def test_leaving_the_block_with_an_exception_waits_for_nothing(site):
    site.page("/held")
    site.hold("/held")
    with pytest.raises(LookupError), FetchPool(backend="process", workers=1) as pool:  # noqa: PT012
        pending = pool.submit(site.url + "/held")
        raise LookupError
    assert children() == []
    with pytest.raises(CrawlpoolError, match="ended before"):
        pending.get()


def test_terminate_ends_the_workers_and_may_be_called_twice(site):
    pool = FetchPool(backend="process", workers=1)
    site.page("/held")
    site.hold("/held")
    pool.submit(site.url + "/held")
    pool.terminate()
    pool.terminate()
    pool.join()
    assert children() == []


def test_a_pool_must_be_closed_before_it_is_joined(pool):
    with pytest.raises(CrawlpoolError, match="close"):
        pool.join()


@pytest.mark.parametrize("limit", [{"max_pages": 2}, {"max_time": 0.1}])
def test_a_pool_with_a_limit_ends_there_and_says_so_instead_of_hanging(site, limit):
    urls = pages(site, 6, delay_s=0.15)
    seen = []
    with FetchPool(backend="thread", workers=1, **limit) as pool:
        pendings = [pool.submit(url, callback=seen.append) for url in urls[:3]]
        with pytest.raises(CrawlpoolError, match=f"limit .{next(iter(limit))}"):
            pendings[-1].get()
        with pytest.raises(CrawlpoolError, match="limit"):
            pool.map(urls)
    assert 1 <= len(seen) < 3


def test_a_pool_sends_what_the_user_gave_to_the_hosts_it_is_asked_for(site):
    (url,) = pages(site, 1)
    with FetchPool(header={"Authorization": "Bearer x"}, cookie={"s": "1"}, **QUICK) as pool:
        assert pool.submit(url).get().ok
    assert site.log[-1].header("authorization") == "Bearer x"
    assert site.log[-1].header("cookie") == "s=1"


def test_a_pool_keeps_cookies_between_its_pages(site, pool):
    site.page("/login", headers={"Set-Cookie": "s=1"})
    site.page("/a")
    pool.submit(site.url + "/login").get()
    pool.submit(site.url + "/a").get()
    assert site.log[-1].header("cookie") == "s=1"


# What is public


def test_importing_the_library_loads_nothing_heavy():
    code = (
        "import sys, crawlpool\n"
        "heavy = {'requests', 'urllib3', 'bs4', 'multiprocessing', 'selectolax', 'rich', 'lxml', 'itemadapter', 'ssl'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_knob_of_the_settings_is_a_keyword_of_the_library():
    names = {field.name for field in fields(Settings)}
    assert set(Knobs.__annotations__) == names - {"backend"}


def test_the_public_names_are_sorted_and_each_says_what_it_is():
    assert crawlpool.__all__ == sorted(crawlpool.__all__)
    assert set(crawlpool.__all__) <= set(dir(crawlpool))
    for name in crawlpool.__all__:
        thing = getattr(crawlpool, name)
        assert inspect.getdoc(thing), name
        assert thing.__doc__ not in {base.__doc__ for base in getattr(thing, "__mro__", (None, None))[1:]}, (
            name
        )
        for word, member in vars(thing).items() if inspect.isclass(thing) else ():
            if inspect.isfunction(member) and not word.startswith("_"):
                assert inspect.getdoc(member), f"{name}.{word}"


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Crawlr"):
        _ = crawlpool.Crawlr
    assert isinstance(Page, type)


def test_fetch_all_keeps_pages_beside_their_urls_also_where_a_limit_left_some_out(site):
    urls = pages(site, 4)
    got = fetch_all(urls, max_pages=2, **QUICK)

    assert [page.url for page in got] == urls
    assert [page.ok for page in got] == [True, True, False, False]
    assert {page.error.partition(":")[0] for page in got[2:]} == {"deferred"}


def test_fetch_leaves_no_duplicates_out_and_says_who_does(site):
    with pytest.raises(ConfigError, match="Crawler"):
        fetch(pages(site, 1), skip_duplicates="exact")
