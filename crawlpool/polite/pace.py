"""One host's pace, and that of an address which several hosts share: what the gate keeps of each."""

import heapq
import math
from typing import Final

from .adaptive import Adaptive
from .budget import Budget

DELAY: Final = "delay"
CRAWL_DELAY: Final = "crawl_delay"
RETRY_AFTER: Final = "retry_after"
FAILING: Final = "failing"
SLOW_SERVER: Final = "slow_server"
PER_HOST: Final = "per_host"
PER_ADDRESS: Final = "per_address"
RATE: Final = "rate"
BANDWIDTH: Final = "bandwidth"
"""Why a host waits, in a word: what `Gate.why` and `Gate.holds_back_by` say."""


class Host:
    """One host's pace; times are those of a monotonic clock.

    Attributes:
        name: The host.
        cap: Requests that it may have at once, now.
        out: Requests that it has.
        delay_s: Seconds between the starts of two requests, by the rule.
        slowed_by: What set `delay_s`.
        last_at: When the last request started.
        next_at: When the next may.
        waits_for: What set `next_at`.
        ready_at: When it last had both something to ask for and room for it.
        ticket: Of its entry in a heap; 0 when it has none.
        has_work: Something waits for it.
        is_met: Its address is known, or need not be.
        is_counted: It has an entry among its address's delays.
        is_fading: It has an entry among the hosts that may be forgotten.
        address: What it shares with others; None while it stands alone.
        adaptive: What its answers say of its load; None before the first.
        bytes: What it may send a second; None for no limit.
    """

    __slots__ = (
        "adaptive",
        "address",
        "bytes",
        "cap",
        "delay_s",
        "has_work",
        "is_counted",
        "is_fading",
        "is_met",
        "last_at",
        "name",
        "next_at",
        "out",
        "ready_at",
        "slowed_by",
        "ticket",
        "waits_for",
    )

    def __init__(self, name: str, cap: int, delay_s: float, slowed_by: str) -> None:
        """Nothing was asked yet."""
        self.name = name
        self.cap = cap
        self.out = 0
        self.delay_s = delay_s
        self.slowed_by = slowed_by
        self.last_at = -math.inf
        self.next_at = 0.0
        self.waits_for = ""
        self.ready_at = 0.0
        self.ticket = 0
        self.has_work = False
        self.is_met = True
        self.is_counted = False
        self.is_fading = False
        self.address: Address | None = None
        self.adaptive: Adaptive | None = None
        self.bytes: Budget | None = None

    @property
    def spacing_s(self) -> float:
        """Seconds between the starts of two requests: by the rule, or more where the server is slow."""
        adaptive = self.adaptive
        return self.delay_s if adaptive is None or adaptive.spacing_s <= self.delay_s else adaptive.spacing_s

    def wait_until(self, moment: float, why: str) -> None:
        """Let nothing start before a moment."""
        if moment > self.next_at:
            self.next_at, self.waits_for = moment, why

    def space(self, since: float) -> None:
        """Leave the spacing between a request that started then and the next."""
        spacing_s = self.spacing_s
        if spacing_s > 0:
            self.wait_until(since + spacing_s, self.slowed_by if spacing_s == self.delay_s else SLOW_SERVER)


class Address:
    """What hosts at one address share: how many requests at once, and the largest of their delays.

    Attributes:
        key: See `addresses.py`.
        cap: Requests at once.
        out: Requests that its hosts have.
        hosts: How many hosts are known to be there.
        last_at: When the last request to any of them started.
        next_at: When the next may.
        heap: Its hosts that have something to ask for and room: when, ticket, host.
        ticket: Of its own entry in the gate's heap; 0 when it has none.
        due: The moment of that entry.
    """

    __slots__ = ("_delays", "cap", "due", "heap", "hosts", "key", "last_at", "next_at", "out", "ticket")

    def __init__(self, key: str, cap: int) -> None:
        """Nobody is there."""
        self.key = key
        self.cap = cap
        self.out = 0
        self.hosts = 0
        self.last_at = -math.inf
        self.next_at = -math.inf
        self.heap: list[tuple[float, int, Host]] = []
        self.ticket = 0
        self.due = 0.0
        self._delays: list[tuple[float, str, Host]] = []

    def count_delay(self, host: Host) -> None:
        """Heed the delay of a host that is there and active."""
        if host.delay_s > 0 and not host.is_counted:
            host.is_counted = True
            heapq.heappush(self._delays, (-host.delay_s, host.name, host))
            self.space(host.last_at)

    def space(self, since: float) -> None:
        """Leave the spacing between the last request, or one that started then, and the next."""
        self.last_at = max(self.last_at, since)
        if self._delays and (spacing_s := self.spacing_s()) > 0:
            self.next_at = max(self.next_at, self.last_at + spacing_s)

    def spacing_s(self) -> float:
        """The largest delay of its hosts that are asked now; what a host that is done with wanted holds no others."""
        delays = self._delays
        while delays:
            negative, _, host = delays[0]
            if host.address is self and -negative == host.delay_s and (host.has_work or host.out):
                return -negative
            heapq.heappop(delays)
            if host.address is self and -negative == host.delay_s:
                host.is_counted = False
        return 0.0
