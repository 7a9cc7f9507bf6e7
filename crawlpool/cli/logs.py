"""`-v` and `--log-file`: the only log handlers that crawlpool ever adds.

The library logs one INFO line a finished request, waits and retries as DEBUG and
lost workers as WARNING, to the logger "crawlpool". Warnings are shown without `-v`.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from ..errors import ConfigError
from .screen import Screen, printable

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class OneLine(logging.Formatter):
    """A record as one line, with nothing in it that a terminal or a log reader would obey.

    URLs and messages come from servers; only tracebacks have lines, and those are indented.
    """

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  logging's names
        """Format the time as ISO 8601 in UTC, with milliseconds."""
        return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Format without what would break the line; only a message with lines of our own has several.

        Those behind the first are indented: a traceback quotes what a page says, and no page
        may begin a line of the log.
        """
        return _indented(printable(super().formatMessage(record), lines="\n" in str(record.msg)))

    def formatException(self, ei: object) -> str:  # noqa: N802  logging's name
        """Format a traceback, its lines kept and indented."""
        return "  " + _indented(printable(super().formatException(ei), lines=True))  # type: ignore[arg-type]


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
        file: A file to add lines to, or None; INFO goes into it, and DEBUG with `-vv`.

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
        kept.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
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
