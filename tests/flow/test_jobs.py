"""A crawl with an output has a job: what happens at the next start, and what is there at the end."""

import csv
import importlib
import itertools
import json
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from crawlpool import ConfigError, Crawler, Request, Start
from crawlpool.errors import FrontierError, StoreError

from ..command import command

QUICK = {"backend": "sync", "backoff": 0.0}


@pytest.fixture(autouse=True)
def small_commits(monkeypatch):
    """A commit every three pages, so that a crawl that is broken off has some and lacks some."""
    monkeypatch.setattr("crawlpool.loop.COMMIT_PAGES", 3)


class PowerCut(FrontierError):  # noqa: N818  an event
    """Ends a crawl without letting it commit, as kill -9 would."""


class Interrupt(Exception):  # noqa: N818
    """The caller's own exception: the crawl ends, and what is done is kept."""


def cut_after(count, end=PowerCut):
    def watch(stats):
        if stats.pages >= count:
            raise end("the lights went out")

    return watch


def broken_off(crawler, seeds, count, end=PowerCut, **how):
    with pytest.raises(end):
        crawler.run(seeds, watch=cut_after(count, end), **how)


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def urls_in(path):
    return sorted(each["url"] for each in records(path))


def pages(site, count, **plan):
    for number in range(count):
        site.page(f"/{number}", title=str(number), **plan)
    return [f"{site.url}/{number}" for number in range(count)]


def asked(site):
    """How often each page was asked for, robots.txt left out."""
    return Counter(path for path in site.requests if path != "/robots.txt")


def book(page):
    yield {"url": page.url, "line": 1}
    yield {"url": page.url, "line": 2}


# What the next start does


def test_a_finished_job_has_nothing_to_do_and_says_so(site, tmp_path):
    urls, out, said = pages(site, 3), tmp_path / "pages.jsonl", []
    first = Crawler(**QUICK).run(urls, output=out)
    again = Crawler(**QUICK).run(urls, output=out, notice=said.append)

    assert (first.ended, again.ended) == ("finished", "nothing to do")
    assert first.job == tmp_path / "pages.jsonl.job"
    assert first.job.is_file()
    assert "3 pages are there" in said[0]
    assert "--refresh" in said[0]
    assert urls_in(out) == urls
    assert set(asked(site).values()) == {1}


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".sqlite"])
def test_a_crawl_that_was_broken_off_goes_on_and_every_item_is_there_once(site, tmp_path, suffix):
    urls, out = pages(site, 30), tmp_path / f"books{suffix}"

    def crawler():
        made = Crawler(**QUICK)
        made.on_page(book)
        return made

    for count in (1, 7, 4):
        broken_off(crawler(), urls, count, output=out)
    assert crawler().run(urls, output=out).ended == "finished"

    if suffix == ".jsonl":
        rows = [(each["url"], each["line"]) for each in records(out)]
    elif suffix == ".csv":
        rows = [
            (url, int(line))
            for url, line in (row.split(",") for row in out.read_text(encoding="utf-8").splitlines()[1:])
        ]
    else:
        with sqlite3.connect(out) as db:
            (table,) = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
            rows = db.execute(f"SELECT url, line FROM {table}").fetchall()
        db.close()
    assert sorted(rows) == sorted((url, line) for url in urls for line in (1, 2))


def test_what_was_committed_is_not_asked_for_again(site, tmp_path):
    urls, out = pages(site, 20), tmp_path / "pages.jsonl"

    broken_off(Crawler(**QUICK), urls, 8, Interrupt, output=out)
    assert len(records(out)) == 8
    Crawler(**QUICK).run(urls, output=out)

    assert urls_in(out) == sorted(urls)
    assert set(asked(site).values()) == {1}


