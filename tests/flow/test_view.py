"""The live view on a real terminal: what a person sees and presses, and the terminal as it was afterwards."""

import os
import shutil
import signal
import sys

import pytest

pytest.importorskip("termios", reason="no such terminals here")

from tests.terminal import Terminal

BASE = [sys.executable, "-m", "crawlpool", "--backend", "thread", "--no-job", "--fresh"]


@pytest.fixture
def terminal(tmp_path):
    """Run the command on a terminal; it is ended with the test."""
    opened = []

    def run(*words, base=BASE, **size):
        opened.append(Terminal([*base, *words], cwd=str(tmp_path), **size))
        return opened[-1]

    yield run
    for each in opened:
        each.close()


@pytest.fixture
def slow(site):
    """A site of a hundred pages, one each after a moment."""
    site.page("/", links=[f"/page/{number}" for number in range(100)])
    for number in range(100):
        site.page(f"/page/{number}", delay_s=0.15)
    return site


def test_hosts_workers_and_counts_are_shown_and_taken_away(terminal, slow):
    seen = terminal(slow.url + "/", "--follow", "-o", "pages.jsonl", "--max-pages", "12")
    seen.see("/page/")
    seen.see("under way")
    shown = seen.screen.text
    assert slow.url.removeprefix("http://") in shown
    assert f"pid {seen.pid}" in shown
    assert not seen.gives_lines
    assert seen.end() == 0
    assert "Stopped at --max-pages after" in seen.screen.text
    assert "workers\n" not in seen.screen.text
    assert seen.screen.is_cursor_shown


def test_p_holds_the_crawl_r_lets_it_go_on_and_s_ends_it_as_ctrl_c_does(terminal, slow):
    seen = terminal(slow.url + "/", "--follow", "-o", "pages.jsonl")
    seen.see("under way")
    seen.press("p")
    seen.see("paused: r goes on")
    seen.see("0 out")
    held = len(slow.requests)
    seen.read(0.6)
    assert len(slow.requests) == held
    seen.press("r")
    seen.wait(lambda: len(slow.requests) > held, "a further request")
    seen.press("s")
    assert seen.end() == 130
    text = seen.screen.text
    assert text.count("Stopping: what is out is finished and kept.") == 1
    assert text.index("Stopping") < text.index("Interrupted after")
    assert "workers\n" not in text
    assert seen.gives_lines


def test_ctrl_c_says_what_it_does_and_leaves_nothing_of_the_view(terminal, slow):
    seen = terminal(slow.url + "/", "--follow", "-o", "pages.jsonl", rows=14, columns=64)
    seen.see("under way")
    seen.press("\x03")
    assert seen.end() == 130
    text = seen.screen.text
    assert text.count("Stopping: what is out is finished") == 1
    assert text.index("Stopping") < text.index("Interrupted after")
    assert "crawling for" not in text
    assert "under way" not in text


def test_q_does_not_wait_for_what_is_out(terminal, site):
    site.page("/", delay_s=60)
    seen = terminal(site.url + "/", "-o", "pages.jsonl")
    seen.see("pid")
    seen.press("q")
    assert seen.end() == 130
    assert "Stopping at once." in seen.screen.text


def test_more_rows_and_help_come_for_a_key(terminal, sites):
    webs = [sites(f"127.0.0.{number}") for number in range(2, 12)]
    for web in webs:
        web.page("/", delay_s=60)
    seen = terminal(*(web.url + "/" for web in webs), "-w", "10", "--no-robots", "-o", "pages.jsonl", rows=40)
    seen.see("workers (8 of 10)")
    seen.press("+")
    seen.wait(lambda: seen.screen.text.count("  pid ") == 10, "a row for each worker")
    seen.press("h")
    seen.see("q stop at once")
    seen.press("q")
    assert seen.end() == 130


@pytest.mark.parametrize(("rows", "columns"), [(12, 60), (5, 24), (100, 240)])
def test_the_view_fits_the_terminal(terminal, slow, rows, columns):
    seen = terminal(
        slow.url + "/", "--follow", "-o", "pages.jsonl", "--view", "live", rows=rows, columns=columns
    )
    seen.wait(
        lambda: seen.sent.count("crawling for") > 3 and seen.screen.text.count("crawling for") == 1,
        "one view, drawn again and again",
    )
    seen.press("q")
    assert seen.end() == 130
    assert "crawling for" not in seen.screen.text


