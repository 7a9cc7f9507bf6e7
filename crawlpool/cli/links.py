"""`crawlpool links URL`: what a page links to, one link a line, in page order."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..settings import Settings
from ..urls import public
from .asking import GROUPS, Asking, add_asking, facts_of, is_file, one_word, write_bytes
from .flags import OneOf, Parser, asks_for_help, new_parser, parse
from .jobs import say
from .screen import complain, printable

if TYPE_CHECKING:
    from ..parse.links import Link
    from ..parse.page import Page

_USAGE = "crawlpool links [FLAG ...] URL|FILE|-"
_DESCRIPTION = """\
List the links of a page, one a line, in page order, those in the answer's headers first:
URL, kind, rel and text, with tabs between them into a pipe, as columns on a terminal. A
URL comes as often as the page names it. Exit code 3 when there was no answer, or one with
status 400 and more.

Without a flag, links that lead to pages are listed: of the kinds page, frame, refresh,
next, prev, canonical and alternate. Flags of a crawl that are about speed, limits,
politeness, requests and the following of links may be given besides, such as --scope."""

KINDS = (
    *("page", "frame", "refresh", "next", "prev", "canonical", "alternate"),
    *("feed", "style", "image", "script", "media", "font", "download"),
    *("resource", "related", "form", "cite", "ping"),
)
"""Every kind of link; a crawl follows the first seven."""

_FIELDS = ("url", "kind", "rel", "text")
_FAILED = 3
_NARROWEST_URL = 30


def links(words: Sequence[str]) -> int:
    """List links on standard output; the exit code is that of `cli.main`, 3 when there was no good answer."""
    if asks_for_help(words):
        parser().print_help()
        return 0
    given = parse(whole_parser(), words)
    word = one_word(given, _USAGE, "URL or file")
    if sys.stdout is None:
        raise ConfigError("standard output is closed")
    asking = Asking(given, GROUPS)
    page = asking.page_of(word, given.base)
    if page.error is not None:
        complain(f"{public(page.url)}: {page.error}")
    found = _wanted(page, given, asking.settings)
    if given.json:
        say(json.dumps(_record(link), ensure_ascii=False) for link in found)
    elif given.csv:
        _write_csv(found)
    elif sys.stdout.isatty():
        say(_table(list(found), shutil.get_terminal_size().columns))
    else:
        _write_lines(found)
    if is_file(word) and given.base is None:
        _tell_of_base(page)
    return _FAILED if page.failure is not None or (page.status or 0) >= 400 else 0


def parser() -> Parser:
    """The flags of its own; some of a crawl are there besides."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="URL|FILE|-", help=argparse.SUPPRESS)
    made.add_argument(
        "--kind", action="append", default=[], type=OneOf(KINDS, _kinds), metavar="KINDS",
        help="List only links of these kinds, such as page,image. May be given many times.",
    )  # fmt: skip
    which = made.add_mutually_exclusive_group()
    which.add_argument(
        "--all", action="store_true", help="List links of all kinds, also images, styles, scripts and forms."
    )
    which.add_argument(
        "--in-scope", action="store_true",
        help="List only links that a crawl from this page would follow: in scope, and without nofollow.",
    )  # fmt: skip
    made.add_argument(
        "--base", metavar="URL", help="The URL that a file is from, which links are relative to."
    )
    form = made.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="Write one JSON object a line for each link.")
    form.add_argument(
        "--csv", action="store_true",
        help="Write a table with a header; text that a spreadsheet would run as a formula gets an apostrophe.",
    )  # fmt: skip
    return made


def whole_parser() -> Parser:
    """All that it takes."""
    return add_asking(parser(), "Following links")


def _kinds(text: str) -> list[str]:
    kinds = [kind.strip().lower() for kind in text.split(",")]
    for kind in kinds:
        if kind not in KINDS:
            near = get_close_matches(kind, KINDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(KINDS)}"
            raise argparse.ArgumentTypeError(f"{kind!r} is no kind of link; {hint}")
    return kinds


def _wanted(page: "Page", given: argparse.Namespace, settings: Settings) -> "Iterator[Link]":
    """The links that the flags choose, in page order."""
    from ..parse.links import FOLLOWED  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

    chosen = {kind for kinds in given.kind for kind in kinds}
    found = page.link_elements()
    if given.in_scope:
        found = list(_in_scope(page, found, settings))
    if chosen:
        return (link for link in found if link.kind in chosen)
    return (link for link in found if given.all or link.kind in FOLLOWED)


def _in_scope(page: "Page", found: "Sequence[Link]", settings: Settings) -> "Iterator[Link]":
    """The links that a crawl from this page would follow; robots.txt is looked at when they are asked for."""
    from ..scope import Scope  # noqa: PLC0415
    from ..urls import normalise  # noqa: PLC0415

    if page.response is None:
        return
    facts = facts_of(page.response, settings, with_links=True)
    if "nofollow" in facts.directives:
        return
    scope = Scope(settings.scope, settings.include, settings.exclude)
    for url in (page.url, page.final_url):
        seed = normalise(url)
        if seed is not None:
            scope.add_host_of(seed)
    followed = {url for url in facts.links if scope.why_not(url) is None}
    for link in found:
        if link.url in followed:
            yield link


def _record(link: "Link") -> dict[str, str]:
    """A link as plain values, no tab or line end in any."""
    return dict(zip(_FIELDS, (link.url, link.kind, " ".join(link.rel.split()), link.text), strict=True))


def _write_lines(found: "Iterable[Link]") -> None:
    """For programs: in UTF-8, tabs between; what a terminal might obey is shown as its code point."""
    from ..stores.stdout import visible  # noqa: PLC0415

    write_bytes(
        ("\t".join(map(visible, _record(link).values())) + "\n").encode(errors="replace") for link in found
    )


def _write_csv(found: "Iterable[Link]") -> None:
    """The table as the CSV store writes it, which writes files only."""
    from ..stores.base import Start  # noqa: PLC0415
    from ..stores.csv_ import CsvStore  # noqa: PLC0415
    from ..stores.stdout import visible  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="crawlpool-") as folder:
        path = Path(folder) / "links.csv"
        store = CsvStore(path)
        store.open(Start.FRESH)
        n = 0
        for n, link in enumerate(found, 1):  # noqa: B007  counted
            store.write({name: visible(value) for name, value in _record(link).items()})
        store.close()
        write_bytes([path.read_bytes() if n else (",".join(_FIELDS) + "\r\n").encode()])


def _table(found: "Sequence[Link]", width: int) -> Iterator[str]:
    """Lines for people: kind, URL, and rel and text as far as there is room."""
    kinds = max((len(link.kind) for link in found), default=0)
    urls = max((len(link.url) for link in found), default=0)
    room = max(min(urls, width - kinds - 22), _NARROWEST_URL)
    for link in found:
        record = _record(link)
        rel = f"[{record['rel']}] " if record["rel"] else ""
        line = printable(f"{link.kind:<{kinds}}  {link.url:<{room}}  {rel}{link.text}".rstrip())
        yield line if len(line) <= max(width, len(link.url) + kinds + 2) else line[: width - 1] + "…"


def _tell_of_base(page: "Page") -> None:
    """Say that links may be missing, where a file has relative ones and nobody said where it is from."""
    if any(
        (node.attributes.get("href") or "").strip()[:1] not in {"", "#"}
        and "://" not in (node.attributes.get("href") or "")
        for node in page.css("a[href]")
    ) and not page.css("base[href]"):
        complain("relative links are left out; --base URL says where the file is from")
