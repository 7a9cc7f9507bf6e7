"""`_origin` in a site's root: where the site says that it lives, so that it can say so wherever it is served.

Sitemaps, feeds and the Sitemap lines of a robots.txt hold whole URLs, and files cannot
know on which port they will be served. So the files are written for one address, which
stands in `_origin`:

    https://gazette.example

and wherever a text file has it, an answer has the address that was asked (the Host
header, RFC 9110, 7.2). Larger files, and those that are no text, go out as they are.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..errors import ConfigError
from .asked import Asked

ORIGIN = "_origin"

_WRITTEN = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_TEXTS = frozenset({"atom", "css", "csv", "htm", "html", "json", "jsonl", "md", "rss", "txt", "xhtml", "xml"})


@dataclass(frozen=True, slots=True)
class Origin:
    """The address that the files of one site were written for.

    Attributes:
        written: Such as b"https://gazette.example"; empty when the site has no such file.
    """

    written: bytes = b""

    @classmethod
    def of(cls, root: Path) -> Self:
        """Read the file of a site's root, where there is one.

        Raises:
            ConfigError: It holds something else than an address.
        """
        try:
            text = (root / ORIGIN).read_text(encoding="utf-8-sig").strip()
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{root / ORIGIN} cannot be read: {error}") from None
        if not _WRITTEN.fullmatch(text):
            raise ConfigError(
                f"{root / ORIGIN} should hold scheme and host, such as https://gazette.example, not {text!r}"
            )
        return cls(text.encode("ascii"))

    def moved(self, body: bytes, suffix: str, asked: Asked) -> bytes:
        """The body of a file with this suffix, as it reads at the address that was asked."""
        if not self.written or suffix not in _TEXTS or self.written not in body:
            return body
        host = asked.header("host") or ""
        if not _HOST.fullmatch(host):  # it becomes part of a page, so nothing else may come in this way
            return body
        return body.replace(self.written, b"http://" + host.encode("ascii"))
