"""What the README and docs/ say, held to the code: flags, fields, files, tests, and examples that run.

Three marks, each a comment of its own line before a fenced block, make a block run here:

    <!-- run -->            a python block is run as a script; a console or sh block is typed, line by line
    <!-- run: exit 3 -->    the same, and the last command ends so
    <!-- prints -->         a text block: what the block before it printed; a line "..." stands for any

`https://shop.example` and `http://127.0.0.1:8000` are the sample bookshop, `https://gazette.example`
is the newspaper, and `https://api.example` a little web that takes forms; the test serves them all.
Blocks of python and console that are not run are in `NOT_RUN`, with the reason.
"""

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

import crawlpool
from crawlpool import errors, records, wiring
from crawlpool.bench.modes import MODES
from crawlpool.cli import demo as demo_module
from crawlpool.cli.commands import COMMANDS, whole_parser
from crawlpool.cli.flags import parse
from crawlpool.crawlfile import read_crawl_file
from crawlpool.model import FailureKind, Request, Response
from crawlpool.parse.page import Page
from crawlpool.serve import sample_site, serve
from crawlpool.settings import BACKENDS, SCOPES, Knobs, knobs
from crawlpool.settings.sources import Layer, put_together

from . import doctables
from .command import command

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MANUAL = ROOT / "docs" / "commands.md"
REFERENCE = ROOT / "docs" / "reference.md"
TEXTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
SHOP = "https://shop.example"
NEWS = "https://gazette.example"
API = "https://api.example"
TYPED = "http://127.0.0.1:8000"

NOT_RUN = {
    "# books.py": "a file that the commands beside it use; written into the folder where they run",
    "$ CHAOS_SEED=1234 CHAOS_ROUNDS=1 make chaos": "it takes minutes; tests/chaos is what it runs",
}
"""Blocks that are not run, by their first line."""

_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_CHANGING = (
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "MOMENT"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min)\b"), "TIME"),
    (re.compile(r"\b\d+ % "), "SHARE "),
    (re.compile(r"elapsed_ms=\d+"), "elapsed_ms=N"),
    (re.compile(r"\b\d\.\d{1,3}\b"), "SECONDS"),
    (re.compile(r"\b([Bb]y )?\d+ (process )?workers?\b"), r"\1N \2workers"),  # as many as there are cores
    (re.compile(r"--per-host \d+ would"), "--per-host N would"),
)


class Block(NamedTuple):
    file: Path
    line: int
    language: str
    mark: str
    text: str
    prints: str | None

    @property
    def name(self) -> str:
        return f"{self.file.name}:{self.line}"

    @property
    def is_run(self) -> bool:
        return self.mark.startswith("run")


def _blocks() -> Iterator[Block]:
    for file in TEXTS:
        text = file.read_text(encoding="utf-8")
        found = list(_FENCE.finditer(text))
        for each, after in pairwise([*found, None]):
            prints = after["text"] if after is not None and after["mark"] == "prints" else None
            line = text.count("\n", 0, each.start("text"))
            yield Block(file, line, each["language"], each["mark"] or "", each["text"], prints)


BLOCKS = list(_blocks())
PYTHON = [block for block in BLOCKS if block.language == "python"]
TOML = [block for block in BLOCKS if block.language == "toml"]
CONSOLE = [block for block in BLOCKS if block.language in {"console", "sh"}]


def _named(block: Block) -> str:
    return block.name


def _commands(block: Block) -> list[list[str]]:
    """The crawlpool commands of a block, as words."""
    typed = [line.removeprefix("$ ") for line in block.text.splitlines() if _is_typed(block, line)]
    parts = [part for line in typed for part in line.split(";")]
    found = [shlex.split(part, comments=True) for part in parts]
    return [words[1:] for words in found if words[:1] == ["crawlpool"]]


def _is_typed(block: Block, line: str) -> bool:
    return line.startswith("$ ") if block.language == "console" else bool(line.strip())


def _section(file: Path, heading: str) -> str:
    """What stands under a heading, up to the next of its rank."""
    text = file.read_text(encoding="utf-8")
    rank = heading.partition(" ")[0]
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    following = re.compile(rf"^#{{1,{len(rank)}}} ", re.MULTILINE).search(text, start)
    return text[start : following.start() if following else len(text)]


def _first_cells(table: str) -> list[str]:
    """The words between backticks in the first cell of each row."""
    return re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)


# Flags


@pytest.mark.parametrize(
    ("file", "made"),
    [(README, doctables.readme), (MANUAL, doctables.manual), (REFERENCE, doctables.reference)],
)
def test_the_tables_say_what_the_code_says(file, made):
    text = file.read_text(encoding="utf-8")

    assert made(text) == text, "run `make docs`"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "crawl"])
