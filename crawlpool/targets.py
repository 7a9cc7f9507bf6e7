"""What is asked for a URL: its normal form, less what the user says means nothing there.

    as given or found ──normalise──▶ normal form ──strip, sort──▶ target: asked, and known by

Two URLs with one target are one page to the crawl. Only what the standard says is the same
is taken for the same by itself; parameters are left away, or put in order, when asked for.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import unquote_plus

from .settings import Settings
from .urls import normalise

SETS: Final = {
    "session": [
        "phpsessid",
        "jsessionid",
        "aspsessionid*",
        "asp.net_sessionid",
        "sessionid",
        "session_id",
        "session",
        "sessid",
        "cfid",
        "cftoken",
        "zenid",
        "oscsid",
        "xtcsid",
    ],
    "tracking": [
        "utm_*",
        "fbclid",
        "gclid",
        "gclsrc",
        "dclid",
        "gbraid",
        "wbraid",
        "msclkid",
        "yclid",
        "twclid",
        "ttclid",
        "igshid",
        "igsh",
        "li_fat_id",
        "epik",
        "mc_cid",
        "mc_eid",
        "mkt_tok",
        "_ga",
        "_gl",
        "_hsenc",
        "_hsmi",
        "vero_id",
        "oly_enc_id",
        "oly_anon_id",
        "wickedid",
        "srsltid",
    ],
}
"""Names of parameters that mean nothing to a page, under a word that stands for them all."""

# A number that counts sessions, and not one that says what is shown: "sid" alone names either.
_SESSION_VALUE = re.compile(r"[0-9A-Za-z,_-]{16,}")
_OF_PATH = re.compile(r";([^;/=]*)=([^;/]*)")
_MOST_REMEMBERED = 10_000


class Targets:
    """The rules by which URLs become targets, the same for seeds, links, redirects and handlers' requests.

    A pattern is a parameter's name, in which `*` stands for any letters; case does not
    matter. The word "session" stands for the usual names of session numbers ("sid" too, where
    its value looks like one), "tracking" for those that only tell where a reader came
    from. A parameter is a part of the query between `&`, as
    application/x-www-form-urlencoded has it (URL standard, 5.1), or `;name=value` in the path.

    Args:
        strip: Patterns of the parameters that are left away.
        is_sorted: Whether the query's parameters are put in the order of their names; those of
            one name keep theirs (as URLSearchParams.sort, URL standard, 6.2).
        longest: Characters of a target at most.
    """

    def __init__(self, strip: Iterable[str] = (), *, is_sorted: bool = False, longest: int = 8192) -> None:
        words = [word.lower() for word in strip]
        names = [name for word in words for name in SETS.get(word, (word,))]
        self._exact = frozenset(name for name in names if "*" not in name)
        self._globs = [_glob(name) for name in names if "*" in name]
        self._is_sid_stripped = "session" in words
        self._is_stripping = bool(names)
        self._is_sorted = is_sorted
        self.longest = longest
        self._names: dict[str, bool] = {}

    @classmethod
    def of_settings(cls, settings: Settings) -> "Targets":
        """The rules that the knobs ask for."""
        return cls(settings.strip_params, is_sorted=settings.sort_params, longest=settings.max_url)

    @property
    def are_plain(self) -> bool:
        """Whether a target is always the normal form itself."""
        return not self._is_stripping and not self._is_sorted

    def of(self, url: str) -> str | None:
        """The target of a URL as it was given; None when it is no http(s) URL."""
        normal = normalise(url)
        return None if normal is None else self.tidy(normal)

    def tidy(self, url: str) -> str:
        """The target of a URL in normal form."""
        if self.are_plain or ("?" not in url and ";" not in url):
            return url
        path, mark, query = url.partition("?")
        if self._is_stripping and ";" in path:
            start = path.index("/", path.index("://") + 3)  # a host may have ";" in it, too
            path = path[:start] + _OF_PATH.sub(self._kept_of_path, path[start:])
        if query:
            parts = query.split("&")
            if self._is_stripping:
                parts = [part for part in parts if not self._is_part_stripped(part)]
                if not parts:
                    mark = ""
            if self._is_sorted and len(parts) > 1:
                parts.sort(key=_order)
            query = "&".join(parts)
        return path + mark + query

    def _kept_of_path(self, found: re.Match[str]) -> str:
        return "" if self._is_stripped(found[1], found[2]) else found[0]

    def _is_part_stripped(self, part: str) -> bool:
        name, _, value = part.partition("=")
        return bool(name) and self._is_stripped(name, value)

    def _is_stripped(self, name: str, value: str) -> bool:
        known = self._names.get(name)
        if known is None:
            lowered = unquote_plus(name).lower()
            known = lowered in self._exact or any(glob(lowered) for glob in self._globs)
            if len(self._names) >= _MOST_REMEMBERED:
                self._names.clear()
            if len(name) <= 256:
                self._names[name] = known
        if known:
            return True
        return self._is_sid_stripped and name.lower() == "sid" and _SESSION_VALUE.fullmatch(value) is not None


def _order(part: str) -> bytes:
    """By code units of UTF-16, as URLSearchParams sorts."""
    return unquote_plus(part.partition("=")[0]).encode("utf-16-be", "surrogatepass")


def _glob(pattern: str) -> Callable[[str], bool]:
    """A pattern with `*`, as a question of a name; it takes time in proportion to the name."""
    first, *middle, last = pattern.split("*")

    def matches(name: str) -> bool:
        if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
            return False
        at, end = len(first), len(name) - len(last)
        for piece in middle:
            found = name.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return matches
