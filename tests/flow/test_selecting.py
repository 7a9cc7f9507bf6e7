"""A table without code: selected columns in every store, on every kind of page, and in a job."""

import csv
import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from crawlpool import ConfigError, Crawler, FetchPool, Start, fetch, fetch_all
from crawlpool.errors import FrontierError
from crawlpool.records import FIELDS

from ..command import command

QUICK = {"backend": "sync", "retries": 0}
SELECT = {"price": ".price", "next": "a.next@href", "tags": "li*"}


def shop(site):
    """Three books and a page without a price; what each has of the columns."""
    for number in range(3):
        following = f'<a class=next href="{number + 1}">on</a>' if number < 2 else ""
        site.page(
            f"/{number}", f"<p class=price>£{number}.00</p><ul><li>a<li>b</ul>{following}", title=str(number)
        )
    site.page("/none", "<p>sold out</p>")
    site.page("/gone", "<p class=price>not the price of anything</p>", status=404)
    return [f"{site.url}/{path}" for path in ("0", "1", "2", "none", "gone")]


def wanted(site):
    return {
        "/0": ("£0.00", f"{site.url}/1", ["a", "b"]),
        "/1": ("£1.00", f"{site.url}/2", ["a", "b"]),
        "/2": ("£2.00", None, ["a", "b"]),
        "/none": (None, None, None),
        "/gone": (None, None, None),
    }


