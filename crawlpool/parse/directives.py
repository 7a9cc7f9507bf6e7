"""What a site asks of crawlers beside robots.txt: `X-Robots-Tag` headers and robots `meta` elements.

    X-Robots-Tag: noindex, nofollow             for everybody
    X-Robots-Tag: crawlpool: nofollow           for us; "otherbot: ..." for others
    <meta name="robots" content="noindex">      for everybody
    <meta name="crawlpool" content="nofollow">  for us

No standard has them. They are read as Google documents them ("Robots meta tag, data-nosnippet,
and X-Robots-Tag specifications"), whose page most sites were written by: case does not matter,
all that is said for everybody and for us adds up, and of two that contradict each other
the one that forbids wins. Words that nobody knows are kept, and do nothing.

A prefix names an agent up to the next prefix of its field: proxies may join fields with
commas (RFC 9110, 5.3). Everything is bounded, and nothing is raised, whatever the bytes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ..model import Pairs
from .html import Tree
from .relations import Attributes, small

NOFOLLOW: Final = "nofollow"
NOINDEX: Final = "noindex"

_HEADER: Final = "x-robots-tag"
_MEANS: Final = {"none": (NOINDEX, NOFOLLOW)}
_DATED: Final = "unavailable_after"
_VALUED: Final = frozenset({"max-snippet", "max-image-preview", "max-video-preview"})
_WORD: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_AGENT: Final = re.compile(r"[a-z_-]{1,64}")  # a product token (RFC 9309, 2.2.1)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}")
_OF_DATE: Final = re.compile(
    r"[0-9]{1,4}(?:[:/.-][0-9:.+T-]*|-[a-z]{3}-[0-9]+|st|nd|rd|th)?z?|[+-][0-9]{4}|mon[a-z]*|tue[a-z]*|wed[a-z]*|"
    r"thu[a-z]*|fri[a-z]*|sat[a-z]*|sun[a-z]*|jan[a-z]*|feb[a-z]*|mar[a-z]*|apr[a-z]*|may|jun[a-z]*|jul[a-z]*|"
    r"aug[a-z]*|sep[a-z]*|oct[a-z]*|nov[a-z]*|dec[a-z]*|utc?|gmt|z|[aecmp][sd]t",
    re.IGNORECASE,
)
_DAYS: Final = frozenset({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})
_MOST_WORDS: Final = 100
_MOST_FIELDS: Final = 100
_MOST_METAS: Final = 100
_LONGEST: Final = 4096  # characters of one field or attribute that are read
_LONGEST_DATE: Final = 3  # pieces between commas


def directives_of(
    headers: Pairs, page: Tree | Sequence[Attributes] | None, *, token: str, at: float
) -> tuple[str, ...]:
    """The words that a page says to everybody and to us, sorted; nearly always none.

    "none" brings "noindex" and "nofollow" with it, and an "unavailable_after" that is over
    brings "noindex". A word with a value has it behind a colon: "max-snippet:20".

    Args:
        headers: The answer's.
        page: The page, or what its `meta` elements say; None for what is none.
        token: Our product token.
        at: The moment that dates are compared with, in seconds since 1970.
    """
    said: list[str] = []
    fields = [value for name, value in headers if len(name) == 12 and name.lower() == _HEADER]
    for value in fields[:_MOST_FIELDS]:
        said += _words(value, token.lower(), at)
    if page is not None:
        metas = _metas(page) if isinstance(page, Tree) else page
        for content in _contents(metas, token):
            said += _words(content, "", at)
    return tuple(sorted(set(said)))[:_MOST_WORDS] if said else ()


def _metas(page: Tree) -> Iterator[Attributes]:
    return (node.attributes for node in page.root.css("meta[name]"))


def _contents(metas: Iterable[Attributes], token: str) -> Iterator[str]:
    """What the `meta` elements say that are meant for us, wherever they stand: browsers move them about."""
    count = 0
    names = {"robots", small(token)}
    for attributes in metas:
        name = attributes.get("name")
        if name and small(name) in names:
            count += 1
            if count > _MOST_METAS:
                return
            if content := attributes.get("content"):
                yield content


def _words(text: str, token: str, at: float) -> Iterator[str]:
    """The words of one field that are for us; with no token, no piece of it names an agent."""
    pieces = [piece.strip() for piece in text[:_LONGEST].split(",")][:_MOST_WORDS]
    is_ours = True
    place = 0
    while place < len(pieces):
        name, value = _split(pieces[place])
        if token and value is not None and _is_agent(name, value):
            is_ours = name == token
            name, value = _split(value)
        if name == _DATED:
            used, is_over = _date([value or "", *pieces[place + 1 : place + _LONGEST_DATE]], at)
            place += used
            if is_ours:
                yield name
                if is_over:
                    yield NOINDEX
            continue
        place += 1
        if is_ours and _WORD.fullmatch(name):
            yield name if value is None else f"{name}:{value.lower()[:64]}"
            yield from _MEANS.get(name, ())


def _split(piece: str) -> tuple[str, str | None]:
    name, colon, value = piece.partition(":")
    return name.strip().lower(), value.strip() if colon else None


def _is_agent(name: str, value: str) -> bool:
    """Whether what stands before a colon names a crawler, and not a directive with a value."""
    return bool(
        name != _DATED and name not in _VALUED and _AGENT.fullmatch(name) and not _NUMBER.fullmatch(value)
    )


def _date(pieces: Sequence[str], at: float) -> tuple[int, bool]:
    """How many pieces the date takes that stands first in them, and whether it is over.

    Dates have commas of their own (RFC 9110, 5.6.7), so the longest that is a date is taken. What
    is no date takes one piece, and says nothing.
    """
    from .sitemap import changed_at  # noqa: PLC0415  few pages have a date, and it takes long to load

    for count in range(len(pieces), 0, -1):
        words = " ".join(pieces[:count]).split()
        if words and len(words) <= 8 and all(_OF_DATE.fullmatch(word) for word in words):
            if words[0].lower()[:3] in _DAYS:
                words[0] += ","  # as the parser wants it; the asctime form has none
            moment = changed_at(" ".join(words)) or changed_at(" ".join(words).replace(",", ""))
            if moment is not None:
                return count, moment < at
    return 1, False
