"""What is said of a crawl's manners: its pace at the start, and at the end what held it back."""

from collections.abc import Iterable

from ..hostnotes import HostNote, HostNotes
from ..settings import Settings
from .figures import count, exact_seconds, rate, seconds, size

_MOST = 5
_WORDS = {
    "delay": "--delay",
    "crawl_delay": "its Crawl-delay",
    "retry_after": "a rest that it asked for",
    "slow_server": "it slowed down or complained",
    "failing": "it failed",
    "rate": "--rate or --host-rate",
    "bandwidth": "--bandwidth or --host-bandwidth",
    "per_host": "--per-host",
    "per_address": "others at its address",
}


def cause_in_words(word: str) -> str:
    """What a reason of the gate's is called to a person."""
    return _WORDS.get(word, word.replace("_", " "))


def pace_note(settings: Settings) -> str:
    """One line on how fast a crawl will ask, said at its start."""
    parts = [f"{count(settings.per_host, 'request')} at once per host"]
    parts.append(f"{exact_seconds(settings.delay)} between two" if settings.delay else "no delay")
    if settings.host_rate is not None:
        parts.append(f"{rate(settings.host_rate)} a second per host at most")
    if settings.rate is not None:
        parts.append(f"{rate(settings.rate)} a second in all at most")
    if settings.host_bandwidth is not None:
        parts.append(f"{size(settings.host_bandwidth)} a second per host at most")
    if settings.bandwidth is not None:
        parts.append(f"{size(settings.bandwidth)} a second in all at most")
    parts.append("robots.txt obeyed" if settings.robots else "robots.txt not obeyed")
    parts.append(
        "less when a server slows down" if settings.adaptive else "not less when a server slows down"
    )
    return ", ".join(parts)


def held_rows(notes: HostNotes) -> list[str]:
    """Which hosts held a crawl back, by which rule and for how long; the longest first."""
    held = sorted(
        ((sum(note.held_s.values()), host, note) for host, note in notes.items() if note.held_s),
        key=lambda each: -each[0],
    )
    lines = [
        f"{host}  {'; '.join(f'{seconds(s)}, {cause_in_words(why)}' for why, s in _longest(note))}"
        for whole_s, host, note in held[:_MOST]
        if whole_s >= 1.0
    ]
    left = sorted(
        ((note.would_take_s, host, note) for host, note in notes.items() if note.would_take_s),
        key=lambda each: -each[0],
    )
    lines += [
        f"{host}  {count(note.waiting, 'URL')} at {seconds(note.delay_s)} each would take {seconds(would_s)} more"
        for would_s, host, note in left[:_MOST]
    ]
    return lines


def _longest(note: HostNote) -> list[tuple[str, float]]:
    held = sorted(note.held_s.items(), key=lambda each: -each[1])
    return [(why, s) for why, s in held[:2] if s >= 0.1] or held[:1]


def rest_rows(notes: HostNotes) -> list[str]:
    """Which hosts rested, for how long and why, and which were given up; these first."""
    rested = [(host, note) for host, note in notes.items() if note.rests or note.is_given_up]
    rested.sort(key=lambda each: (not each[1].is_given_up, -each[1].failing_s - each[1].asked_s))
    lines = [f"{host}  {_rested(note)}" for host, note in rested[:_MOST]]
    more = len(rested) - len(lines)
    return [*lines, *([f"and {count(more, 'more host')}"] if more else [])]


def _rested(note: HostNote) -> str:
    said = "given up" if note.is_given_up else ""
    if note.rests:
        times = "once" if note.rests == 1 else f"{count(note.rests)} times"
        said += (
            f"{' after it' if said else ''} rested {times}, {seconds(note.failing_s + note.asked_s)} in all"
        )
        said = said.strip()
    return f"{said} ({note.cause})" if note.cause else said


def lines_of(notes: HostNotes) -> Iterable[tuple[str, list[str]]]:
    """The rows of the closing table: their labels and lines."""
    yield "held back", held_rows(notes)
    yield "hosts at rest", rest_rows(notes)
