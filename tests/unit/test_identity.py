"""What has to be the same when a crawl goes on, as short texts, and how a difference is said."""

import functools
import linecache

import pytest

from crawlpool import ConfigError, Request, Settings
from crawlpool.handlers import Handlers
from crawlpool.identity import differences, digest_of_file, of_handlers, of_seeds, of_settings


def handlers_of(source, name="parse", filename=None):
    space = {}
    exec(compile(source, filename or "<nowhere>", "exec"), space)
    made = Handlers()
    made.add(space[name])
    return made


def test_a_list_of_urls_that_follows_no_links_has_no_scope_to_compare():
    assert of_settings(Settings(depth=3)) == {"follow": "off"}


def test_scope_depth_and_patterns_are_said_in_words():
    said = of_settings(Settings(follow=True, depth=2, exclude=("/a/*", "/b/*")))
    assert said == {
        "follow": "on",
        "depth": "2",
        "scope": "host",
        "include": "none",
        "exclude": "/a/*, /b/*",
    }


def test_what_is_asked_and_left_out_is_said_where_it_is_not_as_by_default():
    said = of_settings(Settings(strip_params="utm_*,x", sort_params=True, skip_duplicates=["near", "exact"]))
    assert said == {
        "follow": "off",
        "strip-params": "utm_*, x",
        "sort-params": "on",
        "skip-duplicates": "exact, near",
    }


@pytest.mark.parametrize(
    "other",
    [
        ["http://a/2"],
        ["http://a/1", "http://a/2"],
        [Request("http://a/1", method="POST", body=b"x")],
    ],
)
def test_other_seeds_have_another_digest(other):
    assert of_seeds(["http://a/1"]) != of_seeds(other)


def test_the_same_seeds_have_the_same_digest_however_they_are_given():
    assert of_seeds("http://a/1") == of_seeds(["http://a/1"]) == of_seeds(("http://a/1",))


def test_seeds_that_are_read_as_the_crawl_goes_are_not_compared():
    assert of_seeds(iter(["http://a/1"])) == {}
    assert differences({"seeds": "digest 1"}, {}) == []


def test_a_handler_without_source_is_known_by_its_byte_code():
    one = of_handlers(handlers_of("def parse(page):\n    yield {'a': 1}\n"))
    same = of_handlers(handlers_of("def parse(page):\n    yield {'a': 1}\n"))
    constant = of_handlers(handlers_of("def parse(page):\n    yield {'a': 2}\n"))
    inner = of_handlers(handlers_of("def parse(page):\n    yield {'a': [1 for _ in page]}\n"))
    assert one == same
    assert len({str(each) for each in (one, constant, inner)}) == 3


def test_a_comment_in_the_source_is_a_change_but_another_place_in_the_file_is_none():
    def read(text, filename):
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        return of_handlers(handlers_of(text, filename=filename))

    code = "def parse(page):\n    yield 1\n"
    assert read(code, "<one>") == read("\n\n" + code, "<two>")
    assert read(code, "<one>") != read(code.replace("yield 1", "yield 1  # now"), "<three>")


def test_two_handlers_of_one_name_are_both_compared():
    made = handlers_of("def parse(page):\n    yield 1\n")
    alone = of_handlers(made)
    space = {}
    exec("def parse(page):\n    yield 2\n", space)
    made.add(space["parse"], "/other/*")
    assert set(of_handlers(made)) == set(alone)
    assert of_handlers(made) != alone


def test_a_lambda_has_no_name_that_a_job_could_keep():
    made = Handlers()
    made.add(lambda page: None)
    with pytest.raises(ConfigError, match="lambda"):
        of_handlers(made)


def test_a_handler_with_arguments_filled_in_is_known_by_its_function_wherever_that_lies_in_memory():
    def made():
        handlers = Handlers()
        space = {}
        exec("def parse(page, site):\n    yield site\n", space)
        handlers.add(functools.partial(space["parse"], site=1))
        return of_handlers(handlers)

    assert made() == made()
    assert list(made()) == ["handler parse"]


def test_a_difference_quotes_what_was_and_what_is_unless_that_is_a_digest():
    before = {"depth": "2", "urls.txt": "digest 1", "handler old": "digest 2"}
    now = {"depth": "3", "urls.txt": "digest 3", "handler new": "digest 2"}
    assert differences(before, now) == [
        "depth (was 2, now 3)",
        "urls.txt (changed)",
        "handler old (no more)",
        "handler new (new)",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.txt"):
        digest_of_file(tmp_path / "gone.txt")
