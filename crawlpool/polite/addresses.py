"""Which hosts are one machine, as far as an address tells.

Two names at one address are most often one server, so what it can bear is counted once.
A name with a port that is no web server's own ("shop.example:8080") is taken for a server
of its own: machines with several of those are most often a developer's.
"""

import ipaddress
import os
from collections.abc import Mapping
from typing import Final

_WEB_PORTS: Final = frozenset({"", "80", "443"})
_LONGEST: Final = 64  # "[" + 39 characters of IPv6 + "]:65535", and room


def key_of_peer(remote_address: str, host: str = "") -> str:
    """The key of the address that answered, such as "192.0.2.7" or "127.0.0.1:8080"; "" when it tells nothing.

    Args:
        remote_address: As a `Response` has it, such as "192.0.2.7:443" or "[2001:db8::1]:80".
        host: Who was asked; a proxy at another port than the one asked for tells nothing of the host.
    """
    if not 0 < len(remote_address) <= _LONGEST:
        return ""
    name, _, port = remote_address.rpartition(":")
    _, asked_port = _split(host)
    if host and port != asked_port and not (asked_port in _WEB_PORTS and port in _WEB_PORTS):
        return ""
    return _key(name.strip("[]"), port)


def key_of_host(host: str) -> str:
    """The key of a host that is an address itself, or "localhost"; "" for a name, which has to be asked first."""
    name, port = _split(host)
    return _key("127.0.0.1" if name == "localhost" else name.strip("[]"), port)


def is_proxied(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the environment names a proxy: then the address of an answer may be the proxy's."""
    names = os.environ if environment is None else environment
    return any(
        value and name.lower() in {"http_proxy", "https_proxy", "all_proxy"} for name, value in names.items()
    )


def _split(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return host, ""
    return name, port


def _key(name: str, port: str) -> str:
    if not name or not (name[0] in "0123456789:" or ":" in name):
        return ""  # most hosts are names; an address begins with a digit or has a colon
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address.is_loopback:
            address = ipaddress.IPv4Address("127.0.0.1")  # what `localhost` is as well
    text = str(address)
    if port in _WEB_PORTS:
        return text
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
