"""Every knob once: its name, unit, default, check and help.

A knob is one field of `Settings`. The command line's flags and the library's
keywords (`Knobs`) both come from here, and a test keeps them equal. A `Settings`
is checked once, when it is built, and never changes; each part of the program is
handed only the knobs that it uses.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, get_type_hints

from .errors import ConfigError
from .model import Pairs, bad_header
from .units import (
    MIB,
    MOMENT,
    RANGE,
    read_bytes,
    read_cookie,
    read_count,
    read_date,
    read_header,
    read_range,
    read_seconds,
    read_web_url,
)

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """How one setting is spoken of.

    Attributes:
        help: What it does, in a sentence that says the effect.
        group: Under which heading help lists it.
        read: Text, as typed on a command line, to value; raises ValueError with what would do.
        metavar: What help calls the value; "" for a switch.
        flag: The flag's name when it differs from the field's; "" means the field's.
        choices: The words that are allowed, when they are a short list.
        least: The smallest value allowed.
        most: The largest value allowed.
        repeats: The flag may be given many times; the value is a tuple.
        short: A one-letter flag, such as "w"; "" for none.
    """

    help: str
    group: str
    read: Callable[[str], Any] = str
    metavar: str = ""
    flag: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    repeats: bool = False
    short: str = ""


BACKENDS = ("process", "thread", "sync", "futures-process", "futures-thread")
PROCESSES = ("process", "futures-process")
SCOPES = ("host", "domain", "prefix", "all")
DUPLICATES = ("exact", "near", "canonical", "listed")
"""What `skip_duplicates` may name; the last is no kind, but lets the others apply to listed URLs too."""
FAIL_ON = ("listed", "any", "none")


_IN_COMMAS = frozenset({"strip_params", "skip_duplicates"})
"""Knobs of words without commas in them, so that several may be given at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to crawl; every field is a knob, and its help says what it does.

    Raises:
        ConfigError: A value is of the wrong kind or out of range; the message
            names the knob, quotes the value and says what would do.
    """

    workers: Annotated[
        int | tuple[int, int] | str | None,
        Knob(
            group="Speed",
            metavar="N[..M]",
            short="w",
            read=read_range,
            least=1,
            most=1024,
            help="Fetch with this many workers at once, started as work is ready. With 2..16 more than 2 are started "
            "while all are busy, and end when they have nothing to do. Default: 8, or the number of cores if that "
            "is more.",
        ),
    ] = None
    backend: Annotated[
        str,
        Knob(group="Speed", metavar="NAME", choices=BACKENDS, help="What the workers are."),
    ] = "process"
    timeout: Annotated[
        float,
        Knob(
            group="Speed",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            most=1_000_000,
            help="Give up on an answer that is not whole this long after its request was sent.",
        ),
    ] = 30.0
    connect_timeout: Annotated[
        float,
        Knob(
            group="Speed",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            most=1_000_000,
            help="Give up on a connection that is not made in this time.",
        ),
    ] = 5.0

    follow: Annotated[
        bool, Knob(group="Following links", help="Follow the links on pages that are in scope.")
    ] = False
    depth: Annotated[
        int | None,
        Knob(
            group="Following links",
            metavar="N",
            read=read_count,
            least=0,
            help="Follow links this far from a seed. Default: no limit.",
        ),
    ] = None
    scope: Annotated[
        str,
        Knob(
            group="Following links",
            metavar="NAME",
            choices=SCOPES,
            help="Follow links to: the seeds' hosts and where their redirects end (host), their registrable "
            "domains (domain), below the seeds' directories (prefix), or anywhere (all).",
        ),
    ] = "host"
    include: Annotated[
        tuple[str, ...],
        Knob(
            group="Following links",
            metavar="PATTERN",
            repeats=True,
            help="Follow only links that match one of these, such as '/catalogue/**'.",
        ),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        Knob(
            group="Following links",
            metavar="PATTERN",
            repeats=True,
            help="Do not follow links that match any of these.",
        ),
    ] = ()
    all_bodies: Annotated[
        bool,
        Knob(
            group="Following links",
            help="Read every body where links are followed; else one that is no HTML is left unread, and its record "
            "says what its header says.",
        ),
    ] = False
    strip_params: Annotated[
        tuple[str, ...],
        Knob(
            group="Following links",
            metavar="NAMES",
            repeats=True,
            help="Ask for URLs without these parameters, such as 'utm_*,fbclid'; URLs that differ in nothing else are "
            "one. The words session and tracking stand for the usual ones.",
        ),
    ] = ()
    sort_params: Annotated[
        bool,
        Knob(
            group="Following links",
            help="Ask for URLs with their parameters in the order of their names; URLs that differ in nothing else are "
            "one.",
        ),
    ] = False
    skip_duplicates: Annotated[
        tuple[str, ...],
        Knob(
            group="Following links",
            metavar="KINDS",
            repeats=True,
            help="Leave out a page that was found and has the same body as another (exact), nearly the same text "
            "(near), or that names another as its canonical URL, which is fetched instead (canonical); with listed "
            "also a page that you named.",
        ),
    ] = ()
    sitemap: Annotated[
        bool,
        Knob(
            group="Sitemaps",
            help="Crawl what the sitemaps of each seed's site list, too: those that its robots.txt names, else "
            "/sitemap.xml.",
        ),
    ] = False
    sitemap_url: Annotated[
        tuple[str, ...],
        Knob(
            group="Sitemaps",
            metavar="URL",
            read=read_web_url,
            repeats=True,
            help="Crawl what this sitemap, sitemap index, RSS, Atom or JSON feed, or list of URLs on the web names.",
        ),
    ] = ()
    since: Annotated[
        str | None,
        Knob(
            group="Sitemaps",
            metavar="DATE",
            read=read_date,
            help="Leave out what a sitemap says has not changed since this date, such as 2026-01-31 or "
            "2026-01-31T12:30Z. Default: no limit.",
        ),
    ] = None
    max_pages: Annotated[
        int | None,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=1,
            help="Stop when this many pages were fetched. Default: no limit.",
        ),
    ] = None
    max_time: Annotated[
        float | None,
        Knob(
            group="Limits",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            help="Start no request after this time. Default: no limit.",
        ),
    ] = None
    max_body: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="BYTES",
            read=read_bytes,
            least=1,
            help="Read at most this much of a body; a longer one is cut and marked.",
        ),
    ] = 16 * MIB
    worker_memory: Annotated[
        int | None,
        Knob(
            group="Limits",
            metavar="BYTES",
            read=read_bytes,
            least=32 * MIB,
            help="Replace a worker process that takes more memory than this when it has answered; one that takes twice "
            "as much is killed at once. Default: no limit.",
        ),
    ] = None
    max_url: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=32,
            most=1_000_000,
            help="Ask for no URL of more characters than this: a link is left out, a listed URL fails.",
        ),
    ] = 8192
    max_links: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=1,
            help="Follow at most this many links of one page; the rest are counted as left out.",
        ),
    ] = 10_000
    max_redirects: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=0,
            help="Follow at most this many redirects of one URL.",
        ),
    ] = 10

    per_host: Annotated[
        int,
        Knob(
            group="Politeness",
            metavar="N",
            read=read_count,
            least=1,
            help="Ask one host for at most this many pages at once.",
        ),
    ] = 2
    delay: Annotated[
        float,
        Knob(
            group="Politeness",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            help="Leave at least this long between two requests to one host; a longer Crawl-delay in its "
            "robots.txt wins.",
        ),
    ] = 0.0
    robots: Annotated[
        bool,
        Knob(group="Politeness", help="Obey robots.txt."),
    ] = True
    user_agent: Annotated[
        str,
        Knob(
            group="Politeness",
            metavar="TEXT",
            help="Name yourself to servers. Its first word is looked up in robots.txt.",
        ),
    ] = "crawlpool/0.1 (a concurrent crawler; https://pypi.org/project/crawlpool/)"
    retries: Annotated[
        int,
        Knob(
            group="Politeness",
            metavar="N",
            read=read_count,
            least=0,
            help="Try again this many times after a timeout, a connection fault, or status 429 or 5xx.",
        ),
    ] = 2
    backoff: Annotated[
        float,
        Knob(
            group="Politeness",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            help="Wait about this long before the first retry, twice as long before each further one.",
        ),
    ] = 1.0
    max_wait: Annotated[
        float,
        Knob(
            group="Politeness",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            help="Wait at most this long when a server asks for it (Retry-After); beyond it a URL is "
            "recorded as deferred.",
        ),
    ] = 600.0
    max_crawl_delay: Annotated[
        float,
        Knob(
            group="Politeness",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            help="Believe a Crawl-delay up to this; a longer one counts as this.",
        ),
    ] = 60.0

    header: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Requests",
            metavar="'NAME: VALUE'",
            read=read_header,
            repeats=True,
            short="H",
            help="Send this header, to the seeds' hosts only where it is a credential.",
        ),
    ] = ()
    cookie: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Requests",
            metavar="NAME=VALUE",
            read=read_cookie,
            repeats=True,
            help="Send this cookie to the seeds' hosts.",
        ),
    ] = ()
    proxy: Annotated[
        str | None,
        Knob(
            group="Requests",
            metavar="URL",
            help="Go through this proxy, such as http://127.0.0.1:3128. Default: what the environment names.",
        ),
    ] = None
    insecure: Annotated[bool, Knob(group="Requests", help="Do not verify TLS certificates.")] = False

    keep_raw: Annotated[
        bool,
        Knob(
            group="Requests",
            help="Keep each body also as it was sent, before its Content-Encoding was removed, for handlers "
            "that archive (page.response.raw_body).",
        ),
    ] = False

    fail_fast: Annotated[
        bool, Knob(group="Failures", help="Stop at the first page whose handler raises.")
    ] = False
    handler_timeout: Annotated[
        float | None,
        Knob(
            group="Failures",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            most=1_000_000,
            help="Cut off a handler that takes longer than this for one page, and count the page as failed. "
            "Default: no limit.",
        ),
    ] = None
    max_outage: Annotated[
        float,
        Knob(
            group="Failures",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            most=1_000_000,
            help="Wait at most this long for a network that is gone; then stop, to be gone on with later.",
        ),
    ] = 600.0

    def __post_init__(self) -> None:
        """Check every knob, and bring mappings to pairs."""
        known = knobs()
        for field in fields(self):
            name, knob = field.name, known[field.name]
            value = getattr(self, name)
            if knob.repeats:
                value = _as_tuple(name, value)
                if name in _IN_COMMAS:
                    value = _as_words(name, value)
                object.__setattr__(self, name, value)
            if name == "workers":
                value = _as_range(name, value)
                object.__setattr__(self, name, value)
            if value is not None or field.default is not None:
                _check(name, knob, value, field.default)
        for kind in self.skip_duplicates:
            if kind not in DUPLICATES:
                raise ConfigError(f"skip_duplicates holds {kind!r}; known: {', '.join(sorted(DUPLICATES))}")
        if set(self.skip_duplicates) == {"listed"}:
            raise ConfigError(
                "skip_duplicates holds 'listed' alone; name what is left out: exact, near or canonical, too"
            )
        self._check_texts()

    def _check_texts(self) -> None:
        object.__setattr__(self, "since", _as_date(self.since))
        for url in self.sitemap_url:
            try:
                read_web_url(url)
            except ValueError as error:
                raise ConfigError(f"sitemap_url is {url!r}, and should be {error}") from None
        if self.since is not None and not (self.sitemap or self.sitemap_url):
            raise ConfigError(
                f"since {self.since!r} is about sitemaps, and none is asked for; give sitemap or sitemap_url, too"
            )
        if self.worker_memory is not None and self.backend not in PROCESSES:
            raise ConfigError(
                f"worker_memory needs a process backend ({' or '.join(PROCESSES)}), and backend is {self.backend!r}: "
                "a thread has no memory of its own"
            )
        if not isinstance(self.user_agent, str) or not self.user_agent.strip():
            raise ConfigError(
                'user_agent is empty; servers are told who asks, such as "mybot/1.0 (+https://me.example)"'
            )
        for name, value in (("User-Agent", self.user_agent), *self.header):
            if (why := bad_header(name, value)) is not None:
                raise ConfigError(f"header {name!r}: {value!r}: {why}")
        if self.proxy is not None and "://" not in self.proxy:
            raise ConfigError(f"proxy {self.proxy!r} is not a URL; write it as http://host:port")

    @property
    def token(self) -> str:
        """Our product token, what robots.txt calls us: the User-Agent up to "/" or a space (RFC 9309, 2.2.1)."""
        return self.user_agent.split()[0].partition("/")[0]


class Knobs(TypedDict, total=False):
    """The same knobs as keywords of the library, for `Unpack`; all but `backend`, which may be an object there."""

    workers: int | tuple[int, int] | str | None
    timeout: float
    connect_timeout: float
    follow: bool
    depth: int | None
    scope: str
    include: tuple[str, ...] | list[str] | str
    exclude: tuple[str, ...] | list[str] | str
    all_bodies: bool
    strip_params: tuple[str, ...] | list[str] | str
    sort_params: bool
    skip_duplicates: tuple[str, ...] | list[str] | str
    sitemap: bool
    sitemap_url: tuple[str, ...] | list[str] | str
    since: "str | date | None"
    max_pages: int | None
    max_time: float | None
    max_body: int
    worker_memory: int | None
    max_url: int
    max_links: int
    max_redirects: int
    per_host: int
    delay: float
    robots: bool
    user_agent: str
    retries: int
    backoff: float
    max_wait: float
    max_crawl_delay: float
    header: Mapping[str, str] | Pairs
    cookie: Mapping[str, str] | Pairs
    proxy: str | None
    insecure: bool
    keep_raw: bool
    fail_fast: bool
    handler_timeout: float | None
    max_outage: float


@cache
def knobs() -> Mapping[str, Knob]:
    """Every knob by the name of its field, in the order of declaration."""
    hints = get_type_hints(Settings, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in fields(Settings)}


def _as_tuple(name: str, value: Any) -> tuple[Any, ...]:
    """Bring what may be given many times to a tuple: of texts, or of pairs of them."""
    if isinstance(value, str):
        return (value,)
    try:
        given = tuple(value.items() if isinstance(value, Mapping) else value)
    except TypeError:
        raise ConfigError(f"{name} is {value!r}, and should be a list") from None
    for each in given:
        if not isinstance(each, str) and not (isinstance(each, tuple | list) and len(each) == 2):
            raise ConfigError(f"{name} holds {each!r}, and should hold texts, or pairs of them")
    return tuple(each if isinstance(each, str) else (str(each[0]), str(each[1])) for each in given)


def _as_words(name: str, value: tuple[Any, ...]) -> tuple[str, ...]:
    """Bring ("a,b", "c") to ("a", "b", "c")."""
    for each in value:
        if not isinstance(each, str):
            raise ConfigError(f"{name} holds {each!r}, and should hold texts")
    return tuple(word.strip() for each in value for word in each.split(",") if word.strip())


def _as_date(value: Any) -> str | None:
    """Check a date, or a text of one; dates become text."""
    text = value.isoformat() if hasattr(value, "isoformat") else value
    try:
        return None if text is None else read_date(text)
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(f"since is {value!r}, and should be {MOMENT}") from None


def _as_range(name: str, value: Any) -> Any:
    """Bring "2..16" and [2, 16] to (2, 16), and "8" to 8."""
    wrong = f"{name} is {value!r}, and should be {RANGE}"
    if isinstance(value, str):
        try:
            return read_range(value)
        except ValueError:
            raise ConfigError(wrong) from None
    if isinstance(value, tuple | list):
        pair = tuple(value)
        if len(pair) != 2 or not all(type(each) is int for each in pair) or pair[0] > pair[1]:
            raise ConfigError(wrong)
        return pair
    if value is not None and type(value) is not int:
        raise ConfigError(wrong)
    return value


def _check(name: str, knob: Knob, value: Any, default: Any) -> None:
    if isinstance(default, bool) and not isinstance(value, bool):
        raise ConfigError(f"{name} is {value!r}, and should be True or False")
    if knob.choices and value not in knob.choices:
        raise ConfigError(f"unknown {name} {value!r}; known: {', '.join(sorted(knob.choices))}")
    if knob.least is None:
        return
    if isinstance(value, tuple):
        for each in value:
            _check_number(name, knob, each, value)
    else:
        _check_number(name, knob, value, value)


def _check_number(name: str, knob: Knob, value: Any, given: Any) -> None:
    is_whole = knob.read in {read_count, read_bytes, read_range}
    if isinstance(value, bool) or not isinstance(value, int if is_whole else int | float):
        raise ConfigError(f"{name} is {value!r}, and should be a {'whole ' if is_whole else ''}number")
    if not math.isfinite(value) or not is_within(knob, value):
        raise ConfigError(f"{name} is {given!r}, and should be {bounds(knob)}")


def is_within(knob: Knob, value: float) -> bool:
    """Whether a number is one that a knob allows."""
    return (knob.least is None or value >= knob.least) and (knob.most is None or value <= knob.most)


def bounds(knob: Knob) -> str:
    """What numbers a knob allows, in words: "1 to 1024", "0 or more", "32 MiB or more"."""
    least = 0 if knob.least is None else knob.least
    is_large = knob.read is read_bytes and least >= MIB
    said = f"{least / MIB:g} MiB" if is_large else f"{least:.15g}"
    return f"{said} or more" if knob.most is None else f"{said} to {knob.most:.15g}"
