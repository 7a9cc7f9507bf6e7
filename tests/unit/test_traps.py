"""What looks like a trap, and what never does: ordinary sites are followed whole; the same order is judged the same."""

import random
import time

import pytest

from crawlpool.calendars import dated
from crawlpool.sessions import without_session
from crawlpool.traps import (
    CALENDAR,
    COMBINED,
    DEEP,
    DIRECTORY,
    HOST,
    MOST_KEPT,
    PARAMETERS,
    REASONS,
    REPEATED,
    SESSION,
    Bounds,
    Traps,
)

AT = "http://site.example"
NOW = 1_795_000_000.0  # November 2026


def judged(paths, **bounds):
    """Why each path is left out, those that are followed left away."""
    traps = Traps(Bounds(**bounds), now=NOW)
    return [(path, why) for path in paths if (why := traps.judge(AT + path)) is not None]


def reasons(paths, **bounds):
    return {why for _, why in judged(paths, **bounds)}


# Ordinary sites


def shop():
    """20,000 products in 200 categories, with pages, order and filters that can be put together."""
    for category in range(200):
        at = f"/c/category-{category}/"
        yield at
        yield from (f"{at}?page={page}" for page in range(2, 12))
        yield from (
            f"{at}?color={color}&size={size}&sort={sort}"
            for color in range(5)
            for size in range(4)
            for sort in "ab"
        )
        yield from (f"/p/category-{category}/product-{n}.html" for n in range(100))


def blog():
    """Fifteen years by month and day, with posts, tags and feeds."""
    for year in range(2011, 2027):
        for month in range(1, 13):
            yield f"/{year}/{month:02}/"
            yield f"/{year}/{month:02}/page/2/"
            yield from (f"/{year}/{month:02}/{day:02}/" for day in range(1, 32))
            yield from (f"/{year}/{month:02}/{day:02}/post-{year}-{month}-{day}/" for day in range(1, 28, 3))
            yield from (
                f"/{year}/{month:02}/{day:02}/post-{year}-{month}-{day}/feed/" for day in range(1, 28, 3)
            )


def wiki():
    names = [
        "%E6%97%A5%E6%9C%AC",
        "Z%C3%BCrich",
        "C%2B%2B",
        "Talk:Main_Page",
        "%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0",
    ]
    for n in range(4000):
        yield f"/wiki/{names[n % 5]}_{n}"
        yield f"/w/index.php?title={names[n % 5]}_{n}&action=history"
        yield f"/w/index.php?title={names[n % 5]}_{n}&action=edit&section=1"


def forum():
    for topic in range(1, 8000):
        yield f"/viewtopic.php?f={topic % 40}&t={topic}"
        yield from (f"/viewtopic.php?f={topic % 40}&t={topic}&start={start}" for start in (20, 40))
        yield f"/topic/{topic}/1"
        yield f"/topic/{topic}/2"


def manual():
    """Ten languages, fifteen versions, 300 pages each."""
    for language in ("en", "fr", "de", "ja", "zh-cn", "ko", "pt-br", "es", "tr", "pl"):
        for version in range(15):
            yield from (f"/{language}/3.{version}/library/module-{n}.html" for n in range(300))


def interface():
    """The documentation of a large program: deep packages, in twenty versions."""
    for version in range(20):
        for package in range(40):
            at = f"/en/java/v{version}/docs/api/base/org/example/parts/part{package}"
            yield from (f"{at}/Class{package}x{n}.html" for n in range(60))
            yield f"{at}/package-summary.html"


def archive():
    """Files as builds keep them, with a name that stands twice in a path."""
    for n in range(3000):
        yield f"/maven2/org/lib{n}/lib{n}/1.{n % 9}/lib{n}-1.{n % 9}.jar"
        yield f"/src/main/java/lib{n}/src/test/Main.java"


def news():
    for n in range(10_000):
        yield f"/news/article/{n + 1}/3"
        yield f"/a/{n:032x}/?utm_source=x&ref=home"


@pytest.mark.parametrize("site", [shop, blog, wiki, forum, manual, interface, archive, news])
def test_an_ordinary_site_is_followed_whole_in_whatever_order(site):
    paths = list(site())
    assert judged(paths) == []
    random.Random(4).shuffle(paths)
    assert judged(paths) == []


# Traps


