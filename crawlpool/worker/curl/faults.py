"""Give a fault that libcurl met its name, the one that the same fault has by the other transport (`worker/faults.py`).

What is not the same, since libcurl does not tell the one from the other: of a certificate with several faults
the name is looked at first; a proxy that breaks off when it is asked for a tunnel is at fault itself (there the
connection is), one that resets a plain request is not (there it is); and what falls silent behind a
SOCKS proxy before TLS is spoken is a timeout (there the proxy's).
"""

import errno
import os
from typing import Any, Final

import pycurl

from ...model import FailureKind
from ..certificates import WRONG_NAME, sentence
from ..socks import REPLIES

# Numbers that pycurl has no name for, from curl.h.
_WEIRD_REPLY, _HTTP2_STREAM, PROXY_HANDSHAKE, _TOO_LARGE = 8, 92, 97, 100

_NAMED: Final = {
    pycurl.E_COULDNT_RESOLVE_HOST: (FailureKind.DNS, "the name does not resolve"),
    pycurl.E_COULDNT_CONNECT: (FailureKind.CONNECT, "no connection"),
    pycurl.E_INTERFACE_FAILED: (FailureKind.CONNECT, "no connection"),
    pycurl.E_SEND_ERROR: (FailureKind.INCOMPLETE, "the connection broke"),
    pycurl.E_RECV_ERROR: (FailureKind.INCOMPLETE, "the connection broke"),
    pycurl.E_GOT_NOTHING: (
        FailureKind.INCOMPLETE,
        "the connection broke: the server closed it without an answer",
    ),
    pycurl.E_PARTIAL_FILE: (FailureKind.INCOMPLETE, "the answer broke off"),
    pycurl.E_HTTP2: (FailureKind.INCOMPLETE, "the connection broke"),
    _HTTP2_STREAM: (FailureKind.INCOMPLETE, "the answer broke off"),
    _WEIRD_REPLY: (FailureKind.PROTOCOL, "what came is not HTTP"),
    pycurl.E_UNSUPPORTED_PROTOCOL: (FailureKind.PROTOCOL, "what came is not HTTP"),
    _TOO_LARGE: (FailureKind.HEADERS, "the head of the answer is too long"),
    pycurl.E_URL_MALFORMAT: (FailureKind.INVALID_URL, "not a URL that can be asked"),
}
"""Kinds, and what is said where nothing better is known."""

_WORDLESS: Final = frozenset(
    {pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_GOT_NOTHING, pycurl.E_URL_MALFORMAT, _TOO_LARGE}
)
"""Whose words in libcurl say no more than ours."""

_OF_TLS: Final = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_SHUTDOWN_FAILED,
        pycurl.E_USE_SSL_FAILED,
    }
)
_BROKEN: Final = ("Recv failure: ", "Send failure: ")
_OURS: Final = frozenset({pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_CACERT_BADFILE})

_SOCKS_REPLIES: Final = {20: 1, 23: 2, 22: 3, 21: 4, 19: 5, 24: 6, 18: 7, 17: 8}
"""Reasons of a SOCKS proxy as libcurl numbers them (CURLPX_REPLY_...), and as RFC 1928 does (section 6)."""

_SOCKS_SAID: Final = {
    **{number: REPLIES[reply] for number, reply in _SOCKS_REPLIES.items()},
    1: "it is no SOCKS proxy",  # CURLPX_BAD_ADDRESS_TYPE
    2: "it is no SOCKS 5 proxy",  # CURLPX_BAD_VERSION
    3: "it closed the connection",  # CURLPX_CLOSED
    12: "it wants a login that it was not given",  # CURLPX_NO_AUTH
    33: "it does not take the user name and password",  # CURLPX_USER_REJECTED
}


