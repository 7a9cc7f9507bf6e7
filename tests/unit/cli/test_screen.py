"""Nothing that a server sent is obeyed by the terminal, and a terminal that is gone ends no crawl."""

import io
import os

import pytest

from crawlpool.cli.screen import Above, Screen, complain, printable


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "\x9b31m", "a\rb", "a\nb", "\x07", "\u202egpj.exe", "\ud800", "\u2028"]
)
def test_control_characters_are_written_and_not_sent(text):
    shown = printable(f"x{text}y")
    assert shown.isprintable()
    assert shown[0] + shown[-1] == "xy"


def test_letters_of_any_script_stay_as_they_are():
    assert printable("Grüße, 書店, كتاب") == "Grüße, 書店, كتاب"


def test_a_traceback_keeps_its_lines_and_nothing_else():
    assert printable("a\n\tb\x1b[0m", lines=True) == "a\n        b\\u001b[0m"


def test_a_quiet_screen_drops_notices_but_not_the_log():
    stream = io.StringIO()
    screen = Screen(stream, quiet=True)
    screen.say("notice")
    screen.write("log\n")
    assert stream.getvalue() == "log\n"


def test_the_bar_is_taken_away_before_anything_is_written():
    stream, order = io.StringIO(), []
    screen = Screen(stream)
    screen.lift = lambda: order.append(stream.getvalue())
    screen.say("one")
    Above(stream, screen).write("two\n")
    assert order == ["", "one\n"]
    assert stream.getvalue() == "one\ntwo\n"


def test_a_screen_without_a_reader_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    screen = Screen(stream)
    screen.say("anybody there?")
    screen.say("no")
    assert screen.stream is None
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_a_terminal_of_few_letters_gets_question_marks():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Above(stream, Screen(stream)).write("Grüße\n")
    stream.flush()
    assert stream.buffer.getvalue() == b"Gr??e\n"


def test_without_standard_error_nothing_is_said(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    complain("nobody hears this")
    Screen(None).say("nor this")
