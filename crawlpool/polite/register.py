"""Which hosts the gate knows, at which address each is, and when one may be forgotten.

A host belongs to the address that answered for it last. Until its first answer it may be one of many
at one address, and has one request at once. A host with nothing to ask for is forgotten once its pace
says nothing any more, so that memory follows what waits and not what was seen.
"""

import heapq
import math

from .addresses import key_of_host, key_of_peer
from .budget import Budget
from .pace import Address, Host
from .turns import Turns

_FORGOTTEN_AT_ONCE = 4


class Register:
    """The hosts and addresses of one gate.

    Args:
        turns: Whose turn it is; told when a host changes its address.
        per_host: Requests that one host may have at once.
        delay_s: Seconds between the starts of two requests to one host, at least.
        slowed_by: What that delay is for, in a word of `Gate.why`.
        per_address: Requests that all hosts at one address may have at once; 0: addresses count for nothing.
        host_bandwidth: Bytes a second, of one host; None for no limit.

    Attributes:
        hosts: The hosts that are known, by name.
        addresses: The addresses where they are.
        begins_at: No host that becomes known is asked before this moment.
    """

    def __init__(
        self,
        turns: Turns,
        *,
        per_host: int,
        delay_s: float,
        slowed_by: str,
        per_address: int,
        host_bandwidth: float | None,
    ) -> None:
        """Start with no host known."""
        self._turns = turns
        self._per_host = per_host
        self._delay_s, self._slowed_by = delay_s, slowed_by
        self._per_address = per_address
        self._host_bandwidth = host_bandwidth
        self.hosts: dict[str, Host] = {}
        self.addresses: dict[str, Address] = {}
        self._fading: list[tuple[float, int, Host]] = []
        self.begins_at = -math.inf

    def get(self, host: str) -> Host | None:
        """A host that is known; None for another."""
        return self.hosts.get(host)

    def state(self, host: str) -> Host:
        """A host, which is known from now on."""
        state = self.hosts.get(host)
        if state is None:
            state = self.hosts[host] = Host(host, self._per_host, self._delay_s, self._slowed_by)
            state.wait_until(self.begins_at, self._slowed_by)
            if self._host_bandwidth is not None:
                state.bytes = Budget(self._host_bandwidth)
            if self._per_address:
                key = key_of_host(host)
                if key:
                    self._join(state, key)
                else:
                    state.is_met, state.cap = False, 1  # it may be one of many at one address
        return state

    def meet(self, state: Host, peer: str) -> None:
        """A host answered from there: it belongs to the address that answered last, if that is known."""
        if not state.is_met:
            state.is_met = True
            state.cap = self._per_host if state.adaptive is None else state.adaptive.at_once
        address = state.address
        if address is not None and (peer == address.key or peer.startswith(address.key + ":")):
            return
        key = key_of_peer(peer, state.name)
        if key and (address is None or key != address.key):
            self._join(state, key)

    def _join(self, state: Host, key: str) -> None:
        self._leave(state)
        address = self.addresses.get(key)
        if address is None:
            address = self.addresses[key] = Address(key, self._per_address)
        state.address = address
        address.hosts += 1
        address.out += state.out
        state.is_counted = False
        state.ticket = 0
        address.count_delay(state)
        address.space(state.last_at)
        self._turns.schedule(state)

    def _leave(self, state: Host) -> None:
        address, state.address = state.address, None
        if address is None:
            return
        address.hosts -= 1
        address.out -= state.out
        state.ticket = 0
        if not address.hosts:
            address.ticket = 0
            del self.addresses[address.key]
        else:
            self._turns.schedule_address(address)

    def fade(self, state: Host) -> None:
        """Note that a host may be forgotten, once its pace says nothing any more."""
        if not state.is_fading and not state.out:
            state.is_fading = True
            until = state.next_at if state.address is None else max(state.next_at, state.address.next_at)
            heapq.heappush(self._fading, (until, self._turns.ticket(), state))

    def forget(self, now: float) -> None:
        """Forget some hosts that have nothing to ask for, and no pace of their own."""
        for _ in range(_FORGOTTEN_AT_ONCE):
            if not self._fading or self._fading[0][0] > now:
                return
            _, _, state = heapq.heappop(self._fading)
            state.is_fading = False
            if state.has_work or state.out or state.delay_s != self._delay_s:
                continue
            if state.adaptive is not None and state.adaptive.is_slowed:
                continue
            if max(state.next_at, 0.0 if state.address is None else state.address.next_at) > now:
                self.fade(state)
                continue
            self._leave(state)
            state.ticket = 0
            self.hosts.pop(state.name, None)
