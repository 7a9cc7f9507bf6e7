"""What every mode is handed: how to fetch one URL, and what to do with the page.

    fetch(url) -> Answer      runs wherever the mode runs it: here, in a thread, in a process
    store(answer)             runs in the main process, one call at a time

Neither raises, so a mode shows its own way and nothing else: an exception in a callback
would stop a `Pool` for good. Both are plain values, and importable, so that workers
that were forked, spawned or made by a fork server take them. Manners are in here too
(one User-Agent, slots for each host, a cap on the body, no redirect followed), which is
how all modes have the same ones.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import requests

from .guard import Guard

TIMEOUT_S = 10.0
"""Seconds that a server may be silent."""

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of a body that are read."""

Get: TypeAlias = Callable[..., requests.Response]

_own = threading.local()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one URL.

    Attributes:
        url: As it was asked for.
        status: HTTP status code; 0 without an answer.
        body: What was sent; empty where it was parsed in the worker already.
        size: Bytes of it.
        title: The page's title, once it was parsed.
        links: How many links it has, once it was parsed; -1 before.
        elapsed_s: Seconds from asking to the last byte.
        error: Why it does not count; "" for a page.
    """

    url: str
    status: int = 0
    body: bytes = b""
    size: int = 0
    title: str = ""
    links: int = -1
    elapsed_s: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Fetches one URL, politely.

    Attributes:
        agent: How servers are told who asks.
        guard: Who may ask which host now.
        is_parsing: Parse right here, so that only title and links cross to the main process.
    """

    agent: str
    guard: Guard = field(default_factory=Guard)
    is_parsing: bool = False

    def __call__(self, url: str, get: Get | None = None) -> Answer:
        """Fetch it by `get`, such as `requests.get`; without one, by a session that this thread keeps."""
        try:
            with self.guard.slot(url):
                if self.guard.has_complained(url):
                    return left_alone(url)
                began = time.perf_counter()
                with (get or kept_session().get)(
                    url,
                    headers={"User-Agent": self.agent},
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                    stream=True,  # so that no more of a body is read than we want
                ) as response:
                    body = response.raw.read(MOST_BYTES, decode_content=True)
                return self.answered(url, response.status_code, body, time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001  whatever it is, a mode gets a value
            return Answer(url=url, error=f"{type(error).__name__}: {error}"[:200])

    async def in_loop(self, url: str, session: Any) -> Answer:
        """Fetch it on an event loop, by a session of aiohttp's."""
        try:
            async with self.guard.slot_in_loop(url):
                if self.guard.has_complained(url):
                    return left_alone(url)
                began = time.perf_counter()
                async with session.get(url, allow_redirects=False) as response:
                    body = await response.content.read(MOST_BYTES)
                    while len(body) < MOST_BYTES and (more := await response.content.read(MOST_BYTES)):
                        body += more
                return self.answered(url, response.status, body, time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001  as above
            return Answer(url=url, error=f"{type(error).__name__}: {error}"[:200])

    def answered(self, url: str, status: int, body: bytes, elapsed_s: float) -> Answer:
        """An answer, parsed if that is to be done here."""
        if status in {429, 503}:
            self.guard.complained(url)
        answer = Answer(
            url=url, status=status, body=body, size=len(body), elapsed_s=elapsed_s, error=fault(status)
        )
        return replace(parsed(answer), body=b"") if self.is_parsing else answer


class Store:
    """Takes the answers, in the main process; what a callback would parse and write.

    Args:
        is_parsing: Parse each page here.

    Attributes:
        answers: What came, without bodies.
        first_s: `time.perf_counter()` when the first page was here, and parsed if that is to be done; 0 before.
    """

    def __init__(self, *, is_parsing: bool = False) -> None:
        self.answers: list[Answer] = []
        self.first_s = 0.0
        self._is_parsing = is_parsing

    def __call__(self, answer: Answer) -> None:
        """Keep it."""
        self.answers.append(replace(parsed(answer) if self._is_parsing else answer, body=b""))
        if not self.first_s and not answer.error:
            self.first_s = time.perf_counter()

    def faults(self) -> Counter[str]:
        """What went wrong, and how often."""
        return Counter(answer.error for answer in self.answers if answer.error)


def parsed(answer: Answer) -> Answer:
    """Title and number of links, by BeautifulSoup, as most scripts have it; some 30 ms for 60 KB."""
    from bs4 import BeautifulSoup  # noqa: PLC0415  a mode that parses nothing does not load it

    if answer.error:
        return answer
    try:
        soup = BeautifulSoup(answer.body, "html.parser")
        title = soup.title.get_text() if soup.title else ""
        return replace(answer, title=title[:200], links=len(soup.find_all("a", href=True)))
    except Exception as error:  # noqa: BLE001  a page must not stop a pool
        return replace(answer, error=f"not parsed: {type(error).__name__}: {error}"[:200])


def kept_session() -> requests.Session:
    """The session of this thread, whose connections stay open; made when it is first asked for."""
    session: requests.Session | None = getattr(_own, "session", None)
    if session is None:
        session = _own.session = requests.Session()
    return session


def left_alone(url: str) -> Answer:
    """The answer for a URL of a host that asked for less."""
    return Answer(url=url, error="not asked: its host had answered 429 or 503")


def fault(status: int) -> str:
    """Why a status does not count as a page; "" if it does."""
    if 300 <= status < 400:
        return f"HTTP {status}: a redirect, which is not followed here; list where it leads"
    return "" if 200 <= status < 300 else f"HTTP {status}"
