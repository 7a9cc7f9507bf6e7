"""Answer crawls from what was recorded, offline: `with testing.replay("tests/shop"): ...`."""

import threading
from os import PathLike
from pathlib import Path
from types import TracebackType

from ..errors import CrawlpoolError
from ..model import FailureKind
from .recorded import Recorded, key_of, nearest, read
from .rehearsing import Rehearsing
from .replies import Asked, Reply, answer

_MOST_NAMED = 10


class NotRecordedError(CrawlpoolError, AssertionError):
    """A crawl asked for what was never recorded; the message names it, and what comes nearest."""


class Replay(Rehearsing):
    """Answers the crawls of a `with` block as servers did when they were recorded.

    A request is known again by its method, URL and body. What was asked several times is
    answered in the same order, and the last answer stands for all further times. Nothing is waited for.

    Args:
        path: The folder.
        robots: Whether robots.txt is asked for and obeyed as it was recorded; one that was not allows everything.

    Attributes:
        asked: All that was asked, oldest first.
        unknown: For each request that was not recorded, a sentence that names it.

    Raises:
        ConfigError: Nothing is recorded there, or it cannot be read.
        NotRecordedError: Something was asked that is not recorded; when the block ends. The crawl
            itself sees a failure of the kind "unexpected" there.
    """

    def __init__(self, path: str | PathLike[str], *, robots: bool = False) -> None:
        """Read what there is."""
        self.path = Path(path)
        self.is_robots = robots
        self.asked: list[Asked] = []
        self.unknown: list[str] = []
        self._answers: dict[tuple[str, str, str], list[Recorded]] = {}
        for each in read(self.path):
            self._answers.setdefault(each.key, []).append(each)
        self._answering = threading.Lock()

    @property
    def urls(self) -> list[str]:
        """The URLs that were asked, oldest first."""
        with self._answering:
            return [each.url for each in self.asked]

    def reply_to(self, asked: Asked) -> Reply:
        """The answer that was recorded, or a failure that says that there is none."""
        key = key_of(asked)
        with self._answering:
            self.asked.append(asked)
            answers = self._answers.get(key)
            if answers:
                return (answers.pop(0) if len(answers) > 1 else answers[0]).reply()
            if asked.url.endswith("/robots.txt"):
                return answer(status=404)
            known = nearest(key, list(self._answers)) if len(self.unknown) < _MOST_NAMED else ""
            near = f"; the nearest is {known}" if known else ""
            body = f" with the body {key[2][:200]}" if key[2] else ""
            said = f"nothing is recorded for {key[0]} {key[1]}{body} in {self.path}{near}"
            self.unknown.append(said)
        return Reply(kind=FailureKind.UNEXPECTED, message=said)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say what was asked in vain."""
        super().__exit__(kind, error, trace)
        if not self.unknown:
            return
        words = "\n".join(self.unknown[:_MOST_NAMED])
        if len(self.unknown) > _MOST_NAMED:
            words += f"\n... and {len(self.unknown) - _MOST_NAMED} more"
        if error is not None:
            error.add_note(words)
            return
        raise NotRecordedError(f"{words}\nRecord it again: with testing.record({str(self.path)!r}): ...")


def replay(path: str | PathLike[str], *, robots: bool = False) -> Replay:
    """Answer the crawls of a `with` block from what was recorded; see `Replay`."""
    return Replay(path, robots=robots)
