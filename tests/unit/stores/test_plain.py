import dataclasses
import subprocess
import sys
from collections import OrderedDict, UserDict, deque, namedtuple
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from ipaddress import ip_address
from uuid import UUID

import attrs
import pydantic
import pytest
from bs4 import BeautifulSoup

from crawlpool.stores.plain import as_json, plain


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    BIG = 2


class Word(StrEnum):
    A = "a"


@dataclasses.dataclass
class Price:
    amount: Decimal
    currency: str = "EUR"


@attrs.define
class Author:
    name: str


class Book(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")

    title: str
    site: pydantic.HttpUrl


def test_every_kind_of_item_becomes_a_dict():
    assert plain({"a": 1}) == {"a": 1}
    assert plain(UserDict(a=1)) == {"a": 1}
    assert plain(Price(Decimal("1.10"))) == {"amount": "1.10", "currency": "EUR"}
    assert plain(Author("Ann")) == {"name": "Ann"}
    assert plain(Book(title="x", site="https://a.example/")) == {"title": "x", "site": "https://a.example/"}


def test_what_a_pydantic_model_was_given_besides_its_fields_is_kept():
    assert plain(Book(title="x", site="https://a.example/", more=1))["more"] == 1


def test_items_within_items_become_dicts_too():
    item = {"book": [Book(title="x", site="https://a.example/")], "by": (Author("Ann"), Price(Decimal(1)))}
    assert plain(item) == {
        "book": [{"title": "x", "site": "https://a.example/"}],
        "by": [{"name": "Ann"}, {"amount": "1", "currency": "EUR"}],
    }


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (date(2024, 1, 2), "2024-01-02"),
        (time(3, 4), "03:04:00"),
        (timedelta(minutes=1.5), 90.0),
        (Decimal("NaN"), None),
        (Decimal("1E+3"), "1E+3"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (ip_address("127.0.0.1"), "127.0.0.1"),
        (b"caf\xc3\xa9", "café"),
        (b"\xff\x00", "data:application/octet-stream;base64,/wA="),
        (bytearray(b"a"), "a"),
        (Colour.RED, "red"),
        (Size.BIG, 2),
        (Word.A, "a"),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset(("b", 1, None)), [None, 1, "b"]),
        (deque((1, 2)), [1, 2]),
        (range(2), [0, 1]),
        ((n for n in (1, 2)), [1, 2]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.values(), [1]),
        (namedtuple("Point", "x y")(1, 2), [1, 2]),  # noqa: PYI024
        (OrderedDict(b=1), {"b": 1}),
        (
            {1: "a", None: "b", Colour.RED: "c", b"d": "d", (1, 2): "e"},
            {"1": "a", "None": "b", "red": "c", "d": "d", "(1, 2)": "e"},
        ),
        ([float("inf"), 1.5], [None, 1.5]),
    ],
)
def test_a_value_becomes_a_plain_one(value, wanted):
    made = plain({"a": value})["a"]
    assert made == wanted
    assert type(made) is type(wanted)


def test_text_of_a_soup_does_not_drag_its_page_along():
    soup = BeautifulSoup("<p>a <b>bold</b></p>", "html.parser")
    item = plain({"text": soup.b.string, "tag": soup.b})
    assert item == {"text": "bold", "tag": "<b>bold</b>"}
    assert type(item["text"]) is str


@pytest.mark.parametrize("item", [None, 3, "text", ["a"], Book, dict, object()])
def test_what_is_no_item_is_quoted_in_the_complaint(item):
    with pytest.raises(TypeError, match=r"is not an item; give a dict"):
        plain(item)


@pytest.mark.parametrize("value", [object(), Book, print])
def test_what_cannot_be_kept_is_quoted_in_the_complaint(value):
    with pytest.raises(TypeError, match=r"cannot be stored"):
        plain({"a": [value]})


def test_an_item_that_holds_itself_is_a_complaint_and_no_crash():
    item = {}
    item["a"] = [item]
    with pytest.raises(TypeError, match="holds itself"):
        plain(item)


def test_two_names_that_read_the_same_are_a_complaint():
    with pytest.raises(TypeError, match="'1'"):
        plain({1: "a", "1": "b"})


def test_the_item_is_left_as_it_was():
    item = {"a": {2, 1}, 1: [date(2024, 1, 1)]}
    plain(item)
    assert item == {"a": {2, 1}, 1: [date(2024, 1, 1)]}


def test_json_of_a_value_nobody_made_plain_is_the_same():
    item = {1: {2}, "b": float("nan"), "c": (date(2024, 1, 2),)}
    assert as_json(item) == as_json(plain(item))


def test_plain_dicts_need_no_heavy_library():
    program = (
        "import sys\n"
        "from crawlpool.stores.plain import plain\n"
        "plain({'a': [1, {'b': 'c'}]})\n"
        "assert not {'itemadapter', 'pydantic', 'attr'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
