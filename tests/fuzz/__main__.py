"""Compare the readings of hard pages for as long as it is given: `make fuzz`.

    python -m tests.fuzz [SECONDS [SEED]] [FOLDER ...]

With folders it reads each page in them once, whole and cut at random. Every page that is read differently is
made as small as it can be and printed as a vector for `vectors.py`, with both readings; the exit code is 1 then.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

from .corpus import pages_under
from .readings import (
    Case,
    EnginesDifferError,
    by_scan,
    difference,
    differing_fields,
    drawn,
    shrunk,
    third_opinion,
)

_MOST_ALIKE = 4  # that differ in the same fields


def cases(seed: int, seconds: float) -> Iterator[tuple[str, Case]]:
    """Hard pages by chance until the time is over."""
    end = time.monotonic() + seconds
    for number in count(seed):
        if time.monotonic() > end:
            return
        yield f"seed {number}", drawn(Random(number))


def cases_of(folders: list[str]) -> Iterator[tuple[str, Case]]:
    """The pages in folders, each whole, and cut at a place by chance."""
    dice = Random(1)
    for folder in folders:
        for name, body in pages_under(Path(folder)):
            yield name, Case(body)
            yield f"{name} cut", Case(body[: dice.randint(0, len(body))])


def main(words: list[str]) -> int:
    """Look for differences, and say what was found."""
    numbers = [float(word) for word in words if word.replace(".", "").isdigit()]
    folders = [word for word in words if not word.replace(".", "").isdigit()]
    seconds, seed = (*numbers, 600.0, time.time())[0], int((*numbers[1:], time.time())[0])
    looked = vouched = differing = 0
    shown: set[bytes] = set()
    alike: Counter[tuple[str, ...]] = Counter()
    for name, case in cases_of(folders) if folders else cases(seed, seconds):
        looked += 1
        fields: tuple[str, ...] = ()
        try:
            scanned = by_scan(case)
            vouched += scanned is not None
            fields = differing_fields(case, scanned) if scanned is not None else ()
        except EnginesDifferError:
            fields = ("engines",)
        if not fields:
            continue
        differing += 1
        alike[fields] += 1
        if alike[fields] <= _MOST_ALIKE:
            small = shrunk(case)
            if small.body not in shown:
                shown.add(small.body)
                print(
                    f"{name}\n  {small!r}\n{difference(small)}\n  html5lib: {third_opinion(small)}",
                    flush=True,
                )
    print(
        f"{looked} pages, {vouched} vouched for ({vouched / max(looked, 1):.1%}), {differing} read differently; first seed {seed}"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
