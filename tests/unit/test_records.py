from datetime import UTC, datetime

import pytest

from crawlpool.model import Facts, Failure, FailureKind, Request, Response
from crawlpool.records import FIELDS, record_of

SEED = Request(
    "https://Shop.example/a#top",
    is_listed=True,
    target="https://shop.example/b",
    redirects=("https://shop.example/a",),
    attempt=2,
    depth=1,
)


def _answer(status=200, **more):
    given = {
        "headers": (("Content-Type", "Text/HTML; charset=utf-8"),),
        "size": 1234,
        "facts": Facts(title="A title", link_count=7),
        "fetched_at": 1_700_000_000.1234,
        "elapsed_s": 0.12345,
    }
    return Response(request=SEED, status=status, **{**given, **more})


def test_an_answer_is_a_record_of_all_fields_in_their_order():
    record = record_of(_answer())
    assert tuple(record) == FIELDS
    assert record == {
        "url": "https://Shop.example/a#top",
        "final_url": "https://shop.example/b",
        "status": 200,
        "title": "A title",
        "content_type": "text/html",
        "bytes": 1234,
        "links": 7,
        "depth": 1,
        "elapsed_s": 0.123,
        "fetched_at": "2023-11-14T22:13:20.123Z",
        "attempts": 2,
        "error_kind": None,
        "error_message": None,
        "directives": None,
    }


def test_a_title_of_megabytes_fills_no_disk():
    record = record_of(_answer(facts=Facts(title="x" * 5_000_000, link_count=0)))
    assert record["title"] == "x" * 1000


def test_what_a_page_asks_of_crawlers_stands_in_its_record():
    record = record_of(_answer(facts=Facts(title=None, link_count=0, directives=("nofollow", "noindex"))))
    assert record["directives"] == "nofollow noindex"


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (_answer(404, reason="Not Found"), "http", "HTTP 404 Not Found"),
        (_answer(503), "http", "HTTP 503 Service Unavailable"),
        (_answer(799), "http", "HTTP 799"),
        (_answer(404, reason="No\r\n such"), "http", "HTTP 404 No such"),
        (_answer(304), None, None),
        (_answer(200, is_cut=True), "cut", "the body was cut at 1,234 bytes"),
        (
            _answer(500, is_cut=True),
            "http",
            "HTTP 500 Internal Server Error; the body was cut at 1,234 bytes",
        ),
    ],
)
def test_an_answer_that_is_not_good_says_why_and_keeps_its_status(answer, kind, message):
    record = record_of(answer)
    assert (record["error_kind"], record["error_message"]) == (kind, message)
    assert record["status"] == answer.status


def test_a_page_nobody_looked_into_has_no_title_and_no_count_of_links():
    record = record_of(_answer(facts=None, headers=()))
    assert (record["title"], record["links"], record["content_type"]) == (None, None, None)


def test_a_url_without_an_answer_is_a_record_too():
    request = Request("https://gone.example/", target="https://gone.example/")
    failure = Failure(
        request=request,
        kind=FailureKind.DNS,
        message="no such name",
        attempts=1,
        failed_at=1.5,
        elapsed_s=0.2,
    )
    record = record_of(failure)
    assert tuple(record) == FIELDS
    assert {name: value for name, value in record.items() if value is not None} == {
        "url": "https://gone.example/",
        "depth": 0,
        "elapsed_s": 0.2,
        "fetched_at": "1970-01-01T00:00:01.500Z",
        "attempts": 1,
        "error_kind": "dns",
        "error_message": "no such name",
    }


def test_a_redirect_to_nowhere_names_where_it_led():
    failure = Failure(request=SEED, kind=FailureKind.TIMEOUT, message="late", attempts=3)
    assert record_of(failure)["final_url"] == "https://shop.example/b"


def test_a_url_that_was_never_asked_took_no_time():
    failure = Failure(request=SEED, kind=FailureKind.ROBOTS, message="not allowed", failed_at=1.0)
    record = record_of(failure)
    assert (record["attempts"], record["elapsed_s"]) == (0, None)


def test_a_page_whose_handler_raised_keeps_what_the_server_said():
    failure = Failure(
        request=SEED, kind=FailureKind.HANDLER, message="KeyError: 'x'", attempts=2, response=_answer()
    )
    assert record_of(failure) == {
        **record_of(_answer()),
        "error_kind": "handler",
        "error_message": "KeyError: 'x'",
    }


def test_the_columns_of_a_seed_follow_and_never_hide_a_field():
    request = Request(
        "https://a.example/", columns=(("sku", "7"), ("status", "sold"), ("seed_status", "x"), ("url", ""))
    )
    record = record_of(Response(request=request, status=200))
    assert list(record)[len(FIELDS) :] == ["sku", "seed_status", "seed_seed_status", "seed_url"]
    assert (record["status"], record["seed_status"], record["url"]) == (200, "sold", "https://a.example/")


@pytest.mark.parametrize("url", ["https://me:secret@a.example/x@y", "http://me:p@secret@a.example/x@y"])
def test_no_password_gets_into_a_record(url):
    record = record_of(Response(request=Request(url, target="https://a.example/"), status=200))
    assert record["url"].endswith("://a.example/x@y")


def test_an_at_sign_in_a_path_is_no_password():
    url = "https://a.example/@me?to=a@b"
    assert record_of(Response(request=Request(url), status=200))["url"] == url


@pytest.mark.parametrize(
    "seconds", [0.001, 1.9999999, 1700000000.0, 1700000000.0004999, 1700000000.9999998, 1e10 + 0.123]
)
def test_a_moment_is_said_to_the_millisecond_that_has_begun(seconds):
    said = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    assert record_of(_answer(fetched_at=seconds))["fetched_at"] == said.replace("+00:00", "Z")
