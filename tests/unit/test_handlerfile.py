"""--handler finds a function wherever it is, and says what is wrong where it is not."""

import sys

import pytest

from crawlpool.errors import ConfigError
from crawlpool.handlerfile import load_handler

SHOP = """
import beside

def parse(page):
    yield beside.PRICE

def parse_list(page):
    return []

def two(page, more):
    return []

async def later(page):
    return []

price = 3

class Parser:
    def __call__(self, page):
        return [page]

    def method(self, page):
        return [page]

by_object = Parser()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "beside.py").write_text("PRICE = 7\n")
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def complaint(text):
    with pytest.raises(ConfigError) as caught:
        load_handler(text)
    return str(caught.value)


def test_a_function_in_a_file_can_import_what_lies_beside_it(folder):
    assert list(load_handler("shop.py:parse")(None)) == [7]


def test_a_file_in_another_directory_is_found_with_what_lies_beside_it(folder, monkeypatch):
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert list(load_handler("../shop.py:parse")(None)) == [7]


def test_a_function_in_a_module_is_found_from_here(folder):
    (folder / "package").mkdir()
    (folder / "package" / "inner.py").write_text("def parse(page):\n    return [1]\n")
    assert load_handler("package.inner:parse")(None) == [1]


def test_an_object_that_can_be_called_is_a_handler(folder):
    assert load_handler("shop.py:by_object")("page") == ["page"]


def test_a_file_called_like_a_module_of_python_takes_nothing_from_it(folder):
    (folder / "json.py").write_text("def parse(page):\n    return [2]\n")
    assert load_handler("json.py:parse")(None) == [2]
    assert hasattr(sys.modules.get("json", __import__("json")), "dumps")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shp.py:parse", "no file shp.py; did you mean shop.py?"),
        ("nowhere/shop.py:parse", "no file nowhere"),
        ("shop.py:pars", "no function pars in shop.py; did you mean shop.py:parse?"),
        ("shop.py:zzz", "there is shop.py:parse, shop.py:parse_list"),
        ("shop.py", "which function? there is shop.py:parse"),
        ("shop.py:price", "price is an int, and should be a function that takes a page"),
        ("shop.py:two", "two(page, more) is called with one page"),
        ("shop.py:later", "later is async"),
        ("no_such_module:parse", "no module no_such_module"),
        ("a b:parse", "write it as FILE.py:function or package.module:function"),
    ],
)
def test_a_handler_that_is_not_there_is_an_error_that_says_what_is(folder, text, said):
    assert said in complaint(text)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_thing\n", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("def f(:\n", "SyntaxError"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("def a():\n    return 1 / 0\na()\n", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_that_raises_shows_the_end_of_its_own_traceback(folder, source, said):
    (folder / "broken.py").write_text(source)
    text = complaint("broken.py:f")
    assert text.startswith("--handler broken.py:f raised while it was loaded:\n")
    assert said in text
    assert "importlib" not in text
    assert "broken" not in sys.modules
