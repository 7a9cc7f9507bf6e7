"""The list of URLs that failed, each under a comment with why; `crawlpool` reads it as a source again."""

import os

from crawlpool.model import Request
from crawlpool.urls import normalise

from .appendfile import AppendFile
from .base import Position, Start
from .plain import whole


class FailedFile:
    """A text file in UTF-8: each URL, and above it in comments why it failed.

        # timeout: not whole after 30 s
        https://shop.example/slow

    A URL goes in as it was given, without user name and password. A request with a
    method or body of its own cannot be said in a list of URLs and is a comment only.

    Each entry is on its way to the disk when `write` returns, so that the list is
    there however the crawl ends. It has positions as a store has: cut back to one, it
    holds each URL once however often the crawl was broken off.

    Args:
        path: The file, which must not be a source of the same crawl.
        name: What its positions are kept under, beside those of the stores; "" for its path.

    Attributes:
        name: The same.

    Raises:
        StoreError: From every method but `__init__`; names the file and the cause.
    """

    def __init__(self, path: str | os.PathLike[str], name: str = "") -> None:
        self.name = name or f"failed:{os.fspath(path)}"
        self._file = AppendFile(path)

    def open(self, at: Position | Start) -> None:
        """Start empty, behind what is there, or at a position."""
        with self._file.opening():
            if isinstance(at, Start):
                self._file.open(is_fresh=at is Start.FRESH)
                size = self._file.size
                if size and self._file.read(size - 1, size) != b"\n":
                    self._file.write(b"\n")
            else:
                self._file.open_at(at)
                self._file.cut(at)

    def write(self, request: Request, why: str, details: str = "") -> None:
        """Add one URL, and in words why it failed; details, such as a traceback, stand below it line by line."""
        url = _one_line(request.url)
        if url != request.url or any(map(str.isspace, url)) or "@" in url or not url.isprintable():
            url = normalise(request.url) or url
        if request.method == "GET" and not request.body:
            entry = f"# {_one_line(why)}\n{url}\n"
        else:
            entry = f"# {_one_line(why)}; {request.method} cannot be listed: {url}\n"
        told = "".join(f"#   {_printable(line)}\n" for line in details.splitlines())
        self._file.write(whole(told + entry).encode())
        self._file.hand_over()

    def flush(self) -> Position:
        """Bring all to the disk, and say where that is."""
        return self._file.sync()

    def close(self) -> None:
        """Bring all to the disk and close; calling it twice is harmless."""
        self._file.close()


def _one_line(text: str) -> str:
    return " ".join(_printable(text).split())


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
