"""Whatever is done to a frontier in a file, in whatever order: it gives what one in memory gives."""

from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from crawlpool.frontiers.base import End
from crawlpool.frontiers.memory import MemoryFrontier
from crawlpool.frontiers.sqlite import SqliteFrontier
from crawlpool.job.file import JobFile
from crawlpool.model import Request

HOSTS = st.sampled_from(["a", "b"])
URLS = st.builds(lambda host, n: f"http://{host}/{n}", HOSTS, st.integers(0, 30))
PRIORITIES = st.sampled_from([0, 0, 0, 1, -1])
LISTED = st.sampled_from([False, False, False, True])
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"), st.lists(st.tuples(URLS, st.integers(0, 4), PRIORITIES, LISTED), max_size=9)
        ),
        st.tuples(st.just("unknown"), st.lists(URLS, max_size=6), st.integers(0, 3)),
        st.tuples(st.just("take"), HOSTS, st.integers(1, 4)),
        st.tuples(st.just("put_back"), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("commit"), st.integers(0, 9)),
        st.tuples(st.just("mark"), URLS),
        st.tuples(st.just("reopen")),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, most_held=st.integers(1, 6), batch=st.integers(1, 4))
def test_a_frontier_in_a_file_behaves_as_one_in_memory(tmp_path_factory, steps, most_held, batch):
    with closing(JobFile(tmp_path_factory.mktemp("job") / "crawl.job")) as job:
        pair = Pair(lambda: SqliteFrontier(job, most_held=most_held, batch=batch))
        for name, *words in steps:
            getattr(pair, name)(*words)
            pair.compare()
        pair.take("a", 99)
        pair.take("b", 99)
        assert pair.memory.waiting() == pair.file.waiting() == 0


class Pair:
    """One in memory and one in a file, to which the same is done."""

    def __init__(self, opened):
        self.opened = opened
        self.memory, self.file = MemoryFrontier(), opened()
        self.out = []

    def add(self, given):
        requests = [
            Request(url, target=url, depth=depth, priority=priority, is_listed=is_listed)
            for url, depth, priority, is_listed in given
        ]
        assert seen(self.memory.add(requests)) == seen(self.file.add(requests))

    def unknown(self, urls, depth):
        page = {"depth": depth, "found_on": "http://a/0"}
        assert self.memory.unknown(urls, **page) == self.file.unknown(urls, **page)

    def mark(self, url):
        hop = Request(url, target=url, lease=999)
        assert self.memory.mark(hop) == self.file.mark(hop)

    def take(self, host, most):
        """Which of equals goes first is each one's own, so what only one of them gave goes back."""
        first, second = self.memory.take(host, most), self.file.take(host, most)
        assert [(r.priority, r.depth) for r in first] == [(r.priority, r.depth) for r in second]
        others = {each.target: each for each in second}
        for each in first:
            other = others.pop(each.target, None)
            if other is None:
                self.memory.put_back(each)
            else:
                assert seen([each]) == seen([other])
                self.out.append((each, other))
        for each in others.values():
            self.file.put_back(each)

    def put_back(self, which, last):
        if self.out:
            one, other = self.out.pop(which % len(self.out))
            self.memory.put_back(one, last=last)
            self.file.put_back(other, last=last)

    def commit(self, which):
        if self.out:
            one, other = self.out.pop(which % len(self.out))
            self.memory.commit([End(request=one, status=200)], {})
            self.file.commit([End(request=other, status=200)], {})

    def reopen(self):
        """Open the file anew: what was out waits again."""
        for one, _ in self.out:
            self.memory.put_back(one)
        self.out.clear()
        self.file = self.opened()

    def compare(self):
        for host in (None, "a", "b"):
            assert self.memory.waiting(host) == self.file.waiting(host)
        assert sorted(filter(self.memory.waiting, self.memory.hosts())) == sorted(self.file.hosts())
        assert self.memory.is_finished() == self.file.is_finished()


def seen(requests):
    return [(r.target, r.depth, r.priority, r.is_listed, r.found_on) for r in requests]