def test_every_command_has_a_section(name):
    assert f"\n### `crawlpool {name}`\n" in MANUAL.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_no_text_names_a_flag_that_there_is_not(file):
    known = {flag for command in COMMANDS.values() for flag in whole_parser(command).flags}
    lines = [
        line
        for line in file.read_text(encoding="utf-8").splitlines()
        if not re.match(r"(\$ )?(pip|python|pytest|git|make) ", line)
    ]
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", "\n".join(lines)))

    assert named <= known


@pytest.mark.parametrize("block", [block for block in CONSOLE if _commands(block)], ids=_named)
def test_every_command_is_one_that_crawlpool_takes(block):
    for words in _commands(block):
        name, rest = (words[0], words[1:]) if words[0] in COMMANDS else ("crawl", words)
        parse(whole_parser(COMMANDS[name]), rest)


def test_the_demo_explains_what_there_is():
    assert demo_module._USAGE in MANUAL.read_text(encoding="utf-8")


def test_every_way_of_the_bench_is_explained_in_the_order_of_its_bars():
    text = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    assert re.findall(r"^\* \*\*`([\w-]+)`\*\*", text, re.MULTILINE) == list(MODES)


# Reference


def test_the_fields_of_a_record_are_those_of_every_store():
    assert _first_cells(_section(REFERENCE, "## The record")) == list(records.FIELDS)


def test_every_kind_of_failure_is_explained():
    assert _first_cells(_section(REFERENCE, "## Failure kinds")) == [kind.value for kind in FailureKind]


def test_every_knob_stands_in_the_reference():
    named = _first_cells(_section(REFERENCE, "## Knobs"))

    assert named == list(knobs())
    assert set(named) == {*Knobs.__annotations__, "backend"}


def test_every_suffix_names_its_store():
    assert set(re.findall(r"`(\.\w+)`", _section(REFERENCE, "## Stores"))) == set(wiring._STORES)


def test_every_scope_and_backend_is_explained():
    assert _first_cells(_section(REFERENCE, "## Scopes")) == list(SCOPES)
    assert set(_first_cells(_section(README, "## Choosing a backend"))) == set(BACKENDS)


def test_every_exit_code_is_explained():
    table = _section(REFERENCE, "## Exit codes")
    codes = {int(code) for code in re.findall(r"^\| (\d+) ", table, re.MULTILINE)}
    raised = {
        each.exit_code
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.CrawlpoolError)
    }

    assert codes == {0, 6, 130, 143} | (raised - {errors.CrawlpoolError.exit_code})


@pytest.mark.parametrize(
    ("heading", "kind"), [("## Request", Request), ("## Page", Page), ("## Response", Response)]
)
def test_every_public_member_is_in_the_reference(heading, kind):
    fields = getattr(kind, "__dataclass_fields__", {})
    members = {name for base in kind.__mro__[:-1] for name in vars(base) if not name.startswith("_")}
    members |= set(fields)
    if kind is Page:
        members |= {"outcome", "request", "response", "failure", "soup_parser"}
    named = {re.split(r"\W", cell)[0] for cell in _first_cells(_section(REFERENCE, heading))}

    assert named - {"form", "json"} == members - {"json"}


def test_every_public_name_is_in_the_reference():
    assert set(_first_cells(_section(REFERENCE, "## Public names"))) == set(crawlpool.__all__)


# Files and tests that are named


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_links_lead_to_files_and_headings_that_are_there(file):
    text = file.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, heading = target.partition("#")
        linked = (file.parent / path) if path else file
        assert linked.is_file(), target
        if heading:
            heads = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {_anchor(head) for head in heads}, target


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_modules_and_tests_that_are_named_exist(file):
    text = file.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:crawlpool|tests|fixtures|sample_sites|docs)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path
    for path, name in re.findall(r"`(tests/[\w/.]+\.py)::(\w+)`", text):
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), name


def test_the_map_of_the_package_is_whole():
    drawn = _section(README, "## Where things are")
    folder = ROOT / "crawlpool"
    modules = {path.name for path in folder.glob("*.py") if not path.name.startswith("__")}
    folders = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}

    named = set(re.findall(r"^  (\w+(?:\.py|/)) ", drawn, re.MULTILINE))
    assert named == modules | folders


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_no_text_names_a_place_on_somebodys_machine(file):
    assert not re.search(r"/home/|/Users/|/root/|/tmp/|/work/|C:\\", file.read_text(encoding="utf-8")), (
        "a path of one machine"
    )


# Examples


