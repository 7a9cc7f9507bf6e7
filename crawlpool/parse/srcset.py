"""The URLs of a `srcset` (HTML standard, "parse a srcset attribute")."""

import re
from collections.abc import Iterator

_CANDIDATE = re.compile(r"[\t\n\f\r ,]*+([^\t\n\f\r ]++)")
_DESCRIPTORS = re.compile(r"((?:[^,(]++|\([^)]*+\)?)*+)")
_WORD = re.compile(r"[^\t\n\f\r ]++")
_WIDTH = re.compile(r"0*+[1-9][0-9]*+[wh]")
_DENSITY = re.compile(r"(?:[0-9]++(?:\.[0-9]++)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+x|-0*+(?:\.0++)?+x")


def candidates_of(srcset: str) -> Iterator[str]:
    """The URLs of the candidates, in order; one whose descriptors are wrong is never loaded, and left out."""
    position = 0
    while found := _CANDIDATE.match(srcset, position):
        position = found.end()
        url = found[1].rstrip(",")
        is_good = True
        if url == found[1]:
            descriptors = _DESCRIPTORS.match(srcset, position)
            assert descriptors is not None  # it matches nothing, too
            position = descriptors.end()
            is_good = _are_good(descriptors[1])
        if url and is_good:
            yield url


def _are_good(descriptors: str) -> bool:
    """Whether a candidate's descriptors are none, one density, or one width perhaps with a height."""
    words = _WORD.findall(descriptors)
    if not words:
        return True
    if len(words) > 2 or not all(_WIDTH.fullmatch(word) or _DENSITY.fullmatch(word) for word in words):
        return False
    return sorted(word[-1] for word in words) in (["w"], ["x"], ["h", "w"])
