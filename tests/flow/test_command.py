"""The real command against a little web: words in, records and an exit code out."""

import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from ..command import command as in_this_process

COMMAND = [sys.executable, "-m", "crawlpool"]
QUICK = ["--backend", "thread", "--backoff", "10ms"]
NO_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signal to a child")


@pytest.fixture
def run(tmp_path):
    """Do in an empty folder what the command does; what it printed, and its exit code."""

    def command(*words):
        return in_this_process([*QUICK, *words], folder=tmp_path)

    return command


@pytest.fixture
def run_it(tmp_path):
    """The same in a process of its own, as people run it."""

    def command(*words, stdin=""):
        return subprocess.run(
            [*COMMAND, *QUICK, *words],
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=90,
            check=False,
        )

    return command


@pytest.fixture
def start(tmp_path):
    """Start the command and come back at once; it is ended with the test."""
    started = []

    def command(*words, **options):
        process = subprocess.Popen(
            [*COMMAND, *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **options,
        )
        started.append(process)
        return process

    yield command
    for process in started:
        process.kill()
        process.communicate()


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def lines(path):
    return records(path.read_text(encoding="utf-8"))


def test_a_list_of_urls_becomes_a_record_each_on_standard_output(site, run_it, tmp_path):
    site.page("/a", title="A")
    site.page("/b", title="B")
    (tmp_path / "urls.txt").write_text(f"# two pages\n{site.url}/a\n\n{site.url}/b\n{site.url}/a\n")
    done = run_it("urls.txt")
    assert done.returncode == 0
    assert sorted(record["title"] for record in records(done.stdout)) == ["A", "B"]
    assert "Finished after" in done.stderr
    assert "2 x 200" in done.stderr
    assert "1 duplicate" in done.stderr


def test_a_site_is_followed_by_its_links_into_a_file(site, run_it, tmp_path):
    site.page("/", links=["/a", "/b"])
    site.page("/a", links=["/"])
    site.page("/b", links=["/c"])
    site.page("/c")
    done = run_it(site.url + "/", "--follow", "-o", "pages.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert {record["url"] for record in lines(tmp_path / "pages.jsonl")} == {
        f"{site.url}{path}" for path in ("/", "/a", "/b", "/c")
    }
    assert sorted(site.requests) == ["/", "/a", "/b", "/c"]
    assert "4 records in pages.jsonl" in done.stderr


def test_several_outputs_get_the_same_records(site, run, tmp_path):
    site.page("/a", title="A")
    done = run(site.url + "/a", "-o", "p.csv", "-o", "p.jsonl", "-o", "p.sqlite", "-o", "-")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as file:
        assert [row["title"] for row in csv.DictReader(file)] == ["A"]
    assert [record["title"] for record in lines(tmp_path / "p.jsonl")] == ["A"]
    assert [record["title"] for record in records(done.stdout)] == ["A"]
    assert (tmp_path / "p.sqlite").stat().st_size > 0


def test_an_output_that_exists_is_neither_replaced_nor_added_to_without_a_word(site, run, tmp_path):
    site.page("/a")
    file = tmp_path / "pages.jsonl"
    file.write_text('{"url": "before"}\n')
    done = run(site.url + "/a", "-o", "pages.jsonl")
    assert done.returncode == 2
    assert "--fresh" in done.stderr
    assert "--append" in done.stderr
    assert "Traceback" not in done.stderr
    assert site.requests == []
    assert run(site.url + "/a", "-o", "pages.jsonl", "--append").returncode == 0
    assert [record["url"] for record in lines(file)] == ["before", f"{site.url}/a"]
    assert run(site.url + "/a", "-o", "pages.jsonl", "--fresh").returncode == 0
    assert [record["url"] for record in lines(file)] == [f"{site.url}/a"]


def test_a_handler_decides_what_a_record_is_and_what_is_crawled(site, run, tmp_path):
    site.page("/", title="Home", links=["/a", "/b"])
    site.page("/a", title="A")
    site.page("/b", title="B")
    (tmp_path / "shop.py").write_text(
        "def parse(page):\n    yield {'title': page.title}\n    yield from page.follow_all(css='a')\n"
    )
    done = run(site.url + "/", "--handler", "shop.py:parse", "-o", "titles.jsonl")
    assert done.returncode == 0, done.stderr
    assert sorted(record["title"] for record in lines(tmp_path / "titles.jsonl")) == ["A", "B", "Home"]


def test_a_handler_that_raises_costs_that_page_only_and_is_told(site, run, tmp_path):
    site.page("/a", title="A")
    site.page("/b", title="B")
    (tmp_path / "shop.py").write_text("def parse(page):\n    return {'title': {'A': 'a'}[page.title]}\n")
    done = run(f"{site.url}/a", f"{site.url}/b", "--handler", "shop.py:parse", "-o", "t.jsonl")
    assert done.returncode == 3
    assert {"title": "a"} in lines(tmp_path / "t.jsonl")
    assert "KeyError: 'B'" in done.stderr
    assert "1 x handler" in done.stderr


def test_a_column_of_a_table_names_the_urls_and_the_others_travel_along(site, run, tmp_path):
    site.page("/a")
    (tmp_path / "shops.csv").write_text(f"name,website\nAda,{site.url}/a\n")
    done = run("shops.csv", "--column", "website")
    assert done.returncode == 0, done.stderr
    (record,) = records(done.stdout)
    assert record["name"] == "Ada"


def test_urls_come_from_standard_input_and_from_compressed_files(site, run_it, tmp_path):
    site.page("/a")
    site.page("/b")
    with gzip.open(tmp_path / "more.txt.gz", "wt") as file:
        file.write(f"{site.url}/b\n")
    done = run_it("-", "more.txt.gz", stdin=f"{site.url}/a\n")
    assert done.returncode == 0, done.stderr
    assert sorted(record["url"] for record in records(done.stdout)) == [f"{site.url}/a", f"{site.url}/b"]


def test_a_url_that_fails_makes_exit_code_three_and_a_list_that_can_be_crawled_again(
    site, run, run_it, tmp_path
):
    site.page("/a")
    site.page("/gone", status=410)
    words = [f"{site.url}/a", f"{site.url}/gone", "--failed", "failed.txt"]
    done = run_it(*words)
    assert done.returncode == 3
    assert "listed with reasons in failed.txt" in done.stderr
    site.page("/gone", status=200)
    again = run("failed.txt")
    assert again.returncode == 0, again.stderr
    assert [record["url"] for record in records(again.stdout)] == [f"{site.url}/gone"]
    assert run(f"{site.url}/a", "--fail-on", "any").returncode == 0


def test_a_found_page_that_fails_is_the_crawls_business_only_when_asked(site, run):
    site.page("/", links=["/gone"])
    assert run(site.url + "/", "--follow").returncode == 0
    assert run(site.url + "/", "--follow", "--fail-on", "any").returncode == 3
    assert run(site.url + "/gone", "--fail-on", "none").returncode == 0


def test_a_line_without_a_url_is_told_with_its_place_and_stops_nothing(site, run, tmp_path):
    site.page("/a")
    (tmp_path / "urls.txt").write_text(f"{site.url}/a\nnot a url\n")
    done = run("urls.txt")
    assert done.returncode == 3
    assert len(records(done.stdout)) == 1
    assert "urls.txt:2" in done.stderr


def test_a_file_that_is_not_there_is_never_crawled_as_a_site(run, tmp_path):
    (tmp_path / "urls.txt").write_text("")
    done = run("urls.tx")
    assert done.returncode == 2
    assert "urls.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dry_run_shows_what_would_be_asked_and_asks_nothing(site, run, tmp_path):
    (tmp_path / "urls.txt").write_text(f"{site.url}/a#x\n{site.url}/a\n{site.url}/b/../c\nhttp://[bad/\n")
    done = run("urls.txt", "--dry-run", "--delay", "2", "-o", "pages.jsonl")
    assert done.returncode == 3
    assert done.stdout.splitlines() == [f"{site.url}/a", f"{site.url}/c"]
    assert "2 URLs on 1 host, 1 duplicate left out, 1 line without a URL" in done.stderr
    assert "one every 2 s" in done.stderr
    assert site.log == []
    assert not (tmp_path / "pages.jsonl").exists()


def test_quiet_leaves_standard_error_empty(site, run):
    site.page("/a")
    done = run(site.url + "/a", "-q")
    assert (done.returncode, done.stderr) == (0, "")


def test_v_shows_a_line_a_request_and_a_log_file_keeps_it_with_the_time(site, run, tmp_path):
    site.page("/a")
    done = run(site.url + "/a", "-v", "--log-file", "crawl.log")
    assert re.search(rf"^page\.done status=200 .* url={re.escape(site.url)}/a$", done.stderr, re.MULTILINE)
    kept = [line.split(" ", 3) for line in (tmp_path / "crawl.log").read_text().splitlines()]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line[0]) for line in kept)
    assert [(line[1], line[3].split()[0]) for line in kept] == [
        ("INFO", "robots.done"),
        ("INFO", "page.done"),
    ]


