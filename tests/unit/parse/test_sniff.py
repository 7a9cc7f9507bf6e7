"""What an answer is: the MIME Sniffing standard, section by section."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.parse import mediatype
from crawlpool.parse.sniff import HEADER_BYTES, is_nosniff, is_unknown, media_type

MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG-1, layer III, 128 kbit/s at 44.1 kHz: 417 bytes
MP3_SLOW_FRAME = b"\xff\xf3\x40\x00" + bytes(100)  # MPEG-2, 32 kbit/s at 22.05 kHz: 104 bytes


# Media types (4.4)


@pytest.mark.parametrize(
    ("text", "essence", "parameters"),
    [
        ("text/html", "text/html", {}),
        (" \t\r\nText/HTML \n", "text/html", {}),
        ("text/html;charset=gbk", "text/html", {"charset": "gbk"}),
        ("text/html ; \t CHARSET=GBK \n", "text/html", {"charset": "GBK"}),
        ('text/html;charset="gbk"', "text/html", {"charset": "gbk"}),
        ('text/html;charset="gbk"junk;x=y', "text/html", {"charset": "gbk", "x": "y"}),
        ('text/html;charset="gbk', "text/html", {"charset": "gbk"}),
        ('text/html;charset="g\\bk\\', "text/html", {"charset": "gbk\\"}),
        ('text/html;a=";charset=x";charset=gbk', "text/html", {"a": ";charset=x", "charset": "gbk"}),
        ("text/html;charset=gbk;charset=utf-8", "text/html", {"charset": "gbk"}),
        ("text/html;charset=;charset=gbk", "text/html", {"charset": "gbk"}),
        ('text/html;charset="";charset=gbk', "text/html", {"charset": ""}),
        ("text/html;charset =gbk", "text/html", {}),
        ("text/html;charset= gbk", "text/html", {"charset": " gbk"}),
        ("text/html;charset", "text/html", {}),
        ("text/html;;;;x=1", "text/html", {"x": "1"}),
        ("text/html;=gbk;x=1", "text/html", {"x": "1"}),
        ("text/html;(=1;x=\u0100;y=2", "text/html", {"y": "2"}),
        ("x/y;a='1;2'", "x/y", {"a": "'1"}),
        ("!/~", "!/~", {}),
    ],
)
def test_a_media_type_is_parsed_as_the_standard_has_it(text, essence, parameters):
    found = mediatype.parse(text)
    assert found is not None
    assert (found.essence, found.parameters) == (essence, parameters)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "text/",
        "/html",
        "text /html",
        "text/ html",
        "text/ht ml;x=1",
        "text;html",
        "t(/x",
        "text/html/x",
        "\x0btext/html",
        "té/x",
    ],
)
def test_what_is_no_media_type_is_none(text):
    assert mediatype.parse(text) is None


@pytest.mark.parametrize(
    ("values", "essence", "charset"),
    [
        (["text/html", "text/plain"], "text/plain", None),
        (["text/html;charset=gbk", "text/html"], "text/html", "gbk"),
        (["text/html;charset=gbk", "text/html;x=1;charset=utf-8"], "text/html", "utf-8"),
        (["text/html;charset=gbk", "text/plain", "text/html"], "text/html", None),
        (["text/html;charset=gbk", "", "*/*", "nonsense"], "text/html", "gbk"),
        (['text/html;x="a,b', 'c";charset=gbk'], "text/html", "gbk"),
        (["*/*"], None, None),
    ],
)
def test_of_several_headers_the_last_good_one_counts(values, essence, charset):
    found = mediatype.supplied(", ".join(values))
    assert (found and found.essence, found and found.parameters.get("charset")) == (essence, charset)


@given(st.text(max_size=400) | st.text(alphabet='ab/;=", \\', max_size=400))
def test_any_header_is_parsed(text):
    mediatype.supplied(text)
    assert isinstance(is_nosniff(text), bool)


@pytest.mark.parametrize("unit", ['"', ";", "a=", '\\"', 'a/b;c="', ",", " "])
def test_a_header_of_a_megabyte_is_parsed_in_no_time(unit):
    start = time.process_time()
    mediatype.supplied("text/html;" + unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, False), ("nosniff", True), (" NoSniff ", True), ("nosniff, x", True), ("x, nosniff", False), ('"nosniff"', False), ("", False)],
)  # fmt: skip
def test_only_the_first_value_of_the_header_forbids_to_sniff(header, expected):
    assert is_nosniff(header) is expected


# Whom to believe (7)


@pytest.mark.parametrize(
    ("label", "body", "expected"),
    [
        ("text/html", b"%PDF-1.7", "text/html"),
        ("text/html", b"<?xml version='1.0'?><rss>", "text/html"),  # no browser looks for feeds any more
        ("application/rss+xml", b"<!doctype html>", "application/rss+xml"),
        ("text/xml", b"\x89PNG\r\n\x1a\n", "text/xml"),
        ("image/svg+xml", b"GIF89a", "image/svg+xml"),
        ("text/plain; charset=utf-8", b"<!doctype html>\0", "text/plain"),
        ("application/octet-stream", b"<!doctype html>", "application/octet-stream"),
        ("application/json", b"<!doctype html>", "application/json"),
        ("image/png", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("image/png", b"<!doctype html>", "image/png"),
        ("image/x-whatever", b"GIF87a..", "image/gif"),
        ("video/mp4", b"\x1a\x45\xdf\xa3\x42\x82\x84webm....", "video/webm"),
        ("application/ogg", b"ID3\4", "audio/mpeg"),
        ("audio/mpeg", b"\xff\xd8\xff\xe0", "audio/mpeg"),
        ("image/gif", b"", "image/gif"),
        ("not a type", b"<html>", "text/html"),
    ],
)
def test_bytes_decide_only_between_pictures_and_between_sounds_and_films(label, body, expected):
    assert media_type(label, body) == expected


@pytest.mark.parametrize(
    "label",
    [
        "text/plain",
        "text/plain; charset=ISO-8859-1",
        "text/plain; charset=iso-8859-1",
        "text/plain; charset=UTF-8",
    ],
)
def test_what_old_apaches_call_text_is_looked_at(label):
    assert media_type(label, b"%PDF-1.7\n\0") == "application/octet-stream"
    assert media_type(label, b"<!doctype html>") == "text/plain"
    assert media_type(label, b"tab\tline\r\n\x0c\x1bescape \x80\xff") == "text/plain"
    assert media_type(label, b"a" * HEADER_BYTES + b"\0") == "text/plain"
    assert media_type(label, b"\xfe\xff\0a") == media_type(label, b"\xef\xbb\xbf\0") == "text/plain"
    assert media_type(f"text/html, {label}", b"\0") == "application/octet-stream"


@pytest.mark.parametrize(
    "label", ["text/plain;charset=UTF-8", "text/plain; charset=utf-8", "Text/plain", "text/plain "]
)
def test_only_their_exact_words_are_suspect(label):
    assert media_type(label, b"\0") == (
        "application/octet-stream" if label == "text/plain " else "text/plain"
    )


def test_nosniff_is_obeyed():
    assert media_type("image/png", b"GIF89a", is_nosniff=True) == "image/png"
    assert media_type("text/plain", b"\0", is_nosniff=True) == "text/plain"
    assert media_type(None, b"<html>", is_nosniff=True) == "text/plain"
    assert media_type(None, b"%PDF-", is_nosniff=True) == "text/plain"
    assert media_type(None, b"GIF89a", is_nosniff=True) == "image/gif"


# Without a label (7.1)


@pytest.mark.parametrize(
    "label", [None, "", "*/*", "unknown/unknown", "application/unknown", "APPLICATION/Unknown;x=1", "x"]
)
def test_without_a_type_the_bytes_decide(label):
    assert is_unknown(label)
    assert media_type(label, b"\n\t <HTML>") == "text/html"


@pytest.mark.parametrize("label", ["text/plain", "application/octet-stream", "text/html", "a/b"])
def test_a_type_that_is_said_is_known(label):
    assert not is_unknown(label)


TAGS = ["!DOCTYPE HTML", "html", "HEAD", "script", "iframe", "h1", "div", "font", "table", "a", "style", "title", "b", "body", "br", "p", "!--"]  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_these_tags_begin_a_page(tag):
    start = f"\t\n\x0c\r <{tag}".encode()
    assert media_type(None, start + b">") == media_type(None, start + b" x") == "text/html"
    assert (
        media_type(None, start)
        == media_type(None, start + b"\n")
        == media_type(None, start + b"x")
        == "text/plain"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ""),
        (b" \n<?xml", "text/xml"),
        (b"<?XML", "text/plain"),
        (b"%PDF-1", "application/pdf"),
        (b" %PDF-1", "text/plain"),
        (b"%!PS-Adobe-3.0", "application/postscript"),
        (b"\xfe\xff\0<\0h", "text/plain"),
        (b"\xff\xfe<\0", "text/plain"),
        (b"\xef\xbb\xbf<html>", "text/plain"),
        (b"\0\0\1\0", "image/x-icon"),
        (b"\0\0\2\0", "image/x-icon"),
        (b"BM..", "image/bmp"),
        (b"GIF87a", "image/gif"),
        (b"RIFF\n\n\n\nWEBPVP8 ", "image/webp"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xdb", "image/jpeg"),
        (b"FORM\0\0\0\0AIFF", "audio/aiff"),
        (b"ID3\3", "audio/mpeg"),
        (b"OggS\0", "application/ogg"),
        (b"MThd\0\0\0\6", "audio/midi"),
        (b"RIFF\0\0\0\0AVI LIST", "video/avi"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wave"),
        (b"\x1f\x8b\x08", "application/x-gzip"),
        (b"PK\3\4", "application/zip"),
        (b"Rar!\x1a\7\0", "application/x-rar-compressed"),
        (b"\0\0\0\x14ftypmp42\0\0\0\0isom", "video/mp4"),
        (b"\0\0\0\x18ftypisom\0\0\0\0avc1mp41", "video/mp4"),
        (b"\0\0\0\x14ftypisom\0\0mp4avc1", "application/octet-stream"),  # the version is no brand
        (b"\0\0\0\x15ftypmp42\0\0\0\0isom.", "application/octet-stream"),
        (b"\0\0\xff\xfcftypmp42\0\0\0\0isom", "application/octet-stream"),  # a box larger than what came
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86\x81\1\x42\x82\x84webm\x42\x87", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x42\x82\x40\x04webm\x42\x87", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x42\x82\x88matroska\0", "application/octet-stream"),
        (MP3_FRAME * 2, "audio/mpeg"),
        (MP3_SLOW_FRAME * 2, "audio/mpeg"),
        (MP3_FRAME + b"\0" * 100, "application/octet-stream"),
        (MP3_FRAME, "application/octet-stream"),
        (b"wOFF\0", "application/octet-stream"),  # fonts are looked for in no page
        (b"{}", "text/plain"),
        (b"a\x7f\x80\xff\x1b\t\n\x0c\r", "text/plain"),
        *((bytes((byte,)), "application/octet-stream") for byte in (0, 8, 0x0B, 0x0E, 0x1A, 0x1C, 0x1F)),
        (b"a" * HEADER_BYTES + b"\0", "text/plain"),
        (b" " * HEADER_BYTES + b"<html>", "text/plain"),
    ],
)  # fmt: skip
def test_an_unlabelled_body_is_known_by_its_signature(body, expected):
    assert media_type(None, body) == expected


@given(
    st.binary(max_size=60),
    st.sampled_from([None, "text/plain", "image/png", "video/mp4", "*/*"]),
    st.booleans(),
)
def test_a_label_of_text_or_media_never_becomes_a_page(body, label, forbidden):
    found = media_type(label, b"\x1a\x45\xdf\xa3\x42\x82" + body, is_nosniff=forbidden)
    assert "/" in found
    assert found not in {"text/html", "text/xml", "application/pdf"}
