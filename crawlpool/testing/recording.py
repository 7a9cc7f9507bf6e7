"""Record what real servers answer, once: `with testing.record("tests/shop"): scraper.crawl()`."""

import json
import re
import threading
from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..model import Failure, Outcome, Request
from ..parse import sniff
from ..urls import place
from ..worker.exchange import Transport
from ..worker.requests_ import RequestsTransport
from ..worker.wire import Answer, Order, TransportOptions, Want, outcome_of
from .recorded import INDEX, body_of, clear, headers_of, sent_of
from .rehearsing import Rehearsing
from .replies import Asked, Reply
from .transport import ReplyTransport

_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/json": ".json",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "text/css": ".css",
    "text/plain": ".txt",
    "application/pdf": ".pdf",
    "image/gif": ".gif",
    "image/jpeg": ".jpeg",
    "image/png": ".png",
}
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


class Recording(Rehearsing):
    """Lets the crawls of a `with` block ask real servers, and writes down what they answer.

    They are as polite as they are without it. On the way the bodies of all answers are read, up to
    the crawl's `max_body`. Workers are in this process: `sync`, unless the crawl says `thread`.

    Args:
        path: A folder: a new one, an empty one, or one that holds a recording, which is replaced.

    Attributes:
        count: How many answers were written.

    Raises:
        ConfigError: The folder holds something else, or cannot be written; when the block begins.
    """

    is_hurried = False
    is_robots = None

    def __init__(self, path: str | PathLike[str]) -> None:
        """Write nothing yet."""
        self.path = Path(path)
        self.count = 0
        self._writing = threading.Lock()

    def __enter__(self) -> Self:
        """Make room in the folder."""
        clear(self.path)
        (self.path / INDEX).touch()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Record no crawl that begins from now on."""
        super().__exit__(kind, error, trace)

    def transport(self, options: TransportOptions) -> Transport:
        """A transport that asks the real one; `options` are what every worker is told."""
        return _RecordingTransport(options, self)

    def keep(self, asked: Asked, outcome: Outcome) -> Reply:
        """Write down what came of a request.

        Args:
            asked: The request.
            outcome: The answer, body included, or why there is none.

        Returns:
            The same as a reply, from which the crawl gets its answer: what it sees now is what it will see.
        """
        line: dict[str, Any] = {"method": asked.method, "url": asked.url, "sent": sent_of(asked.headers)}
        if asked.body:
            line["sent_body"] = body_of(asked)
        if isinstance(outcome, Failure):
            line |= {"kind": outcome.kind.value, "message": outcome.message}
            reply = Reply(kind=outcome.kind, message=outcome.message)
            body = b""
        else:
            body = outcome.body
            line |= {
                "status": outcome.status,
                "reason": outcome.reason,
                "headers": headers_of(outcome.headers),
            }
            if outcome.is_cut:
                line["is_cut"] = True
            reply = Reply(
                status=outcome.status,
                reason=outcome.reason,
                headers=outcome.headers,
                body=body,
                is_decoded=True,
                is_cut=outcome.is_cut,
            )
        line["elapsed_s"] = round(outcome.elapsed_s, 3)
        with self._writing:
            self.count += 1
            if body:
                line["body"] = name = self._name(asked.url, outcome, self.count)
                (self.path / name).write_bytes(body)
            with (self.path / INDEX).open("a", encoding="utf-8", newline="\n") as index:
                index.write(json.dumps(line, ensure_ascii=False) + "\n")
        return reply

    @staticmethod
    def _name(url: str, outcome: Outcome, number: int) -> str:
        where = place(url)
        stem = _UNSAFE.sub("-", f"{where.host}{where.path}").strip("-")[:60].strip("-")
        media_type = "" if isinstance(outcome, Failure) else outcome.media_type or outcome.content_type
        ending = ".html" if media_type in sniff.HTML_TYPES else _ENDINGS.get(media_type, ".bin")
        return f"{number:04}-{stem}{ending}"


def record(path: str | PathLike[str]) -> Recording:
    """Record what servers answer to the crawls of a `with` block; see `Recording`.

    Args:
        path: The folder, such as "tests/recorded/shop".
    """
    return Recording(path)


class _RecordingTransport:
    """Fetches, keeps the answer, and gives it as a replay will."""

    def __init__(self, options: TransportOptions, recording: Recording) -> None:
        self._real = RequestsTransport(replace(options, stand_in=None))
        self._again = ReplyTransport(options, self._reply_to)
        self._recording = recording
        self._reply = Reply()

    def fetch(self, order: Order) -> Answer:
        number, method, url, headers, body, wants = order
        wanted = (wants | Want.BODY) & ~(Want.HTML_ONLY | Want.FACTS | Want.LINKS | Want.NEAR)
        answer = self._real.fetch((number, method, url, headers, body, int(wanted)))
        outcome = outcome_of(answer, Request(url, method=method))
        sent = () if isinstance(outcome, Failure) else outcome.request_headers
        asked = Asked(method=method, url=url, headers=sent or headers, body=body)
        self._reply = replace(self._recording.keep(asked, outcome), seconds=outcome.elapsed_s)
        return self._again.fetch(order)

    def _reply_to(self, asked: Asked) -> Reply:  # noqa: ARG002  it is the one that was just kept
        return self._reply

    def close(self) -> None:
        self._real.close()
