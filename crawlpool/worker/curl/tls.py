"""TLS as libcurl is told to speak it: whom it trusts and what it shows, by the same words as `worker/tls.py`.

The library that comes with pycurl has an OpenSSL of its own, which knows nothing of this system's
certificates, so files and folders are named to it. It parses a file once and a folder never whole, but
not the two together: then each connection would parse the file again, which takes 20 ms. Where there are
several sources they become one file, without a name where the system has such. Connections and sessions
are taken up again only by orders with the same of all this; libcurl compares it.
"""

import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import certifi
import pycurl

from ...model import FailureKind
from ..certificates import Trust, has_system_store
from ..heads import BadAnswer
from ..wire import TransportOptions

OPTIONS: Final = (
    pycurl.SSL_VERIFYPEER,
    pycurl.SSL_VERIFYHOST,
    pycurl.CAINFO,
    pycurl.CAPATH,
    pycurl.SSLCERT_BLOB,
    pycurl.SSLKEY_BLOB,
)
"""What `Tls.of` gives values for; None takes one back."""

OF_PROXY: Final = (
    pycurl.PROXY_SSL_VERIFYPEER,
    pycurl.PROXY_SSL_VERIFYHOST,
    pycurl.PROXY_CAINFO,
    pycurl.PROXY_CAPATH,
    pycurl.PROXY_SSLCERT_BLOB,
    pycurl.PROXY_SSLKEY_BLOB,
)
"""The same for the connection to a proxy."""

UNUSED: Final[tuple[Any, ...]] = (1, 2, None, None, None, None)
"""Values where no TLS is spoken."""

_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]{1,3}")  # names in a folder that OpenSSL looks at
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def equip(easy: Any) -> None:
    """Set what holds for every order: TLS 1.2 at least (RFC 9325, 3.1.1), HTTP/2 where ALPN offers it."""
    easy.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    easy.setopt(pycurl.PROXY_SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    easy.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
    # Without a password OpenSSL would ask for one on the terminal, which a worker does not have.
    easy.setopt(pycurl.KEYPASSWD, "")
    easy.setopt(pycurl.PROXY_KEYPASSWD, "")
    if os.name == "nt":
        easy.setopt(pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA)
        easy.setopt(pycurl.PROXY_SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA)


class Tls:
    """What the origins of one worker are verified by, and shown."""

    def __init__(self, options: TransportOptions) -> None:
        """Read no file yet."""
        self._trust = Trust(insecure=options.insecure, client_certs=options.client_certs)
        self._ca_file = options.ca_file
        self._stores: tuple[str | None, str | None] | None = None
        self._bundle: _Bundle | None = None
        self._made: dict[tuple[bool, str], tuple[Any, ...]] = {}

    def of(self, origin: str, *, is_seeds: bool = False) -> tuple[Any, ...]:
        """The values of `OPTIONS` for an origin; `is_seeds` says that it may be shown what is for the seeds.

        Raises:
            BadAnswer: A file that was there when the crawl began cannot be read any more.
        """
        shown = self._trust.shown(origin, is_seeds=is_seeds)
        key = not self._trust.is_insecure(origin), shown
        if key not in self._made:
            try:
                if self._stores is None:
                    self._stores = self._find()
                file, _, key_file = shown.partition(",")
                certificate = Path(file).read_bytes() if file else None
                key_bytes = Path(key_file).read_bytes() if key_file else certificate
            except OSError as error:
                raise BadAnswer(
                    FailureKind.TLS, f"a certificate of ours cannot be read: {error.strerror or error}"
                ) from None
            self._made[key] = (int(key[0]), 2 if key[0] else 0, *self._stores, certificate, key_bytes)
        return self._made[key]

    def close(self) -> None:
        """Take the file away, if one was made."""
        if self._bundle is not None:
            self._bundle.close()

    def _find(self) -> tuple[str | None, str | None]:
        """The file and the folder of those who are trusted.

        Raises:
            OSError: The user's file cannot be read.
        """
        own = None if self._ca_file is None else Path(self._ca_file).read_bytes()
        if os.name == "nt":
            return self._ca_file, None
        paths = ssl.get_default_verify_paths()
        file: str | None = paths.cafile
        folder: str | None = paths.capath
        if not has_system_store():
            file, folder = certifi.where(), None
        if file is None:
            return self._ca_file, folder
        system = Path(file).read_bytes()
        known = set(_certificates(system))
        rest = list(dict.fromkeys(each for each in _rest_of(folder, own) if each not in known))
        if not rest:
            return file, None
        self._bundle = _Bundle(b"\n".join((system, *rest, b"")))
        return self._bundle.name, None


def _rest_of(folder: str | None, own: bytes | None) -> Iterator[bytes]:
    """The certificates of a folder by whose names OpenSSL finds them, and the user's."""
    if own is not None:
        yield from _certificates(own)
    with suppress(OSError):
        for entry in os.scandir(folder) if folder else ():
            if _HASHED.fullmatch(entry.name):
                with suppress(OSError):
                    yield from _certificates(Path(entry.path).read_bytes())


def _certificates(text: bytes) -> Iterator[bytes]:
    """The certificates in a text in PEM form (RFC 7468), in one line-ending."""
    for part in text.split(_BEGIN)[1:]:
        yield b"\n".join((_BEGIN, *part.partition(_END)[0].split(), _END))


class _Bundle:
    """A file for one process: without a place in any folder on Linux, so that nothing is left of a worker that is killed.

    Attributes:
        name: By which it can be opened.
    """

    def __init__(self, content: bytes) -> None:
        self._number = os.memfd_create("certificates") if hasattr(os, "memfd_create") else -1
        self._temporary = ""
        if self._number >= 0:
            with open(self._number, "wb", closefd=False) as file:
                file.write(content)
            self.name = f"/proc/self/fd/{self._number}"
            return
        number, self._temporary = tempfile.mkstemp(prefix="crawlpool-", suffix=".pem")
        os.close(number)
        Path(self._temporary).write_bytes(content)
        self.name = self._temporary

    def close(self) -> None:
        if self._number >= 0:
            os.close(self._number)
            self._number = -1
        elif self._temporary:
            Path(self._temporary).unlink(missing_ok=True)
