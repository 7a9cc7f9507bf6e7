"""CSS selectors on trees that strangers made: what lexbor would take years for, in one pass.

lexbor tries every way to fit a selector to the elements around one. `nav div div a` on an
`a` within 10,000 `div` has 50 million ways not to fit, and each further word has 10,000
times as many; `p ~ p ~ b` does the same among siblings. No signal ends a call into it.

So the worst case is reckoned first: from the number of tags, and from how deep the tree is,
where a selector has two words or more to look for further up. Ordinary pages go to lexbor.
For the others lexbor is asked for each part of the selector alone, and one pass over the
elements puts the parts together. It finds the same.
"""

import re
from collections import Counter
from functools import cached_property, lru_cache
from math import comb
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

MOST_WAYS = 300_000_000
"""Steps that lexbor may take for one selector at the worst; a second or two."""

_DEPTHS = (32, 128, 512, 2048)
_COUNTS = re.compile(r":(?:nth-|first-of|last-of|only-of)")  # looks at the siblings of each element
_LONG_LIST = 40_000  # siblings of which each looks at all: four seconds
_OPAQUE = re.compile(
    r"""\\.|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[[^\]"']*(?:"[^"]*"|'[^']*')?[^\]]*\]""", re.DOTALL
)
_WITHIN = re.compile(r"[^\s(,>+~][ \t\n\f\r]+(?=[^\s),>+~])|:has\(", re.IGNORECASE)
"""What makes a compound with brackets look at all that an element is in, or that is in it."""

_MARK = re.compile(
    r"""\\(?:.|\n)|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\[\](),]|[ \t\n\f\r]*[>+~][ \t\n\f\r]*|[ \t\n\f\r]+""",
    re.DOTALL,
)


class TooCostlyError(ValueError):
    """A selector that would hold the process for too long, on a page that was made for it."""


class Part(NamedTuple):
    """One compound of a selector, such as `a.next`.

    Attributes:
        stands: How it stands to the one before: " ", ">", "+" or "~"; "" for the first.
        text: The compound.
    """

    stands: str
    text: str


class Plan(NamedTuple):
    """A selector taken apart.

    Attributes:
        chains: For each of those between commas, its compounds.
        above: How many of them are looked for in all that an element is in, or that is in it.
        beside: How many among all siblings before it, or behind it.
        inner_above: How many of those a single compound looks for by itself, in brackets.
        inner_beside: The same among siblings.
        counts: A compound counts siblings.
    """

    chains: list[list[Part]]
    above: int
    beside: int
    inner_above: int
    inner_beside: int
    counts: bool


class Shape:
    """How large a page is; how deep, is found out when it is first asked for.

    Args:
        root: The page.
        tags: How many tags there are, or more.
    """

    def __init__(self, root: LexborHTMLParser, tags: int) -> None:
        self.root = root
        self.tags = tags

    @cached_property
    def depth(self) -> int:
        """How many elements are within each other at most, or more."""
        return next(
            (depth for depth in _DEPTHS if self.root.css_first(">".join("*" * depth)) is None), self.tags
        )


def select(shape: Shape, selector: str) -> list[LexborNode]:
    """Every element that a selector matches, in page order.

    Args:
        shape: The page.
        selector: The selector.

    Raises:
        Exception: The selector is wrong, as lexbor says.
        TooCostlyError: Nobody can find what it asks for in time, on this page.
    """
    plan = plan_of(selector)
    root = shape.root
    if _is_cheap(shape, plan):
        return list(root.css(selector))
    LexborHTMLParser("").css(selector)  # a wrong one is told as ever
    elements = root.css("*")
    _check(shape, plan, elements)
    found: set[int] = set()
    for chain in plan.chains:
        found |= _matches(root, chain, elements)
    return [element for element in elements if element.mem_id in found]


def select_first(shape: Shape, selector: str) -> LexborNode | None:
    """The first element that a selector matches; None without one. lexbor looks no further where it may look at all.

    Raises:
        Exception: As `select` does.
    """
    if _is_cheap(shape, plan_of(selector)):
        return shape.root.css_first(selector)
    return next(iter(select(shape, selector)), None)


