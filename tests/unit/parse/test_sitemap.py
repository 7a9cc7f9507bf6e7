"""What sitemaps and feeds list, by sitemaps.org 0.9, RSS 2.0, RFC 4287 and JSON Feed 1.1; and what breaks nothing."""

import gzip
import random
import time
import tracemalloc
import zlib

import pytest

from crawlpool.parse.sitemap import MOST_URLS, Entry, Kind, Reader, changed_at

BASE = "https://shop.example/maps/map.xml"
XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def read(body, **more):
    """A reader at its end, and all that it gave."""
    data = body.encode() if isinstance(body, str) else body
    reader = Reader(data, base=BASE, **more)
    return reader, [entry for piece in reader for entry in piece]


def urls(body, **more):
    return [entry.url.removeprefix("https://shop.example") for entry in read(body, **more)[1]]


def page(loc, inner=""):
    return f"<url><loc>{loc}</loc>{inner}</url>"


# Sitemaps (sitemaps.org 0.9)


def test_an_entry_has_its_url_and_when_it_changed():
    reader, found = read(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {XMLNS}>\n  <url>\n    <loc>https://shop.example/a</loc>\n'
        "    <lastmod>2026-01-31</lastmod>\n    <changefreq>daily</changefreq>\n    <priority>0.8</priority>\n"
        "  </url>\n</urlset>\n"
    )
    assert found == [Entry("https://shop.example/a", Kind.PAGE, "2026-01-31")]
    assert (reader.format, reader.faults, reader.urls, reader.bad) == ("sitemap", [], 1, 0)


def test_an_index_names_sitemaps():
    reader, found = read(
        f"<sitemapindex {XMLNS}><sitemap><loc>/one.xml.gz</loc><lastmod>2026</lastmod></sitemap></sitemapindex>"
    )
    assert found == [Entry("https://shop.example/one.xml.gz", Kind.SITEMAP, "2026")]
    assert reader.format == "sitemap index"


@pytest.mark.parametrize(
    "text",
    [
        f"<urlset {XMLNS}>{page('/a')}</urlset>",
        '<s:urlset xmlns:s="any"><s:url><s:loc>/a</s:loc></s:url></s:urlset>',
        "<s:urlset><s:url><s:loc>/a</s:loc></s:url></s:urlset>",  # the prefix is bound to nothing
        f'<urlset xmlns="http://www.google.com/schemas/sitemap/0.84">{page("/a")}</urlset>',
        f"\n \ufeff<?xml version='1.0'?><urlset>{page('/a')}</urlset>",  # the declaration should stand first
        f'<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><!-- made by hand --><urlset>{page("/a")}</urlset>',
        f"<br />\n<b>Warning</b>: no such thing in line 3<urlset>{page('/a')}</urlset>",
        f"<urlset>{page('<![CDATA[/a]]>')}</urlset>",
        f"<urlset>{page('  /a  ')}</urlset>",
        f"<urlset>{page('/<!-- x -->a')}</urlset>",
        f"<urlset>{page('/&#97;')}</urlset>",
    ],
)
def test_the_ways_in_which_sitemaps_are_written_mean_the_same(text):
    reader, found = read(text)
    assert [entry.url for entry in found] == ["https://shop.example/a"]
    assert reader.faults == []


def test_escapes_of_xml_are_undone_once():
    assert urls(f"<urlset>{page('/?a=1&amp;b=&lt;')}{page('/?c=&amp;amp;')}</urlset>") == [
        "/?a=1&b=%3C",
        "/?c=&amp;",
    ]


def test_alternates_and_images_belong_to_their_page_and_are_told_from_it():
    _, found = read(
        "<urlset>"
        + page(
            "/a",
            '<xhtml:link rel="alternate" hreflang="de" href="/de/a"/><xhtml:link rel="canonical" href="/no"/>'
            "<image:image><image:loc>/a.png</image:loc><image:caption>x</image:caption></image:image>"
            "<video:video><video:player_loc>/player</video:player_loc><video:thumbnail_loc>/t.png</video:thumbnail_loc>"
            "</video:video><news:news><news:title>t</news:title></news:news><lastmod>2026-01-31</lastmod>",
        )
        + "</urlset>"
    )
    assert found == [
        Entry("https://shop.example/a", Kind.PAGE, "2026-01-31"),
        Entry("https://shop.example/de/a", Kind.ALTERNATE, "2026-01-31"),
        Entry("https://shop.example/a.png", Kind.IMAGE),
    ]


def test_an_entry_without_a_url_is_counted_and_left_out():
    reader, found = read(
        f"<urlset><url/>{page('mailto:a@shop.example')}{page('http://[')}{page('/a')}</urlset>"
    )
    assert [entry.url for entry in found] == ["https://shop.example/a"]
    assert reader.bad == 3


