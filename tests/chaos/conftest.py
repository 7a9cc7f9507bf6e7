"""What the faults have in common: a world, a command to crawl it, and the dice.

`make test` throws the dice a few times, always the same. `make chaos` throws others for half an hour.
The seed of a test that fails is printed with it; `CHAOS_SEED=... CHAOS_ROUNDS=1 make chaos` throws it again.

    CHAOS_SEED     the first seed; each round has the next
    CHAOS_ROUNDS   how often each test that is random runs; without it everything is short
"""

import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from .command import Command
from .world import HANDLER, World

SEED = int(os.environ.get("CHAOS_SEED", "1"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
IS_LONG = "CHAOS_ROUNDS" in os.environ

WORKERS = "4" if IS_LONG else "2"
"""How many there are; to start one costs more than all else in a short test."""

only_long = pytest.mark.skipif(not IS_LONG, reason="make chaos runs it")


def pytest_report_header() -> str:
    return f"chaos: CHAOS_SEED={SEED} CHAOS_ROUNDS={ROUNDS}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if sys.platform == "linux":
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="finds processes in /proc"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `dice` runs once a round."""
    if "dice" in metafunc.fixturenames:
        metafunc.parametrize(
            "dice", range(SEED, SEED + ROUNDS), indirect=True, ids=lambda seed: f"seed{seed}"
        )


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Chance that comes again: of the round's seed and the test's name."""
    print(f"CHAOS_SEED={request.param} CHAOS_ROUNDS=1 make chaos throws these dice again")
    return random.Random(f"{request.param} {request.node.name}")


@pytest.fixture
def worlds() -> Iterator[Callable[..., World]]:
    """Make a world; see its arguments."""
    with ExitStack() as opened:

        def make(seed: int = SEED, **more: object) -> World:
            return opened.enter_context(closing(World(seed, **more)))

        yield make


@pytest.fixture
def crawl(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Make a command in a folder of its own; it is ended with the test."""
    with ExitStack() as opened:

        def make(*words: str, folder: str = "crawl") -> Command:
            place = tmp_path / folder
            place.mkdir(exist_ok=True)
            (tmp_path / "handlers.py").write_text(HANDLER, encoding="utf-8")
            return opened.enter_context(closing(Command(place, tmp_path, words)))

        yield make
