"""Names of charsets: the labels of the Encoding standard (4.2), and no others.

Python's own codecs are never looked up by a name that a server sent.
"""

from functools import lru_cache

from webencodings.labels import LABELS

_LONGEST = 64


def named(label: str) -> str | None:
    """The charset that a label names ("get an encoding"), in small letters; None for an unknown one."""
    label = label.strip("\t\n\f\r ")
    return _named(label) if len(label) <= _LONGEST and label.isascii() else None


@lru_cache(256)
def _named(label: str) -> str | None:
    name = LABELS.get(label.lower())
    return None if name is None else str(name)


def inside(label: bytes) -> str | None:
    """As `named`, for a label that stands in the body itself: where it could be read, there is no UTF-16."""
    name = named(label.decode("latin-1"))
    if name in {"utf-16be", "utf-16le"}:
        return "utf-8"
    return "windows-1252" if name == "x-user-defined" else name
