"""Log lines: the events that docs/seeing-it.md lists are those that there are, and read as it says."""

import ast
import io
import json
import logging
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import crawlpool
from crawlpool.cli.logs import logging_to
from crawlpool.cli.screen import Screen
from crawlpool.trace import STEPS

PACKAGE = Path(crawlpool.__file__).parent
DOC = PACKAGE.parent / "docs" / "seeing-it.md"
SAID_IN_WORDS = {"tls.unverified", "netrc.open", "settings.open", "credentials.withheld", "network.gone"}
"""What is for people first: a sentence follows the event."""


@cache
def calls():
    """Every call of a logger in the package: method, the text, where."""
    return list(_calls())


def _calls():
    for file in sorted(PACKAGE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)) if "log." in source else ():
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "log"):
                continue
            text = node.args[1] if node.func.attr == "log" else node.args[0]
            for constant in ast.walk(text):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    yield node.func.attr, constant.value, f"{file.name}:{node.lineno}"


def rows():
    """Event and level of each row of the table."""
    return dict(
        re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| ([A-Z]+) \|", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    )


def events():
    found = defaultdict(set)
    for method, text, _ in calls():
        event = text.split()[0]
        # What the gate says is made of two parts.
        for name in ("host.slowed", "host.recovering") if event == "host.%s" else (event,):
            found[name].add({"exception": "ERROR", "log": ""}.get(method, method.upper()))
    return found


def test_every_event_is_in_the_table_with_its_level_and_no_other():
    found = events()
    assert set(rows()) == set(found)
    for event, level in rows().items():
        assert found[event] <= {level, ""}, event


def test_an_event_comes_first_then_values_by_name_then_the_url():
    for _, text, where in calls():
        event, *values = text.partition("\n")[0].split()
        assert re.fullmatch(r"[a-z]+\.([a-z_]+|%s)", event), where
        if event in SAID_IN_WORDS:
            continue
        assert all(re.fullmatch(r"[a-z_]+=(%[sdrg]|[a-z_]+)", each) for each in values), where
        assert not any(each.startswith("url=") for each in values[:-1]), where


def test_the_steps_of_a_trace_are_those_that_are_explained():
    rows = re.findall(r"^\| `([a-z_]+)` \| ([^|]+?) \|$", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    assert {step: said.replace("`", "") for step, said in rows if step in STEPS} == {
        step: said.replace("`", "") for step, said in STEPS.items()
    }


@pytest.mark.parametrize("ending", ["jsonl", "JSON"])
def test_a_log_file_in_json_has_the_values_by_name_and_none_made_up_by_a_url(tmp_path, ending):
    file = tmp_path / f"crawl.{ending}"
    evil = 'http://a/\x1b[2J\n{"event": "forged"} status=500 level=ERROR'
    log = logging.getLogger("crawlpool")
    with logging_to(Screen(io.StringIO()), verbose=2, quiet=True, file=str(file)):
        log.info("page.done status=%d bytes=%d elapsed_ms=%d attempt=%d url=%s", 200, 10, 12.7, 1, evil)
        log.info("host.%s host=%s because=%s at_once=%d spacing_ms=%d", "slowed", "a", "complaint", 1, 0.0)
        log.info(
            "host.rests host=%s because=failing failures=%d wait_ms=%d last=%r", "a", 3, 10.5, "HTTP 503"
        )
        log.warning("tls.unverified nobody vouches for what %s says: its certificate is not verified", "a")
        log.error("page.handler_failed url=%s\n%s", "http://b/", "Traceback\nValueError: no price")
    text = file.read_text(encoding="ascii")
    found = [json.loads(line) for line in text.splitlines()]
    times = [each.pop("time") for each in found]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each) for each in times)
    assert "\x1b" not in text
    done = {"status": 200, "bytes": 10, "elapsed_ms": 12, "attempt": 1, "url": evil}
    assert found == [
        {"level": "INFO", "event": "page.done", **done},
        {
            "level": "INFO",
            "event": "host.slowed",
            "host": "a",
            "because": "complaint",
            "at_once": 1,
            "spacing_ms": 0,
        },
        {
            "level": "INFO",
            "event": "host.rests",
            "host": "a",
            "because": "failing",
            "failures": 3,
            "wait_ms": 10,
            "last": "HTTP 503",
        },
        {
            "level": "WARNING",
            "event": "tls.unverified",
            "message": "nobody vouches for what a says: its certificate is not verified",
        },
        {
            "level": "ERROR",
            "event": "page.handler_failed",
            "url": "http://b/",
            "traceback": "Traceback\nValueError: no price",
        },
    ]


def test_every_finished_request_has_one_line_also_in_the_library(site, caplog):
    site.page("/", title="home")
    site.redirect("/old", "/")
    caplog.set_level(logging.INFO, "crawlpool")
    pages = crawlpool.fetch_all([site.url + "/", site.url + "/old", site.url + "/none"], backend="sync")
    assert [page.status for page in pages] == [200, 200, 404]
    said = sorted(each.getMessage().split()[0] for each in caplog.records if each.levelno == logging.INFO)
    assert said == ["page.done"] * 3 + ["robots.done"]


def test_what_is_left_out_has_a_line_as_well(site, caplog):
    site.page("/", links=["/a", "/old"])
    site.page("/a")
    site.redirect("/old", "/a")
    caplog.set_level(logging.INFO, "crawlpool")
    crawlpool.Crawler(follow=True, backend="sync").run(site.url + "/")
    assert [
        each.getMessage() for each in caplog.records if each.getMessage().startswith("page.left_out")
    ] == [f"page.left_out why='redirect to a known page' url={site.url}/old"]
