"""The cookies of a crawl, kept and sent back as RFC 6265 has it.

One jar, in the main process: workers fetch one hop each and keep nothing. The
steps of sections 5.1 to 5.4 are written out here. The standard library's
`http.cookiejar` follows older rules: it drops a cookie whose Max-Age is no number,
drops all cookies of an answer when one Max-Age is huge, sends a cookie for one
host to the hosts below it, and looks through every domain at every request.
"""

import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from .errors import ConfigError
from .model import Pairs, Response
from .secretfiles import FileCookie
from .urls import normalise, place

MOST_BYTES: Final = 4_096  # of name and value together; these three are the RFC's own (6.1)
MOST_PER_DOMAIN: Final = 50
MOST_COOKIES: Final = 3_000
_MOST_OF_AN_ATTRIBUTE: Final = 1_024
_LONGEST_LIFE_S: Final = 400 * 86_400.0  # as browsers keep them (RFC 6265bis, 5.5)

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_UNSENDABLE: Final = re.compile(r"[\x00-\x1f\x7f;]")
_UNSENDABLE_IN_A_NAME: Final = re.compile(r"[\x00-\x1f\x7f;=]")
_MAX_AGE: Final = re.compile(r"-?[0-9]+")
_DELIMITERS: Final = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY: Final = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR: Final = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_REGISTRY_LABELS: Final = frozenset(
    {"asso", "gouv", "info", "name", "firm", "store", "aero", "coop", "museum"}
)


@dataclass(slots=True, kw_only=True)
class _Cookie:
    """One cookie as it is kept (5.3).

    Attributes:
        born: Its place in the order of arrival; what replaces it inherits that.
        given: The value that the user gave for it, also once a server has replaced
            it; None for a cookie that only servers know of.
        origins: Where alone it goes, for what the user gave for seeds; None for a
            cookie that the RFC's rules hold for.
    """

    value: str
    is_host_only: bool
    is_secure: bool
    expires_at: float
    born: int
    given: str | None = None
    origins: set[str] | None = None


class _Key(NamedTuple):
    name: str
    path: str


class _Parsed(NamedTuple):
    """A Set-Cookie header in its parts; `domain` and `path` are "" where the default holds."""

    name: str
    value: str
    domain: str
    path: str
    is_secure: bool
    expires_at: float


