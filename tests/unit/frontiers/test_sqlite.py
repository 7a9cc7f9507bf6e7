"""A frontier in a job file: what is there after a crash, what is in memory, and what is never written."""

import json
import math
import shutil
from contextlib import closing
from dataclasses import replace

import pytest

from crawlpool.errors import ConfigError, FrontierError
from crawlpool.frontiers.base import End, Tried
from crawlpool.frontiers.sqlite import SqliteFrontier
from crawlpool.job.file import JobFile
from crawlpool.job.schema import MOST_SKIPS, connect_to_read
from crawlpool.model import Request

HARMLESS = {"accept-language"}


def may_keep(headers):
    return tuple(pair for pair in headers if pair[0].lower() in HARMLESS)


def request(path, host="a", **more) -> Request:
    url = f"http://{host}{path}"
    return Request(more.pop("url", url), target=url, **more)


def paths(requests) -> list[str]:
    return [each.target.removeprefix("http://a") for each in requests]


def done(lease, **more) -> End:
    return End(request=lease, **{"status": 200, **more})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "crawl.job"


@pytest.fixture
def job(path):
    with closing(JobFile(path)) as opened:
        yield opened


@pytest.fixture
def after_a_crash(path, tmp_path):
    """Open the job as the disk has it now, while the first crawl still holds its own."""
    opened = []

    def reopen(**more) -> SqliteFrontier:
        folder = tmp_path / f"crash{len(opened)}"
        folder.mkdir()
        for file in path.parent.glob("crawl.job*"):
            if not file.name.endswith("-shm"):  # which is memory, and rebuilt from the log
                shutil.copy(file, folder)
        opened.append(JobFile(folder / path.name))
        return SqliteFrontier(opened[-1], **more)

    yield reopen
    for each in opened:
        each.close()


def rows(path, query, *values):
    with closing(connect_to_read(path)) as db:
        return db.execute(query, values).fetchall()


# After a crash


def test_what_was_out_waits_again_and_what_was_done_stays_done(job, after_a_crash):
    frontier = SqliteFrontier(job)
    frontier.add([request("/1"), request("/2"), request("/3"), request("/4", host="b")])
    first, _ = frontier.take("a", 2)
    frontier.commit([done(first)], {})

    again = after_a_crash()

    assert (again.waiting(), again.waiting("a"), sorted(again.hosts())) == (3, 2, ["a", "b"])
    assert again.unknown([f"http://a/{n}" for n in range(6)], depth=1, found_on="") == [
        f"http://a/{n}" for n in (0, 4, 5)
    ]
    assert paths(again.take("a", 9)) == ["/2", "/3"]


def test_what_was_not_committed_never_was(job, after_a_crash):
    frontier = SqliteFrontier(job)
    frontier.add([request("/1")])
    (lease,) = frontier.take("a", 1)
    frontier.commit([], {"out": {"bytes": 0}})
    frontier.add([request("/2", found_on="http://a/1")])
    frontier.tried(Tried(request=lease, came_to="HTTP 503"))

    again = after_a_crash()

    assert paths(again.take("a", 9)) == ["/1"]
    assert again.add([request("/2")]) != []


def test_a_request_comes_back_as_it_was(job, after_a_crash):
    frontier = SqliteFrontier(job, may_keep=may_keep)
    data = {"n": [1, 2.5, None, True, "\udc80 é"], "empty": {}, "zero": 0}
    given = request(
        "/1",
        url="HTTP://A/1#top",
        method="PUT",
        headers=[("Accept-Language", "de")],
        body=b"\x00\xff",
        data=data,
        handler="book",
        priority=3,
        depth=2,
        found_on="http://elsewhere/",
        is_listed=True,
        columns=(("name", "\udcff"),),
        source="\udcff.txt:3",
    )
    falsy = [request(f"/{n}", data=data) for n, data in enumerate([0, "", [], {}, False], 2)]
    frontier.add([given, *falsy])
    frontier.commit([], {})

    back, *others = after_a_crash(may_keep=may_keep).take("a", 9)

    names = [name for name in Request.__slots__ if name != "lease"]
    assert {name: getattr(back, name) for name in names} == {name: getattr(given, name) for name in names}
    assert back.lease == 1
    assert [repr(each.data) for each in others] == ["0", "''", "[]", "{}", "False"]


def test_the_page_that_a_url_was_found_on_comes_back(job, after_a_crash):
    frontier = SqliteFrontier(job)
    frontier.add([request("/"), request("/1", found_on="http://a/")])
    frontier.commit([], {})

    assert [each.found_on for each in after_a_crash().take("a", 2)] == [None, "http://a/"]


def redirected(lease, path) -> Request:
    hop = request(path, lease=lease.lease, is_listed=lease.is_listed)
    object.__setattr__(hop, "redirects", (lease.target,))
    return hop


