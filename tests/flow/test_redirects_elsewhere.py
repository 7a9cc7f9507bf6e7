"""Redirects that leave the seeds' hosts: a link's is left out, a handler's own request is not."""

from crawlpool import Crawler


def test_a_redirect_of_a_link_to_another_host_is_left_out_and_never_asked(site, sites):
    other = sites("127.0.0.2")
    other.page("/there")
    site.page("/", links=["/away"])
    site.redirect("/away", other.url + "/there")
    crawler = Crawler(backend="sync", follow=True, robots=False)

    assert [record["url"] for record in crawler.items(site.url + "/")] == [site.url + "/"]
    assert other.requests == []
    assert crawler.stats.skips["scope host"] == 1


def test_what_a_handler_asks_for_elsewhere_may_redirect_there(site, sites):
    other = sites("127.0.0.2")
    other.redirect("/here", "/there")
    other.page("/there", title="There")
    site.page("/")
    crawler = Crawler(backend="sync", robots=False, allow_private=True)

    @crawler.on_page
    def page(page):
        yield {"title": page.title}
        if page.depth == 0:
            yield page.follow(other.url + "/here")

    assert [item["title"] for item in crawler.items(site.url + "/")] == ["/", "There"]