def test_links_that_were_found_before_the_break_are_followed_after_it(site, tmp_path):
    site.page("/", links=[f"/{n}" for n in range(12)])
    for number in range(12):
        site.page(f"/{number}", links=["/", f"/{number}/more"])
        site.page(f"/{number}/more")
    out = tmp_path / "pages.jsonl"
    settings = {**QUICK, "follow": True, "scope": "host"}
    for count in (1, 5, 5):
        broken_off(Crawler(**settings), [site.url + "/"], count, output=out)
    Crawler(**settings).run([site.url + "/"], output=out)

    found = records(out)
    assert len(found) == len({each["url"] for each in found}) == 25
    assert {each["depth"] for each in found if each["url"].endswith("/more")} == {2}


def test_a_redirect_that_was_under_way_is_followed_again(site, tmp_path):
    site.redirect("/old", "/new")
    site.page("/new", title="here")
    urls, out = [f"{site.url}/old", *pages(site, 6)], tmp_path / "pages.jsonl"

    def watch(stats):
        if asked(site)["/old"]:
            raise Interrupt  # the first hop is back, and committed with all that is known

    with pytest.raises(Interrupt):
        Crawler(**QUICK).run(urls, output=out, watch=watch)
    Crawler(**QUICK).run(urls, output=out)

    (record,) = [each for each in records(out) if each["url"].endswith("/old")]
    assert (record["status"], record["title"]) == (200, "here")


def test_a_job_of_another_crawl_is_refused_and_every_difference_is_named(site, tmp_path):
    urls, out = pages(site, 9), tmp_path / "pages.jsonl"
    broken_off(Crawler(**QUICK), urls, 2, output=out)

    changed = Crawler(**QUICK, follow=True, depth=2)
    changed.on_page(book)
    with pytest.raises(ConfigError) as refused:
        changed.run(urls[:5], output=out)

    for words in ("seeds (changed)", "follow (was off, now on)", "handler book (new)", "--append", "--fresh"):
        assert words in str(refused.value)
    assert len(asked(site)) <= 4


def test_the_code_of_a_handler_is_part_of_what_must_be_the_same(site, tmp_path):
    urls, out = pages(site, 9), tmp_path / "books.jsonl"
    one, other = {}, {}
    exec("def parse(page):\n    yield {'a': page.url}\n", one)
    exec("def parse(page):\n    yield {'b': page.url}\n", other)

    def crawler(handler):
        made = Crawler(**QUICK)
        made.on_page(handler)
        return made

    broken_off(crawler(one["parse"]), urls, 2, output=out)
    with pytest.raises(ConfigError, match=r"handler parse \(changed\)"):
        crawler(other["parse"]).run(urls, output=out)
    crawler(other["parse"]).run(urls, output=out, start=Start.APPEND)

    assert sorted(each.get("a") or each.get("b") for each in records(out)) == sorted(urls)


def test_append_takes_new_seeds_into_a_job_and_asks_only_for_what_is_new(site, tmp_path):
    urls, out = pages(site, 8), tmp_path / "pages.jsonl"
    Crawler(**QUICK).run(urls[:5], output=out)
    result = Crawler(**QUICK).run(urls, output=out, start=Start.APPEND)

    assert result.ended == "finished"
    assert result.stats.pages == 3
    assert result.stats.earlier.pages == 5
    assert urls_in(out) == urls
    assert set(asked(site).values()) == {1}


def test_refresh_fetches_all_again_behind_what_is_there(site, tmp_path):
    urls, out = pages(site, 4), tmp_path / "pages.jsonl"
    Crawler(**QUICK).run(urls, output=out)
    result = Crawler(**QUICK).run(urls, output=out, refresh=True)

    assert result.ended == "finished"
    assert urls_in(out) == sorted(urls * 2)
    assert Crawler(**QUICK).run(urls, output=out).ended == "nothing to do"


def test_refresh_of_a_job_that_is_not_finished_is_refused(site, tmp_path):
    urls, out = pages(site, 6), tmp_path / "pages.jsonl"
    broken_off(Crawler(**QUICK), urls, 2, output=out)
    with pytest.raises(ConfigError, match="is not finished"):
        Crawler(**QUICK).run(urls, output=out, refresh=True)


