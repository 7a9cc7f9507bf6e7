"""Certificates: which hosts are not verified, what is shown where, whom the system trusts, and what is said of one that will not do."""

import os
import ssl

from ..model import Pairs
from ..urls import place


class Trust:
    """What the user said of the certificates of hosts, and of those of their own.

    Args:
        insecure: Hosts, or hosts with their ports, whose certificates are not verified.
        client_certs: Origins, "" for those of the seeds, and what they are shown: "FILE" or "FILE,KEY".
    """

    def __init__(self, *, insecure: tuple[str, ...], client_certs: Pairs) -> None:
        """Read no file."""
        self._insecure = frozenset(insecure)
        self._shown = dict(client_certs)

    def shown(self, origin: str, *, is_seeds: bool) -> str:
        """What an origin is shown, "" for nothing; `is_seeds` says that it may be what is for the seeds."""
        return self._shown.get(origin) or (self._shown.get("", "") if is_seeds else "")

    def is_insecure(self, origin: str) -> bool:
        """Whether the user said that the certificate of this host is not to be verified."""
        if not self._insecure:
            return False
        where = place(origin)
        host = where.host if where.host != where.hostname else f"{where.hostname}:443"
        return where.hostname in self._insecure or host in self._insecure


def has_system_store() -> bool:
    """Whether there is a file or a folder of certificates where OpenSSL looks for them, or a store as Windows has it."""
    if os.name == "nt":
        return True
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None:
        return True
    try:
        return paths.capath is not None and any(os.scandir(paths.capath))
    except OSError:
        return False


_EXPIRED, _NOT_YET, _SELF_SIGNED, _SELF_SIGNED_ROOT = 10, 9, 18, 19  # X509_V_ERR_..., x509_vfy.h
_NO_ISSUER, _NO_CHAIN, _REVOKED, WRONG_NAME, _WRONG_ADDRESS = 20, 21, 23, 62, 64
_WHY = {
    _EXPIRED: "its certificate has expired; --insecure HOST asks all the same",
    _NOT_YET: "its certificate is not valid yet (is the clock right?); --insecure HOST asks all the same",
    _SELF_SIGNED: "its certificate is self-signed; --ca-file FILE trusts it, --insecure HOST asks without looking",
    _SELF_SIGNED_ROOT: "its certificate was issued by somebody whom this system does not know; "
    "--ca-file FILE trusts them, --insecure HOST asks without looking",
    _NO_ISSUER: "its certificate was issued by somebody whom this system does not know, or who was not named; "
    "--ca-file FILE trusts them, --insecure HOST asks without looking",
    _REVOKED: "its certificate was revoked",
    WRONG_NAME: "its certificate is for another host; --insecure HOST asks all the same",
}
_WHY[_NO_CHAIN], _WHY[_WRONG_ADDRESS] = _WHY[_NO_ISSUER], _WHY[WRONG_NAME]


def why(error: BaseException) -> str | None:
    """What is wrong with a certificate and what would do, in one sentence; None for another fault."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    return sentence(getattr(error, "verify_code", 0), str(getattr(error, "verify_message", "") or ""))


def sentence(code: int, said: str) -> str:
    """The same of a code of OpenSSL's (X509_V_ERR_...) and what it says in its own words."""
    said = " ".join(said.split())[:120]
    return f"{_WHY.get(code, 'its certificate was not accepted')}{f' ({said})' if said else ''}"