def test_a_location_outside_of_any_entry_is_none():
    assert urls("<urlset><loc>/x</loc><url><deep><loc>/y</loc></deep><loc>/a</loc></url></urlset>") == ["/a"]


# Feeds


def test_an_rss_item_is_the_page_of_its_link_or_of_its_guid():
    reader, found = read(
        '<rss version="2.0"><channel><link>https://shop.example/</link><atom:link href="/feed" rel="self"/>'
        "<item><title>one</title><link>/1</link><guid>/never</guid>"
        "<pubDate>Sat, 31 Jan 2026 12:00:00 +0100</pubDate></item>"
        "<item><guid>https://shop.example/2</guid></item>"
        '<item><guid isPermaLink="false">tag:2</guid></item>'
        "</channel></rss>"
    )
    assert found == [
        Entry("https://shop.example/1", Kind.PAGE, "Sat, 31 Jan 2026 12:00:00 +0100"),
        Entry("https://shop.example/2", Kind.PAGE),
    ]
    assert (reader.format, reader.bad) == ("RSS", 0)


def test_items_of_rss_1_stand_beside_their_channel():
    text = "<rdf:RDF><channel><link>/</link></channel><item><link>/1</link><dc:date>2026-01-31</dc:date></item></rdf:RDF>"
    assert read(text)[1] == [Entry("https://shop.example/1", Kind.PAGE, "2026-01-31")]


def test_an_atom_entry_is_the_page_of_its_alternate_link_relative_to_the_nearest_base():
    reader, found = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/blog/"><link href="/"/><link rel="self" href="/feed"/>'
        '<entry><link href="1"/><link rel="enclosure" href="/1.mp3"/><published>2025-01-01T00:00:00Z</published>'
        "<updated>2026-01-31T12:00:00Z</updated></entry>"
        '<entry xml:base="/other/"><link rel="alternate" href="2"/><link rel="alternate" hreflang="de" href="2.de"/></entry>'
        "</feed>"
    )
    assert found == [
        Entry("https://shop.example/blog/1", Kind.PAGE, "2026-01-31T12:00:00Z"),
        Entry("https://shop.example/other/2", Kind.PAGE),
        Entry("https://shop.example/other/2.de", Kind.ALTERNATE),
    ]
    assert reader.format == "Atom"


def test_a_json_feeds_item_is_the_page_of_its_url():
    text = (
        '{"version": "https://jsonfeed.org/version/1.1", "home_page_url": "/", "items": [{"url": "/1", '
        '"date_modified": "2026-01-31"}, {"external_url": "/2"}, {"id": 3}, 4, {"url": 5}]}'
    )
    assert read(text)[1] == [
        Entry("https://shop.example/1", Kind.PAGE, "2026-01-31"),
        Entry("https://shop.example/2", Kind.PAGE),
    ]


def test_a_list_has_a_url_a_line_however_lines_end():
    reader, found = read(
        "\ufeffhttps://shop.example/1\r\n\r\nhttps://shop.example/2\rhttps://shop.example/3\n/4\n"
    )
    assert [entry.url[-1] for entry in found] == ["1", "2", "3"]
    assert (reader.format, reader.bad) == ("list", 1)


# Bytes


@pytest.mark.parametrize("times", [1, 2])
def test_what_gzip_packed_is_seen_by_its_first_bytes(times):
    body = f"<urlset>{page('/a')}</urlset>".encode()
    for _ in range(times):
        body = gzip.compress(body)
    assert urls(body, content_type="text/plain") == ["/a"]


def test_members_of_gzip_follow_each_other():
    text = f"<urlset>{page('/a')}{page('/b')}</urlset>".encode()
    assert urls(gzip.compress(text[:20]) + gzip.compress(text[20:]) + b"\0\0rubbish") == ["/a", "/b"]


@pytest.mark.parametrize("size", [16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1])
def test_a_member_of_gzip_may_begin_anywhere(size):
    # The file is read in pieces of 16 KiB.
    first = b"<urlset><url><loc>/a</loc></url>"
    first = gzip.compress(first + b" " * (size - len(gzip.compress(first, 0))), 0)
    assert len(first) == size
    assert urls(first + gzip.compress(b"<url><loc>/b</loc></url></urlset>")) == ["/a", "/b"]


@pytest.mark.parametrize("nothing", [gzip.compress(b""), b"\0\0\0\xff\xff"], ids=["members", "blocks"])
def test_gigabytes_of_gzip_that_hold_nothing_hold_up_nobody(nothing):
    pack = zlib.compressobj(wbits=31)
    member = gzip.compress(b"")[:10] if len(nothing) == 5 else b""
    packed = pack.compress(member)
    packed += b"".join(pack.compress(nothing * 200_000) for _ in range(80)) + pack.flush()
    started = time.process_time()
    reader, found = read(packed)
    assert time.process_time() - started < 3
    assert found == []
    assert "its gzip goes on and on; the rest is left out" in reader.faults