def test_a_name_that_stands_again_and_again_in_a_path_and_numbers_not():
    assert judged(["/a/b/a/b/a/b", "/a/b/a/b/a/b/a/b", "/a/a/a/a", "/1/1/1/1/1/1"]) == [
        ("/a/b/a/b/a/b/a/b", REPEATED),
        ("/a/a/a/a", REPEATED),
    ]


def test_directories_beyond_the_depth():
    assert judged(["/1" * 21 + "/", "/1" * 20 + "/", "/1" * 20 + "/x"]) == [("/1" * 21 + "/", DEEP)]


def test_numbers_of_pages_of_a_host_and_of_a_directory():
    assert judged([f"/d/{n}" for n in range(4)], max_host_pages=3) == [("/d/3", HOST)]
    assert judged(["/d/1", "/d/2?x", "/d/3", "/d/e/4", "/f"], max_directory_pages=2) == [("/d/3", DIRECTORY)]


def test_what_is_left_out_counts_for_nothing():
    traps = Traps(Bounds(max_host_pages=2, max_path_depth=1), now=NOW)
    given = ["/a/b/c/d", "/a/b/c/e", "/x", "/y", "/z"]
    assert [traps.judge(AT + path) for path in given] == [DEEP, DEEP, None, None, HOST]
    assert traps.judge("http://other.example/x") is None


def test_more_parameters_than_any_page_has():
    query = "&".join(f"p{n}=1" for n in range(21))
    assert reasons([f"/a?{query}"]) == {PARAMETERS}
    assert reasons(["/a?" + query.rpartition("&")[0]]) == set()


@pytest.mark.parametrize("separator", ["&f={}", ",{}", "+{}", "%2C{}", "|{}", ";{}"])
def test_filters_that_can_be_put_together_at_will_end_however_they_are_written(separator):
    chance = random.Random(1)
    queries = {
        "f=x" + "".join(separator.format(n) for n in sorted(chance.sample(range(15), 5))) for _ in range(9000)
    }
    left_out = judged(f"/shop?{query}" for query in sorted(queries))
    assert {why for _, why in left_out} == {COMBINED}
    assert len(queries) - len(left_out) < 1100


@pytest.mark.parametrize(
    "form",
    ["/cal/{y}/{m:02}/", "/cal/{y}-{m:02}", "/cal/{y}/{m}", "/cal?year={y}&month={m}", "/cal?date={y}{m:02}01", "/cal?d={y}-{m:02}-01"],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, -1])
