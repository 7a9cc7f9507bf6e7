"""Where a crawl may connect to."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from ..addresses import RESOLVE, read_resolve, split_resolve
from ..errors import ConfigError
from .knob import Knob


@dataclass(frozen=True, kw_only=True)
class Reaching:
    """Where a crawl may connect to."""

    allow_private: Annotated[
        bool,
        Knob(
            group="Requests",
            help="Connect also to private addresses, this machine's and those of its network, that you did not name: "
            "where links, redirects and the DNS lead. Without it only the host and port of a URL that you list "
            "may be private.",
        ),
    ] = False
    deny_private: Annotated[
        bool,
        Knob(
            group="Requests",
            help="Connect to no private address, even of a URL that you list; for lists that strangers wrote.",
        ),
    ] = False
    resolve: Annotated[
        tuple[str, ...],
        Knob(
            group="Requests",
            metavar="HOST:PORT:ADDRESS[,...]",
            read=read_resolve,
            repeats=True,
            help="Connect to this address for that host and port, and do not look the name up; of several the first "
            "that answers. It may be a private one.",
        ),
    ] = ()

    def _check_reach(self) -> None:
        """See that what is said of addresses can be kept.

        Raises:
            ConfigError: It cannot.
        """
        if self.allow_private and self.deny_private:
            raise ConfigError("allow_private and deny_private are both given, and one takes back the other")
        for text in self.resolve:
            try:
                split_resolve(text)
            except (ValueError, TypeError, AttributeError):
                raise ConfigError(f"resolve holds {text!r}, and should hold {RESOLVE}") from None


class ReachingKnobs(TypedDict, total=False):
    """The same as keywords."""

    allow_private: bool
    deny_private: bool
    resolve: tuple[str, ...] | list[str] | str
