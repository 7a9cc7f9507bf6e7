"""A directory as a web site: which file answers a path, and with which headers.

A name is served only when its directory lists it, exactly so. That one rule keeps
out "..", backslashes, drive letters, alternate streams and device names, and it
tells /A from /a on file systems that do not. Listings are kept until the
directory changes; contents are read at every request.
"""

import os
import stat
import time
from collections.abc import Iterator
from enum import Enum
from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from ..errors import ConfigError
from ..model import Pairs
from .asked import Asked
from .origin import ORIGIN, Origin
from .rules import HEADERS, REDIRECTS, URL_SAFE, Rules, decoded
from .wire import Reply, reply

_FOR_US = (REDIRECTS, HEADERS, ORIGIN)
_CHUNK = 256 * 1024
_SETTLED_S = 2.0  # a file system may stamp changes no finer than this (FAT)
_MOST_LISTINGS = 10_000

# Ours, not `mimetypes`, whose answers depend on the machine. No charset: `_headers` says that.
_TYPES = {
    "atom": "application/atom+xml",
    "avif": "image/avif",
    "css": "text/css",
    "csv": "text/csv",
    "gif": "image/gif",
    "gz": "application/gzip",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/vnd.microsoft.icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
    "png": "image/png",
    "rss": "application/rss+xml",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "webm": "video/webm",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xhtml": "application/xhtml+xml",
    "xml": "application/xml",
    "zip": "application/zip",
}


class _Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"  # leads we know not where, so it is resolved at every request


