"""A crawl without sockets, in virtual time: the real gate against servers that are numbers.

    World (hosts, sizes, addresses, delays, moods) ──▶ crawl ──▶ Crawled (what it took, what was broken)

Sizes are skewed as those of the web are (Zipf): a few hosts have most of the pages. A host
may share its address with others, ask for a Crawl-delay, complain, and be slow. What the
gate allowed is judged here by records of its own, start by start.
"""

import heapq
import random
import time
from dataclasses import dataclass, field

from ..polite.gate import Gate, Heard

PER_HOST = 2
REST_S = 30.0
"""What a server that complains asks for."""

_EPSILON = 1e-6


@dataclass(slots=True)
class Server:
    """One host, as the simulation knows it, and what happened to it.

    Attributes:
        pages: URLs that wait.
        address: Number of its address.
        delay_s: Crawl-delay, told by the first answer; 0.0 for none.
        answer_s: Seconds of an answer.
        complains: One answer in so many is a 429 with a Retry-After; 0 for never.
        is_known: Its first answer was here: the delay and the address hold from then on.
        out: Requests under way.
        last_at: When the last one started.
        rests_until: What a complaint asked for.
        free_at: When it could be asked again by its own rule, with room for it.
    """

    pages: int
    address: int
    delay_s: float
    answer_s: float
    complains: int
    is_known: bool = False
    out: int = 0
    last_at: float = -1e9
    rests_until: float = 0.0
    free_at: float = 0.0


@dataclass(slots=True)
class Crawled:
    """What a simulated crawl took.

    Attributes:
        requests: How many were made.
        makespan_s: Virtual seconds to the end.
        bound_s: Virtual seconds that no crawler could stay below: the busiest host by its own
            rule, or all work over all slots.
        gate_s: Real seconds in the gate.
        longest_s: Virtual seconds that a host which was due waited most for its turn.
        broken: Rules that were broken, in words; the first few.
        left: URLs that were never asked.
    """

    requests: int = 0
    makespan_s: float = 0.0
    bound_s: float = 0.0
    gate_s: float = 0.0
    longest_s: float = 0.0
    broken: list[str] = field(default_factory=list)
    left: int = 0


