"""What becomes of faults: ours, the user's and the network's."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from ..units import read_count, read_seconds
from .knob import Knob


@dataclass(frozen=True, kw_only=True)
class Failing:
    """What becomes of faults: ours, the user's and the network's."""

    fail_fast: Annotated[
        bool, Knob(group="Failures", help="Stop at the first page whose handler raises.")
    ] = False
    handler_timeout: Annotated[
        float | None,
        Knob(
            group="Failures",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            most=1_000_000,
            help="Cut off a handler that takes longer than this for one page, and count the page as failed. "
            "Default: no limit.",
        ),
    ] = None
    max_outage: Annotated[
        float,
        Knob(
            group="Failures",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            most=1_000_000,
            help="Wait at most this long for a network that is gone; then stop, to be gone on with later.",
        ),
    ] = 600.0
    max_host_failures: Annotated[
        int,
        Knob(
            group="Failures",
            metavar="N",
            read=read_count,
            least=0,
            help="Let a host rest that fails this many times in a row, over more than three URLs; 0 lets none rest.",
        ),
    ] = 10
    host_rest: Annotated[
        float,
        Knob(
            group="Failures",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            most=1_000_000,
            help="Let a failing host rest for this long, then ask it for one page; each further rest is twice as "
            "long, and after four the host is given up.",
        ),
    ] = 10.0


class FailingKnobs(TypedDict, total=False):
    """The same as keywords."""

    fail_fast: bool
    handler_timeout: float | None
    max_outage: float
    max_host_failures: int
    host_rest: float