def test_fresh_starts_over_whatever_the_job_says(site, tmp_path):
    urls, out = pages(site, 6), tmp_path / "pages.jsonl"
    broken_off(Crawler(**QUICK), urls, 3, output=out)
    Crawler(**QUICK).run(urls[:2], output=out, start=Start.FRESH)

    assert urls_in(out) == urls[:2]
    assert Crawler(**QUICK).run(urls[:2], output=out).ended == "nothing to do"


def test_an_output_without_a_job_is_left_alone(site, tmp_path):
    urls, out = pages(site, 2), tmp_path / "pages.jsonl"
    out.write_text('{"mine": 1}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="--fresh replaces it, --append adds to it"):
        Crawler(**QUICK).run(urls, output=out)
    assert not (tmp_path / "pages.jsonl.job").exists()
    assert out.read_text(encoding="utf-8") == '{"mine": 1}\n'

    broken_off(Crawler(**QUICK), urls, 1, output=out, start=Start.APPEND)
    Crawler(**QUICK).run(urls, output=out)
    assert records(out)[0] == {"mine": 1}
    assert sorted(each["url"] for each in records(out)[1:]) == urls


def test_without_a_job_nothing_is_kept_beside_the_output(site, tmp_path):
    Crawler(**QUICK).run(pages(site, 2), output=tmp_path / "pages.jsonl", job=False)
    assert [each.name for each in tmp_path.iterdir()] == ["pages.jsonl"]


def test_a_job_and_its_output_may_be_moved_together(site, tmp_path):
    urls, there = pages(site, 12), tmp_path / "there"
    here = tmp_path / "here"
    here.mkdir()
    broken_off(Crawler(**QUICK), urls, 5, output=here / "pages.jsonl")
    shutil.move(here, there)
    Crawler(**QUICK).run(urls, output=there / "pages.jsonl")

    assert urls_in(there / "pages.jsonl") == sorted(urls)


def test_several_outputs_share_the_job_beside_the_first(site, tmp_path):
    urls = pages(site, 15)
    outputs = [tmp_path / "a.jsonl", tmp_path / "b.csv"]
    broken_off(Crawler(**QUICK), urls, 4, output=outputs)
    Crawler(**QUICK).run(urls, output=outputs)

    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.jsonl", "a.jsonl.job", "b.csv"]
    assert urls_in(outputs[0]) == sorted(urls)
    assert len(outputs[1].read_text(encoding="utf-8").splitlines()) == 1 + len(urls)


def test_the_list_of_failures_goes_on_with_the_job(site, tmp_path):
    urls = pages(site, 12, status=404)
    out, failed = tmp_path / "pages.jsonl", tmp_path / "failed.txt"
    for count in (3, 4):
        broken_off(Crawler(**QUICK), urls, count, output=out, failed=failed)
    Crawler(**QUICK).run(urls, output=out, failed=failed)

    listed = [line for line in failed.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert sorted(listed) == sorted(urls)


# Limits, over runs


def test_the_page_limit_counts_the_pages_of_all_runs(site, tmp_path):
    urls, out = pages(site, 20), tmp_path / "pages.jsonl"
    broken_off(Crawler(**QUICK, max_pages=10), urls, 4, output=out)
    first = Crawler(**QUICK, max_pages=10).run(urls, output=out)
    said = []
    second = Crawler(**QUICK, max_pages=10).run(urls, output=out, notice=said.append)
    third = Crawler(**QUICK, max_pages=13).run(urls, output=out)

    assert (first.ended, second.ended, third.ended) == ("max_pages", "nothing to do", "max_pages")
    assert "A higher --max-pages goes on" in said[0]
    assert len(records(out)) == 13


# What cannot be done is said


def test_a_job_has_one_crawl_at_a_time(site, tmp_path):
    urls, out = pages(site, 3), tmp_path / "pages.jsonl"
    refusals = []

    def watch(stats):
        if stats.pages == 1 and not refusals:
            with pytest.raises(FrontierError, match=r"is in use by process \d+"):
                Crawler(**QUICK).run(urls, output=out)
            with pytest.raises(FrontierError, match="is in use"):
                Crawler(**QUICK).run(urls, output=out, start=Start.FRESH)
            refusals.append(1)

    assert Crawler(**QUICK).run(urls, output=out, watch=watch).ended == "finished"
    assert refusals
    assert urls_in(out) == urls


def test_an_output_that_was_edited_meanwhile_is_not_touched(site, tmp_path):
    urls, out = pages(site, 12), tmp_path / "pages.jsonl"

    broken_off(Crawler(**QUICK), urls, 5, Interrupt, output=out)
    edited = (
        out.read_text(encoding="utf-8").replace('"status": 200', '"status": 201', 1).replace("200", "999")
    )
    out.write_text(edited, encoding="utf-8")
    with pytest.raises(StoreError, match=re.escape(str(out))):
        Crawler(**QUICK).run(urls, output=out)
    assert out.read_text(encoding="utf-8") == edited


def test_a_lambda_cannot_be_resumed_so_a_job_refuses_it(site, tmp_path):
    crawler = Crawler(**QUICK)
    crawler.on_page(lambda page: {"url": page.url})
    with pytest.raises(ConfigError, match="lambda"):
        crawler.run(pages(site, 1), output=tmp_path / "pages.jsonl")
    assert crawler.run(pages(site, 1), output=tmp_path / "pages.jsonl", job=False).ended == "finished"


def test_data_that_no_job_can_keep_is_refused_by_name(site, tmp_path):
    seed = Request(pages(site, 1)[0], data={"when": object()})
    with pytest.raises(ConfigError, match="JSON"):
        Crawler(**QUICK).run([seed], output=tmp_path / "pages.jsonl")


def test_data_and_columns_of_a_request_are_there_after_the_break(site, tmp_path):
    urls, out = pages(site, 10), tmp_path / "books.jsonl"
    seeds = [Request(url, data={"n": n, "tags": ["a", None]}) for n, url in enumerate(urls)]

    def parse(page):
        yield {"url": page.url, "n": page.data["n"], "tags": page.data["tags"]}

    def crawler():
        made = Crawler(**QUICK)
        made.on_page(parse)
        return made

    broken_off(crawler(), seeds, 3, output=out)
    crawler().run(seeds, output=out)
    assert sorted((each["n"], tuple(each["tags"])) for each in records(out)) == [
        (n, ("a", None)) for n in range(10)
    ]


def test_no_secret_is_written_to_a_job(site, tmp_path):
    urls, out = pages(site, 4), tmp_path / "pages.jsonl"
    secret = "s3cr3t-word"
    seeds = [
        Request(urls[0], headers={"Authorization": secret, "X-Key": secret}, cookies={"id": secret}),
        urls[1].replace("http://", f"http://user:{secret}@"),
        *urls[2:],
    ]
    crawler = Crawler(
        **QUICK,
        header={"X-Api-Key": secret},
        cookie={"sid": secret},
        proxy=f"http://user:{secret}@{site.url[7:]}",
    )
    broken_off(crawler, seeds, 1, output=out)

    everything = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert secret.encode() not in everything


def test_requests_with_secrets_of_their_own_have_them_again_when_their_seeds_are_given_again(site, tmp_path):
    urls, out = pages(site, 8), tmp_path / "pages.jsonl"
    seeds = [Request(url, headers={"X-Key": "k"}) for url in urls]

    broken_off(Crawler(**QUICK), seeds, 2, Interrupt, output=out)
    Crawler(**QUICK).run(seeds, output=out)

    assert {each.header("x-key") for each in site.log if each.path != "/robots.txt"} == {"k"}
    assert urls_in(out) == sorted(urls)


# The command


@pytest.fixture
def run(tmp_path):
    """Do in an empty folder what the command does."""
    return lambda *words, cwd=tmp_path: command(
        ["--backend", "thread", "--backoff", "10ms", *words], folder=cwd
    )


def test_the_command_ends_with_six_when_there_is_nothing_to_do(site, tmp_path, run):
    (tmp_path / "urls.txt").write_text("\n".join(pages(site, 3)), encoding="utf-8")
    first = run("urls.txt", "-o", "pages.jsonl")
    again = run("urls.txt", "-o", "pages.jsonl")

    assert (first.returncode, again.returncode) == (0, 6), first.stderr + again.stderr
    assert "pages.jsonl.job is finished" in again.stderr
    assert "Traceback" not in again.stderr


def test_the_command_names_the_file_of_seeds_that_changed(site, tmp_path, run):
    urls = pages(site, 4)
    (tmp_path / "urls.txt").write_text("\n".join(urls[:3]), encoding="utf-8")
    run("urls.txt", "-o", "pages.jsonl", "--max-pages", "2")
    (tmp_path / "urls.txt").write_text("\n".join(urls), encoding="utf-8")
    refused = run("urls.txt", "-o", "pages.jsonl")

    assert refused.returncode == 2
    assert "urls.txt (changed)" in refused.stderr
    assert run("urls.txt", "-o", "pages.jsonl", "--append").returncode == 0
    assert urls_in(tmp_path / "pages.jsonl") == urls


def test_failures_of_earlier_runs_count_for_the_exit_code(site, tmp_path, run):
    urls = pages(site, 6)
    site.page("/0", status=404)
    (tmp_path / "urls.txt").write_text("\n".join(urls), encoding="utf-8")
    run("urls.txt", "-o", "pages.jsonl", "--max-pages", "3", "--workers", "1")
    last = run("urls.txt", "-o", "pages.jsonl")

    assert last.returncode == 3
    assert "earlier runs" in last.stderr


def test_a_run_that_stops_at_a_limit_says_how_to_go_on(site, tmp_path, run):
    (tmp_path / "urls.txt").write_text("\n".join(pages(site, 6)), encoding="utf-8")
    stopped = run("urls.txt", "-o", "pages.jsonl", "--max-pages", "3")
    assert "raise --max-pages; pages.jsonl.job knows where it stopped" in stopped.stderr
    assert run("urls.txt", "-o", "pages.jsonl", "--max-pages", "3").returncode == 6
    assert run("urls.txt", "-o", "pages.jsonl", "--max-pages", "6").returncode == 0


def test_a_job_that_is_no_job_is_said_without_a_traceback(site, tmp_path, run):
    (tmp_path / "urls.txt").write_text("\n".join(pages(site, 2)), encoding="utf-8")
    (tmp_path / "notes.db").write_bytes(b"these are my notes, and no database at all. " * 50)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE mine (a)").connection.close()

    for name in ("notes.db", "other.db"):
        for flag in ((), ("--fresh",)):
            before = (tmp_path / name).read_bytes()
            refused = run("urls.txt", "-o", "pages.jsonl", "--job", name, *flag)
            assert refused.returncode == 4, refused.stderr
            assert name in refused.stderr
            assert "Traceback" not in refused.stderr
            assert (tmp_path / name).read_bytes() == before


# What is given otherwise than before


def test_an_output_that_is_left_out_for_a_while_is_refused_since_it_would_lack_pages(site, tmp_path):
    urls, one, two = pages(site, 12), tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    broken_off(Crawler(**QUICK), urls, 4, output=[one, two])

    with pytest.raises(ConfigError, match=r"outputs \(were a\.jsonl, b\.jsonl, now a\.jsonl\)"):
        Crawler(**QUICK).run(urls, output=one)
    Crawler(**QUICK).run(urls, output=[one, two])

    assert urls_in(one) == urls_in(two) == sorted(urls)


def test_an_output_that_came_later_by_append_goes_on_without_a_flag(site, tmp_path):
    urls, one, two = pages(site, 12), tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    broken_off(Crawler(**QUICK), urls, 4, output=one)
    broken_off(Crawler(**QUICK), urls, 4, output=[one, two], start=Start.APPEND)
    Crawler(**QUICK).run(urls, output=[one, two])

    assert urls_in(one) == sorted(urls)
    assert 0 < len(urls_in(two)) == len(set(urls_in(two))) < len(urls)


@pytest.mark.parametrize("how", ["renamed", "job moved", "by a link"])
def test_an_output_under_another_name_is_cut_back_like_the_old_one(site, tmp_path, how):
    urls, out, job = pages(site, 12), tmp_path / "a.jsonl", tmp_path / "a.jsonl.job"
    broken_off(Crawler(**QUICK), urls, 7, output=out)
    with out.open("a", encoding="utf-8") as file:  # written, and never committed
        file.write(json.dumps({"url": urls[-1]}) + "\n")
    if how == "renamed":
        out = out.rename(tmp_path / "b.jsonl")
    elif how == "job moved":
        (tmp_path / "jobs").mkdir()
        job = job.rename(tmp_path / "jobs" / "a.job")
    else:
        out = tmp_path / "link.jsonl"
        out.symlink_to("a.jsonl")

    for _ in range(2):
        broken_off(Crawler(**QUICK), urls, 0, output=out, job=job)
    Crawler(**QUICK).run(urls, output=out, job=job)

    assert urls_in(out) == sorted(urls)


@pytest.mark.parametrize("place", ["history.History.end", "sqlite.JobFile.commit", "sqlite.Skips.write"])
def test_an_interrupt_in_the_middle_of_a_commit_stores_no_page_twice(site, tmp_path, monkeypatch, place):
    interrupt_at(monkeypatch, f"crawlpool.frontiers.{place}", 5)
    urls, out = pages(site, 20), tmp_path / "pages.jsonl"
    with pytest.raises(KeyboardInterrupt):
        Crawler(**QUICK).run(urls, output=out)
    monkeypatch.undo()

    Crawler(**QUICK).run(urls, output=out)

    assert urls_in(out) == sorted(urls)


@pytest.mark.parametrize("number", range(2, 12))
def test_an_interrupt_while_an_output_is_written_loses_no_page(site, tmp_path, monkeypatch, number):
    interrupt_at(monkeypatch, "crawlpool.stores.appendfile.AppendFile._check", number)
    urls, out = pages(site, 20), tmp_path / "pages.jsonl"
    with pytest.raises(KeyboardInterrupt):
        Crawler(**QUICK).run(urls, output=out)
    monkeypatch.undo()

    Crawler(**QUICK).run(urls, output=out)

    assert urls_in(out) == sorted(urls)


def interrupt_at(monkeypatch, place, number):
    """Ctrl-C when something is called for this time, before it does anything."""
    owner, _, name = place.rpartition(".")
    module, _, kind = owner.rpartition(".")
    kept = getattr(getattr(importlib.import_module(module), kind), name)
    calls = itertools.count(1)

    def called(*args, **more):
        if next(calls) == number:
            raise KeyboardInterrupt
        return kept(*args, **more)

    monkeypatch.setattr(place, called)


@pytest.fixture
def about(tmp_path):
    """Do what a command does that is about a job."""
    return lambda *words, cwd=tmp_path: command(words, folder=cwd)


HANDLER = """
def parse(page):
    if page.url.endswith(("3", "5")):
        raise ValueError("a mistake")
    yield {"url": page.url}
"""


def test_what_failed_in_a_handler_is_a_failure_in_the_job_and_is_retried_when_that_is_mended(
    site, tmp_path, run, about
):
    urls = pages(site, 9)
    (tmp_path / "urls.txt").write_text("\n".join(urls), encoding="utf-8")
    (tmp_path / "h.py").write_text(HANDLER, encoding="utf-8")
    words = ("urls.txt", "-o", "out.jsonl", "--handler", "h.py:parse", "--backend", "sync")
    assert run(*words).returncode == 3
    listed = about("failures", "out.jsonl", "--kind", "handler", "--format", "json").stdout
    assert {json.loads(line)["url"][-2:] for line in listed.splitlines()} == {"/3", "/5"}
    (tmp_path / "h.py").write_text(HANDLER.replace("raise ", ""), encoding="utf-8")

    done = about("retry", "--kind", "handler", "out.jsonl")

    assert done.returncode == 0, done.stderr
    assert urls_in(tmp_path / "out.jsonl") == sorted(urls)


@pytest.mark.parametrize("meanwhile", ["seeds changed", "seeds gone", "folder moved", "folder copied"])
def test_a_retry_needs_no_seeds_and_finds_what_was_moved(site, tmp_path, run, about, meanwhile):
    urls = pages(site, 4)
    site.page("/0", title="0", fails_first=1)
    folder = tmp_path / "one"
    folder.mkdir()
    seeds = folder / "urls.txt"
    seeds.write_text("\n".join(urls), encoding="utf-8")
    words = ("--backend", "sync", "--retries", "0", "--failed", "failed.txt")
    assert run("urls.txt", "-o", "out.jsonl", *words, cwd=folder).returncode == 3
    before = (folder / "out.jsonl").read_bytes()
    if meanwhile == "seeds changed":
        seeds.write_text(f"{site.url}/other", encoding="utf-8")
    elif meanwhile == "seeds gone":
        seeds.unlink()
    elif meanwhile == "folder moved":
        folder = folder.rename(tmp_path / "two")
    else:
        folder = shutil.copytree(folder, tmp_path / "two")

    done = about("retry", "out.jsonl", cwd=folder)

    assert done.returncode == 0, done.stderr
    assert urls_in(folder / "out.jsonl") == sorted([*urls, urls[0]])
    if meanwhile == "folder copied":
        assert (tmp_path / "one" / "out.jsonl").read_bytes() == before


def test_a_retry_that_was_broken_off_goes_on_when_it_is_typed_again(site, tmp_path, run, about):
    urls = pages(site, 6)
    (tmp_path / "urls.txt").write_text("\n".join(urls), encoding="utf-8")
    (tmp_path / "h.py").write_text(HANDLER, encoding="utf-8")
    run("urls.txt", "-o", "out.jsonl", "--handler", "h.py:parse", "--backend", "sync")
    (tmp_path / "h.py").write_text("not python", encoding="utf-8")
    retry = ("retry", "--kind", "handler", "out.jsonl")
    assert about(*retry).returncode == 2
    (tmp_path / "h.py").write_text(HANDLER.replace("raise ", ""), encoding="utf-8")

    done = about(*retry)

    assert done.returncode == 0, done.stderr
    assert "2 URLs wait since before: going on" in done.stderr
    assert urls_in(tmp_path / "out.jsonl") == sorted(urls)


def urls_of(path):
    """The URL of every record, whatever the kind of output."""
    if path.suffix == ".jsonl":
        return [each["url"] for each in records(path)]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [row["url"] for row in csv.DictReader(file)]
    with closing(sqlite3.connect(path)) as db:
        (table,) = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
        return [url for (url,) in db.execute(f'SELECT url FROM "{table}"')]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".sqlite"])
