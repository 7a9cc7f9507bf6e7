"""What became of the links of each page, told to the worker that sent them (`worker/told.py`)."""

from collections.abc import Sequence

from .following import Following
from .model import Request, Response


class Taking:
    """Listens while one delivery is settled.

    Args:
        following: Takes the links.
    """

    def __init__(self, following: Following) -> None:
        """Hear of every page whose links are looked at."""
        self._refused: tuple[int, ...] | None = None
        self._taken: list[tuple[int, tuple[int, ...]]] = []
        self._depth = 0
        following.on_taken = self._hear

    def _hear(self, page: Response, refused: Sequence[str]) -> None:
        self._refused = ()
        if refused and page.facts is not None:
            links = set(refused)
            self._refused = tuple([place for place, link in enumerate(page.facts.links) if link in links])

    def begin(self) -> None:
        """The next outcome is settled."""
        self._refused = None

    def end(self, number: int, request: Request) -> None:
        """It is settled; `number` is the id under which its lane had the request."""
        if self._refused is not None:
            self._taken.append((number, self._refused))
            self._depth = max(self._depth, request.depth)

    def told(self) -> tuple[list[tuple[int, tuple[int, ...]]], int]:
        """What was taken since this was last asked, and the depth of the deepest of those pages."""
        taken, self._taken = self._taken, []
        depth, self._depth = self._depth, 0
        return taken, depth
