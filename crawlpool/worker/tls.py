"""TLS as a worker speaks it: whom it trusts, what it shows, and what is said when a certificate will not do.

Version 1.2 at least (RFC 9325, 3.1.1), the name of the host checked (RFC 9525). Trusted is what the
system trusts: the files of OpenSSL (which SSL_CERT_FILE and SSL_CERT_DIR change), on Windows its
own store, and where there is neither, the list in `certifi`. A host that is not verified, and an
origin that is shown a certificate, have contexts of their own, so that no session goes from one to another.
"""

import os
import ssl

import certifi

from ..model import FailureKind, Pairs
from ..urls import place
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
        self._insecure = frozenset(insecure)
        self._ca_file = ca_file
        self._shown = dict(client_certs)
        self._made: dict[tuple[bool, str], ssl.SSLContext] = {}

    def of(self, origin: str, *, is_seeds: bool = False) -> ssl.SSLContext:
        """The context for an origin; `is_seeds` says that it may be shown what is for the seeds.

        Raises:
            BadAnswer: A file that was there when the crawl began cannot be read any more.
        """
        shown = self._shown.get(origin) or (self._shown.get("", "") if is_seeds else "")
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
        if not self._insecure:
            return False
        where = place(origin)
        host = where.host if where.host != where.hostname else f"{where.hostname}:443"
        return where.hostname in self._insecure or host in self._insecure


def timed_context(*, is_verified: bool, ca_file: str | None = None, shown: str = "") -> ssl.SSLContext:
    """A TLS context whose sockets keep the deadline.

    Raises:
        OSError: A file cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not _has_system_store():
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


def _has_system_store() -> bool:
    if os.name == "nt":
        return True
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None:
        return True
    try:
        return paths.capath is not None and any(os.scandir(paths.capath))
    except OSError:
        return False


_EXPIRED, _NOT_YET, _SELF_SIGNED, _SELF_SIGNED_ROOT = 10, 9, 18, 19
_NO_ISSUER, _NO_CHAIN, _REVOKED, _WRONG_NAME, _WRONG_ADDRESS = (
    20,
    21,
    23,
    62,
    64,
)  # X509_V_ERR_..., x509_vfy.h
_WHY = {
    _EXPIRED: "its certificate has expired; --insecure HOST asks all the same",
    _NOT_YET: "its certificate is not valid yet (is the clock right?); --insecure HOST asks all the same",
    _SELF_SIGNED: "its certificate is self-signed; --ca-file FILE trusts it, --insecure HOST asks without looking",
    _SELF_SIGNED_ROOT: "its certificate was issued by somebody whom this system does not know; "
    "--ca-file FILE trusts them, --insecure HOST asks without looking",
    _NO_ISSUER: "its certificate was issued by somebody whom this system does not know, or who was not named; "
    "--ca-file FILE trusts them, --insecure HOST asks without looking",
    _REVOKED: "its certificate was revoked",
    _WRONG_NAME: "its certificate is for another host; --insecure HOST asks all the same",
}
_WHY[_NO_CHAIN], _WHY[_WRONG_ADDRESS] = _WHY[_NO_ISSUER], _WHY[_WRONG_NAME]


def why(error: BaseException) -> str | None:
    """What is wrong with a certificate and what would do, in one sentence; None for another fault."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    code = getattr(error, "verify_code", 0)
    said = " ".join(str(getattr(error, "verify_message", "") or "").split())[:120]
    return f"{_WHY.get(code, 'its certificate was not accepted')}{f' ({said})' if said else ''}"