@pytest.mark.parametrize("how", [{"start": Start.APPEND}, {"refresh": True}])
def test_what_others_added_behind_a_crawl_that_ended_is_kept_when_more_is_added(site, tmp_path, suffix, how):
    urls, out = pages(site, 12), tmp_path / f"pages{suffix}"
    Crawler(**QUICK).run(urls[:4], output=out)
    others = Crawler(**QUICK)
    others.run([f"{site.url}/11"], output=out, start=Start.APPEND, job=tmp_path / "other.job")
    seeds = urls[:4] if how.get("refresh") else urls[:10]
    for count in (1, 2):
        broken_off(Crawler(**QUICK), seeds, count, output=out, **({} if count == 2 else how))
    Crawler(**QUICK).run(seeds, output=out)

    again = urls[:4] if how.get("refresh") else urls[4:10]
    assert sorted(urls_of(out)) == sorted([*urls[:4], urls[11], *again])


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".sqlite"])
def test_what_others_added_behind_a_crawl_that_stopped_is_refused_by_name_and_kept(site, tmp_path, suffix):
    urls, out = pages(site, 6), tmp_path / f"pages{suffix}"
    Crawler(**QUICK, max_pages=3).run(urls, output=out)
    Crawler(**QUICK).run([f"{site.url}/5"], output=out, start=Start.APPEND, job=tmp_path / "other.job")
    before = sorted(urls_of(out))

    for _ in range(2):
        with pytest.raises(StoreError, match="which somebody else added"):
            Crawler(**QUICK).run(urls, output=out)
    assert sorted(urls_of(out)) == before


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".sqlite"])
def test_a_crash_before_the_first_commit_leaves_an_output_that_is_known_as_ours(
    site, tmp_path, suffix, monkeypatch
):
    urls, out = pages(site, 5), tmp_path / f"pages{suffix}"

    def cut(job, positions):
        raise PowerCut("the lights went out")

    with monkeypatch.context() as patched:
        patched.setattr("crawlpool.resuming.Job.began", cut)
        with pytest.raises(PowerCut):
            Crawler(**QUICK).run(urls, output=out)
    assert out.exists()
    assert Crawler(**QUICK).run(urls, output=out).ended == "finished"
    assert sorted(urls_of(out)) == urls


