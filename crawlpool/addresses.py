"""What kind of place an IP address is: on the public internet, or somewhere that no stranger may send us.

A server can name any address in a link, a redirect or the DNS, and whoever runs the
crawl may reach what that server cannot: this machine, the network it is in, the metadata
of a cloud. So each address is looked up here before it is connected to.

The tables are IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), all of
their rows, also those that may be routed anywhere: no web site is there. Besides them
stand multicast and reserved blocks, where clouds keep their machines' secrets, and of
IPv6 all that is not given out as global unicast (2000::/3). An IPv4 address inside an IPv6 one is looked up, too. `ipaddress` is
not asked: its answer differs between versions of Python, and 6to4, NAT64 and
IPv4-compatible addresses of this very machine have been global to it.
"""

import re
import socket
from typing import Final

_LOOPBACK: Final = "a loopback address"
_PRIVATE: Final = "a private address (RFC 1918)"
_SHARED: Final = "an address shared behind a provider's NAT (RFC 6598)"
_UNIQUE_LOCAL: Final = "a private address (RFC 4193)"
_METADATA: Final = "the address of a cloud's metadata"

OF_NETWORKS: Final = frozenset({_LOOPBACK, _PRIVATE, _SHARED, _UNIQUE_LOCAL})
"""What a name may well stand for in a network of the user's own; all else is special by any name."""

_SPECIAL_4: Final = (
    # block, length of the prefix, what it is; the longer of two that overlap stands first
    ("0.0.0.0", 32, "the unspecified address"),  # noqa: S104  nothing is bound
    ("0.0.0.0", 8, 'an address of "this network" (RFC 791)'),  # noqa: S104
    ("10.0.0.0", 8, _PRIVATE),
    ("100.100.100.200", 32, _METADATA),
    ("100.64.0.0", 10, _SHARED),
    ("127.0.0.0", 8, _LOOPBACK),
    ("168.63.129.16", 32, _METADATA),  # Azure's, out of its public range
    ("169.254.169.254", 32, _METADATA),
    ("169.254.0.0", 16, "a link-local address (RFC 3927)"),
    ("172.16.0.0", 12, _PRIVATE),
    ("192.0.0.0", 24, "an address for protocols (RFC 6890)"),
    ("192.0.2.0", 24, "an address for documentation (RFC 5737)"),
    ("192.31.196.0", 24, "an address of AS112 (RFC 7535)"),
    ("192.52.193.0", 24, "an address of multicast tunnels (RFC 7450)"),
    ("192.88.99.0", 24, "an address of 6to4 relays (RFC 7526)"),
    ("192.168.0.0", 16, _PRIVATE),
    ("192.175.48.0", 24, "an address of AS112 (RFC 7534)"),
    ("198.18.0.0", 15, "an address for benchmarks (RFC 2544)"),
    ("198.51.100.0", 24, "an address for documentation (RFC 5737)"),
    ("203.0.113.0", 24, "an address for documentation (RFC 5737)"),
    ("224.0.0.0", 4, "a multicast address"),
    ("255.255.255.255", 32, "the broadcast address"),
    ("240.0.0.0", 4, "a reserved address (RFC 1112)"),
)

_SPECIAL_6: Final = (
    ("::", 128, "the unspecified address"),
    ("::1", 128, _LOOPBACK),
    ("64:ff9b:1::", 48, "an address translated to IPv4 within a network (RFC 8215)"),
    ("100::", 64, "an address that is discarded (RFC 6666)"),
    ("100:0:0:1::", 64, "a dummy address (RFC 9780)"),
    ("5f00::", 16, "an address of segment routing (RFC 9602)"),
    ("fd00:ec2::", 32, _METADATA),
    ("fd20:ce::254", 128, _METADATA),
    ("fc00::", 7, _UNIQUE_LOCAL),
    ("fe80::", 10, "a link-local address (RFC 4291)"),
    ("fec0::", 10, "a site-local address (RFC 3879)"),
    ("ff00::", 8, "a multicast address"),
    ("2001::", 32, "a Teredo address (RFC 4380)"),
    ("2001:2::", 48, "an address for benchmarks (RFC 5180)"),
    ("2001::", 23, "an address for protocols (RFC 2928)"),
    ("2001:db8::", 32, "an address for documentation (RFC 3849)"),
    ("2620:4f:8000::", 48, "an address of AS112 (RFC 7534)"),
    ("3fff::", 20, "an address for documentation (RFC 9637)"),
)

_EMBEDDING: Final = (
    # block, length of the prefix, by how many bits the IPv4 address in it stands from the right
    ("::ffff:0:0", 96, 0),  # IPv4-mapped (RFC 4291, 2.5.5.2)
    ("64:ff9b::", 96, 0),  # NAT64 (RFC 6052, 2.1)
    ("2002::", 16, 80),  # 6to4 (RFC 3056, 2)
)

_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})  # before the IPv4 address (RFC 5214, 6.1)
_GLOBAL_6: Final = 0b001  # the first three bits of 2000::/3 (RFC 4291, 2.4)
_LONGEST: Final = 64  # characters of an address; a zone may be longer, and says nothing


