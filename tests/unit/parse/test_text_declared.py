"""What a body says of its own charset, type by type; the cases follow the steps of the standards."""

import time

import pytest

from crawlpool.parse import prescan
from crawlpool.parse.labels import named
from crawlpool.parse.text import charset_of, decode


def name_of(body, content_type="text/html"):
    return charset_of(body, content_type).name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        # comments: the dashes may be those that opened it, and --!> ends none
        (b"<!--><meta charset=koi8-r>", "koi8-r"),
        (b"<!---><meta charset=koi8-r>", "koi8-r"),
        (b"<!-- --!><meta charset=koi8-r>--><meta charset=gbk>", "gbk"),
        (b"<!-- > <meta charset=koi8-r> --><meta charset=gbk>", "gbk"),
        (b"<!-- <meta charset=koi8-r>", None),
        # tags, end tags, and what begins like one
        (b"</p title='<meta charset=koi8-r>'><meta charset=gbk>", "gbk"),
        (b"<!x <meta charset=koi8-r><meta charset=gbk>", "gbk"),
        (b"<?x '><meta charset=koi8-r>'?>", "koi8-r"),
        (b"</ title='><meta charset=koi8-r>", "koi8-r"),
        (b"<1 <meta charset=koi8-r>", "koi8-r"),
        (b"<metax charset=koi8-r><meta charset=gbk>", "gbk"),
        (b"<meta>charset=koi8-r<meta charset=gbk>", "gbk"),
        (b"<a/b='><meta charset=koi8-r>", "koi8-r"),  # a slash does not end a tag's name here
        (b"<p a='><meta charset=koi8-r>", None),  # the quote never ends
        (b"<p a=b'><meta charset=koi8-r>", "koi8-r"),
        (b"<p =a'><meta charset=koi8-r>", "koi8-r"),
        # attributes of a meta
        (b"<meta/charset=koi8-r>", "koi8-r"),
        (b"<meta\fcharset\n=\r'koi8-r' x>", "koi8-r"),
        (b"<meta charset=koi8-r charset=gbk>", "koi8-r"),
        (b"<meta charset=koi8-r/>", None),
        (b"<meta charset = ' koi8-r\n'>", "koi8-r"),
        (b"<meta charset=''><meta charset=gbk>", "gbk"),
        (b"<meta charset=koi8-r", None),
        (b"<meta charset='koi8-r>", None),
        (b"<mEtA ChArSeT=KOI8-R>", "koi8-r"),
        # the pragma: both attributes, in either order
        (b"<meta content='text/html; charset=koi8-r' http-equiv=CONTENT-TYPE>", "koi8-r"),
        (b"<meta http-equiv='content-type' content='charset=koi8-r'>", "koi8-r"),
        (b"<meta http-equiv='refresh' content='charset=koi8-r'><meta charset=gbk>", "gbk"),
        (b"<meta content='charset=koi8-r'><meta charset=gbk>", "gbk"),
        (b"<meta http-equiv=content-type content='charset=koi8-r' charset=gbk>", "gbk"),
        (b"<meta http-equiv=content-type charset=gbk content='charset=koi8-r'>", "gbk"),
        (b"<meta http-equiv=content-type charset=nonsense content='charset=koi8-r'>", None),
        (b"<meta content='charset=koi8-r' charset=gbk>", "gbk"),
        # what it may name
        (b"<meta charset=utf-16><meta charset=gbk>", "utf-8"),
        (b"<meta charset=UTF-16BE>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<meta charset=unicode_escape><meta charset=hz-gb-2312>", "replacement"),
        # XML declarations come last
        (b"<?xml version='1.0' encoding='koi8-r'?>", "koi8-r"),
        (b"<?xml encoding='koi8-r'?><meta charset=gbk>", "gbk"),
        (b'<?xml encoding = "koi8-r"?>', "koi8-r"),
        (b"<?xmlencoding='koi8-r'>", "koi8-r"),
        (b" <?xml encoding='koi8-r'?>", None),
        (b"<?XML encoding='koi8-r'?>", None),
        (b"<?xml encoding='koi8-r", None),
        (b"<?xml encoding='koi8-r>'?>", None),
        (b"<?xml encoding=' koi8-r'?>", None),
        (b"<?xml encoding=koi8-r?>", None),
        (b"<?xml encoding='utf-16'?>", "utf-8"),
        (b"<\0?\0x\0m\0l\0", "utf-16le"),
        (b"\0<\0?\0x\0m\0l", "utf-16be"),
    ],
)  # fmt: skip
def test_the_prescan_takes_the_steps_of_the_standard(head, name):
    assert prescan.of_html(head) == name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("text/html; charset=koi8-r", "koi8-r"),
        ("charset=koi8-r;x", "koi8-r"),
        ("CHARSET \t= koi8-r x", "koi8-r"),
        ("charset='koi8-r'x", "koi8-r"),
        ("charset charset=koi8-r", "koi8-r"),
        ("charset='koi8-r", None),
        ("charset=\"koi8-r'", None),
        ("charset='x charset=koi8-r", None),
        ("charset=", None),
        ("charset", None),
        ("", None),
        ("charset=nonsense; charset=koi8-r", None),
    ],
)
def test_the_content_of_a_meta_is_read_by_the_standards_algorithm(content, name):
    assert prescan.of_content(content) == name


