"""`crawlpool demo`: a sample site on this machine, crawled by the real command before your eyes.

The site is served by a thread here; each crawl is a process of its own, the same
that you would type. Nothing leaves the machine.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from ..errors import ConfigError
from ..serve import Server, sample_site, sample_sites, serve
from ..settings.sources import put_together
from .flags import Parser, asks_for_help, crawl_parser, new_parser, parse, typed_knobs
from .screen import printable

_USAGE = "crawlpool demo [bookshop|news|traps|wiki] [FLAG ...]"
_DESCRIPTION = """\
Serve a sample site on 127.0.0.1, crawl it with the real command, and explain what
happened. All flags of a crawl may be given, such as --workers 2 or --backend thread."""

_LATENCY_S = 0.02

_HANDLER = '''\
def book(page):
    """Called in the main process with every page that was fetched."""
    price = page.get(".price_color")
    upc = page.get("table td")
    if price and upc:  # a page about one book; on others only the links matter
        yield {"title": page.get("h1"), "price": price, "upc": upc, "url": page.url}
'''

_EXPLAINED = """\
What happened
  The first URL went into the frontier, where URLs wait, each once.
  As soon as its host might be asked (two pages at once is polite), it went to a free
  lane: one worker in a pool of its own, a process unless --backend says otherwise.
  The worker fetched the page and read title and links off it. The pool's callback
  only put the answer into a queue.
  The main thread took it from there: called the handler, wrote the records to the
  store, and put the links that belong to this site back into the frontier.
  When nothing waited and nothing was out, the crawl was over.
"""

_NEXT = """\
What to type next
  crawlpool https://example.com/ --follow --depth 1 -o pages.jsonl     a site of yours
  crawlpool urls.txt -o pages.csv                                      your own list of URLs
  crawlpool status pages.jsonl                                         how far it is; also while it runs
  crawlpool demo news --sitemap                                        a newspaper with feeds; also: wiki, traps
  crawlpool help                                                       all commands
"""


def demo(words: Sequence[str]) -> int:
    """Run the demo; the exit code is that of the last crawl."""
    words = list(words)
    if asks_for_help(words):
        parser().print_help()
        return 0
    name = _site_of(words)
    put_together(
        [typed_knobs(parse(crawl_parser(), words))]
    )  # a flag that will not do is said before anything is served
    trace = _trace_of(words)
    folder = Path(tempfile.mkdtemp(prefix="crawlpool-demo-"))
    with serve(sample_site(name), latency_s=_LATENCY_S) as server:
        _say(f"The sample site {name!r} is now at {server.url}/ on this machine; this crawls it:")
        traced = trace if name != "bookshop" else []  # there the second crawl has more to show
        code = _crawl(folder, [f"{server.url}/", "--follow", "-o", "pages.jsonl", *words, *traced])
        if code not in {0, 3}:
            return code
        _say("\npages.jsonl has one line of JSON for each page; the first, unfolded:")
        _say(_unfolded(folder / "pages.jsonl"))
        if name == "bookshop":
            code = _with_handler(folder, server, [*words, *trace])
            if code not in {0, 3}:
                return code
    _say("")
    _say(_EXPLAINED)
    if trace:
        _say(_traced(Path(trace[1])))
    _say(_NEXT)
    _say(f"The files are in {folder}")
    return code


def parser() -> Parser:
    """What its help shows; the flags of a crawl are there besides."""
    return new_parser(_USAGE, description=_DESCRIPTION)


def _site_of(words: list[str]) -> str:
    """The sample site that the first word names, and take it off; the bookshop without one.

    Raises:
        ConfigError: There is no such site.
    """
    if not words or words[0].startswith("-"):
        return "bookshop"
    name = words.pop(0)
    if name not in sample_sites():
        raise ConfigError(f"there is no sample site {name!r}; known: {', '.join(sorted(sample_sites()))}")
    return name


def _trace_of(words: list[str]) -> list[str]:
    """Take --trace off the words, and give it back with the file as seen from any folder."""
    for place, word in enumerate(words):
        flag, _, file = word.partition("=")
        if flag == "--trace":
            many = 1 if file else 2
            file = file or words[place + 1]
            del words[place : place + many]
            return ["--trace", str(Path(file).resolve())]
    return []


def _traced(file: Path) -> str:
    """What a trace says of the first page, step by step."""
    said = f"Who did what, and when, is in {file}"
    if file.suffix.lower() == ".svg":
        return f"{said}; a browser shows it.\n"
    if file.suffix.lower() == ".jsonl":
        return f"{said}; crawlpool timeline draws it.\n"
    steps = (
        "let_go",
        "handed",
        "began",
        "answered",
        "called_back",
        "settled",
        "handler",
        "stored",
        "committed",
    )
    with file.open(encoding="utf-8") as lines:
        head = next(lines, "").rstrip()
        first = [
            line.rstrip()
            for line in islice(lines, 1000)
            if len(line.split()) > 4 and "robots.txt" not in line
        ]
    of_seed = [line for line in first if any(f" {step} " in line for step in steps)]
    url = next((word for line in of_seed for word in line.split() if word.startswith("http")), "")
    shown = [line for line in of_seed if url in line.split()]
    return "\n".join((f"{said}. Of the first page:", "", *map(printable, (head, *shown)), ""))


def _with_handler(folder: Path, server: Server, words: Sequence[str]) -> int:
    (folder / "books.py").write_text(_HANDLER, encoding="utf-8")
    _say("\nNow with a handler, books.py, that says what a record is:\n")
    _say("".join(f"    {line}\n" for line in _HANDLER.splitlines()))
    code = _crawl(
        folder, [f"{server.url}/", "--follow", "--handler", "books.py:book", "-o", "books.csv", *words]
    )
    if code in {0, 3}:
        _say("\nbooks.csv has one line for each book that the handler yielded; the first of them:")
        _say(_beginning(folder / "books.csv"))
    return code


def _crawl(folder: Path, words: Sequence[str]) -> int:
    """Run the command in a process of its own, its output going where ours goes."""
    _say(f"\n$ crawlpool {' '.join(_quoted(word) for word in words)}\n")
    # The package may be run from its source, without being installed.
    home = str(Path(__file__).resolve().parents[2])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))}
    with subprocess.Popen([sys.executable, "-m", "crawlpool", *words], cwd=folder, env=env) as process:  # noqa: S603  our own words
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the crawl got it as well, and ends in its own time
                continue


def _unfolded(file: Path) -> str:
    """The first record of a JSON Lines file, one field a line."""
    with file.open(encoding="utf-8") as lines:
        record = json.loads(next(lines, "{}"))
    return "\n".join(f"  {name}: {printable(str(value))}" for name, value in record.items())


def _beginning(file: Path) -> str:
    """The first lines of a file, cut where the terminal ends."""
    width = shutil.get_terminal_size().columns - 4
    with file.open(encoding="utf-8") as lines:
        shown = [printable(line.rstrip("\r\n")) for line in islice(lines, 4)]
    return "\n".join(f"  {line if len(line) <= width else line[: width - 3] + '...'}" for line in shown)


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def _say(text: str) -> None:
    print(text, flush=True)
