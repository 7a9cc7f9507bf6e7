"""Which links are followed, and what counts as one page."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from ..units import read_count
from .knob import Knob

SCOPES = ("host", "domain", "prefix", "all")
DUPLICATES = ("exact", "near", "canonical", "listed")
"""What `skip_duplicates` may name; the last is no kind, but lets the others apply to listed URLs too."""


@dataclass(frozen=True, kw_only=True)
class FollowingLinks:
    """Which links are followed, and what counts as one page."""

    follow: Annotated[
        bool, Knob(group="Following links", help="Follow the links on pages that are in scope.")
    ] = False
    depth: Annotated[
        int | None,
        Knob(
            group="Following links",
            metavar="N",
            read=read_count,
            least=0,
            help="Follow links this far from a seed. Default: no limit.",
        ),
    ] = None
    scope: Annotated[
        str,
        Knob(
            group="Following links",
            metavar="NAME",
            choices=SCOPES,
            help="Follow links to: the seeds' hosts and where their redirects end (host), their registrable "
            "domains (domain), below the seeds' directories (prefix), or anywhere (all).",
        ),
    ] = "host"
    include: Annotated[
        tuple[str, ...],
        Knob(
            group="Following links",
            metavar="PATTERN",
            repeats=True,
            help="Follow only links that match one of these, such as '/catalogue/**'.",
        ),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        Knob(
            group="Following links",
            metavar="PATTERN",
            repeats=True,
            help="Do not follow links that match any of these.",
        ),
    ] = ()
    all_bodies: Annotated[
        bool,
        Knob(
            group="Following links",
            help="Read every body where links are followed; else one that is no HTML is left unread, and its record "
            "says what its header says.",
        ),
    ] = False
    strip_params: Annotated[
        tuple[str, ...],
        Knob(
            group="Following links",
            metavar="NAMES",
            repeats=True,
            help="Ask for URLs without these parameters, such as 'utm_*,fbclid'; URLs that differ in nothing else are "
            "one. The words session and tracking stand for the usual ones.",
        ),
    ] = ()
    sort_params: Annotated[
        bool,
        Knob(
            group="Following links",
            help="Ask for URLs with their parameters in the order of their names; URLs that differ in nothing else are "
            "one.",
        ),
    ] = False
    skip_duplicates: Annotated[
        tuple[str, ...],
        Knob(
            group="Following links",
            metavar="KINDS",
            repeats=True,
            help="Leave out a page that was found and has the same body as another (exact), nearly the same text "
            "(near), or that names another as its canonical URL, which is fetched instead (canonical); with listed "
            "also a page that you named.",
        ),
    ] = ()
    skip_noindex: Annotated[
        bool,
        Knob(
            group="Following links",
            help="Leave out a page that was found and says noindex; its links are followed, unless it says nofollow.",
        ),
    ] = False


class FollowingLinksKnobs(TypedDict, total=False):
    """The same as keywords."""

    follow: bool
    depth: int | None
    scope: str
    include: tuple[str, ...] | list[str] | str
    exclude: tuple[str, ...] | list[str] | str
    all_bodies: bool
    strip_params: tuple[str, ...] | list[str] | str
    sort_params: bool
    skip_duplicates: tuple[str, ...] | list[str] | str
    skip_noindex: bool
