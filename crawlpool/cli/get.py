"""`crawlpool get URL`: the record of one URL; its headers or its body instead, where those are asked for."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, StoreError
from ..model import Outcome, Response
from ..parse.mediatype import is_json, is_xml
from ..settings import Settings
from ..urls import public
from .asking import Asking, add_asking, facts_of, is_file, one_word, url_of, write_bytes
from .figures import seconds, size
from .flags import Parser, asks_for_help, new_parser, parse
from .screen import complain, printable

if TYPE_CHECKING:
    from ..parse.page import Page

_USAGE = "crawlpool get [FLAG ...] URL"
_DESCRIPTION = """\
Fetch one URL as a crawl does, and show its record as JSON: on one line into a pipe or a
file, on many for people. --headers and --body show those instead. Exit code 3 when
there was no answer, or one with status 400 and more.

Flags of a crawl that are about speed, limits, politeness, requests and records may be
given besides, such as --select or --timeout; crawlpool help crawl lists them."""

_FAILED = 3


def get(words: Sequence[str]) -> int:
    """Show one URL; the exit code is that of `cli.main`, 3 when it failed."""
    if asks_for_help(words):
        parser().print_help()
        return 0
    given = parse(whole_parser(), words)
    word = one_word(given, _USAGE)
    if is_file(word):
        raise ConfigError(
            f"get takes a URL, and {word} is a file; crawlpool {word} crawls what it lists, "
            f"crawlpool links {word} lists its links"
        )
    asking = Asking(given)
    columns = _columns(asking.settings)
    url = url_of(word)
    file = _target(given)
    page = asking.page(url)
    if page.error is not None:
        complain(f"{public(page.url)}: {page.error}")
    if page.response is not None or not (given.body or given.headers):
        _write(_shown(given, page, columns, asking.settings), file, page, given)
    return _FAILED if page.failure is not None or (page.status or 0) >= 400 else 0


def parser() -> Parser:
    """The flags of its own; some of a crawl are there besides."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="URL", help=argparse.SUPPRESS)
    made.add_argument(
        "--headers",
        action="store_true",
        help="Show the status and the headers as they came, where redirects led, and what was measured.",
    )
    made.add_argument(
        "--body",
        action="store_true",
        help="Write the body as it is, its Content-Encoding removed; with --headers behind them.",
    )
    made.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to this file instead of standard output; in a folder (DIR/) the URL names it.",
    )
    made.add_argument("--fresh", action="store_true", help="Replace the file if it exists.")
    return made


def whole_parser() -> Parser:
    """All that it takes."""
    return add_asking(parser(), "Records")


def _columns(settings: Settings) -> Any:
    """What the record is made of; a selection that will not do is said before anybody is asked."""
    from ..selecting import Columns  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

    return Columns(settings.select, settings.fields, parse_timeout_s=settings.parse_timeout)


def _target(given: argparse.Namespace) -> str | None:
    """The file to write to; None for standard output.

    Raises:
        ConfigError: It is there already, or standard output is closed.
    """
    file: str | None = given.output
    if file is None or file == "-":
        if sys.stdout is None:
            raise ConfigError("standard output is closed; name a file with -o")
        return None
    _check_free(Path(file), given)
    return file


def _check_free(path: Path, given: argparse.Namespace) -> None:
    try:
        is_there = path.is_file()
    except (OSError, ValueError):  # no file can have such a name; writing says so
        return
    if is_there and not given.fresh:
        raise ConfigError(f"{path} exists; --fresh replaces it")


def _shown(given: argparse.Namespace, page: "Page", columns: Any, settings: Settings) -> bytes:
    """All that is written: bytes, since a body is some."""
    if not (given.headers or given.body):
        is_for_people = (given.output in {None, "-"}) and sys.stdout.isatty()
        record = columns.record_of(_with_facts(page.outcome, settings))[0]
        return _json(record, is_for_people=is_for_people)
    head = (
        "".join(f"{printable(line)}\n" for line in _head(page)).encode(errors="replace")
        if given.headers
        else b""
    )
    if not given.body:
        return head
    is_shown = given.output in {None, "-"} and sys.stdout.isatty()
    body = _for_people(page) if is_shown else page.content
    return head + b"\n" + body if head else body


def _for_people(page: "Page") -> bytes:
    """A body that a terminal obeys in nothing; of what is no text only how much it is."""
    kind = page.content_type
    if not (kind.startswith("text/") or is_json(kind) or is_xml(kind) or kind.endswith("javascript")):
        complain(
            f"{size(len(page.content))} of {kind or 'nothing'} are not shown on a terminal; -o FILE keeps them"
        )
        return b""
    text = page.text.replace("\r\n", "\n")
    return printable(text, lines=True).encode(errors="replace")


def _json(record: dict[str, Any], *, is_for_people: bool) -> bytes:
    from ..stores.plain import as_json  # noqa: PLC0415

    text = as_json(record)
    if is_for_people:
        text = printable(json.dumps(json.loads(text), ensure_ascii=False, indent=2), lines=True)
    return f"{text}\n".encode(errors="replace")


def _with_facts(outcome: Outcome, settings: Settings) -> Outcome:
    """The outcome with what a crawl's worker reads off a page: title, links, directives."""
    if not isinstance(outcome, Response) or outcome.facts is not None:
        return outcome
    return replace(outcome, facts=facts_of(outcome, settings, with_links=False))


def _head(page: "Page") -> Iterator[str]:
    """Where it was asked, what was answered, the headers, and what was measured."""
    response = page.response
    assert response is not None
    for hop in page.redirects:
        yield f"{hop} redirects"
    yield f"{page.final_url} answers"
    yield f"{response.http_version} {response.status} {response.reason}".rstrip()
    for name, value in response.headers:
        yield f"{name}: {value}"
    yield ""
    charset = f" in {page.encoding}" if response.body and page.content_type.startswith("text/") else ""
    cut = ", cut there" if response.is_cut else ""
    address = f", from {response.remote_address}" if response.remote_address else ""
    tries = f", at attempt {page.attempts}" if page.attempts > 1 else ""
    yield (
        f"{size(response.size)} of {page.content_type or 'nothing'}{charset}{cut}, "
        f"{size(response.received)} sent, in {seconds(response.elapsed_s)}{address}{tries}"
    )


def _write(data: bytes, file: str | None, page: "Page", given: argparse.Namespace) -> None:
    """Write to the file, whole or not at all, or to standard output.

    Raises:
        ConfigError: In a folder, the file is there already.
        StoreError: It cannot be written.
    """
    if file is None:
        write_bytes([data])
        return
    from ..parse.saving import file_name, save  # noqa: PLC0415

    target = Path(file)
    name = file_name(page.final_url, ending=_ending(page, given))
    if file.endswith("/") or target.is_dir():
        _check_free(target / name, given)
    try:
        if target.exists() and not (target.is_file() or target.is_dir()):  # a pipe, /dev/null
            target.write_bytes(data)
            return
        saved = save(data, file, name=name)
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot write {file}: {getattr(error, 'strerror', None) or error}") from error
    if saved != target:
        print(printable(f"written to {saved}"), file=sys.stderr)


def _ending(page: "Page", given: argparse.Namespace) -> str:
    if given.headers:
        return ".txt"
    if given.body:
        return ".html" if page.content_type == "text/html" else ""
    return ".json"
