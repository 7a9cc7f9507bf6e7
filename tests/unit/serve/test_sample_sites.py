"""The sample sites are what `fixtures/expected` says of them.

The crawler here is as plain as can be, one page after the other, so that it can be
checked by reading; the real one is compared with the same files elsewhere.
"""

import http.client
import json
import re
from collections import deque
from pathlib import Path

import pytest
import webencodings
from selectolax.lexbor import LexborHTMLParser

from crawlpool.errors import ConfigError
from crawlpool.model import Request, Response
from crawlpool.polite.robots import Robots
from crawlpool.serve import sample_site, sample_sites, serve
from crawlpool.serve.asked import Asked
from crawlpool.serve.folder import Folder
from crawlpool.urls import join, place

EXPECTED = Path(__file__).parents[3] / "fixtures" / "expected"
SITES = ["bookshop", "news", "traps", "wiki"]
MOST_REDIRECTS = 10
FOLLOWED = (
    "a[href], area[href], link[rel=next][href], link[rel=prev][href], link[rel=canonical][href],"
    "frame[src], iframe[src], meta[http-equiv=refresh]"
)


def crawl(origin):
    """Ask for everything that links lead to; give what was asked, what would be recorded, and what robots.txt refused."""
    connection = http.client.HTTPConnection(place(origin).host, timeout=10)
    rules = Robots.from_outcome(
        Response(request=Request(origin), status=200, body=ask(connection, "/robots.txt")[2]),
        token="crawlpool",
    )
    asked, records, seen, waiting = {}, {}, {origin + "/"}, deque([origin + "/"])
    while waiting:
        url = first = waiting.popleft()
        hops = []
        while True:
            if not rules.is_allowed(url):
                records[path_of(first)] = {"failure": "robots"}
                break
            status, headers, body = ask(connection, path_of(url))
            asked[path_of(url)] = status
            if status not in (301, 302, 303, 307, 308):
                text = text_of(headers, body)
                tree = LexborHTMLParser(text) if text is not None else None
                records[path_of(first)] = {"final": path_of(url), "status": status, "title": title_of(tree)}
                for link in links_of(tree, url) if tree is not None and status == 200 else ():
                    if link not in seen and place(link).origin == origin:
                        seen.add(link)
                        waiting.append(link)
                break
            hops.append(url)
            url = join(url, headers["location"])
            if url is None or url in hops or len(hops) > MOST_REDIRECTS:
                records[path_of(first)] = {"failure": "redirect"}
                break
            if url in seen:
                break
            seen.add(url)
    connection.close()
    return asked, records


def ask(connection, path):
    # Not `request`, which would refuse or change an odd path.
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def path_of(url):
    return place(url).path


def text_of(headers, body):
    kind, _, parameters = headers.get("content-type", "").partition(";")
    if kind not in ("", "text/html", "application/xhtml+xml"):
        return None
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            return body[len(mark) :].decode(name)
    in_meta = re.search(rb"""<meta[^>]*charset=["']?([\w-]+)""", body[:1024])
    for label in (parameters.partition("charset=")[2], in_meta[1].decode() if in_meta else ""):
        known = webencodings.lookup(label)
        if known is not None:
            return body.decode(
                "utf-8" if known.name.startswith("utf-16") else known.codec_info.name, "replace"
            )
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def title_of(tree):
    title = tree.css_first("title") if tree is not None else None
    return None if title is None or title.parent.tag == "svg" else " ".join(title.text().split())


def links_of(tree, url):
    base = tree.css_first("base[href]")
    start = join(url, base.attributes["href"]) if base is not None else url
    for node in tree.css(FOLLOWED):
        if "nofollow" in (node.attributes.get("rel") or "").split():
            continue
        where = node.attributes.get("href", node.attributes.get("src"))
        if node.tag == "meta":
            where = node.attributes["content"].partition("url=")[2]
        found = join(start or url, where or "")
        if found is not None and not is_in_template(node):
            yield found
    for frame in tree.css("iframe[srcdoc]"):  # a document of its own, relative to this one
        yield from links_of(LexborHTMLParser(frame.attributes["srcdoc"]), start or url)


