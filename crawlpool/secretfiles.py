"""Files of the user's that hold secrets: cookies of a browser, and netrc.

A ValueError says which line is wrong and why, and never what is behind its first word.
"""

import os
import re
import stat
from typing import Final, NamedTuple

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file that are read; one that is longer is refused."""

_DOMAIN = re.compile(r"\.?[A-Za-z0-9\[\]:._-]{1,253}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_FIRST = re.compile(r"[#\w.:\[\]-]{0,60}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class FileCookie(NamedTuple):
    """One line of a cookies.txt.

    Attributes:
        domain: A host or domain, without the dot in front.
        is_host_only: It goes to that host and to none below.
        path: Where it goes to, and below.
        is_secure: It goes over https only.
        expires_at: Seconds since 1970; 0 for a cookie of a session, which does not expire here.
    """

    domain: str
    is_host_only: bool
    path: str
    is_secure: bool
    expires_at: float
    name: str
    value: str


def read_cookies(file: str) -> list[FileCookie]:
    """Read cookies in the form of Netscape's cookies.txt, which browsers' add-ons, curl and wget write.

    Seven fields with tabs between them: domain, TRUE when hosts below it count too, path,
    TRUE for https only, seconds since 1970 (0: none), name, value. "#" begins a comment, but
    "#HttpOnly_" in front of a domain is part of the form, and means nothing to a crawler.

    Raises:
        ValueError: A line is no cookie.
        OSError: The file cannot be read.
    """
    cookies = []
    for number, line in enumerate(_text(file).split("\n"), 1):
        line = line.removesuffix("\r").removeprefix("#HttpOnly_")  # noqa: PLW2901  as it is meant
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) == 6:  # curl leaves an empty value away with its tab
            fields.append("")
        if (why := _fault(fields)) is not None:
            raise ValueError(f"line {number}, {_FIRST.match(line)[0]!r}...: {why}")  # type: ignore[index]
        domain, below, path, secure, expires, name, value = fields
        cookies.append(
            FileCookie(
                domain=domain.removeprefix(".").lower(),
                is_host_only=below.upper() != "TRUE",
                path=path,
                is_secure=secure.upper() == "TRUE",
                expires_at=max(0.0, float(expires or 0)),
                name=name,
                value=value,
            )
        )
    return cookies


def _fault(fields: list[str]) -> str | None:
    if len(fields) != 7:
        return f"{len(fields)} fields with tabs between them, and a cookie has 7"
    domain, below, path, secure, expires, name, value = fields
    if not _DOMAIN.fullmatch(domain):
        return "the first field is no host or domain"
    if below.upper() not in {"TRUE", "FALSE"} or secure.upper() not in {"TRUE", "FALSE"}:
        return "the second and the fourth field are TRUE or FALSE"
    if not path.startswith("/") or _CONTROL.search(path):
        return 'the third field is a path, which begins with "/"'
    if expires and not _NUMBER.fullmatch(expires):
        return "the fifth field is a number, seconds since 1970"
    if not name or "=" in name or ";" in name + value or _CONTROL.search(name + value):
        return "the sixth and the seventh field are a name and a value that can be sent"
    return None


def read_netrc(file: str) -> dict[str, tuple[str, str]]:
    """Read logins from a file in the form of `.netrc`, by machine; "default" is that of no machine.

    Raises:
        ValueError: A line cannot be read.
        OSError: The file cannot be read.
    """
    import netrc  # noqa: PLC0415  few crawls have one

    _text(file)
    try:
        hosts = netrc.netrc(file).hosts
    except netrc.NetrcParseError as error:  # its own words quote what it stumbled over
        raise ValueError(
            f"line {error.lineno or '?'} is not in the form: machine HOST login USER password PASSWORD"
        ) from None
    return {name.lower(): (login or account, password) for name, (login, account, password) in hosts.items()}


def is_open_to_others(file: str) -> bool:
    """Whether other users of this machine may read a file; False where that cannot be known."""
    try:
        mode = os.stat(file).st_mode  # noqa: PTH116
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def _text(file: str) -> str:
    with open(file, "rb") as opened:  # noqa: PTH123
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is longer than {LARGEST >> 20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeError:
        raise ValueError("it is no text in UTF-8") from None
