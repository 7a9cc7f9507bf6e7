"""The sample sites, crawled by the real crawler, are what `fixtures/expected` says of them."""

import json
from pathlib import Path

import pytest

from crawlpool import Crawler
from crawlpool.serve import sample_site, serve

EXPECTED = Path(__file__).parents[2] / "fixtures" / "expected"


@pytest.mark.parametrize("backend", ["sync", "process"])
@pytest.mark.parametrize("name", ["bookshop", "traps"])
def test_a_crawl_of_a_sample_site_asks_and_records_exactly_what_is_expected(name, backend):
    wanted = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    with serve(sample_site(name)) as server:
        # "Ever deeper" is to be seen to its end.
        crawler = Crawler(backend=backend, workers=3, per_host=3, follow=True, retries=0, max_repeats=10)
        records = list(crawler.items(server.url + "/"))
        asked = [line.path for line in server.log if line.path != "/robots.txt"]
        origin = server.url

    def path_of(url):
        return url.removeprefix(origin)

    expected = {
        path: {"final": path, **record} if "status" in record else record
        for path, record in wanted["records"].items()
    }
    found = {
        path_of(record["url"]): {
            "final": path_of(record["final_url"]),
            "status": record["status"],
            "title": record["title"],
        }
        if record["status"] is not None
        else {"failure": record["error_kind"]}
        for record in records
    }
    assert sorted(asked) == sorted(wanted["asked"])
    assert not set(asked) & set(wanted["never_asked"])
    assert len(found) == len(records)
    if backend == "sync":
        assert found == expected
    else:  # which of two URLs that redirect to one page is first, and so recorded, is chance
        assert {json.dumps(record, sort_keys=True) for record in found.values()} == {
            json.dumps(record, sort_keys=True) for record in expected.values()
        }


def test_the_folder_that_leads_ever_deeper_is_left_by_itself():
    with serve(sample_site("traps")) as server:
        crawler = Crawler(backend="sync", follow=True, retries=0, scope="prefix")
        crawler.run(f"{server.url}/loops/deeper/")
        asked = [line.path for line in server.log if line.path != "/robots.txt"]
    assert asked == [f"/loops/deeper/{'a/' * n}" for n in range(4)]
    assert crawler.stats.skips["path repeats itself"] == 1
