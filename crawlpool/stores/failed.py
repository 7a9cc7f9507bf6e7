"""The list of URLs that failed, each under a comment with why; `crawlpool` reads it as a source again."""

import os

from crawlpool.model import Request
from crawlpool.urls import normalise

from .appendfile import AppendFile
from .plain import whole


class FailedFile:
    """A text file in UTF-8, two lines for each URL.

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

    def open(self) -> None:
        """Make the file, empty."""
        self._file.open(is_fresh=True)

    def write(self, request: Request, why: str) -> None:
        """Add one URL, and in words why it failed."""
        url = _one_line(request.url)
        if url != request.url or any(map(str.isspace, url)) or "@" in url or not url.isprintable():
            url = normalise(request.url) or url
        if request.method == "GET" and not request.body:
            entry = f"# {_one_line(why)}\n{url}\n"
        else:
            entry = f"# {_one_line(why)}; {request.method} cannot be listed: {url}\n"
        self._file.write(whole(entry).encode())
        self._file.hand_over()

    def close(self) -> None:
        """Bring all to the disk and close; calling it twice is harmless."""
        self._file.close()


def _one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
