"""An open lane, and what it holds: requests that went out and are not answered, oldest first.

A lane has as many places as its worker has connections. A request that is sent takes one, and
with it one of the places that its host gives us. A request that is handed ahead takes none: it
starts when another of its host is answered, and takes that one's place over.
"""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .backends.base import Lane
from .model import Outcome, Request
from .worker.exchange import LINGER_S
from .worker.wire import Answer, Order, Parcel, outcome_of

MOST_AHEAD = 16
"""Requests of a host that a busy lane is handed at once for each place, at most."""

START_S = 10.0
"""Seconds that a worker gets besides while it has begun nothing: it may still be loading."""

_MOST_EXCHANGES = 2
"""Exchanges of many connections at once: one under way, and one behind it that brings what is new."""


class Settled(NamedTuple):
    """What a lane brought back.

    Attributes:
        number: The id of the request.
        outcome: What came of it.
        goes_on: Another request of its host goes on in its place.
    """

    number: int
    outcome: Outcome
    goes_on: bool


@dataclass(slots=True)
class Holding:
    """A lane and its requests, as the main thread knows them.

    Attributes:
        number: The lane's.
        lane: The way to the worker.
        arrived: Has an entry for each delivery of this lane that the main thread has not taken yet.
        moved_at: When it last brought something, got something to do, or was opened.
        connections: Requests that its worker may have under way at once.
        held: By their ids, requests and their hosts, oldest first.
        exchanges: How many are under way.
        begun: The ids that its worker had begun, when we last looked.
        begun_at: When we first saw those.
        pace_s: Seconds that an answer takes, on average of late.
        host: Whose request it was sent last.
        is_leaving: It is handed nothing more, and ends when it holds nothing.
        is_alone: What it holds is to be under way by itself.
        deepest: Depth of the deepest page whose links its worker knows to be taken.
    """

    number: int
    lane: Lane
    arrived: deque[None]
    moved_at: float
    connections: int = 1
    held: dict[int, tuple[Request, str]] = field(default_factory=dict)
    exchanges: int = 0
    begun: tuple[int, ...] | None = ()
    begun_at: float = 0.0
    pace_s: float = 1.0
    host: str = ""
    is_leaving: bool = False
    is_alone: bool = False
    deepest: int = 0
    _has_begun: bool = False
    _taken: int = 0  # places
    _places: dict[str, int] = field(default_factory=dict)  # of them, by host
    _counts: dict[str, int] = field(default_factory=dict)  # requests held, by host
    _outbox: list[Order] = field(default_factory=list)
    _taken_links: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)  # not told yet
    _since: dict[int, float] = field(default_factory=dict)  # ids that were begun, and when we first saw that

    @property
    def room(self) -> int:
        """Requests that could start at once."""
        return 0 if self.is_alone or self.is_leaving else self.connections - self._taken

    @property
    def taken(self) -> int:
        """Places that are taken."""
        return self._taken

    def serves(self, host: str) -> bool:
        """Whether it has a connection to this host open, as far as we know."""
        return host == self.host or host in self._places

    @property
    def is_loading(self) -> bool:
        """Whether its worker has begun nothing yet, as far as that can be known."""
        if not self._has_begun:
            begun = self.lane.begun()
            self._has_begun = begun is None or any(begun)
        return not self._has_begun

    def start(self, number: int, request: Request, parcel: Parcel, host: str) -> None:
        """Take a place for a request, and send it with the next `flush`."""
        self.host = host
        self._taken += 1
        self._places[host] = self._places.get(host, 0) + 1
        self._hold(number, request, parcel, host)

    def hand_ahead(self, number: int, request: Request, parcel: Parcel, host: str) -> None:
        """Send a request, with the next `flush`, that starts when another of its host is answered."""
        self._hold(number, request, parcel, host)

    def _hold(self, number: int, request: Request, parcel: Parcel, host: str) -> None:
        if not self.held:
            self.moved_at = time.monotonic()
        self.held[number] = request, host
        self._counts[host] = self._counts.get(host, 0) + 1
        self._outbox.append((number, *parcel))

    def flush(self) -> None:
        """Send what is to be sent, in one exchange; while two are under way, it waits for one of them."""
        if not self._outbox or (self.connections > 1 and self.exchanges >= _MOST_EXCHANGES):
            return
        orders, self._outbox = self._outbox, []
        self.exchanges += 1
        taken, self._taken_links = tuple(self._taken_links), []
        self.lane.send(orders, tuple(self._places.items()) if self.connections > 1 else (), taken)

    def took_links(self, taken: Iterable[tuple[int, tuple[int, ...]]], depth: int) -> None:
        """Tell the worker, with the next `flush` of orders, which of its links were taken, of pages up to a depth."""
        self._taken_links.extend(taken)
        self.deepest = max(self.deepest, depth)

    def rooms_ahead(self) -> list[tuple[str, int]]:
        """Hosts of which it could be handed more while it is busy with them, and how many.

        One a place, of any server that takes its time, so that its worker has the next URL
        at hand when an answer is here. Of one that answers in less than `LINGER_S`,
        as many as fit into that, so that one crossing carries several.
        """
        if self.is_leaving or self.is_alone or not self.held:
            return []
        each = max(1, min(MOST_AHEAD, int(LINGER_S / (self.pace_s * max(1, self._taken)))))
        if self.connections == 1:
            return [(self.host, each)] if self.exchanges == 1 else []
        return [
            (host, room)
            for host, places in self._places.items()
            if (room := places * (each + 1) - self._counts[host]) > 0
        ]

    def settle(self, answers: Sequence[Answer]) -> tuple[list[Settled], list[tuple[Request, bool]]]:
        """Turn answers into outcomes, and let go of what is answered.

        Returns:
            The outcomes; and what comes back without having been begun, with whether another request of its host
            goes on in its place.
        """
        self.exchanges -= 1
        settled: list[Settled] = []
        given_back: list[tuple[Request, bool]] = []
        for answer in answers:
            taken = self.held.pop(answer[0], None)
            if taken is None:
                continue
            request, host = taken
            does_go_on = self._let_go(host)
            if answer[1] is None:
                given_back.append((request, does_go_on))
            else:
                settled.append(Settled(answer[0], outcome_of(answer, request), does_go_on))
        if answers:
            now = time.monotonic()
            self.pace_s += 0.25 * ((now - self.moved_at) / len(answers) - self.pace_s)
            self.moved_at = now
        if not self.held:
            self.is_alone = False
        if self._outbox:
            self.flush()
        elif self.held and self.exchanges == 0:
            # Some stayed with the worker, which moves only inside an exchange.
            self.exchanges += 1
            self.lane.send(())
        return settled, given_back

    def _let_go(self, host: str) -> bool:
        """One request of a host less; whether another takes its place over."""
        left = self._counts[host] - 1
        if left:
            self._counts[host] = left
        else:
            del self._counts[host]
        places = self._places[host]
        if left >= places:
            return True
        self._taken -= 1
        if places > 1:
            self._places[host] = places - 1
        else:
            del self._places[host]
        return False

    def all_held(self) -> list[tuple[int, Request, bool]]:
        """Everything it holds, with whether it has a place: id, request, place."""
        places = dict(self._places)
        held = []
        for number, (request, host) in self.held.items():
            left = places.get(host, 0)
            places[host] = left - 1
            held.append((number, request, left > 0))
        return held

    def was_away(self, seconds: float, now: float) -> None:
        """Do not count seconds in which the main thread was elsewhere."""
        self.moved_at = min(now, self.moved_at + seconds)
        self.begun_at = min(now, self.begun_at + seconds)
        self._since = {each: min(now, since + seconds) for each, since in self._since.items()}

    def has_hung(self, now: float, patience_s: float) -> bool:
        """Whether a request takes longer than any may: counted from where its worker began it, if that is known."""
        begun = self.lane.begun()
        if begun != self.begun:
            self.begun, self.begun_at = begun, now
            self._since = {each: self._since.get(each, now) for each in begun or ()}
        if begun is not None and not any(begun):
            patience_s += START_S
        if not self.held:
            return False
        return now - max(self.moved_at, self.begun_at) > patience_s or bool(self.overdue(now, patience_s))

    def overdue(self, now: float, patience_s: float) -> list[int]:
        """The ids of what its worker began too long ago, where there are others that go on."""
        if self.connections == 1:
            return []
        return [each for each, since in self._since.items() if now - since > patience_s and each in self.held]
