"""The gate against a model that is too simple to be wrong, and against a world of simulated servers."""

import heapq
import itertools
import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlpool.bench.simulation import PER_HOST, Crawling, world
from crawlpool.polite.gate import Gate, Heard

HOSTS = "abcde"
PER_ADDRESS = 2


@dataclass
class Naive:
    """One host, as the rules have it."""

    has_work: bool = False
    out: int = 0
    delay_s: float = 0.0
    last_at: float = -math.inf
    next_at: float = 0.0
    address: int | None = None
    starts: list[float] = field(default_factory=list)


class Model:
    """Every rule, looked at for every host, each time."""

    def __init__(self, delay_s: float) -> None:
        self.hosts = {name: Naive(delay_s=delay_s) for name in HOSTS}
        self.next_at: dict[int, float] = {}
        self.last_at: dict[int, float] = {}

    def at(self, address):
        return [host for host in self.hosts.values() if host.address == address]

    def space(self, address):
        if address is not None:
            spacing_s = max((h.delay_s for h in self.at(address) if h.has_work or h.out), default=0.0)
            if spacing_s:
                until = self.last_at.get(address, -math.inf) + spacing_s
                self.next_at[address] = max(self.next_at.get(address, -math.inf), until)

    def forget(self, known, now):
        """Forget what the gate has forgotten, which it may only if that changes nothing."""
        for name, host in self.hosts.items():
            if name not in known and host != Naive(delay_s=host.delay_s):
                assert not host.has_work
                assert not host.out
                assert host.next_at <= now
                self.hosts[name] = Naive(delay_s=host.delay_s)
        for address in [a for a in self.last_at if not self.at(a)]:
            self.last_at.pop(address)
            self.next_at.pop(address, None)

    def moment(self, host):
        """When a host may be asked, were there room; None while there is none."""
        if not host.has_work or host.out >= (PER_HOST if host.address is not None else 1):
            return None
        if host.address is None:
            return host.next_at
        if sum(each.out for each in self.at(host.address)) >= PER_ADDRESS:
            return None
        return max(host.next_at, self.next_at.get(host.address, -math.inf))

    def may_be_asked(self, now):
        moments = {name: self.moment(host) for name, host in self.hosts.items()}
        return {name for name, moment in moments.items() if moment is not None and moment <= now}

    def due(self):
        return min((m for host in self.hosts.values() if (m := self.moment(host)) is not None), default=None)

    def started(self, name, now):
        host = self.hosts[name]
        host.out += 1
        host.last_at = now
        host.starts.append(now)
        if host.delay_s:
            host.next_at = max(host.next_at, now + host.delay_s)
        if host.address is not None:
            self.last_at[host.address] = max(self.last_at.get(host.address, -math.inf), now)
            self.space(host.address)

    def answered(self, name, address):
        host = self.hosts[name]
        if address is not None and address != host.address:
            host.address = address
            self.last_at[address] = max(self.last_at.get(address, -math.inf), host.last_at)
            self.space(address)
        host.out -= 1


numbers = st.integers(0, len(HOSTS) - 1)
moves = st.one_of(
    st.tuples(st.just("wake"), numbers, st.booleans()),
    st.tuples(
        st.just("ask"), st.integers(1, 4), st.sampled_from(["start", "start", "start", "pass", "idle"])
    ),
    st.tuples(st.just("answer"), numbers, st.one_of(st.none(), st.integers(1, 3))),
    st.tuples(st.just("rest"), numbers, st.floats(0.1, 5.0)),
    st.tuples(st.just("slow"), numbers, st.sampled_from([0.5, 1.0, 3.0])),
    st.tuples(st.just("later"), st.sampled_from([0.1, 0.5, 1.0, 4.0]), st.just(0)),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([0.0, 0.7]), st.lists(moves, max_size=50))