def is_in_template(node):
    while node is not None:
        if node.tag == "template":
            return True
        node = node.parent
    return False


def expected(name):
    return json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(params=SITES)
def name(request):
    return request.param


def test_a_crawl_finds_what_is_expected(name):
    with serve(sample_site(name)) as server:
        asked, records = crawl(server.url)
        paths = [line.path for line in server.log if line.path != "/robots.txt"]

    wanted = expected(name)
    assert asked == wanted["asked"]
    assert {
        path: {"final": path, **record} if "status" in record else record
        for path, record in wanted["records"].items()
    } == records
    assert sorted(paths) == sorted(wanted["asked"])


def test_what_is_never_asked_is_not_among_what_is_expected(name):
    wanted = expected(name)

    assert not set(wanted["never_asked"]) & set(wanted["asked"])
    assert set(wanted["unrecorded"]) <= set(wanted["asked"]) - set(wanted["records"])


def test_every_file_of_a_site_is_reached_or_meant_not_to_be(name, monkeypatch):
    wanted, root, opened = expected(name), sample_site(name), set()
    answer_with = Folder._file

    def note(folder, asked, path, file, status):
        opened.add(Path(file).relative_to(root.resolve()).as_posix())
        return answer_with(folder, asked, path, file, status)

    monkeypatch.setattr(Folder, "_file", note)
    folder = Folder(root)
    for path in wanted["asked"]:
        folder.answer(
            Asked(
                method="GET",
                target=path,
                version="HTTP/1.1",
                headers=(),
                body=b"",
                client="",
                is_last=False,
                at=0.0,
            )
        )

    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert sorted(files - opened) == wanted["unreached"]


def test_a_crawl_that_ignores_robots_rules_gets_lost_in_the_endless_folder():
    with serve(sample_site("traps")) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for path in ("/endless/", "/endless/more/", "/endless/more/more/more/?page=2"):
            status, _, body = ask(connection, path)
            assert status == 200
            assert b'href="more/"' in body
        connection.close()


def test_the_urls_beside_the_sites_are_pages_of_the_bookshop():
    wanted = expected("bookshop")
    home = sample_site("bookshop").parent

    listed = [
        line
        for line in (home / "urls.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]

    assert len(listed) == len(set(listed)) > 10
    for url in listed:
        assert place(url).origin == "http://127.0.0.1:8000"
        assert place(url).path in wanted["asked"]


def test_the_bookshop_is_small():
    files = [path for path in sample_site("bookshop").rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in files) < 300_000


def test_every_book_says_what_a_shop_should_say():
    books = sorted((sample_site("bookshop") / "catalogue").glob("*.html"))

    assert len(books) == 40
    for book in books:
        tree = LexborHTMLParser(book.read_bytes())
        table = {row.css_first("th").text(): row.css_first("td").text() for row in tree.css("table tr")}
        assert tree.css_first("h1").text() in tree.css_first("title").text()
        assert re.fullmatch(r"£\d+\.\d\d", tree.css_first(".price_color").text())
        assert table["Price"] == tree.css_first(".price_color").text()
        assert table["Availability"] == tree.css_first(".availability").text()
        assert len(tree.css_first(".description").text()) > 80
        assert tree.css_first(".star-rating")


def test_the_names_of_files_differ_by_more_than_case():
    # So that a checkout on macOS or Windows holds all of them.
    names = [
        str(path.relative_to(sample_site("traps").parent)) for path in sample_site("traps").parent.rglob("*")
    ]

    assert len({name.lower() for name in names}) == len(names)
    assert all(name.isascii() for name in names)


def test_a_sample_site_is_found_by_name():
    assert sample_sites() == SITES


@pytest.mark.parametrize("wrong", ["bookshp", "", "..", "bookshop/../traps", "urls.txt"])
def test_a_sample_site_that_there_is_not_is_an_error_that_names_the_known_ones(wrong):
    with pytest.raises(ConfigError, match="bookshop, news, traps, wiki"):
        sample_site(wrong)