@pytest.mark.parametrize("words", [("--view", "bar"), ("-v",)])
def test_a_bar_is_one_line_and_reads_no_keys(terminal, slow, words):
    seen = terminal(slow.url + "/", "--follow", "-o", "pages.jsonl", "--max-pages", "6", *words)
    seen.see("waiting")
    assert seen.gives_lines
    assert seen.end() == 0
    assert "crawling for" not in seen.sent


@pytest.mark.parametrize("words", [("--view", "none"), ("-q",)])
def test_nothing_is_shown_when_nothing_is_wanted(terminal, slow, words):
    seen = terminal(slow.url + "/", "--follow", "-o", "pages.jsonl", "--max-pages", "6", *words)
    assert seen.end() == 0
    assert " done" not in seen.sent.partition("Finished")[0]


def test_a_list_from_standard_input_is_no_row_of_keys(terminal, slow):
    seen = terminal("-", "-o", "pages.jsonl", "--view", "live")
    seen.press(f"{slow.url}/page/1\n{slow.url}/page/2\n\x04")
    assert seen.end() == 0
    assert "2 pages" in seen.screen.text


def test_a_crawl_that_breaks_gives_the_terminal_back(terminal, slow, tmp_path):
    (tmp_path / "broken.py").write_text(
        "seen = []\ndef parse(page):\n    seen.append(1)\n    if len(seen) > 5: raise ValueError('no price')\n"
    )
    seen = terminal(
        slow.url + "/", "--follow", "--handler", "broken.py:parse", "--fail-fast", "-o", "pages.jsonl"
    )
    seen.wait(lambda: not seen.gives_lines or "no price" in seen.screen.text, "the view")
    assert seen.end() == 3
    assert "no price" in seen.screen.text
    assert seen.gives_lines
    assert seen.screen.is_cursor_shown


def test_a_third_ctrl_c_out_of_a_handler_that_hangs_gives_the_terminal_back(terminal, slow, tmp_path):
    (tmp_path / "hangs.py").write_text(
        "import time\nseen = []\n"
        "def parse(page):\n    seen.append(1)\n    if len(seen) > 4:\n"
        "        print('it hangs', flush=True)\n        time.sleep(60)\n"
    )
    seen = terminal(slow.url + "/", "--follow", "--handler", "hangs.py:parse", "-o", "pages.jsonl")
    seen.see("it hangs")
    for said in ("Stopping: what is out", "Stopping at once"):
        seen.press("\x03")
        seen.wait(lambda said=said: said in seen.sent, said)
    seen.press("\x03")
    assert seen.end() == 130
    assert seen.gives_lines
    assert seen.screen.is_cursor_shown


@pytest.mark.skipif(shutil.which("dash") is None, reason="a shell that leaves the terminal alone")
def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(terminal, slow):
    seen = terminal(base=["dash", "-i"], rows=40)
    words = [*BASE, slow.url + "/", "--follow", "-o", "pages.jsonl", "--view", "live"]
    seen.press(" ".join(words) + "\n")
    seen.see("under way")
    assert not seen.gives_lines
    seen.press("\x1a")
    seen.see("Stopped")
    seen.wait(lambda: seen.gives_lines, "a terminal for the shell")
    assert seen.screen.is_cursor_shown
    held = len(slow.requests)
    seen.press("echo it is $((40 + 2))\n")
    seen.see("it is 42")
    seen.press("fg\n")
    seen.wait(lambda: not seen.gives_lines, "the view again")
    seen.wait(lambda: len(slow.requests) > held, "a further request")
    seen.press("q")
    seen.see("Interrupted after")
    seen.wait(lambda: seen.gives_lines, "a terminal for the shell")
    seen.press("exit\n")
    seen.end()


def test_a_terminal_that_hangs_up_ends_the_crawl(terminal, slow):
    seen = terminal(slow.url + "/", "--follow", "-o", "pages.jsonl")
    seen.see("under way")
    os.kill(seen.pid, signal.SIGHUP)
    assert seen.end() in {129, 143}
    assert seen.gives_lines
