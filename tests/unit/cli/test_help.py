"""Help: all commands on a screen or two, then one command, group or flag; each ends with what may be typed."""

import shlex
import subprocess
import sys
from contextlib import suppress

import pytest

from crawlpool.cli import main
from crawlpool.cli.commands import COMMANDS, help_parser, whole_parser
from crawlpool.cli.flags import crawl_parser, parse

EXAMPLES = [
    (name, part.strip())
    for name, command in COMMANDS.items()
    for example in command.examples
    for part in example.split(";")
]


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words):
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_overview_names_every_command_and_fits_on_two_screens(run):
    code, out, _ = run("--help")
    assert code == 0
    for name, command in COMMANDS.items():
        assert f"\n  {name} {command.takes}" in out
    assert out.count("\n") <= 2 * 45
    assert max(map(len, out.splitlines())) <= 80
    assert out == run("help")[1] == run("-h")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_ends_with_examples(run, name):
    code, out, _ = run("help", name)
    assert code == 0
    assert out.startswith("usage: crawlpool")
    last = out.rstrip().splitlines()[-len(COMMANDS[name].examples) :]
    assert last == [f"  crawlpool {example}" for example in COMMANDS[name].examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_every_example_is_one_that_its_command_takes(name, example):
    words = shlex.split(example.removeprefix("crawlpool ").partition(" > ")[0])
    assert name == "crawl" or words.pop(0) == name
    if name != "help":  # which takes a flag as its word
        parse(whole_parser(COMMANDS[name]), words)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_the_same_beside_help_and_behind_it(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with suppress(SystemExit):  # argparse's own way
        assert main([name, "--help"]) == 0
    assert capsys.readouterr().out == help_parser(COMMANDS[name]).format_help()


def test_all_flags_of_a_crawl_are_in_its_help(run):
    out = run("crawl", "--help")[1]
    assert [flag for flag in crawl_parser().flags if f"{flag}" not in out] == []
    assert run("help", "crawl")[1] == out == run("urls.txt", "--help")[1]


def test_a_flag_or_a_group_of_flags_is_explained(run):
    out = run("help", "--delay")[1]
    assert out.startswith("  --delay SECONDS")
    assert "Default: 0 s." in out

    out = run("help", "politeness")[1]
    assert out.startswith("Politeness:\n")
    assert "--no-robots" in out
    assert "--timeout" not in out
    assert run("help", "following")[1] == run("help", "Following links")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["help", "lnks"], "there is no command 'lnks', and no group of flags; did you mean links?"),
        (
            ["help", "qqq"],
            "there is no command 'qqq', and no group of flags; crawlpool help lists the commands",
        ),
        (["help", "--dely"], "there is no flag --dely; did you mean --delay?"),
        (["help", "get", "links"], "name one command, group or flag, not 'get' 'links'"),
        (["lniks", "https://a.test/"], "unknown command 'lniks'; did you mean links?"),
        (
            ["nope"],
            "is neither a file here nor a URL; write a URL as https://shop.example/; a command is the first",
        ),
        (["-q", "get", "https://a.test/"], "a command is the first word, and crawlpool help lists them"),
        (
            ["links", "https://a.test/", "--select", "a=b"],
            "--select is a flag of a crawl, and links does without it",
        ),
        (["status", "x.job", "--follow"], "--follow is a flag of a crawl, and status does without it"),
        (["status", "x.job", "--jsn"], "unknown flag --jsn; did you mean --json?"),
        (["status", "x.job", "--zz"], "unknown flag --zz; crawlpool help status lists all"),
    ],
)
def test_a_slip_is_answered_with_what_was_probably_meant(run, words, said):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("words", [["help", "get"], ["links", "--help"], ["shell", "-h"]])
def test_help_of_a_command_loads_nothing_that_crawls(words):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "crawlpool", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    for heavy in ("requests", "rich", "selectolax", "asyncio", "IPython"):
        assert f" {heavy}\n" not in done.stderr


@pytest.mark.parametrize("columns", [72, 80, 100])
@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_says_of_itself_fits_the_terminal(name, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    said = help_parser(COMMANDS[name]).format_help()

    lines = said.partition("Examples:")[0].splitlines()  # a command to copy is one line
    assert [line for line in lines if len(line) > columns and not line.startswith("usage:")] == []
