"""Which columns a record has, in what order, and what is in them."""

import sys

import pytest

from crawlpool.errors import ConfigError
from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.records import FIELDS
from crawlpool.selecting import Columns

URL = "https://shop.example/"
HTML = '<!DOCTYPE html><title>T</title><h1>A <i>book</i></h1><p>Text &amp; more <a href="/x">there</a></p>'


def answer(body=HTML, *, kind="text/html", status=200, columns=(), headers=(), **more):
    content = body if isinstance(body, bytes) else body.encode()
    return Response(
        request=Request(URL, target=URL, columns=columns),
        status=status,
        headers=(("Content-Type", kind), *headers),
        body=content,
        size=len(content),
        media_type=kind.partition(";")[0],
        **more,
    )


def failure():
    return Failure(request=Request(URL, target=URL), kind=FailureKind.DNS, message="no such name", attempts=1)


def record(outcome, *fields, select=()):
    return Columns(tuple(select), fields).record_of(outcome)[0]


def complaint(*fields, select=()):
    with pytest.raises(ConfigError) as caught:
        Columns(tuple(select), fields)
    return str(caught.value)


def test_selected_columns_stand_behind_the_records_own_and_before_those_of_a_table():
    made = record(
        answer(columns=(("name", "n"), ("h", "of the table"))), select=[("h", "h1"), ("p", "p a@href")]
    )
    assert list(made) == [*FIELDS, "h", "p", "name", "seed_h"]
    assert (made["h"], made["p"], made["seed_h"]) == ("A book", "https://shop.example/x", "of the table")


@pytest.mark.parametrize(
    "outcome", [failure(), answer(status=404), answer(b"%PDF-1.7", kind="application/pdf")]
)
def test_a_page_without_a_match_has_the_same_columns_all_null(outcome):
    made = record(outcome, "+text", "+html", "+markdown", select=[("h", "h1")])
    assert list(made) == [*FIELDS, "text", "html", "markdown", "h"]
    assert [made[name] for name in ("text", "html", "markdown", "h")] == [None] * 4


def test_signs_add_to_the_usual_columns_and_take_from_them():
    made = record(answer(), "+text", "-links", "-depth")
    assert [name for name in FIELDS if name not in made] == ["links", "depth"]
    assert made["text"] == "A book\nText & more there"


def test_a_plain_list_is_exactly_these_columns_in_this_order():
    outcome = answer(columns=(("name", "n"), ("other", "o")))
    select = [("h", "h1")]
    assert list(record(outcome, "h", "url", "html", select=select)) == ["h", "url", "html"]
    assert record(outcome, "url", "columns", "h", select=select) == {
        "url": URL,
        "name": "n",
        "other": "o",
        "h": "A book",
    }
    assert record(outcome, "column:other", "column:missing", "title") == {
        "other": "o",
        "missing": None,
        "title": None,
    }
    assert "name" not in record(outcome, "-columns")


def test_headers_are_columns_and_a_cookie_only_when_it_is_asked_for_by_name():
    outcome = answer(
        headers=(("ETag", '"1"'), ("Vary", "a"), ("vary", "b"), ("Set-Cookie", "k=v"), ("Set-Cookie", "l=w"))
    )
    made = record(outcome, "header:ETag", "header:vary", "header:none", "header:set-cookie", "headers")
    assert made == {
        "header:etag": '"1"',
        "header:vary": "a, b",
        "header:none": None,
        "header:set-cookie": "k=v\nl=w",
        "headers": {"content-type": "text/html", "etag": '"1"', "vary": "a, b"},
    }
    assert record(answer(status=404), "header:content-type") == {"header:content-type": "text/html"}


def test_text_of_what_is_no_page_is_the_text_itself():
    assert record(answer("a  b\n", kind="text/plain"), "text", "html") == {"text": "a  b\n", "html": None}
    assert record(answer('{"a": 1}', kind="application/json"), "text") == {"text": '{"a": 1}'}


def test_markdown_has_headings_and_absolute_links_and_is_without_scripts():
    made = record(answer(HTML + "<script>x()</script>"), "markdown")["markdown"]
    assert made == "# A *book*\n\nText & more [there](https://shop.example/x)"


def test_markdown_of_a_page_that_nests_too_deep_is_null_and_no_error():
    assert record(answer("<div>" * 3000 + "x"), "markdown") == {"markdown": None}


def test_markdown_without_its_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "markdownify", None)
    assert 'pip install "crawlpool[markdown]"' in complaint("+markdown")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (["titel"], "'titel', which is no column; did you mean 'title'?"),
        (["+txt"], "did you mean 'text'?"),
        (["zzz"], "known: url, final_url"),
        (["url", "+text"], "either all have a + or -"),
        (["-text"], "no record has text unless"),
        (["+links", "-links"], "give one of them"),
        (["url"], "fields has no 'h'"),
        (["-h"], "fields has no 'h'"),
        (["header:"], "is no column"),
        (["+"], "is no column"),
    ],
)
def test_a_field_that_cannot_be_is_refused_and_quoted(fields, said):
    assert said in complaint(*fields, select=[("h", "h1")])


def test_no_selection_may_be_called_like_a_column_that_there_could_be():
    for name in (*FIELDS, "text", "html", "markdown", "headers", "columns"):
        assert "each record has a column of that name" in complaint(select=[(name, "h1")])


def test_looks_tell_where_a_column_was_looked_for_and_had_no_match():
    columns = Columns((("h", "body h1"), ("path", "a[0].b"), ("both", "total")))

    def looks(outcome):
        return [(each.name, each.is_found) for each in columns.record_of(outcome)[1]]

    assert looks(answer()) == [("h", True), ("both", False)]
    assert looks(answer('{"total": 1}', kind="application/json")) == [("path", False), ("both", True)]
    assert looks(answer("{torn", kind="application/json")) == [("path", False), ("both", False)]
    assert looks(answer("x", kind="text/plain")) == looks(answer(status=500)) == looks(failure()) == []


def test_one_page_is_parsed_once_however_many_columns_there_are(monkeypatch):
    from crawlpool.parse import page

    made = []
    whole = page.tree_of
    monkeypatch.setattr(page, "tree_of", lambda *given: made.append(1) or whole(*given))
    record(answer(), "+text", "+html", select=[("h", "h1"), ("a", "a*"), ("b", "p a@href")])
    assert made == [1]
