import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawlpool.errors import StoreError
from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.records import record_of
from crawlpool.stores.base import Start
from crawlpool.stores.stdout import OutputClosed, StreamStore, short, visible


def _record(status=200, **more):
    request = Request("https://shop.example/a", target="https://shop.example/a")
    return {**record_of(Response(request=request, status=status, size=60_123)), **more}


def test_a_pipe_gets_json_lines_in_utf_8_at_each_flush_whatever_the_encoding():
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="ascii") as stream:
        store = StreamStore(stream, is_terminal=False)
        store.open(Start.FRESH)
        store.write({"a": "é\u2028"})
        assert store.flush() is None
        assert json.loads(os.read(reader, 1000).decode()) == {"a": "é\u2028"}
        store.close()
        store.close()
        stream.write("still open\n")
    assert os.read(reader, 1000).split() == [b"still", b"open"]
    os.close(reader)


def test_what_others_wrote_to_the_stream_comes_first():
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        stream.write("theirs\n")
        store = StreamStore(stream, is_terminal=False)
        store.write({"a": 1})
        store.flush()
    with os.fdopen(reader, encoding="utf-8") as file:
        assert file.read() == 'theirs\n{"a": 1}\n'


def test_a_reader_that_leaves_is_told_once():
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        store = StreamStore(stream, is_terminal=False)
        os.close(reader)
        store.write({"a": 1})
        with pytest.raises(OutputClosed):
            store.flush()
        store.write({"a": 2})
        store.flush()
        store.close()


def test_head_ends_a_program_that_writes_without_a_word_on_stderr():
    program = (
        "import sys\n"
        "from crawlpool.stores.stdout import OutputClosed, StreamStore\n"
        "store = StreamStore(sys.stdout, is_terminal=False)\n"
        "try:\n"
        "    for n in range(10**9):\n"
        "        store.write({'n': n}); store.flush()\n"
        "except OutputClosed:\n"
        "    sys.exit(0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout.readline() == b'{"n": 0}\n'
        running.stdout.close()
        assert (running.stderr.read(), running.wait()) == (b"", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_a_store_error():
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        store = StreamStore(stream, is_terminal=False)
        store.write({"a": 1})
        with pytest.raises(StoreError, match="No space") as told:
            store.flush()
        assert not isinstance(told.value, OutputClosed)


def test_a_stream_that_was_closed_is_closed_output():
    stream = io.StringIO()
    store = StreamStore(stream, is_terminal=False)
    stream.close()
    store.write({"a": 1})
    with pytest.raises(OutputClosed):
        store.flush()


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (_record(title="Books"), "200    60.1 kB  https://shop.example/a  Books"),
        (_record(404), "404    60.1 kB  https://shop.example/a  HTTP 404 Not Found"),
        (_record(title=None), "200    60.1 kB  https://shop.example/a"),
        (_record(title="x" * 100), "200    60.1 kB  https://shop.example/a  " + "x" * 79 + "…"),
        (
            record_of(
                Failure(request=Request("https://x.example/"), kind=FailureKind.DNS, message="no such name")
            ),
            "  -          -  https://x.example/  dns: no such name",
        ),
        ({"title": "Bücher", "price": 3}, '{"title": "Bücher", "price": 3}'),
    ],
)
def test_a_terminal_gets_short_lines(record, line):
    assert short(record) == line


@pytest.mark.parametrize(
    "text",
    ["\x1b[2J", "\x9b31m", "\x07", "a\rb", "a\nb", "\x7f", "\u202egpj.exe", "\u2066", "\ud800", "\u200b"],
)
def test_nothing_that_a_server_says_is_obeyed_by_the_terminal(text):
    stream = io.StringIO()
    store = StreamStore(stream, is_terminal=True)
    store.write(_record(title=text, url=f"https://x/{text}"))
    store.write({"item": text, text: 1})
    store.flush()
    lines = stream.getvalue()
    assert lines.count("\n") == 2
    assert lines.replace("\n", "").isprintable()


def test_what_has_no_shape_is_shown_in_the_escapes_of_json():
    text = "\x1b\x9b\u202e\u00ad\u180e\ufff9\U000e0041\ud800"
    assert visible(text).isascii()
    assert json.loads(f'"{visible(text)}"') == text


def test_ordinary_text_shows_as_it_is():
    assert visible("Ünïcödé 日本語 🦊") == "Ünïcödé 日本語 🦊"


def test_a_terminal_with_a_poor_encoding_shows_a_question_mark_and_goes_on():
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="ascii") as stream:
        store = StreamStore(stream, is_terminal=True)
        store.write({"a": "é"})
        store.flush()
    assert os.read(reader, 100) == b'{"a": "?"}\n'
    os.close(reader)
