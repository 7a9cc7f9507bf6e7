"""Which links the main process has already, so that they stay behind in the worker.

Most links of a page are to pages that the pages before it named. To send them again costs as
much as to send new ones, and the main process looks each of them up only to drop it.

worker                                  main thread
answer 7: links a b c  ──────────────▶  a and c accepted, or known; b refused
                                        (out of scope, a trap, ...)
orders, ((7, (1,)),)   ◀──────────────  "of 7 all is taken but the second"
answer 9: links b d    ──────────────▶  a and c stay behind

Nothing stays behind on a guess: only what the main process has said that it took. What it refused
comes each time, because each sight is counted, and another may be let in. A page that is nearer to
a seed than those before it gives all its links as well (the order says so), because they may then
be asked sooner.
"""

from typing import Final

from .wire import Answer, Order, Taken, Want

_KNOWN: Final = int(Want.NEW_LINKS)
_FACTS: Final = 13
"""Where an answer has what was read off the page."""

_LINKS: Final = 2
"""Where those have the links."""

_NEVER: Final = 1 << 62
_MOST_OPEN: Final = 1024


class Told:
    """Links that were sent, and what became of them; for one lane.

    Args:
        most: Links to remember; past that all are forgotten. They share their text with
            what joins them, and take some 100 bytes more each.
    """

    def __init__(self, most: int = 50_000) -> None:
        """Nothing was sent."""
        self._most = most
        self._taken: dict[str, int] = {}  # links, and in which round the main process said so
        self._open: dict[int, tuple[str, ...]] = {}  # by the id of their order: of which nothing is known yet
        self._round = 0
        self._begun_in: dict[int, int] = {}  # by id: orders whose pages need not name what was taken by then

    def take(self, taken: Taken) -> None:
        """Learn what the main process took."""
        if not taken:
            return
        self._round += 1
        if len(self._taken) > self._most:
            self._taken.clear()
        for number, refused in taken:
            for place, link in enumerate(self._open.pop(number, ())):
                if place not in refused:
                    self._taken.setdefault(link, self._round)

    def ordered(self, order: Order) -> None:
        """An order came, after what `take` was told."""
        if order[5] & _KNOWN:
            self._begun_in[order[0]] = self._round

    def forget(self, order: Order) -> None:
        """An order goes back unbegun."""
        self._begun_in.pop(order[0], None)

    def without_known(self, answer: Answer) -> Answer:
        """An answer without the links that need not be sent again."""
        begun_in = self._begun_in.pop(answer[0], None)
        if begun_in is None or not answer[1]:
            return answer
        facts = answer[_FACTS]
        if facts is None or not facts[_LINKS]:
            return answer
        links, taken = facts[_LINKS], self._taken
        new = tuple([link for link in links if taken.get(link, _NEVER) > begun_in])
        if len(self._open) >= _MOST_OPEN:  # nobody said what became of them
            self._open.clear()
        self._open[answer[0]] = new
        if len(new) == len(links):
            return answer
        facts = (*facts[:_LINKS], new, *facts[_LINKS + 1 :])
        return (*answer[:_FACTS], facts, *answer[_FACTS + 1 :])