def of_jsonl(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(tmp_path, *words):
    return command([*words, "--backend", "thread", "--retries", "0"], folder=tmp_path)


def test_every_store_has_the_selected_columns_behind_the_records_own(site, tmp_path):
    outputs = [tmp_path / f"out{suffix}" for suffix in (".jsonl", ".csv", ".sqlite")]
    Crawler(select=SELECT, **QUICK).run(shop(site), output=outputs)

    of_lines = of_jsonl(outputs[0])
    with outputs[1].open(encoding="utf-8", newline="") as file:
        of_table = list(csv.DictReader(file))
    with closing(sqlite3.connect(outputs[2])) as db:
        db.row_factory = sqlite3.Row
        of_database = [dict(row) for row in db.execute("SELECT * FROM pages")]
    for rows in (of_lines, of_table, of_database):
        assert all(list(row) == [*FIELDS, *SELECT] for row in rows)
        if rows is not of_lines:
            rows[:] = [{**row, "tags": json.loads(row["tags"] or "null")} for row in rows]
        there = {
            row["url"].removeprefix(site.url): (row["price"] or None, row["next"] or None, row["tags"])
            for row in rows
        }
        assert there == wanted(site)


@pytest.mark.parametrize("backend", ["process", "thread"])
def test_pages_that_are_found_and_urls_that_fail_have_the_columns_too(site, backend):
    shop(site)
    site.page("/", links=["/none", "/secret"])
    site.page("/none", '<p class=price>£9.00</p><a href="/2">2</a>')
    site.robots("User-agent: *\nDisallow: /secret")
    crawler = Crawler(select=SELECT, follow=True, backend=backend, workers=1, retries=0)
    rows = {row["url"].removeprefix(site.url): row for row in crawler.items(site.url + "/")}

    assert {path: row["price"] for path, row in rows.items()} == {
        "/": None,
        "/none": "£9.00",
        "/2": "£2.00",
        "/secret": None,
    }
    assert all(list(row) == [*FIELDS, *SELECT] for row in rows.values())
    price = crawler.stats.selected["price"]
    assert (price.looked, price.missed) == (3, 1)


def test_of_json_a_path_gives_the_value_and_a_selector_nothing(site):
    body = json.dumps({"items": [{"name": "a", "price": 1.5}, {"name": "b"}]})
    site.page("/api", body, content_type="application/json")
    site.page("/broken", "{" + body, content_type="application/ld+json")
    site.page("/", links=["/api", "/broken"])
    select = {"first": "items[0].price", "names": "items[*].name", "css": ".price"}
    crawler = Crawler(select=select, follow=True, **QUICK)
    rows = {row["url"].removeprefix(site.url): row for row in crawler.items(site.url + "/")}

    assert [rows["/api"][name] for name in select] == [1.5, ["a", "b"], None]
    assert [rows["/broken"][name] for name in select] == [rows["/"][name] for name in select] == [None] * 3
    looked = {name: (each.looked, each.missed) for name, each in crawler.stats.selected.items()}
    assert looked == {"first": (2, 1), "names": (2, 1), "css": (1, 1)}


def test_the_command_counts_per_column_what_had_no_match(site, tmp_path):
    shop(site)
    urls = [f"{site.url}/{path}" for path in ("0", "2", "none", "gone")]
    words = ["--select", "price=.price", "--select", "next = a.next@href", "--select", "typo=.prize"]
    done = run(tmp_path, *urls, *words, "--fields", "price,url,next,typo", "-o", "prices.csv")

    assert done.returncode == 3, done.stderr
    rows = [row.split(",") for row in (tmp_path / "prices.csv").read_text(encoding="utf-8").splitlines()]
    assert rows[0] == ["price", "url", "next", "typo"]
    assert sorted(rows[1:]) == [
        ["", f"{site.url}/gone", "", ""],
        ["", f"{site.url}/none", "", ""],
        ["£0.00", f"{site.url}/0", f"{site.url}/1", ""],
        ["£2.00", f"{site.url}/2", "", ""],
    ]
    shown = " ".join(done.stderr.split())
    assert (
        "no match typo: 3 of 3 pages without a match next: 2 of 3 pages without a match "
        "price: 1 of 3 pages without a match" in shown
    )


def test_a_selector_that_is_none_is_said_before_anything_is_asked(site, tmp_path):
    for more in ([], ["--dry-run"]):
        done = run(tmp_path, site.url + "/", "--select", "price=.price[", "-o", "out.jsonl", *more)
        assert done.returncode == 2
        assert "select 'price=.price[': '.price[' is no CSS selector, such as" in done.stderr
    assert site.requests == []
    assert list(tmp_path.iterdir()) == []


def test_a_job_goes_on_with_its_selections_and_refuses_others_by_name(site, tmp_path):
    urls, out = shop(site), tmp_path / "out.jsonl"

    def lights_out(stats):
        if stats.pages >= 2:
            raise FrontierError("the lights went out")

    with pytest.raises(FrontierError):
        Crawler(select=SELECT, **QUICK).run(urls, output=out, watch=lights_out)
    with pytest.raises(
        ConfigError, match=r"select price \(was \.price, now \.prize\); select tags \(no more\)"
    ):
        Crawler(select={"price": ".prize", "next": "a.next@href"}, **QUICK).run(urls, output=out)
    with pytest.raises(ConfigError, match=r"fields \(new\)"):
        Crawler(select=SELECT, fields="+text", **QUICK).run(urls, output=out)
    Crawler(select=SELECT, **QUICK).run(urls, output=out)

    rows = of_jsonl(out)
    assert {
        row["url"].removeprefix(site.url): (row["price"], row["next"], row["tags"]) for row in rows
    } == wanted(site)
    assert len(rows) == 5
    again = Crawler(select={"price": ".prize"}, **QUICK).run(urls, output=out, start=Start.APPEND)
    assert again.ended == "finished"


def test_a_retry_of_the_command_selects_as_the_crawl_did(site, tmp_path):
    site.page("/late", "<p class=price>£1.00</p>", fails_first=1)
    run(tmp_path, site.url + "/late", "--select", "price=.price", "--fields=-links,+html", "-o", "out.jsonl")
    done = run(tmp_path, "retry", "out.jsonl")

    assert done.returncode == 0, done.stderr
    before, after = of_jsonl(tmp_path / "out.jsonl")
    assert (before["price"], after["price"]) == (None, "£1.00")
    assert list(before) == list(after)
    assert "links" not in after
    assert after["html"] == "<p class=price>£1.00</p>"


def test_columns_of_records_and_a_handler_are_refused_together(site):
    for knobs in ({"select": SELECT}, {"fields": "url,title"}):
        crawler = Crawler(**knobs, **QUICK)
        crawler.on_page(lambda page: {"url": page.url})
        with pytest.raises(
            ConfigError, match=f"{next(iter(knobs))} makes columns of records, and with a handler"
        ):
            list(crawler.items(site.url + "/"))
        with pytest.raises(ConfigError, match=r"page\.get"):
            crawler.run(site.url + "/")
    assert site.requests == []


@pytest.mark.parametrize("make", [fetch, fetch_all, lambda _, **knobs: FetchPool(**knobs)])
def test_what_gives_pages_takes_no_columns(site, make):
    for knobs in ({"select": SELECT}, {"fields": "url"}):
        with pytest.raises(ConfigError, match=r"for columns use Crawler\(select=\.\.\.\)"):
            list(make([site.url + "/"], **knobs))


def test_what_nobody_asked_for_is_not_loaded(site):
    site.page("/")
    program = (
        "import sys\n"
        "from crawlpool import Crawler\n"
        f"print(len(list(Crawler(backend='thread').items({site.url + '/'!r}))))\n"
        "asked = ('crawlpool.selecting', 'crawlpool.saved', 'crawlpool.stores.folder', 'crawlpool.parse.path')\n"
        "print([name for name in sys.modules if name.startswith(asked) or name == 'markdownify'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split("\n")[:2] == ["1", "[]"]
