"""Which hosts fail again and again: they rest, are probed, and are given up when that does not help.

    well ──so many failures in a row, of several URLs──▶ rests ──over──▶ one request probes it
     ▲                                                    ▲  twice as long    │
     │                                                    └──── it failed ────┤
     └────────── it is answered; and as many again, until it counts as well ──┘
                                                          after MOST_RESTS ──▶ given up

Failures count only in a row: one good answer, be it a 404, and the row begins anew. So a
host of which some pages always fail and others are fine never rests long. Nothing here
waits and no clock is read: times are passed in. What follows is done by `crawlpool.hosts`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ..model import Failure, Outcome
from .retry import LASTING

MOST_RESTS: Final = 4
"""Rests in which a probe must find a host well: 10 + 20 + 40 + 80 s by default, two and a half minutes."""

FEW_URLS: Final = 3
"""URLs whose failures alone say nothing of their host: a short list is worked off as it is."""

MOST_PATIENTS: Final = 10_000
"""Hosts that are kept in mind; of more, the one that failed first is forgotten, and counted anew."""

_LONGEST_CAUSE: Final = 200
_FAULTS: Final = frozenset(
    {"dns", "connect", "connect_timeout", "timeout", "idle_timeout", "incomplete", "protocol", "tls"}
)
"""Kinds of failures that a host brings upon itself; a proxy's, a worker's and a handler's are not among them."""


def is_bad(outcome: Outcome) -> bool | None:
    """Whether an outcome speaks against its host: True, False for a good answer, None when it says nothing.

    Good is every answer by which a server shows that it works, also 403 and 404. Bad are
    those that say "not now": 408, 429 and 5xx but 501 and 505 (RFC 9110, 15.6).
    """
    if isinstance(outcome, Failure):
        return True if outcome.kind.value in _FAULTS else None
    status = outcome.status
    return status in {408, 429} or (500 <= status < 600 and status not in LASTING)


def cause_of(outcome: Outcome) -> str:
    """What a bad outcome was, in a few words."""
    if isinstance(outcome, Failure):
        return f"{outcome.kind.value.replace('_', ' ')}: {outcome.message}"[:_LONGEST_CAUSE]
    return f"HTTP {outcome.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Ask this host nothing for a while, then one request.

    Attributes:
        wait_s: Seconds.
        failures: How often it failed in a row.
    """

    wait_s: float
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Ask this host nothing more in this run.

    Attributes:
        message: A sentence for the records of its URLs.
        failures: How often it failed in a row.
    """

    message: str
    failures: int


class _Patient:
    """A host that failed and has not recovered."""

    __slots__ = ("failures", "given_up", "goods", "is_resting", "probe", "rests", "since", "urls")

    def __init__(self, since: float) -> None:
        self.since = since  # of the first failure of the row, in seconds since 1970
        self.failures = 0  # in a row
        self.urls: set[str] = set()  # whose failures these are, as many as need be told apart
        self.rests = 0
        self.goods = 0  # answers since the last rest
        self.is_resting = False  # or is probed: until it is answered
        self.probe = ""  # the target that is out to see how it is
        self.given_up = ""


class Ailing:
    """Counts what hosts fail at.

    Args:
        most_failures: In a row, after which a host rests; 0 lets none rest.
        rest_s: Seconds of the first rest; each further one is twice as long.
        max_rest_s: Seconds of the longest.
    """

    def __init__(self, *, most_failures: int, rest_s: float, max_rest_s: float) -> None:
        """All are well."""
        self._most_failures = most_failures
        self._rest_s = rest_s
        self._max_rest_s = max_rest_s
        self._patients: dict[str, _Patient] = {}

    def may_ask(self, host: str) -> bool:
        """Whether a request may go to a host whose turn it is: to one that was resting, only one at a time."""
        patient = self._patients.get(host)
        return patient is None or not (patient.is_resting and patient.probe)

    def asked(self, host: str, target: str) -> None:
        """A request goes out; to a host that was resting it is a probe."""
        patient = self._patients.get(host)
        if patient is not None and patient.is_resting:
            patient.probe = target

    def came(self, host: str, target: str) -> bool:
        """A request is back, or lost with its worker; whether it was a probe."""
        patient = self._patients.get(host)
        if patient is None or not patient.probe or patient.probe != target:
            return False
        patient.probe = ""
        return True

    def given_up(self, host: str) -> str:
        """Why a host is given up; "" for one that is not."""
        patient = self._patients.get(host)
        return "" if patient is None else patient.given_up

    def answered(self, host: str) -> bool:
        """A host gave a good answer; whether that ended its rest."""
        patient = self._patients.get(host)
        if patient is None or patient.given_up:
            return False
        was_resting = patient.is_resting
        patient.goods += 1
        if not patient.rests or patient.goods >= self._most_failures:
            del self._patients[host]
        else:  # one good answer between long rows of bad ones does not make it well
            patient.failures = 0
            patient.urls.clear()
            patient.is_resting = False
        return was_resting

    def failed(self, host: str, outcome: Outcome, at: float, *, was_probe: bool) -> Rest | GiveUp | None:
        """A host failed; what follows, if anything does.

        Args:
            host: Which.
            outcome: A bad one.
            at: When, in seconds since 1970.
            was_probe: What `came` said.
        """
        if not self._most_failures:
            return None
        patient = self._patients.get(host)
        if patient is None:
            patient = self._patients[host] = _Patient(at)
            if len(self._patients) > MOST_PATIENTS:
                del self._patients[next(iter(self._patients))]
        if not patient.failures:
            patient.since = at
        patient.failures += 1
        if len(patient.urls) <= FEW_URLS:
            patient.urls.add(outcome.request.target)
        if patient.given_up or (patient.is_resting and not was_probe):  # it was out before the rest began
            return None
        is_enough = patient.failures >= self._most_failures and len(patient.urls) > FEW_URLS
        if not (is_enough or was_probe):
            return None
        if patient.rests >= MOST_RESTS:
            patient.given_up = (
                f"the host was given up: no good answer since {_moment(patient.since)}, "
                f"{patient.failures} failures in a row and {patient.rests} rests; the last: {cause_of(outcome)}"
            )
            return GiveUp(message=patient.given_up, failures=patient.failures)
        wait_s = min(self._rest_s * 2.0**patient.rests, self._max_rest_s)
        patient.rests += 1
        patient.goods = 0
        patient.is_resting = True
        return Rest(wait_s=wait_s, failures=patient.failures)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
