"""An answer that no connection brought: what libraries for tests, such as `responses`, put in an adapter's place."""

from collections.abc import Iterator
from typing import Any

from .answers import Answer
from .framing import Framing
from .heads import Head, fields_of


class StandIn(Answer):
    """One of urllib3's answers, as if it were ours; its head and body are taken as they are.

    Args:
        raw: The answer.
    """

    def __init__(self, raw: Any) -> None:
        """Take the head."""
        super().__init__(None)
        pairs = tuple((str(name), str(value)) for name, value in raw.headers.items())
        self._raw = raw
        self.status = raw.status
        self.head = Head(raw.status, raw.reason or "", "HTTP/1.1", pairs, fields_of(pairs), False)
        self.framing = Framing(False, None, (), False)

    def pieces(self) -> Iterator[bytes]:
        """The body, content coding left on."""
        yield from self._raw.stream(decode_content=False)
        self.is_whole = True

    def close(self) -> None:
        """Let go of it."""
        self._raw.close()
