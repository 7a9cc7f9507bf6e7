"""What an answer is, whatever its label says: the MIME Sniffing standard, sections 5 to 7.

A label is believed for HTML, for XML and for most other types. Bytes decide where there is
no label, where the label is a picture, sound or film of another format, and where it is
one of those that old Apaches gave to everything. They never turn a labelled text into HTML.
"""

import re

from . import mediatype

HEADER_BYTES = 1445
"""How much of a body is looked at (5.2)."""

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_UNKNOWN = frozenset({"unknown/unknown", "application/unknown", "*/*"})
_APACHE = frozenset(
    f"text/plain{charset}"
    for charset in ("", "; charset=ISO-8859-1", "; charset=iso-8859-1", "; charset=UTF-8")
)

_SCRIPTABLE = (
    (
        re.compile(
            rb"[\t\n\f\r ]*+<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)"
            rb"[ >]",
            re.IGNORECASE,
        ),
        "text/html",
    ),
    (re.compile(rb"[\t\n\f\r ]*+<\?xml"), "text/xml"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
_UNSCRIPTABLE = (
    (re.compile(rb"%!PS-Adobe-"), "application/postscript"),
    (re.compile(rb"(?s)(?:\xfe\xff..|\xff\xfe..|\xef\xbb\xbf.)"), "text/plain"),
)
_IMAGES = (
    (re.compile(rb"\x00\x00[\x01\x02]\x00"), "image/x-icon"),
    (re.compile(rb"BM"), "image/bmp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"(?s)RIFF....WEBPVP"), "image/webp"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
)
_SOUNDS = (
    (re.compile(rb"(?s)FORM....AIFF"), "audio/aiff"),
    (re.compile(rb"ID3"), "audio/mpeg"),
    (re.compile(rb"OggS\x00"), "application/ogg"),
    (re.compile(rb"MThd\x00\x00\x00\x06"), "audio/midi"),
    (re.compile(rb"(?s)RIFF....AVI "), "video/avi"),
    (re.compile(rb"(?s)RIFF....WAVE"), "audio/wave"),
)
_ARCHIVES = (
    (re.compile(rb"\x1f\x8b\x08"), "application/x-gzip"),
    (re.compile(rb"PK\x03\x04"), "application/zip"),
    (re.compile(rb"Rar!\x1a\x07\x00"), "application/x-rar-compressed"),
)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BOMS = (b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf")
_WEBM_DOCTYPE = re.compile(rb"(?s)B\x82(.)")
_MP3_RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_LOW_RATES = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MP3_FREQUENCIES = (44_100, 48_000, 32_000)

_Signatures = tuple[tuple[re.Pattern[bytes], str], ...]


def is_nosniff(header: str | None) -> bool:
    """Whether an X-Content-Type-Options header, several joined by ", ", forbids sniffing (Fetch standard)."""
    if header is None or header == "nosniff":
        return header is not None
    return next(mediatype.parts(header)).lower() == "nosniff"


def is_unknown(header: str | None) -> bool:
    """Whether a Content-Type header leaves it to the bytes whether an answer is HTML."""
    supplied = _supplied(header)
    return supplied is None or supplied in _UNKNOWN


def media_type(header: str | None, body: bytes, *, is_nosniff: bool = False) -> str:
    """The computed MIME type of an answer (7), its essence; "" when nothing is known: no label, no body.

    Args:
        header: The Content-Type header; of several, joined by ", ". None without one.
        body: Its first `HEADER_BYTES` at least, or all of it.
        is_nosniff: Whether the server forbids it; then bytes decide only where there is no
            label, and never for HTML, XML or PDF.
    """
    supplied = _supplied(header)
    if supplied == "text/html" or (supplied is not None and mediatype.is_xml(supplied)):
        return supplied
    if supplied is None or supplied in _UNKNOWN:
        return _identified(body[:HEADER_BYTES], with_scriptable=not is_nosniff) if body else ""
    if is_nosniff:
        return supplied
    if supplied == "text/plain":
        if body and str(header).rpartition(",")[2].strip("\t ") in _APACHE:
            return _text_or_binary(body[:HEADER_BYTES])
    elif supplied.startswith("image/"):
        return _matched(body, _IMAGES) or supplied
    elif supplied.startswith(("audio/", "video/")) or supplied == "application/ogg":
        return _sound_or_film(body[:HEADER_BYTES]) or supplied
    return supplied


def _supplied(header: str | None) -> str | None:
    found = mediatype.supplied(header)
    return None if found is None else found.essence


def _matched(start: bytes, signatures: _Signatures) -> str | None:
    for pattern, essence in signatures:
        if pattern.match(start):
            return essence
    return None


def _identified(start: bytes, *, with_scriptable: bool) -> str:
    """The rules for identifying an unknown MIME type (7.1)."""
    found = _matched(start, _SCRIPTABLE) if with_scriptable else None
    return (
        found
        or _matched(start, _UNSCRIPTABLE)
        or _matched(start, _IMAGES)
        or _sound_or_film(start)
        or _matched(start, _ARCHIVES)
        or ("application/octet-stream" if _BINARY.search(start) else "text/plain")
    )


def _text_or_binary(start: bytes) -> str:
    """The rules for distinguishing if a resource is text or binary (7.2)."""
    is_text = start.startswith(_BOMS) or not _BINARY.search(start)
    return "text/plain" if is_text else "application/octet-stream"


def _sound_or_film(start: bytes) -> str | None:
    """The audio or video type pattern matching algorithm (6.2)."""
    if found := _matched(start, _SOUNDS):
        return found
    if _is_mp4(start):
        return "video/mp4"
    if _is_webm(start):
        return "video/webm"
    return "audio/mpeg" if _is_mp3(start) else None


def _is_mp4(start: bytes) -> bool:
    """The signature for MP4 (6.2.1): a box of file type, and "mp4" among its brands."""
    size = int.from_bytes(start[:4], "big")
    if len(start) < 12 or len(start) < size or size % 4 or start[4:8] != b"ftyp":
        return False
    return any(start[at : at + 3] == b"mp4" for at in (8, *range(16, size, 4)))


def _is_webm(start: bytes) -> bool:
    """The signature for WebM (6.2.2): an EBML header whose document type is "webm"."""
    if not start.startswith(b"\x1a\x45\xdf\xa3"):
        return False
    position = 4
    while position < 38 and (found := _WEBM_DOCTYPE.search(start, position, 41)):
        if found.start() >= 38:
            return False
        # The length is a number of one byte or more; its first bit set says how many (a "vint").
        bits = found[1][0].bit_length()
        at = found.start(1) + (9 - bits if bits else 8)
        if at < len(start) - 4 and start[at : at + 8].lstrip(b"\0").startswith(b"webm"):
            return True
        position = found.start() + 1
    return False


def _is_mp3(start: bytes) -> bool:
    """The signature for MP3 without ID3 (6.2.3): a frame's header, and another where that frame ends."""
    if not _is_mp3_header(start, 0):
        return False
    # The two bits of the version: 3 is MPEG-1, the others are slower, with half the samples a frame.
    version, rate, frequency, pad = start[1] >> 3 & 3, start[2] >> 4, start[2] >> 2 & 3, start[2] >> 1 & 1
    kilobits = _MP3_RATES[rate] if version == 3 else _MP3_LOW_RATES[rate]
    hertz = _MP3_FREQUENCIES[frequency] >> {3: 0, 2: 1, 0: 2}.get(version, 0)
    size = kilobits * 1000 * (144 if version == 3 else 72) // hertz + pad
    return 4 <= size <= len(start) - 4 and _is_mp3_header(start, size)


def _is_mp3_header(start: bytes, at: int) -> bool:
    if len(start) < at + 4 or start[at] != 0xFF or start[at + 1] & 0xE0 != 0xE0:
        return False
    is_layer_3 = start[at + 1] >> 1 & 3 == 1
    return is_layer_3 and start[at + 2] >> 4 != 15 and start[at + 2] >> 2 & 3 != 3
