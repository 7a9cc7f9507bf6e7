"""One page read with a tree, and without one by each engine; and where these differ, the smallest page that shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from unittest import mock

import html5lib

from crawlpool.model import Facts
from crawlpool.parse import engines, facts, scan

from . import alphabet as abc
from .pages import page

_scan: Callable[[bytes], scan.Scan | None] = facts.scan
ENGINES: Mapping[str, engines.Engine] = {
    "re": engines.sure(),
    **({"pcre2": quick} if (quick := engines.quick()) is not None else {}),
}

HERE = "http://site.example/dir/page"
_BOMS = (b"", b"", b"", b"", b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_ENCODINGS = ("utf-8",) * 12 + (
    "windows-1252",
    "shift_jis",
    "iso2022_jp",
    "utf-16",
    "utf-16-be",
    "latin-1",
    "koi8-r",
    "gb18030",
)
_OPTIONS: tuple[Mapping[str, Any], ...] = (
    *({"with_links": True},) * 6,
    {"with_links": False},
    {"with_links": True, "max_links": 2},
    {"with_links": True, "max_links": 20},
    {"with_links": True, "rel_nofollow": False},
    {"with_links": True, "meta_robots": False},
    {
        "with_links": True,
        "headers": (("Link", "</h>; rel=next, </c>; rel=canonical"), ("X-Robots-Tag", "noindex")),
    },
    {
        "with_links": True,
        "headers": (
            ("Refresh", "0;url=/h"),
            ("Link", "</1>; rel=next; nofollow, </2>;rel='alternate nofollow'"),
        ),
    },
    {"with_links": True, "token": "googlebot", "at": 2e9},
)


@dataclass(frozen=True)
class Case:
    """A body as it came, and how it is asked about."""

    body: bytes
    content_type: str | None = "text/html"
    url: str = HERE
    options: Mapping[str, Any] = field(default_factory=lambda: {"with_links": True})


def drawn(dice: Random) -> Case:
    """A case by chance."""
    body = _BOMS[dice.randint(0, len(_BOMS) - 1)] + page(dice).encode(dice.choice(_ENCODINGS), "replace")
    while dice.random() < 0.06:  # bytes of no charset, or half a character
        place = dice.randint(0, len(body))
        body = (
            body[:place]
            + dice.choice(
                (
                    b"",
                    b"\xff",
                    b"\xc3",
                    b"\xe6\x97",
                    b"\xed\xa0\x80",
                    b"\x80",
                    b"\xc0\xbc",
                    b"\xf4\x90\x80\x80",
                    b"\x1b$B",
                    b"\x00",
                )
            )
            + body[place + dice.randint(0, 1) :]
        )
    return Case(
        body,
        dice.choice(abc.CONTENT_TYPES),
        dice.choice(
            (
                HERE,
                HERE,
                HERE,
                "http://site.example/",
                "https://site.example:8443/a/b/?x=/y#z",
                "http://127.0.0.1:8800/x.html",
            )
        ),
        dice.choice(_OPTIONS),
    )


def by_tree(case: Case) -> Facts:
    """What the page says by its tree."""
    return _read(case, lambda _: None)


def by_scan(case: Case) -> Facts | None:
    """What it says without one, by each engine alike; None for a page that is not vouched for."""
    is_asked = False

    def watched(page: bytes) -> object:
        nonlocal is_asked
        is_asked = True
        found, *others = [scanned_by(engine, page) for engine in ENGINES.values()]
        if any(_comparable(other) != _comparable(found) for other in others):
            raise EnginesDifferError
        if found is None:
            raise _NotVouchedForError
        return found

    try:
        said = _read(case, watched)
    except _NotVouchedForError:
        return None
    return said if is_asked else None


def scanned_by(engine: engines.Engine, page: bytes) -> scan.Scan | None:
    """What one engine makes of a page; raises what it raises."""
    with (
        mock.patch.object(scan, "quick", return_value=engine),
        mock.patch.object(scan, "sure", return_value=engine),
    ):
        return _scan(page)


def _comparable(found: scan.Scan | None) -> object:
    if found is None:
        return None
    return found._replace(links=[(attributes, is_in_head()) for attributes, is_in_head in found.links])


class EnginesDifferError(BaseException):
    """The engines read a page differently; nobody else catches it."""


class _NotVouchedForError(BaseException):
    """Ends the reading before a tree is built; nobody else catches it."""


def _read(case: Case, reader: Callable[[bytes], object]) -> Facts:
    with mock.patch.object(facts, "scan", reader):
        return facts.read_facts(case.body, case.content_type, case.url, **case.options)


def differing_fields(case: Case, scanned: Facts | None = None) -> tuple[str, ...]:
    """The fields in which the two readings differ; none where they do not, or where there is only one."""
    try:
        scanned = scanned or by_scan(case)
    except EnginesDifferError:
        return ("engines",)
    if scanned is None:
        return ()
    parsed = by_tree(case)
    return tuple(name for name in Facts._fields if getattr(scanned, name) != getattr(parsed, name))


def difference(case: Case) -> str | None:
    """How they differ, in words; None where they do not."""
    fields = differing_fields(case)
    if not fields:
        return None
    if fields == ("engines",):
        return "  the engines differ"
    scanned, parsed = by_scan(case), by_tree(case)
    return "\n".join(
        f"  {name}: scan {getattr(scanned, name)!r:.300} tree {getattr(parsed, name)!r:.300}"
        for name in fields
    )


def shrunk(case: Case, is_bad: Callable[[Case], object] = differing_fields, most: int = 4000) -> Case:
    """The smallest page that still differs, by taking pieces out; at most so many looks."""
    for simpler in (
        Case(case.body, "text/html; charset=utf-8"),
        replace(case, options=Case(b"").options),
        replace(case, url=HERE),
    ):
        if is_bad(simpler):
            case = simpler
    looks = 0
    size = max(1, len(case.body) // 2)
    is_smaller = True
    while size > 1 or is_smaller:
        size = size if size == 1 else size // 2
        is_smaller = False
        start = 0
        while start < len(case.body):
            looks += 1
            smaller = replace(case, body=case.body[:start] + case.body[start + size :])
            if is_bad(smaller):
                case, is_smaller = smaller, True
            else:
                start += size
            if looks >= most:
                return case
    return case


def third_opinion(case: Case) -> str:
    """The tree by html5lib, another reading of the standard: an older one, without template and links in select."""
    try:
        tree = html5lib.parse(
            case.body.decode("utf-8", "replace"), scripting=False, namespaceHTMLElements=False
        )
        return html5lib.serialize(tree, omit_optional_tags=False, quote_attr_values="always")[:600]
    except Exception as error:  # noqa: BLE001  its faults are its own
        return f"html5lib fails: {error!r}"
