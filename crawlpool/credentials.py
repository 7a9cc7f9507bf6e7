"""How we log in: which origin gets which login or token, and what a challenge is answered with.

A login is for one origin, or for the origins of the seeds. It goes out as Basic (RFC 7617),
and where a server challenges for Digest (RFC 7616) as that, from then on: the password itself is
not sent there again. All of it stays in the main process; a worker gets the one header that it sends.
"""

import base64
import logging

from .challenges import challenges_of
from .digest import Digest, best_of
from .model import Pairs, Request, Response
from .secretfiles import is_open_to_others, read_netrc
from .urls import place

log = logging.getLogger("crawlpool")

_MOST_UNREWARDED = 16
"""Challenges of one origin that are answered in a row without anything but a 401 to show for it."""

_MOST_ORIGINS = 1_000
"""Origins whose nonces are kept; those that are asked again without one challenge again."""


class Credentials:
    """What is said of ourselves to whom.

    Args:
        auth: Origins, "" for those of the seeds, and "user:password".
        bearer: Origins, "" for those of the seeds, and a token.
        netrc: A file with logins by machine; None for none.
    """

    def __init__(self, *, auth: Pairs = (), bearer: Pairs = (), netrc: str | None = None) -> None:
        """Read the file."""
        self._logins = {origin: _parted(str(text)) for origin, text in auth}
        self._tokens = {origin: str(token) for origin, token in bearer}
        self._machines = {} if netrc is None else read_netrc(netrc)
        self._digests: dict[str, Digest] = {}
        self._unrewarded: dict[str, int] = {}
        self.is_any = bool(self._logins or self._tokens or self._machines)
        if netrc is not None and is_open_to_others(netrc):
            log.warning("netrc.open other users of this machine may read it: chmod 600 %s", netrc)

    def header_for(self, request: Request, *, is_seeds: bool) -> tuple[str, bool] | None:
        """The value of Authorization for a request, and whether it was given for this very origin; None for none.

        Args:
            request: What goes out.
            is_seeds: Whether its origin is that of a seed.
        """
        origin = place(request.target).origin
        for key in (origin, "") if is_seeds else (origin,):
            if key in self._tokens:
                return f"Bearer {self._tokens[key]}", key != ""
            if key in self._logins:
                return self._login(request, origin, self._logins[key]), key != ""
        login = self._machine(request.target, is_seeds=is_seeds) if self._machines else None
        return None if login is None else (self._login(request, origin, login), False)

    def answers(self, response: Response, *, is_seeds: bool) -> bool:
        """Whether a 401 asks for what we can give and have not given yet; then the request goes out again."""
        request = response.request
        if not self.is_any:
            return False
        origin = place(request.target).origin
        sent = next(
            (value for name, value in response.request_headers if name.lower() == "authorization"), ""
        )
        if response.status != 401:
            if sent.startswith("Digest "):
                self._unrewarded.pop(origin, None)
            return False
        login = self._login_of(request.target, is_seeds=is_seeds)
        challenge = best_of(challenges_of(response.headers))
        if (
            login is None
            or challenge is None
            or any(n.lower() == "authorization" for n, _ in request.headers)
        ):
            return False
        known = self._digests.get(origin)
        was_digest = sent.startswith("Digest ")
        # What was out with an older nonce when a newer one came goes out again with that; else only "stale"
        # says that the password was not what was wrong (RFC 7616, 3.3).
        is_old = known is not None and f'nonce="{known.nonce}"' not in sent
        if was_digest and not is_old and challenge.parameters.get("stale", "").lower() != "true":
            return False
        tries = self._unrewarded.get(origin, 0) + 1
        if tries > _MOST_UNREWARDED:
            return False
        if len(self._unrewarded) >= _MOST_ORIGINS:
            self._unrewarded.clear()
            self._digests.clear()
        self._unrewarded[origin] = tries
        self._digests[origin] = Digest(challenge, *login)
        return True

    def _login(self, request: Request, origin: str, login: tuple[str, str]) -> str:
        digest = self._digests.get(origin)
        if digest is not None:
            return digest.header(request.method, place(request.target).path, request.body)
        return f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"

    def _login_of(self, target: str, *, is_seeds: bool) -> tuple[str, str] | None:
        origin = place(target).origin
        for key in (origin, "") if is_seeds else (origin,):
            if key in self._tokens:
                return None
            if key in self._logins:
                return self._logins[key]
        return self._machine(target, is_seeds=is_seeds) if self._machines else None

    def _machine(self, target: str, *, is_seeds: bool) -> tuple[str, str] | None:
        """The login that netrc has for a host.

        A seed's origin gets it, and so does its host over https, by the port of https, wherever a link to it
        was: netrc knows no ports, and another one may be somebody else's. "default" is for seeds alone.
        """
        where = place(target)
        login = self._machines.get(where.hostname.strip("[]"))
        if is_seeds:
            login = login or self._machines.get("default")
        elif where.origin != f"https://{where.hostname}":
            login = None
        return login if login is not None and ":" not in login[0] else None


def _parted(login: str) -> tuple[str, str]:
    user, _, password = login.partition(":")
    return user, password
