"""The `with` block that all of these are: inside it, crawls are answered by them."""

from types import TracebackType
from typing import Self

from .. import rehearsal
from ..worker.exchange import Transport
from ..worker.wire import TransportOptions
from .replies import Asked, Reply
from .transport import ReplyTransport


class Rehearsing:
    """Answers the crawls of a `with` block.

    Attributes:
        is_hurried: Nothing is waited for.
        is_robots: Whether robots.txt is asked for and obeyed; None for as the crawl says.
    """

    is_hurried: bool = True
    is_robots: bool | None = False

    def __enter__(self) -> Self:
        """Answer every crawl of this process that begins from now on."""
        rehearsal.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Answer no more that begin."""
        rehearsal.end(self)

    def transport(self, options: TransportOptions) -> Transport:
        """A transport for one worker, that asks `reply_to`; `options` are what every worker is told."""
        return ReplyTransport(options, self.reply_to)

    def reply_to(self, asked: Asked) -> Reply:
        """The reply to what is `asked`; called on whatever thread asks."""
        raise NotImplementedError
