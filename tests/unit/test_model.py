"""The words of a crawl: what is made of a request is the request."""

from dataclasses import fields, replace

from crawlpool.model import Request


def test_a_lease_changes_nothing_else_of_a_request():
    request = Request(
        "http://shop.example/A",
        method="POST",
        headers=[("X-Part", "1")],
        body=b"a=1",
        cookies={"c": "d"},
        data={"a": [1]},
        handler="book",
        priority=3,
        depth=2,
        found_on="http://shop.example/",
        is_listed=True,
        columns=(("a", "b"),),
        source="urls.txt:2",
        target="http://shop.example/a",
        redirects=("http://shop.example/0",),
        attempt=2,
    )

    leased = request.leased(7)

    assert leased == replace(request, lease=7)
    assert all(getattr(leased, each.name) is not None for each in fields(Request))
    assert request.lease == 0