def test_where_an_open_chain_was_redirected_is_unknown_after_a_crash_so_that_it_gets_there_again(
    job, after_a_crash
):
    frontier = SqliteFrontier(job)
    frontier.add([request("/open"), request("/closed")])
    first, second = frontier.take("a", 2)
    assert frontier.mark(redirected(first, "/1"))
    assert frontier.mark(redirected(second, "/2"))
    frontier.commit([done(redirected(second, "/2"))], {})

    again = after_a_crash()

    assert paths(again.take("a", 9)) == ["/open"]
    assert again.mark(redirected(first, "/1"))
    assert not again.mark(redirected(second, "/2"))


def test_a_target_of_a_redirect_that_the_user_named_meanwhile_waits_after_a_crash(job, after_a_crash):
    frontier = SqliteFrontier(job)
    frontier.add([request("/open")])
    (lease,) = frontier.take("a", 1)
    frontier.mark(redirected(lease, "/1"))
    assert len(frontier.add([request("/1", is_listed=True)])) == 1
    frontier.commit([], {})

    assert paths(after_a_crash().take("a", 9)) == ["/open", "/1"]


def test_a_job_that_goes_on_knows_what_the_user_named_and_how_many_pages_came(job, after_a_crash):
    frontier = SqliteFrontier(job)
    listed = [request(f"/{n}", is_listed=True) for n in range(5)]
    frontier.add([*listed, request("/found")])
    leases = frontier.take("a", 9)
    frontier.commit(
        [
            done(redirected(leases[0], "/moved")),
            done(leases[1], status=404, kind="http"),
            done(leases[2], kind="handler"),
            done(leases[3], status=None, kind="timeout"),
            done(leases[4], status=301, kind="redirect to a known page", is_left_out=True),
        ],
        {},
    )

    for each in (frontier, after_a_crash()):
        assert each.answered() == 3
        assert dict(each.listed())["http://a/0"] == "http://a/moved"
        assert len(dict(each.listed())) == 5


# What became of it


def test_every_end_is_written_with_its_batch(job, path):
    frontier = SqliteFrontier(job, run=7)
    frontier.add([request(f"/{n}") for n in range(4)])
    leases = frontier.take("a", 9)
    frontier.tried(Tried(request=leases[0], came_to="HTTP 503", message="\udc80", at=1.0, wait_s=2.0))
    ends = [
        done(redirected(leases[0], "/moved"), at=5.0, elapsed_s=0.5, size=10, worker=42, items=3),
        done(leases[1], status=500, kind="http", message="HTTP 500 \udc80"),
        done(leases[2], kind="handler"),
        done(leases[3], status=302, kind="scope", is_left_out=True),
    ]
    frontier.commit(ends, {"b\udcff.jsonl": {"bytes": 12}})

    assert rows(path, "SELECT state, final_url, status, kind, message, batch FROM url") == [
        (1, "http://a/moved", 200, None, None, 1),
        (1, None, 500, "http", "HTTP 500 \\udc80", 1),
        (2, None, 200, "handler", None, 1),
        (3, None, 302, "scope", None, 1),
    ]
    assert rows(path, "SELECT at, elapsed_s, bytes, worker, items, attempts FROM url WHERE id = 1") == [
        (5.0, 0.5, 10, 42, 3, 1)
    ]
    assert rows(path, "SELECT url, target, came_to, message, wait_s FROM attempt") == [
        (1, "http://a/0", "HTTP 503", "\\udc80", 2.0)
    ]
    ((run, positions),) = rows(path, "SELECT run, positions FROM batch")
    assert (run, json.loads(positions)) == (7, {"b\udcff.jsonl": {"bytes": 12}})
    assert frontier.is_finished()


@pytest.mark.parametrize("text", ["no url", "http://[", "\udc80", "ftp://u:hush@h/", ""])
def test_a_text_that_is_no_url_fails_once(job, after_a_crash, text):
    frontier = SqliteFrontier(job)
    listed = Request(text, target=text, is_listed=True, source="urls.txt:1")
    assert frontier.mark(listed)
    assert not frontier.mark(listed)
    end = End(request=Request(text, is_listed=True), kind="invalid_url", message=text)
    frontier.commit([end], {})

    again = after_a_crash()

    assert not again.mark(listed)
    assert again.is_finished()
    assert list(again.listed()) == []
    assert rows(again._job.path, "SELECT state, kind, listed FROM url") == [(2, "invalid_url", 1)]


