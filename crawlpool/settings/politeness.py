"""What servers are asked, how often, and under which name."""

import re
from dataclasses import dataclass
from typing import Annotated, Final, TypedDict

from ..units import read_bytes, read_count, read_number, read_seconds
from .knob import Knob

_TOKEN: Final = re.compile(r"[A-Za-z_-]*")


@dataclass(frozen=True, kw_only=True)
class Politeness:
    """What servers are asked, how often, and under which name."""

    per_host: Annotated[
        int,
        Knob(
            group="Politeness",
            metavar="N",
            read=read_count,
            least=1,
            help="Ask one host for at most this many pages at once.",
        ),
    ] = 2
    delay: Annotated[
        float,
        Knob(
            group="Politeness",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            help="Leave at least this long between two requests to one host; a longer Crawl-delay in its "
            "robots.txt wins.",
        ),
    ] = 0.0
    per_address: Annotated[
        int | None,
        Knob(
            group="Politeness",
            metavar="N",
            read=read_count,
            least=0,
            help="Ask all hosts at one address together for at most this many pages at once, and keep the longest of "
            "their delays; with 0 each host is asked by itself. Default: as many as --per-host.",
        ),
    ] = None
    adaptive: Annotated[
        bool,
        Knob(
            group="Politeness",
            help="Ask a host less while it answers 429 or 503, times out, or gets slower under our load.",
        ),
    ] = True
    rate: Annotated[
        float | None,
        Knob(
            group="Politeness",
            metavar="N",
            read=read_number,
            least=0.0001,
            help="Send at most this many requests a second, to all hosts together. Default: no limit.",
        ),
    ] = None
    host_rate: Annotated[
        float | None,
        Knob(
            group="Politeness",
            metavar="N",
            read=read_number,
            least=0.0001,
            help="Send one host at most this many requests a second; a longer --delay wins. Default: no limit.",
        ),
    ] = None
    bandwidth: Annotated[
        int | None,
        Knob(
            group="Politeness",
            metavar="BYTES",
            read=read_bytes,
            least=1,
            help="Take at most this many bytes a second from all hosts together, on average. Default: no limit.",
        ),
    ] = None
    host_bandwidth: Annotated[
        int | None,
        Knob(
            group="Politeness",
            metavar="BYTES",
            read=read_bytes,
            least=1,
            help="Take at most this many bytes a second from one host, on average. Default: no limit.",
        ),
    ] = None
    robots: Annotated[
        bool,
        Knob(group="Politeness", help="Obey robots.txt."),
    ] = True
    x_robots_tag: Annotated[
        bool,
        Knob(group="Politeness", help="Obey the nofollow and noindex of X-Robots-Tag headers."),
    ] = True
    meta_robots: Annotated[
        bool,
        Knob(group="Politeness", help="Obey the nofollow and noindex of robots meta elements."),
    ] = True
    rel_nofollow: Annotated[
        bool,
        Knob(group="Politeness", help="Obey rel=nofollow on links."),
    ] = True
    user_agent: Annotated[
        str,
        Knob(
            group="Politeness",
            metavar="TEXT",
            help="Name yourself to servers. Its first word is looked up in robots.txt.",
        ),
    ] = "crawlpool/0.1 (a concurrent crawler; https://pypi.org/project/crawlpool/)"
    retries: Annotated[
        int,
        Knob(
            group="Politeness",
            metavar="N",
            read=read_count,
            least=0,
            help="Try again this many times after a timeout, a connection fault, or status 429 or 5xx.",
        ),
    ] = 2
    backoff: Annotated[
        float,
        Knob(
            group="Politeness",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            help="Wait about this long before the first retry, twice as long before each further one.",
        ),
    ] = 1.0
    max_wait: Annotated[
        float,
        Knob(
            group="Politeness",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            help="Wait at most this long when a server asks for it (Retry-After); beyond it a URL is "
            "recorded as deferred.",
        ),
    ] = 600.0
    max_crawl_delay: Annotated[
        float,
        Knob(
            group="Politeness",
            metavar="SECONDS",
            read=read_seconds,
            least=0,
            help="Believe a Crawl-delay up to this; a longer one counts as this.",
        ),
    ] = 60.0

    @property
    def token(self) -> str:
        """Our product token, what robots.txt calls us; see `product_token`."""
        return product_token(self.user_agent)


def product_token(user_agent: str) -> str:
    """What robots.txt calls a crawler: the letters, "-" and "_" that its User-Agent begins with (RFC 9309, 2.2.1).

    For one that begins otherwise its first word stands, which no line of a file can name.
    """
    found = _TOKEN.match(user_agent.strip())
    words = user_agent.split()
    return (found[0] if found else "") or (words[0] if words else "")


class PolitenessKnobs(TypedDict, total=False):
    """The same as keywords."""

    per_host: int
    delay: float
    per_address: int | None
    adaptive: bool
    rate: float | None
    host_rate: float | None
    bandwidth: int | None
    host_bandwidth: int | None
    robots: bool
    x_robots_tag: bool
    meta_robots: bool
    rel_nofollow: bool
    user_agent: str
    retries: int
    backoff: float
    max_wait: float
    max_crawl_delay: float
