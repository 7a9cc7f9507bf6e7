"""Digest access authentication (RFC 7616): a login that does not send the password.

A server names a nonce; the answer is a hash over it, the password, the method and the
path. One `Digest` is one nonce of one server: it counts how often that was used, so that
nothing that was overheard can be sent again.
"""

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

from .challenges import Challenge

_ALGORITHMS: Final = {"sha-512-256": "sha512_256", "sha-256": "sha256", "md5": "md5"}  # the stronger first
_LONGEST: Final = 4_096  # of what is sent back to a server that named it


class Digest:
    """Answers requests with one nonce.

    Attributes:
        nonce: What the server named.
        is_stale: The server said that only the nonce before was too old, not that the password is wrong.

    Args:
        challenge: The server's.
        user: Who logs in.
        password: Sent to nobody.
        new_cnonce: Makes what we add of our own; the same one is used with a nonce for as long as it holds, since
            the hash of "-sess" is made with the first one (3.4.2).
    """

    def __init__(
        self,
        challenge: Challenge,
        user: str,
        password: str,
        *,
        new_cnonce: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """Take the parts of a challenge that `best_of` chose."""
        said = challenge.parameters
        self.nonce = said["nonce"]
        self.is_stale = said.get("stale", "").lower() == "true"
        self._realm = said.get("realm", "")
        self._opaque = said.get("opaque")
        self._said_algorithm = said.get("algorithm")
        self._qop = _qop_of(challenge)
        self._user = user
        self._is_hashed = said.get("userhash", "").lower() == "true"
        encoding = "utf-8" if said.get("charset", "").lower() == "utf-8" else "latin-1"
        self._encoding = encoding if _fits(f"{user}{password}{self._realm}", encoding) else "utf-8"
        algorithm = (self._said_algorithm or "MD5").lower()
        self._hash_name = _ALGORITHMS[algorithm.removesuffix("-sess")]
        self._cnonce = new_cnonce()
        self._count = 0
        secret = self._hash(f"{user}:{self._realm}:{password}")
        if algorithm.endswith("-sess"):
            secret = self._hash(f"{secret}:{self.nonce}:{self._cnonce}")
        self._secret = secret

    def header(self, method: str, path: str, body: bytes = b"") -> str:
        """The value of Authorization for a request (3.4)."""
        asked = f"{method}:{path}"
        if self._qop == "auth-int":
            asked += f":{hashlib.new(self._hash_name, body, usedforsecurity=False).hexdigest()}"
        parts = [self._user_part(), f"realm={_quoted(self._realm)}", f"nonce={_quoted(self.nonce)}"]
        if self._qop is None:  # as in RFC 2069
            response = self._hash(f"{self._secret}:{self.nonce}:{self._hash(asked)}")
        else:
            self._count += 1
            count = f"{self._count:08x}"
            response = self._hash(
                f"{self._secret}:{self.nonce}:{count}:{self._cnonce}:{self._qop}:{self._hash(asked)}"
            )
            parts += [f"qop={self._qop}", f"nc={count}", f'cnonce="{self._cnonce}"']
        parts += [f"uri={_quoted(path)}", f'response="{response}"']
        if self._said_algorithm is not None:
            parts.append(f"algorithm={self._said_algorithm}")
        if self._opaque is not None:
            parts.append(f"opaque={_quoted(self._opaque)}")
        if self._is_hashed:
            parts.append("userhash=true")
        return f"Digest {', '.join(parts)}"

    def _user_part(self) -> str:
        if self._is_hashed:  # 3.4.4
            return f'username="{self._hash(f"{self._user}:{self._realm}")}"'
        if self._user.isascii():
            return f"username={_quoted(self._user)}"
        from urllib.parse import quote  # noqa: PLC0415  few names are not ASCII

        return f"username*=UTF-8''{quote(self._user, safe='')}"  # RFC 8187

    def _hash(self, text: str) -> str:
        data = text.encode(self._encoding, "replace")
        return hashlib.new(self._hash_name, data, usedforsecurity=False).hexdigest()


def best_of(challenges: list[Challenge]) -> Challenge | None:
    """The Digest challenge with the strongest algorithm that we know and can answer (3.7); None without one."""
    rank = list(_ALGORITHMS)
    usable = [each for each in challenges if _is_usable(each)]
    return min(usable, key=lambda each: rank.index(_algorithm_of(each)), default=None)


def _is_usable(challenge: Challenge) -> bool:
    said = challenge.parameters
    return (
        challenge.scheme == "digest"
        and bool(said.get("nonce"))
        and all(len(value) <= _LONGEST for value in said.values())
        and _ALGORITHMS.get(_algorithm_of(challenge)) in hashlib.algorithms_available
        and ("qop" not in said or _qop_of(challenge) is not None)
    )


def _algorithm_of(challenge: Challenge) -> str:
    return challenge.parameters.get("algorithm", "MD5").lower().removesuffix("-sess")


def _qop_of(challenge: Challenge) -> str | None:
    offered = {each.strip().lower() for each in challenge.parameters.get("qop", "").split(",")}
    return next((each for each in ("auth", "auth-int") if each in offered), None)


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True


def _quoted(text: str) -> str:
    """As a quoted string (RFC 9110, 5.6.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
