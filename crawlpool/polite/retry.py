"""Whether an outcome is asked for again, and after how long.

Nothing here waits and nothing reads a clock: time and chance are passed in, so
the same arguments always give the same answer.

    outcome of try `attempt` ──▶ decide ──▶ None    it stands, whatever it is
                                            Retry   ask again after `wait_s`
                                            Defer   the server wants longer than we wait
"""

import math
from dataclasses import dataclass
from typing import Final

from ..errors import ConfigError
from ..model import Failure, FailureKind, Outcome, Response

_PASSING: Final = frozenset(
    {
        FailureKind.CONNECT,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.TIMEOUT,
        FailureKind.IDLE,
        FailureKind.INCOMPLETE,
        FailureKind.PROXY,
    }
)
"""Causes that may be gone at the next try; a name that does not resolve or a bad certificate is not."""

_NOTHING_SENT: Final = frozenset({FailureKind.CONNECT, FailureKind.CONNECT_TIMEOUT})
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110, 9.2.2
LASTING: Final = frozenset({501, 505})  # the server cannot do it, and will not learn to
_ASKS_FOR_REST: Final = frozenset({429, 503})
_MOST_DIGITS: Final = 15  # thirty million years; Python refuses to read numbers of 4,301 digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Ask again.

    Attributes:
        wait_s: Seconds from now until then.
        rest_host: The wait is meant for the whole host and not for this URL only.
    """

    wait_s: float
    rest_host: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Defer:
    """Do not wait for it; the URL is recorded as `FailureKind.DEFERRED`.

    Attributes:
        message: One sentence for the record.
        wait_s: Seconds that the server asked for; what waits for this host is best deferred too.
    """

    message: str
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """What is tried again: faults that may pass, and answers that say "later".

    Retried are connections that failed, timed out or broke off, faults of a
    proxy, and the statuses 408, 429 and 500-599 except 501 and 505. A method that
    is not idempotent (POST, PATCH) is retried only if the connection never came
    about, since a server may have acted on all else (RFC 9110, 9.2.2).

    Args:
        retries: How many tries may follow the first.
        backoff_s: Seconds before the second try, doubled before each further one;
            chance makes it half to one and a half of that.
        max_wait_s: The longest wait, in seconds. One that a server asks for beyond
            it is not waited for at all.

    Raises:
        ConfigError: A number is negative or not finite.
    """

    retries: int
    backoff_s: float
    max_wait_s: float

    def __post_init__(self) -> None:
        """Check the three numbers."""
        for name in ("retries", "backoff_s", "max_wait_s"):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise ConfigError(f"{name} is {value!r}, and should be 0 or more")

    def decide(self, outcome: Outcome, *, attempt: int, now: float, jitter: float) -> Retry | Defer | None:
        """Say what becomes of an outcome; None when it stands.

        A server that asks for more than `max_wait_s` defers the URL whether or not
        tries are left, so that the caller learns of it at the first such answer.

        Args:
            outcome: What try number `attempt` came to.
            attempt: The first try is 1.
            now: Seconds since 1970; a Retry-After may hold a date.
            jitter: Chance, 0.0 up to but not including 1.0.
        """
        if not _is_passing(outcome):
            return None
        asked = self._asked_s(outcome, now)
        if asked is not None and asked > self.max_wait_s:
            return self._defer(asked)
        if attempt > self.retries:
            return None
        # Past 2**60 the cap decides in any case, and a float would overflow at 2**1024.
        backoff = self.backoff_s * 2.0 ** min(max(attempt, 1) - 1, 60) * (0.5 + jitter)
        return Retry(
            wait_s=min(max(backoff, asked or 0.0), self.max_wait_s),
            rest_host=asked is not None or (isinstance(outcome, Response) and outcome.status == 429),
        )

    def rest_s(self, outcome: Outcome, *, now: float) -> float:
        """How long the host asked to be left alone, at most `max_wait_s`; 0.0 when it did not.

        It holds for the host even when this URL is not tried again.
        """
        return min(self._asked_s(outcome, now) or 0.0, self.max_wait_s)

    def hop_wait_s(self, response: Response, *, now: float) -> float:
        """How long a redirect asks to wait before its target is asked for (RFC 9110, 10.2.3); `max_wait_s` at most."""
        value = response.header("retry-after")
        return min((retry_after_s(value, now=now) or 0.0) if value else 0.0, self.max_wait_s)

    def defers_hop(self, response: Response, *, now: float) -> Defer | None:
        """What becomes of a redirect that asks for a longer wait than ours; None for one that does not."""
        value = response.header("retry-after")
        asked = (retry_after_s(value, now=now) or 0.0) if value else 0.0
        return self._defer(asked) if asked > self.max_wait_s else None

    def _defer(self, asked_s: float) -> Defer:
        return Defer(
            message=f"the server asked for a wait of {spoken(asked_s)} (Retry-After); "
            f"we wait {spoken(self.max_wait_s)} at most",
            wait_s=asked_s,
        )

    def _asked_s(self, outcome: Outcome, now: float) -> float | None:
        if isinstance(outcome, Response) and outcome.status in _ASKS_FOR_REST:
            return retry_after_s(outcome.header("retry-after") or "", now=now)
        return None


def retry_after_s(value: str, *, now: float) -> float | None:
    """Read a Retry-After (RFC 9110, 10.2.3): seconds from now, 0.0 for a date that is past.

    Both forms are read, a number of seconds and an HTTP-date in each of its three
    forms (5.6.7), the latter as generously as e-mail dates are. A number below zero is
    a time that is past. Anything else (fractions, words) is None.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        digits = value.lstrip("0")
        return float(digits or 0) if len(digits) <= _MOST_DIGITS else math.inf
    if value.startswith("-") and value[1:].isascii() and value[1:].isdigit():
        return 0.0
    if len(value) > 64 or not value[:1].isalpha():  # an HTTP-date begins with the day's name
        return None
    # Rarely needed, and not quick to load.
    from calendar import timegm  # noqa: PLC0415
    from email.utils import parsedate_tz  # noqa: PLC0415

    try:
        parts = parsedate_tz(value)
        if parts is None:
            return None
        # mktime_tz would take a date without a zone, such as asctime's, for local time.
        at = timegm((_year(parts[0], value, now), *parts[1:6], 0, 1, 0)) - (parts[9] or 0)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return max(float(at) - now, 0.0)


