"""status, failures, why, retry and salvage say what is in a job, and nothing in it can do anything to a terminal."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from crawlpool.cli import main
from crawlpool.job.schema import State

from ...command import command
from ...jobs import Book, rows

COMMAND = [sys.executable, "-m", "crawlpool"]
EVIL = "\x1b]0;gone\x07\x9b31m\u202ereversed"


@pytest.fixture
def path(tmp_path):
    """A job of five pages: /  links to /a, which links to /b; /slow failed; /next waits."""
    path = tmp_path / "books.jsonl.job"
    with Book(path) as book:
        number = book.job.begin_run({}, "0.1")
        book.job.end_run(number, "stopped")
        book.job.set("state", "unfinished")
        book.job.set("ended", "stopped")
        book.job.set("outputs", ["books.jsonl"])
        book.job.set("command", {"words": ["urls.txt"], "output": ["books.jsonl"]})
        book.job.set("settings", {"follow": True, "scope": "host", "exclude": ["/private/**"]})
        book.batch({"books.jsonl": {"bytes": 100, "tail": "x"}, "b.sqlite": {"rowid": 4, "tail": "x"}})
        book.batch({"books.jsonl": {"bytes": 12_345, "tail": "x"}, "b.sqlite": {"rowid": 9, "tail": "x"}})
        top = book.answered("http://a.test/", listed=1, request={"source": "urls.txt:3"}, batch=1)
        a = book.answered("http://a.test/a", depth=1, found_on=top, batch=2, items=3, worker=41)
        book.tried(a, "HTTP 503", target="http://a.test/a", message="HTTP 503 Busy")
        book.answered(
            "http://a.test/b", depth=2, found_on=a, status=404, kind="http", message="HTTP 404 Gone"
        )
        book.failed("http://a.test/slow", "timeout", "no answer in 30 s", depth=1, found_on=top)
        book.url("http://a.test/next", depth=1, found_on=top)
        book.skip("http://out.test/", "scope host", "http://a.test/")
    return path


def run(capsys, *words):
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def why(capsys, path, url):
    return " ".join(run(capsys, "why", url, "--job", path)[1].split())


# Which job


@pytest.mark.parametrize("command", ["status", "failures"])
def test_a_job_is_named_by_itself_or_by_the_output_beside_it(path, capsys, command):
    path.with_suffix("").write_text("")
    by_itself = run(capsys, command, path)
    assert by_itself[0] == 0
    assert run(capsys, command, path.with_suffix("")) == by_itself


@pytest.mark.parametrize(
    "command", [["status"], ["failures"], ["retry"], ["salvage"], ["why", "a.test", "--job"]]
)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nope.jsonl", "there is no job file"),
        ("boks.jsonl", "did you mean"),
        ("empty.job", "empty"),
        ("text.job", "text.job"),
        ("urls.txt", "no job file, and there is no urls.txt.job beside it"),
        ("folder", "is a directory"),
        ("x" * 300, "there is no job file"),
    ],
)
def test_what_is_no_job_is_one_line_and_exit_code_four(path, capsys, command, name, said):
    folder = path.parent
    (folder / "empty.job").touch()
    (folder / "text.job").write_text("http://a.test/\n" * 20)
    (folder / "urls.txt").write_text("http://a.test/\n" * 20)
    (folder / "folder").mkdir()
    code, out, err = run(capsys, *command, folder / name)
    assert (code, out) == (4, "")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status"], "name one job"),
        (["status", "a", "b"], "not 'a' 'b'"),
        (["status", "a", "--jsno"], "did you mean --json?"),
        (["failures", "a", "--kind", "timout"], "'timout' is no kind of failure; did you mean timeout?"),
        (["failures", "a", "--kind", "xyz"], "known: http, invalid_url"),
        (["failures", "a", "--status", "abc"], "'abc' should be an HTTP status, such as 503"),
        (["failures", "a", "--host", "a b"], "'a b' should be a host"),
        (["failures", "a", "--format", "xml"], "'xml' should be one of text, csv, json"),
        (["why", "--job", "a"], "name one URL"),
        (["why", "http://a.test/"], "say which job"),
        (["retry", "a", "--fresh"], "--fresh cannot be given to retry"),
        (["retry", "a", "-o", "b"], "-o cannot be given to retry"),
        (["retry", "a", "--timeout", "soon"], "'soon' should be seconds"),
        (["retry", "a", "--sttus", "1"], "did you mean --status?"),
        (["salvage"], "name one job"),
    ],
)
def test_what_is_typed_wrong_is_quoted_with_what_would_do(capsys, words, said):
    code, _, err = run(capsys, *words)
    assert code == 2
    assert said in err


@pytest.mark.parametrize("command", ["status", "failures", "why", "retry", "salvage"])
def test_every_command_has_help(capsys, command):
    with suppress(SystemExit):
        main([command, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: crawlpool {command}")


# status


def test_status_says_how_far_it_is_what_failed_and_what_to_type(path, capsys):
    code, out, _ = run(capsys, "status", path)
    assert code == 0
    said = " ".join(out.split())
    for part in (
        "is not finished: it was interrupted. 4 of 5 URLs done, 1 waiting.",
        "URLs 1 waiting, 3 answered, 1 failed",
        "answers 2 x 200, 1 x 404",
        "failed 1 x http, 1 x timeout",
        "links not followed 1 x scope host",
        "hosts a.test 3 pages",
        "books.jsonl whole up to byte 12,345",
        "b.sqlite whole up to row 9",
        "bytes a URL",
        "crawlpool urls.txt -o books.jsonl",
        "crawlpool retry",
    ):
        assert part in said


def test_status_for_programs_is_one_json_object(path, capsys):
    known = json.loads(run(capsys, "status", "--json", path)[1])
    assert known["states"] == {"waiting": 1, "answered": 3, "failed": 1, "left out": 0}
    assert known["statuses"] == {"200": 2, "404": 1}
    assert known["failures"] == {"http": 1, "timeout": 1}
    assert known["running"] is False
    assert known["outputs"]["books.jsonl"]["bytes"] == 12345
    assert known["file_bytes"] >= path.stat().st_size


def test_status_of_a_job_that_has_only_begun(tmp_path, capsys):
    path = tmp_path / "new.job"
    with Book(path):
        pass
    code, out, _ = run(capsys, "status", path)
    assert code == 0
    assert "has not begun. 0 of 0 URLs done" in out


def test_status_knows_a_crawl_that_runs_and_one_that_was_killed(tmp_path, capsys, site):
    site.page("/", b"<title>top</title>")
    gate = tmp_path / "gate.py"
    gate.write_text(
        "import sys\ndef parse(page):\n    print('parsing', flush=True)\n    sys.stdin.read()\n    yield {}\n"
    )
    words = [site.url + "/", "-o", "books.jsonl", "--backend", "thread", "--handler", "gate.py:parse", "-q"]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "parsing\n"
            code, out, _ = run(capsys, "status", tmp_path / "books.jsonl")
            assert code == 0
            assert f"is running, in process {process.pid} on" in out
        finally:
            process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert "it was killed, or the machine stopped" in run(capsys, "status", tmp_path / "books.jsonl")[1]


# failures


def test_failures_are_lines_for_people(path, capsys):
    _, out, _ = run(capsys, "failures", path)
    assert out.splitlines() == [
        "http  http://a.test/b  HTTP 404 Gone",
        "timeout  http://a.test/slow  no answer in 30 s (3 attempts)",
    ]


def test_failures_are_narrowed(path, capsys):
    assert run(capsys, "failures", path, "--kind", "timeout")[1].startswith("timeout")
    assert run(capsys, "failures", path, "--status", "404")[1].startswith("http ")
    assert run(capsys, "failures", path, "--host", "http://A.test/b")[1].count("\n") == 2
    assert run(capsys, "failures", path, "--host", "b.test")[1] == ""


def test_failures_are_json_lines_with_every_field(path, capsys):
    _, out, _ = run(capsys, "failures", path, "--format", "json")
    assert [json.loads(line) for line in out.splitlines()][1] == {
        "url": "http://a.test/slow",
        "kind": "timeout",
        "status": None,
        "message": "no answer in 30 s",
        "attempts": 3,
        "at": "2023-11-14T22:13:20.000Z",
        "found_on": "http://a.test/",
        "final_url": None,
        "depth": 1,
    }


def test_failures_are_a_table_in_which_nothing_is_a_formula(path, capsys):
    with Book(path) as book:
        book.failed("http://a.test/x", "handler", '=HYPERLINK("http://evil.test")')
    _, out, _ = run(capsys, "failures", path, "--format", "csv")
    assert out.splitlines()[0] == "url,kind,status,message,attempts,at,found_on,final_url,depth"
    assert '"\'=HYPERLINK(""http://evil.test"")"' in out


# why


def test_why_tells_the_way_the_attempts_and_where_the_records_are(path, capsys):
    said = why(capsys, path, "http://A.test:80/x/../a#top")
    for part in (
        "http://a.test/a: answered with HTTP 200",
        "found on http://a.test/, listed as urls.txt:3",
        "HTTP 503 after 0.5 s, by process 77: HTTP 503 Busy; next try after 1 s",
        "HTTP 200 after 0.2 s, by process 41",
        "records 3 in books.jsonl, between bytes 100 and 12,345",
        "in b.sqlite, among rows 5 to 9",
    ):
        assert part in said
    assert "found on http://a.test/a http://a.test/, listed" in why(capsys, path, "http://a.test/b")


def test_why_tells_a_listed_url_a_waiting_one_and_a_failed_one(path, capsys):
    with Book(path) as book:
        book.url("http://a.test/later", depth=2)
    assert "listed by you: urls.txt:3" in why(capsys, path, "http://a.test/")
    assert "waiting: it is the next of its host" in why(capsys, path, "http://a.test/next")
    assert "waiting: 1 URL of its host is ahead of it" in why(capsys, path, "http://a.test/later")
    assert "failed: timeout: no answer in 30 s" in why(capsys, path, "http://a.test/slow")


def test_why_tells_of_redirects(path, capsys):
    with Book(path) as book:
        home = book.answered("http://a.test/go", final_url="http://a.test/home")
        target = book.url("http://a.test/home", State.LED_TO, host=None, found_on=home)
        book.url("http://a.test/deep", found_on=target)
        book.url(
            "http://a.test/old",
            State.LEFT_OUT,
            kind="redirect to a known page",
            status=301,
            message="http://a.test/",
        )
    assert "a redirect of http://a.test/go led here" in why(capsys, path, "http://a.test/home")
    assert "found on http://a.test/go, which was redirected to http://a.test/home" in why(
        capsys, path, "http://a.test/deep"
    )
    assert "left out: redirect to a known page, http://a.test/" in why(capsys, path, "http://a.test/old")


def test_why_tells_a_link_that_was_not_followed(path, capsys):
    said = why(capsys, path, "http://out.test/")
    assert "was not followed: scope host: it lies outside the crawl's --scope" in said
    assert "found on http://a.test/" in said


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://a.test/a/", "http://a.test/a"),
        ("https://a.test/a", "http://a.test/a"),
        ("www.a.test/a", "http://a.test/a"),
    ],
)
def test_why_names_what_the_job_knows_in_the_place_of_an_unknown_url(path, capsys, url, near):
    code, out, _ = run(capsys, "why", url, "--job", path)
    assert code == 6
    assert f"the job knows  {near}\n" in out


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://a.test/nowhere", "a link to it would be followed"),
        ("http://b.test/", "would not be followed: scope host"),
        ("http://a.test/private/x", "would not be followed: exclude /private/**"),
    ],
)
def test_why_says_whether_an_unknown_url_would_be_in_scope(path, capsys, url, said):
    assert said in why(capsys, path, url)


def test_why_knows_a_text_that_is_no_url(path, capsys):
    with Book(path) as book:
        book.failed("http://", "invalid_url", "'http://' is no http(s) URL")
    assert "failed: invalid url" in why(capsys, path, "http://")


def test_why_knows_a_url_that_was_typed_in_no_encoding_at_all(path, capsys):
    with Book(path) as book:
        book.answered("http://a.test/%EF%BF%BD")
    assert "answered with HTTP 200" in why(capsys, path, "http://a.test/\udcff")


def test_why_ends_for_pages_that_found_each_other(path, capsys):
    with Book(path) as book:
        book.db.execute("UPDATE url SET found_on = 2 WHERE id = 1")
    assert "found on" in why(capsys, path, "http://a.test/b")


def test_why_says_that_new_columns_moved_the_records_of_a_table(path, capsys):
    with Book(path) as book:
        batch = book.batch({"t.csv": {"bytes": 50, "tail": "", "columns": 2, "header": 9}})
        book.answered("http://a.test/t", batch=batch)
        book.batch({"t.csv": {"bytes": 90, "tail": "", "columns": 3, "header": 12}})
    assert "between bytes 0 and 50 as it was then; new columns" in why(capsys, path, "http://a.test/t")


# retry


def test_retry_asks_what_failed_once_more_and_adds_its_record(tmp_path, site):
    site.page("/good", b"<title>good</title>")
    site.page("/bad", status=404)
    (tmp_path / "urls.txt").write_text(f"{site.url}/good\n{site.url}/bad\n")

    def typed(*words):
        return command(words, folder=tmp_path)

    first = typed("urls.txt", "-o", "books.jsonl", "--backend", "thread", "-q")
    assert first.returncode == 3
    site.page("/bad", b"<title>better</title>")

    dry = typed("retry", "books.jsonl", "--dry-run")
    assert dry.stdout == f"http  {site.url}/bad  HTTP 404 Not Found\n"
    done = typed("retry", "--status", "404", "books.jsonl", "--timeout", "9", "-q")

    assert (done.returncode, done.stderr) == (0, "")
    assert site.requests.count("/good") == 1
    assert site.requests.count("/bad") == 2
    records = [json.loads(line) for line in (tmp_path / "books.jsonl").read_text().splitlines()]
    assert sorted((record["url"].rpartition("/")[2], record["status"]) for record in records) == [
        ("bad", 200), ("bad", 404), ("good", 200),
    ]  # fmt: skip
    assert typed("retry", "books.jsonl").returncode == 6
    settings = json.loads(
        rows(tmp_path / "books.jsonl.job", "SELECT settings FROM run ORDER BY id DESC")[0][0]
    )
    assert settings["timeout"] == 9
    assert settings["backend"] == "thread"


def test_retry_that_matches_nothing_names_the_kinds_that_there_are(path, capsys):
    code, _, err = run(capsys, "retry", path, "--kind", "dns")
    assert code == 6
    assert "Nothing to retry: failed are 1 x http, 1 x timeout." in err
    assert rows(path, "SELECT count(*) FROM url WHERE state = 0") == [(1,)]


@pytest.mark.parametrize("flags", [["--skip-duplicates", "exact"], ["--exclude", "/other"], ["--depth", "3"]])
def test_retry_by_other_rules_than_the_jobs_is_refused_before_anything_is_put_back(path, capsys, flags):
    code, _, err = run(capsys, "retry", path, *flags)
    assert (code, flags[0].removeprefix("--") in err) == (2, True)
    assert run(capsys, "retry", path, "--dry-run", "--follow", "--exclude", "/private/**")[0] == 0
    assert rows(path, "SELECT count(*) FROM url WHERE state = ?", State.WAITING) == [(1,)]


def test_retry_leaves_a_job_alone_while_its_crawl_runs(path, capsys):
    with Book(path):
        code, _, err = run(capsys, "retry", path)
    assert code == 4
    assert f"is in use by process {os.getpid()}" in err
    assert rows(path, "SELECT count(*) FROM url WHERE state = 0") == [(1,)]


def test_retry_of_a_programs_job_leaves_the_crawl_to_the_program(path, capsys):
    with Book(path) as book:
        book.db.execute("DELETE FROM meta WHERE name = 'command'")
    code, _, err = run(capsys, "retry", path)
    assert code == 0
    assert "2 URLs that failed wait again." in err
    assert "run that again" in err


def test_retry_takes_the_jobs_name_away_and_not_a_flags_value(path):
    from crawlpool.cli.retry import _for_the_crawl

    job = "books.jsonl"
    for words, left in (
        (["--kind", "dns", job, "--timeout", "5"], ["--timeout", "5"]),
        ([job, "--proxy", job, "--host=a.test", "-q"], ["--proxy", job, "-q"]),
        (["--proxy", job, job, "-H", "A: b"], ["--proxy", job, "-H", "A: b"]),
        (["-v", "--", job], ["-v"]),
    ):
        assert _for_the_crawl(words, job) == left


# salvage


def test_salvage_says_what_is_saved_what_is_missing_and_what_it_means(path, capsys):
    with Book(path) as book:
        for n in range(2000):
            book.answered(f"http://a.test/{n}", batch=2)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(bytes(4096))
    code, out, _ = run(capsys, "salvage", path)
    assert code == 0
    said = " ".join(out.split())
    assert "saved 1,9" in said
    assert "missing URLs with the ids" in said
    assert "not known any more" in said
    assert f"--job {path}.salvaged goes on with it" in said
    assert run(capsys, "status", f"{path}.salvaged")[0] == 0
    assert run(capsys, "salvage", path)[0] == 2  # it is there already


def test_salvage_of_a_sound_job_does_nothing(path, capsys):
    code, out, _ = run(capsys, "salvage", path)
    assert code == 6
    assert "is sound" in out
    assert [each.name for each in path.parent.iterdir()] == [path.name]


# Text of strangers, and readers that leave


def test_nothing_that_a_server_said_reaches_a_terminal_as_it_is(path, capsys):
    with Book(path) as book:
        book.failed(
            "http://a.test/evil", "protocol", EVIL, final_url=EVIL, request={"source": EVIL, "url": EVIL}
        )
        book.tried(6, EVIL, target=EVIL, message=EVIL)
        book.job.set("outputs", [EVIL])
        book.job.set("ended", EVIL)
        book.db.execute("INSERT INTO skipped VALUES (?, 1)", (EVIL,))
        book.skip("http://b.test/", EVIL, EVIL)
        book.db.execute("UPDATE host SET name = ?", (EVIL,))
    for words in (
        ["status", path],
        ["status", path, "--json"],
        ["failures", path],
        ["failures", path, "--format", "json"],
        ["why", "http://a.test/evil", "--job", path],
        ["why", "http://b.test/", "--job", path],
        ["retry", path, "--dry-run"],
        ["why", EVIL, "--job", path],
        ["status", EVIL],
    ):
        _, out, err = run(capsys, *words)
        assert not set("\x1b\x07\x9b\u202e") & set(out + err), words
        assert len(out + err) > 50


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/full")
def test_a_full_disk_or_a_reader_that_leaves_is_no_success_and_no_traceback(path):
    for words in (["status", str(path)], ["failures", "--format", "csv", str(path)]):
        with open("/dev/full", "w") as full:  # noqa: PTH123
            done = subprocess.run(
                [*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
            )
        assert done.returncode == 4
        assert "Traceback" not in done.stderr
    with subprocess.Popen(
        [*COMMAND, "failures", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


def test_a_terminal_of_few_letters_gets_question_marks(path):
    with Book(path) as book:
        book.failed("http://a.test/x", "handler", "prix élevé")
    done = subprocess.run(
        [*COMMAND, "failures", str(path)], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 0
    assert "prix ?lev?" in done.stdout
