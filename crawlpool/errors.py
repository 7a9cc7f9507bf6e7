"""What can go wrong, as one tree.

CrawlpoolError
├── ConfigError      the caller asked for what we cannot do      exit code 2
├── FrontierError    the queue of URLs could not be kept         exit code 4
├── StoreError       a record could not be written               exit code 4
├── BackendError     the workers, as a whole, are gone           exit code 5
├── NetworkError     nothing answers any more; can be resumed    exit code 7
├── PageError        `page.raise_for_status()` on a page that is not ok
└── HandlerError     a handler raised, and `fail_fast` was asked for   exit code 3

One page that fails is not an exception but a `Failure` (crawlpool.model).
Each class takes one message, so pickle can rebuild it.
"""


class CrawlpoolError(Exception):
    """Anything that crawlpool raises by itself; the message says what would do."""

    exit_code = 1


class ConfigError(CrawlpoolError, ValueError):
    """A setting, a word or a file is unknown or out of range; the message quotes it."""

    exit_code = 2


class FrontierError(CrawlpoolError):
    """The queue of URLs could not be kept; nothing was marked done that is not stored."""

    exit_code = 4


class StoreError(CrawlpoolError):
    """A record could not be written; the message names the file and the cause."""

    exit_code = 4


class BackendError(CrawlpoolError):
    """The workers, as a whole, are gone: many died in a row, or none could be started."""

    exit_code = 5


class NetworkError(CrawlpoolError):
    """Every host stopped answering at once, so the network is gone; the crawl can go on later."""

    exit_code = 7


class PageError(CrawlpoolError):
    """`page.raise_for_status()` was called on a page without a 2xx answer."""


class HandlerError(CrawlpoolError):
    """A handler raised and `fail_fast` was asked for; the message holds URL and traceback."""

    exit_code = 3
