"""Every knob once: its name, unit, default, check and help.

A knob is one field of `Settings`. The command line's flags and the library's
keywords (`Knobs`) both come from here, and a test keeps them equal. A `Settings`
is checked once, when it is built, and never changes; each part of the program is
handed only the knobs that it uses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import get_type_hints

from ..errors import ConfigError
from ..model import bad_header
from ..units import read_web_url
from .check import as_date, as_range, as_tuple, as_words, check
from .failing import Failing, FailingKnobs
from .following import DUPLICATES, SCOPES, FollowingLinks, FollowingLinksKnobs
from .given import shown
from .knob import Knob, bounds, is_within
from .limits import Limits, LimitsKnobs
from .politeness import Politeness, PolitenessKnobs
from .reaching import Reaching, ReachingKnobs
from .records import Records, RecordsKnobs
from .requesting import Requesting, RequestingKnobs
from .sitemaps import Sitemaps, SitemapsKnobs
from .speed import BACKENDS, PROCESSES, Speed, SpeedKnobs
from .storing import Storing, StoringKnobs

__all__ = [
    "BACKENDS",
    "DUPLICATES",
    "FAIL_ON",
    "SCOPES",
    "Knob",
    "Knobs",
    "Settings",
    "bounds",
    "is_within",
    "knobs",
]

FAIL_ON = ("listed", "any", "none")


_IN_COMMAS = frozenset({"strip_params", "skip_duplicates", "fields"})
"""Knobs of words without commas in them, so that several may be given at once."""


# Dataclasses take the fields of their last base first: help lists them in this order.
@dataclass(frozen=True, kw_only=True)
class Settings(
    Storing, Records, Failing, Reaching, Requesting, Politeness, Limits, Sitemaps, FollowingLinks, Speed
):
    """How to crawl; every field is a knob, and its help says what it does.

    Raises:
        ConfigError: A value is of the wrong kind or out of range; the message
            names the knob, quotes the value and says what would do.
    """

    def __post_init__(self) -> None:
        """Check every knob, and bring mappings to pairs."""
        known = knobs()
        for field in fields(self):
            name, knob = field.name, known[field.name]
            value = getattr(self, name)
            if knob.fit is not None:
                value = knob.fit(name, value)
                object.__setattr__(self, name, value)
            elif knob.repeats:
                value = as_tuple(name, value, is_secret=knob.is_secret)
                if name in _IN_COMMAS:
                    value = as_words(name, value)
                object.__setattr__(self, name, value)
            if name == "workers":
                value = as_range(name, value)
                object.__setattr__(self, name, value)
            if value is not None or field.default is not None:
                check(name, knob, value, field.default)
        for kind in self.skip_duplicates:
            if kind not in DUPLICATES:
                raise ConfigError(f"skip_duplicates holds {kind!r}; known: {', '.join(sorted(DUPLICATES))}")
        if set(self.skip_duplicates) == {"listed"}:
            raise ConfigError(
                "skip_duplicates holds 'listed' alone; name what is left out: exact, near or canonical, too"
            )
        self._check_texts()

    def __repr__(self) -> str:
        """Name what is not as it comes; what may be a password is three stars."""
        said = []
        for name, knob in knobs().items():
            value = getattr(self, name)
            if value == type(self).__dataclass_fields__[name].default:
                continue
            said.append(f"{name}={shown(value) if knob.is_secret else repr(value)}")
        return f"Settings({', '.join(said)})"

    def _check_texts(self) -> None:
        object.__setattr__(self, "since", as_date(self.since))
        self._check_reach()
        for url in self.sitemap_url:
            try:
                read_web_url(url)
            except ValueError as error:
                raise ConfigError(f"sitemap_url is {url!r}, and should be {error}") from None
        if self.since is not None and not (self.sitemap or self.sitemap_url):
            raise ConfigError(
                f"since {self.since!r} is about sitemaps, and none is asked for; give sitemap or sitemap_url, too"
            )
        if self.parse_workers is not None and self.parse_in != "process":
            raise ConfigError(
                f'parse_workers={self.parse_workers} is about parse_in="process", and parse_in is {self.parse_in!r}'
            )
        has_processes = self.backend in PROCESSES or self.parse_in == "process"
        if self.worker_memory is not None and not has_processes:
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
                raise ConfigError(f"header {name!r}: {why}")


class Knobs(
    StoringKnobs,
    RecordsKnobs,
    FailingKnobs,
    ReachingKnobs,
    RequestingKnobs,
    PolitenessKnobs,
    LimitsKnobs,
    SitemapsKnobs,
    FollowingLinksKnobs,
    SpeedKnobs,
    total=False,
):
    """The same knobs as keywords of the library, for `Unpack`; all but `backend`, which may be an object there."""


@cache
def knobs() -> Mapping[str, Knob]:
    """Every knob by the name of its field, in the order of declaration."""
    hints = get_type_hints(Settings, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in fields(Settings)}
