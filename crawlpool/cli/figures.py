"""How figures are written for people: seconds, bytes, counts."""


def seconds(s: float) -> str:
    """Write a length of time with as much detail as its size deserves: "85 ms", "2.5 s", "3 min 20 s"."""
    if s < 0.0995:
        return f"{s * 1000:.0f} ms"
    if s < 9.95:
        return f"{s:.1f}".removesuffix(".0") + " s"
    whole = round(s)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole, 60, "min", 1, "s")
    if whole < 86400:
        return _two(whole, 3600, "h", 60, "min")
    return _two(whole, 86400, "d", 3600, "h")


def exact_seconds(s: float) -> str:
    """Write a length of time that somebody has set, and will know again: "50 ms", "0.15 s", "3 min 20 s"."""
    if s < 0.1:
        return f"{s * 1000:g} ms"
    return f"{s:g} s" if s < 60 else seconds(s)


def _two(whole: int, large: int, large_name: str, small: int, small_name: str) -> str:
    more, less = divmod(whole, large)
    rest = less // small
    return f"{more:,} {large_name} {rest} {small_name}" if rest else f"{more:,} {large_name}"


def size(n: float) -> str:
    """Write bytes in powers of 1024: "512 B", "1.5 MiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n < 1023.5:
            return f"{n:.0f} {unit}" if unit == "B" or n >= 99.95 else f"{n:.1f} {unit}".replace(".0 ", " ")
        n /= 1024
    return f"{n:,.1f} TiB"


def count(n: int, noun: str = "") -> str:
    """Write a number, with a noun in the singular or plural: "1 page", "2,000 pages"."""
    return f"{n:,}" + (f" {noun}" + ("s" if n != 1 else "") if noun else "")


def rate(per_s: float) -> str:
    """Write pages a second: "0.4", "28", "1,200"."""
    return f"{per_s:,.1f}" if per_s < 9.95 else f"{per_s:,.0f}"


def share(part: float, whole: float) -> str:
    """Write a part of a whole: "45 %"."""
    return f"{100 * part / whole:.0f} %" if whole > 0 else "0 %"