@lru_cache(maxsize=512)
def plan_of(selector: str) -> Plan:
    """Take a selector apart."""
    chains = parts_of(selector)
    texts = [part.text for chain in chains for part in chain]
    brackets = [_OPAQUE.sub("x", text).partition("(") for text in texts if "(" in text]
    inner_above = sum(len(_WITHIN.findall("".join(each))) for each in brackets)
    inner_beside = sum(inside.count("~") for _, _, inside in brackets)
    return Plan(
        chains=chains,
        above=inner_above + max(sum(part.stands == " " for part in chain) for chain in chains),
        beside=inner_beside + max(sum(part.stands == "~" for part in chain) for chain in chains),
        inner_above=inner_above,
        inner_beside=inner_beside,
        counts=any(_COUNTS.search(text) for text in texts),
    )


def parts_of(selector: str) -> list[list[Part]]:
    """Take a selector apart: for each of those between commas, its compounds."""
    chains: list[list[Part]] = [[]]
    selector = selector.strip()
    text, stands, depth, position = "", "", 0, 0
    for found in _MARK.finditer(selector):
        mark, sign = found[0], found[0].strip()
        text += selector[position : found.start()]
        position = found.end()
        if mark in {"[", "("}:
            depth += 1
        elif mark in {"]", ")"}:
            depth -= 1
        if depth or mark[0] in "\\\"'[]()":
            text += mark
        elif mark == ",":
            if text:  # else a blank stood before the comma
                chains[-1].append(Part(stands, text))
            chains.append([])
            text, stands = "", ""
        elif text:
            chains[-1].append(Part(stands, text))
            text, stands = "", sign or " "
        elif chains[-1] and sign:
            stands = sign
    chains[-1].append(Part(stands, text + selector[position:]))
    return chains


def _is_cheap(shape: Shape, plan: Plan) -> bool:
    """Whether lexbor surely finds a selector's matches quickly."""
    if plan.above < 2 and not plan.beside and not plan.counts:
        return True
    return _is_quick(shape, above=plan.above, beside=max(plan.beside, plan.counts))


def _is_quick(shape: Shape, *, above: int, beside: int) -> bool:
    """Whether there are few ways to try; one look up from each element, or down, is bounded with the page itself."""
    ways = shape.tags
    for _ in range(beside):
        ways = ways * shape.tags // 2
    if above < 2 or ways > MOST_WAYS:
        return ways <= MOST_WAYS
    if ways * comb(shape.tags, above) <= MOST_WAYS:
        return True
    return ways * comb(shape.depth, above) <= MOST_WAYS


def _check(shape: Shape, plan: Plan, elements: list[LexborNode]) -> None:
    """Refuse what a pass over the elements cannot take off lexbor's hands.

    Raises:
        TooCostlyError: A compound looks too far by itself, or counts in a very long list.
    """
    if not _is_quick(shape, above=plan.inner_above, beside=plan.inner_beside):
        raise TooCostlyError("what stands in its brackets would take too long on this page")
    if plan.counts and len(elements) > _LONG_LIST:
        siblings = Counter(0 if (parent := each.parent) is None else parent.mem_id for each in elements)
        if max(siblings.values()) > _LONG_LIST:
            raise TooCostlyError(
                "it counts siblings, which would take too long on this page of a very long list"
            )


def _matches(root: LexborHTMLParser, chain: list[Part], elements: list[LexborNode]) -> set[int]:
    """The elements that a selector matches, by the parts of it that each, those above and those before it match.

    A bit for each part, the first one lowest. An element has a part's bit when it matches that part, and
    what the part stands to has the bit before.
    """
    own: dict[int, int] = {}
    for number, part in enumerate(chain):
        for element in root.css(part.text or "*"):
            own[element.mem_id] = own.get(element.mem_id, 0) | 1 << number
    masks = {
        stands: sum(1 << n for n, part in enumerate(chain) if part.stands == stands) for stands in " >+~"
    }
    above: dict[int, int] = {}  # bits of an element and of all those that it is in
    bits: dict[int, int] = {}
    latest: dict[int, int] = {}  # by parent: bits of its child before this one
    before: dict[int, int] = {}  # and of all those before
    last = 1 << (len(chain) - 1)
    found: set[int] = set()
    for element in elements:
        parent = element.parent
        key = 0 if parent is None else parent.mem_id
        reached = (
            1
            | (above.get(key, 0) << 1 & masks[" "])
            | (bits.get(key, 0) << 1 & masks[">"])
            | (latest.get(key, 0) << 1 & masks["+"])
            | (before.get(key, 0) << 1 & masks["~"])
        )
        me = element.mem_id
        has = own.get(me, 0) & reached
        bits[me] = latest[key] = has
        above[me] = above.get(key, 0) | has
        before[key] = before.get(key, 0) | has
        if has & last:
            found.add(me)
    return found