def _as_number(text: str) -> int:
    return int.from_bytes(socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text))


_BLOCKS_4: Final = tuple((32 - n, _as_number(block) >> (32 - n), kind) for block, n, kind in _SPECIAL_4)
_BLOCKS_6: Final = tuple((128 - n, _as_number(block) >> (128 - n), kind) for block, n, kind in _SPECIAL_6)
_BLOCKS_WITH_4: Final = tuple(
    (128 - n, _as_number(block) >> (128 - n), shift) for block, n, shift in _EMBEDDING
)


def packed(text: str) -> bytes | None:
    """The 4 or 16 bytes of an address as text, its zone ("%eth0") left aside; None for what is no address."""
    address = text.partition("%")[0]
    if len(address) > _LONGEST:
        return None
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except (OSError, ValueError):  # the second for a NUL and for what is not ASCII
        return None


def literal(hostname: str) -> str | None:
    """The address that the host of a URL in normal form is, brackets taken off; None for a name."""
    if hostname.startswith("["):
        return hostname[1:-1]
    return hostname if hostname[-1:].isdigit() and packed(hostname) is not None else None


def special(text: str) -> str | None:
    """What an address is if it is none of the public internet, such as "a loopback address"; None if it is.

    What is no address at all is nothing that may be connected to, either.
    """
    address = packed(text)
    if address is None:
        return "no address"
    return _special_4(int.from_bytes(address)) if len(address) == 4 else _special_6(int.from_bytes(address))


def _special_4(number: int) -> str | None:
    for shift, block, kind in _BLOCKS_4:
        if number >> shift == block:
            return kind
    return None


def _special_6(number: int) -> str | None:
    for shift, block, kind in _BLOCKS_6:
        if number >> shift == block:
            return kind
    for shift, block, at in _BLOCKS_WITH_4:
        if number >> shift == block:
            return _holding(number >> at)
    if number >> 125 != _GLOBAL_6:
        if number >> 32 == 0:
            return "an IPv4-compatible address (RFC 4291)"
        return "a reserved address (RFC 4291)"
    return _holding(number) if (number >> 32) & 0xFFFF_FFFF in _ISATAP else None


def _holding(number: int) -> str | None:
    """The same of the IPv4 address in the last 32 bits of a number."""
    number &= 0xFFFF_FFFF
    kind = _special_4(number)
    return None if kind is None else f"an address that holds {_dotted(number)}, {kind}"


def _dotted(number: int) -> str:
    return socket.inet_ntop(socket.AF_INET, number.to_bytes(4))


LOCAL_NAMES: Final = ("localhost", "local", "internal", "home.arpa")
"""Names, with all below them, that never are the public internet's (RFC 6761, 6.3; RFC 6762, 3; ICANN; RFC 8375)."""


def is_local_name(hostname: str) -> bool:
    """Whether a name in small letters means this machine or the network it is in, whoever looks it up."""
    name = hostname.rstrip(".")
    return name.endswith(LOCAL_NAMES) and any(
        name == each or name.endswith(f".{each}") for each in LOCAL_NAMES
    )


RESOLVE: Final = "a host, its port and the addresses to connect to, such as shop.example:443:192.0.2.7 or [::1]:80:127.0.0.1"
"""What `split_resolve` takes."""

_PLACE: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+):([0-9]{1,5}):")


def split_resolve(text: str) -> tuple[str, int, tuple[str, ...]]:
    """Read "HOST:PORT:ADDRESS[,ADDRESS...]" as a host, a port and addresses; brackets around those are taken off.

    Raises:
        ValueError: It is none; it says what would do.
    """
    found = _PLACE.match(text.strip())
    if found is None or int(found[2]) > 65_535:
        raise ValueError(RESOLVE)
    addresses = tuple(each.strip().strip("[]") for each in text.strip()[found.end() :].split(","))
    if not all(packed(each) for each in addresses):
        raise ValueError(RESOLVE)
    return found[1], int(found[2]), addresses


def read_resolve(text: str) -> str:
    """Check what `split_resolve` reads, and give it back as it was typed."""
    split_resolve(text)
    return text.strip()


BAD_PORTS: Final = frozenset(
    (
        *(
            0,
            1,
            7,
            9,
            11,
            13,
            15,
            17,
            19,
            20,
            21,
            22,
            23,
            25,
            37,
            42,
            43,
            53,
            69,
            77,
            79,
            87,
            95,
            101,
            102,
            103,
        ),
        *(104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513),
        *(
            514,
            515,
            526,
            530,
            531,
            532,
            540,
            548,
            554,
            556,
            563,
            587,
            601,
            636,
            989,
            990,
            993,
            995,
            1719,
            1720,
        ),
        *(
            1723,
            2049,
            3659,
            4045,
            4190,
            5060,
            5061,
            6000,
            6566,
            6665,
            6666,
            6667,
            6668,
            6669,
            6679,
            6697,
            10080,
        ),
    )
)
"""Ports of other protocols, whose servers might take a request for a command (Fetch standard, 2.9, "bad port")."""
