"""What is sent, and by which way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypedDict

from ..model import Pairs
from ..units import read_cookie, read_header
from .given import (
    Given,
    as_authorities,
    as_certificates,
    as_cookie_file,
    as_hosts,
    as_logins,
    as_netrc,
    as_pairs,
    as_proxy,
    as_tokens,
)
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
            fit=as_pairs,
            is_secret=True,
            help="Send this header, to the seeds' origins only where it is a credential. env:NAME or file:PATH instead of "
            "VALUE reads it from there.",
        ),
    ] = ()
    cookie: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Requests",
            metavar="NAME=VALUE",
            read=read_cookie,
            repeats=True,
            fit=as_pairs,
            is_secret=True,
            help="Send this cookie to the seeds' origins. env:NAME or file:PATH instead of VALUE reads it from there.",
        ),
    ] = ()
    cookie_file: Annotated[
        str | None,
        Knob(
            group="Requests",
            metavar="FILE",
            fit=as_cookie_file,
            help="Send the cookies in this cookies.txt (Netscape's format) to the hosts and paths that it names.",
        ),
    ] = None
    auth: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Requests",
            metavar="[ORIGIN=]USER:PASSWORD",
            repeats=True,
            fit=as_logins,
            is_secret=True,
            help="Log in with this (Basic, or Digest where the server asks for it) to the seeds' origins, or to this "
            "ORIGIN, such as https://shop.example. env:NAME or file:PATH instead of USER:PASSWORD reads it from there.",
        ),
    ] = ()
    bearer: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Requests",
            metavar="[ORIGIN=]TOKEN",
            repeats=True,
            fit=as_tokens,
            is_secret=True,
            help="Send this bearer token to the seeds' origins, or to this ORIGIN. env:NAME or file:PATH instead of TOKEN "
            "reads it from there.",
        ),
    ] = ()
    netrc: Annotated[
        str | None,
        Knob(
            group="Requests",
            metavar="FILE",
            fit=as_netrc,
            help="Log in with what this file, such as ~/.netrc, says of a host. It is not read without this.",
        ),
    ] = None
    client_cert: Annotated[
        tuple[tuple[str, str], ...],
        Knob(
            group="Requests",
            metavar="[ORIGIN=]FILE[,KEY]",
            repeats=True,
            fit=as_certificates,
            help="Show this certificate (PEM, the key in it or in KEY) to the seeds' origins, or to this ORIGIN.",
        ),
    ] = ()
    proxy: Annotated[
        str | None,
        Knob(
            group="Requests",
            metavar="URL",
            fit=as_proxy,
            is_secret=True,
            help="Go through this proxy, such as http://127.0.0.1:3128, or with env through the one that the environment "
            "names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY). Default: none.",
        ),
    ] = None
    ca_file: Annotated[
        str | None,
        Knob(
            group="Requests",
            metavar="FILE",
            fit=as_authorities,
            help="Trust the certificates in this file (PEM) as well as those that the system trusts.",
        ),
    ] = None
    insecure: Annotated[
        tuple[str, ...],
        Knob(
            group="Requests",
            metavar="HOST[:PORT]",
            repeats=True,
            fit=as_hosts,
            help="Do not verify the certificate of this host.",
        ),
    ] = ()
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
    cookie_file: str | None
    auth: Given
    bearer: Given
    netrc: str | bool | None
    client_cert: Given
    proxy: str | None
    ca_file: str | None
    insecure: str | tuple[str, ...] | list[str]
    keep_raw: bool