class Jar:
    """The cookies that servers set and those that the user gave.

    A cookie goes to the host that set it, or, with a Domain attribute, to the hosts
    below that domain too; to the paths that it names; over https only if it says so;
    until it expires. As the RFC has it (8.5), the port means nothing.

    Stricter than the RFC of 2011, as browsers are today: a cookie that says Secure
    is not taken from plain http, not even from 127.0.0.1, and the prefixes
    `__Secure-` and `__Host-` hold what they promise. No cookie is taken for a public
    suffix such as "co.uk", by the list inside tldextract. Where that is missing a
    domain that may be one, by its shape, counts for the one host that named it.

    Kept are 4 KiB a cookie, 50 cookies a domain and 3,000 in all; the oldest of the
    domain that was used least recently go first, the user's own never.

    Args:
        clock: Gives the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._domains: dict[str, dict[_Key, _Cookie]] = {}  # the least recently used first
        self._taken = 0  # how many are not the user's own
        self._born = 0

    def __len__(self) -> int:
        """How many cookies are kept; one that has expired counts until it is met."""
        return sum(map(len, self._domains.values()))

    def take(self, response: Response) -> None:
        """Keep what an answer sets; a Set-Cookie that makes no sense is left out, and none raises."""
        for name, value in response.headers:
            if len(name) == 10 and name.lower() == "set-cookie":
                self._take(response.final_url, value)

    def set_for(self, url: str, name: str, value: str) -> None:
        """Keep a cookie of the user's own for the origin of a URL, every path of it, and no other origin.

        It goes to another port or scheme of that host only if it is given for a URL
        there. What is not ASCII is sent as UTF-8. A server may replace it, as in a
        browser; to give the same cookie again, for another seed, does not undo that.

        Raises:
            ConfigError: Name or value hold what a cookie cannot, such as ";".
        """
        if not name or _UNSENDABLE_IN_A_NAME.search(name) or _UNSENDABLE.search(value):
            raise ConfigError(f'cookie {name!r} cannot hold ";" or a line break; give each cookie by itself')
        where = place(normalise(url) or url)
        key, value = _Key(_octets(name), "/"), _octets(value)
        is_plain = where.origin.startswith("http:")
        known = self._domains.get(where.hostname, {}).get(key)
        if known is not None and known.given == value:
            if known.origins is not None:
                known.origins.add(where.origin)
                known.is_secure &= not is_plain
            return
        cookie = _Cookie(
            value=value,
            is_host_only=True,
            is_secure=not is_plain,
            expires_at=math.inf,
            born=0,
            given=value,
            origins={where.origin},
        )
        self._keep(where.hostname, key, cookie)

    def load(self, cookies: Iterable[FileCookie]) -> None:
        """Keep the cookies of a file of the user's, for the hosts and paths that each names; not one that is over.

        One that is for all hosts below a public suffix, or an address, is for that host alone.
        """
        now = self._clock()
        for each in cookies:
            whole = normalise(f"http://{each.domain}/")
            if whole is None or 0 < each.expires_at <= now:
                continue
            domain, value = place(whole).hostname, _octets(each.value)
            is_one_host = _is_address(domain) or _is_public_suffix(domain) is not False
            cookie = _Cookie(
                value=value,
                is_host_only=each.is_host_only or is_one_host,
                is_secure=each.is_secure or each.name.lower().startswith(("__secure-", "__host-")),
                expires_at=each.expires_at or math.inf,
                born=0,
                given=value,
            )
            self._keep(domain, _Key(_octets(each.name), each.path), cookie)

    def pairs_for(self, url: str) -> Pairs:
        """Names and values that go with a request for a URL in normal form: longer paths first, then older ones."""
        if not self._domains:
            return ()
        where = place(url)
        path, is_https = where.path.partition("?")[0], url.startswith("https:")
        now = self._clock()
        found: list[tuple[int, int, str, str]] = []
        for domain in _domains_of(where.hostname):
            cookies = self._domains.get(domain)
            if cookies is None:
                continue
            self._domains[domain] = self._domains.pop(domain)
            for key, cookie in [*cookies.items()]:
                if cookie.expires_at <= now:
                    self._drop(domain, key)
                elif (
                    (domain == where.hostname or not cookie.is_host_only)
                    and (is_https or not cookie.is_secure)
                    and (cookie.origins is None or where.origin in cookie.origins)
                    and _is_below(path, key.path)
                ):
                    found.append((-len(key.path), cookie.born, key.name, cookie.value))
        return tuple((name, value) for _, _, name, value in sorted(found))

    def header_for(self, url: str, extra: Pairs = ()) -> str | None:
        """Build the Cookie header for a URL in normal form; None without cookies.

        A pair in `extra`, a request's own cookies, replaces the jar's of that name.
        What a cookie cannot hold is percent-encoded in there, so that no value can
        become a second cookie or a second header.
        """
        pairs = self.pairs_for(url)
        if extra:
            named = tuple((_sendable(n, _UNSENDABLE_IN_A_NAME), _sendable(v, _UNSENDABLE)) for n, v in extra)
            names = {name for name, _ in named}
            pairs = (*(pair for pair in pairs if pair[0] not in names), *named)
        return "; ".join(f"{name}={value}" for name, value in pairs) or None

    def _take(self, url: str, text: str) -> None:
        """Store one Set-Cookie, by the steps of section 5.3."""
        where = place(normalise(url) or url)
        now = self._clock()
        parsed = _parse(text, now)
        is_https = where.origin.startswith("https:")
        if parsed is None or (parsed.is_secure and not is_https) or not _is_prefix_kept(parsed):
            return
        reach = _reach(where.hostname, parsed.domain)
        if reach is None:
            return
        domain, is_host_only = reach
        key = _Key(parsed.name, parsed.path or _default_path(where.path.partition("?")[0]))
        old = self._domains.get(domain, {}).get(key)
        if old is not None and old.is_secure and not is_https:
            return
        if parsed.expires_at <= now:
            if old is not None:
                self._drop(domain, key)
            return
        self._born += 1
        cookie = _Cookie(
            value=parsed.value,
            is_host_only=is_host_only,
            is_secure=parsed.is_secure,
            expires_at=parsed.expires_at,
            born=old.born if old is not None else self._born,
            given=None if old is None else old.given,
        )
        self._keep(domain, key, cookie)
        self._make_room(domain, now)

    def _keep(self, domain: str, key: _Key, cookie: _Cookie) -> None:
        cookies = self._domains.pop(domain, {})
        old = cookies.pop(key, None)
        if old is not None and old.given is None:
            self._taken -= 1
        if cookie.given is None:
            self._taken += 1
        cookies[key] = cookie
        self._domains[domain] = cookies

    def _drop(self, domain: str, key: _Key) -> None:
        cookies = self._domains[domain]
        if cookies.pop(key).given is None:
            self._taken -= 1
        if not cookies:
            del self._domains[domain]

    def _make_room(self, domain: str, now: float) -> None:
        """Hold the bounds (5.3, last steps): first one domain's, then those of all."""
        cookies = self._domains[domain]
        if len(cookies) > MOST_PER_DOMAIN:
            for key in [key for key, cookie in cookies.items() if cookie.expires_at <= now]:
                self._drop(domain, key)
            strangers = [key for key, cookie in cookies.items() if cookie.given is None]
            for key in strangers[: max(0, len(strangers) - MOST_PER_DOMAIN)]:
                self._drop(domain, key)
        while self._taken > MOST_COOKIES:
            first = next(iter(self._domains))
            victim = next((key for key, cookie in self._domains[first].items() if cookie.given is None), None)
            if victim is None:
                self._domains[first] = self._domains.pop(first)
            else:
                self._drop(first, victim)


