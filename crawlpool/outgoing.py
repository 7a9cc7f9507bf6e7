"""What is sent with a request besides the crawl's own headers: the user's, and cookies.

What the user gave for the seeds goes to the seeds' hosts. A host that a page or a
redirect led to gets none of it, nor does another port of a seed's host, nor that
host over plain http when the seed said https.
"""

from .cookies import Jar
from .model import Pairs, Request, Response
from .named import Named
from .redirects import HARMLESS, may_travel
from .urls import host
from .worker.wire import Parcel, Want

_PRIVATE = int(Want.PRIVATE)
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
        cookies: The user's, for the seeds' hosts.
    """

    def __init__(self, *, headers: Pairs, cookies: Pairs) -> None:
        """Start with an empty jar."""
        self._everywhere = may_travel(headers)
        self._secret = tuple(pair for pair in headers if pair[0].lower() not in HARMLESS)
        self._cookies = cookies
        self._seed_hosts: dict[str, bool] = {}  # host: whether a seed named it over plain http
        self._jar = Jar()
        self._named = Named()

    def add_seed(self, target: str) -> None:
        """Trust the host of a seed with what the user gave for the seeds."""
        self._named.add(target)
        each = host(target)
        is_plain = target.startswith("http:")
        for name, value in self._cookies:
            self._jar.set_for(target, name, value)
        self._seed_hosts[each] = self._seed_hosts.get(each, False) or is_plain

    def took(self, response: Response) -> None:
        """Keep the cookies that an answer sets."""
        self._jar.take(response)
        self._named.answered(response.request.target, response.remote_address)

    def parcel(self, request: Request, want: Want) -> Parcel:
        """What crosses to a worker."""
        headers = self._everywhere
        if self._secret and self._is_trusted(request.target):
            headers += self._secret
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
        wants = int(want) | _PRIVATE if self._named.has(request.target) else int(want)
        return request.method, request.target, headers, request.body, wants

    def _is_trusted(self, target: str) -> bool:
        is_plain_named = self._seed_hosts.get(host(target))
        return is_plain_named is not None and (is_plain_named or target.startswith("https:"))
