"""TLS as a worker speaks it with `requests`: whom it trusts, and what it shows.

Version 1.2 at least (RFC 9325, 3.1.1), the name of the host checked (RFC 9525). Trusted is what the
system trusts: the files of OpenSSL (which SSL_CERT_FILE and SSL_CERT_DIR change), on Windows its
own store, and where there is neither, the list in `certifi`. A host that is not verified, and an
origin that is shown a certificate, have contexts of their own, so that no session goes from one to another.
"""

import ssl

import certifi

from ..model import FailureKind, Pairs
from .certificates import Trust, has_system_store
from .heads import BadAnswer
from .sockets import TimedTlsSocket


class Contexts:
    """The contexts of one worker, each made when it is needed first: reading the trusted certificates takes 20 ms.

    Args:
        insecure: Hosts, or hosts with their ports, whose certificates are not verified.
        ca_file: Certificates that are trusted besides the system's.
        client_certs: Origins, "" for those of the seeds, and what they are shown: "FILE" or "FILE,KEY".
    """

    def __init__(self, *, insecure: tuple[str, ...], ca_file: str | None, client_certs: Pairs) -> None:
        """Read no file yet."""
        self._trust = Trust(insecure=insecure, client_certs=client_certs)
        self._ca_file = ca_file
        self._made: dict[tuple[bool, str], ssl.SSLContext] = {}

    def of(self, origin: str, *, is_seeds: bool = False) -> ssl.SSLContext:
        """The context for an origin; `is_seeds` says that it may be shown what is for the seeds.

        Raises:
            BadAnswer: A file that was there when the crawl began cannot be read any more.
        """
        shown = self._trust.shown(origin, is_seeds=is_seeds)
        key = not self.is_insecure(origin), shown
        if key not in self._made:
            try:
                self._made[key] = timed_context(is_verified=key[0], ca_file=self._ca_file, shown=shown)
            except OSError as error:
                raise BadAnswer(
                    FailureKind.TLS, f"a certificate of ours cannot be read: {error.strerror or error}"
                ) from None
        return self._made[key]

    def is_insecure(self, origin: str) -> bool:
        """Whether the user said that the certificate of this host is not to be verified."""
        return self._trust.is_insecure(origin)


def timed_context(*, is_verified: bool, ca_file: str | None = None, shown: str = "") -> ssl.SSLContext:
    """A TLS context whose sockets keep the deadline.

    Raises:
        OSError: A file cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not has_system_store():
        context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    if not is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if shown:
        file, _, key = shown.partition(",")
        # Without a password OpenSSL would ask for one on the terminal, which a worker does not have.
        context.load_cert_chain(file, key or None, str)
    context.sslsocket_class = TimedTlsSocket
    return context
