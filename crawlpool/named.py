"""Which hosts and ports the user named; those may be connected to wherever they are.

A seed http://127.0.0.1:8000/ names that host with that port: not another port of it, nor
"localhost". What a page, a redirect or a handler asks for names nothing.
"""

from .addresses import BAD_PORTS, is_local_name, literal, special
from .urls import host


class Named:
    """The hosts that seeds name, each with its port.

    A name that answered from the public internet is trusted as such from then on: if the DNS
    says later that it is a private address, that is the DNS's word (it may be the server's
    own), and not the user's.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[
            str, bool | None
        ] = {}  # whether it may still be private; None before it has answered

    def add(self, target: str) -> None:
        """The user named the host of this URL, which is in normal form."""
        self._kept.setdefault(_place_of(target), None)

    def has(self, target: str) -> bool:
        """Whether a URL in normal form is of a host that the user named, and that may be private."""
        return self._kept.get(_place_of(target), False) is not False

    def answered(self, target: str, remote_address: str) -> None:
        """A host answered, from an address such as "127.0.0.1:80" or "[::1]:80"; "" when that is not known."""
        each = _place_of(target)
        if not remote_address or self._kept.get(each, False) is not None:
            return
        name, _, port = each.rpartition(":")
        is_of_itself = literal(name) is not None or is_local_name(name) or int(port) in BAD_PORTS
        address = remote_address.rpartition(":")[0].strip("[]")
        self._kept[each] = is_of_itself or special(address) is not None


def _place_of(target: str) -> str:
    """Host and port of a URL in normal form, the port always there: "shop.example:443"."""
    each = host(target)
    if ":" in each and each[-1] != "]":
        return each
    return f"{each}:443" if target.startswith("https:") else f"{each}:80"