def test_one_host_and_many_workers_is_said_at_the_start_with_the_knob(site, run):
    site.page("/")
    done = run(site.url + "/", "--follow", "--workers", "8")
    assert done.stderr.count("--per-host 8 would use them all") == 1
    assert "--per-host 8" not in run(site.url + "/", "--follow", "--workers", "2").stderr


def test_a_title_from_a_server_moves_no_cursor(site, run):
    site.page("/a", title="\x1b[2Jcleared")
    done = run(site.url + "/a", "-v")
    assert "\x1b" not in done.stdout + done.stderr


def test_a_record_that_cannot_be_written_is_exit_code_four(site, run):
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("no /dev/full here")
    site.page("/a")
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, *QUICK, site.url + "/a"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 4
    assert "standard output" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_reader_that_leaves_ends_the_crawl_quietly(site, start):
    site.page("/", links=[f"/{n}" for n in range(2000)])
    for n in range(2000):
        site.page(f"/{n}", title="x" * 200)
    process = start(site.url + "/", "--follow", "--per-host", "8", "--backend", "thread", "-q")
    assert json.loads(process.stdout.readline())["status"] == 200
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == ""
    assert len(site.requests) < 2000


@NO_WINDOWS
@pytest.mark.parametrize("backend", ["process", "thread"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_what_is_out_and_keeps_it(site, start, tmp_path, backend, number, code):
    site.page("/", links=[f"/{n}" for n in range(50)])
    for n in range(50):
        site.page(f"/{n}")
        site.hold(f"/{n}")
    process = start(site.url + "/", "--follow", "--backend", backend, "-o", "pages.jsonl")
    site.wait_until(lambda: site.under_way >= 2, "two pages are out")
    process.send_signal(number)
    said = process.stderr.readline()
    while "Once more stops at once" not in said:
        assert said, "the command ended without a word"
        said = process.stderr.readline()
    for n in range(50):
        site.release(f"/{n}")
    process.wait(60)
    assert process.returncode == code
    rest = process.stderr.read()
    assert "Interrupted after" in rest
    assert "Traceback" not in rest
    kept = [record["url"] for record in lines(tmp_path / "pages.jsonl")]
    assert len(kept) >= 3
    assert len(kept) == len(set(kept)) < 51


@NO_WINDOWS
@pytest.mark.parametrize("backend", ["process", "thread"])
def test_a_second_signal_stops_at_once(site, start, backend):
    site.page("/", links=["/never"])
    site.hang("/never")
    process = start(site.url + "/", "--follow", "--backend", backend, start_new_session=True)
    site.wait_for("/never")
    os.killpg(process.pid, signal.SIGINT)
    while "Once more stops at once" not in process.stderr.readline():
        pass
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) == 130
    assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize("flag", ["--failed", "-o", "--log-file"])
def test_a_file_that_is_read_is_never_written_to(site, run, tmp_path, flag):
    source = tmp_path / "urls.csv"
    source.write_text(f"url\n{site.url}/a\n")
    done = run("urls.csv", flag, "./urls.csv", "--fresh")
    assert done.returncode == 2
    assert "./urls.csv is also read as a source" in done.stderr
    assert source.read_text() == f"url\n{site.url}/a\n"
    assert site.requests == []


@pytest.mark.parametrize("flag", ["--failed", "-o", "--log-file", "--job"])
def test_two_things_are_never_written_to_one_file(site, run, tmp_path, flag):
    done = run(site.url + "/", "-o", "pages.jsonl", flag, "./pages.jsonl")
    assert done.returncode == 2
    assert (
        f"{flag.replace('-o', '--output')} ./pages.jsonl is the same file as --output pages.jsonl"
        in done.stderr
    )
    assert list(tmp_path.iterdir()) == []
    assert site.requests == []


def test_a_url_may_be_longer_than_a_file_name_can_be(site, run, tmp_path):
    site.page("/a")
    (tmp_path / "failed.txt").touch()
    done = run(f"{site.url}/a?{'x' * 5000}", "-o", "pages.jsonl", "--failed", "failed.txt")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


@pytest.mark.skipif(sys.platform == "win32", reason="<&- is a word of POSIX shells")
def test_a_standard_input_that_is_closed_is_said_so(tmp_path):
    words = ["sh", "-c", '"$0" -m crawlpool - <&-', sys.executable]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "crawlpool: standard input is closed; name a file instead of -\n"


def test_a_handler_that_raises_is_told_with_its_own_lines_and_kept_beside_the_url(site, run_it, tmp_path):
    site.page("/a")
    (tmp_path / "shop.py").write_text("def parse(page):\n    yield {'a': 1}\n    raise KeyError('price')\n")
    done = run_it(
        site.url + "/a", "--handler", "shop.py:parse", "--failed", "failed.txt", "-o", "items.jsonl"
    )
    assert done.returncode == 3
    assert "\n  KeyError: 'price'\n" in done.stderr
    assert "landing.py" not in done.stderr
    kept = (tmp_path / "failed.txt").read_text()
    assert 'shop.py", line 3, in parse' in kept
    assert kept.endswith(f"# handler: KeyError: 'price'\n{site.url}/a\n")
    assert (tmp_path / "items.jsonl").read_text() == ""


@NO_WINDOWS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_whole_group_finishes_what_is_out_and_ends(site, start, number):
    site.page("/a", delay_s=0.5)
    site.page("/b")
    process = start(
        site.url + "/a",
        site.url + "/b",
        "--no-robots",
        "--per-host",
        "1",
        "--delay",
        "1000",
        start_new_session=True,
    )
    site.wait_for("/a")
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert [record["status"] for record in records(out)] == [200]
    assert "Traceback" not in err


@NO_WINDOWS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_whole_group_ends_an_idle_crawl(site, start, number):
    site.page("/a")
    site.page("/b")
    process = start(
        site.url + "/a", site.url + "/b", "--no-robots", "--delay", "1000", "-v", start_new_session=True
    )
    while "page.done" not in process.stderr.readline():
        pass
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert "Traceback" not in err


@NO_WINDOWS
@pytest.mark.parametrize("after_s", [0.05, 0.15, 0.25, 0.35])
def test_a_ctrl_c_while_it_starts_ends_it_without_a_traceback(site, start, after_s):
    site.hang("/")
    process = start(site.url + "/", start_new_session=True)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    if (
        after_s > 0.1
    ):  # before, Python itself may not be up; on a busy machine it may still not be ours to answer
        assert process.returncode in {130, -signal.SIGINT}
        assert "Traceback" not in err


def test_listed_urls_that_a_limit_leaves_unasked_are_a_failure(site, run):
    for name in "ab":
        site.page(f"/{name}")
    assert run(site.url + "/a", site.url + "/b", "--max-pages", "1", "-q").returncode == 3
    assert run(site.url + "/a", site.url + "/b", "--max-pages", "2", "-q").returncode == 0
    assert (
        run(site.url + "/a", site.url + "/b", "--max-pages", "1", "-q", "--fail-on", "none").returncode == 0
    )