def _parse(text: str, now: float) -> _Parsed | None:
    """Take a Set-Cookie apart (5.2); of an attribute that comes twice the last counts."""
    if _CONTROL.search(text):
        return None
    pair, _, rest = text.partition(";")
    name, equals, value = (part.strip(" \t") for part in pair.partition("="))
    if not equals or not name or len(name) + len(value) > MOST_BYTES:
        return None
    domain = path = ""
    is_secure = False
    expires = max_age = None
    for attribute in rest.split(";"):
        if len(attribute) > _MOST_OF_AN_ATTRIBUTE:
            continue
        kind, _, said = (part.strip(" \t") for part in attribute.partition("="))
        match kind.lower():
            case "expires":
                date = _date(said)
                expires = expires if date is None else date
            case "max-age" if _MAX_AGE.fullmatch(said):
                max_age = _after(said, now)
            case "domain" if said:
                domain = said.removeprefix(".").lower()
            case "path":
                path = said if said.startswith("/") else ""
            case "secure":
                is_secure = True
            case _:
                pass
    until = min(next((at for at in (max_age, expires) if at is not None), math.inf), now + _LONGEST_LIFE_S)
    return _Parsed(name, value, domain, path, is_secure, until)


def _after(delta: str, now: float) -> float:
    """Read a Max-Age; negative is over, and Python reads no number of thousands of digits."""
    digits = delta.lstrip("0")
    if digits.startswith("-"):
        return now
    return now + int(digits or 0) if len(digits) <= 12 else math.inf


def _date(text: str) -> float | None:
    """Read a date in whatever form (5.1.1): seconds since 1970, or None."""
    # Only for a cookie with a date.
    from datetime import UTC, datetime  # noqa: PLC0415

    clock: re.Match[str] | None = None
    day = month = year = None
    for token in _DELIMITERS.split(text):
        if clock is None and (found := _TIME.match(token)):
            clock = found
        elif day is None and (found := _DAY.match(token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[1])
    if clock is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, int(clock[1]), int(clock[2]), int(clock[3]), tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _is_prefix_kept(parsed: _Parsed) -> bool:
    """Tell whether a name that begins with a promise is set as it promises."""
    name = parsed.name.lower()
    if name.startswith("__host-"):
        return parsed.is_secure and not parsed.domain and parsed.path == "/"
    return parsed.is_secure or not name.startswith("__secure-")


def _reach(hostname: str, domain: str) -> tuple[str, bool] | None:
    """Decide where a cookie is kept, and whether for that host only (5.3, 4 to 6); None to refuse it."""
    if not domain:
        return hostname, True
    is_same = domain == hostname
    if _is_address(hostname) or not (is_same or hostname.endswith("." + domain)):
        return (hostname, True) if is_same else None
    is_public = _is_public_suffix(domain)
    if is_public is False:
        return domain, False
    return (hostname, True) if is_same or is_public is None else None


@lru_cache(maxsize=4_096)
def _is_public_suffix(domain: str) -> bool | None:
    """Tell whether anybody may register names below a domain; None when that is only likely."""
    labels = domain.split(".")
    if len(labels) == 1 or "" in labels:
        return True
    extract = _suffix_list()
    if extract is not None:
        found = extract(domain)
        return bool(found.suffix) and not found.domain
    second, top = labels[-2:]
    return (
        None
        if len(labels) == 2 and len(top) == 2 and (len(second) <= 3 or second in _REGISTRY_LABELS)
        else False
    )


@cache
def _suffix_list() -> Any:
    """Return the list inside tldextract, None without it; nothing is downloaded."""
    try:
        # Slow to load: only for the first cookie that names a domain.
        from tldextract import TLDExtract  # noqa: PLC0415
    except ImportError:
        return None
    make: Any = TLDExtract
    return make(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def _domains_of(hostname: str) -> list[str]:
    """Return a host and the domains above it, those that its cookies may be kept under."""
    if _is_address(hostname):
        return [hostname]
    labels = hostname.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _is_address(hostname: str) -> bool:
    """Tell whether a host is an IP address; in normal form no name ends in a number."""
    return hostname.startswith("[") or hostname.rpartition(".")[2].isdigit()


def _default_path(path: str) -> str:
    """Return the directory of a path, without the slash at its end (5.1.4)."""
    return path.rpartition("/")[0] or "/"


def _is_below(path: str, directory: str) -> bool:
    """Tell whether a cookie for a directory goes to a path (5.1.4)."""
    if not path.startswith(directory):
        return False
    return len(path) == len(directory) or directory.endswith("/") or path[len(directory)] == "/"


def _octets(text: str) -> str:
    """Write UTF-8 the way headers are kept here, one character an octet."""
    return text if text.isascii() else text.encode(errors="replace").decode("latin-1")


def _sendable(text: str, unsendable: re.Pattern[str]) -> str:
    return unsendable.sub(lambda found: quote(found[0], safe=""), _octets(text))