def test_a_calendar_ends_in_both_directions(form, step):
    start = 12 * 2026
    paths = [form.format(y=n // 12, m=n % 12 + 1) for n in range(start, start + step * 6000, step)]
    left_out = judged(paths)
    assert {why for _, why in left_out} == {CALENDAR}
    followed = len(paths) - len(left_out)
    assert followed <= 1000 + 12 * 31
    assert judged(paths[:300]) == []


def test_years_alone_are_a_calendar_only_where_it_is_called_one():
    assert reasons([f"/calendar/{year}/" for year in range(1000, 2999)], max_calendar=10) == {CALENDAR}
    assert reasons([f"/item/{year}/" for year in range(1000, 2999)], max_calendar=10) == set()


def test_numbers_that_look_like_dates_are_none_beside_those_that_cannot_be():
    paths = [f"/topic/{n}/2" for n in range(900, 4000)]
    assert reasons(paths, max_calendar=10) == set()
    assert reasons(paths[100:1500], max_calendar=10) == {CALENDAR}


@pytest.mark.parametrize(
    ("text", "place", "year"),
    [
        ("/2031/05/", "/", 2031),
        ("/a/2031-W07", "/a/", 2031),
        ("/a/4711/3", "/a/", None),
        ("/a?month=5&year=2031", "/a?year", 2031),
        ("/a?from=20310517", "/a?from", 2031),
        ("/a?from=20319917", "/a?from", None),
        ("/a?year=12", None, None),
        ("/v1.2/3", None, None),
        ("/", None, None),
        ("/a?id=20310517", None, None),
    ],
)
def test_dates_are_known_by_how_they_are_written(text, place, year):
    found = dated(text, text.partition("?")[2])
    assert (None, None) if found is None else (found.place, found.year) == (place, year)
    assert (found is None) == (place is None)


@pytest.mark.parametrize(
    "form",
    ["/p?sid={}", "/p?a=1&PHPSESSID={}", "/p;jsessionid={}", "/p;jsessionid={}?x=1", "/(S({}a1b2c3d4e5f6))/p", "/sid-{}/p", "/sess/{}/p", "/p?_={}"],
)  # fmt: skip
def test_a_page_is_followed_under_a_few_numbers_of_sessions_only(form):
    numbers = [f"{n:012d}" if "_=" in form else f"{n:012x}" for n in range(10**9, 10**9 + 50)]
    left_out = judged(form.format(number) for number in numbers)
    assert {why for _, why in left_out} == {SESSION}
    assert len(left_out) == 47


@pytest.mark.parametrize(
    ("path", "query"),
    [("/p", "sid=12"), ("/p", "session=keynote"), ("/p", "s=shoes"), ("/p", "id=0123456789abcdef"), ("/session/9a8b7c6d5e", ""), ("/p", "_=1")],
)  # fmt: skip
def test_what_a_page_may_mean_is_no_session(path, query):
    assert without_session(path, query) is None


# The same order, the same judgement; bounded


def noise(count, seed=7):
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.randrange(4)
        if kind == 0:
            yield "/" + "/".join(chance.choices("abcdefgh", k=chance.randint(1, 9)))
        elif kind == 1:
            yield f"/shop?{'&'.join(f'{name}={chance.randrange(4)}' for name in chance.sample('pqrstuv', 4))}"
        elif kind == 2:
            yield f"/cal/{chance.randrange(1900, 2200)}/{chance.randrange(1, 13)}"
        else:
            yield f"/p/{chance.randrange(50)}?sid={chance.getrandbits(64):016x}"


def test_a_crawl_that_goes_on_judges_as_if_it_had_never_stopped():
    bounds = Bounds(max_combinations=30, max_calendar=20, max_sessions=2)
    paths = [AT + path for path in dict.fromkeys(noise(6000))]
    whole = Traps(bounds, now=NOW)
    verdicts = [whole.judge(path) for path in paths]
    assert len(set(verdicts)) == 5

    first, second = Traps(bounds, now=NOW), Traps(bounds, now=NOW)
    half = [first.judge(path) for path in paths[:3000]]
    for path, why in zip(paths, half, strict=False):
        if why is None:
            second.count(path)
    assert half + [second.judge(path) for path in paths[3000:]] == verdicts


def test_a_job_may_hold_what_is_no_url():
    traps = Traps(Bounds())
    for text in ("no url", "", "http://", "http:///", "https://x", "ftp://a/b"):
        traps.count(text)


def test_no_site_can_fill_the_memory(monkeypatch):
    monkeypatch.setattr("crawlpool.traps.MOST_KEPT", 1000)
    monkeypatch.setattr("crawlpool.traps.MOST_HOSTS", 10)
    traps = Traps(Bounds())
    for n in range(3000):
        assert traps.judge(f"http://h{n}.example/{n}/a{n}?b={n}&c=d&e=f") is None
        assert traps.judge(f"{AT}/{n}/b{n}?q={n}") is None
    hosts = traps._hosts.values()
    kept = sum(len(each.words) + len(each.directories) + len(each.queries) for each in hosts)
    assert kept <= 1000 + 20
    assert len(traps._hosts) == 10
    assert MOST_KEPT == 500_000


def test_any_url_is_judged_in_no_time():
    longest = AT + "/" + "a/" * 4000
    hostile = [
        longest,
        AT + "/?" + "a=1&" * 2000,
        AT + "/?a=" + "," * 8000,
        AT + "/" + "1-" * 4000,
        AT + "/" + ";" * 8000,
    ]
    hostile += [
        AT + "/" + "/(S(" * 2000,
        AT + "/" + "/sid-" * 1600,
        AT + "/?" + "sid=" * 2000,
        AT + "/x?y=" + "A-" * 4000,
    ]
    start = time.process_time()
    for url in hostile:
        Traps(Bounds()).judge(url)
        Traps(Bounds(max_path_depth=10**6, max_params=10**6)).judge(url)
    assert time.process_time() - start < 0.5


def test_every_reason_names_a_knob():
    assert set(REASONS.values()) == set(Bounds.__dataclass_fields__)
