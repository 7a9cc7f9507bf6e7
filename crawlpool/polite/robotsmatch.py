"""Which rule decides about a path: the longest that matches it, Allow before Disallow (RFC 9309, 2.2.2).

    rules ──▶ plain beginnings   "/a/b"      sorted; one bisection finds the best
              whole paths        "/a$"       a dict
              with wildcards     "/a*b", "/*.pdf$"   by what stands before the first "*"

A decision takes some 2 µs for a usual file, and hardly more when a file has thousands of rules.
Patterns come from strangers, and so may the path, so nothing here tries one thing after another without
end: "*" is matched from the left, each piece at its first place, which costs pattern
times path at most; what wildcards a group may hold in all is bounded (`MOST_WILD_BYTES`).
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

MOST_WILD_BYTES: Final = 128 * 1024
"""Bytes of patterns with wildcards that are matched as they are.

Beyond it a rule errs on the side of the file's author: a Disallow is cut before its first "*",
so that it forbids more; an Allow is left out.
"""

NONE: Final = -1
"""The rank of no rule at all."""

_ALLOW: Final = 1 << 32
_LAST: Final = _ALLOW - 1
_LINEAR: Final = 64  # rules that are tried one after another; with more it pays to look first which can match
_GRAM: Final = 3

_ODD: Final = re.compile(rb"%[0-9A-Fa-f]{2}|[\x80-\xff]")
# What need not have been encoded (RFC 3986, 2.3): letters, digits, "-", ".", "_" and "~".
_NEEDLESS: Final = re.compile("%(2D|2E|3[0-9]|4[1-9A-F]|5[0-9A]|5F|6[1-9A-F]|7[0-9A]|7E)")
# What no path may hold as it is, and what means something else in a pattern.
_UNSAFE: Final = r'\x00-\x20"<>^`{}\x7f$'
_UNSAFE_IN_PATTERN: Final = re.compile(f"[{_UNSAFE}]")
_UNSAFE_IN_PATH: Final = re.compile(f"[{_UNSAFE}*]")
_MAY_DIFFER: Final = re.compile(f"[%{_UNSAFE}*\x80-\U0010ffff]")


def escaped(text: bytes) -> str:
    """Write octets beyond ASCII as "%E3", and the digits of all escapes in capitals (2.2.2); what comes is ASCII."""
    return _ODD.sub(_escape, text).decode("ascii")


def _escape(found: re.Match[bytes]) -> bytes:
    octets = found[0]
    return octets.upper() if len(octets) == 3 else b"%%%02X" % octets[0]


def plain_path(path: str) -> str:
    """A path as the RFC has it compared: "%62" as "b", a blank as "%20", "*" and "$" as "%2A" and "%24" (2.2.2, 2.2.3).

    Args:
        path: As `escaped` gives it.
    """
    return _UNSAFE_IN_PATH.sub(_as_escape, _decoded(path))


def plain_pattern(pattern: str) -> str:
    """The same for a pattern, in which "*" and a "$" at the end keep their meaning."""
    end = "$" if pattern.endswith("$") else ""
    return _UNSAFE_IN_PATTERN.sub(_as_escape, _decoded(pattern.removesuffix("$"))) + end


def may_differ(path: str) -> bool:
    """Whether a path could be written otherwise by `escaped` or `plain_path`."""
    return _MAY_DIFFER.search(path) is not None


def _decoded(text: str) -> str:
    return _NEEDLESS.sub(lambda found: chr(int(found[1], 16)), text)


def _as_escape(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def rank_of(length: int, *, is_allow: bool, number: int) -> int:
    """A rule as one number: of two that match, the higher decides; the earlier line of two that are equal."""
    return (length << 33) | (_ALLOW if is_allow else 0) | (_LAST - min(number, _LAST))


def forbids(rank: int) -> bool:
    """Whether a rule of this rank forbids; an empty Disallow forbids nothing."""
    return rank >= 2 * _ALLOW and not rank & _ALLOW


def line_of(rank: int) -> int:
    """The number of the line with the rule; 0 for no rule."""
    return 0 if rank == NONE else _LAST - (rank & _LAST)


class _Wild(NamedTuple):
    """A pattern with wildcards, behind its head.

    Attributes:
        rank: Of its rule.
        needle: Its longest piece; without that in a path it cannot match.
        pieces: What has to come one behind another, wherever.
        last: What the path has to end with; empty for anything.
    """

    rank: int
    needle: str
    pieces: tuple[str, ...]
    last: str

    def matches(self, path: str, at: int) -> bool:
        """Whether the rest of a path, from `at` on, is what the pattern describes."""
        for piece in self.pieces:
            at = path.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return not self.last or (len(path) - len(self.last) >= at and path.endswith(self.last))


class _Tails:
    """All patterns with wildcards that begin alike, the highest rank first."""

    __slots__ = ("_by_gram", "_wilds")

    def __init__(self, wilds: list[_Wild]) -> None:
        self._wilds = sorted(wilds, reverse=True)
        self._by_gram: dict[str, list[_Wild]] = {}
        if len(wilds) > _LINEAR:
            for each in self._wilds:
                self._by_gram.setdefault(each.needle[:_GRAM], []).append(each)

    def best(self, path: str, at: int, best: int) -> int:
        """The highest rank of those that match, or `best` if that is higher."""
        if not self._by_gram or len(self._wilds) < len(path):
            return _best_of(self._wilds, path, at, best)
        for size in {len(gram) for gram in self._by_gram} if len(self._by_gram) < _LINEAR else (1, 2, _GRAM):
            there = {path[i : i + size] for i in range(at, len(path) - size + 1)}
            for gram in there & self._by_gram.keys():
                best = _best_of(self._by_gram[gram], path, at, best)
        return best


def _best_of(wilds: list[_Wild], path: str, at: int, best: int) -> int:
    for each in wilds:
        if each[1] in path:
            if each[0] <= best:
                return best
            if each.matches(path, at):
                return each[0]
    return best


class Matcher:
    """The rules of one group, made ready to decide.

    Args:
        rules: Line number, whether it is an Allow, and the pattern as `escaped` gives it.
    """

    __slots__ = ("_above", "_beginnings", "_head_sizes", "_heads", "_ranks", "_whole")

    def __init__(self, rules: Iterable[tuple[int, bool, str]]) -> None:
        """Sort the rules out."""
        beginnings: dict[str, int] = {}
        wild: dict[str, list[_Wild]] = {}
        self._whole: dict[str, int] = {}
        left = MOST_WILD_BYTES
        for number, is_allow, pattern in rules:
            rank = rank_of(len(pattern), is_allow=is_allow, number=number)
            left -= self._add(pattern, rank, beginnings, wild, left=left)
            slash = pattern.rfind("/")
            if is_allow and slash >= 0 and pattern.startswith("/index.htm", slash):
                # Whoever allows an index page means its directory; so Google, beside the RFC.
                short = pattern[: slash + 1] + "$"
                rank = rank_of(len(short), is_allow=True, number=number)
                left -= self._add(short, rank, beginnings, wild, left=left)
        self._order(beginnings)
        self._heads = {head: _Tails(each) for head, each in wild.items()}
        self._head_sizes = sorted({len(head) for head in wild})

    def _add(
        self,
        pattern: str,
        rank: int,
        beginnings: dict[str, int],
        wild: dict[str, list[_Wild]],
        *,
        left: int,
    ) -> int:
        """Put a pattern where it belongs; the bytes that it takes of the bound on wildcards."""
        is_whole = pattern.endswith("$")  # anywhere else "$" is itself
        body = pattern[:-1] if is_whole else pattern
        if body.endswith("*"):  # whatever follows: "*" and "*$" at the end change nothing but the length
            is_whole, body = False, body.rstrip("*")
        if "*" in body and len(body) > left:
            if rank & _ALLOW:
                return 0
            is_whole, body = False, body.partition("*")[0]
        if "*" not in body:
            known = self._whole if is_whole else beginnings
            known[body] = max(rank, known.get(body, NONE))
            return 0
        head, *pieces = body.split("*")
        last = pieces.pop() if is_whole else ""
        found = tuple(piece for piece in pieces if piece)
        wild.setdefault(head, []).append(_Wild(rank, max((*found, last), key=len), found, last))
        return len(body)

    def _order(self, beginnings: dict[str, int]) -> None:
        """Sort the plain beginnings; each knows the next shorter one that it begins with, and the best up to itself."""
        self._beginnings = sorted(beginnings)
        self._above = array("i")
        self._ranks = array("q")
        way: list[int] = []
        for at, each in enumerate(self._beginnings):
            while way and not each.startswith(self._beginnings[way[-1]]):
                way.pop()
            above = way[-1] if way else -1
            self._above.append(above)
            self._ranks.append(beginnings[each] if above < 0 else max(beginnings[each], self._ranks[above]))
            way.append(at)

    def decide(self, path: str) -> int:
        """The rank of the rule that decides about a path, written as the patterns are; `NONE` when none matches."""
        best = self._whole.get(path, NONE)
        # What begins the path is the nearest in order, or what that one begins with.
        at = bisect_right(self._beginnings, path) - 1
        while at >= 0 and not path.startswith(self._beginnings[at]):
            at = self._above[at]
        if at >= 0 and self._ranks[at] > best:
            best = self._ranks[at]
        for size in self._head_sizes:
            if size > len(path):
                break
            tails = self._heads.get(path[:size])
            if tails is not None:
                best = tails.best(path, size, best)
        return best