def test_an_end_or_a_return_of_what_is_not_out_is_let_be(job):
    frontier = SqliteFrontier(job)
    frontier.add([request("/1"), request("/2")])
    (lease,) = frontier.take("a", 1)
    stranger = request("/9", lease=99)
    frontier.commit([done(lease), done(lease), done(stranger), done(request("/2")), done(request("/8"))], {})
    frontier.put_back(stranger)
    frontier.put_back(lease)

    assert frontier.waiting() == 1
    assert paths(frontier.take("a", 9)) == ["/2"]


def test_links_left_out_are_kept_once_and_those_that_are_known_not_at_all(job, path, after_a_crash):
    frontier = SqliteFrontier(job)
    frontier.add([request("/known")])
    for page in ("http://a/1", "http://a/2"):
        frontier.left_out(["http://b/", "http://c/", "http://a/known"], "scope", found_on=page)
        frontier.left_out(["http://a/deep"], "depth", found_on=page)
    frontier.commit([], {})
    again = after_a_crash()
    again.left_out(["http://b/", "http://d/"], "scope", found_on="http://a/3")
    again.commit([], {})

    assert rows(path, "SELECT url, why, found_on FROM skip") == [
        ("http://a/deep", "depth", "http://a/1"),
        ("http://b/", "scope", "http://a/1"),
        ("http://c/", "scope", "http://a/1"),
    ]
    assert rows(again._job.path, "SELECT why, links FROM skipped") == [("depth", 1), ("scope", 3)]


def test_of_very_many_links_left_out_the_first_are_kept_and_all_are_counted(job, path):
    frontier = SqliteFrontier(job)
    links = [f"http://b/{n}" for n in range(MOST_SKIPS + 50)]
    frontier.left_out(links, "scope", found_on="http://a/")
    frontier.left_out(links[-10:], "scope", found_on="http://a/2")
    frontier.commit([], {})

    assert rows(path, "SELECT count(*) FROM skip") == [(MOST_SKIPS,)]
    assert rows(path, "SELECT links FROM skipped") == [(MOST_SKIPS + 50,)]


# In memory


def test_what_waits_is_in_memory_only_so_far_and_goes_out_in_order(job):
    frontier = SqliteFrontier(job, most_held=10, batch=4)
    frontier.add([request(f"/{depth}/{n}", depth=depth) for n in range(30) for depth in (1, 2, 3)])
    assert frontier._waiting.held <= 10

    first = frontier.take("a", 5)
    frontier.put_back(first[0])
    frontier.put_back(first[1], last=True)
    frontier.unknown(["http://a/3/29"], depth=1, found_on="http://a/1/0")  # far in the file
    frontier.add([request("/new", depth=0)])
    taken = []
    while frontier.waiting():
        taken += frontier.take("a", 3)
        assert frontier._waiting.held <= 11

    beginning = ["/new", "/1/0", *(f"/1/{n}" for n in range(5, 30)), "/3/29", "/1/1"]
    end = [f"/{depth}/{n}" for depth in (2, 3) for n in range(30)]
    assert paths(taken) == beginning + end[:-1]
    assert taken[beginning.index("/3/29")].found_on == "http://a/1/0"


def test_very_many_hosts_take_no_more_memory_than_they_may(job):
    frontier = SqliteFrontier(job, most_held=10, batch=4)
    hosts = [f"h{n}" for n in range(100)]
    frontier.add([request(f"/{n}", host=each) for n in range(3) for each in hosts])
    taken = []
    for _ in range(3):
        for each in hosts:
            taken += frontier.take(each, 1)
            assert frontier._waiting.held <= 10
            assert len(frontier._waiting._queues) <= 20

    assert len({each.target for each in taken}) == 300
    assert frontier.waiting() == 0
    assert list(frontier.hosts()) == []


# What is not written


def test_secrets_are_never_on_the_disk_and_go_out_all_the_same(job, path, tmp_path, after_a_crash):
    frontier = SqliteFrontier(job, may_keep=may_keep, most_held=1, batch=1)
    secret = request(
        "/1",
        url="http://user:hush1@a/1",
        headers=[("Authorization", "hush2"), ("Accept-Language", "de")],
        cookies={"sid": "hush3"},
        found_on="http://u:hush4@b/",
    )
    odd = request("/2", url=" ht\ttp:\\\\u:hush5@a/2", depth=1)
    frontier.add([request("/0"), secret, odd])
    frontier.mark(Request("x", target="ftp://u:hush6@b/"))
    frontier.left_out(["http://b/"], "scope", found_on="http://u:hush7@a/")
    bad = "gopher://u:hush8" + "8" * 200 + "@b/"
    frontier.mark(Request(bad, target=bad))
    first, lease = frontier.take("a", 2)
    frontier.put_back(lease)
    raised = replace(first, url="http://u:hush9@a/0")
    ends = [
        End(request=Request(bad), kind="invalid_url", message=f"{bad[:200]!r} is no http(s) URL"),
        End(request=raised, kind="handler", message="cannot read http://u:hush9@a/0"),
    ]
    frontier.commit(ends, {})
    assert rows(path, "SELECT message FROM url WHERE state = 2 ORDER BY message") == [
        ("'gopher://b/' is no http(s) URL",),
        ("cannot read http://a/0",),
    ]

    written = b"".join(file.read_bytes() for file in tmp_path.glob("crawl.job*"))
    assert b"hush" not in written
    assert b"Accept-Language" in written
    assert frontier.take("a", 1) == [lease]
    assert (lease.url, lease.headers, lease.cookies) == (secret.url, secret.headers, secret.cookies)
    assert frontier.take("a", 1)[0].url == odd.url
    later = after_a_crash(may_keep=may_keep)
    assert later.withheld == 2
    assert [each.headers for each in later.take("a", 3)] == [(("Accept-Language", "de"),), ()]


