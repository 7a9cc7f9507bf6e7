"""Whether libcurl is here; asked in the main process, before any worker starts."""

from ..errors import ConfigError

_ADVICE = 'pip install "crawlpool[fast]"'
_NEEDED = ("PREREQFUNCTION", "REQUEST_TARGET", "HTTP09_ALLOWED", "STARTTRANSFER_TIME_T")
_OLDEST = 0x07_55_00
"""libcurl 7.85, the first whose threads look names up without a signal, and that judges answers as we expect."""


def check() -> None:
    """See that pycurl is here and new enough.

    Raises:
        ConfigError: It is not; the message says what would do.
    """
    try:
        import pycurl  # noqa: PLC0415  loaded only where it is asked for
    except ImportError as error:
        reason = "" if isinstance(error, ModuleNotFoundError) else f" ({error})"
        raise ConfigError(f"the transport curl needs: {_ADVICE}{reason}") from None
    if not all(hasattr(pycurl, name) for name in _NEEDED) or pycurl.version_info()[2] < _OLDEST:
        words = " ".join(pycurl.version.split()[:2])
        raise ConfigError(f"the transport curl needs a newer pycurl than {words}: {_ADVICE}")
