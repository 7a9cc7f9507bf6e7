"""`crawlpool serve DIR`: a directory or a sample site on this machine, as slow and as faulty as you like."""

import argparse
import math
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ..errors import ConfigError
from ..serve import Served, sample_site, sample_sites, serve
from ..units import read_count, read_seconds
from .flags import Parser, new_parser, parse
from .screen import Screen, printable

T = TypeVar("T")

_DESCRIPTION = """\
Serve a directory, or a sample site by its name, over HTTP on 127.0.0.1, until Ctrl-C.

The address is printed on standard output. A file _redirects (FROM TO STATUS, one a
line) and a file _headers in the directory say what static files cannot."""


def serve_command(words: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM; both are how a server ends, so the exit code is 0."""
    parser = _parser()
    given = parse(parser, words)
    if len(given.words) != 1:
        raise ConfigError(f"name one directory to serve, or a sample site: {', '.join(sample_sites())}")
    screen = Screen(sys.stderr, quiet=given.quiet)
    show = None if given.quiet else lambda line: screen.say(_line(line))
    server = serve(
        _directory(given.words[0]),
        port=given.port,
        latency_s=given.latency,
        jitter_s=given.jitter,
        errors=given.errors,
        rate_limit=given.rate_limit,
        seed=given.seed,
        on_served=show if given.verbose else None,
        most_logged=1000,
    )

    def ready() -> None:
        print(f"{server.url}/", flush=True)
        screen.say("Serving on this machine only. Ctrl-C ends it.")

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.serve_forever(ready)
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> Parser:
    usage = "crawlpool serve [FLAG ...] DIR|" + "|".join(sample_sites() or ["SITE"])
    parser = new_parser(usage, description=_DESCRIPTION)
    parser.add_argument("words", nargs="*", metavar="DIR", help=argparse.SUPPRESS)
    add = parser.add_argument
    add(
        "--port",
        type=_port,
        default=8000,
        metavar="N",
        help="Listen on this port; 0 takes a free one. Default: 8000.",
    )
    add(
        "--latency",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="Let every answer wait this long. Default: 0 s.",
    )
    add(
        "--jitter",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="And up to this much longer, by chance. Default: 0 s.",
    )
    add(
        "--errors",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="Let this share of the answers fail, such as 0.1 or 10%%: 500, 503 or a dropped connection. Default: 0.",
    )
    add(
        "--rate-limit",
        type=_rate,
        metavar="N",
        help="Answer 429 beyond this many requests a second. Default: no limit.",
    )
    add(
        "--seed",
        type=_whole,
        default=0,
        metavar="N",
        help="Choose which answers fail or wait longer. Default: 0.",
    )
    add("-v", "--verbose", action="store_true", help="Show a line for each request.")
    add("-q", "--quiet", action="store_true", help="Print the address only.")
    return parser


def _directory(word: str) -> Path:
    """A directory by its path, else a sample site by its name."""
    path = Path(word)
    if path.is_dir():
        return path
    known = sample_sites()
    if word not in known:
        raise ConfigError(
            f"no directory {word} here, and no sample site of that name; known: {', '.join(known)}"
        )
    return sample_site(word)


def _line(served: Served) -> str:
    return f"{served.status or 'dropped'}  {served.method} {printable(served.path)}"


def _seconds(text: str) -> float:
    value = _read(read_seconds, text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} should be 0 or more")
    return value


def _whole(text: str) -> int:
    return _read(read_count, text)


def _port(text: str) -> int:
    port = _whole(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} should be a port, 0 to 65535")
    return port


def _share(text: str) -> float:
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a share, such as 0.1 or 10%")
    return share


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} should be requests a second, such as 5")
    return rate


def _read(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} should be {error}") from None
