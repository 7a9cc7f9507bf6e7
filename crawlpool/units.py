"""Read what was typed: seconds, bytes, counts, ranges, headers, cookies. A ValueError says what would do."""

import math

MIB = 1024 * 1024
RANGE = "a whole number, or two with the smaller first, such as 2..16"
"""What `read_range` takes."""

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
