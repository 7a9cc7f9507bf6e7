"""Whose turn it is: hosts that stand alone and addresses in one heap, the hosts at an address in its own.

    heap ──▶ host that stands alone
        └──▶ address ──▶ heap of the hosts there

An entry is (moment, ticket, host or address). Whoever is rescheduled gets a new ticket, and
an entry with an old one is passed over when it comes up. Each call is O(log hosts), counted
over many: an entry is pushed once and popped once.
"""

import heapq

from .pace import Address, Host


class Turns:
    """Hosts and addresses, by the moment at which they may be asked.

    Attributes:
        now: The latest moment that was told.
    """

    def __init__(self) -> None:
        """Nobody waits."""
        self._heap: list[tuple[float, int, Host | Address]] = []
        self._ticket = 0
        self.now = 0.0

    def ticket(self) -> int:
        """A number that nobody has had."""
        self._ticket += 1
        return self._ticket

    def next(self, now: float) -> Host | None:
        """Who may be asked now, the longest due first; it has no entry then until it is scheduled again."""
        self.now = now
        while self._heap and self._heap[0][0] <= now:
            _, ticket, each = heapq.heappop(self._heap)
            if each.ticket != ticket:
                continue  # rescheduled since
            each.ticket = 0
            if isinstance(each, Host):
                if self._may_start(each, now):
                    return each
                continue
            found = self._next_at(each, now)
            if found is not None:
                return found
            self.schedule_address(each)
        return None

    def _next_at(self, address: Address, now: float) -> Host | None:
        """The host at an address whose turn it is."""
        if address.out >= address.cap or address.next_at > now:
            return None
        while address.heap and address.heap[0][0] <= now:
            _, ticket, host = heapq.heappop(address.heap)
            if host.ticket != ticket:
                continue
            host.ticket = 0
            if self._may_start(host, now):
                return host
        return None

    def _may_start(self, host: Host, now: float) -> bool:
        if host.next_at > now:
            self.schedule(host)  # its rest was prolonged meanwhile
            return False
        return host.has_work and host.out < host.cap

    def due(self) -> float | None:
        """The moment at which `next` may have one; None while nobody waits for a moment."""
        first = self.first()
        return None if first is None else max(first[0], first[1].next_at)

    def first(self) -> tuple[float, Host | Address] | None:
        """Who is due first, with the moment of its entry."""
        while self._heap:
            due, ticket, each = self._heap[0]
            if each.ticket == ticket:
                if each.next_at <= max(due, self.now):
                    return due, each
                # It rests since, and what is behind it may be due before.
                heapq.heappop(self._heap)
                each.ticket = 0
                if isinstance(each, Host):
                    self.schedule(each)
                else:
                    self.schedule_address(each)
            else:
                heapq.heappop(self._heap)
        return None

    def is_another_due(self, host: Host | None, now: float) -> bool:
        """Whether anybody but this host could be asked now, at its own address or elsewhere."""
        address = None if host is None else host.address
        # The three smallest entries of a heap are among its first three places and what is
        # behind those; that the first place is current is enough to be right nearly always,
        # and an entry that is not only makes a lane wait for its next request once.
        if self.first() is not None and any(
            due <= now and each is not host and each is not address for due, _, each in self._heap[:3]
        ):
            return True
        return address is not None and any(
            due <= now and each is not host and each.ticket == ticket
            for due, ticket, each in address.heap[:3]
        )

    # Entries

    def first_at(self, address: Address) -> Host | None:
        """The host at an address that is due first."""
        heap = address.heap
        while heap and heap[0][2].ticket != heap[0][1]:
            heapq.heappop(heap)
        return heap[0][2] if heap else None

    def push(self, host: Host, due: float) -> None:
        """Give a host an entry, in place of any that it has."""
        host.ticket = self.ticket()
        host.ready_at = self.now
        if host.address is None:
            heapq.heappush(self._heap, (due, host.ticket, host))
        else:
            heapq.heappush(host.address.heap, (due, host.ticket, host))

    def schedule(self, host: Host) -> None:
        """Give a host an entry if it has none, something to ask for, and room for it."""
        if not host.ticket and host.has_work and host.out < host.cap:
            self.push(host, host.next_at)
        if host.address is not None:
            self.schedule_address(host.address)

    def schedule_address(self, address: Address) -> None:
        """Give an address an entry if it has room and a host that waits; or one that is due before the one it has."""
        if self.first_at(address) is None or address.out >= address.cap:
            return
        due = max(address.heap[0][0], address.next_at)
        if address.ticket and address.due <= due:
            return
        address.ticket, address.due = self.ticket(), due
        heapq.heappush(self._heap, (due, address.ticket, address))
