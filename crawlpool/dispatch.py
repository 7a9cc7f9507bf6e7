"""What goes to the crew now: requests whose hosts are due, as far as there are places; then some ahead."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from .crew import Crew
from .departures import Departures
from .errands import Errand
from .holding import Holding
from .hosts import Hosts
from .model import Request
from .network import Network
from .outgoing import Outgoing
from .polite.gate import Gate
from .settling import Landing
from .worker.wire import Parcel, Want

if TYPE_CHECKING:
    from .handling.placed import Placed

DISPATCH_S: Final = 0.02
"""Seconds in which requests may be looked through that are all refused: answers wait meanwhile."""


class Dispatch:
    """Sends what may go, when it is called.

    Args:
        gate: Says when a host may be asked.
        hosts: Say which host is next.
        crew: Gets the requests.
        departures: Say which request of a host is next.
        network: Says whether it is there, and what to try it with.
        outgoing: Dresses requests.
        landing: Says what is wanted of an answer.
        clock: Steady seconds.

    Attributes:
        placed: What is told of handlers that run in the workers; None where none do.
    """

    def __init__(
        self,
        *,
        gate: Gate,
        hosts: Hosts,
        crew: Crew,
        departures: Departures,
        network: Network,
        outgoing: Outgoing,
        landing: Landing,
        clock: Callable[[], float],
    ) -> None:
        """Send nothing yet."""
        self._gate = gate
        self._hosts = hosts
        self._crew = crew
        self._departures = departures
        self._network = network
        self._outgoing = outgoing
        self._landing = landing
        self._clock = clock
        self._loading: dict[
            str, Holding
        ] = {}  # hosts to be asked at a pace, and the lane that is to begin with them
        self.placed: Placed | None = None

    def __call__(self, now: float) -> None:
        """Send until no place is free or no host is due."""
        if self._network.is_gone:
            probe = self._network.probe(now) if self._crew.has_room(now) else None
            if probe is not None:
                self._send(*probe, now)
                self._crew.flush()
            return
        if self._loading:
            self._look_at_loading(now)
        while self._crew.has_room(now):
            each = self._hosts.next_host(now)
            if each is None:
                break
            request = self._departures.next_of(each, now)
            if request is None:
                if self._clock() - now > DISPATCH_S:
                    break  # refusing took all that time; answers wait to be settled, and a stop to be heard
                continue
            self._send(each, request, now)
        if self._departures.has_any:
            self._send_ahead(now)
        self._crew.flush()

    def _send(self, each: str, request: Request, now: float) -> None:
        self._gate.started(each, now)
        lane = self._crew.send(request, self._parcel(request), each)
        if lane is not None and lane.is_loading and self._gate.is_spaced(each):
            self._loading[each] = lane

    def _look_at_loading(self, now: float) -> None:
        """Count a delay from when a worker begins, not from when it was told to: one that has to start takes a while.

        Each look says "not before now", so that the last, which finds it begun, is never too early.
        """
        for each, lane in tuple(self._loading.items()):
            self._gate.began(each, now)
            if not lane.is_loading or not lane.held:
                del self._loading[each]

    def _send_ahead(self, now: float) -> None:
        """Hand busy lanes what comes next of the host they serve, where nothing but order holds it back."""
        for number, each, room in self._crew.rooms_ahead():
            if self._gate.is_another_due(each, now):
                continue  # whose turn it is, when the lane is done with what it has
            batch: list[tuple[Request, Parcel]] = []
            while len(batch) < room and self._gate.may_hand_ahead(each, now):
                request = self._departures.next_of(each, now)
                if request is None:
                    break
                batch.append((request, self._parcel(request)))
            if batch:
                self._crew.send_ahead(number, each, batch)

    def _parcel(self, request: Request) -> Parcel:
        parcel = self._outgoing.parcel(request, self._want(request))
        if self.placed is None or isinstance(request.data, Errand):
            return parcel
        return self.placed.with_page(request, parcel)

    def _want(self, request: Request) -> Want:
        if isinstance(request.data, Errand):
            sized = Want.SMALL if request.data.is_small else Want.NOTHING
            want = Want.BODY | (Want.LARGE if request.data.is_large else sized)
        else:
            want = self._landing.want(request)
        return want | Want.QUICK if self._hosts.is_quick(request) else want
