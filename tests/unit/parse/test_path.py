"""Paths into JSON find what is there and nothing else, and a text that is no path is none."""

import pytest

from crawlpool.parse.path import path_of, values_at

DOCUMENT = {
    "data": {
        "items": [
            {"name": "a", "price": 1, "tags": ["x", "y"]},
            {"name": "b", "tags": []},
            {"name": None, "price": 3},
        ],
        "by day": {"mon": 1, "tue": 2},
        "0": "zero",
    },
    "total": 2.5,
}


def at(path, document=DOCUMENT, most=1000):
    return values_at(document, path_of(path), most)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("total", [2.5]),
        ("$", [DOCUMENT]),
        ("$.total", [2.5]),
        ("data.items[0].price", [1]),
        ("data.items[-1].price", [3]),
        ("data.items[*].name", ["a", "b", None]),
        ("data.items[*].price", [1, 3]),
        ("data.items[*].tags[*]", ["x", "y"]),
        ('data["by day"].tue', [2]),
        ('data["by day"][*]', [1, 2]),
        ("data.0", ["zero"]),
        ("data.items[3].price", []),
        ("data.items[-4]", []),
        ("data.items.price", []),
        ("data[0]", []),
        ("total[*]", []),
        ("total.x", []),
    ],
)
def test_a_path_gives_what_is_there_in_its_order(path, values):
    assert at(path) == values


def test_a_path_into_a_list_begins_with_its_place():
    assert at("[1].n", [{"n": 1}, {"n": 2}]) == [2]
    assert at("[*].n", [{"n": 1}, {"n": 2}]) == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".a",
        "a.",
        "a..b",
        "a[",
        "a[b]",
        "a[0",
        "[0]a",
        "a[0]b",
        "a b",
        "a[**]",
        'a["x]',
        "a > b",
        "a,b",
        "a@b",
    ],
)
def test_what_is_no_path_is_none(text):
    assert path_of(text) is None


def test_no_more_values_are_looked_at_than_asked_for():
    assert at("[*][*]", [[n] * 1000 for n in range(1000)], most=10) == [0] * 10