class Folder:
    """The site in a directory.

    `/a/` is answered by `a/index.html`, `/a` by a redirect to `/a/`; there are no
    listings. `404.html` in the root, where there is one, is the page for what is
    not there. Names that begin with a dot are not served, except `.well-known`
    (RFC 8615); neither are `_redirects`, `_headers` and `_origin`, nor what a link
    leads to outside the directory.

    Raises:
        ConfigError: The directory is not there, or one of its three files is malformed.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        path = Path(directory)
        if not path.is_dir():
            known = "is a file" if path.exists() else "is not there"
            raise ConfigError(
                f"cannot serve {str(path)!r}: it {known}; give a directory with an index.html in it"
            )
        self._root = os.path.realpath(path)
        self._rules = Rules.of(Path(self._root))
        self._origin = Origin.of(Path(self._root))
        self._listings: dict[str, tuple[int, dict[str, _Kind]]] = {}

    def answer(self, asked: Asked) -> Reply:
        """Reply to one request."""
        if asked.method not in ("GET", "HEAD"):
            return self._page(asked, "", 405, (("Allow", "GET, HEAD"),))
        raw, _, query = asked.path.partition("?")
        path = decoded(raw.encode("latin-1"))
        file = self._find(path)
        ruled = self._rules.redirect(path, forced=file is not None)
        if ruled is not None:
            rule, splat = ruled
            if rule.is_move:
                return self._page(asked, path, rule.status, (("Location", rule.location(splat, query)),))
            file = (
                self._find(decoded(rule.to.replace(":splat", splat).partition("?")[0])) if rule.to else None
            )
            if file is not None:
                return self._file(asked, path, file, rule.status)
            return self._page(asked, path, 404 if rule.status == 200 else rule.status)
        if file is None:
            return self._missing(asked, path)
        if file.endswith(os.sep):
            place = quote(f"{raw}/?{query}" if query else f"{raw}/", safe=URL_SAFE, encoding="latin-1")
            return self._page(asked, path, 301, (("Location", place),))
        return self._file(asked, path, file, 200)

    def _missing(self, asked: Asked, path: str) -> Reply:
        own = self._find("/404.html")
        return self._page(asked, path, 404) if own is None else self._file(asked, path, own, 404)

    def _page(self, asked: Asked, path: str, status: int, headers: Pairs = ()) -> Reply:
        """A small page that says the status."""
        phrase = next((known.phrase for known in HTTPStatus if known == status), "Unnamed")
        where = dict(headers).get("Location")
        more = f'<p>It is <a href="{escape(where)}">here</a>.</p>' if where else ""
        body = f"<!DOCTYPE html>\n<title>{status} {phrase}</title>\n<h1>{status} {phrase}</h1>\n{more}"
        dressed = self._rules.dressed(path, (*headers, ("Content-Type", "text/html; charset=utf-8")))
        return reply(asked, status, dressed, body.encode("utf-8", "replace"))

    def _file(self, asked: Asked, path: str, file: str, status: int) -> Reply:
        suffix = os.path.splitext(file)[1][1:].lower()  # noqa: PTH122  a Path costs more than all the rest
        headers = self._rules.dressed(
            path, (("Content-Type", _TYPES.get(suffix, "application/octet-stream")),)
        )
        try:
            opened = open(file, "rb", buffering=0)  # noqa: SIM115, PTH123  closed below
        except FileNotFoundError:
            return self._page(asked, path, 404)
        except OSError:
            return self._page(asked, path, 403)
        with opened:
            about = os.fstat(opened.fileno())
            if not stat.S_ISREG(about.st_mode):
                return self._page(asked, path, 404)
            if about.st_size <= _CHUNK:
                return reply(asked, status, headers, self._origin.moved(opened.read(), suffix, asked))
        return reply(asked, status, headers, rest=_parts(file, about.st_size), length=about.st_size)

    def _find(self, path: str) -> str | None:
        """The file that a decoded path names; ends in a separator when it should be asked with "/"; None without one."""
        if not path.startswith("/"):
            return None
        here = self._root
        *above, last = path[1:].split("/")
        for name in above:
            found = self._entry(here, name)
            if found is None or found[1] is not _Kind.FOLDER:
                return None
            here = found[0]
        found = self._entry(here, last or "index.html")
        if found is None:
            return None
        if found[1] is _Kind.FILE:
            return found[0]
        index = self._entry(found[0], "index.html") if last else None
        return found[0] + os.sep if index is not None and index[1] is _Kind.FILE else None

    def _entry(self, directory: str, name: str) -> tuple[str, _Kind] | None:
        kind = self._listing(directory).get(name)
        if kind is None:
            return None
        place = directory + os.sep + name
        if kind is not _Kind.LINK:
            return place, kind
        real = os.path.realpath(place)
        inside = real.removeprefix(self._root + os.sep)
        if inside == real or any(self._is_hidden(part) for part in inside.split(os.sep)):  # noqa: PTH206  as above
            return None
        if inside in _FOR_US:
            return None
        if os.path.isdir(real):  # noqa: PTH112
            return real, _Kind.FOLDER
        return (real, _Kind.FILE) if os.path.isfile(real) else None  # noqa: PTH113

    def _listing(self, directory: str) -> dict[str, _Kind]:
        """What a directory holds that may be served."""
        try:
            changed = os.stat(directory).st_mtime_ns  # noqa: PTH116
            known = self._listings.get(directory)
            if known is not None and known[0] == changed:
                return known[1]
            names = {
                entry.name: kind for entry in os.scandir(directory) if (kind := self._kind(entry)) is not None
            }
        except OSError:
            return {}
        if directory == self._root:
            for name in _FOR_US:
                names.pop(name, None)
        # A change within the same tick of the clock would leave no trace, so a fresh listing is not kept.
        if time.time() - changed / 1e9 > _SETTLED_S:
            if len(self._listings) >= _MOST_LISTINGS:
                self._listings.clear()
            self._listings[directory] = (changed, names)
        return names

    def _kind(self, entry: os.DirEntry[str]) -> _Kind | None:
        if self._is_hidden(entry.name):
            return None
        if entry.is_symlink():
            return _Kind.LINK
        if entry.is_dir():
            # On Windows it may be a junction, which does not call itself a link.
            return _Kind.LINK if os.name == "nt" else _Kind.FOLDER
        return _Kind.FILE if entry.is_file() else None

    @staticmethod
    def _is_hidden(name: str) -> bool:
        return name.startswith(".") and name != ".well-known"


def _parts(path: str, size: int) -> Iterator[bytes]:
    """The file in parts, as many bytes as were promised; EOFError when it has become shorter."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  as above
        while size > 0:
            part = file.read(min(_CHUNK, size))
            if not part:
                raise EOFError(f"{path} was cut while it was sent")
            size -= len(part)
            yield part
