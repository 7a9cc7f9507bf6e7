"""Read what was typed: seconds, bytes, counts, numbers, ranges, dates, headers, cookies. A ValueError says what would do."""

import math
import re

MIB = 1024 * 1024
RANGE = "a whole number, or two with the smaller first, such as 2..16"
"""What `read_range` takes."""

MOMENT = "a date, such as 2026-01-31, or 2026-01-31T12:30Z"
"""What `read_moment` takes."""

_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_WEB_URL = re.compile(r"https?://[^\s/?#@]+(?:[/?#]|$)", re.IGNORECASE)
_SUFFIXES = {"k": 1024, "m": MIB, "g": 1024 * MIB}
_UNITS_OF_TIME = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def read_seconds(text: str) -> float:
    """Read "30", "1.5", "250ms", "10m" or "2h" as seconds."""
    number = text.strip().lower()
    factor = 1.0
    for unit in ("ms", "s", "m", "h", "d"):
        if number.endswith(unit):
            number, factor = number[: -len(unit)], _UNITS_OF_TIME[unit]
            break
    try:
        value = float(number) * factor
    except ValueError:
        raise ValueError("seconds, such as 30, 0.5, 250ms, 10m or 2h") from None
    if not math.isfinite(value):
        raise ValueError("a finite number of seconds")
    return value


def read_bytes(text: str) -> int:
    """Read "500000", "64k", "16M" or "1g" as bytes; the suffixes are powers of 1024."""
    number = text.strip().lower().removesuffix("b").removesuffix("i")
    factor = 1
    if number[-1:] in _SUFFIXES:
        number, factor = number[:-1], _SUFFIXES[number[-1]]
    try:
        return int(float(number) * factor)
    except (ValueError, OverflowError):
        raise ValueError("bytes, such as 500000, 64k, 16M or 1g") from None


def read_count(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text.strip().replace("_", ""))
    except ValueError:
        raise ValueError("a whole number") from None


def read_number(text: str) -> float:
    """Read "2", "0.5" or "1_000" as a number."""
    try:
        value = float(text.strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("a number, such as 2 or 0.5")
    return value


def read_range(text: str) -> int | tuple[int, int]:
    """Read "8" as a number, and "2..16" as two, the smaller first."""
    least, dots, most = text.partition("..")
    try:
        if not dots:
            return int(least.strip().replace("_", ""))
        pair = int(least.strip()), int(most.strip())
    except ValueError:
        raise ValueError(RANGE) from None
    if pair[0] > pair[1]:
        raise ValueError(RANGE)
    return pair


def read_moment(text: str) -> tuple[float, float]:
    """Read a date, with or without a time, as the first and the last second since 1970 that it may mean.

    The forms are those of the W3C note on dates ("2026", "2026-01", "2026-01-31",
    "2026-01-31T12:30+01:00", "2026-01-31T12:30:00.5Z"); a time without a zone is in UTC.
    """
    from calendar import monthrange, timegm  # noqa: PLC0415  few crawls have dates, and it takes long to load

    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(MOMENT)
    year, month, day, hour, minute, second = (
        None if part is None else int(part) for part in found.groups()[:6]
    )
    if not year or not 1 <= (month or 1) <= 12 or not 1 <= (day or 1) <= monthrange(year, month or 1)[1]:
        raise ValueError(MOMENT)
    if (hour or 0) > 23 or (minute or 0) > 59 or (second or 0) > 60:
        raise ValueError(MOMENT)
    offset_s = _offset_s(found[7])
    start = timegm((year, month or 1, day or 1, hour or 0, minute or 0, min(second or 0, 59))) - offset_s
    if hour is not None:
        length_s = 1 if second is not None else 60
    else:
        month_days = monthrange(year, month or 1)[1]
        days = 1 if day else month_days if month else 365 + (monthrange(year, 2)[1] == 29)
        length_s = days * 86400
    return float(start), float(start + length_s - 1)


def read_date(text: str) -> str:
    """Check a date as `read_moment` reads it, and give it back as it was typed."""
    read_moment(text)
    return text.strip()


def read_web_url(text: str) -> str:
    """Check that a text looks like a URL of the web; one that is none all the same is found out later."""
    if not _WEB_URL.match(text.strip()):
        raise ValueError(
            "a URL with http:// or https://, such as https://shop.example/sitemap.xml, without user name and password"
        )
    return text.strip()


def _offset_s(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(MOMENT)
    return (1 if zone[0] == "+" else -1) * (hours * 3600 + minutes * 60)


def read_header(text: str) -> tuple[str, str]:
    """Read "Name: value"."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError('a name, a colon and a value, such as "Accept-Language: de"')
    return name.strip(), value.strip()


def read_cookie(text: str) -> tuple[str, str]:
    """Read "name=value"."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError("a name, an equals sign and a value, such as session=abc123")
    return name.strip(), value.strip()