def test_the_prescan_ends_at_1024_bytes():
    meta = b"<meta charset=koi8-r>"
    assert name_of(b" " * (1024 - len(meta)) + meta + b"\xe9") == "koi8-r"
    assert name_of(b" " * (1025 - len(meta)) + meta + b"\xe9") == "windows-1252"


@pytest.mark.parametrize(
    "label", ["hex", "rot13", "idna", "undefined", "unicode_escape", "zlib", "mbcs", "utf-7", "punycode"]
)
@pytest.mark.parametrize(
    "form",
    ["<meta charset={}>", "<meta http-equiv=content-type content='x;charset={}'>", "<?xml encoding='{}'?>"],
)
def test_a_page_cannot_name_a_codec_of_pythons(label, form):
    body = form.format(label).encode() + "é".encode()
    assert decode(body, f"text/html; charset={label}") == (body.decode(), "utf-8")


@pytest.mark.parametrize("label", ["UTF8", "\n utf-8\f", "unicode-1-1-utf-8", "x-unicode20utf8"])
def test_labels_are_compared_without_case_and_blanks(label):
    assert named(label) == "utf-8"


@pytest.mark.parametrize(
    "label", ["utf-8\u00a0", "\u212aoi8-r", "\x0bkoi8-r", "koi8r", "utf_8", "latin-1", "x" * 10_000_000]
)
def test_a_label_is_one_of_the_standards_table_or_none(label):
    assert named(label) is None


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'"\xc3\xa9"', ('"é"', "utf-8")),
        ("application/json; charset=latin1", b'"\xc3\xa9\xe9"', ('"é\ufffd"', "utf-8")),
        ("application/ld+json", b"\xef\xbb\xbf{}", ("{}", "utf-8")),
        ("application/xml", b"<?xml version='1.0' encoding='koi8-r'?>\xd6", ("<?xml version='1.0' encoding='koi8-r'?>ж", "koi8-r")),
        ("application/xml", b"<meta charset='koi8-r'/>\xe9", ("<meta charset='koi8-r'/>\ufffd", "utf-8")),
        ("text/xml; charset=koi8-r", b"<?xml version='1.0' encoding='gbk'?>\xd6", ("<?xml version='1.0' encoding='gbk'?>ж", "koi8-r")),
        ("image/svg+xml", "<?xml?>é".encode("utf-16"), ("<?xml?>é", "utf-16le")),
        ("application/rss+xml", "<?xml?>é".encode("utf-16-be"), ("<?xml?>é", "utf-16be")),
        ("application/xhtml+xml", b"<html><meta charset='koi8-r'/>\xc3\xa9", ("<html><meta charset='koi8-r'/>é", "utf-8")),
        ("text/css", b'@charset "koi8-r";\xd6', ('@charset "koi8-r";ж', "koi8-r")),
        ("text/css", b'@charset "utf-16";\xc3\xa9', ('@charset "utf-16";é', "utf-8")),
        ("text/css", b"@charset 'koi8-r';\xc3\xa9", ("@charset 'koi8-r';é", "utf-8")),
        ("text/css; charset=gbk", b'@charset "koi8-r";\xc4\xe3', ('@charset "koi8-r";你', "gbk")),
        ("text/plain", b"<meta charset=koi8-r>\xe9", ("<meta charset=koi8-r>é", "windows-1252")),
        ("text/javascript", b'"use strict" // <meta charset=koi8-r> \xc3\xa9', ('"use strict" // <meta charset=koi8-r> é', "utf-8")),
        (None, b"<?xml version='1.0' encoding='koi8-r'?>\xd6", ("<?xml version='1.0' encoding='koi8-r'?>ж", "koi8-r")),
        (None, b"<html><meta charset=koi8-r>\xd6", ("<html><meta charset=koi8-r>ж", "koi8-r")),
    ],
)  # fmt: skip
def test_each_type_of_text_has_its_own_way_to_name_a_charset(content_type, body, expected):
    assert decode(body, content_type) == expected


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ('text/html; charset="koi8-r"; charset=gbk', "koi8-r"),
        ('text/html;x=";charset=gbk";charset=koi8-r', "koi8-r"),
        ("text/html; charset=koi8-r, text/html", "koi8-r"),
        ("text/html; charset=koi8-r, text/html; charset=gbk", "gbk"),
        ("text/html; charset=nonsense", "utf-8"),
        ("text/html charset=koi8-r", "utf-8"),
        ("text/html; charset='koi8-r'", "utf-8"),
        ("text/html; charset = koi8-r", "utf-8"),
    ],
)
def test_the_header_is_read_as_a_media_type(content_type, name):
    assert name_of("é".encode(), content_type) == name


@pytest.mark.parametrize(
    "unit",
    [b"<!-- ", b"<a '", b"<meta ", b"\xe9\xe8", b"<", b"\x1b$B", b"<meta charset=", b"\xc3\xa9", b"<p>\xe9"],
)
def test_telling_the_charset_of_16_mib_takes_no_time_to_speak_of(unit):
    body = unit * (16 * 1024 * 1024 // len(unit))
    start = time.process_time()
    charset_of(body, None)
    assert time.process_time() - start < 0.5
