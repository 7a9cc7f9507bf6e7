"""Where the marks of `crawlpool bench --stages` are.

stage      what is in it
starting   loading Python, the package and libraries, making workers, reading the command line; the end
waiting    the main thread waits for an answer
fetch      the transport: request, answer, decoding
crossing   orders and answers between main and workers: packing, pipes, the pool's own threads
parse      the tree of a page, its title, directives, digest
links      links taken off the tree, joined and normalised; in main, which of them are followed
frontier   what is known, what waits, commits
handler    the user's handler, or selected columns, with the parse that they ask for
store      records made and written
settling   what an answer sets off: redirects, tries, counts
loop       who may be asked next, and all that is left of the main thread

A seam is a function that can be looked up by name and is looked up at each call: a method, or a function of a
module that is called by others of the same module's names.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple


class Seam(NamedTuple):
    """One function.

    Attributes:
        module: Where it is, within the package.
        name: Such as "StoreLanding._write", or "read_facts".
        stage: What it begins.
        needs: A package without which its module cannot be loaded.
    """

    module: str
    name: str
    stage: str
    needs: str = ""


def _seams(module: str, stage: str, *names: str, needs: str = "") -> Iterator[Seam]:
    return (Seam(module, name, stage, needs) for name in names)


_FRONTIER: Final = (
    "unknown",
    "add",
    "mark",
    "take",
    "put_back",
    "tried",
    "left_out",
    "commit",
)

MAIN: Final = (
    *_seams("loop", "loop", "Crawl.step"),
    *_seams("inbox", "waiting", "Inbox.take"),
    *_seams(
        "crew", "crossing", *(f"Crew.{name}" for name in ("send", "send_ahead", "flush", "receive", "tend"))
    ),
    *_seams("following", "links", "Following.links_of"),
    *_seams("frontiers.memory", "frontier", *(f"MemoryFrontier.{name}" for name in _FRONTIER)),
    *_seams("frontiers.sqlite", "frontier", *(f"SqliteFrontier.{name}" for name in _FRONTIER)),
    *_seams("landing", "handler", "StoreLanding._called"),
    *_seams(
        "landing", "store", *(f"StoreLanding.{name}" for name in ("_record_of", "_write", "_save", "flush"))
    ),
    *_seams("settling", "settling", "Settling.settle"),
)
"""In the main thread."""

WORKERS: Final = (
    *_seams("worker.requests_", "fetch", "RequestsTransport.fetch"),
    *_seams("worker.curl", "fetch", "CurlTransport.start", "CurlTransport.wait", needs="pycurl"),
    *_seams("worker.reading", "parse", "read_facts"),
    *_seams("parse.facts", "links", "targets", "join_written", "targets_among", "canonical_among"),
    *_seams("handling.made", "handler", "HandlerMaker.make", "ColumnMaker.make"),
)
"""Wherever a worker is."""