def test_a_secret_of_a_url_that_was_found_nearer_or_named_since_is_kept_whole(job):
    frontier = SqliteFrontier(job, most_held=1, batch=1)
    frontier.add([request("/0"), request("/1", depth=5, cookies={"sid": "1"})])
    frontier.unknown(["http://a/1"], depth=3, found_on="http://a/0")
    assert frontier.take("a", 2)[1].cookies == (("sid", "1"),)

    frontier.add([request("/2"), request("/3", depth=5, cookies={"sid": "1"})])
    frontier.add([request("/3", is_listed=True, cookies={"sid": "2"})])
    assert frontier.take("a", 2)[1].cookies == (("sid", "2"),)


def test_a_secret_that_is_named_again_is_given_back_and_the_request_keeps_its_place(job, after_a_crash):
    frontier = SqliteFrontier(job)
    frontier.add([request(f"/{n}", is_listed=True, cookies={"sid": str(n)}) for n in range(5)])
    frontier.commit([], {})

    later = after_a_crash(most_held=1, batch=2)
    assert later.withheld == 5
    again = [request(f"/{n}", is_listed=True, priority=-n, cookies={"sid": "new"}) for n in (1, 2, 3)]
    assert later.add([*again, request("/4", is_listed=True)]) == []

    assert later.withheld == 2
    assert [(each.target[-2:], each.cookies) for each in later.take("a", 9)] == [
        ("/0", ()),
        ("/1", (("sid", "new"),)),
        ("/2", (("sid", "new"),)),
        ("/3", (("sid", "new"),)),
        ("/4", ()),
    ]


def circle():
    endless: list = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize(
    "data",
    [
        object(),
        (1, 2),
        {"a": (1,)},
        {1: "a"},
        [math.nan],
        math.inf,
        b"x",
        {"a": {"b": {1}}},
        circle(),
        10**5000,
    ],
    ids=lambda data: type(data).__name__,
)
def test_data_that_json_would_not_give_back_is_refused_with_what_would_do(job, data):
    frontier = SqliteFrontier(job)
    with pytest.raises(ConfigError, match="a request's data"):
        frontier.add([request("/1"), request("/2", data=data)])

    assert frontier.is_finished()
    assert frontier.unknown(["http://a/1"], depth=0, found_on="") == ["http://a/1"]


def test_numbers_too_large_for_the_file_are_brought_into_it(job):
    frontier = SqliteFrontier(job, most_held=1, batch=1)
    frontier.add([request("/1"), request("/2", priority=10**30), request("/3", depth=10**30)])
    frontier.mark(Request("x", target="x", priority=10**30, depth=10**30))

    assert paths(frontier.take("a", 9)) == ["/2", "/1", "/3"]


# What goes wrong


def test_a_full_disk_is_told_with_what_would_do(job, path):
    frontier = SqliteFrontier(job)
    (pages,) = job.db.execute("PRAGMA page_count").fetchone()
    job.db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(FrontierError, match=r"crawl\.job.*make room and run the same command again"):
        frontier.add([request(f"/{n}") for n in range(10_000)])


def test_a_row_that_is_damaged_is_named(job, path):
    SqliteFrontier(job).add([request("/1", data=1)])
    for damage in ("{", "[]", '{"body": 1}'):
        job.db.execute("UPDATE url SET request = ?", (damage,))
        with pytest.raises(FrontierError, match=r"row 1 of url.*salvage"):
            SqliteFrontier(job)


def test_rows_that_vanish_end_the_crawl_instead_of_keeping_it_waiting(job):
    frontier = SqliteFrontier(job, most_held=1, batch=1)
    frontier.add([request("/1"), request("/2")])
    job.db.execute("DELETE FROM url WHERE id = 2")

    with pytest.raises(FrontierError, match="lacks URLs that were waiting for a"):
        frontier.take("a", 2)
