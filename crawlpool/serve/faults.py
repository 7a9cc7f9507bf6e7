"""What goes wrong on purpose: slow answers, failed ones, and a limit on requests.

Which answer fails depends on the seed, the path and how often it was asked, and on
nothing else: the same crawl meets the same faults in whatever order it runs.
"""

import math
import random
from collections import Counter
from dataclasses import dataclass
from enum import Enum

from ..errors import ConfigError

_MOST_PATHS = 1_000_000
_MOST_CLIENTS = 10_000


class Fault(Enum):
    """How an answer fails."""

    ERROR = 500
    UNAVAILABLE = 503
    BROKEN = 0  # the connection is dropped without a byte


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What befalls one answer: a wait in seconds, and a fault or None."""

    wait_s: float = 0.0
    fault: Fault | None = None


class Faults:
    """Decides which answers wait and which fail.

    robots.txt waits but never fails: a host without one that can be read may not be
    crawled at all (RFC 9309, 2.3.1.4), and that would hide every other fault.

    Args:
        latency_s: Every answer waits this long.
        jitter_s: And up to this much longer.
        errors: Share of answers that fail, 0 to 1.
        seed: Another seed lets other answers fail.

    Raises:
        ConfigError: A value is out of range.
    """

    def __init__(
        self, *, latency_s: float = 0.0, jitter_s: float = 0.0, errors: float = 0.0, seed: int = 0
    ) -> None:
        _check("latency", latency_s, "seconds, 0 or more", is_right=latency_s >= 0)
        _check("jitter", jitter_s, "seconds, 0 or more", is_right=jitter_s >= 0)
        _check("errors", errors, "a share from 0 to 1", is_right=0 <= errors <= 1)
        self._latency_s = latency_s
        self._jitter_s = jitter_s
        self._errors = errors
        self._seed = seed
        self._asked: Counter[str] = Counter()

    def trouble(self, path: str) -> Trouble:
        """What befalls the next answer to this path."""
        if not self._errors and not self._jitter_s:
            return Trouble(wait_s=self._latency_s)
        if len(self._asked) >= _MOST_PATHS:
            self._asked.clear()
        self._asked[path] += 1
        chance = random.Random(f"{self._seed} {self._asked[path]} {path}")  # noqa: S311  it should be repeatable
        wait_s = self._latency_s + chance.random() * self._jitter_s
        if chance.random() >= self._errors or path.partition("?")[0] == "/robots.txt":
            return Trouble(wait_s=wait_s)
        return Trouble(wait_s=wait_s, fault=chance.choice(list(Fault)))


class RateLimit:
    """So many requests a second for each client, a second's worth at once at most.

    Raises:
        ConfigError: `per_s` is not above 0.
    """

    def __init__(self, per_s: float) -> None:
        _check("rate_limit", per_s, "requests a second, above 0", is_right=per_s > 0)
        self._per_s = per_s
        self._most = max(1.0, per_s)
        self._clients: dict[str, tuple[float, float]] = {}

    def wait_s(self, client: str, now: float) -> int:
        """0 when a client may be answered, which counts; else whole seconds until it may."""
        if len(self._clients) >= _MOST_CLIENTS and client not in self._clients:
            del self._clients[next(iter(self._clients))]
        left, since = self._clients.get(client, (self._most, now))
        left = min(self._most, left + (now - since) * self._per_s)
        is_free = left >= 1
        self._clients[client] = (left - 1 if is_free else left, now)
        return 0 if is_free else max(1, math.ceil((1 - left) / self._per_s))


def _check(name: str, value: float, should: str, *, is_right: bool) -> None:
    if not is_right or not math.isfinite(value):
        raise ConfigError(f"{name} is {value!r}, and should be {should}")
