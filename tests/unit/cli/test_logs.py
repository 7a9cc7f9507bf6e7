"""Log lines go where the flags say, one a record, and obey nobody."""

import io
import logging

import pytest

from crawlpool.cli.logs import logging_to
from crawlpool.cli.screen import Screen
from crawlpool.errors import ConfigError

log = logging.getLogger("crawlpool.test")


def logged(*, verbose=0, quiet=False, file=None):
    stream = io.StringIO()
    with logging_to(Screen(stream), verbose=verbose, quiet=quiet, file=file):
        log.debug("page.retried")
        log.info("page.done url=%s", "http://a.test/\x1b[2J\nforged line")
        log.warning("worker.lost")
        log.error("worst")
    return stream.getvalue()


def test_without_v_only_warnings_are_shown():
    assert logged() == "WARNING: worker.lost\nERROR: worst\n"


def test_quiet_shows_errors_only():
    assert logged(quiet=True) == "ERROR: worst\n"


def test_v_shows_requests_and_vv_shows_retries():
    assert "page.done" in logged(verbose=1)
    assert "page.retried" not in logged(verbose=1)
    assert "page.retried" in logged(verbose=2)


def test_a_url_cannot_forge_a_line():
    assert logged(verbose=1).splitlines()[0] == "page.done url=http://a.test/\\u001b[2J\\u000aforged line"


def test_a_page_that_is_quoted_in_a_traceback_begins_no_line_of_the_log(tmp_path):
    said = "no price in 'x\n2026-01-01T00:00:00.000Z ERROR crawlpool all is lost\r\nERROR: \x1b[2J'"
    file = tmp_path / "crawl.log"
    stream = io.StringIO()
    with logging_to(Screen(stream), verbose=0, quiet=False, file=str(file)):
        log.error(
            "page.handler_failed url=%s\n%s", "http://a.test/\nERROR: b", f"Traceback\nValueError: {said}\n"
        )
        log.error("page.done url=%s", said)
        try:
            int(said.splitlines()[0] + "\n" + said)
        except ValueError:
            log.exception("broken")
    for text, mark in ((stream.getvalue(), "ERROR: "), (file.read_text(), "2")):
        events = [line for line in text.splitlines() if not line.startswith("  ")]
        assert len(events) == 3
        assert all(line.startswith(mark) for line in events)
        assert "\x1b" not in text
        assert "ERROR crawlpool all is lost" in text


def test_a_log_file_is_added_to_with_the_time_whatever_is_shown(tmp_path):
    file = tmp_path / "crawl.log"
    file.write_text("before\n")
    assert logged(quiet=True, file=str(file)) == "ERROR: worst\n"
    before, done, *_ = file.read_text().splitlines()
    assert before == "before"
    time, level, name, event, _ = done.split(" ", 4)
    assert time.endswith("Z")
    assert (level, name, event) == ("INFO", "crawlpool.test", "page.done")


def test_a_log_file_that_cannot_be_written_is_wrong_usage(tmp_path):
    with pytest.raises(ConfigError, match=r"--log-file .*cannot be written"):
        logged(file=str(tmp_path / "no" / "crawl.log"))


def test_a_traceback_keeps_its_lines():
    stream = io.StringIO()
    with logging_to(Screen(stream), verbose=0, quiet=False, file=None):
        try:
            int("\x1b[2J")
        except ValueError:
            log.exception("handler.raised")
    first, *_, last = stream.getvalue().splitlines()
    assert first == "ERROR: handler.raised"
    assert last.startswith("  ValueError: ")
    assert "\x1b" not in last


def test_the_logger_is_left_as_it_was():
    logger = logging.getLogger("crawlpool")
    before = (logger.level, logger.propagate, list(logger.handlers))
    logged(verbose=2)
    assert (logger.level, logger.propagate, list(logger.handlers)) == before
