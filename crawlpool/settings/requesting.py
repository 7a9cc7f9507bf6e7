"""What is sent, and by which way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypedDict

from ..model import Pairs
from ..units import read_cookie, read_header
from .knob import Knob


@dataclass(frozen=True, kw_only=True)
class Requesting:
    """What is sent, and by which way."""

    header: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Requests",
            metavar="'NAME: VALUE'",
            read=read_header,
            repeats=True,
            short="H",
            help="Send this header, to the seeds' hosts only where it is a credential.",
        ),
    ] = ()
    cookie: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Requests",
            metavar="NAME=VALUE",
            read=read_cookie,
            repeats=True,
            help="Send this cookie to the seeds' hosts.",
        ),
    ] = ()
    proxy: Annotated[
        str | None,
        Knob(
            group="Requests",
            metavar="URL",
            help="Go through this proxy, such as http://127.0.0.1:3128. Default: what the environment names.",
        ),
    ] = None
    insecure: Annotated[bool, Knob(group="Requests", help="Do not verify TLS certificates.")] = False
    keep_raw: Annotated[
        bool,
        Knob(
            group="Requests",
            help="Keep each body also as it was sent, before its Content-Encoding was removed, for handlers "
            "that archive (page.response.raw_body).",
        ),
    ] = False


class RequestingKnobs(TypedDict, total=False):
    """The same as keywords."""

    header: Mapping[str, str] | Pairs
    cookie: Mapping[str, str] | Pairs
    proxy: str | None
    insecure: bool
    keep_raw: bool
