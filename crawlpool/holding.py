"""An open lane, and what it holds: requests that went out and are not answered, oldest first."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from .backends.base import Lane
from .model import Outcome, Request
from .worker.exchange import LINGER_S
from .worker.wire import Answer, Order, Parcel, outcome_of

MOST_AHEAD = 16
"""Requests that a busy lane is handed at once, at most."""

START_S = 10.0
"""Seconds that a worker gets besides while it has begun nothing: it may still be loading."""


@dataclass(slots=True)
class Holding:
    """A lane and its requests, as the main thread knows them.

    Attributes:
        number: The lane's.
        lane: The way to the worker.
        arrived: Has an entry for each delivery of this lane that the main thread has not taken yet.
        moved_at: When it last brought something, got something to do, or was opened.
        held: Ids and requests.
        exchanges: How many are under way.
        begun: The id that its worker began last, when we last looked.
        begun_at: When we first saw that.
        pace_s: Seconds that an answer takes, on average of late.
        host: Whose requests it holds, or held last.
        is_leaving: It is handed nothing more, and ends when it holds nothing.
    """

    number: int
    lane: Lane
    arrived: deque[None]
    moved_at: float
    held: deque[tuple[int, Request]] = field(default_factory=deque)
    exchanges: int = 0
    begun: int | None = 0
    begun_at: float = 0.0
    pace_s: float = 1.0
    host: str = ""
    is_leaving: bool = False

    def hand(self, batch: Sequence[tuple[int, Request, Parcel]]) -> None:
        """Send requests to the worker, under the ids given."""
        if not self.held:
            self.moved_at = time.monotonic()
        orders: list[Order] = []
        for number, request, parcel in batch:
            self.held.append((number, request))
            orders.append((number, *parcel))
        self.exchanges += 1
        self.lane.send(orders)

    @property
    def room_ahead(self) -> int:
        """How many of its host's requests it could be handed while it is busy.

        One, from any server that takes its time, so that its worker has the next URL
        at hand when an answer is here. From one that answers in less than `LINGER_S`,
        as many as fit into that, so that one crossing carries several.
        """
        if self.exchanges != 1 or not self.held or self.is_leaving:
            return 0
        return max(1, min(MOST_AHEAD, int(LINGER_S / self.pace_s)))

    def settle(self, answers: Sequence[Answer]) -> tuple[list[Outcome], list[bool], list[Request]]:
        """Turn answers into outcomes, and let go of what is answered.

        Returns:
            The outcomes; for each, whether something is still held; and what comes back without having been begun.
        """
        self.exchanges -= 1
        given_back = [r for answer in answers if answer[1] is None and (r := self._take(answer[0]))]
        outcomes: list[Outcome] = []
        goes_on: list[bool] = []
        for answer in answers:
            request = None if answer[1] is None else self._take(answer[0])
            if request is not None:
                outcomes.append(outcome_of(answer, request))
                goes_on.append(bool(self.held))
        if answers:
            now = time.monotonic()
            self.pace_s += 0.25 * ((now - self.moved_at) / len(answers) - self.pace_s)
            self.moved_at = now
        if self.held and self.exchanges == 0:
            # Some stayed with the worker, which moves only inside an exchange.
            self.exchanges += 1
            self.lane.send(())
        return outcomes, goes_on, given_back

    def _take(self, wanted: int) -> Request | None:
        """The request of an id; nearly always the first."""
        held = self.held
        if held and held[0][0] == wanted:
            return held.popleft()[1]
        for place, (number, request) in enumerate(held):
            if number == wanted:
                del held[place]
                return request
        return None

    def was_away(self, seconds: float, now: float) -> None:
        """Do not count seconds in which the main thread was elsewhere."""
        self.moved_at = min(now, self.moved_at + seconds)
        self.begun_at = min(now, self.begun_at + seconds)

    def has_hung(self, now: float, patience_s: float) -> bool:
        """Whether its request takes longer than any may: counted from where its worker began it, if that is known."""
        begun = self.lane.begun()
        if begun != self.begun:
            self.begun, self.begun_at = begun, now
        if begun == 0:
            patience_s += START_S
        return bool(self.held) and now - max(self.moved_at, self.begun_at) > patience_s
