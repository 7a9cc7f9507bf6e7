"""Hosts that fail and hosts that never answered: who is asked now, who rests, who is given up.

    outcome ─▶ heard ──▶ Ailing   failures in a row: the gate rests the host, one request probes it
                    └──▶ Silent   no answer yet: its next try stands behind everything else

What decides is in `polite/ailing.py` and `polite/silent.py`; here is what follows for the
gate, the log and the counts. The loop's parts ask here before and after each request.
"""

import logging
import time

from .frontiers.base import Frontier
from .hostnotes import HostNotes
from .model import Failure, FailureKind, Outcome, Request, Response
from .polite.ailing import Ailing, GiveUp, Rest, cause_of, is_bad
from .polite.gate import Gate
from .polite.retry import spoken
from .polite.silent import Silent
from .urls import host

log = logging.getLogger("crawlpool")

_MOST_LOOKED_AT = 20
"""Hosts among which one that has answered is sought, when too many lanes wait for those that never did."""

_MOST_TOLD = 5
"""Hosts of which it is told what held them back."""

LONG_S = 3600.0
"""Seconds from which on it is said what a host's URLs will take at its Crawl-delay."""


class Hosts:
    """What is known of how hosts are.

    Args:
        ailing: Counts failures in a row.
        silent: Knows who never answered.
        gate: Rests hosts.
        notes: What is told of them at the end.
    """

    def __init__(self, *, ailing: Ailing, silent: Silent, gate: Gate, notes: HostNotes) -> None:
        """Know nothing yet."""
        self._ailing = ailing
        self._silent = silent
        self._gate = gate
        self._notes = notes

    # What goes out

    def next_host(self, now: float) -> str | None:
        """A host that may be asked now; one that has answered, if half the lanes wait for those that never did."""
        each = self._gate.next_host(now)
        if each is None or not self._silent.is_stranger(each) or not self._silent.is_crowded(now):
            return each
        passed = [each]
        found = None
        while found is None and len(passed) < _MOST_LOOKED_AT:
            other = self._gate.next_host(now)
            if other is None:
                break
            if self._silent.is_stranger(other):
                passed.append(other)
            else:
                found = other
        if found is None:
            found = passed.pop(0)
        for other in passed:
            self._gate.passed(other, now)
        return found

    def may_ask(self, each: str) -> bool:
        """Whether another request may go to a host; not while its one probe is out."""
        return self._ailing.may_ask(each)

    def asked(self, each: str, request: Request, now: float) -> None:
        """A request goes out."""
        self._ailing.asked(each, request.target)
        self._silent.asked(each, request.target, now)

    def is_quick(self, request: Request) -> bool:
        """Whether a worker is to wait for a connection less patiently than it could (`Want.QUICK`)."""
        return self._silent.is_near and self._silent.is_quick(host(request.target), request.attempt)

    def refusal(self, each: str, request: Request) -> Failure | None:
        """Why a host is asked nothing more in this run; None for one that is."""
        message = self._ailing.given_up(each)
        if not message:
            return None
        return Failure(
            request=request,
            kind=FailureKind.HOST_GIVEN_UP,
            message=message,
            attempts=request.attempt - 1,
            failed_at=time.time(),
        )

    def room_for_strangers(self, out: int, now: float) -> int:
        """How many tries at hosts that never answered may begin now: none while others are due.

        Args:
            out: Requests that are out, to whomever.
            now: The time.
        """
        due = self._gate.next_due()
        if due is not None and due <= now:
            return 0
        return self._silent.room(has_others=due is not None or out > self._silent.out)

    # What comes back

    def came(self, request: Request) -> bool:
        """A request is back, or lost with its worker; whether it was a probe. The host may then be asked again."""
        self._silent.came(request.target)
        each = host(request.target)
        was_probe = self._ailing.came(each, request.target)
        if was_probe:
            self._gate.wake(each)
        return was_probe

    def heard(self, outcome: Outcome, now: float, *, was_probe: bool) -> bool:
        """Take what a request came to; whether its host was resting, and rests on or is given up for it."""
        each = host(outcome.request.target)
        if isinstance(outcome, Response):
            self._silent.answered(each, outcome)
        bad = is_bad(outcome)
        if bad is None:
            return False
        if not bad:
            if self._ailing.answered(each):
                log.info("host.well host=%s", each)
            return False
        at = outcome.failed_at if isinstance(outcome, Failure) else outcome.fetched_at
        follows = self._ailing.failed(each, outcome, at, was_probe=was_probe)
        if isinstance(follows, Rest):
            self._gate.rest(each, now + follows.wait_s, because="failing")
            self._notes.rested(each, follows.wait_s, cause_of(outcome), is_failing=True, now=now)
            log.info(
                "host.rests host=%s because=failing failures=%d wait_ms=%d last=%r",
                each,
                follows.failures,
                follows.wait_s * 1000,
                cause_of(outcome),
            )
        elif isinstance(follows, GiveUp):
            self._notes.given_up(each, cause_of(outcome))
            log.warning(
                "host.given_up host=%s failures=%d last=%r", each, follows.failures, cause_of(outcome)
            )
        return was_probe and follows is not None

    def learned(self, each: str, delay_s: float, waiting: int) -> None:
        """A host's robots.txt asks for time between two requests, and so many of its URLs are known to wait."""
        note = self._notes.of(each)
        note.delay_s, note.waiting = delay_s, waiting
        if note.would_take_s >= LONG_S:
            log.warning(
                "host.slow host=%s because=crawl_delay urls=%d delay_s=%g would_take=%s",
                each,
                waiting,
                delay_s,
                spoken(note.would_take_s),
            )

    def sum_up(self, frontier: Frontier, now: float) -> None:
        """The crawl ends: note what waits for hosts that were asked slowly, and which were held back longest."""
        self._notes.ended(now)
        for each, note in self._notes.items():
            if note.delay_s:
                note.waiting = frontier.waiting(each)
        for slowed in self._gate.slowest(_MOST_TOLD):
            self._notes.of(slowed.host).held_s = dict(slowed.held_s)

    def rest(self, outcome: Outcome, wait_s: float, now: float) -> None:
        """Leave a host alone for as long as it asked for."""
        each = host(outcome.request.target)
        self._gate.rest(each, now + wait_s)
        self._notes.rested(each, wait_s, cause_of(outcome), is_failing=False, now=now)
        log.info(
            "host.rests host=%s because=retry_after wait_ms=%d last=%r",
            each,
            wait_s * 1000,
            cause_of(outcome),
        )

    def is_silence(self, outcome: Outcome) -> bool:
        """Whether an outcome is the silence of a host that never answered."""
        return self._silent.is_silence(host(outcome.request.target), outcome)

    def is_hopeless(self, request: Request) -> bool:
        """Whether the last try of a request need not be made: its host never answered, nor did any at a last try."""
        return self._silent.is_hopeless(host(request.target), request.attempt)

    def failed(self, outcome: Outcome) -> None:
        """A request is not tried again."""
        self._silent.failed(host(outcome.request.target), outcome)
