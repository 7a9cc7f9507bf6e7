"""The list of URLs that failed, each under a comment with why; `crawlpool` reads it as a source again."""

import os

from crawlpool.model import Request
from crawlpool.urls import normalise

from .appendfile import AppendFile
from .plain import whole


class FailedFile:
    """A text file in UTF-8: each URL, and above it in comments why it failed.

        # timeout: not whole after 30 s
        https://shop.example/slow

    A URL goes in as it was given, without user name and password. A request with a
    method or body of its own cannot be said in a list of URLs and is a comment only.

    Each entry is on its way to the disk when `write` returns, so that the list is
    there however the crawl ends.

    Args:
        path: The file. What is in it is replaced, so it must not be a source of the same crawl.

    Raises:
        StoreError: From every method but `__init__`; names the file and the cause.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = AppendFile(path)

    def open(self, *, is_fresh: bool = True) -> None:
        """Make the file, empty, or go on behind what is there."""
        self._file.open(is_fresh=is_fresh)

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

    def close(self) -> None:
        """Bring all to the disk and close; calling it twice is harmless."""
        self._file.close()


def _one_line(text: str) -> str:
    return " ".join(_printable(text).split())


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
