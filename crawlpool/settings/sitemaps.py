"""Which sitemaps are asked for, and what of them is taken."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict

from ..units import read_date, read_web_url
from .knob import Knob

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, kw_only=True)
class Sitemaps:
    """Which sitemaps are asked for, and what of them is taken."""

    sitemap: Annotated[
        bool,
        Knob(
            group="Sitemaps",
            help="Crawl what the sitemaps of each seed's site list, too: those that its robots.txt names, else "
            "/sitemap.xml.",
        ),
    ] = False
    sitemap_url: Annotated[
        tuple[str, ...],
        Knob(
            group="Sitemaps",
            metavar="URL",
            read=read_web_url,
            repeats=True,
            help="Crawl what this sitemap, sitemap index, RSS, Atom or JSON feed, or list of URLs on the web names.",
        ),
    ] = ()
    since: Annotated[
        str | None,
        Knob(
            group="Sitemaps",
            metavar="DATE",
            read=read_date,
            help="Leave out what a sitemap says has not changed since this date, such as 2026-01-31 or "
            "2026-01-31T12:30Z. Default: no limit.",
        ),
    ] = None


class SitemapsKnobs(TypedDict, total=False):
    """The same as keywords."""

    sitemap: bool
    sitemap_url: tuple[str, ...] | list[str] | str
    since: "str | date | None"
