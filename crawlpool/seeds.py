"""Sources of URLs: files, standard input, columns of tables, words on a command line.

    words ─▶ all are checked: a word that cannot be a source ends it here (ConfigError)
          ─▶ read one line at a time: line ─▶ Request, or BadLine with file and line number

A word is a typing error more often than a host called `urls.txt`, so words are judged
strictly and at once; a line among a million is reported, and stops nothing.
"""

import csv
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from crawlpool.errors import ConfigError
from crawlpool.model import Request
from crawlpool.seedlines import Line, read_lines, read_rows
from crawlpool.urls import normalise, public

_SHOWN = 100
_LISTS = (".txt", ".csv", ".tsv", ".gz", ".lst", ".list", ".urls", ".text")
_FILES = (
    *_LISTS,
    ".json",
    ".jsonl",
    ".ndjson",
    ".xml",
    ".html",
    ".htm",
    ".log",
    ".bak",
    ".bz2",
    ".xz",
    ".toml",
)
_OTHERS = {
    ".toml": "is no list of URLs, but a crawl kept as a file; crawlpool {word} runs it",
    ".py": "is Python, not a list of URLs; a handler is given as --handler {word}:function",
    ".sqlite": "is a database, not a list of URLs; crawlpool status {word} shows the crawl that wrote it",
    ".sqlite3": "is a database, not a list of URLs; crawlpool status {word} shows the crawl that wrote it",
    ".job": "is a job file, not a list of URLs; crawlpool status {word} shows how far it is",
    ".xlsx": "is a workbook; save the sheet as CSV and name the column with --column",
    ".xls": "is a workbook; save the sheet as CSV and name the column with --column",
    ".ods": "is a workbook; save the sheet as CSV and name the column with --column",
}
_TABLES = (".csv", ".tsv")
_PAGES = (".html", ".htm", ".json", ".xml")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*)://", re.IGNORECASE)
_WEB = re.compile(r"https?:", re.IGNORECASE)
_COMMENT = re.compile(r"(^|\s)#")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_SECOND = re.compile(r"\shttps?://", re.IGNORECASE)
_HOST = re.compile(
    r"(?P<name>\[[0-9a-f:.]+\]|[^\s/?#\\:@\[\]]+)(?P<port>:\d{1,5})?(?=[/?#]|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that names no URL; it is reported and stops nothing.

    Attributes:
        source: Where it stands, such as "urls.txt:12" or "seed 3".
        text: What stands there, its beginning if it is long.
        why: What is wrong with it, and what would do.
    """

    source: str
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.source}: {self.why}" + (f": {self.text!r}" if self.text else "")


_Source = Callable[[], Iterator[Request | BadLine]]


def read_words(
    words: Sequence[str], *, column: str | None = None, stdin: BinaryIO | None = None
) -> Iterator[Request | BadLine]:
    """Return the requests that words of a command line stand for; lines are read as they are asked for.

    A word is a file (`./` before the name makes sure), `-` for standard input, or a URL.
    A file has one URL a line: blank lines, lines that begin with # and what follows a #
    after white space are left out; UTF-8, or UTF-16 with its mark, as Windows writes it;
    `https://` is put before a URL without a scheme. Files compressed by gzip are seen by
    their first bytes. A `.csv` or `.tsv`, and with `column` every file and standard input,
    is a table: its other columns become `Request.columns`, and `Request.data` as a dict.

    Args:
        words: What was typed.
        column: The column with the URLs, by its name in the header. Without it a table
            is read by its column `url`, if there is one.
        stdin: What `-` reads; `sys.stdin.buffer` when None.

    Raises:
        ConfigError: A word is neither a file nor a plausible URL, or a file cannot be read or
            lacks the column. All words are checked before the first line is read; the
            header of what can be read only once (a pipe) is checked as it is read.
    """
    if words.count("-") > 1:
        raise ConfigError("- is standard input, which can be read once; name it once")
    sources = [_source(word, column, stdin) for word in words]
    if column is not None and all(is_typed for _, is_typed in sources):
        raise ConfigError(f"column {column!r} is looked for in files, and none is given")
    return chain.from_iterable(source() for source, _ in sources)


def refuse_other(seeds: object) -> None:
    """See that what a program gives for URLs can be one, or several; nothing is taken from it.

    Raises:
        ConfigError: It can not.
    """
    is_iterable = any(hasattr(type(seeds), name) for name in ("__iter__", "__getitem__"))
    if not is_iterable and not isinstance(seeds, Request | BadLine):
        raise ConfigError(f"{seeds!r} is given for URLs, and should be a URL, or several of them")


def from_iterable(
    seeds: str | Request | BadLine | Iterable[str | Request | BadLine],
) -> Iterator[Request | BadLine]:
    """Return the requests for URLs given by a program: one, or any iterable of them, read lazily.

    A string is read like a line of a file, comments aside. What names no URL, an int or
    None too, comes back as a `BadLine` whose source is "seed 3", so that a gap in a table
    ends no crawl.

    Raises:
        ConfigError: It is no iterable at all.
    """
    refuse_other(seeds)
    given: Iterable[Any] = (seeds,) if isinstance(seeds, str | bytes | Request | BadLine) else seeds
    for number, seed in enumerate(given, 1):
        source = f"seed {number}"
        if isinstance(seed, BadLine):
            yield seed
        elif isinstance(seed, Request):
            checked = _request(seed.url, seed.source or source)
            if isinstance(checked, Request):
                checked = replace(seed, url=checked.url, source=checked.source, is_listed=True)
            yield checked
        elif isinstance(seed, str):
            yield _request(seed, source)
        else:
            why = f"a URL is text, not {type(seed).__name__}"
            yield BadLine(source=source, text=repr(seed)[:_SHOWN], why=why)


def _source(word: str, column: str | None, stdin: BinaryIO | None) -> tuple[_Source, bool]:
    """Check one word; return how to read it, and whether it is a URL."""
    if word == "-":
        return lambda: _read(stdin or sys.stdin.buffer, "stdin", column, is_table=column is not None), False
    path = Path(word)
    try:
        is_there = word != "" and not _SCHEME.match(word) and path.exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        is_there = False
    if is_there:
        _check_file(path, word)
        is_table = column is not None or _suffix(word) in _TABLES
        if is_table and path.is_file():
            with path.open("rb") as file:
                _table(read_lines(file), word, column)  # for its complaints
        return lambda: _read_file(path, word, column, is_table=is_table), False
    request = _request(word, "")
    if isinstance(request, Request) and not _is_slip(word):
        return lambda: iter((request,)), True
    if _SCHEME.match(word) and isinstance(request, BadLine):
        raise ConfigError(f"{public(word)!r}: {request.why}")
    raise ConfigError(_unknown(word))


def _check_file(path: Path, word: str) -> None:
    if path.is_dir():
        site = f", or write https://{word} for the site" if _is_plausible(word) else ""
        raise ConfigError(f"{word} is a directory; name a file in it, with one URL a line{site}")
    advice = _OTHERS.get(_suffix(word))
    if advice:
        raise ConfigError(f"{word} {advice.format(word=word)}")
    if path.is_file():
        try:
            path.open("rb").close()
        except OSError as error:
            raise ConfigError(f"cannot read {word}: {error.strerror or error}") from error


def _unknown(word: str) -> str:
    """Say that a word is no source, and what was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415  only on the way out

    advice = _OTHERS.get(_suffix(word), "") if looks_like_file(word) else ""
    close = get_close_matches(Path(word).name, _beside(word), n=1)
    if close:
        found = Path(word).with_name(close[0])
        advice = f"did you mean {found}?"
        if isinstance(_request(word, "", is_word=False), Request):
            advice += f" For the site, write https://{word}"
    elif _suffix(word) == ".toml":
        advice = "a crawl that is kept as a file ends so"
    elif advice:
        advice = f"and it {advice.format(word=word)}"
    elif looks_like_file(word):
        advice = (
            "a file has one URL a line"
            if _suffix(word) not in _PAGES
            else "a page on the web is named by its URL"
        )
    else:
        command = "; a command is the first word, and crawlpool help lists them" if word.isalpha() else ""
        return f"{word!r} is neither a file here nor a URL; write a URL as https://shop.example/{command}"
    return f"no file {word!r} here; {advice}"


def _is_slip(word: str) -> bool:
    """True when a word is a list's name but for one letter, such as `urls.tx` beside `urls.txt`."""
    if "/" in word or _SCHEME.match(word):
        return False
    return any(_is_one_letter_off(word, name) for name in _beside(word) if _suffix(name) in _LISTS)


def _is_one_letter_off(one: str, other: str) -> bool:
    if len(one) == len(other):
        off = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        return len(off) == 1 or (
            len(off) == 2
            and off[1] == off[0] + 1
            and one[off[0]] == other[off[1]]
            and one[off[1]] == other[off[0]]
        )
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) == 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def _beside(word: str) -> list[str]:
    try:
        return os.listdir(Path(word).parent)  # noqa: PTH208  names are enough
    except (OSError, ValueError):
        return []


