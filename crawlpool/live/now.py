"""What a crawl does at this moment: which hosts are asked or wait, what each worker holds, what failed last.

Only the crawl's own thread looks. Looking changes nothing and asks nobody; of many
hosts only a few are looked at, so that it costs the same for ten as for ten thousand.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ..crew import Crew
from ..model import Failure
from ..polite.gate import Gate
from ..stats import Stats

State: TypeAlias = Literal["working", "waiting", "resting", "given up", "idle"]

CHOOSE_S: Final = 2.0
"""Seconds after which it is chosen anew which hosts are looked at; how they are is looked up each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNow:
    """One host.

    Attributes:
        host: Its name.
        state: Whether it is asked, waits for a moment, rests because of what it answered, or is given up.
        why: What it waits or rests for, in a word of `Gate.why`; of one that is given up, what it failed at.
        for_s: Seconds until it may be asked again; 0.0 where that is not a matter of time.
        out: Requests that workers hold for it.
        pages: Its URLs that came to an end.
        failed: Those of them without a good answer.
        mean_s: Seconds of one request, on average.
    """

    host: str
    state: State
    why: str = ""
    for_s: float = 0.0
    out: int = 0
    pages: int = 0
    failed: int = 0
    mean_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneNow:
    """One worker.

    Attributes:
        number: The lane's.
        pid: Its process id.
        url: What it fetches; "" for one that has nothing to do.
        for_s: Seconds since it got that, or since it last brought something.
        ahead: Requests that it has at hand besides.
    """

    number: int
    pid: int
    url: str
    for_s: float
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What a crawl does at one moment.

    Attributes:
        hosts: Some of them: those that are asked first, then those that were held back longest or failed.
        lanes: All of them, by number.
        failures: Those of late, the last one first.
        is_paused: Nothing is started.
    """

    hosts: Sequence[HostNow]
    lanes: Sequence[LaneNow]
    failures: Sequence[Failure]
    is_paused: bool


class Look:
    """Looks at a crawl, again and again.

    Args:
        crew: Its lanes.
        gate: When its hosts may be asked.
        stats: Its counts.
    """

    def __init__(self, crew: Crew, gate: Gate, stats: Stats) -> None:
        """Look at nothing yet."""
        self._crew = crew
        self._gate = gate
        self._stats = stats
        self._chosen: list[str] = []
        self._chosen_at = float("-inf")
        self._most = 0

    def __call__(self, now: float, *, most: int) -> Now:
        """What it does now.

        Args:
            now: The time, of a monotonic clock.
            most: Hosts and failures at most.
        """
        out: dict[str, int] = {}
        lanes = []
        for lane in self._crew.holdings():
            held = lane.held
            for _, each in held.values():
                out[each] = out.get(each, 0) + 1
            first = next(iter(held.values()), None)
            lanes.append(
                LaneNow(
                    number=lane.number,
                    pid=lane.lane.pid,
                    url=first[0].target if first else "",
                    for_s=max(0.0, now - max(lane.moved_at, lane.begun_at)) if held else 0.0,
                    ahead=len(held) - lane.taken,
                )
            )
        is_more = len(self._chosen) < min(most, len(self._stats.hosts))
        if now - self._chosen_at >= CHOOSE_S or most > self._most or is_more:
            self._choose(now, most)
        names = dict.fromkeys((*sorted(out), *self._chosen))
        failures = self._stats.last_failures
        return Now(
            hosts=[self._host(each, out.get(each, 0), now) for each in list(names)[:most]],
            lanes=lanes,
            failures=[failures[-place] for place in range(1, min(most, len(failures)) + 1)],
            is_paused=self._stats.is_paused,
        )

    def _choose(self, now: float, most: int) -> None:
        """Find hosts worth a row: held back longest, at rest or given up, then those with most pages."""
        stats = self._stats
        found = [each.host for each in self._gate.slowest(most)]
        found += [name for name, note in stats.host_notes.items() if note.is_given_up or note.rests][-most:]
        if len(found) < most:
            found += heapq.nlargest(most, stats.hosts, key=lambda name: stats.hosts[name].pages)
        self._chosen, self._chosen_at, self._most = list(dict.fromkeys(found)), now, most

    def _host(self, name: str, out: int, now: float) -> HostNow:
        state: State
        note = self._stats.host_notes.get(name)
        if note is not None and note.is_given_up:
            state, why, for_s = "given up", note.cause, 0.0
        else:
            why, for_s = self._gate.why(name, now)
            if for_s > 0 and why in {"failing", "retry_after"}:
                state = "resting"
            elif out:
                state = "working"
            else:
                state = "waiting" if why else "idle"
        count = self._stats.hosts.get(name)
        return HostNow(
            host=name,
            state=state,
            why=why,
            for_s=for_s,
            out=out,
            pages=0 if count is None else count.pages,
            failed=0 if count is None else count.failed,
            mean_s=0.0 if count is None else count.mean_s,
        )
