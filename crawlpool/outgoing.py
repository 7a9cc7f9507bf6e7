"""What is sent with a request besides the crawl's own headers: the user's, logins, and cookies.

What the user gave for the seeds goes to the seeds' origins: scheme, host and port (RFC 6454, 5).
Another origin gets none of it, wherever a page or a redirect led: no other host, no other port of
a seed's host, and not that host over http when the seed said https, or over https when it said http.
What was given for an origin by its name goes there and nowhere else.
"""

import logging

from .cookies import Jar
from .credentials import Credentials
from .model import Pairs, Request, Response
from .named import Named
from .redirects import HARMLESS, may_travel
from .secretfiles import read_cookies
from .urls import place
from .worker.wire import Parcel, Want

log = logging.getLogger("crawlpool")

_PRIVATE, _CERTIFICATE = int(Want.PRIVATE), int(Want.CERTIFICATE)
_LONGEST_COOKIE = 8 * 1024  # servers refuse a request whose headers are longer (431)


def _bounded(cookie: str) -> str:
    """A Cookie header of whole pairs, the first ones, that a server will take."""
    if len(cookie) <= _LONGEST_COOKIE:
        return cookie
    return cookie[: max(0, cookie.rfind("; ", 0, _LONGEST_COOKIE))]


class Outgoing:
    """Dresses requests, and keeps the one cookie jar.

    Args:
        headers: The user's, for all requests.
        cookies: The user's, for the seeds' origins.
        cookie_file: More of them, each for the host and path that it names; None for none.
        credentials: How we log in; None for not at all.
        has_certificate: There is one to show to the seeds' origins.
    """

    def __init__(
        self,
        *,
        headers: Pairs,
        cookies: Pairs,
        cookie_file: str | None = None,
        credentials: Credentials | None = None,
        has_certificate: bool = False,
    ) -> None:
        """Read the cookie file; else start with an empty jar."""
        self._everywhere = may_travel(headers)
        self._secret = tuple(pair for pair in headers if pair[0].lower() not in HARMLESS)
        self._cookies = cookies
        self._credentials = Credentials() if credentials is None else credentials
        self._has_certificate = has_certificate
        self._is_any_secret = bool(self._secret or self._credentials.is_any or has_certificate)
        self._origins: set[str] = set()  # the seeds'
        self._told: set[str] = set()
        self._jar = Jar()
        self._named = Named()
        if cookie_file is not None:
            self._jar.load(read_cookies(cookie_file))

    def add_seed(self, target: str) -> None:
        """Trust the origin of a seed with what the user gave for the seeds."""
        self._named.add(target)
        for name, value in self._cookies:
            self._jar.set_for(target, name, value)
        self._origins.add(place(target).origin)

    def took(self, response: Response) -> None:
        """Keep the cookies that an answer sets."""
        self._jar.take(response)
        self._named.answered(response.request.target, response.remote_address)

    def parcel(self, request: Request, want: Want) -> Parcel:
        """What crosses to a worker."""
        headers = self._everywhere
        wants = int(want) | _PRIVATE if self._named.has(request.target) else int(want)
        if self._is_any_secret:
            is_seeds = self._is_seeds(request.target)
            if is_seeds:
                headers += self._secret
                if self._has_certificate:
                    wants |= _CERTIFICATE
            login = self._credentials.header_for(request, is_seeds=is_seeds)
            if login is not None:
                headers = _logged_in(headers, *login)
        if request.headers:
            named = {name.lower() for name, _ in request.headers}
            headers = (*(pair for pair in headers if pair[0].lower() not in named), *request.headers)
        cookie = (
            self._jar.header_for(request.target, request.cookies)
            if request.cookies or len(self._jar)
            else None
        )
        if cookie:
            # One Cookie header at most (RFC 6265, 5.4): what the user wrote, then the jar's.
            given = [value for name, value in headers if name.lower() == "cookie"]
            if given:
                headers = tuple(pair for pair in headers if pair[0].lower() != "cookie")
            headers = (*headers, ("Cookie", _bounded("; ".join((*given, cookie)))))
        return request.method, request.target, headers, request.body, wants

    def answers(self, response: Response) -> bool:
        """Whether a 401 asks for a login that there is, in a way that was not tried: the request goes out again, with it."""
        return self._credentials.is_any and self._credentials.answers(
            response, is_seeds=place(response.request.target).origin in self._origins
        )

    def _is_seeds(self, target: str) -> bool:
        """Whether a URL is of a seed's origin; says once when it is only nearly."""
        where = place(target)
        if where.origin in self._origins:
            return True
        other = f"http://{where.host}"
        if other in self._origins and where.origin not in self._told:
            self._told.add(where.origin)
            log.warning(
                "credentials.withheld what was given for %s is not sent to %s; name that as the URL if it should be",
                other,
                where.origin,
            )
        return False


def _logged_in(headers: Pairs, authorization: str, is_its_own: bool) -> Pairs:
    """With a login, unless the user wrote that header and the login is for no origin by name."""
    kept = tuple(pair for pair in headers if pair[0].lower() != "authorization")
    if len(kept) < len(headers) and not is_its_own:
        return headers
    return (*kept, ("Authorization", authorization))
