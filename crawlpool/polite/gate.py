"""When a host may be asked: how many requests it has now, how long since the last, how long it rests.

The gate owns time and knows no URLs; the frontier owns URLs and knows no time.
Every call is O(log hosts) and the time is passed in, so a test needs no sleep.

A host is in one of three states:

    idle      nothing waits for it; forgotten (`register.py`), unless its pace is one of its own
    due       in a heap (`turns.py`), with the moment from which it may be asked
    full      as many requests are out as it may have at once

What keeps it, and where that is:

    delay, Crawl-delay    `Host.delay_s`      between the starts of two requests; of its address, the largest
    Retry-After           `Host.next_at`      the host's alone
    per host              `Host.cap`          lowered by `adaptive.py` when it slows or complains
    per address           `Address.cap`       for all hosts there; one whose address is not known yet has one request
    rate, bandwidth       `budget.py`         of a host, and of all

`why` says in a word what holds a host, and `slowest` whom it held longest.
"""

import logging
import math
from typing import NamedTuple

from .adaptive import BEYOND_S, TIMES, Adaptive, Elsewhere, Sign
from .budget import Budget
from .held import Held, Slowed
from .pace import (
    BANDWIDTH,
    CRAWL_DELAY,
    DELAY,
    FAILING,
    PER_ADDRESS,
    PER_HOST,
    RATE,
    RETRY_AFTER,
    SLOW_SERVER,
    Host,
)
from .register import Register
from .turns import Turns

log = logging.getLogger("crawlpool")


EVERYBODY = ""
"""In place of a host: what holds all of them, the rate and the bandwidth, from one run to the next."""


class Heard(NamedTuple):
    """What an outcome tells of its host's pace; see `hearing.py`.

    Attributes:
        sign: What it says of the load there.
        began_at: When its request went out.
        wait_s: Seconds from there to the first byte, less those that this machine was busy.
        size: Bytes that it took.
        address: The far end, such as "192.0.2.7:443"; "" when that is not known.
        is_answer: Whether there was an answer at all.
    """

    sign: Sign
    began_at: float
    wait_s: float = 0.0
    size: int = 0
    address: str = ""
    is_answer: bool = True


class Paced(NamedTuple):
    """What a later run must know of a host to keep its pace; times are those of the gate's clock.

    Attributes:
        host: The host.
        last_at: When it was asked last.
        spacing_s: Seconds that are left between two requests.
        until: When it may be asked again, at the earliest.
        why: What for, in a word of `Gate.why`.
    """

    host: str
    last_at: float
    spacing_s: float
    until: float
    why: str


