"""What is known is found again, whatever grows meanwhile, and what is not known never is."""

import os
import random
import subprocess
import sys

import pytest

from crawlpool.frontiers import known as module
from crawlpool.frontiers.known import Known


def url(number: int) -> str:
    return f"http://a/{number}"


@pytest.mark.parametrize("expected", [0, 20_000], ids=["grown", "made so large"])
def test_each_url_keeps_its_number_while_the_tables_grow(expected):
    known = Known(expected)
    for number in range(1, 20_001):
        assert known.accept(url(number), number, number % 300) == 0

    assert len(known) == 20_000
    assert [known.find(url(n)) for n in range(1, 20_001)] == list(range(1, 20_001))
    assert known.accept(url(7), 99_999, 0) == 7
    assert known.find(url(0)) == known.find(url(20_001)) == 0


def test_filling_in_many_is_the_same_as_accepting_them():
    known = Known()
    known.fill((url(n), n, 3) for n in range(1, 5_001))

    assert [known.find(url(n)) for n in (1, 2_500, 5_000, 5_001)] == [1, 2_500, 5_000, 0]
    assert known.sift([url(1)], 2) == ([], [url(1)])


def test_sifting_gives_what_is_not_known_and_what_stands_deeper_each_once_and_in_order(monkeypatch):
    monkeypatch.setattr(module, "_MOST_RECENT", 50)  # so that most of it is looked up in the tables
    known = Known()
    depths = {url(n): n % 7 for n in range(1, 1000)}
    for n, (each, depth) in enumerate(depths.items(), 1):
        known.accept(each, n, depth)
    chance = random.Random(1)
    for _ in range(200):
        asked = [url(chance.randrange(1, 1200)) for _ in range(60)]
        depth = chance.randrange(8)
        unknown = list(dict.fromkeys(each for each in asked if each not in depths))
        deeper = list(dict.fromkeys(each for each in asked if depths.get(each, 0) > depth))

        assert known.sift(asked, depth) == (unknown, deeper)
        assert known.unknown(asked) == unknown
        if deeper:
            depths[deeper[0]] = depth
            known.set_depth(deeper[0], depth)


def test_no_table_grows_at_the_same_time_as_all_others():
    known = Known()
    sizes = {shard.size for shard in known._shards}

    assert len(sizes) > 1
    grown, known_count = [], 0
    shards = list(known._shards)
    for n in range(1, 30_001):
        known.accept(url(n), n, 0)
        now = sum(one is not other for one, other in zip(shards, known._shards, strict=True))
        if now > known_count:
            grown.append(n)
            known_count = now
    assert len(grown) == len(set(grown)) == known_count  # one call, one table


SEED = """
import sys
from crawlpool.frontiers.known import Known, _hash
known = Known()
known.accept("\\udc80", 1, 0)
assert known.find("\\udc80") == 1
print(_hash()("http://a/"), _hash() is hash)
"""


@pytest.mark.parametrize(
    ("seed", "is_pythons"), [("random", "True"), ("", "True"), ("0", "False"), ("7", "False")]
)
def test_nobody_outside_can_know_the_hash(seed, is_pythons):
    said = [
        subprocess.run(
            [sys.executable, "-c", SEED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]

    assert said[0][0] != said[1][0]
    assert [words[1] for words in said] == [is_pythons] * 2
