"""Who is blamed when a worker dies: what it held comes back, and the request that kills workers is found.

1. The requests that the worker had begun are suspects; those that it had not begun are innocent.
   Where a worker has many under way at once, one that was a suspect twice goes out alone from then on.
2. A request that was under way in `MOST_LOSSES` deaths is given up: it is what kills workers.
   From the third on it waits before it goes out again, longer each time, so that whatever
   kills workers at random (a machine short of memory, an eager operator) has passed.
3. A request whose worker hung, and one in its last try, is asked for unparsed: what hangs or
   dies for good is nearly always the parser, and the page itself can be had. It is marked.
4. Many deaths without one answer between them are not a page's doing: `BackendError`. Those
   of a request that was given up are explained, and do not count.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .errors import BackendError
from .model import Request

MOST_LOSSES = 6
"""Deaths of a worker with the same request under way after which the request is given up.

With three, a hundred kills at random within eight seconds gave up 3 to 14 of 1,280 innocent pages."""

_SUSPECT = 3  # losses from which a request waits
_FIRST_WAIT_S = 0.5  # doubled with each further loss: 3.5 s in all


@dataclass(frozen=True, slots=True)
class Lost:
    """A request whose worker is gone.

    Attributes:
        request: What was lost.
        is_first: It was the lane's next, so its host counted it as out; those behind it were handed ahead.
        was_under_way: Whether it was begun.
        was_alone: No other was.
        losses: How many workers died with it under way.
        cause: A sentence for the record.
        has_hung: It alone was under way, and its worker was alive but past every deadline.
    """

    request: Request
    is_first: bool
    was_under_way: bool
    was_alone: bool
    losses: int
    cause: str
    has_hung: bool

    @property
    def wait_s(self) -> float:
        """Seconds that it should wait before it goes out again."""
        return 0.0 if self.losses < _SUSPECT else _FIRST_WAIT_S * 2.0 ** (self.losses - _SUSPECT)


def given(request: Request, *, has_place: bool) -> Lost:
    """A request that comes back unbegun: its host asked for a rest, or the crawl's time is over."""
    return Lost(
        request=request,
        is_first=has_place,
        was_under_way=False,
        was_alone=False,
        losses=0,
        cause="its host asked for a rest",
        has_hung=False,
    )


class Blame:
    """Deaths of workers, by the request that was under way.

    Args:
        most_in_a_row: Deaths without one answer between them that are believed to be pages' doing.

    Attributes:
        deaths: Workers that died, hung or were killed for what they took.
    """

    def __init__(self, most_in_a_row: int) -> None:
        """Nobody has died."""
        self._most_in_a_row = most_in_a_row
        self._in_a_row = 0
        self._losses: dict[str, int] = {}
        self._unparsed: set[str] = set()
        self.deaths = 0

    def answered(self, request: Request) -> None:
        """A worker lived to answer this one, so it kills none; and workers can live."""
        self._in_a_row = 0
        if self._losses:
            self._losses.pop(request.target, None)
            self._unparsed.discard(request.target)

    def is_unparsed(self, request: Request) -> bool:
        """Whether the next worker should leave the page as it is, whatever is wanted of it."""
        return request.target in self._unparsed

    def is_suspect(self, request: Request) -> bool:
        """Whether a request was under way in so many deaths that it should be alone with its worker."""
        return bool(self._losses) and self._losses.get(request.target, 0) >= _SUSPECT - 1

    def death(
        self,
        held: Iterable[tuple[int, Request, bool]],
        begun: Collection[int] | None,
        cause: str,
        *,
        has_hung: bool,
    ) -> list[Lost]:
        """Count a death, and say what became of the requests that the worker held.

        Args:
            held: Their ids, themselves, and whether each has a place at its host; oldest first.
            begun: The ids that were under way; None where that cannot be known: those that have a place.
            cause: A sentence for the record.
            has_hung: The worker was alive, but past every deadline.

        Raises:
            BackendError: Too many died in a row.
        """
        self.deaths += 1
        self._in_a_row += 1
        if self._in_a_row > self._most_in_a_row:
            raise BackendError(
                f"{self._in_a_row} workers died or hung in a row without one answer; the last: {cause}"
            )
        held = list(held)
        suspects = {
            number for number, _, has_place in held if (has_place if begun is None else number in begun)
        }
        is_alone = len(suspects) == 1
        lost = []
        for number, request, has_place in held:
            was_under_way = number in suspects
            losses = self._losses.get(request.target, 0)
            if was_under_way:
                losses += 1
                self._losses[request.target] = losses
                if has_hung or losses == MOST_LOSSES - 1:
                    self._unparsed.add(request.target)
                if losses == MOST_LOSSES:
                    self._in_a_row = max(0, self._in_a_row - losses)
            lost.append(
                Lost(
                    request=request,
                    is_first=has_place,
                    was_under_way=was_under_way,
                    was_alone=is_alone and was_under_way,
                    losses=losses,
                    cause=cause,
                    has_hung=has_hung and was_under_way and is_alone,
                )
            )
        return lost

    def is_given_up(self, lost: Lost) -> bool:
        """Whether this request is what kills workers."""
        return lost.was_alone and lost.losses >= MOST_LOSSES