def test_gzip_that_breaks_off_gives_what_stood_before():
    pages = "".join(page(f"/{number}-{random.Random(number).random()}") for number in range(2000))
    packed = gzip.compress(f"<urlset>{pages}</urlset>".encode())
    reader, found = read(packed[: len(packed) // 2])
    assert 500 < len(found) < 2000
    assert "its gzip ends in the middle" in reader.faults


@pytest.mark.parametrize(
    "charset", ["iso-8859-1", "shift_jis", "euc-jp", "koi8-r", "gb18030", "utf-16", "utf-16le"]
)
def test_the_declared_encoding_is_obeyed(charset):
    letter = {"iso-8859-1": "ä", "koi8-r": "я"}.get(charset, "本")
    text = f'<?xml version="1.0" encoding="{charset}"?><urlset>' + "".join(
        page(f"/{letter}{n}") for n in range(900)
    )
    found = urls((text + "</urlset>").encode(charset))
    assert len(found) == len(set(found)) == 900
    assert found[0] == "/" + "".join(f"%{byte:02X}" for byte in letter.encode()) + "0"


def test_the_header_names_the_charset_where_the_file_does_not():
    text = f"<urlset>{page('/я')}</urlset>".encode("koi8-r")
    assert urls(text, content_type='application/xml; charset="KOI8-R"') == ["/%D1%8F"]


# Faults


@pytest.mark.parametrize(
    ("fault", "behind"),
    [
        (page("/q?a=1&b=2"), ["/q?a=1&b=2"]),
        (page("/q?copy=1&copy=2"), ["/q?copy=1&copy=2"]),
        ("<url><loc>/q</url>", ["/q"]),
        (page("/q", "<title>a < b</title>"), ["/q"]),
        (page("/q", "\x0b"), ["/q"]),
        ("</urlset>", []),
        ("&nbsp;", []),
        (f"<{'a' * 300_000}", []),
        ("<a>" * 200, []),
    ],
)
def test_behind_a_fault_pages_are_found_all_the_same(fault, behind):
    text = (
        f"<urlset>{page('/a', '<lastmod>2026</lastmod>')}{fault}{page('/b', '<lastmod>2025</lastmod>')}"
        + page("/c")
    )
    reader, found = read(
        text + page("<![CDATA[/d]]>", "<image:image><image:loc>/i.png</image:loc></image:image>")
    )
    pages = [entry.url.removeprefix("https://shop.example") for entry in found]
    assert pages == ["/a", *behind, "/b", "/c", "/d"]
    assert {entry.lastmod for entry in found if entry.url.endswith(("/a", "/b"))} == {"2026", "2025"}
    assert len(reader.faults) == 1


def test_a_file_that_was_cut_gives_no_half_url():
    text = f"<urlset>{page('/a')}{page('/b')}<url><loc>https://shop.example/cccc"
    reader, found = read(text, is_cut=True)
    assert [entry.url[-1] for entry in found] == ["a", "b"]
    assert reader.faults[0].startswith("its body was cut")


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE urlset [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE urlset [<!ENTITY % a SYSTEM "http://127.0.0.1:1/x.dtd"> %a;]>',
    ],
)
def test_no_entity_is_expanded_and_nothing_outside_is_read(dtd):
    reader, found = read(f"<?xml version='1.0'?>{dtd}<urlset>{page('/&b;')}{page('/a')}</urlset>")
    assert [entry.url for entry in found] == ["https://shop.example/&b;", "https://shop.example/a"]
    assert reader.faults == ["it declares entities, which are not expanded"]


def test_a_document_type_outside_is_not_asked_for():
    text = '<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/rss.dtd"><rss><channel><item><link>/a</link></item></channel></rss>'
    assert urls(text) == ["/a"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "it is empty"),
        (b" \n\0", "it is empty"),
        (b"\x0c", "it is neither XML nor a list of URLs"),
        ("\u3000\x1f".encode(), "it is neither XML nor a list of URLs"),
        (b"<!DOCTYPE html><title>Not here</title><a href='/a'>", "it is an HTML page"),
        (b"<!-- x -->\n<html><body>", "it is an HTML page"),
        (
            b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><loc>/a</loc></html>",
            "it is an HTML page",
        ),
        (b"<svg><url><loc>/a</loc></url></svg>", "it is no sitemap: its root is <svg>"),
        (b"not found", "it is neither XML nor a list of URLs"),
        (b'{"items": [{"url": "/a"}]}', "it is JSON and no JSON Feed"),
        (b'{"version":', "bad JSON"),
        (b"\x89PNG\r\n\x1a\n\0\0", "it is neither XML nor a list of URLs"),
        (b"\x1f\x8b not gzip", "its gzip is damaged"),
    ],
)
def test_what_is_no_sitemap_gives_nothing_and_is_said(body, said):
    reader, found = read(body)
    assert found == []
    assert reader.format == ""
    assert reader.faults[0].startswith(said)