def said_of(
    easy: Any, number: int, words: str, *, hostname: str, is_secure: bool, scheme: str, fault: OSError | None
) -> tuple[FailureKind, str]:
    """The kind of a fault, and one sentence.

    Args:
        easy: The handle that met it.
        number: What libcurl calls it.
        words: What libcurl says of it.
        hostname: Whom was to be asked.
        is_secure: It was to be asked over TLS.
        scheme: Of the proxy in between; "" for none.
        fault: Of this machine, when it would not give a socket.
    """
    if scheme and (said := _of_proxy(easy, number, words, scheme, is_secure=is_secure)) is not None:
        return FailureKind.PROXY, _joined("the proxy failed", said)
    if number == pycurl.E_OPERATION_TIMEDOUT:
        if easy.getinfo(pycurl.PRIMARY_IP):
            return FailureKind.TIMEOUT, "the answer was not whole in time"
        return FailureKind.CONNECT_TIMEOUT, "no connection in time"
    if number == pycurl.E_PEER_FAILED_VERIFICATION:
        return FailureKind.TLS, _of_certificate(easy.getinfo(pycurl.SSL_VERIFYRESULT), words, hostname)
    if number in _OURS:
        return FailureKind.TLS, "a certificate of ours cannot be read"
    if number in _OF_TLS or (number in {pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR} and "SSL" in words):
        if words.startswith(_BROKEN):
            return FailureKind.INCOMPLETE, _joined("the connection broke", _plain(words))
        return FailureKind.TLS, _joined("TLS failed", _plain(words))
    kind, what = _NAMED.get(number, (FailureKind.UNEXPECTED, f"libcurl failed with {number}"))
    if kind is FailureKind.CONNECT:
        code = easy.getinfo(pycurl.OS_ERRNO) if fault is None else fault.errno
        return kind, _joined(what, os.strerror(code) if code else "")
    return kind, what if number in _WORDLESS else _joined(what, _plain(words))


def _of_proxy(easy: Any, number: int, words: str, scheme: str, *, is_secure: bool) -> str | None:
    """What a proxy did wrong; None when it was not the proxy."""
    if number == pycurl.E_COULDNT_RESOLVE_PROXY:
        return "its name does not resolve"
    if number == PROXY_HANDSHAKE:
        reason = 3 if words.endswith("proxy closed connection") else easy.getinfo(pycurl.PROXY_ERROR)
        return f"the SOCKS proxy did not connect: {_SOCKS_SAID.get(reason) or _plain(words)}"
    answered = easy.getinfo(pycurl.HTTP_CONNECTCODE)
    if answered and not 200 <= answered < 300:
        return f"it does not connect: it answered {answered}"
    if number == pycurl.E_OPERATION_TIMEDOUT:
        is_there = bool(easy.getinfo(pycurl.PRIMARY_IP))
        # Over TLS libcurl does not say whose part of setting up the connection took so long.
        is_its_part = scheme == "https" or (scheme.startswith("socks") and not is_secure)
        is_set_up = bool(answered) or not words.startswith("Connection timed out")
        return None if is_there and (is_set_up or not is_its_part) else "no connection in time"
    if number == pycurl.E_COULDNT_CONNECT and not easy.getinfo(pycurl.PRIMARY_IP):
        return os.strerror(easy.getinfo(pycurl.OS_ERRNO) or errno.EHOSTUNREACH)
    if words.startswith("Proxy CONNECT"):
        return "it closed the connection"
    is_its_tls = scheme == "https" and not answered and not easy.getinfo(pycurl.APPCONNECT_TIME_T)
    if is_its_tls and number == pycurl.E_PEER_FAILED_VERIFICATION:
        return _of_certificate(easy.getinfo(pycurl.PROXY_SSL_VERIFYRESULT), words, "")
    if is_its_tls and number in _OF_TLS:
        return _joined("TLS failed", _plain(words))
    return None


def _of_certificate(code: int, words: str, hostname: str) -> str:
    """What is wrong with a certificate; of one with several faults libcurl looks at the name first."""
    if words.startswith("SSL: "):
        return sentence(WRONG_NAME, f"it is not valid for {hostname!r}" if hostname else "")
    return sentence(code, words.rpartition(": ")[2].partition(" (")[0])


def _plain(words: str) -> str:
    """The words of the system or of OpenSSL, without those of libcurl around them."""
    words = " ".join(words.split())
    for each in _BROKEN:
        words = words.removeprefix(each)
    if "SSL" in words:
        words = words.rpartition("::")[2].rpartition("SSL_read: ")[2].rpartition("SSL_write: ")[2]
    return words[:200]


def _joined(what: str, words: str) -> str:
    return f"{what}: {words}" if words else what