def test_every_block_is_run_or_has_a_reason_not_to_be():
    left = [block for block in BLOCKS if block.language in {"python", "console"} and not block.is_run]

    assert {block.text.split("\n")[0] for block in left} == set(NOT_RUN)
    assert not [
        file.name for file in TEXTS if re.search(r"^ +```", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("block", PYTHON, ids=_named)
def test_every_python_example_compiles(block):
    ast.parse(block.text)


@pytest.mark.parametrize("block", TOML, ids=_named)
def test_every_file_of_settings_is_one_that_crawlpool_takes(block, tmp_path):
    (tmp_path / "api.key").write_text("k", encoding="utf-8")
    (tmp_path / "shop.toml").write_text(block.text, encoding="utf-8")
    file = read_crawl_file(str(tmp_path / "shop.toml"))

    put_together([file.layer, Layer({"auth": ()}, str)])  # whose variable is not there


@pytest.fixture
def typed(tmp_path, site, monkeypatch) -> Iterator:
    """Run words, in a folder with urls.txt, against the sites that the texts talk of.

    What a newcomer types first (README.md) and scripts run in processes of their own, other
    commands in this one: they print the same, and start in a tenth of the time.
    """
    with serve(sample_site("bookshop"), latency_s=0.01) as server, serve(sample_site("news")) as news:
        _make_api(site)
        places = {SHOP: server.url, TYPED: server.url, NEWS: news.url, API: site.url}

        def changed(text: str) -> str:
            for place, url in places.items():
                text = text.replace(place, url)
            return text

        def run(words: list[str], script: str | None = None, *, is_own: bool = True) -> tuple[str, int]:
            if script is not None:
                (tmp_path / "example.py").write_text(changed(script), encoding="utf-8")
            shown, code = (_in_a_process if is_own else _in_this_process)([*map(changed, words)])
            shown = shown.replace(site.url, API).replace(news.url, NEWS)
            return shown.replace(server.url, TYPED if script is None else SHOP), code

        urls = (ROOT / "sample_sites" / "urls.txt").read_text(encoding="utf-8")
        (tmp_path / "urls.txt").write_text(changed(urls), encoding="utf-8")
        (tmp_path / "shops.csv").write_text(
            changed(f"name,website\nHarbour Lane,{SHOP}/\nClosed,{SHOP}/closed\n"), encoding="utf-8"
        )
        (tmp_path / "books.py").write_text(_example("books.py"), encoding="utf-8")
        kept = next(block.text for block in TOML if block.text.startswith("# shop.toml\n"))
        (tmp_path / "shop.toml").write_text(changed(kept), encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
        monkeypatch.setenv("COLUMNS", "100")
        yield run


def _in_a_process(words: list[str]) -> tuple[str, int]:
    """What Python prints, on both of its streams, and its exit code."""
    result = subprocess.run(
        [sys.executable, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )
    return result.stdout, result.returncode


def _in_this_process(words: list[str]) -> tuple[str, int]:
    """The same of `python -m crawlpool`, without a Python of its own."""
    assert words[:2] == ["-m", "crawlpool"]
    done = command(words[2:], folder=Path.cwd(), is_merged=True)
    return done.stdout, done.returncode


def _make_api(site) -> None:
    """A place that takes forms and remembers who logged in."""
    site.page("/login", b"welcome", headers={"Set-Cookie": "session=abc123; Path=/"})
    site.page(
        "/account", lambda asked: f"<h1>{'Your orders' if asked.header('cookie') else 'Please log in'}</h1>"
    )
    site.page("/search", lambda asked: asked.body, content_type="application/json")


def _example(name: str) -> str:
    """The python block whose first line is a comment with this file's name."""
    return next(block.text for block in PYTHON if block.text.startswith(f"# {name}\n"))


@pytest.mark.parametrize("block", [block for block in PYTHON if block.is_run], ids=_named)
def test_a_python_example_runs_as_a_script_and_prints_what_stands_there(block, typed):
    shown, code = typed(["example.py"], block.text)

    assert code == 0, shown
    if block.prints is not None:
        _check_output(block.prints, shown)


@pytest.mark.parametrize("block", [block for block in CONSOLE if block.is_run], ids=_named)
def test_a_command_does_what_stands_there(block, typed, tmp_path):
    shown, code = "", 0
    for line in block.text.splitlines():
        if not _is_typed(block, line):
            continue
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[0] == "head":
            lines = (tmp_path / words[2]).read_text(encoding="utf-8").splitlines()
            shown += "\n".join(lines[: int(words[1].lstrip("-"))]) + "\n"
        elif words[0] == "cat":
            shown += (tmp_path / words[1]).read_text(encoding="utf-8")
        else:
            assert words[0] == "crawlpool", line
            printed, code = typed(["-m", "crawlpool", *words[1:]], is_own=block.file == README)
            shown += printed

    wanted = re.search(r"exit (\d+)", block.mark)
    assert code == (int(wanted[1]) if wanted else 0), shown
    if block.language == "sh":  # nothing is shown
        return
    _check_output("".join(f"{line}\n" for line in block.text.splitlines() if line[:2] != "$ "), shown)


def _check_output(expected: str, printed: str) -> None:
    """Every line that is shown was printed; figures that change from run to run aside."""
    lines = [_steady(line) for line in printed.splitlines()]
    for line in filter(None, map(_steady, expected.splitlines())):
        begin, dots, _ = line.partition("...")
        found = any(other.startswith(begin) for other in lines) if dots else line in lines
        assert found, f"{line!r} was not printed; this was:\n{printed}"


def _steady(text: str) -> str:
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return " ".join(text.split())
