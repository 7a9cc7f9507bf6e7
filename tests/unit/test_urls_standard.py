"""The URL standard (url.spec.whatwg.org), state by state, as far as a crawler's URLs go through it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.urls import host, join, join_all, normalise, place


def normal(cases):
    return pytest.mark.parametrize(("text", "expected"), cases)


def check(text, expected):
    assert normalise(text) == expected
    if expected is not None:
        assert normalise(expected) == expected, "a normal form is its own"


@normal(
    [
        ("http://a", "http://a/"),
        ("HtTpS://a", "https://a/"),
        ("http:a", "http://a/"),
        ("http:/a", "http://a/"),
        ("http:////a", "http://a/"),
        ("http:\\\\a\\b", "http://a/b"),
        ("http:/\\/a", "http://a/"),
        ("\x00\x1f http://a/ \x00", "http://a/"),
        ("ht\ntp\t:/\r/a/b\tc", "http://a/bc"),
        ("http", None),
        ("://a/", None),
        ("1http://a/", None),
        ("http ://a/", None),
        ("httpx://a/", None),
        ("ws://a/", None),
        ("blob:http://a/x", None),
        ("view-source:http://a/", None),
        ("data:text/html,<a href=x>", None),
        ("javascript://a/%0aalert(1)", None),
        ("about:blank", None),
        ("tel:+49301234", None),
        ("file:///etc/passwd", None),
    ],
)
def test_the_scheme_is_read_without_case_and_only_http_is_crawled(text, expected):
    check(text, expected)


@normal(
    [
        ("http://a:80/", "http://a/"),
        ("http://a:443/", "http://a:443/"),
        ("https://a:443/", "https://a/"),
        ("https://a:80/", "https://a:80/"),
        ("http://a:/", "http://a/"),
        ("http://a:00080/", "http://a/"),
        ("http://a:0/", "http://a:0/"),
        ("http://a:65535/", "http://a:65535/"),
        ("http://a:65536/", None),
        ("http://a:8080x/", None),
        ("http://a:-1/", None),
        ("http://a: 80/", None),
        ("http://a:8\t0/", "http://a/"),
        ("http://a:\u0668\u0660/", None),
    ],
)
def test_a_port_is_a_number_and_the_default_one_is_left_away(text, expected):
    check(text, expected)


@normal(
    [
        ("http://127.0.0.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0x7F000001/", "http://127.0.0.1/"),
        ("http://017700000001/", "http://127.0.0.1/"),
        ("http://0177.0.0.01/", "http://127.0.0.1/"),
        ("http://0x7f.0x0.0x0.0x1/", "http://127.0.0.1/"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://127.0.1/", "http://127.0.0.1/"),
        ("http://127.0.0.1./", "http://127.0.0.1/"),
        ("http://0x/", "http://0.0.0.0/"),
        ("http://0/", "http://0.0.0.0/"),
        ("http://255.255.65535/", "http://255.255.255.255/"),
        ("http://1.65536/", "http://1.1.0.0/"),
        ("http://\uff11\uff12\uff17.0.0.1/", "http://127.0.0.1/"),
        ("http://%31%32%37.0.0.1/", "http://127.0.0.1/"),
        ("http://256.0.0.1/", None),
        ("http://1.2.3.256/", None),
        ("http://4294967296/", None),
        ("http://1.16777216/", None),
        ("http://1.2.3.4.5/", None),
        ("http://08.0.0.1/", None),
        ("http://0xg.0.0.1/", None),
        ("http://a.0x/", None),
        ("http://a.1/", None),
        ("http://1.2.3.4.a/", "http://1.2.3.4.a/"),
        ("http://1..2/", None),
        ("http://1e2/", "http://1e2/"),
        ("http://+1/", "http://+1/"),
    ],
)
def test_a_host_that_ends_in_a_number_is_an_ipv4_address_in_any_notation(text, expected):
    check(text, expected)


@normal(
    [
        ("http://[::1]/", "http://[::1]/"),
        ("http://[0:0:0:0:0:0:0:1]:80/", "http://[::1]/"),
        ("http://[2001:DB8:0:0:1:0:0:1]/", "http://[2001:db8::1:0:0:1]/"),
        ("http://[1:0:2:0:0:3:0:0]/", "http://[1:0:2::3:0:0]/"),
        ("http://[1:0:3:4:5:6:7:8]/", "http://[1:0:3:4:5:6:7:8]/"),
        ("http://[::127.0.0.1]/", "http://[::7f00:1]/"),
        ("http://[::ffff:192.168.0.1]/", "http://[::ffff:c0a8:1]/"),
        ("http://[::]:8080/x", "http://[::]:8080/x"),
        ("http://[::1%25eth0]/", None),
        ("http://[fe80::1%eth0]/", None),
        ("http://[::1/", None),
        ("http://::1/", None),
        ("http://[:::]/", None),
        ("http://[1:2:3:4:5:6:7]/", None),
        ("http://[1:2:3:4:5:6:7:8:9]/", None),
        ("http://[1::2::3]/", None),
        ("http://[12345::]/", None),
        ("http://[::1.2.3]/", None),
        ("http://[::1.2.3.04]/", None),
        ("http://[::1.2.3.256]/", None),
        ("http://[g::]/", None),
        ("http://[]/", None),
        ("http://[::1]a/", None),
    ],
)
def test_an_ipv6_address_is_compressed_and_has_no_zone(text, expected):
    check(text, expected)


@normal(
    [
        ("http://EXAMPLE.Test/", "http://example.test/"),
        ("http://b\u00fccher.test/", "http://xn--bcher-kva.test/"),
        ("http://B\u00dcCHER.test/", "http://xn--bcher-kva.test/"),
        ("http://bu\u0308cher.test/", "http://xn--bcher-kva.test/"),
        ("http://fa\u00df.test/", "http://xn--fa-hia.test/"),
        ("http://xn--bcher-kva.test/", "http://xn--bcher-kva.test/"),
        ("http://XN--BCHER-KVA.test/", "http://xn--bcher-kva.test/"),
        ("http://b%C3%BCcher.test/", "http://xn--bcher-kva.test/"),
        ("http://\u65e5\u672c\u8a9e.test/", "http://xn--wgv71a119e.test/"),
        ("http://a\u3002b/", "http://a.b/"),
        ("http://\uff27\uff4f.test/", "http://go.test/"),
        ("http://a\u00adb.test/", "http://ab.test/"),
        ("http://a_b.test/", "http://a_b.test/"),
        ("http://-a-.test/", "http://-a-.test/"),
        ("http://a..b/", "http://a..b/"),
        ("http://a.b./", "http://a.b./"),
        (f"http://{'a' * 64}.test/", f"http://{'a' * 64}.test/"),
        (f"http://{'a.' * 127}test/", f"http://{'a.' * 127}test/"),
        ("http://xn--/", None),
        ("http://xn--a/", None),
        ("http://www.xn--ab-.test/", None),
        ("http://www.test/xn--ab-", "http://www.test/xn--ab-"),
        ("http://www.test/?.xn--ab-/", "http://www.test/?.xn--ab-/"),
        ("http://xn--a-ecp.test/", None),
        ("http://xn--zn7c.test/", None),
        ("http://\u00ad/", None),
        ("http://a\u200db.test/", None),
        ("http://%ff.test/", None),
        ("http://\ufffd.test/", None),
        ("http://a b.test/", None),
        ("http://a%20b.test/", None),
        ("http://a%00b.test/", None),
        ("http://a<b.test/", None),
        ("http://a%3Ab/", None),
        ("http://a%2fb/", None),
        ("http://a%/", None),
        ("http://a^b/", None),
        ("http://a|b/", None),
        ("http://a\x7fb/", None),
    ],
)
def test_a_name_is_in_ascii_by_idna_or_no_name(text, expected):
    check(text, expected)


@normal(
    [
        ("http:", None),
        ("http://", None),
        ("http:///", None),
        ("http://?q", None),
        ("http://#f", None),
        ("http://:80/", None),
        ("http://@/", None),
        ("http://user@/", None),
        ("http://user@:80/", None),
    ],
)
def test_a_url_without_a_host_is_none(text, expected):
    check(text, expected)


@normal(
    [
        ("http://user:secret@a/x", "http://a/x"),
        ("http://user@a:81/x", "http://a:81/x"),
        ("http://:secret@a/", "http://a/"),
        ("http://@a/", "http://a/"),
        ("http://:@a/", "http://a/"),
        ("http://a@b@c/", "http://c/"),
        ("http://user:se%40:cret@a/", "http://a/"),
        ("http://u\\:p@a/", "http://u/:p@a/"),
        ("http://u/p@a/", "http://u/p@a/"),
        ("http://u?p@a/", "http://u/?p@a/"),
        ("http://u#p@a/", "http://u/"),
        ("http://a/@b", "http://a/@b"),
        ("http://user:secret@[::1]:80/@x", "http://[::1]/@x"),
    ],
)
def test_user_name_and_password_are_left_away(text, expected):
    check(text, expected)


@normal(
    [
        ("http://a/b/./c", "http://a/b/c"),
        ("http://a/b/../c", "http://a/c"),
        ("http://a/../../c", "http://a/c"),
        ("http://a/b/..", "http://a/"),
        ("http://a/b/.", "http://a/b/"),
        ("http://a/b/%2e/c", "http://a/b/c"),
        ("http://a/b/%2E%2e/c", "http://a/c"),
        ("http://a/b/.%2e/c", "http://a/c"),
        ("http://a/b/%2e./c", "http://a/c"),
        ("http://a/b\\..\\c", "http://a/c"),
        ("http://a//b//..", "http://a//b/"),
        ("http://a/...", "http://a/..."),
        ("http://a/..b", "http://a/..b"),
        ("http://a/b%2F..%2Fc", "http://a/b%2F..%2Fc"),
        ("http://a/b%2fc", "http://a/b%2fc"),
        ("http://a/%252e%252e/c", "http://a/%252e%252e/c"),
        ("http://a/b?c/../d", "http://a/b?c/../d"),
        ("http://a/b;x=1/../c", "http://a/c"),
        ("http://a/c:/../d", "http://a/d"),
    ],
)
def test_dot_segments_are_resolved_also_where_they_are_escaped(text, expected):
    check(text, expected)


@normal(
    [
        ("http://a/ b", "http://a/%20b"),
        ('http://a/"<>`{}', "http://a/%22%3C%3E%60%7B%7D"),
        ("http://a/^", "http://a/%5E"),
        ("http://a/|", "http://a/|"),
        ("http://a/[]!$&'()*+,;=:@~-._", "http://a/[]!$&'()*+,;=:@~-._"),
        ("http://a/\u00e4", "http://a/%C3%A4"),
        ("http://a/\U0001f600", "http://a/%F0%9F%98%80"),
        ("http://a/\x7f\x01b", "http://a/%7F%01b"),
        ("http://a/%zz%", "http://a/%zz%"),
        ("http://a/%e4%E4", "http://a/%e4%E4"),
        ("http://a/%41", "http://a/%41"),
        ('http://a/? "<>#f', "http://a/?%20%22%3C%3E"),
        ("http://a/?'", "http://a/?%27"),
        ("http://a/?`{}|^\\[]", "http://a/?`{}|^\\[]"),
        ("http://a/?a+b&c=%20;d?e/f", "http://a/?a+b&c=%20;d?e/f"),
        ("http://a/?\u00e4", "http://a/?%C3%A4"),
        ("http://a?", "http://a/?"),
        ("http://a/?#", "http://a/?"),
        ("http://a/#", "http://a/"),
        ("http://a/#a#b", "http://a/"),
        ("http://a/\ud800b", "http://a/%EF%BF%BDb"),
        ("http://a/\ud83d\ude00", "http://a/%F0%9F%98%80"),
        ("http://a/?\udc80", "http://a/?%EF%BF%BD"),
        ("http://\ud800.test/", None),
    ],
)
def test_each_part_escapes_its_own_set_and_changes_nothing_else(text, expected):
    check(text, expected)


BASE = "http://a.test/b/c/d;p?q"


@pytest.mark.parametrize(
    ("reference", "path"),
    [  # RFC 3986, 5.4, and where the URL standard differs from it
        ("g", "/b/c/g"),
        ("./g", "/b/c/g"),
        ("g/", "/b/c/g/"),
        ("/g", "/g"),
        ("?y", "/b/c/d;p?y"),
        ("g?y", "/b/c/g?y"),
        ("#s", "/b/c/d;p?q"),
        ("g#s", "/b/c/g"),
        (";x", "/b/c/;x"),
        ("g;x=1/./y", "/b/c/g;x=1/y"),
        ("", "/b/c/d;p?q"),
        (".", "/b/c/"),
        ("..", "/b/"),
        ("../..", "/"),
        ("../../../g", "/g"),
        ("/./g", "/g"),
        ("/../g", "/g"),
        ("g.", "/b/c/g."),
        ("..g", "/b/c/..g"),
        ("g?y/../x", "/b/c/g?y/../x"),
        ("http:g", "/b/c/g"),
        ("http:/g", "/g"),
        ("HTTP:?y", "/b/c/d;p?y"),
        ("http:", "/b/c/d;p?q"),
        ("http:#s", "/b/c/d;p?q"),
        ("g:h", None),
        ("./g:h", "/b/c/g:h"),
        ("\\g\\h", "/g/h"),
        ("..\\g", "/b/g"),
        ("%2e%2e/g", "/b/g"),
        (" g\n", "/b/c/g"),
        ("\tg\th", "/b/c/gh"),
        ("g h", "/b/c/g%20h"),
    ],
)
def test_a_reference_leads_where_the_standard_says(reference, path):
    expected = None if path is None else f"http://a.test{path}"
    assert join(BASE, reference) == expected
    assert join_all(BASE, [reference, reference]) == [expected, expected]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("//g", "http://g/"),
        ("///g", "http://g/"),
        ("\\\\g", "http://g/"),
        ("/\\g", "http://g/"),
        ("//u:p@g/x", "http://g/x"),
        ("https:g", "https://g/"),
        ("https:/g", "https://g/"),
        ("https:?y", None),
        ("//", None),
        ("//g:99999", None),
        ("//[", None),
        ("https://", None),
        ("http://\u00ad/", None),
    ],
)
def test_a_reference_may_name_another_host(reference, expected):
    assert join(BASE, reference) == expected
    assert join_all(BASE, [reference, reference]) == [expected, expected]


@pytest.mark.parametrize("base", ["mailto:x", "data:,x", "", "no url", "http://", "\ud800"])
def test_a_base_that_is_none_leaves_only_what_is_absolute(base):
    assert join_all(base, ["x", "http://a/"]) == [None, "http://a/"]
    assert join(base, "x") is None


def test_a_url_of_a_million_characters_is_parsed_as_any_other():
    text = "http://a/" + "b/../" * 100_000 + "x" * 500_000 + "?" + "\u00e4" * 100_000
    assert normalise(text) == "http://a/" + "x" * 500_000 + "?" + "%C3%A4" * 100_000
    assert join("http://a/", text[9:]) == normalise(text)


ANYTHING = st.text(
    alphabet=st.characters(codec=None, categories=None) | st.sampled_from("htps:/\\?#@[]%.1x\t\n \ud800"),
    max_size=30,
)


@given(ANYTHING)
def test_whatever_is_parsed_the_normal_form_is_stable_and_has_its_parts(text):
    for given_url in (text, f"http://{text}", f"https://a/{text}", f"//{text}"):
        url = normalise(given_url)
        joined = join("http://base.test/x/y?z", text)
        for each in (url, joined):
            if each is None:
                continue
            assert normalise(each) == each
            assert each.isascii()
            assert each.startswith(("http://", "https://"))
            where = place(each)
            assert "@" not in where.host
            assert where.host == host(each)
            assert where.origin + where.path == each
