"""Fixtures for every test: `site`, a little web on 127.0.0.1, and `sites`, which makes more of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from crawlpool.errors import ConfigError

from .site import Site


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: as they are they cannot be typed, and gzip's hold the time of day."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def sites() -> Iterator[Callable[..., Site]]:
    """Make a site on another loopback address: `sites("127.0.0.2")`; skips where there is none (macOS)."""
    with ExitStack() as opened:

        def make(host: str = "127.0.0.1") -> Site:
            try:
                return opened.enter_context(closing(Site(host)))
            except ConfigError as error:
                pytest.skip(str(error))

        yield make


@pytest.fixture
def site(sites: Callable[..., Site]) -> Site:
    """A little web on 127.0.0.1, on a port of its own, empty until the test says otherwise."""
    return sites()
