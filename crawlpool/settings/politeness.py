"""What servers are asked, how often, and under which name."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from ..units import read_count, read_seconds
from .knob import Knob


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
    robots: Annotated[
        bool,
        Knob(group="Politeness", help="Obey robots.txt."),
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
        """Our product token, what robots.txt calls us: the User-Agent up to "/" or a space (RFC 9309, 2.2.1)."""
        return self.user_agent.split()[0].partition("/")[0]


class PolitenessKnobs(TypedDict, total=False):
    """The same as keywords."""

    per_host: int
    delay: float
    robots: bool
    user_agent: str
    retries: int
    backoff: float
    max_wait: float
    max_crawl_delay: float
