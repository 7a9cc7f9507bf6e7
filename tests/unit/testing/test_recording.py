"""Answers of real servers, recorded once and given again offline."""

import gzip
import json

import pytest

import crawlpool
from crawlpool import ConfigError, Crawler, Request, testing
from crawlpool.testing.recorded import INDEX, body_of
from crawlpool.testing.recording import record
from crawlpool.testing.replay import replay

SECRETS = ("s3cret-login", "s3cret-cookie", "s3cret-key", "s3cret-password", "s3cret-session")


def lines_of(folder):
    return [json.loads(line) for line in (folder / INDEX).read_text(encoding="utf-8").splitlines()]


def crawl(url, **knobs):
    """Every record of a site, in the order of its URLs, without what changes from run to run."""
    crawler = Crawler(follow=True, **knobs)
    records = sorted(crawler.items(url), key=lambda record: record["url"])
    return [
        {name: value for name, value in each.items() if name not in {"fetched_at", "elapsed_s", "attempts"}}
        for each in records
    ]


@pytest.fixture
def shop(site):
    site.page("/", "<title>Bücher</title>", links=["/1", "/old", "/gone", "/coded", "/picture", "/nothing"])
    site.page("/1", title="One")
    site.page("/coded", gzip.compress(b"<title>coded</title>"), headers={"Content-Encoding": "gzip"})
    site.page("/picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), content_type="image/png")
    site.page("/nothing", b"", status=204)
    site.redirect("/old", "/1")
    return site


@pytest.mark.parametrize("backend", ["sync", "thread", "process"])
def test_a_crawl_comes_to_the_same_from_its_recording(shop, tmp_path, backend):
    url = shop.url + "/"
    plainly = crawl(url, backend=backend)
    with record(tmp_path / "shop"):
        recorded = crawl(url, backend=backend)
    before = len(shop.log)
    with replay(tmp_path / "shop") as site:
        replayed = crawl(url, backend=backend)
    assert recorded == plainly == replayed
    assert len(shop.log) == before
    assert url + "1" in site.urls


def test_a_recording_is_made_of_files_that_can_be_read_and_edited(shop, tmp_path):
    with record(tmp_path) as recording:
        crawl(shop.url + "/")
    lines = {line["url"].removeprefix(shop.url): line for line in lines_of(tmp_path)}
    assert recording.count == len(lines)
    assert lines["/"]["status"] == 200
    page = tmp_path / lines["/"]["body"]
    assert page.suffix == ".html"
    assert "Bücher" in page.read_text(encoding="utf-8")
    assert (tmp_path / lines["/coded"]["body"]).read_text() == "<title>coded</title>"
    assert lines["/picture"]["body"].endswith(".png")
    assert "body" not in lines["/nothing"]
    page.write_text("<title>edited</title>", encoding="utf-8")
    with replay(tmp_path):
        assert crawlpool.fetch_all([shop.url + "/"])[0].title == "edited"


def test_two_replays_are_the_same_and_record_nothing(shop, tmp_path):
    with record(tmp_path):
        crawl(shop.url + "/")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    runs = []
    for _ in range(2):
        with replay(tmp_path) as site:
            runs.append((crawl(shop.url + "/", backend="sync"), site.urls))
    assert runs[0] == runs[1]
    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


def test_what_was_tried_again_is_answered_in_the_same_order(site, tmp_path):
    site.page("/", title="here", fails_first=1)
    with record(tmp_path):
        assert crawlpool.fetch_all([site.url + "/"], backoff=0.01)[0].attempts == 2
    with replay(tmp_path):
        first, second = crawlpool.fetch_all([site.url + "/"]), crawlpool.fetch_all([site.url + "/"])
    assert (first[0].title, first[0].attempts) == ("here", 2)
    assert (second[0].title, second[0].attempts) == ("here", 1)


def test_a_failure_is_recorded_and_fails_again(site, tmp_path):
    site.raw("/", b"no HTTP at all\r\n\r\n")
    with record(tmp_path):
        recorded = crawlpool.fetch_all([site.url + "/"])[0]
    with replay(tmp_path):
        replayed = crawlpool.fetch_all([site.url + "/"])[0]
    assert recorded.failure.kind == "protocol"
    assert replayed.error == recorded.error


def test_what_was_not_recorded_fails_the_test_and_names_the_nearest(shop, tmp_path):
    with record(tmp_path):
        crawlpool.fetch_all([shop.url + "/1", shop.url + "/coded"])
    with pytest.raises(testing.NotRecordedError) as caught, replay(tmp_path) as site:
        page = crawlpool.fetch_all([shop.url + "/code"])[0]
    said = f"nothing is recorded for GET {shop.url}/code in {tmp_path}; the nearest is GET {shop.url}/coded"
    assert site.unknown == [said]
    assert page.error == f"unexpected: {said}"
    assert str(caught.value).startswith(said)
    assert isinstance(caught.value, AssertionError)


def test_an_error_in_the_block_is_not_hidden_by_what_was_not_recorded(shop, tmp_path):
    with record(tmp_path):
        crawlpool.fetch_all([shop.url + "/1"])

    def in_vain():
        with replay(tmp_path):
            crawlpool.fetch_all([shop.url + "/2"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        in_vain()
    assert "nothing is recorded" in caught.value.__notes__[0]


def test_robots_txt_is_recorded_and_obeyed_where_that_is_asked_for(shop, tmp_path):
    shop.robots("User-agent: *\nDisallow: /1\n")
    with record(tmp_path):
        assert crawlpool.fetch_all([shop.url + "/1", shop.url + "/"])[0].failure.kind == "robots"
    with replay(tmp_path, robots=True):
        assert crawlpool.fetch_all([shop.url + "/1"])[0].failure.kind == "robots"
    with pytest.raises(testing.NotRecordedError), replay(tmp_path):
        crawlpool.fetch_all([shop.url + "/1"])


def test_no_secret_that_is_sent_or_set_is_written_down(site, tmp_path):
    site.page("/login", b"welcome", headers={"Set-Cookie": "session=s3cret-session; Path=/; HttpOnly"})
    site.page("/account", lambda asked: f"<title>{asked.header('cookie')}</title>")
    requests = [
        Request(site.url + "/login", form={"name": "reader", "password": "s3cret-password"}),
        Request(site.url + "/login", json={"q": 1, "in": [{"api_key": "s3cret-key"}]}),
        Request(site.url + "/login", headers={"X-Api-Key": "s3cret-key"}),
    ]
    logins = {"auth": ("me", "s3cret-login"), "cookie": {"a": "s3cret-cookie"}, "backend": "sync"}
    with record(tmp_path):
        assert all(page.ok for page in crawlpool.fetch_all(requests, **logins))
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in SECRETS:
        assert secret.encode() not in written
    sent = dict(lines_of(tmp_path)[-1]["sent"])
    assert sent["X-Api-Key"] == sent["Authorization"] == sent["Cookie"] == "(hidden)"
    assert "crawlpool" in sent["User-Agent"]
    with replay(tmp_path):  # other secrets, or none, are answered as those were
        page = crawlpool.fetch_all([Request(site.url + "/login", form={"name": "reader", "password": "x"})])[
            0
        ]
    assert page.headers["set-cookie"] == "session=(hidden); Path=/; HttpOnly"


def test_forms_are_told_apart_by_what_was_sent(site, tmp_path):
    site.page("/search", lambda asked: asked.body)
    asked = [Request(site.url + "/search", form={"q": word}) for word in ("sea", "sky")]
    with record(tmp_path):
        crawlpool.fetch_all(asked)
    with replay(tmp_path):
        pages = crawlpool.fetch_all(reversed(asked))
    assert [page.text for page in pages] == ["q=sky", "q=sea"]
    with pytest.raises(testing.NotRecordedError, match="with the body q=land"), replay(tmp_path):
        crawlpool.fetch_all([Request(site.url + "/search", form={"q": "land"})])


@pytest.mark.parametrize(
    "name", ["password", "user_name", "apiKey", "csrfToken", "newpassword", "X-Api-Key", "pin"]
)
def test_a_field_that_may_be_secret_is_hidden(name):
    asked = testing.Asked(
        method="POST",
        url="https://shop.example/",
        headers=(("Content-Type", "application/json"),),
        body=json.dumps({"a": [{name: "s3cret"}]}).encode(),
    )
    assert "s3cret" not in body_of(asked)


@pytest.mark.parametrize("name", ["q", "keywords", "author", "passage", "spinning", "cardinal", "page"])
def test_a_field_that_is_searched_by_is_not(name):
    asked = testing.Asked(
        method="POST",
        url="https://shop.example/",
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=f"{name}=harbours".encode(),
    )
    assert body_of(asked) == f"{name}=harbours"


def test_a_body_that_was_cut_is_cut_again(site, tmp_path):
    site.page("/", "x" * 5000)
    with record(tmp_path):
        recorded = crawlpool.fetch_all([site.url + "/"], max_body=1000)[0]
    with replay(tmp_path):
        replayed = crawlpool.fetch_all([site.url + "/"], max_body=1000)[0]
    assert (recorded.is_cut, recorded.content) == (replayed.is_cut, replayed.content) == (True, b"x" * 1000)


def test_a_recording_is_polite(site, tmp_path):
    for number in range(3):
        site.page(f"/{number}")
    site.robots("User-agent: *\nDisallow: /0\n")
    with record(tmp_path):
        crawlpool.fetch_all([f"{site.url}/{number}" for number in range(3)], delay=0.2)
    assert site.requests == ["/1", "/2"]
    first, second = site.log[-2:]
    assert second.at - first.at > 0.15


def test_a_recording_is_replaced_by_the_next_and_nothing_else_is(site, tmp_path):
    site.page("/", title="1")
    with record(tmp_path):
        crawlpool.fetch_all([site.url + "/"])
    (tmp_path / "notes.txt").write_text("mine")
    site.page("/", title="2")
    with record(tmp_path):
        crawlpool.fetch_all([site.url + "/"])
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 4  # the list, the page, robots.txt's answer, and the notes
    with replay(tmp_path):
        assert crawlpool.fetch_all([site.url + "/"])[0].title == "2"


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "0001-mine.html").write_text("mine")
    with pytest.raises(ConfigError, match="holds other files"), record(tmp_path):
        pass
    assert (tmp_path / "0001-mine.html").read_text() == "mine"


def test_what_cannot_be_read_is_said_with_its_line(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing is recorded in .*nowhere"):
        replay(tmp_path / "nowhere")
    for text in (
        "{}",
        "[]",
        "no JSON",
        '{"method": "GET", "url": "x", "status": "many"}',
        '{"method": "GET", "url": "x", "status": 200, "body": "../../etc/passwd"}',
        '{"method": "GET", "url": "x", "kind": "sulking"}',
    ):
        (tmp_path / INDEX).write_text(f"\n{text}\n")
        with pytest.raises(ConfigError, match="line 2, is no recorded answer"):
            replay(tmp_path)
