import codecs
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.parse.text import charset_of, decode

RUSSIAN = "Быстрая коричневая лиса прыгает через ленивую собаку и убегает в лес. "
FRENCH = "Le cœur déçu mais l\u2019âme plutôt naïve, Louÿs rêva de crapaüter en canoë au delà des îles. "
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"


def name_of(body, content_type="text/html"):
    return decode(body, content_type)[1]


@pytest.mark.parametrize(
    ("bom", "name"), [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be")]
)
def test_a_byte_order_mark_wins_over_the_header_and_is_left_out(bom, name):
    body = bom + "<p>né".encode({"utf-8": "utf-8"}.get(name, name.replace("le", "-le").replace("be", "-be")))
    assert decode(body, "text/html; charset=windows-1252") == ("<p>né", name)


def test_the_header_wins_over_the_meta_tag():
    assert name_of(b"<meta charset=utf-8>\xe9", "text/html; charset=ISO-8859-1") == "windows-1252"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html; charset=koi8-r",
        'text/html;charset="KOI8-R"',
        "text/html; version=1; Charset= koi8-r".replace("= ", "="),
        "text/html; charset=koi8-r; charset=utf-8",
    ],
)
def test_the_header_names_the_charset_however_it_is_written(content_type):
    assert decode("Привет".encode("koi8-r"), content_type) == ("Привет", "koi8-r")


@pytest.mark.parametrize(
    "label", ["hex", "zip", "rot13", "unicode_escape", "idna", "utf-7", "x" * 100_000, "", "é"]
)
def test_a_label_that_the_standard_lacks_is_ignored(label):
    assert decode(b"<p>caf\xc3\xa9", f"text/html; charset={label}") == ("<p>café", "utf-8")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<meta charset=windows-1251>", "windows-1251"),
        (b"<META CHARSET = 'Windows-1251' >", "windows-1251"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=shift_jis">', "shift_jis"),
        (b'<meta content="text/html; charset=euc-kr" http-equiv=content-type>', "euc-kr"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<meta charset=nonsense><meta charset=koi8-u>", "koi8-u"),
        (b"<!-- <meta charset=koi8-r> --><meta charset=gbk>", "gbk"),
        (b'<a title="<meta charset=koi8-r>"><meta charset=gbk>', "gbk"),
        (b"<!doctype html><?php ?></p><meta/charset=big5 />", "big5"),
        (b'<?xml version="1.0" encoding="iso-8859-2"?><html>', "iso-8859-2"),
        (b"<meta content='text/html; charset=koi8-r'><meta charset=gbk>", "gbk"),
    ],
)
def test_a_meta_tag_names_the_charset(head, name):
    assert name_of(head + b"\xe9") == name


def test_a_meta_tag_behind_the_first_1024_bytes_is_not_looked_at():
    assert name_of(b" " * 1024 + b"<meta charset=koi8-r>\xe9") == "windows-1252"
    assert name_of(b" " * 1010 + b"<meta charset=koi8-r>\xe9") == "windows-1252"


def test_a_meta_tag_says_nothing_in_what_is_no_markup():
    assert name_of(b"<meta charset=koi8-r>\xc3\xa9", "text/plain") == "utf-8"


def test_undeclared_utf_8_is_seen_even_when_the_body_was_cut_inside_a_character():
    body = ("é" * 1000).encode()[:-1]
    text, name = decode(body, "text/html")
    assert (name, text) == ("utf-8", "é" * 999 + "\ufffd")


@pytest.mark.parametrize(
    ("text", "charset", "name"),
    [(RUSSIAN, "cp1251", "windows-1251"), (RUSSIAN, "koi8-r", "koi8-r"), (JAPANESE, "shift_jis", "shift_jis"),
     (JAPANESE * 9, "euc-jp", "euc-jp"), (FRENCH, "cp1252", "windows-1252")],
)  # fmt: skip
def test_an_undeclared_charset_is_guessed_from_the_text_between_the_tags(text, charset, name):
    body = b"<html><body><p>" + "<p>".join([text] * 40).encode(charset)
    assert decode(body, "text/html") == (body.decode(charset), name)


def test_too_little_text_to_guess_from_is_windows_1252():
    assert decode(b"caf\xe9 \x80", None) == ("café €", "windows-1252")


def test_every_byte_has_a_character_in_windows_1252():
    text, _ = decode(bytes(range(256)), "text/html; charset=latin1")
    assert "\ufffd" not in text
    assert text[0x80:0x82] == "€\x81"


def test_charsets_that_can_hide_markup_become_one_error():
    assert decode(b"~{<script>~}", "text/html; charset=hz-gb-2312") == ("\ufffd", "replacement")
    assert decode(b"", "text/html; charset=iso-2022-kr") == ("", "replacement")


def test_gbk_reads_the_four_byte_characters_of_gb18030():
    assert decode("€ 𠀀".encode("gb18030"), "text/html; charset=gb2312") == ("€ 𠀀", "gbk")


@pytest.mark.parametrize(
    "label", ["utf-8", "utf-16", "x-user-defined", "iso-8859-8-i", "iso-2022-jp", "euc-jp", "big5"]
)
@pytest.mark.parametrize("body", [b"\xff\x80\x81", b"\x1b$B\x80", b"\xd8\x00\xd8", bytes(range(128, 256))])
def test_wrong_bytes_never_raise(label, body):
    assert isinstance(decode(body, f"text/html; charset={label}")[0], str)


@given(body=st.binary(max_size=3000), header=st.none() | st.text(max_size=60))
def test_any_bytes_under_any_header_become_text(body, header):
    text, name = decode(body, header)
    assert text.encode("utf-8", "surrogatepass").decode() == text
    assert charset_of(body, header).name == name


@pytest.mark.parametrize(
    "body",
    [b"<meta " * 200_000, b"<" * 1_000_000, b"<!--" * 250_000, b"\xe9 " * 500_000, b"\xff" * 1_000_000,
     b"\x1b$B" * 300_000, b'<a "' * 250_000],
)  # fmt: skip
def test_hostile_bytes_take_no_longer_than_plain_ones(body):
    start = time.process_time()
    decode(body, "text/html")
    assert time.process_time() - start < 1.0


def test_the_utf_8_mark_is_left_out_once():
    assert decode(codecs.BOM_UTF8 * 2 + b"a", None)[0] == "\ufeffa"
