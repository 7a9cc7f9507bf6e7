"""Every URL that was ever accepted, in about 25 bytes each: a number for it, and how deep it stands.

The file's rows are the truth; this is the map from a URL to its row. It is rebuilt
when a job is opened and never written. An index in the file would hold the same,
but hashes fall anywhere: each new URL would dirty a page of its own, and a known
one would cost a read of a page (some 15 times what a look in here costs).
"""

import os
import sys
from array import array
from collections.abc import Callable, Iterable
from hashlib import blake2b

_SHARDS = 256
_LEAST = 16
_GROWTH = 1.5
_FULLEST = 0.67
"""How full a shard may be; a look for what is not there then takes five steps on average."""

_MOST_RECENT = 30_000
_DEEPEST = 255
_NOWHERE = 1 << 62  # deeper than any page


class _Shard:
    """One table with open addressing. An empty place has the key 0."""

    __slots__ = ("count", "depths", "ids", "keys", "limit", "size")

    def __init__(self, size: int) -> None:
        self.size = size | 1  # odd, since the key's low bits have chosen the shard
        self.limit = int(self.size * _FULLEST)
        self.count = 0
        self.keys = array("q", [0]) * self.size
        self.ids = array("I", [0]) * self.size
        self.depths = array("B", [0]) * self.size

    def put(self, key: int, number: int, depth: int) -> None:
        """Take in a key that is not there."""
        keys = self.keys
        at = key % self.size
        while keys[at]:
            at -= 1
        keys[at] = key
        self.ids[at] = number
        self.depths[at] = depth
        self.count += 1

    def grown(self) -> "_Shard":
        """The same in a larger table; some 15 ms at ten million URLs in all."""
        larger = _Shard(int(self.size * _GROWTH))
        for key, number, depth in zip(self.keys, self.ids, self.depths, strict=True):
            if key:
                larger.put(key, number, depth)
        return larger


class Known:
    """A map from fingerprints to row numbers (1 to 2**32 - 1) and depths.

    A fingerprint is known by 64 bits of hash. Two that share them would be taken
    for one, and a page be lost: with n URLs the probability of a single such case
    is about n * n / 2**65, which is 3e-6 at ten million. The hash has a key that
    is new in each process, so that no site can choose URLs that collide.

    The tables are many and grow one at a time, each from another size, so that no
    call takes long. URLs that were seen of late stand in a dict before them, since
    the pages of a site repeat their navigation.

    Args:
        expected: URLs that there will be at least; saves growing to that.
    """

    def __init__(self, expected: int = 0) -> None:
        """Start with none."""
        self._hash = _hash()
        self._recent: dict[str, int] = {}  # fingerprint: depth
        self._deepest = 0  # of all that were ever kept
        base = max(_LEAST, expected / _SHARDS / _FULLEST / 0.9)
        self._shards = [_Shard(int(base * _GROWTH ** (number / _SHARDS))) for number in range(_SHARDS)]

    def __len__(self) -> int:
        """How many are known."""
        return sum(shard.count for shard in self._shards)

    def sift(self, fingerprints: Iterable[str], depth: int) -> tuple[list[str], list[str]]:
        """Those that are not known, and those that may stand deeper than this; each once, in their order."""
        recent = self._recent
        if depth >= self._deepest:  # where none can stand deeper, which is nearly always so
            rest = [each for each in fingerprints if each not in recent]
        else:
            rest = [each for each in fingerprints if recent.get(each, _NOWHERE) > depth]
        if not rest:
            return rest, rest
        hash_of, shards = self._hash, self._shards
        unknown = []
        deeper = []
        for each in rest:
            key = hash_of(each) or 1
            shard = shards[key % _SHARDS]
            keys = shard.keys
            at = key % shard.size
            while (found := keys[at]) != key:
                if not found:
                    unknown.append(each)
                    break
                at -= 1  # past the first place comes the last one, as Python counts
            else:
                recent[each] = stands = shard.depths[at]
                if stands > depth:
                    deeper.append(each)
        self._bound()
        return list(dict.fromkeys(unknown)), list(dict.fromkeys(deeper))

    def unknown(self, fingerprints: Iterable[str]) -> list[str]:
        """Those that are not known; each once, in their order."""
        return self.sift(fingerprints, _NOWHERE - 1)[0]

    def find(self, fingerprint: str) -> int:
        """Its number; 0 when it is not known."""
        shard, at = self._place(fingerprint)
        return shard.ids[at]

    def accept(self, fingerprint: str, number: int, depth: int) -> int:
        """Take in what is not known, and return 0; else the number that it has already."""
        shard, at = self._place(fingerprint)
        if shard.keys[at]:
            return shard.ids[at]
        key = self._hash(fingerprint) or 1
        shard.keys[at] = key
        shard.ids[at] = number
        self._recent[fingerprint] = shard.depths[at] = self._bounded(depth)
        shard.count += 1
        if shard.count > shard.limit:
            self._shards[key % _SHARDS] = shard.grown()
        self._bound()
        return 0

    def fill(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """Take in many (fingerprint, number, depth up to 255), each of which is not known."""
        hash_of, shards = self._hash, self._shards
        for fingerprint, number, depth in rows:
            key = hash_of(fingerprint) or 1
            shard = shards[key % _SHARDS]
            shard.put(key, number, depth)
            self._deepest = max(self._deepest, depth)
            if shard.count > shard.limit:
                shards[key % _SHARDS] = shard.grown()

    def set_depth(self, fingerprint: str, depth: int) -> None:
        """Note where a known one stands now; 0 for one that cannot be brought up any more."""
        shard, at = self._place(fingerprint)
        self._recent[fingerprint] = shard.depths[at] = self._bounded(depth)

    def _bounded(self, depth: int) -> int:
        """A depth as it is kept."""
        depth = min(depth, _DEEPEST)
        self._deepest = max(self._deepest, depth)
        return depth

    def _place(self, fingerprint: str) -> tuple[_Shard, int]:
        """Where it stands, or the empty place where it would."""
        key = self._hash(fingerprint) or 1
        shard = self._shards[key % _SHARDS]
        keys = shard.keys
        at = key % shard.size
        while (found := keys[at]) != key and found:
            at -= 1
        return shard, at

    def _bound(self) -> None:
        if len(self._recent) > _MOST_RECENT:
            self._recent.clear()


def _hash() -> Callable[[str], int]:
    """A hash of 64 bits, signed, with a key that nobody outside knows.

    Python's own is one (SipHash, PEP 456) and costs next to nothing, unless its key
    was fixed from outside or the build is narrow.
    """
    is_fixed = not sys.flags.ignore_environment and os.environ.get("PYTHONHASHSEED", "") not in {"", "random"}
    if sys.hash_info.width == 64 and not is_fixed:
        return hash
    secret = os.urandom(16)

    def keyed(text: str) -> int:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=secret).digest()
        return int.from_bytes(digest, "little", signed=True)

    return keyed
