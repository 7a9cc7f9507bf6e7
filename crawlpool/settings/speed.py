"""How quick: workers, what they are, how long they wait."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from ..units import read_count, read_range, read_seconds
from .knob import Knob

BACKENDS = ("process", "thread", "sync", "futures-process", "futures-thread")
TRANSPORTS = ("requests", "curl")
PROCESSES = ("process", "futures-process")
PLACES = ("main", "worker", "process")


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How quick: workers, what they are, how long they wait."""

    workers: Annotated[
        int | tuple[int, int] | str | None,
        Knob(
            group="Speed",
            metavar="N[..M]",
            short="w",
            read=read_range,
            least=1,
            most=1024,
            help="Fetch with this many workers at once, started as work is ready. With 2..16 more than 2 are started "
            "while all are busy, and end when they have nothing to do. Default: 8, or the number of cores if that "
            "is more.",
        ),
    ] = None
    backend: Annotated[
        str,
        Knob(group="Speed", metavar="NAME", choices=BACKENDS, help="What the workers are."),
    ] = "process"
    connections: Annotated[
        int,
        Knob(
            group="Speed",
            metavar="N",
            read=read_count,
            least=1,
            most=1024,
            help="Let each worker have this many requests under way at once.",
        ),
    ] = 1
    transport: Annotated[
        str,
        Knob(
            group="Speed",
            metavar="NAME",
            choices=TRANSPORTS,
            help="What workers fetch with: requests, or curl, which takes less of the processor and speaks HTTP/2 (pip install "
            "'crawlpool[fast]').",
        ),
    ] = "requests"
    parse_in: Annotated[
        str,
        Knob(
            group="Speed",
            metavar="PLACE",
            choices=PLACES,
            help="Where handlers and --select run: in the main process, in the workers right after the fetch, or in "
            "processes of their own, where slow ones hold up nothing.",
        ),
    ] = "main"
    parse_workers: Annotated[
        int | None,
        Knob(
            group="Speed",
            metavar="N",
            read=read_count,
            least=1,
            most=1024,
            help="Have this many processes for --parse-in process. Default: the number of processors that may be used.",
        ),
    ] = None
    timeout: Annotated[
        float,
        Knob(
            group="Speed",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            most=1_000_000,
            help="Give up on an answer that is not whole this long after its request was sent.",
        ),
    ] = 30.0
    connect_timeout: Annotated[
        float,
        Knob(
            group="Speed",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            most=1_000_000,
            help="Give up on a connection that is not made in this time.",
        ),
    ] = 5.0


class SpeedKnobs(TypedDict, total=False):
    """The same as keywords."""

    workers: int | tuple[int, int] | str | None
    connections: int
    transport: str
    parse_in: str
    parse_workers: int | None
    timeout: float
    connect_timeout: float