def test_the_gate_offers_what_the_rules_allow_and_nothing_else_after_any_sequence_of_events(  # noqa: C901  one move, one branch
    delay_s, steps
):
    gate, model, now = Gate(per_host=PER_HOST, delay_s=delay_s, per_address=PER_ADDRESS), Model(delay_s), 0.0
    for what, first, second in steps:
        name = HOSTS[first] if what in {"wake", "answer", "rest", "slow"} else ""
        if what == "later":
            now += first
        elif what == "wake":
            model.hosts[name].has_work = True
            model.space(model.hosts[name].address)
            gate.wake(name, is_next=second)
        elif what == "ask":
            for _ in range(first):
                allowed = model.may_be_asked(now)
                found = gate.next_host(now)
                model.forget(gate._register.hosts, now)
                assert (found in allowed) if allowed else (found is None)
                if found is None:
                    break
                if second == "start":
                    gate.started(found, now)
                    model.started(found, now)
                elif second == "pass":
                    gate.passed(found, now)
                    model.hosts[found].next_at = max(model.hosts[found].next_at, now)
                else:
                    gate.idle(found)
                    model.hosts[found].has_work = False
        elif what == "answer" and model.hosts[name].out:
            peer = "" if second is None else f"192.0.2.{second}:443"
            host = model.hosts[name]
            # Without an address of its own a host stays where it was; its first answer frees it all the same.
            if second is None and host.address is None:
                continue
            gate.heard(name, Heard("", host.last_at, address=peer), now)
            gate.finished(name)
            model.answered(name, second)
        elif what == "rest":
            model.hosts[name].next_at = max(model.hosts[name].next_at, now + second)
            gate.rest(name, now + second)
        elif what == "slow":
            host = model.hosts[name]
            if second > host.delay_s:
                host.delay_s = second
                host.next_at = max(host.next_at, host.last_at + second)
                model.space(host.address)
            gate.slow_to(name, second)
        model.forget(gate._register.hosts, now)
        expected = model.due()
        due = gate.next_due()
        if expected is not None and expected > now:
            assert due is not None
            assert due <= expected + 1e-9  # it may wake too early, and never too late
        elif expected is not None:
            assert due is not None
            assert due <= now + 1e-9
        for name, host in model.hosts.items():
            reason, wait_s = gate.why(name, now)
            if host.has_work and model.moment(host) is not None:
                assert (wait_s > 0) == (model.moment(host) > now), (name, reason)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["good", "good", "plain", "complaint", "timeout", ""]),
            st.floats(0.001, 20.0),
            st.floats(0.0, 3.0),
        ),
        max_size=80,
    )
)
def test_whatever_a_server_answers_it_is_never_asked_faster_than_the_rule_nor_slower_than_the_slowest(
    answers,
):
    gate = Gate(per_host=3, delay_s=0.5, is_adaptive=True)
    gate.wake("a")
    now, starts = 0.0, []
    out: list[float] = []
    for sign, wait_s, pause_s in answers:
        while gate.next_host(now) is not None:
            gate.started("a", now)
            starts.append(now)
            out.append(now)
        assert len(out) <= 3
        if out:
            now += pause_s
            gate.heard("a", Heard(sign, out.pop(0), wait_s), now)
            gate.finished("a")
        else:
            due = gate.next_due()
            assert due is not None
            assert due - now <= 60.0
            now = max(now, due)
    assert all(later - earlier >= 0.5 - 1e-9 for earlier, later in itertools.pairwise(starts))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("is_calm", [True, False])
def test_in_a_world_of_hosts_every_page_is_asked_no_rule_is_broken_and_little_time_is_lost(seed, is_calm):
    servers = world(300, seed=seed)
    for server in servers.values():
        if is_calm:  # neither complaints, nor a delay that others at the address would have to keep
            server.complains = 0
            server.delay_s = 0.0 if server.address < len(servers) else server.delay_s
    gate = Gate(per_host=PER_HOST, delay_s=0.0, per_address=PER_HOST, is_adaptive=True)
    crawled = Crawling(servers, gate, slots=16).run()

    assert crawled.broken == []
    assert crawled.left == 0
    assert gate.next_due() is None
    if is_calm:
        assert crawled.makespan_s < 1.5 * crawled.bound_s


def test_the_simulation_notices_a_gate_that_breaks_the_rules():
    servers = world(300)
    careless = Gate(per_host=PER_HOST + 1, delay_s=0.0, per_address=0)
    careless.slow_to = lambda *_: None  # type: ignore[method-assign]
    careless.rest = lambda *_, **__: None  # type: ignore[method-assign]
    crawled = Crawling(servers, careless, slots=64).run()

    said = " ".join(crawled.broken)
    assert "at once" in said
    assert len(crawled.broken) == 20


def test_what_a_decision_takes_grows_no_faster_than_the_logarithm_of_the_hosts(monkeypatch):
    calls = [0]

    class Heaps:
        @staticmethod
        def heappush(heap, item):
            calls[0] += 1
            heapq.heappush(heap, item)

        @staticmethod
        def heappop(heap):
            calls[0] += 1
            return heapq.heappop(heap)

        nlargest = staticmethod(heapq.nlargest)

    monkeypatch.setattr("crawlpool.polite.register.heapq", Heaps)
    monkeypatch.setattr("crawlpool.polite.turns.heapq", Heaps)
    monkeypatch.setattr("crawlpool.polite.pace.heapq", Heaps)

    def operations(hosts):
        calls[0] = 0
        gate = Gate(per_host=PER_HOST, delay_s=0.0, per_address=PER_HOST, is_adaptive=True)
        crawled = Crawling(world(hosts), gate, slots=32).run()
        return calls[0] / crawled.requests

    few, many = operations(100), operations(3000)
    assert many < 8  # heap operations, each O(log hosts)
    assert many < 1.5 * few