def test_a_refresh_that_is_refused_leaves_the_job_as_it_was(site, tmp_path):
    urls, out = pages(site, 4), tmp_path / "pages.jsonl"
    Crawler(**QUICK).run(urls, output=out)
    whole = out.read_bytes()
    out.unlink()
    out.mkdir()
    with pytest.raises((ConfigError, StoreError)):
        Crawler(**QUICK).run(urls, output=out, refresh=True)
    out.rmdir()
    out.write_bytes(whole)
    assert Crawler(**QUICK).run(urls, output=out).ended == "nothing to do"


def test_a_list_of_failures_that_is_left_out_later_is_named(site, tmp_path):
    urls, out = pages(site, 6), tmp_path / "pages.jsonl"
    Crawler(**QUICK, max_pages=3).run(urls, output=out, failed=tmp_path / "failed.txt")
    with pytest.raises(ConfigError, match="list of failures"):
        Crawler(**QUICK).run(urls, output=out)


def test_somebodys_file_is_not_taken_for_a_damaged_job(site, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("mine\n" * 100, encoding="utf-8")
    with pytest.raises(FrontierError, match="is no job file") as refused:
        Crawler(**QUICK).run(pages(site, 1), output=tmp_path / "pages.jsonl", job=notes)
    assert "--fresh" not in str(refused.value)
    assert notes.read_text(encoding="utf-8") == "mine\n" * 100


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".sqlite"])
def test_a_limit_of_pages_that_is_reached_already_does_not_forget_that_a_run_was_killed(
    site, tmp_path, suffix
):
    urls, out = pages(site, 12), tmp_path / f"pages{suffix}"
    broken_off(Crawler(**QUICK), urls, 7, output=out)
    if suffix == ".jsonl":
        with out.open("a", encoding="utf-8") as file:  # written, and never committed
            file.write(json.dumps({"url": urls[-1]}) + "\n")
    assert Crawler(**QUICK, max_pages=3).run(urls, output=out).ended == "nothing to do"
    Crawler(**QUICK).run(urls, output=out)
    if suffix == ".jsonl":
        assert urls_in(out) == sorted(urls)
