"""The command as a process: words in, exit code out, and a quiet end when nobody listens."""

import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "crawlpool"]


def run(*words, **options):
    return subprocess.run(
        [*COMMAND, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        **options,
    )


def test_version_is_said_without_loading_what_crawls():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "crawlpool", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("crawlpool ")
    for heavy in ("argparse", "requests", "rich", "multiprocessing", "can_ada", "crawlpool.settings"):
        assert f" {heavy}\n" not in done.stderr


def test_help_loads_no_library_that_crawls():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "crawlpool", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "--per-host" in done.stdout
    for heavy in ("requests", "rich", "multiprocessing", "selectolax", "asyncio"):
        assert f" {heavy}\n" not in done.stderr


def test_without_words_the_help_is_short_and_the_exit_code_says_wrong_usage():
    done = run()
    assert done.returncode == 2
    assert done.stdout == ""
    assert "crawlpool demo" in done.stderr
    assert len(done.stderr.splitlines()) < 10


def test_flags_without_a_word_say_what_is_missing():
    done = run("--follow")
    assert done.returncode == 2
    assert done.stderr == "crawlpool: nothing to crawl: name a URL, a file of URLs, or - for standard input\n"


@pytest.mark.parametrize("command", [[], ["crawl"], ["serve"], ["demo"]])
def test_every_command_has_help(command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: crawlpool")


def test_what_is_wrong_is_one_line_and_exit_code_two():
    done = run("https://a.test/", "--timeout", "abc")
    assert done.returncode == 2
    assert done.stderr == "crawlpool: --timeout: 'abc' should be seconds, such as 30, 0.5, 250ms, 10m or 2h\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["statsu", "pages.jsonl"], "unknown command 'statsu'; did you mean status?"),
        (["demo", "nope"], "there is no sample site 'nope'; known: bookshop, news, traps, wiki"),
        (["demo", "--delay", "x"], "--delay: 'x' should be seconds, such as 30, 0.5, 250ms, 10m or 2h"),
    ],
)
def test_a_slip_in_a_command_is_quoted_with_what_was_probably_meant(words, complaint):
    done = run(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"crawlpool: {complaint}\n"


def test_a_file_that_is_nearly_called_like_a_command_is_read(tmp_path):
    (tmp_path / "demos").write_text("https://a.test/\n", encoding="utf-8")
    done = run("demos", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert "https://a.test/" in done.stdout


def test_help_into_a_reader_that_leaves_at_once_ends_quietly():
    with subprocess.Popen([*COMMAND, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/full")
def test_help_onto_a_full_disk_does_not_claim_success():
    try:
        full = open("/dev/full", "w")  # noqa: SIM115, PTH123  closed below
    except OSError:
        pytest.skip("no /dev/full here")
    with full:
        done = subprocess.run(
            [*COMMAND, "--help"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 4
    assert b"Exception ignored" not in done.stderr
