"""`-v` and `--log-file`: the only log handlers that crawlpool ever adds.

The library logs one INFO line a finished request, waits and retries as DEBUG and
lost workers as WARNING, to the logger "crawlpool". Warnings are shown without `-v`.
docs/seeing-it.md lists all events.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from ..errors import ConfigError
from .screen import Screen, printable

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_VALUES = re.compile(r"(?:\b(\w+)=)?(?:%([a-z])|(?<==)([^\s%']+))")
"""A value of a format of ours, such as "status=%d", "because=failing", or a "%s" without a name."""


class OneLine(logging.Formatter):
    """A record as one line, with nothing in it that a terminal or a log reader would obey.

    URLs and messages come from servers; only tracebacks have lines, and those are indented.
    """

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  logging's names
        """Format the time as ISO 8601 in UTC, with milliseconds."""
        return _time_of(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Format without what would break the line; only a message with lines of our own has several.

        Those behind the first are indented: a traceback quotes what a page says, and no page
        may begin a line of the log.
        """
        return _indented(printable(super().formatMessage(record), lines="\n" in str(record.msg)))

    def formatException(self, ei: object) -> str:  # noqa: N802  logging's name
        """Format a traceback, its lines kept and indented."""
        return "  " + _indented(printable(super().formatException(ei), lines=True))  # type: ignore[arg-type]


class AsJson(logging.Formatter):
    """A record as one JSON object: time, level, event, and the values of the event by their names.

    They are taken from what was logged and its arguments, and not from the line that they make: no
    text of a server's is ever parsed. An event that is a sentence has it as `message`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Format in ASCII, so that nothing in it is obeyed by anybody who looks at the file."""
        said = record.getMessage()
        found: dict[str, object] = {
            "time": _time_of(record),
            "level": record.levelname,
            "event": said.split(maxsplit=1)[0] if said.strip() else "",
        }
        for name, value in _values_of(record):
            found.setdefault(name, value)
        if len(found) == 3 and " " in said:
            found["message"] = said.partition(" ")[2]
        if record.exc_info:
            found["traceback"] = self.formatException(record.exc_info)
        return json.dumps(found, default=str)


def _values_of(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    given = iter(record.args if isinstance(record.args, tuple) else ())
    for name, kind, fixed in _VALUES.findall(str(record.msg)):
        value = next(given, None) if kind else fixed
        if kind == "d" and isinstance(value, float):
            value = int(value)
        if name:
            yield name, value
        elif kind and "\n%s" in str(record.msg):  # a traceback of a handler's, behind the line
            yield "traceback", value


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


class LogFile(logging.FileHandler):
    """A file of log lines, added to. When it cannot be written, that is said once, and the crawl goes on."""

    def __init__(self, file: str, screen: Screen) -> None:
        super().__init__(file, encoding="utf-8")
        self._screen = screen
        self._is_broken = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  logging's names
        """Say what went wrong, instead of a traceback for every line."""
        if not self._is_broken:
            self._is_broken = True
            self._screen.write(
                printable(f"crawlpool: --log-file {self.baseFilename}: {sys.exc_info()[1]}") + "\n"
            )


@contextmanager
def logging_to(screen: Screen, *, verbose: int, quiet: bool, file: str | None) -> Iterator[None]:
    """Add the handlers that the flags ask for, for the length of the block.

    Args:
        screen: Where lines for a person go.
        verbose: How often `-v` was given.
        quiet: Show errors only, unless `verbose`.
        file: A file to add lines to, or None; INFO goes into it, and DEBUG with `-vv`. With the ending
            .jsonl or .json each is a JSON object.

    Raises:
        ConfigError: The file cannot be opened.
    """
    logger = logging.getLogger("crawlpool")
    shown: logging.Handler = logging.StreamHandler(screen)
    shown.setLevel(logging.ERROR if quiet and not verbose else _LEVELS[min(verbose, 2)])
    shown.setFormatter(OneLine("%(message)s" if verbose else "%(levelname)s: %(message)s"))
    handlers = [shown]
    if file is not None:
        try:
            kept = LogFile(file, screen)
        except OSError as error:
            raise ConfigError(f"--log-file {file}: cannot be written ({error.strerror})") from None
        kept.setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
        is_json = file.lower().endswith((".jsonl", ".json"))
        kept.setFormatter(AsJson() if is_json else OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
        handlers.append(kept)
    level_before, propagate_before = logger.level, logger.propagate
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(min(handler.level for handler in handlers))
    logger.propagate = False
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(level_before)
        logger.propagate = propagate_before