def _suffix(name: str) -> str:
    """The ending of a file's name in small letters, that of `.gz` looked through: ".csv" of "a.csv.gz"."""
    name = name.lower()
    return os.path.splitext(name.removesuffix(".gz"))[1] or os.path.splitext(name)[1]  # noqa: PTH122  a text


def looks_like_file(text: str) -> bool:
    """True for `urls.txt`, `./urls`, `C:/urls`, `lists/urls.txt`; false for `shop.example/urls.txt`."""
    if text.startswith(("./", "../", "/", "~", ".\\", "..\\")) or re.match(r"[A-Za-z]:[\\/]", text):
        return True
    head, slash, _ = text.partition("/")
    lowered = text.lower()
    if slash:
        return lowered.endswith(_FILES) and "." not in head and ":" not in head and head != "localhost"
    return lowered.endswith((*_FILES, *_OTHERS)) and (not lowered.endswith(".py") or text.count(".") == 1)


def _request(text: str, source: str, *, is_word: bool = True, **extra: Any) -> Request | BadLine:
    """Make a request of one URL as it was written; `is_word=False` skips the look at file names."""
    url = text.strip().lstrip("\ufeff")
    why = _fault(url, is_word=is_word)
    if not why:
        if not _WEB.match(url):
            url = f"https:{url}" if url.startswith("//") else f"https://{url}"
        if normalise(url) is not None:
            return Request(url, source=source, is_listed=True, **extra)
        why = "not a valid URL"
    return BadLine(source=source, text=public(text.strip())[:_SHOWN], why=why)


