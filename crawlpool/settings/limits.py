"""Where a crawl, a page or a URL ends."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from ..units import MIB, read_bytes, read_count, read_seconds
from .knob import Knob


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where a crawl, a page or a URL ends."""

    max_pages: Annotated[
        int | None,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=1,
            help="Stop when this many pages were fetched. Default: no limit.",
        ),
    ] = None
    max_time: Annotated[
        float | None,
        Knob(
            group="Limits",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            help="Start no request after this time. Default: no limit.",
        ),
    ] = None
    max_body: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="BYTES",
            read=read_bytes,
            least=1,
            help="Read at most this much of a body; a longer one is cut and marked.",
        ),
    ] = 16 * MIB
    max_headers: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="BYTES",
            read=read_bytes,
            least=1024,
            most=4 * MIB,
            help="Read at most this much of an answer's head; a longer one is a failure.",
        ),
    ] = 256 * 1024
    max_ratio: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=10,
            help="Take a compressed body for a bomb, which is a failure, when it grows to more than this many times "
            "what was sent, and to more than 4 MiB.",
        ),
    ] = 1000
    idle_timeout: Annotated[
        float | None,
        Knob(
            group="Limits",
            metavar="SECONDS",
            read=read_seconds,
            least=0.001,
            help="Give an answer up when nothing of it comes for this time; unless it is given, for 20 seconds or two "
            "thirds of the timeout, whichever is more.",
        ),
    ] = None
    parse_timeout: Annotated[
        float,
        Knob(
            group="Limits",
            metavar="SECONDS",
            read=read_seconds,
            least=0.05,
            most=1_000_000,
            help="Build page.soup and the tree of page.xpath() for at most this long; what was read by then is kept, and "
            "page.is_partial says so.",
        ),
    ] = 10.0
    worker_memory: Annotated[
        int | None,
        Knob(
            group="Limits",
            metavar="BYTES",
            read=read_bytes,
            least=32 * MIB,
            help="Replace a worker process that takes more memory than this when it has answered; one that takes twice "
            "as much is killed at once. Default: no limit.",
        ),
    ] = None
    max_url: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=32,
            most=1_000_000,
            help="Ask for no URL of more characters than this: a link is left out, a listed URL fails.",
        ),
    ] = 8192
    max_links: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=1,
            help="Follow at most this many links of one page; the rest are counted as left out.",
        ),
    ] = 10_000
    max_redirects: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=0,
            help="Follow at most this many redirects of one URL.",
        ),
    ] = 10
    max_host_pages: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=1,
            help="Follow links to at most this many pages of one host.",
        ),
    ] = 1_000_000
    max_directory_pages: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=1,
            help="Follow links to at most this many pages right in one directory of a host.",
        ),
    ] = 250_000
    max_path_depth: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=0,
            help="Follow no link to a page in more directories than this.",
        ),
    ] = 20
    max_repeats: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=1,
            help="Follow no link in whose path one name stands more often than this.",
        ),
    ] = 3
    max_params: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=0,
            help="Follow no link with more parameters than this.",
        ),
    ] = 20
    max_combinations: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=0,
            help="Follow at most this many links to a page that only put three or more known parameters together "
            "anew, or ten for each parameter that it has; the same of the names in paths, of long ones ten "
            "times as many.",
        ),
    ] = 1_000
    max_calendar: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=0,
            help="Follow at most this many links of one calendar to dates more than 2 years ahead or 30 years "
            "back.",
        ),
    ] = 1_000
    max_sessions: Annotated[
        int,
        Knob(
            group="Limits",
            metavar="N",
            read=read_count,
            least=1,
            help="Follow links to a page with at most this many numbers of sessions in its URL.",
        ),
    ] = 3


class LimitsKnobs(TypedDict, total=False):
    """The same as keywords."""

    max_pages: int | None
    max_time: float | None
    max_body: int
    max_headers: int
    max_ratio: int
    idle_timeout: float | None
    parse_timeout: float
    worker_memory: int | None
    max_url: int
    max_links: int
    max_redirects: int
    max_host_pages: int
    max_directory_pages: int
    max_path_depth: int
    max_repeats: int
    max_params: int
    max_combinations: int
    max_calendar: int
    max_sessions: int
