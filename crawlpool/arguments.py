"""What whoever starts a crawl hands over: knobs, a backend, seeds; checked, and made into what a crawl takes."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import fields, replace
from multiprocessing.pool import Pool
from typing import Any, Literal, TypeAlias

from .errors import ConfigError
from .model import Request
from .seeds import BadLine, from_iterable
from .settings import Knobs, Settings
from .settings import knobs as knobs_of
from .stats import Stats
from .stores.base import Start
from .urls import public
from .wiring import backend_of, transport_options

Backend: TypeAlias = str | Pool | Executor | None
Seeds: TypeAlias = str | Request | BadLine | Iterable[str | Request | BadLine]

How: TypeAlias = Start | Literal["fresh", "append"]
"""What becomes of outputs that exist."""

_MOST_NOTICES = 20
"""Bad lines that are said one by one; all are counted."""


def settings_of(settings: Settings | None, backend: Backend, knobs: Any) -> tuple[Settings, Backend]:
    """The settings, from one value or from keywords, and the backend beside them.

    Raises:
        ConfigError: A knob is unknown or out of range, or the backend will not do.
    """
    refuse_unknown(knobs)
    if isinstance(backend, str):
        knobs, backend = {**knobs, "backend": backend}, None
    settings = Settings(**knobs) if settings is None else replace(settings, **knobs)
    if backend is not None:
        backend_of(backend, transport_options(settings))  # complains here and not at the first page
    return settings, backend


def refuse_unknown(knobs: Any) -> None:
    """Complain of a knob that there is not, with the nearest that there is.

    Raises:
        ConfigError: One is unknown.
    """
    known = set(Knobs.__annotations__)
    for name in knobs:
        if name not in known:
            import difflib  # noqa: PLC0415  only for a mistake

            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
            raise ConfigError(f"unknown knob {name!r}; {hint}")


def start_of(given: How | None) -> Start | None:
    """What becomes of outputs that exist, which may be given by its name.

    Raises:
        ConfigError: It is neither "fresh" nor "append".
    """
    try:
        return None if given is None else Start(given)
    except ValueError:
        raise ConfigError(f"start is {given!r}, and should be 'fresh' or 'append'") from None


def without_secrets(settings: Settings) -> dict[str, Any]:
    """The knobs as plain values; those that may hold a password are left out."""
    known = knobs_of()
    return {
        each.name: getattr(settings, each.name) for each in fields(settings) if not known[each.name].is_secret
    }


def listed(seeds: Seeds, stats: Stats, notice: Callable[[str], object] | None) -> Iterator[Request]:
    """The seeds as requests; what holds no URL is counted, and the first of that told.

    Raises:
        ConfigError: The one text that was given is no URL.
    """
    for seed in from_iterable(seeds):
        if isinstance(seed, Request):
            yield seed
            continue
        if isinstance(seeds, str):
            raise ConfigError(
                f"{public(seeds)!r} is no URL ({seed.why}); for the URLs in a file, give crawlpool.seeds.read_words([{public(seeds)!r}])"
            )
        stats.bad_line(str(seed))
        if notice is not None and stats.bad_line_count <= _MOST_NOTICES:
            notice(f"skipped {seed}")