class Gate:
    """Says which host may be asked now, and when the next one may.

    Args:
        per_host: Requests that one host may have at once.
        delay_s: Seconds between the starts of two requests to one host, at least.
        per_address: Requests that all hosts at one address may have at once; 0: addresses count for nothing.
        is_adaptive: Whether a host that slows or complains is asked less.
        rate: Requests a second, of all hosts; None for no limit.
        host_rate: Requests a second, of one host.
        bandwidth: Bytes a second, of all hosts.
        host_bandwidth: Bytes a second, of one host.

    Attributes:
        keeps_pace: Somebody asks for what is `unsaved`; else nothing is kept for that.
        has_news: A rest or a delay that a server asked for is among it.
    """

    def __init__(
        self,
        *,
        per_host: int,
        delay_s: float,
        per_address: int = 0,
        is_adaptive: bool = False,
        rate: float | None = None,
        host_rate: float | None = None,
        bandwidth: float | None = None,
        host_bandwidth: float | None = None,
    ) -> None:
        """Start with no host known."""
        self._per_host = per_host
        slowed_by = DELAY
        if host_rate is not None and 1 / host_rate > delay_s:
            delay_s, slowed_by = 1 / host_rate, RATE
        self._per_address = per_address
        self._is_adaptive = is_adaptive
        self._requests = None if rate is None else Budget(rate)
        self._bytes = None if bandwidth is None else Budget(bandwidth)
        self._turns = Turns()
        self._register = Register(
            self._turns,
            per_host=per_host,
            delay_s=delay_s,
            slowed_by=slowed_by,
            per_address=per_address,
            host_bandwidth=host_bandwidth,
        )
        self._elsewhere = Elsewhere()
        self._held = Held()
        self._unsaved: dict[str, None] = {}
        self.keeps_pace = False
        self.has_news = False

    # Who may be asked

    def wake(self, host: str, *, is_next: bool = False) -> None:
        """Something waits for this host; `is_next` lets it have its turn before all others."""
        state = self._register.state(host)
        state.has_work = True
        if state.address is not None:
            state.address.count_delay(state)
        if is_next and state.out < state.cap:
            self._turns.push(state, -1.0)  # before every moment
        self._turns.schedule(state)

    def next_host(self, now: float) -> str | None:
        """A host that may be asked now, the longest due first; the caller then says `started`, `passed` or `idle`."""
        self._register.forget(now)
        if self._free_at() > now:
            return None
        state = self._turns.next(now)
        return None if state is None else state.name

    def next_due(self) -> float | None:
        """The moment at which `next_host` may have one; None while nothing is scheduled."""
        due = self._turns.due()
        return None if due is None else max(due, self._free_at())

    def _free_at(self) -> float:
        """When the rate and the bandwidth of all hosts together let another request go."""
        free_at = -math.inf if self._requests is None else self._requests.next_at
        return free_at if self._bytes is None else max(free_at, self._bytes.next_at)

    def may_hand_ahead(self, host: str, now: float) -> bool:
        """Whether a lane that serves this host may be given its next request early: nothing but order holds it back."""
        if self._requests is not None or self._bytes is not None:
            return False
        state = self._register.state(host)
        if state.spacing_s or state.next_at > now or state.out > state.cap or state.bytes is not None:
            return False
        address = state.address
        return address is None or (
            address.next_at <= now and address.out <= address.cap and not address.spacing_s()
        )

    def is_another_due(self, host: str, now: float) -> bool:
        """Whether some other host could be asked now, if only a worker were free."""
        return self._turns.is_another_due(self._register.get(host), now)

    # What happens to requests

    def started(self, host: str, now: float) -> None:
        """A request to this host went out."""
        self._turns.now = now
        state = self._register.state(host)
        self._count_held(state, now)
        state.out += 1
        state.last_at = now
        state.space(now)
        if self.keeps_pace and state.spacing_s:
            self._unsaved[host] = None
        if self._requests is not None:
            self._requests.spend(1.0, now)
        if self._bytes is not None:
            self._bytes.expect(now)
        if state.bytes is not None:
            state.bytes.expect(now)
            state.wait_until(state.bytes.next_at, BANDWIDTH)
        address = state.address
        if address is not None:
            address.out += 1
            address.space(now)
        self._turns.schedule(state)

    def began(self, host: str, at: float) -> None:
        """A request really went out at this moment; a worker that had to start first makes it later than `started`."""
        state = self._register.state(host)
        self._began(state, at)
        if self._requests is not None:
            self._requests.spent_at(at)
        self._turns.schedule(state)

    def is_spaced(self, host: str) -> bool:
        """Whether time has to pass between two requests to this host, or between any two."""
        state = self._register.state(host)
        address = state.address
        return bool(
            state.spacing_s or self._requests is not None or (address is not None and address.spacing_s())
        )

    def _began(self, state: Host, at: float) -> None:
        state.last_at = max(state.last_at, at)
        state.space(at)
        if state.address is not None:
            state.address.space(at)

    def heard(self, host: str, heard: Heard, now: float) -> None:
        """A request to this host came to something; `finished` is said besides."""
        self._turns.now = now
        state = self._register.state(host)
        if heard.is_answer:
            self._began(state, heard.began_at)
            if self._requests is not None:
                self._requests.spent_at(heard.began_at)
            if self._per_address:
                self._register.meet(state, heard.address)
        if heard.size:
            if self._bytes is not None:
                self._bytes.took(heard.size)
            if state.bytes is not None:
                state.bytes.took(heard.size)
        if self._is_adaptive and heard.sign:
            self._adapt(state, heard, now)

    def finished(self, host: str) -> None:
        """A request to this host came back, however it went."""
        state = self._register.state(host)
        state.out = max(0, state.out - 1)
        if self._bytes is not None:
            self._bytes.over()
        if state.bytes is not None:
            state.bytes.over()
            state.wait_until(state.bytes.next_at, BANDWIDTH)
        if state.address is not None:
            state.address.out = max(0, state.address.out - 1)
        self._turns.schedule(state)
        if not state.has_work:
            self._register.fade(state)

    def passed(self, host: str, now: float) -> None:
        """This host had its turn and was asked nothing; it comes again behind those that are due by now."""
        state = self._register.state(host)
        state.has_work = True
        state.next_at = max(state.next_at, now)
        self._turns.schedule(state)

    def idle(self, host: str) -> None:
        """Nothing waits for this host after all."""
        state = self._register.state(host)
        state.has_work = False
        if state.address is not None:
            self._turns.schedule_address(state.address)
        self._register.fade(state)

    # What servers ask for

    def slow_to(self, host: str, delay_s: float) -> None:
        """Leave at least this long between two requests (a Crawl-delay); never shorter than before."""
        state = self._register.state(host)
        if delay_s <= state.delay_s:
            return
        state.delay_s, state.slowed_by = delay_s, CRAWL_DELAY
        state.is_counted = False
        state.wait_until(state.last_at + delay_s, CRAWL_DELAY)
        if state.address is not None:
            state.address.count_delay(state)
        self._note(host)

    def rest(self, host: str, until: float, *, because: str = RETRY_AFTER) -> None:
        """Ask this host nothing before `until`: it asked for that (a Retry-After), or it is failing."""
        state = self._register.state(host)
        if until > state.next_at:
            state.wait_until(until, because)
            self._note(host)

    def _note(self, host: str) -> None:
        """Remember for the next run what was learned of a host."""
        if self.keeps_pace:
            self._unsaved[host] = None
            self.has_news = True

    def _adapt(self, state: Host, heard: Heard, now: float) -> None:
        adaptive = state.adaptive
        if adaptive is None:
            if heard.sign == "plain":
                return
            adaptive = state.adaptive = Adaptive(self._per_host)
        elsewhere = 1.0
        usual_s = adaptive.usual_s
        if usual_s and heard.sign == "good":
            if heard.wait_s > TIMES * usual_s and heard.wait_s - usual_s > BEYOND_S:
                elsewhere = self._elsewhere.times(state.name, now)
            self._elsewhere.note(state.name, heard.wait_s / usual_s, now)
        came_to = adaptive.hear(
            heard.sign, began_at=heard.began_at, now=now, wait_s=heard.wait_s, elsewhere=elsewhere
        )
        if not came_to:
            return
        is_slower = came_to == "slowed"
        state.cap = adaptive.at_once if state.is_met else 1
        state.space(state.last_at)
        log.info(
            "host.%s host=%s because=%s at_once=%d spacing_ms=%d",
            came_to,
            state.name,
            (heard.sign if heard.sign != "good" else "slower") if is_slower else "good answers",
            adaptive.at_once,
            state.spacing_s * 1000,
        )
        if is_slower:
            self._held.add(state.name, SLOW_SERVER, 0.0)
        else:
            self._turns.schedule(state)

    # What it says

    def why(self, host: str, now: float) -> tuple[str, float]:
        """What keeps a host from being asked, in a word, and for how many seconds; ("", 0.0) for nothing.

        The words: "delay", "crawl_delay", "retry_after", "failing", "slow_server" (it slowed down or
        complained), "rate", "bandwidth", "per_host", "per_address". The last two, and "slow_server"
        where only the number at once is lowered, end with an answer and not by time: they come with 0.0.
        """
        state = self._register.get(host)
        if state is None:
            return self._all_wait_for(now)
        reason, until = self._waits_for(state)
        if until > now:
            return reason, until - now
        if state.out >= state.cap:
            is_lowered = state.adaptive is not None and state.cap < self._per_host and state.is_met
            return (SLOW_SERVER if is_lowered else PER_HOST if state.is_met else PER_ADDRESS), 0.0
        if state.address is not None and state.address.out >= state.address.cap:
            return PER_ADDRESS, 0.0
        return "", 0.0

    def _all_wait_for(self, now: float) -> tuple[str, float]:
        free_at = self._free_at()
        if free_at <= now:
            return "", 0.0
        is_rate = self._requests is not None and self._requests.next_at == free_at
        return (RATE if is_rate else BANDWIDTH), free_at - now

    def _waits_for(self, state: Host) -> tuple[str, float]:
        """What a host waits for, and until when; a moment that is past when it may go."""
        reason, until = state.waits_for, state.next_at
        if state.address is not None and state.address.next_at > until:
            reason, until = PER_ADDRESS, state.address.next_at
        free_at = self._free_at()
        if free_at > until:
            return self._all_wait_for(-math.inf)[0], free_at
        return reason, until

    def slowest(self, most: int) -> list[Slowed]:
        """The hosts that were held longest, with what held them up to their last request, and their pace now."""
        found = self._held.longest(most)
        for each in found:
            state = self._register.get(each.host)
            each.at_once = self._per_host if state is None else state.cap
            each.spacing_s = 0.0 if state is None else state.spacing_s
        return found

    def holds_back_by(self) -> str:
        """What the host that is due next waits for, in a word of `why`; "per_host" while none is due by time."""
        first = self._turns.first()
        if first is None:
            return PER_HOST
        each = first[1] if isinstance(first[1], Host) else self._turns.first_at(first[1])
        return PER_ADDRESS if each is None else self._waits_for(each)[0]

    def _count_held(self, state: Host, now: float) -> None:
        reason, until = self._waits_for(state)
        held_s = min(now, until) - state.ready_at
        if held_s > 0.001 and reason:
            self._held.add(state.name, reason, held_s)

    # From one run to the next

    def unsaved(self) -> list[Paced]:
        """Hosts whose pace a later run has to know, and that changed since this was asked last.

        One that rests because it fails is none of them: a later run tries it anew.
        """
        self.has_news = False
        names, self._unsaved = self._unsaved, {}
        found = [
            Paced(name, state.last_at, state.spacing_s, state.next_at, state.waits_for or state.slowed_by)
            for name in names
            if (state := self._register.get(name)) is not None and state.waits_for != FAILING
        ]
        free_at = self._free_at()
        if self.keeps_pace and math.isfinite(free_at):
            found.append(Paced(EVERYBODY, -math.inf, 0.0, free_at, self._all_wait_for(-math.inf)[0]))
        return found

    def restore(self, host: str, *, last_at: float, until: float, why: str) -> None:
        """An earlier run asked this host then; it may be asked again from `until` on."""
        if host == EVERYBODY:
            self.all_wait_until(until)
            return
        state = self._register.state(host)
        state.last_at = max(state.last_at, last_at)
        state.wait_until(until, why)

    def all_wait_until(self, moment: float) -> None:
        """Ask nobody before this moment, if there is a rate or a bandwidth of all hosts: an earlier run spent it."""
        budget = self._requests or self._bytes
        if budget is not None:
            budget.next_at = max(budget.next_at, moment)

    def begin_at(self, moment: float) -> None:
        """Ask no host before this moment: any may have been asked just now, by a run that was killed."""
        self._register.begins_at = moment