def _fault(url: str, *, is_word: bool) -> str:
    """What tells that a text is no URL, before it is parsed as one; "" when nothing does."""
    if not url:
        return "there is no URL"
    if _CONTROL.search(url):
        return "a URL holds no control characters"
    if _SECOND.search(url):
        return "more than one URL; write one a line"
    if _WEB.match(url) or url.startswith("//"):
        return ""
    scheme = _SCHEME.match(url)
    if scheme:
        return f"{scheme[1]}:// is not crawled, only http:// and https:// are"
    if is_word and looks_like_file(url):
        return f"this is the name of a file; if a site is meant, write https://{url}"
    return "" if _is_plausible(url) else "this is no URL; write it as https://shop.example/"


def _is_plausible(url: str) -> bool:
    """True when something without a scheme begins with what can only be a host."""
    found = _HOST.match(url)
    if found is None:
        return False
    name = found["name"].lower()
    if name.replace(".", "").isdigit():  # 3.14 would be the address 3.0.0.14
        return name.count(".") == 3
    labels = name.rstrip(".").split(".")
    return all(labels) and (
        len(labels) > 1 or name == "localhost" or name[0] == "[" or found["port"] is not None
    )


def _read_file(path: Path, word: str, column: str | None, *, is_table: bool) -> Iterator[Request | BadLine]:
    try:
        with path.open("rb") as file:
            yield from _read(file, word, column, is_table=is_table)
    except OSError as error:  # it was there when the words were checked
        yield BadLine(source=word, text="", why=f"cannot be read: {error.strerror or error}")


def _read(file: BinaryIO, name: str, column: str | None, *, is_table: bool) -> Iterator[Request | BadLine]:
    lines = read_lines(file)
    if is_table:
        yield from _read_table(lines, name, column)
        return
    for number, text, why in lines:
        if why:
            yield BadLine(source=f"{name}:{number}", text=text[:_SHOWN], why=why)
            continue
        comment = _COMMENT.search(text)
        url = (text[: comment.start()] if comment else text).strip()
        if url:
            yield _request(url, f"{name}:{number}")


class _Table(NamedTuple):
    names: list[str]
    place: int  # of the column with the URLs
    delimiter: str


def _table(lines: Iterator[Line], name: str, column: str | None) -> _Table | None:
    """Read the header; None for a list of URLs that is only called a table.

    Raises:
        ConfigError: The column is not in it; the message names those that are.
    """
    first = next(lines, Line(1, ""))
    if first.why:
        raise ConfigError(f"cannot read the header of {name}: {first.why}")
    header = first.text.rstrip("\r\n")
    delimiter = max("\t,;|", key=header.count) if any(mark in header for mark in "\t,;|") else ","
    cells = [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        names.append(cell if cell and cell not in names else f"{cell} {place}".strip())
    wanted = column or "url"
    lowered = [one.lower() for one in names]
    if wanted in names:
        return _Table(names, names.index(wanted), delimiter)
    if wanted.strip().lower() in lowered:
        return _Table(names, lowered.index(wanted.strip().lower()), delimiter)
    known = f"its columns are {', '.join(names)}" if any(cells) else "its first line is empty"
    if column:
        raise ConfigError(f"{name} has no column {column!r}; {known}")
    if len(names) == 1:
        return None
    raise ConfigError(
        f"{name} is a table without a column url; name the one that has the URLs with --column: {known}"
    )


def _read_table(lines: Iterator[Line], name: str, column: str | None) -> Iterator[Request | BadLine]:
    head: list[Line] = list(islice(lines, 1))
    table = _table(iter(head), name, column)
    if table is None:
        for number, text, why in chain(head, lines):
            source = f"{name}:{number}"
            if why or text.strip():
                yield BadLine(source=source, text=text[:_SHOWN], why=why) if why else _request(text, source)
        return
    names, place, delimiter = table
    for number, cells, why in read_rows(lines, delimiter):
        source = f"{name}:{number}"
        if why:
            yield BadLine(source=source, text="".join(cells)[:_SHOWN], why=why)
        elif any(cell.strip() for cell in cells):
            if len(cells) <= place or not cells[place].strip():
                text = delimiter.join(cells)[:_SHOWN]
                yield BadLine(source=source, text=text, why=f"no URL in column {names[place]!r}")
                continue
            more = [f"column {i}" for i in range(len(names) + 1, len(cells) + 1)]
            columns = [pair for i, pair in enumerate(zip([*names, *more], cells, strict=False)) if i != place]
            yield _request(cells[place], source, columns=tuple(columns), data=dict(columns))