# Limits


def test_no_more_is_read_of_a_file_than_the_protocol_allows():
    reader, found = read("<urlset>" + page("/a") * (MOST_URLS + 5) + "</urlset>")
    assert len(found) == MOST_URLS
    assert reader.faults == ["it lists more than 50,000 URLs; the rest is left out"]


def test_a_bomb_of_gzip_is_left_at_the_limit(monkeypatch):
    monkeypatch.setattr("crawlpool.parse.sitemap.MOST_BYTES", 1024 * 1024)
    packed = gzip.compress(b"<urlset><!--" + b"-> <!--" * 3_000_000)
    reader, _ = read(packed)
    assert "the rest is left out" in reader.faults[0] or "bad XML" in reader.faults[0]


def test_memory_does_not_grow_with_the_length_of_a_file():
    body = b"<urlset>" + b"".join(b"<url><loc>/%d</loc></url>" % n for n in range(40_000)) + b"</urlset>"
    reader = Reader(body, base=BASE)
    tracemalloc.start()
    try:
        most = max(len(piece) for piece in reader)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 1500
    assert peak < 4_000_000


MIB = 1024 * 1024
HOSTILE = {
    "nesting": b"<urlset>" + b"<a>" * MIB,
    "a comment without end": b"<urlset><!--" + b"x" * 4 * MIB,
    "an attribute without end": b'<urlset a="' + b"x" * 4 * MIB,
    "many attributes": b"<urlset" + b"".join(b" a%d=''" % n for n in range(300_000)),
    "nothing but tags that begin": b"<urlset>" + b"<" * 4 * MIB,
    "locations within locations": b"<urlset>&" + b"<loc>" * MIB,
    "a location without end": b"<urlset><url><loc>" + b"x" * 4 * MIB,
    "tags of white space": b"<urlset>&" + b"<url" + b" " * 4 * MIB,
    "lines that are no URLs": b"http://shop.example/\n" + b"x\n" * 2 * MIB,
    "one long line": b"http://shop.example/\n" + b"x" * 4 * MIB,
    "brackets of JSON": b'{"a":' + b"[" * 3 * MIB,
    "alternates": b"<urlset>" + page("/a", "<link rel='alternate' href='/a'/>" * 50_000).encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_takes_little_time_and_never_long_at_once(name):
    reader = Reader(HOSTILE[name], base=BASE)
    started = before = time.process_time()
    longest = 0.0
    for _ in reader:
        now = time.process_time()
        longest, before = max(longest, now - before), now
    assert longest < 0.3
    assert time.process_time() - started < 3


def test_no_bytes_raise():
    chance = random.Random(1)
    seeds = [
        f"<urlset {XMLNS}>{page('/a&amp;b', '<lastmod>2026</lastmod>')}{page('/b')}</urlset>".encode(),
        b"<feed xml:base='/'><entry><link href='/a'/></entry></feed>",
        b"<rss><channel><item><link>/a</link><guid isPermaLink='no'/></item></channel></rss>",
        b'{"version": "https://jsonfeed.org/version/1", "items": [{"url": "/1"}]}',
        gzip.compress(b"<urlset><url><loc>/a</loc></url></urlset>"),
        f"<urlset>{page('/a')}</urlset>".encode("utf-16"),
    ]
    for _ in range(1500):
        body = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(body))
            body[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
            body = body or bytearray(b"<")
        for entry in read(bytes(body))[1]:
            assert entry.url.startswith(("http://", "https://"))


# Dates


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970", 365 * 86400 - 1),
        ("1970-01", 31 * 86400 - 1),
        ("1970-01-02", 2 * 86400 - 1),
        ("1970-01-01T00:01Z", 119),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01t00:00:00.25z", 0),
        (" 1970-01-01 00:00:07 ", 7),
        ("Thu, 01 Jan 1970 01:00:00 +0100", 0),
        ("Thu, 01 Jan 1970 00:00:09 GMT", 9),
        ("", None),
        ("yesterday", None),
        ("2026-02-30", None),
        ("2026-13", None),
        ("2026-01-31T25:00Z", None),
        ("2026-01-31T10:00+99:00", None),
        ("0000", None),
        ("٢٠٢٦", None),
        ("9" * 5000, None),
    ],
)
def test_a_date_is_the_last_moment_that_it_may_mean(text, seconds):
    assert changed_at(text) == seconds