def world(hosts: int, *, pages_a_host: int = 5, seed: int = 1) -> dict[str, Server]:
    """Servers with `hosts * pages_a_host` pages, skewed; a third share an address, a twentieth ask for a delay."""
    chance = random.Random(seed)  # noqa: S311  a simulation, not a secret
    weights = [1 / (rank + 10) for rank in range(hosts)]
    scale = hosts * pages_a_host / sum(weights)
    most = 20 * pages_a_host * max(1.0, hosts**0.25)  # else the largest alone would be the crawl
    servers = {}
    for rank, weight in enumerate(weights):
        pages = max(1, min(int(weight * scale), int(most)))
        is_shared = chance.random() < 1 / 3
        servers[f"h{rank}.example"] = Server(
            pages=pages,
            address=chance.randrange(hosts // 20 + 1) if is_shared else hosts + rank,
            delay_s=chance.choice([0.5, 1.0, 5.0]) if chance.random() < 1 / 20 else 0.0,
            answer_s=min(5.0, chance.lognormvariate(-1.6, 0.8)),
            complains=50 if chance.random() < 1 / 50 else 0,
        )
    return servers


class Crawling:
    """One crawl of a world, move by move.

    Args:
        servers: The world; its counts are used up.
        gate: Fresh, with `PER_HOST` for `per_host` and `per_address`.
        slots: Requests that may be under way at once.
    """

    def __init__(self, servers: dict[str, Server], gate: Gate, *, slots: int) -> None:
        """Wake every host."""
        self._servers = servers
        self._gate = gate
        self._slots = slots
        self._now = 0.0
        self._ends: list[tuple[float, int, str, float]] = []
        self._count = 0
        self._at_address: dict[int, tuple[int, float]] = {}  # of hosts that are known: out, last start
        self.crawled = Crawled(bound_s=_bound_s(servers, slots))
        started = time.perf_counter()
        for name in servers:
            gate.wake(name)
        self.crawled.gate_s += time.perf_counter() - started

    def run(self) -> Crawled:
        """Go on until nothing is left."""
        while self._move():
            pass
        self.crawled.makespan_s = self._now
        self.crawled.left = sum(server.pages for server in self._servers.values())
        return self.crawled

    def _move(self) -> bool:
        """Start what may start, then go to the next moment; False at the end."""
        gate, clock = self._gate, time.perf_counter
        while len(self._ends) < self._slots:
            started = clock()
            name = gate.next_host(self._now)
            self.crawled.gate_s += clock() - started
            if name is None:
                break
            server = self._servers[name]
            if not server.pages:
                gate.idle(name)
                continue
            self._start(name, server)
            started = clock()
            gate.started(name, self._now)
            self.crawled.gate_s += clock() - started
        started = clock()
        due = gate.next_due()
        self.crawled.gate_s += clock() - started
        free = len(self._ends) < self._slots
        if not self._ends and due is None:
            return False
        if self._ends and (not free or due is None or self._ends[0][0] <= due):
            self._end()
        elif due is not None:
            self._now = max(self._now, due)
        return True

    def _start(self, name: str, server: Server) -> None:
        now = self._now
        server.pages -= 1
        if server.out >= PER_HOST:
            self._broke(f"{name} has {server.out + 1} at once")
        if now < server.rests_until - _EPSILON:
            self._broke(f"{name} was asked during its rest")
        if server.is_known:
            if now < server.last_at + server.delay_s - _EPSILON:
                self._broke(f"{name} was asked after {now - server.last_at:.3f} s of {server.delay_s} s")
            out, last_at = self._at_address.get(server.address, (0, -1e9))
            if out >= PER_HOST:
                self._broke(f"the address of {name} has {out + 1} at once")
            if now < last_at + server.delay_s - _EPSILON:
                self._broke(
                    f"the address of {name} was asked after {now - last_at:.3f} s of {server.delay_s} s"
                )
            self._at_address[server.address] = (out + 1, now)
        elif server.out:
            self._broke(f"{name} has {server.out + 1} at once before its address is known")
        self.crawled.longest_s = max(self.crawled.longest_s, now - server.free_at)
        server.out += 1
        server.last_at = now
        self._free(server)
        self._count += 1
        heapq.heappush(self._ends, (now + server.answer_s, self._count, name, now))

    def _end(self) -> None:
        """The next answer is here."""
        self._now, count, name, began_at = heapq.heappop(self._ends)
        server, gate, clock = self._servers[name], self._gate, time.perf_counter
        server.out -= 1
        self.crawled.requests += 1
        is_complaint = bool(server.complains) and count % server.complains == 0
        if is_complaint:
            server.rests_until = max(server.rests_until, self._now + REST_S)
            server.pages += 1
        if server.is_known:
            out, last_at = self._at_address[server.address]
            self._at_address[server.address] = (out - 1, last_at)
        else:
            server.is_known = True
            out, last_at = self._at_address.get(server.address, (0, -1e9))
            self._at_address[server.address] = (out + server.out, max(last_at, server.last_at))
        heard = Heard(
            "complaint" if is_complaint else "plain",
            began_at,
            address=f"10.{server.address >> 16}.{server.address >> 8 & 255}.{server.address & 255}:443",
        )
        started = clock()
        gate.heard(name, heard, self._now)
        gate.finished(name)
        if is_complaint:
            gate.rest(name, self._now + REST_S)
            gate.wake(name)
        if server.delay_s:
            gate.slow_to(name, server.delay_s)
        self.crawled.gate_s += clock() - started
        self._free(server)

    def _free(self, server: Server) -> None:
        delay_s = server.delay_s if server.is_known else 0.0
        server.free_at = max(self._now, server.last_at + delay_s, server.rests_until)

    def _broke(self, words: str) -> None:
        if len(self.crawled.broken) < 20:
            self.crawled.broken.append(f"at {self._now:.3f}: {words}")


def _bound_s(servers: dict[str, Server], slots: int) -> float:
    """What no crawler that keeps the rules can stay below: each address in turn, and all work over all slots."""
    work = 0.0
    of_address: dict[int, list[float]] = {}
    for server in servers.values():
        took = server.pages * server.answer_s
        work += took
        spaced = (server.pages - 1) * server.delay_s
        alone = of_address.setdefault(server.address, [0.0, 0.0])
        alone[0] += took / PER_HOST
        alone[1] = max(alone[1], spaced)
    return max(work / slots, *(max(each) for each in of_address.values()))
