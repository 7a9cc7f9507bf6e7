"""What every frontier that remembers promises: none twice, none lost, best first."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from crawlpool.frontiers.base import End, Frontier, Tried
from crawlpool.frontiers.memory import MemoryFrontier
from crawlpool.frontiers.sqlite import SqliteFrontier
from crawlpool.job.file import JobFile
from crawlpool.model import Request
from crawlpool.urls import fingerprint

IN_A_FILE = {"sqlite": SqliteFrontier, "sqlite, full": partial(SqliteFrontier, most_held=1, batch=1)}


@pytest.fixture(params=["memory", *IN_A_FILE])
def frontier(request, tmp_path) -> Iterator[Frontier]:
    if request.param == "memory":
        yield MemoryFrontier()
        return
    with closing(JobFile(tmp_path / "crawl.job")) as job:
        yield IN_A_FILE[request.param](job)


def request(path: str, host: str = "a", **more) -> Request:
    url = f"http://{host}{path}"
    return Request(url, target=url, **more)


def ends(leases: list[Request]) -> list[End]:
    return [End(request=each, status=200) for each in leases]


def paths(requests: list[Request]) -> list[str]:
    return [r.target.removeprefix("http://a") for r in requests]


def test_a_request_is_accepted_once(frontier):
    first = frontier.add([request("/1"), request("/2"), request("/1")])
    again = frontier.add([request("/2"), request("/3")])

    assert paths(first) == ["/1", "/2"]
    assert paths(again) == ["/3"]


def test_the_same_url_with_another_method_or_body_is_another_request(frontier):
    added = frontier.add(
        [request("/1"), request("/1", body=b"x"), request("/1", body=b"y"), request("/1", body=b"x")]
    )

    assert [(r.method, r.body) for r in added] == [("GET", b""), ("POST", b"x"), ("POST", b"y")]


def test_what_was_done_is_not_accepted_again(frontier):
    frontier.add([request("/1")])
    frontier.commit(ends(frontier.take("a", 1)), {})

    assert frontier.is_finished()
    assert frontier.add([request("/1")]) == []
    assert frontier.unknown(["http://a/1", "http://a/2"], depth=1, found_on="http://a/") == ["http://a/2"]


def test_higher_priority_goes_first_then_lower_depth_then_the_older(frontier):
    frontier.add(
        [
            request("/deep", depth=2),
            request("/old", depth=1),
            request("/new", depth=1),
            request("/urgent", depth=3, priority=1),
        ]
    )

    assert paths(frontier.take("a", 9)) == ["/urgent", "/old", "/new", "/deep"]


def test_hosts_have_queues_of_their_own(frontier):
    frontier.add([request("/1"), request("/2", host="b")])

    assert frontier.take("c", 1) == []
    assert [r.target for r in frontier.take("b", 9)] == ["http://b/2"]
    assert frontier.waiting() == 1
    assert frontier.waiting("b") == 0


def test_a_lease_that_is_put_back_is_leased_again_before_younger_ones(frontier):
    frontier.add([request("/1"), request("/2", depth=1)])
    (lease,) = frontier.take("a", 1)
    assert not frontier.is_finished()
    frontier.put_back(lease)

    assert paths(frontier.take("a", 2)) == ["/1", "/2"]


def test_a_lease_that_is_put_back_last_goes_behind_its_equals(frontier):
    frontier.add([request("/1"), request("/2")])
    (lease,) = frontier.take("a", 1)
    frontier.put_back(lease, last=True)

    assert paths(frontier.take("a", 2)) == ["/2", "/1"]


def test_nothing_to_take_is_not_finished(frontier):
    frontier.add([request("/1")])
    leases = frontier.take("a", 1)

    assert frontier.take("a", 1) == []
    assert not frontier.is_finished()
    frontier.commit(ends(leases), {})
    assert frontier.is_finished()


def test_a_waiting_url_that_is_found_nearer_to_a_seed_is_brought_up(frontier):
    frontier.add([request("/far", depth=5, found_on="http://a/x"), request("/mid", depth=3)])
    assert frontier.unknown(["http://a/far"], depth=2, found_on="http://a/near") == []

    far, mid = frontier.take("a", 9)
    assert (far.target, far.depth, far.found_on) == ("http://a/far", 2, "http://a/near")
    assert mid.target == "http://a/mid"
    assert frontier.waiting() == 0


def test_a_waiting_url_that_was_found_becomes_the_users_own_when_listed(frontier):
    frontier.add([request("/1", depth=3)])
    added = frontier.add([request("/1", is_listed=True)])

    assert len(added) == 1
    assert [r.is_listed for r in frontier.take("a", 9)] == [True]


def test_unknown_urls_come_back_once_and_in_their_order(frontier):
    frontier.add([request("/2")])
    urls = ["http://a/3", "http://a/2", "http://a/1", "http://a/3"]

    assert frontier.unknown(urls, depth=1, found_on="http://a/") == ["http://a/3", "http://a/1"]
    assert frontier.add([request("/3")]) != []  # asking accepts nothing


def test_the_target_of_a_redirect_is_marked_once(frontier):
    frontier.add([request("/known")])

    assert frontier.mark(request("/new"))
    assert not frontier.mark(request("/new"))
    assert not frontier.mark(request("/known"))
    assert frontier.add([request("/new")]) == []


def test_a_fingerprint_of_a_plain_get_is_its_url():
    assert fingerprint("http://a/") == "http://a/"
    assert fingerprint("http://a/", "POST", b"1") != fingerprint("http://a/", "POST", b"2")


def test_where_a_redirect_led_is_accepted_once_more_when_the_user_names_it(frontier):
    frontier.mark(request("/c"))

    assert frontier.add([request("/c")]) == []
    assert len(frontier.add([request("/c", is_listed=True)])) == 1
    assert frontier.add([request("/c", is_listed=True)]) == []


def test_what_is_told_of_tries_and_of_links_left_out_changes_nothing_that_waits(frontier):
    frontier.add([request("/1"), request("/2")])
    (lease,) = frontier.take("a", 1)
    frontier.tried(Tried(request=lease, came_to="HTTP 503", wait_s=1.0))
    frontier.left_out(["http://b/", "http://a/2"], "scope", found_on="http://a/1")

    assert frontier.unknown(["http://b/"], depth=1, found_on="http://a/2") == ["http://b/"]
    assert frontier.waiting() == frontier.waiting("a") == 1
    assert list(frontier.hosts()) == ["a"]
