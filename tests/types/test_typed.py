"""The library under `mypy --strict`, from outside: what it is taken to be, and which mistakes are found."""

import inspect
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import crawlpool
from crawlpool import testing

HERE = Path(__file__).parent
_ERROR = re.compile(r"(?P<file>[\w.]+\.py):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]")
_MARK = re.compile(r"# error: ([\w,-]+)$")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The errors in this folder's scripts, by file and line: sets of codes."""
    files = sorted(file for file in HERE.glob("*.py") if not file.name.startswith("test_"))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file=", *map(str, files)],
        cwd=HERE.parent.parent,  # where mypy's cache is
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    errors = defaultdict(set)
    for line in done.stdout.splitlines():
        if (match := _ERROR.search(line)) is not None:
            errors[Path(match["file"]).name, int(match["line"])].add(match["code"])
        else:
            assert "error" not in line, line
    return errors


@pytest.mark.parametrize("name", ["library.py", "in_tests.py"])
def test_a_strictly_typed_script_has_no_error(found, name):
    assert {key: codes for key, codes in found.items() if key[0] == name} == {}


def test_every_mistake_is_found_and_nothing_else(found):
    wanted = {}
    for number, line in enumerate((HERE / "mistakes.py").read_text().splitlines(), 1):
        if (match := _MARK.search(line)) is not None:
            wanted["mistakes.py", number] = set(match[1].split(","))
    assert {key: codes for key, codes in found.items() if key[0] == "mistakes.py"} == wanted


def test_the_package_says_that_it_is_typed():
    assert (Path(crawlpool.__file__).parent / "py.typed").exists()


# What the names say of themselves


def public():
    for module in (crawlpool, testing):
        for name in module.__all__:
            yield f"{module.__name__}.{name}", getattr(module, name)


def members_of(thing):
    """What a class defines that is public and ours, methods and properties."""
    for owner in thing.__mro__:
        if owner.__module__.startswith("crawlpool"):
            for name, member in vars(owner).items():
                if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                    yield name, member


@pytest.mark.parametrize(
    ("name", "thing"), list(public()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_public_name_says_what_it_is_and_what_it_takes(name, thing):
    text = inspect.getdoc(thing)
    assert text, name
    if inspect.isclass(thing):
        for member, value in members_of(thing):
            said = inspect.getdoc(value if not isinstance(value, property) else value.fget)
            assert said, f"{name}.{member}"
            if inspect.isfunction(value):
                assert unsaid(value, said) == [], f"{name}.{member}"
    else:
        assert unsaid(thing, text) == [], name


def unsaid(function, text):
    """Arguments of a function that its docstring does not speak of; of a single one the first line does."""
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    if len(names) == 1 or "; see `" in text:  # a class says it
        return []
    return [name for name in names if not re.search(rf"\b{name}\b", text)]


def test_public_names_are_sorted():
    for module in (crawlpool, testing):
        assert list(module.__all__) == sorted(module.__all__)
