"""How one setting is spoken of, and which numbers it allows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..units import MIB, read_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """How one setting is spoken of.

    Attributes:
        help: What it does, in a sentence that says the effect.
        group: Under which heading help lists it.
        read: Text, as typed on a command line, to value; raises ValueError with what would do.
        metavar: What help calls the value; "" for a switch.
        flag: The flag's name when it differs from the field's; "" means the field's.
        choices: The words that are allowed, when they are a short list.
        least: The smallest value allowed.
        most: The largest value allowed.
        repeats: The flag may be given many times; the value is a tuple.
        short: A one-letter flag, such as "w"; "" for none.
        fit: Brings what a program or a command line gives to what the knob holds, given its name
            and the value; raises ConfigError. None where `repeats` and the default say enough.
        is_secret: It may hold a password: no message, job or `repr` shows its value.
    """

    help: str
    group: str
    read: Callable[[str], Any] = str
    metavar: str = ""
    flag: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    repeats: bool = False
    short: str = ""
    fit: Callable[[str, Any], Any] | None = None
    is_secret: bool = False


def is_within(knob: Knob, value: float) -> bool:
    """Whether a number is one that a knob allows."""
    return (knob.least is None or value >= knob.least) and (knob.most is None or value <= knob.most)


def bounds(knob: Knob) -> str:
    """What numbers a knob allows, in words: "1 to 1024", "0 or more", "32 MiB or more"."""
    least = 0 if knob.least is None else knob.least
    is_large = knob.read is read_bytes and least >= MIB
    said = f"{least / MIB:g} MiB" if is_large else f"{least:.15g}"
    return f"{said} or more" if knob.most is None else f"{said} to {knob.most:.15g}"