def _year(year: int, value: str, now: float) -> int:
    """The year of a date; one of two digits is the last that is no more than 50 years ahead (RFC 9110, 5.6.7)."""
    if str(year) in value:
        return year
    this_year = int(1970 + now / 31_556_952)
    latest = this_year + 50
    return latest - (latest - year) % 100


def _is_passing(outcome: Outcome) -> bool:
    """Tell whether another try may fare better, and may be made (RFC 9110, 9.2.2)."""
    is_idempotent = outcome.request.method in IDEMPOTENT
    if isinstance(outcome, Failure):
        return outcome.kind in (_PASSING if is_idempotent else _NOTHING_SENT)
    status = outcome.status
    return is_idempotent and (status in (408, 429) or (500 <= status < 600 and status not in LASTING))


def may_be_repeated(outcome: Outcome) -> bool:
    """Whether a request may be sent once more without harm, whatever it came to (RFC 9110, 9.2.2)."""
    if outcome.request.method in IDEMPOTENT:
        return True
    return isinstance(outcome, Failure) and outcome.kind in _NOTHING_SENT


def spoken(seconds: float) -> str:
    """Say a time as a person would, coarser as it grows."""
    if seconds < 120:
        return f"{seconds:g} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86_400:.0f} days" if seconds < 1e11 else "thousands of years"
